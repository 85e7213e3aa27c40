"""What a network is, in numbers: for people who decide whether it fits their machine. No torch."""

from collections.abc import Iterator
from typing import Any

from nlogn.model.config import ModelConfig, count_parameters
from nlogn.model.families import family
from nlogn.model.plan import cache_bytes, flops_per_token

CARD = "training.json"  # beside the weights: how the network was trained
BYTES_PER_WEIGHT = {"float32": 4.0, "bfloat16": 2.0, "q8_0": 34 / 32}


def trainings(card: Any) -> Iterator[dict[str, Any]]:
    """A checkpoint's `CARD` and the ones that it went on from, the latest first; up to one
    that training did not write."""
    while isinstance(card, dict) and all(
        isinstance(card.get(name), int) for name in ("tokens", "steps", "seed")
    ):
        yield card
        card = card.get("before")


def describe(config: ModelConfig) -> dict[str, Any]:
    """Counts of parameters, bytes of weights by precision, bytes of the key-value cache of one full
    context (bfloat16), operations per token (forward, at half the context)."""
    count = count_parameters(config)
    kinds = {kind: config.kinds.count(kind) for kind in dict.fromkeys(config.kinds)}
    experts = None
    if config.experts is not None:
        e = config.experts
        experts = {"routed": e.routed, "groups": e.groups, "per_token": e.per_token,
                   "shared": e.shared, "width": e.width}  # fmt: skip
    return {
        "family": family(config),
        "layers": config.layers,
        "attention": kinds,
        "hidden_size": config.hidden_size,
        "heads": config.heads,
        "kv_heads": config.kv_heads,
        "vocab_size": config.vocab_size,
        "context": config.context,
        "experts": experts,
        "parameters": count.total,
        "active": count.active,
        "bytes": {name: round(count.total * size) for name, size in BYTES_PER_WEIGHT.items()},
        "cache_bytes": cache_bytes(config, config.context),
        "flops_per_token": round(flops_per_token(config, config.context, backward=False)),
    }
