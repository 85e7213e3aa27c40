# mypy: disable-error-code="no-any-return,no-untyped-call"
"""The inner operations with hand-written backward passes: fewer passes over memory than autograd's.

Each is plain torch, computes what its reference in the tests computes, and says how it saves:

    rms_norm               no squared copy of the input, two reads less in the backward pass
    swiglu                 gate and up as one product, nothing kept but it
    banded_attention       the band alone, not two blocks per block
    rotate_pairs           no copy of the turned halves; the backward pass is the reverse turn
    routed_experts         one gather, elementwise work on all experts' tokens at once, weight
                           gradients written straight into the stacked tensor
    linear_cross_entropy   logits exist for a few hundred tokens at a time, gradient included
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

LOSS_CHUNK = 512
BAND = 64  # queries that are taken together; more look at more keys in vain
SAFE_EXPONENT = 60.0  # exp of it, summed over any vocabulary, is a float32


class _RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
        size = x.shape[-1]
        wide = x.float()
        square = torch.linalg.vector_norm(wide, dim=-1, keepdim=True).square_()
        inverse = square.div_(size).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, inverse)
        return (wide * inverse).mul_(weight).to(dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, weight, inverse = ctx.saved_tensors
        kind = x.dtype
        grad, x = grads[0].float().contiguous(), x.float().contiguous()
        product = grad * x
        by_weight = torch.mv(product.view(-1, x.shape[-1]), weight).view(inverse.shape)
        shrink = by_weight.mul_(inverse.pow(3)).div_(x.shape[-1])
        grad_weight = torch.mv(product.view(-1, x.shape[-1]).t(), inverse.flatten())
        grad_x = torch.mul(grad, weight, out=product).mul_(inverse).addcmul_(x, shrink, value=-1)
        return grad_x.to(kind), grad_weight, None, None


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """`weight * x / sqrt(mean(x ** 2) + eps)` over the last dimension, computed in float32. Under
    autocast the result has its precision, so that what follows need not cast it again."""
    dtype = x.dtype
    if torch.is_autocast_enabled(x.device.type):
        dtype = torch.get_autocast_dtype(x.device.type)
    return _RmsNorm.apply(x, weight, eps, dtype)


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


class _SwiGlu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, gate_up: Tensor, down: Tensor) -> Tensor:
        width = down.shape[-1]
        inner = x @ gate_up.t()
        ctx.save_for_backward(x, inner, gate_up, down)
        return F.silu(inner[:, :width]).mul_(inner[:, width:]) @ down.t()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, inner, gate_up, down = ctx.saved_tensors
        width = down.shape[-1]
        gate, up = inner[:, :width], inner[:, width:]
        smooth = F.silu(gate)
        grad_active = grads[0] @ down
        grad_inner = torch.empty_like(inner)
        torch.mul(grad_active, smooth, out=grad_inner[:, width:])
        grad_inner[:, :width] = torch.ops.aten.silu_backward(grad_active.mul_(up), gate)
        grad_down = grads[0].t() @ smooth.mul_(up)
        return grad_inner @ gate_up, grad_inner.t() @ x, grad_down


def swiglu(x: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """`(silu(x @ gate.T) * (x @ up.T)) @ down.T`: x (..., C), gate and up (F, C), down (C, F)."""
    gate_up = torch.cat((gate, up))
    if torch.is_autocast_enabled(x.device.type):
        dtype = torch.get_autocast_dtype(x.device.type)
        x, gate_up, down = x.to(dtype), gate_up.to(dtype), down.to(dtype)
    return _SwiGlu.apply(x.flatten(0, -2), gate_up, down).view(x.shape)


class _Banded(torch.autograd.Function):
    """Legend: B batch, G key heads, R queries per key head, N queries of a block, S its keys."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, scale: float, window: int,
                block: int) -> Tensor:  # fmt: skip
        batch, heads, tokens, _ = q.shape
        groups = k.shape[1]
        shape = (groups, heads // groups)
        q_BGRTD = q.unflatten(1, shape)
        keys, values = k.flatten(0, 1), v.flatten(0, 1)  # (BG, T, D)
        out = q.new_empty(batch, tokens, heads, v.shape[-1]).transpose(1, 2)
        out_BGRTD = out.unflatten(1, shape)
        square = torch.ones(block, block, dtype=torch.bool, device=q.device)
        hidden = torch.zeros_like(square, dtype=q.dtype).masked_fill_(square.triu(1), -torch.inf)
        passed = torch.zeros_like(hidden).masked_fill_(square.tril(), -torch.inf)
        queries, weights = [], []
        for start, end, first in _blocks(tokens, window, block):
            size = end - start
            part = (q_BGRTD[..., start:end, :] * scale).reshape(batch * groups, -1, q.shape[-1])
            scores = part @ keys[:, first:end].mT  # (BG, RN, S)
            of_head = scores.unflatten(1, (-1, size))
            of_head[..., -size:] += hidden[:size, :size]
            lost = first - (start - window)  # columns before the text
            if lost < size:
                of_head[..., : size - lost] += passed[:size, lost:size]
            weight = scores.softmax(-1)
            mixed = weight @ values[:, first:end]
            out_BGRTD[..., start:end, :] = mixed.view(batch, *shape, size, -1)
            queries.append(part)
            weights.append(weight)
        ctx.save_for_backward(keys, values, out, *queries, *weights)
        ctx.arguments = (scale, window, block)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        keys, values, out, *rest = ctx.saved_tensors
        scale, window, block = ctx.arguments
        queries, weights = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        batch, heads, tokens, _ = out.shape
        groups = len(keys) // batch
        shape = (groups, heads // groups)
        grad_keys, grad_values = torch.zeros_like(keys), torch.zeros_like(values)
        grad_q = keys.new_empty(batch, tokens, heads, keys.shape[-1]).transpose(1, 2)
        whole = [x.unflatten(1, shape) for x in (grads[0], out, grad_q)]
        for (start, end, first), query, weight in zip(
            _blocks(tokens, window, block), queries, weights, strict=True
        ):
            grad, mixed = (x[..., start:end, :].reshape(batch * groups, -1, x.shape[-1])
                           for x in whole[:2])  # fmt: skip
            seen = slice(first, end)
            grad_values[:, seen].baddbmm_(weight.mT, grad)
            inner = (grad * mixed).sum(-1, keepdim=True)
            grad_scores = (grad @ values[:, seen].mT).sub_(inner).mul_(weight)
            part = (grad_scores @ keys[:, seen]).mul_(scale)
            whole[2][..., start:end, :] = part.view(batch, *shape, end - start, -1)
            grad_keys[:, seen].baddbmm_(grad_scores.mT, query)
        unflat = (batch, groups)
        return (grad_q, grad_keys.unflatten(0, unflat), grad_values.unflatten(0, unflat),
                None, None, None)  # fmt: skip


def _blocks(tokens: int, window: int, block: int) -> Iterator[tuple[int, int, int]]:
    """(first query, end of queries and keys, first key) of each block."""
    for start in range(0, tokens, block):
        yield start, min(start + block, tokens), max(0, start - window)


def banded_attention(q: Tensor, k: Tensor, v: Tensor, scale: float, window: int) -> Tensor:
    """Attention of each token to itself and the `window - 1` before it, q (B, H, T, D), k and v
    (B, G, T, D), as dense products along the diagonal: on a processor its backward pass takes about
    six tenths of the fused kernel's time, for T * (window + 64) weights kept per head."""
    if torch.is_autocast_enabled(q.device.type):
        dtype = torch.get_autocast_dtype(q.device.type)
        q, k, v = q.to(dtype), k.to(dtype), v.to(dtype)
    with torch.autocast(q.device.type, enabled=False):
        return _Banded.apply(q, k, v, scale, window, min(BAND, window))


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
            highest = scores.amax(-1, keepdim=True)
            meant = scores.gather(1, rows)
            if float(highest.max()) > SAFE_EXPONENT or float(highest.min()) < -SAFE_EXPONENT:
                meant = meant - highest
                scores.sub_(highest)
            scores.exp_()
            whole = scores.sum(-1, keepdim=True)
            loss += ((whole.log() - meant).squeeze(1) * known).sum()
            if want:
                # the softmax is scores / whole: dividing the thin factors saves a pass
                scores.scatter_add_(1, rows, -whole)
                share = known[:, None] / whole
                grad = scores.to(hidden.dtype)
                torch.mm(grad, weight, out=grad_hidden[piece]).mul_(share)
                thin = (hidden[piece] * share).to(hidden.dtype)
                if grad.dtype == torch.float32:
                    grad_weight.addmm_(grad.t(), thin)
                else:
                    grad_weight += grad.t() @ thin
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
