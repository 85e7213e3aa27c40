"""What the interpreter carries: frames, closures, what is known about scopes, and their merging."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import ir
from .rules import Rule
from .values import HOLE, Value, join

FACTS = "\0facts"  # the scope's entry for what guards have shown: source -> clean kinds
Facts = dict[str, frozenset[str]]
# A scope: name -> Value, and FACTS -> Facts. One table, so that a fork is one copy.
Env = dict[str, Any]
MAX_DEPTH = 5  # of calls run in place


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
    breaks: list[list[Env]] = field(default_factory=list)
    tests: dict[str, Any] = field(default_factory=dict)
    to: str = ""
    compared: frozenset[str] = frozenset()  # names in the conditions around a statement, in Go


@dataclass(slots=True)
class Closure:
    fn: ir.Function
    env: Env | None
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

    __slots__ = (
        "args", "fn_text", "found", "kwargs", "pos", "qual", "recv", "searched", "text", "to",
        "where",
    )  # fmt: skip

    def __init__(
        self,
        args: list[Value],
        kwargs: dict[str, Value],
        recv: Value | None,
        qual: str,
        pos: int,
        searched: dict[tuple[str, str], bool],
    ) -> None:
        self.args, self.kwargs, self.recv, self.qual, self.pos = args, kwargs, recv, qual, pos
        self.searched = searched
        self.where = self.to = self.text = self.fn_text = ""
        self.found: Value | None = None


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
        known = (
            got
            if known is None
            else (got if "*" in known else known if "*" in got else known & got)
        )
    if not known:
        return v
    return v.copy(clean=v.clean | known)


def fork(env: Env) -> tuple[Env, int]:
    """A copy whose containers can change without changing the original's, and what it cost."""
    out = env.copy()
    out[FACTS] = dict(env[FACTS])
    seen: dict[int, Value] = {}
    cost = len(env) >> 3
    for key, v in env.items():
        if key != FACTS and v.items is not None:
            cost += 1 + (len(v.items) >> 3)
            out[key] = clone(v, seen, 3)
    return out, cost


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


def env_copy(env: Env) -> Env:
    return env.copy()


def merge_into(env: Env, live: list[Env]) -> bool:
    """Make `env` what holds where all live paths meet; False when none is live."""
    if not live:
        return False
    if len(live) == 1:
        if live[0] is not env:
            only = dict(live[0])
            env.clear()
            env.update(only)
        return True
    out = dict(live[0])
    for other in live[1:]:
        a, b = out[FACTS], other[FACTS]
        if a == b:
            for key, v in other.items():
                mine = out.get(key)
                if mine is not v and key != FACTS:
                    out[key] = v if mine is None else join(mine, v)
            continue
        facts: dict[str, frozenset[str]] = {}
        for src, kinds in a.items():
            got = b.get(src)
            if got:
                both = got if "*" in kinds else kinds if "*" in got else kinds & got
                if both:
                    facts[src] = both
        # What only one path has shown goes from the facts into the values that it holds for.
        settled_a = a if a != facts else None
        settled_b = b if b != facts else None
        for key, v in other.items():
            if key == FACTS:
                continue
            if settled_b and v.src:
                v = apply_facts(v, settled_b)
            mine = out.get(key)
            if mine is None:
                out[key] = v
                continue
            if settled_a and mine.src:
                mine = apply_facts(mine, settled_a)
            out[key] = mine if mine is v else join(mine, v)
        out[FACTS] = facts
    env.clear()
    env.update(out)
    return True
