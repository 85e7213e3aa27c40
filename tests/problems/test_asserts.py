"""Assert statements as cases."""

import ast

import pytest

from nlogn.problems import Parameter, Signature
from nlogn.problems.asserts import read_asserts
from nlogn.problems.json_inputs import places, restore

F = Signature("f", (Parameter("x"), Parameter("y")))


def read(source, names=("f",), helpers=""):
    return read_asserts(ast.parse(source).body, names, F, helpers)


@pytest.mark.parametrize(
    ("source", "args", "expected"),
    [
        ("assert f(1, 2) == 3", (1, 2), 3),
        ("assert 3 == f(1, 2)", (1, 2), 3),
        ("assert f(1, y=2) == 3, 'message'", (1, 2), 3),
        ("assert f([], set()) is None", ([], set()), None),
        ("a = {'x': 1, 'y': [2]}\nassert f(**a) == 3", (1, [2]), 3),
        ("n = [4]\nassert f(copy.deepcopy(n), 0) == n", ([4], 0), [4]),
        ("assert f(-1, float('inf')) == (1,)", (-1, float("inf")), (1,)),
    ],
)
def test_equalities_are_cases(source, args, expected):
    cases, checker, tolerance = read(source).judged_as()
    assert [(c.args, c.expected, c.has_expected) for c in cases] == [(args, expected, True)]
    assert checker is None and tolerance == 0


@pytest.mark.parametrize(
    ("source", "tolerance"),
    [
        ("assert abs(f(1, 2) - 0.5) < 1e-6", 1e-6),
        ("import math\nassert math.fabs(f(1, 2) - 0.5) <= 0.01", 0.01),
        ("import math\nassert math.isclose(f(1, 2), 0.5, rel_tol=0.001)", 0.001),
        ("import math\nassert math.isclose(f(1, 2), 0.5)", 1e-9),
    ],
)
def test_closeness_is_a_tolerance(source, tolerance):
    cases, checker, found = read(source).judged_as()
    assert [(c.args, c.expected) for c in cases] == [((1, 2), 0.5)]
    assert checker is None and found == tolerance


def run(checker, *args):
    scope = {}
    exec(checker, scope)
    return scope["check"](*args)


def test_one_relation_for_all_becomes_a_checker():
    source = "assert set(f(1, 2)) == set([1, 2])\nassert set(f(3, 4)) == set((4,))"
    cases, checker, _ = read(source).judged_as()
    assert [c.expected for c in cases] == [[1, 2], (4,)]
    assert run(checker, (1, 2), [1, 2], [2, 1, 1])
    assert not run(checker, (1, 2), [1, 2], [2])


def test_truth_is_enough_where_only_truth_is_asserted():
    cases, checker, _ = read("assert f(1, 2)\nassert not f(2, 1)").judged_as()
    assert [c.expected for c in cases] == [True, False]
    assert run(checker, (1, 2), True, "match") and not run(checker, (2, 1), False, "match")


def test_other_relations_are_checked_case_by_case():
    cases, checker, _ = read("assert f(1, 2) == 3\nassert int(f(3, 4)) == 5").judged_as()
    assert checker is None
    assert [c.check for c in cases] == ["", "int(got) == 5"]
    assert [c.has_expected for c in cases] == [True, False]


def test_what_cannot_be_parted_from_the_program_is_a_script():
    tests = read("import random\nfor i in range(9):\n    assert f(i, i) == f(i, i + 1)\n")
    cases, _, _ = tests.judged_as()
    assert "for i in range(9)" in cases[0].script and cases[0].args is None


def test_a_property_asserted_of_random_inputs_judges_any_input():
    source = (
        "for _ in range(9):\n    a = rng()\n    b = 3\n"
        "    got_it = f(a, b)\n    assert g(a, got_it) < b\n"
    )
    tests = read(source, helpers="def g(a, x):\n    return abs(a - x)\n")
    assert run(tests.property, (10, 3), None, 12)
    assert not run(tests.property, (10, 3), None, 14)
    assert "for _ in range(9)" in tests.script


def test_assertions_about_nothing_are_left_out():
    assert read("assert True, 'easy'\nassert f(1, 2) == 3").judged_as()[0][0].expected == 3
    assert not read("assert True").script


def test_nothing_is_executed(tmp_path):
    marker = tmp_path / "ran"
    read(f"open({str(marker)!r}, 'w')\nassert f(open({str(marker)!r}, 'w'), 1) == 1")
    assert not marker.exists()


def test_json_inputs_get_their_containers_back():
    shapes = places([((1, (2, 3)), [(4, 5)], 1j, {"k": (1,)}, {6})])
    assert restore([[7, [8]], [[9, 9]], "2j", {"a": [3]}, [6, 7]], shapes) == (
        (7, (8,)), [(9, 9)], 2j, {"a": (3,)}, {6, 7},
    )  # fmt: skip
    assert restore([[1, [2]]], []) == ([1, [2]],)
