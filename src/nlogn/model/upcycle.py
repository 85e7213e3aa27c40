# mypy: disable-error-code="no-untyped-call"
"""A dense checkpoint becomes a network of 16 experts that, at first, computes the same.

Sparse upcycling (arXiv:2212.05055): every expert starts as a copy of the dense feed-forward layer.
The gate's weights sum to one, so a mixture of equal experts is the dense layer; the shared expert
starts silent. Training then tells the experts apart, since each sees other tokens.

Fine-grained (after "virtual groups", arXiv:2410.07524): the dense layer's neurons are dealt out
among the experts that one token visits, shared ones first, so a token costs what it cost. Each run
of `per_token` experts in a row holds all that is not shared, and stays together: once their gate
rows had drifted apart, up to half of the tokens visited the same neurons twice.
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
    fine_grained: bool = False,
) -> ModelConfig:
    """The config of the hybrid: `experts` (their width and scale are set), and optionally sliding
    layers, with which logits stay equal up to `window` tokens.

    Raises:
        BadConfig: the network has experts already, or layers that cannot become sliding ones; its
            neurons cannot be dealt out evenly; no layer would get experts, or another layer's
            weights.
    """
    if dense.experts is not None:
        raise BadConfig("only a dense network can be upcycled: this one has experts")
    if pattern is not None and set(dense.kinds) != {"full"}:
        raise BadConfig(
            f"only layers of full attention become sliding ones: these are {', '.join(dense.kinds)}"
        )
    experts, width = experts or Experts(), dense.dense_width
    if experts.first_dense >= dense.layers:
        raise BadConfig(f"of {dense.layers} layers the first {experts.first_dense} stay dense: none"
                        " would get experts")  # fmt: skip
    if fine_grained:
        visited, per_group = experts.per_token + experts.shared, experts.routed // experts.groups
        if width % visited:
            raise BadConfig(f"{width} neurons cannot be dealt out among {visited} experts")
        if per_group % experts.per_token:
            raise BadConfig(f"{per_group} experts of a group are no multiple of the"
                            f" {experts.per_token} that a token visits")  # fmt: skip
        width //= visited
    run = experts.per_token if fine_grained else 1
    experts = replace(experts, width=width, scale=float(run), normalise=True, together=run)
    new = replace(dense, experts=experts)
    if pattern is not None:
        new = replace(new, pattern=pattern, window=window)
    if any(dense.owner(new.owner(i)) != dense.owner(i) for i in range(dense.layers)):
        raise BadConfig(f"layers share weights by {dense.share}: with the first left dense, others"
                        " would, so this network cannot be upcycled")  # fmt: skip
    return new


@torch.no_grad()
def upcycle(
    dense: Transformer,
    experts: Experts | None = None,
    pattern: tuple[AttentionKind, ...] | None = None,
    window: int = 0,
    seed: int = 0,
    fine_grained: bool = False,
) -> Transformer:
    """A network with experts whose first logits are the dense network's.

    `experts` defaults to 16 in four groups, 2 per token and one shared, the first layer dense.

    Raises:
        BadConfig: as `upcycled_config`.
    """
    config = upcycled_config(dense.config, experts, pattern, window, fine_grained)
    assert config.experts is not None
    fill = _deal if fine_grained else _copy
    weight = dense.lm_head.weight
    model = empty(config, weight.dtype, weight.device)
    source = dense.state_dict()
    own = model.state_dict()
    for name in own:
        if name in source:
            own[name].copy_(source[name])
        else:
            assert ".mlp." in name, name  # which is filled below
    generator = torch.Generator(weight.device).manual_seed(seed)
    for i, layer in enumerate(model.model.layers):
        assert isinstance(layer, Layer)
        if not isinstance(layer.mlp, MixtureOfExperts) or config.owner(i) != i:
            continue
        source_layer = dense.model.layers[i]
        assert isinstance(source_layer, Layer) and isinstance(source_layer.mlp, FeedForward)
        fill(source_layer.mlp, layer.mlp, config.experts)
        rows = layer.mlp.gate.weight
        rows.normal_(0.0, 0.02, generator=generator)
        run = config.experts.together
        rows.copy_(rows[::run].repeat_interleave(run, 0))
        layer.mlp.gate.e_score_correction_bias.zero_()
    return model.eval()


def _copy(old: FeedForward, new: MixtureOfExperts, experts: Experts) -> None:
    """Each expert the whole layer; the shared ones silent."""
    gate_up = torch.cat((old.gate_proj.weight, old.up_proj.weight))
    new.experts.gate_up_proj.copy_(gate_up.expand_as(new.experts.gate_up_proj))
    new.experts.down_proj.copy_(old.down_proj.weight.expand_as(new.experts.down_proj))
    shared = new.shared_experts
    if shared is not None:
        shared.gate_proj.weight.copy_(old.gate_proj.weight.repeat(experts.shared, 1))
        shared.up_proj.weight.copy_(old.up_proj.weight.repeat(experts.shared, 1))
        shared.down_proj.weight.zero_()


def _deal(old: FeedForward, new: MixtureOfExperts, experts: Experts) -> None:
    """The layer's neurons to the shared experts, and the rest over each run of `per_token`, which
    is chosen together, each with the weight 1 / `per_token`, times the config's scale."""
    width, count = experts.width, experts.per_token
    whole = (old.gate_proj.weight, old.up_proj.weight, old.down_proj.weight.T)
    kept, parts = zip(*(w.split([width * experts.shared, width * count]) for w in whole),
                      strict=True)  # fmt: skip
    gate, up, down = (part.unflatten(0, (count, width)).repeat(experts.routed // count, 1, 1)
                      for part in parts)  # fmt: skip
    new.experts.gate_up_proj.copy_(torch.cat((gate, up), 1))
    new.experts.down_proj.copy_(down.transpose(1, 2))
    shared = new.shared_experts
    if shared is not None:
        shared.gate_proj.weight.copy_(kept[0])
        shared.up_proj.weight.copy_(kept[1])
        shared.down_proj.weight.copy_(kept[2].T)
