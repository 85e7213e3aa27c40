"""Which of several programs is best: correct first, then class, steps, memory, length."""

from collections.abc import Sequence

from nlogn.complexity import bigo
from nlogn.judge.verdict import Verdict

_WORST = float("inf")


def ranking_key(code: str, verdict: Verdict) -> tuple[float, ...]:
    """Sorts the better program first.

    Rejected programs come last, those that pass more cases before those that pass fewer.
    An unknown class ranks behind every known one.
    """
    if not verdict.accepted:
        report = verdict.cases
        total = report.passed + report.failed
        share = report.passed / total if total else 0.0
        return (1.0, -share, 0.0, 0.0, float(len(code)))
    return (
        0.0,
        class_rank(verdict.time.big_o),
        _WORST if verdict.steps is None else float(verdict.steps),
        class_rank(verdict.memory.big_o),
        float(len(code)),
    )


def class_rank(big_o: str) -> float:
    """Position of a class from cheap to dear; unknown is the dearest."""
    return _WORST if big_o == "unknown" else float(bigo.rank(bigo.parse(big_o)))


def rank(candidates: Sequence[tuple[str, Verdict]]) -> list[int]:
    """Indices of (code, verdict) pairs, best first; equal ones keep their order."""
    return sorted(range(len(candidates)), key=lambda i: ranking_key(*candidates[i]))


def score(verdict: Verdict, best_time: str | None = None) -> float | None:
    """One number in [0, 1] for a reward; None for `system_error`, which must mask it.

    A rejected program gets at most 0.4, its share of passed cases; an accepted one 1.0, less
    0.1 for each class that its time lies behind `best_time`, but never below 0.5.
    """
    if verdict.status == "system_error":
        return None
    if not verdict.accepted:
        total = verdict.cases.passed + verdict.cases.failed
        return 0.4 * verdict.cases.passed / total if total else 0.0
    if best_time is None:
        return 1.0
    behind = class_rank(verdict.time.big_o) - class_rank(best_time)
    return max(0.5, 1.0 - 0.1 * max(0.0, behind))


def why_behind(verdict: Verdict, winner: Verdict) -> str:
    """In one phrase, what a candidate lost to the winner on."""
    if not verdict.accepted:
        return verdict.message
    if class_rank(verdict.time.big_o) != class_rank(winner.time.big_o):
        return f"time {verdict.time.big_o} against {winner.time.big_o}"
    if verdict.steps is not None and winner.steps is not None and verdict.steps != winner.steps:
        return f"{verdict.steps / max(winner.steps, 1):.2f} times the steps"
    if verdict.memory.big_o != winner.memory.big_o:
        return f"memory {verdict.memory.big_o} against {winner.memory.big_o}"
    return "longer"
