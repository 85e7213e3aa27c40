import errno
import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from full_disk import full_disk
from variants import DENSE, HYBRID, VARIANTS

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")

from nlogn.model import checkpoint  # noqa: E402
from nlogn.model.checkpoint import SIDE_CAR, BadCheckpoint, load, read_config, save  # noqa: E402
from nlogn.model.config import (  # noqa: E402
    BadConfig,
    Experts,
    Linear,
    Positions,
    count_parameters,
)
from nlogn.model.convert import convert  # noqa: E402
from nlogn.model.experts import balance, expert_counts, group_loss  # noqa: E402
from nlogn.model.families import Unsupported, family, from_hf, to_hf  # noqa: E402
from nlogn.model.heads import Heads, HeadsConfig, load_heads, save_heads  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402
from nlogn.model.upcycle import upcycle  # noqa: E402


def shaken(config: object, seed: int = 3) -> Transformer:
    """A network with nothing at its idle value."""
    model = Transformer(config, seed=seed).eval()  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
        for gate in model.gates():
            gate.e_score_correction_bias.normal_(0, 0.1, generator=generator)
    return model


def tokens(rows: int, count: int) -> torch.Tensor:
    return torch.randint(0, 97, (rows, count), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_folder_gives_back_the_network(name: str, tmp_path: Path) -> None:
    model = shaken(VARIANTS[name])
    save(model, tmp_path)
    again = load(tmp_path)
    assert again.config.kinds == model.config.kinds
    same = {"pattern": model.config.pattern, "positions": model.config.positions}
    assert replace(again.config, **same) == model.config
    for (n, a), (m, b) in zip(model.state_dict().items(), again.state_dict().items(), strict=True):
        assert n == m
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    x = tokens(2, 20)
    torch.testing.assert_close(model(x).logits, again(x).logits, rtol=0, atol=0)


STANDARD = {
    "exaone_moe": HYBRID,
    "exaone_moe, two groups": VARIANTS["two groups"],
    "exaone_moe, shared layers": VARIANTS["shared layers"],
    "llama": DENSE,
    "llama, tied": VARIANTS["tied"],
    "llama, linear": VARIANTS["linear rope"],
    "llama, dynamic": VARIANTS["dynamic rope"],
    "llama, yarn": VARIANTS["yarn"],
    "qwen3": replace(DENSE, qk_norm=True),
    "glm4_moe": replace(DENSE, experts=Experts(width=16, scale=1.7)),
    "glm4_moe, normed": replace(DENSE, qk_norm=True, experts=Experts(width=16, first_dense=0)),
}


@torch.no_grad()
@pytest.mark.parametrize("name", STANDARD)
def test_transformers_loads_the_folder(name: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="parity is against transformers")
    assert family(STANDARD[name]) == name.split(",")[0]
    model = shaken(STANDARD[name])
    save(model, tmp_path)
    theirs, report = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path, dtype=torch.float32, output_loading_info=True)  # fmt: skip
    assert type(theirs).__name__ == to_hf(model.config)["architectures"][0]
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    x = tokens(3, 60)
    got, want = model(x).logits, theirs(x).logits
    torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-4)
    theirs.generation_config.eos_token_id = None
    text = theirs.generate(x[:, :10], max_new_tokens=12, do_sample=False)
    if model.config.positions.scaling != "dynamic":  # theirs keeps keys turned by old angles
        assert torch.equal(model.generate(x[:, :10], 12), text)


@torch.no_grad()
@pytest.mark.parametrize("old_style", [False, True])
def test_a_deepseek_coder_shaped_folder_is_imported(old_style: bool, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="parity is against transformers")
    torch.manual_seed(0)
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=97, hidden_size=64, intermediate_size=160, num_hidden_layers=3,
        num_attention_heads=8, num_key_value_heads=2, rms_norm_eps=1e-6, initializer_range=0.2,
        max_position_embeddings=256, tie_word_embeddings=False, bos_token_id=90, eos_token_id=91,
        rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 100_000.0},
    )).eval()  # fmt: skip
    theirs.save_pretrained(tmp_path, max_shard_size="100KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    if old_style:  # as the published folders are: pickled weights, rope_scaling, computed tables
        data = json.loads((tmp_path / "config.json").read_text())
        del data["rope_parameters"]
        data |= {"rope_scaling": {"type": "linear", "factor": 4.0}, "rope_theta": 100_000}
        (tmp_path / "config.json").write_text(json.dumps(data))
        for file in tmp_path.glob("*.safetensors*"):
            file.unlink()
        weights = theirs.state_dict() | {
            "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4)
        }
        torch.save(weights, tmp_path / "pytorch_model.bin")
    ours = load(tmp_path)
    assert ours.config.positions == Positions(
        theta=100_000.0, scaling="linear", factor=4.0, original=64)  # fmt: skip
    x = tokens(2, 200)
    torch.testing.assert_close(ours(x).logits, theirs(x).logits, atol=1e-4, rtol=1e-4)
    save(ours, tmp_path / "again")
    third = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "again")
    torch.testing.assert_close(third(x).logits, theirs(x).logits, atol=1e-4, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("per_token", [1, 2, 4])
def test_an_upcycled_network_starts_as_the_dense_one(per_token: int, tmp_path: Path) -> None:
    dense = shaken(replace(DENSE, layers=4))
    model = upcycle(dense, Experts(per_token=per_token))
    assert [model.config.has_experts(i) for i in range(4)] == [False, True, True, True]
    x = tokens(2, 60)
    torch.testing.assert_close(model(x).logits, dense(x).logits, atol=1e-4, rtol=1e-4)
    routing = model(x).routings[0]
    assert routing.chosen.unique().numel() > 4  # it does route
    save(model, tmp_path)
    transformers = pytest.importorskip("transformers", reason="parity is against transformers")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    torch.testing.assert_close(theirs(x).logits, dense(x).logits, atol=1e-4, rtol=1e-4)
    with pytest.raises(BadConfig, match="experts"):
        upcycle(model)


@torch.no_grad()
def test_an_upcycled_hybrid_agrees_within_its_window() -> None:
    dense = shaken(replace(DENSE, layers=4))
    model = upcycle(dense, pattern=("sliding", "sliding", "sliding", "full"), window=32)
    assert model.config.kinds == ("sliding", "sliding", "sliding", "full")
    x = tokens(2, 60)
    got, want = model(x).logits, dense(x).logits
    torch.testing.assert_close(got[:, :32], want[:, :32], atol=1e-4, rtol=1e-4)
    assert (got[:, 33:] - want[:, 33:]).abs().max() > 1e-3


@torch.no_grad()
@pytest.mark.parametrize(("per_token", "shared"), [(1, 1), (2, 2), (2, 0), (4, 4)])
def test_neurons_dealt_out_compute_and_cost_the_same(per_token: int, shared: int) -> None:
    dense = shaken(replace(DENSE, layers=4))
    experts = Experts(per_token=per_token, shared=shared)
    model = upcycle(dense, experts, fine_grained=True)
    x = tokens(2, 60)
    torch.testing.assert_close(model(x).logits, dense(x).logits, atol=1e-4, rtol=1e-4)
    assert model(x).routings[0].chosen.unique().numel() > per_token
    gates = sum(gate.weight.numel() for gate in model.gates())
    cost = count_parameters(model.config).active - count_parameters(dense.config).active
    assert cost <= 2 * gates
    for bad, why in (({"per_token": 3}, "no multiple"), ({"shared": 5}, "dealt out")):
        with pytest.raises(BadConfig, match=why):
            upcycle(dense, replace(Experts(per_token=2, shared=1), **bad), fine_grained=True)


@pytest.mark.parametrize("fine_grained", [False, True])
def test_upcycled_experts_part_ways_in_training(fine_grained: bool) -> None:
    from nlogn.model.transformer import cross_entropy

    model = upcycle(shaken(DENSE), fine_grained=fine_grained).train()
    x = tokens(4, 50)
    cross_entropy(model(x[:, :-1]).logits, x[:, 1:]).backward()
    grad = model.model.layers[1].mlp.experts.down_proj.grad
    assert (grad[0] - grad[1:]).flatten(1).norm(dim=1).min() > 0


@pytest.mark.parametrize(
    ("change", "window", "why"),
    [
        ({"pattern": ("linear", "full"), "linear": Linear(2, 2, 8, 8)}, 64, "linear"),
        ({"pattern": ("sliding", "full"), "window": 8}, 64, "sliding"),
        ({"share": 2}, 0, "share weights by 2"),
        ({"layers": 1}, 0, "none would get experts"),
    ],
)
def test_what_would_not_stay_the_same_network_is_not_upcycled(
    change: dict[str, object], window: int, why: str
) -> None:
    config = replace(replace(DENSE, layers=4), **change)  # type: ignore[arg-type]
    dense = Transformer(config, seed=1)
    pattern = ("sliding", "sliding", "sliding", "full") if window else None
    with pytest.raises(BadConfig, match=why):
        upcycle(dense, pattern=pattern, window=window)


@torch.no_grad()
def test_layers_of_other_attention_stay_as_they_are() -> None:
    dense = shaken(replace(DENSE, layers=4, pattern=("linear", "full"), linear=Linear(2, 2, 8, 8)))
    x = tokens(2, 40)
    torch.testing.assert_close(upcycle(dense)(x).logits, dense(x).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("stored", [{"a": 5}, {1: torch.ones(2)}, [torch.ones(2)]])
def test_a_pickle_of_more_than_weights_is_refused(tmp_path: Path, stored: object) -> None:
    save(shaken(DENSE), tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(stored, tmp_path / "pytorch_model.bin")
    with pytest.raises(BadCheckpoint, match="holds no weights by name"):
        load(tmp_path)


def test_what_was_dealt_out_stays_together(tmp_path: Path) -> None:
    from nlogn.model.transformer import cross_entropy

    model = upcycle(shaken(DENSE), Experts(per_token=2, shared=2), fine_grained=True).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    x = tokens(4, 50)
    for _ in range(5):
        optimizer.zero_grad()
        out = model(x[:, :-1])
        paradigms = torch.arange(4).repeat_interleave(49)
        loss = group_loss(out.routings, list(model.gates()), paradigms)
        (cross_entropy(out.logits, x[:, 1:]) + loss).backward()
        optimizer.step()
        counts = expert_counts(out.routings, 16)
        balance(list(model.gates()), counts)
        assert torch.equal(counts[:, ::2], counts[:, 1::2])
    save(model, tmp_path)
    read = load(tmp_path)
    assert read.config == model.config
    for routing in read(x).routings:
        pairs = routing.chosen.sort(-1).values
        assert torch.equal(pairs[:, 0] + 1, pairs[:, 1]) and not (pairs[:, 0] % 2).any()


def test_precision_is_the_caller_s_and_the_balance_stays_exact(tmp_path: Path) -> None:
    model = shaken(HYBRID)
    save(model, tmp_path, dtype=torch.bfloat16)
    half = load(tmp_path, dtype=torch.bfloat16)
    assert half.lm_head.weight.dtype == torch.bfloat16
    for mine, other in zip(model.gates(), half.gates(), strict=True):
        assert torch.equal(mine.e_score_correction_bias, other.e_score_correction_bias)
    size = (tmp_path / "model.safetensors").stat().st_size
    assert size < 2.2 * sum(p.numel() for p in model.parameters()) + 50_000
    assert half(tokens(1, 20)).logits.dtype == torch.bfloat16


def test_large_networks_are_written_in_shards(tmp_path: Path, monkeypatch: object) -> None:
    model = shaken(HYBRID)
    save(model, tmp_path)
    monkeypatch.setattr(checkpoint, "SHARD_BYTES", 50_000)  # type: ignore[attr-defined]
    save(model, tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    assert len(list(tmp_path.glob("model-*-of-*.safetensors"))) > 3
    again = load(tmp_path)
    x = tokens(1, 20)
    assert torch.equal(model(x).logits, again(x).logits)
    transformers = pytest.importorskip("transformers", reason="parity is against transformers")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    torch.testing.assert_close(theirs(x).logits, model(x).logits, atol=1e-4, rtol=1e-4)


def test_the_time_bias_rides_in_the_side_car(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="parity is against transformers")
    model = shaken(VARIANTS["time bias"])
    save(model, tmp_path)
    assert (tmp_path / checkpoint.SIDE_CAR).exists()
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    x = tokens(2, 30)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.time_bias.zero_()
        torch.testing.assert_close(theirs(x).logits, model(x).logits, atol=1e-4, rtol=1e-4)


def test_broken_folders_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match=r"config\.json"):
        load(tmp_path)
    model = shaken(HYBRID)
    save(model, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())

    def with_config(**change: object) -> None:
        (tmp_path / "config.json").write_text(json.dumps(config | change))

    with_config(num_hidden_layers=6, layer_types=[*config["layer_types"], "full_attention"],
                mlp_layer_types=[*config["mlp_layer_types"], "sparse"])  # fmt: skip
    with pytest.raises(BadCheckpoint, match="missing"):
        load(tmp_path)
    with_config(vocab_size=98)
    with pytest.raises(BadCheckpoint, match="98"):
        load(tmp_path)
    with_config(num_experts=8, n_group=2)
    with pytest.raises(BadCheckpoint, match=r"unexpected|config says"):
        load(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match="safetensors"):
        load(tmp_path)


def test_damaged_files_say_which(tmp_path: Path) -> None:
    save(shaken(DENSE), tmp_path)
    save_heads(Heads(HeadsConfig(DENSE.hidden_size, ("1",), ("1",), width=8)), tmp_path)
    weights, side = tmp_path / "model.safetensors", tmp_path / SIDE_CAR
    whole = weights.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"x" * 100):
        weights.write_bytes(damaged)
        with pytest.raises(BadCheckpoint, match=r"model\.safetensors is damaged"):
            load(tmp_path)
    weights.write_bytes(whole)
    side.write_bytes(side.read_bytes()[:-4])
    with pytest.raises(BadCheckpoint, match=SIDE_CAR):
        load_heads(tmp_path)
    side.unlink()
    weights.unlink()
    for pickled in (b"not a pickle", pickle.dumps([1]), pickle.dumps(Path)):
        (tmp_path / "pytorch_model.bin").write_bytes(pickled)
        with pytest.raises(BadCheckpoint, match=r"pytorch_model\.bin holds no weights"):
            load(tmp_path)
    for config in ("[1]", "{", "7", '"llama"', "[" * 9999):
        (tmp_path / "config.json").write_text(config)
        with pytest.raises(BadCheckpoint, match=r"config\.json"):
            read_config(tmp_path)


@pytest.mark.parametrize(("folder", "weights"), [(0o755, 0o644), (0o700, 0o600)])
def test_weights_may_be_read_by_whom_the_folder_may(
    tmp_path: Path, folder: int, weights: int
) -> None:
    tmp_path.chmod(folder)
    save(shaken(DENSE), tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_mode & 0o777 == weights


def test_a_full_disk_is_told_as_one(tmp_path: Path) -> None:
    model = shaken(DENSE)
    with full_disk(5000), pytest.raises(OSError, match="File too large") as told:
        save(model, tmp_path)
    assert told.value.errno == errno.EFBIG


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"num_attention_heads": 0, "head_dim": None}, "cannot be"),
        ({"rope_parameters": "linear"}, "cannot be"),
        ({"rope_parameters": {"full_attention": {"rope_type": "default"}}}, "kind of layer"),
        ({"rope_parameters": {"rope_type": "linear", "factor": "four"}}, "cannot be"),
        ({"model_type": "gpt2"}, "gpt2"),
        ({"attention_bias": True}, "attention_bias"),
        ({"hidden_act": "gelu"}, "gelu"),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 1e4}}, "llama3"),
        ({"partial_rotary_factor": 0.5}, "partial"),
    ],
)
def test_what_is_not_ours_is_refused(change: dict[str, object], word: str) -> None:
    with pytest.raises(Unsupported, match=word):
        from_hf(to_hf(DENSE) | change)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"hidden_size": "32"}, "hidden_size='32' is no whole number"),
        ({"hidden_size": 32.0}, "hidden_size=32.0 is no whole number"),
        ({"num_hidden_layers": True}, "layers=True is no whole number"),
        ({"num_hidden_layers": 10**30}, "layers=.* is too large"),
        ({"num_hidden_layers": 10**9}, "layers=1000000000: more than 1,000"),
        ({"rms_norm_eps": "nan"}, "norm_eps=nan is no number"),
        ({"tie_word_embeddings": []}, "tied=.* is neither true nor false"),
        ({"pad_token_id": "a"}, "pad='a' is no whole number"),
        ({"eos_token_id": [[1]]}, "eos=.* is no whole number"),
    ],
)
def test_a_value_of_a_wrong_kind_or_size_is_refused_by_name(
    change: dict[str, object], word: str
) -> None:
    with pytest.raises(BadConfig, match=word):
        from_hf(to_hf(DENSE) | change)


def test_no_token_may_end_a_text() -> None:
    assert from_hf(to_hf(DENSE) | {"eos_token_id": []}).eos is None


def test_a_damaged_file_beside_the_weights_is_not_copied_on(tmp_path: Path) -> None:
    save(Transformer(HYBRID, seed=1), tmp_path / "a")
    (tmp_path / "a" / "tokenizer.json").write_text('{"model"')
    with pytest.raises(BadCheckpoint, match=r"tokenizer\.json is damaged"):
        convert(tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_link_to_a_checkpoint_is_followed(tmp_path: Path) -> None:
    save(Transformer(HYBRID, seed=1), tmp_path / "a")
    save(Transformer(HYBRID, seed=2), tmp_path / "old")
    (tmp_path / "link").symlink_to(tmp_path / "old")
    convert(tmp_path / "a", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "link", "old"]
    written, source = load(tmp_path / "old").state_dict(), load(tmp_path / "a").state_dict()
    assert all(torch.equal(written[name], source[name]) for name in source)
