"""However the tokens are cut into calls, and whatever else is in the batch, the logits are the
same as those of one pass over the whole sequence."""

import pytest
from variants import VARIANTS

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")

from nlogn.model.cache import Cache  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402

CUTS = {
    "whole": [40],
    "prompt, then tokens": [10, *[1] * 30],
    "token by token": [1] * 40,
    "pieces": [7, 1, 12, 1, 1, 15, 3],
}


@pytest.fixture(scope="module", params=VARIANTS)
def model(request: pytest.FixtureRequest) -> Transformer:
    model = Transformer(VARIANTS[request.param], seed=3).eval()
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms away from their idle values
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return model


def assert_same(model: Transformer, got: torch.Tensor, want: torch.Tensor) -> None:
    # a linear layer divides by the length of its small outputs, which magnifies rounding
    loose = "linear" in model.config.kinds
    torch.testing.assert_close(got, want, atol=1e-3 if loose else 2e-5, rtol=1e-4)


def batch(model: Transformer, rows: int, tokens: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(rows + tokens)
    out = {"tokens": torch.randint(0, 97, (rows, tokens), generator=generator)}
    if model.config.time_classes:
        out["classes"] = torch.randint(0, 5, (rows, tokens), generator=generator)
    return out


def part(inputs: dict[str, torch.Tensor], *index: object) -> dict[str, torch.Tensor]:
    return {name: tensor[index] for name, tensor in inputs.items()}


@torch.no_grad()
@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)
def test_cuts_do_not_matter(model: Transformer, cuts: list[int]) -> None:
    if model.config.positions.scaling == "dynamic" and cuts != [40]:
        pytest.skip("dynamic NTK's angles depend on the length in sight: see the next test")
    inputs = batch(model, 2, 40)
    whole = model(**inputs).logits
    cache, done, pieces = Cache(model.config, 2), 0, []
    for n in cuts:
        pieces.append(model(**part(inputs, slice(None), slice(done, done + n)), cache=cache).logits)
        done += n
    assert_same(model, torch.cat(pieces, 1), whole)


@torch.no_grad()
def test_the_last_logits_equal_a_fresh_pass_of_the_same_length(model: Transformer) -> None:
    inputs = batch(model, 1, 40)
    cache = Cache(model.config, 1)
    model(**part(inputs, slice(None), slice(0, 20)), cache=cache)
    for n in range(20, 40):
        token = part(inputs, slice(None), slice(n, n + 1))
        last = model(**token, cache=cache, logits="last").logits
        if n in (20, 33, 39):
            fresh = model(**part(inputs, slice(None), slice(0, n + 1)), logits="last").logits
            if model.config.positions.scaling == "dynamic" and model.config.layers > 1:
                # deeper layers' cached values were made under the shorter context's angles
                assert (last - fresh).abs().max() < 0.5
                continue
            assert_same(model, last, fresh)


@torch.no_grad()
def test_rows_of_different_lengths_do_not_touch(model: Transformer) -> None:
    if model.config.positions.scaling == "dynamic":
        pytest.skip("dynamic NTK's angles depend on the longest row")
    inputs = batch(model, 3, 40)
    lengths, extra = [30, 5, 17], 6
    alone = []
    for row, n in enumerate(lengths):
        alone.append(model(**part(inputs, slice(row, row + 1), slice(0, n + extra))).logits[0, n:])
    valid = torch.arange(30)[None] < torch.tensor(lengths)[:, None]
    cache = Cache(model.config, 3)
    model(**part(inputs, slice(None), slice(0, 30)), cache=cache, valid=valid)
    assert cache.lengths.tolist() == lengths
    for i in range(extra):
        at = torch.tensor([[n + i] for n in lengths])
        step = {name: tensor.gather(1, at) for name, tensor in inputs.items()}
        logits = model(**step, cache=cache).logits[:, 0]
        for row in range(3):
            assert_same(model, logits[row], alone[row][i])


@torch.no_grad()
def test_requests_enter_leave_and_move(model: Transformer) -> None:
    if model.config.positions.scaling == "dynamic":
        pytest.skip("dynamic NTK's angles depend on the longest row")
    inputs = batch(model, 3, 30)
    whole = model(**inputs).logits
    caches = []
    for row, n in enumerate((25, 3, 12)):
        cache = Cache(model.config, 1)
        model(**part(inputs, slice(row, row + 1), slice(0, n)), cache=cache)
        caches.append(cache)
    first, *others = caches
    first.join(others)
    first.rows([2, 0, 1])
    at = torch.tensor([[12], [25], [3]])
    rows = torch.tensor([2, 0, 1])
    step = {name: tensor[rows].gather(1, at) for name, tensor in inputs.items()}
    logits = model(**step, cache=first).logits[:, 0]
    assert_same(model, logits, whole[rows, at[:, 0]])
    first.rows([1])
    logits = model(**part(inputs, slice(0, 1), slice(26, 27)), cache=first).logits[:, 0]
    assert_same(model, logits, whole[:1, 26])


@torch.no_grad()
def test_tokens_can_be_taken_back_up_to_the_slack(model: Transformer) -> None:
    inputs = batch(model, 1, 40)
    cache = Cache(model.config, 1, slack=4)
    model(**part(inputs, slice(None), slice(0, 20)), cache=cache)
    wrong = {name: tensor.flip(1) for name, tensor in inputs.items()}
    model(**part(wrong, slice(None), slice(20, 24)), cache=cache)
    if "linear" in model.config.kinds:
        with pytest.raises(ValueError, match="linear"):
            cache.forget(4)
        return
    cache.forget(4)
    again = model(**part(inputs, slice(None), slice(20, 30)), cache=cache).logits
    if model.config.positions.scaling != "dynamic":
        whole = model(**part(inputs, slice(None), slice(0, 30))).logits
        assert_same(model, again, whole[:, 20:])
    if "sliding" in model.config.kinds:
        with pytest.raises(ValueError, match="slack"):
            cache.forget(5)


def test_sliding_layers_keep_the_window_alone() -> None:
    config = VARIANTS["hybrid"]
    model, cache = Transformer(config), Cache(config, 1)
    with torch.no_grad():
        for _ in range(10):
            model(torch.randint(0, 97, (1, 20)), cache)
    slots = [layer.slots for layer in cache.layers]  # type: ignore[union-attr]
    assert slots == [8, 8, 8, 256, 8] and cache.longest == 200
