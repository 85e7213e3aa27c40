"""The fit names the class that made the points, through lower terms, shifts and noise."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlogn.complexity.fit import fit
from nlogn.complexity.fit2 import fit_two
from nlogn.complexity.fit_bytes import fit_bytes

LADDER = [4, 5, 6, 7, 8, 11, 15, 23, 31, 47, 63, 95, 127, 255, 511, 1023, 2047, 4095, 8191, 16383]
CURVES = {
    "1": (lambda n: 7.0, 16383),
    "log n": (lambda n: 3 * math.log2(n + 1), 16383),
    "sqrt n": (lambda n: 5 * math.sqrt(n), 16383),
    "n": (lambda n: 3.0 * n, 16383),
    "n log n": (lambda n: n * math.log2(n), 16383),
    "n^2": (lambda n: n * n / 2, 511),
    "n^2 log n": (lambda n: n * n * math.log2(n) / 3, 255),
    "n^3": (lambda n: n**3 / 6.0, 95),
    "n^4": (lambda n: n**4 / 24.0, 47),
}


@pytest.mark.parametrize("name", CURVES)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(constant=st.integers(1, 30), seed=st.integers(0, 9))
def test_class_is_found(name, constant, seed):
    curve, top = CURVES[name]
    noise = random.Random(seed)
    points = [
        (n, max(1, round((curve(n) + constant) * noise.uniform(0.998, 1.002))))
        for n in LADDER if n <= top
    ]  # fmt: skip
    if name == "log n" and constant > 10:
        return  # a logarithm under a big constant, rounded to whole steps, may be anyone's
    assert fit(points).name == name


@pytest.mark.parametrize(
    ("curve", "name"),
    [
        (lambda n: n * (n - 1) // 2 + n, "n^2"),
        (lambda n: n * (n - 1) * (n - 2) // 6 + 5 * n, "n^3"),
        (lambda n: 40 * n + n * math.log2(n), "n log n"),
        (lambda n: n * math.log2(n / 3) if n > 4 else n, "n log n"),
    ],
)
def test_lower_terms_do_not_mislead(curve, name):
    top = {"n^2": 511, "n^3": 95}.get(name, 16383)
    assert fit([(n, curve(n)) for n in LADDER if n <= top]).name == name


@pytest.mark.parametrize(
    ("base", "name"), [(1.4, "2^n"), (1.618, "2^n"), (2, "2^n"), (3, "2^n"), (None, "n!")]
)
def test_exponentials_and_factorials(base, name):
    points = []
    for n in range(1, 60):
        cost = math.factorial(n) if base is None else round(4 * base**n)
        if cost > 200_000:
            break
        points.append((n, cost))
    assert fit(points).name == name


def test_too_few_points_or_no_shape_is_unknown():
    assert fit([(1, 1), (2, 2), (3, 3)]).name == "unknown"
    noise = random.Random(1)
    assert fit([(n, 10 ** noise.uniform(0, 5)) for n in LADDER]).name == "unknown"


def test_bytes_see_through_small_integers_and_tables():
    indices = [(n, 64 + 8 * n + 32 * max(0, n - 256)) for n in LADDER]
    assert fit_bytes(indices).name == "n"
    table = [(n, 216 + 16 * 4 ** math.ceil(math.log(max(n, 4) / 4.8, 4) + 1)) for n in LADDER]
    assert fit_bytes(table).name == "n"
    assert fit_bytes([(n, 272 + (n > 300) * 32) for n in LADDER]).name == "1"


TWO = {
    "n": lambda n, m: 3 * n + 2,
    "n+m": lambda n, m: 2 * n + 5 * m + 1,
    "n*m": lambda n, m: n * m + n + 3,
    "n log m": lambda n, m: n * math.log2(m + 1) + n,
    "n log n+m": lambda n, m: n * math.log2(n) + 3 * m,
    "(n+m) log(n+m)": lambda n, m: (n + m) * math.log2(n + m),
    "n^2*m": lambda n, m: n * n * m / 2 + n,
}


@pytest.mark.parametrize("name", TWO)
def test_two_sizes(name):
    sizes = [2, 4, 8, 16, 32, 64, 128, 256]
    points = [(n, m, round(TWO[name](n, m))) for n in sizes for m in sizes]
    assert fit_two(points).name == name
