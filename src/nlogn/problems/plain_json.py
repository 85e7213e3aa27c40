"""Arguments and answers as JSON that any language reads, and back by their annotations.

Tuples and sets become arrays (sets sorted), bytes a text of the characters U+0000 to U+00FF, and a
dictionary whose keys are not all text an array of pairs. Which of these an array was, the type
says. This module uses the standard library alone: its source is copied into packages.
"""

import ast
import json
from typing import Any


class NotPlain(ValueError):
    """The value has no such form."""


def encode(value: Any) -> Any:
    """The JSON-able form of `value`."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if value - value != 0:
            raise NotPlain("JSON has no infinity")
        return value
    if isinstance(value, (bytes, bytearray)):
        return value.decode("latin-1")
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((encode(item) for item in value), key=json.dumps)
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: encode(item) for key, item in value.items()}
        return [[encode(key), encode(item)] for key, item in value.items()]
    raise NotPlain("a value of the type " + type(value).__name__ + " has no JSON form")


def decode(value: Any, annotation: str) -> Any:
    """What `encode` was given, if that was of the type `annotation` (Python source, or "")."""
    return _decode(value, ast.parse(annotation, mode="eval").body if annotation else None)


def _decode(value: Any, kind: Any) -> Any:
    if isinstance(kind, ast.BinOp):
        return _first(value, [kind.left, kind.right])
    name, inner = _parts(kind)
    if name in ("Optional", "Union"):
        return _first(value, [*inner, ast.Constant(None)])
    if isinstance(kind, ast.Constant) and kind.value is None:
        return _only(value is None, value)
    if name in ("bytes", "bytearray"):
        made = _only(isinstance(value, str), value).encode("latin-1")
        return made if name == "bytes" else bytearray(made)
    if name == "tuple":
        _only(isinstance(value, list), value)
        if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is ...:
            inner = [inner[0]] * len(value)
        _only(not inner or len(inner) == len(value), value)
        return tuple(_decode(v, k) for v, k in zip(value, inner or [None] * len(value)))  # noqa: B905
    if name in ("list", "set", "frozenset", "Sequence", "Iterable"):
        _only(isinstance(value, list), value)
        items = [_decode(item, inner[0] if inner else None) for item in value]
        return {"set": set, "frozenset": frozenset}.get(name, list)(items)
    if name == "dict":
        key, item = inner or [None, None]
        pairs = value.items() if isinstance(value, dict) else value
        return {_decode(k, key): _decode(v, item) for k, v in pairs}
    plain: Any = {"int": int, "str": str, "bool": bool, "float": (int, float)}.get(name)
    if plain is not None:
        _only(isinstance(value, plain) and (name == "bool" or not isinstance(value, bool)), value)
    return value


def _parts(kind: Any) -> tuple[str, list[Any]]:
    """The name of a type, in lower case where it is one of the builtins, and its parameters."""
    inner = []
    if isinstance(kind, ast.Subscript):
        inner = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
        kind = kind.value
    name = getattr(kind, "id", getattr(kind, "attr", ""))
    builtin = {"List": "list", "Tuple": "tuple", "Set": "set", "Dict": "dict"}
    return builtin.get(name, name), list(inner)


def _first(value: Any, kinds: list[Any]) -> Any:
    """`value` as the first of the types that it fits."""
    for kind in kinds:
        try:
            return _decode(value, kind)
        except (NotPlain, TypeError, AttributeError, ValueError):
            continue
    raise NotPlain("no type fits " + repr(value)[:40])


def _only(fits: bool, value: Any) -> Any:
    if not fits:
        raise NotPlain("another type than declared: " + repr(value)[:40])
    return value
