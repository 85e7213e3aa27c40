# ruff: noqa: E501 (tables of programs and classes)
"""Measured growth, through the sandbox: classes, errors, doubt, determinism."""

import labelled
import pytest

from nlogn import jsonable
from nlogn.cases import SizedInputs
from nlogn.complexity import Complexity, complexity, count_steps, measure
from nlogn.sandbox import Program, Sandbox

INTS = labelled.INTS
QUICK = [
    "sum_formula", "power_rec", "bisect_range", "is_prime", "running_max", "kmp", "trie_build",
    "class_solution", "sort_key_lambda", "heap_sort_push", "dijkstra_sparse", "bound_pop0",
    "str_concat_loop", "transpose_zip", "sort_rows_grid", "matmul_zip", "fib_naive", "permute_rec",
    "pairs_equal", "set_intersection", "queries_bisect", "graph_components",
]  # fmt: skip


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


def _check(sandbox: Sandbox, row: labelled.Labelled) -> None:
    found = measure(Program(row.code, row.entry), row.inputs, sandbox=sandbox)
    assert found.status == "ok", found.error
    assert found.time.big_o == f"O({row.time})", found.time
    assert found.memory.big_o == f"O({row.memory})", found.memory


@pytest.mark.parametrize("row", [r for r in labelled.ALL if r.name in QUICK], ids=lambda r: r.name)
def test_labelled(sandbox, row):
    _check(sandbox, row)


@pytest.mark.slow
def test_all_labelled_time_classes(sandbox):
    wrong = []
    for row in labelled.ALL:
        found = measure(Program(row.code, row.entry), row.inputs, sandbox=sandbox, memory=False)
        if found.time.big_o != f"O({row.time})":
            wrong.append((row.name, row.time, found.time.big_o))
    assert len(wrong) <= len(labelled.ALL) // 50, wrong


def test_rerun_is_identical_to_the_bit(sandbox):
    for name in ("quick_sort_random", "union_find", "anagram_groups"):
        row = next(r for r in labelled.ALL if r.name == name)
        runs = [
            measure(Program(row.code, row.entry), row.inputs, sandbox=sandbox, memory=False)
            for _ in (1, 2)
        ]
        costs = [[(p.n, p.m, p.cost) for p in run.time.points] for run in runs]
        assert costs[0] == costs[1]
        assert runs[0].time.big_o == runs[1].time.big_o


def test_result_survives_json(sandbox):
    found = measure(Program("def f(xs):\n    return sum(xs)\n", "f"), INTS, sandbox=sandbox)
    assert jsonable.load(Complexity, jsonable.dump(found)) == found


@pytest.mark.parametrize(
    ("code", "inputs", "status", "says"),
    [
        ("def f(xs)\n    return 1\n", INTS, "invalid", "SyntaxError"),
        ("def g(xs):\n    return 1\n", INTS, "invalid", "no 'f'"),
        ("def f(xs):\n    return xs['a']\n", INTS, "exception", "n=1"),
        ("def f(xs):\n    while True:\n        pass\n", INTS, "step_limit", "too slow"),
        ("def f(xs):\n    while True:\n        try:\n            while True: pass\n"
         "        except BaseException: pass\n", INTS, "step_limit", "too slow"),
        ("def f(xs):\n    while True:\n        yield 1\n", INTS, "step_limit", "too slow"),
        ("import os\ndef f(xs):\n    os._exit(0)\n", INTS, "crashed", "exit"),
        ("def f(xs):\n    return 1\n", "lambda n rng: 5", "bad_inputs", "parse"),
        ("def f(xs):\n    return 1\n", "5", "bad_inputs", "not a function"),
        ("def f(xs):\n    return 1\n", "lambda n, rng: (1, 2, 3)", "bad_inputs", "3 argument"),
        ("def f(xs):\n    return 1\n", "lambda n, rng: nowhere", "bad_inputs", "nowhere"),
        ("def f(xs):\n    return 1\n", "lambda n, rng: [0 for _ in iter(int, 1)]", "bad_inputs", "never end"),
        ("def f(xs):\n    return 1\n", "lambda n, rng: list(itertools.count())", "bad_inputs", "never end"),
        ("def f(xs):\n    return 1\n", "lambda: 1", "bad_inputs", "no size"),
    ],
)  # fmt: skip
def test_faults_get_a_clear_sentence(sandbox, code, inputs, status, says):
    found = measure(Program(code, "f"), inputs, sandbox=sandbox)
    assert found.status == status
    assert says in (found.error or "")
    assert found.time.big_o == found.memory.big_o == "unknown"


def test_sizes_at_which_it_fails_are_left_out(sandbox):
    code = "def f(xs):\n    return xs[5] + sum(xs)\n"
    found = measure(Program(code, "f"), INTS, sandbox=sandbox)
    assert (found.status, found.time.big_o, found.memory.big_o) == ("ok", "O(n)", "O(1)")
    assert min(p.n for p in found.time.points) == 6


TAMPER = [
    # A regular expression that backtracks: the count knows nothing of it, the clock does.
    ("import re\ndef f(s):\n    return re.match('(a+)+$', s)\n", "lambda n, rng: ('a' * n + 'b',)"),
    ("import sys\ndef f(xs):\n    c = sum(1 for x in xs if -1 in xs)\n"
     "    for m in list(sys.modules.values()):\n        if hasattr(m, '_work_limit'):\n"
     "            m._work = 0\n    return c\n", INTS),
    ("import builtins, gc\ndef f(xs):\n    c = 0\n    for x in xs:\n        for y in xs:\n"
     "            c += x < y\n    t = getattr(builtins, '_nl_t', None)\n    if t:\n"
     "        for o in gc.get_referents(t.__self__):\n            for q in (o, *gc.get_referents(o)):\n"
     "                if type(q).__name__ == 'range_iterator':\n                    q.__setstate__(5)\n"
     "    return c\n", INTS),
]  # fmt: skip


@pytest.mark.parametrize(("code", "inputs"), TAMPER, ids=["backtracking", "work", "ticks"])
def test_hidden_or_forged_cost_buys_no_class(sandbox, code, inputs):
    found = measure(Program(code, "f"), inputs, sandbox=sandbox, memory=False, wall_s=4)
    assert found.time.big_o == "unknown"
    assert found.time.note.startswith("uncertain:")


def test_unknown_callables_are_flagged(sandbox):
    code = "import zlib\ndef f(xs):\n    return zlib.compress(bytes(x % 256 for x in xs))\n"
    found = measure(Program(code, "f"), INTS, sandbox=sandbox)
    assert found.time.big_o == "O(n)"
    assert found.time.flags == ("compress",)


def test_leak_is_found_with_its_line(sandbox):
    code = "KEPT = []\n\ndef f(xs):\n    KEPT.append(list(xs))\n    return sum(xs)\n"
    found = measure(Program(code, "f"), INTS, sandbox=sandbox)
    assert found.leak is not None
    assert found.leak.line == 4
    assert found.leak.bytes_per_call > 100
    kept = measure(Program(code.replace("KEPT.append(list(xs))", "pass"), "f"), INTS,
                   sandbox=sandbox)  # fmt: skip
    assert kept.leak is None


def test_the_worst_shape_counts(sandbox):
    code = "def f(xs):\n    if xs == sorted(xs):\n        return [x for x in xs for _ in xs]\n    return 0\n"
    shapes = [SizedInputs("random", INTS, "test"),
              SizedInputs("sorted", "lambda n, rng: (list(range(n)),)", "test")]  # fmt: skip
    found = measure(Program(code, "f"), shapes, sandbox=sandbox)
    assert found.time.big_o == found.memory.big_o == "O(n^2)"
    assert "sorted" in found.time.note


ROWS = "lambda n, rng: f'{n}\\n' + ' '.join(str(rng.randrange(99)) for _ in range(n)) + '\\n'"


@pytest.mark.parametrize(
    ("code", "time"),
    [
        ("n = int(input())\nprint(n * (n + 1) // 2)\n", "O(1)"),
        ("n, *xs = map(int, open(0).read().split())\nprint(sum(xs))\n", "O(n)"),
        (
            "import os, sys\nxs = os.read(sys.stdin.fileno(), 1 << 20).split()\n"
            "os.write(sys.stdout.fileno(), str(sum(map(int, xs))).encode())\n",
            "O(n)",
        ),
        (
            "import sys\ninput = sys.stdin.readline\nn = int(input())\nxs = input().split()\n"
            "print(sum(x < y for x in xs for y in xs))\nsys.exit(0)\n",
            "O(n^2)",
        ),
    ],
)
def test_whole_programs_read_stdin_however_they_like(sandbox, code, time):
    found = measure(Program(code), ROWS, sandbox=sandbox, memory=False)
    assert (found.status, found.time.big_o) == ("ok", time)


def test_complexity_takes_source_text(sandbox):
    found = complexity("def f(n):\n    return sum(range(n))\n", "f", inputs="lambda n, rng: n",
                       sandbox=sandbox, memory=False)  # fmt: skip
    assert found.time.big_o == "O(n)"


def test_counts_of_given_calls(sandbox):
    code = "def f(xs):\n    c = 0\n    for x in xs:\n        c += x\n    return c\n"
    calls = [([1] * 10,), ([1] * 100,), ("abc",)]
    first = count_steps(Program(code, "f"), calls, sandbox=sandbox)
    assert first == [11, 101, None]
    assert first == count_steps(Program(code, "f"), calls, sandbox=sandbox)
