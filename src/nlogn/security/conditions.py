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
from functools import lru_cache
from typing import Any, Protocol

from .redos import backtracks
from .rules import Cond, matches
from .secrets import looks_secret
from .values import NC, Value


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
    op = cond[0]
    if op == "not":
        return not holds(cond[1], site)
    if op == "any":
        return any(holds(c, site) for c in cond[1:])
    if op == "all":
        return all(holds(c, site) for c in cond[1:])
    if op == "in":
        return _rx(cond[1]).search(site.where) is not None
    if op == "to":
        return _rx(cond[1]).search(site.to) is not None
    if op == "recv":
        return site.recv is not None and _rx(cond[1]).search(site.recv.qual) is not None
    if op == "file" or op == "fn":
        # Many calls of a file ask the same of the same text.
        text = site.text if op == "file" else site.fn_text
        found = site.searched.get((cond[1], text))
        if found is None:
            found = _rx(cond[1]).search(text) is not None
            site.searched[cond[1], text] = found
        return found
    if op == "src":
        return site.found is not None and any(_rx(cond[1]).search(s) for s in site.found.src)
    if op == "call":
        return _rx(cond[1]).search(site.qual) is not None
    if op == "count":
        n = len(site.args) + len(site.kwargs)
        want: int = cond[2]
        return n == want if cond[1] == "==" else n < want if cond[1] == "<" else n > want
    v = pick(site, cond[1])
    if op == "missing":
        return v is None
    if v is None:
        return False
    if op == "present":
        return True
    if op == "is":
        return v.const is not NC and any(_same(v.const, x) for x in cond[2:])
    if op == "re":
        return (v.const is not NC or v.shape is not None) and _rx(cond[2]).search(
            v.text() if type(v.const) is not bytes else v.const.decode("latin-1")
        ) is not None
    if op == "redos":
        return type(v.const) is str and backtracks(v.const)
    if op == "const":
        return v.const is not NC
    if op == "head":
        first = (v.items or {}).get(0)
        return v.seq and first is not None and first.const is not NC
    if op == "items":
        return v.items is not None and not v.seq
    if op in ("itemlt", "itemre", "itemhas", "itemis"):
        return _item(op, (v.items or {}).get(cond[2]), cond[3])
    if op == "badcookie":
        cookie = (v.items or {}).get("cookie")
        if cookie is None or cookie.items is None:
            return False
        flags = cookie.items
        bad = any(k in flags and flags[k].const is False for k in ("secure", "httpOnly"))
        return bad or not {"secure", "httpOnly", "sameSite"} <= flags.keys()
    if op == "fixed":
        if v.const is not NC:
            return v.const is not None
        return (
            v.items is not None
            and v.rest is None
            and v.seq
            and all(x.const is not NC for x in v.items.values())
        )
    if op == "holds":
        return any(_rx(cond[2]).search(x.qual) for x in (v.items or {}).values())
    if op == "secretish":
        return type(v.const) is str and looks_secret(v.const)
    if op == "solid":
        return v.const is not NC or "*" in v.clean
    if op == "nonconst":
        return v.const is NC and "*" not in v.clean
    if op == "lt":
        return _number(v) and v.const < cond[2]
    if op == "gt":
        return _number(v) and v.const > cond[2]
    if op == "bits":
        return type(v.const) is int and bool(v.const & cond[2])
    if op == "short":
        if v.const is not NC and type(v.const) in (str, bytes):
            return bool(len(v.const) < cond[2])
        return v.items is not None and v.rest is None and v.seq and len(v.items) < int(cond[2])
    if op == "qual":
        return any(matches(p, v.qual) for p in cond[2:])
    if op == "arg":
        return _rx(cond[2]).search(v.qual) is not None
    if op == "made":
        return all(holds(c, _Made(v, site)) for c in cond[2:])
    if op == "item":
        got = (v.items or {}).get(cond[2])
        return got is not None and (
            len(cond) == 3 or (got.const is not NC and any(_same(got.const, x) for x in cond[3:]))
        )
    if op == "noitem":
        return v.items is not None and v.rest is None and cond[2] not in v.items
    if op == "tag":
        return cond[2] in v.tags
    raise ValueError(f"unknown condition {op!r} in a rule")


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
