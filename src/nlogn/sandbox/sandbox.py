"""`Sandbox`: the one place where untrusted code runs."""

import atexit
import contextlib
import functools
import marshal
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from nlogn import values
from nlogn.sandbox import launch, native
from nlogn.sandbox.types import Isolation, Limits, Outcome, Program, ProgramError, Report, Status
from nlogn.sandbox.worker import (
    Ending,
    Job,
    SandboxUnavailable,
    Worker,
    WorkerDied,
    isolation_of,
    most_bytes,
)

_INSIDE = Path(__file__).parent / "inside"

# What a program may say about itself; anything else it claims is read as a crash.
_MOST_TOGETHER = 1 << 30
_CLAIMS = frozenset(
    ("ok", "exception", "invalid", "step_limit", "memory_limit", "output_limit", "unserialisable")
)


@functools.cache
def _harness(name: str) -> str:
    return (_INSIDE / f"{name}.py").read_text()


class Sandbox:
    """Runs untrusted programs in confined processes, up to `workers` of them at once.

    Thread-safe: each call takes a free worker, or waits for one. Workers start when first
    needed, and start anew when they die.

    Raises:
        SandboxUnavailable: the isolation asked for cannot be had here.
    """

    def __init__(
        self, workers: int = 1, isolation: Literal["auto", "full", "light"] = "auto"
    ) -> None:
        if workers < 1:
            raise ValueError("a sandbox needs at least one worker")
        wanted = os.environ.get("NLOGN_ISOLATION", "auto") if isolation == "auto" else isolation
        if wanted not in ("auto", "full", "light"):
            raise ValueError(f"isolation is auto, full or light, not {wanted!r}")
        self._slots = threading.Semaphore(workers)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []  # of both kinds: for Python, and for compiled programs
        self._busy: set[Worker] = set()
        self._compiled: dict[str, bytes] = {}
        self._closed = False
        self._owner = os.getpid()
        first, obtained = self._first_worker()
        if wanted == "full" and obtained != "full":
            first.close()
            raise SandboxUnavailable(
                f"full isolation cannot be had here: {_what_is_missing(self._road, first)}"
            )
        self.isolation: Isolation = "light" if wanted == "light" else obtained
        self._idle.append(first)
        _alive.add(self)

    def _first_worker(self) -> tuple[Worker, Isolation]:
        best: tuple[Worker, Isolation] | None = None
        reasons = []
        for road in launch.roads():
            try:
                worker = Worker(road)
            except WorkerDied as error:
                reasons.append(str(error))
                continue
            except ImportError as error:
                raise SandboxUnavailable(
                    "libseccomp is missing: install it (Debian and Ubuntu: libseccomp2, "
                    "Fedora: libseccomp), then try again"
                ) from error
            obtained = isolation_of(worker, road)
            if obtained == "full" or (obtained and best is None):
                if best is not None:
                    best[0].close()
                best, self._road = (worker, obtained), road
                if obtained == "full":
                    break
            else:
                reasons.append(_what_is_missing(road, worker))
                worker.close()
        if best is None:
            raise SandboxUnavailable(
                "untrusted code is refused, because nothing here can isolate it: "
                + "; ".join(dict.fromkeys(reasons))
                + ". Install bubblewrap (apt install bubblewrap, dnf install bubblewrap)"
            )
        return best

    # --- workers ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def _worker(self, native: bool) -> Iterator[Worker]:
        if self._owner != os.getpid():
            raise RuntimeError("this sandbox belongs to another process: make one after the fork")
        with self._slots:
            with self._lock:
                if self._closed:
                    raise RuntimeError("the sandbox is closed")
                fitting = [w for w in self._idle if w.native == native]
                worker = fitting[-1] if fitting else None
                if worker is not None:
                    self._idle.remove(worker)
            if worker is None:
                worker = Worker(self._road, native)
            with self._lock:
                self._busy.add(worker)
            try:
                yield worker
            finally:
                with self._lock:
                    self._busy.discard(worker)
                    keep = not worker.retired and not self._closed
                    if keep:
                        self._idle.append(worker)
                if not keep:
                    worker.close()

    def _do(self, job: Job) -> Ending:
        """Run a job; where the zygote dies before the program said anything, run it again."""
        job.full = self.isolation == "full"
        heard, on_message = 0, job.on_message

        def count(message: Any) -> bool | None:
            nonlocal heard
            heard += 1
            return on_message(message) if on_message is not None else None

        job.on_message = count
        ending = Ending()
        for _ in range(2):
            try:
                with self._worker(bool(job.binary)) as worker:
                    return worker.do(job)
            except WorkerDied as error:
                ending = Ending(error=str(error), lost=True)
            except OSError as error:
                ending = Ending(error=f"the sandbox cannot work: {error}")
            if heard:
                break
        return ending

    def close(self) -> None:
        """End all workers; those that run a program for another thread end with it."""
        if self._owner != os.getpid():
            return
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    def _abandon(self) -> None:
        for worker in (*self._idle, *self._busy):
            worker.abandon()
        self._idle.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- what callers use ------------------------------------------------------------------

    def execute(
        self,
        harness: str,
        payload: Any,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        *,
        on_message: Callable[[Any], bool | None] | None = None,
    ) -> Report:
        """Run a trusted harness, which runs untrusted code, in one confined process.

        Args:
            harness: source text of a module of ours (standard library only) that defines
                ``main(payload, send)``; ``send(value)`` delivers one JSON message. Inside,
                ``nlogn_values`` is `nlogn.values`, and ``nlogn_limits.stop(status, message)`` ends
                the program at once.
            payload: JSON-able.
            on_message: called with each message; returning False ends the program.
        """
        messages: list[Any] = []

        def take(message: Any) -> bool | None:
            messages.append(message)
            return on_message(message) if on_message is not None else None

        ending = self._do(
            Job(
                payload=marshal.dumps(payload),
                limits=limits,
                full=False,
                harness=harness,
                profile=_profile(limits),
                capture=True,
                on_message=take,
            )
        )
        status, error = _status(ending, limits)
        return Report(
            status=status,
            messages=tuple(messages),
            error=error,
            stdout=_text(ending.stdout),
            stderr=_text(ending.stderr),
            wall_s=ending.wall_s,
            cpu_s=ending.cpu_s,
            max_rss_bytes=ending.max_rss_bytes,
        )

    def call(
        self,
        program: Program,
        calls: Sequence[tuple[Any, ...]],
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        *,
        args_after: bool = False,
        stop_on_failure: bool = False,
        stop_on_limit: bool = False,
    ) -> list[Outcome]:
        """Call the program's entry on each argument tuple; the limits hold for each call.

        All calls share one process until one of them ends it; the rest go on in a fresh one.
        With `stop_on_failure` the list ends with the first outcome that is not "ok", with
        `stop_on_limit` with the first whose call ended its process or hit a limit.
        """
        stop = "failure" if stop_on_failure else "limit" if stop_on_limit else ""
        if program.entry is None or program.language != "python":
            raise ValueError("only a Python program with an entry can be called")
        encoded = [values.encode(tuple(args), max_bytes=1 << 30) for args in calls]
        outcomes: list[Outcome] = []
        # All answers together: what honest programs may want, and this process can hold.
        left = max(4 * most_bytes(limits), min(len(calls) * most_bytes(limits), _MOST_TOGETHER))
        while len(outcomes) < len(encoded):
            had = len(outcomes)
            ending = self._call_some(
                program, encoded[had:], limits, outcomes, left, args_after, stop
            )
            if ending.lost and len(outcomes) > had:
                continue
            left = ending.answer_bytes_left
            if len(outcomes) == len(encoded) or (
                len(outcomes) > had and _ends(stop, outcomes[-1].status)
            ):
                break
            status, error = _status(ending, limits)
            if status == "ok":
                status, error = "crashed", ProgramError("Exit", "it ended without an answer")
            failed = Outcome(
                status=status,
                error=error,
                wall_s=ending.wall_s,
                cpu_s=ending.cpu_s,
                peak_bytes=ending.max_rss_bytes,
            )
            if not ending.marked or status == "system_error":
                # The module itself fails, or we do: so would every call.
                rest = 1 if stop else len(encoded) - len(outcomes)
                return outcomes + [failed] * rest
            outcomes.append(failed)
            if stop:
                break
        return outcomes

    def _call_some(
        self,
        program: Program,
        encoded: list[Any],
        limits: Limits,
        outcomes: list[Outcome],
        left: int,
        after: bool,
        stop: str,
    ) -> Ending:
        payload = {
            "code": program.code,
            "entry": program.entry,
            "calls": encoded,
            "max": limits.output_bytes,
            "after": after,
            "stop": stop,
            "steps": limits.steps,
        }

        since = time.monotonic()

        def take(message: Any) -> bool:
            nonlocal since
            now = time.monotonic()
            outcome = _outcome(message, now - since)
            since = now
            if outcome is not None:
                outcomes.append(outcome)
            return outcome is not None

        return self._do(
            Job(
                payload=marshal.dumps(payload),
                limits=limits,
                full=False,
                harness=_harness("call"),
                profile=_profile(limits),
                on_message=take,
                answers=len(encoded),
                answer_bytes=left,
                cpu_of=_claimed_cpu,
            )
        )

    def run(
        self,
        program: Program,
        stdin: str = "",
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> Outcome:
        """Run a whole program on one stdin: `Outcome.stdout` is its answer."""
        return self.run_many(program, [stdin], limits)[0]

    def run_many(
        self,
        program: Program,
        stdins: Sequence[str],
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> list[Outcome]:
        """Run a whole program on each stdin, each time in a fresh process."""
        if program.language == "python":
            return [self._run_python(program, stdin, limits) for stdin in stdins]
        try:
            executable = native.prepare(program, limits, self._do, self._compiled)
        except native.Rejected as error:
            return [Outcome("invalid", error=error.error)] * len(stdins)
        except (native.Unsupported, RuntimeError) as error:
            told = ProgramError("SystemError", str(error))
            return [Outcome("system_error", error=told)] * len(stdins)
        jobs = (executable.with_stdin(s.encode("utf-8", "surrogateescape")) for s in stdins)
        return [whole_program_outcome(self._do(job), limits) for job in jobs]

    def _run_python(self, program: Program, stdin: str, limits: Limits) -> Outcome:
        told: list[Any] = []
        ending = self._do(
            Job(
                payload=marshal.dumps({"code": program.code, "steps": limits.steps}),
                on_message=told.append,
                limits=limits,
                full=False,
                harness=_harness("run"),
                profile=_profile(limits),
                stdin=stdin.encode("utf-8", "surrogateescape"),
                capture=True,
            )
        )
        outcome = whole_program_outcome(ending, limits)
        if limits.steps is not None and told and type(told[-1]) is int:
            outcome = replace(outcome, steps=told[-1])
        return outcome


def whole_program_outcome(ending: Ending, limits: Limits) -> Outcome:
    status, error = _status(ending, limits)
    if ending.frame is None and not ending.stopped and ending.exit_status is not None:
        code = os.waitstatus_to_exitcode(ending.exit_status)
        if code == 0 and status != "system_error":
            status, error = "ok", None
        elif code > 0 and status != "system_error":
            status, error = "exception", ProgramError("ExitCode", f"exit code {code}")
    return Outcome(
        status=status,
        error=error,
        stdout=_text(ending.stdout),
        stderr=_text(ending.stderr),
        wall_s=ending.wall_s,
        cpu_s=ending.cpu_s,
        peak_bytes=ending.max_rss_bytes,
    )


def _profile(limits: Limits) -> Literal["python", "python_threads"]:
    return "python_threads" if limits.processes > 0 else "python"


def _ends(stop: str, status: Status) -> bool:
    """Whether an outcome that the program told ends a list of calls; see `call`."""
    return status != "ok" if stop == "failure" else stop == "limit" and status.endswith("_limit")


def _status(ending: Ending, limits: Limits) -> tuple[Status, ProgramError | None]:
    """How a process ended, in a program's terms."""
    if ending.error:
        return "system_error", ProgramError("SystemError", ending.error)
    if ending.stopped in ("wall_limit", "cpu_limit", "output_limit"):
        return ending.stopped, None  # type: ignore[return-value]
    if ending.frame is not None:
        claimed = ending.frame.get("status")
        error = _error(ending.frame.get("error") or ending.frame.get("message"))
        if isinstance(claimed, str) and claimed in _CLAIMS:
            return claimed, error  # type: ignore[return-value]
        return "crashed", error
    if ending.stopped == "enough":
        return "ok", None
    if ending.broken:
        return "crashed", ProgramError("Protocol", ending.broken)
    code = os.waitstatus_to_exitcode(ending.exit_status or 0)
    if code == -signal.SIGSYS:
        return "forbidden", ProgramError("Forbidden", "it made a system call that is not allowed")
    if native.memory_ran_out(ending):
        return "memory_limit", None
    if code in (-signal.SIGKILL, -signal.SIGXCPU) and ending.cpu_s >= limits.cpu_s:
        return "cpu_limit", None
    if code < 0:
        if ending.max_rss_bytes > 0.9 * limits.memory_bytes:
            return "memory_limit", None
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return "crashed", ProgramError(name, f"it was ended by {name}")
    return "crashed", ProgramError("Exit", f"it left with exit code {code} and without an answer")


def _outcome(message: Any, elapsed_s: float) -> Outcome | None:
    """The outcome of one call as the program tells it; None if it is no such thing."""
    try:
        status, value, after, error, out, err, wall, cpu, steps = message
        if status not in _CLAIMS:
            return None
        if status == "ok":
            value = values.decode(value)
        return Outcome(
            status=status,
            value=value if status == "ok" else None,
            args_after=None if after is None else values.decode(after),
            error=_error(error),
            stdout=str(out),
            stderr=str(err),
            wall_s=_seconds(wall, elapsed_s),
            cpu_s=_seconds(cpu, elapsed_s * (os.cpu_count() or 1)),
            steps=steps if type(steps) is int else None,
        )
    except (TypeError, ValueError, RecursionError, OverflowError, MemoryError):
        return None


def _seconds(claimed: Any, most: float) -> float:
    seconds = float(claimed)
    return min(max(seconds, 0.0), most) if seconds == seconds else 0.0


def _claimed_cpu(message: Any) -> float:
    try:
        return _seconds(message[7], 1e9)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return 0.0


def _error(told: Any) -> ProgramError | None:
    if isinstance(told, dict):
        line = told.get("line")
        return ProgramError(
            str(told.get("type", ""))[:200],
            str(told.get("message", ""))[:2000],
            line if type(line) is int else None,
        )
    return ProgramError("", told[:2000]) if isinstance(told, str) and told else None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _what_is_missing(road: launch.Road, worker: Worker) -> str:
    if not road.bwrap:
        return "bubblewrap is not installed, or it cannot make namespaces here"
    if not worker.landlock:
        return "the kernel has no Landlock (Linux 5.13 or newer, with landlock in its lsm list)"
    return f"no nested namespaces: {worker.namespaces_error}"


_shared: dict[str, Sandbox] = {}
_shared_lock = threading.Lock()
_alive: "weakref.WeakSet[Sandbox]" = weakref.WeakSet()


def shared_sandbox(isolation: Literal["auto", "full", "light"] = "auto") -> Sandbox:
    """The sandbox of this process, with one worker per core, started when first asked for and
    ended with the process. A forked process gets its own."""
    with _shared_lock:
        sandbox = _shared.get(isolation)
        if sandbox is None or sandbox._closed:
            workers = len(os.sched_getaffinity(0))
            sandbox = _shared[isolation] = Sandbox(workers, isolation)
        return sandbox


@atexit.register
def _close_all() -> None:
    for sandbox in list(_alive):
        sandbox.close()


def _forget_all() -> None:
    """In a forked child: let go of the parent's workers, which go on serving the parent."""
    global _shared_lock
    _shared_lock = threading.Lock()
    _shared.clear()
    for sandbox in list(_alive):
        sandbox._abandon()


os.register_at_fork(after_in_child=_forget_all)
