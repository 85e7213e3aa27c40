"""Several shapes of inputs: a shape that fits no class is not passed over, noise decides nothing,
and neither load nor a thread changes an answer."""

import random
from dataclasses import replace

import pytest

from nlogn.cases import SizedInputs
from nlogn.complexity import measure
from nlogn.complexity.fit import Fit, fit
from nlogn.complexity.growth import Growth, Point
from nlogn.complexity.shapes import Shape, memory_growth, worst
from nlogn.sandbox import Program, Sandbox

SIZES = [4, 5, 6, 7, 8, 11, 15, 23, 31, 47, 63, 95, 127, 255, 511, 1023]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


def _candidate(name, points):
    shape = Shape(SizedInputs(name, "lambda n, rng: n", "test"))
    shape.nominal = {n: n for n, _ in points}
    found = fit(points)
    spelled = found.name if found.name == "unknown" else f"O({found.name})"
    cost = tuple(Point(n, None, float(y), None, name) for n, y in points)
    return shape, found, Growth(spelled, found.confidence, found.runner_up, cost, "steps")


def _seems(candidate, name):
    """The candidate, had its noise made it look like another class."""
    shape, _, growth = candidate
    return shape, Fit(name, 0.3, "n^2", 0.1), replace(growth, big_o=f"O({name})")


def _scattered(curve, spread, seed):
    noise = random.Random(seed)
    return [(n, max(1, round(curve(n) * noise.uniform(1 / spread, spread)))) for n in SIZES]


def test_a_costly_shape_of_no_class_makes_the_answer_unknown():
    cheap = _candidate("cheap", [(n, 3 * n) for n in SIZES])
    noise = random.Random(1)
    wild = _candidate("wild", [(n, 9 * n * 10 ** noise.uniform(0, 4)) for n in SIZES])
    assert wild[1].name == "unknown"
    found = worst([cheap, wild])
    assert found.big_o == "unknown"
    assert (found.runner_up, found.note.split()[0]) == ("O(n)", "wild")
    dear = _candidate("dear", [(n, 10**6 * n) for n in SIZES])
    assert worst([dear, wild]).big_o == "O(n)"


def test_noise_does_not_outrank_a_clear_shape():
    clear = _candidate("clear", [(n, 20 * n * n) for n in SIZES])
    noisy = _seems(_candidate("noisy", _scattered(lambda n: n * n, 1.3, 5)), "n^2 log n")
    assert worst([clear, noisy]).big_o == "O(n^2)"
    # It costs far more than the clear one: then it may be what it seems.
    dear = _seems(_candidate("dear", _scattered(lambda n: 99 * n * n, 1.3, 5)), "n^2 log n")
    assert worst([clear, dear]).big_o == "O(n^2 log n)"


def test_memory_runs_that_were_cut_off_name_no_class():
    shape = Shape(SizedInputs("given", "lambda n, rng: n", "test"))
    shape.nominal = {n: n for n in SIZES}
    shape.peaks = {(n, None): 8 * n for n in SIZES}
    assert memory_growth(shape)[1].big_o == "O(n)"
    shape.cut_off = True
    assert memory_growth(shape)[1].big_o == "unknown"


def test_a_plateau_at_small_sizes_does_not_hide_the_worst_shape(sandbox):
    code = (
        "def f(xs):\n    c = 0\n    for x in xs[1:-6] if xs and xs[0] == 7 else []:\n"
        "        for y in xs[:-7]:\n            c += x < y\n    return c + sum(xs)\n"
    )
    shapes = [SizedInputs("random", "lambda n, rng: ([1] * n,)", "test"),
              SizedInputs("sevens", "lambda n, rng: ([7] * n,)", "test")]  # fmt: skip
    found = measure(Program(code, "f"), shapes, sandbox=sandbox, memory=False)
    assert found.time.big_o == "O(n^2)", found.time


THREADED = """
import sys, threading
def main():
    xs = [int(x) for x in sys.stdin.read().split()]
    print(sum(x < y for x in xs for y in xs))
threading.stack_size(1 << 26)
thread = threading.Thread(target=main)
thread.start()
"""
NUMBERS = "lambda n, rng: ' '.join(str(rng.randrange(99)) for _ in range(n))"


def test_the_work_of_a_thread_counts_even_when_nobody_waits_for_it(sandbox):
    for code in (THREADED, THREADED + "thread.join()\n"):
        found = measure(Program(code), NUMBERS, sandbox=sandbox, memory=False)
        assert (found.status, found.time.big_o) == ("ok", "O(n^2)"), found


def test_what_a_thread_raises_is_the_programs_failure(sandbox):
    code = THREADED.replace("print(", "print(xs[10**9], ")
    found = measure(Program(code), NUMBERS, sandbox=sandbox, memory=False)
    assert found.status == "exception"
    assert "IndexError" in (found.error or "")


XS = "lambda n, rng: ([rng.randrange(1, 9) for _ in range(n)],)"
BIG = [
    ("shift", "r = 1\n    for x in xs: r = r << 6\n    return r", "O(n^2)"),
    ("small and big", "r = 0\n    for x in xs: r = x + r * 10\n    return r", "O(n^2)"),
    ("factorial", "r = 1\n    for i in range(1, len(xs)): r *= i\n    return r", "O(n^2 log n)"),
    ("subset sums", "m = 1\n    for x in xs: m |= m << len(xs)\n    return m", "O(n^3)"),
    ("a word", "r = 0\n    for x in xs: r = (r * 31 + x) % (1 << 200)\n    return r", "O(n)"),
]


@pytest.mark.parametrize(("name", "body", "time"), BIG, ids=[b[0] for b in BIG])
def test_big_integers_bend_no_curve(sandbox, name, body, time):
    found = measure(Program(f"def f(xs):\n    {body}\n", "f"), XS, sandbox=sandbox, memory=False)
    assert found.time.big_o == time, found.time


def test_memory_of_a_slow_program_is_measured_beyond_its_counted_sizes(sandbox):
    code = (
        "def f(xs):\n    out = []\n    for x in xs:\n        c = 0\n"
        "        for y in xs:\n            for z in xs:\n                c += y < z\n"
        "        out.append(c)\n    return out\n"
    )
    found = measure(Program(code, "f"), XS, sandbox=sandbox)
    assert found.time.big_o == "O(n^3)"
    assert max(p.n for p in found.memory.points) > max(p.n for p in found.time.points)
    assert found.memory.big_o in ("O(n)", "unknown")


def test_memory_is_the_same_to_the_byte_on_every_run(sandbox):
    code = (
        "def f(xs):\n    seen, total = {}, 0\n    for i, x in enumerate(xs):\n"
        "        total += x * x * i\n        seen[x] = (total, i)\n"
        "    return sorted(seen.items())\n"
    )
    inputs = "lambda n, rng: ([rng.randrange(10 * n) for _ in range(n)],)"
    runs = []
    for _ in (1, 2):
        with Sandbox(1) as fresh:
            found = measure(Program(code, "f"), inputs, sandbox=fresh)
        runs.append([(p.n, p.cost) for p in found.memory.points])
    assert runs[0] == runs[1]
