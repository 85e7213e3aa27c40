"""Contest ratings: Codeforces deltas, and the performance that a result is worth.

The rules are those that Codeforces published ("Open Codeforces Rating System", M. Mirzayanov,
2015): a contestant's *seed* is the rank expected of them, one plus the sum of the chances that
each other one beats them, by Elo's formula with a scale of 400. The rating that would have the
geometric mean of seed and actual rank as its seed is what they are drawn to, half of the way.
Two corrections keep ratings from inflating: all deltas together sum to just below zero, and those
of the strongest contestants to at most zero.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LOWEST, HIGHEST = -2000, 8000  # of contestants, and of performances
LOWEST_DRAW = 1  # nobody is drawn to less, however bad the result
NEWCOMER = 1400  # what Codeforces takes a first-time contestant's strength to be


@dataclass(frozen=True, slots=True)
class Result:
    """One contestant's result: more points are better, then less penalty."""

    name: str
    points: float
    penalty: float
    rating: int  # before the contest


@dataclass(frozen=True, slots=True)
class Rated:
    """What a contest makes of one contestant.

    `performance` is the rating at which this result would have changed nothing; it is infinite
    for a sole winner, who gains at any rating.
    """

    name: str
    rank: int
    seed: float
    delta: int
    performance: float


def ranks(results: Sequence[Result]) -> list[int]:
    """The place of each result, from 1. Equal results share the last place among them."""
    order = sorted(range(len(results)), key=lambda i: _key(results[i]))
    places = [0] * len(results)
    shared = len(results)
    for position in range(len(order) - 1, -1, -1):
        here = _key(results[order[position]])
        if position + 1 == len(order) or here != _key(results[order[position + 1]]):
            shared = position + 1
        places[order[position]] = shared
    return places


def rate(results: Sequence[Result]) -> list[Rated]:
    """The rank, seed, delta and performance of each result, in the order given.

    O(n log n) in the contestants n, times a constant of the rating range.

    Raises:
        ValueError: fewer than two contestants, a rating that is no whole number in
            [`LOWEST`, `HIGHEST`], or points that are no number.
    """
    import numpy as np

    if len(results) < 2:
        raise ValueError("a contest has at least two contestants")
    for result in results:
        if not LOWEST <= result.rating <= HIGHEST:
            raise ValueError(f"{result.name}: rating {result.rating} is not in -2000..8000")
        if result.rating != int(result.rating):
            raise ValueError(f"{result.name}: rating {result.rating} is no whole number")
        if math.isnan(result.points) or math.isnan(result.penalty):
            raise ValueError(f"{result.name}: points and penalty must be numbers")
    ratings = np.array([int(r.rating) for r in results])
    places = np.array(ranks(results), dtype=float)
    field = _Field(ratings)
    seeds = field.seeds(ratings, ratings)
    deltas = _drawn(field, ratings, ratings, places)
    corrections = _corrections(ratings, deltas)
    performances = _least(
        lambda assumed: _drawn(field, assumed, ratings, places) + corrections <= 0,
        np.full(len(results), LOWEST),
    )
    return [
        Rated(
            result.name,
            int(places[i]),
            float(seeds[i]),
            int(deltas[i] + corrections),
            math.inf if places[i] == 1 else float(performances[i]),
        )
        for i, result in enumerate(results)
    ]


def _key(result: Result) -> tuple[float, float]:
    return (-result.points, result.penalty)


class _Field:
    """The expected rank at every rating of somebody who meets all contestants."""

    def __init__(self, ratings: Any) -> None:
        import numpy as np

        held, counts = np.unique(ratings, return_counts=True)
        grid = np.arange(LOWEST, HIGHEST + 1)
        table = np.ones(len(grid))
        for rating, count in zip(held, counts, strict=True):
            table += count * _beats(rating, grid)
        self.table = table

    def seeds(self, assumed: Any, own: Any) -> Any:
        """Expected ranks at the ratings `assumed`, without one's own self of rating `own`."""
        return self.table[assumed - LOWEST] - _beats(own, assumed)


def _beats(a: Any, b: Any) -> Any:
    """The chance that somebody of rating `a` is placed before one of rating `b` (Elo)."""
    return 1 / (1 + 10 ** ((b - a) / 400))


def _drawn(field: _Field, assumed: Any, own: Any, places: Any) -> Any:
    """Half of the way from the ratings `assumed` to those that the results speak of."""
    import numpy as np

    middle = np.sqrt(places * field.seeds(assumed, own))
    # A lower expected rank needs a higher rating: the last rating whose seed is not below.
    first = np.full(len(places), LOWEST_DRAW + 1)
    needed = _least(lambda rating: field.seeds(rating, own) < middle, first) - 1
    return np.trunc((needed - assumed) / 2).astype(int)


def _least(reached: Any, low: Any) -> Any:
    """Each contestant's least rating from `low` on at which `reached` holds; it holds above."""
    import numpy as np

    high = np.full(len(low), HIGHEST)
    while (low < high).any():
        middle = (low + high) // 2
        there = reached(middle)
        high = np.where(there, middle, high)
        low = np.where(there, low, np.minimum(middle + 1, high))
    return low


def _corrections(ratings: Any, deltas: Any) -> int:
    """What is added to every delta against inflation: first over all, then over the strongest."""
    import numpy as np

    count = len(ratings)
    overall = int(-deltas.sum() / count) - 1
    strongest = np.argsort(-ratings, kind="stable")[: min(4 * round(math.sqrt(count)), count)]
    top = int(-(deltas[strongest] + overall).sum() / len(strongest))
    return overall + min(max(top, -10), 0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One program handed in, `minute` minutes after the start."""

    name: str
    problem: str
    minute: int
    accepted: bool


def scored(
    attempts: Sequence[Attempt], values: dict[str, int], ratings: dict[str, int]
) -> list[Result]:
    """Results by Codeforces points: a problem's value falls by 1/250 of it a minute and by 50 for
    each rejected attempt before the accepted one, to no less than 30 % of it.

    `ratings` are those before the contest; who has none is a newcomer.

    Raises:
        ValueError: a problem that was attempted has no value.
    """
    if unvalued := {attempt.problem for attempt in attempts} - set(values):
        raise ValueError(f"`values` lacks the problems {', '.join(sorted(unvalued))}")
    totals = {attempt.name: 0.0 for attempt in attempts}
    for (name, problem), (minute, rejected) in _solved(attempts).items():
        value = values[problem]
        totals[name] += max(value * 3 / 10, value - value * minute / 250 - 50 * rejected)
    return [Result(n, points, 0, ratings.get(n, NEWCOMER)) for n, points in totals.items()]


def penalised(
    attempts: Sequence[Attempt], ratings: dict[str, int], *, per_rejection: int = 10
) -> list[Result]:
    """Results by problems solved, then penalty: the minutes at which they were solved, and
    `per_rejection` for each rejected attempt before (Codeforces' educational rounds; ICPC: 20)."""
    totals = {attempt.name: (0, 0) for attempt in attempts}
    for (name, _), (minute, rejected) in _solved(attempts).items():
        solved, penalty = totals[name]
        totals[name] = solved + 1, penalty + minute + per_rejection * rejected
    return [Result(n, s, p, ratings.get(n, NEWCOMER)) for n, (s, p) in totals.items()]


def _solved(attempts: Sequence[Attempt]) -> dict[tuple[str, str], tuple[int, int]]:
    """Of each solved (name, problem): its minute, and the rejected attempts before."""
    solved: dict[tuple[str, str], tuple[int, int]] = {}
    rejected: dict[tuple[str, str], int] = {}
    for attempt in sorted(attempts, key=lambda a: a.minute):
        key = attempt.name, attempt.problem
        if key in solved:
            continue
        if attempt.accepted:
            solved[key] = attempt.minute, rejected.get(key, 0)
        else:
            rejected[key] = rejected.get(key, 0) + 1
    return solved
