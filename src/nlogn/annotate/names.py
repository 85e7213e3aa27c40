"""Other names for what a program calls its own: chosen by what a name is for, in one of several
styles, and replaced everywhere at once.

Every identifier is replaced by one that the program does not use at all, so what binds to what
cannot change; names that something outside may ask for by their text are left alone.
"""

import ast
import random
import re
from collections import Counter
from typing import Literal

from nlogn.annotate import facts
from nlogn.annotate.program import RESERVED, Parsed

Style = Literal["snake", "camel", "short", "long"]
STYLES: tuple[Style, ...] = ("snake", "camel", "short", "long")

_ROLES: dict[str, tuple[str, ...]] = {
    "index": ("i", "j", "k", "index", "position", "idx", "pos", "offset", "at", "slot", "cursor",
              "step_number", "place"),
    "item": ("item", "value", "element", "entry", "x", "current", "each", "one", "piece", "v",
             "unit", "part"),
    "count": ("count", "total", "amount", "tally", "running_total", "acc", "accumulated", "number",
              "counter", "quantity", "so_far"),
    "best": ("best", "optimum", "record", "champion", "leading", "top_value", "best_so_far"),
    "list": ("result", "output", "collected", "items", "gathered", "answer", "rows", "values",
             "kept", "out", "found"),
    "stack": ("stack", "pending", "to_visit", "waiting", "todo", "agenda", "open_items"),
    "dict": ("table", "lookup", "mapping", "index_of", "by_key", "registry", "cache", "store",
             "positions", "known"),
    "set": ("seen", "visited", "known", "used", "unique", "distinct", "members"),
    "flag": ("found", "done", "changed", "ok", "active", "is_set", "finished"),
    "text": ("text", "word", "string", "line", "buffer", "chunk", "content"),
    "pair": ("pair", "couple", "record", "tuple_", "both"),
    "number": ("number", "amount", "value", "n", "quantity", "size", "measure", "degree"),
    "function": ("helper", "compute", "process", "evaluate", "solve_part", "step", "inner",
                 "explore", "walk"),
    "other": ("value", "current", "state", "temp", "data", "info", "thing", "target", "node"),
}  # fmt: skip

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "left": ("lo", "start", "begin", "first", "lower"), "right": ("hi", "end", "last", "upper"),
    "low": ("lo", "bottom", "lower", "start"), "high": ("hi", "top", "upper", "end"),
    "lo": ("low", "left", "bottom"), "hi": ("high", "right", "top"),
    "mid": ("middle", "center", "half", "pivot"), "middle": ("mid", "center"),
    "start": ("begin", "first", "origin"), "end": ("stop", "finish", "last"),
    "count": ("total", "tally", "num", "frequency"), "counts": ("totals", "tallies", "frequency"),
    "total": ("sum_so_far", "acc", "amount"), "result": ("answer", "output", "res", "outcome"),
    "answer": ("result", "solution", "ans"), "seen": ("visited", "known", "met"),
    "queue": ("frontier", "waiting", "pending"), "heap": ("queue", "priority", "frontier"),
    "stack": ("pending", "path", "trail"), "node": ("vertex", "current", "point"),
    "parent": ("ancestor", "above", "owner"), "child": ("descendant", "below", "kid"),
    "graph": ("adjacency", "neighbours", "edges_of"), "row": ("line", "record", "r"),
    "column": ("col", "c", "field"), "grid": ("matrix", "board", "cells"), "key": ("name", "label"),
    "word": ("token", "term", "text"), "char": ("letter", "symbol", "ch"), "size": ("length", "n"),
    "length": ("size", "n", "span"), "prefix": ("head", "beginning"), "suffix": ("tail", "ending"),
    "best": ("optimum", "top", "record"), "previous": ("prev", "last", "before"),
    "current": ("cur", "now", "active"), "next": ("following", "upcoming"),
    "value": ("val", "item"),
    "values": ("vals", "items", "numbers"), "items": ("elements", "entries", "things"),
    "window": ("frame", "range_", "slice_"), "table": ("grid", "lookup", "memo"),
    "memo": ("cache", "table", "known"), "cost": ("price", "weight", "expense"),
    "depth": ("level", "height"), "token": ("part", "symbol", "lexeme"), "line": ("row", "text"),
    "group": ("bucket", "cluster", "batch"), "groups": ("buckets", "clusters", "batches"),
    "bucket": ("bin_", "slot", "group"), "edge": ("link", "connection"), "path": ("route", "trail"),
    "digit": ("figure", "numeral"), "remaining": ("left_over", "rest", "outstanding"),
    "limit": ("bound", "cap", "maximum"), "pending": ("waiting", "open_", "queued"),
}  # fmt: skip


def rename(program: Parsed, style: Style, seed: int, share: float = 1.0) -> int:
    """Rename in place `share` of what may be renamed; returns how many names changed."""
    rng = random.Random(seed)
    free = sorted(renameable(program))
    chosen = [name for name in free if rng.random() < share] or free[:1]
    roles = _roles(program)
    taken = set(program.used) | RESERVED
    to: dict[str, str] = {}
    for name in chosen:
        new = _choose(name, roles.get(name, "other"), style, taken, rng)
        taken.add(new)
        to[name] = new
    _Renamer(to).visit(program.tree)
    return len(to)


def renameable(program: Parsed) -> set[str]:
    """Names of local variables, helpers and their parameters that nothing asks for by text."""
    tree = program.tree
    if program.reflects:
        return set()
    fixed: set[str] = {program.entry.partition(".")[0]}
    bound: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                bound.add(name)
                if name == program.entry:
                    fixed.update(a.arg for a in _all_parameters(node))
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound.add(name)
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.ClassDef(name=name):
                fixed.add(name)
                fixed |= facts.names(node)  # attributes and fields are asked for by text
            case ast.keyword(arg=str(name)) | ast.Attribute(attr=name):
                fixed.add(name)
            case ast.alias(name=name, asname=other):
                fixed.update((*name.split("."), other or ""))
            case ast.Constant(value=str(text)) if text.isidentifier():
                fixed.add(text)
            case ast.match_case():
                fixed |= facts.names(node.pattern)
            case ast.Global(names=several):
                fixed.update(several)
    return {n for n in bound - fixed - RESERVED if not n.startswith("__") and n != "_"}


def _all_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    a = node.args
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]


class _Renamer(ast.NodeVisitor):
    def __init__(self, to: dict[str, str]) -> None:
        self.to = to

    def visit(self, node: ast.AST) -> None:
        match node:
            case ast.Name():
                node.id = self.to.get(node.id, node.id)
            case ast.arg():
                node.arg = self.to.get(node.arg, node.arg)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                node.name = self.to.get(node.name, node.name)
            case ast.ExceptHandler(name=str(name)):
                node.name = self.to.get(name, name)
            case ast.Nonlocal():
                node.names = [self.to.get(n, n) for n in node.names]
        self.generic_visit(node)


def _roles(program: Parsed) -> dict[str, str]:
    """What each name is for, by the first sign of it in the text."""
    roles: dict[str, str] = {}

    def put(target: ast.AST, role: str) -> None:
        if isinstance(target, ast.Name):
            roles.setdefault(target.id, role)

    methods: Counter[tuple[str, str]] = Counter()
    for node in ast.walk(program.tree):
        match node:
            case ast.FunctionDef(name=name):
                roles[name] = "function"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)):
                methods[owner, method] += 1
    for node in ast.walk(program.tree):
        match node:
            case ast.For(target=target, iter=it) | ast.comprehension(target=target, iter=it):
                called = it.func if isinstance(it, ast.Call) else None
                name = called.id if isinstance(called, ast.Name) else ""
                if isinstance(target, ast.Tuple) and name == "enumerate":
                    put(target.elts[0], "index")
                    put(target.elts[-1], "item")
                else:
                    put(target, "index" if name == "range" else "item")
                    for element in getattr(target, "elts", []):
                        put(element, "item")
            case ast.Assign(targets=[ast.Name(id=name) as target], value=value):
                role = "other"
                match value:
                    case ast.Constant(value=bool()):
                        role = "flag"
                    case ast.Constant(value=int() | float()):
                        role = "count"
                    case ast.Constant(value=str()) | ast.JoinedStr():
                        role = "text"
                    case ast.List() | ast.ListComp():
                        role = "stack" if methods[name, "pop"] else "list"
                    case ast.Dict() | ast.DictComp():
                        role = "dict"
                    case ast.Set() | ast.SetComp():
                        role = "set"
                    case ast.Tuple():
                        role = "pair"
                    case ast.Call(func=ast.Name(id="max" | "min")):
                        role = "best"
                    case ast.Call(func=ast.Name(id="len" | "abs" | "int")) | ast.BinOp():
                        role = "number"
                    case ast.Call(func=ast.Name(id="set" | "dict" | "list" as kind)):
                        role = kind
                    case ast.Call(func=ast.Name(id="deque")):
                        role = "stack"
                put(target, role)
    return roles


def _choose(name: str, role: str, style: Style, taken: set[str], rng: random.Random) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_").split("_")
    options = list(_ROLES[role])
    near: list[str] = []
    for i, word in enumerate(words):
        for other in _SYNONYMS.get(word, ()):
            near.append("_".join((*words[:i], other, *words[i + 1 :])))
    if len(words) > 1:
        near += ["_".join(words[::-1]), words[-1], words[0]]
    rng.shuffle(options)
    rng.shuffle(near)
    # A short name says little of itself, a long one is best kept in its meaning.
    candidates = [*near, *options] if len(name) > 2 and rng.random() < 0.7 else [*options, *near]
    if style == "short":
        letters = [w[0] for w in words if w] + list("ijkabcdefghmnpqrstuvwxyz")
        candidates = [
            *(["".join(w[0] for w in words if w)] if len(words) > 1 else []),
            *(_abbreviated(c) for c in candidates[:3]), *letters, *candidates,
        ]  # fmt: skip
    if style == "long":
        before = ["current", "this", "the", "inner", "local", "known", "working"]
        rng.shuffle(before)
        candidates = [f"{before[0]}_{c}" for c in candidates if len(c) > 2] + candidates
    shaped = [_styled(c, style) for c in candidates]
    for candidate in shaped:
        if candidate.isidentifier() and candidate not in taken and candidate != name:
            return candidate
    for suffix in ("part", "now", "again", "more", "next", "extra"):
        for candidate in shaped[:6]:
            made = _styled(f"{candidate}_{suffix}", style)
            if made.isidentifier() and made not in taken:
                return made
    count = 2
    while f"{name}{count}" in taken:
        count += 1
    return f"{name}{count}"


def _abbreviated(word: str) -> str:
    return "_".join(w[0] + re.sub("[aeiou]", "", w[1:]) for w in word.split("_") if w)[:5]


def _styled(word: str, style: Style) -> str:
    if style != "camel":
        return word
    first, *rest = [w for w in word.split("_") if w] or [word]
    return first + "".join(w.capitalize() for w in rest)
