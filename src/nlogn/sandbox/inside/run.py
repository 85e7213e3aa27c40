"""Run a whole untrusted program: stdin on descriptor 0, stdout on 1, stderr on 2.

payload: {"code", "steps": most, or None}
messages: the steps made, if they are counted; the program's answer is what it prints
"""

import builtins
import contextlib
import sys
import types
from typing import Any

import nlogn_limits
import nlogn_steps  # type: ignore[import-not-found]


def _stream(descriptor: int, mode: str) -> Any:
    return open(
        descriptor, mode, encoding="utf-8", errors="surrogateescape", newline="\n" if mode == "w"
        else None, closefd=False,
    )  # fmt: skip


_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


def _open(file: Any, *args: Any, _open: Any = open, **options: Any) -> Any:
    """`open` where there is no /dev: the three names that programs do use."""
    if type(file) is str and file in _STANDARD:
        return _open(_STANDARD[file], *args, **{**options, "closefd": False})
    return _open(file, *args, **options)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()


def _run(compiled: Any, module: types.ModuleType) -> tuple[str, Any] | None:
    """None, or how it failed."""
    try:
        exec(compiled, module.__dict__)
        threading = sys.modules.get("threading")
        if threading is not None:
            threading._shutdown()  # as at an ordinary end: it waits for threads
        atexit = sys.modules.get("atexit")
        if atexit is not None:
            atexit._run_exitfuncs()
    except SystemExit as error:
        if error.code is None or error.code == 0:
            return None
        if not isinstance(error.code, int):
            sys.stderr.write(f"{error.code}\n")
        return "exception", nlogn_limits.describe(error)
    except MemoryError:
        return "memory_limit", None
    except BaseException as error:
        return "exception", nlogn_limits.describe(error)
    return None


def main(payload: dict[str, Any], send: Any) -> None:
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    counter = None if payload["steps"] is None else nlogn_steps.Counter(payload["steps"])
    try:
        if counter is None:
            compiled = compile(payload["code"], "<program>", "exec", dont_inherit=True)
        else:
            compiled = nlogn_steps.compiled(payload["code"], counter, module.__dict__)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        nlogn_limits.stop("invalid", nlogn_limits.describe(error))
    sys.argv = ["program.py"]
    sys.stdin, sys.stdout, sys.stderr = _stream(0, "r"), _stream(1, "w"), _stream(2, "w")
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))
    builtins.open = _open
    failure = _run(compiled, module)
    _flush()
    if counter is not None:
        send(counter.made)
    if failure:
        nlogn_limits.stop(*failure)
