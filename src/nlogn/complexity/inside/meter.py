"""The counters: ticks, charged work, and bytes of interpreter frames.

Ticks live in a C iterator, so that one costs about 30 ns and its end is noticed without a test:
after the last allowed tick the iterator runs the stop function, which no ``except`` survives.
Steps = ticks + work.
"""

import builtins
from collections import Counter, OrderedDict, defaultdict, deque
from itertools import chain
from operator import itemgetter
from typing import Any

PROGRAM_FILE = "<program>"
WORD = 1 << 256  # numbers below cost nothing beyond the tick of their loop

_ticks: Any = iter(range(1, 1 << 62))
_tick: Any = _ticks.__next__
_work = 0
_work_limit = 1 << 62
_stop: Any = None
_depth = 0
_peak = 0
flagged: dict[str, int] = {}

SIZED = frozenset(
    [list, tuple, dict, set, frozenset, str, bytes, bytearray, deque, range, Counter, OrderedDict,
     defaultdict, type({}.keys()), type({}.values()), type({}.items())]
)  # fmt: skip
SCALARS = frozenset([int, float, bool, type(None), complex])
_GENERATORS = frozenset([type(_ for _ in ())])
_first = itemgetter(0)


def meter_start(ticks: int, work: int, stop: Any) -> None:
    """Count from zero; `stop(reason)` is called when a limit is passed and must not return."""
    global _ticks, _tick, _work, _work_limit, _stop, _depth, _peak

    def last() -> Any:
        stop("ticks")
        yield 0

    _ticks = chain(range(1, ticks), last())
    _tick = _ticks.__next__
    builtins._nl_t = _tick  # type: ignore[attr-defined]
    _work, _work_limit, _stop, _depth, _peak = 0, work, stop, 0, 0


def meter_read() -> tuple[int, int, int]:
    """Ticks, work, and the peak bytes of frames since `meter_start`; itself not counted."""
    global _ticks
    count = _tick() - 1
    return count, _work, _peak


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def tick() -> None:
    _tick()


def charge(amount: int) -> None:
    global _work
    _work += amount
    if _work > _work_limit:
        _stop("work")


def text_steps(length: int) -> int:
    """Characters are compared and moved sixteen to the step, as the hardware does; so strings
    of a few digits are as constant as the numbers that they spell."""
    return length >> 4


def size_steps(value: Any) -> int:
    """The cost of reading or writing a sized container once."""
    kind = type(value)
    return len(value) >> 4 if kind is str or kind is bytes or kind is bytearray else len(value)


def flag(name: str) -> None:
    flagged[name] = flagged.get(name, 0) + 1


def counted(source: Any) -> Any:
    """An iterator over `source` that ticks once per item, in C."""
    return map(_first, zip(source, _ticks, strict=False))


def consume(source: Any) -> Any:
    """`source` for a C function that will read all of it: charged by its length, or made to tick
    per item. Generators and iterators of the program tick by themselves."""
    kind = type(source)
    if kind in SIZED:
        charge(len(source))
        return source
    if kind is memoryview:
        charge(len(source) >> 4)
        return source
    if kind in _GENERATORS and source.gi_code.co_filename == PROGRAM_FILE:
        return source
    if kind.__module__ == "solution" or kind.__module__ == "__main__":
        return source
    if hasattr(kind, "keys"):  # a mapping is read by its keys, not as an iterable of pairs
        charge(len(source))
        return source
    try:
        inner = iter(source)
    except TypeError:
        return source
    if type(inner) in _GENERATORS and inner.gi_code.co_filename == PROGRAM_FILE:
        return inner
    return counted(inner)


def tick_each(source: Any) -> Any:
    """As `consume`, but a sized container is charged as it is read: for what may stop early."""
    return counted(source) if type(source) in SIZED else consume(source)


def words(number: int) -> int:
    """The length of a number in units of 256 bits, about what C moves in the time of a step: so
    the cost of a growing number rises from nothing without a kink."""
    return number.bit_length() >> 8


def product_cost(a: int, b: int) -> int:
    """Steps of multiplying numbers of `a` and `b` bits: the schoolbook method, Karatsuba's beyond
    2048 bits, each with the whole length of the other where it fits a unit."""
    low, high = (a, b) if a < b else (b, a)
    if low <= 2048:
        return max(low, 256) * high >> 16
    return int((low / 2048) ** 0.585 * 8 * high) >> 8


def division_cost(a: int, b: int) -> int:
    """Steps of dividing a number of `a` bits by one of `b`, by the schoolbook method."""
    return max(b, 256) * max(a - b, 256) >> 16


def log2_steps(size: int) -> int:
    """log2(size + 1) to the nearest integer, exactly, so that it is the same on every machine."""
    return ((2 * (size + 1) ** 2).bit_length() - 1) // 2 if size > 0 else 0


def sort_steps(size: int) -> int:
    """size * log2(size), to a sixteenth of a bit."""
    if size < 2:
        return size
    return size * ((size**16).bit_length() * 2 - 1) // 32


def deep_len(value: Any, depth: int = 4) -> int:
    """Items in a container, counting inside the containers in it."""
    kind = type(value)
    if kind not in SIZED:
        return 1
    total = len(value)
    if depth == 0 or kind in (str, bytes, bytearray, range) or not total:
        return total
    inner = value.values() if isinstance(value, dict) else value
    for item in inner:
        if type(item) in SIZED:
            total += deep_len(item, depth - 1)
    return total


def depth_enter(size: int) -> int:
    global _depth, _peak
    before = _depth
    _depth = before + size
    if _depth > _peak:
        _peak = _depth
    _tick()
    return before


def depth_leave(before: int, value: Any = None) -> Any:
    global _depth
    _depth = before
    return value
