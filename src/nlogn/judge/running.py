"""A program on a suite: what it did with each case, and whether that was right."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nlogn.cases.equal import same
from nlogn.judge import verdict as v
from nlogn.judge.suite import Suite, SuiteError, failure, run_cases
from nlogn.problems.problem import Case
from nlogn.sandbox import Limits, Outcome, Program, Sandbox

CHECKER_PATIENCE = 2  # calls of a checker that may run into a limit
_OUTCOME_STATUS: dict[str, v.Status] = {
    "ok": "accepted",
    "exception": "runtime_error",
    "crashed": "runtime_error",
    "unserialisable": "wrong_answer",
    "invalid": "invalid",
    "wall_limit": "time_limit",
    "cpu_limit": "time_limit",
    "step_limit": "time_limit",
    "memory_limit": "memory_limit",
    "output_limit": "output_limit",
    "forbidden": "security",
    "system_error": "system_error",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One case beside what the program did with it."""

    case: Case
    outcome: Outcome
    status: v.Status


def run_suite(program: Program, suite: Suite, sandbox: Sandbox) -> list[Judged]:
    """`program` on the cases of `suite`, each with its status, up to the first limit it hits."""
    runnable, limits = suite.runnable(program), candidate_limits(suite)
    judged = [
        Judged(case, outcome, _status(case, outcome, suite))
        for case, outcome in run_cases(runnable, suite.cases, sandbox, limits)
    ]
    checkers = {_checker(item.case, suite) for item in judged} - {None}
    for checker in sorted(filter(None, checkers)):
        judged = _checked(judged, checker, suite, sandbox)
    return judged


def checked_by(suite: Suite) -> list[tuple[Case, tuple[Any, ...]]]:
    """The cases that the suite's checker judges, each with (args, expected, expected): what it
    is asked of the right answer itself."""
    return [
        (case, (_args(case), case.expected, case.expected))
        for case in suite.cases
        if suite.checker is not None and case.has_expected and not case.check and not case.script
    ]


def _args(case: Case) -> tuple[Any, ...] | None:
    return case.args if case.stdin is None else (case.stdin,)


def _checker(case: Case, suite: Suite) -> str | None:
    """The source of the function that says whether an answer to `case` is right, if there is."""
    if case.check:
        return f"import math\n\n\ndef check(args, expected, got):\n    return bool({case.check})\n"
    return None if case.script else suite.checker


def candidate_limits(suite: Suite) -> Limits:
    """A reference that is itself slow on a case widens the limit: load must not fail a program."""
    slow = 10 * suite.reference_wall_s
    return replace(
        suite.limits, wall_s=max(suite.limits.wall_s, slow), cpu_s=max(suite.limits.cpu_s, slow)
    )


def _status(case: Case, outcome: Outcome, suite: Suite) -> v.Status:
    status = _OUTCOME_STATUS[outcome.status]
    if outcome.status == "exception" and suite.oracle == "none":
        return status if _is_defect(outcome) else "accepted"
    if case.script and outcome.error is not None and outcome.error.type == "AssertionError":
        return "wrong_answer"
    if status != "accepted" or not case.has_expected or _checker(case, suite) is not None:
        return status
    if case.stdin is not None:
        right = same_text(str(case.expected), outcome.stdout, suite.tolerance)
    elif suite.from_json:
        right = same(_lists(case.expected), _lists(outcome.value), tolerance=suite.tolerance)
    else:
        right = same(case.expected, outcome.value, tolerance=suite.tolerance)
    return "accepted" if right else "wrong_answer"


def _lists(value: Any) -> Any:
    """`value` as JSON can say it: lists for tuples, text for the keys of objects."""
    if isinstance(value, (list, tuple)):
        return [_lists(item) for item in value]
    if type(value) is dict:
        return {k if isinstance(k, str) else json.dumps(k, default=repr): _lists(item)
                for k, item in value.items()}  # fmt: skip
    return value


_ALWAYS_DEFECTS = {"NameError", "UnboundLocalError", "RecursionError", "ModuleNotFoundError"}


def _is_defect(outcome: Outcome) -> bool:
    """Whether an exception tells against the program when nobody says what is right.

    A refusal by `raise` or `assert` may be meant, and a failed lookup may be an input outside
    the domain; a name that does not exist never is.
    """
    error = outcome.error
    if error is None:
        return True
    if error.type in _ALWAYS_DEFECTS:
        return True
    return error.type in ("AttributeError", "TypeError") and "'NoneType'" in error.message


def same_text(expected: str, got: str, tolerance: float) -> bool:
    """Whether two outputs agree token by token, as contest judges compare."""
    left, right = expected.split(), got.split()
    if left == right:
        return True
    if not tolerance or len(left) != len(right):
        return False
    return all(_same_token(a, b, tolerance) for a, b in zip(left, right, strict=True))


def _same_token(a: str, b: str, tolerance: float) -> bool:
    if a == b:
        return True
    try:
        return same(float(a), float(b), tolerance=tolerance)
    except ValueError:
        return False


def _checked(judged: list[Judged], source: str, suite: Suite, sandbox: Sandbox) -> list[Judged]:
    """Ask a checker, in a process of its own, about the answers that it is meant for."""

    def concerns(item: Judged) -> bool:
        return item.status == "accepted" and _checker(item.case, suite) == source

    asked = [j for j in judged if concerns(j)]
    calls = [
        (_args(j.case), j.case.expected,
         j.outcome.value if j.case.stdin is None else j.outcome.stdout)
        for j in asked
    ]  # fmt: skip
    verdicts = iter(ask_checker(source, calls, sandbox))
    out = []
    for item in judged:
        if concerns(item):
            outcome = next(verdicts)
            if outcome.status != "ok" and not _is_answers_fault(item, source, sandbox):
                raise SuiteError(f"the problem's checker failed ({failure(outcome)})")
            right = outcome.status == "ok" and outcome.value is True
            item = item if right else replace(item, status="wrong_answer")
        out.append(item)
    return out


def ask_checker(source: str, calls: Sequence[tuple[Any, ...]], sandbox: Sandbox) -> list[Outcome]:
    """What a checker says of each (args, expected, got). After `CHECKER_PATIENCE` calls that did
    not end, or ended its process, the others are taken to do the same, without being made."""
    outcomes: list[Outcome] = []
    for _ in range(CHECKER_PATIENCE):
        left = calls[len(outcomes) :]
        if left:
            outcomes += sandbox.call(Program(source, "check"), left, Limits(), stop_on_limit=True)
    return outcomes + outcomes[-1:] * (len(calls) - len(outcomes))


def _is_answers_fault(item: Judged, source: str, sandbox: Sandbox) -> bool:
    """Whether a checker that failed on an answer knows what to say of the right one: then it was
    the answer that made no sense, such as a number where text is wanted."""
    case = item.case
    if not case.has_expected:
        return False
    call = (_args(case), case.expected, case.expected)
    (outcome,) = sandbox.call(Program(source, "check"), [call], Limits())
    return outcome.status == "ok" and outcome.value is True
