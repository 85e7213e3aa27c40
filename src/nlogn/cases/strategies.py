"""Types as hypothesis strategies: a second opinion on what is a hard input."""

import contextlib
from collections.abc import Iterator
from typing import Any

from nlogn.cases.types import (
    Anything,
    Bool,
    Choice,
    Fields,
    Float,
    Function,
    Int,
    Map,
    Node,
    Null,
    OneOf,
    Seq,
    Signature,
    Str,
    Tuple,
    Type,
)

# Strings are lists of these: the text strategy would build a table of all of Unicode, for
# seconds, and write it to the working directory.
_CHARACTERS = "abcXYZ019 _-.,()\n\t'\"\\éß中😀"


def draw(signature: Signature, count: int, seed: int) -> list[tuple[Any, ...]]:
    """`count` argument tuples drawn by hypothesis, the same for the same seed; nothing is
    kept between runs and nothing is printed."""
    import warnings

    import hypothesis
    from hypothesis import strategies as st

    drawn: list[tuple[Any, ...]] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(st.tuples(*(strategy(p.type) for p in signature.params if not p.optional)))
    def collect(args: tuple[Any, ...]) -> None:
        drawn.append(args)

    with warnings.catch_warnings(), _no_local_constants():
        warnings.simplefilter("ignore")
        try:
            collect()
        except hypothesis.errors.HypothesisException:
            return drawn
    return drawn[::-1]  # the first ones are trivial and covered by the corners


@contextlib.contextmanager
def _no_local_constants() -> Iterator[None]:
    """Keeps hypothesis from collecting the constants of every loaded module: what is drawn
    would depend on what else is imported, and it would write them to the working directory."""
    from hypothesis.internal.conjecture import providers

    own: Any = providers
    found = getattr(own, "_get_local_constants", None)
    kind = getattr(own, "Constants", None)
    if found is None or kind is None:  # a version that does not collect them
        yield
        return
    own._get_local_constants = lambda: kind()
    try:
        yield
    finally:
        own._get_local_constants = found


def strategy(type_: Type, level: int = 0) -> Any:
    """The hypothesis strategy of a type's values (plain values for nodes and functions)."""
    from hypothesis import strategies as st

    match type_:
        case Int(lo=lo, hi=hi):
            near = st.integers(lo if lo is not None else (-20 if hi is None else min(-20, hi)),
                               hi if hi is not None else max(60, (lo or 0) + 60))  # fmt: skip
            wide = st.integers(lo if lo is not None else -10_000, hi if hi is not None else
                               max(10_000, (lo or 0) + 10_000))  # fmt: skip
            return st.one_of(near, near, wide) if hi is None or hi > 60 else near
        case Float(lo=lo, hi=hi, special=special):
            return st.floats(lo if lo is not None or special else -1e6,
                             hi if hi is not None or special else max(1e6, (lo or 0) + 1e6),
                             allow_nan=special and lo is None and hi is None,
                             allow_infinity=special, width=32)  # fmt: skip
        case Bool():
            return st.booleans()
        case Null():
            return st.none()
        case OneOf(values=values):
            return st.sampled_from(list(values))
        case Str(alphabet=alphabet, min_size=low, max_size=high, binary=binary):
            if binary:
                return st.binary(min_size=low, max_size=12)
            letters = alphabet or _CHARACTERS
            free = _text(letters, low, _cap(low, high))
            if type_.words and not alphabet and (high is None or high > 20) and low < 2:
                return st.one_of(free, st.sampled_from(list(type_.words)))
            return free
        case Seq(item=item, kind=kind, min_size=low, max_size=high):
            inner = strategy(item, level + 1)
            hashable = kind in ("set", "frozenset")
            unique = type_.distinct and isinstance(item, (Int, Str))
            lists = st.lists(inner, min_size=low, max_size=_cap(low, high, 12 if level < 2 else 4),
                             unique=unique)  # fmt: skip
            if type_.ordered and isinstance(item, (Int, Float, Str)):
                lists = lists.map(sorted)
            if type_.role in ("square", "matrix") and isinstance(item, Seq):
                lists = lists.map(_rectangular if type_.role == "matrix" else _square)
            if kind == "tuple":
                return lists.map(tuple)
            if hashable and isinstance(item, (Int, Str, Float, Tuple)):
                return lists.map(frozenset if kind == "frozenset" else set)
            return lists
        case Tuple(items=items):
            return st.tuples(*(strategy(t, level + 1) for t in items))
        case Map(key=key, value=value, min_size=low):
            return st.dictionaries(strategy(key, level + 1), strategy(value, level + 1),
                                   min_size=low, max_size=6)  # fmt: skip
        case Fields(items=fields):
            return st.fixed_dictionaries({k: strategy(t, level + 1) for k, t in fields})
        case Choice(options=options):
            return st.one_of(*(strategy(t, level) for t in options))
        case Node(item=item):
            return st.lists(strategy(item, level + 1), max_size=8)
        case Function():
            return st.integers(0, 5)
        case Anything():
            return st.one_of(st.integers(-5, 30), _text(_CHARACTERS, 0, 4), st.none())
    raise TypeError(type_)


def _text(letters: str, low: int, high: int) -> Any:
    from hypothesis import strategies as st

    return st.lists(st.sampled_from(letters), min_size=low, max_size=high).map("".join)


def _cap(low: int, high: int | None, usual: int = 12) -> int:
    return max(low, min(usual, high if high is not None else usual))


def _rectangular(rows: list[list[Any]]) -> list[list[Any]]:
    width = min(map(len, rows), default=0)
    return [row[:width] for row in rows]


def _square(rows: list[list[Any]]) -> list[list[Any]]:
    side = min([len(rows), *map(len, rows)], default=0)
    return [row[:side] for row in rows[:side]]
