"""The algorithmic efficiency score: 0 to 10, from counted steps against the best known.

With s the steps of a right program and b those of the best known one, both at the largest size N
that the best known was run at, the *excess exponent* is e = ln(s / b) / ln(N): how much the power
of N in the cost is above the best. The score is 10 (1 - e/2), held within 0 and 10. So a class
one power of N above the best (n^2 for n) scores about 5, two powers score 0, n log n for n about
9 at N = 100,000, and a constant factor of 2 costs 0.3 there. A wrong program scores 0.

A program too slow for N is extrapolated from its largest measured size by its own class. The steps
are deterministic, so the score does not depend on the machine; its interval is over problems.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nlogn.complexity import bigo
from nlogn.complexity.growth import Growth, Point
from nlogn.judge.verdict import Verdict

WORST_EXCESS = 2.0


@dataclass(frozen=True, slots=True)
class Efficiency:
    """One program's score, and what it was made of.

    `ratio` is steps over the best known one's at (`n`, `m`), None for a wrong program;
    `extrapolated` says that the program itself was only run at smaller sizes.
    """

    score: float
    ratio: float | None = None
    n: int = 0
    m: int | None = None
    extrapolated: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the interval that holds it with the given confidence."""

    mean: float
    low: float
    high: float
    confidence: float
    count: int


def efficiency(verdict: Verdict, best: Growth) -> Efficiency | None:
    """The score of a judged program against `best`, the measured time of the best known one.

    None where nothing can be said: the judge itself failed, or the growth of a right program
    could not be measured.

    Raises:
        ValueError: `best` has no measured points.
    """
    if not best.points:
        raise ValueError("the best known solution was not measured")
    if verdict.status == "system_error":
        return None
    if not verdict.accepted:
        return Efficiency(0.0)
    top = max(best.points, key=_work)
    reached = _steps_at(verdict.time, top)
    if reached is None:
        return None
    log_steps, extrapolated = reached
    log_best = max(math.log(p.cost) for p in best.points if _size(p) == _size(top))
    excess = (log_steps - log_best) / math.log(max(*_size(top), 2))
    score = 10 * min(1.0, max(0.0, 1 - excess / WORST_EXCESS))
    ratio = math.exp(min(log_steps - log_best, 700.0))  # 2^n at large n is past any float
    return Efficiency(score, ratio, top.n, top.m, extrapolated)


def mean_score(scores: Sequence[float], *, confidence: float = 0.95, seed: int = 0) -> Interval:
    """The mean of scores over problems with its bootstrap interval (BCa; Efron 1987).

    Raises:
        ValueError: no scores, or one that is no finite number.
    """
    import numpy as np
    from scipy.stats import bootstrap

    if not scores:
        raise ValueError("there are no scores to average")
    if not all(map(math.isfinite, scores)):
        raise ValueError("a score is no finite number: leave out what could not be measured")
    mean = math.fsum(scores) / len(scores)
    if len(set(scores)) == 1:  # nothing to resample: only one value was ever seen
        return Interval(mean, mean, mean, confidence, len(scores))
    found = bootstrap(
        (np.array(scores),), np.mean, confidence_level=confidence, rng=np.random.default_rng(seed)
    ).confidence_interval
    return Interval(mean, float(found.low), float(found.high), confidence, len(scores))


def _size(point: Point) -> tuple[int, int]:
    return point.n, point.m or 0


def _work(point: Point) -> tuple[int, float]:
    return point.n * (point.m or 1), point.cost


def _steps_at(growth: Growth, at: Point) -> tuple[float, bool] | None:
    """ln of the steps at the size of `at`, and whether it was extrapolated."""
    there = [p.cost for p in growth.points if _size(p) == _size(at)]
    if there:
        return math.log(max(there)), False
    if not growth.points or growth.big_o == "unknown":
        return None
    last = max(growth.points, key=_work)
    big_o = bigo.parse(growth.big_o)
    rise = bigo.log_value(big_o, at.n, at.m) - bigo.log_value(big_o, last.n, last.m)
    return math.log(last.cost) + rise, True
