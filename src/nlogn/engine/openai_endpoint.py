"""An OpenAI-compatible endpoint: its client, and reading from it within a deadline.

The client library builds and sends the requests; the stream is read here, byte by byte as it
comes, because an endpoint may hang, drip, lie or never end: a worker thread reads, the caller
waits for it no longer than the deadline and no longer than until cancelled.
"""

import contextlib
import functools
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from nlogn.engine.chat import summary
from nlogn.engine.openai_failures import in_words, late
from nlogn.engine.protocol import Cancel, EngineError

CONNECT_S = 10.0
_MAX_LINE = 1 << 20
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address such as ``http://localhost:8000/v1``, with the key for it, if it wants one."""

    base_url: str
    key: str | None

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

        timeout = openai.Timeout(left, connect=min(CONNECT_S, left))
        client = openai.OpenAI(
            base_url=self.base_url,
            api_key=self.key or "none",
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


def within(read: Any, endpoint: Endpoint, deadline: float, cancel: Cancel) -> Iterator[str]:
    """What `read(client, stopped)` yields, read in a thread of its own; the caller is never kept
    beyond the deadline or `cancel`, whatever the endpoint does."""
    cancel.check()
    if time.monotonic() > deadline:
        raise late(endpoint.base_url)
    box: queue.Queue[tuple[str, Any]] = queue.Queue()
    stopped = threading.Event()
    client, cut = endpoint.client(deadline)

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
                raise late(endpoint.base_url)
            try:
                kind, value = box.get(timeout=min(_POLL_S, left))
            except queue.Empty:
                continue
            if kind == "end":
                return
            if kind == "error":
                raise in_words(value, endpoint.base_url) from value
            yield value
    finally:
        stopped.set()
        cut()


def bytes_of(response: Any, stopped: threading.Event) -> Iterator[bytes]:
    for piece in response.iter_bytes():
        if stopped.is_set():
            return
        yield piece


def events(pieces: Iterator[bytes]) -> Iterator[Any]:
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


def whole(pieces: Iterator[bytes], kind: str, limit: int) -> Any:
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
