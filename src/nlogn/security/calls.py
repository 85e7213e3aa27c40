"""Calls: rules are asked, same-file functions are run in place, APIs are looked up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import containers, expressions, ir, models, names, strings
from .rules import last_part
from .state import FACTS, MAX_DEPTH, ClassInfo, Closure, Env, Facts, apply_facts, made
from .values import EVERY, HOLE, WEB, Value, derive, join, unknown

if TYPE_CHECKING:
    from .interp import Interpreter


# A method of a wrapped request whose name says that it answers from the request.
ASKS = re.compile(r"(?i)param|header|cookie|query|body|form|(?:^|_)arg|input")


def ev_call(it: Interpreter, e: ir.Call, env: Env) -> Value:
    func = e.func
    recv: Value | None = None
    if type(func) is ir.Field:
        obj = func.obj
        recv = expressions.ev_name(it, obj, env) if type(obj) is ir.Name else it.ev(obj, env)
        name = func.name
        callee = recv.items.get(name) if recv.items is not None else None
        qual = f"{recv.qual}.{name}" if recv.qual else f"?.{name}"
    elif type(func) is ir.Name:
        callee = expressions.ev_name(it, func, env)
        qual = callee.qual or func.id
        name = last_part(qual)
    else:
        callee = it.ev(func, env)
        qual, name = callee.qual, last_part(callee.qual)
    args: list[Value] = []
    for a in e.args:
        v = expressions.ev_name(it, a, env) if type(a) is ir.Name else it.ev(a, env)
        if type(a) is ir.Other and len(a.parts) == 1:  # *args
            v = derive([v], qual=v.qual)
        args.append(v)
    kwargs = {k: it.ev(v, env) for k, v in e.kwargs} if e.kwargs else {}
    if it.lang == "php" and name in ("echo", "print", "strval", "printf"):
        args = [expressions.stringify(it, a) for a in args]
    facts: Facts = env[FACTS]
    it.now = facts
    if facts:
        args = [apply_facts(a, facts) if a.src else a for a in args]
        kwargs = {k: apply_facts(a, facts) if a.src else a for k, a in kwargs.items()}
        if recv is not None and recv.src:
            recv = apply_facts(recv, facts)
    rules = it.ix.rules.find(qual, name)
    if rules:
        it.ask(rules, qual, args, kwargs, recv, e.pos, it.frame.to)
    if it.lang == "php" and type(func) is ir.Name and func.id[:1] == "$" and callee is not None:
        kind = "dynamic new" if e.new else "dynamic call"
        it.check(kind, kind, [callee], {}, None, e.pos)
    if it.has_any:
        for a in args:
            if a.shape is not None and HOLE in a.shape and len(a.shape) > 12:
                it.check(qual, "anycall", args, kwargs, recv, e.pos, to=it.frame.to)
                break
    if it.lang in ("c", "cpp"):
        models.outputs(name, e, args, env)
    if it.lang == "go" and name not in ("len", "cap", "append", "make", "NewReader"):
        written(it, e, args, env)
    if name == "yield":
        r = it.frame.result
        got = derive(args)
        it.frame.result = got if r is None else join(r, got)
    return result(it, e, qual, name, callee, recv, args, kwargs, env)


def result(
    it: Interpreter,
    e: ir.Call,
    qual: str,
    name: str,
    callee: Value | None,
    recv: Value | None,
    args: list[Value],
    kwargs: dict[str, Value],
    env: Env,
) -> Value:
    """What a call returns: a same-file function is run, an API is looked up, else joined."""
    ix = it.ix
    target = callee.fn if callee is not None else None
    me = recv
    if target is None and recv is not None and type(recv.fn) is ClassInfo:
        target = it.method(recv.fn.name, name)
    if type(target) is tuple:
        target, me = target
    if type(target) is ClassInfo and (e.new or it.lang == "python"):
        return construct(it, target, args, kwargs)
    if type(target) is Closure and "@psalm-" in target.fn.doc:
        marked = annotated(it, target.fn, args, e.pos)
        if marked is not None:
            return marked
    if type(target) is Closure:
        if me is None and target.cls:
            me = env.get("this")
        passed = args
        params = target.fn.params
        if target.cls and params and params[0].name in ("it", "cls"):
            passed = [me or unknown(), *args]
        got = call_local(it, target, passed, kwargs, me, env)
        if got is not None:
            return got
    elif recv is None and it.lang in ("java", "cpp") and it.frame.cls:
        m = it.method(it.frame.cls, name)
        if m is not None:
            got = call_local(it, m, args, kwargs, env.get("this"), env)
            if got is not None:
                return got
    api = ix.api(qual, name)
    kinds = api.cleans
    if kinds is not None and not target:
        given = ([recv] if recv is not None and (recv.taint or recv.tags) else []) + args
        base = derive(given, qual=qual + "()", kw=made(args, kwargs))
        if "*" in kinds or not base.taint:
            base.clean = EVERY
        else:
            base.clean = base.clean | kinds
        return base
    if api.strength:
        label = qual
        if args and type(args[0].const) is str:
            label = f"{qual}({args[0].const})"
        return Value(
            taint=api.strength, src=frozenset({label}), trace=((e.pos, f"from {label}"),),
            qual=qual + "()", tags=api.tags,
        )  # fmt: skip
    wrapped = wrapped_request(it, qual, name, recv, args, e.pos)
    if wrapped is not None:
        return wrapped
    modelled = models.call(it, qual, name, recv, args, kwargs, e, env)
    if modelled is None:
        if name in ix.pack.stops:
            modelled = Value(qual=qual + "()", kw=made(args, kwargs))
        else:
            parts = args + list(kwargs.values())
            if recv is not None and (recv.taint or recv.tags):
                parts = [recv, *parts]
            modelled = derive(parts, qual=qual + "()", kw=made(args, kwargs))
            if strings.sounds_clean(name) and not target:
                modelled.clean = strings.cleans(name)
            if name[:1].isupper() and modelled.taint and name not in ("String", "Path", "Buffer"):
                modelled.tags = modelled.tags | {"object"}
        for arg in args:  # callbacks
            if type(arg.fn) is Closure and recv is not None and recv.taint:
                call_local(it, arg.fn, [containers.each(recv)], {}, None, env)
    for tag in api.tags:
        modelled = modelled.copy(tags=modelled.tags | {tag})
        if "ytes" in name and e.args and type(e.args[0]) is ir.Name:  # fills its argument
            filled = e.args[0].id
            env[filled] = args[0].copy(tags=args[0].tags | {tag})
    return modelled


def wrapped_request(
    it: Interpreter, qual: str, name: str, recv: Value | None, args: list[Value], pos: int
) -> Value | None:
    """A helper around a request object answers questions about it, so its answers are web."""
    if recv is not None and recv.qual == "wrapped(request)" and recv.taint == 0:
        if ASKS.search(name):
            label = f"{qual}({args[0].const})" if args and args[0].is_const else qual
            return Value(
                taint=WEB, src=frozenset({label}), trace=((pos, f"from {label}"),), qual=qual
            )
        return None
    if name.lower().endswith(("request", "wrapper", "req")):
        for a in args:
            of_request = a.qual.endswith(("request", "HttpServletRequest"))
            if of_request and a.taint == 0 and a.items is None:
                return Value(qual="wrapped(request)")
    return None


def annotated(it: Interpreter, fn: ir.Function, args: list[Value], pos: int) -> Value | None:
    """What a doc comment's taint annotations say about a call of the function."""
    for m in re.finditer(
        r"@psalm-taint-(source|sink|escape|unescape)\s+(\w+)(?:\s+(\$\w+))?", fn.doc
    ):
        kind, what, param = m.groups()
        if kind == "source":
            return Value(
                taint=WEB, src=frozenset({fn.name + "()"}), trace=((pos, f"from {fn.name}"),)
            )
        if kind == "sink":
            for k, p in enumerate(fn.params):
                if p.name == param and k < len(args):
                    it.check("marked sink", "marked sink", [args[k]], {}, None, pos)
        if kind == "escape":
            names = {"html": "xss", "sql": "sql", "shell": "cmd", "file": "path"}
            base = derive(args)
            base.clean = base.clean | {names.get(what, what)}
            return base
    flow = re.search(
        r"@psalm-flow\s+(?:proxy\s+(\w+)\([^)]*\))?.*?(->\s*return)?\s*(?:\n|\*/)", fn.doc
    )
    if flow is not None:
        proxy = it.globals.get(flow.group(1) or "")
        if proxy is not None and type(proxy.fn) is Closure:
            if "@psalm-" in proxy.fn.fn.doc:
                annotated(it, proxy.fn.fn, args, pos)
            return call_local(it, proxy.fn, args, {}, None, None)
        if flow.group(2) and not fn.body:
            return derive(args)
    return None


def written(it: Interpreter, e: ir.Call, args: list[Value], env: Env) -> None:
    """A fresh buffer that is handed to a call may have been filled by it, wholly or in part."""
    for arg in e.args:
        a = arg
        while type(a) in (ir.Slice, ir.Un):
            a = a.obj if type(a) is ir.Slice else a.arg
        if type(a) is not ir.Name or a.id not in env:
            continue
        tags = env[a.id].tags
        if "part filled" in tags:  # and now the rest of it, for all that is known
            env[a.id].tags = tags - {"part filled"}
        elif "zeroed" in tags:
            callee = names.callee_name(e.func)
            local = a is arg and callee in it.globals
            if not local and not callee.startswith(("NewC", "NewO", "Seal")):
                v = env[a.id]
                v.tags = v.tags - {"zeroed"}  # in place: aliases share it
                if type(arg) is ir.Slice and arg.obj is a and narrower(arg, v):
                    v.tags = v.tags | {"part filled"}


def narrower(e: ir.Slice, buffer: Value) -> bool:
    """Whether constant bounds leave out some of a buffer of known length."""
    sizes = (buffer.kw or {}).get("*", [])
    length = sizes[1].const if len(sizes) > 1 else None
    low, high = (x.value if type(x) is ir.Const else None for x in (e.low, e.high))
    return type(length) is int and (
        (type(low) is int and low > 0) or (type(high) is int and high < length)
    )


def construct(
    it: Interpreter, info: ClassInfo, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    me = Value(qual=info.name, items=dict(it.attrs(info.name)), fn=info)
    for name in ("__init__", "__construct", "constructor", info.name):
        init = it.method(info.name, name)
        if init is not None:
            passed = [me, *args] if name == "__init__" else args
            call_local(it, init, passed, kwargs, me, None)
            break
    return me


def call_local(
    it: Interpreter,
    c: Closure,
    args: list[Value],
    kwargs: dict[str, Value],
    me: Value | None,
    env: Env | None,
) -> Value | None:
    if it.frame.depth >= MAX_DEPTH or it.stack.count(id(c.fn)) > 0:
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
        if key in it.memo and key is not None:
            return it.memo[key]
    before = it.inherited
    it.inherited = dict(env[FACTS]) if env is not None else {}
    v = it.invoke(c, args, kwargs, me)
    it.inherited = before
    if v.taint or v.is_const or v.items is not None or v.qual or v.shape:
        out = v
    else:
        out = v.copy(qual=c.fn.name + "()")
    if key is not None:
        it.memo[key] = out
    return out
