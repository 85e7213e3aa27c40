"""Going back: a program that went over its budget for certain, or that was bent to stay within it,
is written anew, from a place where the network saw another way.

What makes a program slow is often decided lines before the path cost can tell. The place is drawn
by how likely the other token there was; the prefix cache keeps what stands before it, so a new try
costs about its own tokens. What the network holds for much less likely than its unsteered program
is no way: a small network that is bent writes nonsense.
"""

import math
from collections.abc import Container
from collections.abc import Sequence as Items

from nlogn.engine.native.sampling import uniform
from nlogn.engine.native.sequence import Token

REWINDS = 8  # of one sample
SEEN = 3  # likeliest tokens that are looked at in each place
_DERAILED = math.log(0.005)  # a token that only a refusal brought about leads nowhere
_LEAST = math.log(0.01)  # another way that is worth going
IMPLAUSIBLE = 1.0  # nats: a steered program is worth a third of what is written unsteered


def likelihood(tokens: Items[Token], given: Container[int] = ()) -> float:
    """ln of how likely the network holds them, in a row and unsteered; those of `given`, which are
    no choice here, for certain."""
    return sum(token.logprob or 0.0 for token in tokens if token.token not in given)


def strayed(
    tokens: Items[Token], certain: float, given: Container[int] = ()
) -> tuple[int, str] | None:
    """The first place where steering changed something or was overruled, and the reason of it;
    `given` tokens do not count."""
    changed = ((at, t.turned.reason) for at, t in enumerate(tokens)
               if t.turned and t.token not in given)  # fmt: skip
    found = [p for p in (overrun(tokens, certain, given), next(changed, None)) if p is not None]
    return min(found, default=None)


def overrun(
    tokens: Items[Token], certain: float, given: Container[int] = ()
) -> tuple[int, str] | None:
    """The first place where an objection of `certain` nats was overruled, or left nothing that the
    network would have written, and the reason of it."""
    for at, token in enumerate(tokens):
        if token.token in given:
            continue
        if token.objected is not None and token.objected.nats >= certain:
            return at, token.objected.reason
        if token.turned is not None and (token.logprob or 0.0) < _DERAILED:
            return at, token.turned.reason
    return None


def fork(
    tokens: Items[Token], end: int, tried: Container[tuple[int, ...]], never: Container[int],
    seed: int,
) -> tuple[int, int] | None:  # fmt: skip
    """A place before `end` and the token to go on with there; None where the network saw no other
    way. `tried` are beginnings that were written before, `never` tokens that go nowhere."""
    ways: list[tuple[float, int, int]] = []
    written = tuple(token.token for token in tokens[:end])
    for at, token in enumerate(tokens[:end]):
        if token.token in never:
            continue
        for other, logprob in token.top:
            fresh = other != token.token and (*written[:at], other) not in tried
            if fresh and logprob > _LEAST and other not in never:
                ways.append((math.exp(logprob), at, other))
    left = uniform(seed, end) * sum(share for share, _, _ in ways)
    for share, at, other in ways:
        left -= share
        if left <= 0:
            return at, other
    return None
