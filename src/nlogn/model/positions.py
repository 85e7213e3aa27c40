"""Where a token stands: rotary embedding and its extensions, ALiBi's penalty, the cost-class bias.

Shape suffixes of this room:  B batch, T tokens, S keys, H query heads, G key-value heads,
D head features, C hidden features, E experts, V vocabulary.

The additive biases (ALiBi, time-aware attention) enter as extra features of queries and keys
instead of a (T, S) mask: `q' = [q, a]`, `k' = [k, b]` adds `a.b` to the score, so every fused
attention kernel, the chunked window and the cache serve them unchanged.
"""

import math

import torch
from torch import Tensor

from nlogn.model.config import ModelConfig, Positions
from nlogn.model.kernels import rotate_pairs


def inverse_frequencies(
    positions: Positions, dim: int, length: int | None = None, device: torch.device | None = None
) -> tuple[Tensor, float]:
    """Angular steps of the `dim / 2` rotated pairs, and the factor on cosine and sine.

    `length` is the longest position in sight plus one; only `dynamic` looks at it.
    Sources: linear arXiv:2306.15595; dynamic NTK as in arXiv:2306.15595's follow-ups, with
    theta' = theta * (factor * length / original - (factor - 1)) ** (dim / (dim - 2));
    YaRN arXiv:2309.00071, equations 17-22.
    """
    theta = positions.theta
    if positions.scaling == "dynamic":
        grown = max(length or 0, positions.original)
        stretch = positions.factor * grown / positions.original - (positions.factor - 1)
        theta *= stretch ** (dim / (dim - 2))
    exponent = torch.arange(0, dim, 2, dtype=torch.float32, device=device) / dim
    plain = 1.0 / theta**exponent
    if positions.scaling == "linear":
        return plain / positions.factor, 1.0
    if positions.scaling != "yarn":
        return plain, 1.0
    ramp = _yarn_ramp(positions, dim, device)
    factor = positions.attention_factor
    if factor is None:
        factor = 0.1 * math.log(positions.factor) + 1.0 if positions.factor > 1 else 1.0
    return plain / positions.factor * ramp + plain * (1 - ramp), factor


def _yarn_ramp(positions: Positions, dim: int, device: torch.device | None) -> Tensor:
    """0 for pairs that turn often within the original context, 1 for those that hardly do."""

    def pair_turning(rotations: float) -> float:
        wave = positions.original / (rotations * 2 * math.pi)
        return dim * math.log(wave) / (2 * math.log(positions.theta))

    low = max(math.floor(pair_turning(positions.beta_fast)), 0)
    high = min(math.ceil(pair_turning(positions.beta_slow)), dim - 1)
    pairs = torch.arange(dim // 2, dtype=torch.float32, device=device)
    return ((pairs - low) / max(high - low, 0.001)).clamp(0, 1)


def rotary_table(
    positions: Positions, at: Tensor, dim: int, dtype: torch.dtype, length: int | None = None
) -> tuple[Tensor, Tensor]:
    """Cosine and sine of the positions `at` (..., T): two tensors (..., T, dim), in `dtype`."""
    steps, factor = inverse_frequencies(positions, dim, length, at.device)
    angle = at[..., None].float() * steps
    angle = torch.cat((angle, angle), dim=-1)
    return (angle.cos() * factor).to(dtype), (angle.sin() * factor).to(dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (i, i + D/2) of the last dimension; `cos` and `sin` broadcast over heads."""
    return rotate_pairs(x, cos, sin)


def alibi_slopes(heads: int) -> Tensor:
    """ALiBi's slope of each head (arXiv:2108.12409): a geometric series for a power of two; for
    other counts, the series of the next lower power and every other one of the next higher."""
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2.0 ** (-8 * (i + 1) / power) for i in range(power)]
    slopes += [2.0 ** (-8 * (2 * i + 1) / (2 * power)) for i in range(heads - power)]
    return torch.tensor(slopes)


def extra_features(config: ModelConfig) -> int:
    """How many features the biases add to each query and key of a softmax layer."""
    return (2 if config.positions.relative_bias else 0) + config.time_classes


def bias_features(
    config: ModelConfig,
    at: Tensor,
    classes: Tensor | None,
    table: Tensor | None,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor] | None:
    """Features (B, H, T, F) for queries and (B, 1, T, F) for keys whose product is the bias.

    ALiBi: -slope * (i - j). The part in i is constant in a softmax row, so only slope * j is
    added, with j split into two digits of base 256: exact in bfloat16 up to 65,536 tokens.
    Time-aware attention: table[h, class of query, class of key], `table` (H, K, K), `classes`
    (B, T) in 0..K-1.
    """
    query: list[Tensor] = []
    key: list[Tensor] = []
    batch, tokens = at.shape
    heads = config.heads
    if config.positions.relative_bias:
        slopes = alibi_slopes(heads).to(at.device, dtype)
        query.append(torch.stack((slopes * 256, slopes), -1)[None, :, None].expand(
            batch, heads, tokens, 2))  # fmt: skip
        key.append(torch.stack((at // 256, at % 256), -1)[:, None].to(dtype))
    if config.time_classes:
        assert table is not None
        if classes is None:
            classes = torch.zeros_like(at)
        query.append(table[:, classes].transpose(0, 1).to(dtype))
        hot = torch.nn.functional.one_hot(classes, config.time_classes)
        key.append(hot[:, None].to(dtype))
    if not query:
        return None
    return torch.cat(query, -1), torch.cat(key, -1)
