"""Load the program and its input generator, plain or instrumented, fresh for every call."""

import contextlib
import io
import marshal
import os
import random
import sys
import threading
import types
from typing import Any

from nlogn.complexity.inside.meter import PROGRAM_FILE, SCALARS, SIZED, consume
from nlogn.complexity.inside.rewrite import rewrite

HELPERS = ("random", "math", "string", "itertools", "collections", "functools", "heapq", "bisect")
INPUTS_FILE = "<inputs>"


class BadProgram(Exception):
    """The program has no such entry."""


class BadInputs(Exception):
    """The generator is not what it should be."""


class Null(io.RawIOBase):
    """Takes what is printed; counts it."""

    taken = 0
    descriptor = -1

    def fileno(self) -> int:
        """For programs that write to the descriptor: a file that nobody reads."""
        if self.descriptor < 0:
            Null.descriptor = os.open("stdout.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        return self.descriptor

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.taken += len(data)
        return len(data)


class Loaded:
    """One program, compiled once, executed afresh by `fresh`."""

    def __init__(self, code: str, entry: str | None, inputs: str | None, instrumented: bool):
        self.entry = entry
        self.name = "solution" if entry else "__main__"
        tree: Any = rewrite(code) if instrumented else code
        self.code = compile(tree, PROGRAM_FILE, "exec", 0, True)
        self.inputs = None
        if inputs is not None:
            try:
                text = inputs.strip()
                lambda_tree: Any = rewrite(text, "eval") if instrumented else text
                name = PROGRAM_FILE if instrumented else INPUTS_FILE
                self.inputs = compile(lambda_tree, name, "eval", 0, True)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                raise BadInputs(f"the inputs do not parse: {error}") from None

    def fresh(self) -> Any:
        """A new module with the program's definitions (nothing is run for a whole program)."""
        module = types.ModuleType(self.name)
        sys.modules[self.name] = module
        random.seed(0)
        if self.entry:
            exec(self.code, module.__dict__)
        return module

    def generator(self, module: Any) -> Any:
        """The input generator, seeing the program's own names and the usual modules."""
        scope = {name: __import__(name) for name in HELPERS}
        scope.update(module.__dict__)
        scope["__builtins__"] = __builtins__
        function = eval(self.inputs, scope)  # type: ignore[arg-type]
        if not callable(function):
            raise BadInputs("the inputs are not a function: write `lambda n, rng: (args,)`")
        return function

    def target(self, module: Any) -> Any:
        assert self.entry is not None
        path = self.entry.split(".")
        owner = module.__dict__.get(path[0])
        if owner is None:
            raise BadProgram(f"the program defines no {path[0]!r}")
        for name in path[1:-1]:
            owner = getattr(owner, name, None)
        if len(path) > 1:
            holder = owner() if isinstance(owner, type) else owner
            owner = getattr(holder, path[-1], None)
        if not callable(owner):
            raise BadProgram(f"the program has no function {self.entry!r}")
        return owner

    def call(self, module: Any, args: Any) -> Any:
        """A function of no arguments that does the whole measured work and returns its result."""
        if self.entry is None:
            return lambda: with_threads(self._run, module)
        target = self.target(module)
        return lambda: finish(with_threads(target, *args))

    def prepare_stdin(self, text: str) -> None:
        """Put `text` on descriptor 0 and into `sys.stdin`: programs read either."""
        data = text.encode("utf-8", "surrogateescape")
        try:
            descriptor = os.open("stdin.txt", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            _write_all(descriptor, data)
            os.lseek(descriptor, 0, 0)
            if descriptor:  # 0 itself, where the last run has closed it
                os.dup2(descriptor, 0)
                os.close(descriptor)
            sys.stdin = open(  # noqa: SIM115
                0, encoding="utf-8", errors="surrogateescape", closefd=False
            )
        except OSError:
            sys.stdin = io.TextIOWrapper(io.BytesIO(data), "utf-8", "surrogateescape")
        sys.__stdin__ = sys.stdin  # type: ignore[misc]

    def _run(self, module: Any) -> None:
        with contextlib.suppress(SystemExit):
            exec(self.code, module.__dict__)


def with_threads(function: Any, *args: Any) -> Any:
    """Call it and wait for the threads that it leaves, as the interpreter would at its end; what
    a thread raised is raised here."""
    raised: list[BaseException] = []
    before = threading.excepthook
    threading.excepthook = lambda told: raised.append(told.exc_value)  # type: ignore[arg-type]
    try:
        result = function(*args)
        # An ended thread is none of these: without a second one there is nothing to wait for.
        for thread in threading.enumerate() if threading.active_count() > 1 else ():
            if not thread.daemon and thread is not threading.current_thread():
                thread.join()
    finally:
        threading.excepthook = before
    if raised:
        raise raised[0]
    return result


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def finish(result: Any) -> Any:
    """Run what a generator or async function returned, as whoever reads it would."""
    kind = type(result)
    if kind in SIZED or kind in SCALARS:
        return result
    if kind is types.CoroutineType:
        import asyncio

        return asyncio.run(result)
    if kind is types.AsyncGeneratorType:
        import asyncio

        async def collect() -> None:
            async for _ in result:
                pass

        return asyncio.run(collect())
    if hasattr(kind, "__next__"):
        for _ in consume(result):
            pass
    return result


def check_arguments(target: Any, args: tuple[Any, ...]) -> None:
    """Raise BadInputs where the generator gives the wrong number of arguments."""
    import inspect

    try:
        inspect.signature(target).bind(*args)
    except TypeError as error:
        raise BadInputs(
            f"the inputs give {len(args)} argument(s), which do not fit: {error}"
        ) from None
    except ValueError:
        return


def sizes_of(function: Any) -> int:
    """How many sizes an input generator takes: 1 for (n, rng), 2 for (n, m, rng)."""
    code = getattr(function, "__code__", None)
    if code is None:
        return 1
    names = code.co_varnames[: code.co_argcount]
    if len(names) <= 1:
        return 1 if names else 0
    if len(names) == 2:
        return 2 if names == ("n", "m") else 1
    if len(names) == 3:
        return 2
    raise BadInputs("the inputs must take (n, rng) or (n, m, rng)")


def kept_args(payload: Any, n: int, m: int | None, seed: int) -> Any:
    """(arguments, ticks and work of making them) where they were made before; else None."""
    found = payload.get("made", {}).get((seed, n, m))
    return None if found is None else (marshal.loads(found[2]), found[0], found[1])


def make_args(function: Any, n: int, m: int | None, seed: int, whole: bool) -> Any:
    """The arguments for one size: a tuple, or the text of stdin."""
    rng = random.Random(seed * 1_000_003 + n * 1009 + (m or 0))
    count = function.__code__.co_argcount if hasattr(function, "__code__") else 2
    given: list[Any] = [n] if m is None else [n, m]
    if count > len(given):
        given.append(rng)
    value = function(*given[:count])
    if whole:
        if not isinstance(value, str):
            raise BadInputs(f"for a program that reads stdin the inputs must give text, "
                            f"not {type(value).__name__}")  # fmt: skip
        return value
    return value if type(value) is tuple else (value,)
