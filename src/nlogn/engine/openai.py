"""`OpenAIEngine`: any endpoint that speaks OpenAI's chat completions (vLLM, llama-server, …), and
its plain completions, where raw text is to be continued.

The client library builds and sends the requests; the stream is read here, byte by byte as it
comes, because an endpoint may hang, drip, lie or never end: a worker thread reads, the caller
waits for it no longer than the deadline and no longer than until cancelled.
"""

import contextlib
import functools
import json
import os
import queue
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from nlogn.engine.chat import extract_code, messages, summary
from nlogn.engine.protocol import (
    Cancel,
    Cancelled,
    Completion,
    EngineError,
    ModelFacts,
    Prompt,
    RawPrompt,
    Sampling,
)

KEY_VARIABLES = ("NLOGN_API_KEY", "OPENAI_API_KEY")
_CHARACTERS_PER_TOKEN = 32  # more than that per token asked for is no answer but a flood
_CHARACTERS_PER_CODE_TOKEN = 3.2  # about, where only the endpoint has the tokenizer
_MOST_STOPS = 4  # the API takes no more
_MAX_LINE = 1 << 20
_CONNECT_S = 10.0
_POLL_S = 0.05


@dataclass(slots=True)
class _Answer:
    """What one request has sent so far."""

    text: list[str] = field(default_factory=list)
    finish_reason: str = ""
    model: str = ""
    tokens: int | None = None
    has_choice: bool = False


class OpenAIEngine:
    """Chat completions of `model` at `base_url` (such as ``http://localhost:8000/v1``).

    Args:
        model: the model's name; the endpoint's first one, if not given.
        api_key: if not given, taken from NLOGN_API_KEY or OPENAI_API_KEY; local servers need none.
        retries: how often a failed request is sent again, within the sampling's deadline.
        concurrency: how many requests run at once.

    Raises:
        EngineError: `base_url` is no http address.
    """

    name = "openai"

    def __init__(
        self,
        base_url: str,
        model: str | None = None,
        api_key: str | None = None,
        *,
        retries: int = 3,
        concurrency: int = 4,
    ):
        if not base_url.startswith(("http://", "https://")):
            raise EngineError(f"“{base_url}” is no http address: write http://HOST:PORT/v1")
        self.base_url = base_url
        self.model = model
        self.retries = retries
        self.concurrency = concurrency
        self._key = api_key or next(filter(None, map(os.environ.get, KEY_VARIABLES)), None)

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, cancel: Cancel | None = None
    ) -> list[list[Completion]]:
        """Up to ``sampling.n`` completions for each prompt: those that came before the deadline.

        Raises:
            EngineError: not one completion came; the first failure, in words.
            Cancelled: soon after ``cancel.cancel()``.
        """
        cancel = cancel or Cancel()
        deadline = time.monotonic() + sampling.timeout_s
        model = self._model(deadline, cancel)
        jobs = [(p, s) for p in range(len(prompts)) for s in range(sampling.n)]
        answers: list[list[Completion]] = [[] for _ in prompts]
        failures: list[EngineError] = []
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="nlogn-openai") as pool:
            futures = [
                pool.submit(self._one, prompts[p], sampling, s, model, deadline, cancel)
                for p, s in jobs
            ]
            for (p, _), future in zip(jobs, futures, strict=True):
                try:
                    answers[p].append(future.result())
                except Cancelled:
                    cancel.cancel()
                    raise
                except EngineError as error:
                    failures.append(error)
        if failures and not any(answers):
            raise failures[0]
        return answers

    def stream(
        self, prompt: Prompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """The answer's text as it comes. It is sent again after a failure only while nothing
        of it has been passed on.

        Raises:
            EngineError: see `generate`; also when the stream breaks off.
        """
        cancel = cancel or Cancel()
        deadline = time.monotonic() + sampling.timeout_s
        model = self._model(deadline, cancel)
        request = _Request(self, messages(prompt), sampling, 0, model)
        yield from request.chunks(deadline, cancel)

    def facts(self, *, cancel: Cancel | None = None) -> ModelFacts:
        """The model's name; an endpoint tells nothing of its tokenizer.

        Raises:
            EngineError: see `generate`.
        """
        deadline = time.monotonic() + _CONNECT_S
        return ModelFacts(self._model(deadline, cancel or Cancel()))

    def complete(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Completion:
        """What the model writes after `prompt`. Raises as `generate` does."""
        cancel = cancel or Cancel()
        deadline = time.monotonic() + sampling.timeout_s
        model = self._model(deadline, cancel)
        request = _Request(self, prompt, sampling, 0, model)
        text = "".join(request.chunks(deadline, cancel, restart=True))
        return request.completion(text, text)

    def stream_text(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """What the model writes after `prompt`, as it comes. Raises as `stream` does."""
        cancel = cancel or Cancel()
        deadline = time.monotonic() + sampling.timeout_s
        model = self._model(deadline, cancel)
        yield from _Request(self, prompt, sampling, 0, model).chunks(deadline, cancel)

    def count_tokens(self, text: str) -> int:
        return round(len(text) / _CHARACTERS_PER_CODE_TOKEN) + 1 if text else 0

    def _one(
        self,
        prompt: Prompt,
        sampling: Sampling,
        sample: int,
        model: str,
        deadline: float,
        cancel: Cancel,
    ) -> Completion:
        request = _Request(self, messages(prompt), sampling, sample, model)
        text = "".join(request.chunks(deadline, cancel, restart=True))
        signature = prompt.problem.signature
        return request.completion(text, extract_code(text, signature.entry if signature else None))

    def _model(self, deadline: float, cancel: Cancel) -> str:
        if self.model is None:
            self.model = _first_model(self, deadline, cancel)
        return self.model

    def client(self, deadline: float) -> tuple[Any, Callable[[], None]]:
        """A client whose reads end at the deadline and that retries nothing by itself, and what
        cuts its connections, so that a thread which waits for a byte wakes up."""
        import openai

        left = max(deadline - time.monotonic(), 0.1)
        sockets: list[socket.socket] = []
        over = threading.Event()

        def trace(event: str, info: dict[str, Any]) -> None:
            if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
                sockets.append(info["return_value"].get_extra_info("socket"))
                if over.is_set():  # it connected after the cut
                    cut()

        def watch(request: Any) -> None:
            request.extensions["trace"] = trace

        def cut() -> None:
            over.set()
            for connection in sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            client.close()

        timeout = openai.Timeout(left, connect=min(_CONNECT_S, left))
        client = openai.OpenAI(
            base_url=self.base_url,
            api_key=self._key or "none",
            max_retries=0,
            timeout=timeout,
            http_client=openai.DefaultHttpxClient(
                base_url=self.base_url,
                timeout=timeout,
                event_hooks={"request": [watch]},
                verify=_trust(),
            ),
        )
        return client, cut


@functools.cache
def _trust() -> Any:
    """The certificates to trust, read once: it takes 80 ms, and each request has its own client."""
    import openai

    library = next(c for c in openai.DefaultHttpxClient.__mro__ if c.__name__ == "Client")
    return import_module(library.__module__.partition(".")[0]).create_ssl_context()


class _Request:
    """One sample: sent, sent again after failures that may pass, read to its end."""

    def __init__(
        self,
        engine: OpenAIEngine,
        prompt: list[dict[str, str]] | RawPrompt,
        sampling: Sampling,
        sample: int,
        model: str,
    ):
        self.engine = engine
        self.sampling = sampling
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
            try:
                for chunk in _within(self._read, self.engine, deadline, cancel):
                    if not restart:
                        passed_on = True
                        yield chunk
                if restart:
                    yield "".join(self.answer.text)
                return
            except EngineError as error:
                if isinstance(error, Cancelled) or passed_on:
                    raise
                if self._without_refused_option(error):
                    continue
                attempt += 1
                wait = max(error.retry_after, 0.4 * 2**attempt * random.uniform(0.75, 1.25))
                if not error.retryable or attempt > self.engine.retries:
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
            pieces = _bytes(response, stopped)
            if kind == "text/event-stream":
                events = _events(pieces)
            else:
                events = iter([_whole(pieces, kind, limit)])
            for event in events:
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


def _bytes(response: Any, stopped: threading.Event) -> Iterator[bytes]:
    for piece in response.iter_bytes():
        if stopped.is_set():
            return
        yield piece


def _events(pieces: Iterator[bytes]) -> Iterator[Any]:
    """The JSON of each server-sent event; ends at ``[DONE]`` or where the stream ends."""
    buffer = b""
    for piece in pieces:
        buffer += piece
        *lines, buffer = buffer.split(b"\n")
        if len(buffer) > _MAX_LINE:
            raise EngineError("the endpoint sends a line that does not end")
        for line in lines:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip().decode("utf-8", "replace")
            if data == "[DONE]":
                return
            if data:
                yield _json(data)


def _whole(pieces: Iterator[bytes], kind: str, limit: int) -> Any:
    """The JSON of an answer that is no stream."""
    body = b""
    for piece in pieces:
        body += piece
        if len(body) > 8 * limit + _MAX_LINE:
            raise EngineError("the endpoint does not stop: its answer is too long")
    text = body.decode("utf-8", "replace")
    if kind == "text/html" or text.lstrip()[:1] == "<":
        raise EngineError(
            "the endpoint answered with a web page, not with JSON: is the address right? It "
            "mostly ends in /v1"
        )
    return _json(text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise EngineError(f"the endpoint sent what is no JSON: {summary(text)}") from None


def _first_model(engine: OpenAIEngine, deadline: float, cancel: Cancel) -> str:
    def read(client: Any, stopped: threading.Event) -> Iterator[str]:
        with client.models.with_streaming_response.list() as response:
            found = _whole(_bytes(response, stopped), "", 1 << 16)
        models = found.get("data") if isinstance(found, dict) else None
        for model in models if isinstance(models, list) else ():
            if isinstance(model, dict) and isinstance(model.get("id"), str):
                yield model["id"]
                return
        raise EngineError("the endpoint lists no model: name one with --model")

    return next(iter(_within(read, engine, deadline, cancel)))


def _within(read: Any, engine: OpenAIEngine, deadline: float, cancel: Cancel) -> Iterator[str]:
    """What `read(client, stopped)` yields, read in a thread of its own; the caller is never kept
    beyond the deadline or `cancel`, whatever the endpoint does."""
    cancel.check()
    if time.monotonic() > deadline:
        raise _late(engine)
    box: queue.Queue[tuple[str, Any]] = queue.Queue()
    stopped = threading.Event()
    client, cut = engine.client(deadline)

    def work() -> None:
        try:
            for chunk in read(client, stopped):
                box.put(("chunk", chunk))
                if stopped.is_set():
                    return
            box.put(("end", None))
        except Exception as error:  # the thread's last word: it is raised again by the caller
            box.put(("error", error))

    threading.Thread(target=work, name="nlogn-openai-read", daemon=True).start()
    try:
        while True:
            cancel.check()
            left = deadline - time.monotonic()
            if left <= 0:
                raise _late(engine)
            try:
                kind, value = box.get(timeout=min(_POLL_S, left))
            except queue.Empty:
                continue
            if kind == "end":
                return
            if kind == "error":
                raise _in_words(value, engine) from value
            yield value
    finally:
        stopped.set()
        cut()


def _late(engine: OpenAIEngine) -> EngineError:
    return EngineError(
        f"{engine.base_url} did not answer in time: raise the timeout, or see whether the server "
        "is busy",
        retryable=True,
    )


def _in_words(error: Exception, engine: OpenAIEngine) -> EngineError:
    """An exception of the client, as an `EngineError` that says what to do next."""
    import openai

    if isinstance(error, EngineError):
        return error
    if isinstance(error, openai.APIStatusError):
        return _status_in_words(error, engine)
    if isinstance(error, openai.APITimeoutError):
        return _late(engine)
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__ or error
        return EngineError(
            f"cannot reach {engine.base_url} ({summary(str(cause))}): is the server running?",
            retryable=True,
        )
    if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2"):
        return EngineError(
            f"the endpoint broke off in the middle of its answer ({summary(str(error))})",
            retryable=True,
        )
    return EngineError(f"the endpoint failed: {type(error).__name__}: {summary(str(error))}")


def _status_in_words(error: Any, engine: OpenAIEngine) -> EngineError:
    status = error.status_code
    said = summary(str(getattr(error, "message", error)))
    if "<html" in said.lower() or "<!doctype" in said.lower():
        said = "a web page"
    hints = {
        401: f"the key is refused: set {KEY_VARIABLES[0]} to a valid one",
        403: f"the key may not use this model: set {KEY_VARIABLES[0]} to another one",
        404: "no such model or address: see the model's name, whether the address ends in /v1, and "
        "(for completion at the cursor) whether the server has /v1/completions",
        429: "too many requests, or no quota is left: wait, or ask for fewer samples",
    }
    hint = hints.get(status, "the server failed" if status >= 500 else "the request is refused")
    retryable = status in (408, 409, 429) or status >= 500
    if error.response.headers.get("x-should-retry") == "false":
        retryable = False
    return EngineError(
        f"{engine.base_url} says {status}: {hint} ({said})",
        retryable=retryable,
        status=status,
        retry_after=_retry_after(error.response.headers.get("retry-after", "")),
    )


def _retry_after(text: str) -> float:
    """Seconds of a Retry-After header, a number or an HTTP date; 0 if there is none."""
    from email.utils import parsedate_to_datetime

    try:
        return max(float(text), 0.0) if text else 0.0
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError):
        return 0.0
