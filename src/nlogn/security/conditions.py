"""The small language of a rule's `when` and `unless`: tuples such as `("is", "verify", False)`.

    ("is", arg, v, …)      the argument is one of these constants
    ("re", arg, regex)     its constant text, or text with holes, matches
    ("solid", arg)         it is a constant, or clean for every sink
    ("src", regex)         one of the sources of the dirty argument matches
    ("const", arg)         it is a constant          ("nonconst", arg)   it is given and is not
    ("missing", arg)       it is not given           ("present", arg)
    ("lt", arg, n)         a constant number below n ("gt", arg, n)
    ("bits", arg, mask)    a constant integer with one of these bits set
    ("short", arg, n)      a constant text or list shorter than n
    ("head", arg)          a list whose first item is a constant
    ("items", arg)         the argument is a mapping or object literal
    ("itemlt", arg, key, n) / ("itemre", arg, key, regex) / ("itemhas", arg, key, regex)
    ("itemis", arg, key, v) the item is a constant below n / matches / is a list with a match / is v
    ("badcookie", arg)     a session's settings whose cookie lacks a protective flag
    ("fixed", arg)         a constant, or a list of constants
    ("holds", arg, regex)  one of the items of a list matches, as written
    ("secretish", arg)     a constant that looks like a real secret; see secrets.py
    ("qual", arg, pat, …)  the value came from a call or name that matches
    ("made", arg, cond, …) the conditions hold for the call that made the value
    ("item", arg, key, …)  the argument's item `key` is one of these constants
    ("noitem", arg, key)   the argument is a known mapping without this key
    ("tag", arg, tag)      the value carries a tag
    ("keeps", arg, n)      a function that stores its parameter n, or n.Marshal(), past its own end
    ("in", regex)          the enclosing function's or class's name matches
    ("to", regex)          the name that the value is bound to matches
    ("recv", regex)        the receiver's qualified name matches
    ("file", regex)        the source text matches anywhere
    ("fn", regex)          the source text of the enclosing function matches
    ("call", regex)        the call's own qualified name matches
    ("redos", arg)         a constant regular expression that backtracks exponentially
    ("arg", arg, regex)    the argument as written (its qualified name) matches
    ("count", op, n)       the number of arguments: "==", "<", ">"
    ("not", cond) ("any", cond, …) ("all", cond, …)

An argument is a position, a keyword, or a tuple of alternatives; -1 is the receiver.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from . import ir
from .redos import backtracks
from .rules import Cond, matches
from .secrets import looks_secret
from .values import NC, Value
from .walk import flat, walk


class Site(Protocol):
    """Where a rule is asked: a call with its arguments, and what surrounds it."""

    args: list[Value]
    kwargs: dict[str, Value]
    recv: Value | None
    qual: str
    where: str  # enclosing function and class names
    to: str  # the name bound to the result or value
    text: str  # the whole source
    fn_text: str  # the enclosing function's source
    found: Value | None  # the dirty argument, for a rule that is a sink
    searched: dict[tuple[str, str], bool]  # (pattern, text) pairs already looked up in this scan


@lru_cache(maxsize=4096)
def _rx(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.S)


def pick(site: Site, arg: Any) -> Value | None:
    """The argument of that position or keyword, None when it is not given."""
    if type(arg) is tuple:
        for one in arg:
            v = pick(site, one)
            if v is not None:
                return v
        return None
    if type(arg) is int:
        if arg < 0:
            return site.recv
        return site.args[arg] if arg < len(site.args) else None
    return site.kwargs.get(arg)


class _Made:
    """A value's making, seen as a call site."""

    __slots__ = (
        "args", "fn_text", "found", "kwargs", "qual", "recv", "searched", "text", "to", "where",
    )  # fmt: skip

    def __init__(self, v: Value, outer: Site) -> None:
        kw = v.kw or {}
        self.args = kw.get("*", [])
        self.kwargs = {k: x for k, x in kw.items() if k != "*"}
        self.recv: Value | None = v
        self.qual = v.qual
        self.where, self.to = outer.where, outer.to
        self.text, self.fn_text = outer.text, outer.fn_text
        self.found: Value | None = None
        self.searched = outer.searched


def holds(cond: Cond, site: Site) -> bool:
    """Whether one condition is true at a site."""
    plain = _PLAIN.get(cond[0])
    if plain is not None:
        return plain(cond, site)
    v = pick(site, cond[1])
    return v is not None and _ON_VALUE[cond[0]](v, cond, site)


def _all(cond: Cond, site: Site) -> bool:
    for c in cond[1:]:  # noqa: SIM110 -- a generator costs as much again as most conditions
        if not holds(c, site):
            return False
    return True


def _any(cond: Cond, site: Site) -> bool:
    for c in cond[1:]:  # noqa: SIM110
        if holds(c, site):
            return True
    return False


def _searched(pattern: str, text: str, site: Site) -> bool:
    """Many calls of a file ask the same of the same text."""
    found = site.searched.get((pattern, text))
    if found is None:
        found = site.searched[pattern, text] = _rx(pattern).search(text) is not None
    return found


def _count(cond: Cond, site: Site) -> bool:
    n = len(site.args) + len(site.kwargs)
    want: int = cond[2]
    return n == want if cond[1] == "==" else n < want if cond[1] == "<" else n > want


# Conditions on the site itself …
_PLAIN: dict[str, Callable[[Cond, Any], bool]] = {
    "not": lambda c, site: not holds(c[1], site),
    "any": _any,
    "all": _all,
    "in": lambda c, site: _searched(c[1], site.where, site),
    "to": lambda c, site: _rx(c[1]).search(site.to) is not None,
    "recv": lambda c, site: site.recv is not None and _rx(c[1]).search(site.recv.qual) is not None,
    "file": lambda c, site: _searched(c[1], site.text, site),
    "fn": lambda c, site: _searched(c[1], site.fn_text, site),
    "src": lambda c, site: (
        site.found is not None and any(_rx(c[1]).search(s) for s in site.found.src)
    ),
    "call": lambda c, site: _rx(c[1]).search(site.qual) is not None,
    "count": _count,
    "missing": lambda c, site: pick(site, c[1]) is None,
}


def _re(v: Value, cond: Cond, site: Site) -> bool:
    if v.const is NC and v.shape is None:
        return False
    text = v.text() if type(v.const) is not bytes else v.const.decode("latin-1")
    return _rx(cond[2]).search(text) is not None


def _badcookie(v: Value, cond: Cond, site: Site) -> bool:
    cookie = (v.items or {}).get("cookie")
    if cookie is None or cookie.items is None:
        return False
    flags = cookie.items
    bad = any(k in flags and flags[k].const is False for k in ("secure", "httpOnly"))
    return bad or not {"secure", "httpOnly", "sameSite"} <= flags.keys()


def _fixed(v: Value, cond: Cond, site: Site) -> bool:
    if v.const is not NC:
        return v.const is not None
    return (
        v.items is not None
        and v.rest is None
        and v.seq
        and all(x.const is not NC for x in v.items.values())
    )


def _head(v: Value, cond: Cond, site: Site) -> bool:
    first = (v.items or {}).get(0)
    return v.seq and first is not None and first.const is not NC


def _short(v: Value, cond: Cond, site: Site) -> bool:
    if v.const is not NC and type(v.const) in (str, bytes):
        return bool(len(v.const) < cond[2])
    return v.items is not None and v.rest is None and v.seq and len(v.items) < int(cond[2])


def _has_item(v: Value, cond: Cond, site: Site) -> bool:
    got = (v.items or {}).get(cond[2])
    return got is not None and (
        len(cond) == 3 or (got.const is not NC and any(_same(got.const, x) for x in cond[3:]))
    )


def _of_item(v: Value, cond: Cond, site: Site) -> bool:
    return _item(cond[0], (v.items or {}).get(cond[2]), cond[3])


def _keeps(v: Value, cond: Cond, site: Site) -> bool:
    fn = getattr(v.fn, "fn", None)
    if type(fn) is not ir.Function or len(fn.params) <= cond[2]:
        return False
    name = fn.params[cond[2]].name
    for s in flat(fn.body):
        if type(s) is not ir.Assign or ":=" in site.text[s.target.pos : s.value.pos]:
            continue
        parts = [s.value, *(x.obj for x in walk(s.value) if type(x) is ir.Field)]
        if any(type(x) is ir.Name and x.id == name for x in parts):
            return True
    return False


# … and on one of its arguments, which is given.
_ON_VALUE: dict[str, Callable[[Value, Cond, Any], bool]] = {
    "present": lambda v, c, site: True,
    "is": lambda v, c, site: v.const is not NC and any(_same(v.const, x) for x in c[2:]),
    "re": _re,
    "redos": lambda v, c, site: type(v.const) is str and backtracks(v.const),
    "const": lambda v, c, site: v.const is not NC,
    "head": _head,
    "items": lambda v, c, site: v.items is not None and not v.seq,
    "itemlt": _of_item,
    "itemre": _of_item,
    "itemhas": _of_item,
    "itemis": _of_item,
    "badcookie": _badcookie,
    "fixed": _fixed,
    "holds": lambda v, c, site: any(_rx(c[2]).search(x.qual) for x in (v.items or {}).values()),
    "secretish": lambda v, c, site: type(v.const) is str and looks_secret(v.const),
    "solid": lambda v, c, site: v.const is not NC or "*" in v.clean,
    "nonconst": lambda v, c, site: v.const is NC and "*" not in v.clean,
    "lt": lambda v, c, site: _number(v) and v.const < c[2],
    "gt": lambda v, c, site: _number(v) and v.const > c[2],
    "bits": lambda v, c, site: type(v.const) is int and bool(v.const & c[2]),
    "short": _short,
    "qual": lambda v, c, site: any(matches(p, v.qual) for p in c[2:]),
    "arg": lambda v, c, site: _rx(c[2]).search(v.qual) is not None,
    "made": lambda v, c, site: all(holds(x, _Made(v, site)) for x in c[2:]),
    "item": _has_item,
    "noitem": lambda v, c, site: v.items is not None and v.rest is None and c[2] not in v.items,
    "keeps": _keeps,
    "tag": lambda v, c, site: c[2] in v.tags,
}


def _item(op: str, got: Value | None, want: Any) -> bool:
    if got is None:
        return False
    if op == "itemlt":
        return _number(got) and got.const < want
    if op == "itemre":
        return type(got.const) is str and _rx(want).search(got.const) is not None
    if op == "itemis":
        return got.const is not NC and _same(got.const, want)
    return any(
        type(x.const) is str and _rx(want).search(x.const) is not None
        for x in (got.items or {}).values()
    )


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def _number(v: Value) -> bool:
    return type(v.const) in (int, float)
