"""Whole programs in other languages: C++ through g++, JavaScript through node.

They run as Python does, forked from a zygote and confined before their first instruction; this
zygote may also see the system's compilers. What differs is here: how a program is
compiled, started, and how much memory its runtime takes for itself.
"""

import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace

from nlogn.sandbox import launch
from nlogn.sandbox.types import Limits, Program, ProgramError
from nlogn.sandbox.worker import Ending, Job

COMPILE_LIMITS = Limits(
    wall_s=60.0,
    cpu_s=30.0,
    memory_bytes=3 << 30,
    output_bytes=1 << 16,
    processes=16,
    open_files=256,
    file_bytes=64 << 20,
)
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/tmp/job",
                "TMPDIR": "/tmp/job", "MALLOC_ARENA_MAX": "1"}  # fmt: skip
_LIBRARIES_BYTES = 64 << 20  # address space that a C++ program's libraries take
_NODE_BYTES = 192 << 20  # what node writes before the program's first line, with its threads
_NODE_THREADS = 16
_KEPT = 16  # compiled programs
_ESM = re.compile(r"^\s*(import\s+[\w{*'\"]|export\s+[\w{*])", re.MULTILINE)
_STDIN_SHIM = """\
const fs = require('fs');
for (const name of ['readFileSync', 'openSync', 'readFile', 'createReadStream']) {
  const original = fs[name];
  fs[name] = (path, ...rest) =>
    path === '/dev/stdin' && name === 'openSync' ? 0
    : path === '/dev/stdin' && name === 'createReadStream' ? original('', { ...rest[0], fd: 0 })
    : original(path === '/dev/stdin' ? 0 : path, ...rest);
}
"""


class Unsupported(Exception):
    """The language, or its tools, are not here; the message says what to install."""


class Rejected(Exception):
    """The program does not compile."""

    def __init__(self, error: ProgramError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Executable:
    """A program that only needs its stdin."""

    job: Job

    def with_stdin(self, stdin: bytes) -> Job:
        return replace(self.job, stdin=stdin)


def prepare(
    program: Program, limits: Limits, do: Callable[[Job], Ending], compiled: dict[str, bytes]
) -> Executable:
    """Compile what has to be compiled, in the sandbox.

    Args:
        do: runs a job.
        compiled: executables by source text; looked up, and added to.

    Raises:
        Unsupported: no such language here.
        Rejected: it does not compile.
        RuntimeError: the compiler itself failed.
    """
    if program.language == "cpp":
        if program.code not in compiled:
            if len(compiled) >= _KEPT:
                compiled.pop(next(iter(compiled)), None)
            compiled[program.code] = _compile_cpp(program.code, do)
        return Executable(_cpp_job(compiled[program.code], limits))
    if program.language == "javascript":
        return _javascript(program.code, limits, do)
    raise Unsupported(f"programs in {program.language!r} cannot be run: python, cpp, javascript")


def _compile_cpp(code: str, do: Callable[[Job], Ending]) -> bytes:
    compiler = shutil.which("g++")
    if compiler is None:
        raise Unsupported("C++ programs need g++ (apt install g++)")
    ending = do(
        Job(
            payload=b"",
            limits=COMPILE_LIMITS,
            full=False,
            binary=(compiler, "-x", "c++", "-", "-O2", "-std=c++17", "-pipe", "-o", "program",
                    "-fdiagnostics-color=never", "-fmax-errors=5"),
            environment=_ENVIRONMENT,
            profile="compiler",
            stdin=code.encode("utf-8", "surrogateescape"),
            capture=True,
            product="program",
            product_bytes=COMPILE_LIMITS.file_bytes,
        )
    )  # fmt: skip
    if ending.error:
        raise RuntimeError(ending.error)
    if ending.product is None:
        raise Rejected(_diagnosis(ending))
    return ending.product


def _cpp_job(executable: bytes, limits: Limits) -> Job:
    return Job(
        payload=executable,
        limits=limits,
        full=False,
        binary=("program",),
        environment=_ENVIRONMENT,
        profile="binary",
        capture=True,
        base_bytes=_LIBRARIES_BYTES,
        stack_bytes=min(limits.memory_bytes, 256 << 20),
    )


def _diagnosis(ending: Ending) -> ProgramError:
    """The compiler's first error."""
    text = ending.stderr.decode("utf-8", "replace")
    found = re.search(r"^<stdin>:(\d+):(?:\d+:)? (?:fatal )?error: (.*)$", text, re.MULTILINE)
    if found:
        return ProgramError("CompileError", found[2][:2000], int(found[1]))
    if ending.stopped:
        return ProgramError("CompileError", f"the compiler was stopped: {ending.stopped}")
    lines = [line for line in text.splitlines() if "error" in line or "undefined" in line]
    return ProgramError("CompileError", (lines or [text[-500:] or "g++ failed"])[0][:2000])


def _javascript(code: str, limits: Limits, do: Callable[[Job], Ending]) -> Executable:
    interpreter = launch.node()
    if interpreter is None:
        raise Unsupported("JavaScript programs need node (apt install nodejs)")
    heap_mib = max(16, limits.memory_bytes >> 20)
    module = _ESM.search(code) is not None
    path = f"/tmp/job/program.{'mjs' if module else 'js'}"
    shim = "" if module else _STDIN_SHIM.replace("\n", " ")
    job = Job(
        payload=(shim + code).encode("utf-8", "surrogateescape"),
        limits=limits,
        full=False,
        binary=(interpreter, f"--max-old-space-size={heap_mib}", path),
        script=path,
        environment=_ENVIRONMENT,
        profile="binary",
        capture=True,
        base_bytes=_NODE_BYTES,
        stack_bytes=8 << 20,
        limit_data=True,
        extra_threads=_NODE_THREADS,
    )
    checked = do(replace(job, limits=Limits(), binary=(interpreter, "--check", path), stdin=b""))
    if checked.error:
        raise RuntimeError(checked.error)
    if checked.exit_status != 0:
        text = checked.stderr.decode("utf-8", "replace")
        found = re.search(r"^(\w*Error): (.*)$", text, re.MULTILINE)
        line = re.match(r"/tmp/job/program\.m?js:(\d+)", text)
        raise Rejected(
            ProgramError(
                found[1] if found else "SyntaxError",
                found[2][:2000] if found else "it does not parse",
                int(line[1]) if line else None,
            )
        )
    return Executable(job)


def memory_ran_out(ending: Ending) -> bool:
    """Whether a runtime said, as it ended, that there was no memory left."""
    if ending.exit_status is None:
        return False
    killed = ending.exit_status & 0x7F in (signal.SIGABRT, signal.SIGTRAP, signal.SIGILL)
    tail = ending.stderr[-20_000:]
    return killed and (b"heap out of memory" in tail or b"std::bad_alloc" in tail
                       or b"process out of memory" in tail)  # fmt: skip
