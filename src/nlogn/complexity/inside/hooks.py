"""The operators: each hook does what the operator does and charges the work that C does."""

import operator
from collections import deque
from typing import Any

from nlogn.complexity.inside.meter import (
    SCALARS,
    SIZED,
    WORD,
    charge,
    consume,
    counted,
    deep_len,
    depth_enter,
    depth_leave,
    division_cost,
    product_cost,
    size_steps,
    text_steps,
    words,
)
from nlogn.complexity.inside.rewrite import rewrite

_TEXT = frozenset([str, bytes, bytearray])
_iadd: Any = operator.iadd
_PLAIN = SCALARS | _TEXT
_VALUES: Any = type({}.values())


def _charge_result(result: Any) -> Any:
    kind = type(result)
    if kind is int:
        if not -WORD < result < WORD:
            charge(words(result))
    elif kind in SIZED:
        charge(size_steps(result))
    elif kind not in SCALARS:
        _charge_number(result)
    return result


def _charge_number(value: Any) -> None:
    """Fractions: the gcd of numerator and denominator, made of Python's big integers."""
    if type(value).__name__ == "Fraction":
        size = value.numerator.bit_length() + value.denominator.bit_length()
        charge(1 + product_cost(size, size))


def _charge_longer(a: int, b: int) -> None:
    if not -WORD < a < WORD or not -WORD < b < WORD:
        charge(max(words(a), words(b)))


def hook_add(a: Any, b: Any) -> Any:
    kind = type(a)
    if kind is int or kind is float:
        result = a + b
        if kind is int and type(result) is int and not -WORD < result < WORD:
            charge(words(result))
        return result
    return _charge_result(a + b)


def hook_sub(a: Any, b: Any) -> Any:
    kind = type(a)
    if kind is int or kind is float:
        if kind is int and type(b) is int:
            _charge_longer(a, b)
        return a - b
    if kind in SIZED:
        charge(len(a))
        return a - b
    return _charge_result(a - b)


def _repeat(a: Any, b: Any) -> None:
    """Charge a sequence times a number before it takes the memory."""
    if type(b) is int and type(a) in SIZED and b > 0:
        charge(len(a) * b >> 4 if type(a) in _TEXT else len(a) * b)


def hook_mul(a: Any, b: Any) -> Any:
    kind = type(a)
    if kind is int and type(b) is int:
        if not -WORD < a < WORD or not -WORD < b < WORD:
            charge(product_cost(a.bit_length(), b.bit_length()))
        return a * b
    if kind is float:
        return a * b
    if kind in SIZED:
        _repeat(a, b)
        return a * b
    if kind is int and type(b) in SIZED:
        _repeat(b, a)
        return a * b
    result = a * b
    if kind not in SCALARS:
        _charge_number(result)
    return result


def _divide(a: Any, b: Any) -> None:
    if type(a) is int and not -WORD < a < WORD and type(b) is int:
        charge(division_cost(a.bit_length(), b.bit_length()))


def hook_floordiv(a: Any, b: Any) -> Any:
    _divide(a, b)
    return a // b


def hook_truediv(a: Any, b: Any) -> Any:
    return a / b


def hook_mod(a: Any, b: Any) -> Any:
    if type(a) is int:
        if not -WORD < a < WORD:
            _divide(a, b)
        return a % b
    result = a % b
    if type(result) in _TEXT:
        charge(text_steps(len(result)))
    return result


def hook_pow(a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int and b > 0 and not -2 < a < 2:
        size = a.bit_length() * b
        if size > 512:
            charge(2 * product_cost(size >> 1, size >> 1))
    result = a**b
    if type(a) not in SCALARS:
        _charge_number(result)
    return result


def hook_lshift(a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int and a and (b > 256 or not -WORD < a < WORD):
        charge((a.bit_length() + b) >> 8)
    return a << b


def hook_rshift(a: Any, b: Any) -> Any:
    if type(a) is int and not -WORD < a < WORD:
        charge(words(a))
    return a >> b


def _bits(a: Any, b: Any, smaller: bool) -> None:
    if type(a) is int:
        if type(b) is int and (not -WORD < a < WORD or not -WORD < b < WORD):
            sizes = (words(a), words(b))
            charge(min(sizes) if smaller and a > 0 and b > 0 else max(sizes))
    elif type(a) in SIZED and type(b) in SIZED:
        charge(min(len(a), len(b)) if smaller else len(a) + len(b))


def hook_and(a: Any, b: Any) -> Any:
    _bits(a, b, True)
    return a & b


def hook_or(a: Any, b: Any) -> Any:
    _bits(a, b, False)
    return a | b


def hook_xor(a: Any, b: Any) -> Any:
    _bits(a, b, False)
    return a ^ b


def hook_matmul(a: Any, b: Any) -> Any:
    return a @ b


def hook_iadd(a: Any, b: Any) -> Any:
    kind = type(a)
    if kind is int or kind is float:
        result = a + b
        if kind is int and type(result) is int and not -WORD < result < WORD:
            charge(words(result))
        return result
    if kind is bytearray:
        charge(text_steps(len(b)) if hasattr(b, "__len__") else 0)
        return _iadd(a, b)
    if isinstance(a, (list, deque)):
        # What was there before stays in place: only what comes in is copied.
        return _iadd(a, consume(b)) if kind in SIZED else _iadd(a, b)
    result = _iadd(a, b)
    # CPython can grow a string in place when nothing else holds it; the language does not say
    # so, other interpreters do not, and one more reference undoes it: it counts as a copy.
    if kind in SIZED:
        charge(size_steps(result))
    elif kind not in SCALARS:
        _charge_number(result)
    return result


def _in_place(plain: Any, name: str) -> Any:
    act = getattr(operator, name)

    def hook(a: Any, b: Any) -> Any:
        kind = type(a)
        if kind in SCALARS:
            return plain(a, b)
        if kind is set or (kind in SIZED and name == "ior"):
            if type(b) in SIZED:
                charge(len(b) if name != "iand" else min(len(a), len(b)))
            return act(a, b)
        if kind is list and name == "imul":
            _repeat(a, b)
            return act(a, b)
        if kind in SIZED:
            return plain(a, b)
        result = act(a, b)
        _charge_number(result)
        return result

    return hook


# --- comparison --------------------------------------------------------------------------------


def _common(a: Any, b: Any) -> int:
    """Items that comparing two sequences has to look at."""
    limit = min(len(a), len(b))
    if type(a) in _TEXT:
        size = 16
        while size < limit and a[:size] == b[:size]:
            size *= 2
        return text_steps(min(size, limit))
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x is y:
            continue
        if type(x) not in SCALARS and type(x) not in SIZED:
            return limit
        if x != y:
            return i + 1
    return limit


def charge_compare(a: Any, b: Any, equal: bool) -> None:
    kind = type(a)
    if kind not in SIZED or type(b) not in SIZED:
        return
    if equal:
        charge(text_steps(len(a)) if kind in _TEXT else deep_len(a))
    elif kind in _TEXT or kind is list or kind is tuple:
        if len(a) == len(b) and type(b) is kind:
            charge(_common(a, b))
        else:
            charge(1)
    elif len(a) == len(b):
        charge(len(a))


def hook_eq(a: Any, b: Any) -> Any:
    if type(a) in SCALARS:
        return a == b
    result = a == b
    if type(a) in SIZED:
        charge_compare(a, b, result is True)
    return result


def hook_ne(a: Any, b: Any) -> Any:
    if type(a) in SCALARS:
        return a != b
    result = a != b
    if type(a) in SIZED:
        charge_compare(a, b, result is False)
    return result


def _ordered(act: Any) -> Any:
    def hook(a: Any, b: Any) -> Any:
        kind = type(a)
        if kind in SCALARS:
            return act(a, b)
        result = act(a, b)
        if kind in SIZED and type(b) in SIZED:
            if kind in _TEXT or kind is list or kind is tuple:
                charge(_common(a, b))
            else:
                charge(min(len(a), len(b)))
        return result

    return hook


def hook_in(item: Any, holder: Any) -> Any:
    kind = type(holder)
    if kind is dict or kind is set or kind is frozenset:
        if type(item) is tuple:
            charge(len(item))
        return item in holder
    if kind is list or kind is tuple or kind is deque:
        found = item in holder
        if found and type(item) in _PLAIN:
            charge(holder.index(item) + 1)
        else:
            charge(len(holder))
        return found
    if kind in _TEXT:
        found = item in holder
        if not found:
            charge(text_steps(len(holder)))
        elif type(item) in _TEXT:
            charge(text_steps(holder.find(item) + len(item)))
        else:
            charge(text_steps(holder.index(item)))
        return found
    if kind is range or kind in SIZED:
        if kind is _VALUES or (kind is range and type(item) is not int):
            charge(len(holder))
        return item in holder
    if hasattr(kind, "__contains__"):
        return item in holder
    return item in consume(holder)


def hook_notin(item: Any, holder: Any) -> Any:
    return not hook_in(item, holder)


# --- items and slices --------------------------------------------------------------------------


def hook_getslice(holder: Any, start: Any, stop: Any, step: Any) -> Any:
    result = holder[start:stop] if step is None else holder[start:stop:step]
    if type(result) in SIZED and type(result) is not range:
        charge(size_steps(result))
    return result


def hook_getitem(holder: Any, index: Any) -> Any:
    if type(holder) is deque and type(index) is int:
        middle = index if index >= 0 else -index
        charge(min(middle, abs(len(holder) - middle)) >> 4)
    return holder[index]


def hook_setslice(value: Any, holder: Any, start: Any, stop: Any, step: Any) -> None:
    if not isinstance(holder, (list, bytearray)):
        holder[start:stop:step] = value
        return
    before = len(holder)
    first, last, _ = slice(start, stop, step).indices(before)
    holder[slice(start, stop, step)] = consume(value)
    if len(holder) != before:
        charge(before - max(first, last) if step is None else before)


def _index_cost(holder: Any, index: Any) -> None:
    if isinstance(index, slice):
        charge(len(holder) - min(index.indices(len(holder))[:2]))
    elif isinstance(index, int):
        size = len(holder)
        at = index if index >= 0 else size + index
        charge(max(min(at, size - at) >> 4 if isinstance(holder, deque) else size - at, 0))


def hook_delitem(holder: Any, index: Any) -> None:
    if isinstance(holder, (list, bytearray, deque)):
        _index_cost(holder, index)
    del holder[index]


def hook_delslice(holder: Any, start: Any, stop: Any, step: Any) -> None:
    hook_delitem(holder, slice(start, stop, step))


# --- the rest ----------------------------------------------------------------------------------


def hook_text(text: Any) -> Any:
    if len(text) > 15:
        charge(text_steps(len(text)))
    return text


def hook_spread(source: Any) -> Any:
    return consume(source)


def hook_rest(items: Any) -> None:
    charge(len(items))


def hook_from(source: Any) -> Any:
    return counted(source) if type(source) in SIZED else consume(source)


def hook_source(source: Any, mode: str) -> Any:
    """Instrument what eval or exec is given."""
    if type(source) is not str:
        return source
    charge(text_steps(len(source)))
    try:
        tree = rewrite(source.strip() if mode == "eval" else source, mode)
        return compile(tree, "<program>", mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source


def operator_hooks() -> dict[str, Any]:
    """Hooks by the names that `rewrite` gives them, without prefix."""
    out: dict[str, Any] = {
        "enter": depth_enter, "leave": depth_leave,
        "add": hook_add, "sub": hook_sub, "mul": hook_mul, "floordiv": hook_floordiv,
        "truediv": hook_truediv, "mod": hook_mod, "pow": hook_pow, "lshift": hook_lshift,
        "rshift": hook_rshift, "and_": hook_and, "or_": hook_or, "xor": hook_xor,
        "matmul": hook_matmul, "iadd": hook_iadd,
        "eq": hook_eq, "ne": hook_ne, "lt": _ordered(operator.lt), "le": _ordered(operator.le),
        "gt": _ordered(operator.gt), "ge": _ordered(operator.ge), "in": hook_in,
        "notin": hook_notin, "getslice": hook_getslice, "getitem": hook_getitem,
        "setslice": hook_setslice, "delitem": hook_delitem, "delslice": hook_delslice,
        "text": hook_text, "spread": hook_spread, "rest": hook_rest, "from": hook_from,
        "source": hook_source,
    }  # fmt: skip
    for name, plain, act in (
        ("isub", hook_sub, "isub"), ("imul", hook_mul, "imul"),
        ("ifloordiv", hook_floordiv, "ifloordiv"), ("imod", hook_mod, "imod"),
        ("ipow", hook_pow, "ipow"), ("ilshift", hook_lshift, "ilshift"),
        ("irshift", hook_rshift, "irshift"), ("iand_", hook_and, "iand"),
        ("ior_", hook_or, "ior"), ("ixor", hook_xor, "ixor"),
        ("itruediv", hook_truediv, "itruediv"), ("imatmul", hook_matmul, "imatmul"),
    ):  # fmt: skip
        out[name] = _in_place(plain, act)
    return out
