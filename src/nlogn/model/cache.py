"""What a network remembers between calls: keys and values, or a linear layer's state.

    cache = Cache(config, batch=2)
    logits = model(prompt, cache=cache).logits          # prefill; rows may have different lengths
    logits = model(next_token, cache=cache).logits      # decode, one token or several

Full layers keep every token, sliding layers the window alone (a ring), linear layers one state.
Rows are independent: `rows` drops or reorders them, `join` puts caches together, so an engine can
let requests enter and leave a running batch.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nlogn.model.config import ModelConfig
from nlogn.model.positions import extra_features
from nlogn.model.step import Step

FIRST_SLOTS = 64


class LayerCache:
    """Slots for tokens of one layer: several tensors (B, heads, S, width), written together.

    A token at position p lies in slot p, or p modulo the ring's size. `at` (B, S) tells which
    position a slot holds, -1 if none. One slot more than S takes what must not be kept.
    """

    def __init__(self, batch: int, shapes: Sequence[tuple[int, int]], ring: int, raw_keys: bool,
                 dtype: torch.dtype, device: torch.device | None):  # fmt: skip
        self.ring = ring
        self.raw_keys = raw_keys
        slots = ring or FIRST_SLOTS
        self.parts = [
            torch.zeros(batch, heads, slots + 1, width, dtype=dtype, device=device)
            for heads, width in shapes
        ]
        self.at = torch.full((batch, slots + 1), -1, dtype=torch.long, device=device)

    @property
    def slots(self) -> int:
        return self.at.shape[1] - 1

    def append(self, *new: Tensor, step: Step) -> None:
        """Keep the tensors (B, heads, T, width) of the step's tokens."""
        if not self.ring and step.length > self.slots:
            self._grow(max(step.length, 2 * self.slots))
        slot = step.at % self.slots if self.ring else step.at
        kept = step.at.new_ones(step.at.shape, dtype=torch.bool)
        if step.valid is not None:
            kept = step.valid
        if self.ring:
            last = step.at.masked_fill(~kept, -1).amax(1, keepdim=True)
            kept = kept & (step.at > last - self.slots)
        slot = slot.masked_fill(~kept, self.slots)
        for part, tensor in zip(self.parts, new, strict=True):
            index = slot[:, None, :, None].expand(-1, part.shape[1], -1, part.shape[3])
            part.scatter_(2, index, tensor.to(part.dtype))
        self.at.scatter_(1, slot, step.at)
        self.at[:, -1] = -1

    def look(self, *new: Tensor, step: Step) -> tuple[list[Tensor], Tensor]:
        """Everything in sight of the step's tokens, themselves included, and its positions (B, S).

        Keeps the new tokens too. A single token overwrites only what its window no longer sees;
        several at once still need what they overwrite, so they are laid beside the old.
        """
        if new[0].shape[2] == 1 and step.valid is None:
            self.append(*new, step=step)
            seen = min(step.length, self.slots)
            return [part[:, :, :seen] for part in self.parts], self.at[:, :seen]
        seen = min(step.length, self.slots)
        at = step.at if step.valid is None else step.at.masked_fill(~step.valid, -1)
        together = [
            torch.cat((part[:, :, :seen], tensor.to(part.dtype)), 2)
            for part, tensor in zip(self.parts, new, strict=True)
        ]
        positions = torch.cat((self.at[:, :seen], at), 1)
        self.append(*new, step=step)
        return together, positions

    def _grow(self, slots: int) -> None:
        more = slots - self.slots
        self.parts = [F.pad(part, (0, 0, 0, more)) for part in self.parts]
        self.at = F.pad(self.at, (0, more), value=-1)

    def forget(self, lengths: Tensor) -> None:
        self.at.masked_fill_(self.at >= lengths[:, None], -1)

    def rows(self, index: Tensor) -> None:
        self.parts = [part[index] for part in self.parts]
        self.at = self.at[index]

    def join(self, others: Sequence["LayerCache"]) -> None:
        slots = max(self.slots, *(other.slots for other in others))
        for cache in (self, *others):
            if cache.slots < slots:
                cache._grow(slots)
        caches = (self, *others)
        self.parts = [torch.cat(parts) for parts in zip(*(c.parts for c in caches), strict=True)]
        self.at = torch.cat([cache.at for cache in caches])


class LinearCache:
    """A gated delta rule layer's memory: `state` (B, H, Dk, Dv), `tail` (B, channels, kernel-1)."""

    def __init__(self, config: ModelConfig, batch: int, dtype: torch.dtype,
                 device: torch.device | None):  # fmt: skip
        assert config.linear is not None
        shape = config.linear
        channels = 2 * shape.key_heads * shape.key_dim + shape.value_heads * shape.value_dim
        self.state = torch.zeros(
            batch, shape.value_heads, shape.key_dim, shape.value_dim, device=device
        )
        self.tail = torch.zeros(batch, channels, shape.kernel - 1, dtype=dtype, device=device)

    def forget(self, lengths: Tensor) -> None:
        raise ValueError("a linear attention layer cannot take tokens back")

    def rows(self, index: Tensor) -> None:
        self.state, self.tail = self.state[index], self.tail[index]

    def join(self, others: Sequence["LinearCache"]) -> None:
        self.state = torch.cat((self.state, *(other.state for other in others)))
        self.tail = torch.cat((self.tail, *(other.tail for other in others)))


class Cache:
    """The memory of a batch of sequences.

    `lengths` (B,): tokens held by each row. `slack`: how many tokens `forget` can take back from
    the sliding layers, for speculative decoding.
    """

    def __init__(
        self,
        config: ModelConfig,
        batch: int = 1,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
        slack: int = 0,
    ):
        self.config = config
        self.slack = slack
        self.lengths = torch.zeros(batch, dtype=torch.long, device=device)
        self.longest = 0
        self.layers: list[LayerCache | LinearCache] = []
        raw = config.positions.scaling == "dynamic"
        for layer, kind in enumerate(config.kinds):
            if kind == "linear":
                self.layers.append(LinearCache(config, batch, dtype, device))
                continue
            shapes = [(config.kv_heads, config.head_dim + extra_features(config)),
                      (config.kv_heads, config.head_dim)]  # fmt: skip
            if kind == "sparse":
                assert config.sparse is not None
                shapes.append((1, config.sparse.dim))
            ring = config.window + slack if kind == "sliding" else 0
            turning = raw and config.rotates(layer)
            self.layers.append(LayerCache(batch, shapes, ring, turning, dtype, device))

    def __len__(self) -> int:
        return len(self.lengths)

    def step(self, tokens: int, classes: Tensor | None, valid: Tensor | None) -> Step:
        """The pass that comes next: `tokens` more for each row."""
        at = self.lengths[:, None] + torch.arange(tokens, device=self.lengths.device)
        return Step(self.config, at, self.longest + tokens, classes, valid, self.longest == 0)

    def advance(self, step: Step) -> None:
        tokens = step.at.shape[1]
        if step.valid is None:
            self.lengths = self.lengths + tokens
            self.longest += tokens
        else:
            self.lengths = self.lengths + step.valid.sum(1)
            self.longest = int(self.lengths.max())

    def forget(self, tokens: int) -> None:
        """Take back the last `tokens` tokens of every row.

        Raises:
            ValueError: more than `slack`, where there are sliding layers, or a linear layer.
        """
        if tokens > self.slack and "sliding" in self.config.kinds:
            raise ValueError(f"cannot take back {tokens} tokens: this cache has slack {self.slack}")
        self.lengths = (self.lengths - tokens).clamp(min=0)
        self.longest = int(self.lengths.max())
        for layer in self.layers:
            layer.forget(self.lengths)

    def rows(self, index: Sequence[int]) -> None:
        """Keep these rows, in this order (a row may come twice)."""
        chosen = torch.tensor(list(index), dtype=torch.long, device=self.lengths.device)
        self.lengths = self.lengths[chosen]
        self.longest = int(self.lengths.max()) if len(chosen) else 0
        for layer in self.layers:
            layer.rows(chosen)

    def join(self, others: Sequence["Cache"]) -> None:
        """Append the rows of other caches of the same network; they must not be used afterwards."""
        if not others:
            return
        self.lengths = torch.cat((self.lengths, *(other.lengths for other in others)))
        self.longest = int(self.lengths.max())
        for mine, *theirs in zip(self.layers, *(other.layers for other in others), strict=True):
            mine.join(theirs)
