# mypy: disable-error-code="no-any-return,no-untyped-call"
"""Linear attention: the gated delta rule (Gated DeltaNet, arXiv:2412.06464).

One state matrix per head instead of a growing cache:

    S_t = exp(g_t) S_{t-1} + k_t u_t',   u_t = b_t (v_t - exp(g_t) S_{t-1}' k_t),   o_t = S_t' q_t

`recurrent` does this token by token (decoding); `chunked` solves a triangular system per chunk
and steps from chunk to chunk (training, prefill). They agree to rounding.
The module has the parameters of transformers' `qwen3_next` linear layer.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nlogn.model.cache import LinearCache
from nlogn.model.config import ModelConfig
from nlogn.model.step import Step

CHUNK = 64


def recurrent(q: Tensor, k: Tensor, v: Tensor, g: Tensor, b: Tensor, state: Tensor
              ) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The definition, one token after the other.

    q, k (B, H, T, Dk), v (B, H, T, Dv), log decay g <= 0 and write strength b (B, H, T), state
    (B, H, Dk, Dv), all float32. Returns the outputs (B, H, T, Dv) and the last state.
    """
    out = []
    for t in range(q.shape[2]):
        state = state * g[:, :, t, None, None].exp()
        error = v[:, :, t] - torch.einsum("bhkv,bhk->bhv", state, k[:, :, t])
        state = state + k[:, :, t, :, None] * (b[:, :, t, None] * error)[:, :, None]
        out.append(torch.einsum("bhkv,bhk->bhv", state, q[:, :, t]))
    return torch.stack(out, 2), state


def chunked(q: Tensor, k: Tensor, v: Tensor, g: Tensor, b: Tensor, state: Tensor
            ) -> tuple[Tensor, Tensor]:  # fmt: skip
    """What `recurrent` returns, by matrix products over chunks of `CHUNK` tokens.

    Inside a chunk, with c the running sum of g and S the state before it, the writes u solve
    (I + L) u = b v - (b exp(c) k) S, where L[t, i] = b_t exp(c_t - c_i) k_t.k_i for i < t.
    """
    tokens = q.shape[2]
    padding = -tokens % CHUNK
    # a padded token neither decays (g = 0) nor writes (b = 0)
    q, k, v = (F.pad(x, (0, 0, 0, padding)).unflatten(2, (-1, CHUNK)) for x in (q, k, v))
    g, b = (F.pad(x, (0, padding)).unflatten(2, (-1, CHUNK)) for x in (g, b))
    c = g.cumsum(-1)
    causal = torch.ones(CHUNK, CHUNK, dtype=torch.bool, device=q.device).tril()
    decay = (c[..., :, None] - c[..., None, :]).masked_fill(~causal, -torch.inf).exp()
    system = (b[..., None] * k) @ k.transpose(-1, -2) * decay
    right = torch.cat((b[..., None] * v, (b * c.exp())[..., None] * k), -1)
    solved = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True)
    own, old = solved.split((v.shape[-1], k.shape[-1]), -1)
    inside = q @ k.transpose(-1, -2) * decay
    reading = q * c.exp()[..., None]
    writing = (k * (c[..., -1:] - c).exp()[..., None]).transpose(-1, -2)
    kept = c[..., -1].exp()[..., None, None]
    out = []
    for i in range(q.shape[2]):
        u = own[:, :, i] - old[:, :, i] @ state
        out.append(reading[:, :, i] @ state + inside[:, :, i] @ u)
        state = state * kept[:, :, i] + writing[:, :, i] @ u
    return torch.stack(out, 2).flatten(2, 3)[:, :, :tokens], state


def _unit(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)


class GatedNorm(nn.Module):
    """`silu(gate) * weight * x / rms(x)`."""

    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        normed = F.rms_norm(x.float(), self.weight.shape, None, self.eps).to(x.dtype)
        return (self.weight * normed * F.silu(gate.float())).to(x.dtype)


class LinearAttention(nn.Module):
    """Projections, a short causal convolution, the gated delta rule, a gated norm."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        assert config.linear is not None
        self.shape = config.linear
        hidden, shape = config.hidden_size, config.linear
        keys, values = shape.key_heads * shape.key_dim, shape.value_heads * shape.value_dim
        self.sizes = (keys, keys, values)
        channels = 2 * keys + values
        self.in_proj_qkvz = nn.Linear(hidden, 2 * keys + 2 * values, bias=False)
        self.in_proj_ba = nn.Linear(hidden, 2 * shape.value_heads, bias=False)
        self.conv1d = nn.Conv1d(channels, channels, shape.kernel, groups=channels, bias=False)
        self.dt_bias = nn.Parameter(torch.ones(shape.value_heads))
        self.A_log = nn.Parameter(torch.linspace(0.01, 16, shape.value_heads).log())
        self.norm = GatedNorm(shape.value_dim, config.norm_eps)
        self.out_proj = nn.Linear(values, hidden, bias=False)

    def forward(
        self, x: Tensor, layer: int, step: Step, cache: LinearCache | None = None
    ) -> Tensor:
        batch, tokens, _ = x.shape
        shape = self.shape
        served = shape.value_heads // shape.key_heads  # value heads per key head
        mixed = self.in_proj_qkvz(x).view(batch, tokens, shape.key_heads, -1)
        q, k, v, z = mixed.split(
            (shape.key_dim, shape.key_dim, served * shape.value_dim, served * shape.value_dim), -1
        )
        b, a = self.in_proj_ba(x).view(batch, tokens, shape.key_heads, -1).chunk(2, -1)
        b, a = b.flatten(2), a.flatten(2)

        channels = torch.cat((q.flatten(2), k.flatten(2), v.flatten(2)), -1).transpose(1, 2)
        channels = self._convolve(channels, step, cache)
        q, k, v = channels.transpose(1, 2).split(self.sizes, -1)

        def heads(x: Tensor, count: int) -> Tensor:  # (B, T, count*d) -> (B, H, T, d)
            return x.view(batch, tokens, count, -1).transpose(1, 2).float()

        q = _unit(heads(q, shape.key_heads)).repeat_interleave(served, 1) * shape.key_dim**-0.5
        k = _unit(heads(k, shape.key_heads)).repeat_interleave(served, 1)
        v = heads(v, shape.value_heads)
        strength = b.float().sigmoid().transpose(1, 2)
        decay = -(self.A_log.float().exp() * F.softplus(a.float() + self.dt_bias)).transpose(1, 2)
        if step.valid is not None:
            strength, decay = strength * step.valid[:, None], decay * step.valid[:, None]
        state = cache.state if cache else q.new_zeros(batch, *self._state_shape)
        rule = recurrent if tokens == 1 else chunked
        with torch.autocast(x.device.type, enabled=False):
            out, state = rule(q, k, v, decay, strength, state)
        if cache:
            cache.state = state
        z = z.reshape(batch, tokens, -1, shape.value_dim)
        return self.out_proj(self.norm(out.transpose(1, 2).to(x.dtype), z).flatten(2))

    @property
    def _state_shape(self) -> tuple[int, int, int]:
        return self.shape.value_heads, self.shape.key_dim, self.shape.value_dim

    def _convolve(self, channels: Tensor, step: Step, cache: LinearCache | None) -> Tensor:
        """Depthwise causal convolution of (B, channels, T), with what came before it."""
        before = self.shape.kernel - 1
        if cache is None:
            long = F.pad(channels, (before, 0))
        else:
            long = torch.cat((cache.tail.to(channels.dtype), channels), -1)
            count = torch.full((len(long),), channels.shape[-1], device=long.device)
            if step.valid is not None:
                count = step.valid.sum(1)
            last = count[:, None] + torch.arange(before, device=long.device)
            cache.tail = long.gather(2, last[:, None].expand(-1, long.shape[1], -1))
        return F.silu(F.conv1d(long, self.conv1d.weight, groups=long.shape[1]))
