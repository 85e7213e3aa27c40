"""A dense checkpoint becomes a network of 16 experts that, at first, computes the same.

Sparse upcycling (arXiv:2212.05055): every expert starts as a copy of the dense feed-forward layer.
The gate's weights sum to one, so a mixture of equal experts is the dense layer; the shared expert
starts silent. Training then tells the experts apart, since each sees other tokens.
"""

from dataclasses import replace

import torch

from nlogn.model.checkpoint import empty
from nlogn.model.config import AttentionKind, BadConfig, Experts, ModelConfig
from nlogn.model.experts import FeedForward, MixtureOfExperts
from nlogn.model.transformer import Layer, Transformer


def upcycled_config(
    dense: ModelConfig,
    experts: Experts | None = None,
    pattern: tuple[AttentionKind, ...] | None = None,
    window: int = 0,
) -> ModelConfig:
    """The config of the hybrid: `experts` (their width and scale are set), and optionally sliding
    layers, with which logits stay equal up to `window` tokens.

    Raises:
        BadConfig: the network has experts already.
    """
    if dense.experts is not None:
        raise BadConfig("only a dense network can be upcycled: this one has experts")
    experts = replace(experts or Experts(), width=dense.dense_width, scale=1.0, normalise=True)
    if pattern is None:
        return replace(dense, experts=experts)
    return replace(dense, experts=experts, pattern=pattern, window=window)


@torch.no_grad()
def upcycle(
    dense: Transformer,
    experts: Experts | None = None,
    pattern: tuple[AttentionKind, ...] | None = None,
    window: int = 0,
    seed: int = 0,
) -> Transformer:
    """A network with experts whose first logits are the dense network's.

    `experts` defaults to 16 in four groups, 2 per token and one shared, the first layer dense.
    """
    config = upcycled_config(dense.config, experts, pattern, window)
    weight = dense.lm_head.weight
    model = empty(config, weight.dtype, weight.device)
    source = dense.state_dict()
    own = model.state_dict()
    for name in own:
        if name in source:
            own[name].copy_(source[name])
    generator = torch.Generator(weight.device).manual_seed(seed)
    for i, layer in enumerate(model.model.layers):
        assert isinstance(layer, Layer)
        if not isinstance(layer.mlp, MixtureOfExperts) or config.owner(i) != i:
            continue
        source_layer = dense.model.layers[i]
        assert isinstance(source_layer, Layer) and isinstance(source_layer.mlp, FeedForward)
        old = source_layer.mlp
        gate_up = torch.cat((old.gate_proj.weight, old.up_proj.weight))
        layer.mlp.experts.gate_up_proj.copy_(gate_up.expand_as(layer.mlp.experts.gate_up_proj))
        down = old.down_proj.weight
        layer.mlp.experts.down_proj.copy_(down.expand_as(layer.mlp.experts.down_proj))
        layer.mlp.gate.weight.normal_(0.0, 0.02, generator=generator)
        layer.mlp.gate.e_score_correction_bias.zero_()
        shared = layer.mlp.shared_experts
        if shared is not None:
            repeats = config.experts.shared if config.experts else 1
            shared.gate_proj.weight.copy_(old.gate_proj.weight.repeat(repeats, 1))
            shared.up_proj.weight.copy_(old.up_proj.weight.repeat(repeats, 1))
            shared.down_proj.weight.zero_()
    return model.eval()
