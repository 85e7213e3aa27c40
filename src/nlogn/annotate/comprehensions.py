"""Comprehensions made loops, and loops made comprehensions."""

import ast
import copy
import itertools
from collections.abc import Iterator

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function
from nlogn.annotate.program import (
    Edit,
    Parsed,
    assign,
    call,
    load,
    splice,
)
from nlogn.annotate.steady import local_to


def comprehension_to_loop(program: Parsed) -> Iterator[Edit]:
    """``xs = [f(x) for x in items if c]`` fills `xs` in a loop."""
    for function in program.functions:
        bound = facts.locals_of(function)
        hidden = facts.captured(function)
        for block in facts.blocks(function):
            for statement in block:
                match statement:
                    case ast.Assign(targets=[ast.Name(id=name)], value=value):
                        pass
                    case ast.Return(value=ast.expr() as value):
                        name = ""
                    case _:
                        continue
                if not isinstance(value, (ast.ListComp, ast.SetComp, ast.DictComp)):
                    continue
                targets = facts.stores(value)
                # The loop's names live on in the function: there they must mean nothing else.
                if (
                    any(g.is_async for g in value.generators)
                    or (targets & (bound | hidden))
                    or _has_scope(value)
                    or name in hidden
                    or name in facts.loads(value)
                    or _too_many(function, targets, value)
                    or "set" in program.shadowed
                    # A comprehension makes the key first, an assignment the value.
                    or (isinstance(value, ast.DictComp) and not program.pure(value.key))
                ):
                    continue

                def edit(
                    block: Block = block, statement: ast.stmt = statement, name: str = name,
                    value: ast.ListComp | ast.SetComp | ast.DictComp = value,
                ) -> None:  # fmt: skip
                    kept = name or program.fresh("result", "collected", "output", "found")
                    empty, put = _filling(value, kept)
                    lines = [assign(kept, empty), *_nest(value.generators, put)]
                    splice(block, statement, *lines, *([] if name else [ast.Return(load(kept))]))

                yield edit


def loop_to_comprehension(program: Parsed) -> Iterator[Edit]:
    """``xs = []`` and a loop that only appends to it become one comprehension."""
    for function in program.functions:
        hidden = facts.captured(function)
        for block in facts.blocks(function):
            for first, loop in itertools.pairwise(block):
                match first, loop:
                    case (
                        ast.Assign(targets=[ast.Name(id=name)], value=ast.List(elts=[])),
                        ast.For(target=target, iter=items, body=[inner], orelse=[]),
                    ):
                        pass
                    case _:
                        continue
                tests: list[ast.expr] = []
                while isinstance(inner, ast.If) and not inner.orelse and len(inner.body) == 1:
                    tests.append(inner.test)
                    inner = inner.body[0]
                match inner:
                    case ast.Expr(
                        value=ast.Call(
                            func=ast.Attribute(value=ast.Name(id=filled), attr="append"),
                            args=[element], keywords=[],
                        )
                    ) if filled == name:  # fmt: skip
                        pass
                    case _:
                        continue
                bound = facts.stores(target)
                parts = [element, items, *tests]
                if (
                    name in facts.loads(parts)
                    or name in hidden
                    or bound & hidden
                    or any(isinstance(n, (ast.Lambda, ast.NamedExpr, ast.Starred))
                           for p in parts for n in ast.walk(p))
                    or not all(local_to(function, one, loop) for one in bound)
                    or not all(isinstance(n, (ast.Name, ast.Tuple, ast.Store))
                               for n in ast.walk(target))
                ):  # fmt: skip
                    continue

                def edit(
                    block: Block = block, first: ast.stmt = first, loop: ast.stmt = loop,
                    name: str = name, element: ast.expr = element, target: ast.expr = target,
                    items: ast.expr = items, tests: list[ast.expr] = tests,
                ) -> None:  # fmt: skip
                    made = ast.ListComp(element, [ast.comprehension(target, items, tests, 0)])
                    splice(block, first, assign(name, made))
                    block.remove(loop)

                yield edit


def sum_to_loop(program: Parsed) -> Iterator[Edit]:
    """``total = sum(e for x in xs)`` adds up in a loop; `any` and `all` that are returned leave
    a loop early."""
    for function in program.functions:
        bound, hidden = facts.locals_of(function), facts.captured(function)
        for block in facts.blocks(function):
            for statement in block:
                match statement:
                    case ast.Assign(
                        targets=[ast.Name(id=name)],
                        value=ast.Call(func=ast.Name(id="sum") as used, args=[made], keywords=[]),
                    ):
                        pass
                    case ast.Return(
                        value=ast.Call(
                            func=ast.Name(id="sum" | "any" | "all") as used, args=[made],
                            keywords=[],
                        )
                    ):  # fmt: skip
                        name = ""
                    case _:
                        continue
                if used.id in program.shadowed or not isinstance(made, ast.GeneratorExp):
                    continue
                targets = facts.stores(made)
                others = hidden - facts.names(made)
                if (
                    any(g.is_async for g in made.generators)
                    or targets & (bound | others)
                    or _has_scope(made)
                    or name in facts.loads(made)
                    or name in others
                    or _too_many(function, targets, made)
                    or (used.id == "sum" and not program.types_of(function).is_int(made.elt))
                ):
                    continue

                def edit(
                    block: Block = block, statement: ast.stmt = statement, name: str = name,
                    made: ast.GeneratorExp = made, how: str = used.id,
                ) -> None:  # fmt: skip
                    if how == "sum":
                        kept = name or program.fresh("total", "result", "amount")
                        grow = ast.AugAssign(ast.Name(kept, ast.Store()), ast.Add(), made.elt)
                        end = [] if name else [ast.Return(load(kept))]
                        splice(block, statement, assign(kept, ast.Constant(0)),
                               *_nest(made.generators, grow), *end)  # fmt: skip
                        return
                    found = how == "any"
                    test = made.elt if found else ast.UnaryOp(ast.Not(), made.elt)
                    leave = ast.If(test, [ast.Return(ast.Constant(found))], [])
                    splice(block, statement, *_nest(made.generators, leave),
                           ast.Return(ast.Constant(not found)))  # fmt: skip

                yield edit


# --- what they share ---------------------------------------------------------------------------


def _has_scope(value: ast.expr) -> bool:
    """Whether there is another scope inside, or a name bound for the function around it."""
    inner = [n for n in ast.walk(value) if n is not value]
    return any(
        isinstance(n, (*facts.NESTED, *facts.COMPREHENSIONS, ast.NamedExpr, ast.Await))
        for n in inner
    )


def _too_many(function: Function, targets: set[str], value: ast.expr) -> bool:
    """Whether another comprehension or scope of the function uses one of these names: then
    unrolling this one would change what they see, or be seen by them."""
    inside = set(map(id, ast.walk(value)))
    return any(
        isinstance(n, ast.Name) and n.id in targets and id(n) not in inside
        for n in ast.walk(function)
    )


def _filling(
    value: "ast.ListComp | ast.SetComp | ast.DictComp", name: str
) -> tuple[ast.expr, ast.stmt]:
    match value:
        case ast.ListComp(elt=element):
            return ast.List([], ast.Load()), _method(name, "append", element)
        case ast.SetComp(elt=element):
            return call("set"), _method(name, "add", element)
        case ast.DictComp(key=key, value=item):
            target = ast.Subscript(load(name), key, ast.Store())
            return ast.Dict([], []), ast.Assign([target], item)
    raise TypeError(type(value).__name__)


def _method(name: str, method: str, element: ast.expr) -> ast.stmt:
    return ast.Expr(ast.Call(ast.Attribute(load(name), method, ast.Load()), [element], []))


def _nest(generators: list[ast.comprehension], inner: ast.stmt) -> list[ast.stmt]:
    body = inner
    for generator in reversed(copy.deepcopy(generators)):
        for test in reversed(generator.ifs):
            body = ast.If(test, [body], [])
        body = ast.For(generator.target, generator.iter, [body], [])
    return [body]
