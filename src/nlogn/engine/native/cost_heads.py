"""The network's own expectation: how likely the function being written ends up over a budget.

Reads a checkpoint's growth head (`nlogn.model.growth_head`), or where it has none the time and
memory heads of its hidden states (`nlogn.model.heads`), in numpy: some microseconds each.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nlogn.complexity.bigo import BigO, parse
from nlogn.corpus.on_paths import Encode, group_of
from nlogn.corpus.spent import UNKNOWN, Classes
from nlogn.engine.native.lookahead import SLACK, weight
from nlogn.engine.protocol import EngineError
from nlogn.model.checkpoint import BadCheckpoint
from nlogn.model.growth_head import GrowthHead, SoFar, load_growth_head
from nlogn.model.heads import Heads, load_heads

Array = NDArray[np.float32]


class GrowthReader:
    """What the growth head expects of the program whose lines it is given.

    Raises:
        ValueError: a class of the head is no class of growth.
    """

    def __init__(self, head: GrowthHead, encode: Encode):
        self._head, self._encode = head, encode
        self._weights = _weights(head.names)
        self.restart()

    def restart(self) -> None:
        """Another program begins."""
        self._so_far = SoFar(self._head)

    def line(self, path: str, line: str) -> None:
        """A whole line, on a path of this class."""
        self._so_far.line(group_of(path), self._encode(line))

    def over(self, time: BigO | None, memory: BigO | None, spent: Classes) -> float:
        """How likely the finished program is over a budget: the likelier of the two."""
        rows = zip(self._so_far.logits(spent), (time, memory), strict=True)
        return max(_mass_over(row, self._weights, budget) for row, budget in rows if budget)


class CostHeads:
    """`time` and `memory` give the probability that the finished function is over a budget.

    Raises:
        ValueError: a head's class is no class of growth.
    """

    def __init__(self, heads: Heads):
        self._inner = _linear(heads.inner)
        self._time_spent = _table(heads.time_spent, heads.config.time)
        self._memory_spent = _table(heads.memory_spent, heads.config.memory)
        self._time = _linear(heads.time)
        self._memory = _linear(heads.memory)
        self._time_weights = _weights(heads.config.time)
        self._memory_weights = _weights(heads.config.memory)

    def time(self, hidden: Array, budget: BigO, spent: Classes) -> float:
        """`hidden` (C,): the network's output after its last norm. `spent`: the classes of time
        and memory of the whole lines so far, as the static path cost spells them."""
        return self._over(hidden, spent, self._time, self._time_weights, budget)

    def memory(self, hidden: Array, budget: BigO, spent: Classes) -> float:
        return self._over(hidden, spent, self._memory, self._memory_weights, budget)

    def _over(
        self, hidden: Array, spent: Classes, head: tuple[Array, Array], weights: Array, budget: BigO
    ) -> float:
        inner = self._inner[0] @ hidden + self._inner[1]
        for table, name in zip((self._time_spent, self._memory_spent), spent, strict=True):
            inner = inner + table.get(name, table[UNKNOWN])
        inner = inner / (1 + np.exp(-inner.clip(-80, 80)))
        logits = head[0] @ inner + head[1]
        return _mass_over(logits, weights, budget)


def open_heads(folder: Path) -> CostHeads | GrowthHead | None:
    """The growth head of a checkpoint folder, else its other heads, None where it has none.

    Raises:
        EngineError: they do not fit their description.
    """
    try:
        growth = load_growth_head(folder)
        if growth is not None:
            _weights(growth.names)
            return growth
        heads = load_heads(folder)
        return None if heads is None else CostHeads(heads)
    except (BadCheckpoint, ValueError) as error:
        raise EngineError(f"the heads of {folder}: {error}") from error


def _mass_over(logits: Array, weights: Array, budget: BigO) -> float:
    mass = np.exp(logits - logits.max())
    return float(mass[weights > weight(budget) + SLACK].sum() / mass.sum())


def _weights(names: tuple[str, ...]) -> Array:
    return np.array([weight(parse(name)) for name in names], dtype=np.float32)


def _table(rows: torch.Tensor, names: tuple[str, ...]) -> dict[str, Array]:
    """What each class so far adds to the inner layer."""
    return dict(zip((UNKNOWN, *names), rows.detach().float().cpu().numpy(), strict=True))


def _linear(layer: torch.nn.Linear) -> tuple[Array, Array]:
    weights = layer.weight.detach().float().cpu().numpy()
    return weights, layer.bias.detach().float().cpu().numpy()
