"""How the arguments hang together: lengths, indices, vertices, order.

From the code (`Usage`), the statement, and, weakly, from names.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nlogn.cases.slots import Slot
from nlogn.cases.statement import Facts
from nlogn.cases.types import (
    Bool,
    Choice,
    Float,
    Int,
    Map,
    Node,
    Param,
    Relation,
    RelationKind,
    Seq,
    Str,
    Tuple,
    Type,
    choice,
    item_of,
    main_option,
    options,
    sized,
)
from nlogn.cases.usage import Usage


def find(
    params: Sequence[Param], usage: Usage, facts: dict[str, Facts], text: str
) -> list[Relation]:
    """The relations between parameters, the surest first, one per ordered pair."""
    types = [main_option(p.type) for p in params]
    found: list[Relation] = []

    def add(kind: RelationKind, a: int, b: int, sure: bool) -> None:
        if a == b or not _fits(kind, types[a], types[b]):
            return
        for old in found:
            if (old.a, old.b) == (a, b) or (
                kind in ("same_length", "letters") and (old.b, old.a) == (a, b)
            ):
                if kind in ("same_length", "letters") and old.kind == "target":
                    continue
                return
        found.append(Relation(kind, a, b, sure))

    _from_text(params, facts, text, types, add)
    slots = [s.find() for s in usage.params]
    number = {id(s): i for i, s in enumerate(slots)}
    _from_use(slots, number, usage, types, add)
    _edges_over_a_list(types, add)
    _from_names([p.name.lower() for p in params], types, add)
    return found


def _fits(kind: str, a: Type, b: Type) -> bool:
    if kind in ("index", "count", "length", "columns"):
        return isinstance(a, Int) and sized(b)
    if kind in ("same_length", "shorter"):
        return sized(a) and sized(b) and not isinstance(a, Node)
    if kind == "at_most":
        return isinstance(a, (Int, Float)) and isinstance(b, (Int, Float))
    if kind in ("vertices", "below"):
        return isinstance(a, Int) and isinstance(b, (Seq, Map, Tuple))
    if kind in ("letters", "similar"):
        same = type(a) is type(b) and sized(a)
        return same and type(main_option(item_of(a))) is type(main_option(item_of(b)))
    if kind == "part":
        return type(a) is type(b)
    if kind == "items_index":
        return isinstance(a, Seq) and sized(b)
    if kind == "target":
        return isinstance(b, (Seq, Map, Str)) and not isinstance(a, Node)
    return True


def _from_text(
    params: Sequence[Param], facts: dict[str, Facts], text: str, types: list[Type], add: Any
) -> None:
    names = [p.name for p in params]
    for i, name in enumerate(names):
        for other in facts[name].at_most_len:
            add("count", i, names.index(other), True)
        for other in facts[name].at_most:
            add("at_most", i, names.index(other), True)
    many = [i for i, t in enumerate(types) if sized(t)]
    low = " ".join(text.lower().split())
    equal = re.search(
        r"(?:same|equal)[- ](?:length|size|number of (?:elements|items|values))"
        r"|equally long|length of \w+ (?:list )?(?:is equal to|equals)",
        low,
    )
    if equal and len(many) >= 2:
        minus = re.search(r"minus one|length - 1|one (?:less|fewer)", low[equal.start() :][:160])
        for a, b in itertools.pairwise(many):
            # Of what is returned, too, it is said that it has the same length.
            said = re.search(r"(?:two|both|three|arrays|lists|strings)\b", low) is not None
            add("shorter" if minus else "same_length", a, b, said)


def _from_use(
    slots: list[Slot], number: dict[int, int], usage: Usage, types: list[Type], add: Any
) -> None:
    def param(slot: Slot | None) -> int | None:
        return number.get(id(slot.find())) if slot is not None else None

    reachable = [_leaves(s) for s in slots]
    for b, owner in enumerate(slots):
        for a, slot in enumerate(slots):
            if any(o.find() is owner for o in slot.into) and isinstance(types[a], Int):
                add("index", a, b, False)
    for a, slot in enumerate(slots):
        of = param(slot.length_of)
        if of is not None:
            add("length", a, of, False)
        # for i in range(n): xs[i]
        for b, owner in enumerate(slots):
            if _indexed_below(owner, slot):
                add("length", a, b, True)
            inner = owner.at.find() if owner.at is not None else None
            if inner is not None and _indexed_below(inner, slot):
                add("columns", a, b, False)
        for b in range(len(slots)):
            for leaf in reachable[b]:
                for place in leaf.into:
                    if any(s is slot for s in _sizes(place)) and isinstance(types[a], Int):
                        add("vertices", a, b, True)
                    if place.find() is slot and a != b and sized(types[a]):
                        add("items_index", b, a, True)
                    local = place.find().param is None and not _sizes(place)
                    if local and a < b and isinstance(types[a], Seq):
                        add("items_index", b, a, False)  # an index into something made of a
        # table[start] where the table has n rows
        for place in slot.into:
            for size in _sizes(place):
                of = param(size)
                if of is not None and isinstance(types[a], Int):
                    add("at_most", a, of, False)
        for bound in slot.bounds:
            of = param(bound)
            if of is not None and sized(types[of]):
                add("count", a, of, False)
    for one, two in usage.zipped + usage.compared_lengths:
        first, second = param(one), param(two)
        if first is not None and second is not None:
            add("same_length", first, second, False)
    for b, owner in enumerate(slots):  # b[i] with i below len(a)
        for a, other in enumerate(slots):
            if a != b and _indexed_below_length(owner, other):
                add("same_length", a, b, True)
    for item, owner in usage.contains:
        first, second = param(item), param(owner)
        if first is not None and second is not None:
            same = type(types[first]) is type(types[second])
            kind = "part" if same and isinstance(types[first], Str) else "target"
            add(kind, first, second, False)
    for small, large in usage.below:
        first, second = param(small), param(large)
        if first is not None and second is not None:
            add("at_most", first, second, False)


def _indexed_below(owner: Slot, size: Slot) -> bool:
    """Whether `owner` is subscripted with something below the number `size`."""
    return any(any(b.find() is size for b in slot.find().bounds) for slot in owner.find().indices)


def _same_bound(owner: Slot, row: Slot) -> bool:
    """Whether rows and columns are both counted up to one and the same number."""
    outer = {id(b.find()) for i in owner.find().indices for b in i.find().bounds}
    return any(id(b.find()) in outer for i in row.find().indices for b in i.find().bounds)


def _indexed_below_length(owner: Slot, other: Slot) -> bool:
    for slot in owner.find().indices:
        for bound in slot.find().bounds:
            of = bound.find().length_of
            if (of is not None and of.find() is other) or (
                bound.find() is other and other.param is not None
            ):
                return True
    return False


def _sizes(place: Slot) -> list[Slot]:
    """The numbers that a container's length was made from: n for ``[0] * (n + 1)``."""
    direct = [s.find() for s in place.find().lengths]
    return direct + [s.find() for d in direct for s in d.lengths]


def _leaves(slot: Slot, level: int = 0) -> list[Slot]:
    """The slots of the numbers inside a container, the container itself left out."""
    slot = slot.find()
    out: list[Slot] = []
    for part in (slot.element, slot.at, *slot.parts.values()):
        if part is not None and level < 4:
            out.append(part.find())
            out += _leaves(part, level + 1)
    return out


def _from_names(names: list[str], types: list[Type], add: Any) -> None:
    lists = [i for i, t in enumerate(types) if isinstance(t, (Seq, Node))]
    strings = [i for i, t in enumerate(types) if isinstance(t, Str)]
    numbers = [i for i, t in enumerate(types) if isinstance(t, (Int, Float))]
    for i in numbers:
        for j in lists:
            role = getattr(types[j], "role", "")
            if role in ("edges", "adjacency") and names[i] in _NODE_COUNTS:
                add("vertices", i, j, True)
            elif role == "adjacency":
                add("index", i, j, True)
            elif re.fullmatch(r"(?:target|goal|total|sum|x|t|key|needle|value|val|num|item|"
                              r"element|threshold|query)\w*", names[i]):  # fmt: skip
                add("target", i, j, False)
            elif re.fullmatch(r"[nm]|size|length|len_?\w*", names[i]):
                add("length", i, j, False)
            elif re.fullmatch(r"k|r|window\w*|top|count|w|step", names[i]):
                add("count", i, j, False)
            elif re.fullmatch(r"i|j|idx|index|pos|position|start|end|left|right|lo|hi|low|high",
                              names[i]):  # fmt: skip
                add("index", i, j, False)
    for i, j in itertools.pairwise(numbers):
        pair = (names[i], names[j])
        if pair in _ORDERED_PAIRS:
            add("at_most", i, j, False)
        elif pair in (("n", "k"), ("n", "r"), ("n", "m"), ("total", "used")):
            add("at_most", j, i, False)
    for i, j in itertools.pairwise(strings):
        if re.fullmatch(r"needle|pattern|sub\w*|p|key|prefix|suffix|char|c|ch", names[j]):
            add("part", j, i, False)
        elif re.fullmatch(r"needle|pattern|sub\w*|p|prefix|suffix|char", names[i]):
            add("part", i, j, False)
        else:
            add("similar", j, i, False)
    for i, j in itertools.pairwise(lists):
        add("similar", j, i, False)


_NODE_COUNTS = {"n", "num_nodes", "v", "nodes", "numcourses", "num_courses"}
_ORDERED_PAIRS = {
    ("lo", "hi"), ("low", "high"), ("left", "right"), ("start", "end"), ("l", "r"),
    ("min_val", "max_val"), ("i", "j"), ("begin", "end"), ("lower", "upper"),
}  # fmt: skip


def _edges_over_a_list(types: list[Type], add: Any) -> None:
    """Edges beside a list of values, without a number of nodes: one value for each node."""
    edges = [i for i, t in enumerate(types) if getattr(t, "role", "") == "edges"]
    plain = [i for i, t in enumerate(types)
             if isinstance(t, (Seq, Str)) and i not in edges
             and isinstance(main_option(item_of(t)), (Int, Float, Str, Bool))]  # fmt: skip
    numbers = [i for i, t in enumerate(types) if isinstance(t, Int)]
    if edges and plain and not numbers:
        add("items_index", edges[0], plain[0], True)


def apply_roles(types: Sequence[Type], usage: Usage) -> list[Type]:
    """The types with order, graph and matrix roles that the code's use of them shows."""
    ordered = {id(s.find()) for s in usage.ordered}
    out: list[Type] = []
    for i, type_ in enumerate(types):
        slot = usage.params[i].find() if i < len(usage.params) else None
        if slot is None:
            out.append(type_)
            continue
        found = [_with_role(o, slot, ordered) for o in options(type_)]
        if isinstance(type_, Choice) and id(slot) in ordered:
            found = [o for o in found if isinstance(o, Seq)] or found
        out.append(choice(found))
    return out


def _with_role(type_: Type, slot: Slot, ordered: set[int]) -> Type:
    if isinstance(type_, Seq):
        if id(slot) in ordered and isinstance(main_option(type_.item), (Int, Float, Str)):
            type_ = replace(type_, ordered=True)
        inner = main_option(type_.item)
        row = slot.at or slot.element
        row = row.find() if row is not None else None
        own = _own_index(slot)
        if isinstance(inner, (Seq, Tuple)) and own:
            return replace(type_, role="adjacency")
        if isinstance(inner, Seq) and row is not None and type_.role in ("", "matrix"):
            if id(row) in ordered:
                type_ = replace(type_, item=replace(inner, ordered=True))
            if _indexed_below_length(row, slot) or _same_bound(slot, row):
                return replace(type_, role="square")
            if row.at is not None and not (inner.max_size and inner.max_size < 5):
                return replace(type_, role="matrix")
        if isinstance(inner, Str) and row is not None and row.at is not None and not type_.role:
            return replace(type_, role="grid")
    if (
        isinstance(type_, Map)
        and isinstance(main_option(type_.value), (Seq, Map))
        and (_own_index(slot))
    ):
        return replace(type_, role="adjacency")
    return type_


def _own_index(slot: Slot) -> bool:
    """Whether the elements of the elements are used as indices into the container itself."""
    inner = slot.at or slot.element
    if inner is None:
        return False
    return any(place.find() is slot for leaf in _leaves(inner) for place in leaf.into)
