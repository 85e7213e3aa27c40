"""Statements: how each changes a scope, and whether control passes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import containers, expressions, ir, names
from .guards import refine
from .state import FACTS, Closure, Env, Facts, apply_facts, env_copy, merge_into
from .values import EVERY, HOLE, NC, Value, join, unknown
from .walk import flat, walk

if TYPE_CHECKING:
    from .interp import Interpreter


def st_block(it: Interpreter, s: ir.Block, env: Env) -> bool:
    return it.block(s.body, env)


def st_eval(it: Interpreter, s: ir.Eval, env: Env) -> bool:
    e = s.value
    v = it.ev(e, env)
    if type(e) is ir.Call:
        name = names.callee_name(e.func)
        if name in it.ix.pack.exits:
            return False
        refine(it, e, env, True, statement=True)
    return "exit" not in v.tags


def st_assign(it: Interpreter, s: ir.Assign, env: Env) -> bool:
    t = s.target
    e = s.value
    if type(e) is ir.Cond and type(t) is ir.Field and not s.op:
        # A setting that a condition chooses is set to each: rules look at one value at a time.
        one = [ir.Assign(t, e.then, s.pos, type=s.type)]
        return st_if(
            it, ir.If(e.test, one, [ir.Assign(t, e.other, s.pos, type=s.type)], s.pos), env
        )
    to = names.target_name(t)
    old_to, it.frame.to = it.frame.to, to or it.frame.to
    v = it.ev(s.value, env)
    if s.op:
        v = expressions.binary(it, s.op, it.ev(t, env), v, s.pos)
    elif s.type and not v.qual and v.const is NC and v.fn is None:
        kind = it.qualify(s.type)
        if names.is_plain_type(kind):
            v = v.copy(clean=EVERY)
        elif not names.is_text_type(kind):
            v = v.copy(qual=kind)
    it.frame.to = old_to
    bind(it, t, v, env, s.pos)
    if type(t) is ir.Name:
        if type(s.value) in (ir.Call, ir.Bin, ir.Un):
            it.frame.tests[t.id] = s.value
        else:
            it.frame.tests.pop(t.id, None)
    return True


def st_if(it: Interpreter, s: ir.If, env: Env) -> bool:
    test = names.truth(it.ev(s.test, env))
    if test is True:
        refine(it, s.test, env, True)
        return it.block(s.then, env)
    if test is False:
        refine(it, s.test, env, False)
        return it.block(s.other, env)
    a = it.fork(env)
    b = it.fork(env) if s.other else env  # nothing runs there that could change a container
    refine(it, s.test, a, True)
    refine(it, s.test, b, False)
    live = []
    compared = it.frame.compared
    if it.lang == "go":  # where a rule asks whether a write's place was chosen
        it.frame.compared = compared | {x.id for x in walk(s.test) if type(x) is ir.Name}
    if it.block(s.then, a):
        live.append(a)
    it.frame.compared = compared
    if it.block(s.other, b):
        live.append(b)
    return merge_into(env, live)


def endless(it: Interpreter, s: ir.Loop) -> bool:
    """`while k < n:` with no way out and neither `k` nor `n` changed."""
    t = s.test
    if it.lang != "python" or type(t) is not ir.Bin or t.op not in ("<", ">", "<=", ">=", "!="):
        return False
    sides = [x for x in (t.left, t.right) if type(x) is not ir.Const]
    if not sides or any(type(x) is not ir.Name for x in sides):
        return False
    watched = {x.id for x in sides}
    for x in flat(s.body):
        if type(x) in (ir.Jump, ir.Return, ir.Try, ir.Def):
            return False
        if type(x) is ir.Assign and names_in(x.target) & watched:
            return False
        if type(x) is ir.Loop and x.target is not None and names_in(x.target) & watched:
            return False
        value = x.value if type(x) in (ir.Assign, ir.Eval) else None
        # A call that is handed the variable, or a walrus, may change it.
        if type(value) is ir.Call and names.callee_name(value.func) in ("exit", "yield", "next"):
            return False
        if value is not None and changes(value, watched):
            return False
    return True


def names_in(e: Any) -> set[str]:
    if type(e) is ir.Name:
        return {e.id}
    if type(e) is ir.Coll:
        return set().union(*(names_in(v) for _, v in e.items)) if e.items else set()
    return set()


def changes(e: Any, watched: set[str]) -> bool:
    """Whether an expression may bind a watched name or leave the function."""
    kind = type(e)
    if kind is ir.Let:
        return True
    if kind is ir.Call:
        if type(e.func) is ir.Name and e.func.id in ("yield", "exit", "quit"):
            return True
        method = type(e.func) is ir.Field and names_in(e.func.obj) & watched
        return bool(method) or any(changes(a, watched) for a in e.args)
    if kind is ir.Un:
        return e.op in ("++", "--", "await")
    return False


def st_loop(it: Interpreter, s: ir.Loop, env: Env) -> bool:
    exits: list[Env] = []
    it.frame.breaks.append(exits)
    if s.test is not None and it.has_endless and endless(it, s):
        it.check("endless loop", "endless loop", [], {}, None, s.pos)
    forever = False
    for turn in (0, 1):
        body_env = it.fork(env)
        if s.target is not None:
            over = it.ev(s.iter, body_env)
            if over.items is not None and not over.items and over.rest is None and over.seq:
                break
            bind(it, s.target, containers.each(over), body_env, s.pos)
        elif s.test is not None and not s.post:
            known = names.truth(it.ev(s.test, body_env))
            if known is False:
                break
            forever = known is True
            refine(it, s.test, body_env, True)
        elif s.test is None:
            forever = True
        alive = it.block(s.body, body_env)
        if alive:
            it.block(s.step, body_env)
        outs = [body_env] if alive else []
        if s.post and turn == 0 and outs:
            merge_into(env, outs)
        elif outs:
            merge_into(env, [env_copy(env), body_env])
    it.frame.breaks.pop()
    if s.test is not None and s.target is None and not forever and not exits:
        refine(it, s.test, env, False)
    if exits:
        merge_into(env, exits if forever else [env_copy(env), *exits])
        return True
    return not forever


def st_switch(it: Interpreter, s: ir.Switch, env: Env) -> bool:
    subject = it.ev(s.subject, env)
    exits: list[Env] = []
    it.frame.breaks.append(exits)
    live: list[Env] = []
    start = None
    if subject.is_const:
        default = None
        for n, (pats, _) in enumerate(s.cases):
            if not pats:
                default = n
                continue
            consts = [it.ev(p, env) for p in pats]
            if any(c.const is NC for c in consts):
                start = None
                break
            if any(c.const == subject.const for c in consts):
                start = n
                break
        else:
            start = default if default is not None else -1
    if start is not None and start >= 0:
        run_case(it, s, start, env, exits, live)
    elif start == -1:
        live.append(env_copy(env))
    else:
        has_default = False
        for n, (pats, _) in enumerate(s.cases):
            has_default = has_default or not pats
            branch = it.fork(env)
            for p in pats:
                v = it.ev(p, branch)
                if v.is_const and len(pats) == 1:
                    refine(it, ir.Bin("==", s.subject, p), branch, True)
            run_case(it, s, n, branch, exits, live)
        if not has_default:
            live.append(env_copy(env))
    it.frame.breaks.pop()
    return merge_into(env, live + exits)


def st_return(it: Interpreter, s: ir.Return, env: Env) -> bool:
    if s.value is None:
        return False
    old_to = it.frame.to
    it.frame.to = "return"
    v = it.ev(s.value, env)
    it.frame.to = old_to
    it.now = env[FACTS]
    mixed = v.shape is not None and HOLE in v.shape
    if it.has_return and (it.frame.route or v.tags or mixed):
        qual = "route.return" if it.frame.route else "function.return"
        it.check(qual, "return", [v], {}, None, s.pos, to=it.frame.where.rsplit(" ")[-1])
    facts: Facts = env[FACTS]
    if v.src and facts:
        v = apply_facts(v, facts)
    r = it.frame.result
    it.frame.result = v if r is None else join(r, v)
    return False


def st_jump(it: Interpreter, s: ir.Jump, env: Env) -> bool:
    if s.value is not None:
        it.ev(s.value, env)
    if s.kind == "break" and it.frame.breaks:
        it.frame.breaks[-1].append(env_copy(env))
    return False


def st_try(it: Interpreter, s: ir.Try, env: Env) -> bool:
    # Any statement of the body may be the one that throws: a handler sees what held before
    # each of them.
    before = it.fork(env)
    alive = True
    for n, one in enumerate(s.body):
        alive = it.block([one], env)
        if not alive:
            break
        if s.handlers and n < 8:
            merge_into(before, [before.copy(), env_copy(env)])
    live = [env_copy(env)] if alive else []
    if s.handlers:
        merge_into(before, [before.copy(), env_copy(env)])
        for handler in s.handlers:
            branch = it.fork(before)
            if it.block(handler, branch):
                live.append(branch)
    if not merge_into(env, live):
        if s.final:
            it.block(s.final, env)
        return False
    return it.block(s.final, env)


def st_def(it: Interpreter, s: ir.Def, env: Env) -> bool:
    for mark in s.fn.marks:
        it.ev(mark, env)
    c = Closure(s.fn, env, s.fn.cls or (it.frame.cls if it.frame.fn else ""))
    env[s.fn.name] = Value(fn=c, qual=s.fn.name)
    it.pending.append(c)
    return True


def st_class(it: Interpreter, s: ir.ClassDef, env: Env) -> bool:
    info = it.class_info(s)
    for mark in s.marks:
        it.ev(mark, env)
    env[s.name] = Value(qual=s.name, fn=info)
    inner = dict(env)
    seen = set(inner)
    for x in s.body:
        if type(x) is ir.Def:
            c = info.methods.get(x.fn.name, None)
            if c is None or c.fn is not x.fn:
                c = Closure(x.fn, it.globals, s.name)
            it.pending.append(c)
        elif type(x) is ir.ClassDef:
            st_class(it, x, env)
        else:
            old, it.frame.cls = it.frame.cls, s.name
            old_where, it.frame.where = it.frame.where, f"{it.frame.where} {s.name}"
            STATEMENTS[type(x)](it, x, inner)
            it.frame.cls, it.frame.where = old, old_where
    for key, v in inner.items():
        if key != FACTS and (key not in seen or v is not env.get(key)):
            info.attrs.setdefault(key, v)
    return True


def bind(it: Interpreter, t: Any, v: Value, env: Env, pos: int) -> None:
    kind = type(t)
    it.now = env[FACTS]
    if kind is ir.Name:
        if it.has_bind and (v.tags or (type(v.const) is str and v.const)):
            it.check("=bind", "=bind", [v], {}, None, pos, to=t.id)
        if v.taint and len(v.trace) < 12:
            v = v.copy(trace=(*v.trace, (pos, f"reaches {t.id}")))
        env[t.id] = v
        me = env.get("this")
        if me is not None and me.items is not None and t.id in me.items:
            me.items[t.id] = v
    elif kind is ir.Field:
        obj = it.ev(t.obj, env)
        if it.has_bind and (v.tags or (type(v.const) is str and v.const)):
            it.check("=bind", "=bind", [v], {}, None, pos, to=t.name)
        key = "=" + t.name
        it.check(f"{obj.qual}.{key}", key, [v], {}, obj, pos, to=t.name)
        if obj.items is None:
            obj.items = {}
            if type(t.obj) is ir.Name and t.obj.id not in env:
                env[t.obj.id] = obj
        obj.items[t.name] = v
    elif kind is ir.Index:
        obj = it.ev(t.obj, env)
        key_v = it.ev(t.key, env) if t.key is not None else unknown()
        name = key_v.const if type(key_v.const) is str else ""
        base = obj.qual
        if it.has_bind and (v.tags or (type(v.const) is str and v.const)):
            to = name or names.target_name(t.key) or names.target_name(t.obj)
            it.check("=bind", "=bind", [v], {}, None, pos, to=to)
        if name:
            key = f"=[{name}]"
            it.check(f"{base}.{key}", key, [v, key_v], {}, obj, pos, to=name)
        it.check(f"{base}.=[]", "=[]", [v, key_v], {}, obj, pos, to=name)
        if obj.items is None:
            obj.items = {}
            if type(t.obj) is ir.Name and t.obj.id not in env:
                env[t.obj.id] = obj
        chosen = type(t.key) is ir.Name and t.key.id in it.frame.compared
        containers.store(obj, key_v, v, chosen)
    elif kind is ir.Coll:
        for n, (_, part) in enumerate(t.items):
            bind(it, part, containers.element(v, n), env, pos)
    elif kind is ir.Un:  # *p = v
        bind(it, t.arg, v, env, pos)
    else:
        it.ev(t, env)


def run_case(
    it: Interpreter, s: ir.Switch, n: int, env: Env, exits: list[Env], live: list[Env]
) -> None:
    while True:
        if not it.block(s.cases[n][1], env):
            return
        n += 1
        if not s.falls or n >= len(s.cases):
            live.append(env)
            return


STATEMENTS: dict[type, Callable[[Interpreter, Any, Env], bool]] = {
    ir.Assign: st_assign,
    ir.Eval: st_eval,
    ir.If: st_if,
    ir.Loop: st_loop,
    ir.Switch: st_switch,
    ir.Return: st_return,
    ir.Jump: st_jump,
    ir.Try: st_try,
    ir.Def: st_def,
    ir.ClassDef: st_class,
    ir.Block: st_block,
}
