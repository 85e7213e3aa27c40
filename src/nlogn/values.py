"""Python values <-> JSON, by exact type, bounded in size.

The one codec for everything that leaves the sandbox or is written to a file:

    (1, [2.5, "a"])      <->  {"$tuple": [1, [2.5, "a"]]}
    {3: {"x"}}           <->  {"$dict": [[3, {"$set": ["x"]}]]}
    Point(x=1, y=2)       ->  {"$object": ["Point", {"x": 1, "y": 2}]}  ->  Instance("Point", ...)

JSON's own types stand for themselves; every other type is an object with one key that starts
with ``$``. Decoding builds nothing but inert standard types and `Instance`, so it is safe on
hostile input. This module uses the standard library alone: its source also runs inside the
sandbox.
"""

import base64
import collections
import datetime
import decimal
import enum
import fractions
import json
import re
import types
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 180
MAX_DRAIN = 1_000_000
_PLAIN_INT = 1 << 63


class Unserialisable(ValueError):
    """The value holds something that has no exact JSON form (a function, a cycle, a socket)."""


class TooLarge(ValueError):
    """The encoded value would exceed its size limit."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class that only the judged program knows: its class name and fields."""

    type_name: str
    fields: dict[str, Any]

    def __hash__(self) -> int:  # it may be the member of a set
        return hash((self.type_name, frozenset(self.fields)))


def encode(value: Any, max_bytes: int = 1 << 24) -> Any:
    """The JSON-able form of `value`.

    Iterators and generators are drained, up to the size limit, and marked as such.

    Raises:
        TooLarge: the text would take more than about `max_bytes`.
        Unserialisable: a cycle, nesting deeper than `MAX_DEPTH`, or a type without a JSON form.
    """
    return _Encoder(max_bytes).encode(value, 0)


class _Encoder:
    def __init__(self, max_bytes: int):
        self.left = max_bytes
        self.open: set[int] = set()

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise TooLarge("the value is larger than its size limit")

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            self.spend(4)
            return value
        if kind is int:
            self.spend(2 + value.bit_length() // 3)
            return value if -_PLAIN_INT < value < _PLAIN_INT else {"$int": hex(value)}
        if kind is str:
            self.spend(2 + len(value))
            return value
        if kind is float:
            self.spend(8)
            return value if value - value == 0 else {"$float": repr(value)}
        if kind is bytes or kind is bytearray:
            self.spend(4 + len(value) * 4 // 3)
            return {"$" + kind.__name__: base64.b64encode(value).decode()}
        if kind in _TEXT_FORM:
            text = _TEXT_FORM[kind][0](value)
            self.spend(16 + len(text))
            return {"$" + kind.__name__: text}
        if depth > MAX_DEPTH:
            raise Unserialisable(f"the value is nested more than {MAX_DEPTH} levels deep")
        if id(value) in self.open:
            raise Unserialisable("the value contains itself")
        self.open.add(id(value))
        try:
            return self.container(value, kind, depth + 1)
        finally:
            self.open.discard(id(value))

    def items(self, values: Any, depth: int) -> list[Any]:
        self.spend(2)
        out = []
        for value in values:
            self.spend(1)
            out.append(self.encode(value, depth))
        return out

    def pairs(self, mapping: Any, depth: int) -> list[Any]:
        return [[self.encode(k, depth), self.encode(v, depth)] for k, v in mapping.items()]

    def container(self, value: Any, kind: type, depth: int) -> Any:
        if kind is list:
            return self.items(value, depth)
        if kind is dict:
            if all(type(k) is str and not k.startswith("$") for k in value):
                self.spend(sum(map(len, value)) + 4 * len(value))
                return {k: self.encode(v, depth) for k, v in value.items()}
            return {"$dict": self.pairs(value, depth)}
        if kind is tuple:
            return {"$tuple": self.items(value, depth)}
        if kind is set or kind is frozenset:
            return {"$" + kind.__name__: sorted(self.items(value, depth), key=_sort_key)}
        if kind is range:
            return {"$range": [value.start, value.stop, value.step]}
        if kind is complex:
            return {"$complex": [self.encode(value.real, depth), self.encode(value.imag, depth)]}
        if kind is collections.deque:
            return {"$deque": self.items(value, depth)}
        if kind in (collections.Counter, collections.OrderedDict, collections.defaultdict):
            return {"$" + kind.__name__: self.pairs(value, depth)}
        if isinstance(value, _VIEWS):
            return {"$view": self.items(value, depth)}
        if isinstance(value, enum.Enum):
            fields: Any = {"name": value.name, "value": value.value}
        elif isinstance(value, tuple) and hasattr(kind, "_fields"):
            fields = dict(zip(kind._fields, value, strict=False))
        elif kind is re.Match:
            fields = {"span": value.span(), "match": value.group(), "groups": value.groups()}
        elif hasattr(kind, "__next__"):
            return {"$iterator": self.drain(value, depth)}
        elif isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType,
                                types.MethodType, types.ModuleType)):  # fmt: skip
            raise Unserialisable(f"a {kind.__name__} has no value to compare")
        else:
            fields = _fields(value, kind)
        return {"$object": [kind.__name__, {str(k): self.encode(v, depth)
                                            for k, v in fields.items()}]}  # fmt: skip

    def drain(self, iterator: Any, depth: int) -> list[Any]:
        out = []
        for value in iterator:
            self.spend(1)
            out.append(self.encode(value, depth))
            if len(out) > MAX_DRAIN:
                raise TooLarge("the iterator does not end")
        return out


def _fields(value: Any, kind: type) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    bases: tuple[Any, ...] = (list, dict, set, str, int, float, tuple)
    for base in bases:
        if isinstance(value, base):  # of a subclass, keep what it inherits
            fields["value"] = base(value)
            break
    for cls in reversed(kind.__mro__):
        for name in _slots(cls):
            if hasattr(value, name):
                fields[name] = getattr(value, name)
    attributes = getattr(value, "__dict__", None)
    if type(attributes) is dict:
        fields.update(attributes)
    elif not fields and kind.__module__ != "__main__" and not hasattr(kind, "__slots__"):
        raise Unserialisable(f"a {kind.__name__} has no JSON form")
    return fields


def _slots(cls: type) -> tuple[str, ...]:
    slots = cls.__dict__.get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(n for n in names if n not in ("__dict__", "__weakref__"))


def _sort_key(encoded: Any) -> str:
    return json.dumps(encoded, sort_keys=True)


_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_TEXT_FORM: dict[type, tuple[Any, Any]] = {
    decimal.Decimal: (str, decimal.Decimal),
    fractions.Fraction: (
        lambda f: f"{f.numerator:x}/{f.denominator:x}",
        lambda s: fractions.Fraction(*(int(part, 16) for part in s.split("/"))),
    ),
    datetime.datetime: (datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    datetime.date: (datetime.date.isoformat, datetime.date.fromisoformat),
    datetime.time: (datetime.time.isoformat, datetime.time.fromisoformat),
    datetime.timedelta: (
        lambda d: f"{d.days},{d.seconds},{d.microseconds}",
        lambda s: datetime.timedelta(*map(int, s.split(","))),
    ),
}


def decode(data: Any) -> Any:
    """The value that `encode` was given. Iterators and views come back as lists,
    objects of unknown classes as `Instance`.

    Raises:
        ValueError: `data` was not made by `encode`.
    """
    if type(data) is list:
        return [decode(v) for v in data]
    if type(data) is not dict:
        return data
    if len(data) == 1:
        (key,) = data
        if key[:1] == "$":
            try:
                return _DECODERS[key](data[key])
            except (LookupError, TypeError, ArithmeticError, AttributeError) as error:
                raise ValueError(f"not an encoded value: {str(data)[:80]}") from error
    return {k: decode(v) for k, v in data.items()}


def _pairs(data: Any) -> list[tuple[Any, Any]]:
    return [(decode(k), decode(v)) for k, v in data]


_DECODERS: dict[str, Any] = {
    "$int": lambda d: int(d, 16),
    "$float": float,
    "$bytes": base64.b64decode,
    "$bytearray": lambda d: bytearray(base64.b64decode(d)),
    "$complex": lambda d: complex(decode(d[0]), decode(d[1])),
    "$range": lambda d: range(*d),
    "$tuple": lambda d: tuple(map(decode, d)),
    "$set": lambda d: set(map(decode, d)),
    "$frozenset": lambda d: frozenset(map(decode, d)),
    "$dict": lambda d: dict(_pairs(d)),
    "$deque": lambda d: collections.deque(map(decode, d)),
    "$Counter": lambda d: collections.Counter(dict(_pairs(d))),
    "$OrderedDict": lambda d: collections.OrderedDict(_pairs(d)),
    "$defaultdict": lambda d: collections.defaultdict(None, _pairs(d)),
    "$view": lambda d: list(map(decode, d)),
    "$iterator": lambda d: list(map(decode, d)),
    "$object": lambda d: Instance(str(d[0]), {k: decode(v) for k, v in d[1].items()}),
    **{"$" + kind.__name__: pair[1] for kind, pair in _TEXT_FORM.items()},
}
