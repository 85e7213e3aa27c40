"""The hybrid loss: tokens, paradigm groups, router size, time and memory heads, weighed together.

Each term beside the token loss is given a *share*: the size of its gradient where the network
begins (at the embeddings' output, which every term reaches), relative to the token loss's. Its
weight follows the measured norms (in the spirit of GradNorm, arXiv:1711.02257), smoothed, and is
logged; so a term that becomes easy does not fade and one that is steep does not take over.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nlogn.model.experts import group_loss, router_z_loss
from nlogn.model.heads import Heads, head_losses
from nlogn.model.transformer import Output, Transformer
from nlogn.train.data import SPENT, Batch

SMOOTHING = 0.3
LIMITS = (1e-6, 1e3)
TERMS = ("paradigm", "router", "index", "time", "memory", "leak")


@dataclass
class Weights:
    """Weight of each term; `shares` says how large its gradient should be, 0 turns it off."""

    shares: dict[str, float]
    current: dict[str, float] = field(default_factory=dict)

    def of(self, term: str) -> float:
        return self.current.get(term, self.shares.get(term, 0.0))

    def adapt(self, norms: dict[str, float]) -> None:
        """Move the weights towards their shares, given the terms' gradient norms (unweighted) and
        that of "tokens". A term without gradient keeps its weight."""
        for term, norm in norms.items():
            if term == "tokens" or norm <= 0 or not self.shares.get(term):
                continue
            wanted = self.shares[term] * norms["tokens"] / norm
            wanted = min(max(wanted, LIMITS[0]), LIMITS[1])
            if term in self.current:
                wanted = self.current[term] ** (1 - SMOOTHING) * wanted**SMOOTHING
            self.current[term] = wanted


def terms(model: Transformer, heads: Heads | None, batch: Batch, out: Output,
          wanted: dict[str, float]) -> dict[str, Tensor]:  # fmt: skip
    """The loss terms that this batch has labels for and that `wanted` gives a share."""
    assert out.loss is not None
    losses = {"tokens": out.loss}
    experts = model.config.experts
    labels = batch.labels
    if out.routings and experts is not None:
        if wanted.get("paradigm") and "paradigm" in labels:
            flat = labels["paradigm"].flatten()
            losses["paradigm"] = group_loss(out.routings, model.gates(), flat)
        if wanted.get("router"):
            losses["router"] = router_z_loss(out.routings)
    if out.index_loss is not None:
        losses["index"] = out.index_loss  # reaches the indexer alone: no share to keep
    if heads is not None and any(wanted.get(name) for name in ("time", "memory", "leak")):
        none = torch.full_like(batch.tokens[:, 1:], -1)
        spent = None
        if set(SPENT) <= set(labels):
            spent = torch.stack([labels[name] for name in SPENT], dim=-1)
        measured = head_losses(heads(out.hidden, spent), *(labels.get(name, none)
                               for name in ("time", "memory", "leak")))  # fmt: skip
        for name, loss in zip(("time", "memory", "leak"), measured, strict=True):
            if wanted.get(name) and name in labels:
                losses[name] = loss
    return losses


def total(losses: dict[str, Tensor], weights: Weights) -> Tensor:
    """The weighted sum."""
    out = losses["tokens"]
    for term, loss in losses.items():
        if term == "index":
            out = out + loss
        elif term != "tokens":
            out = out + weights.of(term) * loss
    return out


def gradient_norms(losses: dict[str, Tensor], probe: Tensor,
                   mean: Callable[[Tensor], Tensor] = lambda x: x) -> dict[str, float]:  # fmt: skip
    """Norm of each term's gradient at `probe`, a tensor that every term was computed from. `mean`
    averages over ranks. Keeps the graph."""
    norms = []
    for loss in losses.values():
        gradient = torch.autograd.grad(loss, probe, retain_graph=True, allow_unused=True)[0] \
            if loss.requires_grad else None  # fmt: skip
        norms.append(probe.new_zeros(()) if gradient is None else gradient.norm())
    return dict(zip(losses, mean(torch.stack(norms)).tolist(), strict=True))
