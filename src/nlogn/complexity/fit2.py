"""From (n, m, cost) points of a grid to a class of two sizes, by the method of `fit`."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from nlogn.complexity.fit import Fit, nnls
from nlogn.complexity.fit_bytes import BYTES_NOISE

Data = Sequence[tuple[int, int, float]]

_L = math.log2
_TERMS: dict[str, Callable[[float, float], float]] = {
    "1": lambda n, m: 1.0,
    "log n": lambda n, m: _L(n + 1),
    "log m": lambda n, m: _L(m + 1),
    "sqrt n": lambda n, m: math.sqrt(n),
    "sqrt m": lambda n, m: math.sqrt(m),
    "min": lambda n, m: float(min(n, m)),
    "n": lambda n, m: float(n),
    "m": lambda n, m: float(m),
    "n log n": lambda n, m: n * _L(n + 1),
    "m log m": lambda n, m: m * _L(m + 1),
    "n log m": lambda n, m: n * _L(m + 1),
    "m log n": lambda n, m: m * _L(n + 1),
    "(n+m) log(n+m)": lambda n, m: (n + m) * _L(n + m + 1),
    "n sqrt m": lambda n, m: n * math.sqrt(m),
    "n^2": lambda n, m: float(n * n),
    "m^2": lambda n, m: float(m * m),
    "n*m": lambda n, m: float(n * m),
    "n^2 log n": lambda n, m: n * n * _L(n + 1),
    "m^2 log m": lambda n, m: m * m * _L(m + 1),
    "n*m log n": lambda n, m: n * m * _L(n + 1),
    "n*m log m": lambda n, m: n * m * _L(m + 1),
    "n^3": lambda n, m: float(n) ** 3,
    "m^3": lambda n, m: float(m) ** 3,
    "n^2*m": lambda n, m: float(n) * n * m,
    "n*m^2": lambda n, m: float(n) * m * m,
    "n^2*m^2": lambda n, m: float(n * m) ** 2,
    "2^n": lambda n, m: 2.0**n,
    "2^m": lambda n, m: 2.0**m,
    "n*2^m": lambda n, m: n * 2.0**m,
    "m*2^n": lambda n, m: m * 2.0**n,
    "2^(n+m)": lambda n, m: 2.0 ** (n + m),
}
_LOGS = ("1", "log n", "log m")
# The class, its own terms (all of them must be there), and what may be below them.
_CLASSES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("1", ("1",), ()),
    ("log n", ("log n",), ("1",)),
    ("log m", ("log m",), ("1",)),
    ("sqrt n", ("sqrt n",), _LOGS),
    ("sqrt m", ("sqrt m",), _LOGS),
    ("min(n,m)", ("min",), _LOGS),
    ("n", ("n",), _LOGS),
    ("m", ("m",), _LOGS),
    ("n+m", ("n", "m"), _LOGS),
    ("n log n", ("n log n",), ("1", "log m", "n")),
    ("m log m", ("m log m",), ("1", "log n", "m")),
    ("n log m", ("n log m",), (*_LOGS, "n")),
    ("m log n", ("m log n",), (*_LOGS, "m")),
    ("n+m log m", ("n", "m log m"), ("1", "m")),
    ("n log n+m", ("n log n", "m"), ("1", "n")),
    ("n+m log n", ("n", "m log n"), ("1", "m")),
    ("n log m+m", ("n log m", "m"), ("1", "n")),
    ("(n+m) log n", ("n log n", "m log n"), ("1", "n", "m")),
    ("(n+m) log m", ("n log m", "m log m"), ("1", "n", "m")),
    ("(n+m) log(n+m)", ("(n+m) log(n+m)",), ("1", "n", "m")),
    ("(n+m) log(n+m)", ("n log n", "m log m"), ("1", "n", "m")),
    ("n sqrt m", ("n sqrt m",), ("1", "n", "m")),
    ("n^2", ("n^2",), (*_LOGS, "n", "n log n")),
    ("m^2", ("m^2",), (*_LOGS, "m", "m log m")),
    ("n*m", ("n*m",), ("1", "n", "m", "n log m", "m log n")),
    ("n^2+m", ("n^2", "m"), ("1", "n")),
    ("n+m^2", ("n", "m^2"), ("1", "m")),
    ("n^2+m^2", ("n^2", "m^2"), ("1", "n", "m")),
    ("n^2 log n", ("n^2 log n",), ("1", "n", "m", "n^2")),
    ("m^2 log m", ("m^2 log m",), ("1", "n", "m", "m^2")),
    ("n*m log n", ("n*m log n",), ("1", "n", "m", "n*m")),
    ("n*m log m", ("n*m log m",), ("1", "n", "m", "n*m")),
    ("n^3", ("n^3",), ("1", "n", "m", "n^2")),
    ("m^3", ("m^3",), ("1", "n", "m", "m^2")),
    ("n^2*m", ("n^2*m",), ("1", "n", "m", "n*m", "n^2")),
    ("n*m^2", ("n*m^2",), ("1", "n", "m", "n*m", "m^2")),
    ("n^2*m^2", ("n^2*m^2",), ("1", "n*m", "n^2*m", "n*m^2")),
    ("2^n", ("2^n",), ("1", "n", "m")),
    ("2^m", ("2^m",), ("1", "n", "m")),
    ("n*2^m", ("n*2^m",), ("1", "n", "m", "2^m")),
    ("m*2^n", ("m*2^n",), ("1", "n", "m", "2^n")),
    ("2^(n+m)", ("2^(n+m)",), ("1", "2^n", "2^m")),
)
# Tables jump: no reason for a class that memory hardly ever has.
_COMMON, _LAX = ("n", "m", "n+m"), 0.3
_DEGREE = 0.6  # in powers of two: lower terms and saturation bend a slope by less
_SHARE = 0.02  # of the cost, somewhere on the grid, that each of a sum's terms must explain
# Between two sizes these have no common use: they must explain far more than their neighbours.
_RARE = frozenset(["min(n,m)", "sqrt n", "sqrt m", "n sqrt m", "n+m log n", "n log m+m"])


# CPython keeps the integers up to 256: containers of larger ones take more for each.
_KINKS: dict[str, tuple[Callable[[float, float], float], ...]] = {
    "n": (lambda n, m: max(0.0, n - 256), lambda n, m: n * max(0.0, 1 - 256 / m)),
    "m": (lambda n, m: max(0.0, m - 256), lambda n, m: m * max(0.0, 1 - 256 / n)),
    "min": (lambda n, m: max(0.0, min(n, m) - 256),),
    "n*m": (lambda n, m: n * m * max(0.0, 1 - 256 / min(n, m)),),
}


def _even(n: float) -> bool:
    return int(n).bit_length() % 2 == 0


# Sets quadruple: at every other power of two they take twice as much for each of their items.
_STAIRS: dict[str, tuple[Callable[[float, float], float], ...]] = {
    "n": (lambda n, m: n * _even(n), lambda n, m: n * (not _even(n))),
    "m": (lambda n, m: m * _even(m), lambda n, m: m * (not _even(m))),
    "min": (
        lambda n, m: min(n, m) * _even(min(n, m)),
        lambda n, m: min(n, m) * (not _even(min(n, m))),
    ),
}
_SHIFTS = ((0, 0), (-1, 0), (0, -1), (-1, -1), (0, -4), (-4, 0), (-4, -4))


def fit_two(points: Data, *, floor: float = 0.08, offset: float = 0.0) -> Fit:
    """The class of (n, m, cost) points.

    `floor` is the relative error that may be noise; `offset` (bytes) is added to every cost, and
    says that the costs are bytes.
    """
    costs = [y for _, _, y in points]
    if offset and costs and max(costs) - min(costs) <= BYTES_NOISE:
        return Fit("1", 0.9, "log n", 0.0)
    found = Fit("unknown", 0.0, None, math.inf)
    # The smallest sizes first drop out, then, where nothing fits, the middle ones too: what
    # saturates (a set of few distinct values) is a lower term, but not of any class's shape.
    for low in (8, 4, 1) if _count(points, 8) < 16 else (8, 32, 64):
        if low > 8 and _count(points, low) < 10:
            break
        data = [(n, m, y + offset) for n, m, y in points if min(n, m) >= low and y + offset > 0]
        if low < 8 and low > 1 and len(data) < 16:
            continue
        if len({n for n, _, _ in data}) < 3 or len({m for _, m, _ in data}) < 3:
            continue
        now = _fit_two(data, low, floor, offset)
        if now.residual < found.residual:
            found = now
        if found.name != "unknown" and found.residual <= 0.1:
            break
    return found


def _count(points: Data, low: int) -> int:
    return sum(1 for n, m, _ in points if min(n, m) >= low)


def _fit_two(data: Data, low: int, floor: float, offset: float) -> Fit:
    exponential = max(max(n, m) for n, m, _ in data) <= 64
    doubled = _doubled(data, offset)
    columns: dict[str, list[float]] = {}
    found: list[tuple[float, str]] = []
    for name, own, lower in _CLASSES:
        if "2^" in name.replace("^2", "") and not exponential:
            continue
        if (doubled and not _doubles_like(own, doubled, bool(offset))) or (
            offset and name == "n sqrt m"
        ):
            continue
        terms = (*own, *lower)
        for term in terms:
            if term not in columns:
                columns[term] = [_TERMS[term](n, m) / y for n, m, y in data]
        rest, whose = [columns[t] for t in terms], list(terms)
        for term in terms if offset else ():
            bends = (*_KINKS.get(term, ()), *_STAIRS.get(term, ()))
            rest += [[bend(n, m) / y for n, m, y in data] for bend in bends]
            whose += [term] * len(bends)
        loss, x = nnls(rest, [1.0] * len(data))
        if len(own) > 1 and not all(_matters(t, whose, rest, x) for t in own):
            continue
        if "*" in name and low >= 8:  # loops that start late: a constant less in one size
            for s, t in _SHIFTS[1:]:
                rest[0] = [_TERMS[own[0]](n + s, m + t) / y for n, m, y in data]
                loss = min(loss, nnls(rest, [1.0] * len(data))[0])
        found.append((loss, name))
    if not found:
        return Fit("unknown", 0.0, None, math.inf)
    best = min(loss for loss, _ in found)
    limit = max(1.35 * best, min(floor, 4 * best), 0.012)
    lax = dict.fromkeys(_COMMON, min(_LAX, 2 * best)) if offset else {}
    for at, (loss, name) in enumerate(found):
        rare = name in _RARE or (offset and "log" in name and name not in _LOGS)
        if loss <= (limit / 2 if rare else max(limit, lax.get(name, 0.0))):
            others = [(other, n) for other, n in found if n != name]
            runner = min(others)[1] if others else None
            cheaper = [other for other, n in found[:at] if n != name]
            gap = min(min(cheaper) / max(loss, 1e-4), 1e3) if cheaper else 1e3
            confidence = (1 - math.exp(-0.35 * math.log2(1 + gap))) / (1 + 4 * loss)
            if loss > (0.45 if offset else 0.3 if doubled else 0.2):
                break
            return Fit(name, round(min(confidence, 0.99), 3), runner, loss)
    return Fit("unknown", 0.0, None, best)


def _doubled(data: Data, offset: float) -> list[tuple[int, int, float]]:
    """(n, m, log2 of the cost's factor) where both sizes double, at the largest sizes. The bytes
    that every size takes do not count."""
    least = min(y for _, _, y in data) if offset else 0.0
    cost = {(n, m): y - least for n, m, y in data if y > 1.1 * least}
    pairs = [(n, m, _L(cost[2 * n, 2 * m] / y)) for (n, m), y in cost.items()
             if (2 * n, 2 * m) in cost]  # fmt: skip
    return sorted(pairs, key=lambda p: p[0] * p[1])[-6:] if len(pairs) >= 6 else []


def _doubles_like(
    own: Sequence[str], doubled: Sequence[tuple[int, int, float]], jumps: bool
) -> bool:
    """Whether a class's own terms grow, when both sizes double, about as the cost does. Two
    slopes that meet in a bend can otherwise pass for a product."""

    def factor(n: int, m: int) -> float:
        small, large = (sum(_TERMS[t](k * n, k * m) for t in own) for k in (1, 2))
        return _L(max(large, 1e-9) / max(small, 1e-9))

    gaps = sorted(seen - factor(n, m) for n, m, seen in doubled)
    middle = (gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]) / 2
    # Tables grow at one doubling and rest at the next.
    return abs(middle) <= _DEGREE or (jumps and abs(sum(gaps) / len(gaps)) <= _DEGREE)


def _matters(
    term: str, whose: Sequence[str], columns: Sequence[Sequence[float]], weights: Any
) -> bool:
    """Whether a term, with its bends, explains a share of the cost somewhere."""
    parts = [
        [weight * value for value in column]
        for owner, column, weight in zip(whose, columns, weights, strict=True)
        if owner == term
    ]
    return any(sum(at) >= _SHARE for at in zip(*parts, strict=True))
