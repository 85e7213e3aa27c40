# mypy: disable-error-code="no-untyped-call"
"""What fine-tuning on one paradigm costs the others.

A copy of the network is taught more documents of one paradigm; the loss on held-out documents of
each paradigm is read before and after. With `own_group` only the routed experts of that paradigm's
group are taught: what the others use stays as it is.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nlogn.model.experts import MixtureOfExperts
from nlogn.model.transformer import Transformer
from nlogn.train.data import Packed
from nlogn.train.evaluate import bits_per_byte
from nlogn.train.optimizer import Rates
from nlogn.train.pretrain import Run, train
from nlogn.train.state import TrainError


@dataclass(frozen=True)
class Forgetting:
    """Bits per byte by paradigm's number, before and after; `taught` is the paradigm."""

    taught: int
    before: dict[int, float]
    after: dict[int, float]

    @property
    def rise(self) -> float:
        """How much the others' bits per byte rose, mean over them; negative: they fell."""
        others = [k for k in self.before if k != self.taught]
        return sum(self.after[k] - self.before[k] for k in others) / max(len(others), 1)

    @property
    def gain(self) -> float:
        """How much the taught paradigm's fell."""
        return self.before[self.taught] - self.after[self.taught]


def only(data: Packed, paradigm: int) -> Packed:
    """The documents of one paradigm, one after the other.

    Raises:
        TrainError: there are none.
    """
    tokens = [s.tokens[np.asarray(s.labels["paradigm"]) == paradigm]
              for s in data.shards if "paradigm" in s.labels]  # fmt: skip
    row = np.concatenate(tokens) if tokens else np.empty(0)
    if not len(row):
        raise TrainError(f"no document of paradigm {paradigm}")
    return Packed(row, {"paradigm": np.full(len(row), paradigm, np.int8)})


def forget(model: Transformer, taught: Packed, held_out: Packed, token_bytes: np.ndarray,
           paradigm: int, *, steps: int, rows: int, length: int, lr: float = 1e-3, seed: int = 0,
           own_group: bool = False, windows: int = 64) -> Forgetting:  # fmt: skip
    """Teach a copy of `model` for `steps` steps and measure all paradigms before and after.

    Raises:
        TrainError: there is nothing to teach; `own_group` of a dense network.
    """
    copied = deepcopy(model).train()
    data = only(taught, paradigm)

    def measured() -> dict[int, float]:
        found = bits_per_byte(copied, held_out, token_bytes, length, 4, windows)
        return found.by_paradigm

    before = measured()
    shares = {} if model.config.experts is None else {"router": 1e-3}
    run = Run(steps=steps, rows=rows, length=length, rates=Rates(lr=lr, weight_decay=0.0),
              warmup=max(1, steps // 10), seed=seed, shares=shares, balance_rate=0.0,
              adapt_every=0, save_every=steps + 1)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, _group_alone(copied, paradigm, own_group):
        train(copied, data, run, Path(folder), stop_after=steps)
    return Forgetting(paradigm, before, measured())


@contextmanager
def _group_alone(model: Transformer, group: int, wanted: bool) -> Iterator[None]:
    """While it lasts, nothing but this group's routed experts changes."""
    if not wanted:
        yield
        return
    config = model.config.experts
    if config is None:
        raise TrainError("a dense network has no group to teach alone")
    per_group = config.routed // config.groups
    mine = slice(group * per_group, (group + 1) * per_group)
    taught: list[torch.nn.Parameter] = []
    for layer in dict.fromkeys(model.model.layers):
        if isinstance(layer.mlp, MixtureOfExperts):
            taught += [layer.mlp.experts.gate_up_proj, layer.mlp.experts.down_proj]
    handles = []
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for parameter in taught:
        parameter.requires_grad_(True)

        def mask(grad: Tensor) -> Tensor:
            kept = torch.zeros_like(grad)
            kept[mine] = grad[mine]
            return kept

        handles.append(parameter.register_hook(mask))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for parameter in model.parameters():
            parameter.requires_grad_(True)
