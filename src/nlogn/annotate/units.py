"""The work in pieces that any process can do: a unit is a stretch of one problem's programs, or
of the programs that a user named."""

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from nlogn.annotate.candidates import Candidate, candidates
from nlogn.annotate.record import Row, annotate, grown
from nlogn.cases.sized import SizedInputs
from nlogn.complexity import Complexity, count_steps, make_inputs
from nlogn.judge import Suite, SuiteError, suite_for
from nlogn.judge.making import called
from nlogn.judge.running import run_suite
from nlogn.judge.yardstick import measurable
from nlogn.problems.problem import Problem
from nlogn.sandbox import Limits, Program, Sandbox

CASE_S, MARGIN = 0.5, 10.0  # CPU seconds that a program may take for one case; see `_quick`
MOST_STEPS, STEPS_MARGIN = 300_000, 10  # of a right solution in one case; of any program


@dataclass(frozen=True, slots=True)
class Task:
    """What a run annotates: the variants of `problem`, or `programs` as they are.

    `inputs` is the source of a sized input generator where a row of the user's gave one; `cases`
    and `reference` likewise.
    """

    name: str
    problem: Problem | None = None
    program: Program | None = None
    inputs: str | None = None
    cases: tuple[Any, ...] | None = None
    reference: Program | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """Programs `start` up to `stop` of a task."""

    task: Task
    start: int
    stop: int
    seed: int


@dataclass(frozen=True, slots=True)
class Done:
    """The rows of a unit. `trouble` says why the task gives none; "" where it does.
    `exhausted`: the task has no more programs than these."""

    rows: list[Row]
    exhausted: bool
    trouble: str = ""


@dataclass(slots=True)
class _Stream:
    source: Iterator[Candidate]
    drawn: list[Candidate] = field(default_factory=list)

    def upto(self, stop: int) -> list[Candidate]:
        self.drawn += itertools.islice(self.source, max(0, stop - len(self.drawn)))
        return self.drawn


class Worker:
    """A sandbox, and what it has prepared of the last task, so that the next unit need not."""

    def __init__(self, isolation: str) -> None:
        self.sandbox = Sandbox(1, isolation)  # type: ignore[arg-type]
        self._at: tuple[str, int] | None = None
        self._suite: Suite | None = None
        self._stream: _Stream | None = None
        self._grown: dict[str, Complexity | None] = {}  # of right solutions, by their names

    def do(self, unit: Unit) -> Done:
        """Annotate the programs of a unit."""
        try:
            self._prepare(unit)
        except SuiteError as error:
            return Done([], True, str(error))
        assert self._suite is not None and self._stream is not None
        drawn = self._stream.upto(unit.stop)[unit.start : unit.stop]
        task = unit.task
        rows = []
        most = None if task.problem is None else STEPS_MARGIN * MOST_STEPS
        for one in drawn:
            origin = self._growth_of(task, one.origin, unit.seed) if one.kind == "variant" else None
            row, growth = annotate(one, _program(task, one.code), self._suite, self.sandbox,
                                   problem=task.problem, seed=unit.seed, origin=origin,
                                   most_steps=most)  # fmt: skip
            rows.append(row)
            if one.kind == "right":
                self._grown[one.origin] = growth
        return Done(rows, len(drawn) < unit.stop - unit.start)

    def _growth_of(self, task: Task, name: str, seed: int) -> Complexity | None:
        """The growth of a right solution, which another unit may have annotated."""
        if name not in self._grown:
            assert self._suite is not None and task.problem is not None
            code = next(s.code for s in task.problem.solutions if s.name == name)
            self._grown[name] = grown(_program(task, code), self._suite, self.sandbox,
                                      problem=task.problem, seed=seed)  # fmt: skip
        return self._grown[name]

    def _prepare(self, unit: Unit) -> None:
        if self._at == (unit.task.name, unit.seed):
            return
        self._at = None
        task = unit.task
        if task.problem is not None:
            assert task.problem.reference is not None and task.problem.signature is not None
            first = Program(task.problem.reference.code, task.problem.signature.entry)
            source = candidates(task.problem, unit.seed)
        else:
            assert task.program is not None
            first = task.program
            source = iter([Candidate(first.code, task.name, "file", (), 0)])
        suite = suite_for(first, self.sandbox, problem=task.problem, seed=unit.seed,
                          reference=task.reference, cases=task.cases,
                          from_json=task.cases is not None)  # fmt: skip
        if task.inputs is not None:
            suite = replace(suite, sized=(SizedInputs("given", task.inputs, "given"),))
        suite = _quick(suite, task.problem, self.sandbox)
        suite = measurable(suite, task.problem, self.sandbox)
        sized = tuple(make_inputs(one, self.sandbox, entry=first.entry, seed=unit.seed)
                      for one in suite.sized or ())  # fmt: skip
        self._suite = replace(suite, sized=sized)
        self._stream = _Stream(source)
        self._grown = {}
        self._at = (task.name, unit.seed)


def _quick(suite: Suite, problem: Problem | None, sandbox: Sandbox) -> Suite:
    """The suite without the cases on which a right solution takes more than `MOST_STEPS`, since
    one slow solution and its variants would else take as long as a hundred others; and with less
    time for a case, for the sake of those that hang: `CASE_S`, or `MARGIN` times what the slowest
    right solution takes. A program of the user's own gets all cases and the judge's time."""
    if problem is None:
        return suite
    right = [called(problem, s) for s in problem.solutions if s.language == "python"]
    for program in right:
        called_with = [case.args or () for case in suite.cases]
        limits = Limits(steps=MOST_STEPS)
        counts = count_steps(suite.runnable(program), called_with, limits, sandbox=sandbox)
        quick = [c for c, count in zip(suite.cases, counts, strict=True) if count or c.script]
        suite = replace(suite, cases=tuple(quick)) if quick else suite
    slowest = 0.0
    for program in right:
        judged = run_suite(program, suite, sandbox)
        slowest = max([slowest, *(j.outcome.cpu_s for j in judged if j.status == "accepted")])
    cpu = max(CASE_S, min(MARGIN * slowest, suite.limits.cpu_s))
    return replace(suite, limits=replace(suite.limits, cpu_s=cpu))


def _program(task: Task, code: str) -> Program:
    if task.problem is None:
        assert task.program is not None
        return task.program
    assert task.problem.signature is not None
    return Program(code, task.problem.signature.entry)


_worker: Worker | None = None


def start_worker(isolation: str, parent: int) -> None:
    """Prepare this process to do units; it ends with the process `parent`, however that ends."""
    global _worker
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _worker = Worker(isolation)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    if _worker is not None:
        with contextlib.suppress(Exception):
            _worker.sandbox.close()
    os._exit(1)


def do_unit(unit: Unit) -> Done:
    assert _worker is not None
    return _worker.do(unit)
