"""The sandbox survives what happens to it, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import nlogn
from conftest import descendants
from nlogn.sandbox import Limits, Program, Sandbox, SandboxUnavailable, launch, shared_sandbox

ADD = Program("def f(a, b): return a + b", "f")
SLEEP = Program("import time\ndef f(): time.sleep(60)", "f")
SOURCE = str(Path(nlogn.__file__).parents[1])


def outside(code: str, *, python: str = sys.executable, **options: object) -> subprocess.Popen[str]:
    """A process of its own that uses the sandbox."""
    return subprocess.Popen(
        [python, "-c", textwrap.dedent(code)], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, **options)  # type: ignore[call-overload, no-any-return]  # fmt: skip


def until(condition: object, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("isolation", ["full", "light"])
def test_close_leaves_no_process(isolation: str) -> None:
    before = descendants(os.getpid())
    with Sandbox(2, isolation) as sandbox:  # type: ignore[arg-type]
        assert sandbox.call(ADD, [(1, 2)])[0].value == 3
        assert descendants(os.getpid()) - before
    assert until(lambda: not descendants(os.getpid()) - before)
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.call(ADD, [(1, 2)])


@pytest.mark.parametrize("isolation", ["full", "light"])
@pytest.mark.parametrize("in_thread", [False, True])
def test_a_killed_parent_leaves_no_process(isolation: str, in_thread: bool) -> None:
    body = f"""
        import sys, threading
        from nlogn.sandbox import *
        def go():
            with Sandbox(1, {isolation!r}) as s:
                s.call(Program("def f(a, b): return a + b", "f"), [(1, 2)])
                print("ready", flush=True)
                s.call(Program("def f():\\n while True: pass", "f"), [()], Limits(60, 60))
        if {in_thread}:
            t = threading.Thread(target=go); t.start(); t.join()
        else:
            go()
    """
    process = outside(body, env={**os.environ, "PYTHONPATH": SOURCE})
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    family = descendants(process.pid)
    assert len(family) >= 3  # bubblewrap, zygote, program
    process.kill()
    process.wait()
    assert until(lambda: not any(map(alive, family)))


@pytest.mark.parametrize("victim", ["parent", "zygote"])
def test_without_bubblewrap_no_process_is_left_either(victim: str) -> None:
    body = """
        from nlogn.sandbox import *
        from nlogn.sandbox import launch
        launch.roads = lambda: (launch.Road(None),)
        try:
            s = Sandbox(1)
        except SandboxUnavailable:
            print("none", flush=True)
            raise SystemExit
        print("ready", flush=True)
        s.call(Program("def f():\\n while True: pass", "f"), [()], Limits(60, 60))
    """
    process = outside(body, env={**os.environ, "PYTHONPATH": SOURCE})
    assert process.stdout is not None
    if process.stdout.readline() == "none\n":
        pytest.skip("this kernel has no Landlock")
    assert until(lambda: len(descendants(process.pid)) == 2)  # zygote, program
    zygote, program = sorted(descendants(process.pid))
    if victim == "zygote":
        os.kill(zygote, signal.SIGKILL)
    else:
        process.kill()
    assert until(lambda: not alive(program))
    process.kill()
    process.wait()
    assert until(lambda: not alive(zygote))


def test_a_killed_zygote_is_replaced(sandbox: Sandbox) -> None:
    assert sandbox.call(ADD, [(1, 2)])[0].value == 3
    (worker,) = (w for w in sandbox._idle if not w.native)
    os.kill(worker.pid, signal.SIGKILL)
    assert sandbox.call(ADD, [(1, 2)])[0].value == 3


def test_a_zygote_killed_under_a_program(sandbox: Sandbox) -> None:
    sandbox.call(ADD, [(1, 2)])
    results = []
    thread = threading.Thread(
        target=lambda: results.append(
            sandbox.call(Program("import time\ndef f(x): time.sleep(x); return x", "f"),
                         [(0,), (1,)])))  # fmt: skip
    thread.start()
    time.sleep(0.4)
    (worker,) = sandbox._busy
    os.kill(worker.pid, signal.SIGKILL)
    thread.join(20)
    assert [o.value for o in results[0]] == [0, 1]  # the call that was lost was made again
    assert sandbox.call(ADD, [(1, 2)])[0].value == 3


def test_threads_share_a_sandbox() -> None:
    with Sandbox(2) as sandbox:
        wrong = []

        def work(k: int) -> None:
            for i in range(15):
                if sandbox.call(ADD, [(k, i)])[0].value != k + i:
                    wrong.append((k, i))

        threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == [] and len(sandbox._idle) <= 2


def test_a_fork_gets_a_sandbox_of_its_own() -> None:
    mine = shared_sandbox()
    assert mine.call(ADD, [(1, 2)])[0].value == 3
    pid = os.fork()
    if pid == 0:
        ok = False
        try:
            theirs = shared_sandbox()
            ok = theirs is not mine and theirs.call(ADD, [(1, 2)])[0].value == 3
            theirs.close()
            try:
                mine.call(ADD, [(1, 2)])
                ok = False
            except RuntimeError:
                pass
        finally:
            os._exit(0 if ok else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert mine.call(ADD, [(3, 4)])[0].value == 7


def test_an_interrupt_leaves_the_sandbox_usable() -> None:
    # A shell's background jobs ignore SIGINT, and so does a Python that is started in one.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Sandbox(1) as sandbox:
            sandbox.call(ADD, [(1, 2)])
            threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
            with pytest.raises(KeyboardInterrupt):
                sandbox.call(SLEEP, [()])
            assert sandbox.call(ADD, [(1, 2)])[0].value == 3
    finally:
        signal.signal(signal.SIGINT, before)


def test_no_descriptors_left_is_our_error_and_passes() -> None:
    with Sandbox(1) as sandbox:
        sandbox.call(ADD, [(1, 2)])
        open_before = len(os.listdir("/proc/self/fd"))
        hoard = []
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_before + 3, hard))
        try:
            while True:
                hoard.append(os.dup(0))
        except OSError:
            outcome = sandbox.call(ADD, [(1, 2)])[0]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for fd in hoard:
                os.close(fd)
        assert outcome.status == "system_error"
        assert sandbox.call(ADD, [(1, 2)])[0].value == 3
        assert len(os.listdir("/proc/self/fd")) <= open_before + 2


def test_many_programs_leak_nothing() -> None:
    with Sandbox(1) as sandbox:
        crash = Program("import os\ndef f(a, b): os._exit(1)", "f")
        for program in (ADD, crash):
            sandbox.call(program, [(1, 2)])
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(40):
            sandbox.call(ADD, [(1, 2)])
            sandbox.call(crash, [(1, 2)])
            sandbox.run(Program("print(1)"))
        assert len(os.listdir("/proc/self/fd")) == before
        zygote = next(w.pid for w in sandbox._idle)
        assert len(os.listdir(f"/proc/{zygote}/fd")) < 12


def test_refused_without_isolation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "roads", lambda: ())
    with pytest.raises(SandboxUnavailable, match="bubblewrap"):
        Sandbox()


def test_light_without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "roads", lambda: (launch.Road(None),))
    try:
        sandbox = Sandbox()
    except SandboxUnavailable:
        pytest.skip("this kernel has no Landlock")
    with sandbox:
        assert sandbox.isolation == "light"
        assert sandbox.call(ADD, [(1, 2)])[0].value == 3
        read = Program("def f(): return open('/etc/passwd').read()", "f")
        assert sandbox.call(read, [()])[0].status == "exception"
        write = Program("def f(): open('/tmp/x', 'w')", "f")
        assert sandbox.call(write, [()])[0].status == "exception"
        kill = Program(f"import os\ndef f(): os.kill({os.getpid()}, 0); return 1", "f")
        assert sandbox.call(kill, [()])[0].status == "exception"
        assert sandbox.run(Program("print(input())"), "x").stdout == "x\n"
    monkeypatch.setenv("NLOGN_ISOLATION", "full")
    with pytest.raises(SandboxUnavailable, match="full isolation"):
        Sandbox()


def test_the_environment_selects_the_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NLOGN_ISOLATION", "light")
    with Sandbox() as sandbox:
        assert sandbox.isolation == "light"
    with pytest.raises(ValueError, match="isolation"):
        Sandbox(isolation="none")  # type: ignore[arg-type]


USE = """
    from nlogn.sandbox import *
    with Sandbox() as s:
        print(s.isolation, s.call(Program("import json, decimal\\ndef f(a): return a * 2", "f"),
              [(21,)])[0].value, s.run(Program("print(input())"), "x").stdout.strip())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no system interpreter")
def test_as_an_ordinary_user_with_the_system_interpreter(tmp_path_factory: object) -> None:
    version = subprocess.check_output(
        ["/usr/bin/python3", "-c", "import sys; print(sys.version_info >= (3, 11))"], text=True
    )
    if version.strip() != "True":
        pytest.skip("the system interpreter is too old")
    import pyseccomp

    folder = Path("/tmp") / f"nlogn test {os.getpid()}"
    try:
        shutil.copytree(Path(nlogn.__file__).parent, folder / "nlogn",
                        ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
        shutil.copy(pyseccomp.__file__, folder)
        subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
        process = outside(
            USE,
            python="/usr/bin/python3",
            user=65534,
            group=65534,
            extra_groups=[],
            cwd="/",
            env={"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        out, err = process.communicate(timeout=60)
        assert out == "full 42 x\n", err
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_from_a_virtual_environment_in_a_folder_with_spaces(tmp_path: Path) -> None:
    import pyseccomp

    home = tmp_path / "a folder with spaces" / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    paths = os.pathsep.join([SOURCE, str(Path(pyseccomp.__file__).parent)])
    process = outside(USE, python=str(home / "bin" / "python"), cwd=home,
                      env={**os.environ, "PYTHONPATH": paths})  # fmt: skip
    out, err = process.communicate(timeout=60)
    assert out.split() == [shared_sandbox().isolation, "42", "x"], err


def test_a_program_that_cannot_be_told_from_a_dead_one() -> None:
    """Stopping in the middle of a frame is the program's fault, whatever it wrote."""
    with Sandbox(1) as sandbox:
        half = Program("import os\ndef f():\n os.write(3, b'm\\x10\\0\\0\\0[')\n os._exit(0)", "f")
        assert sandbox.call(half, [()], Limits(1, 1))[0].status == "crashed"
