"""`check_problem`: does every solution of a problem do what its file declares?

Right solutions are accepted on the examples, on what exposes the wrong ones, on the generators'
inputs of every shape and on those that the judge draws; wrong ones are rejected on the input that
exposes them; the declared classes are those that measurement finds.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from nlogn.complexity import cheaper, measure, parse
from nlogn.complexity.growth import Growth
from nlogn.judge.judging import syntax_problem
from nlogn.judge.making import SIZES, called, declared_suite, made_inputs, suite_for
from nlogn.judge.pool import map_ordered
from nlogn.judge.running import Judged, ask_checker, checked_by, run_suite
from nlogn.judge.structure import missing_structure
from nlogn.judge.suite import LIMITED, Suite, SuiteError, failure, run_cases
from nlogn.judge.yardstick import own_inputs
from nlogn.problems.literals import shorten
from nlogn.problems.problem import Case, Problem, Solution, WrongSolution
from nlogn.sandbox import Outcome, Program, Sandbox

Kind = Literal["structure", "generator", "right", "wrong", "time", "memory", "system"]
LARGER, UNEQUAL = (21, 34), ((2, 3), (5, 2), (9, 9), (3, 12))  # beside the suite's own sizes
DEAR_S = 0.5  # what a solution of a dear class may spend on one input


class PartError(ValueError):
    """There is no such part."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not hold, and what to do about it. `solution` is "" where it concerns
    the problem as a whole; the kind "system" is a failure of ours."""

    problem: str
    solution: str
    kind: Kind
    message: str

    def __str__(self) -> str:
        where = f"{self.problem}, {self.solution}" if self.solution else self.problem
        return f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class ProblemCheck:
    """What was found of one problem.

    `cases` is how many inputs each right solution was run on; `unaided` counts the wrong
    solutions that the judge rejects without their exposing inputs; of `classes` declared classes
    that were measured `confirmed` hold.
    """

    name: str
    faults: tuple[Fault, ...]
    right: int
    wrong: int
    unaided: int
    cases: int
    classes: int
    confirmed: int
    wall_s: float

    @property
    def ok(self) -> bool:
        return not self.faults


def check_problems(
    problems: Sequence[Problem],
    sandbox: Sandbox,
    *,
    seed: int = 0,
    workers: int = 1,
    growth: bool = True,
) -> Iterator[ProblemCheck]:
    """`check_problem` of each, in order, `workers` at a time."""

    def one(problem: Problem) -> ProblemCheck:
        return check_problem(problem, sandbox, seed=seed, growth=growth)

    return map_ordered(one, problems, workers=workers)


def summary(results: Sequence[ProblemCheck]) -> str:
    """What was found of all, in one sentence."""
    faults = sum(len(r.faults) for r in results)
    bad = sum(not r.ok for r in results)
    right, wrong = sum(r.right for r in results), sum(r.wrong for r in results)
    unaided, classes = sum(r.unaided for r in results), sum(r.classes for r in results)
    confirmed = sum(r.confirmed for r in results)
    told = f"{faults} faults in {bad} of" if faults else "all holds in"
    return (
        f"{told} {len(results)} problems: {right} right and {wrong} wrong solutions ({unaided} of "
        f"them found without the input that exposes them), {confirmed} of {classes} declared "
        f"classes confirmed; {sum(r.wall_s for r in results):.0f} s of work"
    )


def part(problems: Sequence[Problem], which: int, of: int) -> list[Problem]:
    """The `which`-th (from 1) of `of` parts, which together are all of them.

    Raises:
        PartError: there is none.
    """
    if of < 1:
        raise PartError("there must be a part at least: write 1/1 for everything")
    if not 1 <= which <= of:
        raise PartError(f"there is no part {which} of {of}: write 1/{of} to {of}/{of}")
    return list(problems[which - 1 :: of])


def check_problem(
    problem: Problem, sandbox: Sandbox, *, seed: int = 0, growth: bool = True, drawn: bool = True
) -> ProblemCheck:
    """Run and measure everything that `problem` declares.

    `growth` off leaves its classes be; `drawn` off leaves out the inputs that the judge draws
    freely, so that what is left takes a fraction of a second.

    Never raises for what is wrong with the problem: that is what the faults say.

    Raises:
        SandboxUnavailable: there is no isolation on this machine.
    """
    began = time.monotonic()
    faults = [Fault(problem.name, "", "structure", text) for text in missing_structure(problem)]
    cases = unaided = classes = 0
    suite, found = _suite(problem, sandbox, seed, drawn)
    faults += found
    if suite is not None:
        cases = len(suite.cases)
        try:
            for solution in problem.solutions:
                faults += _right(problem, solution, suite, sandbox)
            for wrong in problem.wrong:
                missed, alone = _wrong(problem, wrong, suite, sandbox)
                faults += missed
                unaided += alone
        except SuiteError as error:  # it would say the same of every solution
            faults.append(Fault(problem.name, "", "structure", f"{error}: mend the checker"))
    differing: list[Fault] = []
    if growth and problem.generators:
        for solution in problem.solutions:
            if solution.language == "python":
                differing += _growth(problem, solution, sandbox, seed)
                classes += bool(solution.time) + bool(solution.memory)
    confirmed = classes - sum(fault.kind in ("time", "memory") for fault in differing)
    return ProblemCheck(
        problem.name, (*faults, *differing), len(problem.solutions), len(problem.wrong), unaided,
        cases, classes, confirmed, time.monotonic() - began,
    )  # fmt: skip


def _suite(
    problem: Problem, sandbox: Sandbox, seed: int, drawn: bool
) -> tuple[Suite | None, list[Fault]]:
    """The judge's suite and larger inputs of each shape, with the reference's answers; None
    where there is no reference that could give any."""
    if problem.reference is None:
        return None, []
    reference, name = called(problem, problem.reference), problem.reference.name
    if invalid := syntax_problem(reference):
        return None, [Fault(problem.name, name, "right", f"mend it, it cannot run: {invalid}")]
    try:
        suite = declared_suite(problem)
        if drawn:
            suite = suite_for(reference, sandbox, problem=problem, seed=seed)
    except SuiteError as error:
        return None, [Fault(problem.name, name, "right", f"{error}: mend it, it is the reference")]
    more, faults = _made(problem, sandbox, seed)
    answered, slowest = [], suite.reference_wall_s
    failed: dict[object, list[tuple[Case, Outcome]]] = {}
    program = suite.runnable(reference)
    patience = suite.limits.wall_s
    asked = [*problem.exposing, *more]
    for case, outcome in run_cases(program, asked, sandbox, suite.limits, patience_s=patience):
        if outcome.status == "ok":
            got = outcome.value if case.stdin is None else outcome.stdout
            answered.append(replace(case, expected=got, has_expected=True))
            slowest = max(slowest, outcome.wall_s)
        else:
            kind = outcome.error and (outcome.error.type, outcome.error.line)
            failed.setdefault((outcome.status, kind), []).append((case, outcome))
    for alike in failed.values():
        case, outcome = min(alike, key=lambda pair: len(repr(pair[0])))
        count = f" ({len(alike)} such inputs)" if len(alike) > 1 else ""
        text = f"fails ({failure(outcome)}) on {_shown(problem, case)}{count}: "
        text += "mend the one or the other"
        faults.append(Fault(problem.name, name, _kind(outcome), text))
    cases = sorted((*answered, *suite.cases), key=lambda case: len(repr(case.args or case.stdin)))
    suite = replace(suite, cases=tuple(cases), reference_wall_s=slowest)
    return _accepting(problem, suite, sandbox, faults)


def _made(problem: Problem, sandbox: Sandbox, seed: int) -> tuple[list[Case], list[Fault]]:
    """Inputs of each shape, and one fault of each generator that fails or does not fit."""
    cases: list[Case] = []
    told: dict[str, str] = {}
    wanted = None if problem.signature is None else len(problem.signature.parameters)
    for shape, size, outcome in made_inputs(
        problem.generators, sandbox, seed, (*SIZES, *LARGER), UNEQUAL
    ):
        at = f"“{shape}” at size {', '.join(map(str, size))}"
        if outcome.status != "ok":
            told.setdefault(shape, f"{at} fails ({failure(outcome)}): make it work from size 1 on")
            continue
        case = _case(problem, outcome.value, at)
        if wanted in (None, len(case.args or ())):
            cases.append(case)
            continue
        made = "1 argument" if len(case.args or ()) == 1 else f"{len(case.args or ())} arguments"
        entry = problem.signature.entry if problem.signature else ""
        told.setdefault(
            shape,
            f"{at} makes {made} where {entry} takes {wanted}: give one tuple of all arguments, as "
            "in `lambda n, rng: ([7] * n,)`",
        )
    kind: Kind = "generator"
    return cases, [Fault(problem.name, "", kind, f"the generator {text}") for text in told.values()]


def _accepting(
    problem: Problem, suite: Suite, sandbox: Sandbox, faults: list[Fault]
) -> tuple[Suite | None, list[Fault]]:
    """`suite` without the cases whose own right answer the problem's checker refuses, and a fault
    that says so; None where nothing is left."""
    calls = checked_by(suite)
    if suite.checker is None or not calls:
        return suite, faults
    outcomes = ask_checker(suite.checker, [call for _, call in calls], sandbox)
    refused = [
        (case, outcome)
        for (case, _), outcome in zip(calls, outcomes, strict=True)
        if outcome.status == "ok" and outcome.value is not True
    ]
    if not refused:
        return suite, faults
    case, outcome = min(refused, key=lambda pair: len(repr(pair[0])))
    said = "" if outcome.value is False else f" (it returns {shorten(repr(outcome.value))})"
    text = (
        f"the checker refuses the right answer {shorten(repr(case.expected))} to "
        f"{_shown(problem, case)}{said}, {len(refused)} of {len(calls)} times: mend it, "
        "check(args, expected, got) must return True where got is expected"
    )
    faults.append(Fault(problem.name, "", "structure", text))
    bad = {id(case) for case, _ in refused}
    left = tuple(case for case in suite.cases if id(case) not in bad)
    return replace(suite, cases=left) if left else None, faults


def _right(problem: Problem, solution: Solution, suite: Suite, sandbox: Sandbox) -> list[Fault]:
    """Where a right solution is rejected. One that is declared dearer than the reference may run
    out of time, which says nothing against its answers, but not on the examples."""
    program = called(problem, solution)
    if invalid := syntax_problem(program):
        return [Fault(problem.name, solution.name, "right", f"mend it, it cannot run: {invalid}")]
    dear = _dearer(problem, solution)
    if dear:
        suite = _hurried(suite)
    judged = _judged(program, suite, sandbox)
    if isinstance(judged, str):
        return [Fault(problem.name, solution.name, "system", judged)]
    failing = [
        j
        for j in judged
        if j.status != "accepted"
        and not (dear and j.outcome.status in LIMITED and j.case not in problem.examples)
    ]
    if not failing:
        return []
    first = min(failing, key=lambda j: len(repr(j.case)))
    told = failure(first.outcome)
    if first.status == "wrong_answer" and not told:
        whose = "expected" if first.case in problem.examples else "the reference's answer"
        right = shorten(repr(first.case.expected))
        told = f"gives {shorten(repr(_got(first)))} where {right} is {whose}"
    count = f"{len(failing)} of {len(judged)} inputs"
    text = f"{told} on {_shown(problem, first.case)} ({count}): mend it"
    return [Fault(problem.name, solution.name, _kind(first.outcome), text)]


def _hurried(suite: Suite) -> Suite:
    limits = replace(suite.limits, cpu_s=DEAR_S, wall_s=10 * DEAR_S)
    return replace(suite, limits=limits, reference_wall_s=0.0)


def _dearer(problem: Problem, solution: Solution) -> bool:
    assert problem.reference is not None
    try:
        return cheaper(parse(problem.reference.time), parse(solution.time))
    except ValueError:
        return False


def _wrong(
    problem: Problem, wrong: WrongSolution, suite: Suite, sandbox: Sandbox
) -> tuple[list[Fault], bool]:
    """Where a wrong solution is accepted, and whether it is rejected without being exposed."""

    def fault(text: str) -> Fault:
        return Fault(problem.name, wrong.name, "wrong", text)

    program = called(problem, wrong)
    if invalid := syntax_problem(program):
        return [fault(f"it should run and be wrong, but it cannot run: {invalid}")], False
    exposing = tuple(c for c in suite.cases if c.note == f"exposes: {wrong.name}")
    others = tuple(c for c in suite.cases if not c.note.startswith("exposes: "))
    faults = []
    alone = _rejected(program, _hurried(replace(suite, cases=others)), sandbox)
    if wrong.exposed_by is not None and exposing:
        shown = _rejected(program, replace(suite, cases=exposing[:1]), sandbox)
        if shown is False:
            text = f"is right on {_shown(problem, exposing[0])}: give an input that exposes it"
            faults.append(fault(text))
    elif not alone:
        faults.append(fault("is accepted by every input tried: add a test that exposes it"))
    if alone is None:
        faults.append(Fault(problem.name, wrong.name, "system", "the sandbox failed: try again"))
    return faults, bool(alone)


def _rejected(program: Program, suite: Suite, sandbox: Sandbox) -> bool | None:
    judged = _judged(program, suite, sandbox)
    if isinstance(judged, str):
        return None
    return any(j.status != "accepted" for j in judged)


def _judged(program: Program, suite: Suite, sandbox: Sandbox) -> list[Judged] | str:
    """What the program does on the suite, or how we failed to find out.

    Raises:
        SuiteError: the problem's checker fails.
    """
    judged = run_suite(program, suite, sandbox)
    ours = next((j for j in judged if j.status == "system_error"), None)
    return judged if ours is None else f"the sandbox failed, try again: {failure(ours.outcome)}"


def _growth(problem: Problem, solution: Solution, sandbox: Sandbox, seed: int) -> list[Fault]:
    """Declared classes that are not the measured ones."""
    program = called(problem, solution)
    if problem.preamble:
        program = replace(program, code=f"{problem.preamble}\n{program.code}")
    found = measure(program, own_inputs(problem), sandbox=sandbox, seed=seed)
    if found.status != "ok":
        kind: Kind = "system" if found.status == "system_error" else "time"
        return [Fault(problem.name, solution.name, kind, f"was not measured: {found.error}")]
    faults = []
    for kind, declared, growth in (
        ("time", solution.time, found.time),
        ("memory", solution.memory, found.memory),
    ):
        if declared and growth.big_o != declared:
            text = f"its {kind} is declared {declared} and measured {_measured(growth)}: "
            text += "change the declaration, or the generators if they miss the worst case"
            faults.append(Fault(problem.name, solution.name, kind, text))
    return faults


def _measured(growth: Growth) -> str:
    told = f"confidence {growth.confidence:.2f}"
    if growth.runner_up:
        told += f", runner-up {growth.runner_up}"
    return f"{growth.big_o} ({growth.note or told})"


def _case(problem: Problem, made: object, note: str) -> Case:
    if problem.signature is None:
        return Case(stdin=str(made), has_expected=False, note=note)
    args = made if isinstance(made, tuple) else (made,)
    return Case(args=args, has_expected=False, note=note)


def _shown(problem: Problem, case: Case) -> str:
    if case.stdin is not None:
        return f"the stdin {shorten(repr(case.stdin))}"
    name = problem.signature.entry if problem.signature else ""
    return shorten(f"{name}({', '.join(map(repr, case.args or ()))})")


def _got(item: Judged) -> object:
    return item.outcome.value if item.case.stdin is None else item.outcome.stdout


def _kind(outcome: Outcome) -> Kind:
    return "system" if outcome.status == "system_error" else "right"
