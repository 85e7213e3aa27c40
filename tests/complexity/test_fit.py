"""The fit names the class that made the points, through lower terms, shifts and noise."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlogn.complexity.fit import fit
from nlogn.complexity.fit2 import fit_two
from nlogn.complexity.fit_bytes import BYTES_OFFSET, fit_bytes

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


@pytest.mark.parametrize(
    ("curve", "top", "name"),
    [
        (lambda n: 12 if n <= 7 else 5 * n * n, 255, "n^2"),  # a plateau first
        (lambda n: 40 if n <= 15 else 40 + 5 * (n - 15) ** 2, 255, "n^2"),
        (lambda n: max(3 * n * n - 40 * n, 20), 255, "n^2"),  # negative lower terms
        (lambda n: n * max(n - 20, 0) + 3 * n, 255, "n^2"),
        (lambda n: n * n * max(n - 6, 0) / 2 + 3 * n, 63, "n^3"),
        (lambda n: n * n * math.log2(n + 1), 255, "n^2 log n"),  # which these are not
        (lambda n: n * (n - 1) / 2 * math.log2(n + 1) + 5 * n, 255, "n^2 log n"),
    ],
)
def test_small_sizes_and_negative_terms_make_no_higher_class(curve, top, name):
    assert fit([(n, max(1, round(curve(n)))) for n in LADDER if n <= top]).name == name


@pytest.mark.parametrize("seed", range(5))
def test_one_noisy_last_size_is_no_exponential(seed):
    noise = random.Random(seed)
    sizes = [1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 23, 31, 47, 55, 59]
    points = [(n, 0.36 * n**3 * noise.uniform(0.9, 1.1) * (1 + (n == 59))) for n in sizes]
    assert fit([(n, max(y, 1.0)) for n, y in points]).name not in ("2^n", "n!")


def test_bytes_see_through_small_integers_and_tables():
    indices = [(n, 64 + 8 * n + 32 * max(0, n - 256)) for n in LADDER]
    assert fit_bytes(indices).name == "n"
    table = [(n, 216 + 16 * 4 ** math.ceil(math.log(max(n, 4) / 4.8, 4) + 1)) for n in LADDER]
    assert fit_bytes(table).name == "n"
    assert fit_bytes([(n, 272 + (n > 300) * 32) for n in LADDER]).name == "1"


MEMORY = [4, 6, 8, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095]


@pytest.mark.parametrize(
    ("costs", "name"),
    [
        # A little growth that ends; one late step of a table; a container with a bound.
        ([736, 736, 736, 736, 744, 780, 816, 820, 908, 912, 912, 880], "1"),
        ([392, 392, 392, 392, 392, 392, 392, 476, 564, 568, 536, 536], "1"),
        ([4148, 4148, 4149, 4149, 4150, 4150, 4150, 4151, 4152, 4152, 5640, 5640], "1"),
        ([928, 1280, 1280, 1912, 3208, 5768, 10560, 14008, 14008, 14008, 14008, 14008], "1"),
        # A frame, or an integer, at each doubling goes on.
        ([488 + 180 * n.bit_length() for n in MEMORY], "log n"),
        ([100 + 40 * n.bit_length() for n in MEMORY], "log n"),
        # Ranks that leave the small integers between n = 256 and 512.
        ([64 + 8 * n + 24 * max(0, n - 256) + 40 * max(0, n - 512) for n in MEMORY], "n"),
        # A suffix for each place, under a large linear term.
        ([57 * n + n * n / 2 for n in MEMORY], "n^2"),
    ],
)
def test_bytes_that_level_off_or_bend(costs, name):
    assert fit_bytes(list(zip(MEMORY, costs, strict=True))).name == name


def test_a_jump_of_a_table_is_no_exponential():
    costs = [536, 552, 1080, 1136, 1264, 3440, 3568, 3824, 4080, 12016]
    sizes = [4, 6, 8, 15, 31, 47, 63, 95, 127, 159]
    assert fit_bytes(list(zip(sizes, costs, strict=True))).name != "2^n"


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


GRID = [8, 16, 32, 64, 128, 256, 512, 1024]
BYTES = {
    "m": [
        lambda n, m: 960 + 8 * m,  # a row under a large constant
        lambda n, m: 1100 + 16 * m + 64 * max(0, m - 256),
        lambda n, m: 700 + 80 * 4 ** math.ceil(math.log(m / 16, 4)) * 8,  # a set
    ],
    "n+m": [lambda n, m: 900 + 90 * n + 80 * 4 ** math.ceil(math.log(m / 16, 4)) * 8],
    "n*m": [lambda n, m: 300 + 56 * n + 8 * n * m],
    "1": [lambda n, m: 800 + 32 * (m > 256)],
}


@pytest.mark.parametrize(
    ("name", "bytes_of"), [(name, c) for name, curves in BYTES.items() for c in curves]
)
def test_two_sizes_of_bytes(name, bytes_of):
    points = [(n, m, bytes_of(n, m)) for n in GRID for m in GRID if n * m <= 1 << 14]
    assert fit_two(points, offset=BYTES_OFFSET).name == name
