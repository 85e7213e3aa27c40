"""Whether an argument tuple is what the signature says arguments are."""

from typing import Any

from nlogn.cases.types import (
    Choice,
    Float,
    Int,
    Map,
    Relation,
    Seq,
    Signature,
    Str,
    Tuple,
    Type,
)


def conforms(args: tuple[Any, ...], signature: Signature) -> bool:
    """Whether stated bounds, order, distinctness and the sure relations hold.

    A value of another kind than the type says is let through: the types are inferred, and what
    the oracle accepts is a better judge of them.
    """
    if not all(_fits(v, p.type) for v, p in zip(args, signature.params, strict=False)):
        return False
    for relation in signature.relations:
        if relation.sure and max(relation.a, relation.b) < len(args):
            try:
                if not _holds(relation, args[relation.a], args[relation.b]):
                    return False
            except TypeError:
                continue
    return True


def _fits(value: Any, type_: Type) -> bool:
    match type_:
        case Choice(options=options):
            return any(_fits(value, o) for o in options)
        case Int(lo=lo, hi=hi) | Float(lo=lo, hi=hi):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return True
            if isinstance(type_, Float) and lo == 0 and value == 0:
                return False  # "positive"; where zero is meant the bound is not given
            return (lo is None or value >= lo) and (hi is None or value <= hi)
        case Str(alphabet=alphabet, min_size=low, max_size=high):
            if not isinstance(value, str):
                return True
            size = len(value) >= low and (high is None or len(value) <= high)
            return size and (not alphabet or set(value) <= set(alphabet))
        case Seq(item=item, min_size=low, max_size=high):
            if not hasattr(value, "__len__") or isinstance(value, (str, dict)):
                return True
            values = list(value)
            if len(values) < low or (high is not None and len(values) > high):
                return False
            if type_.distinct and _repeats(values):
                return False
            if type_.ordered and not _ascends(values):
                return False
            if type_.role in ("square", "matrix", "grid") and not _shaped(values, type_.role):
                return False
            return all(_fits(v, item) for v in values)
        case Tuple(items=items):
            if not isinstance(value, (tuple, list)):
                return True
            return len(value) == len(items) and all(map(_fits, value, items))
        case Map(key=key, value=inner, min_size=low):
            if not isinstance(value, dict):
                return True
            return len(value) >= low and all(
                _fits(k, key) and _fits(v, inner) for k, v in value.items()
            )
    return True


def _repeats(values: list[Any]) -> bool:
    try:
        return len(set(values)) < len(values)
    except TypeError:
        return any(v in values[:i] for i, v in enumerate(values))


def _ascends(values: list[Any]) -> bool:
    try:
        return all(values[i] <= values[i + 1] for i in range(len(values) - 1))
    except TypeError:
        return True


def _shaped(rows: list[Any], role: str) -> bool:
    widths = {len(r) for r in rows if hasattr(r, "__len__")}
    if role == "square":
        return widths <= {len(rows)}
    return len(widths) <= 1


def _holds(relation: Relation, a: Any, b: Any) -> bool:
    match relation.kind:
        case "count":
            return bool(0 <= a <= len(b))
        case "index":
            return isinstance(b, dict) or bool(0 <= a < len(b))
        case "length":
            return bool(a == len(b))
        case "same_length":
            return len(a) == len(b)
        case "shorter":
            return len(a) == len(b) - 1
        case "at_most":
            return bool(a <= b)
    return True
