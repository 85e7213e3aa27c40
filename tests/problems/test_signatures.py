import pytest

from nlogn.problems import bank, bank_problem
from nlogn.problems.signatures import annotated, parse_signature

SIGNATURE = parse_signature("def f(a: list[int], b: str | None) -> bool:")


@pytest.mark.parametrize(
    ("code", "header"),
    [
        ("def f(x, y):\n    return x", "def f(x: list[int], y: str | None) -> bool:"),
        ("def f(x: tuple, y):\n    return x", "def f(x: tuple, y: str | None) -> bool:"),
        (
            "import os\ndef f(x, y) -> int:\n    return x",
            "def f(x: list[int], y: str | None) -> int:",
        ),
    ],
)
def test_missing_types_are_taken_from_the_signature(code, header):
    assert header in annotated(code, SIGNATURE)


@pytest.mark.parametrize("code", ["def g(x): pass", "def f(: pass", "def f(x): pass", "f = len"])
def test_code_without_that_entry_stays(code):
    assert annotated(code, SIGNATURE) == code


def test_methods_keep_their_self():
    signature = parse_signature("class S:\n    def f(self, a: int) -> int:")
    code = annotated("class S:\n    def f(self, x):\n        return x", signature)
    assert "def f(self, x: int) -> int:" in code


def test_every_reference_of_the_bank_gets_the_declared_types():
    for problem in bank():
        code = annotated(problem.reference.code, problem.signature)
        entry = parse_signature(str(problem.signature))
        found = [p.annotation for p in parse_from(code, entry.entry).parameters]
        assert found == [p.annotation for p in entry.parameters], problem.name


def parse_from(code, entry):
    from nlogn.problems.signatures import declared, of_function
    from nlogn.problems.syntax import parse

    return of_function(entry, declared(parse(code))[entry])


def test_exposing_inputs_are_cases_for_the_reference():
    cases = bank_problem("two_sum").exposing
    assert cases[0].args == ([3, 5], 6)
    assert not any(c.has_expected for c in cases)
