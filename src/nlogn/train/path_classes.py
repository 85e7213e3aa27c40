"""The cost class of the path that each token stands on, for time-aware attention.

The class at the start of a token's line, as `nlogn.complexity.static` reads it from the text before
that line alone: what is known while the line is being written.
"""

from typing import TYPE_CHECKING

import numpy as np

from nlogn.complexity.static import PathTracker
from nlogn.corpus.specials import END
from nlogn.train.data import Packed

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# constant, logarithmic, linear, n log n, polynomial, worse; unknown counts as constant
GROUPS = 6
_ORDER = {
    "O(1)": 0, "O(log n)": 1, "O(log m)": 1, "O(sqrt(n))": 1, "O(n)": 2, "O(m)": 2, "O(n + m)": 2,
    "O(n log n)": 3, "O(n^2)": 4, "O(n m)": 4, "O(n^3)": 4, "O(2^n)": 5, "O(n!)": 5,
}  # fmt: skip


def group_of(big_o: str) -> int:
    """0..5 for a class as `nlogn.complexity.bigo` spells it."""
    if big_o in _ORDER or big_o == "unknown":
        return _ORDER.get(big_o, 0)
    return 3 if "log" in big_o and "^" not in big_o else 4


def line_classes(code: str) -> list[int]:
    """The class at the start of each line of `code`. A line ends at a line feed alone: form feeds
    stand within files of the standard library."""
    tracker = PathTracker()
    out = []
    for line in code.removesuffix("\n").split("\n") if code else []:
        out.append(group_of(tracker.path()))
        tracker.feed(f"{line}\n")
    return out


def with_classes(data: Packed, tokenizer: "Tokenizer") -> Packed:
    """The first shard with a label "classes" (N,) in 0..5. A document ends at its end token; one
    with other special tokens (holes, turns) is read as the text that it is without them."""
    row = np.asarray(data.tokens)
    classes = np.zeros(len(row), dtype=np.int8)
    end = tokenizer.token_to_id(END)
    begin = 0
    for stop in [*np.flatnonzero(row == end).tolist(), len(row)]:
        ids = row[begin:stop].tolist()
        if len(ids) > 1:
            pieces = [tokenizer.decode([i], skip_special_tokens=True) for i in ids]
            by_line = line_classes("".join(pieces))
            line = 0
            for at, piece in enumerate(pieces, begin):
                classes[at] = by_line[min(line, len(by_line) - 1)] if by_line else 0
                line += piece.count("\n")
        begin = stop + 1
    return Packed(data.tokens, {**data.labels, "classes": classes})
