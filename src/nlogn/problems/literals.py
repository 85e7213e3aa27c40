"""Values out of source text without running any: ``[0] * 5000``, ``set()``, ``float("inf")``.

`ast.literal_eval` and a little more: arithmetic on literals, the constructors of plain types and
JSON's ``true``, ``false`` and ``null``, each bounded in size, so that a problem file can name a
large input in few words and still execute nothing.
"""

import ast
import operator
from collections.abc import Callable
from typing import Any

from nlogn.problems import syntax

MAX_ITEMS = 2_000_000
MAX_BITS = 1_000_000


class NotLiteral(ValueError):
    """The text is not a literal expression, or its value would be too large."""


def evaluate(source: str) -> Any:
    """The value of a literal expression.

    Raises:
        NotLiteral: it does not parse, names something, or grows too large.
    """
    return evaluate_node(parse_expression(source))


def parse_expression(source: str) -> ast.expr:
    """The syntax tree of one expression.

    Raises:
        NotLiteral: the text is not one expression.
    """
    try:
        return syntax.parse_expression(source)
    except SyntaxError as error:
        raise NotLiteral(f"not a Python expression: {shorten(source)}") from error


def evaluate_node(node: ast.expr) -> Any:
    """The value of a literal expression's tree; raises `NotLiteral`."""
    try:
        return _value(node)
    except (TypeError, ArithmeticError, RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, NotLiteral):
            raise
        raise NotLiteral(f"not a literal: {shorten(ast.unparse(node))} ({error})") from error


def shorten(text: str, width: int = 80) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value):
            if value is ...:
                raise NotLiteral("`...` is not a value")
            return value
        case ast.Tuple(elts):
            return tuple(map(_value, elts))
        case ast.List(elts):
            return list(map(_value, elts))
        case ast.Set(elts):
            return set(map(_value, elts))
        case ast.Dict(keys, items):
            if None in keys:
                raise NotLiteral("`**` is not a literal")
            return {_value(k): _value(v) for k, v in zip(keys, items, strict=True) if k}
        case ast.UnaryOp(op, operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand))
        case ast.BinOp(left, op, right) if type(op) in _BINARY:
            a, b = _value(left), _value(right)
            _bound(op, a, b)
            return _BINARY[type(op)](a, b)
        case ast.Call(ast.Name(name), args, []) if name in _CONSTRUCTORS:
            return _construct(name, [_value(a) for a in args])
        case ast.Name(name) if name in _JSON_NAMES:
            return _JSON_NAMES[name]
        case ast.Name(name):
            raise NotLiteral(f"`{name}` is a name, not a value")
    raise NotLiteral(f"not a literal: {shorten(ast.unparse(node))}")


_JSON_NAMES = {"true": True, "false": False, "null": None}
_UNARY: dict[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.BitOr: operator.or_,
}
_CONSTRUCTORS: dict[str, Callable[..., Any]] = {
    kind.__name__: kind
    for kind in (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, range,
                 set, str, tuple)
}  # fmt: skip
_CONSTRUCTORS |= {
    "chr": chr,
    "reversed": lambda v: list(reversed(v)),
    "sorted": sorted,
    "zip": lambda *v: list(zip(*v, strict=False)),
}


def _bound(op: ast.operator, a: Any, b: Any) -> None:
    if isinstance(op, ast.Mod) and isinstance(a, str | bytes):
        raise NotLiteral("text formatting is not a literal")
    if isinstance(a, int) and isinstance(b, int):
        bits = 0
        if isinstance(op, ast.Pow):
            bits = a.bit_length() * max(b, 0)
        elif isinstance(op, ast.LShift):
            bits = a.bit_length() + max(b, 0)
        elif isinstance(op, ast.Mult):
            bits = a.bit_length() + b.bit_length()
        if bits > MAX_BITS:
            raise NotLiteral(f"the number is larger than {MAX_BITS:,} bits")
    elif isinstance(op, ast.Mult):
        for sequence, count in ((a, b), (b, a)):
            if isinstance(count, int) and hasattr(sequence, "__len__"):
                _check_size(len(sequence) * max(count, 0))
    elif isinstance(op, ast.Add) and hasattr(a, "__len__") and hasattr(b, "__len__"):
        _check_size(len(a) + len(b))


def _construct(name: str, args: list[Any]) -> Any:
    for value in args:
        if hasattr(value, "__len__"):
            _check_size(len(value))
        elif name in ("bytes", "bytearray") and isinstance(value, int):
            _check_size(value)
    return _CONSTRUCTORS[name](*args)


def _check_size(items: int) -> None:
    if items > MAX_ITEMS:
        raise NotLiteral(f"the value has more than {MAX_ITEMS:,} items")
