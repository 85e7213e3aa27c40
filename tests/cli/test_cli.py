"""The command line as users and scripts meet it: real processes, exit codes, JSON on stdout."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import nlogn

SUM = (
    "def total(xs: list[int]) -> int:\n    s = 0\n    for x in xs:\n        s += x\n    return s\n"
)
BAD = "def total(xs: list[int]) -> int:\n    return sum(xs[1:])\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder with spaces"
    folder.mkdir()
    (folder / "good.py").write_text(SUM)
    (folder / "bad.py").write_text(BAD)
    (folder / "echo.py").write_text("print(input())\n")
    (folder / "binary.py").write_bytes(b"\x7fELF\0\xff\xfe")
    (folder / "no suffix").write_text(SUM)
    (folder / "marked.py").write_bytes(b"\xef\xbb\xbf" + SUM.encode())
    (folder / "marked.json").write_bytes(b"\xef\xbb\xbf[[[[1, 2]], 3]]")
    (folder / "broken.py").write_text("def total(xs:\n")
    (folder / "cases.json").write_text("[[[[1, 2]], 3], [[[]], 0]]")
    return folder


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    start = time.perf_counter()
    done = nlogn("--help")
    assert done.returncode == 0 and "judge" in done.stdout
    assert time.perf_counter() - start < 2  # 0.08 s on a quiet machine
    code = "import sys, nlogn, nlogn.cli, nlogn.judge; print([m for m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    for heavy in ("'torch'", "'scipy'", "'numpy'", "'matplotlib'", "'hypothesis'", "'openai'"):
        assert heavy not in loaded, heavy


@pytest.mark.parametrize(
    ("args", "code", "status"),
    [
        (["good.py::total", "--reference", "good.py::total"], 0, "accepted"),
        (["good.py::total", "--reference", "good.py"], 0, "accepted"),
        (["bad.py::total", "--reference", "good.py::total"], 1, "wrong_answer"),
        (["good.py::total", "--cases", "cases.json"], 0, "accepted"),
        (["bad.py::total", "--cases", "cases.json"], 1, "wrong_answer"),
        (["good.py::missing", "--cases", "cases.json"], 1, "invalid"),
        (["no suffix::total", "--cases", "cases.json"], 0, "accepted"),
        (["marked.py::total", "--cases", "marked.json"], 0, "accepted"),
        (["nowhere.py::f"], 2, "system_error"),
        (["nowhere"], 2, "system_error"),
        (["good.py"], 2, "system_error"),
        (["good.py::total", "--cases", "nowhere.json"], 2, "system_error"),
        (["good.py::total", "--problem", "nowhere.md"], 2, "system_error"),
        (["."], 2, "system_error"),
        (["good.py::total", "--reference", "broken.py::total"], 2, "system_error"),
        (["good.py::total", "--reference", "good.py::other"], 2, "system_error"),
        (["binary.py::f"], 2, "system_error"),
        (["good.py::total", "--reference", "nowhere.py::f"], 2, "system_error"),
        (["good.py::total", "--problem", "no such problem"], 2, "system_error"),
    ],
)
def test_judge_says_its_status_in_json_and_exit_code(
    args: list[str], code: int, status: str, files: Path
) -> None:
    done = nlogn("judge", *args, "--format", "json", "--no-growth", cwd=files)
    assert done.returncode == code, done.stderr
    told = json.loads(done.stdout)
    assert told["status"] == status
    assert told["message"] and "Traceback" not in done.stderr


def test_fixed_json_fields(files: Path) -> None:
    done = nlogn("judge", "good.py::total", "--reference", "good.py", "--format", "json", cwd=files)
    told = json.loads(done.stdout)
    assert told["cases"]["passed"] > 100 and told["cases"]["failed"] == 0
    assert told["cases"]["smallest_failing"] is None
    assert told["time"]["big_o"] == "O(n)" and 0 < told["time"]["confidence"] <= 1
    assert {"runner_up", "points"} <= told["time"].keys()
    assert told["memory"]["big_o"] == "O(1)"
    assert told["isolation"] in ("full", "light")


def test_complexity_and_its_report(files: Path) -> None:
    done = nlogn("complexity", "good.py::total", "--inputs", "lambda n, rng: ([1] * n,)",
                 "--report", "out/page.html", "--format", "json", cwd=files)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["time"]["big_o"] == "O(n)"
    page = (files / "out/page.html").read_text()
    assert "<svg" in page and "O(n)" in page
    assert 'src="' not in page and 'href="http' not in page  # one self-contained file


def rows_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_jsonl_keeps_order_and_survives_bad_rows(files: Path) -> None:
    rows: list[Any] = [
        {"id": "a", "code": SUM, "entry": "total", "reference": SUM},
        {"id": "b", "code": BAD, "entry": "total", "cases": [[[[1, 2]], 3]]},
        {"id": "c"},
        {"id": "d", "code": "def total(xs: return", "entry": "total"},
        {"id": "e", "code": "print(int(input()) * 2)", "cases": [["4", "8"]]},
    ]
    text = "\n".join(map(json.dumps, rows)) + "\nnot json\n"
    (files / "rows.jsonl").write_text(text)
    done = nlogn("judge", "--jsonl", "rows.jsonl", "--no-growth", cwd=files)
    told = rows_of(done)
    assert [r["id"] for r in told] == ["a", "b", "c", "d", "e", 6]
    assert [r["status"] for r in told] == [
        "accepted", "wrong_answer", "system_error", "invalid", "accepted", "system_error",
    ]  # fmt: skip
    assert done.returncode == 2


def test_a_line_that_is_no_text_does_not_lose_the_others(tmp_path: Path) -> None:
    row = json.dumps({"id": "a", "code": "\ufeff" + SUM, "entry": "total", "cases": [[[[1]], 1]]})
    (tmp_path / "rows.jsonl").write_bytes(
        b"\xef\xbb\xbf" + row.encode() + b"\r\n\xff\xfe\x00\n" + row.encode()
    )
    done = nlogn("judge", "--jsonl", "rows.jsonl", "--no-growth", cwd=tmp_path)
    told = rows_of(done)
    assert [(r["id"], r["status"]) for r in told] == [
        ("a", "accepted"), (2, "system_error"), ("a", "accepted"),
    ]  # fmt: skip
    assert "line 2 is not UTF-8" in told[1]["message"] and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"language": "rust"}, "'language' is one of python, cpp, javascript"),
        ({"language": "cpp"}, "has no 'entry'"),
        ({"cases": [[json.loads("[" * 900 + "]" * 900), 1]]}, "nested too deeply"),
        ({"reference": "def total(xs"}, "the reference cannot run: line 1"),
        ({"reference": "def other(xs): pass"}, "the reference cannot run: the program has no"),
    ],
)
def test_jsonl_rows_that_make_no_sense_say_why(extra: dict[str, Any], told: str) -> None:
    row = json.dumps({"id": 1, "code": SUM, "entry": "total"} | extra)
    (only,) = rows_of(nlogn("judge", "--jsonl", "-", "--no-growth", stdin=row))
    assert only["status"] == "system_error" and told in only["message"]


def test_a_report_that_cannot_be_written_does_not_lose_the_verdict(files: Path) -> None:
    for place in ("/", "good.py/under.html"):
        done = nlogn("judge", "good.py::total", "--cases", "cases.json", "--no-growth",
                     "--format", "json", "--report", place, cwd=files)  # fmt: skip
        assert done.returncode == 2 and "report could not be written" in done.stderr
        assert json.loads(done.stdout)["status"] == "accepted"
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("cache", ["/dev/null", "a file", "taken"])
def test_a_cache_that_cannot_be_used_does_not_lose_the_verdict(
    cache: str, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "a file").write_text("")
    (files / "taken" / "failures.jsonl").mkdir(parents=True)
    monkeypatch.setenv("NLOGN_CACHE", cache)
    done = nlogn("judge", "bad.py::total", "--reference", "good.py", "--no-growth", cwd=files)
    assert done.returncode == 1 and done.stdout.startswith("wrong answer"), done.stderr


def test_a_reader_that_leaves_early_is_no_failure(files: Path) -> None:
    row = json.dumps({"id": 1, "code": SUM, "entry": "total", "cases": [[[[1]], 1]]})
    (files / "rows.jsonl").write_text(f"{row}\n" * 50)
    command = [sys.executable, "-m", "nlogn", "judge", "--jsonl", "rows.jsonl", "--no-growth"]
    with subprocess.Popen(
        command, cwd=files, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert '"accepted"' in process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait(timeout=60) == 0 and "Traceback" not in told, told


def test_a_budget_that_is_no_class_is_said_before_any_work() -> None:
    done = nlogn("solve", "two_sum", "--time-budget", "O(fast)", "--format=json")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "O(fast)" in json.loads(done.stdout)["message"]


def test_a_mistake_of_ours_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    from nlogn import cli

    def broken(**_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(cli.cli, "main", broken)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2


def test_complexity_jsonl_from_stdin() -> None:
    rows = [
        {"id": 1, "code": SUM, "entry": "total", "inputs": "lambda n, rng: (list(range(n)),)"},
        {"id": 2, "code": "def f(:", "entry": "f"},
        {"id": 3, "code": "def f(n):\n    return n * 3\n", "entry": "f",
         "inputs": "lambda n, rng: (n,)"},
    ]  # fmt: skip
    done = nlogn("complexity", "--jsonl", "-", stdin="\n".join(map(json.dumps, rows)))
    told = rows_of(done)
    assert [(r["id"], r["status"], r["time"]["big_o"]) for r in told] == [
        (1, "ok", "O(n)"), (2, "invalid", "unknown"), (3, "ok", "O(1)"),
    ]  # fmt: skip


def test_solve_answers_with_proven_code(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples/longest_increasing_subsequence.md"
    report = tmp_path / "solve.html"
    done = nlogn("solve", str(example), "--format", "json", "--report", str(report))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["verdict"]["status"] == "accepted"
    assert told["verdict"]["time"]["big_o"] == "O(n log n)"
    assert told["code"] == told["candidates"][0]["code"] and len(told["candidates"]) > 1
    assert "Candidates compared" in report.read_text()


def test_solve_never_passes_off_the_unproven(tmp_path: Path) -> None:
    odd = tmp_path / "odd.md"
    odd.write_text(
        "# Odd one\n\nReturn the number of moons that the named planet has.\n\n## Signature\n\n"
        "```python\ndef moons(planet: str) -> int:\n```\n\n## Examples\n\n"
        '- `moons("Mars")` -> `2`\n- `moons("Venus")` -> `0`\n- `moons("Neptune")` -> `16`\n'
    )
    done = nlogn("solve", str(odd), "--format", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told["code"] is None


def test_usage_errors(tmp_path: Path) -> None:
    assert nlogn("judge").returncode == 2
    assert nlogn("judge", "--no-such-flag").returncode == 2
    assert nlogn("nonsense").returncode == 2
    empty = tmp_path / "empty.md"
    empty.write_text("")
    done = nlogn("solve", str(empty))
    assert done.returncode == 2 and "empty.md" in done.stderr and "Traceback" not in done.stderr
