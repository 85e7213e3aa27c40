"""Abstract values: what the interpreter knows about one run-time value.

A value is a point in a product lattice: how strongly it is tainted and from where, the constant
it must equal, the text it is built from (constant parts, with a hole per unknown part), the API
path that made it, and, for containers and objects, what sits under each key.
"""

from __future__ import annotations

from typing import Any

WEB, PARAM, ENV, NONE = 3, 2, 1, 0
HOLE = "\x00"  # an unknown part of a string's shape
SAFE_HOLE = "\x01"  # an unknown part that is a number or has been cleaned for every sink
LONGEST_SHAPE = 2000


def words(text: str) -> frozenset[str]:
    """The words of a text, for tables that would be pages long with one item a line."""
    return frozenset(text.split())


class _NoConst:
    def __repr__(self) -> str:
        return "?"

    def __bool__(self) -> bool:
        return False


NC: Any = _NoConst()
EVERY = frozenset({"*"})
NOTHING: frozenset[str] = frozenset()


class Value:
    """One abstract value. Containers are shared by reference, like the objects they stand for."""

    __slots__ = (
        "clean",
        "const",
        "fn",
        "items",
        "kw",
        "qual",
        "rest",
        "seq",
        "shape",
        "src",
        "tags",
        "taint",
        "trace",
    )  # fmt: skip

    def __init__(
        self,
        const: Any = NC,
        taint: int = NONE,
        src: frozenset[str] = NOTHING,
        trace: tuple[tuple[int, str], ...] = (),
        clean: frozenset[str] = NOTHING,
        qual: str = "",
        shape: str | None = None,
        items: dict[Any, Value] | None = None,
        rest: Value | None = None,
        fn: Any = None,
        kw: dict[str, Any] | None = None,
        tags: frozenset[str] = NOTHING,
        seq: bool = False,
    ) -> None:
        self.const = const
        self.taint = taint
        self.src = src
        self.trace = trace
        self.clean = clean
        self.qual = qual
        self.shape = shape
        self.items = items
        self.rest = rest
        self.fn = fn
        self.kw = kw
        self.tags = tags
        self.seq = seq

    def __repr__(self) -> str:
        return f"Value({self.const!r}, t={self.taint}, q={self.qual!r}, shape={self.shape!r})"

    @property
    def is_const(self) -> bool:
        return self.const is not NC

    def text(self) -> str:
        """The string's shape: constant text with a hole for each unknown part."""
        if self.const is not NC:
            c = self.const
            return c if type(c) is str else str(c)
        if self.shape is not None:
            return self.shape
        return SAFE_HOLE if "*" in self.clean else HOLE

    def copy(self, **changes: Any) -> Value:
        new = Value(
            self.const, self.taint, self.src, self.trace, self.clean, self.qual, self.shape,
            self.items, self.rest, self.fn, self.kw, self.tags, self.seq,
        )  # fmt: skip
        for key, value in changes.items():
            setattr(new, key, value)
        return new


def constant(value: Any) -> Value:
    return Value(const=value)


def unknown(qual: str = "") -> Value:
    return Value(qual=qual)


def flatten(v: Value, depth: int = 3) -> Value:
    """The value with the taint of everything it holds, as a call sees an argument."""
    if depth == 0 or (not v.items and v.rest is None):
        return v
    parts = [flatten(x, depth - 1) for x in (v.items or {}).values()]
    if v.rest is not None:
        parts.append(flatten(v.rest, depth - 1))
    out = v
    for part in parts:
        if part.taint > out.taint or (part.tags - out.tags):
            out = out.copy(
                taint=max(part.taint, out.taint),
                src=out.src | part.src,
                trace=part.trace if part.taint > out.taint else out.trace,
                clean=part.clean if part.taint > out.taint else out.clean & part.clean,
                tags=out.tags | part.tags,
            )
    return out


def derive(
    parts: list[Value],
    qual: str = "",
    shape: str | None = None,
    clean: frozenset[str] | None = None,
    kw: dict[str, Any] | None = None,
) -> Value:
    """A value computed from `parts`: it carries their taint, and is as clean as the dirtiest.

    `clean`, where given, stands instead of what the parts are clean for.
    """
    taint, src, tags = NONE, NOTHING, NOTHING
    trace: tuple[tuple[int, str], ...] = ()
    least: frozenset[str] | None = None
    for p in parts:
        if p.items is not None or p.rest is not None:
            p = flatten(p)
        if p.tags:
            tags = tags | p.tags
        if p.taint == NONE:
            continue
        src = src | p.src
        if p.taint > taint:
            taint, trace = p.taint, p.trace
        least = p.clean if least is None else meet(least, p.clean)
    if clean is None:
        clean = least or NOTHING
        if taint == NONE and parts:
            for p in parts:
                if p.const is NC and "*" not in p.clean:
                    break
            else:
                clean = EVERY
    return Value(NC, taint, src, trace, clean, qual, shape, None, None, None, kw, tags)


def meet(a: frozenset[str], b: frozenset[str]) -> frozenset[str]:
    """Kinds for which both are clean; "*" stands for every kind."""
    if "*" in a:
        return b
    if "*" in b:
        return a
    return a & b


def same(a: Value, b: Value, depth: int) -> bool:
    """Whether two are copies of one value that nothing has happened to since."""
    if not (
        a.taint == b.taint
        and a.const is b.const
        and a.src is b.src
        and a.clean is b.clean
        and a.qual is b.qual
        and a.tags is b.tags
        and a.shape is b.shape
        and a.fn is b.fn
        and a.kw is b.kw
        and a.rest is b.rest
        and a.seq == b.seq
    ):
        return False
    x, y = a.items, b.items
    if x is None or y is None:
        return x is y
    if len(x) != len(y) or depth == 0:
        return False
    for key, v in x.items():
        w = y.get(key)
        if w is not v and (w is None or not same(v, w, depth - 1)):
            return False
    return True


def join(a: Value, b: Value, depth: int = 4) -> Value:
    """The least value above both: what holds after two paths meet."""
    if a is b or same(a, b, depth):
        return a
    same_const = a.const is not NC and b.const is not NC and type(a.const) is type(b.const)
    const = a.const if same_const and a.const == b.const else NC
    strong, weak = (a, b) if a.taint >= b.taint else (b, a)
    # A constant is clean for every sink, and what no attacker touches does not dirty the rest.
    clean_a = EVERY if a.const is not NC else a.clean
    clean_b = EVERY if b.const is not NC else b.clean
    clean = strong.clean if strong.taint and not weak.taint else meet(clean_a, clean_b)
    out = Value(
        const=const,
        taint=strong.taint,
        src=a.src | b.src,
        trace=strong.trace,
        clean=clean,
        qual=a.qual if a.qual == b.qual or not b.qual else (b.qual if not a.qual else strong.qual),
        tags=a.tags | b.tags,
        fn=a.fn or b.fn,
        kw=a.kw if a.kw is not None else b.kw,
        seq=a.seq or b.seq,
    )
    if const is NC:
        out.shape = join_shape(a, b)
    if a.items is not None or b.items is not None:
        if depth == 0:
            return out
        ai, bi = a.items or {}, b.items or {}
        merged: dict[Any, Value] = {}
        for key in ai.keys() | bi.keys():
            x, y = ai.get(key), bi.get(key)
            both = join(x, y, depth - 1) if x is not None and y is not None else x or y
            if both is not None:
                merged[key] = both
        out.items = merged
        out.rest = join(a.rest, b.rest, depth - 1) if a.rest and b.rest else (a.rest or b.rest)
    else:
        out.rest = a.rest or b.rest
    return out


def join_shape(a: Value, b: Value) -> str | None:
    """Prefer the shape with a hole in it: it is the one that a sink should see."""
    sa = a.text() if a.const is not NC or a.shape is not None else None
    sb = b.text() if b.const is not NC or b.shape is not None else None
    if sa is None or sb is None:
        whole = sa if sb is None else sb
        return whole if whole is not None and HOLE in whole else None
    if HOLE in sa and HOLE in sb:
        return sa if len(sa) >= len(sb) else sb
    if HOLE in sa:
        return sa
    if HOLE in sb:
        return sb
    return sa if a.const is NC else sb
