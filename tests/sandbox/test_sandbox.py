"""What programs get back: values, errors, limits, streams; and that one's end spares the others."""

import collections
import time
from typing import Any

import pytest

from nlogn.sandbox import Limits, Outcome, Program, Sandbox
from nlogn.values import Instance

QUICK = Limits(wall_s=20.0, cpu_s=0.3)


def call(sandbox: Sandbox, code: str, *args: Any, **options: Any) -> Outcome:
    limits = options.pop("limits", QUICK)
    return sandbox.call(Program(code, options.pop("entry", "f")), [args], limits, **options)[0]


@pytest.mark.parametrize(
    "value",
    [0, -(2**100), 1.5, float("inf"), "é\n", b"\0\xff", None, True, (1, (2,)), [{"a": 1}], {1: "x"},
     {1, 2}, frozenset({"a"}), collections.deque([1]), collections.Counter("aab"), range(3), 2j],
    ids=repr,
)  # fmt: skip
def test_values_go_in_and_come_back(sandbox: Sandbox, value: Any) -> None:
    outcome = call(sandbox, "def f(x): return [x, type(x).__name__]", value)
    assert outcome.status == "ok"
    assert outcome.value == [value, type(value).__name__]
    assert type(outcome.value[0]) is type(value)


def test_arguments_are_fresh_and_shown_after(sandbox: Sandbox) -> None:
    program = Program("def f(a): a.append(1); return len(a)", "f")
    shared: list[int] = []
    outcomes = sandbox.call(program, [(shared,), (shared,)], args_after=True)
    assert [(o.value, o.args_after) for o in outcomes] == [(1, ([1],)), (1, ([1],))]
    assert shared == []


def test_entries(sandbox: Sandbox) -> None:
    counter = "class S:\n n = 0\n def f(self, x): self.n += x; return self.n"
    outcomes = sandbox.call(Program(counter, "S.f"), [(1,), (1,)])
    assert [o.value for o in outcomes] == [1, 1]  # a fresh instance for each
    assert call(sandbox, "class S:\n @staticmethod\n def f(x): return x", 1, entry="S.f").value == 1
    assert call(sandbox, "async def f(x): return x", 1).value == 1
    assert call(sandbox, "async def f(x):\n for i in range(x): yield i", 2).value == [0, 1]
    assert call(sandbox, "def f(x):\n for i in range(x): yield i", 3).value == [0, 1, 2]
    assert call(sandbox, "f = lambda x: x", 1).value == 1
    point = "import dataclasses\n@dataclasses.dataclass\nclass P:\n x: int\ndef f(x): return P(x)"
    assert call(sandbox, point, 1).value == Instance("P", {"x": 1})
    guarded = "def f(x): return x\nif __name__ == '__main__': 1 / 0"
    assert call(sandbox, guarded, 1).value == 1


@pytest.mark.parametrize(
    ("code", "status", "type_", "line"),
    [
        ("def f(:", "invalid", "SyntaxError", 1),
        ("x = 1", "invalid", "NameError", None),
        ("f = 1", "invalid", "NameError", None),
        ("def f(x): return '\0'", "invalid", None, None),
        ("def f(x): return '\ud800'", "invalid", None, None),
        ("import nonsense_module\ndef f(x): pass", "exception", "ModuleNotFoundError", 1),
        ("def f(x):\n y = 1\n return 1 / 0", "exception", "ZeroDivisionError", 3),
        ("def f(x): return f(x)", "exception", "RecursionError", 1),
        ("def f(): pass", "exception", "TypeError", None),
        ("def f(x): raise SystemExit(3)", "exception", "SystemExit", 1),
        ("def f(x): return f", "unserialisable", None, None),
        ("def f(x): return open", "unserialisable", None, None),
        ("def f(x):\n while True: pass", "cpu_limit", None, None),
        ("import time\ndef f(x): time.sleep(9)", "wall_limit", None, None),
        ("def f(x): return bytearray(1 << 40)", "memory_limit", None, None),
        ("def f(x): return 'x' * (1 << 25)", "output_limit", None, None),
        ("import os\ndef f(x): os._exit(3)", "crashed", "Exit", None),
        ("import os\ndef f(x): os.abort()", "crashed", None, None),
        ("import socket\ndef f(x): socket.socket()", "forbidden", "Forbidden", None),
        ("import os\ndef f(x): os.fork()", "exception", "PermissionError", 2),
    ],
)
def test_statuses(
    sandbox: Sandbox, code: str, status: str, type_: str | None, line: int | None
) -> None:
    limits = Limits(wall_s=0.5 if status == "wall_limit" else 20.0, cpu_s=0.3)
    outcome = call(sandbox, code, 1, limits=limits)
    assert outcome.status == status, outcome
    if type_:
        assert outcome.error is not None and outcome.error.type == type_
        assert outcome.error.line == line


def test_a_call_that_ends_the_process_does_not_lose_the_others(sandbox: Sandbox) -> None:
    code = """
import os, time
def f(x):
    if x == 1: os._exit(1)
    if x == 3:
        while True: pass
    if x == 5: return bytearray(1 << 40)
    return x
"""
    outcomes = sandbox.call(Program(code, "f"), [(i,) for i in range(7)], QUICK)
    assert [o.status for o in outcomes] == [
        "ok", "crashed", "ok", "cpu_limit", "ok", "memory_limit", "ok"]  # fmt: skip
    assert [o.value for o in outcomes if o.status == "ok"] == [0, 2, 4, 6]
    first = sandbox.call(Program(code, "f"), [(0,), (1,), (2,)], stop_on_failure=True)
    assert [o.status for o in first] == ["ok", "crashed"]


def test_after_an_exception_the_same_process_goes_on_up_to_a_limit(sandbox: Sandbox) -> None:
    code = """
import os, time
def f(x):
    if x in (1, 2): raise ValueError(os.getpid())
    if x == 4:
        while True: pass
    return os.getpid()
"""
    calls = [(i,) for i in range(7)]
    outcomes = sandbox.call(Program(code, "f"), calls, QUICK, stop_on_limit=True)
    assert [o.status for o in outcomes] == ["ok", "exception", "exception", "ok", "cpu_limit"]
    told = {str(o.error.message) if o.error else str(o.value) for o in outcomes[:4]}
    assert len(told) == 1


def test_cpu_limit_holds_for_each_call(sandbox: Sandbox) -> None:
    code = (
        "import time\ndef f(x):\n t = time.process_time()\n while time.process_time() - t < x: pass"
    )
    outcomes = sandbox.call(Program(code, "f"), [(0.15,)] * 4 + [(5,)], Limits(20.0, 0.3))
    assert [o.status for o in outcomes] == ["ok"] * 4 + ["cpu_limit"]


def test_printing_belongs_to_its_call(sandbox: Sandbox) -> None:
    code = "import sys\nprint('load')\ndef f(x): print(x); sys.stderr.write('e'); return x"
    outcomes = sandbox.call(Program(code, "f"), [(1,), (2,)])
    assert [(o.stdout, o.stderr) for o in outcomes] == [("1\n", "e"), ("2\n", "e")]


def test_runs_are_alike(sandbox: Sandbox) -> None:
    code = "import random\ndef f(x): return [random.random(), list({'a', 'b', 'c', 'd', x})]"
    assert call(sandbox, code, "e").value == call(sandbox, code, "e").value


def test_private_folder_is_writable_and_empty(sandbox: Sandbox) -> None:
    code = """
import os, tempfile
def f():
    before = os.listdir('.')
    with tempfile.NamedTemporaryFile('w+') as t:
        t.write('x'); t.flush()
        text = open(t.name).read()
    open('y', 'w').write('y')
    return before, text
"""
    assert [call(sandbox, code).value for _ in range(2)] == [([], "x")] * 2


@pytest.mark.parametrize(
    ("code", "stdin", "stdout"),
    [
        ("print(int(input()) * 2)", "21\n", "42\n"),
        ("import sys\nprint(sum(map(int, sys.stdin)))", "1\n2\n", "3\n"),
        ("import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])", "abc", "cba"),
        ("import os\nos.write(1, os.read(0, 9))", "abc", "abc"),
        ("print(open(0).read(), end='')", "é\n", "é\n"),
        ("print(open('/dev/stdin').read(), end='')", "x\n", "x\n"),
        ("import sys\nprint(sys.stdin.readline() == '')", "", "True\n"),
        ("import os\nprint('a', flush=True)\nos._exit(0)", "", "a\n"),
        ("if __name__ == '__main__': print('main')", "", "main\n"),
        ("import atexit\natexit.register(print, 'bye')", "", "bye\n"),
        ("import threading\nt = threading.Timer(0.05, print, ['late'])\nt.start()", "", "late\n"),
        ("import sys\nprint(1)\nsys.exit()", "", "1\n"),
        ("import sys, threading\nthreading.stack_size(1 << 27)\nsys.setrecursionlimit(1 << 20)\n"
         "def d(n): return n and 1 + d(n - 1)\n"
         "t = threading.Thread(target=lambda: print(d(50000)))\nt.start()\nt.join()",
         "", "50000\n"),
        ("import resource as r\nr.setrlimit(r.RLIMIT_STACK, (-1, -1))\nprint(1)", "", "1\n"),
    ],
)  # fmt: skip
def test_whole_programs(sandbox: Sandbox, code: str, stdin: str, stdout: str) -> None:
    outcome = sandbox.run(Program(code), stdin)
    assert (outcome.status, outcome.stdout, outcome.stderr) == ("ok", stdout, "")


def test_whole_programs_that_fail(sandbox: Sandbox) -> None:
    outcome = sandbox.run(Program("print(1)\nx = 1 / 0"), "")
    assert (outcome.status, outcome.stdout) == ("exception", "1\n")
    assert outcome.error is not None and outcome.error.line == 2
    assert sandbox.run(Program("import sys\nsys.exit(3)")).status == "exception"
    assert sandbox.run(Program("import os\nos._exit(3)")).status == "exception"
    assert sandbox.run(Program("print('x' * 10**9)")).status in ("output_limit", "memory_limit")
    endless = sandbox.run(Program("while True: print('x' * 1000)"))
    assert endless.status == "output_limit" and len(endless.stdout) == Limits().output_bytes
    assert sandbox.run(Program("input()"), "").error.type == "EOFError"  # type: ignore[union-attr]
    assert sandbox.run(Program("x = (")).status == "invalid"


def test_huge_stdin(sandbox: Sandbox) -> None:
    text = "1\n" * 5_000_000
    outcome = sandbox.run(Program("import sys\nprint(len(sys.stdin.read()))"), text)
    assert outcome.stdout == f"{len(text)}\n"


def test_execute(sandbox: Sandbox) -> None:
    harness = """
import nlogn_limits, nlogn_values
def main(payload, send):
    for i in range(payload["n"]):
        send(nlogn_values.encode((i,)))
    print("out")
    if payload["stop"]:
        try:
            nlogn_limits.stop("step_limit", "enough")
        except BaseException:
            send("survived")
    1 / 0
"""
    report = sandbox.execute(harness, {"n": 2, "stop": True})
    assert report.status == "step_limit" and report.error is not None
    assert report.messages == ({"$tuple": [0]}, {"$tuple": [1]})
    report = sandbox.execute(harness, {"n": 0, "stop": False})
    assert (report.status, report.stdout) == ("exception", "out\n")
    seen: list[Any] = []

    def take(message: Any) -> bool:
        seen.append(message)
        return len(seen) < 3

    endless = "def main(payload, send):\n while True: send(1)"
    assert sandbox.execute(endless, None, on_message=take).status == "ok"
    assert seen[:3] == [1, 1, 1]
    with pytest.raises(RuntimeError, match="does not load"):
        sandbox.execute("import nonsense_module", None)
    assert sandbox.execute("def main(payload, send): send(payload)", 1).messages == (1,)


def test_a_wall_limit_comes_on_time(sandbox: Sandbox) -> None:
    began = time.monotonic()
    outcome = call(sandbox, "import time\ndef f(): time.sleep(60)", limits=Limits(wall_s=0.2))
    assert outcome.status == "wall_limit"
    assert time.monotonic() - began < 3


def test_steps_are_counted_alike_and_limited(sandbox: Sandbox) -> None:
    code = """
def f(n):
    "A docstring."
    total = 0
    for i in range(n):
        while total < i:
            total += 1
    g = lambda x: x
    return total + sum(g(i) for i in range(n)) + len([i for i in range(n)])
"""
    program = Program(code, "f")
    outcomes = sandbox.call(program, [(5,), (10,), (5,)], Limits(steps=10_000))
    # The call, n turns, n - 1 inner turns, n generated items and n lambdas, n listed items.
    assert [o.steps for o in outcomes] == [1 + 5 * 5 - 1, 1 + 5 * 10 - 1, 1 + 5 * 5 - 1]
    assert [o.value for o in outcomes] == [
        o.value for o in sandbox.call(program, [(5,), (10,), (5,)])]  # fmt: skip
    stubborn = (
        "def f(n):\n while True:\n  try:\n   while True: n += 1\n  except BaseException: pass"
    )
    outcomes = sandbox.call(Program(stubborn, "f"), [(0,), (0,)], Limits(steps=10_000))
    assert [o.status for o in outcomes] == ["step_limit"] * 2
    error = sandbox.call(Program("def f(n):\n return n / 0", "f"), [(1,)], Limits(steps=10))[
        0
    ].error
    assert error is not None and (error.type, error.line) == ("ZeroDivisionError", 2)
    whole = sandbox.run(Program("for i in range(7): print(i)"), "", Limits(steps=100))
    assert (whole.status, whole.steps) == ("ok", 7)
    assert sandbox.run(Program("while True: pass"), "", Limits(steps=100)).status == "step_limit"


def test_threads_fit_into_the_memory_limit(sandbox: Sandbox) -> None:
    code = """
import concurrent.futures, time
def work(i):
    time.sleep(0.02)
    return sum(bytearray(1 << 16)) + i
def f(n):
    with concurrent.futures.ThreadPoolExecutor(n) as pool: return sum(pool.map(work, range(n)))
"""
    limits = Limits(memory_bytes=256 << 20, processes=12)
    assert sandbox.call(Program(code, "f"), [(12,)], limits)[0].value == 66
    assert sandbox.call(Program(code, "f"), [(40,)], limits)[0].status == "exception"


@pytest.mark.parametrize("descriptor", [1, 2])
def test_talking_without_end_does_not_stop_the_clock(sandbox: Sandbox, descriptor: int) -> None:
    drip = f"import os\nwhile True: os.write({descriptor}, b'.')"
    began = time.monotonic()
    outcome = sandbox.run(Program(drip), "", Limits(wall_s=0.3))
    assert outcome.status == "wall_limit"
    assert time.monotonic() - began < 5


def test_messages_without_end(sandbox: Sandbox) -> None:
    chatter = "import os\ndef main(payload, send):\n while True: os.write(3, b'm\\1\\0\\0\\x001')"
    report = sandbox.execute(chatter, None, Limits(wall_s=0.3, output_bytes=1 << 16))
    assert report.status in ("wall_limit", "output_limit")
    assert len(report.messages) <= 4 * (2 * (1 << 16) + (1 << 16)) // 64
