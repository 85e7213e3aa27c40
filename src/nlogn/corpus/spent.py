"""What code has spent so far, at each of its tokens: what the time and memory heads read beside the
network's hidden state.

A network sees idioms and names, the static path cost sees loops and recursion; a head that reads
both needs the same reading in training, in measuring and while code is written.
"""

from collections.abc import Sequence

from nlogn.complexity.bigo import CLASSES
from nlogn.complexity.static import PathTracker

NUMBERS = {str(c): i for i, c in enumerate(CLASSES)}
UNKNOWN = -1
_FENCE = "```"


def spent(text: str, lines: Sequence[int]) -> list[tuple[int, int]]:
    """For each token the numbers in `CLASSES` of time and memory of the lines that are whole where
    it ends, -1 where the static cost does not know. `lines`: the line that each token begins in,
    as `encode_lines` says it. Of a text with fences, what stands in the latest one is code."""
    ends = [*lines[1:], text.count("\n")]
    after = _after_lines(text, max(ends, default=0))
    return [after[min(end, len(after) - 1)] for end in ends]


def _after_lines(text: str, count: int) -> list[tuple[int, int]]:
    """After none, one, two... of the first `count` lines."""
    fenced = any(line.startswith(_FENCE) for line in text.split("\n"))
    inside = not fenced
    tracker = PathTracker()
    out = [_classes(tracker)]
    for line in text.split("\n")[:count]:
        if fenced and line.startswith(_FENCE):
            inside = not inside
            if inside:
                tracker = PathTracker()
                out.append(_classes(tracker))
            else:
                out.append(out[-1])
        elif inside:
            tracker.feed(f"{line}\n")
            out.append(_classes(tracker))
        else:
            out.append(out[-1])
    return out


def _classes(tracker: PathTracker) -> tuple[int, int]:
    found = tracker.result()
    return NUMBERS.get(found.big_o, UNKNOWN), NUMBERS.get(found.memory, UNKNOWN)
