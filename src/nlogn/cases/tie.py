"""Arguments made to fit each other, as the signature's relations say."""

import random
from typing import Any

from nlogn.cases.types import Int, Relation, Seq, Signature, main_option

_LIKELY = {"target": 0.6, "part": 0.55, "letters": 0.5, "similar": 0.25, "same_length": 0.6,
           "index": 0.85, "count": 0.75, "length": 0.7, "columns": 0.7, "at_most": 0.6}  # fmt: skip


def tie(
    args: tuple[Any, ...], signature: Signature, rng: random.Random, *, sure_only: bool = False
) -> tuple[Any, ...]:
    """`args` with the sure relations made true, and the likely ones most of the time."""
    values = list(args)
    for relation in signature.relations:
        if relation.a >= len(values) or relation.b >= len(values):
            continue
        if relation.sure:
            apply = rng.random() < 0.97
        else:
            apply = not sure_only and rng.random() < _LIKELY.get(relation.kind, 0.7)
        if apply:
            try:
                _apply(relation, values, signature, rng)
            except (TypeError, ValueError, IndexError, KeyError, AttributeError):
                continue  # an option of the type that has no length
    return tuple(values)


def _apply(relation: Relation, values: list[Any], signature: Signature, rng: random.Random) -> None:
    a, b = relation.a, relation.b
    own, other = values[a], values[b]
    match relation.kind:
        case "index":
            if isinstance(other, dict):
                values[a] = rng.choice(list(other)) if other else own
            elif len(other):
                values[a] = rng.choice((0, len(other) - 1, rng.randrange(len(other))))
        case "count":
            values[a] = _clamp(rng.choice((0, 1, len(other), len(other) - 1,
                                           rng.randint(0, len(other)))), signature, a)  # fmt: skip
        case "length":
            values[a] = len(other)
        case "columns":
            values[a] = len(other[0])
        case "same_length" | "shorter":
            size = len(other) - (relation.kind == "shorter")
            if len(own) < max(size, 0):
                values[a] = _stretch(own, size, signature, a, rng)
            elif relation.kind == "same_length" and len(own) > size:
                values[b] = _stretch(other, len(own), signature, b, rng)
            else:
                values[a] = own[: max(size, 0)]
        case "at_most":
            if own > other:
                values[a], values[b] = other, own
        case "target":
            items = list(other)
            if isinstance(other, str) and items:
                values[a] = rng.choice(items)
            elif items and isinstance(items[0], (int, float)) and isinstance(own, (int, float)):
                pick = rng.randrange(5)
                if pick < 2:
                    values[a] = rng.choice(items)
                elif pick == 2 and len(items) > 1:
                    values[a] = sum(rng.sample(items, 2))
                elif pick == 3:
                    values[a] = rng.choice(items) + rng.choice((-1, 1))
                else:
                    values[a] = sum(items)
            elif items and type(items[0]) is type(own):
                values[a] = rng.choice(items)
            elif items and isinstance(items[0], list) and items[0]:
                values[a] = rng.choice(items[0])
        case "part":
            if isinstance(other, str) and other:
                i = rng.randrange(len(other))
                values[a] = other[i : i + rng.randint(1, 4)]
        case "letters":
            values[a] = type(other)(rng.sample(list(other), len(other))) if not isinstance(
                other, str) else "".join(rng.sample(other, len(other)))  # fmt: skip
        case "similar":
            _similar(values, a, b, rng)
        case "vertices" | "below":
            base = _base(signature, b)
            if relation.kind == "vertices" and own < 1:
                own = values[a] = rng.randint(1, 6)
            own = values[a] = min(own, 40) if relation.kind == "vertices" else own
            if own > 0:
                values[b] = _below(other, own, base, rng)
        case "items_index":
            if len(other):
                made = _below(own, len(other), 0, rng)
                values[a] = [tuple(sorted(v)) if isinstance(v, tuple) else v for v in made]


def _clamp(value: int, signature: Signature, i: int) -> int:
    type_ = main_option(signature.params[i].type)
    if isinstance(type_, Int):
        if type_.lo is not None:
            value = max(value, type_.lo)
        if type_.hi is not None:
            value = min(value, type_.hi)
    return value


def _stretch(value: Any, size: int, signature: Signature, i: int, rng: random.Random) -> Any:
    """`value` repeated in part up to a length."""
    if isinstance(value, str):
        return value + "".join(
            rng.choice(value or "ab01"[i % 2 :]) for _ in range(size - len(value))
        )
    extra = list(value) or _fresh(signature, i, rng)
    made = list(value) + [rng.choice(extra) for _ in range(size - len(value))]
    type_ = main_option(signature.params[i].type)
    if isinstance(type_, Seq) and type_.ordered:
        made = sorted(made)
    return type(value)(made)


def _fresh(signature: Signature, i: int, rng: random.Random) -> list[Any]:
    from nlogn.cases.generate import corner_values

    type_ = main_option(signature.params[i].type)
    return corner_values(main_option(type_.item)) if isinstance(type_, Seq) else [0]


def _base(signature: Signature, b: int) -> int:
    type_ = main_option(signature.params[b].type)
    inner: Any = main_option(type_.item) if isinstance(type_, Seq) else None
    first = getattr(inner, "items", (None,))[0] if inner is not None else None
    if first is None and isinstance(inner, Seq):
        first = main_option(inner.item)
    return 1 if isinstance(first, Int) and first.lo == 1 else 0


def _below(value: Any, limit: int, base: int, rng: random.Random) -> Any:
    if isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value % limit + base
    if isinstance(value, tuple):
        return tuple(_below(v, limit, base, rng) for v in value)
    if isinstance(value, list):
        return [_below(v, limit, base, rng) for v in value]
    if isinstance(value, dict):
        return {_below(k, limit, base, rng): _below(v, limit, base, rng) for k, v in value.items()}
    return value


def _similar(values: list[Any], a: int, b: int, rng: random.Random) -> None:
    """a becomes a copy of b, rotated, cut, mixed or with some elements of its own."""
    own, other = values[a], values[b]
    if type(own) is not type(other) or not isinstance(other, (str, list, tuple)):
        return
    items = list(other)
    match rng.randrange(6):
        case 0:
            made = items
        case 1:
            k = rng.randrange(len(items)) if items else 0
            made = items[k:] + items[:k]
        case 2:
            made = rng.sample(items, len(items))
        case 3:
            k = rng.randrange(len(items)) if items else 0
            made = items[k : k + rng.randint(1, 4)]
        case 4:
            made = items[::-1]
        case _:
            made = [rng.choice(items) if items and rng.random() < 0.6 else v for v in own]
    values[a] = "".join(made) if isinstance(other, str) else type(other)(made)
