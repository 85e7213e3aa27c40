"""Source text for one value of a type, at a size and in a shape."""

import re
from dataclasses import dataclass, replace
from typing import Any

from nlogn.cases.types import (
    Anything,
    Bool,
    Fields,
    Float,
    Function,
    Int,
    Map,
    Node,
    Null,
    OneOf,
    Seq,
    Str,
    Tuple,
    Type,
    main_option,
)

SHAPES = ("random", "sorted", "reversed", "equal", "adversarial")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Context:
    shape: str
    n: str = "n"
    m: str = "m"
    constants: tuple[Any, ...] = ()


def expression(
    type_: Type, dim: str | None, context: Context, name: str = "", vertices: str | None = None
) -> tuple[str, bool]:
    """Source of a value of `type_` that grows with `dim` (None: it stays small), and whether
    it depends on the shape."""
    type_ = main_option(type_)
    role = getattr(type_, "role", "")
    if role == "adjacency":
        return _adjacency(type_, context)
    if vertices is not None and isinstance(type_, (Seq, Map)):
        return _edges(type_, dim or "n", vertices, context)
    if role == "edges" and isinstance(type_, Seq):
        return _edges(type_, dim or "n", f"({dim or 'n'} + 1)", context)
    if role in ("matrix", "grid") and dim in ("n", "m") and isinstance(type_, Seq):
        return _matrix(type_, dim, context.m, context)
    if dim in ("rows", "graph"):
        assert isinstance(type_, Seq)
        return _matrix(type_, context.n, context.m, context)
    if role == "square" and isinstance(type_, Seq):
        return _matrix(type_, dim or "n", dim or "n", context)
    match type_:
        case Int():
            return _int(type_, dim, context, name)
        case Float():
            if dim:
                return f"float({dim})", False
            return f"rng.uniform({type_.lo or 0}, {type_.hi or (type_.lo or 0) + 100})", False
        case Bool():
            return "True", False
        case Null():
            return "None", False
        case OneOf(values=values):
            return repr(values[0]), False
        case Str():
            return _str(type_, dim or "5", context)
        case Seq():
            return _seq(type_, dim or "3", context, name)
        case Tuple(items=items):
            parts = [_small(t, context) for t in items]
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})", False
        case Map():
            return _map(type_, dim or "3", context)
        case Fields(items=fields):
            inner = ", ".join(f"{k!r}: {_small(t, context)}" for k, t in fields)
            return "{" + inner + "}", False
        case Node():
            return _node(type_, dim or "3", context)
        case Function():
            return "(lambda *a: a[0] if a else 0)", False
        case Anything():
            return (dim or "1"), False
    return "0", False


def _small(type_: Type, context: Context) -> str:
    """A small value: an element of something that grows."""
    type_ = main_option(type_)
    if isinstance(type_, Int):
        lo = 1 if type_.lo is None else type_.lo
        hi = lo + 100 if type_.hi is None else type_.hi
        return f"rng.randint({lo}, {max(lo, hi)})"
    if isinstance(type_, Str):
        return _str(type_, str(min(type_.max_size or 6, 6)), replace(context, shape="random"))[0]
    return expression(type_, None, replace(context, shape="random"))[0]


def _int(type_: Int, dim: str | None, context: Context, name: str) -> tuple[str, bool]:
    if dim is None:
        if re.fullmatch(r"mod\w*|p|prime|modulus", name.lower()):
            return "1000000007", False
        lo = type_.lo if type_.lo is not None else 2
        hi = type_.hi if type_.hi is not None else lo + 1
        return f"{max(lo, min(hi, 3))}", False
    value = dim  # a stated upper bound is not kept: growth is measured beyond it
    if type_.lo is not None and type_.lo > 1:
        value = f"max({dim}, {type_.lo})"
    if context.shape == "adversarial":
        # The next number that passes Fermat's test: no early divisor.
        prime = "p % 2 and all(pow(b, p - 1, p) == 1 for b in (2, 3, 5, 7) if p % b)"
        search = f"next(p for p in range({value}, 2 * ({value}) + 3) if {prime})"
        return f"{value} if {value} < 200 else {search}", True
    if context.shape == "equal":
        ones = f"({value} | ((1 << ({value}).bit_length() // 2) - 1))"
        return f"({value} if {value} < 200 else {ones})", True
    return value, False


def _str(type_: Str, size: str, context: Context) -> tuple[str, bool]:
    alphabet = type_.alphabet or _LETTERS
    first, last = alphabet[0], alphabet[-1]
    prefix = "b" if type_.binary else ""
    match context.shape:
        case "sorted" if not type_.alphabet:
            text = f"''.join(sorted(rng.choices({alphabet!r}, k={size})))"
        case "reversed" if not type_.alphabet:
            text = f"''.join(sorted(rng.choices({alphabet!r}, k={size}), reverse=True))"
        case "equal":
            text = f"{first!r} * ({size})"
        case "adversarial" | "sorted" if _brackets(alphabet):
            one, other = tuple(_brackets(alphabet))
            whole = f"({one!r} * (({size}) // 2) + {other!r} * (({size}) // 2))"
            if context.shape == "sorted":
                whole = f"({one + other!r} * (({size}) // 2))"
            text = whole
        case "adversarial":  # nearly all equal: searches and comparisons go on to the end
            text = f"({first!r} * (({size}) - 1) + {last!r})[:{size}]"
        case _:
            text = f"''.join(rng.choices({alphabet!r}, k={size}))"
    if prefix:
        text = f"({text}).encode()"
    return text, True


def _brackets(alphabet: str) -> str:
    return next((p for p in ("()", "[]", "{}") if p[0] in alphabet and p[1] in alphabet), "")


def _wrap(text: str, kind: str) -> str:
    match kind:
        case "list":
            return text
        case "deque":
            return f"__import__('collections').deque({text})"
        case "iterator":
            return f"iter({text})"
    return f"{kind}({text})"


def _seq(type_: Seq, size: str, context: Context, name: str) -> tuple[str, bool]:
    item = main_option(type_.item)
    size = str(type_.min_size) if type_.max_size is not None and type_.min_size == type_.max_size \
        and type_.max_size < 5 else size  # fmt: skip
    shape = context.shape
    if type_.kind in ("set", "frozenset"):
        type_ = replace(type_, distinct=True)
    if type_.role in ("intervals",):
        text = _intervals(item, size, shape)
        return _wrap(text, type_.kind), True
    if isinstance(item, Node):
        inner = expression(item, "8", replace(context, shape="sorted"))[0]
        return _wrap(f"[{inner} for _ in range({size})]", type_.kind), False
    if isinstance(item, (Int, Float)):
        numbers = _numbers(item, size, type_, shape)
        return _wrap(numbers, type_.kind), True
    if isinstance(item, Str):
        width = 1 if item.max_size == 1 else 8
        letters = item.alphabet or _LETTERS
        each = f"''.join(rng.choices({letters!r}, k={width}))"
        words = f"[{each} for _ in range({size})]"
        text = {"sorted": f"sorted({words})", "reversed": f"sorted({words}, reverse=True)",
                "equal": f"[{letters[:3]!r}] * ({size})",
                "adversarial": f"['a' * 7 + chr(97 + i % 26) for i in range({size})]"}.get(
                    shape, words)  # fmt: skip
        if type_.ordered:
            text = f"sorted({words})"
        return _wrap(text, type_.kind), True
    each = _small(item, context)
    text = f"[{each} for _ in range({size})]"
    sortable = isinstance(item, (Tuple, Seq))
    if sortable and shape in ("sorted", "reversed"):
        text = f"sorted({text}{', reverse=True' if shape == 'reversed' else ''})"
        return _wrap(text, type_.kind), True
    if sortable and shape == "equal" and not type_.distinct:
        return _wrap(f"[{each}] * ({size})", type_.kind), True
    return _wrap(text, type_.kind), False


def _numbers(item: Int | Float, size: str, type_: Seq, shape: str) -> str:
    """Numbers: spread over about ten times the size, so that few are equal."""
    lo: Any = item.lo if item.lo is not None else 1
    hi: Any = item.hi
    bounded = hi is not None and hi - lo < 10**6
    one = f"rng.randint({lo}, {hi})" if bounded else f"rng.randint({lo}, 10 * ({size}) + {lo + 9})"
    if isinstance(item, Float):
        one = f"rng.uniform({lo}, {hi if bounded else lo + 1000})"
    narrow = bounded and hi - lo < 100
    start = int(lo) if not isinstance(item, Float) else lo
    random = f"[{one} for _ in range({size})]"
    if type_.distinct:
        random = f"rng.sample(range({int(lo)}, {int(lo)} + 10 * ({size}) + 1), {size})"
    ascending = f"list(range({int(start)}, {int(start)} + ({size})))"
    descending = f"list(range({int(start)} + ({size}) - 1, {int(start)} - 1, -1))"
    if narrow:
        ascending, descending = f"sorted({random})", f"sorted({random}, reverse=True)"
    if type_.ordered:
        same = ascending if type_.distinct else f"[{start}] * ({size})"
        return {"random": f"sorted({random})", "equal": same}.get(shape, ascending)
    match shape:
        case "sorted":
            return ascending
        case "reversed":
            return descending
        case "equal":
            return random if type_.distinct else f"[{start}] * ({size})"
        case "adversarial":
            # Rising, then falling below what came before: undoes merges, stacks and scans.
            half = f"(({size}) // 2)"
            if narrow:
                return f"[{int(lo)}] * (({size}) - 1) + [{int(hi)}]"
            middle = f"{int(start)} + {half}"
            up = f"list(range({middle}, {int(start)} + ({size})))"
            return f"({up} + list(range({middle} - 1, {int(start)} - 1, -1)))"
    return random


def _intervals(item: Type, size: str, shape: str) -> str:
    o, c = ("(", ")") if isinstance(item, Tuple) else ("[", "]")
    match shape:
        case "sorted":  # apart from one another
            return f"[{o}3 * i, 3 * i + 1{c} for i in range({size})]"
        case "reversed":
            return f"[{o}3 * i, 3 * i + 1{c} for i in range({size} - 1, -1, -1)]"
        case "equal":  # all overlap
            return f"[{o}0, ({size}) + 1{c} for i in range({size})]"
        case "adversarial":  # nested
            return f"[{o}i, 2 * ({size}) - i{c} for i in range({size})]"
    return (f"[(lambda s: {o}s, s + rng.randint(1, 20){c})(rng.randrange(10 * ({size}) + 1)) "
            f"for _ in range({size})]")  # fmt: skip


def _edges(type_: Type, m: str, n: str, context: Context) -> tuple[str, bool]:
    """m edges over n vertices: at random, a path, a star, downhill (no cycle)."""
    item = main_option(type_.item) if isinstance(type_, Seq) else Tuple((Int(), Int()))
    lo = 0
    extra: list[str] = []
    if isinstance(item, Tuple):
        first = main_option(item.items[0]) if item.items else Int()
        lo = 1 if isinstance(first, Int) and first.lo == 1 else 0
        extra = ["rng.randint(1, 99)" for _ in item.items[2:]]
        o, c = "(", ")"
    elif isinstance(item, Seq):
        inner = main_option(item.item)
        lo = 1 if isinstance(inner, Int) and inner.lo == 1 else 0
        size = item.max_size or 2
        extra = ["rng.randint(1, 99)"] * max(0, size - 2)
        o, c = "[", "]"
    else:  # a flat list of numbers below n
        return f"[rng.randrange({n}) for _ in range({m})]", False
    tail = "".join(f", {e}" for e in extra)
    one = f"rng.randrange({n}) + {lo}" if lo else f"rng.randrange({n})"
    plus = f" + {lo}" if lo else ""
    match context.shape:
        case "sorted":  # a path, again and again
            pair = f"i % max(1, {n} - 1){plus}, (i % max(1, {n} - 1) + 1) % {n}{plus}"
        case "reversed":  # a star
            pair = f"0{plus}, min(1 + i % max(1, {n} - 1), {n} - 1){plus}"
        case "adversarial":  # acyclic, dense near the start
            above = f"min(a + 1 + rng.randrange(max(1, {n} - 1 - a)), {n} - 1)"
            return (f"[(lambda a: {o}a{plus}, {above}{plus}{tail}{c})"
                    f"(i % max(1, {n} - 1)) for i in range({m})]"), True  # fmt: skip
        case "equal":
            pair = f"0{plus}, ({n} - 1){plus}"
        case _:
            pair = f"{one}, {one}"
    return f"[{o}{pair}{tail}{c} for i in range({m})]", True


def _adjacency(type_: Type, context: Context) -> tuple[str, bool]:
    """A connected graph of n vertices and about n + m edges, both directions."""
    n, m = context.n, context.m
    value = main_option(type_.value) if isinstance(type_, Map) else main_option(type_.item)  # type: ignore[union-attr]
    item = main_option(value.item) if isinstance(value, Seq) else Int()
    weight = isinstance(item, Tuple) and len(item.items) == 2
    parent = {"sorted": "i - 1", "reversed": "0", "adversarial": "(i - 1) // 2"}.get(
        context.shape, "rng.randrange(i)")  # fmt: skip
    edges = (f"[(i, {parent}) for i in range(1, {n})] + "
             f"[(rng.randrange({n}), rng.randrange({n})) for _ in range({m})]")  # fmt: skip
    if context.shape == "equal":
        edges = f"[(i, i - 1) for i in range(1, {n})]"
    names = (
        "str(%s)" if isinstance(type_, Map) and isinstance(main_option(type_.key), Str) else "%s"
    )
    if isinstance(value, Map):
        add = f"g[{names % 'a'}].__setitem__({names % 'b'}, rng.randint(1, 99))"
        back = f"g[{names % 'b'}].__setitem__({names % 'a'}, rng.randint(1, 99))"
        empty = "{}"
    else:
        grow = "add" if isinstance(value, Seq) and value.kind in ("set", "frozenset") else "append"
        other = "(%s, rng.randint(1, 99))" if weight else "%s"
        add = f"g[{names % 'a'}].{grow}({other % (names % 'b')})"
        back = f"g[{names % 'b'}].{grow}({other % (names % 'a')})"
        empty = "set()" if grow == "add" else "[]"
    keys = f"{{{names % 'i'}: {empty} for i in range({n})}}"
    start = keys if isinstance(type_, Map) else f"[{empty} for _ in range({n})]"
    return f"(lambda g, e: [({add}, {back}) for a, b in e] and g or g)({start}, {edges})", True


def _matrix(type_: Seq, rows: str, columns: str, context: Context) -> tuple[str, bool]:
    inner = main_option(type_.item)
    if isinstance(inner, Str):
        letters = inner.alphabet or _marks(context)
        row = {"equal": f"{letters[-1]!r} * ({columns})",
               "adversarial": f"{letters[0]!r} * ({columns})"}.get(
                   context.shape, f"''.join(rng.choices({letters!r}, k={columns}))")  # fmt: skip
        return f"[{row} for _ in range({rows})]", True
    cell_type = main_option(inner.item) if isinstance(inner, Seq) else Int()
    if isinstance(cell_type, Str):
        letters = cell_type.alphabet or _marks(context)
        cell = {"equal": repr(letters[-1]), "adversarial": repr(letters[0])}.get(
            context.shape, f"rng.choice({letters!r})")  # fmt: skip
        return f"[[{cell} for j in range({columns})] for i in range({rows})]", True
    ordered = isinstance(inner, Seq) and inner.ordered
    if isinstance(cell_type, (Int, Float)) and not ordered:
        lo: Any = cell_type.lo if cell_type.lo is not None else 0
        hi: Any = cell_type.hi if cell_type.hi is not None else lo + 99
        cell = f"rng.randint({int(lo)}, {int(hi)})"
        if isinstance(cell_type, Float):
            cell = f"rng.uniform({lo}, {hi})"
        match context.shape:
            case "sorted":
                cell = f"i * ({columns}) + j" if cell_type.hi is None else cell
            case "reversed":
                cell = f"-i * ({columns}) - j" if cell_type.lo is None else cell
            case "equal":
                cell = repr(max(lo, min(hi, 1)))
            case "adversarial":
                cell = repr(lo)
        kind = inner.kind if isinstance(inner, Seq) else "list"
        row = _wrap(f"[{cell} for j in range({columns})]", kind)
        return f"[{row} for i in range({rows})]", True
    row_text = expression(inner, columns, replace(context, shape="random"))[0]
    return f"[{row_text} for _ in range({rows})]", False


def _marks(context: Context) -> str:
    """The characters of a grid: what the code compares cells with, and one other."""
    found = "".join(dict.fromkeys(c for c in context.constants if isinstance(c, str)
                                  and len(c) == 1 and not c.isspace()))  # fmt: skip
    other = "0" if found.isdigit() and "0" not in found else "." if "." not in found else "#"
    return other + found if found else ".#"


def _map(type_: Map, size: str, context: Context) -> tuple[str, bool]:
    key, value = main_option(type_.key), main_option(type_.value)
    keys = {Int: "i", Str: "'k' + str(i)", Tuple: "(i, i)", Float: "i + 0.5"}.get(type(key), "i")
    each = _small(value, context)
    text = f"{{{keys}: {each} for i in range({size})}}"
    match type_.kind:
        case "Counter":
            text = f"__import__('collections').Counter({text})"
        case "OrderedDict":
            text = f"__import__('collections').OrderedDict({text})"
        case "defaultdict":
            text = f"__import__('collections').defaultdict(int, {text})"
    return text, False


def _node(type_: Node, size: str, context: Context) -> tuple[str, bool]:
    """Linked objects. The program's own class is used where it has one (`globals`), else one
    made on the spot with the same attributes."""
    v, links = type_.value, type_.links
    every = "".join(f", {link!r}: None" for link in (*links, "parent", "random"))
    made = f"type({type_.class_name or 'Node'!r}, (), {{{v!r}: 0{every}}})"
    names = [type_.class_name] if type_.class_name else []
    names += ["ListNode"] if type_.shape == "chain" else ["TreeNode"]
    names += ["Node"]
    looked_up = " or ".join(f"globals().get({name!r})" for name in dict.fromkeys(names))
    cls = f"({looked_up} or {made})"
    mixed = f"[rng.randrange(10 * ({size}) + 1) for _ in range({size})]"
    values = {"sorted": f"list(range({size}))", "reversed": f"list(range({size}, 0, -1))",
              "equal": f"[1] * ({size})"}.get(context.shape, mixed)  # fmt: skip
    new = (f"(lambda C, v: (lambda o: (o.__dict__.update({{{v!r}: v}}), "
           "[o.__dict__.setdefault(k, None) for k in ("
           + "".join(f"{link!r}, " for link in links)
           + ")], o)[-1])(object.__new__(C)))")  # fmt: skip
    if type_.shape == "chain":
        link = links[0]
        wire = f"[setattr(a, {link!r}, b) for a, b in zip(ns, ns[1:])]"
    else:
        left, right = links[0], links[1]
        if context.shape in ("sorted", "reversed"):
            side = right if context.shape == "sorted" else left
            wire = f"[setattr(a, {side!r}, b) for a, b in zip(ns, ns[1:])]"
        else:
            wire = (f"[setattr(ns[(i - 1) // 2], {left!r} if i % 2 else {right!r}, x) "
                    "for i, x in enumerate(ns) if i]")  # fmt: skip
    return (f"(lambda C, new: (lambda ns: ({wire}, ns[0] if ns else None)[1])"
            f"([new(C, v) for v in {values}]))({cls}, {new})"), True  # fmt: skip
