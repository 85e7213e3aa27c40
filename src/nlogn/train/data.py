"""Batches as a function of the step: the same step gives the same tokens, after any interruption.

A corpus is packed tokens in one long row, documents one after the other, and beside it labels per
token. Windows of it are visited in an order shuffled anew each epoch from the seed alone.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

HEADS = ("time", "memory", "leak")
SPENT = ("time_spent", "memory_spent")  # see `nlogn.corpus.spent`
LABELS = ("paradigm", *HEADS, *SPENT, "classes", "answer")


class Batch(NamedTuple):
    """`tokens` (B, T + 1): inputs and, shifted by one, targets. `labels` (B, T) by name, -1 where
    there is none; "answer" is 0 at a token whose next one is read but not learnt."""

    tokens: Tensor
    labels: dict[str, Tensor]


@dataclass(frozen=True)
class Packed:
    """Packed tokens (N,) and int8 labels (N,) by name (see `LABELS`); `more` shards follow it."""

    tokens: np.ndarray
    labels: dict[str, np.ndarray]
    more: tuple["Packed", ...] = ()

    @property
    def shards(self) -> tuple["Packed", ...]:
        return (self, *self.more)

    def windows(self, length: int) -> int:
        """How many windows of `length` tokens there are; none spans two shards."""
        return sum(max(0, (len(s.tokens) - 1) // length) for s in self.shards)

    def batch(
        self, first: int, rows: int, length: int, seed: int, mix: "Mix | None" = None
    ) -> Batch:
        """Windows number `first` to `first + rows - 1` of the endless shuffled sequence. A label
        that some shards lack is -1 there.

        With a `mix`, its share of the windows, evenly spread, comes from each of its kinds; each
        kind is shuffled by itself.

        Raises:
            ValueError: the corpus is shorter than one window.
        """
        windows = self.windows(length)
        if windows < 1:
            raise ValueError(f"{len(self.tokens)} tokens hold no window of {length + 1}")
        tokens = np.empty((rows, length + 1), dtype=np.int64)
        names = {name for shard in self.shards for name in shard.labels}
        labels = {name: np.full((rows, length), -1, dtype=np.int64) for name in sorted(names)}
        for row in range(rows):
            if mix is None:
                window = _nth(first + row, windows, seed)
            else:
                window = mix.window(first + row, seed)
            for shard in self.shards:
                inside = max(0, (len(shard.tokens) - 1) // length)
                if window < inside:
                    break
                window -= inside
            start = window * length
            tokens[row] = shard.tokens[start : start + length + 1]
            for name, values in shard.labels.items():
                labels[name][row] = values[start : start + length]
        return Batch(
            torch.from_numpy(tokens), {name: torch.from_numpy(v) for name, v in labels.items()}
        )

    def mix(self, length: int, share: float) -> "Mix":
        """Windows such that the share `share` of them has code with a measured time class,
        however much or little of the corpus has.

        Raises:
            ValueError: the corpus has windows of one kind only.
        """
        mark = self._measured(length)
        if mark.all() or not mark.any():
            raise ValueError("all windows of this corpus are of one kind: there is nothing to mix")
        return Mix(share, np.flatnonzero(mark), np.flatnonzero(~mark))

    def replay(self, length: int, share: float) -> "Mix":
        """Windows such that the share `share` of them is of later shards, of what has no measured
        class there: files rather than renderings of problems.

        Raises:
            ValueError: there is no such window, or none in the first shard.
        """
        own = Packed(self.tokens, self.labels).windows(length)
        later = np.flatnonzero(~self._measured(length)[own:]) + own
        if not own or not len(later):
            raise ValueError("there is nothing to mix: no window without a measured class")
        return Mix(share, later, np.arange(own))

    def _measured(self, length: int) -> np.ndarray:
        """(windows,): whether code of a measured time class is in it."""
        marks = []
        for shard in self.shards:
            inside = max(0, (len(shard.tokens) - 1) // length)
            times = shard.labels.get("time", np.full(inside * length, -1, dtype=np.int8))
            marks.append(times[: inside * length].reshape(inside, length).max(1) >= 0)
        return np.concatenate(marks)


@dataclass(frozen=True)
class Mix:
    """Two kinds of windows, by number, and the share (0 to 1) of the first."""

    share: float
    first: np.ndarray
    second: np.ndarray

    def window(self, number: int, seed: int) -> int:
        """The window that comes at place `number` of the endless sequence."""
        before = math.floor(number * self.share)  # of the first kind
        if math.floor((number + 1) * self.share) > before:
            return int(self.first[_nth(before, len(self.first), seed)])
        return int(self.second[_nth(number - before, len(self.second), seed)])


def _nth(number: int, windows: int, seed: int) -> int:
    epoch, place = divmod(number, windows)
    return int(_order(windows, seed, epoch)[place])


@lru_cache(maxsize=4)
def _order(windows: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(windows)


def read_packed(folder: str | Path, *more: str | Path) -> Packed:
    """`tokens.npy` and any of `paradigm.npy`, `time.npy`, ... of a folder, memory-mapped; further
    folders are further shards.

    Raises:
        ValueError: labels and tokens differ in number.
        OSError: there is no tokens.npy.
    """
    folder = Path(folder)
    tokens = np.load(folder / "tokens.npy", mmap_mode="r")
    labels = {}
    for name in LABELS:
        if (folder / f"{name}.npy").exists():
            labels[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
            if len(labels[name]) != len(tokens):
                raise ValueError(f"{folder}: {name}.npy and tokens.npy differ in length")
    return Packed(tokens, labels, tuple(read_packed(other) for other in more))
