"""What a network is: one frozen value, checked when it is made, without torch.

    preset("7b", context=16384)  ->  ModelConfig  ->  Transformer(config)

A layer has an attention kind (`full`, `sliding`, `linear`, `sparse`) and a feed-forward kind (dense
or experts). The flagship pattern is three sliding layers to one full, 16 routed experts in four
paradigm groups, the first layer dense; every other option of the room is a field here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args

AttentionKind = Literal["full", "sliding", "linear", "sparse"]
Scaling = Literal["none", "linear", "dynamic", "yarn"]
PARADIGMS = ("systems", "algorithms", "web", "data")


class BadConfig(ValueError):
    """The fields contradict each other; the message names them."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise BadConfig(message)


_LARGEST = 2**31  # sizes are counts of what has to fit a machine
_DEEPEST = 1000


def _check_types(part: Any) -> None:
    """A config is often read from a file: each field must hold what it is declared to."""
    for declared in fields(part):
        value, name = getattr(part, declared.name), f"{type(part).__name__}.{declared.name}"
        kinds = get_args(declared.type) or (declared.type,)
        if value is None and type(None) in kinds:
            continue
        if int in kinds:
            _require(type(value) is int, f"{name}={value!r} is no whole number")
            _require(abs(value) < _LARGEST, f"{name}={value} is too large")
        elif float in kinds:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            _require(number and math.isfinite(value), f"{name}={value!r} is no number")
        elif bool in kinds:
            _require(isinstance(value, bool), f"{name}={value!r} is neither true nor false")


@dataclass(frozen=True)
class Experts:
    """Routed experts in groups (DeepSeek-V3, arXiv:2412.19437, section 2.1.2).

    A token goes to its `groups_per_token` best groups (a group's score is the sum of its two best
    experts' scores), there to its `per_token` best experts, and always to the shared experts.
    Experts that are parts of one layer, such as a dense network's neurons that were dealt out, are
    chosen `together`, in runs of so many.
    """

    routed: int = 16
    groups: int = 4
    groups_per_token: int = 1
    per_token: int = 2
    width: int = 128
    shared: int = 1
    first_dense: int = 1
    scale: float = 1.0
    normalise: bool = True
    together: int = 1

    def __post_init__(self) -> None:
        _check_types(self)
        _require(min(self.routed, self.groups, self.per_token, self.width) > 0, "experts: sizes")
        _require(self.shared >= 0 and self.first_dense >= 0, "experts: shared, first_dense < 0")
        _require(
            self.routed % self.groups == 0,
            f"{self.routed} routed experts cannot be dealt out evenly into {self.groups} groups",
        )
        _require(1 <= self.groups_per_token <= self.groups, "experts.groups_per_token > groups")
        per_group = self.routed // self.groups
        _require(
            per_group >= 2 or self.groups == 1,
            "a group is scored by its two best experts: experts.routed / groups must be >= 2",
        )
        _require(
            self.per_token <= self.groups_per_token * per_group,
            f"experts.per_token={self.per_token} exceeds the {self.groups_per_token * per_group}"
            " experts of the chosen groups",
        )
        _require(
            self.together > 0 and per_group % self.together == self.per_token % self.together == 0,
            f"experts.together={self.together} must divide both the {per_group} experts of a group"
            f" and the {self.per_token} of a token",
        )


@dataclass(frozen=True)
class Positions:
    """How a layer knows where a token stands.

    Rotary embedding (RoFormer, arXiv:2104.09864) over the whole head, its frequencies scaled for
    contexts longer than `original` tokens by `linear` interpolation (arXiv:2306.15595), `dynamic`
    NTK or `yarn` (arXiv:2309.00071). `rotary_full=False` leaves the full-attention layers without
    any position signal, so that nothing there has to be extended. `relative_bias` adds ALiBi's
    linear penalty (arXiv:2108.12409) to every softmax layer.
    """

    theta: float = 10_000.0
    scaling: Scaling = "none"
    factor: float = 1.0
    original: int = 0
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    attention_factor: float | None = None
    rotary: bool = True
    rotary_full: bool = True
    relative_bias: bool = False

    def __post_init__(self) -> None:
        _check_types(self)
        _require(self.theta > 1, "positions.theta must exceed 1")
        _require(self.scaling in get_args(Scaling), f"positions.scaling={self.scaling!r}")
        _require(self.factor >= 1, "positions.factor must be at least 1")
        if self.scaling in ("dynamic", "yarn"):
            _require(self.original > 0, f"positions.original: {self.scaling} needs it")


@dataclass(frozen=True)
class Linear:
    """Sizes of a gated delta rule layer (Gated DeltaNet, arXiv:2412.06464)."""

    key_heads: int
    value_heads: int
    key_dim: int
    value_dim: int
    kernel: int = 4

    def __post_init__(self) -> None:
        _check_types(self)
        sizes = (self.key_heads, self.value_heads, self.key_dim, self.value_dim, self.kernel)
        _require(min(sizes) > 0, "linear: sizes must be positive")
        _require(self.value_heads % self.key_heads == 0, "linear.value_heads % key_heads != 0")


@dataclass(frozen=True)
class Sparse:
    """Top-k sparse attention: an indexer of `heads` small heads keeps `keep` tokens per query
    (DeepSeek Sparse Attention, arXiv:2512.02556)."""

    keep: int
    heads: int = 4
    dim: int = 32

    def __post_init__(self) -> None:
        _check_types(self)
        _require(min(self.keep, self.heads, self.dim) > 0, "sparse: sizes must be positive")


@dataclass(frozen=True)
class ModelConfig:
    """A decoder-only network. Sizes in features; `context` and `window` in tokens.

    Raises:
        BadConfig: fields that contradict each other.
    """

    vocab_size: int
    hidden_size: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    dense_width: int
    context: int
    pattern: tuple[AttentionKind, ...] = ("full",)
    window: int = 0
    qk_norm: bool = True
    experts: Experts | None = None
    positions: Positions = field(default_factory=Positions)
    linear: Linear | None = None
    sparse: Sparse | None = None
    share: int = 1
    time_classes: int = 0
    norm_eps: float = 1e-5
    tied: bool = False
    bos: int | None = None
    eos: int | None = 0
    pad: int | None = None

    def __post_init__(self) -> None:
        _check_types(self)
        sizes = (self.vocab_size, self.hidden_size, self.layers, self.heads, self.kv_heads,
                 self.head_dim, self.dense_width, self.context, self.share)  # fmt: skip
        _require(min(sizes) > 0, "sizes must be positive")
        _require(self.layers <= _DEEPEST, f"layers={self.layers}: more than {_DEEPEST:,}")
        _require(self.heads % self.kv_heads == 0, "heads is no multiple of kv_heads")
        _require(bool(self.pattern), "pattern is empty")
        unknown = set(self.pattern) - set(get_args(AttentionKind))
        _require(not unknown, f"pattern: no such attention kind: {sorted(unknown)}")
        kinds = set(self.kinds)
        _require("sliding" not in kinds or self.window > 0, "sliding layers need window > 0")
        _require("linear" not in kinds or self.linear is not None, "linear layers need linear=")
        _require("sparse" not in kinds or self.sparse is not None, "sparse layers need sparse=")
        if self.positions.rotary or self.sparse is not None:
            _require(self.head_dim % 2 == 0, "rotary positions need an even head_dim")
        _require(self.sparse is None or self.sparse.dim % 2 == 0, "sparse.dim must be even")
        _require(self.time_classes >= 0, "time_classes < 0")
        _require(self.norm_eps >= 0, "norm_eps < 0")
        for name in ("bos", "eos", "pad"):
            token = getattr(self, name)
            _require(token is None or 0 <= token < self.vocab_size, f"{name} is not in the vocab")

    @cached_property
    def kinds(self) -> tuple[AttentionKind, ...]:
        """Attention kind of each layer: `pattern`, repeated; the last layer of a network that
        mixes sliding with full layers may be either, as the pattern falls."""
        return tuple(self.pattern[i % len(self.pattern)] for i in range(self.layers))

    def has_experts(self, layer: int) -> bool:
        return self.experts is not None and layer >= self.experts.first_dense

    def rotates(self, layer: int) -> bool:
        """Whether the layer turns its queries and keys by position."""
        if not self.positions.rotary:
            return False
        return self.positions.rotary_full or self.kinds[layer] == "sliding"

    def owner(self, layer: int) -> int:
        """The layer whose weights this one uses (MobileLLM's immediate sharing,
        arXiv:2402.14905): runs of `share` neighbours of equal structure use the first's."""
        structure = self._structure(layer)
        start = layer
        while start > 0 and self._structure(start - 1) == structure:
            start -= 1
        return layer - (layer - start) % self.share

    def _structure(self, layer: int) -> tuple[str, bool]:
        kind = self.kinds[layer]
        return (kind if kind in ("linear", "sparse") else "softmax", self.has_experts(layer))


def to_json(config: ModelConfig) -> dict[str, Any]:
    """A JSON-able form that `from_json` reads back equal."""
    from dataclasses import asdict

    data = asdict(config)
    data["pattern"] = list(config.pattern)
    return data


def from_json(data: Mapping[str, Any]) -> ModelConfig:
    """The config that `to_json` was given.

    Raises:
        BadConfig: unknown or missing fields, or fields that contradict each other.
    """
    parts = {"experts": Experts, "positions": Positions, "linear": Linear, "sparse": Sparse}
    try:
        made: dict[str, Any] = {**data}
        for name, kind in parts.items():
            if made.get(name) is not None:
                made[name] = kind(**made[name])
        made["pattern"] = tuple(made["pattern"])
        return ModelConfig(**made)
    except (TypeError, KeyError, ArithmeticError) as error:
        raise BadConfig(f"not a model config: {error}") from None


# --- presets ---------------------------------------------------------------------------------

_HYBRID: tuple[AttentionKind, ...] = ("sliding", "sliding", "sliding", "full")
_NO_ROTARY_ON_FULL = Positions(theta=10_000.0, rotary_full=False)


def _deepseek_coder(hidden: int, layers: int, heads: int, kv: int, width: int) -> ModelConfig:
    """The published shape of DeepSeek-Coder base models (arXiv:2401.14196, table 2): dense, rotary
    with theta 100,000, interpolated by 4 from 4K to 16K."""
    return ModelConfig(
        vocab_size=32_256, hidden_size=hidden, layers=layers, heads=heads, kv_heads=kv,
        head_dim=hidden // heads, dense_width=width, context=16_384, qk_norm=False, norm_eps=1e-6,
        positions=Positions(theta=100_000.0, scaling="linear", factor=4.0, original=4096),
        bos=32_013, eos=32_014, pad=32_014,
    )  # fmt: skip


_PRESETS: dict[str, ModelConfig] = {
    # widths are multiples of 256 where a K-quant of a GGUF file wants whole blocks
    "nano": ModelConfig(
        vocab_size=8192, hidden_size=256, layers=8, heads=4, kv_heads=2, head_dim=64,
        dense_width=768, context=1024, pattern=_HYBRID, window=256,
        experts=Experts(width=128, shared=2), positions=_NO_ROTARY_ON_FULL,
    ),
    "1.3b": _deepseek_coder(2048, 24, 16, 16, 5504),
    "6.7b": _deepseek_coder(4096, 32, 32, 32, 11_008),
    "33b": _deepseek_coder(7168, 62, 56, 8, 19_200),
    "7b": ModelConfig(
        vocab_size=65_536, hidden_size=2048, layers=32, heads=16, kv_heads=4, head_dim=128,
        dense_width=8192, context=8192, pattern=_HYBRID, window=1024,
        experts=Experts(width=2048, groups_per_token=2, per_token=4), positions=_NO_ROTARY_ON_FULL,
    ),
    "70b": ModelConfig(
        vocab_size=131_072, hidden_size=5120, layers=48, heads=40, kv_heads=8, head_dim=128,
        dense_width=20_480, context=8192, pattern=_HYBRID, window=2048,
        experts=Experts(width=5376, groups_per_token=2, per_token=4), positions=_NO_ROTARY_ON_FULL,
    ),
}  # fmt: skip
PRESETS = tuple(_PRESETS)


def preset(name: str, context: int | None = None) -> ModelConfig:
    """A named shape, optionally for another context length.

    `nano`, `7b` and `70b` are the hybrid with experts (the last two for 8K, or 16K by `context`);
    `1.3b`, `6.7b` and `33b` are the dense DeepSeek-Coder shapes, the ones to import and upcycle.

    Raises:
        BadConfig: no such preset.
    """
    if name not in _PRESETS:
        raise BadConfig(f"no preset {name!r}: one of {', '.join(PRESETS)}")
    config = _PRESETS[name]
    return config if context is None else replace(config, context=context)


def dense_twin(config: ModelConfig) -> ModelConfig:
    """The network without experts that spends as much on a token: its feed-forward layers are as
    wide as what a token visits here. What a claim about experts is compared with.

    Raises:
        BadConfig: there are no experts.
    """
    experts = config.experts
    if experts is None:
        raise BadConfig("this network is dense")
    visited = experts.width * (experts.per_token + experts.shared)
    return replace(config, experts=None, dense_width=visited)


# --- exact arithmetic ------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameters:
    """Parameter counts of a config: exact, and tested against the built network.

    `active` are those that touch one token: without the experts it is not sent to, and without
    the input embedding, which is a look-up. `matrix` are those that Muon trains.
    """

    total: int
    active: int
    embedding: int
    attention: int
    dense: int
    experts: int
    norms: int
    buffers: int

    @property
    def matrix(self) -> int:
        return self.attention + self.dense + self.experts


@lru_cache(maxsize=4096)
def count_parameters(config: ModelConfig) -> Parameters:
    """Exact counts, by arithmetic alone."""
    hidden = config.hidden_size
    embedding = config.vocab_size * hidden * (1 if config.tied else 2)
    attention = dense = experts = norms = active_experts = buffers = 0
    norms += hidden
    seen = 0
    for layer in range(config.layers):
        repeated = config.owner(layer) != layer
        part_attention, part_norm = _attention_parameters(config, layer)
        part_norm += 2 * hidden
        part_dense = part_experts = part_active = part_buffers = 0
        if config.has_experts(layer):
            assert config.experts is not None
            one = 3 * hidden * config.experts.width
            part_dense = one * config.experts.shared
            part_experts = one * config.experts.routed + hidden * config.experts.routed
            part_active = one * config.experts.per_token + hidden * config.experts.routed
            part_buffers = config.experts.routed
        else:
            part_dense = 3 * hidden * config.dense_width
        # a shared layer costs compute again, but no parameters
        seen += part_attention + part_norm + part_dense + part_active
        if repeated:
            continue
        attention += part_attention
        norms += part_norm
        dense += part_dense
        experts += part_experts
        active_experts += part_active
        buffers += part_buffers
    total = embedding + attention + dense + experts + norms
    active = seen + hidden + config.vocab_size * hidden
    return Parameters(total, active, embedding, attention, dense, experts, norms, buffers)


def _attention_parameters(config: ModelConfig, layer: int) -> tuple[int, int]:
    """(matrices and biases, norm weights) of one layer's attention."""
    hidden, dim = config.hidden_size, config.head_dim
    kind = config.kinds[layer]
    if kind == "linear":
        assert config.linear is not None
        shape = config.linear
        keys = shape.key_heads * shape.key_dim
        values = shape.value_heads * shape.value_dim
        projections = hidden * (2 * keys + 2 * values + 2 * shape.value_heads) + values * hidden
        convolution = (2 * keys + values) * shape.kernel
        return projections + convolution + 2 * shape.value_heads, shape.value_dim
    matrices = 2 * hidden * dim * config.heads + 2 * hidden * dim * config.kv_heads
    norm = 2 * dim if config.qk_norm else 0
    matrices += config.heads * config.time_classes**2
    if kind == "sparse":
        assert config.sparse is not None
        index = config.sparse
        matrices += hidden * (index.heads * index.dim + index.dim + index.heads)
        norm += 2 * index.dim
    return matrices, norm


def size_label(count: int) -> str:
    """`1_300_000_000` -> `1.3B`."""
    if count < 1000:
        return str(count)
    power = min(int(math.log10(count)) // 3, 4)
    return f"{count / 1000**power:.3g}{' kMBT'[power]}"
