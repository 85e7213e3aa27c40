"""An interpolated n-gram model over tokens: what a network has to beat at completing lines.

All n-grams of the training tokens, counted exactly: an n-gram is one 64-bit number, so the longest
n is 64 bits over the bits of a token (4 at 8,192 tokens). Interpolation is Witten-Bell's (IEEE
Transactions on Information Theory 37, 1991): a context seen N times with T different successors
gives N / (N + T) of its weight to them and the rest to the shorter context.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NGram:
    """`codes[n - 1]`: the sorted n-grams as numbers; `counts[n - 1]`: how often each occurs."""

    vocab_size: int
    bits: int
    codes: tuple[NDArray[np.uint64], ...]
    counts: tuple[NDArray[np.int64], ...]

    @property
    def order(self) -> int:
        return len(self.codes)

    def probabilities(self, context: Sequence[int]) -> NDArray[np.float64]:
        """(V,) of the token after `context`."""
        out = np.full(self.vocab_size, 1 / self.vocab_size)
        for n in range(1, self.order + 1):
            if n - 1 > len(context):
                break
            code = 0
            for token in context[len(context) - n + 1 :]:
                code = code << self.bits | int(token)
            low = np.uint64(code << self.bits)
            high = np.uint64((code << self.bits) + (1 << self.bits) - 1)
            codes = self.codes[n - 1]
            first = int(np.searchsorted(codes, low, "left"))
            last = int(np.searchsorted(codes, high, "right"))
            if first == last:
                break
            counts = self.counts[n - 1][first:last]
            seen, different = counts.sum(), last - first
            out *= different / (seen + different)
            out[(codes[first:last] - low).astype(np.int64)] += counts / (seen + different)
        return out

    def best(self, context: Sequence[int]) -> int:
        return int(self.probabilities(context).argmax())


def count(tokens: NDArray[np.integer], vocab_size: int, order: int = 5) -> NGram:
    """Count the n-grams of `tokens` (N,) up to `order`, or as far as 64 bits hold them.

    Raises:
        ValueError: there are no tokens.
    """
    if not len(tokens):
        raise ValueError("no tokens to count")
    bits = max(1, int(vocab_size - 1).bit_length())
    codes, counts = [], []
    row = np.asarray(tokens).astype(np.uint64)
    current = row
    for n in range(1, min(order, 64 // bits) + 1):
        if n > 1:
            if len(row) < n:
                break
            current = (current[:-1] << np.uint64(bits)) | row[n - 1 :]
        found, many = np.unique(current, return_counts=True)
        codes.append(found)
        counts.append(many.astype(np.int64))
    return NGram(vocab_size, bits, tuple(codes), tuple(counts))
