"""Whether two results are the same."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

from nlogn.values import Instance


def same(expected: Any, got: Any, *, tolerance: float = 0.0) -> bool:
    """Equality as Python has it, with these differences.

    NaN equals NaN, `Instance` compares by class name and fields, and two floats (or a float and
    an int) may differ by `tolerance`, relative or absolute, whichever is wider. True equals 1 and
    a list is no tuple, as every test that says ``==`` has it. Never raises, and never calls a
    method of the program's.
    """
    return _same(expected, got, tolerance, 0)


def _same(a: Any, b: Any, tolerance: float, depth: int) -> bool:
    if a is b:
        return True
    if depth > 200:
        return bool(repr(a) == repr(b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return _numbers(a, b, tolerance)
    if isinstance(a, (Fraction, Decimal)) or isinstance(b, (Fraction, Decimal)):
        return _exact_numbers(a, b)
    if isinstance(a, complex) or isinstance(b, complex):
        if not isinstance(a, (int, float, complex)) or not isinstance(b, (int, float, complex)):
            return False
        a, b = complex(a), complex(b)
        return _numbers(a.real, b.real, tolerance) and _numbers(a.imag, b.imag, tolerance)
    if isinstance(a, Instance) or isinstance(b, Instance):
        return (
            isinstance(a, Instance)
            and isinstance(b, Instance)
            and a.type_name == b.type_name
            and _same(a.fields, b.fields, tolerance, depth + 1)
        )
    if isinstance(a, (list, tuple)) or isinstance(b, (list, tuple)):
        return (
            type(a) is type(b)
            and len(a) == len(b)
            and all(_same(x, y, tolerance, depth + 1) for x, y in zip(a, b, strict=True))
        )
    if isinstance(a, dict) and isinstance(b, dict):
        return _dicts(a, b, tolerance, depth)
    if isinstance(a, (set, frozenset)) and isinstance(b, (set, frozenset)):
        return _sets(a, b, tolerance, depth)
    if hasattr(a, "__len__") and type(a) is type(b) and not isinstance(a, (str, bytes, bytearray)):
        return len(a) == len(b) and all(
            _same(x, y, tolerance, depth + 1) for x, y in zip(a, b, strict=True)
        )
    try:
        return type(a) is type(b) and bool(a == b)
    except Exception:  # decimals that signal, dates with and without a zone
        return False


def _numbers(a: float, b: float, tolerance: float) -> bool:
    if a == b:
        return True
    if isinstance(a, int) and isinstance(b, int):
        return False
    try:
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return tolerance > 0 and math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # an int too large for a float
        return False


def _exact_numbers(a: Any, b: Any) -> bool:
    try:
        return bool(a == b) or bool(a != a and b != b)
    except ArithmeticError:  # a Decimal that signals
        return False


def _dicts(a: dict[Any, Any], b: dict[Any, Any], tolerance: float, depth: int) -> bool:
    if len(a) != len(b):
        return False
    rest = dict(b)
    unmatched = []
    for key, value in a.items():
        if key in rest and _same(key, _own_key(rest, key), 0.0, depth + 1):
            if not _same(value, rest.pop(key), tolerance, depth + 1):
                return False
        else:
            unmatched.append((key, value))
    if len(unmatched) > 200:  # pairing is quadratic: by then the keys are different ones
        return False
    for key, value in unmatched:  # NaN, or floats within the tolerance
        found = next((k for k in rest if _same(key, k, tolerance, depth + 1)
                      and _same(value, rest[k], tolerance, depth + 1)), _MISSING)  # fmt: skip
        if found is _MISSING:
            return False
        del rest[found]
    return not rest


_MISSING = object()


def _own_key(mapping: dict[Any, Any], key: Any) -> Any:
    """The key as the mapping has it (True for 1); found only if the types may differ."""
    if not isinstance(key, (bool, int, float)):
        return key
    return next((k for k in mapping if k == key), key) if key in (0, 1) else key


def _sets(a: Any, b: Any, tolerance: float, depth: int) -> bool:
    if len(a) != len(b):
        return False
    left, right = list(a - b), list(b - a)
    if len(left) > 200:
        return False
    for value in left:
        found = next((v for v in right if _same(value, v, tolerance, depth + 1)), _MISSING)
        if found is _MISSING:
            return False
        right.remove(found)
    return not right
