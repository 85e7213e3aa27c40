"""The walk over one function: statements, branches and loops."""

from __future__ import annotations

import re
from typing import Any

from .. import ir
from ..packs.c_memory import RULES
from ..state import Hit, OutOfFuel
from ..walk import flat
from . import assignments, facts, sizes, uses
from .apis import ASSERTS, CLOSING
from .state import State, bare, callee, merge, path


class Memory:
    """The walk over one file's functions."""

    def __init__(self, module: ir.Module, text: str, fuel: int) -> None:
        self.module, self.text, self.fuel = module, text, fuel
        self.hits: dict[tuple[str, int], Hit] = {}
        self.macros: dict[str, int] = {}
        self.fn: ir.Function | None = None
        self.types: dict[str, str] = {}
        self.statics: set[str] = set()
        self.fields_freed: list[tuple[str, int]] = []
        self.assigned_after: set[str] = set()
        self.measured: dict[str, set[str]] = {}  # buffer -> the numbers that its size was made of

    def run(self) -> list[Hit]:
        for s in self.module.body:
            named = type(s) is ir.Assign and type(s.target) is ir.Name
            if named and type(s.value) is ir.Const and type(s.value.value) is int:
                self.macros[s.target.id] = s.value.value
        self.functions(self.module.body)
        return list(self.hits.values())

    def functions(self, body: list[Any]) -> None:
        for s in body:
            if type(s) is ir.Def:
                self.function(s.fn)
            elif type(s) is ir.ClassDef:
                self.functions(s.body)

    def report(self, rule: str, pos: int, where: int | None = None, why: str = "") -> None:
        key = (rule, self.text.count("\n", 0, pos))
        if key not in self.hits:
            r = RULES[rule]
            trace = ((where, why),) if where is not None else ()
            name = self.fn.name if self.fn else ""
            self.hits[key] = Hit(r, pos, r.confidence, "flow" if trace else "api", 0, trace, name)

    def function(self, fn: ir.Function) -> None:
        self.fn = fn
        self.types = {p.name: p.type for p in fn.params}
        self.statics = set(
            re.findall(r"\bstatic\b[^;=\n]{0,200}?\b(\w+)\s*\[", self.text[fn.pos : fn.end])
        )
        self.fields_freed, self.assigned_after, self.measured = [], set(), {}
        st = State(const=dict(self.macros))
        self.block(fn.body, st)
        if not CLOSING.search(fn.name):
            for p, pos in self.fields_freed:
                if p not in self.assigned_after:
                    self.report("c.dangling-field", pos, pos, f"{p} is freed")

    def block(self, body: list[Any], st: State) -> bool:
        return all(self.statement(s, st) for s in body)

    def spend(self, st: State) -> None:
        self.fuel -= 1 + (st.width() >> 3)
        if self.fuel < 0:
            raise OutOfFuel

    def statement(self, s: Any, st: State) -> bool:
        self.spend(st)
        kind = type(s)
        if kind is ir.Assign:
            assignments.assign(self, s, st)
        elif kind is ir.Eval:
            uses.look_at(self, s.value, st)
            name = callee(s.value)
            if ASSERTS.match(name):
                facts.check(self, s.value, st, True)
            if name in ("exit", "abort", "_exit", "BUG", "err", "errx", "die", "fatal", "panic"):
                return False
            if name == "label":
                st.null.clear()
                st.freed.clear()
        elif kind is ir.If:
            uses.look_at(self, s.test, st)
            known = facts.truth(self, s.test, st)
            if known is not None:
                facts.check(self, s.test, st, known)
                return self.block(s.then if known else s.other, st)
            a, b = st.copy(), st.copy()
            facts.check(self, s.test, a, True)
            facts.check(self, s.test, b, False)
            alive_a = self.block(s.then, a)
            alive_b = self.block(s.other, b)
            return merge(st, [x for x, ok in ((a, alive_a), (b, alive_b)) if ok])
        elif kind is ir.Loop:
            return self.loop(s, st)
        elif kind is ir.Switch:
            uses.look_at(self, s.subject, st)
            facts.check(self, s.subject, st, True)
            live = [st.copy()]
            for _, body in s.cases:
                branch = st.copy()
                self.block(body, branch)
                live.append(branch)
            merge(st, live)
        elif kind is ir.Return:
            if s.value is not None:
                uses.look_at(self, s.value, st)
                v = bare(s.value)
                if (
                    type(v) is ir.Name
                    and v.id in st.size
                    and v.id in self.types
                    and self.types[v.id].endswith("[]")
                ) and v.id not in self.statics:
                    self.report("c.return-local", s.pos)
            return False
        elif kind is ir.Jump:
            return False
        elif kind is ir.Block:
            return self.block(s.body, st)
        elif kind is ir.Try:
            self.block(s.body, st)
            for h in s.handlers:
                self.block(h, st.copy())
        elif kind is ir.Def:
            pass
        return True

    def loop(self, s: ir.Loop, st: State) -> bool:
        if s.test is not None:
            uses.look_at(self, s.test, st)
        inner = st.copy()
        if s.test is not None:
            facts.check(self, s.test, inner, True)
        for x in flat(s.body):  # in a later round it holds what an earlier one gave it
            if type(x) is ir.Assign:
                inner.nil.pop(path(x.target), None)
        sizes.counted(self, s, inner)
        self.block(s.body, inner)
        self.block(s.step, inner)
        if s.test is not None:
            facts.check(self, s.test, st, False)
        for p in list(st.outside):
            if p not in inner.outside:
                st.outside.pop(p)
        merge(st, [st.copy(), inner])
        return s.test is not None or s.target is not None
