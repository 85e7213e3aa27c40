"""The next token from its logits: numpy on one row, nothing shared between requests."""

import numpy as np
from numpy.typing import NDArray

from nlogn.engine.native.sequence import Logits, Request, Token

_HEAD = 512  # of the likeliest tokens are looked at before all are sorted
_MASK = (1 << 64) - 1


def uniform(seed: int, position: int) -> float:
    """A number in [0, 1) that depends on seed and position alone (SplitMix64's mixing, Steele,
    Lea and Flood 2014), so that neither the batch nor a preemption nor a draft changes it."""
    z = (seed * 0x9E3779B97F4A7C15 + (position + 1) * 0xD1B54A32D192ED03) & _MASK
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = ((z ^ (z >> shift)) * factor) & _MASK
    return ((z ^ (z >> 31)) >> 11) / (1 << 53)


def choose(request: Request, tokens: list[int], logits: Logits) -> Token:
    """The token that follows `tokens`, given the network's logits (V,), which are overwritten."""
    plain = logits.copy() if request.logprobs is not None else None
    if request.repetition_penalty != 1:
        seen = np.unique(np.asarray(tokens))
        found = logits[seen]
        factor = request.repetition_penalty
        logits[seen] = np.where(found > 0, found / factor, found * factor)
    for steer in request.steer:
        steer(tokens, len(request.tokens), logits)
    if logits.max() == -np.inf:
        raise ValueError("the steering allows no token")
    if request.temperature == 0:
        chosen = int(logits.argmax())
    else:
        chosen = _draw(request, logits, uniform(request.seed, len(tokens)))
    if plain is None:
        return Token(chosen)
    return _with_logprobs(chosen, plain, request.logprobs or 0)


def _draw(request: Request, logits: Logits, u: float) -> int:
    kept, mass = kept_tokens(request, logits)
    running = mass.cumsum()
    at = int(np.searchsorted(running, u * running[-1], side="right"))
    return int(kept[min(at, len(kept) - 1)])


def kept_tokens(request: Request, logits: Logits) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Tokens that may be drawn and their masses, which need not sum to 1; the likeliest first
    where any were cut."""
    scaled = logits.astype(np.float64) / request.temperature
    mass = np.exp(scaled - scaled.max())
    if not request.top_k and request.top_p == 1 and not request.min_p:
        return np.arange(len(mass)), mass
    size = len(mass)
    total = float(mass.sum())
    head = min(size, max(_HEAD, request.top_k))
    order = _likeliest(mass, head)
    ranked = mass[order]
    if request.top_k:
        order, ranked = order[: request.top_k], ranked[: request.top_k]
        total = float(ranked.sum())
    elif ranked.sum() < request.top_p * total:  # a flat distribution: the head is not enough
        order = np.argsort(-mass, kind="stable")
        ranked = mass[order]
    if request.top_p < 1:
        before = ranked.cumsum() - ranked
        count = int(np.searchsorted(before, request.top_p * total, side="left"))
        order, ranked = order[: max(count, 1)], ranked[: max(count, 1)]
    if request.min_p:
        least = request.min_p * ranked[0]
        if len(order) < size and ranked[-1] >= least and not request.top_k and request.top_p == 1:
            order = np.argsort(-mass, kind="stable")
            ranked = mass[order]
        count = int((ranked >= least).sum())
        order, ranked = order[:count], ranked[:count]
    return order, ranked


def _likeliest(mass: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The `count` likeliest, in order; of equal ones the lower number first."""
    if count < len(mass):
        least = np.partition(mass, len(mass) - count)[len(mass) - count]
        some = np.flatnonzero(mass >= least)
    else:
        some = np.arange(len(mass))
    return some[np.argsort(-mass[some], kind="stable")][:count]


def _with_logprobs(chosen: int, logits: Logits, count: int) -> Token:
    scores = logits.astype(np.float64)
    top = scores.max()
    whole = top + np.log(np.exp(scores - top).sum())
    ranked = _likeliest(scores, min(count, len(scores))) if count else ()
    return Token(
        chosen, float(scores[chosen] - whole),
        tuple((int(t), float(scores[t] - whole)) for t in ranked),
    )  # fmt: skip
