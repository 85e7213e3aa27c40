import itertools
from dataclasses import replace

import pytest
from variants import VARIANTS

torch = pytest.importorskip("torch", reason="training needs torch (extra `model`)")

from nlogn.model.config import Experts  # noqa: E402
from nlogn.model.transformer import Transformer, cross_entropy  # noqa: E402
from nlogn.model.upcycle import upcycle  # noqa: E402
from nlogn.train.optimizer import (  # noqa: E402
    Optimizer,
    Rates,
    is_matrix,
    learning_rate,
    orthogonalise,
)


def seeded(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(32, 32), (16, 64), (64, 16), (5, 24, 48)])
def test_singular_values_become_one(shape: tuple[int, ...]) -> None:
    values = torch.linalg.svdvals(orthogonalise(seeded(*shape)))
    assert values.min() > 0.5 and values.max() < 1.3


def test_the_direction_is_that_of_the_polar_factor() -> None:
    x = seeded(24, 48)
    u, _, v = torch.linalg.svd(x, full_matrices=False)
    similarity = torch.nn.functional.cosine_similarity(
        orthogonalise(x).flatten(), (u @ v).flatten(), dim=0
    )
    assert similarity > 0.98


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_plain_matrix_moves_as_torch_s_muon_moves_it(precision: torch.dtype) -> None:
    start, grads = seeded(24, 48), [seeded(24, 48, seed=s) for s in range(1, 5)]
    mine, other = (torch.nn.Parameter(start.clone()) for _ in range(2))
    ours = Optimizer([("q_proj.weight", mine)], Rates(lr=0.01, weight_decay=0.1), precision)
    theirs = torch.optim.Muon([other], lr=0.01, weight_decay=0.1, momentum=0.95, nesterov=True,
                              adjust_lr_fn="match_rms_adamw")  # fmt: skip
    for grad in grads:
        for parameter, optimizer in ((mine, ours), (other, theirs)):
            parameter.grad = grad.clone()
            optimizer.step()
    moved, theirs_moved = (mine - start).detach(), (other - start).detach()
    cosine = torch.nn.functional.cosine_similarity(moved.flatten(), theirs_moved.flatten(), dim=0)
    assert cosine > 0.999  # theirs iterates in bfloat16
    assert moved.norm() / theirs_moved.norm() == pytest.approx(1, abs=0.02)


def test_vectors_and_tables_move_as_adamw_moves_them() -> None:
    for name, shape, decay in (("lm_head.weight", (9, 5), 0.1), ("norm.weight", (7,), 0.0)):
        mine, other = (torch.nn.Parameter(seeded(*shape)) for _ in range(2))
        ours = Optimizer([(name, mine)], Rates(lr=0.01, weight_decay=0.1))
        theirs = torch.optim.AdamW([other], lr=0.01, weight_decay=decay, betas=(0.9, 0.95))
        for s in range(6):
            for parameter, optimizer in ((mine, ours), (other, theirs)):
                parameter.grad = seeded(*shape, seed=s)
                optimizer.step()
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=1e-5)


def test_each_expert_is_its_own_matrix() -> None:
    stack = torch.nn.Parameter(seeded(4, 16, 24))
    alone = [torch.nn.Parameter(m.clone()) for m in stack.detach()]
    grad = seeded(4, 16, 24, seed=1) * torch.tensor([1.0, 10, 100, 1e-3])[:, None, None]
    stack.grad = grad.clone()
    Optimizer([("mlp.experts.down_proj", stack)]).step()
    for parameter, g in zip(alone, grad, strict=True):
        parameter.grad = g.clone()
        Optimizer([("down_proj.weight", parameter)]).step()
    torch.testing.assert_close(stack.detach(), torch.stack(alone).detach())


def test_a_fused_matrix_is_two() -> None:
    fused = torch.nn.Parameter(torch.zeros(3, 16, 8))
    grad = seeded(3, 16, 8)
    fused.grad = grad
    Optimizer([("mlp.experts.gate_up_proj", fused)], Rates(lr=1.0)).step()
    for half, part in zip(fused.detach().chunk(2, 1), grad.chunk(2, 1), strict=True):
        torch.testing.assert_close(half, -0.2 * 8**0.5 * orthogonalise(part), atol=1e-4, rtol=1e-4)


def test_experts_that_step_as_one_are_the_dense_network_that_they_were() -> None:
    dense = Transformer(replace(VARIANTS["dense"], layers=3)).train()
    grown = upcycle(dense, Experts(per_token=2, shared=0), fine_grained=True).train()
    apart = upcycle(dense, Experts(per_token=2, shared=0), fine_grained=True).train()
    x = torch.randint(0, 97, (4, 40), generator=torch.Generator().manual_seed(3))

    def trained(model: Transformer, pooled: float) -> torch.Tensor:
        optimizer = Optimizer(model.named_parameters(), Rates(lr=0.01, pooled=pooled), together=2)
        for _ in range(4):
            optimizer.zero_grad()
            cross_entropy(model(x[:, :-1]).logits, x[:, 1:]).backward()
            optimizer.step()
        return model(x).logits.detach()

    want = trained(dense, 0.0)
    torch.testing.assert_close(trained(grown, 1.0), want, atol=5e-3, rtol=5e-3)
    assert (trained(apart, 0.0) - want).abs().max() > 0.05
    down = apart.model.layers[1].mlp.experts.down_proj.detach()
    pairs = grown.model.layers[1].mlp.experts.down_proj.detach().unflatten(0, (8, 2))
    torch.testing.assert_close(pairs, pairs[:1].expand_as(pairs))
    assert not torch.allclose(down[::2], down[:1].expand_as(down[::2]))


def test_muon_gets_the_matrices_alone() -> None:
    model = Transformer(VARIANTS["hybrid"])
    names = {n for n, p in model.named_parameters() if is_matrix(n, p)}
    assert "model.layers.1.mlp.experts.gate_up_proj" in names
    assert "model.layers.0.self_attn.q_proj.weight" in names
    assert not any(part in n for n in names for part in ("embed", "head", "gate.weight", "norm"))


def test_the_state_is_saved_whole() -> None:
    def run(model: Transformer, optimizer: Optimizer, steps: range) -> None:
        for s in steps:
            x = torch.randint(0, 97, (2, 16), generator=torch.Generator().manual_seed(s))
            optimizer.zero_grad()
            model(x).logits.square().mean().backward()
            optimizer.step()

    one = Transformer(VARIANTS["hybrid"])
    first = Optimizer(one.named_parameters())
    run(one, first, range(6))
    two = Transformer(VARIANTS["hybrid"])
    second = Optimizer(two.named_parameters())
    run(two, second, range(3))
    three = Transformer(VARIANTS["hybrid"], seed=9)
    three.load_state_dict(two.state_dict())
    third = Optimizer(three.named_parameters())
    for name, state in second.tensors().items():
        if name == "count":
            third.count.copy_(state)
        else:
            for key, tensor in state.items():
                third.tensors()[name][key].copy_(tensor)
    run(three, third, range(3, 6))
    for a, b in zip(one.parameters(), three.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [learning_rate(s, 100, 1.0, 10) for s in range(100)]
    assert rates[0] == pytest.approx(0.1) and rates[9] == rates[59] == 1.0
    assert rates[80] == pytest.approx(0.5) and rates[99] == pytest.approx(1 / 40)
    assert max(abs(a - b) for a, b in itertools.pairwise(rates)) < 0.11
