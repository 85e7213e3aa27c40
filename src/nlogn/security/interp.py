"""The flow-sensitive abstract interpreter: one for every language.

It runs the module body, then every function as if anybody could call it: parameters are weak
sources, request objects and route parameters strong ones. Constant conditions prune branches;
what a branch tests is remembered as a fact about the values tested (`guards.py`); calls to
functions of the same file are run in place to a limited depth. Loops run twice, which reaches
the fixpoint of taint for every program whose loop carries it through at most two variables.

The cost is bounded by `fuel` evaluated expressions. A scan that runs out raises `OutOfFuel`, so
that the caller can say "unscanned" rather than "clean".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from . import ir, models
from .conditions import holds
from .guards import refine
from .rules import NEEDS, Index, Rule, last_part
from .values import (
    EVERY,
    HOLE,
    NC,
    NOTHING,
    PARAM,
    WEB,
    Value,
    constant,
    derive,
    flatten,
    join,
    unknown,
)

FACTS = "\0facts"
MAX_DEPTH = 5
ASKS = re.compile(r"(?i)param|header|cookie|query|body|form|(?:^|_)arg|input")
LOWER = {"high": "medium", "medium": "low", "low": "low"}


class OutOfFuel(Exception):
    """The scan's budget is spent; nothing can be said about the rest of the file."""


@dataclass(slots=True)
class Hit:
    """A rule that fired: what a finding is made of."""

    rule: Rule
    pos: int
    confidence: str
    evidence: str
    strength: int
    trace: tuple[tuple[int, str], ...]
    where: str


@dataclass(slots=True)
class Frame:
    fn: ir.Function | None
    cls: str
    depth: int
    where: str
    route: bool = False
    result: Value | None = None
    breaks: list[list[dict]] = field(default_factory=list)
    tests: dict[str, Any] = field(default_factory=dict)
    to: str = ""


@dataclass(slots=True)
class Closure:
    fn: ir.Function
    env: dict[str, Value] | None
    cls: str = ""


@dataclass(slots=True)
class ClassInfo:
    name: str
    bases: list[str]
    methods: dict[str, Closure]
    attrs: dict[str, Value]
    ready: bool = False


class CallSite:
    """What conditions look at; see conditions.Site."""

    __slots__ = ("args", "kwargs", "recv", "qual", "where", "to", "text", "fn_text", "pos", "found")

    def __init__(
        self, args: list[Value], kwargs: dict, recv: Value | None, qual: str, pos: int
    ) -> None:
        self.args, self.kwargs, self.recv, self.qual, self.pos = args, kwargs, recv, qual, pos
        self.where = self.to = self.text = self.fn_text = ""
        self.found: Value | None = None


class Interpreter:
    def __init__(self, module: ir.Module, ix: Index, text: str, fuel: int = 60_000) -> None:
        self.module, self.ix, self.text, self.fuel = module, ix, text, fuel
        self.lang = module.lang
        self.hits: dict[tuple[str, int], Hit] = {}
        self.globals: dict[str, Value] = {FACTS: {}}  # type: ignore[dict-item]
        self.classes: dict[str, ClassInfo] = {}
        self.pending: list[Closure] = []
        self.entered: set[int] = set()
        self.stack: list[int] = []
        self.memo: dict[Any, Value] = {}
        self.frame = Frame(None, "", 0, "")
        self.has_eq = "==" in ix.rules.exact
        self.has_bind = "=bind" in ix.rules.exact
        self.has_any = "anycall" in ix.rules.exact
        self.has_return = "return" in ix.rules.exact
        self._ev = {
            ir.Const: self.ev_const, ir.Name: self.ev_name, ir.Field: self.ev_field,
            ir.Index: self.ev_index, ir.Slice: self.ev_slice, ir.Call: self.ev_call,
            ir.Bin: self.ev_bin, ir.Un: self.ev_un, ir.Cond: self.ev_cond,
            ir.Template: self.ev_template, ir.Coll: self.ev_coll, ir.Cast: self.ev_cast,
            ir.Lambda: self.ev_lambda, ir.Let: self.ev_let, ir.Other: self.ev_other,
        }  # fmt: skip
        self._st = {
            ir.Assign: self.st_assign, ir.Eval: self.st_eval, ir.If: self.st_if,
            ir.Loop: self.st_loop, ir.Switch: self.st_switch, ir.Return: self.st_return,
            ir.Jump: self.st_jump, ir.Try: self.st_try, ir.Def: self.st_def,
            ir.ClassDef: self.st_class, ir.Block: self.st_block,
        }  # fmt: skip

    # ---- driving ---------------------------------------------------------------------------

    def run(self) -> list[Hit]:
        """Run the module, then every function in it as an entry point."""
        try:
            self.declare(self.module.body)
            self.block(self.module.body, self.globals)
            while self.pending:
                self.enter(self.pending.pop(0))
            return sorted(self.hits.values(), key=lambda h: (h.pos, h.rule.id))
        finally:
            # Scopes and closures point at each other; let go, so that no collector has to.
            for table in (self._ev, self._st, self.globals, self.classes, self.memo):
                table.clear()

    def declare(self, body: list[Any]) -> None:
        """Hoist the functions and classes of a body, so that a call above its definition works."""
        for st in body:
            if type(st) is ir.Def:
                self.globals.setdefault(
                    st.fn.name, Value(fn=Closure(st.fn, self.globals), qual=st.fn.name)
                )
            elif type(st) is ir.ClassDef:
                self.class_info(st)
                self.globals.setdefault(st.name, Value(qual=st.name, fn=self.classes[st.name]))

    def class_info(self, st: ir.ClassDef) -> ClassInfo:
        info = self.classes.get(st.name)
        if info is None:
            info = ClassInfo(st.name, st.bases, {}, {})
            self.classes[st.name] = info
            for x in st.body:
                if type(x) is ir.Def:
                    info.methods.setdefault(x.fn.name, Closure(x.fn, self.globals, st.name))
                elif type(x) is ir.ClassDef:
                    self.class_info(x)
        return info

    def method(self, cls: str, name: str, depth: int = 0) -> Closure | None:
        info = self.classes.get(cls)
        if info is None or depth > 6:
            return None
        got = info.methods.get(name)
        if got is not None:
            return got
        for base in info.bases:
            got = self.method(base, name, depth + 1)
            if got is not None:
                return got
        return None

    def attrs(self, cls: str) -> dict[str, Value]:
        """Attributes that the class body and its constructor set."""
        info = self.classes.get(cls)
        if info is None:
            return {}
        if not info.ready:
            info.ready = True
            for base in info.bases:
                for key, v in self.attrs(base).items():
                    info.attrs.setdefault(key, v)
            for name in ("__init__", "__construct", "constructor", cls):
                init = info.methods.get(name)
                if init is not None and id(init.fn) not in self.entered:
                    me = Value(qual=cls, items=info.attrs, fn=info)
                    self.enter(init, me)
                    break
        return info.attrs

    def enter(self, c: Closure, me: Value | None = None) -> None:
        """Run a function with what an outsider may pass."""
        fn = c.fn
        if id(fn) in self.entered:
            return
        self.entered.add(id(fn))
        pack = self.ix.pack
        marks = [models.expr_text(m) for m in fn.marks]
        route = any(r in m for m in marks for r in pack.routes) if pack.routes else False
        values: list[Value] = []
        static = False
        for k, p in enumerate(fn.params):
            if k == 0 and c.cls and p.name in ("self", "cls", "this"):
                if me is None:
                    me = Value(qual=c.cls, items=dict(self.attrs(c.cls)), fn=self.classes[c.cls])
                values.append(me)
                static = True
                continue
            values.append(self.parameter(p, fn, route))
        if c.cls and not static and me is None:
            me = Value(qual=c.cls, items=dict(self.attrs(c.cls)), fn=self.classes.get(c.cls))
        self.invoke(c, values, {}, me, route=route, entry=True)

    def parameter(self, p: ir.Param, fn: ir.Function, route: bool) -> Value:
        pack = self.ix.pack
        kind = self.qualify(p.type)
        base = kind.rsplit(".", 1)[-1]
        strength = PARAM
        qual = base if base and base in pack.web_types else p.name
        marked = any(m in pack.web_types for m in p.marks)
        if base in pack.web_types or p.name in pack.web_names:
            return Value(qual=qual if base in pack.web_types else pack_name(p.name))
        if marked or (route and p.name not in ("app", "db", "session")):
            strength = WEB
        if models.is_plain_type(kind):
            return Value(qual=kind or p.name, clean=EVERY)
        if p.type in self.classes and self.lang == "php":
            info = self.classes[p.type]
            return Value(qual=p.type, items=dict(self.attrs(p.type)), fn=info)
        if route and "Depends" in models.expr_text(p.default):
            return Value(qual=p.name)
        note = "request data" if strength == WEB else f"parameter {p.name}"
        v = Value(
            taint=strength, src=frozenset({f"{fn.name}({p.name})"}), trace=((fn.pos, note),),
            qual=kind if kind and not models.is_text_type(kind) else p.name,
        )  # fmt: skip
        return v

    def qualify(self, name: str) -> str:
        """A type or name with its first part replaced by what was imported under it."""
        if not name:
            return ""
        head, dot, rest = name.partition(".")
        got = self.module.imports.get(head)
        return (got + dot + rest) if got else name

    def invoke(
        self, c: Closure, args: list[Value], kwargs: dict[str, Value], me: Value | None,
        route: bool = False, entry: bool = False,
    ) -> Value:  # fmt: skip
        """Run a function's body on abstract arguments and return what it returns."""
        fn = c.fn
        outer = self.frame
        where = f"{outer.where if not entry else ''} {c.cls} {fn.name}"
        self.frame = frame = Frame(fn, c.cls, 0 if entry else outer.depth + 1, where, route)
        env: dict[str, Value] = {FACTS: {}}  # type: ignore[dict-item]
        if not entry:
            env[FACTS] = dict(outer_facts) if (outer_facts := self.facts_now) else {}  # type: ignore[assignment]
        if c.env is not None and c.env is not self.globals:
            for k, v in c.env.items():
                if k != FACTS:
                    env[k] = v
        if me is not None:
            env["this"] = env["self"] = me
        k = 0
        for p in fn.params:
            if p.star:
                env[p.name] = derive(args[k:] + list(kwargs.values()), qual=p.name)
                k = len(args)
                continue
            if k < len(args):
                given: Value | None = args[k]
                k += 1
            else:
                given = kwargs.get(p.name)
            if given is not None:
                # A number's type at the boundary is a conversion, and conversions clean.
                numeric = given.taint and models.is_plain_type(p.type)
                env[p.name] = given.copy(clean=EVERY) if numeric else given
            elif p.default is not None:
                env[p.name] = self.ev(p.default, env)
            else:
                env[p.name] = unknown(p.name)
        self.stack.append(id(fn))
        try:
            self.block(fn.body, env)
        finally:
            self.stack.pop()
            self.frame = outer
        result = frame.result if frame.result is not None else constant(None)
        if fn.returns:
            if result.taint and models.is_plain_type(fn.returns):
                return result.copy(clean=EVERY)
            info = self.classes.get(fn.returns.lstrip("?*"))
            if info is not None and type(result.fn) is not ClassInfo:
                return Value(qual=info.name, items=dict(self.attrs(info.name)), fn=info)
        return result

    @property
    def facts_now(self) -> dict:
        return self._facts if self.stack else {}

    _facts: dict = {}
    now: dict = {}

    # ---- statements ------------------------------------------------------------------------

    def block(self, body: list[Any], env: dict[str, Value]) -> bool:
        """Run statements in order; False when control does not reach the end."""
        st = self._st
        for s in body:
            if not st[type(s)](s, env):
                return False
        return True

    def st_block(self, s: ir.Block, env: dict[str, Value]) -> bool:
        return self.block(s.body, env)

    def st_eval(self, s: ir.Eval, env: dict[str, Value]) -> bool:
        e = s.value
        v = self.ev(e, env)
        if type(e) is ir.Call:
            name = models.callee_name(e.func)
            if name in self.ix.pack.exits:
                return False
            refine(self, e, env, True, statement=True)
        return "exit" not in v.tags

    def st_assign(self, s: ir.Assign, env: dict[str, Value]) -> bool:
        t = s.target
        to = models.target_name(t)
        old_to, self.frame.to = self.frame.to, to or self.frame.to
        v = self.ev(s.value, env)
        if s.op:
            v = self.binary(s.op, self.ev(t, env), v, s.pos)
        elif s.type and not v.qual and v.const is NC and v.fn is None:
            kind = self.qualify(s.type)
            if models.is_plain_type(kind):
                v = v.copy(clean=EVERY)
            elif not models.is_text_type(kind):
                v = v.copy(qual=kind)
        self.frame.to = old_to
        self.bind(t, v, env, s.pos)
        if type(t) is ir.Name:
            if type(s.value) in (ir.Call, ir.Bin, ir.Un):
                self.frame.tests[t.id] = s.value
            else:
                self.frame.tests.pop(t.id, None)
        return True

    def bind(self, t: Any, v: Value, env: dict[str, Value], pos: int) -> None:
        kind = type(t)
        self.now = env[FACTS]  # type: ignore[assignment]
        if kind is ir.Name:
            if self.has_bind and (v.tags or (type(v.const) is str and v.const)):
                self.check("=bind", "=bind", [v], {}, None, pos, to=t.id)
            if v.taint and len(v.trace) < 12:
                v = v.copy(trace=v.trace + ((pos, f"reaches {t.id}"),))
            env[t.id] = v
            me = env.get("this")
            if me is not None and me.items is not None and t.id in me.items:
                me.items[t.id] = v
        elif kind is ir.Field:
            obj = self.ev(t.obj, env)
            if self.has_bind and (v.tags or (type(v.const) is str and v.const)):
                self.check("=bind", "=bind", [v], {}, None, pos, to=t.name)
            key = "=" + t.name
            self.check(f"{obj.qual}.{key}", key, [v], {}, obj, pos, to=t.name)
            if obj.items is None:
                obj.items = {}
                if type(t.obj) is ir.Name and t.obj.id not in env:
                    env[t.obj.id] = obj
            obj.items[t.name] = v
        elif kind is ir.Index:
            obj = self.ev(t.obj, env)
            key_v = self.ev(t.key, env) if t.key is not None else unknown()
            name = key_v.const if type(key_v.const) is str else ""
            base = obj.qual
            if self.has_bind and (v.tags or (type(v.const) is str and v.const)):
                to = name or models.target_name(t.key) or models.target_name(t.obj)
                self.check("=bind", "=bind", [v], {}, None, pos, to=to)
            if name:
                key = f"=[{name}]"
                self.check(f"{base}.{key}", key, [v, key_v], {}, obj, pos, to=name)
            self.check(f"{base}.=[]", "=[]", [v, key_v], {}, obj, pos, to=name)
            if obj.items is None:
                obj.items = {}
                if type(t.obj) is ir.Name and t.obj.id not in env:
                    env[t.obj.id] = obj
            models.store(obj, key_v, v)
        elif kind is ir.Coll:
            for n, (_, part) in enumerate(t.items):
                self.bind(part, models.element(v, n), env, pos)
        elif kind is ir.Un:  # *p = v
            self.bind(t.arg, v, env, pos)
        else:
            self.ev(t, env)

    def st_if(self, s: ir.If, env: dict[str, Value]) -> bool:
        test = models.truth(self.ev(s.test, env))
        if test is True:
            refine(self, s.test, env, True)
            return self.block(s.then, env)
        if test is False:
            refine(self, s.test, env, False)
            return self.block(s.other, env)
        a, b = fork(env), fork(env)
        refine(self, s.test, a, True)
        refine(self, s.test, b, False)
        live = []
        if self.block(s.then, a):
            live.append(a)
        if self.block(s.other, b):
            live.append(b)
        return merge_into(env, live)

    def st_loop(self, s: ir.Loop, env: dict[str, Value]) -> bool:
        exits: list[dict] = []
        self.frame.breaks.append(exits)
        endless = False
        for turn in (0, 1):
            body_env = fork(env)
            if s.target is not None:
                it = self.ev(s.iter, body_env)
                if it.items is not None and not it.items and it.rest is None and it.seq:
                    break
                self.bind(s.target, models.each(it), body_env, s.pos)
            elif s.test is not None and not s.post:
                known = models.truth(self.ev(s.test, body_env))
                if known is False:
                    break
                endless = known is True
                refine(self, s.test, body_env, True)
            elif s.test is None:
                endless = True
            alive = self.block(s.body, body_env)
            if alive:
                self.block(s.step, body_env)
            outs = [body_env] if alive else []
            if s.post and turn == 0 and outs:
                merge_into(env, outs)
            elif outs:
                merge_into(env, [env_copy(env), body_env])
        self.frame.breaks.pop()
        if s.test is not None and s.target is None and not endless and not exits:
            refine(self, s.test, env, False)
        if exits:
            merge_into(env, exits if endless else [env_copy(env), *exits])
            return True
        return not endless

    def st_switch(self, s: ir.Switch, env: dict[str, Value]) -> bool:
        subject = self.ev(s.subject, env)
        exits: list[dict] = []
        self.frame.breaks.append(exits)
        live: list[dict] = []
        start = None
        if subject.is_const:
            default = None
            for n, (pats, _) in enumerate(s.cases):
                if not pats:
                    default = n
                    continue
                consts = [self.ev(p, env) for p in pats]
                if any(c.const is NC for c in consts):
                    start = None
                    break
                if any(c.const == subject.const for c in consts):
                    start = n
                    break
            else:
                start = default if default is not None else -1
        if start is not None and start >= 0:
            self.run_case(s, start, env, exits, live)
        elif start == -1:
            live.append(env_copy(env))
        else:
            has_default = False
            for n, (pats, _) in enumerate(s.cases):
                has_default = has_default or not pats
                branch = fork(env)
                for p in pats:
                    v = self.ev(p, branch)
                    if v.is_const and len(pats) == 1:
                        refine(self, ir.Bin("==", s.subject, p), branch, True)
                self.run_case(s, n, branch, exits, live)
            if not has_default:
                live.append(env_copy(env))
        self.frame.breaks.pop()
        return merge_into(env, live + exits)

    def run_case(self, s: ir.Switch, n: int, env: dict, exits: list, live: list) -> None:
        while True:
            if not self.block(s.cases[n][1], env):
                return
            n += 1
            if not s.falls or n >= len(s.cases):
                live.append(env)
                return

    def st_return(self, s: ir.Return, env: dict[str, Value]) -> bool:
        if s.value is None:
            return False
        old_to = self.frame.to
        self.frame.to = "return"
        v = self.ev(s.value, env)
        self.frame.to = old_to
        self.now = env[FACTS]  # type: ignore[assignment]
        mixed = v.shape is not None and HOLE in v.shape
        if self.has_return and (self.frame.route or v.tags or mixed):
            qual = "route.return" if self.frame.route else "function.return"
            self.check(qual, "return", [v], {}, None, s.pos, to=self.frame.where.rsplit(" ")[-1])
        facts: dict = env[FACTS]  # type: ignore[assignment]
        if v.src and facts:
            v = apply_facts(v, facts)
        r = self.frame.result
        self.frame.result = v if r is None else join(r, v)
        return False

    def st_jump(self, s: ir.Jump, env: dict[str, Value]) -> bool:
        if s.value is not None:
            self.ev(s.value, env)
        if s.kind == "break" and self.frame.breaks:
            self.frame.breaks[-1].append(env_copy(env))
        return False

    def st_try(self, s: ir.Try, env: dict[str, Value]) -> bool:
        # Any statement of the body may be the one that throws: a handler sees what held before
        # each of them.
        before = fork(env)
        alive = True
        for n, one in enumerate(s.body):
            alive = self.block([one], env)
            if not alive:
                break
            if s.handlers and n < 8:
                merge_into(before, [before.copy(), env_copy(env)])
        live = [env_copy(env)] if alive else []
        if s.handlers:
            merge_into(before, [before.copy(), env_copy(env)])
            for handler in s.handlers:
                branch = fork(before)
                if self.block(handler, branch):
                    live.append(branch)
        if not merge_into(env, live):
            if s.final:
                self.block(s.final, env)
            return False
        return self.block(s.final, env)

    def st_def(self, s: ir.Def, env: dict[str, Value]) -> bool:
        for mark in s.fn.marks:
            self.ev(mark, env)
        c = Closure(s.fn, env, s.fn.cls or (self.frame.cls if self.frame.fn else ""))
        env[s.fn.name] = Value(fn=c, qual=s.fn.name)
        self.pending.append(c)
        return True

    def st_class(self, s: ir.ClassDef, env: dict[str, Value]) -> bool:
        info = self.class_info(s)
        for mark in s.marks:
            self.ev(mark, env)
        env[s.name] = Value(qual=s.name, fn=info)
        inner = dict(env)
        seen = set(inner)
        for x in s.body:
            if type(x) is ir.Def:
                c = info.methods[x.fn.name] if x.fn.name in info.methods else None
                if c is None or c.fn is not x.fn:
                    c = Closure(x.fn, self.globals, s.name)
                self.pending.append(c)
            elif type(x) is ir.ClassDef:
                self.st_class(x, env)
            else:
                old, self.frame.cls = self.frame.cls, s.name
                old_where, self.frame.where = self.frame.where, f"{self.frame.where} {s.name}"
                self._st[type(x)](x, inner)
                self.frame.cls, self.frame.where = old, old_where
        for key, v in inner.items():
            if key not in seen or v is not env.get(key):
                info.attrs.setdefault(key, v)
        return True

    # ---- expressions -----------------------------------------------------------------------

    def ev(self, e: Any, env: dict[str, Value]) -> Value:
        self.fuel -= 1
        if self.fuel < 0:
            raise OutOfFuel
        return self._ev[type(e)](e, env)

    def ev_const(self, e: ir.Const, env: dict[str, Value]) -> Value:
        return Value(const=e.value)

    def ev_name(self, e: ir.Name, env: dict[str, Value]) -> Value:
        name = e.id
        v = env.get(name)
        if v is not None:
            return v
        me = env.get("this")
        if me is not None and me.items is not None and self.lang in ("java", "cpp"):
            v = me.items.get(name)
            if v is not None:
                return v
        v = self.globals.get(name)
        if v is not None:
            return v
        qual = self.module.imports.get(name)
        if qual is not None:
            found = self.source(qual, e.pos) if "." in qual else None
            return found or Value(qual=qual)
        found = self.source(name, e.pos)
        if found is not None:
            return found
        # A free name in capitals is a constant defined elsewhere, by every style guide.
        return Value(qual=name, clean=EVERY if name.isupper() and len(name) > 2 else NOTHING)

    def source(self, qual: str, pos: int, key: str = "") -> Value | None:
        hits = self.ix.sources.find(qual, last_part(qual))
        if not hits:
            return None
        label = f"{qual}[{key}]" if key else qual
        return Value(
            taint=max(hits), src=frozenset({label}), trace=((pos, f"from {label}"),), qual=qual
        )

    def ev_field(self, e: ir.Field, env: dict[str, Value]) -> Value:
        obj = self.ev(e.obj, env)
        return self.get_field(obj, e.name, e.pos)

    def get_field(self, obj: Value, name: str, pos: int) -> Value:
        if obj.items is not None:
            v = obj.items.get(name)
            if v is not None:
                return v
        info = obj.fn
        if type(info) is ClassInfo:
            m = self.method(info.name, name)
            if m is not None:
                return Value(fn=(m, obj), qual=f"{obj.qual}.{name}")
            v = self.attrs(info.name).get(name)
            if v is not None:
                return v
        qual = f"{obj.qual}.{name}" if obj.qual else f"?.{name}"
        key = name + "?"
        if key in self.ix.rules.exact:
            self.check(f"{obj.qual}.{key}", key, [], {}, obj, pos)
        if obj.taint:
            # What a class of somebody else's makes of its arguments is only weakly theirs.
            weak = "object" in obj.tags and self.lang == "python"
            return Value(
                taint=min(obj.taint, PARAM) if weak else obj.taint, src=obj.src, trace=obj.trace,
                clean=obj.clean, qual=qual, tags=obj.tags,
            )  # fmt: skip
        if name == "path" and self.frame.route and self.fixed_route(qual):
            return Value(qual=qual, clean=EVERY)
        found = self.source(qual, pos)
        if found is not None:
            return found
        return Value(
            qual=qual, tags=obj.tags, clean=EVERY if name.isupper() and len(name) > 2 else NOTHING
        )

    def fixed_route(self, qual: str) -> bool:
        """Inside a route without variables the request's path is the route itself."""
        if not qual.endswith("request.path") or self.frame.fn is None:
            return False
        for mark in self.frame.fn.marks:
            if type(mark) is ir.Call and mark.args and type(mark.args[0]) is ir.Const:
                return "<" not in str(mark.args[0].value)
        return False

    def ev_index(self, e: ir.Index, env: dict[str, Value]) -> Value:
        obj = self.ev(e.obj, env)
        key = self.ev(e.key, env) if e.key is not None else unknown()
        return self.get_item(obj, key, e.pos)

    def get_item(self, obj: Value, key: Value, pos: int) -> Value:
        got = models.load(obj, key)
        if got is not None:
            return got
        if type(obj.const) in (str, bytes) and type(key.const) is int:
            try:
                return constant(obj.const[key.const])
            except IndexError:
                return unknown()
        label = key.const if type(key.const) in (str, int) else ""
        qual = obj.qual
        if obj.taint:
            src = obj.src
            if label != "" and obj.taint == WEB:
                src = frozenset(f"{s}[{label}]" for s in src)
            return Value(
                taint=obj.taint, src=src, trace=obj.trace, clean=obj.clean,
                qual=f"{qual}[]", tags=obj.tags,
            )  # fmt: skip
        found = self.source(f"{qual}.[]", pos, str(label))
        if found is not None:
            return found
        v = Value(qual=f"{qual}[{label}]" if label != "" else f"{qual}[]", tags=obj.tags)
        if key.taint and obj.items is None and not qual:
            return v
        return v

    def ev_slice(self, e: ir.Slice, env: dict[str, Value]) -> Value:
        obj = self.ev(e.obj, env)
        low = self.ev(e.low, env) if e.low is not None else constant(None)
        high = self.ev(e.high, env) if e.high is not None else constant(None)
        return models.cut(obj, low, high)

    def ev_bin(self, e: ir.Bin, env: dict[str, Value]) -> Value:
        op = e.op
        if op == "and" or op == "or":
            left = self.ev(e.left, env)
            known = models.truth(left)
            if known is (op == "or"):
                return left
            branch = env
            if known is None:
                branch = env.copy()
                branch[FACTS] = dict(env[FACTS])  # type: ignore[call-overload]
                refine(self, e.left, branch, op == "and")
            right = self.ev(e.right, branch)
            if known is not None:
                return right
            if self.lang in ("python", "javascript", "php") or op == "??":
                return join(left, right)
            return Value()
        left, right = self.ev(e.left, env), self.ev(e.right, env)
        if self.has_eq and op in ("==", "!="):
            to = models.target_name(e.left) or models.target_name(e.right)
            self.check("==", "==", [left, right], {}, None, e.pos, to=to)
        return self.binary(op, left, right, e.pos)

    def stringify(self, v: Value) -> Value:
        """An object used as text is what its __toString returns."""
        if type(v.fn) is ClassInfo and v.items is not None:
            m = self.method(v.fn.name, "__toString")
            if m is not None:
                marked = self.annotated(m.fn, [], m.fn.pos) if m.fn.doc else None
                return marked or self.call_local(m, [], {}, v, None) or v
        return v

    def binary(self, op: str, left: Value, right: Value, pos: int) -> Value:
        if op == "." and self.lang == "php":
            left, right = self.stringify(left), self.stringify(right)
        v = models.binary(op, left, right, self.lang)
        if self.ix.rules.exact.get("op" + op):
            self.check("op" + op, "op" + op, [left, right, v], {}, None, pos)
        return v

    def ev_un(self, e: ir.Un, env: dict[str, Value]) -> Value:
        v = self.ev(e.arg, env)
        if e.op == "not":
            known = models.truth(v)
            return constant(not known) if known is not None else Value(clean=EVERY)
        if e.op in ("&", "*", "await"):
            return v
        if e.op == "-" and type(v.const) in (int, float):
            return constant(-v.const)
        if e.op in ("++", "--"):
            if type(v.const) is int:
                new = constant(v.const + (1 if e.op == "++" else -1))
            else:
                new = Value(clean=EVERY)
            if type(e.arg) is ir.Name:
                env[e.arg.id] = new
            return new
        return Value(clean=EVERY) if e.op in ("-", "~") else v

    def ev_cond(self, e: ir.Cond, env: dict[str, Value]) -> Value:
        test = models.truth(self.ev(e.test, env))
        if test is True:
            return self.ev(e.then, env)
        if test is False:
            return self.ev(e.other, env)
        a, b = fork(env), fork(env)
        refine(self, e.test, a, True)
        refine(self, e.test, b, False)
        x, y = self.ev(e.then, a), self.ev(e.other, b)
        return join(self.settled(x, a), self.settled(y, b))

    def settled(self, v: Value, env: dict[str, Value]) -> Value:
        facts: dict = env[FACTS]  # type: ignore[assignment]
        return apply_facts(v, facts) if v.src and facts else v

    def ev_template(self, e: ir.Template, env: dict[str, Value]) -> Value:
        parts = [self.ev(p, env) for p in e.parts]
        if self.lang == "php":
            parts = [self.stringify(p) for p in parts]
        return models.concat(parts)

    def ev_coll(self, e: ir.Coll, env: dict[str, Value]) -> Value:
        items: dict[Any, Value] = {}
        rest: Value | None = None
        n = 0
        seq = e.kind in ("list", "tuple", "set")
        for key, part in e.items:
            old = self.frame.to
            k: Any = None
            if key is not None:
                kv = self.ev(key, env)
                k = kv.const if kv.is_const and models.hashable(kv.const) else None
                if type(k) is str:
                    self.frame.to = k
            v = self.ev(part, env)
            self.frame.to = old
            if type(k) is str and self.has_bind and (v.tags or (type(v.const) is str and v.const)):
                self.check("=bind", "=bind", [v], {}, None, e.pos, to=k)
            if type(part) is ir.Other and part.parts and seq:  # a spread
                rest = join(rest, models.each(v)) if rest else models.each(v)
            elif key is None and seq:
                items[n] = v
                n += 1
            elif k is not None:
                items[k] = v
            else:
                rest = join(rest, v) if rest else v
        out = Value(items=items, rest=rest, seq=seq, qual=self.qualify(e.type) if e.type else "")
        if e.type:
            out.kw = {"*": [], **{str(k): v for k, v in items.items()}}
            name = last_part(out.qual)
            self.check(
                f"{out.qual}{{}}", name + "{}", list(items.values()),
                {k: v for k, v in items.items() if type(k) is str}, None, e.pos, to=self.frame.to,
            )  # fmt: skip
        elif not seq and items and "{}" in self.ix.rules.exact:
            named = {k: v for k, v in items.items() if type(k) is str}
            self.check("{}", "{}", [out], named, None, e.pos, to=self.frame.to)
        return out

    def ev_cast(self, e: ir.Cast, env: dict[str, Value]) -> Value:
        v = self.ev(e.arg, env)
        if "cast" in self.ix.rules.exact:
            self.check(f"{e.type}.cast", "cast", [v, constant(e.type)], {}, None, e.pos)
        if models.is_plain_type(e.type):
            if v.is_const:
                return v
            return Value(clean=EVERY, tags=v.tags)
        return v

    def ev_lambda(self, e: ir.Lambda, env: dict[str, Value]) -> Value:
        c = Closure(e.fn, env, self.frame.cls)
        self.pending.append(c)
        return Value(fn=c, qual=e.fn.name)

    def ev_let(self, e: ir.Let, env: dict[str, Value]) -> Value:
        v = self.ev(e.value, env)
        self.bind(e.target, v, env, e.pos)
        return v

    def ev_other(self, e: ir.Other, env: dict[str, Value]) -> Value:
        parts = [self.ev(p, env) for p in e.parts]
        if len(parts) == 1 or (parts and type(e.parts[0]) is ir.Let):
            return parts[-1]  # a comprehension's clause: bind, then the value
        return derive(parts)

    # ---- calls -----------------------------------------------------------------------------

    def ev_call(self, e: ir.Call, env: dict[str, Value]) -> Value:
        func = e.func
        recv: Value | None = None
        if type(func) is ir.Field:
            recv = self.ev(func.obj, env)
            name = func.name
            callee = recv.items.get(name) if recv.items is not None else None
            qual = f"{recv.qual}.{name}" if recv.qual else f"?.{name}"
        elif type(func) is ir.Name:
            callee = self.ev_name(func, env)
            qual = callee.qual or func.id
            name = last_part(qual)
        else:
            callee = self.ev(func, env)
            qual, name = callee.qual, last_part(callee.qual)
        args: list[Value] = []
        for a in e.args:
            v = self.ev(a, env)
            if type(a) is ir.Other and len(a.parts) == 1:  # *args
                v = derive([v], qual=v.qual)
            args.append(v)
        kwargs = {k: self.ev(v, env) for k, v in e.kwargs}
        if self.lang == "php" and name in ("echo", "print", "strval", "printf"):
            args = [self.stringify(a) for a in args]
        facts: dict = env[FACTS]  # type: ignore[assignment]
        self.now = facts
        if facts:
            args = [apply_facts(a, facts) if a.src else a for a in args]
            kwargs = {k: apply_facts(a, facts) if a.src else a for k, a in kwargs.items()}
            if recv is not None and recv.src:
                recv = apply_facts(recv, facts)
        self.check(qual, name, args, kwargs, recv, e.pos, to=self.frame.to)
        if self.lang == "php" and type(func) is ir.Name and func.id[:1] == "$" and callee is not None:
            kind = "dynamic new" if e.new else "dynamic call"
            self.check(kind, kind, [callee], {}, None, e.pos)
        if self.has_any:
            for a in args:
                if a.shape is not None and HOLE in a.shape and len(a.shape) > 12:
                    self.check(qual, "anycall", args, kwargs, recv, e.pos, to=self.frame.to)
                    break
        if self.lang in ("c", "cpp"):
            models.outputs(name, e, args, env)
        if self.lang == "go" and name not in ("len", "cap", "append", "make", "NewReader"):
            self.written(e, args, env)
        if name == "yield":
            r = self.frame.result
            got = derive(args)
            self.frame.result = got if r is None else join(r, got)
        return self.result(e, qual, name, callee, recv, args, kwargs, env)

    def result(
        self, e: ir.Call, qual: str, name: str, callee: Value | None, recv: Value | None,
        args: list[Value], kwargs: dict[str, Value], env: dict[str, Value],
    ) -> Value:  # fmt: skip
        """What a call returns: a same-file function is run, an API is looked up, else joined."""
        ix = self.ix
        target = callee.fn if callee is not None else None
        me = recv
        if target is None and recv is not None and type(recv.fn) is ClassInfo:
            target = self.method(recv.fn.name, name)
        if type(target) is tuple:
            target, me = target
        if type(target) is ClassInfo and (e.new or self.lang == "python"):
            return self.construct(target, args, kwargs)
        if type(target) is Closure and "@psalm-" in target.fn.doc:
            marked = self.annotated(target.fn, args, e.pos)
            if marked is not None:
                return marked
        if type(target) is Closure:
            if me is None and target.cls:
                me = env.get("this")
            passed = args
            params = target.fn.params
            if target.cls and params and params[0].name in ("self", "cls"):
                passed = [me or unknown(), *args]
            got = self.call_local(target, passed, kwargs, me, env)
            if got is not None:
                return got
        elif recv is None and self.lang in ("java", "cpp") and self.frame.cls:
            m = self.method(self.frame.cls, name)
            if m is not None:
                got = self.call_local(m, args, kwargs, env.get("this"), env)
                if got is not None:
                    return got
        cleaned = ix.sanitizers.find(qual, name) if not target else []
        if cleaned:
            kinds: frozenset[str] = NOTHING.union(*cleaned)
            given = ([recv] if recv is not None and (recv.taint or recv.tags) else []) + args
            base = derive(given, qual=qual + "()", kw=made(args, kwargs))
            if "*" in kinds or not base.taint:
                base.clean = EVERY
            else:
                base.clean = base.clean | kinds
            return base
        strengths = ix.sources.find(qual + "()", name + "()")
        if strengths:
            label = qual
            if args and type(args[0].const) is str:
                label = f"{qual}({args[0].const})"
            v = Value(
                taint=max(strengths), src=frozenset({label}), trace=((e.pos, f"from {label}"),),
                qual=qual + "()",
            )  # fmt: skip
            return v
        wrapped = self.wrapped_request(qual, name, recv, args, e.pos)
        if wrapped is not None:
            return wrapped
        modelled = models.call(self, qual, name, recv, args, kwargs, e, env)
        if modelled is None:
            if name in ix.pack.stops:
                modelled = Value(qual=qual + "()", kw=made(args, kwargs))
            else:
                parts = args + list(kwargs.values())
                if recv is not None and (recv.taint or recv.tags):
                    parts = [recv, *parts]
                modelled = derive(parts, qual=qual + "()", kw=made(args, kwargs))
                if models.sounds_clean(name) and not target:
                    modelled.clean = models.cleans(name)
                if name[:1].isupper() and modelled.taint and name not in ("String", "Path", "Buffer"):
                    modelled.tags = modelled.tags | {"object"}
            for arg in args:  # callbacks
                if type(arg.fn) is Closure and recv is not None and recv.taint:
                    self.call_local(arg.fn, [models.each(recv)], {}, None, env)
        for tag in ix.tags.find(qual, name):
            modelled = modelled.copy(tags=modelled.tags | {tag})
            if "ytes" in name and e.args and type(e.args[0]) is ir.Name:  # fills its argument
                filled = e.args[0].id
                env[filled] = args[0].copy(tags=args[0].tags | {tag})
        return modelled

    def wrapped_request(
        self, qual: str, name: str, recv: Value | None, args: list[Value], pos: int
    ) -> Value | None:
        """A helper around a request object answers questions about it, so its answers are web."""
        if recv is not None and recv.qual == "wrapped(request)" and recv.taint == 0:
            if ASKS.search(name):
                label = f"{qual}({args[0].const})" if args and args[0].is_const else qual
                return Value(
                    taint=WEB, src=frozenset({label}), trace=((pos, f"from {label}"),), qual=qual
                )
            return None
        for a in args:
            q = a.qual
            if a.taint == 0 and q.endswith(("request", "HttpServletRequest")) and a.items is None:
                if name.lower().endswith(("request", "wrapper", "req")):
                    return Value(qual="wrapped(request)")
        return None

    def written(self, e: ir.Call, args: list[Value], env: dict[str, Value]) -> None:
        """A fresh buffer that is handed to a call may have been filled by it."""
        for a, v in zip(e.args, args, strict=False):
            while type(a) in (ir.Slice, ir.Un):
                a = a.obj if type(a) is ir.Slice else a.arg
            if type(a) is ir.Name and a.id in env and "zeroed" in env[a.id].tags:
                callee = models.callee_name(e.func)
                if not callee.startswith(("NewC", "NewO", "Seal")):
                    env[a.id] = env[a.id].copy(tags=env[a.id].tags - {"zeroed"})

    def annotated(self, fn: ir.Function, args: list[Value], pos: int) -> Value | None:
        """What a doc comment's taint annotations say about a call of the function."""
        for m in re.finditer(r"@psalm-taint-(source|sink|escape|unescape)\s+(\w+)(?:\s+(\$\w+))?", fn.doc):
            kind, what, param = m.groups()
            if kind == "source":
                return Value(
                    taint=WEB, src=frozenset({fn.name + "()"}), trace=((pos, f"from {fn.name}"),)
                )
            if kind == "sink":
                for k, p in enumerate(fn.params):
                    if p.name == param and k < len(args):
                        self.check("marked sink", "marked sink", [args[k]], {}, None, pos)
            if kind == "escape":
                names = {"html": "xss", "sql": "sql", "shell": "cmd", "file": "path"}
                base = derive(args)
                base.clean = base.clean | {names.get(what, what)}
                return base
        m = re.search(r"@psalm-flow\s+(?:proxy\s+(\w+)\([^)]*\))?.*?(->\s*return)?\s*(?:\n|\*/)", fn.doc)
        if m is not None:
            proxy = self.globals.get(m.group(1) or "")
            if proxy is not None and type(proxy.fn) is Closure:
                if "@psalm-" in proxy.fn.fn.doc:
                    self.annotated(proxy.fn.fn, args, pos)
                return self.call_local(proxy.fn, args, {}, None, None)
            if m.group(2) and not fn.body:
                return derive(args)
        return None

    def construct(self, info: ClassInfo, args: list[Value], kwargs: dict[str, Value]) -> Value:
        me = Value(qual=info.name, items=dict(self.attrs(info.name)), fn=info)
        for name in ("__init__", "__construct", "constructor", info.name):
            init = self.method(info.name, name)
            if init is not None:
                passed = [me, *args] if name == "__init__" else args
                self.call_local(init, passed, kwargs, me, None)
                break
        return me

    def call_local(
        self, c: Closure, args: list[Value], kwargs: dict[str, Value], me: Value | None,
        env: dict[str, Value] | None,
    ) -> Value | None:  # fmt: skip
        if self.frame.depth >= MAX_DEPTH or self.stack.count(id(c.fn)) > 0:
            return None
        key = None
        if all(a.items is None and a.rest is None and a.fn is None for a in args) and not (
            me is not None and me.items
        ):
            try:
                key = (
                    id(c.fn),
                    tuple((a.taint, a.src, a.clean, a.qual, a.text(), repr(a.const)) for a in args),
                    tuple((k, a.taint, a.text()) for k, a in kwargs.items()),
                )
            except TypeError:
                key = None
            if key in self.memo and key is not None:
                return self.memo[key]
        before = self._facts
        self._facts = dict(env[FACTS]) if env is not None else {}  # type: ignore[call-overload]
        v = self.invoke(c, args, kwargs, me)
        self._facts = before
        if v.taint or v.is_const or v.items is not None or v.qual or v.shape:
            out = v
        else:
            out = v.copy(qual=c.fn.name + "()")
        if key is not None:
            self.memo[key] = out
        return out

    # ---- rules -----------------------------------------------------------------------------

    def check(
        self, qual: str, name: str, args: list[Value], kwargs: dict[str, Value],
        recv: Value | None, pos: int, to: str = "",
    ) -> None:  # fmt: skip
        """Ask every rule that watches this call."""
        rules = self.ix.rules.find(qual, name)
        if not rules:
            return
        site = CallSite(args, kwargs, recv, qual, pos)
        frame = self.frame
        site.where, site.to, site.text = frame.where, to or frame.to, self.text
        fn = frame.fn
        site.fn_text = self.text[fn.pos : fn.end] if fn is not None else self.text
        for rule in rules:
            self.apply(rule, site)

    def apply(self, rule: Rule, site: CallSite) -> None:
        strength, trace, evidence = 0, (), rule.evidence or "api"
        confidence = rule.confidence
        if rule.kind:
            found = self.sink_value(rule, site)
            if found is None:
                return
            strength, trace = found.taint, found.trace
            site.found = found
            if strength:
                evidence = rule.evidence or "flow"
            if strength < WEB:
                confidence = LOWER[confidence]
        if rule.when and not all(holds(c, site) for c in rule.when):
            return
        if rule.unless and any(holds(c, site) for c in rule.unless):
            return
        key = (rule.id, self.text.count("\n", 0, site.pos))
        old = self.hits.get(key)
        if old is None or old.strength < strength:
            self.hits[key] = Hit(
                rule, site.pos, confidence, evidence, strength, trace, self.frame.where
            )

    def sink_value(self, rule: Rule, site: CallSite) -> Value | None:
        """The dirtiest argument that the rule objects to."""
        worst: Value | None = None
        least = NEEDS[rule.need]
        for spec in rule.args:
            if spec == "*":
                given = site.args + list(site.kwargs.values())
            elif spec == -1:
                given = [site.recv] if site.recv is not None else []
            elif type(spec) is int:
                given = site.args[spec : spec + 1]
            else:
                given = [site.kwargs[spec]] if spec in site.kwargs else []
            for raw in given:
                if rule.kind == "xss" and raw.seq and raw.items and self.lang == "python":
                    raw = raw.items.get(0, raw)  # (body, status, headers)
                v = flatten(raw)
                if v.src and self.now:
                    v = apply_facts(v, self.now)
                if v.const is not NC or "*" in v.clean or rule.kind in v.clean:
                    continue
                if v.taint < least:
                    continue
                if v.taint < WEB and rule.need == "built" and not built(v):
                    continue
                if rule.need == "unknown" and v.shape is not None and HOLE not in v.shape:
                    continue
                if worst is None or v.taint > worst.taint:
                    worst = v
        return worst


def pack_name(name: str) -> str:
    """Request objects go by many names; packs write their sources once."""
    return "request" if name in ("request", "req", "_request", "httpRequest") else name


def built(v: Value) -> bool:
    """Text put together from constant text and something unknown."""
    return v.shape is not None and HOLE in v.shape and v.shape.strip(HOLE + "\x01 ") != ""


def made(args: list[Value], kwargs: dict[str, Value]) -> dict[str, Any]:
    return {"*": args, **kwargs}


def apply_facts(v: Value, facts: dict[str, frozenset[str]]) -> Value:
    """The value, clean for what guards have shown about every source in it."""
    known: frozenset[str] | None = None
    for s in v.src:
        got = facts.get(s)
        if got is None:
            return v
        known = got if known is None else (got if "*" in known else known if "*" in got else known & got)
    if not known:
        return v
    return v.copy(clean=v.clean | known)


def fork(env: dict[str, Value]) -> dict[str, Value]:
    """A copy whose containers can change without changing the original's."""
    out = env.copy()
    out[FACTS] = dict(env[FACTS])  # type: ignore[call-overload]
    seen: dict[int, Value] = {}
    for key, v in env.items():
        if key != FACTS and v.items is not None:
            out[key] = clone(v, seen, 3)
    return out


def clone(v: Value, seen: dict[int, Value], depth: int) -> Value:
    got = seen.get(id(v))
    if got is not None:
        return got
    new = v.copy()
    seen[id(v)] = new
    if v.items is not None and depth:
        new.items = {
            k: clone(x, seen, depth - 1) if x.items is not None else x for k, x in v.items.items()
        }
    return new


def env_copy(env: dict[str, Value]) -> dict[str, Value]:
    return env.copy()


def merge_into(env: dict[str, Value], live: list[dict[str, Value]]) -> bool:
    """Make `env` what holds where all live paths meet; False when none is live."""
    if not live:
        return False
    if len(live) == 1:
        if live[0] is not env:
            only = dict(live[0])
            env.clear()
            env.update(only)
        return True
    first = live[0]
    out = dict(first)
    for other in live[1:]:
        facts: dict[str, frozenset[str]] = {}
        a, b = out[FACTS], other[FACTS]
        for src, kinds in a.items():  # type: ignore[attr-defined]
            got = b.get(src)  # type: ignore[attr-defined]
            if got:
                both = got if "*" in kinds else kinds if "*" in got else kinds & got
                if both:
                    facts[src] = both
        settled_a = a if a != facts else None
        settled_b = b if b != facts else None
        for key, v in other.items():
            if key == FACTS:
                continue
            if settled_b and v.src:
                v = apply_facts(v, settled_b)  # type: ignore[arg-type]
            mine = out.get(key)
            if mine is None:
                out[key] = v
                continue
            if settled_a and mine.src:
                mine = apply_facts(mine, settled_a)  # type: ignore[arg-type]
            out[key] = mine if mine is v else join(mine, v)
        out[FACTS] = facts  # type: ignore[assignment]
    env.clear()
    env.update(out)
    return True
