"""Codeforces Polygon packages: what is read, and what is refused with its reason."""

import io
import json
import time
import zipfile
from pathlib import Path

import pytest

from nlogn.judge import judge_program
from nlogn.problems import ProblemError, load_problem
from nlogn.sandbox import Program, Sandbox

XML = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<problem revision="3" short-name="sum" url="https://polygon.example/sum">
<names><name language="russian" value="Сумма"/><name language="english" value="A sum"/></names>
<statements><statement language="english" path="statements/english/problem.tex"
 type="application/x-tex"/></statements>
<judging input-file="" output-file="" run-count="1"><testset name="tests">
<time-limit>1500</time-limit><memory-limit>134217728</memory-limit><test-count>3</test-count>
<input-path-pattern>tests/%02d</input-path-pattern>
<answer-path-pattern>tests/%02d.a</answer-path-pattern>
<tests><test method="manual" sample="true"/><test method="manual"/>
<test method="generated"/></tests>
</testset></judging>
<assets><checker name="std::ncmp.cpp" type="testlib"><source path="files/check.cpp"
 type="cpp.g++17"/></checker>
<solutions>
<solution tag="main"><source path="solutions/main.py" type="python.3"/></solution>
<solution tag="accepted"><source path="solutions/other.py" type="python.3"/></solution>
<solution tag="wrong-answer"><source path="solutions/off.py" type="python.3"/></solution>
<solution tag="accepted"><source path="solutions/Sol.java" type="java11"/></solution>
<solution tag="do-not-run"><source path="solutions/idea.py" type="python.3"/></solution>
</solutions></assets></problem>
"""
FILES = {
    "statements/english/problem-properties.json": json.dumps(
        {"name": "A sum", "legend": "Add $a \\leq 5$ and \\textbf{b}.", "input": "Two numbers.",
         "output": "Their sum.", "notes": ""}),
    "tests/01": "1 2\r\n", "tests/01.a": "3\n", "tests/02": "-4 4\n", "tests/02.a": "0\n",
    "tests/03": "5 5\n", "tests/03.a": "10\n",
    "solutions/main.py": "print(sum(map(int, input().split())))\n",
    "solutions/other.py": "a, b = map(int, input().split())\nprint(a + b)\n",
    "solutions/off.py": "a, b = map(int, input().split())\nprint(abs(a) + b)\n",
    "solutions/Sol.java": "class Sol {}", "solutions/idea.py": "pass\n",
}  # fmt: skip


def package(tmp_path: Path, xml: str = XML, **changes: str | None) -> Path:
    files = {k: v for k, v in (FILES | changes).items() if v is not None}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in {"problem.xml": xml, **files}.items():
            archive.writestr(name, text)
    path = tmp_path / "sum.zip"
    path.write_bytes(data.getvalue())
    return path


def test_a_package_is_read_and_judged(tmp_path: Path, sandbox: Sandbox) -> None:
    problem = load_problem(package(tmp_path))
    assert (problem.title, problem.time_limit_s) == ("A sum", 1.5)
    assert problem.memory_limit_bytes == 128 << 20
    assert problem.statement == "Add $a <= 5$ and b.\n\n## Input\n\nTwo numbers.\n\n## Output\n\n" \
                                "Their sum."  # fmt: skip
    assert [c.stdin for c in problem.examples] == ["1 2\n"] and len(problem.tests) == 2
    assert [s.name for s in problem.solutions] == ["other.py", "main.py"]
    assert [w.name for w in problem.wrong] == ["off.py"]
    for solution, status in (
        (problem.solutions[0], "accepted"),
        (problem.wrong[0], "wrong_answer"),
    ):
        verdict = judge_program(
            Program(solution.code, None), problem=problem, measure=False, sandbox=sandbox
        )
        assert verdict.status == status, verdict.message


def test_the_folder_and_the_statement_as_tex(tmp_path: Path) -> None:
    tex = (
        "\\begin{problem}{A sum}{stdin}{stdout}{1 second}{64 MB}\nAdd.\n\\InputFile\nTwo.\n"
        "\\OutputFile\nOne.\n\\Example\n\\begin{example}\n1\n\\end{example}\n\\end{problem}\n"
    )
    path = package(tmp_path, **{"statements/english/problem-properties.json": None,
                                "statements/english/problem.tex": tex})  # fmt: skip
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(path).extractall(folder)
    problem = load_problem(folder)
    assert problem.title == "A sum"
    assert problem.statement == "Add.\n\n## Input\n\nTwo.\n\n## Output\n\nOne."


REFUSED = {
    "download the full": (XML, {"tests/03": None}),
    "checker of its own": (XML.replace("std::ncmp.cpp", "check.cpp"), {}),
    "interactive": (XML.replace("<assets>", "<assets><interactor/>"), {}),
    "use the file": (XML.replace('input-file=""', 'input-file="in.txt"'), {}),
    "document type": (XML.replace("<problem ", '<!DOCTYPE p [<!ENTITY a "b">]><problem ', 1), {}),
    "no valid XML": (XML[:400], {}),
    "leads out": (XML, {"../evil": "x"}),
    "no statement": (XML, {"statements/english/problem-properties.json": None}),
    "not UTF-8": (XML, {"tests/01.a": "\udcff"}),
    "no tests": (XML.replace("testset", "tests"), {}),
    "no pattern": (XML.replace("tests/%02d<", "tests/%02d%s<"), {}),
    "no pattern ": (XML.replace("tests/%02d<", "tests/%999999999d<"), {}),
    "time-limit 'NaN'": (XML.replace(">1500<", ">NaN<"), {}),
    "memory-limit '0'": (XML.replace(">134217728<", ">0<"), {}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_judged_is_refused(reason: str, tmp_path: Path) -> None:
    xml, changes = REFUSED[reason]
    files = dict(changes)
    if "tests/01.a" in files:
        path = package(tmp_path, xml)
        text = path.read_bytes()
        data = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(text)) as old, zipfile.ZipFile(data, "w") as new:
            for name in old.namelist():
                new.writestr(name, b"\xff" if name == "tests/01.a" else old.read(name))
        path.write_bytes(data.getvalue())
    else:
        path = package(tmp_path, xml, **files)
    with pytest.raises(ProblemError, match=reason.strip()):
        load_problem(path)


def test_a_missing_answer_is_left_to_the_main_solution(tmp_path: Path) -> None:
    problem = load_problem(package(tmp_path, **{"tests/02.a": None}))
    assert [c.has_expected for c in problem.tests] == [False, True]


CHECKS = [
    ("wcmp", "a b\n", " a\nb", True), ("wcmp", "a b", "a B", False),
    ("lcmp", "a b\nc", "a  b \nc\n", True), ("lcmp", "a\nb", "a b", False),
    ("fcmp", "a b\n", "a b", True), ("fcmp", "a b", "a  b", False),
    ("ncmp", "1 2", "01 2", True), ("ncmp", "1 2", "1 2 3", False), ("ncmp", "1", "x", False),
    ("uncmp", "1 2 2", "2 1 2", True), ("uncmp", "1 2 2", "1 1 2", False),
    ("hcmp", "1" * 90, "1" * 90, True), ("hcmp", "-1", "1", False),
    ("yesno", "YES", "yes", True), ("yesno", "YES", "no", False),
    ("nyesno", "YES NO", "yEs nO", True),
    ("rcmp6", "1000000", "1000000.5", True), ("rcmp6", "1", "1.00001", False),
    ("rcmp4", "1", "1.00005", True), ("rcmp9", "1", "1.0000001", False),
    ("rcmp9", "nan", "1", False),
    ("rncmp", "1 2", "1.00001 2", True), ("rcmp", "100000", "100001", False),
]  # fmt: skip


def test_standard_checkers_compare_as_testlib_does(tmp_path: Path, sandbox: Sandbox) -> None:
    by_name: dict[str, list[tuple[str, str, bool]]] = {}
    for name, *row in CHECKS:
        by_name.setdefault(name, []).append(tuple(row))  # type: ignore[arg-type]
    for name, rows in by_name.items():
        problem = load_problem(package(tmp_path, XML.replace("ncmp", name)))
        calls = [(("",), expected, got) for expected, got, _ in rows]
        outcomes = sandbox.call(Program(problem.checker or "", "check"), calls)
        assert [o.value for o in outcomes] == [right for *_, right in rows], name


@pytest.mark.parametrize(
    ("suffix", "text"),
    [("html", "x" + " \n" * 100_000 + " " * 200_000 + "z"), ("tex", "\\section{" * 20_000 + "z")],
)
def test_a_hostile_statement_costs_little(suffix: str, text: str, tmp_path: Path) -> None:
    path = package(tmp_path, XML.replace("problem.tex", f"problem.{suffix}"),
                   **{"statements/english/problem-properties.json": None,
                      f"statements/english/problem.{suffix}": text})  # fmt: skip
    began = time.process_time()
    assert load_problem(path).statement.endswith("z")
    assert time.process_time() - began < 5
