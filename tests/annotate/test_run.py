"""One table, whatever happens on the way: kills, lost workers, full disks, a second run."""

import functools
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.run import nlogn

from nlogn.annotate import TableError, bank_tasks, run
from nlogn.annotate.candidates import candidates
from nlogn.annotate.run import _gaps
from nlogn.annotate.show import summary_text
from nlogn.annotate.table import TIMING, notes_of, schema
from nlogn.annotate.targets import file_tasks
from nlogn.annotate.units import Done, Unit, Worker
from nlogn.annotate.variants import skeleton
from nlogn.problems import bank_problem

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

ROWS = [
    {"id": f"p{i}", "code": f"def f(xs):\n    return sum(xs) * {i}\n", "entry": "f",
     "cases": [[[[1, 2]], 3 * i], [[[]], 0]], "inputs": "lambda n, rng: ([1] * n,)"}
    for i in range(6)
]  # fmt: skip


def rows_of(path: Path) -> list[dict]:
    table = pq.read_table(path).drop_columns(list(TIMING))
    return table.to_pylist()


def row(task, one, status="accepted"):
    """A row as `record` makes it, without running anything."""
    empty = {name: None for name in schema().names}
    lists = {name: [] for name in ("time_points", "memory_points", "lines")}
    return empty | lists | {
        "problem": task.name, "kind": one.kind, "origin": one.origin, "seed": one.seed,
        "transformations": list(one.steps), "code": one.code, "code_sha256": str(hash(one.code)),
        "skeleton_sha256": skeleton(one.code), "status": status, "message": "",
        "seconds": time.monotonic(),
    }  # fmt: skip


class Interrupted(Exception):
    pass


def small(number: str):
    """A problem with one short solution, told from its like by its rationale."""
    problem = bank_problem("two_sum")
    return replace(problem, name=f"two sum {number}", solutions=problem.solutions[:1], wrong=(),
                   rationale=number)  # fmt: skip


@functools.cache
def drawn(number: str) -> list:
    return list(itertools.islice(candidates(small(number), 0), 40))


def pretend(dies_after: float = float("inf"), only: int | None = None, wrong: str = ""):
    """A doer that draws the true candidates and judges none of them. It raises after so many
    units; `only` bounds how many programs a task has; a variant that holds `wrong` is wrong."""

    def do(units):
        for count, unit in enumerate(random.Random(len(units)).sample(units, len(units))):
            if count >= dies_after:
                raise Interrupted
            some = drawn(unit.task.problem.rationale)[:only][unit.start : unit.stop]
            rows = [
                row(unit.task, c, "wrong_answer" if wrong and c.kind == wrong else "accepted")
                for c in some
            ]
            yield unit, Done(rows, len(some) < unit.stop - unit.start)

    return do


@pytest.fixture(scope="module")
def tasks():
    return bank_tasks([small(number) for number in "123"])


def test_a_run_that_dies_again_and_again_ends_as_one_that_does_not(tasks, tmp_path):
    whole, broken = tmp_path / "whole.parquet", tmp_path / "with space" / "broken.parquet"
    broken.parent.mkdir()
    run(tasks, whole, programs=50, doer=pretend(), unit=4)
    for dies_after in (0, 1, 2, 1, 3):
        with pytest.raises(Interrupted):
            run(tasks, broken, programs=50, doer=pretend(dies_after), unit=4)
        assert not broken.exists()
    run(tasks, broken, programs=50, doer=pretend(), unit=4)
    assert rows_of(broken) == rows_of(whole)
    codes = [(r["problem"], r["code"]) for r in rows_of(broken)]
    assert len(set(codes)) == len(codes) >= 50
    assert sorted(p.name for p in broken.parent.iterdir()) == ["broken.parquet"]


def test_what_one_problem_cannot_give_the_others_do(tasks, tmp_path):
    out = tmp_path / "out.parquet"

    def uneven(units):
        for unit in units:
            most = 5 if unit.task.name == "two sum 1" else None
            yield from pretend(only=most)([unit])

    summary = run(tasks, out, programs=45, doer=uneven, unit=7)
    given = [r["problem"] for r in rows_of(out)]
    assert given.count("two sum 1") == 5
    assert summary.programs >= 45


def test_one_text_under_two_problems_is_one_distinct_program(tasks, tmp_path):
    """Three problems with the same solution, whose variants follow the same seed."""
    summary = run(tasks, tmp_path / "out.parquet", programs=90, doer=pretend())
    codes = [r["code"] for r in rows_of(tmp_path / "out.parquet")]
    assert summary.distinct == len(set(codes)) == summary.programs // 3
    assert summary.skeletons == len({skeleton(c) for c in codes}) < summary.distinct
    told = summary_text(summary)
    assert f"{summary.distinct} distinct programs" in told
    assert f"{summary.skeletons} distinct skeletons" in told


def test_a_run_that_cannot_reach_its_number_ends_with_what_there_is(tasks, tmp_path):
    summary = run(tasks, tmp_path / "o.parquet", programs=500, doer=pretend(only=9), unit=4)
    assert summary.programs == 27


def test_a_wrong_variant_of_a_right_program_is_our_defect(tasks, tmp_path):
    out = tmp_path / "o.parquet"
    summary = run(tasks[:1], out, programs=20, doer=pretend(wrong="variant"))
    listed = (tmp_path / "o.parquet.defects.jsonl").read_text().splitlines()
    assert summary.defects == len(listed) > 0
    assert "variant" not in {r["kind"] for r in rows_of(out)}
    assert json.loads(listed[0])["transformations"]


def test_another_recipe_is_refused_and_the_same_one_is_done_already(tasks, tmp_path):
    out = tmp_path / "o.parquet"
    first = run(tasks, out, programs=9, doer=pretend())
    again = run(tasks, out, programs=9, doer=pretend(dies_after=0))
    assert (again.programs, again.rate) == (first.programs, None)
    with pytest.raises(TableError, match=r"another recipe \(--seed differ"):
        run(tasks, out, programs=9, seed=1, doer=pretend())
    with pytest.raises(Interrupted):
        run(tasks, tmp_path / "p.parquet", programs=9, doer=pretend(dies_after=0))
    with pytest.raises(TableError, match=r"beginning of another run \(--programs differ"):
        run(tasks, tmp_path / "p.parquet", programs=10, doer=pretend())
    (tmp_path / "mine.parquet").write_text("notes")
    with pytest.raises(TableError, match=r"is no table of"):
        run(tasks, tmp_path / "mine.parquet", programs=9, doer=pretend())
    assert (tmp_path / "mine.parquet").read_text() == "notes"


def test_a_torn_part_is_made_again(tasks, tmp_path):
    out = tmp_path / "o.parquet"
    with pytest.raises(Interrupted):
        run(tasks, out, programs=30, doer=pretend(dies_after=3), unit=4)
    parts = sorted((tmp_path / "o.parquet.parts").glob("*.parquet"))
    parts[0].write_bytes(parts[0].read_bytes()[:100])
    (parts[1].parent / "x.parquet.part").write_bytes(b"half")
    run(tasks, out, programs=30, doer=pretend(), unit=4)
    run(tasks, tmp_path / "q.parquet", programs=30, doer=pretend(), unit=4)
    assert rows_of(out) == rows_of(tmp_path / "q.parquet")


def test_two_runs_do_not_write_one_table(tasks, tmp_path):
    out = tmp_path / "o.parquet"

    def second(units):
        with pytest.raises(TableError, match="another run is writing"):
            run(tasks, out, programs=9, doer=pretend())
        yield from pretend()(units)

    assert run(tasks, out, programs=9, doer=second).programs == 9


def test_gaps():
    assert list(_gaps([], 5)) == [(0, 5)]
    assert list(_gaps([(0, 2), (4, 6)], 9)) == [(2, 4), (6, 9)]
    assert list(_gaps([(0, 12)], 9)) == []
    assert list(_gaps([(3, 12)], 9)) == [(0, 3)]


def test_a_row_says_what_was_measured(sandbox):
    problem = bank_problem("two_sum")
    worker = Worker("auto")
    try:
        done = worker.do(Unit(bank_tasks([problem])[0], 0, len(problem.solutions) + 1, 0))
    finally:
        worker.sandbox.close()
    right = {r["origin"]: r for r in done.rows if r["kind"] == "right"}
    for solution in problem.solutions:
        found = right[solution.name]
        assert found["status"] == "accepted"
        assert (found["time_class"], found["memory_class"]) == (solution.time, solution.memory)
        assert found["steps"] > 0 and found["reference_steps"] > 0
        held = sum(line["peak_bytes"] for line in found["lines"])
        assert held == found["profile_peak_bytes"]
        assert found["memory_class"] != "O(n)" or held >= 8 * found["profile_n"]
    wrong = next(r for r in done.rows if r["kind"] == "wrong")
    assert wrong["status"] != "accepted" and wrong["cases_failed"] > 0
    assert json.loads(wrong["failing_input"])
    assert set(wrong) == set(schema().names)


def test_files_functions_and_rows_are_targets(tmp_path):
    (tmp_path / "a.py").write_text(
        "import sys\n\ndef f(xs: list[int]):\n    return sorted(xs)\n\ndef g():\n    return 1\n"
    )
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    tasks, left_out = file_tasks([str(tmp_path / "a.py"), str(tmp_path / "rows.jsonl")])
    names = [t.name.rpartition("/")[2] for t in tasks]
    assert names == ["a.py::f", *(f"rows.jsonl:p{i}" for i in range(6))]
    assert "g" in left_out[0]
    (tmp_path / "bad.jsonl").write_text('{"code": 1}\n')
    with pytest.raises(TableError, match=r"bad\.jsonl: 'code' is text"):
        file_tasks([str(tmp_path / "bad.jsonl")])


def test_the_verb_says_what_is_wrong_with_its_place(tmp_path):
    source = tmp_path / "a.py"
    source.write_text("def f(xs: list[int]):\n    return xs[:1]\n")
    told = nlogn("bank", "annotate", f"{source}::f", "-o", str(tmp_path / "no" / "o.parquet"))
    assert told.returncode == 2 and "there is no folder" in told.stderr
    told = nlogn("bank", "annotate", f"{source}::f", "-o", str(tmp_path))
    assert told.returncode == 2 and "is a folder" in told.stderr
    told = nlogn("bank", "annotate", f"{source}::f", "-o", "/proc/o.parquet")
    assert told.returncode == 2 and "/proc" in told.stderr and "Traceback" not in told.stderr
    told = nlogn("bank", "annotate", "--bank", f"{source}::f", "-o", str(tmp_path / "o.parquet"))
    assert told.returncode == 2 and "not both" in told.stderr


def started(source: Path, out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "nlogn", "bank", "annotate", str(source), "-o", str(out),
               "--workers", "1"]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kill_9_at_any_moment_loses_and_doubles_nothing(tmp_path):
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(map(json.dumps, ROWS)))
    whole, broken = tmp_path / "whole.parquet", tmp_path / "broken.parquet"
    assert started(source, whole).wait() == 0
    rng = random.Random(0)
    for _ in range(5):
        process = started(source, broken)
        try:
            process.wait(timeout=rng.uniform(1, 8))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        time.sleep(0.2)
    last = started(source, broken)
    _, error = last.communicate()
    assert last.returncode == 0, error
    assert rows_of(broken) == rows_of(whole)
    assert notes_of(broken)["recipe"] == notes_of(whole)["recipe"]
