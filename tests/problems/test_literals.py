import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlogn.problems.literals import NotLiteral, evaluate

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
scalars |= st.binary() | st.complex_numbers(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner)
    | st.sets(st.integers()),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_what_python_shows_is_read_back(value):
    shown = repr(value).replace("inf", "float('inf')")
    if "'inf'" in repr(value) or "inf" in str(value).replace("float", ""):
        return
    assert evaluate(shown) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("[0] * 3 + [1]", [0, 0, 0, 1]),
        ("list(range(2, 5))", [2, 3, 4]),
        ("set()", set()),
        ('"ab" * 2 + "c"', "ababc"),
        ("2**64 - 1", 2**64 - 1),
        ("-7 // 2", -4),
        ('float("inf")', float("inf")),
        ("list(zip(range(2), range(1, 3)))", [(0, 1), (1, 2)]),
        ("{1: (2, [3])}", {1: (2, [3])}),
        ("dict([(1, 2)])", {1: 2}),
    ],
)
def test_large_inputs_can_be_named_in_few_words(source, value):
    assert evaluate(source) == value


@pytest.mark.parametrize(
    "source",
    [
        "x", "f(1)", "__import__('os')", "(1).__class__", "[i for i in range(3)]", "lambda: 1",
        "1 if 2 else 3", "'%s' % 1", "f'{1}'", "[*range(3)]", "{**{}}", "...", "1 +", "", "1; 2",
        "open('/etc/passwd')", "range.__init__", "list(map(str, []))", "[1] + 2",
        "1 / 0", "{[]: 1}",
    ],
)  # fmt: skip
def test_nothing_is_named_called_or_run(source):
    with pytest.raises(NotLiteral):
        evaluate(source)


@pytest.mark.parametrize(
    "source",
    [
        "9**9**9", "2**10**9", "1 << 10**9", "[0] * 10**10", "'a' * 10**12", "10**8 * [1]",
        "list(range(10**12))", "bytes(10**12)", "(" * 5000 + ")" * 5000, "-" * 100000 + "1",
        "((10**300000) * (10**300000)) * (10**300000)", "tuple(range(10**9))",
        "sorted(range(10**9))",
        "list(zip(range(10**10)))",
    ],
)  # fmt: skip
def test_bombs_are_refused_at_once(source):
    started = time.monotonic()
    with pytest.raises(NotLiteral):
        evaluate(source)
    assert time.monotonic() - started < 2
