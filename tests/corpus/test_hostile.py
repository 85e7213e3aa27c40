"""Folders that were made to hang, to break or to start something."""

import gzip
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from nlogn.corpus import sources
from nlogn.corpus.alignment import alignment
from nlogn.corpus.benchmarks import benchmark_texts
from nlogn.corpus.order import imports
from nlogn.corpus.report import examples
from nlogn.corpus.sources import SourceError, plan, read_unit

CODE = "def f(x):\n    return x + 1\n"


def checkout(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "a.py").write_text(CODE)
    for command in (["init", "-q"], ["add", "a.py"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return folder


def problems(source: Path) -> dict[str, str]:
    return {r.path: r.problem for u in plan([source], "MIT") for r in read_unit(u)}


def test_a_checkout_s_settings_start_no_program(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "repository")
    hook, mark = tmp_path / "hook.sh", tmp_path / "started"
    hook.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    hook.chmod(0o755)
    subprocess.run(["git", "-C", str(folder), "config", "core.fsmonitor", str(hook)], check=True)
    assert problems(folder) == {"a.py": ""}
    assert not mark.exists()


def test_a_broken_checkout_is_named_and_not_taken_for_the_one_around_it(tmp_path: Path) -> None:
    outer = checkout(tmp_path / "outer")
    (outer / "inner" / ".git").mkdir(parents=True)
    (outer / "inner" / "b.py").write_text(CODE)
    with pytest.raises(SourceError, match=r"inner: git ls-files: .*move its \.git away"):
        plan([outer / "inner"])


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    for name in ("pipe.py", "rows.jsonl", "LICENSE"):
        os.mkfifo(tmp_path / name)
    found = {"a.py": "", "pipe.py": "no_file", "rows.jsonl": "not_source"}
    assert problems(tmp_path) == found


def test_links_lead_nowhere(tmp_path: Path) -> None:
    checkout(tmp_path / "elsewhere")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "b.py").write_text(CODE)
    (folder / "round").symlink_to(folder)
    (folder / "self").symlink_to("self")
    (folder / "away").symlink_to(tmp_path / "elsewhere")
    assert problems(folder) == {"b.py": ""}


def test_names_that_are_no_text_are_spelled_out(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    Path(folder, os.fsdecode(b"na\xefve.py")).write_text(CODE)
    (raw,) = (r for u in plan([folder], "MIT") for r in read_unit(u))
    assert (raw.unit, raw.path, raw.text) == ("caf\\udce9", "na\\udcefve.py", CODE)


def test_rows_that_break_readers_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_ROW", 200)
    rows = [{"text": CODE, "path": "a\ud800.py"}, {"text": "x = '\ud800'\n"},
            {"text": "y" * 500}, {"text": "z" * 184}, {"text": CODE}]  # fmt: skip
    lines = "".join(json.dumps(row) + "\n" for row in rows) + "[" * 5000
    (tmp_path / "rows.jsonl").write_text(lines)
    found = [r for u in plan([tmp_path], "MIT") for r in read_unit(u)]
    assert [r.problem for r in found] == ["", "not_text", "bad_row", "", "", "bad_row"]
    assert found[0].path == "a\\ud800.py" and found[4].text == CODE


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "rows.parquet"])
def test_a_damaged_file_of_rows_is_named(tmp_path: Path, name: str) -> None:
    whole = gzip.compress(json.dumps({"text": CODE}).encode() * 50)
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=f"{name} is damaged"):
        problems(tmp_path)


def test_a_line_ends_at_a_line_feed_alone(tmp_path: Path) -> None:
    text = "one\u2028two\x85three"
    row = {"text": text, "task_id": "s/1", "metadata": {"filter_reason": "too_short"}}
    for folder in ("dropped/quality", "data/benchmarks"):
        (tmp_path / folder).mkdir(parents=True)
        line = json.dumps(row, ensure_ascii=False) + "\n"
        (tmp_path / folder / "rows.jsonl").write_text(line * 2)
    shown = examples(tmp_path / "dropped")
    assert [r["text"] for r in shown["quality"]["too_short"]] == [text, text]
    assert ("rows", "s/1", text) in list(benchmark_texts(tmp_path / "data"))


def test_blank_lines_take_linear_time() -> None:
    blank = "\n" * 50_000
    told = f"Sum prices over customers of warehouses.{blank}    "
    said = f'def add(first):\n    """{told}"""\n    return 1\n'
    began = time.process_time()
    assert alignment(said, "python").comments == 1
    assert imports(f"{blank}  #include <a.h>\n{blank}", "c") == ["a.h"]
    assert imports(f"{blank}\timport a.b.C;\n{blank}", "java") == ["a.b.C"]
    assert time.process_time() - began < 3  # each took ten seconds
