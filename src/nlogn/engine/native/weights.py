"""A network's weights as the engine wants them: fused, one table of angles, nothing else.

`qkv` is (H D + 2 G D, C), `gate_up` (2F, C). The shared experts are an ordinary feed-forward layer
beside the routed ones, so a layer has one, the other, or both.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor

from nlogn.engine.protocol import EngineError
from nlogn.model.attention import Attention
from nlogn.model.checkpoint import BadCheckpoint, BadConfig, load
from nlogn.model.config import ModelConfig
from nlogn.model.experts import FeedForward, MixtureOfExperts
from nlogn.model.positions import rotary_table
from nlogn.model.transformer import Layer, Transformer


@dataclass(frozen=True)
class RoutedExperts:
    """`router` (E, C) and `bias` (E,) in float32, `gate_up` (E, 2F, C), `down` (E, C, F)."""

    router: Tensor
    bias: Tensor
    gate_up: Tensor
    down: Tensor


@dataclass(frozen=True)
class LayerWeights:
    window: int  # 0 for full attention
    rotates: bool
    input_norm: Tensor
    post_norm: Tensor
    query_norm: Tensor | None
    key_norm: Tensor | None
    qkv: Tensor
    output: Tensor
    gate_up: Tensor | None
    down: Tensor | None
    routed: RoutedExperts | None


@dataclass(frozen=True)
class Weights:
    """`cosine` and `sine` (context, D / 2)."""

    config: ModelConfig
    embedding: Tensor
    norm: Tensor
    head: Tensor
    cosine: Tensor
    sine: Tensor
    layers: tuple[LayerWeights, ...]

    @property
    def windows(self) -> tuple[int, ...]:
        """The kinds of memory that the layers need: full attention's (0) first."""
        return tuple(sorted({layer.window for layer in self.layers}))

    @property
    def bytes(self) -> int:
        """What one token without experts in common with others has to read, at most."""
        config = self.config
        total = self.head.nbytes
        for layer in self.layers:
            parts = [layer.qkv, layer.output, layer.gate_up, layer.down]
            total += sum(part.nbytes for part in parts if part is not None)
            if layer.routed is not None and config.experts is not None:
                share = config.experts.per_token / config.experts.routed
                total += layer.routed.router.nbytes
                total += int(share * (layer.routed.gate_up.nbytes + layer.routed.down.nbytes))
        return total


def read(folder: str | Path, dtype: torch.dtype = torch.float32, device: str = "cpu") -> Weights:
    """The weights of a checkpoint folder.

    Raises:
        EngineError: it is none, or its network is one that this engine does not run.
    """
    try:
        return fuse(load(folder, dtype, device))
    except SafetensorError as error:
        raise EngineError(f"{folder}: model.safetensors is broken: {error}") from error
    except (BadCheckpoint, BadConfig, OSError) as error:
        raise EngineError(f"{folder}: {error}") from error


@torch.no_grad()
def fuse(model: Transformer) -> Weights:
    """The weights of a network, fused copies where matrices are joined.

    Raises:
        EngineError: attention of a kind that keeps something else than keys and values.
    """
    config = model.config
    others = sorted(set(config.kinds) - {"full", "sliding"})
    if others or config.positions.relative_bias or config.positions.scaling == "dynamic":
        what = f"{others[0]} attention" if others else "positions that change with the length"
        raise EngineError(
            f"the native engine does not run {what}: use Transformer.generate for this network"
        )
    device = model.lm_head.weight.device
    at = torch.arange(config.context, device=device)[None]
    cosine, sine = rotary_table(config.positions, at, config.head_dim + config.head_dim % 2,
                                torch.float32, config.context)  # fmt: skip
    half = config.head_dim // 2
    layers = [
        _layer(layer, config.window if config.kinds[i] == "sliding" else 0, config.rotates(i))
        for i, layer in enumerate(model.model.layers)
    ]
    return Weights(
        config, model.model.embed_tokens.weight.detach(), model.model.norm.weight.detach(),
        model.lm_head.weight.detach(), cosine[0, :, :half].contiguous(),
        sine[0, :, :half].contiguous(), tuple(layers),
    )  # fmt: skip


def _layer(layer: torch.nn.Module, window: int, rotates: bool) -> LayerWeights:
    assert isinstance(layer, Layer)
    attention = layer.self_attn
    assert isinstance(attention, Attention)
    mlp = layer.mlp
    dense = mlp.shared_experts if isinstance(mlp, MixtureOfExperts) else mlp
    assert dense is None or isinstance(dense, FeedForward)
    routed = None
    if isinstance(mlp, MixtureOfExperts):
        routed = RoutedExperts(
            mlp.gate.weight.detach().float(), mlp.gate.e_score_correction_bias.detach(),
            mlp.experts.gate_up_proj.detach(), mlp.experts.down_proj.detach(),
        )  # fmt: skip
    normed = attention.config.qk_norm
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    return LayerWeights(
        window=window,
        rotates=rotates,
        input_norm=layer.input_layernorm.weight.detach(),
        post_norm=layer.post_attention_layernorm.weight.detach(),
        query_norm=attention.q_norm.weight.detach() if normed else None,
        key_norm=attention.k_norm.weight.detach() if normed else None,
        qkv=torch.cat([p.weight for p in projections]).detach(),
        output=attention.o_proj.weight.detach(),
        gate_up=torch.cat((dense.gate_proj.weight, dense.up_proj.weight)) if dense else None,
        down=dense.down_proj.weight.detach() if dense else None,
        routed=routed,
    )
