"""The growth head: how time and memory of the program being written will grow.

A linear reading of what the program holds so far: for each group of its lines (those on constant
paths, on linear ones...) the sum of the network's input embeddings of the tokens that stand there,
each counted once; and the classes that it has spent. It is fitted after the network, on programs of
known class, because hidden states know a program that was learnt by heart, and say little of others
(LOG.md, 2026-11-22). It lies in the checkpoint's side-car file.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from nlogn.model.checkpoint import SIDE_CAR, BadCheckpoint, read_tensor, update_side_car

Array = NDArray[np.float32]
EMBEDDING = "model.embed_tokens.weight"
_PREFIX = "growth."


@dataclass(frozen=True)
class GrowthHead:
    """`names`: K classes, cheapest first. The first axis of each array is time, memory.

    `bias` (2, K); `spent` (2, 2, K + 1, K): what each class of time, of memory so far adds, row 0
    for unknown; `paths` (2, groups, C, K) reads the sums of `embeddings` (V, C).
    """

    names: tuple[str, ...]
    bias: Array
    spent: Array
    paths: Array
    embeddings: Array


@dataclass
class SoFar:
    """What the growth head has read of one program, line by line."""

    head: GrowthHead
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _sum: Array = field(init=False)

    def __post_init__(self) -> None:
        self._sum = np.zeros_like(self.head.bias)

    def line(self, group: int, tokens: Iterable[int]) -> None:
        """One more line, on a path of this group."""
        new = [t for t in dict.fromkeys(tokens) if (group, t) not in self._seen]
        if new:
            self._seen.update((group, t) for t in new)
            self._sum = self._sum + self.head.embeddings[new].sum(0) @ self.head.paths[:, group]

    def logits(self, spent: tuple[str, str]) -> Array:
        """(2, K): of the finished program's time and memory. `spent`: the classes so far."""
        names = self.head.names
        rows = [names.index(name) + 1 if name in names else 0 for name in spent]
        added = self.head.spent[:, 0, rows[0]] + self.head.spent[:, 1, rows[1]]
        return self.head.bias + self._sum + added


def save_growth_head(head: GrowthHead, folder: str | Path) -> None:
    """Add the head to a checkpoint folder's side-car file."""
    tensors = {f"{_PREFIX}{name}": torch.from_numpy(getattr(head, name)).contiguous()
               for name in ("bias", "spent", "paths")}  # fmt: skip
    update_side_car(folder, tensors, {"growth": json.dumps(head.names)})


def load_growth_head(folder: str | Path) -> GrowthHead | None:
    """The growth head of a checkpoint folder, or None if it has none.

    Raises:
        BadCheckpoint: its tensors do not fit its classes or the network.
    """
    path = Path(folder) / SIDE_CAR
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            described = (file.metadata() or {}).get("growth")
            if described is None:
                return None
            names = tuple(map(str, json.loads(described)))
            bias, spent, paths = (file.get_tensor(_PREFIX + name).float().numpy()
                                  for name in ("bias", "spent", "paths"))  # fmt: skip
    except (SafetensorError, ValueError, TypeError) as error:
        raise BadCheckpoint(f"{path}: {error}") from None
    embeddings = read_tensor(folder, EMBEDDING).float().numpy()
    k = len(names)
    fits = bias.shape == (2, k) and spent.shape == (2, 2, k + 1, k)
    if not fits or paths.ndim != 4 or paths.shape[2:] != (embeddings.shape[1], k):
        raise BadCheckpoint(f"{path}: the growth head is not one of {k} classes for this network")
    return GrowthHead(names, bias, spent, paths, embeddings)
