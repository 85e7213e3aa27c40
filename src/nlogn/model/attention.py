# mypy: disable-error-code="no-any-return,no-untyped-call"
"""Softmax attention: full, and a sliding window that is exact and never builds a (T, T) mask.

Both take queries (B, H, T, D) and keys and values (B, G, T, D) with H a multiple of G (grouped
heads, arXiv:2305.13245); the module around them has the parameter names of `exaone_moe`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nlogn.model.cache import LayerCache
from nlogn.model.config import ModelConfig
from nlogn.model.kernels import banded_attention
from nlogn.model.norm import RMSNorm
from nlogn.model.positions import bias_features, rotate
from nlogn.model.step import Step


def attend(
    q: Tensor, k: Tensor, v: Tensor, scale: float, mask: Tensor | None = None, causal: bool = False
) -> Tensor:
    """Softmax attention; `mask` is boolean, true where a query may look. (B, H, T, Dv)."""
    width = v.shape[-1]
    if q.shape[-1] != width:  # the fused kernels want equal widths
        v = F.pad(v, (0, q.shape[-1] - width))
    grouped = q.shape[1] != k.shape[1]
    out = F.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=causal, scale=scale, enable_gqa=grouped
    )
    return out[..., :width]


def attend_window(q: Tensor, k: Tensor, v: Tensor, scale: float, window: int) -> Tensor:
    """Each token sees itself and the `window - 1` before it.

    On CUDA, blocks of `window` queries look at their own and the previous block of keys:
    O(T * window).
    """
    batch, heads, tokens, _ = q.shape
    if tokens <= window:
        return attend(q, k, v, scale, causal=True)
    if not q.is_cuda:
        return banded_attention(q, k, v, scale, window)
    if tokens <= 2 * window:  # one masked square costs less than two blocks of double width
        at = torch.arange(tokens, device=q.device)[None]
        return attend(q, k, v, scale, visible(at, at, window))
    blocks = -(-tokens // window)
    padding = blocks * window - tokens
    if padding:
        q, k, v = (F.pad(x, (0, 0, 0, padding)) for x in (q, k, v))

    def with_previous(x: Tensor) -> Tensor:  # (B, G, N*W, D) -> (B*N, G, 2W, D)
        here = x.view(batch, x.shape[1], blocks, window, x.shape[-1])
        before = F.pad(here, (0, 0, 0, 0, 1, 0))[:, :, :-1]
        return torch.cat((before, here), dim=3).transpose(1, 2).flatten(0, 1)

    row = torch.arange(window, device=q.device)[:, None]
    column = torch.arange(2 * window, device=q.device)[None, :]
    inside = (column > row) & (column <= row + window)
    first = inside & (column >= window)  # the first block has nothing before it
    mask = torch.stack((first, *[inside] * (blocks - 1))).repeat(batch, 1, 1)[:, None]
    blocked = q.view(batch, heads, blocks, window, -1).transpose(1, 2).flatten(0, 1)
    out = attend(blocked, with_previous(k), with_previous(v), scale, mask)
    out = out.view(batch, blocks, heads, window, -1).transpose(1, 2).flatten(2, 3)
    return out[:, :, :tokens]


class Attention(nn.Module):
    """Grouped-query attention with optional QK-norm, of any softmax kind.

    The kind is given at the call, since layers that share weights may differ in it.
    """

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        hidden, dim = config.hidden_size, config.head_dim
        self.q_proj = nn.Linear(hidden, config.heads * dim, bias=False)
        self.k_proj = nn.Linear(hidden, config.kv_heads * dim, bias=False)
        self.v_proj = nn.Linear(hidden, config.kv_heads * dim, bias=False)
        self.o_proj = nn.Linear(config.heads * dim, hidden, bias=False)
        if config.qk_norm:
            self.q_norm = RMSNorm(dim, config.norm_eps)
            self.k_norm = RMSNorm(dim, config.norm_eps)
        if config.time_classes:
            shape = (config.heads, config.time_classes, config.time_classes)
            self.time_bias = nn.Parameter(torch.zeros(shape))
        self.scale = dim**-0.5

    def project(
        self, x: Tensor, layer: int, step: Step, keep_raw: bool = False
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of `x` (B, T, C), positions and biases applied; keys are left
        unturned when `keep_raw`, for a cache whose rotation still changes."""
        batch, tokens, _ = x.shape
        dim = self.config.head_dim
        heads, groups = self.config.heads, self.config.kv_heads
        weight = torch.cat((self.q_proj.weight, self.k_proj.weight, self.v_proj.weight))
        every = F.linear(x, weight).view(batch, tokens, -1, dim)
        q, k, v = every.split((heads, groups, groups), dim=2)
        v = v.transpose(1, 2)
        if self.config.qk_norm:
            q, k = self.q_norm(q), self.k_norm(k)
        q, k = q.transpose(1, 2), k.transpose(1, 2)
        if self.config.rotates(layer):
            cos, sin = step.rotary(x.dtype)
            q = rotate(q, cos, sin)
            if not keep_raw:
                k = rotate(k, cos, sin)
        table = self.time_bias if self.config.time_classes else None
        extra = bias_features(self.config, step.at, step.classes, table, x.dtype)
        if extra is not None:
            # the score is scaled after the product, the bias is not
            q = torch.cat((q, extra[0] / self.scale), -1)
            k = torch.cat((k, extra[1].expand(-1, k.shape[1], -1, -1)), -1)
        return q, k, v

    def forward(self, x: Tensor, layer: int, step: Step, cache: LayerCache | None = None) -> Tensor:
        sliding = self.config.kinds[layer] == "sliding"
        window = self.config.window if sliding else 0
        if cache is None or step.first:
            q, k, v = self.project(x, layer, step)
            if cache is not None:
                kept = self.project(x, layer, step, True)[1] if cache.raw_keys else k
                cache.append(kept, v, step=step)
            if sliding:
                out = attend_window(q, k, v, self.scale, window)
            else:
                out = attend(q, k, v, self.scale, causal=True)
        else:
            q, k, v = self.project(x, layer, step, cache.raw_keys)
            (k, v), at = cache.look(k, v, step=step)
            if cache.raw_keys:
                k = turn(k, self.config.head_dim, at, step)
            out = attend(q, k, v, self.scale, visible(step.at, at, window))
        return self.o_proj(out.transpose(1, 2).flatten(2))


def turn(k: Tensor, dim: int, at: Tensor, step: Step) -> Tensor:
    """Rotate the first `dim` features of cached keys (B, G, S, D) that stand at `at` (B, S)."""
    cos, sin = step.rotary_at(at, k.dtype, dim)
    return torch.cat((rotate(k[..., :dim], cos, sin), k[..., dim:]), -1)


def visible(queries: Tensor, keys: Tensor, window: int = 0) -> Tensor:
    """(B, 1, T, S): may the query at position (B, T) see the key at (B, S)? Negative key
    positions are empty slots."""
    q, k = queries[:, None, :, None], keys[:, None, None, :]
    seen = (k <= q) & (k >= 0)
    return seen & (k > q - window) if window else seen
