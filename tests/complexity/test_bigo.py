# ruff: noqa: E501 (tables of programs and classes)
"""The lattice: spelling, order, evaluation."""

import itertools
import math

import pytest

from nlogn.complexity import bigo

SPELLINGS = ["O(1)", "O(log n)", "O(sqrt n)", "O(n)", "O(n log n)", "O(n^2)", "O(n^2 log n)",
             "O(n^3)", "O(2^n)", "O(n!)", "O(n*m)", "O(n+m)", "O(n log m)"]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_fixed_spellings_come_back(spelling):
    assert str(bigo.parse(spelling)) == spelling


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("n log n", "O(n log n)"), ("O(N)", "O(n)"), ("1", "O(1)"), ("logn", "O(log n)"),
        ("n*logm", "O(n log m)"), ("n**2", "O(n^2)"), ("O(n·m)", "O(n*m)"), ("n²log n", "O(n^2 log n)"),
        ("O(n * 2^n)", "O(2^n)"), ("3^n", "O(2^n)"), ("n*n!", "O(n!)"), ("√n", "O(sqrt n)"),
        ("O(m + n)", "O(n+m)"), ("n^1.5", "O(n sqrt n)"), ("quadratic", "O(n^2)"), ("nlog(n)", "O(n log n)"),
        ("O((n+m) log(n+m))", "O((n+m) log(n+m))"), ("Θ(n log2(n))", "O(n log n)"),
    ],
)  # fmt: skip
def test_usual_variants_are_understood(text, spelling):
    assert str(bigo.parse(text)) == spelling


@pytest.mark.parametrize("text", ["unknown", "", "O(banana)", "n^n^n", "O(log"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="not a class of growth"):
        bigo.parse(text)


def test_one_size_is_totally_ordered_and_rank_agrees():
    for a, b in itertools.combinations(bigo.ONE_SIZE, 2):
        assert bigo.cheaper(a, b)
        assert not bigo.cheaper(b, a)
        assert bigo.rank(a) < bigo.rank(b)


def test_two_sizes_are_partly_ordered():
    n, m, both, product = (bigo.parse(t) for t in ("n", "m", "n+m", "n*m"))
    assert not bigo.cheaper(n, m)
    assert not bigo.cheaper(m, n)
    assert bigo.cheaper(n, both)
    assert bigo.cheaper(both, product)
    assert bigo.cheaper(bigo.parse("n log m"), product)


def test_values():
    assert bigo.evaluate(bigo.parse("n log n"), 8) == pytest.approx(24)
    assert bigo.evaluate(bigo.parse("n*m"), 10, 3) == pytest.approx(30)
    assert bigo.evaluate(bigo.parse("n!"), 5) == pytest.approx(120)
    assert bigo.evaluate(bigo.parse("2^n"), 5000) == math.inf
    assert all(bigo.evaluate(c, 1, 1) >= 0 for c in bigo.CLASSES)
