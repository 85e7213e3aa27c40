"""Lists, mappings and objects by key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import ir, names, strings
from .state import Env
from .values import EVERY, NC, Value, constant, derive, flatten, join, unknown

if TYPE_CHECKING:
    from .interp import Interpreter


def element(v: Value, n: int) -> Value:
    """The n-th part when a value is unpacked."""
    if v.items is not None:
        got = v.items.get(n)
        if got is not None:
            return got
        if v.rest is not None:
            return v.rest
        if v.seq and not v.taint:
            return unknown()
    if type(v.const) in (str, bytes):
        return unknown()
    return Value(taint=v.taint, src=v.src, trace=v.trace, clean=v.clean, tags=v.tags, qual=v.qual)


def each(v: Value) -> Value:
    """Any one element of a container."""
    if v.items is not None and v.seq:
        parts = list(v.items.values()) + ([v.rest] if v.rest is not None else [])
        if parts:
            out = parts[0]
            for p in parts[1:]:
                out = join(out, p)
            return out
        return unknown()
    if v.items is not None:
        known = all(type(k) is str for k in v.items) and v.rest is None
        return Value(clean=EVERY) if known and not v.taint else derive([v])
    if v.rest is not None:
        return v.rest
    if v.is_const and type(v.const) in (str, bytes):
        return Value(clean=EVERY)
    return Value(
        taint=v.taint, src=v.src, trace=v.trace, clean=v.clean, tags=v.tags,
        qual=v.qual + "[]" if v.qual else "",
    )  # fmt: skip


def load(obj: Value, key: Value) -> Value | None:
    """An item of a known container, None when nothing is known."""
    items = obj.items
    if items is None:
        return obj.rest
    k = key.const
    if k is not NC and names.hashable(k):
        if type(k) is int and k < 0 and obj.seq:
            k = len(items) + k
        got = items.get(k)
        if got is not None:
            return got
        if obj.rest is not None:
            return obj.rest
        return None if obj.taint or obj.qual else unknown()
    parts = [x for kk, x in items.items()] + ([obj.rest] if obj.rest is not None else [])
    if not parts:
        return None
    out = parts[0]
    for p in parts[1:]:
        out = join(out, p)
    if not obj.seq and obj.rest is None and all(type(p.const) is str for p in parts):
        out = out.copy(tags=out.tags | {"listed"})  # one of a table's fixed texts
    return out


def store(obj: Value, key: Value, v: Value, chosen: bool = False) -> None:
    """Set an item. `chosen`: its place was looked at, so the rest of the buffer stays as it was."""
    assert obj.items is not None
    if "buffer" in obj.tags and v.is_const and not chosen:
        obj.tags = obj.tags | {"patched"}  # in place: aliases of the buffer share it
    if key.const is not NC and names.hashable(key.const):
        obj.items[key.const] = v
    else:
        obj.rest = join(obj.rest, v) if obj.rest is not None else v


def renumber(items: list[Value]) -> dict[Any, Value]:
    return dict(enumerate(items))


COLLECTION = re.compile(r"(List|Vector|Set|Deque|Queue|Stack|Map|table|Properties)$")


BUILDERS = frozenset({"append", "add", "push", "put", "set", "insert", "concat", "array_push"})


def container(
    name: str, recv: Value, args: list[Value], kwargs: dict[str, Value], e: ir.Call,
    env: Env, it: Interpreter,
) -> Value | None:  # fmt: skip
    items = recv.items
    if name in ("append", "add", "push", "addElement", "addLast", "offer") and len(args) == 1:
        if items is None:
            if name == "append" and (
                recv.shape is not None or recv.is_const or recv.tags or "StringBu" in recv.qual
            ):
                return builder(recv, args[0], e, env)
            if recv.qual or recv.is_const:
                return _soak(recv, args, e, env)
            recv.items = items = {}
        if recv.seq or not items:
            recv.seq = True
            items[max((k for k in items if type(k) is int), default=-1) + 1] = args[0]
            return recv if name == "append" and it.lang == "java" else constant(True)
        return None
    if (
        name in ("put", "setProperty", "setdefault", "set", "putIfAbsent", "Set", "Add")
        and len(args) >= 2
    ):
        if items is None:
            recv.items = items = {}
        key: Any = args[0].const
        if len(args) == 3 and names.hashable(args[0].const) and names.hashable(args[1].const):
            items[(args[0].const, args[1].const)] = args[2]
        elif names.hashable(key) and args[0].is_const:
            items[key] = args[1]
        else:
            recv.rest = join(recv.rest, args[1]) if recv.rest is not None else args[1]
        return args[1]
    if items is None:
        if recv.rest is not None and name in ("get", "pop", "getOrDefault"):
            return recv.rest
        if name in ("set", "insert", "put", "concat") and args:
            return None
        return None
    if name in (
        "get",
        "pop",
        "getProperty",
        "getOrDefault",
        "remove",
        "elementAt",
        "at",
        "getItem",
    ):
        if not args and name == "pop":
            last = max((k for k in items if type(k) is int), default=None)
            return items.pop(last) if last is not None else unknown()
        if len(args) >= 2 and names.hashable(args[0].const) and names.hashable(args[1].const):
            two = items.get((args[0].const, args[1].const))
            if two is not None:
                return two
        if args and args[0].is_const and names.hashable(args[0].const):
            key = args[0].const
            if type(key) is int and key < 0:
                key = len(items) + key
            got = items.get(key)
            if name in ("pop", "remove") and recv.seq and type(key) is int and key in items:
                items.pop(key)
                recv.items = renumber([items[k] for k in sorted(items, key=str)])
            if got is not None:
                return got
            if name == "remove" and recv.seq:
                keep = [v for k, v in sorted(items.items(), key=lambda kv: str(kv[0]))
                        if not (v.const == key and v.is_const)]  # fmt: skip
                recv.items = renumber(keep)
                return constant(True)
            if recv.rest is None and len(args) > 1:
                return args[1]
        elif args:
            return load(recv, args[0])
        return recv.rest
    if name == "insert" and len(args) == 2 and recv.seq:
        seq = [items[k] for k in sorted(items, key=str)]
        at = args[0].const if type(args[0].const) is int else 0
        seq.insert(at, args[1])
        recv.items = renumber(seq)
        return constant(None)
    if name in ("load", "loadFromXML", "readFrom"):
        recv.items, recv.rest = None, None  # filled from a file: nothing is known any more
        return constant(None)
    if name in ("clear", "removeAll"):
        recv.items, recv.rest = {}, None
        return constant(None)
    if name in ("data", "begin", "cbegin"):
        return recv
    if name in ("copy", "clone"):
        return recv.copy(items=dict(items))
    if name in ("update", "putAll", "extend", "addAll") and args:
        src = args[0]
        if src.items is not None and not recv.seq:
            items.update(src.items)
        elif src.items is not None:
            recv.items = renumber([*items.values(), *src.items.values()])
        if src.rest is not None or (src.items is None and src.taint):
            more = src.rest if src.rest is not None else each(src)
            recv.rest = join(recv.rest, more) if recv.rest is not None else more
        items.update(kwargs) if not recv.seq else None
        return constant(None)
    if name in ("keys", "keySet"):
        return derive([], clean=EVERY) if not recv.taint else derive([recv])
    if name in ("values", "items", "entrySet", "toArray", "elements", "iterator", "getlist"):
        return derive([recv])
    return None


def _soak(recv: Value, args: list[Value], e: ir.Call, env: Env) -> Value:
    """An unknown object that is given tainted data carries it from then on."""
    given = flatten(args[0])
    if given.taint > recv.taint and type(e.func) is ir.Field and type(e.func.obj) is ir.Name:
        env[e.func.obj.id] = recv.copy(
            taint=given.taint, src=recv.src | given.src, trace=given.trace, clean=given.clean
        )
    return constant(None)


def builder(recv: Value, arg: Value, e: ir.Call, env: Env) -> Value:
    """StringBuilder.append: the variable itself grows."""
    known = recv.shape is not None or recv.is_const or recv.taint
    base = recv if known else recv.copy(const="")
    new = (
        strings.concat([base, arg])
        if base.is_const or base.shape is not None
        else derive([base, arg])
    )
    new.qual = recv.qual
    if new.is_const:
        new = Value(shape=new.const, clean=EVERY, qual=recv.qual)
    func: Any = e.func
    obj = func.obj if type(func) is ir.Field else None
    while type(obj) is ir.Call and type(obj.func) is ir.Field:
        obj = obj.func.obj
    if type(obj) is ir.Name:
        env[obj.id] = new
    return new
