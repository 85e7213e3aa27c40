"""What is known at one point of a function, per access path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .. import ir
from ..walk import walk


@dataclass(slots=True)
class State:
    null: dict[str, int] = field(default_factory=dict)  # path -> where it was allocated
    freed: dict[str, int] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)  # bytes
    elem: dict[str, int] = field(default_factory=dict)  # bytes of an element
    outside: dict[str, int] = field(default_factory=dict)  # numbers without an upper bound yet
    below: dict[str, int] = field(default_factory=dict)  # signed numbers not yet known to be >= 0
    const: dict[str, int] = field(default_factory=dict)
    short: dict[str, str] = field(default_factory=dict)  # allocated with strlen(of) bytes
    nil: dict[str, int] = field(default_factory=dict)  # certainly null
    filled: dict[str, int] = field(default_factory=dict)  # bytes of text written to it
    checked: set[str] = field(default_factory=set)

    def width(self) -> int:
        """About how many facts it holds: what a copy costs."""
        return len(self.checked) + len(self.const) + len(self.null) + len(self.outside)

    def copy(self) -> State:
        return State(
            dict(self.null), dict(self.freed), dict(self.size), dict(self.elem), dict(self.outside),
            dict(self.below), dict(self.const), dict(self.short), dict(self.nil), dict(self.filled),
            set(self.checked),
        )  # fmt: skip


def path(e: Any) -> str:
    """An lvalue as text, "" when it is none that can be followed."""
    kind = type(e)
    if kind is ir.Name:
        return str(e.id)
    if kind is ir.Field:
        base = path(e.obj)
        return f"{base}.{e.name}" if base else ""
    if kind is ir.Cast:
        return path(e.arg)
    if kind is ir.Un and e.op in ("*", "&"):
        base = path(e.arg)
        return base if e.op == "&" else (f"*{base}" if base else "")
    if kind is ir.Index and type(e.key) is ir.Const:
        base = path(e.obj)
        return f"{base}[{e.key.value}]" if base else ""
    return ""


def bare(e: Any) -> Any:
    while type(e) is ir.Cast:
        e = e.arg
    return e


def callee(e: Any) -> str:
    e = bare(e)
    if type(e) is not ir.Call:
        return ""
    func = e.func
    return str(func.id if type(func) is ir.Name else func.name if type(func) is ir.Field else "")


def mentioned(e: Any) -> set[str]:
    """Every path that occurs in an expression, and the objects that it goes through."""
    out: set[str] = set()
    for x in walk(e):
        p = path(x)
        if p:
            out.add(p)
            out.add(p.lstrip("*"))
    return out


def forget(p: str, st: State) -> None:
    for table in (
        st.null,
        st.freed,
        st.size,
        st.elem,
        st.outside,
        st.below,
        st.const,
        st.short,
        st.nil,
        st.filled,
    ):
        for k in [k for k in table if k == p or k.startswith((p + ".", "*" + p))]:
            table.pop(k)
    st.checked.discard(p)


def merge(st: State, live: list[State]) -> bool:
    if not live:
        return False
    first = live[0]
    for other in live[1:]:
        first.null = {
            k: v for k, v in first.null.items() if k in other.null or k not in other.checked
        }
        for k, v in other.null.items():
            if k not in first.checked:
                first.null.setdefault(k, v)
        first.freed = {k: v for k, v in first.freed.items() if k in other.freed}
        first.size = {k: v for k, v in first.size.items() if other.size.get(k) == v}
        first.outside = {k: v for k, v in first.outside.items() if k in other.outside}
        first.below = {k: v for k, v in first.below.items() if k in other.below}
        first.nil = {k: v for k, v in first.nil.items() if k in other.nil}
        first.filled = {k: v for k, v in first.filled.items() if other.filled.get(k) == v}
        first.const = {k: v for k, v in first.const.items() if other.const.get(k) == v}
        first.checked |= other.checked
    st.null, st.freed, st.size, st.elem = first.null, first.freed, first.size, first.elem
    st.outside, st.const, st.short, st.checked = (
        first.outside,
        first.const,
        first.short,
        first.checked,
    )
    st.nil, st.filled, st.below = first.nil, first.filled, first.below
    return True
