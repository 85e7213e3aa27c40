"""Stdin texts for whole programs, from how they read."""

import gzip
import json
import runpy
from pathlib import Path

import pytest

from nlogn.cases import sized_inputs, validated_sized_inputs
from nlogn.cases.stdin import texts
from nlogn.sandbox import Limits, Program, Sandbox

READERS = {
    "number": "n = int(input())\nprint(sum(range(n)))",
    "list": "n = int(input())\na = list(map(int, input().split()))\nassert len(a) == n\n"
    "print(max(a))",
    "two lists": "n, m = map(int, input().split())\na = [int(x) for x in input().split()]\n"
    "b = [int(x) for x in input().split()]\nprint(sum(a[i] for i in range(n)) + "
    "sum(b[j] for j in range(m)))",
    "helpers": "import sys\ndef ri(): return int(sys.stdin.readline())\n"
    "def ria(): return list(map(int, sys.stdin.readline().split()))\n"
    "n = ri()\na = ria()\nprint(a[n - 1])",
    "tests": "for _ in range(int(input())):\n    n, k = map(int, input().split())\n"
    "    s = input()\n    print(s[n - 1], k)",
    "edges": "n, m = map(int, input().split())\ng = [[] for _ in range(n)]\nfor _ in range(m):\n"
    "    u, v = map(int, input().split())\n    g[u - 1].append(v - 1)\nprint(g)",
    "grid": "n, m = map(int, input().split())\ng = [input() for _ in range(n)]\n"
    "print(sum(g[i][j] == '#' for i in range(n) for j in range(m)))",
    "all tokens": "import sys\ndata = sys.stdin.read().split()\nn = int(data[0])\n"
    "a = list(map(int, data[1:n + 1]))\nassert len(a) == n\nprint(sum(a))",
    "iterator": "import sys\nit = iter(sys.stdin.read().split())\nn = int(next(it))\n"
    "a = [int(next(it)) for _ in range(n)]\nprint(a)",
    "starred": "n, *a = map(int, open(0).read().split())\nassert len(a) == n\nprint(a)",
    "fast io": "import io, os\ninput = io.BytesIO(os.read(0, 10**6)).readline\n"
    "n = int(input())\na = list(map(int, input().split()))\nprint(sum(a[:n]))",
    "main": "def solve():\n    a, b = input().split()\n    print(a + b)\n"
    "if __name__ == '__main__':\n    solve()",
    "lines": "import sys\nfor line in sys.stdin:\n    print(line.strip())",
    "words": "d = {'red': 1, 'blue': 2}\nn = int(input())\n"
    "print(sum(d[input()] for _ in range(n)))",
    "floats": "n = int(input())\np = [list(map(float, input().split())) for _ in range(n)]\n"
    "print(p[n - 1][n - 1])",
    "while": "t = int(input())\nwhile t:\n    n = int(input())\n    print(sum(range(n)))\n"
    "    t -= 1",
    "nothing": "print(42)",
}


@pytest.mark.parametrize("name", READERS)
def test_a_program_runs_on_its_inferred_input(name: str, sandbox: Sandbox) -> None:
    program = Program(READERS[name])
    inputs = validated_sized_inputs(program, sandbox)
    assert inputs
    for n in (7, 40):
        for text in texts(inputs, sandbox, n, n - 2):
            assert text is not None
            outcome = sandbox.run(program, text, Limits(wall_s=5))
            assert outcome.status == "ok", (text[:200], outcome.error)


def test_the_text_grows_with_n(sandbox: Sandbox) -> None:
    (first, *_) = sized_inputs(Program(READERS["list"]))
    (small,) = texts([first], sandbox, 10, 0)
    (large,) = texts([first], sandbox, 1000, 0)
    assert small is not None and large is not None
    assert small.split()[0] == "10" and len(large.split()) == 1001


@pytest.mark.slow
def test_most_contest_programs_run(sandbox: Sandbox, data: Path) -> None:
    """At least nine in ten of CodeComplex's Python programs end without an exception."""
    path = Path(__file__).parents[2] / "benchmarks" / "cases_stdin.py"
    module = runpy.run_path(str(path))
    python_programs, runs = module["python_programs"], module["runs"]
    with gzip.open(data / "complexity" / "codecomplex.jsonl.gz") as file:
        programs = python_programs([json.loads(line) for line in file])
    good = sum(runs(code, sandbox) for code, _ in programs)
    assert good >= 0.9 * len(programs)
