"""Inputs made once serve every program: the same points as with inputs made at each size."""

import marshal

import pytest

from nlogn.cases import SizedInputs
from nlogn.complexity import make_inputs, measure
from nlogn.sandbox import Program

LISTS = "lambda n, rng: ([rng.randrange(10**6) for _ in range(n)], 'k' * n)"
PAIRS = "lambda n, m, rng: ([0] * n, [1] * m)"
NODES = "lambda n, rng: (Node(n),)"
NUMBERS = "lambda n, rng: (n,)"


def sized(source):
    return SizedInputs("random", source, "given")


def points(growth):
    return [(p.n, p.m, p.cost) for p in growth.points]


@pytest.mark.parametrize(
    ("code", "source"),
    [
        ("def f(xs, k): return sorted(xs)", LISTS),
        ("def f(xs, k): return [a for a in xs for b in xs if a == b]", LISTS),
        ("def f(a, b): return [x + y for x in a for y in b]", PAIRS),
    ],
)
def test_the_points_are_the_same(sandbox, code, source):
    made = make_inputs(sized(source), sandbox, entry="f", seed=3)
    assert len(made.made) > 10
    plain = measure(Program(code, "f"), [sized(source)], sandbox=sandbox, seed=3)
    kept = measure(Program(code, "f"), [made], sandbox=sandbox, seed=3)
    assert points(kept.time) == points(plain.time)
    assert (kept.time.big_o, kept.memory.big_o) == (plain.time.big_o, plain.memory.big_o)


def test_kept_inputs_are_what_the_program_gets(sandbox):
    made = make_inputs(sized(LISTS), sandbox, entry="f")
    longer = {
        key: (ticks, work, marshal.dumps(([0] * key[1] ** 2, "")))
        for key, (ticks, work, _) in made.made.items()
        if key[1] < 128
    }
    code = "def f(xs, k):\n    for x in xs: pass"
    fake = SizedInputs("random", LISTS, "given", longer)
    plain = points(measure(Program(code, "f"), [sized(LISTS)], sandbox=sandbox).time)
    found = points(measure(Program(code, "f"), [fake], sandbox=sandbox).time)
    at = {n: cost for n, _, cost in found}
    assert at[63] > 40 * dict((n, c) for n, _, c in plain)[63]
    other = measure(Program(code, "f"), [fake], sandbox=sandbox, seed=1)  # another seed's: unused
    assert {n: c for n, _, c in points(other.time)}[63] < at[63] / 10


@pytest.mark.parametrize(
    "source", [NODES, NUMBERS, "lambda n, rng: 1 / 0", "lambda n, rng: (", "0"]
)
def test_what_cannot_be_kept_is_made_each_time(sandbox, source):
    assert make_inputs(sized(source), sandbox, entry="f").made == {}


def test_an_endless_generator_ends(sandbox):
    source = "lambda n, rng: ([0 for _ in iter(int, 1)],)"
    assert make_inputs(sized(source), sandbox, entry="f").made == {}
