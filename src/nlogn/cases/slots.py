"""Type variables with evidence, for inferring what a function's arguments are from their use.

Each expression of the program gets a `Slot`. Assignment unifies slots, other uses leave marks
("a str method was called on it"), and `resolve` reads the marks as a `Type`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from nlogn.cases.types import (
    Anything,
    Bool,
    Choice,
    Float,
    Function,
    Int,
    Map,
    Node,
    Null,
    Seq,
    Str,
    Tuple,
    Type,
    choice,
    join,
    options,
)


@dataclass(eq=False)
class Slot:
    """One type variable; read its attributes through `find()`."""

    parent: "Slot | None" = None
    param: int | None = None  # the entry's parameter that it is
    marks: Counter[str] = field(default_factory=Counter)
    element: "Slot | None" = None  # what iteration yields
    at: "Slot | None" = None  # what subscription yields
    index: "Slot | None" = None  # what it is subscripted with
    parts: dict[int, "Slot"] = field(default_factory=dict)  # unpacked, or at constant indices
    arity: int | None = None  # unpacked into so many
    fields: dict[str, "Slot"] = field(default_factory=dict)
    alike: list["Slot"] = field(default_factory=list)  # compared or added with: of one type
    constants: list[Any] = field(default_factory=list)  # compared with these
    bounds: list["Slot"] = field(default_factory=list)  # 0 <= this < each of these
    length_of: "Slot | None" = None  # it is len() of that
    lengths: list["Slot"] = field(default_factory=list)  # it was made with so many elements
    into: list["Slot"] = field(default_factory=list)  # used as an index into these
    key_of: list["Slot"] = field(default_factory=list)
    indices: list["Slot"] = field(default_factory=list)  # what it is subscripted with, apart

    def find(self) -> "Slot":
        root = self
        while root.parent is not None:
            root = root.parent
        slot = self
        while slot is not root:  # the way is short from now on
            above = slot.parent
            slot.parent = root
            if above is None:
                break
            slot = above
        return root

    def mark(self, *names: str) -> "Slot":
        self.find().marks.update(names)
        return self

    def has(self, *names: str) -> bool:
        return any(name in self.find().marks for name in names)

    def child(self, name: str) -> "Slot":
        """The slot of `element`, `at` or `index`, made when first asked for."""
        slot = self.find()
        found = getattr(slot, name)
        if found is None:
            found = Slot()
            setattr(slot, name, found)
        return found.find()  # type: ignore[no-any-return]

    def part(self, index: int) -> "Slot":
        return self.find().parts.setdefault(index, Slot()).find()

    def attribute(self, name: str) -> "Slot":
        return self.find().fields.setdefault(name, Slot()).find()


def unify(a: Slot | None, b: Slot | None) -> None:
    """Makes two slots one. Two parameters are never merged, only noted as alike, because the
    relations between parameters would be lost."""
    if a is None or b is None:
        return
    a, b = a.find(), b.find()
    if a is b:
        return
    if a.param is not None and b.param is not None:
        a.alike.append(b)
        b.alike.append(a)
        return
    if b.param is not None:
        a, b = b, a
    b.parent = a
    a.marks.update(b.marks)
    for name in ("element", "at", "index", "length_of"):
        theirs = getattr(b, name)
        if getattr(a, name) is None:
            setattr(a, name, theirs)
        elif name != "length_of":
            unify(getattr(a, name), theirs)
    for own, theirs in ((a.parts, b.parts), (a.fields, b.fields)):
        for key, slot in theirs.items():
            if key in own:
                unify(own[key], slot)  # type: ignore[index]
            else:
                own[key] = slot  # type: ignore[index]
    a.arity = b.arity if a.arity is None else a.arity
    for name in ("alike", "constants", "bounds", "lengths", "into", "key_of", "indices"):
        note(getattr(a, name), getattr(b, name))


def note(known: list[Any], new: Iterable[Any]) -> None:
    """Adds what is not there yet, up to a bound: sums of sums would double their lists."""
    held = set(map(id, known))
    for one in new:
        if id(one) not in held and len(known) < 60:
            held.add(id(one))
            known.append(one)


STR_METHODS = frozenset({
    "lower", "upper", "split", "strip", "lstrip", "rstrip", "startswith", "endswith", "isalpha",
    "isdigit", "isalnum", "isupper", "islower", "isspace", "isnumeric", "isdecimal", "title",
    "capitalize", "swapcase", "replace", "find", "rfind", "rindex", "join", "encode", "format",
    "zfill", "center", "ljust", "rjust", "splitlines", "partition", "rpartition", "casefold",
    "translate", "removeprefix", "removesuffix", "isidentifier", "istitle", "expandtabs",
    "rsplit",
})  # fmt: skip
LIST_METHODS = frozenset(["append", "extend", "insert", "sort", "reverse"])
SEQ_METHODS = frozenset(["index", "count"])
DICT_METHODS = frozenset({
    "items", "keys", "values", "get", "setdefault", "update", "popitem", "most_common",
    "move_to_end",
})  # fmt: skip
SET_METHODS = frozenset({
    "add", "discard", "union", "intersection", "difference", "issubset", "issuperset",
    "isdisjoint", "symmetric_difference", "intersection_update", "difference_update",
})  # fmt: skip
DEQUE_METHODS = frozenset(["appendleft", "popleft", "extendleft", "rotate"])

UNKNOWN_OPTIONS: Type = Choice((Int(), Seq(Int()), Str(), Seq(Str()), Float()))


# isinstance checks: what the program is prepared for
_CHECKED: dict[str, Type] = {
    "maybe_int": Int(), "maybe_float": Float(), "maybe_str": Str(),
    "maybe_list": Seq(Choice((Int(), Seq(Int())))), "maybe_dict": Map(Str(), Int()),
}  # fmt: skip


def resolve(slot: Slot, seen: frozenset[int] = frozenset()) -> Type:
    """The type that the marks say; `Anything` where they say nothing."""
    slot = slot.find()
    if id(slot) in seen or len(seen) > 12:
        return Anything()
    seen |= {id(slot)}
    found = _resolve(slot, seen)
    checked = [_CHECKED[m] for m in _CHECKED if slot.has(m)]
    if checked and not isinstance(found, Node):
        known = [] if isinstance(found, Anything) else [*options(found)]
        plain = [Int()] if len(checked) == 1 and not known else []
        return choice([*known, *checked, *plain])
    if isinstance(found, Anything):
        for other in slot.alike[:12]:
            found = resolve(other, seen)
            if not isinstance(found, Anything):
                break
    if slot.has("none") and not isinstance(found, (Anything, Node)):
        return choice([*options(found), Null()])
    return found


def _resolve(slot: Slot, seen: frozenset[int]) -> Type:
    marks, fields = slot.marks, slot.fields
    node = _node(slot, seen)
    if node is not None:
        return node
    methods = {name for name in fields if fields[name].has("called")}
    if methods & DICT_METHODS and not methods & (
        STR_METHODS | LIST_METHODS | SET_METHODS - {"add"}
    ):
        return _map(slot, seen)
    if marks["dict"]:
        return _map(slot, seen)
    if methods & STR_METHODS or (marks["str"] and not methods & LIST_METHODS):
        return _string(slot)
    if methods & SET_METHODS or marks["set"]:
        return Seq(_item(slot, seen), "set")
    if methods & (LIST_METHODS | DEQUE_METHODS) or marks["list"]:
        return Seq(_item(slot, seen), "deque" if methods & DEQUE_METHODS else "list")
    if marks["next"] or "__next__" in methods:
        return Seq(_item(slot, seen), "iterator")
    if marks["called"] and not slot.fields:
        return Function()
    element = slot.element.find() if slot.element else None
    if element is not None and slot.at and any(o.find() is slot for o in element.into):
        return _map(slot, seen)  # for v in graph: … graph[v]
    index = slot.index.find() if slot.index else None
    if index is not None and isinstance(resolve(index, seen), (Str, Tuple, Seq)):
        return _map(slot, seen)
    if (
        slot.at
        or slot.element
        or slot.parts
        or marks["len"]
        or marks["seq"]
        or methods & SEQ_METHODS
    ):
        return _sequence(slot, seen)
    if marks["bool"]:
        return Bool()
    if marks["float"]:
        return Float()
    if marks["int"]:
        return Int()
    if marks["num"]:
        return Int()
    if marks["stringy"]:
        return choice([Str(), Seq(Str())])
    return Anything()


def _node(slot: Slot, seen: frozenset[int]) -> Node | None:
    names = set(slot.fields)
    tree = next((p for p in (("left", "right"), ("l", "r")) if names & set(p)), None)
    chain = next((p for p in (("next",), ("nxt",), ("successor",)) if names & set(p)), None)
    if (tree is None and chain is None) or slot.has("dict"):
        return None
    links = tree or chain or ()
    value = next((n for n in ("val", "value", "data", "key", "v") if n in names), "val")
    item = resolve(slot.fields[value], seen) if value in names else Int()
    if not isinstance(item, (Int, Float, Str)):
        item = Int()
    return Node(item, "tree" if tree else "chain", "", value, links)


def _map(slot: Slot, seen: frozenset[int]) -> Type:
    key: Type = Anything()
    for part in (slot.index, slot.element):
        if part is not None:
            key = join(key, resolve(part, seen))
    for constant in slot.parts:
        key = join(key, Int() if isinstance(constant, int) else Str())
    value: Type = resolve(slot.at, seen) if slot.at is not None else Anything()
    for option in options(key):
        if isinstance(option, (Int, Str, Tuple, Float)):
            key = option
            break
    else:
        key = Anything()
    return Map(key, value)


def _string(slot: Slot) -> Type:
    pieces = [slot, *(p.find() for p in (slot.at, slot.element) if p is not None)]
    if any(p.has("numeric_text") for p in pieces):
        return Str(alphabet="0123456789")
    known = [c for c in slot.constants if isinstance(c, str)]
    return Str(words=tuple(dict.fromkeys(c for c in known if len(c) > 1)))


def _item(slot: Slot, seen: frozenset[int]) -> Type:
    item: Type = Anything()
    for part in (slot.at, slot.element):
        if part is not None:
            item = join(item, resolve(part, seen))
    if isinstance(item, Anything):
        for part in list(slot.parts.values())[:12]:
            item = join(item, resolve(part, seen))
    return item


def _sequence(slot: Slot, seen: frozenset[int]) -> Type:
    """Something with elements: a tuple, list or str, by what the elements are."""
    parts = {k: v for k, v in slot.parts.items() if isinstance(k, int)}
    if slot.arity is not None and 1 < slot.arity < 9 and not slot.has("len"):
        return Tuple(tuple(resolve(slot.part(i), seen) for i in range(slot.arity)))
    item = _item(slot, seen)
    if isinstance(item, Str):
        # Elements compared with single characters: a str is likelier than a list of str.
        single = _single(slot)
        return choice([Str(), Seq(Str())] if single else [Seq(Str()), Str()])
    if (
        isinstance(item, Anything)
        and slot.element is not None
        and (slot.element.has("numeric_text"))
    ):
        return choice([Str(alphabet="0123456789"), Seq(Int())])
    if isinstance(item, Anything):
        if slot.at is None and slot.element is None and not parts and slot.has("add"):
            return choice([Str(), Seq(Int())])
        return choice([Seq(Int()), Str()])
    if slot.has("inner") and parts and slot.at is None and slot.element is None:
        kinds = {type(resolve(p, seen)) for p in parts.values()}
        size = max(parts) + 1
        if min(parts) >= 0 and size < 9 and not slot.has("len"):
            if len(kinds) > 1 or slot.has("hash"):
                return Tuple(tuple(resolve(slot.part(i), seen) for i in range(size)))
            return Seq(item, min_size=size, max_size=size)
    return Seq(item)


def _single(slot: Slot) -> bool:
    for part in (slot.at, slot.element):
        if part is None:
            continue
        part = part.find()
        known = [c for c in part.constants if isinstance(c, str)]
        if part.has("char") or (known and all(len(c) <= 1 for c in known)):
            return True
    return False
