"""Larger bugs of the kind people really write, put into a right program.

`mutate_code` changes one operator, constant or call; a slip changes what takes more than that: a
base case that is missing, rows that are one and the same list, a default that is shared by all
calls, an answer returned from inside the loop. Whether a slip is a bug, only the judge knows.
"""

import ast
import copy
from collections.abc import Callable, Iterator

from nlogn.cases.mutate_code import Mutant

_Edit = tuple[str, int, Callable[[], None]]
_NORMALISE = frozenset(("lower", "upper", "strip", "rstrip", "lstrip", "casefold", "copy"))


def slips(code: str) -> list[Mutant]:
    """Every program with one slip, without those that read the same.

    Raises:
        SyntaxError: the program does not parse.
    """
    tree = ast.parse(code)
    seen = {ast.unparse(tree)}
    found = []
    for i in range(sum(1 for _ in _edits(tree))):
        changed = copy.deepcopy(tree)
        what, line, apply = next(e for k, e in enumerate(_edits(changed)) if k == i)
        apply()
        text = ast.unparse(ast.fix_missing_locations(changed)) + "\n"
        if text not in seen:
            seen.add(text)
            found.append(Mutant(text, what, line))
    return found


def _edits(tree: ast.Module) -> Iterator[_Edit]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for block in _blocks(function):
                yield from _in_block(function, block)
            yield from _shared_default(function)
    for parent in ast.walk(tree):
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, ast.expr):
                yield from _in_expression(parent, node)


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse"):
        block = getattr(node, field, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block
            for statement in block:
                if not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                    yield from _blocks(statement)


def _in_block(function: ast.FunctionDef, block: list[ast.stmt]) -> Iterator[_Edit]:
    given = {a.arg for a in function.args.args}
    for i, statement in enumerate(block):
        match statement:
            case ast.If(body=[ast.Return() | ast.Raise()], orelse=[]) if len(block) > 1:
                yield "dropped a base case", statement.lineno, _dropper(block, statement)
            case ast.Return() if i and isinstance(block[i - 1], (ast.For, ast.While)):
                yield "returned from inside the loop", statement.lineno, _mover(block, i)
            case ast.If() | ast.Expr(value=ast.Call()) if (
                i and isinstance(block[i - 1], (ast.For, ast.While)) and len(block) > i + 1
            ):
                yield (
                    "forgot what is left after the loop",
                    statement.lineno,
                    _dropper(block, statement),
                )
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Name(id="sorted"), args=[ast.Name(id=of)], keywords=[]),
            ) if of in given:
                yield (
                    "sorted the argument itself",
                    statement.lineno,
                    _in_place(block, statement, name, of),
                )


def _dropper(block: list[ast.stmt], statement: ast.stmt) -> Callable[[], None]:
    return lambda: block.remove(statement)


def _mover(block: list[ast.stmt], at: int) -> Callable[[], None]:
    def apply() -> None:
        loop = block[at - 1]
        assert isinstance(loop, (ast.For, ast.While))
        loop.body.append(block[at])

    return apply


def _in_place(block: list[ast.stmt], statement: ast.stmt, name: str, of: str) -> Callable[[], None]:
    def apply() -> None:
        at = block.index(statement)
        sort = ast.parse(f"{of}.sort()").body
        block[at : at + 1] = [*sort, *ast.parse(f"{name} = {of}").body]

    return apply


def _shared_default(function: ast.FunctionDef) -> Iterator[_Edit]:
    """A container that every call should make anew becomes a default."""
    a = function.args
    if a.vararg or a.kwonlyargs or a.kwarg:
        return
    for statement in function.body:
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.List(elts=[])
                | ast.Dict(keys=[])
                | ast.Call(func=ast.Name(id="set" | "dict" | "list"), args=[]) as value,
            ):

                def apply(
                    statement: ast.stmt = statement, name: str = name, value: ast.expr = value
                ) -> None:
                    a.args.append(ast.arg(name))
                    a.defaults.append(value)
                    function.body.remove(statement)

                if len(function.body) > 1:
                    yield "made a container the default of a parameter", statement.lineno, apply


def _in_expression(parent: ast.AST, node: ast.expr) -> Iterator[_Edit]:
    def put(new: ast.expr) -> Callable[[], None]:
        def apply() -> None:
            for field, value in ast.iter_fields(parent):
                if value is node:
                    setattr(parent, field, new)
                elif isinstance(value, list):
                    for i, child in enumerate(value):
                        if child is node:
                            value[i] = new

        return apply

    match node:
        case ast.ListComp(
            elt=ast.List() | ast.BinOp(left=ast.List(), op=ast.Mult()) | ast.ListComp() as row,
            generators=[ast.comprehension(
                target=ast.Name(id=used), iter=ast.Call(func=ast.Name(id="range"), args=[count]),
                ifs=[],
            )],
        ) if not any(isinstance(n, ast.Name) and n.id == used for n in ast.walk(row)):  # fmt: skip
            many = ast.BinOp(ast.List([row], ast.Load()), ast.Mult(), count)
            yield "made all rows the same list", node.lineno, put(many)
        case ast.Subscript(
            value=inner, slice=ast.Slice(lower=None, upper=None, step=None), ctx=ast.Load()
        ):
            yield "kept the list instead of a copy", node.lineno, put(inner)
        case ast.Call(
            func=ast.Name(id="list" | "dict" | "set" as kind), args=[ast.Name() as inner],
            keywords=[],
        ):  # fmt: skip
            yield f"left out {kind}()", node.lineno, put(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr=method), args=[]) if (
            method in _NORMALISE
        ):
            yield f"left out .{method}()", node.lineno, put(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="get"), args=[key, _]):
            cell = ast.Subscript(inner, key, ast.Load())
            yield "took a key for granted", node.lineno, put(cell)
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str())]):
            yield "began from zero", node.lineno, put(ast.Constant(0))
        case ast.Call(func=ast.Name(id="max" | "min"), keywords=[ast.keyword(arg="default"), *_]):

            def apply(node: ast.Call = node) -> None:
                node.keywords = [k for k in node.keywords if k.arg != "default"]

            yield "forgot the empty input", node.lineno, apply
        case ast.Lambda(body=ast.Tuple(elts=[first, *_])):

            def untie(node: ast.Lambda = node, first: ast.expr = first) -> None:
                node.body = first

            yield "forgot how ties are broken", node.lineno, untie
        case ast.Subscript(value=ast.Name(), slice=ast.Constant(value=0), ctx=ast.Load()) if (
            isinstance(parent, ast.Assign)
        ):
            yield "began from zero", node.lineno, put(ast.Constant(0))
