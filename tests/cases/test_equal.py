import collections
import decimal
import math
from fractions import Fraction

import pytest

from nlogn.cases import same
from nlogn.values import Instance

NAN = float("nan")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0), (0.0, -0.0), (NAN, NAN), ([NAN, (1,)], [NAN, (1,)]), ({1: NAN}, {1.0: NAN}),
        ({NAN: 1}, {float("nan"): 1}), ({1, 2}, {2, 1}), ({1}, frozenset({1})), (1, 1 + 0j),
        (Instance("P", {"x": 1}), Instance("P", {"x": 1.0})), (None, None),
        (collections.deque([1]), collections.deque([1])), ({"a": [1]}, {"a": [1.0]}),
        (10**400, 10**400), (True, 1), (Fraction(4, 2), 2),
        (decimal.Decimal("2.50"), 2.5), (decimal.Decimal("NaN"), decimal.Decimal("NaN")),
        ([Fraction(1, 2)], [0.5]), ([False], [0]), ({1: "a"}, {True: "a"}),
    ],
)  # fmt: skip
def test_same(a: object, b: object) -> None:
    assert same(a, b) and same(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1], (1,)), (True, 2), (False, None), ([True], [0]), ({1: "a"}, {True: "b"}), (1, "1"),
        ("a", b"a"), ([1, 2], [2, 1]), (None, 0), (None, []), ({}, set()), (0.1 + 0.2, 0.3),
        (Instance("P", {"x": 1}), Instance("Q", {"x": 1})), (NAN, 1.0), (math.inf, -math.inf),
        ({1: 2}, {1: 2, 3: 4}), (10**400, 1.5), ({1, 2}, {1, 3}), ([1], [1, 1]),
        (decimal.Decimal("sNaN"), decimal.Decimal(1)), (Fraction(1, 2), "1/2"),
        (Fraction(1, 3), 1 / 3), (decimal.Decimal("sNaN"), 1), (collections.deque([1]), [1]),
    ],
)  # fmt: skip
def test_not_same(a: object, b: object) -> None:
    assert not same(a, b) and not same(b, a)


def test_tolerance_is_relative_or_absolute() -> None:
    assert same(1e9, 1e9 + 1, tolerance=1e-6)
    assert same(0.0, 1e-7, tolerance=1e-6)
    assert same([{"k": 0.1 + 0.2}], [{"k": 0.3}], tolerance=1e-9)
    assert same({0.1 + 0.2}, {0.3}, tolerance=1e-9)
    assert not same(1.0, 1.1, tolerance=1e-6)
    assert not same(1, 2, tolerance=10)  # whole numbers are exact
    assert not same(math.inf, 1e308, tolerance=0.5)


def test_deep_values() -> None:
    a: list[object] = []
    b: list[object] = []
    for _ in range(5000):
        a, b = [a], [b]
    assert same(a[0], a[0])
    value = [[[1]]]
    assert same(value, [[[1]]])
