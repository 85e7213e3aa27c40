"""What conditions show: null tests, the side on which a number is bounded, constants."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from .. import ir
from .apis import SIGNED, SIZES
from .state import State, bare, callee, mentioned, path

if TYPE_CHECKING:
    from .function import Memory


COMPARE: dict[str, Any] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt,
    "<=": operator.le, ">=": operator.ge,
}  # fmt: skip


def foreign(e: Any, table: dict[str, int]) -> str:
    """The path in `table` that a sum, product or conversion grows with, "" when there is none."""
    if type(e) is ir.Cast and re.search(r"8|char|bool", e.type):
        return ""  # at most 255, for which tables are made
    e = bare(e)
    if type(e) is ir.Bin and e.op in ("+", "-", "*", "<<"):
        return foreign(e.left, table) or foreign(e.right, table)
    p = path(e)
    return p if p in table else ""


def sided(t: Any, truth: bool) -> dict[str, str]:
    """Which side of a number a condition bounds: "low", "high", or "both" for all else."""
    t = bare(t)
    if type(t) is ir.Un and t.op == "not":
        return sided(t.arg, not truth)
    if type(t) is not ir.Bin:
        return {}
    if t.op in ("and", "or"):
        out = sided(t.left, truth)
        for p, side in sided(t.right, truth).items():
            out[p] = side if out.get(p, side) == side else "both"
        return out
    if t.op not in ("<", "<=", ">", ">="):
        return {}
    out = {}
    less = t.op[0] == "<"
    for one, other, smaller in ((t.left, t.right, less), (t.right, t.left, not less)):
        if type(one) is ir.Cast and not SIGNED.match(one.type):
            continue  # a negative number is a large one here: both sides are seen to
        e = bare(one)
        if type(e) is ir.Bin and e.op in ("+", "-") and type(bare(e.right)) is ir.Const:
            e = bare(e.left)
        p = path(e)
        if p:
            zero = type(bare(other)) is ir.Const or type(bare(other)) is ir.Un
            high = smaller is truth
            out[p] = "high" if high else "low" if zero else "both"
    return out


def check(mem: Memory, test: Any, st: State, truth: bool) -> None:
    """Everything that the condition mentions has been looked at."""
    sides = sided(test, truth)
    for p in mentioned(test):
        st.null.pop(p, None)
        st.nil.pop(p, None)
        st.checked.add(p)
        side = sides.get(p, "both")
        if side != "low":
            st.outside.pop(p, None)
        if side != "high":
            st.below.pop(p, None)
    t = bare(test)
    empty = null_test(mem, t)
    if empty and empty[1] is truth:
        st.nil[empty[0]] = t.pos
    if type(t) is ir.Let:
        p = path(t.target)
        st.null.pop(p, None)
        st.outside.pop(p, None)
        st.below.pop(p, None)
        st.checked.add(p)


def null_test(mem: Memory, t: Any) -> tuple[str, bool] | None:
    """For `!p`, `p == NULL` and `p != NULL`: the pointer, and when it is null."""
    if type(t) is ir.Un and t.op == "not":
        p = path(t.arg)
        return (p, True) if p and mem.types.get(p, "").endswith("*") else None
    if type(t) is ir.Bin and t.op in ("==", "!="):
        for one, other in ((t.left, t.right), (t.right, t.left)):
            p = path(one)
            if p and type(other) is ir.Const and other.value is None:
                return p, t.op == "=="
    return None


def truth(mem: Memory, test: Any, st: State) -> bool | None:
    """Whether a condition on constants holds."""
    if type(test) is ir.Bin and test.op in COMPARE:
        a, b = value(mem, test.left, st), value(mem, test.right, st)
        return COMPARE[test.op](a, b) if a is not None and b is not None else None
    if type(test) in (ir.Const, ir.Name):
        n = value(mem, test, st)
        return bool(n) if n is not None and type(n) is int else None
    return None


def value(mem: Memory, e: Any, st: State) -> int | None:
    """The constant that an expression equals."""
    e = bare(e)
    kind = type(e)
    if kind is ir.Const:
        return e.value if type(e.value) is int else None
    if kind is ir.Name:
        return st.const.get(e.id)
    if kind is ir.Bin:
        a, b = value(mem, e.left, st), value(mem, e.right, st)
        if a is None or b is None:
            return None
        if e.op == "+":
            return a + b
        if e.op == "-":
            return a - b
        if e.op == "*":
            return a * b
        if e.op == "/" and b:
            return a // b
        return None
    if kind is ir.Call and callee(e) == "sizeof" and e.args:
        arg = e.args[0]
        if type(arg) is ir.Const:
            return SIZES.get(str(arg.value).replace(" *", "*"))
        p = path(arg)
        if p in st.size and mem.types.get(p, "").endswith("[]"):
            return st.size[p]
        return None
    return None
