"""Which tokens stand on which path of a program: what the growth head reads.

A `sort` before a loop and a `sort` inside it are other things. So each line's tokens are kept by
the class of the path that leads to the line, as the static path cost reads it from the text before.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache

from nlogn.complexity.bigo import log_value, parse
from nlogn.complexity.static import PathTracker

# constant, up to a root, linear, n log n, polynomial, worse
KNOWN_GROUPS = 6
GROUPS = 7  # those, and unknown
_SIZE = 1024
_BELOW = (0.01, 0.95, 1.15, 1.5, 6.0)  # the power of the size that each group stays below

Encode = Callable[[str], Sequence[int]]


@lru_cache
def group_of(big_o: str) -> int:
    """0..5 for a class as `nlogn.complexity.bigo` spells it; 6 for "unknown"."""
    if big_o == "unknown":
        return KNOWN_GROUPS
    power = log_value(parse(big_o), _SIZE, _SIZE) / math.log(_SIZE)
    return bisect_right(_BELOW, power)


def line_groups(code: str) -> list[int]:
    """The group of the path to each line of `code`. A line ends at a line feed alone: form feeds
    stand within files of the standard library."""
    tracker = PathTracker()
    out = []
    for line in code.removesuffix("\n").split("\n") if code else []:
        out.append(group_of(tracker.path()))
        tracker.feed(f"{line}\n")
    return out


def on_paths(code: str, encode: Encode) -> list[tuple[int, tuple[int, ...]]]:
    """(group, tokens) of each line, encoded by itself: a line has the same tokens in a finished
    program and while it is written."""
    lines = code.removesuffix("\n").split("\n")
    return [(group, tuple(encode(f"{line}\n")))
            for group, line in zip(line_groups(code), lines, strict=False)]  # fmt: skip
