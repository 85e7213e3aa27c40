# mypy: disable-error-code="no-any-return,no-untyped-call"
"""The inner operations with hand-written backward passes: fewer passes over memory than autograd's.

Each is plain torch, computes what its reference in the tests computes, and says how it saves:

    rms_norm               no squared copy of the input, two reads less in the backward pass
    rotate_pairs           no copy of the turned halves; the backward pass is the reverse turn
    routed_experts         one gather, elementwise work on all experts' tokens at once, weight
                           gradients written straight into the stacked tensor
    linear_cross_entropy   logits exist for a few hundred tokens at a time, gradient included
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

LOSS_CHUNK = 512


class _RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        size = x.shape[-1]
        square = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_()
        inverse = square.div_(size).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, inverse)
        return (x * inverse).mul_(weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        (grad,) = grads
        x, weight, inverse = ctx.saved_tensors
        product = grad * x
        by_weight = torch.mv(product.view(-1, x.shape[-1]), weight).view(inverse.shape)
        shrink = by_weight.mul_(inverse.pow(3)).div_(x.shape[-1])
        grad_weight = torch.mv(product.view(-1, x.shape[-1]).t(), inverse.flatten())
        grad_x = torch.mul(grad, weight, out=product).mul_(inverse).addcmul_(x, shrink, value=-1)
        return grad_x, grad_weight, None


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """`weight * x / sqrt(mean(x ** 2) + eps)` over the last dimension, float32."""
    return _RmsNorm.apply(x.contiguous(), weight, eps)


def _turn(x: Tensor, cos: Tensor, sin: Tensor, sign: float) -> Tensor:
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    out = torch.empty_like(x)
    torch.mul(a, cos, out=out[..., :half]).addcmul_(b, sin, value=-sign)
    torch.mul(b, cos, out=out[..., half:]).addcmul_(a, sin, value=sign)
    return out


class _RotatePairs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        half = x.shape[-1] // 2
        cos, sin = cos[..., :half], sin[..., :half]
        ctx.save_for_backward(cos, sin)
        return _turn(x, cos, sin, 1.0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _turn(grads[0], cos, sin, -1.0), None, None


def rotate_pairs(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the pairs (i, i + D/2) of the last dimension by angles that repeat in both halves."""
    return _RotatePairs.apply(x, cos, sin)


class _RoutedExperts(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, gate_up: Tensor, down: Tensor,
                order: Tensor, counts: list[int]) -> Tensor:  # fmt: skip
        source = order // weights.shape[1]
        scale = weights.flatten().index_select(0, order)[:, None]
        gathered = x.index_select(0, source)
        width = down.shape[-1]
        inner = x.new_empty(len(order), 2 * width)
        start = 0
        for expert, count in enumerate(counts):
            piece = slice(start, start + count)
            if count:
                torch.mm(gathered[piece], gate_up[expert].t(), out=inner[piece])
            start += count
        active = F.silu(inner[:, :width]).mul_(inner[:, width:]).mul_(scale)
        out = torch.empty_like(gathered)
        start = 0
        for expert, count in enumerate(counts):
            piece = slice(start, start + count)
            if count:
                torch.mm(active[piece], down[expert].t(), out=out[piece])
            start += count
        ctx.save_for_backward(gathered, scale, inner, gate_up, down, order)
        ctx.counts, ctx.shape = counts, weights.shape
        return torch.zeros_like(x).index_add_(0, source, out)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        gathered, scale, inner, gate_up, down, order = ctx.saved_tensors
        width = down.shape[-1]
        grad_out = grads[0].index_select(0, order // ctx.shape[1])
        gate, up = inner[:, :width], inner[:, width:]
        smooth = F.silu(gate)
        unscaled = smooth * up
        active = unscaled * scale
        grad_active = torch.empty_like(active)
        grad_down = torch.zeros_like(down) if 0 in ctx.counts else torch.empty_like(down)
        start = 0
        for expert, count in enumerate(ctx.counts):
            piece = slice(start, start + count)
            if count:
                torch.mm(grad_out[piece], down[expert], out=grad_active[piece])
                torch.mm(grad_out[piece].t(), active[piece], out=grad_down[expert])
            start += count
        grad_scale = torch.mul(grad_active, unscaled, out=active).sum(1)
        grad_active.mul_(scale)
        grad_inner = torch.empty_like(inner)
        torch.mul(grad_active, smooth, out=grad_inner[:, width:])
        grad_inner[:, :width] = torch.ops.aten.silu_backward(grad_active.mul_(up), gate)
        grad_gate_up = torch.zeros_like(gate_up) if 0 in ctx.counts else torch.empty_like(gate_up)
        grad_gathered = grad_out  # its values are used up
        start = 0
        for expert, count in enumerate(ctx.counts):
            piece = slice(start, start + count)
            if count:
                torch.mm(grad_inner[piece], gate_up[expert], out=grad_gathered[piece])
                torch.mm(grad_inner[piece].t(), gathered[piece], out=grad_gate_up[expert])
            start += count
        grad_x = torch.zeros_like(grads[0])
        grad_x.index_add_(0, order // ctx.shape[1], grad_gathered)
        grad_weights = torch.empty_like(grad_scale)
        grad_weights[order] = grad_scale
        return grad_x, grad_weights.view(ctx.shape), grad_gate_up, grad_down, None, None


def routed_experts(x: Tensor, chosen: Tensor, weights: Tensor, gate_up: Tensor, down: Tensor
                   ) -> Tensor:  # fmt: skip
    """Weighted sum of SwiGLU experts: x (N, C), chosen and weights (N, K), gate_up (E, 2F, C),
    down (E, C, F) -> (N, C). Tokens are sorted by expert; each product is over one piece."""
    flat = chosen.flatten()
    order = flat.argsort(stable=True)
    counts = torch.bincount(flat, minlength=len(gate_up)).tolist()
    if torch.is_autocast_enabled(x.device.type):
        dtype = torch.get_autocast_dtype(x.device.type)
        x, gate_up, down = x.to(dtype), gate_up.to(dtype), down.to(dtype)
    return _RoutedExperts.apply(x, weights.to(x.dtype), gate_up, down, order, counts)


def routed_experts_grouped(x: Tensor, chosen: Tensor, weights: Tensor, gate_up: Tensor,
                           down: Tensor) -> Tensor:  # fmt: skip
    """The same by `grouped_mm`, without waiting for the counts: for CUDA in bfloat16."""
    flat = chosen.flatten()
    order = flat.argsort(stable=True)
    source = order // chosen.shape[1]
    ends = torch.bincount(flat, minlength=len(gate_up)).cumsum(0).to(torch.int32)
    gate, up = F.grouped_mm(x.index_select(0, source), gate_up.mT, offs=ends).chunk(2, -1)
    active = F.silu(gate) * up * weights.flatten()[order, None].to(x.dtype)
    return torch.zeros_like(x).index_add(0, source, F.grouped_mm(active, down.mT, offs=ends))


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        counted = (targets >= 0).sum().clamp(min=1)
        want = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        grad_hidden = torch.empty_like(hidden if want else hidden[:0])
        grad_weight = torch.zeros_like(weight if want else weight[:0], dtype=torch.float32)
        loss = torch.zeros((), device=hidden.device, dtype=torch.float32)
        for start in range(0, len(hidden), LOSS_CHUNK):
            piece = slice(start, start + LOSS_CHUNK)
            logits = hidden[piece] @ weight.t()
            target = targets[piece]
            known = target >= 0
            rows = target.clamp(min=0)[:, None]
            scores = logits.float()
            whole = scores.logsumexp(-1, keepdim=True)
            loss += ((whole - scores.gather(1, rows)).squeeze(1) * known).sum()
            if want:
                scores.sub_(whole).exp_()
                scores.scatter_add_(1, rows, scores.new_full(rows.shape, -1.0))
                if not bool(known.all()):
                    scores.mul_(known[:, None])
                grad = scores.to(hidden.dtype)
                torch.mm(grad, weight, out=grad_hidden[piece])
                if grad.dtype == torch.float32:
                    grad_weight.addmm_(grad.t(), hidden[piece])
                else:
                    grad_weight += grad.t() @ hidden[piece]
        if want:
            grad_weight = grad_weight.div_(counted).to(weight.dtype)
            ctx.save_for_backward(grad_hidden.div_(counted), grad_weight)
        return loss / counted

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        grad_hidden, grad_weight = ctx.saved_tensors
        scale = grads[0].to(grad_hidden.dtype)
        return grad_hidden * scale, grad_weight * scale, None


def linear_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Mean loss in nats of the logits `hidden @ weight.T` (hidden (..., C), weight (V, C)) against
    `targets` (...); negative targets do not count. The gradient is made along the way."""
    if torch.is_autocast_enabled(hidden.device.type):
        dtype = torch.get_autocast_dtype(hidden.device.type)
        hidden, weight = hidden.to(dtype), weight.to(dtype)
    with torch.autocast(hidden.device.type, enabled=False):
        return _LinearCrossEntropy.apply(hidden.flatten(0, -2), weight, targets.flatten())
