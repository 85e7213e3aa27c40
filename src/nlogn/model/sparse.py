# mypy: disable-error-code="no-any-return,no-untyped-call"
"""Top-k sparse attention: an indexer picks the tokens that a query attends to.

The indexer is DeepSeek Sparse Attention's (arXiv:2512.02556, equations 1-4): the score of a token
is a weighted sum over a few small heads of relu(q.k); each query keeps the best `keep` tokens that
it may see. The choice has no gradient: the indexer learns by `index_loss` to predict where full
attention would look.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nlogn.model.attention import Attention, attend, turn, visible
from nlogn.model.cache import LayerCache
from nlogn.model.config import ModelConfig
from nlogn.model.positions import rotate
from nlogn.model.step import Step


class Indexer(nn.Module):
    """Scores every pair (query token, earlier token)."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        assert config.sparse is not None
        self.shape = config.sparse
        hidden, shape = config.hidden_size, config.sparse
        self.wq_b = nn.Linear(hidden, shape.heads * shape.dim, bias=False)
        self.wk = nn.Linear(hidden, shape.dim, bias=False)
        self.k_norm = nn.LayerNorm(shape.dim, eps=1e-6)
        self.weights_proj = nn.Linear(hidden, shape.heads, bias=False)

    def keys(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, 1, T, D), without position."""
        return self.k_norm(self.wk(x))[:, None]

    def scores(self, x: Tensor, keys: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """(B, T, S) of queries `x` (B, T, C), turned by `cos` and `sin`, against turned keys."""
        q = self.wq_b(x).unflatten(-1, (self.shape.heads, -1)).transpose(1, 2)
        q = rotate(q, cos, sin)
        weights = self.weights_proj(x).float() * self.shape.heads**-0.5
        with torch.autocast(x.device.type, enabled=False):
            close = F.relu((q.float() @ keys.float().transpose(-1, -2)) * self.shape.dim**-0.5)
            return torch.einsum("bth,bhts->bts", weights, close)


def choose(scores: Tensor, seen: Tensor, keep: int) -> Tensor:
    """Boolean (B, 1, T, S): the `keep` best-scored among the `seen` (B, 1, T, S) of each query.

    Scores of exactly zero are common (every head's relu shut): of equals, the later token wins.
    """
    if seen.shape[-1] <= keep:
        return seen
    scores = scores[:, None].masked_fill(~seen, -torch.inf)
    order = scores.flip(-1).argsort(dim=-1, descending=True, stable=True)[..., :keep]
    best = scores.shape[-1] - 1 - order
    return torch.zeros_like(seen).scatter_(-1, best, True) & seen


def index_loss(q: Tensor, k: Tensor, scores: Tensor, allowed: Tensor, scale: float) -> Tensor:
    """KL divergence from attention (summed over heads, normalised; no gradient into it) to the
    softmax of the index scores, over the `allowed` (B, 1, T, S) tokens, mean over queries."""
    with torch.no_grad():
        k = k.repeat_interleave(q.shape[1] // k.shape[1], 1)
        logits = (q @ k.transpose(-1, -2)).float() * scale
        target = logits.masked_fill(~allowed, -torch.inf).softmax(-1).mean(1)
    guess = scores.masked_fill(~allowed[:, 0], -torch.inf).log_softmax(-1)
    guess = guess.masked_fill(~allowed[:, 0], 0.0)
    return (torch.xlogy(target, target) - target * guess).sum(-1).mean()


class SparseAttention(Attention):
    """Grouped-query attention over the tokens that the indexer keeps."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.indexer = Indexer(config)

    def attend_sparsely(
        self, x: Tensor, layer: int, step: Step, cache: LayerCache | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The output and, while training, the indexer's loss."""
        assert self.config.sparse is not None
        dim = self.config.sparse.dim
        index_input = x.detach()  # its loss must not bend the network
        index_keys = self.indexer.keys(index_input)
        raw = cache is not None and cache.raw_keys
        q, k, v = self.project(x, layer, step, raw)
        if not raw:
            index_keys = rotate(index_keys, *step.rotary(x.dtype, dim))
        at = step.at
        if cache is not None:
            (k, v, index_keys), at = cache.look(k, v, index_keys, step=step)
        if raw:
            k = turn(k, self.config.head_dim, at, step)
            index_keys = turn(index_keys, dim, at, step)
        scores = self.indexer.scores(index_input, index_keys, *step.rotary(x.dtype, dim))
        seen = visible(step.at, at)
        kept = choose(scores, seen, self.config.sparse.keep)
        out = attend(q, k, v, self.scale, kept)
        loss = index_loss(q, k, scores, kept, self.scale) if self.training else None
        return self.o_proj(out.transpose(1, 2).flatten(2)), loss
