"""Our config as a `config.json` that other programs read, and theirs as ours. No torch.

A network is written as the published architecture that computes the same thing:

    exaone_moe   sliding + full layers, QK-norm, experts; positions on sliding layers alone
    glm4_moe     experts, rotary positions everywhere, with or without QK-norm
    llama        dense, rotary positions everywhere
    qwen3        the same with QK-norm
    nlogn        everything else: only this project reads it
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlogn.model.config import (
    AttentionKind,
    BadConfig,
    Experts,
    ModelConfig,
    Positions,
    from_json,
    to_json,
)

ARCHITECTURES = {
    "exaone_moe": "ExaoneMoeForCausalLM",
    "glm4_moe": "Glm4MoeForCausalLM",
    "llama": "LlamaForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "nlogn": "NlognForCausalLM",
}


class BadCheckpoint(ValueError):
    """A folder that is no checkpoint, or whose weights do not fit its config."""


class Unsupported(BadConfig):
    """A checkpoint uses something this network does not have; the message names it."""


def family(config: ModelConfig) -> str:
    """The published architecture that computes what this config does, else "nlogn".

    Cross-layer sharing and time-aware attention do not count: shared weights are written out, and
    the bias table stays in the side-car file.
    """
    kinds, positions, experts = set(config.kinds), config.positions, config.experts
    if not positions.rotary or positions.relative_bias or not kinds <= {"full", "sliding"}:
        return "nlogn"
    everywhere = positions.rotary_full or kinds == {"sliding"}
    if experts is None:
        if not everywhere or kinds != {"full"}:
            return "nlogn"
        return "qwen3" if config.qk_norm else "llama"
    if experts.shared and config.qk_norm and "sliding" in kinds:
        return "nlogn" if everywhere and "full" in kinds else "exaone_moe"
    if experts.shared and everywhere and kinds == {"full"}:
        return "glm4_moe"
    return "nlogn"


def to_hf(config: ModelConfig, dtype: str = "float32") -> dict[str, Any]:
    """The `config.json` of a checkpoint folder."""
    kind = family(config)
    base: dict[str, Any] = {
        "architectures": [ARCHITECTURES[kind]],
        "model_type": kind,
        "torch_dtype": dtype,
    }
    if kind == "nlogn":
        return base | {"nlogn": to_json(config)}
    positions = config.positions
    dynamic = positions.scaling == "dynamic"  # there, theirs is the original context
    base |= {
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.dense_width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": positions.original if dynamic else config.context,
        "rms_norm_eps": config.norm_eps,
        "tie_word_embeddings": config.tied,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "rope_theta": positions.theta,
        "rope_parameters": _rope_to_hf(positions),
        "bos_token_id": config.bos,
        "eos_token_id": config.eos,
        "pad_token_id": config.pad,
        "use_cache": True,
    }
    if positions.scaling != "none":
        base["rope_scaling"] = _rope_to_hf(positions)
    if kind == "llama":
        base["mlp_bias"] = False
    if kind == "exaone_moe":
        base["layer_types"] = [f"{k}_attention" for k in config.kinds]
        base["sliding_window"] = config.window
        base["sliding_windows"] = [config.window if k == "sliding" else None for k in config.kinds]
    if config.experts is not None:
        base |= _experts_to_hf(config.experts, config.layers, kind)
    if kind == "glm4_moe":
        base |= {"use_qk_norm": config.qk_norm, "partial_rotary_factor": 1.0, "num_mtp_layers": 0}
        base["rope_parameters"]["partial_rotary_factor"] = 1.0
    ours = {"share": config.share, "time_classes": config.time_classes, "context": config.context}
    if config.experts is not None:
        ours["together"] = config.experts.together
    return base | {"nlogn": ours}


def _experts_to_hf(experts: Experts, layers: int, kind: str) -> dict[str, Any]:
    names: dict[str, Any] = {"num_experts": experts.routed, "num_shared_experts": experts.shared}
    if kind == "glm4_moe":
        names = {"n_routed_experts": experts.routed, "n_shared_experts": experts.shared}
    else:
        dense = min(experts.first_dense, layers)
        names["mlp_layer_types"] = ["dense"] * dense + ["sparse"] * (layers - dense)
    return names | {
        "moe_intermediate_size": experts.width,
        "num_experts_per_tok": experts.per_token,
        "n_group": experts.groups,
        "topk_group": experts.groups_per_token,
        "first_k_dense_replace": experts.first_dense,
        "routed_scaling_factor": experts.scale,
        "norm_topk_prob": experts.normalise,
        "scoring_func": "sigmoid",
        "output_router_logits": False,
    }


def _rope_to_hf(positions: Positions) -> dict[str, Any]:
    if positions.scaling == "none":
        return {"rope_type": "default", "rope_theta": positions.theta}
    out: dict[str, Any] = {"rope_type": positions.scaling, "rope_theta": positions.theta,
                           "factor": positions.factor}  # fmt: skip
    if positions.scaling == "yarn":
        out["original_max_position_embeddings"] = positions.original
        out |= {"beta_fast": positions.beta_fast, "beta_slow": positions.beta_slow}
        if positions.attention_factor is not None:
            out["attention_factor"] = positions.attention_factor
    return out


def read_json(folder: str | Path) -> dict[str, Any]:
    """The config.json of a checkpoint folder.

    Raises:
        BadCheckpoint: there is none that can be read.
    """
    path = Path(folder) / "config.json"
    try:
        data = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise BadCheckpoint(f"{folder} has no config.json: is it a checkpoint folder?") from None
    except (ValueError, RecursionError) as error:
        raise BadCheckpoint(f"{path} is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadCheckpoint(f"{path} holds no config")
    return data


def parsed(path: Path) -> Any:
    """What a JSON file beside the weights says.

    Raises:
        BadCheckpoint: it is cut short, or no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadCheckpoint(f"{path} is damaged ({error}): copy it again") from None


def read_config(folder: str | Path) -> ModelConfig:
    """The config of a checkpoint folder.

    Raises:
        BadCheckpoint: there is no readable config.json.
        BadConfig: it describes a network that this code does not have.
    """
    return from_hf(read_json(folder))


def from_hf(data: Mapping[str, Any]) -> ModelConfig:
    """The config that a `config.json` describes.

    Raises:
        Unsupported: an architecture, activation, bias or position scaling that is not ours, or a
            value that is none.
    """
    try:
        return _from_hf(data)
    except BadConfig:
        raise
    except KeyError as error:
        raise Unsupported(f"config.json lacks {error}") from None
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Unsupported(f"config.json has a value that cannot be: {error}") from None


def _from_hf(data: Mapping[str, Any]) -> ModelConfig:
    kind = data.get("model_type")
    if kind == "nlogn":
        return from_json(data["nlogn"])
    if kind not in ARCHITECTURES:
        known = ", ".join(name for name in ARCHITECTURES if name != "nlogn")
        raise Unsupported(f"model_type={kind!r}: this network reads {known}")
    _refuse_what_is_not_ours(data)
    config = _common(data)
    if kind == "exaone_moe":
        config = _exaone(config, data)
    elif kind == "glm4_moe":
        first = data.get("first_k_dense_replace", 1)
        config = replace(config, qk_norm=_flag(data, "use_qk_norm"),
                         experts=_experts_from_hf(data, first, "n_"))  # fmt: skip
    else:
        config = replace(config, qk_norm=kind == "qwen3")
    ours = data.get("nlogn", {})
    kept = {name: ours[name] for name in ("share", "time_classes", "context") if name in ours}
    return replace(config, **kept)


def _flag(data: Mapping[str, Any], name: str) -> Any:
    """False where it is missing or null."""
    value = data.get(name)
    return False if value is None else value


def _common(data: Mapping[str, Any]) -> ModelConfig:
    heads = data["num_attention_heads"]
    context = data["max_position_embeddings"]
    positions, context = _rope_from_hf(data, context)
    eos = data.get("eos_token_id")
    return ModelConfig(
        vocab_size=data["vocab_size"],
        hidden_size=data["hidden_size"],
        layers=data["num_hidden_layers"],
        heads=heads,
        kv_heads=data.get("num_key_value_heads") or heads,
        head_dim=data.get("head_dim") or data["hidden_size"] // heads,
        dense_width=data["intermediate_size"],
        context=context,
        positions=positions,
        norm_eps=float(data.get("rms_norm_eps", 1e-6)),
        tied=_flag(data, "tie_word_embeddings"),
        bos=data.get("bos_token_id"),
        eos=(eos or [None])[0] if isinstance(eos, list) else eos,
        pad=data.get("pad_token_id"),
    )


def _exaone(config: ModelConfig, data: Mapping[str, Any]) -> ModelConfig:
    names = data.get("layer_types")
    if names is None:
        every = data.get("sliding_window_pattern", 4)
        if isinstance(every, str):
            names = ["sliding_attention" if every[i % len(every)] == "L" else "full_attention"
                     for i in range(config.layers)]  # fmt: skip
        else:
            names = ["full_attention" if (i + 1) % every == 0 else "sliding_attention"
                     for i in range(config.layers)]  # fmt: skip
    if len(names) != config.layers:
        raise Unsupported(f"{len(names)} layer_types for {config.layers} layers")
    kinds = tuple(name.removesuffix("_attention") for name in names)
    first = data.get("first_k_dense_replace", 1)
    types = data.get("mlp_layer_types")
    if types is not None:
        if unknown := set(types) - {"dense", "sparse"}:
            raise Unsupported(f"mlp_layer_types: {sorted(unknown)}")
        first = types.index("sparse") if "sparse" in types else len(types)
        if "dense" in types[first:]:
            raise Unsupported("mlp_layer_types: dense layers after the first with experts")
    return replace(
        config,
        pattern=shortest_period(kinds),
        window=data.get("sliding_window") or 0,
        qk_norm=True,
        positions=replace(config.positions, rotary_full=data.get("sliding_window") is None),
        experts=_experts_from_hf(data, first, "num_"),
    )


def shortest_period(kinds: tuple[AttentionKind, ...]) -> tuple[AttentionKind, ...]:
    """The shortest pattern that, repeated and cut, gives `kinds`."""
    for n in range(1, len(kinds)):
        if all(kinds[i] == kinds[i % n] for i in range(len(kinds))):
            return kinds[:n]
    return kinds


def _experts_from_hf(data: Mapping[str, Any], first_dense: int, prefix: str) -> Experts:
    routed = data["num_experts"] if prefix == "num_" else data["n_routed_experts"]
    return Experts(
        routed=routed,
        groups=data.get("n_group", 1),
        groups_per_token=data.get("topk_group", 1),
        per_token=data["num_experts_per_tok"],
        width=data["moe_intermediate_size"],
        shared=data[f"{prefix}shared_experts"],
        first_dense=first_dense,
        scale=data.get("routed_scaling_factor", 1.0),
        normalise=data.get("norm_topk_prob", True),
        together=data.get("nlogn", {}).get("together", 1),
    )


def _rope_from_hf(data: Mapping[str, Any], context: int) -> tuple[Positions, int]:
    """Positions, and the context they reach."""
    rope = data.get("rope_parameters") or data.get("rope_scaling") or {}
    if any(isinstance(value, Mapping) for value in rope.values()):
        raise Unsupported("positions that differ by the kind of layer (rope_parameters)")
    theta = float(rope.get("rope_theta") or data.get("rope_theta") or 10_000.0)
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind == "default":
        return Positions(theta=theta), context
    factor = float(rope.get("factor") or 1.0)
    if kind == "linear":
        return Positions(theta=theta, scaling="linear", factor=factor,
                         original=int(context / factor)), context  # fmt: skip
    if kind == "dynamic":
        return Positions(theta=theta, scaling="dynamic", factor=factor, original=context), int(
            context * factor
        )
    if kind == "yarn":
        unknown = {"mscale", "mscale_all_dim"} & {k for k, v in rope.items() if v}
        if unknown or rope.get("truncate") is False:
            raise Unsupported(f"yarn with {sorted(unknown) or 'truncate=false'}")
        original = int(rope["original_max_position_embeddings"])
        return Positions(
            theta=theta, scaling="yarn", factor=factor, original=original,
            beta_fast=rope.get("beta_fast") or 32.0, beta_slow=rope.get("beta_slow") or 1.0,
            attention_factor=rope.get("attention_factor"),
        ), context  # fmt: skip
    raise Unsupported(f"rope type {kind!r}")


def _refuse_what_is_not_ours(data: Mapping[str, Any]) -> None:
    rope = data.get("rope_parameters") or {}
    partial = rope.get("partial_rotary_factor", data.get("partial_rotary_factor", 1.0))
    if data["model_type"] == "glm4_moe" and "partial_rotary_factor" not in {**data, **rope}:
        partial = 0.5
    for wrong, what in (
        (data.get("attention_bias"), "attention_bias"),
        (data.get("mlp_bias"), "mlp_bias"),
        (data.get("hidden_act", "silu") != "silu", f"hidden_act={data.get('hidden_act')!r}"),
        (partial != 1.0, f"partial_rotary_factor={partial}"),
        (data.get("use_sliding_window"), "use_sliding_window"),
        (data.get("scoring_func", "sigmoid") != "sigmoid", "scoring_func"),
    ):
        if wrong:
            raise Unsupported(f"{data['model_type']} with {what}")
