"""What an OpenAI-compatible endpoint does wrong, in words that say what to do next."""

import time
from typing import Any

from nlogn.engine.chat import summary
from nlogn.engine.protocol import EngineError

KEY_VARIABLES = ("NLOGN_API_KEY", "OPENAI_API_KEY")


def late(base_url: str) -> EngineError:
    return EngineError(
        f"{base_url} did not answer in time: raise the timeout, or see whether the server is busy",
        retryable=True,
    )


def in_words(error: Exception, base_url: str) -> EngineError:
    """An exception of the client, as an `EngineError` that says what to do next."""
    import openai

    if isinstance(error, EngineError):
        return error
    if isinstance(error, openai.APIStatusError):
        return _status_in_words(error, base_url)
    if isinstance(error, openai.APITimeoutError):
        return late(base_url)
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__ or error
        return EngineError(
            f"cannot reach {base_url} ({summary(str(cause))}): is the server running?",
            retryable=True,
        )
    if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2"):
        return EngineError(
            f"the endpoint broke off in the middle of its answer ({summary(str(error))})",
            retryable=True,
        )
    return EngineError(f"the endpoint failed: {type(error).__name__}: {summary(str(error))}")


def _status_in_words(error: Any, base_url: str) -> EngineError:
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
        f"{base_url} says {status}: {hint} ({said})",
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
