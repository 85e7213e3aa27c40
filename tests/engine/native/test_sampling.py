"""Which token is drawn: against a plain reading of each option's definition."""

import collections
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlogn.engine.native.sampling import choose, kept_tokens, uniform
from nlogn.engine.native.sequence import Request


def plainly(request: Request, logits: Any) -> dict[int, float]:
    """Probability of each token that may be drawn, by sorting and summing."""
    mass = np.exp((logits - logits.max()).astype(np.float64) / request.temperature)
    ranked = sorted(range(len(mass)), key=lambda t: (-mass[t], t))
    if request.top_k:
        ranked = ranked[: request.top_k]
    total, running, kept = sum(mass[t] for t in ranked), 0.0, []
    for token in ranked:
        if request.top_p < 1 and running >= request.top_p * total - 1e-12 and kept:
            break
        kept.append(token)
        running += mass[token]
    kept = [t for t in kept if mass[t] >= request.min_p * mass[ranked[0]]]
    total = sum(mass[t] for t in kept)
    return {t: mass[t] / total for t in kept}


@settings(max_examples=60, deadline=None)
@given(
    size=st.sampled_from([5, 700, 2000]), spread=st.sampled_from([0.01, 1.0, 4.0]),
    temperature=st.sampled_from([0.3, 1.0, 2.0]), top_k=st.sampled_from([0, 1, 7, 600]),
    top_p=st.sampled_from([1.0, 0.99, 0.5, 0.01]), min_p=st.sampled_from([0.0, 0.05, 1.0]),
    seed=st.integers(0, 50),
)  # fmt: skip
def test_kept_tokens_are_those_of_the_definitions(
    size: int, spread: float, temperature: float, top_k: int, top_p: float, min_p: float, seed: int
) -> None:
    logits = (spread * np.random.default_rng(seed).standard_normal(size)).astype(np.float32)
    request = Request((1,), 1, temperature, top_k, top_p, min_p)
    want = plainly(request, logits)
    kept, mass = kept_tokens(request, logits)
    got = dict(zip(kept.tolist(), (mass / mass.sum()).tolist(), strict=True))
    edge = set(want) ^ set(got)  # a sum that rounds to the limit itself may fall either way
    assert len(edge) <= 1 and all(max(want.get(t, 0), got.get(t, 0)) < 0.5 for t in edge)
    if not edge:
        assert got == pytest.approx(want, rel=1e-5)


def test_frequencies_are_the_probabilities() -> None:
    logits = np.array([1.0, 0.0, -1.0, 2.0], dtype=np.float32)
    request = Request((1,), 1, 1.0)
    want = plainly(request, logits)
    drawn = collections.Counter(
        choose(Request((1,), 1, 1.0, seed=s), [0] * n, logits.copy()).token
        for s in range(100)
        for n in range(100)
    )
    for token, probability in want.items():
        spread = math.sqrt(probability * (1 - probability) / 10_000)
        assert abs(drawn[token] / 10_000 - probability) < 4 * spread


def test_positions_and_seeds_are_independent() -> None:
    drawn = np.array([[uniform(seed, at) for at in range(200)] for seed in range(200)])
    assert abs(drawn.mean() - 0.5) < 0.01 and abs(drawn.std() - 12**-0.5) < 0.01
    assert abs(np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.02
    assert uniform(-3, 5) == uniform(-3, 5) != uniform(3, 5)


@pytest.mark.parametrize("temperature", [1e-6, 1e-40, 1e-310, 5e-324])
def test_hardly_any_temperature_is_none(temperature: float) -> None:
    logits = np.array([3.0, 9.0, -np.inf, 8.9], dtype=np.float32)
    assert choose(Request((1,), 1, temperature, seed=3), [0], logits.copy()).token == 1
    assert choose(Request((1,), 1, temperature, top_p=0.9), [0], logits.copy()).token == 1


def test_repetition_is_made_less_likely() -> None:
    logits = np.array([3.0, 2.9, -1.0], dtype=np.float32)
    assert choose(Request((1,), 1, repetition_penalty=1.2), [0], logits.copy()).token == 1
    assert choose(Request((1,), 1), [0], logits.copy()).token == 0
    only = np.array([-1.0, -1.1], dtype=np.float32)
    assert choose(Request((1,), 1, repetition_penalty=1.2), [0], only).token == 1


def test_logprobs_are_those_of_the_plain_network() -> None:
    logits = np.array([1.0, 3.0, 2.0], dtype=np.float32)
    plain = logits - np.log(np.exp(logits).sum())

    def forbid(seen: list[int], prompt: int, row: Any) -> None:
        row[1] = -np.inf

    token = choose(Request((1,), 1, 0.5, logprobs=2, steer=(forbid,)), [2], logits.copy())
    assert token.token in (0, 2)
    assert token.logprob == pytest.approx(plain[token.token])
    assert token.top == ((1, pytest.approx(plain[1])), (2, pytest.approx(plain[2])))
    assert choose(Request((1,), 1), [2], logits.copy()).logprob is None


@pytest.mark.parametrize(
    "wrong",
    [{"max_tokens": 0}, {"temperature": -1}, {"top_p": 0}, {"min_p": 2}, {"stop": ("",)},
     {"repetition_penalty": 0}, {"tokens": ()}, {"top_k": -1}, {"logprobs": -1},
     {"temperature": math.nan}],
)  # fmt: skip
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).removesuffix("s")[:4]):
        Request(**({"tokens": (1,)} | wrong))
