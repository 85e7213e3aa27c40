"""The same pass by `kernels.cpp`: packs the weights for it and hands over addresses."""

import contextlib
import ctypes
import mmap
import os
from collections.abc import Sequence as Items
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nlogn.engine.native import kernels
from nlogn.engine.native.blocks import BLOCK, Blocks
from nlogn.engine.native.kernels import GROUP, LANES
from nlogn.engine.native.scheduler import Segment
from nlogn.engine.native.sequence import Logits
from nlogn.engine.native.weights import LayerWeights, RoutedExperts, Weights

assert BLOCK == LANES
_HUGE = 2 << 20
_LEAST = 8  # tokens that are worth a thread: a full tile of the kernels


class KernelRunner:
    """Packed weights and the key-value memory, on the CPU, in float32.

    Sequences are shared out to `threads`, each of which computes its own from end to end: nothing
    waits at barriers, and one sequence uses one core.

    `int8` stores the matrices as bytes with a scale per row and 64 columns: a quarter of the
    memory to read per token, at the price of rounding. The gate keeps float32.

    Raises:
        NoKernels: they cannot be compiled here.
    """

    def __init__(self, weights: Weights, counts: Items[int], int8: bool = False):
        self._library = kernels.kernels()
        self.name = "kernels, int8" if int8 else "kernels"
        self.int8 = int8
        self.threads = 1
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, "nlogn-compute")
        self._kept: list[object] = []  # what the structures point to
        self._pages = Pages()
        config = weights.config
        self.vocabulary, self.width = config.vocab_size, config.hidden_size
        padded = -(-config.head_dim // LANES) * LANES
        layers = (kernels.LayerWeights * config.layers)()
        self.memory_bytes = 0
        for target, layer in zip(layers, weights.layers, strict=True):
            self._fill(target, layer)
            group = weights.windows.index(layer.window)
            blocks = counts[group] * config.kv_heads
            sizes = (4 * blocks * config.head_dim * BLOCK, 4 * blocks * BLOCK * padded)
            self.memory_bytes += sum(sizes)
            target.keys, target.values = map(self._pages.take, sizes)
            target.group, target.window, target.rotates = group, layer.window, layer.rotates
        experts = config.experts
        self._network = kernels.Network(
            hidden=config.hidden_size, heads=config.heads, kv_heads=config.kv_heads,
            head_dim=config.head_dim, layers=config.layers, vocabulary=config.vocab_size,
            experts=experts.routed if experts else 0,
            groups=experts.groups if experts else 1,
            groups_per_token=experts.groups_per_token if experts else 1,
            per_token=experts.per_token if experts else 0,
            normalise=experts.normalise if experts else 0,
            expert_scale=experts.scale if experts else 1.0,
            epsilon=config.norm_eps,
            embedding=self._tensor(weights.embedding), norm=self._tensor(weights.norm),
            cosine=self._tensor(weights.cosine), sine=self._tensor(weights.sine),
            head=self._matrix(weights.head), layer=layers,
        )  # fmt: skip
        self._kept.append(layers)

    def forward(
        self, segments: Items[Segment], blocks: Blocks, hidden: Logits | None = None
    ) -> Logits:
        rows = sum(s.wanted for s in segments)
        logits: Logits = np.empty((rows, self.vocabulary), dtype=np.float32)
        mine, *others = shared_out(segments, self.threads)
        done = sum(s.wanted for s in mine)
        waiting = []
        for part in others:
            end = done + sum(s.wanted for s in part)
            states = None if hidden is None else hidden[done:end]
            waiting.append(self._pool.submit(self._compute, part, blocks, logits[done:end], states))
            done = end
        count = sum(s.wanted for s in mine)
        states = None if hidden is None else hidden[:count]
        self._compute(mine, blocks, logits[:count], states)
        for future in waiting:
            future.result()
        return logits

    def _compute(
        self, segments: Items[Segment], blocks: Blocks, logits: Logits, hidden: Logits | None
    ) -> None:
        token = np.array([t for s in segments for t in s.tokens], dtype=np.int64)
        length = np.array([len(s.tokens) for s in segments], dtype=np.int64)
        start = np.array([s.start for s in segments], dtype=np.int64)
        row = np.array([s.sequence.row for s in segments], dtype=np.int64)
        end = np.cumsum(length).tolist()
        want = np.array(
            [i for e, s in zip(end, segments, strict=True) for i in range(e - s.wanted, e)],
            dtype=np.int64,
        )
        table = blocks.table
        tables = (ctypes.c_void_p * 2)(*(t.ctypes.data for t in table))
        batch = kernels.Batch(
            len(token), len(segments), len(want), token.ctypes.data, row.ctypes.data,
            start.ctypes.data, length.ctypes.data, want.ctypes.data, tables, table.shape[2],
            None if hidden is None else hidden.ctypes.data,
        )  # fmt: skip
        self._library.forward(self._network, batch, logits.ctypes.data)

    def _fill(self, target: kernels.LayerWeights, layer: LayerWeights) -> None:
        for name in ("input_norm", "post_norm", "query_norm", "key_norm"):
            tensor = getattr(layer, name)
            setattr(target, name, None if tensor is None else self._tensor(tensor))
        for name in ("qkv", "output", "gate_up", "down"):
            tensor = getattr(layer, name)
            if tensor is not None:
                setattr(target, name, self._matrix(tensor))
        if layer.routed is not None:
            self._experts(target, layer.routed)

    def _experts(self, target: kernels.LayerWeights, routed: RoutedExperts) -> None:
        target.router = self._matrix(routed.router, exact=True)
        target.choice_bias = self._tensor(routed.bias)
        for name, stacked in (("gate_up", routed.gate_up), ("down", routed.down)):
            matrices = (kernels.Matrix * len(stacked))(*map(self._matrix, stacked))
            self._kept.append(matrices)
            setattr(target, f"expert_{name}", matrices)

    def _matrix(self, weight: Tensor, exact: bool = False) -> kernels.Matrix:
        rows, columns = weight.shape
        panels = panelled(weight.detach().float())
        if not self.int8 or exact:
            return kernels.Matrix(self._array(panels), None, rows, columns)
        packed, scale = quantised(panels)
        return kernels.Matrix(self._array(packed), self._array(scale), rows, columns)

    def _tensor(self, tensor: Tensor) -> int:
        array = np.ascontiguousarray(tensor.detach().float().numpy())
        self._kept.append(array)
        return array.ctypes.data

    def _array(self, array: NDArray[np.float32] | NDArray[np.int8]) -> int:
        address = self._pages.take(array.nbytes)
        ctypes.memmove(address, array.ctypes.data, array.nbytes)
        return address


class Pages:
    """Zeroed memory for many arrays, in huge pages where the system has them: reading weights was
    1.2 times as fast as from small pages."""

    def __init__(self) -> None:
        self._maps: list[mmap.mmap] = []
        self._at = self._end = 0

    def take(self, size: int) -> int:
        """The address of `size` bytes, aligned to a cache line."""
        size = -(-size // 64) * 64
        if self._at + size > self._end:
            piece = max(size + _HUGE, 32 * _HUGE)
            # shared memory, which is the default, gets no huge pages
            memory = mmap.mmap(-1, piece, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            if hasattr(mmap, "MADV_HUGEPAGE"):
                with contextlib.suppress(OSError):  # a kernel without them
                    memory.madvise(mmap.MADV_HUGEPAGE)
            self._maps.append(memory)
            start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
            self._at = -(-start // _HUGE) * _HUGE
            self._end = start + piece
        self._at += size
        return self._at - size


def shared_out(segments: Items[Segment], parts: int) -> list[Items[Segment]]:
    """At most so many runs of about as many tokens each, at least `_LEAST` where there are several;
    none is empty."""
    total = sum(len(s.tokens) for s in segments)
    parts = min(parts, total // _LEAST, len(segments))
    if parts < 2:
        return [segments]
    out: list[Items[Segment]] = []
    start = tokens = 0
    for i, segment in enumerate(segments):
        tokens += len(segment.tokens)
        if tokens * parts >= total * (len(out) + 1):
            out.append(segments[start : i + 1])
            start = i + 1
    return out


def panelled(weight: Tensor) -> NDArray[np.float32]:
    """(N, K) -> (N / LANES, K, LANES), rows of zeros added."""
    padded = torch.nn.functional.pad(weight, (0, 0, 0, -weight.shape[0] % LANES))
    out: NDArray[np.float32] = (
        padded.view(-1, LANES, weight.shape[1]).transpose(1, 2).contiguous().numpy()
    )
    return out


def quantised(panels: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Bytes (P, K, LANES) and scales (P, ceil(K / GROUP), LANES): symmetric, to the nearest."""
    count, columns, _ = panels.shape
    groups = -(-columns // GROUP)
    scale = np.zeros((count, groups, LANES), dtype=np.float32)
    packed = np.zeros(panels.shape, dtype=np.int8)
    for g in range(groups):
        part = panels[:, g * GROUP : (g + 1) * GROUP]
        scale[:, g] = np.abs(part).max(1) / 127
        safe = np.where(scale[:, g] > 0, scale[:, g], 1)
        packed[:, g * GROUP : (g + 1) * GROUP] = np.rint(part / safe[:, None])
    return packed, scale
