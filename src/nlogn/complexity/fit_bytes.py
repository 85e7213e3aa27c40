"""From (size, peak of bytes) points to a class, knowing how CPython allocates.

As `fit`, with a constant that is nobody's, integers that cost nothing up to 256 (so that a list
of counts or indices has a kink in its growth, which is no growth of a higher class), and tables
that jump: dicts double, sets quadruple.
"""

import itertools
import math

from nlogn.complexity.fit import (
    FLOOR,
    FUNCTIONS,
    HUGE,
    LOWER,
    RARE,
    Data,
    Fit,
    choose,
    nnls,
    residuals,
    super_polynomial,
    tail_of,
)

# An interpreter allocates so many bytes here and there whatever the program does.
BYTES_OFFSET = 192.0
BYTES_NOISE = 160.0
_PER_DOUBLING, _MOST_NOISE = 24.0, 256.0  # integers grow by four bytes, now and then
_LAX = 0.14
_JUMPS = 200.0  # times the best residual, that `_LAX` allows
_BENT = 0.03  # rms relative error, up to which two kinks explain a growth
_WINDOW = 7.9  # how many times larger the last size is than where growth has ended
_STEP = 0.02  # of a plateau's cost, that may be noise

# Growth that starts late: containers of integers up to 256 cost less than of larger ones, and an
# integer that is an index, twice one, or half of one, passes 256 at another size.
_KINKS: dict[str, tuple[float, ...]] = {
    "n": (128.0, 256.0, 512.0, 1024.0),
    "sqrt n": (256.0,),
    "log n": (8.0,),
    "n^2": (256.0, 1024.0, 4096.0),
}


def fit_bytes(points: Data, *, floor: float = FLOOR) -> Fit:
    """The class of a peak of bytes.

    Args:
        points: sizes ascending and distinct, peaks in bytes above what the arguments take.
    """
    if len(points) < 4:
        return Fit("unknown", 0.0, None, math.inf)
    if _is_constant(points):
        return Fit("1", 0.9, "log n", 0.0)
    fast = super_polynomial([(float(n), max(float(y), 1.0)) for n, y in points], 0.6)
    if fast is not None:
        return fast
    data = [(float(n), max(float(y), 0.0) + BYTES_OFFSET) for n, y in points]
    found = _class(tail_of(data), floor)
    if len(data) > 6 and data[-1][0] >= 1000:
        # One jump of a table at the very end is not a higher class: it has to show before, too.
        before = _class(tail_of(data[:-1]), floor)
        if before.name != "unknown" and _ORDER[before.name] < _ORDER.get(found.name, 99):
            return before
    return found


_ORDER = {name: i for i, name in enumerate(FUNCTIONS)}


def _is_constant(points: Data) -> bool:
    """Whether there is no growth, or none that goes on.

    What grows with the logarithm has one more entry, or one more frame, at each doubling.
    """
    (least, _), (top, last) = points[0], points[-1]
    low, high = min(y for _, y in points), max(y for _, y in points)
    doublings = math.log2(top / max(least, 1.0))
    if high - low <= max(BYTES_NOISE, min(_PER_DOUBLING * doublings, _MOST_NOISE)):
        return True
    if top > HUGE:
        end = [y for n, y in points if n >= 1 << 20]
        return max(end) - min(end) <= BYTES_NOISE / 2
    if top < 1000:
        return False
    # Numbers that leave the small ones, or a container that has reached its bound.
    recent = [y for n, y in points if n * _WINDOW >= top]
    wide = least * _WINDOW <= top and len(recent) > 2
    if wide and max(recent) - min(recent) <= max(_STEP * last, 32):
        return True
    quarter = [y for n, y in points if n <= top / 3.9]
    if high - low <= 512 and quarter and last <= quarter[-1]:
        return True
    # A bounded container of numbers that leave the small ones: nothing before grows at all.
    early = [y for n, y in points if n * 16 <= top]
    if top >= 512 * least and max(early) - min(early) <= 16 and high - low < low / 2:
        return True
    return _is_one_step([y for _, y in points], top / least)


def _is_one_step(costs: list[float], width: float) -> bool:
    """Whether all costs lie on two levels, less than a factor of two apart: a table that grew
    once, since what was deleted from it left its marks."""
    low, high = min(costs), max(costs)
    near = [y - low <= _STEP * low for y in costs]
    far = [high - y <= _STEP * high for y in costs]
    return width >= 64 and high < 2 * low and all(a or b for a, b in zip(near, far, strict=True))


def _class(data: list[tuple[float, float]], floor: float) -> Fit:
    table = residuals(data)
    least = min(_BENT, *(loss for loss, _ in table.values()))
    for name, late in _KINKS.items():
        own = [[g(n) / y for n, y in data] for g in (FUNCTIONS[name], lambda n: 1.0)]
        bent = [[max(0.0, FUNCTIONS[name](n) - start) / y for n, y in data] for start in late]
        for kinks in (*([b] for b in bent), *itertools.pairwise(bent)):
            loss, _ = nnls([*own, *(b for b in kinks if any(b))], [1.0] * len(data))
            if loss < min(table[name][0], least / 2 if len(kinks) > 1 else 1.0):
                table[name] = (loss, 1.0)
    if data[-1][1] < data[-1][0] / 8:  # each item takes a bit at least
        table = {name: table[name] for name in table if _ORDER[name] < _ORDER["n"]}
    best = min(loss for loss, _ in table.values())
    if best > 0.05:
        stairs = _stairs(data)
        if stairs and min(loss for loss, _ in stairs.values()) < 0.5 * best:
            table, best = stairs, min(loss for loss, _ in stairs.values())
    # Tables jump and temporary copies come and go: that is no reason for a logarithm more.
    # At small sizes every lower term is still in sight; at huge ones a list is not possible.
    wide = 100 <= data[-1][0] <= HUGE
    lax = dict.fromkeys(("n", "n^2", "n^3"), min(_LAX, _JUMPS * best)) if wide else {}
    strict = RARE if data[-1][0] > HUGE else {"sqrt n": 3.0} | RARE
    return choose(table, max(min(floor, 3 * best), 0.006), lax, strict)


def _stairs(data: list[tuple[float, float]]) -> dict[str, tuple[float, float]] | None:
    """Residuals where a hash table's steps are allowed for: dicts double and sets quadruple, so
    sizes that are even powers of two see one constant factor, and odd ones another."""
    exact = [(n, y, (int(n) + 1).bit_length() % 2) for n, y in data
             if (int(n) + 1) & int(n) == 0 or int(n) & (int(n) - 1) == 0]  # fmt: skip
    if len(exact) < 6:
        return None
    out = {}
    for name, g in FUNCTIONS.items():
        columns = [[1.0 / y for _, y, _ in exact]]
        if name != "1":
            columns += [[g(n) / y * (phase == k) for n, y, phase in exact] for k in (0, 1)]
        for lower in LOWER[name][1:]:
            columns.append([FUNCTIONS[lower](n) / y for n, y, _ in exact])
        out[name] = (nnls(columns, [1.0] * len(exact))[0], 1.0)
    return out
