"""What is exported is judged like the original by whoever reads it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nlogn.judge import judge_program
from nlogn.judge.export import ExportError, humaneval_row, write_parquet
from nlogn.judge.export_kattis import kattis_package, write_package
from nlogn.problems import ProblemError, bank, bank_problem, load_problem
from nlogn.problems.benchmarks import problem_from_row
from nlogn.problems.plain_json import NotPlain, decode, encode
from nlogn.problems.problem import Problem
from nlogn.sandbox import Program, Sandbox

# A checker, tuples, a tolerance, bytes.
NAMES = ("two_sum", "as_of_join", "page_rank_rounds", "base64url_decode")


@pytest.mark.parametrize("name", NAMES)
def test_a_kattis_package_judges_the_same(name: str, tmp_path: Path, sandbox: Sandbox) -> None:
    problem = bank_problem(name)
    package = kattis_package(problem, sandbox)
    assert package.left_out == ()
    read = load_problem(write_package(package, tmp_path))
    assert len(read.solutions) == len(problem.solutions)
    assert len(read.wrong) == len(problem.wrong)
    (best,) = (s for s in read.solutions if s.name == read.solutions[-1].name)
    for solution, right in ((best, True), *((w, False) for w in read.wrong)):
        verdict = judge_program(
            Program(solution.code, None), problem=replace(read, solutions=()), measure=False,
            sandbox=sandbox,
        )  # fmt: skip
        assert verdict.accepted == right, (solution.name, verdict.message)


def test_the_validators_of_a_package_keep_to_the_format(tmp_path: Path, sandbox: Sandbox) -> None:
    folder = write_package(kattis_package(bank_problem("two_sum"), sandbox), tmp_path)
    given, answer = folder / "data/sample/001.in", folder / "data/sample/001.ans"

    def run(script: str, stdin: str, *args: Path) -> int:
        command = [sys.executable, str(folder / script), *map(str, args)]
        return subprocess.run(command, input=stdin, text=True, capture_output=True).returncode

    judged = "output_validators/validate.py"
    assert run("input_validators/validate.py", given.read_text()) == 42
    assert run("input_validators/validate.py", "[1]\n") != 42
    assert run(judged, answer.read_text(), given, answer, tmp_path) == 42
    assert run(judged, "[ 0,1 ]", given, answer, tmp_path) == 42
    for bad in ("[1, 0]", "", "nonsense", "[0, 1] [0, 1]", "null"):
        assert run(judged, bad, given, answer, tmp_path) == 43
    (submission,) = (folder / "submissions/accepted").glob("remember*.py")
    done = subprocess.run([sys.executable, submission], input=given.read_text(), text=True,
                          capture_output=True, check=True)  # fmt: skip
    assert json.loads(done.stdout) == json.loads(answer.read_text())


def test_a_package_is_not_overwritten(tmp_path: Path, sandbox: Sandbox) -> None:
    package = kattis_package(bank_problem("two_sum"), sandbox)
    write_package(package, tmp_path)
    with pytest.raises(ProblemError, match="already there"):
        write_package(package, tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["twosum"]


@pytest.mark.parametrize("problem", bank(), ids=lambda p: p.name)
def test_the_examples_of_every_problem_have_a_json_form(problem: Problem) -> None:
    assert problem.signature is not None
    for case in problem.examples:
        kinds = [*(p.annotation for p in problem.signature.parameters), problem.signature.returns]
        for value, kind in zip((*(case.args or ()), case.expected), kinds, strict=True):
            back = decode(json.loads(json.dumps(encode(value))), kind)
            assert back == value and type(back) is type(value)


def test_values_of_another_type_are_refused() -> None:
    for value, kind in (("1", "int"), (True, "int"), ([1], "tuple[int, int]"), ({}, "list[int]")):
        with pytest.raises((NotPlain, TypeError)):
            decode(value, kind)
    with pytest.raises(NotPlain):
        encode(float("inf"))


@pytest.mark.parametrize("name", NAMES)
def test_a_humaneval_row_runs_and_is_read_back(name: str, sandbox: Sandbox) -> None:
    problem = bank_problem(name)
    row = humaneval_row(problem, sandbox)
    read = problem_from_row(row)
    assert read.signature == problem.signature
    entry = row["entry_point"]
    for code, right in [(s.code, True) for s in problem.solutions] + [
        (w.code, False) for w in problem.wrong
    ]:
        whole = f"{code}\n{row['test']}\ncheck({entry})\n"
        (outcome,) = sandbox.run_many(Program(whole, None), [""])
        assert (outcome.status == "ok") == right
        judged = judge_program(
            Program(code, entry), problem=replace(read, solutions=()), measure=False,
            sandbox=sandbox,
        )  # fmt: skip
        assert judged.accepted == right, judged.message


def test_what_has_no_form_is_refused_with_its_reason(sandbox: Sandbox) -> None:
    with pytest.raises(ExportError, match="functions only"):
        humaneval_row(Problem("p", "Echo."), sandbox)
    with pytest.raises(ExportError, match="no inputs"):
        kattis_package(Problem("p", "Echo."), sandbox)
    broken = replace(bank_problem("two_sum"), generators={"r": "lambda n, rng: (1 // 0,)"})
    with pytest.raises(ExportError, match="generator “r” fails"):
        kattis_package(broken, sandbox)


def test_parquet_holds_every_solution(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    problems = [bank_problem(name) for name in NAMES]
    path = tmp_path / "bank.parquet"
    count = write_parquet(problems, path)
    table = parquet.read_table(path)
    rows = table.to_pylist()
    assert len(rows) == count == sum(len(p.solutions) + len(p.wrong) for p in problems)
    kept = {(r["problem"], r["solution"]): r for r in rows}
    for problem in problems:
        for s in problem.solutions:
            row = kept[problem.name, s.name]
            assert (row["code"], row["time"], row["right"]) == (s.code, s.time, True)
    with pytest.raises(ProblemError, match="already there"):
        write_parquet(problems, path)
