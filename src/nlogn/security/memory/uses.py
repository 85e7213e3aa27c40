"""Uses: every dereference, index, division and call, in evaluation order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ir
from . import assignments, facts, sizes
from .apis import DEREFS_ARG, FREES, NULL_ANSWERS, READS_NUMBER, SIZES
from .state import State, bare, callee, forget, path

if TYPE_CHECKING:
    from .function import Memory


def look_at(mem: Memory, e: Any, st: State, write: bool = False) -> None:
    """Look at every expression inside `e` in evaluation order."""
    kind = type(e)
    if kind in (ir.Const, ir.Name) or e is None:
        return
    if kind is ir.Bin:
        if e.op in ("and", "or"):
            look_at(mem, e.left, st)
            mem.spend(st)
            inner = st.copy()
            facts.check(mem, e.left, inner, e.op == "and")
            look_at(mem, e.right, inner)
            return
        look_at(mem, e.left, st)
        look_at(mem, e.right, st)
        arithmetic(mem, e, st)
    elif kind is ir.Field:
        look_at(mem, e.obj, st)
        deref(mem, e.obj, e.pos, st)
    elif kind is ir.Index:
        look_at(mem, e.obj, st)
        look_at(mem, e.key, st)
        deref(mem, e.obj, e.pos, st)
        indexed(mem, e, st)
    elif kind is ir.Un:
        if e.op == "&":
            if type(e.arg) is not ir.Name:
                under = e.arg.obj if type(e.arg) in (ir.Field, ir.Index) else None
                if under is not None:
                    look_at(mem, under, st)
            return
        look_at(mem, e.arg, st)
        if e.op == "*":
            deref(mem, e.arg, e.pos, st)
        if e.op in ("++", "--"):
            st.const.pop(path(e.arg), None)
    elif kind is ir.Call:
        call(mem, e, st)
    elif kind is ir.Cond:
        look_at(mem, e.test, st)
        mem.spend(st)
        a = st.copy()
        b = st.copy()
        facts.check(mem, e.test, a, True)
        facts.check(mem, e.test, b, False)
        look_at(mem, e.then, a)
        look_at(mem, e.other, b)
    elif kind is ir.Let:
        assignments.assign(mem, ir.Assign(e.target, e.value, e.pos), st)
    elif kind is ir.Cast:
        look_at(mem, e.arg, st)
    elif kind in (ir.Other, ir.Template):
        for p in e.parts:
            look_at(mem, p, st)
    elif kind is ir.Coll:
        for _, p in e.items:
            look_at(mem, p, st)


def deref(mem: Memory, e: Any, pos: int, st: State) -> None:
    p = path(e)
    if not p:
        return
    if p in st.null:
        mem.report("c.null-deref", pos, st.null.pop(p), "may be null")
    if p in st.nil:
        mem.report("c.null-certain", pos, st.nil.pop(p), "set to null")
    if p in st.freed:
        mem.report("c.use-after-free", pos, st.freed.pop(p), "freed here")


def arithmetic(mem: Memory, e: ir.Bin, st: State) -> None:
    if e.op == "+":
        for base, offset in ((e.left, e.right), (e.right, e.left)):
            p = path(base)
            kind = mem.types.get(p, "").replace("const ", "").strip()
            if not kind.endswith(("*", "[]")):
                continue
            elem = SIZES.get(kind.rstrip("*[] "), 0)
            scaled = (
                type(bare(offset)) is ir.Bin
                and bare(offset).op == "*"
                and any(callee(x) == "sizeof" for x in (bare(offset).left, bare(offset).right))
            )
            if elem > 1 and scaled:
                mem.report("c.scaled-twice", e.pos)
    elif e.op in ("/", "%"):
        p = path(e.right)
        if facts.value(mem, e.right, st) == 0 and type(bare(e.right)) is ir.Name:
            mem.report("c.divide-unchecked", e.pos)
        if p in st.outside:
            mem.report("c.divide-unchecked", e.pos, st.outside[p], f"{p} comes from outside")


def indexed(mem: Memory, e: ir.Index, st: State) -> None:
    base = path(e.obj)
    for table in (st.outside, st.below):
        key = facts.foreign(e.key, table)
        if key and key not in mem.measured.get(base, ()):
            mem.report("c.index-unchecked", e.pos, table.pop(key), f"{key} comes from outside")
    n = facts.value(mem, e.key, st) if type(bare(e.key)) is ir.Const else None
    if n is not None and base in st.size and n >= st.size[base] // st.elem.get(base, 1):
        mem.report("c.index-past-end", e.pos)


def call(mem: Memory, e: ir.Call, st: State) -> None:
    name = callee(e)
    if name == "sizeof":
        return
    if type(e.func) is ir.Field:
        look_at(mem, e.func, st)
    for a in e.args:
        look_at(mem, a, st)
    if name in FREES and e.args:
        p = path(e.args[0])
        if p:
            if p in st.freed:
                mem.report("c.double-free", e.pos, st.freed[p], "freed here")
            st.freed[p] = e.pos
            if (
                "." in p
                and not p.startswith("*")
                and p.split(".")[0] in {x.name for x in (mem.fn.params if mem.fn else [])}
            ):
                mem.fields_freed.append((p, e.pos))
                mem.assigned_after.discard(p)
        return
    for k, a in enumerate(e.args):
        if k in DEREFS_ARG.get(name, ()) and NULL_ANSWERS.match(callee(a)):
            mem.report("c.null-deref", a.pos, a.pos, "may be null")
        p = path(a)
        if not p or (type(a) is ir.Un and a.op == "&"):
            if type(a) is ir.Un and a.op == "&":
                target = path(a)
                forget(target, st)
                if name in READS_NUMBER:
                    assignments.from_outside(mem, target, name, e.pos, st)
            continue
        if k not in DEREFS_ARG.get(name, ()):
            st.nil.pop(p, None)  # a macro may set what it is given
        if p in st.null and k in DEREFS_ARG.get(name, ()):
            mem.report("c.null-deref", e.pos, st.null.pop(p), "may be null")
        elif p in st.freed and name not in ("printf", "fprintf", "printk"):
            mem.report("c.use-after-free", e.pos, st.freed.pop(p), "freed here")
    sizes.copying(mem, name, e, st)
    if name in ("malloc", "kmalloc", "kzalloc", "realloc", "alloca", "emalloc") and e.args:
        size = bare(e.args[-1] if name == "realloc" else e.args[0])
        if type(size) is ir.Bin and size.op in ("*", "+"):
            p = facts.foreign(size, st.outside)
            if p:
                mem.report("c.alloc-overflow", e.pos, st.outside[p], f"{p} comes from outside")
