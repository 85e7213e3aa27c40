"""Annotate many programs into one Parquet file; a run that was stopped goes on where it was.

The rows of each unit go into a part file of their own, beside the output, that appears whole or
not at all. What is there is not done again; when all are there they are joined, in order.
"""

import contextlib
import hashlib
import json
import multiprocessing
import os
import platform
import re
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlogn.annotate.table import TableError, defects, join, notes_of, write_part
from nlogn.annotate.units import Done, Task, Unit, do_unit, start_worker
from nlogn.jsonable import dump, load
from nlogn.judge.verdict import versions
from nlogn.problems.problem import Problem

UNIT = 96  # programs that a kill can cost, per worker: a whole problem's share, prepared once
FORMAT = 4  # of the table and of how programs are made: another one is another recipe
_RETRIES = 3

Doer = Callable[[Sequence[Unit]], Iterator[tuple[Unit, Done]]]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run made. `rate` is of this run alone, in programs per second; None where
    everything was there already. `defects` are variants of ours that changed what the program
    does: they are left out, and listed beside the table."""

    out: str
    programs: int
    distinct: int
    skeletons: int
    statuses: dict[str, int]
    defects: int
    skipped: tuple[tuple[str, str], ...]
    rate: float | None
    seconds: float
    workers: int

    def hours_for(self, programs: int) -> float | None:
        """Machine hours, on as many workers, that so many programs would take at this rate."""
        return programs / self.rate / 3600 if self.rate else None


def bank_tasks(problems: Sequence[Problem]) -> list[Task]:
    """A task for each problem whose answers are Python functions and are known."""
    return [
        Task(problem.name, problem=problem)
        for problem in problems
        if problem.signature is not None
        and problem.reference is not None
        and problem.reference.language == "python"
    ]


def run(
    tasks: Sequence[Task],
    out: Path,
    *,
    programs: int | None,
    seed: int = 0,
    workers: int = 2,
    isolation: str = "auto",
    doer: Doer | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    unit: int = UNIT,
) -> Summary:
    """Annotate `programs` programs of `tasks` into `out`; with None each task's one program.

    Args:
        doer: does units and yields them as they are done; None: `workers` local processes.
        progress: called with (programs done, programs in all).

    Raises:
        TableError: `out` holds something else, or another run writes to it.
        OSError: the disk is full, or the place cannot be written.
    """
    if not tasks:
        raise TableError("there is nothing to annotate")
    recipe = _recipe(tasks, programs, seed, isolation)
    finished = _finished(out, recipe)
    if finished is not None:
        return finished
    folder = out.with_name(out.name + ".parts")
    with _owned(folder, recipe, out):
        began = time.monotonic()
        done = _Parts(folder)
        had = done.programs
        each = len(tasks) if programs is None else programs
        do = doer or _local(workers, isolation)
        while units := _missing(tasks, done, each, seed, unit, programs is None):
            before = done.programs
            total = before + sum(unit.stop - unit.start for unit in units)
            progress(before, total)
            results = do(units)
            try:
                for one, result in results:
                    done.add(one, result)
                    progress(min(done.programs, total), total)
            finally:
                close = getattr(results, "close", None)
                if close is not None:
                    close()
            if done.programs == before and all(u.task.name in done.exhausted for u in units):
                break
        seconds = time.monotonic() - began
        rate = (done.programs - had) / seconds if done.programs > had else None
        summary = _finish(done, tasks, out, recipe, rate, seconds, workers)
    shutil.rmtree(folder, ignore_errors=True)
    return summary


def _recipe(
    tasks: Sequence[Task], programs: int | None, seed: int, isolation: str
) -> dict[str, Any]:
    """What two runs must share for one to go on with the other's parts."""
    content = hashlib.sha256()
    for task in tasks:
        content.update(json.dumps(dump(task), sort_keys=True).encode())
    return {
        "format": FORMAT,
        "tasks": len(tasks),
        "content": content.hexdigest(),
        "programs": programs,
        "seed": seed,
        "isolation": isolation,
        "versions": versions(),
        "machine": platform.machine(),
    }


def _differs(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    names = {"content": "the programs or problems", "programs": "--programs", "seed": "--seed",
             "versions": "the version of nlogn or Python"}  # fmt: skip
    parts = [names.get(k, k) for k in ours if ours[k] != theirs.get(k)]
    return ", ".join(parts) or "the recipe"


def _finished(out: Path, recipe: dict[str, Any]) -> Summary | None:
    """The summary of a table that is there and complete.

    Raises:
        TableError: there is another file, or one of another recipe.
    """
    if not out.exists():
        return None
    if out.is_dir():
        raise TableError(f"{out} is a folder: name a file, such as {out / 'annotated.parquet'}")
    notes = notes_of(out)
    if notes is None:
        raise TableError(f"{out} exists and is no table of `nlogn bank annotate`: name another")
    if notes["recipe"] != recipe:
        told = _differs(recipe, notes["recipe"])
        raise TableError(
            f"{out} was made by another recipe ({told} differ): name another file, or remove it"
        )
    return replace(load(Summary, notes["summary"]), out=str(out), rate=None, seconds=0.0)


@contextlib.contextmanager
def _owned(folder: Path, recipe: dict[str, Any], out: Path) -> Iterator[None]:
    """Hold the folder of parts, which belongs to one recipe and to one run at a time."""
    import fcntl

    if not out.parent.is_dir():
        raise TableError(f"there is no folder {out.parent}: make it, or name another file")
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TableError(
                f"another run is writing {out}: wait for it, or name another"
            ) from None
        told = folder / "recipe.json"
        if told.exists():
            theirs = json.loads(told.read_text("utf-8"))
            if theirs != recipe:
                raise TableError(
                    f"{folder} holds the beginning of another run "
                    f"({_differs(recipe, theirs)} differ): go on with that one, remove the "
                    "folder, or name another file"
                )
        else:
            new = folder / "recipe.json.part"
            new.write_text(json.dumps(recipe, indent=1), "utf-8")
            new.replace(told)
        for left in folder.glob("*.parquet.part"):  # a run that was killed while writing
            left.unlink(missing_ok=True)
        yield


class _Parts:
    """What is done: one file per unit, named by the task and the stretch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[tuple[str, int], int] = {}
        self.exhausted: set[str] = set()
        self.short: set[tuple[str, int]] = set()  # units that got fewer programs than they asked
        self.trouble: dict[str, str] = {}
        self.files: dict[tuple[str, int], Path] = {}
        for path in sorted(folder.glob("*.parquet")):
            notes = notes_of(path)
            if notes is None:  # torn by a crash of the machine: it is made again
                path.unlink()
                continue
            self._note(path, notes)

    @property
    def programs(self) -> int:
        return sum(self.rows.values())

    def stretches(self, task: str) -> list[tuple[int, int]]:
        return sorted((s, s + n) for (name, s), n in self.rows.items() if name == task)

    def ends(self) -> dict[str, int]:
        """How many programs each exhausted task has in all."""
        return {
            task: min(start + self.rows[name, start] for name, start in self.short if name == task)
            for task in self.exhausted
        }

    def add(self, unit: Unit, done: Done) -> None:
        name = re.sub(r"\W+", "_", unit.task.name)[:80]
        mark = hashlib.sha256(unit.task.name.encode()).hexdigest()[:8]
        path = self.folder / f"{name}-{mark}-{unit.start:06d}.parquet"
        notes = {
            "task": unit.task.name,
            "start": unit.start,
            "stop": unit.stop,
            "rows": len(done.rows),
            "exhausted": done.exhausted,
            "trouble": done.trouble,
        }
        write_part(path, done.rows, notes)
        self._note(path, notes)

    def _note(self, path: Path, notes: dict[str, Any]) -> None:
        key = notes["task"], notes["start"]
        self.rows[key], self.files[key] = notes["rows"], path
        if notes["exhausted"]:
            self.exhausted.add(notes["task"])
            self.short.add(key)
        if notes["trouble"]:
            self.trouble[notes["task"]] = notes["trouble"]


def _missing(
    tasks: Sequence[Task], done: _Parts, programs: int, seed: int, size: int, single: bool
) -> list[Unit]:
    """The units still to do. Every task gives its share; what some cannot give, the others do.

    It follows from what is done alone, so a run that was stopped asks for the same units.
    """
    if single:
        return [Unit(t, 0, 1, seed) for t in tasks if (t.name, 0) not in done.rows]
    ends = done.ends()
    short = programs - sum(ends.values())
    open_ = [t for t in tasks if t.name not in ends]
    share = -(-max(short, 0) // len(open_)) if open_ else 0
    units = []
    for task in tasks:
        for start, stop in _gaps(done.stretches(task.name), ends.get(task.name, share)):
            units += [Unit(task, at, min(at + size, stop), seed) for at in range(start, stop, size)]
    return units


def _gaps(covered: list[tuple[int, int]], stop: int) -> Iterator[tuple[int, int]]:
    """What is left of 0 … `stop` between the stretches, which are sorted and apart."""
    at = 0
    for first, last in covered:
        if first > at:
            yield at, min(first, stop)
        at = max(at, last)
        if at >= stop:
            return
    if at < stop:
        yield at, stop


def _finish(
    done: _Parts, tasks: Sequence[Task], out: Path, recipe: dict[str, Any], rate: float | None,
    seconds: float, workers: int,
) -> Summary:  # fmt: skip
    order = {task.name: i for i, task in enumerate(tasks)}
    parts = [done.files[key] for key in sorted(done.files, key=lambda k: (order[k[0]], k[1]))]
    wrong = defects(parts)
    beside = out.with_name(out.name + ".defects.jsonl")
    if wrong:
        beside.write_text("".join(json.dumps(row) + "\n" for row in wrong), "utf-8")
    else:
        beside.unlink(missing_ok=True)
    counts = _counts(parts, {(row["problem"], row["code"]) for row in wrong})
    summary = Summary(
        str(out), counts["programs"], counts["distinct"], counts["skeletons"], counts["statuses"],
        len(wrong), tuple(sorted(done.trouble.items())), rate, seconds, workers,
    )  # fmt: skip
    notes = {"recipe": recipe, "summary": dump(summary)}
    join(parts, out, notes, without={(row["problem"], row["code"]) for row in wrong})
    return summary


def _counts(parts: Sequence[Path], without: set[tuple[str, str]]) -> dict[str, Any]:
    import collections

    import pyarrow.parquet as pq

    statuses: collections.Counter[str] = collections.Counter()
    texts: set[str] = set()
    shapes: set[str] = set()
    columns = ["problem", "code", "status", "code_sha256", "skeleton_sha256"]
    for part in parts:
        for row in pq.read_table(part, columns=columns).to_pylist():
            if (row["problem"], row["code"]) not in without:
                statuses[row["status"]] += 1
                texts.add(row["code_sha256"])
                shapes.add(row["skeleton_sha256"])
    return {
        "programs": sum(statuses.values()),
        "distinct": len(texts),
        "skeletons": len(shapes),
        "statuses": dict(statuses.most_common()),
    }


def _local(workers: int, isolation: str) -> Doer:
    """Units done by processes of this machine, as many at a time as there are workers."""

    def do(units: Sequence[Unit]) -> Iterator[tuple[Unit, Done]]:
        left = list(units)
        for attempt in range(_RETRIES + 1):
            lost = yield from _pool(left, workers, isolation)
            if not lost:
                return
            if attempt == _RETRIES:
                raise TableError(
                    f"the processes that annotate keep dying (last on {lost[0].task.name}): "
                    "is there enough memory? Fewer --workers take less"
                )
            left = lost

    return do


def _pool(
    units: Sequence[Unit], workers: int, isolation: str
) -> Generator[tuple[Unit, Done], None, list[Unit]]:
    """Yields what is done; returns the units that were lost with a process that died."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        min(workers, len(units)), context, start_worker, (isolation, os.getpid())
    )
    waiting = iter(units)
    running: dict[Any, Unit] = {}
    try:
        for unit in waiting:
            running[pool.submit(do_unit, unit)] = unit
            if len(running) >= workers + 1:
                break
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                unit = running[future]
                yield unit, future.result()
                del running[future]
                following = next(waiting, None)
                if following is not None:
                    running[pool.submit(do_unit, following)] = following
        return []
    except BrokenProcessPool:
        return [*running.values(), *waiting]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
