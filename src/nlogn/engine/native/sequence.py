"""What is asked of the engine, and the state of one such request while it runs."""

import math
import queue
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nlogn.engine.native.blocks import Held
from nlogn.engine.protocol import EngineError
from nlogn.engine.text_stream import TextStream

Logits = NDArray[np.float32]
# changes the logits (V,) of the next token in place, given all tokens so far and how many of them
# are the prompt: constrained output, guided decoding
Steer = Callable[[list[int], int, Logits], None]


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against a token: it loses `nats` of its logit (infinitely many refuse it), and
    gives way to tokens that are up to `floor` nats less likely than the likeliest."""

    nats: float
    reason: str
    floor: float = 3.0


# says what speaks against `token` after `tokens`, given how many of them are the prompt. It is
# asked about those alone that would be chosen, so it may be slow where a `Steer` may not.
Guide = Callable[[list[int], int, int], Objection | None]
# is told the network's last hidden state (C,) each time before a token is chosen
Listener = Callable[[NDArray[np.float32]], None]


class PromptTooLong(EngineError):
    """The prompt leaves no room for a token of answer."""


class Busy(EngineError):
    """The queue is full: try again later."""

    def __init__(self, message: str, retry_after: float = 1.0):
        super().__init__(message, retryable=True, status=429, retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt in tokens and how to go on from it.

    `temperature` 0 takes the likeliest token. Of the tempered distribution the `top_k` likeliest
    are kept, of these the smallest set of mass `top_p`, of these those at least `min_p` times as
    likely as the likeliest (arXiv:2407.01082). `repetition_penalty` divides the positive and
    multiplies the negative logits of all tokens seen (arXiv:1909.05858). The token at a position
    depends on the seed, the position and the tokens before it alone.

    `stop` texts end the answer and are not part of it; `stop_tokens` likewise (the network's end
    token is always one, unless `ignore_end`). `logprobs` n asks for each token's logarithmic
    probability under the plain network, and the n likeliest ones'. `lookup` drafts tokens from the
    text so far; it changes the time, never the answer. `steer` changes the logits of every token,
    `guides` those of the few that would be chosen; `listeners` hear the hidden states before.
    """

    tokens: tuple[int, ...]
    max_tokens: int = 256
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    stop_tokens: tuple[int, ...] = ()
    ignore_end: bool = False
    logprobs: int | None = None
    lookup: bool = True
    tenant: str = ""
    steer: tuple[Steer, ...] = ()
    guides: tuple[Guide, ...] = ()
    listeners: tuple[Listener, ...] = ()

    def __post_init__(self) -> None:
        checks = (
            (len(self.tokens) > 0, "the prompt has no tokens"),
            (self.max_tokens >= 1, "max_tokens must be at least 1"),
            (0 <= self.temperature < math.inf, "temperature must not be negative"),
            (self.top_k >= 0, "top_k must not be negative"),
            (0 < self.top_p <= 1, "top_p must lie between 0 and 1"),
            (0 <= self.min_p <= 1, "min_p must lie between 0 and 1"),
            (0 < self.repetition_penalty < math.inf, "repetition_penalty must be positive"),
            (all(self.stop), "a stop text is empty"),
            (self.logprobs is None or self.logprobs >= 0, "logprobs must not be negative"),
        )
        for holds, message in checks:
            if not holds:
                raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Turned:
    """Where a guide had its way: the network would have chosen `wanted`."""

    wanted: int
    reason: str


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token. `logprob` and the likeliest `top` where they were asked for; `turned`
    where it is another than the network's because of a guide; `objected` where one spoke against
    it, and it was chosen all the same."""

    token: int
    logprob: float | None = None
    top: tuple[tuple[int, float], ...] = ()
    turned: Turned | None = None
    objected: Objection | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is new: `text` is whole characters, never part of a stop text; it may be shorter or
    longer than that of `tokens`, which are given as they are made."""

    text: str
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The end. `reason` is "stop" (a stop text, token or the network's end) or "length"."""

    reason: Literal["stop", "length"]
    stop: str | None = None  # the stop text that was met
    cached: int = 0  # prompt tokens that were not computed again
    drafted: int = 0
    accepted: int = 0


@dataclass(slots=True, eq=False)
class Sequence:
    """One request under way. `tokens` are the prompt and what has been generated; the keys and
    values of the first `computed` are in the blocks. The engine's thread alone changes it, but for
    `cancelled`, which anyone may set."""

    request: Request
    number: int
    text: TextStream
    limit: int  # tokens with the prompt
    held: tuple[Held, ...]
    tokens: list[int] = field(default_factory=list)
    planned: list[bytes] = field(default_factory=list)  # digests of all that is to be prefilled
    digests: list[bytes] = field(default_factory=list)  # of the full blocks computed so far
    computed: int = 0
    row: int = -1
    cached: int = 0
    drafted: int = 0
    accepted: int = 0
    draft_length: float = 4.0
    drafts: dict[tuple[int, ...], int] = field(default_factory=dict)
    indexed: int = 0
    cancelled: bool = False
    events: "queue.SimpleQueue[Chunk | Finished | EngineError]" = field(
        default_factory=queue.SimpleQueue
    )

    @property
    def prompt(self) -> int:
        return len(self.request.tokens)

    @property
    def pending(self) -> int:
        """Tokens whose keys and values are not computed: one while decoding."""
        return len(self.tokens) - self.computed
