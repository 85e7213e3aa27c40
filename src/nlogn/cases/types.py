"""What an argument may be: a small algebra of types with the bounds that make inputs valid.

    list[int], "non-empty, sorted"   ->  Seq(Int(), min_size=1, ordered=True)
    dict[str, list[str]]             ->  Map(Str(), Seq(Str()))

`Signature` adds what ties several arguments together (`Relation`) and what was seen of them
(examples, constants). All of it is frozen and hashable.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

SeqKind = Literal["list", "tuple", "set", "frozenset", "deque", "iterator"]
Role = Literal["", "adjacency", "edges", "intervals", "points", "matrix", "square", "grid"]


@dataclass(frozen=True, slots=True)
class Int:
    lo: int | None = None
    hi: int | None = None


@dataclass(frozen=True, slots=True)
class Float:
    lo: float | None = None
    hi: float | None = None
    special: bool = False  # infinities and NaN are meant too


@dataclass(frozen=True, slots=True)
class Bool:
    pass


@dataclass(frozen=True, slots=True)
class Null:
    pass


@dataclass(frozen=True, slots=True)
class Str:
    alphabet: str = ""  # "": not known
    min_size: int = 0
    max_size: int | None = None
    words: tuple[str, ...] = ()  # the whole strings, or pieces of them, that mean something
    binary: bool = False  # bytes


@dataclass(frozen=True, slots=True)
class Seq:
    item: "Type"
    kind: SeqKind = "list"
    min_size: int = 0
    max_size: int | None = None
    ordered: bool = False
    distinct: bool = False
    role: Role = ""


@dataclass(frozen=True, slots=True)
class Tuple:
    items: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Map:
    key: "Type"
    value: "Type"
    kind: Literal["dict", "Counter", "defaultdict", "OrderedDict"] = "dict"
    min_size: int = 0
    role: Role = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """A dict with known keys (TypedDict)."""

    items: tuple[tuple[str, "Type"], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several types, the likeliest first."""

    options: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values (Literal, bool-like flags, words of the statement)."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """An object linked to its like; as a plain value it is the list of what it holds.

    `shape` "chain" is a linked list [1, 2, 3]; "tree" is a binary tree in level order with None
    for a missing child [1, None, 2].
    """

    item: "Type"
    shape: Literal["chain", "tree"]
    class_name: str = ""
    value: str = "val"
    links: tuple[str, ...] = ("next",)


@dataclass(frozen=True, slots=True)
class Function:
    """A callable; as a plain value the index of one of a few (see `objects.FUNCTIONS`)."""


@dataclass(frozen=True, slots=True)
class Anything:
    pass


Type: TypeAlias = (
    Int | Float | Bool | Null | Str | Seq | Tuple | Map | Fields | Choice | OneOf | Node
    | Function | Anything
)  # fmt: skip

RelationKind = Literal[
    "index",  # a is an index into b
    "count",  # a <= len(b), a >= 0
    "length",  # a == len(b)
    "columns",  # a == len(b[0])
    "same_length",  # len(a) == len(b)
    "shorter",  # len(a) == len(b) - 1
    "at_most",  # a <= b
    "target",  # a is made of elements of b: one of them, or a sum of two
    "part",  # a is contained in b
    "letters",  # a has the same characters (elements) as b
    "vertices",  # the numbers in b are < a (edges over a nodes)
    "below",  # the numbers in b are < a, but a says nothing about its length
    "items_index",  # the elements of a are indices into b
    "similar",  # a is b with small changes
]


@dataclass(frozen=True, slots=True)
class Relation:
    kind: RelationKind
    a: int
    b: int
    sure: bool = False  # stated or proved by use, not only likely


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    type: Type
    known_from: str = "nothing"  # annotation, examples, statement, use, name, nothing
    optional: bool = False
    is_size: bool = False  # a number that the code counts up to, not only computes with
    grows: bool = False  # a number that a while loop works on


@dataclass(frozen=True, slots=True)
class Signature:
    entry: str
    params: tuple[Param, ...]
    relations: tuple[Relation, ...] = ()
    examples: tuple[tuple[Any, ...], ...] = ()
    constants: tuple[Any, ...] = ()  # numbers and strings of the code and the statement

    @property
    def types(self) -> tuple[Type, ...]:
        return tuple(p.type for p in self.params)


NUMERIC = (Int, Float, Bool)
EMPTY = Seq(Anything())


def type_of(value: Any) -> Type:
    """The type of a seen value, without bounds."""
    if value is None:
        return Null()
    if isinstance(value, bool):
        return Bool()
    if isinstance(value, int):
        return Int()
    if isinstance(value, float):
        return Float()
    if isinstance(value, str):
        return Str()
    if isinstance(value, (bytes, bytearray)):
        return Str(binary=True)
    if isinstance(value, dict):
        return Map(_join_all(map(type_of, value)), _join_all(map(type_of, value.values())))
    if isinstance(value, (list, set, frozenset)):
        kind: Any = type(value).__name__
        return Seq(_join_all(map(type_of, value)), kind)
    if isinstance(value, tuple):
        return Tuple(tuple(map(type_of, value)))
    return Anything()


def _join_all(types: Iterable[Type]) -> Type:
    found: Type = Anything()
    for one in types:
        found = join(found, one)
    return found


def join(a: Type, b: Type) -> Type:
    """The narrowest type of this algebra that has the values of both, bounds dropped where
    they differ."""
    if a == b or isinstance(b, Anything):
        return a
    if isinstance(a, Anything):
        return b
    if isinstance(a, Choice) or isinstance(b, Choice):
        return choice([*options(a), *options(b)])
    if isinstance(a, Int) and isinstance(b, Int):
        return Int(_loose(a.lo, b.lo, min), _loose(a.hi, b.hi, max))
    if isinstance(a, (Int, Float)) and isinstance(b, (Int, Float)):
        return Float(_loose(a.lo, b.lo, min), _loose(a.hi, b.hi, max))
    if isinstance(a, Str) and isinstance(b, Str):
        return Str(binary=a.binary and b.binary)
    if isinstance(a, Seq) and isinstance(b, Seq) and a.kind == b.kind:
        return Seq(join(a.item, b.item), a.kind)
    if isinstance(a, Tuple) and isinstance(b, Tuple):
        if len(a.items) == len(b.items):
            return Tuple(tuple(map(join, a.items, b.items)))
        return Seq(_join_all([*a.items, *b.items]), "tuple")
    if isinstance(a, (Tuple, Seq)) and isinstance(b, (Tuple, Seq)):
        tuples = [t for t in (a, b) if isinstance(t, Tuple)]
        seqs = [t for t in (a, b) if isinstance(t, Seq)]
        if tuples and seqs and seqs[0].kind == "tuple":
            return Seq(_join_all([seqs[0].item, *tuples[0].items]), "tuple")
    if isinstance(a, Map) and isinstance(b, Map):
        return Map(join(a.key, b.key), join(a.value, b.value), a.kind)
    return choice([a, b])


def _loose(a: Any, b: Any, pick: Any) -> Any:
    return None if a is None or b is None else pick(a, b)


def options(type_: Type) -> tuple[Type, ...]:
    return type_.options if isinstance(type_, Choice) else (type_,)


def choice(types: Sequence[Type]) -> Type:
    """A `Choice` without repeats, or the one type if there is only one."""
    flat: list[Type] = []
    for one in types:
        for option in options(one):
            if option not in flat:
                flat.append(option)
    return flat[0] if len(flat) == 1 else Choice(tuple(flat))


def main_option(type_: Type) -> Type:
    """The likeliest option that is not None."""
    for option in options(type_):
        if not isinstance(option, Null):
            return option
    return type_


def map_options(type_: Type, change: Any) -> Type:
    """`type_` with every option passed through `change`."""
    return choice([change(option) for option in options(type_)])


def sized(type_: Type) -> bool:
    """Whether the values have a length."""
    return isinstance(type_, (Seq, Str, Map, Node))


def item_of(type_: Type) -> Type:
    """The type of what iteration yields."""
    if isinstance(type_, (Seq, Node)):
        return type_.item
    if isinstance(type_, Map):
        return type_.key
    if isinstance(type_, Str):
        return Int(0, 255) if type_.binary else Str(alphabet=type_.alphabet, min_size=1, max_size=1)
    if isinstance(type_, Tuple):
        return _join_all(type_.items)
    return Anything()


def depth(type_: Type) -> int:
    """How many levels of containers: 0 for an int or str, 2 for list[list[int]]."""
    if isinstance(type_, (Seq, Node)):
        return 1 + depth(main_option(type_.item))
    if isinstance(type_, Map):
        return 1 + depth(main_option(type_.value))
    if isinstance(type_, Tuple):
        return 1 + max((depth(main_option(t)) for t in type_.items), default=0)
    return 0
