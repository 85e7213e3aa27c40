"""Batches as a function of the step: the same step gives the same tokens, after any interruption.

A corpus is packed tokens in one long row, documents one after the other, and beside it labels per
token. Windows of it are visited in an order shuffled anew each epoch from the seed alone.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

LABELS = ("paradigm", "time", "memory", "leak", "classes")


class Batch(NamedTuple):
    """`tokens` (B, T + 1): inputs and, shifted by one, targets. `labels` (B, T) by name, -1 where
    there is none."""

    tokens: Tensor
    labels: dict[str, Tensor]


@dataclass(frozen=True)
class Packed:
    """Packed tokens (N,) and int8 labels (N,) by name (see `LABELS`)."""

    tokens: np.ndarray
    labels: dict[str, np.ndarray]

    def batch(self, first: int, rows: int, length: int, seed: int) -> Batch:
        """Windows number `first` to `first + rows - 1` of the endless shuffled sequence.

        Raises:
            ValueError: the corpus is shorter than one window.
        """
        windows = (len(self.tokens) - 1) // length
        if windows < 1:
            raise ValueError(f"{len(self.tokens)} tokens hold no window of {length + 1}")
        tokens = np.empty((rows, length + 1), dtype=np.int64)
        labels = {name: np.empty((rows, length), dtype=np.int64) for name in self.labels}
        for row in range(rows):
            epoch, place = divmod(first + row, windows)
            start = int(_order(windows, seed, epoch)[place]) * length
            tokens[row] = self.tokens[start : start + length + 1]
            for name, values in self.labels.items():
                labels[name][row] = values[start : start + length]
        return Batch(
            torch.from_numpy(tokens), {name: torch.from_numpy(v) for name, v in labels.items()}
        )


@lru_cache(maxsize=2)
def _order(windows: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(windows)


def read_packed(folder: str | Path) -> Packed:
    """`tokens.npy` and any of `paradigm.npy`, `time.npy`, ... of a folder, memory-mapped."""
    folder = Path(folder)
    tokens = np.load(folder / "tokens.npy", mmap_mode="r")
    labels = {}
    for name in LABELS:
        if (folder / f"{name}.npy").exists():
            labels[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
            if len(labels[name]) != len(tokens):
                raise ValueError(f"{folder}: {name}.npy and tokens.npy differ in length")
    return Packed(tokens, labels)
