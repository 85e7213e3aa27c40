"""Small changes of argument tuples that keep their types."""

import random
from typing import TYPE_CHECKING, Any

from nlogn.cases.tie import tie
from nlogn.cases.types import (
    Anything,
    Choice,
    Fields,
    Float,
    Int,
    Map,
    Node,
    OneOf,
    Seq,
    Signature,
    Str,
    Tuple,
    Type,
    depth,
    main_option,
    type_of,
)

if TYPE_CHECKING:
    from nlogn.cases.generate import Maker


def mutate(
    args: tuple[Any, ...], signature: Signature, maker: "Maker", rng: random.Random
) -> tuple[Any, ...]:
    """`args` with one or a few changes, its parts made to fit each other again."""
    maker.style = rng.random()
    maker.size_hint = rng.choice((1, 2, 3, 5, 8))
    values = list(args)
    if not values:
        return args
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        i = rng.randrange(len(values))
        values[i] = change(values[i], signature.params[i].type, maker, rng)
    if rng.random() < 0.1 and len(values) > 1:
        i, j = rng.sample(range(len(values)), 2)
        kinds = [main_option(signature.params[k].type) for k in (i, j)]
        alike = type(kinds[0]) is type(kinds[1]) and depth(kinds[0]) == depth(kinds[1])
        if alike and type(values[i]) is type(values[j]):
            values[i] = values[j] if rng.random() < 0.5 else values[i]
            values[i], values[j] = values[j], values[i]
    return tie(tuple(values), signature, rng, sure_only=rng.random() < 0.6)


def change(value: Any, type_: Type, maker: "Maker", rng: random.Random, level: int = 0) -> Any:
    """A value near `value`; a fresh one now and then."""
    if rng.random() < 0.06:
        return maker.value(type_, level)
    type_ = _option_of(value, type_)
    if isinstance(type_, Float) and not isinstance(value, bool) and rng.random() < 0.15:
        if isinstance(value, int) and abs(value) < 2**53:
            return float(value)
        if isinstance(value, float) and value == value and abs(value) < 1e15:
            return float(int(value))
    if value is None or isinstance(value, bool) or isinstance(type_, OneOf):
        return maker.value(type_, level)
    if isinstance(value, int):
        return _bounded(_integer(value, maker, rng), type_, maker)
    if isinstance(value, float):
        return _bounded(_real(value, rng), type_, maker)
    if isinstance(value, str):
        return _string(value, type_, maker, rng)
    if isinstance(value, (list, tuple)):
        return _sequence(value, type_, maker, rng, level)
    if isinstance(value, (set, frozenset)):
        inner = type_.item if isinstance(type_, Seq) else Anything()
        made = _elements(sorted(value, key=repr), inner, maker, rng, level)
        try:
            return type(value)(made)
        except TypeError:
            return value
    if isinstance(value, dict):
        return _dict(value, type_, maker, rng, level)
    return maker.value(type_, level)


def _option_of(value: Any, type_: Type) -> Type:
    """The option of a choice that the value belongs to."""
    if not isinstance(type_, Choice):
        return type_ if not isinstance(type_, Anything) else type_of(value)
    kind = type(type_of(value))
    for option in type_.options:
        if type(option) is kind or (kind is Tuple and isinstance(option, Seq)):
            return option
    return type_of(value)


def _integer(value: int, maker: "Maker", rng: random.Random) -> int:
    pick = rng.randrange(9)
    if pick < 3:
        return value + rng.choice((-1, 1))
    if pick == 3:
        return -value
    if pick == 4:
        return value * 2
    if pick == 5:
        return value // 2
    if pick == 6:
        return value + rng.randint(-10, 10)
    if pick == 7:
        return rng.choice((0, 1, value * 10 + rng.randrange(10), value // 10))
    return maker.integer(Int())


def _real(value: float, rng: random.Random) -> float:
    if value != value or value in (float("inf"), float("-inf")):
        return rng.choice((0.0, value))
    pick = rng.randrange(6)
    made = (value + rng.choice((-1, 1, -0.5, 0.5)), -value, value * 2, value / 2,
            float(round(value)), value + round(rng.uniform(-3, 3), 2))[pick]  # fmt: skip
    return round(made, 9)


def _bounded(value: Any, type_: Type, maker: "Maker") -> Any:
    if isinstance(type_, (Int, Float)):
        low, high = type_.lo, type_.hi
        if (low is not None and value < low) or (high is not None and value > high):
            return maker.value(type_)
    return value


def _string(value: str, type_: Type, maker: "Maker", rng: random.Random) -> str:
    alphabet = type_.alphabet if isinstance(type_, Str) else ""
    words = type_.words if isinstance(type_, Str) else ()
    letters = alphabet or maker.letters or "abcAB1 "
    made = value
    for _ in range(rng.choice((1, 1, 2, 3))):
        i = rng.randint(0, len(made))
        j = min(len(made), i + rng.randint(1, 3))
        pick = rng.randrange(13)
        new = rng.choice(letters)
        if pick == 0:
            made = made[:i] + made[j:]
        elif pick == 1:
            made = made[:i] + new + made[i:]
        elif pick == 2 and i < len(made):
            made = made[:i] + new + made[i + 1 :]
        elif pick == 3:
            made = made[:i] + made[i:j] * 2 + made[j:]
        elif pick == 4 and len(made) > 1:
            i = min(i, len(made) - 2)
            made = made[:i] + made[i + 1] + made[i] + made[i + 2 :]
        elif pick == 5:
            made = made[::-1] if rng.random() < 0.3 else made + made[::-1]
        elif pick == 6 and not alphabet:
            made = rng.choice((made.upper(), made.lower(), made.swapcase(), made.title()))
        elif pick == 7 and words:
            made = made[:i] + rng.choice(words) + made[i:]
        elif pick == 8:
            made = _tokens(made, maker, rng)
        elif pick == 9 and i < len(made):
            made = made[:i] + _neighbour(made[i], alphabet, rng) + made[i + 1 :]
        elif pick == 10:
            made = made[: len(made) // 2] if rng.random() < 0.3 else made[i:]
        elif pick == 11 and maker.shown_strings:
            made = made[:i] + rng.choice(maker.shown_strings)
        elif pick == 12 and i < len(made):
            made = made[:i] + rng.choice(made) + made[i + 1 :]
    if alphabet:
        made = "".join(c for c in made if c in alphabet)
    if isinstance(type_, Str):
        if type_.max_size is not None:
            made = made[: type_.max_size]
        if len(made) < type_.min_size:
            return value
    return made[:400]


def _neighbour(char: str, alphabet: str, rng: random.Random) -> str:
    """The next or previous character of its kind: off-by-one in an alphabet."""
    if alphabet:
        return rng.choice(alphabet)
    for low, high in (("a", "z"), ("A", "Z"), ("0", "9")):
        if low <= char <= high:
            return rng.choice((low, high, chr(min(ord(char) + 1, ord(high))),
                               chr(max(ord(char) - 1, ord(low)))))  # fmt: skip
    return char


def _tokens(text: str, maker: "Maker", rng: random.Random) -> str:
    """Changes whole tokens of a text that has separators: drops, doubles, shuffles, swaps."""
    joint = next((c for c in (" ", ",", "-", "/", ".", "_") if c in text), "")
    if not joint:
        return text
    parts = text.split(joint)
    i = rng.randrange(len(parts))
    pick = rng.randrange(6)
    if pick == 0:
        del parts[i]
    elif pick == 1:
        parts.insert(i, parts[rng.randrange(len(parts))])
    elif pick == 2:
        rng.shuffle(parts)
    elif pick == 3 and parts[i].isdigit():
        parts[i] = str(rng.choice((0, 1, int(parts[i]) + 1, int(parts[i]) - 1, 12, 13, 31, 32)))
        if rng.random() < 0.5:
            parts[i] = parts[i].zfill(2)
    elif pick == 4:
        other = rng.choice((" ", ",", "-", "/", ".", "_"))
        return other.join(parts)
    else:
        parts.insert(i, "")
    return joint.join(parts)


def _sequence(value: Any, type_: Type, maker: "Maker", rng: random.Random, level: int) -> Any:
    if isinstance(type_, Tuple) and len(type_.items) == len(value):
        made = list(value)
        if made:
            i = rng.randrange(len(made))
            made[i] = change(made[i], type_.items[i], maker, rng, level + 1)
        return type(value)(made)
    inner = type_.item if isinstance(type_, (Seq, Node)) else Anything()
    if isinstance(type_, Seq) and type_.role in ("square", "matrix", "grid", "adjacency"):
        return _matrix(value, type_, inner, maker, rng, level)
    values = _elements(list(value), inner, maker, rng, level)
    if isinstance(type_, Seq):
        if type_.max_size is not None:
            values = values[: type_.max_size]
        if len(values) < type_.min_size:
            return value
        if type_.ordered:
            try:
                values = sorted(values)
            except TypeError:
                return value
        if type_.distinct:
            unique: list[Any] = []
            for element in values:
                if element not in unique:
                    unique.append(element)
            values = unique
    return tuple(values) if isinstance(value, tuple) else values


def _elements(
    values: list[Any], inner: Type, maker: "Maker", rng: random.Random, level: int
) -> list[Any]:
    if isinstance(inner, Anything) and values:
        inner = type_of(values[0])
    for _ in range(rng.choice((1, 1, 2, 3))):
        i = rng.randrange(len(values)) if values else 0
        pick = rng.randrange(11)
        if pick == 0 and values:
            del values[i]
        elif pick == 1 or not values:
            values.insert(i, maker.value(inner, level + 1))
        elif pick == 2:
            values.insert(rng.randint(0, len(values)), values[i])
        elif pick == 3 and len(values) > 1:
            j = rng.randrange(len(values))
            values[i], values[j] = values[j], values[i]
        elif pick in (4, 5, 6):
            values[i] = change(values[i], inner, maker, rng, level + 1)
        elif pick == 7:
            values[i] = rng.choice(values)
        elif pick == 8:
            values = rng.choice((values[::-1], values + values, values[: i + 1], values[i:],
                                 values + values[::-1]))[:60]  # fmt: skip
        elif pick == 9:
            try:
                values = sorted(values, reverse=rng.random() < 0.5)
            except TypeError:
                rng.shuffle(values)
        else:
            rng.shuffle(values)
    return values


def _matrix(
    value: Any, type_: Seq, inner: Type, maker: "Maker", rng: random.Random, level: int
) -> Any:
    """A change that keeps the shape: one cell, two rows swapped; else a fresh matrix."""
    rows: list[Any] = [list(r) if isinstance(r, (list, tuple)) else r for r in value]
    if not rows or rng.random() < 0.25:
        return maker.value(type_, level)
    i = rng.randrange(len(rows))
    if rng.random() < 0.2:
        j = rng.randrange(len(rows))
        rows[i], rows[j] = rows[j], rows[i]
    elif isinstance(rows[i], list) and rows[i]:
        k = rng.randrange(len(rows[i]))
        cell = inner.item if isinstance(inner, Seq) else Anything()
        if type_.role == "adjacency":
            return maker.value(type_, level)
        rows[i][k] = change(rows[i][k], cell, maker, rng, level + 2)
    elif isinstance(rows[i], str) and rows[i]:
        k = rng.randrange(len(rows[i]))
        others = "".join(r for r in rows if isinstance(r, str))
        rows[i] = rows[i][:k] + rng.choice(others) + rows[i][k + 1 :]
    return type(value)(rows)


def _dict(
    value: dict[Any, Any], type_: Type, maker: "Maker", rng: random.Random, level: int
) -> Any:
    made = dict(value)
    if isinstance(type_, Fields):
        types = dict(type_.items)
        key = rng.choice(list(made)) if made else None
        if key in types:
            made[key] = change(made[key], types[key], maker, rng, level + 1)
        return made
    key_type = type_.key if isinstance(type_, Map) else Anything()
    value_type = type_.value if isinstance(type_, Map) else Anything()
    if isinstance(type_, Map) and type_.role == "adjacency":
        return maker.value(type_, level)
    pick = rng.randrange(4)
    keys = list(made)
    if pick == 0 and keys:
        del made[rng.choice(keys)]
    elif pick == 1 or not keys:
        made[maker.key(key_type, level + 1)] = maker.value(value_type, level + 1)
    elif pick == 2:
        key = rng.choice(keys)
        made[key] = change(made[key], value_type, maker, rng, level + 1)
    else:
        key = rng.choice(keys)
        moved = change(key, key_type, maker, rng, level + 1)
        try:
            made[moved] = made.pop(key)
        except TypeError:
            return value
    return made
