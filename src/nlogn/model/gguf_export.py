"""A checkpoint folder as one GGUF file, for llama.cpp, Ollama and what is built on them.

    export_gguf("out/", "out/model.gguf", "q8_0")

Written with the published `gguf` package, tensor by tensor. Layout and key names follow the GGUF
specification and llama.cpp's readers of the architectures `exaone-moe` and `llama`. The folder's
`tokenizer.json` must be a byte-level BPE with GPT-2's splitting rule, the one that llama.cpp knows
as `gpt-2`: with any other rule the file would load and tokenise wrongly.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import Tensor

from nlogn.corpus.tokenizer import chat_template
from nlogn.model.checkpoint import load
from nlogn.model.config import BadConfig, ModelConfig
from nlogn.model.families import BadCheckpoint, Unsupported, family, parsed
from nlogn.model.transformer import Transformer

Precision = Literal["f32", "f16", "bf16", "q8_0"]
PRECISIONS: tuple[Precision, ...] = ("f32", "f16", "bf16", "q8_0")
KNOWN_TOKENS = {"<|fim_prefix|>": "fim_pre", "<|fim_suffix|>": "fim_suf",
                "<|fim_middle|>": "fim_mid", "<|file_sep|>": "fim_sep", "<|repo_name|>": "fim_rep",
                "<|turn_end|>": "eot"}  # fmt: skip
NARROW = 64  # llama.cpp's AVX-512 kernels read wrong values from q8_0 rows of a single block
_NORMAL, _CONTROL, _USER, _UNUSED = 1, 3, 4, 5

_NAMES = {
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "self_attn.q_norm.weight": "attn_q_norm.weight",
    "self_attn.k_norm.weight": "attn_k_norm.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
    "mlp.gate.weight": "ffn_gate_inp.weight",
    "mlp.gate.e_score_correction_bias": "exp_probs_b.bias",
    "mlp.experts.down_proj": "ffn_down_exps.weight",
    "mlp.shared_experts.gate_proj.weight": "ffn_gate_shexp.weight",
    "mlp.shared_experts.up_proj.weight": "ffn_up_shexp.weight",
    "mlp.shared_experts.down_proj.weight": "ffn_down_shexp.weight",
}


def export_gguf(folder: str | Path, path: str | Path, precision: Precision = "f16",
                name: str = "nlogn") -> Path:  # fmt: skip
    """Write the folder's network and tokenizer to `path`.

    Norms, gates and biases stay float32. In q8_0, rows that its blocks of 32 do not fit, and rows
    narrower than 64, become f16.

    Raises:
        Unsupported: llama.cpp has no architecture for this network, or its tokenizer differs.
        BadCheckpoint: the folder's files cannot be read, or `path` is another kind of file.
    """
    import gguf

    if precision not in PRECISIONS:
        raise BadConfig(f"no GGUF precision {precision!r}: one of {', '.join(PRECISIONS)}")
    folder, path = Path(folder), Path(path)
    if path.exists() and not _is_gguf(path):
        raise BadCheckpoint(f"{path} is no GGUF file, and would be replaced: give another name")
    model = load(folder)
    kind = family(model.config)
    architectures = {"exaone_moe": "exaone-moe", "llama": "llama"}
    if kind not in architectures:
        raise Unsupported(f"llama.cpp runs exaone_moe and llama networks here, not {kind}")
    if model.config.tied:
        raise Unsupported("llama.cpp does not load these networks with tied embeddings: untie them")
    part = path.with_name(path.name + ".part")
    writer = gguf.GGUFWriter(part, architectures[kind])
    writer.add_name(name)
    _write_shape(writer, model.config, kind)
    _write_tokenizer(writer, folder, model.config)
    prefix = "ALL" if precision == "f32" else "MOSTLY"
    writer.add_file_type(gguf.LlamaFileType[f"{prefix}_{precision.upper()}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    for target, tensor in _named(model, kind):
        data, kind_of_data = _stored(target, tensor, precision)
        writer.add_tensor(target, data, raw_dtype=kind_of_data)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is None:  # numpy's: a write fell short
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise
    return path


def _is_gguf(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"GGUF"


def _stored(target: str, tensor: Tensor, precision: Precision) -> tuple[np.ndarray, Any]:
    import gguf

    types = gguf.GGMLQuantizationType
    data = tensor.detach().float().contiguous().numpy()
    exact = tensor.dim() < 2 or "ffn_gate_inp" in target or precision == "f32"
    if exact:
        return data, types.F32
    if precision == "q8_0" and (data.shape[-1] % 32 or data.shape[-1] < NARROW):
        return data.astype(np.float16), types.F16
    wanted = types[precision.upper()]
    return gguf.quants.quantize(data, wanted), wanted


def _named(model: Transformer, kind: str) -> Iterator[tuple[str, Tensor]]:
    config = model.config
    for name, tensor in model.state_dict().items():
        top = {"model.embed_tokens.weight": "token_embd.weight", "lm_head.weight": "output.weight",
               "model.norm.weight": "output_norm.weight"}  # fmt: skip
        if name in top:
            yield top[name], tensor
            continue
        layer, _, rest = name.removeprefix("model.layers.").partition(".")
        block = f"blk.{layer}."
        if rest == "mlp.experts.gate_up_proj":
            gate, up = tensor.chunk(2, dim=1)
            yield f"{block}ffn_gate_exps.weight", gate
            yield f"{block}ffn_up_exps.weight", up
        elif rest.endswith("time_bias"):
            continue  # lives in the side-car: the graph stays standard
        else:
            if kind == "llama" and rest in ("self_attn.q_proj.weight", "self_attn.k_proj.weight"):
                tensor = _pairs_together(tensor, config.head_dim)
            yield block + _NAMES[rest], tensor


def _pairs_together(weight: Tensor, dim: int) -> Tensor:
    """Rows of each head reordered so that rotated pairs are neighbours, as `llama` wants them."""
    halves = weight.view(-1, 2, dim // 2, weight.shape[-1])
    return halves.transpose(1, 2).reshape(weight.shape)


def _write_shape(writer: Any, config: ModelConfig, kind: str) -> None:
    import gguf

    positions, experts = config.positions, config.experts
    writer.add_block_count(config.layers)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.dense_width)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(positions.theta)
    writer.add_vocab_size(config.vocab_size)
    if positions.scaling == "dynamic" or (kind != "llama" and positions.scaling != "none"):
        raise Unsupported(f"llama.cpp has no {positions.scaling} position scaling for {kind}")
    if positions.scaling == "none":
        writer.add_rope_scaling_type(gguf.RopeScalingType.NONE)
    else:
        writer.add_rope_scaling_type(gguf.RopeScalingType(positions.scaling))
        writer.add_rope_scaling_factor(positions.factor)
        writer.add_rope_scaling_orig_ctx_len(positions.original)
    if kind == "exaone_moe":
        assert experts is not None
        writer.add_sliding_window(config.window)
        writer.add_sliding_window_pattern([k == "sliding" for k in config.kinds])
        writer.add_expert_count(experts.routed)
        writer.add_expert_used_count(experts.per_token)
        writer.add_expert_group_count(experts.groups)
        writer.add_expert_group_used_count(experts.groups_per_token)
        writer.add_expert_feed_forward_length(experts.width)
        writer.add_expert_shared_count(experts.shared)
        writer.add_expert_shared_feed_forward_length(experts.width * experts.shared)
        writer.add_expert_weights_scale(experts.scale)
        writer.add_expert_weights_norm(experts.normalise)
        writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
        writer.add_leading_dense_block_count(min(experts.first_dense, config.layers))


def _write_tokenizer(writer: Any, folder: Path, config: ModelConfig) -> None:
    path = folder / "tokenizer.json"
    if not path.exists():
        raise Unsupported(f"{folder} has no tokenizer.json: a GGUF file needs one")
    data = parsed(path)
    try:
        _require_gpt2_splitting(data, path)
        vocab = dict(data["model"]["vocab"])
        special = {t["content"] for t in data.get("added_tokens") or [] if t["special"]}
        added = {t["content"]: t["id"] for t in data.get("added_tokens") or []}
        merges = [m if isinstance(m, str) else " ".join(m) for m in data["model"]["merges"]]
        by_id = {i: token for token, i in (vocab | added).items()}
        count = max(by_id, default=-1) + 1
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, Unsupported):
            raise
        raise BadCheckpoint(f"{path} is no tokenizer ({type(error).__name__}: {error})") from None
    if count > config.vocab_size:
        raise Unsupported(f"{path} has {count} tokens, the network {config.vocab_size}")
    tokens, types = [], []
    for i in range(config.vocab_size):
        token = by_id.get(i, f"[UNUSED{i}]")
        tokens.append(token)
        types.append(_UNUSED if i not in by_id else _CONTROL if token in special
                     else _USER if token in added else _NORMAL)  # fmt: skip
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    for write, token in ((writer.add_bos_token_id, config.bos),
                         (writer.add_eos_token_id, config.eos),
                         (writer.add_pad_token_id, config.pad)):  # fmt: skip
        if token is not None:
            write(token)
    for content, key in KNOWN_TOKENS.items():
        if content in added:
            writer.add_uint32(f"tokenizer.ggml.{key}_token_id", added[content])
    template = chat_template(folder)
    if template is not None:
        writer.add_chat_template(template)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)


def _require_gpt2_splitting(data: dict[str, Any], path: Path) -> None:
    splitter = data.get("pre_tokenizer") or {}
    same = (
        (data.get("model") or {}).get("type") == "BPE"
        and splitter.get("type") == "ByteLevel"
        and splitter.get("use_regex", True)
        and not splitter.get("add_prefix_space", True)
        and data.get("normalizer") is None
    )
    if not same:
        raise Unsupported(
            f"{path} is no byte-level BPE with GPT-2's splitting rule"
            " (pre_tokenizer ByteLevel, use_regex, no prefix space, no normalizer)"
        )
