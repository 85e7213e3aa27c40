"""How large buffers are, and what is copied into them or indexed by a counted loop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .. import ir
from ..walk import breaks, indexing, walk
from . import facts
from .apis import COPIES, SIZES, STACK_ALLOCATORS, TARGET, TARGET_SIZE
from .state import State, bare, callee, mentioned, path

if TYPE_CHECKING:
    from .function import Memory


def declare_array(mem: Memory, p: str, call: ir.Call, st: State) -> None:
    kind = next((v.value for k, v in call.kwargs if k == "type"), "char")
    elem = SIZES.get(kind, 0)
    n = facts.value(mem, call.args[0], st)
    if n is None and len(call.args) > 1:
        init = call.args[1]
        if type(init) is ir.Const and type(init.value) is str:
            n = len(init.value) + 1
        elif type(init) is ir.Coll:
            n = len(init.items)
    if n and elem:
        st.size[p], st.elem[p] = n * elem, elem


def allocated(mem: Memory, p: str, name: str, call: ir.Call, s: ir.Assign, st: State) -> None:
    kind = mem.types.get(p, "")
    if name not in ("malloc", "calloc", "realloc", "kmalloc", "kzalloc", *STACK_ALLOCATORS):
        return
    size_arg = (
        call.args[1]
        if name == "realloc" and len(call.args) > 1
        else call.args[0]
        if call.args
        else None
    )
    if size_arg is None:
        return
    mem.measured[p] = mentioned(size_arg)
    for inner in walk(size_arg):
        if (
            callee(inner) == "sizeof"
            and inner.args
            and path(inner.args[0]) == p
            and kind.endswith("*")
            and not kind.startswith(("char*", "void*"))
        ):
            mem.report("c.pointer-size", inner.pos)
    total = facts.value(mem, size_arg, st)
    if name == "calloc" and len(call.args) > 1:
        a, b = facts.value(mem, call.args[0], st), facts.value(mem, call.args[1], st)
        total = a * b if a is not None and b is not None else None
    if total is not None and kind.endswith("*"):
        elem = SIZES.get(kind[:-1].strip(), 0)
        if elem:
            st.size[p], st.elem[p] = total, elem
    if callee(size_arg) == "strlen" and bare(size_arg).args:
        st.short[p] = path(bare(size_arg).args[0])


def ignores_target_size(mem: Memory, length: str) -> bool:
    """The function is told how large the target is and uses only the source's size."""
    if mem.fn is None:
        return False
    params = [x.name for x in mem.fn.params]
    told = [x for x in params if TARGET_SIZE.search(x)]
    if length not in params or length in told or len(told) != 1:
        return False
    text = mem.text[mem.fn.pos : mem.fn.end]
    return len(re.findall(rf"\b{re.escape(told[0])}\b", text)) == 1


def copying(mem: Memory, name: str, e: ir.Call, st: State) -> None:
    at = COPIES.get(name)
    target = TARGET.get(name, 0)
    if at is not None and len(e.args) > at:
        size = e.args[at]
        p = path(size)
        for table in (st.outside, st.below):
            given = facts.foreign(size, table)
            if given and name != "fgets":
                mem.report(
                    "c.length-unchecked", e.pos, table.pop(given), f"{given} comes from outside"
                )
        n = facts.value(mem, size, st)
        dst = path(e.args[target])
        if name in ("strncpy", "memcpy", "memmove") and ignores_target_size(mem, p):
            mem.report("c.target-size-ignored", e.pos)
        if n is not None and dst and name in ("memset", "wmemset"):
            st.filled[dst] = n * (4 if name == "wmemset" else 1)
        if n is not None and dst in st.size:
            unit = 4 if name.startswith("wcs") or name.startswith("wmem") else 1
            if n * unit > st.size[dst]:
                mem.report("c.buffer-overflow", e.pos)
        inner = bare(size)
        if callee(inner) == "sizeof" and inner.args and name in ("memset", "memcpy"):
            q = path(inner.args[0])
            kind = mem.types.get(q, "")
            if q and kind.endswith("*") and q == dst and not kind.startswith("void"):
                mem.report("c.pointer-size", e.pos)
    if name in ("strcpy", "strcat", "wcscpy") and len(e.args) > 1:
        dst, src = path(e.args[0]), path(e.args[1])
        text = e.args[1]
        if dst in st.short and (st.short[dst] == src or name == "strcat"):
            mem.report("c.string-terminator", e.pos)
        if dst in st.size and type(text) is ir.Const and type(text.value) is str:
            if (
                name != "strcat"
                and (len(text.value) + 1) * (4 if name[0] == "w" else 1) > st.size[dst]
            ):
                mem.report("c.buffer-overflow", e.pos)
        elif dst in st.size and src in st.filled and st.filled[src] >= st.size[dst]:
            mem.report("c.buffer-overflow", e.pos)
        elif dst in st.size and src in st.size and mem.types.get(src, "").endswith("[]"):
            pass
        elif dst in st.size and mem.types.get(dst, "").endswith("[]") and src:
            params = {x.name: x.type for x in (mem.fn.params if mem.fn else [])}
            from_param = src in params and "char" in params[src]
            if (
                (from_param or src.startswith("argv"))
                and src not in st.checked
                and dst not in st.checked
            ):
                mem.report("c.unbounded-copy", e.pos)
    elif name == "sprintf" and len(e.args) > 2 and type(e.args[1]) is ir.Const:
        dst = path(e.args[0])
        fmt = str(e.args[1].value)
        if dst in st.size and re.search(r"%s", fmt):
            texts = {x.name for x in (mem.fn.params if mem.fn else []) if "char" in x.type}
            for a in e.args[2:]:
                p = path(a)
                if p in texts and p not in st.checked:
                    mem.report("c.unbounded-copy", e.pos)


def counted(mem: Memory, s: ir.Loop, st: State) -> None:
    """`for (i = 0; i < 20; i++) a[i]` with fewer than 20 elements."""
    t = s.test
    if type(t) is not ir.Bin or t.op not in ("<", "<=") or type(t.left) is not ir.Name:
        return
    bound = facts.value(mem, t.right, st)
    if bound is None:
        st.const.pop(t.left.id, None)
        return
    last = bound if t.op == "<=" else bound - 1
    for e in indexing(s.body, t.left.id):
        base = path(e.obj)
        if base in st.size:
            n = st.size[base] // st.elem.get(base, 1)
            if last >= n and not breaks(s.body):
                mem.report("c.index-past-end", e.pos)
    st.const.pop(t.left.id, None)
