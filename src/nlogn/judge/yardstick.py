"""What every candidate of a suite is measured by: the inputs by size, and the reference's steps."""

from dataclasses import replace
from typing import Any

from nlogn.cases.narrow import validated_sized_inputs
from nlogn.cases.sized import SizedInputs
from nlogn.complexity import count_steps
from nlogn.judge.making import typed
from nlogn.judge.suite import Suite
from nlogn.problems.problem import Problem
from nlogn.sandbox import Limits, Program, Sandbox

STEP_CASES = 12


def measurable(suite: Suite, problem: Problem | None, sandbox: Sandbox) -> Suite:
    """`suite` with its sized inputs and its reference's steps, made once for all candidates.

    The inputs are the problem's own generators; else those that fit the reference; without a
    reference there are none that fit all (`fitting_inputs` of each candidate then).
    """
    if suite.sized is not None:
        return suite
    sized: tuple[SizedInputs, ...] = ()
    if problem is not None and problem.generators:
        sized = own_inputs(problem)
    elif suite.reference is not None:
        sized = fitting_inputs(suite.reference, problem, sandbox)
    steps = None if suite.reference is None else total_steps(suite.reference, suite, sandbox)
    return replace(suite, sized=sized, reference_steps=steps)


def own_inputs(problem: Problem) -> tuple[SizedInputs, ...]:
    """The problem's generators as sized inputs."""
    told = "the problem's generator"
    return tuple(SizedInputs(shape, text, told) for shape, text in problem.generators.items())


def fitting_inputs(
    program: Program, problem: Problem | None, sandbox: Sandbox
) -> tuple[SizedInputs, ...]:
    """Sized inputs that fit `program`; none where it is not Python."""
    try:
        return validated_sized_inputs(
            typed(program, problem), sandbox, statement=problem.statement if problem else ""
        )
    except ValueError:
        return ()


def total_steps(
    program: Program, suite: Suite, sandbox: Sandbox, *, most: int | None = None
) -> int | None:
    """The steps of `program` on the largest cases of `suite`; None where it fails on one, or takes
    more than `most` steps for it."""
    calls: list[Any] = [c.args for c in suite.cases if c.args is not None]
    if program.entry is None:
        calls = [c.stdin for c in suite.cases if c.stdin is not None]
    calls = sorted(calls, key=lambda call: len(repr(call)))[-STEP_CASES:]
    if not calls or program.language != "python":
        return None
    limits = Limits(steps=most)
    counts = count_steps(suite.runnable(program), calls, limits, sandbox=sandbox, stop=True)
    return None if None in counts else sum(count or 0 for count in counts)
