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
from typing import Any

from . import calls, expressions, guards, ir, names, statements
from .conditions import holds
from .rules import NEEDS, Index, Rule
from .state import (
    FACTS,
    CallSite,
    ClassInfo,
    Closure,
    Env,
    Facts,
    Frame,
    Hit,
    OutOfFuel,
    apply_facts,
    built,
    fork,
)
from .values import EVERY, HOLE, NC, PARAM, WEB, Value, constant, derive, flatten, unknown

LOWER = {"high": "medium", "medium": "low", "low": "low"}
EVALUATORS = {**expressions.EXPRESSIONS, ir.Call: calls.ev_call}


class Interpreter:
    def __init__(self, module: ir.Module, ix: Index, text: str, fuel: int = 60_000) -> None:
        self.module, self.ix, self.text, self.fuel = module, ix, text, fuel
        self.lang = module.lang
        self.hits: dict[tuple[str, int], Hit] = {}
        self.globals: Env = {FACTS: {}}
        self.classes: dict[str, ClassInfo] = {}
        self.pending: list[Closure] = []
        self.entered: set[int] = set()
        self.stack: list[int] = []
        self.memo: dict[Any, Value] = {}
        self.searched: dict[tuple[str, str], bool] = {}  # see conditions.Site
        self.texts: dict[int, str] = {}  # a function's source, by its offset
        self.frame = Frame(None, "", 0, "")
        self.now: Facts = {}  # what guards have shown at the statement being run
        self.inherited: Facts = {}  # what a call run in place takes along
        self.has_eq = "==" in ix.rules.exact
        self.has_bind = "=bind" in ix.rules.exact
        self.has_endless = "endless loop" in ix.rules.exact
        self.has_any = "anycall" in ix.rules.exact
        self.has_return = "return" in ix.rules.exact

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
            for table in (self.globals, self.classes, self.memo):
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

    def attrs(self, cls: str) -> Env:
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
        self.empty_check(c)
        pack = self.ix.pack
        marks = [names.expr_text(m) for m in fn.marks]
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

    def empty_check(self, c: Closure) -> None:
        """A free function with a validator's name that always says yes is itself a mistake."""
        fn = c.fn
        if c.cls or not fn.params or "empty check" not in self.ix.rules.exact:
            return
        if guards.SAFE_WORD.search(fn.name) and guards.vacuous(fn) and fn.body:
            last = fn.body[-1]
            if type(last) is ir.Return and last.value is not None and last.value.value in (True, 1):
                self.frame.fn = fn
                self.check("empty check", "empty check", [], {}, None, fn.pos)

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
        if names.is_plain_type(kind):
            return Value(qual=kind or p.name, clean=EVERY)
        if self.lang == "rust" and (
            m := re.match(r"(?:web::)?(Query|Path|Json|Form)<|HttpRequest", p.type)
        ):
            note = f"request data {p.name}"
            return Value(
                taint=WEB, src=frozenset({p.name}), trace=((fn.pos, note),), qual=m.group(0)
            )
        if p.type in self.classes and self.lang == "php":
            info = self.classes[p.type]
            return Value(qual=p.type, items=dict(self.attrs(p.type)), fn=info)
        if route and "Depends" in names.expr_text(p.default):
            return Value(qual=p.name)
        note = "request data" if strength == WEB else f"parameter {p.name}"
        v = Value(
            taint=strength, src=frozenset({f"{fn.name}({p.name})"}), trace=((fn.pos, note),),
            qual=kind if kind and not names.is_text_type(kind) else p.name,
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
        env: Env = {FACTS: {}}
        if not entry:
            env[FACTS] = dict(self.inherited) if self.stack else {}
        if c.env is not None and c.env is not self.globals:
            for k, v in c.env.items():
                if k != FACTS:
                    env[k] = v
        if me is not None:
            env["this"] = env["self"] = me
        at = 0
        for p in fn.params:
            if p.star:
                env[p.name] = derive(args[at:] + list(kwargs.values()), qual=p.name)
                at = len(args)
                continue
            if at < len(args):
                given: Value | None = args[at]
                at += 1
            else:
                given = kwargs.get(p.name)
            if given is not None:
                # A number's type at the boundary is a conversion, and conversions clean.
                numeric = given.taint and names.is_plain_type(p.type)
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
            if result.taint and names.is_plain_type(fn.returns):
                return result.copy(clean=EVERY)
            info = self.classes.get(fn.returns.lstrip("?*"))
            if info is not None and type(result.fn) is not ClassInfo:
                return Value(qual=info.name, items=dict(self.attrs(info.name)), fn=info)
        return result

    def block(self, body: list[Any], env: Env) -> bool:
        """Run statements in order; False when control does not reach the end."""
        run = statements.STATEMENTS
        for s in body:  # noqa: SIM110 -- a generator costs as much again as the call
            if not run[type(s)](self, s, env):
                return False
        return True

    def fork(self, env: Env) -> Env:
        """A scope for one of several paths. Wide scopes cost more than an expression does."""
        out, cost = fork(env)
        self.fuel -= cost
        if self.fuel < 0:
            raise OutOfFuel
        return out

    def ev(self, e: Any, env: Env) -> Value:
        self.fuel -= 1
        if self.fuel < 0:
            raise OutOfFuel
        return EVALUATORS[type(e)](self, e, env)

    def check(
        self, qual: str, name: str, args: list[Value], kwargs: dict[str, Value],
        recv: Value | None, pos: int, to: str = "",
    ) -> None:  # fmt: skip
        """Ask every rule that watches this call."""
        rules = self.ix.rules.find(qual, name)
        if rules:
            self.ask(rules, qual, args, kwargs, recv, pos, to)

    def ask(
        self, rules: list[Rule], qual: str, args: list[Value], kwargs: dict[str, Value],
        recv: Value | None, pos: int, to: str,
    ) -> None:  # fmt: skip
        """Ask the rules that watch a call whether they have anything against it."""
        site = CallSite(args, kwargs, recv, qual, pos, self.searched)
        frame = self.frame
        site.where, site.to, site.text = frame.where, to or frame.to, self.text
        fn = frame.fn
        site.fn_text = self.text if fn is None else self.function_text(fn)
        for rule in rules:
            self.apply(rule, site)

    def function_text(self, fn: ir.Function) -> str:
        """A function's source: one `str` for all who ask, so that it is hashed once."""
        text = self.texts.get(fn.pos)
        if text is None:
            text = self.texts[fn.pos] = self.text[fn.pos : fn.end]
        return text

    def apply(self, rule: Rule, site: CallSite) -> None:
        strength, evidence = 0, rule.evidence or "api"
        trace: tuple[tuple[int, str], ...] = ()
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
        for c in rule.when:
            if not holds(c, site):
                return
        for c in rule.unless:
            if holds(c, site):
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
