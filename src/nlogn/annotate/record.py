"""One program judged and measured, as one flat row (see docs/annotate.md for the columns)."""

import hashlib
import json
import time
from dataclasses import replace
from typing import Any

from nlogn import values
from nlogn.annotate.candidates import Candidate
from nlogn.annotate.variants import skeleton
from nlogn.complexity import Complexity
from nlogn.judge import Suite, judge_program
from nlogn.judge.judging import growth_of
from nlogn.judge.verdict import FailingCase, Verdict
from nlogn.judge.yardstick import total_steps
from nlogn.problems.problem import Problem
from nlogn.sandbox import Program, Sandbox

Row = dict[str, Any]
_MOST_INPUT = 20_000  # characters of a failing input


def annotate(
    candidate: Candidate, program: Program, suite: Suite, sandbox: Sandbox, *,
    problem: Problem | None, seed: int, most_steps: int | None = None,
    origin: Complexity | None = None,
) -> tuple[Row, Complexity | None]:  # fmt: skip
    """The row of one program, and its growth: its verdict on `suite` and, where it is accepted,
    how its time and memory grow and its memory by line. What the judge's own failure spoils is
    tried once more.

    Args:
        most_steps: steps are not counted further for a case that takes more.
        origin: the growth of the solution that the program is a variant of; see `grown`.
    """
    began = time.monotonic()
    for _ in range(2):
        verdict = judge_program(program, suite=suite, seed=seed, measure=False, sandbox=sandbox)
        if verdict.status != "system_error":
            break
    growth: Complexity | None = None
    steps = None
    if verdict.accepted and program.language == "python":
        growth = grown(program, suite, sandbox, problem=problem, seed=seed, origin=origin)
        steps = total_steps(program, suite, sandbox, most=most_steps)
    row = {
        **_identity(candidate, problem),
        **_verdict(verdict, suite),
        **_growth(growth),
        "steps": steps,
        "reference_steps": suite.reference_steps,
        "isolation": sandbox.isolation,
        "versions": json.dumps(verdict.versions, sort_keys=True),
        "seconds": time.monotonic() - began,
    }
    return row, growth


def grown(
    program: Program, suite: Suite, sandbox: Sandbox, *, problem: Problem | None, seed: int,
    origin: Complexity | None = None,
) -> Complexity:  # fmt: skip
    """How a program grows: on the shapes of input that decided the classes of `origin`, where
    that finds the same classes and leak; else, or without an origin, on all shapes."""
    if origin is not None and suite.sized:
        decided = {p.shape for p in (*origin.time.points, *origin.memory.points)}
        some = tuple(s for s in suite.sized if s.shape in decided)
        if 0 < len(some) < len(suite.sized):
            found = growth_of(program, replace(suite, sized=some), sandbox,
                              problem=problem, seed=seed, profile=True)  # fmt: skip
            if _told(found) == _told(origin):
                return found
    return growth_of(program, suite, sandbox, problem=problem, seed=seed, profile=True)


def _told(growth: Complexity) -> tuple[str, str, str, bool]:
    return growth.status, growth.time.big_o, growth.memory.big_o, growth.leak is not None


def _identity(candidate: Candidate, problem: Problem | None) -> Row:
    statement = problem.statement if problem else ""
    return {
        "problem": problem.name if problem else "",
        "paradigm": problem.paradigm if problem else "",
        "statement_sha256": _hash(statement) if problem else "",
        "kind": candidate.kind,
        "origin": candidate.origin,
        "transformations": list(candidate.steps),
        "seed": candidate.seed,
        "code": candidate.code,
        "code_sha256": _hash(candidate.code),
        "skeleton_sha256": skeleton(candidate.code),
    }


def _verdict(verdict: Verdict, suite: Suite) -> Row:
    report = verdict.cases
    return {
        "status": verdict.status,
        "message": verdict.message,
        "oracle": report.oracle,
        "cases_passed": report.passed,
        "cases_failed": report.failed,
        "cases_skipped": report.skipped,
        "failing_input": _input(report.smallest_failing),
    }


def _input(failing: FailingCase | None) -> str | None:
    """The failing arguments, or the stdin text, as JSON; None where there is none, or it has no
    JSON form of a reasonable length."""
    if failing is None:
        return None
    given = failing.stdin if failing.args is None else list(failing.args)
    try:
        text = json.dumps(values.encode(given))
    except ValueError:
        return None
    return text if len(text) <= _MOST_INPUT else None


def _growth(growth: Complexity | None) -> Row:
    if growth is None or growth.status != "ok":
        none = dict.fromkeys(
            ("time_class", "time_confidence", "memory_class", "memory_confidence", "largest_n",
             "peak_bytes", "leak_line", "leak_bytes_per_call", "profile_n", "profile_m",
             "profile_peak_bytes")
        )  # fmt: skip
        why = growth.error if growth is not None else None
        return {**none, "unmeasured": why, "time_points": [], "memory_points": [], "lines": []}
    largest = max(growth.memory.points, key=lambda p: (p.n * (p.m or 1), p.cost), default=None)
    profile = growth.profile
    return {
        "time_class": growth.time.big_o,
        "time_confidence": growth.time.confidence,
        "memory_class": growth.memory.big_o,
        "memory_confidence": growth.memory.confidence,
        "unmeasured": None,
        "largest_n": largest.n if largest else None,
        "peak_bytes": int(largest.cost) if largest else None,
        "time_points": _points(growth.time.points),
        "memory_points": _points(growth.memory.points),
        "leak_line": growth.leak.line if growth.leak else None,
        "leak_bytes_per_call": growth.leak.bytes_per_call if growth.leak else None,
        "profile_n": profile.n if profile else None,
        "profile_m": profile.m if profile else None,
        "profile_peak_bytes": profile.peak_bytes if profile else None,
        "lines": [
            {"line": one.line, "peak_bytes": one.peak_bytes, "returned_bytes": one.returned_bytes,
             "retained_bytes": one.retained_bytes}
            for one in (profile.lines if profile else ())
        ],
    }  # fmt: skip


def _points(points: Any) -> list[Row]:
    return [{"n": p.n, "m": p.m, "cost": p.cost, "shape": p.shape} for p in points]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
