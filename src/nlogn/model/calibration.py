"""Which position scaling reads long documents best, by measurement.

    found = calibrate(model, documents)      # documents (N, T), longer than the trained context
    found.best, found.losses                 # Positions, {Positions: loss by position (T-1,)}

The loss at each position of real long documents is measured under each candidate, and the one with
the lowest mean is stored in the model's config, from where a checkpoint carries it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from nlogn.model.attention import Attention
from nlogn.model.config import BadConfig, Positions
from nlogn.model.transformer import Transformer


@dataclass(frozen=True)
class Calibration:
    """The chosen scaling, and for every candidate the mean loss in nats at each position."""

    best: Positions
    losses: dict[Positions, tuple[float, ...]]

    def mean(self, positions: Positions) -> float:
        """Mean loss of a candidate over all positions."""
        losses = self.losses[positions]
        return sum(losses) / len(losses)


def candidates(trained: Positions, original: int, length: int) -> list[Positions]:
    """The scalings worth trying to read `length` tokens with a network trained on `original`."""
    factor = length / original
    plain = replace(trained, scaling="none", factor=1.0, original=0, attention_factor=None)
    if factor <= 1:
        return [plain]
    out = [plain]
    for stretch in dict.fromkeys((factor, 2 * factor)):
        out += [replace(plain, scaling=kind, factor=stretch, original=original)
                for kind in ("linear", "dynamic", "yarn")]  # fmt: skip
    return out


def set_positions(model: Transformer, positions: Positions, context: int | None = None) -> None:
    """Give a built network other positions; its weights stay."""
    config = replace(model.config, positions=positions, context=context or model.config.context)
    old = model.config
    if (old.positions.rotary, old.positions.relative_bias) != (
        positions.rotary, positions.relative_bias):  # fmt: skip
        raise BadConfig("a built network keeps its kind of positions: only the scaling may change")
    for module in model.modules():
        if isinstance(module, (Transformer, Attention)) and module.config is old:
            module.config = config


@torch.no_grad()
def loss_by_position(model: Transformer, documents: Tensor, rows: int = 4) -> Tensor:
    """Mean loss in nats at each of the T - 1 predicted positions of `documents` (N, T)."""
    total = torch.zeros(documents.shape[1] - 1, device=documents.device)
    for start in range(0, len(documents), rows):
        part = documents[start : start + rows]
        logits = model(part[:, :-1]).logits
        assert logits is not None
        each = F.cross_entropy(logits.transpose(1, 2).float(), part[:, 1:], reduction="none")
        total += each.sum(0)
    return total / len(documents)


def calibrate(
    model: Transformer, documents: Tensor, tried: Sequence[Positions] | None = None
) -> Calibration:
    """Choose the position scaling with the lowest mean loss on `documents` (N, T) and store it,
    with T as the context, in `model.config`."""
    trained, original = model.config.positions, model.config.context
    length = documents.shape[1]
    losses: dict[Positions, tuple[float, ...]] = {}
    model.eval()
    for positions in tried or candidates(trained, original, length):
        set_positions(model, positions)
        losses[positions] = tuple(loss_by_position(model, documents).tolist())
    best = min(losses, key=lambda positions: sum(losses[positions]))
    set_positions(model, best, context=max(original, length))
    return Calibration(best, losses)
