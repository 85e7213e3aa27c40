# mypy: disable-error-code="no-any-return,no-untyped-call"
"""Feed-forward layers: the dense one, and routed experts in paradigm groups with a shared expert.

The gate (arXiv:2412.19437, section 2.1.2): sigmoid scores; a bias that only the *choice* sees and
that balancing moves instead of a loss (arXiv:2408.15664); a group's score is the sum of its two
best experts; the chosen scores, normalised, weigh the experts' outputs.

So that a group comes to mean its paradigm, `group_loss` trains the group scores on the documents'
labels, and `balance` evens out the load inside each group, never between groups.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nlogn.model.config import Experts
from nlogn.model.kernels import routed_experts, routed_experts_grouped, swiglu

GROUP_TEMPERATURE = 0.1  # group scores lie in 0..2: sharpen them before the softmax


class Routing(NamedTuple):
    """What one layer's gate did with N tokens: `logits` (N, E), `chosen` (N, K)."""

    logits: Tensor
    chosen: Tensor


class FeedForward(nn.Module):
    """SwiGLU (arXiv:2002.05202)."""

    def __init__(self, hidden: int, width: int):
        super().__init__()
        self.gate_proj = nn.Linear(hidden, width, bias=False)
        self.up_proj = nn.Linear(hidden, width, bias=False)
        self.down_proj = nn.Linear(width, hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return swiglu(x, self.gate_proj.weight, self.up_proj.weight, self.down_proj.weight)


class Gate(nn.Module):
    """Chooses experts for each token. The weight and the scores are float32."""

    e_score_correction_bias: Tensor

    def __init__(self, hidden: int, config: Experts):
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.zeros(config.routed, hidden))
        self.register_buffer("e_score_correction_bias", torch.zeros(config.routed))

    def forward(self, x: Tensor, steer: Tensor | None = None) -> tuple[Routing, Tensor]:
        """Routing and weights (N, K) for `x` (N, C). `steer` (G,) is added to the group scores:
        a request may lean towards a paradigm."""
        config = self.config
        with torch.autocast(x.device.type, enabled=False):
            logits = F.linear(x.float(), self.rows().float())
        scores = logits.sigmoid()
        with torch.no_grad():
            choice = scores + self.e_score_correction_bias
            if config.groups > 1 and config.groups_per_token < config.groups:
                group = group_scores(choice, config.groups)
                if steer is not None:
                    group = group + steer
                best = group.topk(config.groups_per_token, sorted=False).indices
                closed = torch.ones_like(group, dtype=torch.bool).scatter_(1, best, False)
                per_group = config.routed // config.groups
                choice = choice.masked_fill(closed.repeat_interleave(per_group, 1), -torch.inf)
            chosen = choice.topk(config.per_token, sorted=False).indices
        weights = scores.gather(1, chosen)
        if config.normalise:
            weights = weights / (weights.sum(-1, keepdim=True) + 1e-20)
        return Routing(logits, chosen), weights * config.scale

    def rows(self) -> Tensor:
        """(E, C): the weight. Experts that are chosen together have equal rows, and get equal
        gradients."""
        run = self.config.together
        if run == 1 or not self.training:
            return self.weight
        return self.weight.unflatten(0, (-1, run)).mean(1).repeat_interleave(run, 0)


class ExpertWeights(nn.Module):
    """The routed experts' matrices, stacked: `gate_up_proj` (E, 2F, C), `down_proj` (E, C, F)."""

    def __init__(self, hidden: int, config: Experts):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.empty(config.routed, 2 * config.width, hidden))
        self.down_proj = nn.Parameter(torch.empty(config.routed, hidden, config.width))

    def forward(self, x: Tensor, chosen: Tensor, weights: Tensor) -> Tensor:
        """Weighted sum of the chosen experts' outputs for `x` (N, C)."""
        run = routed_experts_grouped if x.is_cuda else routed_experts
        return run(x, chosen, weights, self.gate_up_proj, self.down_proj)


class MixtureOfExperts(nn.Module):
    """Gate, routed experts and the shared expert."""

    def __init__(self, hidden: int, config: Experts):
        super().__init__()
        self.gate = Gate(hidden, config)
        self.experts = ExpertWeights(hidden, config)
        self.shared_experts = None
        if config.shared:
            self.shared_experts = FeedForward(hidden, config.width * config.shared)

    def forward(self, x: Tensor, steer: Tensor | None = None) -> tuple[Tensor, Routing]:
        flat = x.flatten(0, -2)
        routing, weights = self.gate(flat, steer)
        out = self.experts(flat, routing.chosen, weights).view_as(x)
        if self.shared_experts is not None:
            out = out + self.shared_experts(x)
        return out, routing


# --- what training adds ------------------------------------------------------------------------


def group_scores(scores: Tensor, groups: int) -> Tensor:
    """(N, E) expert scores -> (N, G): the sum of each group's two best."""
    grouped = scores.unflatten(-1, (groups, -1))
    return grouped.topk(min(2, grouped.shape[-1]), dim=-1).values.sum(-1)


def group_loss(routings: Sequence[Routing], gates: Sequence[Gate], paradigms: Tensor) -> Tensor:
    """Cross entropy of the group scores, as the gates choose by them, against the paradigm of each
    token's document. Without the balancing bias other scores would be trained than route.

    `paradigms` (N,): 0..G-1, or -1 for unlabelled tokens, which do not count. Mean over layers.
    """
    losses = []
    for routing, gate in zip(routings, gates, strict=True):
        choice = routing.logits.sigmoid() + gate.e_score_correction_bias
        scores = group_scores(choice, gate.config.groups) / GROUP_TEMPERATURE
        losses.append(F.cross_entropy(scores, paradigms, ignore_index=-1, reduction="sum"))
    labelled = (paradigms >= 0).sum().clamp(min=1)
    return torch.stack(losses).mean() / labelled


def router_z_loss(routings: Sequence[Routing]) -> Tensor:
    """Mean squared log-sum-exp of the router logits, which keeps them small (arXiv:2202.08906)."""
    return torch.stack([r.logits.logsumexp(-1).square().mean() for r in routings]).mean()


def expert_counts(routings: Sequence[Routing], experts: int) -> Tensor:
    """Tokens sent to each expert of each layer: (layers, E)."""
    return torch.stack([torch.bincount(r.chosen.flatten(), minlength=experts) for r in routings])


@torch.no_grad()
def balance(gates: Sequence[Gate], counts: Tensor, rate: float = 1e-3,
            within_groups: bool = True) -> None:  # fmt: skip
    """Move each gate's choice bias towards even load, before an optimiser step.

    `counts` (layers, E) over the whole step, all ranks. Overloaded experts lose `rate`, others
    gain it (arXiv:2408.15664); inside each group, so that the mix of paradigms in the data may
    load the groups unevenly.
    """
    for gate, count in zip(gates, counts.float(), strict=True):
        groups = gate.config.groups if within_groups else 1
        runs = count.unflatten(0, (-1, gate.config.together)).mean(1)
        load = runs.repeat_interleave(gate.config.together).view(groups, -1)
        move = rate * torch.sign(load.mean(-1, keepdim=True) - load)
        gate.e_score_correction_bias += (move - move.mean(-1, keepdim=True)).flatten()


def own_group_share(routings: Sequence[Routing], paradigms: Tensor, config: Experts) -> Tensor:
    """Per layer, the share of labelled tokens' expert slots in the group of their paradigm."""
    labelled = paradigms >= 0
    per_group = config.routed // config.groups
    return torch.stack([
        (r.chosen[labelled] // per_group == paradigms[labelled, None]).float().mean()
        for r in routings
    ])  # fmt: skip
