# mypy: disable-error-code="no-untyped-call"
"""A run's folder on disk: which run it is, and checkpoints that a kill or a full disk cannot break.

run.json  schedule.json  step-00000200/  latest
"""

import fcntl
import json
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_loader import load as load_state
from torch.distributed.checkpoint.state_dict_saver import save as save_state

from nlogn.model.heads import Heads
from nlogn.model.transformer import Transformer
from nlogn.train.curves import step_row
from nlogn.train.losses import Weights
from nlogn.train.optimizer import Optimizer

if TYPE_CHECKING:
    from nlogn.train.pretrain import Run

DAMAGED = "{} is damaged: give the run another --name, or delete its folder"
LATEST = "latest"
SCHEDULE = "schedule.json"


class TrainError(Exception):
    """Training cannot begin or go on; the message says what to do."""


def world() -> tuple[int, int]:
    """(this rank, number of ranks)."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """A full disk, or any other failure to write, in words."""
    try:
        yield
    except (OSError, CheckpointException) as error:
        causes: list[BaseException] = [error]
        if isinstance(error, CheckpointException):
            causes = [part[0] for part in error.failures.values()]
        known = [c.strerror for c in causes if isinstance(c, OSError) and c.strerror]
        # torch's archives say nothing of a full disk
        free = shutil.disk_usage(folder).free
        why = known[0] if known else f"{causes[0]} ({free / 1e6:,.0f} MB are free there)"
        latest = folder / LATEST
        kept = latest.read_text(errors="replace") if latest.exists() else "none yet"
        raise TrainError(
            f"cannot write to {folder}: {why}. Its last whole checkpoint ({kept}) is"
            " kept: make room, then give the same command again"
        ) from error


def same_run(folder: Path, run: "Run", rank: int) -> None:
    """The folder's first run is written down; another may only go on with the same settings. What
    a run was begun without, before there was such a setting, is as usual."""
    path = folder / "run.json"
    mine = json.loads(json.dumps(asdict(run)))
    if path.exists():
        usual = _flat(json.loads(json.dumps(asdict(type(run)(steps=1)))))
        wanted, theirs = _flat(mine), _flat(read_json(path))
        found = {k: theirs.get(k, usual.get(k)) for k in wanted}
        free = ("save_every", "save_minutes")
        changed = sorted(k for k in wanted if wanted[k] != found[k] and k not in free)
        if changed:
            told = ", ".join(f"{k} ({found[k]}, not {wanted[k]})" for k in changed)
            raise TrainError(f"{folder} holds a run with other settings: {told}")
    elif rank == 0:
        write_json(path, mine)


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with those of "rates" among them."""
    rates = settings.get("rates")
    inner = rates.items() if isinstance(rates, dict) else ()
    return {k: v for k, v in settings.items() if k != "rates"} | {f"rates.{k}": v for k, v in inner}


def read_json(path: Path) -> dict[str, Any]:
    """What `write_json` wrote there.

    Raises:
        TrainError: it is damaged.
    """
    try:
        found = json.loads(path.read_text())
        if isinstance(found, dict):
            return found
    except (ValueError, RecursionError):
        pass
    raise TrainError(DAMAGED.format(path))


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Whole or not at all, also through a loss of power."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def fixed_steps(folder: Path) -> int | None:
    path = folder / SCHEDULE
    if not path.exists():
        return None
    steps = read_json(path).get("steps")
    if not isinstance(steps, int) or steps < 1:
        raise TrainError(DAMAGED.format(path))
    return steps


def fix_steps(folder: Path, steps: int, rank: int) -> None:
    if rank == 0:
        write_json(folder / SCHEDULE, {"steps": steps})


def forget_rows(path: Path, first: int) -> None:
    """Of a file of rows with a "step", drop those that number `first` and later, and what is no
    such row: of a run that was killed they tell of steps that are done again."""
    if not path.exists():
        return
    lines = path.read_text(errors="replace").splitlines()
    kept = [line for line in lines if (row := step_row(line)) and row["step"] < first]
    write_text(path, "".join(f"{line}\n" for line in kept))


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process, or one `torchrun`, trains a folder at a time; a kill ends its claim.

    Raises:
        TrainError: another does.
    """
    with writing(folder):
        file = (folder / "lock").open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrainError(f"another process trains {folder}: wait for it, or give this run"
                             " another --name") from None  # fmt: skip
        except OSError:  # a file system without locks
            pass
        yield


def _state(model: Transformer, heads: Heads | None, optimizer: Optimizer) -> dict[str, Any]:
    state: dict[str, Any] = {"model": model.state_dict(), "optimizer": optimizer.tensors()}
    if heads is not None:
        state["heads"] = heads.state_dict()
    return state


def save_checkpoint(
    folder: Path, step: int, seconds: float, model: Transformer, heads: Heads | None,
    optimizer: Optimizer, weights: Weights, scaler: torch.amp.GradScaler,
) -> None:  # fmt: skip
    """Write beside, flush, then point `latest` at it: a kill at any moment leaves a whole one."""
    rank, ranks = world()
    target = folder / f"step-{step:08}"
    if rank == 0 and target.exists():
        shutil.rmtree(target)
    if ranks > 1:
        dist.barrier()
    try:
        with writing(folder), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch.distributed is disabled")
            save_state(_state(model, heads, optimizer), checkpoint_id=target, no_dist=ranks == 1)
            if rank == 0:
                rest = {"step": step, "seconds": seconds, "weights": weights.current,
                        "scaler": scaler.state_dict()}  # fmt: skip
                write_json(target / "rest.json", rest)
                write_text(folder / LATEST, target.name)
    except TrainError:
        if rank == 0:
            shutil.rmtree(target, ignore_errors=True)
        raise
    if rank == 0:
        others = sorted(path for path in folder.glob("step-*") if path != target)
        before = [path for path in others if path < target]  # later ones are an abandoned run's
        for old in {*others} - {*before[-1:]}:
            shutil.rmtree(old)
    if ranks > 1:
        dist.barrier()


def resume(
    folder: Path, model: Transformer, heads: Heads | None, optimizer: Optimizer,
    weights: Weights, scaler: torch.amp.GradScaler,
) -> tuple[int, float]:  # fmt: skip
    """The step to go on from, and the seconds behind it.

    Raises:
        TrainError: what was saved cannot be read.
    """
    pointer = folder / LATEST
    if not pointer.exists():
        return 0, 0.0
    target = folder / pointer.read_text(errors="replace").strip()
    state = _state(model, heads, optimizer)
    try:
        rest = json.loads((target / "rest.json").read_text())
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch.distributed is disabled")
            load_state(state, checkpoint_id=target, no_dist=world()[1] == 1)
        model.load_state_dict(state["model"])
        if heads is not None:
            heads.load_state_dict(state["heads"])
        weights.current = rest["weights"]
        scaler.load_state_dict(rest["scaler"])
        return int(rest["step"]), float(rest.get("seconds", 0.0))
    except (Exception, CheckpointException) as error:
        others = sorted(p.name for p in folder.glob("step-*") if p != target)
        older = f"write {others[-1]} into {pointer}, or " if others else ""
        raise TrainError(f"the state in {target} is damaged: {older}delete {pointer} to begin"
                         " anew") from error  # fmt: skip
