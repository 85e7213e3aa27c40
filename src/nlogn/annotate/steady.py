"""What stays as it is while a loop goes round: names, values, the objects behind them."""

import ast

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function
from nlogn.annotate.program import (
    Parsed,
)

# Methods that leave their object as it is, of the builtin containers and strings.
_READING_METHODS = frozenset(
    ("get", "keys", "values", "items", "count", "index", "find", "rfind", "startswith", "endswith",
     "lower", "upper", "strip", "lstrip", "rstrip", "split", "join", "replace", "isdigit",
     "isalpha", "isalnum", "isspace", "isupper", "islower", "bit_length", "copy", "encode",
     "decode", "partition", "rpartition", "format", "title", "zfill", "union", "issubset")
)  # fmt: skip


def steady(program: Parsed, function: Function, stop: ast.expr, body: Block) -> bool:
    """Whether `stop` has the same value before every round."""
    if isinstance(stop, ast.Constant):
        return True
    used = facts.loads(stop) - {"len"}
    if used & changed(function, body) or not program.pure(stop):
        return False
    if all(isinstance(n, (ast.Name, ast.Constant, ast.BinOp, ast.operator, ast.Load))
           for n in ast.walk(stop)):  # fmt: skip
        return True
    match stop:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=items)]):
            kind = program.types_of(function).kinds.get(items, "")
            return bool(kind) and unchanged(program, function, items, body, kind)
    return False


def unchanged(program: Parsed, function: Function, name: str, body: Block, kind: str) -> bool:
    """Whether the object called `name` stays the same object, and as it is, throughout `body`."""
    if name in changed(function, body):
        return False
    if kind in ("str", "tuple"):
        return True
    made_here = _made_here(function)
    for root in body:
        for node in ast.walk(root):
            if isinstance(node, ast.Call):
                match node.func:
                    case ast.Name() if facts.is_reader(node, program.shadowed):
                        pass
                    case ast.Name(id="sorted" | "list" | "set" | "tuple" | "enumerate" | "zip"
                                  | "any" | "all" | "dict" | "reversed" as used) if (
                        used not in program.shadowed and not node.keywords):  # fmt: skip
                        pass
                    case ast.Attribute(attr=method) if method in _READING_METHODS:
                        pass
                    case ast.Attribute(value=ast.Name(id=owner)) if (
                        owner in made_here and owner != name
                    ):
                        pass
                    case _:
                        return False
            elif isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(
                node.ctx, ast.Load
            ):
                if not (isinstance(node.value, ast.Name) and node.value.id in made_here - {name}):
                    return False
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                types = program.types_of(function)
                if not (types.is_number(node.target) or types.of(node.target) == "str"
                        or node.target.id in made_here):  # fmt: skip
                    return False
    return True


def _made_here(function: Function) -> set[str]:
    """Names that only ever hold constants and containers built on the spot, added to or not: none
    of them is another's alias."""
    good: set[str] = set()
    bad = {a.arg for a in facts.parameters(function)} | facts.captured(function)
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            display = isinstance(
                node.value,
                (
                    ast.List,
                    ast.Dict,
                    ast.Set,
                    ast.ListComp,
                    ast.DictComp,
                    ast.SetComp,
                    ast.Constant,
                ),
            )
            for target in targets:
                if isinstance(target, ast.Name) and display and len(targets) == 1:
                    good.add(target.id)
                else:
                    bad |= facts.stores(target)
        elif isinstance(node, (ast.For, ast.comprehension)):
            bad |= facts.stores(node.target)
        elif isinstance(node, (ast.With, ast.NamedExpr)):
            bad |= facts.stores(node)
    # What is stored in a container, returned into a name or passed on may be reached otherwise:
    # that is harmless for a loop's object as long as the maker's own names are distinct.
    return good - bad


def changed(function: Function, body: Block) -> set[str]:
    return facts.stores(body) | facts.captured(function)


def local_to(function: Function, name: str, loop: ast.stmt, also: ast.stmt | None = None) -> bool:
    """Whether every mention of the name in the function is within `loop` (or `also`), or within
    other loops that bind it anew."""
    if name in facts.captured(function) or name in {a.arg for a in facts.parameters(function)}:
        return False
    allowed = set(map(id, ast.walk(loop)))
    if also is not None:
        allowed |= set(map(id, ast.walk(also)))
    inside_other: set[int] = set()
    for node in ast.walk(function):
        binds = isinstance(node, ast.For) and name in facts.stores(node.target)
        if node is not loop and binds and id(node) not in allowed:
            inside_other |= set(map(id, ast.walk(node)))
    if any(id(loop) == other for other in inside_other):
        return False  # the loop around it counts with the same name
    return all(
        id(node) in allowed or id(node) in inside_other
        for node in ast.walk(function)
        if (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.arg) and node.arg == name)
    )
