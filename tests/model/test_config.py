import subprocess
import sys
from dataclasses import replace

import pytest
from variants import DENSE, HYBRID, VARIANTS

from nlogn.model.config import (
    PRESETS,
    BadConfig,
    Experts,
    ModelConfig,
    Positions,
    count_parameters,
    dense_twin,
    from_json,
    preset,
    size_label,
    to_json,
)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_json_and_says_its_size(name: str) -> None:
    config = preset(name)
    assert from_json(to_json(config)) == config
    total = count_parameters(config).total
    said = {"nano": 18.8e6, "1.3b": 1.35e9, "6.7b": 6.74e9, "33b": 33.3e9, "7b": 7.0e9,
            "70b": 70e9}[name]  # fmt: skip
    assert total == pytest.approx(said, rel=0.05)


@pytest.mark.parametrize("name", VARIANTS)
def test_counted_parameters_are_those_of_the_network(name: str) -> None:
    torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
    from nlogn.model.transformer import Transformer

    with torch.device("meta"):
        model = Transformer(VARIANTS[name])
    count = count_parameters(VARIANTS[name])
    assert sum(p.numel() for p in model.parameters()) == count.total
    buffers = {b.data_ptr() if not b.is_meta else id(b): b.numel() for b in model.buffers()}
    assert sum(buffers.values()) == count.buffers
    parts = count.embedding + count.attention + count.dense + count.experts + count.norms
    assert parts == count.total


@pytest.mark.parametrize("name", ["7b", "70b"])
@pytest.mark.parametrize("context", [8192, 16_384])
def test_the_large_presets_build_on_the_meta_device(name: str, context: int) -> None:
    torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
    from nlogn.model.transformer import Transformer

    config = preset(name, context=context)
    with torch.device("meta"):
        model = Transformer(config)
    assert sum(p.numel() for p in model.parameters()) == count_parameters(config).total


def test_active_parameters_follow_the_token() -> None:
    few = count_parameters(HYBRID)
    experts = replace(HYBRID.experts or Experts(), routed=32)
    more = count_parameters(replace(HYBRID, experts=experts))
    layers = sum(HYBRID.has_experts(i) for i in range(HYBRID.layers))
    gates = 16 * HYBRID.hidden_size * layers
    assert more.total > few.total + gates
    assert more.active == few.active + gates  # only the gates grow for one token


def test_the_dense_twin_spends_as_much() -> None:
    experts = replace(HYBRID.experts or Experts(), first_dense=0)
    sparse = replace(HYBRID, experts=experts)
    gates = 16 * HYBRID.hidden_size * HYBRID.layers
    twin = dense_twin(sparse)
    assert count_parameters(twin).active == count_parameters(sparse).active - gates
    with pytest.raises(BadConfig, match="dense"):
        dense_twin(twin)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"heads": 3}, "kv_heads"),
        ({"window": 0}, "window"),
        ({"pattern": ("linear",)}, "linear"),
        ({"pattern": ("sparse",)}, "sparse"),
        ({"pattern": ("dense",)}, "pattern"),
        ({"pattern": ()}, "pattern"),
        ({"head_dim": 7}, "even"),
        ({"layers": 0}, "positive"),
        ({"eos": 97}, "eos"),
    ],
)
def test_a_contradiction_is_refused_by_name(change: dict[str, object], word: str) -> None:
    with pytest.raises(BadConfig, match=word):
        replace(HYBRID, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"routed": 15},
        {"groups": 16},
        {"per_token": 5},
        {"groups_per_token": 5},
        {"together": 3},
        {"together": 4},
        {"together": 0},
    ],
)
def test_impossible_experts_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(BadConfig, match="experts"):
        Experts(**change)


def test_scaling_wants_what_it_scales_from() -> None:
    with pytest.raises(BadConfig, match="original"):
        Positions(scaling="yarn", factor=4)


@pytest.mark.parametrize("data", [3, "nano", None, [], {"experts": 3}])
def test_what_is_no_config_is_refused(data: object) -> None:
    with pytest.raises(BadConfig, match="not a model config"):
        from_json(data)  # type: ignore[arg-type]


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(BadConfig, match="colour"):
        from_json({**to_json(DENSE), "colour": "red"})


def test_sharing_never_joins_layers_of_different_structure() -> None:
    config = replace(HYBRID, layers=9, share=4)
    owners = [config.owner(i) for i in range(9)]
    assert owners == [0, 1, 1, 1, 1, 5, 5, 5, 5]  # layer 0 is dense
    assert [DENSE.owner(i) for i in range(2)] == [0, 1]


def test_size_label() -> None:
    assert [size_label(n) for n in (7, 18_800_000, 1_350_000_000)] == ["7", "18.8M", "1.35B"]


def test_the_package_loads_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import nlogn, nlogn.model, nlogn.model.plan\n"
        "print(nlogn.model.count_parameters(nlogn.model.preset('7b')).total)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(out.stdout) > 7e9


def test_a_config_is_a_value() -> None:
    assert hash(preset("7b")) == hash(preset("7b")) and preset("7b") != preset("7b", context=16_384)
    assert isinstance(preset("nano"), ModelConfig)
