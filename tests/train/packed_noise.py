"""A small made-up corpus: four kinds of documents, each with its own words and its own grammar."""

import numpy as np

from nlogn.train.data import Packed


def made_up(tokens: int = 40_000, seed: int = 0) -> Packed:
    """Documents of 48 tokens; kind k uses words 20k..20k+19, each followed by one of two others.
    Labels: the kind as `paradigm`, and a "time" class told by the document's first word."""
    rng = np.random.default_rng(seed)
    follow = np.random.default_rng(1).integers(0, 20, (4, 20, 2))
    row, kinds, times = [], [], []
    while len(row) < tokens:
        kind, word = int(rng.integers(4)), int(rng.integers(20))
        times += [word % 3] * 48
        for _ in range(48):
            row.append(20 * kind + word)
            word = int(follow[kind, word, rng.integers(2)])
        kinds += [kind] * 48
    return Packed(
        np.array(row, dtype=np.uint16),
        {"paradigm": np.array(kinds, np.int8), "time": np.array(times, np.int8)},
    )
