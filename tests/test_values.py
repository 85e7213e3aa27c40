"""The codec: what goes out comes back, exactly; what cannot, says so."""

import collections
import contextlib
import datetime
import decimal
import enum
import fractions
import json
import re
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlogn.values import Instance, TooLarge, Unserialisable, decode, encode

hashable = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(min_value=1 << 60, max_value=1 << 300),
        st.floats(allow_nan=False),
        st.text(st.characters(), max_size=8),
        st.binary(max_size=8),
        st.fractions(),
        st.decimals(allow_nan=False),
        st.dates(),
        st.datetimes().map(lambda d: d.replace(fold=0)),  # equality ignores it
        st.timedeltas(),
        st.complex_numbers(allow_nan=False),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple), st.frozensets(inner, max_size=3)
    ),
    max_leaves=6,
)
anything = st.recursive(
    hashable,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(hashable, inner, max_size=4),
        st.dictionaries(st.text(max_size=4), inner, max_size=4),
        st.sets(hashable, max_size=4),
        st.lists(inner, max_size=3).map(collections.deque),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(hashable, st.integers(), max_size=3).map(collections.Counter),
        st.dictionaries(hashable, inner, max_size=3).map(collections.OrderedDict),
        st.binary(max_size=5).map(bytearray),
    ),
    max_leaves=12,
)


def shape(value: Any) -> Any:
    """The value with every type spelled out, so that 1, 1.0 and True differ."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, [(shape(k), shape(v)) for k, v in value.items()]
    if isinstance(value, (set, frozenset)):
        return kind, sorted(map(repr, map(shape, value)))
    if isinstance(value, (list, tuple, collections.deque)):
        return kind, [shape(v) for v in value]
    return kind, repr(value)


@given(anything)
@settings(max_examples=300, deadline=None)
def test_round_trip_keeps_value_and_type(value: Any) -> None:
    assert shape(decode(json.loads(json.dumps(encode(value))))) == shape(value)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["$tuple", "$set", "$object", "$int", "a"]), inner)
        ),
        max_leaves=8,
    )
)
@settings(max_examples=300, deadline=None)
def test_decoding_hostile_json_builds_a_value_or_says_no(data: Any) -> None:
    with contextlib.suppress(ValueError):
        decode(data)


class Colour(enum.Enum):
    RED = 1


class Point(NamedTuple):
    x: int
    y: int


class Node:
    def __init__(self, value: int, following: "Node | None" = None):
        self.value = value
        self.following = following


class Sly(list[int]):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def test_objects_come_back_as_their_name_and_fields() -> None:
    back = decode(json.loads(json.dumps(encode([Colour.RED, Point(1, 2), Node(3, Node(4))]))))
    assert back == [
        Instance("Colour", {"name": "RED", "value": 1}),
        Instance("Point", {"x": 1, "y": 2}),
        Instance("Node", {"value": 3, "following": Instance("Node", {"value": 4,
                                                                     "following": None})}),
    ]  # fmt: skip


def test_a_match_comes_back_as_what_it_found() -> None:
    back = decode(json.loads(json.dumps(encode(re.search("b(.)", "abc")))))
    assert back == Instance("Match", {"span": (1, 3), "match": "bc", "groups": ("c",)})


def test_a_subclass_never_passes_for_its_base() -> None:
    assert decode(encode(Sly([1, 2]))) != [1, 2]
    assert decode(encode(Sly([1, 2]))) == Instance("Sly", {"value": [1, 2]})


def test_cycles_functions_and_depth_are_refused_with_a_reason() -> None:
    loop: list[Any] = []
    loop.append(loop)
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    for value, told in ((loop, "itself"), (len, "no value"), (deep, "nested"), (int, "no value")):
        with pytest.raises(Unserialisable, match=told):
            encode(value)


def test_large_and_endless_values_stop_at_the_limit() -> None:
    def forever() -> Any:
        while True:
            yield 0

    for value in ("x" * 2000, list(range(2000)), forever(), 1 << 20000, {i: i for i in range(999)}):
        with pytest.raises(TooLarge):
            encode(value, max_bytes=1000)


def test_generators_and_views_are_drained_to_lists() -> None:
    assert decode(encode(x * x for x in range(3))) == [0, 1, 4]
    assert decode(encode({1: "a"}.items())) == [(1, "a")]
    assert decode(encode(range(2, 9, 3))) == range(2, 9, 3)


def test_numbers_keep_their_exact_type() -> None:
    values = [1, 1.0, True, decimal.Decimal("1.0"), fractions.Fraction(1), -0.0, float("inf")]
    values += [datetime.time(1, 2, 3)]
    assert shape(decode(json.loads(json.dumps(encode(values))))) == shape(values)
