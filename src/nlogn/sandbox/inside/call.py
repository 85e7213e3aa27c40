"""Call one function of an untrusted program on many argument tuples.

payload: {"code", "entry", "calls": [encoded tuple, ...], "max": bytes, "after": bool,
          "stop": "failure", "limit" (see `Sandbox.call`) or "",
         "steps": most per call or None}
messages: per call
          [status, value, arguments after, error, stdout, stderr, wall seconds, cpu seconds, steps]
A call that ends the process has no message: the outside sees which one it was.
"""

import io
import os
import sys
import time
import types
from typing import Any

import nlogn_limits
import nlogn_steps  # type: ignore[import-not-found]
import nlogn_values


class _Sink(io.BytesIO):
    limit = 0

    def write(self, data: Any) -> int:
        count = super().write(data)
        if self.tell() > self.limit:
            nlogn_limits.stop("output_limit", "it printed more than allowed")
        return count


_SINKS = _Sink(), _Sink()  # stdout and stderr, made once in the zygote
_STREAMS = tuple(
    io.TextIOWrapper(
        sink, encoding="utf-8", errors="surrogateescape", newline="\n", write_through=True
    )
    for sink in _SINKS
)


def _taken(sink: _Sink) -> str:
    """What was printed since the last time."""
    if sink.closed or not sink.tell():
        return ""
    text = sink.getvalue().decode("utf-8", "surrogateescape")
    sink.seek(0)
    sink.truncate()
    return text


def _invalid(message: str) -> None:
    nlogn_limits.stop("invalid", {"type": "NameError", "message": message, "line": None})


def _load(code: str, entry: str, counter: Any) -> Any:
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    try:
        if counter is None:
            compiled = compile(code, "<program>", "exec", dont_inherit=True)
        else:
            compiled = nlogn_steps.compiled(code, counter, module.__dict__)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        nlogn_limits.stop("invalid", nlogn_limits.describe(error))
    try:
        exec(compiled, module.__dict__)
    except MemoryError:
        nlogn_limits.stop("memory_limit")
    except BaseException as error:
        nlogn_limits.stop("exception", nlogn_limits.describe(error))
    return _target(module, entry.split("."), entry)


def _target(module: types.ModuleType, path: list[str], entry: str) -> Any:
    owner = module.__dict__.get(path[0])
    if owner is None:
        _invalid(f"the program defines no {path[0]!r}")
    for name in path[1:-1]:
        owner = getattr(owner, name, None)
    if len(path) == 1:
        if not callable(owner):
            _invalid(f"{entry!r} is not a function")
        return lambda: owner
    if not callable(getattr(owner, path[-1], None)):
        _invalid(f"{'.'.join(path[:-1])!r} has no method {path[-1]!r}")
    if isinstance(owner, type):
        return lambda: getattr(owner(), path[-1])
    return lambda: getattr(owner, path[-1])


def _finish(result: Any) -> Any:
    """Run what an async function returned."""
    if isinstance(result, types.CoroutineType):
        import asyncio

        return asyncio.run(result)
    if isinstance(result, types.AsyncGeneratorType):
        import asyncio

        async def collect() -> list[Any]:
            return [item async for item in result]

        return iter(asyncio.run(collect()))
    return result


def _attempt(target: Any, args: Any, limit: int, after: bool) -> list[Any]:
    try:
        value = _finish(target()(*args))
    except MemoryError as error:
        error.__traceback__ = None
        return ["memory_limit", None, None, None]
    except BaseException as error:
        described = nlogn_limits.describe(error)
        return ["exception", None, _encoded(args, limit)[1] if after else None, described]
    recursion = sys.getrecursionlimit()
    sys.setrecursionlimit(max(recursion, 20_000))
    status, encoded, failure = _encoded(value, limit)
    changed = None
    if status == "ok" and after:
        status, changed, failure = _encoded(args, limit)
    sys.setrecursionlimit(recursion)
    return [status, encoded, changed, failure]


def _encoded(value: Any, limit: int) -> tuple[str, Any, Any]:
    try:
        return "ok", nlogn_values.encode(value, limit), None
    except nlogn_values.TooLarge as error:
        return "output_limit", None, nlogn_limits.describe(error)
    except (nlogn_values.Unserialisable, RecursionError) as error:
        return "unserialisable", None, nlogn_limits.describe(error)
    except MemoryError:
        return "memory_limit", None, None
    except BaseException as error:
        return "exception", None, nlogn_limits.describe(error)


def main(payload: dict[str, Any], send: Any) -> str | None:
    wall, cpu = time.perf_counter, time.process_time
    limit, after, stop = payload["max"], payload["after"], payload["stop"]
    decode = nlogn_values.decode
    _Sink.limit = limit
    sys.stdout, sys.stderr = _STREAMS
    out, err = _SINKS
    counter = None if payload["steps"] is None else nlogn_steps.Counter(payload["steps"])
    target = _load(payload["code"], payload["entry"], counter)
    _taken(out), _taken(err)
    os.pwrite(4, b"\x01", 0)  # loaded: the outside looks at it when no answer comes
    for encoded in payload["calls"]:
        args = decode(encoded)
        if counter is not None:
            counter.restart()
        began, spent = wall(), cpu()
        result = _attempt(target, args, limit, after)
        result += [_taken(out), _taken(err), wall() - began, cpu() - spent]
        result.append(None if counter is None else counter.made)
        send(result)
        if stop == "failure" and result[0] != "ok":
            return None
        if stop == "limit" and result[0].endswith("_limit"):
            return None
    return "answered"
