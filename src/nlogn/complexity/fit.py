"""From (size, cost) points to a class.

For each class g, cheapest first, non-negative least squares on the relative error fits
cost ~ a g(n) + lower terms to the tail of the points. A class always has the cheaper ones among
its lower terms, so residuals only fall as classes grow: the answer is the first class whose
residual is close to the best that any reaches. Counts are exact, so the right class leaves a
residual near zero.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Data = Sequence[tuple[float, float]]  # (n, cost)


@dataclass(frozen=True, slots=True)
class Fit:
    """`name` is a class's name in `bigo`, or "unknown"; residuals are relative (rms)."""

    name: str
    confidence: float
    runner_up: str | None
    residual: float


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "1": lambda n: 1.0,
    "log n": lambda n: math.log2(n + 1),
    "log^2 n": lambda n: math.log2(n + 1) ** 2,
    "sqrt n": lambda n: math.sqrt(n),
    "sqrt n log n": lambda n: math.sqrt(n) * math.log2(n + 1),
    "n": lambda n: float(n),
    "n log log n": lambda n: n * math.log2(math.log2(n + 1) + 1),
    "n log n": lambda n: n * math.log2(n + 1),
    "n log^2 n": lambda n: n * math.log2(n + 1) ** 2,
    "n sqrt n": lambda n: n * math.sqrt(n),
    "n^2": lambda n: float(n) ** 2,
    "n^2 log n": lambda n: n * n * math.log2(n + 1),
    "n^3": lambda n: float(n) ** 3,
    "n^3 log n": lambda n: float(n) ** 3 * math.log2(n + 1),
    "n^4": lambda n: float(n) ** 4,
    "n^5": lambda n: float(n) ** 5,
}
LOWER: dict[str, tuple[str, ...]] = {
    "1": (),
    "log n": ("1",),
    "log^2 n": ("1", "log n"),
    "sqrt n": ("1", "log n"),
    "sqrt n log n": ("1", "log n", "sqrt n"),
    "n": ("1", "log n", "sqrt n"),
    "n log log n": ("1", "log n", "sqrt n", "n"),
    "n log n": ("1", "log n", "sqrt n", "n"),
    "n log^2 n": ("1", "n", "n log n"),
    "n sqrt n": ("1", "n", "n log n"),
    "n^2": ("1", "n", "n log n", "n sqrt n"),
    "n^2 log n": ("1", "n", "n log n", "n^2"),
    "n^3": ("1", "n", "n^2", "n^2 log n"),
    "n^3 log n": ("1", "n^2", "n^2 log n", "n^3"),
    "n^4": ("1", "n^2", "n^3", "n^3 log n"),
    "n^5": ("1", "n^3", "n^4"),
}
# Where these fit as well, a small n log n over a large n is what it is.
_NEXT = {"n log log n": "n log n"}
HUGE = 1 << 24  # a number as size, not a length
# A logarithm that adds less than this many steps at each doubling is a branch taken or not.
_PER_DOUBLING = 0.15
_FEW, _WIDE = 6, 4.0  # sizes, and the factor that size and cost grow by, at least, in a fit
_GOOD = 0.1  # rms relative error that is worth leaving sizes out for
FLOOR = 0.03  # rms relative error that may be noise
_TOO_FAR = 0.35  # rms relative error: nothing fits
# Rare classes have to earn their place: a common one explains the same points.
RARE = {"log^2 n": 3.0, "sqrt n log n": 3.0, "n log log n": 3.0, "n log^2 n": 2.0,
         "n sqrt n": 2.0, "n^3 log n": 2.0, "n^5": 2.0}  # fmt: skip


def fit(points: Data, *, floor: float = FLOOR) -> Fit:
    """The class of a number of steps; `floor` is the relative error that is taken for noise.

    Args:
        points: sizes ascending and distinct, costs positive.
    """
    data = [(float(n), float(y)) for n, y in points if y > 0]
    if len(data) < 4:
        return Fit("unknown", 0.0, None, math.inf)
    fast = super_polynomial(data, 0.33)
    if fast is not None:
        return fast
    low, high = min(y for _, y in data), max(y for _, y in data)
    if high - low <= _PER_DOUBLING * math.log2(data[-1][0] / max(data[0][0], 1.0)):
        return Fit("1", 0.95, "log n", 0.0)
    table = _from_the_start(tail_of(data), floor)
    best = min(loss for loss, _ in table.values())
    return choose(table, max(min(floor, 8 * best), 0.008))


def _from_the_start(tail: list[tuple[float, float]], floor: float) -> dict[str, Any]:
    """Residuals without the smallest sizes, where these keep every class from fitting: they sit
    on a plateau, or a negative lower term (n - 20 windows) still rules them."""
    table = residuals(tail)
    best = min(loss for loss, _ in table.values())
    for start in range(1, len(tail) - _FEW + 1):
        if best <= floor or any(tail[-1][i] < _WIDE * tail[start][i] for i in (0, 1)):
            break
        later = residuals(tail[start:])
        loss = min(loss for loss, _ in later.values())
        if loss < min(best / 2, _GOOD):
            table, best = later, loss
    return table


def misfit(points: Data, name: str) -> float:
    """The rms relative error that `fit` sees for one class; inf where it is exponential."""
    table = _from_the_start(tail_of([(float(n), float(y)) for n, y in points if y > 0]), FLOOR)
    return table[name][0] if name in table else math.inf


def tail_of(data: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The last octaves: at least 6 points and a factor of 8 in size where there are so many."""
    top = data[-1][0]
    if top > HUGE:  # a number as size: the whole width is evidence
        return [d for d in data if d[0] >= 16]
    keep = [d for d in data if d[0] >= max(top / 64, 4)]
    return keep if len(keep) >= 6 else data[-max(6, len(keep)) :]


def nnls(columns: Sequence[Sequence[float]], target: Sequence[float]) -> tuple[float, Any]:
    """(rms residual, coefficients) of non-negative least squares."""
    import numpy as np
    from scipy.optimize import nnls as solve

    a = np.array(columns, dtype=float).T
    scale = np.maximum(np.sqrt((a * a).sum(axis=0)), 1e-300)
    x, norm = solve(a / scale, np.array(target, dtype=float))
    return float(norm) / math.sqrt(len(target)), x / scale


def _variants(name: str, function: Callable[[float], float], smallest: float) -> list[Any]:
    """A class's own term, for loops that start late (n - 1, n - 2) and for logarithms of a part
    of n: what would otherwise need a negative lower term."""
    out: list[Any] = [function]
    if name != "1":
        out += [lambda n, s=s: function(n + s) for s in (-1.0, -2.0, 1.0) if smallest + s >= 1]
    if name in ("log n", "n log n", "n^2 log n"):
        power = name.count("n") - 1 + name.count("^2")
        out += [lambda n, c=c: n**power * math.log2(1 + n / c) for c in (3.0, 8.0)]
    if name in ("n^2", "n^2 log n", "n^3", "n^3 log n", "n^4"):
        late = [s for s in (4.0, 8.0, 16.0) if smallest >= 2 * s - 1]
        out += [lambda n, s=s: function(n - s) for s in late]
    return out


def residuals(data: Data) -> dict[str, tuple[float, float]]:
    """Per class: relative rms residual, and the share of its own term at the largest size."""
    out = {}
    top = data[-1][0]
    for name, function in FUNCTIONS.items():
        best = (math.inf, 0.0)
        lower = [[FUNCTIONS[other](n) / y for n, y in data] for other in LOWER[name]]
        for own in _variants(name, function, data[0][0]):
            loss, x = nnls([[own(n) / y for n, y in data], *lower], [1.0] * len(data))
            if loss < best[0] - 1e-9:
                best = (loss, float(x[0] * own(top) / data[-1][1]))
        out[name] = best
    return out


def choose(
    table: dict[str, tuple[float, float]],
    floor: float,
    lax: dict[str, float] = {},  # noqa: B006 (read only)
    strict: dict[str, float] = RARE,
) -> Fit:
    """The first class close to the best; `lax` are residuals that are good enough for a class,
    `strict` how many times better a class has to be."""
    best = min(loss for loss, _ in table.values())
    limit = max(1.35 * best, floor)
    order = list(table)
    chosen = next(
        (
            name
            for name in order
            if table[name][0] <= max(limit / strict.get(name, 1.0), lax.get(name, 0.0))
        ),
        "unknown",
    )
    if chosen == "unknown":
        chosen = min((name for name in order if name not in RARE), key=lambda k: table[k][0])
    after = _NEXT.get(chosen)
    if after and table[after][0] <= 1.2 * table[chosen][0]:
        chosen = after
    if table[chosen][0] > _TOO_FAR:
        return Fit("unknown", 0.0, None, best)
    others = [n for n in order if n != chosen and (n not in RARE)]
    at = order.index(chosen)
    below = [n for n in others if order.index(n) < at]
    above = [n for n in others if order.index(n) > at]
    mine = max(table[chosen][0], 1e-4)
    gap = min(table[below[-1]][0] / mine, 1e3) if below else 1e3
    runner = None
    if below and (not above or gap < 30 or table[chosen][1] < 0.3):
        runner = below[-1]
    elif above:
        runner = above[0]
    confidence = 1 - math.exp(-0.35 * math.log2(1 + gap)) if below else 0.95
    confidence *= 1 / (1 + 4 * table[chosen][0])
    return Fit(chosen, round(min(confidence, 0.99), 3), runner, table[chosen][0])


def _bends_up(points: list[tuple[float, float]]) -> bool:
    """Whether the logarithm of the cost is more a line in n than one in log n."""
    import numpy as np

    top, most = points[-1]
    upper = [(n, y) for n, y in points if n >= top / 4]
    if len(upper) < 4:
        return True
    half, base = min(upper, key=lambda p: abs(p[0] - top / 2)), points[0][1]
    if most - base < 8 * (half[1] - base):  # a jump of a table, say
        return False
    # Without the last size, too: one that is noisy must not decide.
    for some in (upper, upper[:-1]) if len(upper) > 5 else (upper,):
        logs = np.log([y for _, y in some])
        sizes = np.array([n for n, _ in some])
        misses = []
        for x in (sizes, np.log(sizes)):
            columns = np.stack([x, np.ones(len(x))], axis=1)
            weights, *_ = np.linalg.lstsq(columns, logs, rcond=None)
            misses.append(float(((columns @ weights - logs) ** 2).sum()))
        if misses[0] >= misses[1]:
            return False
    return True


def super_polynomial(data: list[tuple[float, float]], steep: float) -> Fit | None:
    """2^n and n!, or None where the points grow no faster than n^5. A factorial's cost grows
    by a factor near n per unit: by more than `steep` times n."""
    last = [d for d in data if d[0] >= (4 if data[-1][0] >= 8 else 2)]
    if len(last) < 4 or last[-1][0] > 400:
        return None
    (n0, y0), (n1, y1) = last[-2], last[-1]
    slope = math.log(y1 / y0) / math.log(n1 / n0)
    middle = len(last) // 2
    (na, ya), (nb, yb) = last[middle - 1], last[middle]
    early = math.log(yb / ya) / math.log(nb / na)
    if slope < 4.6 or slope < 1.12 * early or not _bends_up(last):
        return None
    # ln(y[i+1] / y[i]) per unit of n: flat for an exponential, ln n for a factorial.
    base = data[0][1]
    soon = [(n, y - base) for n, y in data if y > 2 * base]
    grown = [(n, y - base) for n, y in last if y > 16 * base]
    grown = grown if len(grown) >= 4 or len(soon) < 3 else soon
    rates = [
        ((a + b) / 2, math.log(yb / ya) / (b - a))
        for (a, ya), (b, yb) in itertools.pairwise(grown[-6:])
        if yb > ya
    ]
    if len(rates) < 2:
        return None
    (u, r0), (v, r1) = rates[0], rates[-1]
    bend = (math.exp(min(r1, 50)) / math.exp(min(r0, 50))) if r1 > r0 else 1.0
    power = math.log(bend) / math.log(v / u) if v > u else 0.0
    factor = math.exp(min(r1, 50))
    factorial = (power > 0.45 and factor > steep * n1) or (power > 0.15 and factor > 0.9 * n1 > 5)
    name = "n!" if factorial else "2^n"
    confidence = 0.9 if len(last) >= 6 else 0.7
    return Fit(name, confidence, "2^n" if name == "n!" else "n!", 0.0)
