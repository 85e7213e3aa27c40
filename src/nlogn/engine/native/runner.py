"""One forward pass over the segments of a step, in torch: on CUDA, and where there is no compiler.

Tokens of all sequences lie in one row of tokens: x (N, C). Keys and values lie in blocks, one
tensor per layer (blocks, G, BLOCK, D); attention gathers each sequence's by its block table.
"""

from collections.abc import Sequence as Items
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nlogn.engine.native.blocks import BLOCK, Blocks
from nlogn.engine.native.scheduler import Segment
from nlogn.engine.native.sequence import Logits
from nlogn.engine.native.weights import LayerWeights, RoutedExperts, Weights
from nlogn.model.attention import attend
from nlogn.model.experts import group_scores
from nlogn.model.kernels import routed_experts, routed_experts_grouped


class Runner(Protocol):
    """Something that computes segments."""

    name: str
    memory_bytes: int  # of keys and values
    threads: int  # to compute with; may be changed between passes
    width: int  # of the hidden states

    def forward(
        self, segments: Items[Segment], blocks: Blocks, hidden: Logits | None = None
    ) -> Logits:
        """Logits (rows, V) of each segment's last `wanted` tokens, in order; keys and values of
        all tokens go to the segments' blocks. `hidden` (rows, C) receives the states that the
        logits are made of."""


class TorchRunner:
    """Weights and the key-value memory on one device."""

    name = "torch"

    def __init__(self, weights: Weights, counts: Items[int]):
        self.weights = weights
        config = weights.config
        self.device = weights.head.device
        self.width = config.hidden_size
        self.threads = torch.get_num_threads()
        self.cosine = torch.cat((weights.cosine, weights.cosine), -1)
        self.sine = torch.cat((weights.sine, weights.sine), -1)
        self.group = [weights.windows.index(layer.window) for layer in weights.layers]
        shapes = [(counts[g], config.kv_heads, BLOCK, config.head_dim) for g in self.group]
        self.keys = [torch.zeros(shape, dtype=weights.head.dtype, device=self.device)
                     for shape in shapes]  # fmt: skip
        self.values = [torch.zeros_like(keys) for keys in self.keys]
        self.memory_bytes = sum(t.nbytes for t in (*self.keys, *self.values))

    @torch.inference_mode()
    def forward(
        self, segments: Items[Segment], blocks: Blocks, hidden: Logits | None = None
    ) -> Logits:
        if self.threads != torch.get_num_threads():
            torch.set_num_threads(self.threads)
        weights, config = self.weights, self.weights.config
        table = torch.from_numpy(blocks.table).to(self.device, torch.long)
        step = _Step(segments, blocks.windows, table, self.device)
        x = weights.embedding[step.tokens]
        for index, layer in enumerate(weights.layers):
            normed = _norm(x, layer.input_norm, config.norm_eps)
            x = x + self._attention(normed, index, layer, step)
            normed = _norm(x, layer.post_norm, config.norm_eps)
            out = torch.zeros_like(x)
            if layer.gate_up is not None and layer.down is not None:
                gate, up = F.linear(normed, layer.gate_up).chunk(2, -1)
                out = F.linear(F.silu(gate) * up, layer.down)
            if layer.routed is not None:
                out = out + self._experts(normed, layer.routed)
            x = x + out
        states = _norm(x[step.wanted], weights.norm, config.norm_eps)
        if hidden is not None:
            hidden[:] = states.float().cpu().numpy()
        logits: Logits = F.linear(states, weights.head).float().cpu().numpy()
        return logits

    def _attention(self, x: Tensor, index: int, layer: LayerWeights, step: "_Step") -> Tensor:
        config = self.weights.config
        group, dim = self.group[index], config.head_dim
        qkv = F.linear(x, layer.qkv).view(len(x), -1, dim)
        q, k, v = torch.split(qkv, [config.heads, config.kv_heads, config.kv_heads], 1)
        if layer.query_norm is not None and layer.key_norm is not None:
            q = _norm(q, layer.query_norm, config.norm_eps)
            k = _norm(k, layer.key_norm, config.norm_eps)
        if layer.rotates:
            cosine = self.cosine[step.at][:, None].to(x.dtype)
            sine = self.sine[step.at][:, None].to(x.dtype)
            q, k = _turn(q, cosine, sine), _turn(k, cosine, sine)
        keys, values = self.keys[index], self.values[index]
        keys[step.block[group], :, step.slot] = k
        values[step.block[group], :, step.slot] = v
        out = torch.empty_like(q)
        for rows, places, mask in step.looks[group]:
            # (S, T, G, D): sequences of as many tokens each
            shape = (len(places), -1, config.heads, dim)
            seen_k, seen_v = (t[places].transpose(1, 2).flatten(2, 3) for t in (keys, values))
            asked = q[rows].view(shape).transpose(1, 2)
            mixed = attend(asked, seen_k, seen_v, dim**-0.5, mask)
            out[rows] = mixed.transpose(1, 2).reshape(-1, config.heads, dim)
        return F.linear(out.flatten(1), layer.output)

    def _experts(self, x: Tensor, routed: RoutedExperts) -> Tensor:
        config = self.weights.config.experts
        assert config is not None
        scores = F.linear(x.float(), routed.router).sigmoid()
        choice = scores + routed.bias
        if config.groups > 1 and config.groups_per_token < config.groups:
            best = group_scores(choice, config.groups).topk(config.groups_per_token).indices
            closed = torch.ones(len(x), config.groups, dtype=torch.bool, device=x.device)
            closed.scatter_(1, best, False)
            per_group = config.routed // config.groups
            choice = choice.masked_fill(closed.repeat_interleave(per_group, 1), -torch.inf)
        chosen = choice.topk(config.per_token).indices
        share = scores.gather(1, chosen)
        if config.normalise:
            share = share / (share.sum(-1, keepdim=True) + 1e-20)
        run = routed_experts_grouped if x.is_cuda else routed_experts
        return run(x, chosen, share * config.scale, routed.gate_up, routed.down)


class _Step:
    """Where the tokens of a step stand, and what each segment looks at."""

    def __init__(self, segments: Items[Segment], windows: Items[int], table: Tensor,
                 device: torch.device):  # fmt: skip
        token, row, at, wanted, _, _ = flatten(segments)
        self.tokens, self.at, self.wanted = (
            torch.from_numpy(a).to(device) for a in (token, at, wanted)
        )
        rows = torch.from_numpy(row).to(device)
        self.slot = self.at % BLOCK
        self.block = [table[g, rows, self.at // BLOCK] for g in range(len(windows))]
        self.looks: list[list[tuple[Tensor, Tensor, Tensor]]] = [[] for _ in windows]
        # sequences of as many tokens are looked up together: those that decode, above all
        batches: dict[int, list[tuple[int, Segment]]] = {}
        first = 0
        for segment in segments:
            batches.setdefault(len(segment.tokens), []).append((first, segment))
            first += len(segment.tokens)
        for count, batch in batches.items():
            offset = torch.arange(count, device=device)
            begin = torch.tensor([n for n, _ in batch], device=device)
            index = (begin[:, None] + offset).flatten()
            start = torch.tensor([s.start for _, s in batch], device=device)
            place = torch.tensor([s.sequence.row for _, s in batch], device=device)
            last = max(s.start for _, s in batch) + count
            for group, window in enumerate(windows):
                low = (start - window + 1).clamp(min=0) // BLOCK if window else start * 0
                width = int((last - int(low.min()) * BLOCK - 1) // BLOCK) + 1
                if window:
                    width = min(width, (window + count) // BLOCK + 2)
                column = (low[:, None] + torch.arange(width, device=device)).clamp(
                    max=table.shape[2] - 1
                )
                places = table[group, place[:, None], column]
                position = low[:, None] * BLOCK + torch.arange(width * BLOCK, device=device)
                position = position[:, None, :]
                query = (start[:, None] + offset)[:, :, None]
                mask = position <= query
                if window:
                    mask &= position > query - window
                self.looks[group].append((index, places, mask[:, None]))


def flatten(segments: Items[Segment]) -> tuple[NDArray[np.int64], ...]:
    """Of all tokens: number, row of the block table, position; the indices of those whose logits
    are wanted; of all segments: start, length."""
    token = np.array([t for s in segments for t in s.tokens], dtype=np.int64)
    length = np.array([len(s.tokens) for s in segments], dtype=np.int64)
    start = np.array([s.start for s in segments], dtype=np.int64)
    rows = np.array([s.sequence.row for s in segments], dtype=np.int64)
    end = length.cumsum()
    at = np.arange(len(token)) - np.repeat(end - length - start, length)
    wanted = [np.arange(e - s.wanted, e) for e, s in zip(end, segments, strict=True)]
    return token, np.repeat(rows, length), at, np.concatenate(wanted), start, length


def _norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    return weight * F.rms_norm(x.float(), weight.shape, None, epsilon).to(x.dtype)


def _turn(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), -1)
    return x * cosine + turned * sine
