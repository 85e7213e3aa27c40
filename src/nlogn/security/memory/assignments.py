"""Assignments: what a variable holds from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ir
from . import facts, sizes, uses
from .apis import NEGATIVE, NULLABLE, NUMBERS, SIGNED, STACK_ALLOCATORS
from .state import State, bare, callee, forget, path

if TYPE_CHECKING:
    from .function import Memory


def assign(mem: Memory, s: ir.Assign, st: State) -> None:
    value = bare(s.value)
    uses.look_at(mem, s.value, st)
    p = path(s.target)
    if type(s.target) is not ir.Name:
        uses.look_at(mem, s.target, st, write=True)
    if not p:
        return
    mem.assigned_after.add(p)
    if s.op:
        st.const.pop(p, None)
        return
    if s.type and type(s.target) is ir.Name:
        mem.types[p] = s.type
    forget(p, st)
    name = callee(value)
    known = facts.value(mem, value, st)
    if known is not None:
        st.const[p] = known
    if type(value) is ir.Const and value.value is None and type(s.target) is ir.Name:
        st.nil[p] = s.pos
    source = path(value)
    if source:
        tables: tuple[dict[str, Any], ...] = (
            st.null, st.size, st.elem, st.outside, st.below, st.short, st.nil, st.filled,
            st.freed,
        )  # fmt: skip
        for table in tables:
            if source in table:
                table[p] = table[source]
    if NUMBERS.match(name):
        from_outside(mem, p, name, s.pos, st)
    elif type(value) is ir.Bin:
        for table in (st.outside, st.below):
            found = facts.foreign(value, table)
            if found:
                table[p] = table[found]
    if name == "array of":
        sizes.declare_array(mem, p, value, st)
    elif name in STACK_ALLOCATORS:
        sizes.allocated(mem, p, name, value, s, st)
    elif NULLABLE.match(name):
        if not dull(mem, name, value):
            st.null[p] = s.pos
        sizes.allocated(mem, p, name, value, s, st)


def from_outside(mem: Memory, p: str, name: str, pos: int, st: State) -> None:
    st.outside[p] = pos
    if NEGATIVE.match(name) and SIGNED.match(mem.types.get(p, "")):
        st.below[p] = pos


def dull(mem: Memory, name: str, call: ir.Call) -> bool:
    """A small or measured allocation of a user program, which in practice does not fail."""
    if name not in ("malloc", "calloc", "realloc", "strdup", "strndup", "getenv"):
        return False
    params = {x.name for x in (mem.fn.params if mem.fn else [])}
    sizes = [path(a) for a in call.args]
    return not any(p in params for p in sizes if p) or name in ("strdup", "strndup")
