"""What code has spent so far, at each of its tokens: what the time and memory heads read beside the
network's hidden state.

A network sees idioms and names, the static path cost sees loops and recursion; a head that reads
both needs the same reading in training, in measuring and while code is written.
"""

from collections.abc import Sequence

from nlogn.complexity.static import PathCost, PathTracker

Classes = tuple[str, str]  # of time and memory, spelled as `nlogn.complexity.static` does
UNKNOWN = "unknown"
_FENCE = "```"


def classes(cost: PathCost) -> Classes:
    """What the heads read of a path cost."""
    return cost.big_o, cost.memory


def spent(text: str, lines: Sequence[int]) -> list[Classes]:
    """For each token the classes of the lines that are whole where it ends. `lines`: the line that
    each token begins in, as `encode_lines` says it. Of a text with fences, what stands in the
    latest one is code."""
    ends = [*lines[1:], text.count("\n")]
    after = _after_lines(text, max(ends, default=0))
    return [after[min(end, len(after) - 1)] for end in ends]


def _after_lines(text: str, count: int) -> list[Classes]:
    """After none, one, two... of the first `count` lines."""
    fenced = any(line.startswith(_FENCE) for line in text.split("\n"))
    inside = not fenced
    tracker = PathTracker()
    out = [classes(tracker.result())]
    for line in text.split("\n")[:count]:
        if fenced and line.startswith(_FENCE):
            inside = not inside
            if inside:
                tracker = PathTracker()
        elif inside:
            tracker.feed(f"{line}\n")
        out.append(classes(tracker.result()))
    return out
