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
    fixed = {"--preset": place / "tiny.json", "--corpus": place / "corpus", "--rows": 4,
             "--runs": place / "runs", "--length": 48, "--threads": 1}  # fmt: skip
    words = [str(word) for pair in fixed.items() for word in pair]
    return [sys.executable, "-m", "nlogn", "train", "pretrain", *words, *map(str, more)]


def begin(place: Path, *more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(command(place, *more), env=ENV, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)  # fmt: skip


def run(place: Path, *more: object, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(place, *more), capture_output=True, text=True, timeout=300,
                          env=ENV, check=False, **how)  # type: ignore[call-overload, no-any-return] # fmt: skip


def refusal(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """What the command says while it exits with 2, run in this process."""
    from nlogn.cli import main

    monkeypatch.setattr(sys, "argv", ["nlogn", *words[3:]])
    with pytest.raises(SystemExit) as ended:
        main()
    err = capsys.readouterr().err
    assert ended.value.code == 2 and "Traceback" not in err
    return err


def losses(folder: Path) -> dict[int, float]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()
            if line.endswith("}")]  # fmt: skip
    return {row["step"]: row["losses"]["tokens"] for row in rows}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_killed_run_goes_on_and_ends_with_the_same_curve_and_weights(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = run(place, "--steps", 24, "--name", "whole")
    assert whole.returncode == 0, whole.stderr
    folder = place / "runs" / "killed"
    process = begin(place, "--steps", 24, "--name", "killed")
    metrics = folder / "metrics.jsonl"
    deadline = time.monotonic() + 150
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
    told = refusal(command(place, "--steps", 7, "--name", "killed"), monkeypatch, capsys)
    assert "steps (24, not 7)" in told


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_ctrl_c_saves_and_a_full_disk_keeps_what_was_saved(place: Path) -> None:
    resource = pytest.importorskip("resource", reason="needs POSIX limits")
    folder = place / "runs" / "stopped"
    process = begin(place, "--steps", 30, "--name", "stopped")
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and not (folder / "metrics.jsonl").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0 and "the same command goes on" in out, err
    kept = (folder / "latest").read_text()

    def small_files() -> None:  # what a full disk does to a writer
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    full = run(place, "--steps", 30, "--name", "stopped", preexec_fn=small_files)
    assert full.returncode == 2 and "make room" in full.stderr, full.stderr
    assert "Traceback" not in full.stderr
    assert (folder / "latest").read_text() == kept
    assert [p.name for p in folder.glob("step-*")] == [kept]
    done = run(place, "--steps", 30, "--name", "stopped")
    assert done.returncode == 0, done.stderr
    assert sorted(losses(folder)) == list(range(30))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_budget_in_minutes_is_kept_and_is_written_down(place: Path) -> None:
    done = run(place, "--minutes", 0.05, "--name", "timed")
    assert done.returncode == 0, done.stderr
    folder = place / "runs" / "timed"
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    steps = json.loads((folder / "schedule.json").read_text())["steps"]
    assert len(rows) == steps == rows[-1]["steps"]
    assert rows[-1]["seconds"] > 0.6 * 3
    assert rows[0]["steps"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--steps", "2", "--minutes", "1"], "one of --minutes, --steps, --tokens"),
        ([], "one of --minutes, --steps, --tokens"),
        (["--steps", "2", "--corpus", "nowhere"], "nlogn corpus build"),
        (["--steps", "2", "--preset", "9b"], "no preset '9b': one of nano"),
        (["--steps", "2", "--rows", "3", "--accumulate", "2"], "multiple of --accumulate"),
        (["--steps", "2", "--length", "99999"], "lower --length"),
        (["--steps", "2", "--from", "nowhere"], "nowhere has no config.json"),
        (["--steps", "2", "--name", "../elsewhere"], "no folder inside of --runs"),
        (["--steps", "2", "--name", "/elsewhere"], "no folder inside of --runs"),
        (["--steps", "2", "--seed", "1" + "0" * 30], "is not in the range"),
        (["--steps", "2", "--seed", "-1"], "is not in the range"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_sentence(
    place: Path, arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert told in refusal(command(place, *arguments), monkeypatch, capsys)


def test_a_growth_head_needs_a_checkpoint(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["", "", "", "train", "heads", str(place / "none")]
    assert "no model.safetensors" in refusal(words, monkeypatch, capsys)
    (place / "empty").mkdir()
    words[-1] = str(place / "empty")
    assert str(place / "empty") in refusal(words, monkeypatch, capsys)
