"""Hand-written backward passes against autograd on the plain formula."""

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")

import torch.nn.functional as F  # noqa: E402

from nlogn.model import kernels  # noqa: E402


def seeded(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def assert_equal_with_gradients(
    got: Callable[..., torch.Tensor], want: Callable[..., torch.Tensor], *inputs: torch.Tensor
) -> None:
    mine, other = got(*inputs), want(*inputs)
    torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)
    weight = torch.randn(mine.shape, generator=torch.Generator().manual_seed(9))
    for a, b in zip(
        torch.autograd.grad((mine * weight).sum(), inputs),
        torch.autograd.grad((other * weight).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", [(7, 16), (2, 5, 3, 16)])
def test_rms_norm(shape: tuple[int, ...]) -> None:
    assert_equal_with_gradients(
        lambda x, w: kernels.rms_norm(x, w, 1e-5),
        lambda x, w: w * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5),
        seeded(*shape), seeded(16, seed=1),
    )  # fmt: skip


def test_rotation() -> None:
    angle = torch.randn(1, 1, 5, 4).repeat(1, 1, 1, 2)
    cos, sin = angle.cos(), angle.sin()

    def plain(x: torch.Tensor) -> torch.Tensor:
        return x * cos + torch.cat((-x[..., 4:], x[..., :4]), -1) * sin

    def strided(x: torch.Tensor) -> torch.Tensor:  # as the projections come
        return kernels.rotate_pairs(x.transpose(1, 2), cos.transpose(1, 2), sin.transpose(1, 2)
                                    ).transpose(1, 2)  # fmt: skip

    for kernel in (lambda x: kernels.rotate_pairs(x, cos, sin), strided):
        assert_equal_with_gradients(kernel, plain, seeded(2, 3, 5, 8))


@pytest.mark.parametrize("run", [kernels.routed_experts, kernels.routed_experts_grouped])
@pytest.mark.parametrize("idle", [False, True])
def test_routed_experts(run: Callable[..., torch.Tensor], idle: bool) -> None:
    chosen = torch.stack([torch.randperm(4 if idle else 6)[:2] for _ in range(30)])

    def plain(x: torch.Tensor, weights: torch.Tensor, gate_up: torch.Tensor, down: torch.Tensor
              ) -> torch.Tensor:  # fmt: skip
        out = []
        for token, experts in enumerate(chosen.tolist()):
            total = torch.zeros(16)
            for slot, e in enumerate(experts):
                gate, up = (gate_up[e] @ x[token]).chunk(2)
                total = total + weights[token, slot] * (down[e] @ (F.silu(gate) * up))
            out.append(total)
        return torch.stack(out)

    assert_equal_with_gradients(
        lambda x, w, g, d: run(x, chosen, w, g, d), plain,
        seeded(30, 16), seeded(30, 2, seed=1), seeded(6, 16, 16, seed=2), seeded(6, 16, 8, seed=3),
    )  # fmt: skip


@pytest.mark.parametrize("rows", [5, 1100])
def test_linear_cross_entropy(rows: int) -> None:
    targets = torch.randint(0, 11, (rows,))
    targets[::4] = -100
    assert_equal_with_gradients(
        lambda h, w: kernels.linear_cross_entropy(h, w, targets),
        lambda h, w: F.cross_entropy(h @ w.t(), targets),
        seeded(rows, 8), seeded(11, 8, seed=1),
    )  # fmt: skip
    with torch.no_grad():
        hidden, weight = seeded(rows, 8), seeded(11, 8, seed=1)
        loss = kernels.linear_cross_entropy(hidden, weight, targets)
        torch.testing.assert_close(loss, F.cross_entropy(hidden @ weight.t(), targets))
    nothing = torch.full((rows,), -1)
    assert kernels.linear_cross_entropy(seeded(rows, 8), seeded(11, 8), nothing) == 0


def test_under_autocast_products_are_half_and_gradients_whole() -> None:
    hidden, weight = seeded(20, 8), seeded(11, 8, seed=1)
    targets = torch.randint(0, 11, (20,))
    with torch.autocast("cpu", torch.bfloat16):
        loss = kernels.linear_cross_entropy(hidden, weight, targets)
    loss.backward()
    assert weight.grad is not None and weight.grad.dtype == torch.float32
    want = torch.autograd.grad(F.cross_entropy(hidden @ weight.t(), targets), weight)[0]
    torch.testing.assert_close(weight.grad, want, atol=2e-2, rtol=0.1)


def test_gates_and_states_stay_whole_under_autocast() -> None:
    from variants import VARIANTS

    from nlogn.model.experts import Gate
    from nlogn.model.transformer import Transformer

    gate = Gate(16, VARIANTS["hybrid"].experts)
    torch.nn.init.normal_(gate.weight)
    x = seeded(50, 16).detach()
    want, _ = gate(x)
    with torch.autocast("cpu", torch.bfloat16):
        got, _ = gate(x)
    assert torch.equal(got.logits, want.logits) and torch.equal(got.chosen, want.chosen)
    for name in ("linear attention", "sparse attention"):
        model = Transformer(VARIANTS[name]).eval()
        tokens = torch.randint(0, 97, (1, 30))
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            half = model(tokens, logits="none").hidden.float()
        whole = model(tokens, logits="none").hidden
        similar = F.cosine_similarity(half.flatten(), whole.flatten(), dim=0)
        assert similar > 0.9, name


def test_swiglu() -> None:
    assert_equal_with_gradients(
        kernels.swiglu,
        lambda x, g, u, d: (F.silu(x @ g.T) * (x @ u.T)) @ d.T,
        seeded(3, 5, 16), seeded(24, 16, seed=1), seeded(24, 16, seed=2), seeded(16, 24, seed=3),
    )  # fmt: skip


@pytest.mark.parametrize(("tokens", "window"), [(200, 64), (65, 64), (50, 7), (131, 100), (9, 1)])
def test_banded_attention(tokens: int, window: int) -> None:
    at = torch.arange(tokens)
    seen = (at <= at[:, None]) & (at > at[:, None] - window)

    def plain(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        k, v = (x.repeat_interleave(2, 1) for x in (k, v))
        return ((q @ k.mT * 0.3).masked_fill(~seen, -torch.inf)).softmax(-1) @ v

    assert_equal_with_gradients(
        lambda q, k, v: kernels.banded_attention(q, k, v, 0.3, window), plain,
        seeded(2, 4, tokens, 8), seeded(2, 2, tokens, 8, seed=1), seeded(2, 2, tokens, 6, seed=2),
    )  # fmt: skip


def test_the_loss_of_logits_past_the_exponent_s_range_is_finite() -> None:
    hidden, weight = seeded(40, 8), seeded(11, 8, seed=1)
    targets = torch.arange(40) % 11
    for scale in (1e-3, 1.0, 300.0):
        assert_equal_with_gradients(
            lambda h, w, s=scale: kernels.linear_cross_entropy(h * s, w, targets) / s,
            lambda h, w, s=scale: F.cross_entropy(h * s @ w.T, targets) / s, hidden, weight,
        )  # fmt: skip
