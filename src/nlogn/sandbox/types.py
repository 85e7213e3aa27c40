"""What goes into the sandbox and what comes out."""

from dataclasses import dataclass
from typing import Any, Literal

Isolation = Literal["full", "light"]

Status = Literal[
    "ok",
    "exception",  # the program raised; `error` says what
    "invalid",  # it does not parse, or has no such entry
    "wall_limit",
    "cpu_limit",
    "step_limit",
    "memory_limit",
    "output_limit",  # the returned value, stdout or stderr is larger than allowed
    "unserialisable",  # it returned something that has no exact JSON form
    "crashed",  # a signal or an exit without an answer
    "forbidden",  # killed for a system call that the filter denies
    "system_error",  # ours, never the program's
]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one program; None means none."""

    wall_s: float = 10.0
    cpu_s: float = 10.0
    memory_bytes: int = 1 << 30  # above the interpreter's own
    output_bytes: int = 1 << 24  # each of: one returned value, stdout, stderr
    processes: int = 16  # threads beyond the first; no program may start a process
    open_files: int = 64
    file_bytes: int = 1 << 24  # the largest file it may write, in its private /tmp
    steps: int | None = None  # counted by instrumented code, so the same on every machine


@dataclass(frozen=True, slots=True)
class Program:
    """Untrusted source text. With `entry` (``f`` or ``Class.method``) its arguments come as
    values; without, it is a whole program that reads stdin and writes stdout."""

    code: str
    entry: str | None = None
    language: str = "python"  # or "cpp", "javascript" (whole programs only)


@dataclass(frozen=True, slots=True)
class ProgramError:
    type: str
    message: str
    line: int | None = None  # in the program's own text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call, or one run on one stdin, did."""

    status: Status
    value: Any = None  # the returned value, decoded; None unless status is "ok"
    args_after: Any = None  # the arguments after the call, if asked for: shows mutation
    error: ProgramError | None = None
    stdout: str = ""
    stderr: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int | None = None
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a harness run did: the JSON messages it sent, in order, and how it ended."""

    status: Status
    messages: tuple[Any, ...] = ()
    error: ProgramError | None = None
    stdout: str = ""
    stderr: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    max_rss_bytes: int = 0
