"""Go: constant indexes and slices past the end of what `make`, an array type or a literal gives."""

from __future__ import annotations

import re
from typing import Any

from . import ir
from .packs.go import INDEX_PAST_END
from .state import Hit
from .walk import breaks, indexing, walk

Size = tuple[int, int]  # length, capacity
_ARRAY = re.compile(r"\[(\d+)\]")


class Bounds:
    """One walk over each function, in order; a name that is bound to anything else is forgotten."""

    def __init__(self, module: ir.Module, text: str) -> None:
        self.module, self.text = module, text
        self.hits: dict[int, Hit] = {}
        self.sizes: dict[str, Size] = {}
        self.ints: dict[str, int] = {}
        self.where = ""

    def run(self) -> list[Hit]:
        for s in self.module.body:
            if type(s) is ir.Def:
                self.sizes, self.ints, self.where = {}, {}, s.fn.name
                self.block(s.fn.body)
        return list(self.hits.values())

    def report(self, pos: int) -> None:
        line = self.text.count("\n", 0, pos)
        self.hits.setdefault(
            line, Hit(INDEX_PAST_END, pos, INDEX_PAST_END.confidence, "api", 0, (), self.where)
        )

    def block(self, body: list[Any]) -> None:
        for s in body:
            self.statement(s)

    def statement(self, s: Any) -> None:
        kind = type(s)
        if kind is ir.Assign:
            self.uses(s.value)
            self.uses(s.target)
            if type(s.target) is ir.Name:
                self.bind(s)
        elif kind is ir.Eval:
            self.uses(s.value)
            for x in walk(s.value):
                if type(x) is ir.Un and x.op in ("++", "--", "&") and type(x.arg) is ir.Name:
                    self.ints.pop(x.arg.id, None)
        elif kind is ir.If:
            self.guarded(s.test, [s.then, s.other])
        elif kind is ir.Loop:
            self.counted(s)
            for x in walk(s.test) if s.test is not None else []:
                if type(x) is ir.Name:
                    self.ints.pop(x.id, None)
            self.guarded(s.test, [s.body, s.step])
        elif kind is ir.Block:
            self.block(s.body)
        elif kind is ir.Switch:
            self.guarded(s.subject, [b for _, b in s.cases])
        elif kind is ir.Return and s.value is not None:
            self.uses(s.value)

    def guarded(self, test: Any, bodies: list[list[Any]]) -> None:
        """Inside a test of `len(x)` or `cap(x)` nothing is claimed about x."""
        held = dict(self.sizes)
        for x in walk(test) if test is not None else []:
            measures = (
                type(x) is ir.Call and type(x.func) is ir.Name and x.func.id in ("len", "cap")
            )
            if measures and x.args and type(x.args[0]) is ir.Name:
                self.sizes.pop(x.args[0].id, None)
        inside = dict(self.sizes)
        for body in bodies:
            self.sizes = dict(inside)
            self.block(body)
        # What a branch bound anew is not known after it.
        self.sizes = {k: v for k, v in held.items() if k not in inside or self.sizes.get(k) == v}

    def number(self, e: Any) -> int | None:
        if type(e) is ir.Const and type(e.value) is int:
            return int(e.value)
        if type(e) is ir.Bin and e.op in ("+", "-", "*"):
            a, b = self.number(e.left), self.number(e.right)
            if a is None or b is None:
                return None
            return a + b if e.op == "+" else a - b if e.op == "-" else a * b
        return self.ints.get(e.id) if type(e) is ir.Name else None

    def bind(self, s: ir.Assign) -> None:
        name, v = s.target.id, s.value
        self.sizes.pop(name, None)
        self.ints.pop(name, None)
        if s.op:
            return
        n = self.number(v)
        if n is not None:
            self.ints[name] = n
            return
        declared = _ARRAY.match(s.type)
        if declared:
            self.sizes[name] = (int(declared.group(1)), int(declared.group(1)))
        elif type(v) is ir.Call and type(v.func) is ir.Name and v.func.id == "make":
            length = self.number(v.args[1]) if len(v.args) > 1 else None
            capacity = self.number(v.args[2]) if len(v.args) > 2 else length
            if length is not None and capacity is not None:
                self.sizes[name] = (length, capacity)
        elif type(v) is ir.Coll and v.kind == "list" and not v.type and v.items:
            self.sizes[name] = (len(v.items), len(v.items))

    def uses(self, e: Any) -> None:
        for x in walk(e):
            if type(x) is ir.Index and type(x.obj) is ir.Name and x.obj.id in self.sizes:
                n = self.number(x.key)
                if n is not None and n >= self.sizes[x.obj.id][0]:
                    self.report(x.pos)
            elif type(x) is ir.Slice and type(x.obj) is ir.Name and x.obj.id in self.sizes:
                high = self.number(x.high) if x.high is not None else None
                low = self.number(x.low) if x.low is not None else None
                length, capacity = self.sizes[x.obj.id]
                cap = self.number(x.cap) if x.cap is not None else None
                past = any(end is not None and end > capacity for end in (high, cap))
                if past or (x.high is None and low is not None and low > length):
                    self.report(x.pos)

    def counted(self, s: ir.Loop) -> None:
        """`for i := 0; i < 17; i++ { s[i] = 0 }` over fewer than 17 elements."""
        t = s.test
        if type(t) is not ir.Bin or t.op not in ("<", "<=") or type(t.left) is not ir.Name:
            return
        bound = self.number(t.right)
        if bound is None or not s.step or breaks(s.body):
            return
        last = bound if t.op == "<=" else bound - 1
        for x in indexing(s.body, t.left.id):
            if (
                type(x.obj) is ir.Name
                and x.obj.id in self.sizes
                and last >= self.sizes[x.obj.id][0]
            ):
                self.report(x.pos)


def bounds_hits(module: ir.Module, text: str) -> list[Hit]:
    """What the walk finds in a Go file."""
    return Bounds(module, text).run()
