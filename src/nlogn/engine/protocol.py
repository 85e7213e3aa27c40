"""What an engine is: something that proposes programs. Whether they are right, the judge says."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nlogn.corpus.specials import Special
from nlogn.problems import Problem


class EngineError(RuntimeError):
    """The engine could not answer; the message says why and what to do next.

    `status` is the HTTP status, where there was one; `retry_after` is in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        status: int | None = None,
        retry_after: float = 0.0,
    ):
        super().__init__(message)
        self.retryable = retryable
        self.status = status
        self.retry_after = retry_after


class Cancelled(EngineError):
    """The caller cancelled the request."""

    def __init__(self, message: str = "cancelled"):
        super().__init__(message)


class NoFim(EngineError):
    """The model has no tokens to fill in the middle with."""


class Cancel:
    """A flag that ends every request it was given to, from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until cancelled. Raises `Cancelled`."""
        self._event.wait(max(seconds, 0.0))
        self.check()

    def check(self) -> None:
        """Raises `Cancelled` once `cancel` was called."""
        if self.cancelled:
            raise Cancelled


@dataclass(frozen=True, slots=True)
class Prompt:
    """A problem to solve, with what its tries so far have taught."""

    problem: Problem
    feedback: str = ""  # the failing input of an earlier try, in words
    attempt: str = ""  # that try's program
    examples: tuple[Problem, ...] = ()  # other problems, with solutions, to be shown first
    system: str = ""  # replaces the engine's own instruction
    time_budget: str = ""  # the class that its time must not exceed, such as "O(n log n)"
    memory_budget: str = ""


def unspelled(text: str, names: Iterable[str]) -> str:
    """The text with each of these special tokens broken by a space."""
    for name in names:
        text = text.replace(name, f"{name[:1]} {name[1:]}")
    return text


@dataclass(frozen=True, slots=True)
class RawPrompt:
    """What a model is to continue, with no chat template: texts, and `Special` tokens by name.

        RawPrompt((Special("<|fim_prefix|>"), "x = ", Special("<|fim_suffix|>"), ...))

    A text that spells a special token is text: an engine with a tokenizer encodes each part by
    itself, any other sends `text`. `special` are further tokens of the model.
    """

    parts: tuple[str, ...]
    special: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One string, in which only `Special` parts spell special tokens."""
        names = {*self.special, *(part for part in self.parts if isinstance(part, Special))}
        out = []
        for part in self.parts:
            if not isinstance(part, Special):
                part = unspelled(part, names)
            out.append(part)
        return "".join(out)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What an engine knows of its model."""

    name: str  # such as "Qwen/Qwen2.5-Coder-1.5B"
    special_tokens: frozenset[str] | None = None  # None: the engine cannot say
    context: int | None = None  # tokens, prompt and answer together


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample. `timeout_s` bounds one `generate` call or one `stream`, retries included."""

    n: int = 1
    temperature: float = 0.8
    max_tokens: int = 2048
    seed: int | None = 0
    stop: tuple[str, ...] = ()
    timeout_s: float = 120.0

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError("n must be at least 1")
        if not 0 <= self.temperature <= 2:
            raise ValueError("temperature must be between 0 and 2")
        if self.max_tokens < 1:
            raise ValueError("max_tokens must be at least 1")
        if not all(self.stop):
            raise ValueError("a stop text is empty")
        if not self.timeout_s > 0:
            raise ValueError("timeout_s must be positive")


@dataclass(frozen=True, slots=True)
class Steered:
    """A token that the engine chose against the model, for a budget or a syntax."""

    line: int  # of the code, from 1
    wanted: str  # the text that the model would have written
    chosen: str
    reason: str  # such as "O(n^2) is over O(n)"


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer. `code` is the program within `text`, "" where there is none."""

    text: str
    code: str
    model: str = ""
    finish_reason: str = "stop"  # or "length", "content_filter"
    tokens: int | None = None  # generated, where the engine says
    logprob: float | None = None  # sum over the generated tokens, natural logarithm
    notes: dict[str, str] = field(default_factory=dict)  # where it comes from
    steered: tuple[Steered, ...] = ()


class Engine(Protocol):
    """`generate` gives, for each prompt, up to ``sampling.n`` completions.

    Both raise `EngineError`, and `Cancelled` soon after ``cancel.cancel()``.
    """

    name: str

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, cancel: Cancel | None = None
    ) -> list[list[Completion]]: ...

    def stream(
        self, prompt: Prompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]: ...


def usual_temperature(engine: Engine) -> float:
    """What the makers of the engine's model recommend, where it says so in `temperature`."""
    known = getattr(engine, "temperature", None)
    return Sampling().temperature if known is None else float(known)


class TextEngine(Engine, Protocol):
    """An engine that also continues raw text, as completion at the cursor needs.

    ``sampling.n`` is not looked at. Text ends before a stop string and at the model's end token;
    special tokens are never part of it. Errors are those of `Engine`.
    """

    def facts(self, *, cancel: Cancel | None = None) -> ModelFacts: ...

    def complete(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Completion: ...

    def stream_text(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]: ...

    def count_tokens(self, text: str) -> int:
        """How many tokens a text takes: exact where the engine has the tokenizer, else about."""
        ...
