"""Every architectural claim is one comparison with another implementation on the same weights."""

from dataclasses import replace

import pytest
from variants import DENSE, HYBRID, LINEAR

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
transformers = pytest.importorskip("transformers", reason="parity is against transformers")

import torch.nn.functional as F  # noqa: E402

from nlogn.model import linear_attention  # noqa: E402
from nlogn.model.attention import attend, attend_window, visible  # noqa: E402
from nlogn.model.config import Experts, ModelConfig, Positions, Sparse  # noqa: E402
from nlogn.model.experts import Gate  # noqa: E402
from nlogn.model.positions import alibi_slopes, bias_features, inverse_frequencies  # noqa: E402
from nlogn.model.sparse import SparseAttention, choose, index_loss  # noqa: E402
from nlogn.model.step import Step  # noqa: E402
from nlogn.model.transformer import Transformer, cross_entropy  # noqa: E402


def seeded(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tokens(rows: int, count: int, vocab: int = 97) -> torch.Tensor:
    return torch.randint(0, vocab, (rows, count), generator=torch.Generator().manual_seed(1))


def exaone(config: ModelConfig) -> object:
    """transformers' network of the same shape, with random weights and choice biases."""
    experts = config.experts
    assert experts is not None
    torch.manual_seed(0)
    model = transformers.ExaoneMoeForCausalLM(transformers.ExaoneMoeConfig(
        vocab_size=config.vocab_size, hidden_size=config.hidden_size,
        intermediate_size=config.dense_width, num_hidden_layers=config.layers,
        num_attention_heads=config.heads, num_key_value_heads=config.kv_heads,
        head_dim=config.head_dim, max_position_embeddings=config.context,
        sliding_window=config.window, sliding_window_pattern=4, rms_norm_eps=config.norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": config.positions.theta},
        moe_intermediate_size=experts.width, num_experts=experts.routed,
        num_experts_per_tok=experts.per_token, n_group=experts.groups,
        topk_group=experts.groups_per_token, num_shared_experts=experts.shared,
        routed_scaling_factor=experts.scale, norm_topk_prob=experts.normalise,
        initializer_range=0.2, bos_token_id=None, pad_token_id=None, eos_token_id=0,
    )).eval()  # fmt: skip
    for name, buffer in model.named_buffers():
        if name.endswith("e_score_correction_bias"):
            buffer.copy_(0.1 * torch.randn_like(buffer))
    return model


@pytest.mark.parametrize(
    "experts",
    [
        Experts(width=16, scale=1.7),
        Experts(width=16, groups_per_token=2, per_token=4, shared=2, normalise=False),
        Experts(routed=8, groups=1, groups_per_token=1, per_token=3, width=16, first_dense=2),
    ],
)
def test_logits_and_gradients_are_those_of_exaone_moe(experts: Experts) -> None:
    config = replace(HYBRID, experts=experts)
    theirs = exaone(config)
    if experts.first_dense == 2:
        theirs.config.first_k_dense_replace = 2
        torch.manual_seed(0)
        theirs = transformers.ExaoneMoeForCausalLM(transformers.ExaoneMoeConfig(
            **{**theirs.config.to_dict(), "mlp_layer_types": None})).eval()  # fmt: skip
    ours = Transformer(config).eval()
    assert {n: t.shape for n, t in ours.state_dict().items()} == {
        n: t.shape for n, t in theirs.state_dict().items()
    }
    ours.load_state_dict(theirs.state_dict())
    x = tokens(2, 50)
    mine, other = ours(x[:, :-1]).logits, theirs(x[:, :-1]).logits
    torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)
    cross_entropy(mine, x[:, 1:]).backward()
    cross_entropy(other, x[:, 1:]).backward()
    grads = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, grads[name].grad, atol=1e-4, rtol=1e-3)


def test_greedy_text_is_that_of_exaone_moe() -> None:
    theirs, ours = exaone(HYBRID), Transformer(HYBRID).eval()
    ours.load_state_dict(theirs.state_dict())
    x = tokens(3, 12)
    theirs.generation_config.eos_token_id = None
    want = theirs.generate(x, max_new_tokens=40, do_sample=False, use_cache=True)
    assert torch.equal(ours.generate(x, 40), want)


ROPES = {
    "plain": (Positions(theta=500.0), {"rope_type": "default"}),
    "linear": (Positions(theta=500.0, scaling="linear", factor=4),
               {"rope_type": "linear", "factor": 4.0}),
    "dynamic": (Positions(theta=500.0, scaling="dynamic", factor=2, original=16),
                {"rope_type": "dynamic", "factor": 2.0}),
    "yarn": (Positions(theta=500.0, scaling="yarn", factor=4, original=16),
             {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}),
    "yarn, own ramp": (
        Positions(theta=500.0, scaling="yarn", factor=8, original=32, beta_fast=4, beta_slow=2,
                  attention_factor=1.1),
        {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 32,
         "beta_fast": 4.0, "beta_slow": 2.0, "attention_factor": 1.1}),
}  # fmt: skip


@pytest.mark.parametrize("name", ROPES)
def test_a_llama_shape_agrees_under_every_scaling(name: str) -> None:
    positions, parameters = ROPES[name]
    torch.manual_seed(0)
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-5,
        max_position_embeddings=16, initializer_range=0.2, tie_word_embeddings=False,
        rope_parameters={**parameters, "rope_theta": 500.0},
    )).eval()  # fmt: skip
    ours = Transformer(replace(DENSE, positions=positions)).eval()
    ours.load_state_dict(theirs.state_dict())
    for length in (12, 60):  # within the original context and beyond it
        x = tokens(2, length)
        with torch.no_grad():
            torch.testing.assert_close(ours(x).logits, theirs(x).logits, atol=1e-4, rtol=1e-4)


def test_yarn_leaves_the_fast_pairs_and_stretches_the_slow_ones() -> None:
    plain, _ = inverse_frequencies(Positions(), 64)
    scaled, factor = inverse_frequencies(Positions(scaling="yarn", factor=16, original=4096), 64)
    ratio = plain / scaled
    assert ratio[0] == 1 and ratio[-1] == pytest.approx(16) and factor > 1
    assert (ratio.diff() >= -1e-5).all()


@pytest.mark.parametrize("heads", [4, 6, 8, 12])
def test_alibi_is_bloom_s(heads: int) -> None:
    from transformers.models.bloom.modeling_bloom import build_alibi_tensor

    length = 20
    bloom = build_alibi_tensor(torch.ones(1, length), heads, torch.float32)  # (H, 1, S)
    torch.testing.assert_close(alibi_slopes(heads), bloom[:, 0, 1])
    config = replace(DENSE, heads=heads, kv_heads=2,
                     positions=Positions(rotary=False, relative_bias=True))  # fmt: skip
    at = torch.arange(length)[None] + 300  # the digits of base 256 are in use
    features = bias_features(config, at, None, None, torch.float32)
    assert features is not None
    q, k, v = seeded(1, heads, length, 8), seeded(1, heads, length, 8, seed=1), seeded(
        1, heads, length, 8, seed=2)  # fmt: skip
    causal = torch.full((length, length), -torch.inf).triu(1)
    want = F.scaled_dot_product_attention(q, k, v, attn_mask=bloom[None] + causal)
    scale = 8**-0.5
    wide_q = torch.cat((q, features[0] / scale), -1)
    wide_k = torch.cat((k, features[1].expand(-1, heads, -1, -1)), -1)
    torch.testing.assert_close(attend(wide_q, wide_k, v, scale, causal=True), want, atol=1e-5,
                               rtol=1e-4)  # fmt: skip


def test_alibi_is_exact_in_bfloat16() -> None:
    config = replace(DENSE, positions=Positions(rotary=False, relative_bias=True))
    at = torch.arange(0, 65_536, 257)[None]
    query, key = bias_features(config, at, None, None, torch.bfloat16)  # type: ignore[misc]
    bias = query.double() @ key.double().transpose(-1, -2)
    want = alibi_slopes(4).double()[:, None] * at.double()
    torch.testing.assert_close(bias[0, :, 0], want, rtol=0, atol=0)


def test_the_time_bias_is_a_table_look_up() -> None:
    config = replace(DENSE, time_classes=5)
    table, classes = seeded(4, 5, 5), torch.randint(0, 5, (2, 9))
    at = torch.arange(9).expand(2, 9)
    query, key = bias_features(config, at, classes, table, torch.float32)  # type: ignore[misc]
    bias = query @ key.transpose(-1, -2)
    for b, h, i, j in [(0, 0, 3, 1), (1, 3, 8, 2), (0, 2, 4, 4)]:
        assert bias[b, h, i, j] == table[h, classes[b, i], classes[b, j]]


@pytest.mark.parametrize("length", [1, 5, 8, 9, 16, 37])
@pytest.mark.parametrize("window", [1, 8])
def test_the_chunked_window_is_exact(length: int, window: int) -> None:
    q, k, v = seeded(2, 4, length, 8), seeded(2, 2, length, 8, seed=1), seeded(
        2, 2, length, 8, seed=2)  # fmt: skip
    for x in (q, k, v):
        x.requires_grad_()
    at = torch.arange(length)[None]
    want = attend(q, k, v, 0.3, visible(at, at, window))
    got = attend_window(q, k, v, 0.3, window)
    torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-4)
    weight = seeded(*got.shape, seed=3)
    for mine, other in zip(
        torch.autograd.grad((got * weight).sum(), (q, k, v)),
        torch.autograd.grad((want * weight).sum(), (q, k, v)),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("length", [1, 7, 64, 65, 200])
def test_the_chunked_delta_rule_is_the_recurrence(length: int) -> None:
    q, k = (linear_attention._unit(seeded(2, 3, length, 8, seed=s)) for s in (0, 1))
    v, state = seeded(2, 3, length, 5, seed=2), seeded(2, 3, 8, 5, seed=3)
    g, b = -seeded(2, 3, length, seed=4).abs(), seeded(2, 3, length, seed=5).sigmoid()
    want = linear_attention.recurrent(q, k, v, g, b, state)
    got = linear_attention.chunked(q, k, v, g, b, state)
    torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-4)


def test_the_linear_layer_is_qwen3_next_s() -> None:
    from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet

    torch.manual_seed(0)
    config = replace(DENSE, pattern=("linear",), linear=LINEAR)
    theirs = Qwen3NextGatedDeltaNet(transformers.Qwen3NextConfig(
        hidden_size=32, linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=8,
        linear_value_head_dim=8, linear_conv_kernel_dim=4, rms_norm_eps=1e-5, hidden_act="silu",
        num_hidden_layers=1, layer_types=["linear_attention"],
    ), 0)  # fmt: skip
    ours = linear_attention.LinearAttention(config)
    ours.load_state_dict(theirs.state_dict())
    x = seeded(2, 100, 32)
    at = torch.arange(100).expand(2, 100)
    torch.testing.assert_close(ours(x, 0, Step(config, at, 100)), theirs(x), atol=1e-4, rtol=1e-3)


def sparse_layer(keep: int) -> SparseAttention:
    config = replace(DENSE, pattern=("sparse",), sparse=Sparse(keep=keep, heads=4, dim=8))
    torch.manual_seed(0)
    return SparseAttention(config)


def test_the_indexer_is_deepseek_v32_s() -> None:
    from transformers.models.deepseek_v32.modeling_deepseek_v32 import DeepseekV32Indexer

    layer = sparse_layer(keep=5)
    theirs = DeepseekV32Indexer(transformers.DeepseekV32Config(
        hidden_size=32, q_lora_rank=32, index_n_heads=4, index_head_dim=8, qk_rope_head_dim=8,
        index_topk=5, num_hidden_layers=1, num_attention_heads=4, n_group=1, topk_group=1,
        n_routed_experts=4, num_experts_per_tok=2), 0)  # fmt: skip
    theirs.load_state_dict(layer.indexer.state_dict())
    x = seeded(2, 30, 32)
    at = torch.arange(30).expand(2, 30)
    step = Step(layer.config, at, 30)
    cos, sin = step.rotary(torch.float32, 8)
    seen = visible(at, at)
    picked = theirs(x, x, (cos[:, 0], sin[:, 0]), seen[:, 0], at)
    from nlogn.model.positions import rotate

    keys = rotate(layer.indexer.keys(x), cos, sin)
    scores = layer.indexer.scores(x, keys, cos, sin)
    mine = choose(scores, seen, 5)[:, 0]
    for row in range(2):
        for query in range(5, 30):
            theirs_best = scores[row, query, picked[row, query].long()].sort().values
            mine_best = scores[row, query, mine[row, query]].sort().values
            # of equal scores (every head shut) either may be picked: the scores are the same
            torch.testing.assert_close(mine_best, theirs_best)


def test_sparse_attention_is_full_attention_over_what_it_keeps() -> None:
    x, at = seeded(2, 30, 32), torch.arange(30).expand(2, 30)
    everything = sparse_layer(keep=30).eval()
    step = Step(everything.config, at, 30)
    q, k, v = everything.project(x, 0, step)
    dense = attend(q, k, v, everything.scale, causal=True)
    full = everything.o_proj(dense.transpose(1, 2).flatten(2))
    torch.testing.assert_close(everything.attend_sparsely(x, 0, step)[0], full)
    few = sparse_layer(keep=3).eval()
    few.load_state_dict(everything.state_dict())
    out = few.attend_sparsely(x, 0, step)[0]
    torch.testing.assert_close(out[:, :3], full[:, :3], atol=1e-5, rtol=1e-4)
    assert (out[:, 3:] - full[:, 3:]).abs().amax(-1).min() > 1e-4


def test_the_indexer_learns_where_attention_looks_and_bends_nothing_else() -> None:
    layer = sparse_layer(keep=30).train()
    x, at = seeded(2, 30, 32).requires_grad_(), torch.arange(30).expand(2, 30)
    step = Step(layer.config, at, 30)
    _, loss = layer.attend_sparsely(x, 0, step)
    assert loss is not None and loss > 0
    others = [p for n, p in layer.named_parameters() if "indexer" not in n]
    grads = torch.autograd.grad(loss, [x, *others], allow_unused=True, retain_graph=True)
    assert all(g is None for g in grads)
    optimizer = torch.optim.Adam(layer.indexer.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        _, now = layer.attend_sparsely(x.detach(), 0, step)
        now.backward()
        optimizer.step()
    assert now < 0.7 * loss
    same = torch.zeros(1, 30, 30)  # equal scores predict equal attention: no divergence
    zeros = torch.zeros(1, 2, 30, 8)
    seen = visible(at[:1], at[:1])
    assert index_loss(zeros, zeros, same, seen, 1.0) == pytest.approx(0, abs=1e-6)


def test_a_steered_request_goes_to_its_group() -> None:
    gate = Gate(32, Experts(width=16))
    torch.nn.init.normal_(gate.weight)
    x = seeded(200, 32)
    for group in range(4):
        steer = torch.zeros(4)
        steer[group] = 3.0  # more than any two sigmoids
        routing, weights = gate(x, steer)
        assert (routing.chosen // 4 == group).all()
        torch.testing.assert_close(weights.sum(-1), torch.ones(200))


@pytest.mark.parametrize("name", ["hybrid", "linear attention", "sparse attention", "time bias"])
def test_checkpointing_changes_memory_not_numbers(name: str) -> None:
    from variants import VARIANTS

    x = tokens(2, 40)
    grads = []
    for on in (False, True):
        model = Transformer(VARIANTS[name], checkpointing=on).train()
        out = model(x[:, :-1])
        loss = cross_entropy(out.logits, x[:, 1:])
        if out.index_loss is not None:
            loss = loss + out.index_loss
        loss.backward()
        grads.append([p.grad for p in model.parameters()])
    for plain, again in zip(*grads, strict=True):
        torch.testing.assert_close(plain, again, rtol=0, atol=0)


def test_shared_layers_compute_what_copies_would() -> None:
    config = replace(HYBRID, layers=7, share=2)
    shared, apart = Transformer(config).eval(), Transformer(replace(config, share=1)).eval()
    assert [config.owner(i) for i in range(7)] == [0, 1, 1, 3, 3, 5, 5]
    apart.load_state_dict(shared.state_dict())
    x = tokens(2, 30)
    torch.testing.assert_close(shared(x).logits, apart(x).logits, rtol=0, atol=0)
    count = [sum(p.numel() for p in m.parameters()) for m in (shared, apart)]
    assert count[0] < 0.7 * count[1]
