"""C++ and JavaScript programs: the same statuses, the same walls."""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from nlogn.sandbox import Limits, Program, Sandbox

LIMITS = Limits(wall_s=30.0, cpu_s=15.0, memory_bytes=256 << 20)


def limits(status: str) -> Limits:
    return replace(LIMITS, cpu_s=0.5) if status == "cpu_limit" else LIMITS


@pytest.fixture(params=["full", pytest.param("light", marks=pytest.mark.slow)])
def sandbox(request: pytest.FixtureRequest, sandbox_of: Callable[[str], Sandbox]) -> Sandbox:
    return sandbox_of(request.param)


needs_cpp = pytest.mark.skipif(not shutil.which("g++"), reason="g++ is not installed")
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")


@needs_cpp
def test_cpp_is_compiled_once_and_run_many_times(sandbox: Sandbox) -> None:
    code = (
        "#include <iostream>\nint main(){long long a,b;while(std::cin>>a>>b)std::cout<<a*b<<'\\n';}"
    )
    program = Program(code, None, "cpp")
    outcomes = sandbox.run_many(program, ["2 3", "4 5\n6 7", ""], LIMITS)
    assert [(o.status, o.stdout) for o in outcomes] == [
        ("ok", "6\n"), ("ok", "20\n42\n"), ("ok", "")]  # fmt: skip
    began = time.monotonic()
    assert sandbox.run(program, "1 1", LIMITS).stdout == "1\n"
    assert time.monotonic() - began < 0.3  # not compiled again


@needs_cpp
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("return 3;", "exception"),
        ("volatile int x = 0; while (1) x++;", "cpu_limit"),
        ("*(volatile int*)0 = 1;", "crashed"),
        ("while (1) { volatile char* p = new char[1 << 20]; for (int i = 0; i < 1 << 20; i += 4096)"
         " p[i] = 1; }", "memory_limit"),
        ("while (1) puts(\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\");", "output_limit"),
        ("socket(2, 1, 0);", "forbidden"),
        ("while (fork() >= 0);", "ok"),
        ("execl(\"/bin/sh\", \"sh\", \"-c\", \"echo PWNED\", (char*)0);", "ok"),
        ("puts(fopen(\"/etc/passwd\", \"r\") ? \"PWNED\" : \"\");", "ok"),
        ("for (int i = 3; i < 99; i++) write(i, \"s\\5\\0\\0\\0{}   \", 10);", "ok"),
        ("if (syscall(56, 0x10000000 | 17, 0, 0, 0, 0) > 0) puts(\"PWNED\");", "ok"),
    ],
)  # fmt: skip
def test_cpp_limits_and_walls(sandbox: Sandbox, body: str, status: str) -> None:
    headers = ("cstdio", "unistd.h", "sys/socket.h", "sys/syscall.h")
    head = "".join(f"#include <{h}>\n" for h in headers)
    program = Program(head + "int main(){" + body + "}", None, "cpp")
    outcome = sandbox.run(program, "", limits(status))
    assert outcome.status == status, outcome
    assert "PWNED" not in outcome.stdout


@needs_cpp
def test_cpp_that_does_not_compile(sandbox: Sandbox) -> None:
    outcome = sandbox.run(Program("int main(){\n  undefined_thing();\n}", None, "cpp"))
    assert outcome.status == "invalid" and outcome.error is not None
    assert "undefined_thing" in outcome.error.message and outcome.error.line == 2
    leak = sandbox.run(Program('#include "/etc/passwd"\nint main(){}', None, "cpp"))
    assert leak.status == "invalid" and "root:" not in repr(leak)
    leak = sandbox.run(Program('__asm__(".incbin \\"/etc/passwd\\"");int main(){}', None, "cpp"))
    assert leak.status == "invalid" and "root:" not in repr(leak)


@needs_node
@pytest.mark.parametrize(
    ("code", "status", "stdout"),
    [
        ("console.log(require('fs').readFileSync(0, 'utf8').length)", "ok", "4\n"),
        ("console.log(require('fs').readFileSync('/dev/stdin', 'utf8').length)", "ok", "4\n"),
        (
            "require('readline').createInterface({input: process.stdin})"
            ".on('line', l => console.log('>' + l))",
            "ok",
            ">1 2\n",
        ),
        ("import fs from 'fs'\nconsole.log(fs.readFileSync(0).length)", "ok", "4\n"),
        ("throw new Error('x')", "exception", ""),
        ("process.exit(3)", "exception", ""),
        ("let a = (", "invalid", ""),
        ("while (true);", "cpu_limit", ""),
        ("let a = []; while (true) a.push(new Array(1000).fill(1.5))", "memory_limit", ""),
        ("require('net').connect(80, '127.0.0.1')", "forbidden", ""),
        ("require('child_process').execSync('ls')", "exception", ""),
        ("require('fs').readFileSync('/etc/passwd')", "exception", ""),
    ],
)
def test_javascript(sandbox: Sandbox, code: str, status: str, stdout: str) -> None:
    outcome = sandbox.run(Program(code, None, "javascript"), "1 2\n", limits(status))
    assert (outcome.status, outcome.stdout) == (status, stdout), outcome


def test_unknown_language(sandbox: Sandbox) -> None:
    outcome = sandbox.run(Program("x", None, "cobol"))
    assert outcome.status == "system_error" and outcome.error is not None
    assert "cobol" in outcome.error.message


def test_exit_and_quit_end_a_whole_program(sandbox: Sandbox) -> None:
    for word in ("exit()", "quit()", "exit(0)"):
        outcome = sandbox.run(Program(f"print('before')\n{word}\nprint('after')\n"))
        assert (outcome.status, outcome.stdout) == ("ok", "before\n")
