"""Engines that compute one request at a time: how the others wait."""

import contextlib
import threading
import time
from collections.abc import Iterator

from nlogn.engine.protocol import Cancel, EngineError

_POLL_S = 0.05


@contextlib.contextmanager
def turn(lock: threading.Lock, name: str, deadline: float, cancel: Cancel) -> Iterator[None]:
    """Hold the lock, which another request may have for long.

    Raises:
        Cancelled: soon after ``cancel.cancel()``.
        EngineError: it was not free before the deadline.
    """
    while not lock.acquire(timeout=_POLL_S):
        cancel.check()
        if time.monotonic() > deadline:
            raise EngineError(f"{name} is busy with other requests: try again later")
    try:
        yield
    finally:
        lock.release()
