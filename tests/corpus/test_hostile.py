"""Folders that were made to hang, to break or to start something."""

import subprocess
from pathlib import Path

import pytest

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
