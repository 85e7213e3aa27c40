"""Every contract type serialises to JSON and comes back equal."""

import json
from typing import Any

import pytest

from nlogn.complexity.growth import Growth, Leak, Point
from nlogn.jsonable import dump, load
from nlogn.judge.verdict import CaseReport, FailingCase, Verdict, unmeasured
from nlogn.problems.problem import (
    Case,
    Parameter,
    Problem,
    Signature,
    Solution,
    WrongSolution,
)

GROWTH = Growth(
    "O(n log n)", 0.93, "O(n)", (Point(8, None, 24.0, None, "random"),), "steps", flags=("json",)
)
FAILING = FailingCase(
    ((1, 2), {3}, None), None, {"a": (1,)}, True, [10**40, b"x"], "", "wrong_answer", True
)
CONTRACTS: list[Any] = [
    Case(args=(1, (2,), {3}), expected={(1, 2): "x"}),
    Problem(
        name="p",
        statement="s",
        signature=Signature("f", (Parameter("xs", "list[int]"),), "int"),
        examples=(Case(args=([1],), expected=1),),
        generators={"random": "lambda n, rng: ([0] * n,)"},
        solutions=(Solution("a", "code", "O(n)", "O(1)"),),
        wrong=(WrongSolution("b", "code", "why", ((),)),),
    ),
    GROWTH,
    Verdict(
        status="wrong_answer",
        message="m",
        cases=CaseReport(3, 1, FAILING, "reference"),
        time=GROWTH,
        memory=unmeasured("bytes", "why"),
        leak=Leak(3, 64.0),
        versions={"python": "3"},
    ),
]


@pytest.mark.parametrize("value", CONTRACTS, ids=lambda value: type(value).__name__)
def test_contract_comes_back_equal(value: Any) -> None:
    assert load(type(value), json.loads(json.dumps(dump(value)))) == value
