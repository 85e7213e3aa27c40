"""What all layers of one forward pass share: positions, cost classes, rotary tables."""

import torch
from torch import Tensor

from nlogn.model.config import ModelConfig
from nlogn.model.positions import rotary_table


class Step:
    """One pass over tokens at positions `at` (B, T).

    `length`: longest position in sight plus one. `classes` (B, T): cost classes for time-aware
    attention. `valid` (B, T), if given, is false for right-padding in a ragged batch. `first`:
    nothing is cached before these tokens, so every row stands at 0..T-1.
    """

    def __init__(
        self,
        config: ModelConfig,
        at: Tensor,
        length: int,
        classes: Tensor | None = None,
        valid: Tensor | None = None,
        first: bool = True,
    ):
        self.config = config
        self.at = at
        self.length = length
        self.classes = classes
        self.valid = valid
        self.first = first
        self._tables: dict[tuple[torch.dtype, int], tuple[Tensor, Tensor]] = {}

    def rotary(self, dtype: torch.dtype, dim: int = 0) -> tuple[Tensor, Tensor]:
        """Cosine and sine for the pass's own tokens: (B or 1, 1, T, D)."""
        if (dtype, dim) not in self._tables:
            at = self.at[:1] if self.first else self.at
            self._tables[dtype, dim] = self.rotary_at(at, dtype, dim)
        return self._tables[dtype, dim]

    def rotary_at(self, at: Tensor, dtype: torch.dtype, dim: int = 0) -> tuple[Tensor, Tensor]:
        """Cosine and sine for positions `at` (B, S): (B, 1, S, D), D the head's width or `dim`."""
        width = dim or self.config.head_dim
        cos, sin = rotary_table(self.config.positions, at, width, dtype, self.length)
        return cos[:, None], sin[:, None]
