"""Everything inside an expression or a body of statements."""

from __future__ import annotations

from typing import Any

from . import ir


def walk(e: Any) -> list[Any]:
    """An expression and every expression inside it."""
    out = [e]
    stack = [e]
    while stack:
        x = stack.pop()
        kids: list[Any] = []
        kind = type(x)
        if kind is ir.Bin:
            kids = [x.left, x.right]
        elif kind in (ir.Un, ir.Cast):
            kids = [x.arg]
        elif kind is ir.Field:
            kids = [x.obj]
        elif kind is ir.Index:
            kids = [x.obj, x.key]
        elif kind is ir.Slice:
            kids = [x for x in (x.obj, x.low, x.high, x.cap) if x is not None]
        elif kind is ir.Call:
            kids = [*x.args, x.func]
        elif kind is ir.Cond:
            kids = [x.test, x.then, x.other]
        elif kind is ir.Let:
            kids = [x.target, x.value]
        elif kind in (ir.Other, ir.Template):
            kids = list(x.parts)
        elif kind is ir.Coll:
            kids = [v for _, v in x.items]
        out += kids
        stack += kids
    return out


def flat(body: list[Any]) -> list[Any]:
    """Every statement in a body, at any depth."""
    out: list[Any] = []
    for x in body:
        out.append(x)
        kind = type(x)
        if kind is ir.If:
            out += flat(x.then) + flat(x.other)
        elif kind in (ir.Loop, ir.Block):
            out += flat(x.body)
        elif kind is ir.Switch:
            for _, inner in x.cases:
                out += flat(inner)
    return out


def indexing(body: list[Any], name: str) -> list[ir.Index]:
    """Unconditional `x[name]` in a loop's own statements."""
    out = []
    for s in body:
        if type(s) is ir.Block:
            out += indexing(s.body, name)
        parts = (
            [s.target, s.value] if type(s) is ir.Assign else [s.value] if type(s) is ir.Eval else []
        )
        for part in parts:
            out += [
                x for x in walk(part)
                if type(x) is ir.Index and type(x.key) is ir.Name and x.key.id == name
            ]  # fmt: skip
    return out


def breaks(body: list[Any]) -> bool:
    """Whether control can leave a loop's body early."""
    return any(type(s) in (ir.Jump, ir.Return) for s in flat(body))
