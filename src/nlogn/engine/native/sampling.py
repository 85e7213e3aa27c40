"""The next token from its logits: numpy on one row, nothing shared between requests."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nlogn.engine.native.sequence import Logits, Objection, Request, Token, Turned

_HEAD = 512  # of the likeliest tokens are looked at before all are sorted
_MASK = (1 << 64) - 1
_MOST_ASKED = 48  # tokens that guides are asked about at one place, if they allow one of them


def uniform(seed: int, position: int, draw: int = 0) -> float:
    """A number in [0, 1) that depends on seed, position and the number of the draw alone
    (SplitMix64's mixing, Steele, Lea and Flood 2014), so that neither the batch nor a preemption
    nor a draft changes it."""
    z = (seed * 0x9E3779B97F4A7C15 + (position + 1) * 0xD1B54A32D192ED03) & _MASK
    z = (z + draw * 0x8CB92BA72F3D8DD7) & _MASK
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
    chosen = _pick(request, len(tokens), logits, 0)
    turned = objected = None
    if request.guides:
        wanted = chosen
        chosen, asked = _guided(request, tokens, logits, chosen)
        objected = asked.get(chosen)
        if chosen != wanted:
            turned = Turned(wanted, asked[wanted].reason)
    made = Token(chosen)
    if plain is not None:
        made = _with_logprobs(chosen, plain, request.logprobs or 0)
    return replace(made, turned=turned, objected=objected)


def _pick(request: Request, position: int, logits: Logits, draw: int) -> int:
    if request.temperature == 0:
        return int(logits.argmax())
    return _draw(request, logits, uniform(request.seed, position, draw))


def _guided(
    request: Request, tokens: list[int], logits: Logits, chosen: int
) -> tuple[int, dict[int, Objection]]:
    """The token that is chosen once the guides have lowered the logits of those that they object
    to, and what they said. Only tokens that come up are asked about.

    A token that loses x of its logit is kept with probability exp(-x); else its logit is lowered
    for good and all is drawn anew, so that what is kept has the distribution of all logits lowered.
    Anew come only tokens that are at most the objections' floor less likely than the likeliest,
    unless all of these are refused for good: what the network would hardly write leads to no
    program.
    """
    asked: dict[int, Objection] = {}
    draws = 0
    plain = logits.copy()
    floor = 0.0
    while chosen not in asked:
        found = [o for guide in request.guides
                 if (o := guide(tokens, len(request.tokens), chosen)) is not None]  # fmt: skip
        if not found:
            break
        lost = sum(o.nats for o in found)
        floor = max(floor, *(o.floor for o in found))
        asked[chosen] = Objection(lost, max(found, key=lambda o: o.nats).reason)
        if request.temperature > 0 and _kept(request, len(tokens), lost, draws):
            break
        logits[chosen] -= lost
        narrow = np.where(plain >= plain.max() - floor, logits, -np.inf)
        if logits.max() == -np.inf:
            raise ValueError(f"no token is allowed: {asked[chosen].reason}")
        draws += 1
        if draws >= _MOST_ASKED and logits[list(asked)].max() > -np.inf:
            others = np.ones(len(logits), dtype=np.bool_)
            others[list(asked)] = False
            logits[others] = -np.inf
        left = narrow if narrow.max() > -np.inf else logits
        chosen = _pick(request, len(tokens), left, 2 * draws)
    return chosen, asked


def _kept(request: Request, position: int, lost: float, draws: int) -> bool:
    keeps = np.exp(-lost / request.temperature)
    return bool(uniform(request.seed, position, 2 * draws + 1) < keeps)


def _draw(request: Request, logits: Logits, u: float) -> int:
    kept, mass = kept_tokens(request, logits)
    running = mass.cumsum()
    at = int(np.searchsorted(running, u * running[-1], side="right"))
    return int(kept[min(at, len(kept) - 1)])


def kept_tokens(request: Request, logits: Logits) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Tokens that may be drawn and their masses, which need not sum to 1; the likeliest first
    where any were cut."""
    below = logits.astype(np.float64) - logits.max()
    with np.errstate(over="ignore"):
        mass = np.exp(below / request.temperature)
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
