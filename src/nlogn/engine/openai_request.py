"""One completion of an OpenAI-compatible endpoint: asked for, asked again, read to its end."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from nlogn.engine.chat import summary
from nlogn.engine.openai_endpoint import Endpoint, bytes_of, events, whole, within
from nlogn.engine.protocol import Cancel, Cancelled, Completion, EngineError, RawPrompt, Sampling
from nlogn.engine.text_stream import TextStream

_CHARACTERS_PER_TOKEN = 32  # more than that per token asked for is no answer but a flood
_MOST_STOPS = 4  # the API takes no more


@dataclass(slots=True)
class _Answer:
    """What one request has sent so far."""

    text: list[str] = field(default_factory=list)
    finish_reason: str = ""
    model: str = ""
    tokens: int | None = None
    has_choice: bool = False


class Request:
    """One sample: sent, sent again after failures that may pass, read to its end."""

    def __init__(
        self,
        endpoint: Endpoint,
        prompt: list[dict[str, str]] | RawPrompt,
        sampling: Sampling,
        sample: int,
        model: str,
        retries: int,
    ):
        self.endpoint = endpoint
        self.sampling = sampling
        self.retries = retries
        self.answer = _Answer()
        self.raw = isinstance(prompt, RawPrompt)
        asked = {"prompt": prompt.text} if isinstance(prompt, RawPrompt) else {"messages": prompt}
        self.body: dict[str, Any] = {
            "model": model,
            **asked,
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
            "stream": True,
        }
        if sampling.seed is not None:
            self.body["seed"] = sampling.seed + sample
        if sampling.stop:
            self.body["stop"] = list(sampling.stop[:_MOST_STOPS])

    def completion(self, text: str, code: str) -> Completion:
        return Completion(
            text=text,
            code=code,
            model=self.answer.model or str(self.body["model"]),
            finish_reason=self.answer.finish_reason or "stop",
            tokens=self.answer.tokens,
        )

    def chunks(self, deadline: float, cancel: Cancel, *, restart: bool = False) -> Iterator[str]:
        """The text as it comes; with `restart` only once it is whole, so that it can be retried."""
        attempt = 0
        while True:
            self.answer = _Answer()
            passed_on = False
            text = TextStream(self.sampling.stop)  # endpoints heed four at most, some none
            kept: list[str] = []
            try:
                for chunk in within(self._read, self.endpoint, deadline, cancel):
                    # half a surrogate pair, which JSON can spell, is no character
                    piece = text.feed(chunk.encode("utf-8", "replace"))
                    if restart:
                        kept.append(piece)
                    elif piece:
                        passed_on = True
                        yield piece
                    if text.stopped is not None:
                        self.answer.finish_reason = "stop"
                        break
                if rest := "".join(kept) + text.finish():
                    yield rest
                return
            except EngineError as error:
                if isinstance(error, Cancelled) or passed_on:
                    raise
                if self._without_refused_option(error):
                    continue
                attempt += 1
                wait = max(error.retry_after, 0.4 * 2**attempt * random.uniform(0.75, 1.25))
                if not error.retryable or attempt > self.retries:
                    raise
                if time.monotonic() + wait > deadline:
                    raise EngineError(f"{error}; no time is left to try again") from error
                cancel.wait(wait)

    def _without_refused_option(self, error: EngineError) -> bool:
        """Drop or rename an option that this endpoint does not know, once each."""
        if error.status not in (400, 422):
            return False
        if "max_completion_tokens" in str(error) and "max_tokens" in self.body:
            self.body["max_completion_tokens"] = self.body.pop("max_tokens")
            return True
        for option in ("seed", "stop", "temperature"):
            if option in self.body and option in str(error):
                del self.body[option]
                return True
        return False

    def _read(self, client: Any, stopped: threading.Event) -> Iterator[str]:
        limit = self.sampling.max_tokens * _CHARACTERS_PER_TOKEN + 4096
        size = 0
        resource = client.completions if self.raw else client.chat.completions
        create = resource.with_streaming_response.create
        with create(**self.body) as response:
            kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
            pieces = bytes_of(response, stopped)
            if kind == "text/event-stream":
                told = events(pieces)
            else:
                told = iter([whole(pieces, kind, limit)])
            for event in told:
                chunk = self._take(event)
                size += len(chunk)
                if size > limit:
                    raise EngineError(
                        f"the endpoint does not stop: {size:,} characters where "
                        f"{self.sampling.max_tokens:,} tokens were asked for"
                    )
                if chunk:
                    self.answer.text.append(chunk)
                    yield chunk
        if not self.answer.has_choice:
            raise EngineError(
                "the endpoint answered without any choices: is the model loaded?", retryable=True
            )
        if not self.answer.finish_reason:
            raise EngineError("the endpoint broke off in the middle of its answer", retryable=True)
        if not self.answer.text and not self.raw:
            raise EngineError(
                f"the endpoint answered with no text (finish_reason "
                f"“{self.answer.finish_reason}”): raise max_tokens, or ask another model"
            )

    def _take(self, event: Any) -> str:
        """The text in one event of a stream, or in a whole answer."""
        if not isinstance(event, dict):
            raise EngineError(f"the endpoint sent what is no completion: {summary(str(event))}")
        if error := event.get("error"):
            message = error.get("message", error) if isinstance(error, dict) else error
            raise EngineError(f"the endpoint reports: {summary(str(message))}", retryable=True)
        usage = event.get("usage")
        if isinstance(usage, dict) and isinstance(usage.get("completion_tokens"), int):
            self.answer.tokens = usage["completion_tokens"]
        if isinstance(event.get("model"), str):
            self.answer.model = event["model"]
        choices = event.get("choices")
        if not isinstance(choices, list) or not choices:
            if choices is None and usage is None:
                raise EngineError(f"the endpoint sent what is no completion: {summary(str(event))}")
            return ""
        choice = choices[0]
        part = choice.get("delta") or choice.get("message") if isinstance(choice, dict) else None
        if self.raw and isinstance(choice, dict):
            part = {"content": choice.get("text")}
        if not isinstance(choice, dict) or not isinstance(part, dict | None):
            raise EngineError(f"the endpoint sent what is no completion: {summary(str(choice))}")
        self.answer.has_choice = True
        if isinstance(choice.get("finish_reason"), str):
            self.answer.finish_reason = choice["finish_reason"]
        content = (part or {}).get("content")
        return content if isinstance(content, str) else ""
