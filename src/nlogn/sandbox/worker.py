"""One zygote process seen from outside: start it, send it jobs, read what comes back."""

import array
import contextlib
import fcntl
import marshal
import os
import resource
import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlogn import values
from nlogn.sandbox import hostile, launch, syscalls
from nlogn.sandbox.types import Isolation, Limits

_INSIDE = Path(__file__).parent / "inside"
_START_S = 20.0
STACK_BYTES = 100 << 20  # what deep recursion may use; it counts as memory
_MESSAGE_BYTES = 64  # what a message costs beside its text, so that empty ones are not free
_GRACE_S = 0.2  # for a program that has said its last word, to end by itself
_SCM_CREDENTIALS = getattr(socket, "SCM_CREDENTIALS", 2)

# CLONE_NEWUSER, NEWPID, NEWNS, NEWIPC, NEWUTS, NEWNET: made anew for each program.
NAMESPACES = 0x10000000 | 0x20000000 | 0x00020000 | 0x08000000 | 0x04000000 | 0x40000000

# Warm in every program, because so many import them; each one more makes every fork dearer.
PREIMPORT = (
    "collections", "dataclasses", "enum", "functools", "heapq", "bisect", "itertools", "json",
    "math", "operator", "random", "re", "string", "typing", "copy", "time", "fractions",
    "decimal", "datetime", "base64", "types", "io", "abc", "cmath", "array", "struct",
)  # fmt: skip


class SandboxUnavailable(RuntimeError):
    """This machine cannot isolate untrusted code; the text says what to install."""


class WorkerDied(RuntimeError):
    """The zygote is gone: ours, never the program's fault."""


@dataclass(slots=True)
class Job:
    """One confined process: a harness in the zygote's interpreter, or a binary."""

    payload: bytes
    limits: Limits
    full: bool
    harness: str | None = None  # source text
    # argv of another program's image; where it does not start with an absolute path, the payload
    # is the executable. With `script` the payload is written to that file of the scratch folder.
    binary: tuple[str, ...] = ()
    script: str = ""
    product: str = ""  # a file of the scratch folder to bring out when it ends well
    product_bytes: int = 1 << 26
    base_bytes: int | None = None  # memory that is not the program's own; None: the interpreter's
    stack_bytes: int = STACK_BYTES
    environment: dict[str, str] = field(default_factory=dict)
    profile: syscalls.Profile = "python"
    stdin: bytes | None = None
    capture: bool = False  # stdout and stderr, by descriptor
    on_message: Callable[[Any], bool | None] | None = None  # False: enough, stop the program
    answer_bytes: int | None = None  # of all messages together; None: four times one
    answers: int | None = None  # messages after which there is nothing more to wait for
    # Given, the limits hold for each message anew; it says how much CPU time, in seconds, the
    # program claims for that message. A lie only moves time between limits: wall time holds.
    cpu_of: Callable[[Any], float] | None = None
    limit_data: bool = False  # count memory that can be written, not address space
    extra_threads: int = 0  # that the language's runtime needs for itself


@dataclass(slots=True)
class Ending:
    """How a job ended, before it is told in a program's terms."""

    frame: dict[str, Any] | None = None  # the program's own last word
    done: bool = False  # it said all that there was to say
    broken: str = ""  # it spoke no protocol
    stopped: str = ""  # "wall_limit", "cpu_limit", "output_limit", "enough": why we killed it
    lost: bool = False  # the zygote died under it
    marked: bool = False  # the harness set the first byte of its payload
    exit_status: int | None = None  # as os.waitpid gives it
    error: str = ""  # ours
    stdout: bytes = b""
    stderr: bytes = b""
    product: bytes | None = None
    answer_bytes_left: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    max_rss_bytes: int = 0


class Worker:
    """A zygote and its control socket. Not thread-safe: one job at a time."""

    def __init__(self, road: launch.Road, native: bool = False):
        self.run = launch.runtime(native)
        self.native = native
        self.harnesses: dict[str, str] = {}
        self.landlock = 0
        self.namespaces_error = ""
        self.base_bytes = 0
        self.retired = False
        self.pid = 0
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        source = _memory((_INSIDE / "zygote.py").read_bytes())
        self.errors = os.memfd_create("errors", os.MFD_CLOEXEC)
        self.control = ours
        try:
            self.process = subprocess.Popen(
                launch.command(
                    self.run,
                    road,
                    theirs.fileno(),
                    source,
                    # The kernel ties this to the thread that starts the process, not to us.
                    die_with_parent=threading.current_thread() is threading.main_thread(),
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.errors,
                pass_fds=(theirs.fileno(), source),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise WorkerDied(f"the sandbox's interpreter did not start: {error}") from error
        finally:
            theirs.close()
            os.close(source)
        try:
            self._initialise(alone=road.bwrap is not None)
        except BaseException:
            self.close()
            raise

    def _initialise(self, alone: bool) -> None:
        settings = {
            "preimport": PREIMPORT,
            "values": Path(values.__file__).read_text(),
            "steps": (_INSIDE / "steps.py").read_text(),
            "rulesets": self._rulesets(),
            "own_pid": syscalls.OWN_PID,
            "alone": alone,
            "namespaces": NAMESPACES,
            "filters": self._filters(),
        }
        reply = self._ask({"do": "init"}, [marshal.dumps(settings)])
        self.landlock = reply["landlock"]
        self.namespaces_error = reply["namespaces"]
        with contextlib.suppress(OSError, ValueError, IndexError):
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[0])
            self.base_bytes = pages * os.sysconf("SC_PAGE_SIZE")

    def _rulesets(self) -> dict[str, tuple[list[str], list[str]]]:
        """By name: the folders that may be read, and those that may be executed too."""
        if not self.native:
            return {"python": (list(self.run.folders), [])}
        libraries = list(launch.runtime().folders)
        javascript = [path] if (path := launch.node()) else []
        everything = list(self.run.folders)
        return {"binary": (everything, libraries + javascript), "compiler": ([], everything)}

    def _filters(self) -> dict[str, bytes]:
        profiles: tuple[syscalls.Profile, ...] = ("python", "python_threads")
        if self.native:
            profiles = ("binary", "compiler")
        filters: dict[str, bytes] = {name: syscalls.program_filter(name) for name in profiles}
        kind: syscalls.Zygote = "native_zygote" if self.native else "zygote"
        return {**filters, "zygote": syscalls.zygote_filter(kind)}

    # --- control socket --------------------------------------------------------------------

    def _ask(self, request: dict[str, Any], blobs: list[bytes]) -> dict[str, Any]:
        fds = [_memory(b) for b in blobs]
        try:
            self._send(request, fds)
        finally:
            for fd in fds:
                os.close(fd)
        return self._receive(_START_S)

    def _send(self, request: dict[str, Any], fds: list[int]) -> None:
        try:
            socket.send_fds(self.control, [marshal.dumps(request)], fds)
        except OSError as error:
            raise WorkerDied(self._obituary()) from error

    def _receive(self, timeout_s: float) -> dict[str, Any]:
        self.control.settimeout(timeout_s)
        try:
            data, extra, _, _ = self.control.recvmsg(1 << 16, 128)
        except OSError as error:
            raise WorkerDied(self._obituary()) from error
        if not data:
            raise WorkerDied(self._obituary())
        reply = marshal.loads(data)
        for _, kind, content in extra:
            if kind == _SCM_CREDENTIALS:
                self.pid = array.array("i", content[:12])[0]
            elif kind == socket.SCM_RIGHTS:
                reply["product"] = array.array("i", content[:4])[0]
        if reply.get("error") and "end" not in reply:
            raise RuntimeError(f"the harness does not load:\n{reply['error']}")
        return reply  # type: ignore[no-any-return]

    def _obituary(self) -> str:
        self.retired = True
        said = os.pread(self.errors, 4000, 0).decode(errors="replace").strip()
        return f"the sandbox's process ended{': ' + said if said else ''}"

    # --- jobs ------------------------------------------------------------------------------

    def do(self, job: Job) -> Ending:
        """Run one job to its end; when this returns, no process of it is left.

        Raises:
            WorkerDied: the zygote died under it. The job may be tried on another worker.
        """
        harness = None
        if job.harness is not None:
            harness = self.harnesses.get(job.harness)
            if harness is None:
                harness = f"h{len(self.harnesses)}"
                self._ask({"do": "harness", "id": harness}, [job.harness.encode()])
                self.harnesses[job.harness] = harness
        opened: list[int] = []

        def pipe() -> tuple[int, int]:
            ends = os.pipe2(os.O_CLOEXEC)
            opened.extend(ends)
            return ends

        def memory(data: bytes, seals: int) -> int:
            opened.append(_memory(data, seals))
            return opened[-1]

        try:
            result, theirs = pipe()
            payload = memory(job.payload, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
            pipes = [pipe(), pipe()] if job.capture else []
            sent = [theirs, payload, *[end for _, end in pipes]]
            if job.stdin is not None:
                sent.append(memory(job.stdin, _READ_ONLY))
            self._send(self._request(job, harness), sent)
            for fd in sent:
                if fd != payload:
                    opened.remove(fd)
                    os.close(fd)
            try:
                ending = _Reading(self, job, result, [ours for ours, _ in pipes]).finish()
            except BaseException:
                # Interrupted half-way: what the zygote says next would answer nobody.
                self.close()
                raise
            ending.marked = os.pread(payload, 1, 0) == b"\x01"
            return ending
        finally:
            for fd in opened:
                os.close(fd)

    def _request(self, job: Job, harness: str | None) -> dict[str, Any]:
        limits = job.limits
        base = self.base_bytes if job.base_bytes is None else job.base_bytes
        memory = base + limits.memory_bytes + 8 * len(job.payload)
        # The zygote stops a program at its CPU limit; the kernel's own is a backstop in seconds.
        cpu = resource.RLIM_INFINITY if job.cpu_of else int(limits.cpu_s) + 2
        rlimits = [
            (resource.RLIMIT_CPU, cpu, cpu),
            (resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
            (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
            (resource.RLIMIT_STACK, job.stack_bytes, resource.RLIM_INFINITY),
            (resource.RLIMIT_DATA if job.limit_data else resource.RLIMIT_AS, memory, memory),
        ]
        threads = limits.processes + job.extra_threads
        if threads:
            # Counted per user: the zygote too, unless the program has a user namespace to itself.
            most = threads + (1 if job.full else 2)
            rlimits.append((resource.RLIMIT_NPROC, most, most))
        return {
            "do": "job",
            "harness": harness,
            "exec": job.binary,
            "env": job.environment,
            "filter": job.profile,
            "flags": NAMESPACES if job.full else 0,
            "ruleset": job.profile.partition("_")[0],
            "script": job.script,
            "product": job.product,
            "capture": job.capture,
            "stdin": job.stdin is not None,
            "most": most_bytes(limits),
            "size": len(job.payload),
            "rlimits": rlimits,
        }

    def abandon(self) -> None:
        """In a forked child: close what was inherited, and leave the zygote to the parent."""
        self.retired = True
        self.control.close()
        self.process.returncode = 0  # not ours to wait for

    def close(self) -> None:
        """End the zygote and everything in it."""
        self.retired = True
        self.control.close()
        try:
            self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                if self.pid > 0:
                    os.kill(self.pid, 9)
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self.errors)


def most_bytes(limits: Limits) -> int:
    """The largest message: a value at its limit may take more bytes as text."""
    return 2 * limits.output_bytes + (1 << 16)


class _Reading:
    """The outside's part while a job runs: read, count, watch the clocks, kill."""

    def __init__(self, worker: Worker, job: Job, result: int, pipes: list[int]):
        self.worker, self.job, self.result = worker, job, result
        self.streams = {fd: bytearray() for fd in pipes}
        self.buffer = bytearray()
        self.ending = Ending()
        self.began = self.renewed = time.monotonic()
        self.cpu_before = 0.0
        self.cpu_due = self.began + job.limits.cpu_s
        self.seen = 0
        self.most = most_bytes(job.limits)
        self.left = 4 * self.most if job.answer_bytes is None else job.answer_bytes
        self.killed, self.killed_at = False, 0.0

    def kill(self, why: str) -> None:
        if not self.killed:
            self.killed, self.killed_at = True, time.monotonic()
            self.ending.stopped = why
            self.worker._send({"do": "kill"}, [])

    def finish(self) -> Ending:
        control = self.worker.control
        poller = select.poll()
        open_fds = {self.result, *self.streams}
        for fd in (*open_fds, control.fileno()):
            poller.register(fd, select.POLLIN)
        reply = None
        while reply is None or open_fds:
            due = self._due(over=reply is not None)
            ready = poller.poll(max(0.0, due - time.monotonic()) * 1000 + 1)
            if not ready and reply is not None:
                break
            for fd, _ in ready:
                data = b""
                if fd == control.fileno():
                    got = self.worker._receive(_START_S)
                    if "end" in got:
                        reply = got
                        poller.unregister(fd)
                    elif "failed" in got:
                        self.ending.error = f"the program was not started: {got['failed']}"
                    else:
                        self._cpu(got["cpu"])
                elif data := os.read(fd, 1 << 16):
                    if fd == self.result:
                        self._frames(data)
                    else:
                        self._output(fd, data)
                if fd in open_fds and (not data or self._answered(fd)):
                    poller.unregister(fd)
                    open_fds.discard(fd)
            # After reading, since we may be the late one; and even if it never stops talking.
            if reply is None and time.monotonic() >= self._due(over=False):
                self._clocks()
        return self._ended(reply)

    def _answered(self, fd: int) -> bool:
        return fd == self.result and self.seen == self.job.answers

    def _ended(self, reply: dict[str, Any]) -> Ending:
        ending = self.ending
        ending.answer_bytes_left = self.left
        ending.wall_s = time.monotonic() - self.began
        if reply["end"] is None:
            ending.error = reply["error"]
        else:
            ending.exit_status = reply["end"]
            ending.cpu_s, ending.max_rss_bytes = reply["cpu"], reply["rss"]
            if not reply["clean"]:
                self.worker.retired = True
        if "product" in reply:
            with open(reply["product"], "rb") as file:
                if os.fstat(file.fileno()).st_size <= self.job.product_bytes:
                    ending.product = file.read()
        if self.streams:
            ending.stdout, ending.stderr = map(bytes, self.streams.values())
        return ending

    def _due(self, over: bool) -> float:
        """When to look at the clocks, at the latest."""
        if over:
            return time.monotonic() + 1.0
        if self.killed:
            return self.killed_at + _START_S
        return min(self.renewed + self.job.limits.wall_s, self.cpu_due)

    def _clocks(self) -> None:
        if self.killed:
            raise WorkerDied("the sandbox did not end a program")
        now = time.monotonic()
        if now >= self.renewed + self.job.limits.wall_s:
            self.kill("" if self.ending.done else "wall_limit")
        elif now >= self.cpu_due:
            self.cpu_due = now + self.job.limits.wall_s
            self.worker._send({"do": "cpu"}, [])

    def _cpu(self, spent: float) -> None:
        left = self.job.limits.cpu_s - (spent - self.cpu_before)
        if left <= 0:
            self.kill("cpu_limit")
        else:
            self.cpu_due = time.monotonic() + max(left, 0.005)

    def _output(self, fd: int, data: bytes) -> None:
        stream = self.streams[fd]
        stream += data
        if len(stream) > self.job.limits.output_bytes:
            del stream[self.job.limits.output_bytes :]
            self.kill("output_limit")

    def _frames(self, data: bytes) -> None:
        if self.ending.done or self.ending.broken or self.killed or self.job.binary:
            return
        self.buffer += data
        while len(self.buffer) >= 5:
            kind, length = bytes(self.buffer[:1]), int.from_bytes(self.buffer[1:5], "little")
            if kind not in (b"m", b"s"):
                return self._break("it wrote over its answers")
            if length > self.most or length > self.left:
                return self.kill("output_limit")
            if len(self.buffer) < 5 + length:
                return None
            body = bytes(self.buffer[5 : 5 + length])
            del self.buffer[: 5 + length]
            self.left -= length + _MESSAGE_BYTES
            with hostile.collector_at_rest(length):
                self._frame(kind, body)
            if self.killed or self.ending.done:
                return None
        return None

    def _frame(self, kind: bytes, body: bytes) -> None:
        try:
            value = hostile.parse(body)
        except hostile.TooMuch:
            return self.kill("output_limit")
        except (ValueError, RecursionError, MemoryError):
            return self._break("its answer cannot be read")
        if kind == b"m":
            return self._message(value)
        if type(value) is not dict:
            return self._break("its last word is not an object")
        self.ending.frame = value
        return self._last_word()

    def _break(self, why: str) -> None:
        self.ending.broken = why
        self.kill("broken")

    def _message(self, value: Any) -> None:
        job = self.job
        if job.cpu_of is not None:
            now = time.monotonic()
            self.cpu_before += min(max(job.cpu_of(value), 0.0), now - self.renewed)
            self.renewed = now
            self.cpu_due = self.renewed + job.limits.cpu_s
        if job.on_message is not None and job.on_message(value) is False:
            self.kill("enough")
        self.seen += 1
        if self.seen == job.answers:
            self._last_word()

    def _last_word(self) -> None:
        """It has said all there is to say; it may end by itself, soon."""
        self.ending.done = True
        self.renewed = time.monotonic() + _GRACE_S - self.job.limits.wall_s


_READ_ONLY = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK


def _memory(data: bytes, seals: int = 0) -> int:
    """A descriptor of an anonymous file that holds `data`, at offset 0."""
    fd = os.memfd_create("nlogn", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    offset = 0
    while offset < len(view):
        offset += os.pwrite(fd, view[offset:], offset)
    if seals:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals | fcntl.F_SEAL_SEAL)
    return fd


def isolation_of(worker: Worker, road: launch.Road) -> Isolation | None:
    """What this worker can give, None where that is too little for untrusted code."""
    if road.bwrap and worker.landlock and not worker.namespaces_error:
        return "full"
    return "light" if road.bwrap or worker.landlock >= 3 else None
