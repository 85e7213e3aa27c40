# mypy: disable-error-code="no-any-return,no-untyped-call"
"""Muon for matrices, AdamW for everything else, in one optimiser.

Muon (K. Jordan, 2024; scaled for large networks in arXiv:2502.16982) replaces the momentum of a
matrix by the nearest semi-orthogonal one, so that every direction moves equally. A stack of experts
(E, m, n) is E matrices, and a fused gate-and-up matrix two: each is orthogonalised by itself.
Embeddings, the head, gates, norms, biases and tables go to AdamW (arXiv:1711.05101).

The update of a matrix is scaled to AdamW's typical size, so one learning rate serves both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

ITERATIONS = 5
_QUINTIC = (3.4445, -4.7750, 2.0315)
_ADAM_SIZE = 0.2  # root mean square of a typical AdamW update, arXiv:2502.16982 section 2.2


def orthogonalise(matrices: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """The nearest semi-orthogonal matrix of each (..., m, n), roughly: singular values come out
    in about 0.7..1.2 (Newton-Schulz with Jordan's quintic coefficients)."""
    a, b, c = _QUINTIC
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    for _ in range(iterations):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x


@dataclass(frozen=True)
class Rates:
    """Learning rate and decay. `embedding` multiplies the rate of embeddings and head; without
    `muon` AdamW trains the matrices too. `pooled` is the share of an expert's step that it takes
    with all others, along their summed gradient: of a network that was upcycled, whose experts are
    one layer at first, and each have a part of the tokens to learn from."""

    lr: float = 2e-3
    weight_decay: float = 0.1
    momentum: float = 0.95
    betas: tuple[float, float] = (0.9, 0.95)
    eps: float = 1e-8
    embedding: float = 1.0
    muon: bool = True
    pooled: float = 0.0


def is_matrix(name: str, parameter: Tensor) -> bool:
    """Whether Muon trains it: weight matrices of attention and feed-forward layers."""
    other = ("embed_tokens", "lm_head", "mlp.gate.weight", "time_bias", "conv1d", "heads.")
    return parameter.dim() >= 2 and not any(part in name for part in other)


class Optimizer(torch.optim.Optimizer):
    """Muon and AdamW behind one `step`.

    Two groups: `kind` "muon" and "adam". `lr` of both is set by the schedule. The iteration runs in
    `precision`; bfloat16 is enough for it (K. Jordan's own choice). `together` as in `Experts`, for
    `Rates.pooled`. Works on plain parameters and on FSDP2's sharded ones (DTensor): stacked experts
    are sharded by whole experts and stay where they are, unless part of their step is pooled; other
    matrices are gathered for the iteration.
    """

    def __init__(self, named: Iterable[tuple[str, nn.Parameter]], rates: Rates | None = None,
                 precision: torch.dtype = torch.float32, together: int = 1):  # fmt: skip
        rates = rates or Rates()
        self.precision = precision
        self.together = together
        self.rates = rates
        named = list(named)
        self.names = {parameter: name for name, parameter in named}
        self.count = torch.zeros((), dtype=torch.long)
        matrices: list[nn.Parameter] = []
        fused: list[bool] = []
        vectors: list[nn.Parameter] = []
        tables: list[nn.Parameter] = []
        for name, parameter in named:
            if rates.muon and is_matrix(name, parameter):
                matrices.append(parameter)
                fused.append(name.endswith("gate_up_proj"))
            elif "embed_tokens" in name or name.startswith("lm_head"):
                tables.append(parameter)
            else:
                vectors.append(parameter)
        groups: list[dict[str, Any]] = [
            {"params": matrices, "kind": "muon", "fused": fused, "scale": 1.0},
            {"params": tables, "kind": "adam", "scale": rates.embedding},
            {"params": vectors, "kind": "adam", "scale": 1.0},
        ]
        super().__init__([g for g in groups if g["params"]], {"lr": rates.lr})
        for group in self.param_groups:
            kept = ("momentum",) if group["kind"] == "muon" else ("mean", "square")
            for parameter in group["params"]:
                self.state[parameter] = {k: torch.zeros_like(parameter) for k in kept}

    def tensors(self) -> dict[str, Any]:
        """The whole state by parameter name: what a checkpoint writes, and reads in place."""
        state: dict[str, Any] = {name: dict(self.state[p]) for p, name in self.names.items()}
        return state | {"count": self.count}

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update from the gradients that are there."""
        self.count += 1
        count = int(self.count)
        for group in self.param_groups:
            if group["kind"] == "muon":
                for parameter, fused in zip(group["params"], group["fused"], strict=True):
                    if parameter.grad is not None:
                        self._muon(parameter, group["lr"] * group["scale"], fused)
            else:
                self._adam(group["params"], group["lr"] * group["scale"], count)

    def _muon(self, parameter: nn.Parameter, lr: float, fused: bool) -> None:
        state = self.state[parameter]
        grad = parameter.grad
        assert grad is not None
        momentum = state["momentum"]
        momentum.lerp_(grad, 1 - self.rates.momentum)
        update = grad.lerp(momentum, self.rates.momentum)  # Nesterov
        parameter.mul_(1 - lr * self.rates.weight_decay)
        if isinstance(update, DTensor):
            assert isinstance(parameter, DTensor)
            self._add_sharded(parameter, update, -lr, fused)
        else:
            moved = self._directions(update, fused)
            if parameter.dim() == 3 and self.rates.pooled:
                moved.lerp_(self._pooled(update, fused), self.rates.pooled)
            parameter.add_(moved, alpha=-lr)

    def _directions(self, update: Tensor, fused: bool) -> Tensor:
        """The orthogonalised update of a matrix or a stack, scaled to AdamW's size."""
        if fused:
            gate, up = update.chunk(2, dim=-2)
            return torch.cat((self._directions(gate, False), self._directions(up, False)), dim=-2)
        scale = _ADAM_SIZE * max(update.shape[-2:]) ** 0.5
        return orthogonalise(update.to(self.precision)).to(update.dtype) * scale

    def _pooled(self, update: Tensor, fused: bool) -> Tensor:
        """The direction of all experts' summed update, for each of them (E, m, n). Those that are
        chosen together are one layer: `gate_up_proj` (R, 2F, C) two matrices (R F, C), `down_proj`
        (R, C, F) one (C, R F)."""
        run = update.unflatten(0, (-1, self.together)).sum(0)
        apart = (run.unflatten(1, (2, -1)) if fused else run).transpose(0, 1)
        whole = apart.flatten(1, 2) if fused else apart.flatten(1)
        moved = self._directions(whole, False).view(apart.shape).transpose(0, 1)
        moved = moved.flatten(1, 2) if fused else moved
        return moved.repeat(len(update) // self.together, 1, 1)

    def _add_sharded(self, parameter: DTensor, update: DTensor, factor: float, fused: bool) -> None:
        local = parameter.to_local()
        by_expert = all(not p.is_shard() or p.is_shard(0) for p in parameter.placements)
        apart = parameter.dim() == 3 and by_expert
        pooled = self.rates.pooled if parameter.dim() == 3 else 0.0
        whole = update.full_tensor() if pooled or not apart else update  # gathered once
        if apart:
            moved = self._directions(update.to_local(), fused) if local.numel() else local
        else:
            moved = _part(self._directions(whole, fused), parameter)
        if pooled:
            moved = moved.lerp(_part(self._pooled(whole, fused), parameter), pooled)
        local.add_(moved, alpha=factor)

    def _adam(self, parameters: list[nn.Parameter], lr: float, count: int) -> None:
        first, second = self.rates.betas
        for parameter in parameters:
            grad = parameter.grad
            if grad is None:
                continue
            state = self.state[parameter]
            state["mean"].lerp_(grad, 1 - first)
            state["square"].mul_(second).addcmul_(grad, grad, value=1 - second)
            correction = (1 - second**count) ** 0.5
            size = state["square"].sqrt().div_(correction).add_(self.rates.eps)
            if parameter.dim() >= 2:  # norms and biases do not decay
                parameter.mul_(1 - lr * self.rates.weight_decay)
            parameter.addcdiv_(state["mean"], size, value=-lr / (1 - first**count))


def _part(whole: Tensor, parameter: DTensor) -> Tensor:
    """This rank's part of a tensor that each rank has whole."""
    from torch.distributed.tensor import distribute_tensor

    mesh, placements = parameter.device_mesh, parameter.placements
    return distribute_tensor(whole, mesh, placements, src_data_rank=None).to_local()


def learning_rate(step: int, steps: int, peak: float, warmup: int, decay: float = 0.4) -> float:
    """Linear warm-up over `warmup` steps, flat, then linear to zero over the last `decay` share."""
    falling = max(1, round(decay * steps))
    return peak * min(1.0, (step + 1) / max(warmup, 1), (steps - step) / falling)
