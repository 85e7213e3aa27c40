"""`OpenAIEngine`: any endpoint that speaks OpenAI's chat completions (vLLM, llama-server, …), and
its plain completions, where raw text is to be continued.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from nlogn.engine.chat import extract_code, messages
from nlogn.engine.openai_endpoint import CONNECT_S, Endpoint, bytes_of, whole, within
from nlogn.engine.openai_failures import KEY_VARIABLES
from nlogn.engine.openai_request import Request
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

_CHARACTERS_PER_CODE_TOKEN = 3.2  # about, where only the endpoint has the tokenizer


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
        key = api_key or next(filter(None, map(os.environ.get, KEY_VARIABLES)), None)
        self.endpoint = Endpoint(base_url, key)
        self.model = model
        self.retries = retries
        self.concurrency = concurrency

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
                except (Cancelled, KeyboardInterrupt):
                    cancel.cancel()  # leaving the pool waits for those under way
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
        request = Request(self.endpoint, messages(prompt), sampling, 0, model, self.retries)
        yield from request.chunks(deadline, cancel)

    def facts(self, *, cancel: Cancel | None = None) -> ModelFacts:
        """The model's name; an endpoint tells nothing of its tokenizer.

        Raises:
            EngineError: see `generate`.
        """
        deadline = time.monotonic() + CONNECT_S
        return ModelFacts(self._model(deadline, cancel or Cancel()))

    def complete(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Completion:
        """What the model writes after `prompt`. Raises as `generate` does."""
        cancel = cancel or Cancel()
        deadline = time.monotonic() + sampling.timeout_s
        model = self._model(deadline, cancel)
        request = Request(self.endpoint, prompt, sampling, 0, model, self.retries)
        text = "".join(request.chunks(deadline, cancel, restart=True))
        return request.completion(text, text)

    def stream_text(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """What the model writes after `prompt`, as it comes. Raises as `stream` does."""
        cancel = cancel or Cancel()
        deadline = time.monotonic() + sampling.timeout_s
        model = self._model(deadline, cancel)
        yield from Request(self.endpoint, prompt, sampling, 0, model, self.retries).chunks(
            deadline, cancel
        )

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
        request = Request(self.endpoint, messages(prompt), sampling, sample, model, self.retries)
        text = "".join(request.chunks(deadline, cancel, restart=True))
        signature = prompt.problem.signature
        return request.completion(text, extract_code(text, signature.entry if signature else None))

    def _model(self, deadline: float, cancel: Cancel) -> str:
        if self.model is None:
            self.model = _first_model(self.endpoint, deadline, cancel)
        return self.model


def _first_model(endpoint: Endpoint, deadline: float, cancel: Cancel) -> str:
    def read(client: Any, stopped: threading.Event) -> Iterator[str]:
        with client.models.with_streaming_response.list() as response:
            found = whole(bytes_of(response, stopped), "", 1 << 16)
        models = found.get("data") if isinstance(found, dict) else None
        for model in models if isinstance(models, list) else ():
            if isinstance(model, dict) and isinstance(model.get("id"), str):
                yield model["id"]
                return
        raise EngineError("the endpoint lists no model: name one with --model")

    return next(iter(within(read, endpoint, deadline, cancel)))
