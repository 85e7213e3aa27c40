"""Generators of a size: valid, deterministic, growing, and run on the programs they are for."""

import ast

import pytest

from nlogn.cases import SizedInputs, sized_inputs, validated_sized_inputs
from nlogn.cases.narrow import _that_run
from nlogn.sandbox import Limits, Program, Sandbox

from .programs import PROGRAMS, entry_of


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_shape_runs(name: str, sandbox: Sandbox) -> None:
    sizes, code = PROGRAMS[name]
    program = Program(code, entry_of(name))
    inputs = sized_inputs(program)
    assert inputs
    assert {s.sizes for s in inputs} == {sizes}
    assert _that_run(program, inputs, sandbox, 9) == inputs


_CALL = """
def call(source, n, m, seed):
    import random
    sizes = (n, m) if source.startswith("lambda n, m,") else (n,)
    return eval(source)(*sizes, random.Random(seed))
"""


def values(sandbox: Sandbox, source: str, *calls: tuple[int, int, int]) -> list[object]:
    outcomes = sandbox.call(Program(_CALL, "call"), [(source, *c) for c in calls], Limits())
    assert all(o.status == "ok" for o in outcomes), outcomes
    return [o.value for o in outcomes]


def made(sandbox: Sandbox, code: str, shape: str, n: int, m: int = 5) -> object:
    source = next(s.source for s in sized_inputs(Program(code, "f")) if s.shape == shape)
    return values(sandbox, source, (n, m, 0))[0]


def test_the_same_for_the_same_seed_and_another_for_another(sandbox: Sandbox) -> None:
    (source, *_) = [s.source for s in sized_inputs(Program(PROGRAMS["two_sum"][1], "f"))]
    a, b, c = values(sandbox, source, (50, 0, 1), (50, 0, 1), (50, 0, 2))
    assert a == b != c


def test_a_searched_list_is_sorted_and_the_target_absent(sandbox: Sandbox) -> None:
    code = PROGRAMS["binary_search"][1]
    for shape in ("random", "sorted"):
        xs, target = made(sandbox, code, shape, 30)  # type: ignore[misc]
        assert len(xs) == 30 and xs == sorted(xs)
        assert target not in xs or shape == "random"


def test_edges_lie_among_the_nodes(sandbox: Sandbox) -> None:
    for shape in ("random", "sorted", "reversed", "adversarial"):
        n, edges = made(sandbox, PROGRAMS["union_find"][1], shape, 12, 40)  # type: ignore[misc]
        assert n == 12 and len(edges) == 40
        assert all(0 <= u < 12 and 0 <= v < 12 for u, v in edges)


def test_a_counted_list_is_as_long_as_the_count(sandbox: Sandbox) -> None:
    n, a = made(sandbox, PROGRAMS["n_and_list"][1], "random", 17)  # type: ignore[misc]
    assert n == len(a) == 17


def test_one_parameter_of_each_kind_grows_with_n(sandbox: Sandbox) -> None:
    code = "def f(a: list[int], s: str, d: dict[str, int], t: tuple[int, ...]): ..."
    inputs = sized_inputs(Program(code, "f"))
    assert inputs[0].sizes == 2
    a, s, d, t = values(sandbox, inputs[0].source, (31, 7, 0))[0]  # type: ignore[misc]
    assert (len(a), len(s), len(d), len(t)) == (31, 7, 7, 7)


def test_readings_that_raise_are_replaced(sandbox: Sandbox) -> None:
    # Looks like a list of anything; only strings work.
    code = (
        "def f(zz):\n    out = 0\n    for q in zz:\n        out += len(q + 'x')\n    return out\n"
    )
    program = Program(code, "f")
    inputs = validated_sized_inputs(program, sandbox)
    assert inputs and _that_run(program, inputs, sandbox, 9) == inputs


def test_sources_are_single_expressions() -> None:
    for _, code in PROGRAMS.values():
        entry = "Solution.f" if "class Solution" in code else "f"
        for one in sized_inputs(Program(code, entry)):
            assert isinstance(one, SizedInputs)
            assert isinstance(ast.parse(one.source, mode="eval").body, ast.Lambda)
