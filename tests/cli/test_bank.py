"""The verbs of `nlogn bank` as a user meets them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nlogn.problems import bank, load_problem

from .run import nlogn

BANK = len(bank())


def test_list_filters_by_paradigm_and_best_class() -> None:
    rows = json.loads(nlogn("bank", "list", "--format", "json").stdout)
    assert len(rows) == BANK
    chosen = nlogn("bank", "list", "--paradigm", "web", "--class", "nlogn", "--format", "json")
    names = {r["name"] for r in json.loads(chosen.stdout)}
    expected = {r["name"] for r in rows if r["paradigm"] == "web" and r["time"][-1] == "O(n log n)"}
    assert names == expected and names
    text = nlogn("bank", "list", "--memory-class", "O(1)").stdout.splitlines()
    assert len(text) == 1 + sum(r["memory"][-1] == "O(1)" for r in rows)


def test_list_says_how_a_class_is_spelt_and_when_none_is_found() -> None:
    bad = nlogn("bank", "list", "--class", "fast")
    assert bad.returncode == 2 and "O(n log n)" in bad.stderr
    none = nlogn("bank", "list", "--class", "O(n!)")
    assert none.returncode == 1 and "no problem in the bank" in none.stdout


def test_show_reads_well_and_proposes_near_names() -> None:
    text = nlogn("bank", "show", "two_sum").stdout
    problem = next(p for p in bank() if p.name == "two_sum")
    places = [text.index(f"### {s.name}") for s in problem.solutions]
    assert places == sorted(places) and problem.statement in text
    task = nlogn("bank", "show", "two_sum", "--no-solutions").stdout
    assert problem.statement in task and problem.solutions[-1].name not in task
    whole = json.loads(nlogn("bank", "show", "two_sum", "--format", "json").stdout)
    assert whole["name"] == "two_sum" and len(whole["solutions"]) == len(problem.solutions)
    wrong = nlogn("bank", "show", "two_sums")
    assert wrong.returncode == 2 and "did you mean two_sum" in wrong.stderr


def test_check_says_what_does_not_hold(tmp_path: Path) -> None:
    good = nlogn("bank", "check", "two_sum", "--no-growth")
    assert good.returncode == 0 and "all holds in 1 problems" in good.stdout
    source = next(Path(__file__).parents[2].glob("src/nlogn/problems/bank/two_sum.md")).read_text()
    own = tmp_path / "my sum.md"
    own.write_text(source.replace("Time: O(n^2)", "Time: O(n^3)", 1))
    bad = nlogn("bank", "check", str(own))
    assert bad.returncode == 1 and "declared O(n^3) and measured O(n^2)" in bad.stdout
    rows = nlogn("bank", "check", str(own), "--no-growth", "--format", "json").stdout.splitlines()
    assert [json.loads(row)["name"] for row in rows] == ["my_sum"]
    for part in ("0/3", "4/3", "x"):
        assert nlogn("bank", "check", "--part", part).returncode == 2


def test_what_is_exported_is_imported_again(tmp_path: Path) -> None:
    out, back = tmp_path / "out", tmp_path / "back"
    made = nlogn("bank", "export", "two_sum", "--format", "kattis", "-o", str(out))
    assert made.returncode == 0, made.stderr
    assert nlogn("bank", "import", str(out), "-o", str(back)).returncode == 0
    (file,) = back.iterdir()
    problem = load_problem(file)
    assert len(problem.solutions) == 3 and problem.signature is None
    again = nlogn("bank", "import", str(out), "-o", str(back))
    assert again.returncode == 1 and "already there" in again.stderr
    rows = tmp_path / "rows.jsonl"
    assert nlogn("bank", "export", "two_sum", "--format", "jsonl", "-o", str(rows)).returncode == 0
    assert nlogn("bank", "import", str(rows), "-o", str(back)).returncode == 0
    assert (back / "nlogn_two_sum.json").exists() or (back / "nlogn_two_sum.md").exists()


def test_import_names_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("# Echo\n\nPrint the input.\n")
    (tmp_path / "bad.md").write_text("## Right: x\n\nno code\n")
    done = nlogn("bank", "import", str(tmp_path), "-o", str(tmp_path / "new"))
    assert done.returncode == 1 and "bad.md" in done.stderr
    assert [f.name for f in (tmp_path / "new").iterdir()] == ["good.md"]
    assert nlogn("bank", "import", str(tmp_path / "none.zip")).returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_an_error_of_its_own() -> None:
    command = [sys.executable, "-m", "nlogn", "bank", "list"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "disk is full" in done.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    command = [sys.executable, "-m", "nlogn", "bank", "list", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout is not None and run.stderr is not None
        run.stdout.read(10)
        run.stdout.close()
        assert run.wait(30) == 0
        assert run.stderr.read() == b""


def test_a_killed_export_leaves_nothing_half_done(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "nlogn",
        "bank",
        "export",
        "--format",
        "kattis",
        "-o",
        str(out),
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as run:
        ends = time.monotonic() + 60
        while time.monotonic() < ends and not any(out.glob("[a-z]*")):
            time.sleep(0.05)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    whole = [f for f in out.iterdir() if not f.name.startswith(".")]
    assert whole
    for folder in whole:
        assert load_problem(folder).solutions
    (out / ".draft.7.part").mkdir()  # as a kill in the middle of writing leaves it
    (out / ".draft.7.part" / "problem.yaml").write_text("name: half\n")
    back = nlogn("bank", "import", str(out), "-o", str(tmp_path / "back"))
    assert back.returncode == 0 and f"{len(whole)} written" in back.stderr


def test_an_export_leaves_out_at_once_what_is_there(tmp_path: Path) -> None:
    names = ("twosum", "balancedbrackets", "longestincreasingsubsequence")
    for name in names:
        (tmp_path / name).mkdir()
    asked = ("two_sum", "balanced_brackets", "longest_increasing_subsequence")
    done = nlogn("bank", "export", *asked, "--format", "kattis", "-o", str(tmp_path))
    assert done.returncode == 1 and done.stderr.count("already there") == 3
    assert sorted(f.name for f in tmp_path.iterdir()) == sorted(names)


def test_the_verbs_load_nothing_heavy() -> None:
    code = (
        "import sys, nlogn.cli, nlogn.judge.check, nlogn.judge.export_kattis; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "ray", "pyarrow", "rich", "transformers"} & set(done.stdout.split())
