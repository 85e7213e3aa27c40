"""`nlogn train` in processes of its own: runs, kills, full disks, refusals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch (extra `model`)")
pytest.importorskip("tokenizers", reason="training needs tokenizers (extra `model`)")
sys.path[:0] = [str(Path(__file__).parents[1] / room) for room in ("train", "model")]

from small_corpus import small_corpus, tiny_config  # noqa: E402

ENV = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("with space")
    small_corpus(folder / "corpus")
    tiny_config(folder / "tiny.json")
    return folder


def command(place: Path, *more: object) -> list[str]:
    return [sys.executable, "-m", "nlogn", "train", "pretrain", "--preset", str(place / "tiny.json"),
            "--corpus", str(place / "corpus"), "--runs", str(place / "runs"), "--rows", "4",
            "--length", "48", "--threads", "1", *map(str, more)]  # fmt: skip


def run(place: Path, *more: object, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(place, *more), capture_output=True, text=True, timeout=100,
                          env=ENV, check=False, **how)  # type: ignore[call-overload, no-any-return] # fmt: skip


def losses(folder: Path) -> dict[int, float]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()
            if line.endswith("}")]  # fmt: skip
    return {row["step"]: row["losses"]["tokens"] for row in rows}


def test_a_killed_run_goes_on_and_ends_with_the_same_curve_and_weights(place: Path) -> None:
    whole = run(place, "--steps", 24, "--name", "whole")
    assert whole.returncode == 0, whole.stderr
    folder = place / "runs" / "killed"
    process = subprocess.Popen(command(place, "--steps", 24, "--name", "killed"), env=ENV,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    metrics = folder / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if metrics.exists() and metrics.read_bytes().count(b"\n") >= 9:
            break
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)  # in the midst of a step
    process.communicate()
    assert not (folder / "checkpoint").exists()
    done = run(place, "--steps", 24, "--name", "killed")
    assert done.returncode == 0, done.stderr
    assert losses(folder) == losses(place / "runs" / "whole") and len(losses(folder)) == 24
    ends = [(place / "runs" / name / "checkpoint" / "model.safetensors").read_bytes()
            for name in ("whole", "killed")]  # fmt: skip
    assert ends[0] == ends[1]
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    card = json.loads((folder / "checkpoint" / "training.json").read_text())
    assert card["steps"] == 24 and card["tokens"] == 24 * 4 * 48
    again = run(place, "--steps", 24, "--name", "killed")  # nothing is left to do
    assert again.returncode == 0 and len(losses(folder)) == 24
