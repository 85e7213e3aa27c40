from dataclasses import replace

import pytest

from nlogn.model.config import BadConfig, count_parameters, preset
from nlogn.model.plan import (
    GIB,
    DoesNotFit,
    activation_bytes,
    cache_bytes,
    flops_per_token,
    make_plan,
    training_memory,
)


def test_training_costs_six_flops_per_active_parameter_plus_attention() -> None:
    config = preset("7b")
    active = count_parameters(config).active
    short, long = flops_per_token(config, 1), flops_per_token(config, 8192)
    assert short == pytest.approx(6 * active, rel=1e-3)
    full = replace(config, pattern=("full",))
    assert flops_per_token(full, 8192) - 6 * active == pytest.approx(
        3 * 32 * 4 * 16 * 128 * 4096, rel=1e-6
    )
    assert long < flops_per_token(full, 8192)


def test_the_measured_flops_are_the_counted_ones() -> None:
    torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode
    from variants import DENSE

    from nlogn.model.transformer import Transformer

    model = Transformer(DENSE)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        model(torch.zeros(1, 64, dtype=torch.long)).logits.sum().backward()
    # torch counts the whole square of causal attention, we the half that is needed; and it does
    # not count the norms' weights
    square = 3 * DENSE.layers * 4 * DENSE.heads * DENSE.head_dim * 32 * 64
    norms = 6 * count_parameters(DENSE).norms * 64
    assert counter.get_total_flops() == flops_per_token(DENSE, 64) * 64 + square - norms


def test_a_plan_fits_its_gpus_and_adds_up() -> None:
    for name, gpus in (("7b", 8), ("33b", 64), ("70b", 64), ("70b", 512)):
        plan = make_plan(preset(name), gpus)
        assert plan.tensor * plan.shards * plan.replicas == gpus
        assert plan.memory.total < 0.9 * 80 * GIB
        micro = plan.micro_batch * preset(name).context
        assert plan.tokens_per_step == micro * plan.shards * plan.replicas * plan.accumulate
        ideal = gpus * 989e12 * 0.4 / plan.flops_per_token
        assert 0.3 * ideal < plan.tokens_per_second <= ideal
        assert plan.days == pytest.approx(2.3e12 / plan.tokens_per_second / 86_400)
        assert plan.dollars == pytest.approx(plan.days * 24 * gpus * 3.0)


def test_more_gpus_are_faster_and_longer_contexts_slower() -> None:
    few, many = make_plan(preset("70b"), 64), make_plan(preset("70b"), 256)
    assert many.tokens_per_second > 2 * few.tokens_per_second
    long = make_plan(preset("70b", context=16_384), 64)
    assert long.tokens_per_second < few.tokens_per_second


def test_what_does_not_fit_says_so() -> None:
    with pytest.raises(DoesNotFit, match="take at least"):
        make_plan(preset("70b"), 4)
    with pytest.raises(BadConfig, match="h100"):
        make_plan(preset("7b"), 8, gpu="abacus")


def test_checkpointing_and_sharding_save_memory() -> None:
    config = preset("7b")
    kept, recomputed = (activation_bytes(config, 8192, on) for on in (False, True))
    assert recomputed < kept / 4
    one = training_memory(config, 1, 1, 8192, False)
    eight = training_memory(config, 8, 1, 8192, False)
    assert one.weights == 8 * eight.weights == 4 * count_parameters(config).total
    assert one.activations == eight.activations


def test_sliding_layers_bound_the_cache() -> None:
    config = preset("7b")
    per_token = 2 * config.kv_heads * config.head_dim * 2
    assert cache_bytes(config, 512) == 32 * 512 * per_token
    assert cache_bytes(config, 16_384) == 8 * 16_384 * per_token + 24 * config.window * per_token


def test_counted_activations_are_the_kept_ones() -> None:
    torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
    from variants import DENSE

    from nlogn.model.transformer import Transformer

    model = Transformer(replace(DENSE, layers=4)).train()
    kept: dict[int, int] = {}
    weights = {p.data_ptr() for p in model.parameters()}

    def pack(tensor: object) -> object:
        assert isinstance(tensor, torch.Tensor)
        storage = tensor.untyped_storage()
        if tensor.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = model(torch.zeros(1, 256, dtype=torch.long), logits="none")
    assert out.hidden.requires_grad
    counted = activation_bytes(model.config, 256, False) * 2  # float32 here
    assert sum(kept.values()) == pytest.approx(counted, rel=0.6)
