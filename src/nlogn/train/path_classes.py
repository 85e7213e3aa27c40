"""The cost class of the path that each token stands on, for time-aware attention.

The class at the start of a token's line, as `nlogn.complexity.static` reads it from the text before
that line alone: what is known while the line is being written.
"""

from typing import TYPE_CHECKING

import numpy as np

from nlogn.corpus.on_paths import KNOWN_GROUPS, line_groups
from nlogn.corpus.specials import END
from nlogn.train.data import Packed

if TYPE_CHECKING:
    from tokenizers import Tokenizer

GROUPS = KNOWN_GROUPS


def line_classes(code: str) -> list[int]:
    """The class at the start of each line of `code`; unknown counts as constant."""
    return [group % KNOWN_GROUPS for group in line_groups(code)]


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
