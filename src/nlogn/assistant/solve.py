"""`solve`: ask an engine for candidates, judge each one, answer only what is proven; where none is,
ask again with what the nearest one got wrong."""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from nlogn.assistant.prompting import prompt_for, similar_problems
from nlogn.complexity import bigo
from nlogn.engine.protocol import (
    Cancel,
    Cancelled,
    Completion,
    Engine,
    EngineError,
    Sampling,
    Steered,
    usual_temperature,
)
from nlogn.engine.recall import RecallEngine
from nlogn.judge.judging import judge_program, syntax_problem
from nlogn.judge.making import suite_for
from nlogn.judge.pool import map_ordered
from nlogn.judge.ranking import class_rank, rank, why_behind
from nlogn.judge.running import run_suite
from nlogn.judge.suite import Suite, run_cases
from nlogn.judge.verdict import Verdict
from nlogn.judge.yardstick import measurable
from nlogn.problems.problem import Case, Problem
from nlogn.sandbox import Outcome, Program, Sandbox, shared_sandbox
from nlogn.values import encode


class BudgetError(ValueError):
    """The budget is no class of growth."""


@dataclass(frozen=True, slots=True)
class Candidate:
    code: str
    verdict: Verdict
    origin: str  # the model or the bank's solution that it came from
    copies: int  # how many samples had this same text
    why: str  # why it won, or what it lost on
    steered: tuple[Steered, ...] = ()  # tokens that the engine chose to keep within a budget


@dataclass(frozen=True, slots=True)
class Answer:
    """`code` is None where no candidate was proven; `candidates` are best first."""

    problem: str
    code: str | None
    verdict: Verdict | None
    candidates: tuple[Candidate, ...]
    engine: str
    message: str


def solve(
    problem: Problem,
    engine: Engine,
    *,
    fallback: Iterable[Engine] = (),
    samples: int = 8,
    seed: int = 0,
    sampling: Sampling | None = None,
    time_budget: str | None = None,
    memory_budget: str | None = None,
    time_limit_s: float | None = None,
    examples: int = 2,
    sandbox: Sandbox | None = None,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
    cancel: Cancel | None = None,
) -> Answer:
    """The best candidate of `engine` that the judge accepts, with all that it was compared to.

    Half of the samples are asked for first. Where one of them is right, the other half may be
    cheaper; where none is, the rest is asked for in smaller rounds, each told the smallest input
    on which the nearest candidate fails. All candidates are judged on the same cases.

    Args:
        fallback: engines that are asked in turn, each for as many, while nothing is right; taken
            one by one, so that what is not needed is not opened.
        samples: candidates to ask for, all rounds together; equal texts are judged once.
        sampling: without it, the temperature is the one that a model's makers recommend.
        time_budget, memory_budget: classes that an answer must not exceed; the native engine
            steers towards them while it writes.
        time_limit_s: after so many seconds nothing more is asked for or judged; the first
            candidate always is.
        examples: solved problems of the bank to show to a model with room for them.
        progress: called with (judged, total).

    Raises:
        BudgetError: a budget is no class of growth.
        EngineError: the engine is unreachable or answers nonsense.
        Cancelled: soon after ``cancel.cancel()``.
        SandboxUnavailable: there is no isolation on this machine.
    """
    for budget in (time_budget, memory_budget):
        if budget is None:
            continue
        try:
            bigo.parse(budget)
        except ValueError as error:
            raise BudgetError(str(error)) from error
    started = time.monotonic()
    deadline = math.inf if time_limit_s is None else started + time_limit_s
    field = _Field(
        problem, sandbox or shared_sandbox(), seed, workers, deadline, progress,
        (time_budget, memory_budget), cancel,
    )  # fmt: skip
    asked: list[str] = []
    trouble = ""
    failed: EngineError | None = None
    engines = chain([engine], fallback)
    while not asked or not (field.settled or time.monotonic() > deadline):
        try:
            one = next(engines, None)
            if one is None:
                break
            asked.append(one.name)
            chosen = sampling or Sampling(temperature=usual_temperature(one))
            _ask(one, field, samples, chosen, examples, cancel)
        except Cancelled:
            raise
        except EngineError as error:
            failed = failed or error
            trouble += f"; the engine then failed: {error}"
    if failed is not None and not field.unique:
        raise failed
    named = ", ".join(asked)
    if not field.unique:
        return Answer(problem.name, None, None, (), named, "the engine offered no code at all")
    answer = _answer(problem, named, *field.judged(), field.suite)
    if field.unjudged:
        s = "" if field.unjudged == 1 else "s"
        trouble += f"; the time limit left {field.unjudged} candidate{s} unjudged"
    return replace(answer, message=answer.message + trouble)


def _ask(
    engine: Engine, field: "_Field", samples: int, sampling: Sampling, examples: int,
    cancel: Cancel | None,
) -> None:  # fmt: skip
    """Ask one engine, in rounds, for `samples` candidates, and judge them."""
    shown = similar_problems(field.problem, engine, examples)
    heeds = not isinstance(engine, RecallEngine)  # what is recalled does not depend on feedback
    left, asked = samples, 0
    while left and (not (asked or field.unique) or time.monotonic() < field.deadline):
        count = -(-left // 2) if heeds else left
        nearest = field.nearest() if asked else None
        prompt = prompt_for(field.problem, shown, nearest, *field.budgets)
        remaining = field.deadline - time.monotonic()
        asking = replace(
            sampling, n=count, seed=field.seed + asked,
            timeout_s=max(min(sampling.timeout_s, remaining), 0.1),
        )  # fmt: skip
        (completions,) = engine.generate([prompt], asking, cancel=cancel)
        asked += count
        left -= count
        if not completions:
            break
        field.add(completions)


class _Field:
    """The candidates of all rounds and their verdicts, all on one suite of cases."""

    def __init__(
        self,
        problem: Problem,
        sandbox: Sandbox,
        seed: int,
        workers: int,
        deadline: float,
        progress: Callable[[int, int], None] | None,
        budgets: tuple[str | None, str | None],
        cancel: Cancel | None,
    ):
        self.problem, self.sandbox, self.seed, self.workers = problem, sandbox, seed, workers
        self.deadline, self.progress, self.budgets = deadline, progress, budgets
        self.cancel = cancel
        self.completions: list[Completion] = []
        self.unique: list[tuple[Completion, int]] = []
        self.suite: Suite | None = None
        self._cases: tuple[Case, ...] = ()
        self._base: Suite | None = None
        self._verdicts: dict[str, Verdict] = {}

    def add(self, completions: Sequence[Completion]) -> None:
        """Judge what is new; where the new ones bring new cases, all are judged again, unless the
        time for it runs out."""
        known = {c.code for c, _ in self.unique}
        self.completions += completions
        self.unique = _distinct(self.completions)
        if not self.unique or known == {c.code for c, _ in self.unique}:
            return
        if self._verdicts and time.monotonic() > self.deadline:
            return
        entry = self.problem.signature.entry if self.problem.signature else None
        programs = [Program(c.code, entry) for c, _ in self.unique]
        if self._base is None:
            first = next((p for p in programs if not syntax_problem(p)), None)
            if first is None:  # nothing to make inputs for, and nothing that would need them
                self._judge(programs)
                return
            self._base = suite_for(first, self.sandbox, problem=self.problem, seed=self.seed)
        before = self.suite, self._cases, self._verdicts
        suite = _strengthened(self._base, self.problem, programs, self.sandbox, self.seed)
        if self.suite is None or suite.cases != self._cases:
            self._cases = suite.cases
            self.suite = measurable(suite, self.problem, self.sandbox)
            self._verdicts = {}
        self._judge([p for p in programs if p.code not in self._verdicts])
        if not before[2].keys() <= self._verdicts.keys():
            self.suite, self._cases, self._verdicts = before

    def _judge(self, programs: Sequence[Program]) -> None:
        done = len(self._verdicts)
        total = done + len(programs)

        def judge_one(program: Program) -> Verdict | None:
            nonlocal done
            if self.cancel is not None:
                self.cancel.check()
            if done and time.monotonic() > self.deadline:
                return None
            verdict = judge_program(
                program, problem=self.problem, suite=self.suite, seed=self.seed,
                sandbox=self.sandbox,
            )  # fmt: skip
            done += 1
            if self.progress is not None:
                self.progress(done, total)
            return _safe(_within(verdict, *self.budgets))

        made = map_ordered(judge_one, programs, workers=self.workers)
        for program, verdict in zip(programs, made, strict=True):
            if verdict is not None:
                self._verdicts[program.code] = verdict

    @property
    def unjudged(self) -> int:
        return len(self.unique) - len(self._verdicts)

    def judged(self) -> tuple[list[tuple[Completion, int]], list[Verdict]]:
        kept = [(c, n) for c, n in self.unique if c.code in self._verdicts]
        return kept, [self._verdicts[c.code] for c, _ in kept]

    @property
    def settled(self) -> bool:
        """Whether a candidate is right, or nothing can be judged."""
        return bool(self._verdicts) and self.nearest() is None

    def nearest(self) -> tuple[str, Verdict] | None:
        """The best candidate with its verdict; None where one is right, or there is none."""
        kept, verdicts = self.judged()
        if not kept:
            return None
        best = rank([(c.code, v) for (c, _), v in zip(kept, verdicts, strict=True)])[0]
        if verdicts[best].accepted or verdicts[best].status == "system_error":
            return None
        return kept[best][0].code, verdicts[best]


def _distinct(completions: Sequence[Completion]) -> list[tuple[Completion, int]]:
    counts = Counter(c.code.strip() for c in completions)
    first: dict[str, Completion] = {}
    for completion in completions:
        if completion.code.strip():
            first.setdefault(completion.code.strip(), completion)
    return [(completion, counts[text]) for text, completion in first.items()]


def _strengthened(
    suite: Suite, problem: Problem, programs: Sequence[Program], sandbox: Sandbox, seed: int
) -> Suite:
    """Add the inputs on which most candidates agree, where no reference says what is right.

    Only candidates that pass the given examples vote. One vote proves nothing, so a lone voter
    adds no case.
    """
    if suite.reference is not None or suite.checker is not None or suite.oracle != "problem":
        return suite
    passing = [
        p for p in programs if all(j.status == "accepted" for j in run_suite(p, suite, sandbox))
    ]
    if len(passing) < 2:
        return suite
    fresh = replace(problem, examples=(), tests=())
    drafted = suite_for(passing[0], sandbox, problem=fresh, reference=passing[0], seed=seed)
    inputs = [replace(c, expected=None, has_expected=False) for c in drafted.cases]
    votes = [
        [o for _, o in run_cases(drafted.runnable(p), inputs, sandbox, suite.limits)]
        for p in passing
    ]
    agreed = []
    for i, case in enumerate(inputs):
        ran = [outcomes[i] for outcomes in votes if i < len(outcomes)]
        values = [_answer_of(outcome, case) for outcome in ran if outcome.status == "ok"]
        keys = [json.dumps(encode(value), sort_keys=True) for value in values]
        if keys:
            key, count = Counter(keys).most_common(1)[0]
            if count * 2 > len(passing):
                agreed.append(replace(case, expected=values[keys.index(key)], has_expected=True,
                                      note="majority"))  # fmt: skip
    return replace(
        suite,
        cases=suite.cases + tuple(agreed),
        oracle="majority",
        signature=drafted.signature,
        preamble=drafted.preamble,
    )


def _safe(verdict: Verdict) -> Verdict:
    """A candidate that the security policy blocks is not an answer, however right it is."""
    blocked = [f for f in verdict.findings if f["action"] in ("block", "regenerate")]
    if not verdict.accepted or not blocked:
        return verdict
    told = f"right, but line {blocked[0]['line']} is unsafe ({blocked[0]['cwe']})"
    return replace(verdict, status="security", message=f"{told}: {blocked[0]['message']}")


def _answer_of(outcome: Outcome, case: Case) -> Any:
    return outcome.value if case.stdin is None else outcome.stdout


def _within(verdict: Verdict, time_budget: str | None, memory_budget: str | None) -> Verdict:
    """A verdict that is over a budget, or not known to be within it, is not an answer."""
    if not verdict.accepted:
        return verdict
    for budget, growth, what, status in (
        (time_budget, verdict.time, "time", "time_limit"),
        (memory_budget, verdict.memory, "memory", "memory_limit"),
    ):
        if budget is not None and class_rank(growth.big_o) > class_rank(budget):
            message = f"right, but its {what} is {growth.big_o}, over the budget of {budget}"
            return replace(verdict, status=status, message=message)  # type: ignore[arg-type]
    return verdict


def _answer(
    problem: Problem,
    engine: str,
    unique: Sequence[tuple[Completion, int]],
    verdicts: Sequence[Verdict],
    suite: Suite | None,
) -> Answer:
    order = rank([(c.code, v) for (c, _), v in zip(unique, verdicts, strict=True)])
    best = verdicts[order[0]]
    # no suite was made: not one of them can be called
    checked = suite is None or (suite.oracle != "none" and bool(suite.cases))
    proven = best.accepted and checked
    candidates = tuple(
        Candidate(
            code=unique[i][0].code,
            verdict=verdicts[i],
            origin=_origin(unique[i][0]),
            copies=unique[i][1],
            why=_why(verdicts[i], best, first=position == 0, proven=proven),
            steered=unique[i][0].steered,
        )
        for position, i in enumerate(order)
    )
    if not checked:
        message = (
            "no example, test or second opinion says what is right, so nothing can be proven: "
            "add examples to the statement"
        )
    elif proven:
        message = f"proven on {best.cases.passed} cases ({best.cases.oracle})"
    else:
        message = f"none of {len(candidates)} candidates holds: {best.message}"
    return Answer(
        problem=problem.name,
        code=candidates[0].code if proven else None,
        verdict=best if proven else None,
        candidates=candidates,
        engine=engine,
        message=message,
    )


def _origin(completion: Completion) -> str:
    """The engine or model, and what it says of where the program comes from."""
    named = [completion.notes[key] for key in ("problem", "solution") if key in completion.notes]
    return ": ".join([completion.model, *named])


def _why(verdict: Verdict, best: Verdict, *, first: bool, proven: bool) -> str:
    if first and proven:
        return "best: right, then cheapest class, steps, memory, length"
    if first or not proven:
        return verdict.message
    return why_behind(verdict, best)
