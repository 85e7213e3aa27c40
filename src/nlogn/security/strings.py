"""Text: what it is built from, through joins, formats and replacements."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from . import containers
from .values import (
    EVERY,
    HOLE,
    LONGEST_SHAPE,
    NC,
    SAFE_HOLE,
    Value,
    constant,
    derive,
    unknown,
)

CLEAN_WORD = re.compile(
    r"(?i)escape|sanit[ia]|(?:^|_)quote|purify|bleach|encodefor|htmlspecial|clean_?(?:html|path)|"
    r"safe_?(?:join|path|url|html)|normali[sz]e_?and_?check|secure_?file_?name|xss|slugify|strip_?tags"
)


@lru_cache(maxsize=4096)
def sounds_clean(name: str) -> bool:
    return CLEAN_WORD.search(name) is not None and "unescape" not in name.lower()


def cleans(name: str) -> frozenset[str]:
    """Which sinks a function with such a name prepares text for."""
    low = name.lower()
    if re.search(r"html|xss|attr|tag|markup", low):
        return frozenset({"xss"})
    if re.search(r"sql|^pg_|^db2?_|like|bytea|literal|identifier", low):
        return frozenset({"sql"})
    if re.search(r"shell|arg|cmd", low):
        return frozenset({"cmd"})
    return EVERY


def concat(parts: list[Value]) -> Value:
    """The text of all parts, one after the other."""
    if all(p.const is not NC for p in parts):
        try:
            return constant("".join(spell(p.const) for p in parts))
        except TypeError:
            return unknown()
    text = "".join(spell(p.const) if p.const is not NC else p.text() for p in parts)
    out = derive(parts, shape=text[:LONGEST_SHAPE])
    return cleaned_if_solid(out, parts)


def cleaned_if_solid(out: Value, parts: list[Value]) -> Value:
    """Clean for the kinds that every unknown part is clean for."""
    kinds: frozenset[str] | None = None
    for p in parts:
        if p.const is not NC or "*" in p.clean:
            continue
        kinds = p.clean if kinds is None else kinds & p.clean
    if kinds is None:
        out.clean = EVERY
    elif not out.taint:
        out.clean = kinds
    return out


def spell(c: Any) -> str:
    if type(c) is str:
        return c
    if type(c) is bytes:
        return c.decode("latin-1")
    if c is True:
        return "true"
    if c is False:
        return "false"
    return "" if c is None else str(c)


def percent(left: Value, right: Value) -> Value:
    """`"… %s …" % (a, b)`."""
    fmt = left.text()
    if right.items is not None and right.seq:
        args = [right.items[k] for k in sorted(right.items)]
        named: dict[Any, Value] = {}
    elif right.items is not None:
        args, named = [], right.items
    else:
        args, named = [right], {}
    used: list[Value] = []

    def put(m: re.Match[str]) -> str:
        if m.group(0) == "%%":
            return "%"
        v = named.get(m.group(1)) or right if m.group(1) else args.pop(0) if args else right
        if m.group(2) in "dfioxXeEgG":
            return SAFE_HOLE
        used.append(v)
        return spell(v.const) if v.const is not NC else v.text()

    text = re.sub(r"%(?:\((\w+)\))?[-+ #0]*[\d*]*(?:\.\d+)?([a-zA-Z%])", put, fmt)
    parts = [left, *used]
    if all(p.const is not NC for p in parts) and SAFE_HOLE not in text and not args:
        return constant(text)
    if not used and HOLE not in fmt:
        return Value(clean=EVERY, shape=text)
    return cleaned_if_solid(derive(parts, shape=text[:LONGEST_SHAPE]), parts)


def braces(fmt: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`"… {} …".format(a)`."""
    used: list[Value] = [fmt]
    queue = list(args)

    def put(m: re.Match[str]) -> str:
        whole = m.group(0)
        if whole in ("{{", "}}"):
            return whole[0]
        name = re.split(r"[.\[]", m.group(1) or "")[0]
        if name.isdigit() and int(name) < len(args):
            v = args[int(name)]
        elif name:
            v = kwargs.get(name) or unknown()
        else:
            v = queue.pop(0) if queue else unknown()
        used.append(v)
        return spell(v.const) if v.const is not NC else v.text()

    text = re.sub(r"\{\{|\}\}|\{([\w.\[\]]*)[^{}]*\}", put, fmt.text())
    if all(p.const is not NC for p in used):
        return constant(text)
    return cleaned_if_solid(derive(used, shape=text[:LONGEST_SHAPE]), used)


def cut(obj: Value, low: Value, high: Value) -> Value:
    """A slice or substring."""
    if obj.items is not None and obj.seq:
        if low.is_const and high.is_const and obj.rest is None:
            seq = [obj.items[k] for k in sorted(obj.items)]
            try:
                return Value(items=containers.renumber(seq[low.const : high.const]), seq=True)
            except TypeError:
                return obj
        return obj
    if type(obj.const) in (str, bytes) and low.is_const and high.is_const:
        try:
            return constant(obj.const[low.const : high.const])
        except TypeError:
            return unknown()
    return derive([obj])


def printf(fmt: Value, args: list[Value]) -> Value:
    """C-like formatting; Go's %v and %q as well."""
    queue = list(args)
    used: list[Value] = []

    def put(m: re.Match[str]) -> str:
        if m.group(0) == "%%":
            return "%"
        v = queue.pop(0) if queue else unknown()
        if m.group(1) in "dfioxXeEgGbctTpu":
            return SAFE_HOLE
        used.append(v)
        return spell(v.const) if v.const is not NC else v.text()

    text = re.sub(r"%[-+ #0]*(?:\[\d+\]|\d+\$)?[\d*]*(?:\.[\d*]+)?l*([a-zA-Z%])", put, fmt.text())
    if all(v.const is not NC for v in used) and SAFE_HOLE not in text:
        return constant(text)
    return cleaned_if_solid(derive(used, shape=text[:LONGEST_SHAPE]), used)


def joined(sep: Value, parts: Value) -> Value:
    if parts.items is not None and parts.seq:
        held = [parts.items[k] for k in sorted(parts.items)]
        if parts.rest is not None:
            held.append(parts.rest)
        inner: list[Value] = []
        for n, h in enumerate(held):
            if n:
                inner.append(sep)
            inner.append(h)
        return concat(inner) if inner else constant("")
    one = containers.each(parts)
    if "*" in one.clean and not one.taint:
        return Value(clean=EVERY, shape=one.shape)
    return derive([parts], shape=HOLE)


def replaced(recv: Value, args: list[Value]) -> Value | None:
    """Replacing the characters that a sink needs is a weak sanitizer; elsewhere taint stays."""
    if (
        recv.is_const
        and len(args) >= 2
        and all(type(a.const) is str for a in args[:2])
        and type(recv.const) is str
    ):
        return constant(recv.const.replace(args[0].const, args[1].const))
    parts = [recv, *args]
    out = derive(parts)
    if len(args) >= 2 and type(args[0].const) is str:
        what = args[0].const
        if what in ("\n", "\r", "\r\n", "\\r|\\n", "[\\r\\n]", "[\r\n]") or "\\n" in what:
            out.clean = out.clean | {"log", "header"}
        elif what in ("..", "../", "/") or ".." in what:
            out.clean = out.clean | {"path"} if what != "../" else out.clean
        elif what in ("'", '"'):
            out.clean = out.clean | {"sql", "xpath"}
        elif what in ("<", "&"):
            out.clean = out.clean | {"xss"}
        elif what.startswith("[^"):
            out.clean = EVERY
    if recv.shape is not None:
        out.shape = recv.shape
    elif type(recv.const) is str:
        out.shape = recv.const + HOLE
    return out
