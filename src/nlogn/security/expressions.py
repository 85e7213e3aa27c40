"""Expressions: the abstract value of each kind, calls apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import calls, containers, ir, models, names, statements, strings
from .guards import refine
from .rules import last_part
from .state import FACTS, ClassInfo, Closure, Env, Facts, apply_facts
from .values import EVERY, NOTHING, PARAM, WEB, Value, constant, derive, join, unknown

if TYPE_CHECKING:
    from .interp import Interpreter


def ev_const(it: Interpreter, e: ir.Const, env: Env) -> Value:
    return Value(e.value)


def ev_name(it: Interpreter, e: ir.Name, env: Env) -> Value:
    name = e.id
    v: Value | None = env.get(name)
    if v is not None:
        return v
    me = env.get("this")
    if me is not None and me.items is not None and it.lang in ("java", "cpp"):
        v = me.items.get(name)
        if v is not None:
            return v
    shared: Value | None = it.globals.get(name)
    if shared is not None:
        return shared
    qual = it.module.imports.get(name)
    if qual is not None:
        found = source(it, qual, e.pos) if "." in qual else None
        return found or Value(qual=qual)
    found = source(it, name, e.pos)
    if found is not None:
        return found
    # A free name in capitals is a constant defined elsewhere, by every style guide.
    return Value(qual=name, clean=EVERY if name.isupper() and len(name) > 2 else NOTHING)


def ev_field(it: Interpreter, e: ir.Field, env: Env) -> Value:
    obj = it.ev(e.obj, env)
    return get_field(it, obj, e.name, e.pos)


def ev_index(it: Interpreter, e: ir.Index, env: Env) -> Value:
    obj = it.ev(e.obj, env)
    key = it.ev(e.key, env) if e.key is not None else unknown()
    return get_item(it, obj, key, e.pos)


def ev_slice(it: Interpreter, e: ir.Slice, env: Env) -> Value:
    obj = it.ev(e.obj, env)
    low = it.ev(e.low, env) if e.low is not None else constant(None)
    high = it.ev(e.high, env) if e.high is not None else constant(None)
    out = strings.cut(obj, low, high)
    if "part filled" in out.tags:  # which part this is, nobody has looked at
        out = out.copy(tags=out.tags - {"part filled"})
    return out


def ev_bin(it: Interpreter, e: ir.Bin, env: Env) -> Value:
    op = e.op
    if op == "and" or op == "or":
        left = it.ev(e.left, env)
        known = names.truth(left)
        if known is (op == "or"):
            return left
        branch = env
        if known is None:
            branch = env.copy()
            branch[FACTS] = dict(env[FACTS])
            refine(it, e.left, branch, op == "and")
        right = it.ev(e.right, branch)
        if known is not None:
            return right
        if it.lang in ("python", "javascript", "php") or op == "??":
            return join(left, right)
        return Value()
    left, right = it.ev(e.left, env), it.ev(e.right, env)
    if it.has_eq and op in ("==", "!="):
        to = names.target_name(e.left) or names.target_name(e.right)
        it.check("==", "==", [left, right], {}, None, e.pos, to=to)
    return binary(it, op, left, right, e.pos)


def ev_un(it: Interpreter, e: ir.Un, env: Env) -> Value:
    v = it.ev(e.arg, env)
    if e.op == "not":
        known = names.truth(v)
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


def ev_cond(it: Interpreter, e: ir.Cond, env: Env) -> Value:
    test = names.truth(it.ev(e.test, env))
    if test is True:
        return it.ev(e.then, env)
    if test is False:
        return it.ev(e.other, env)
    a, b = it.fork(env), it.fork(env)
    refine(it, e.test, a, True)
    refine(it, e.test, b, False)
    x, y = it.ev(e.then, a), it.ev(e.other, b)
    return join(settled(it, x, a), settled(it, y, b))


def ev_template(it: Interpreter, e: ir.Template, env: Env) -> Value:
    parts = [it.ev(p, env) for p in e.parts]
    if it.lang == "php":
        parts = [stringify(it, p) for p in parts]
    return strings.concat(parts)


def ev_coll(it: Interpreter, e: ir.Coll, env: Env) -> Value:
    items: dict[Any, Value] = {}
    rest: Value | None = None
    n = 0
    seq = e.kind in ("list", "tuple", "set")
    for key, part in e.items:
        old = it.frame.to
        k: Any = None
        if key is not None:
            kv = it.ev(key, env)
            k = kv.const if kv.is_const and names.hashable(kv.const) else None
            if type(k) is str:
                it.frame.to = k
        v = it.ev(part, env)
        it.frame.to = old
        if type(k) is str and it.has_bind and (v.tags or (type(v.const) is str and v.const)):
            it.check("=bind", "=bind", [v], {}, None, e.pos, to=k)
        if type(part) is ir.Other and part.parts and seq:  # a spread
            rest = join(rest, containers.each(v)) if rest else containers.each(v)
        elif key is None and seq:
            items[n] = v
            n += 1
        elif k is not None:
            items[k] = v
        else:
            rest = join(rest, v) if rest else v
    out = Value(items=items, rest=rest, seq=seq, qual=it.qualify(e.type) if e.type else "")
    if e.type:
        out.kw = {"*": [], **{str(k): v for k, v in items.items()}}
        name = last_part(out.qual)
        it.check(
            f"{out.qual}{{}}", name + "{}", list(items.values()),
            {k: v for k, v in items.items() if type(k) is str}, None, e.pos, to=it.frame.to,
        )  # fmt: skip
    elif not seq and items and "{}" in it.ix.rules.exact:
        named = {k: v for k, v in items.items() if type(k) is str}
        it.check("{}", "{}", [out], named, None, e.pos, to=it.frame.to)
    return out


def ev_cast(it: Interpreter, e: ir.Cast, env: Env) -> Value:
    v = it.ev(e.arg, env)
    if "cast" in it.ix.rules.exact:
        it.check(f"{e.type}.cast", "cast", [v, constant(e.type)], {}, None, e.pos)
    if names.is_plain_type(e.type):
        if v.is_const:
            return v
        return Value(clean=EVERY, tags=v.tags)
    return v


def ev_lambda(it: Interpreter, e: ir.Lambda, env: Env) -> Value:
    c = Closure(e.fn, env, it.frame.cls)
    it.pending.append(c)
    return Value(fn=c, qual=e.fn.name)


def ev_let(it: Interpreter, e: ir.Let, env: Env) -> Value:
    v = it.ev(e.value, env)
    statements.bind(it, e.target, v, env, e.pos)
    return v


def ev_other(it: Interpreter, e: ir.Other, env: Env) -> Value:
    parts = [it.ev(p, env) for p in e.parts]
    if len(parts) == 1 or (parts and type(e.parts[0]) is ir.Let):
        return parts[-1]  # a comprehension's clause: bind, then the value
    return derive(parts)


def get_field(it: Interpreter, obj: Value, name: str, pos: int) -> Value:
    if obj.items is not None:
        v = obj.items.get(name)
        if v is not None:
            return v
    info = obj.fn
    if type(info) is ClassInfo:
        m = it.method(info.name, name)
        if m is not None:
            return Value(fn=(m, obj), qual=f"{obj.qual}.{name}")
        own: Value | None = it.attrs(info.name).get(name)
        if own is not None:
            return own
    qual = f"{obj.qual}.{name}" if obj.qual else f"?.{name}"
    key = name + "?"
    if key in it.ix.rules.exact:
        it.check(f"{obj.qual}.{key}", key, [], {}, obj, pos)
    if obj.taint:
        # What a class of somebody else's makes of its arguments is only weakly theirs.
        weak = "object" in obj.tags and it.lang == "python"
        return Value(
            taint=min(obj.taint, PARAM) if weak else obj.taint, src=obj.src, trace=obj.trace,
            clean=obj.clean, qual=qual, tags=obj.tags,
        )  # fmt: skip
    if name == "path" and it.frame.route and fixed_route(it, qual):
        return Value(qual=qual, clean=EVERY)
    found = source(it, qual, pos)
    if found is not None:
        return found
    return Value(
        qual=qual, tags=obj.tags, clean=EVERY if name.isupper() and len(name) > 2 else NOTHING
    )


def get_item(it: Interpreter, obj: Value, key: Value, pos: int) -> Value:
    got = containers.load(obj, key)
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
    found = source(it, f"{qual}.[]", pos, str(label))
    if found is not None:
        return found
    v = Value(qual=f"{qual}[{label}]" if label != "" else f"{qual}[]", tags=obj.tags)
    if key.taint and obj.items is None and not qual:
        return v
    return v


def fixed_route(it: Interpreter, qual: str) -> bool:
    """Inside a route without variables the request's path is the route itself."""
    if not qual.endswith("request.path") or it.frame.fn is None:
        return False
    for mark in it.frame.fn.marks:
        if type(mark) is ir.Call and mark.args and type(mark.args[0]) is ir.Const:
            return "<" not in str(mark.args[0].value)
    return False


def source(it: Interpreter, qual: str, pos: int, key: str = "") -> Value | None:
    strength = it.ix.strength(qual)
    if not strength:
        return None
    label = f"{qual}[{key}]" if key else qual
    return Value(taint=strength, src=frozenset({label}), trace=((pos, f"from {label}"),), qual=qual)


def settled(it: Interpreter, v: Value, env: Env) -> Value:
    facts: Facts = env[FACTS]
    return apply_facts(v, facts) if v.src and facts else v


def binary(it: Interpreter, op: str, left: Value, right: Value, pos: int) -> Value:
    if op == "." and it.lang == "php":
        left, right = stringify(it, left), stringify(it, right)
    v = models.binary(op, left, right, it.lang)
    if it.ix.rules.exact.get("op" + op):
        it.check("op" + op, "op" + op, [left, right, v], {}, None, pos)
    return v


def stringify(it: Interpreter, v: Value) -> Value:
    """An object used as text is what its __toString returns."""
    if type(v.fn) is ClassInfo and v.items is not None:
        m = it.method(v.fn.name, "__toString")
        if m is not None:
            marked = calls.annotated(it, m.fn, [], m.fn.pos) if m.fn.doc else None
            return marked or calls.call_local(it, m, [], {}, v, None) or v
    return v


EXPRESSIONS: dict[type, Callable[[Interpreter, Any, Env], Value]] = {
    ir.Const: ev_const,
    ir.Name: ev_name,
    ir.Field: ev_field,
    ir.Index: ev_index,
    ir.Slice: ev_slice,
    ir.Bin: ev_bin,
    ir.Un: ev_un,
    ir.Cond: ev_cond,
    ir.Template: ev_template,
    ir.Coll: ev_coll,
    ir.Cast: ev_cast,
    ir.Lambda: ev_lambda,
    ir.Let: ev_let,
    ir.Other: ev_other,
}
