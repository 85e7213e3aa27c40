"""Loops in another form: for and while, items and indices, conditions and breaks."""

import ast
from collections.abc import Iterator
from typing import cast

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function
from nlogn.annotate.program import (
    Edit,
    Parsed,
    assign,
    call,
    load,
    negated,
    splice,
    statements,
)
from nlogn.annotate.steady import changed, local_to, steady, unchanged


def for_to_while(program: Parsed) -> Iterator[Edit]:
    """``for i in range(a, b)`` counts by hand; the bound is read once, as range reads it."""
    for function, block, loop in statements(program, ast.For):
        target = loop.target
        bounds = _range(program, loop.iter)
        if bounds is None or not isinstance(target, ast.Name) or loop.orelse:
            continue
        start, stop, step = bounds
        if (
            target.id in facts.stores(loop.body)
            or facts.leaves(loop.body, (ast.Continue,))
            or not local_to(function, target.id, loop)
        ):
            continue
        steady = isinstance(stop, ast.Constant) or (
            facts.atom(stop)
            and not (facts.loads(stop) & changed(function, loop.body))
            and facts.loads(stop) <= facts.locals_of(function)
        )

        def edit(
            block: Block = block, loop: ast.For = loop, name: str = target.id,
            start: ast.expr = start, stop: ast.expr = stop, step: int = step, steady: bool = steady,
        ) -> None:  # fmt: skip
            before: list[ast.stmt] = []
            if not steady:
                # range reads its bounds in order, and the counter may be among the names of stop.
                if facts.loads(stop) & {name}:
                    first = program.fresh("first", "begin", "start")
                    before.append(assign(first, start))
                    start = load(first)
                bound = program.fresh("stop", "end", "limit", "bound")
                before.append(assign(bound, stop))
                stop = load(bound)
            before.append(assign(name, start))
            order = ast.Lt() if step > 0 else ast.Gt()
            grown = ast.AugAssign(
                ast.Name(name, ast.Store()),
                ast.Add() if step > 0 else ast.Sub(),
                ast.Constant(abs(step)),
            )
            body = [*loop.body, *([] if facts.ends(loop.body) else [grown])]
            splice(
                block, loop, *before, ast.While(ast.Compare(load(name), [order], [stop]), body, [])
            )

        if steady and facts.loads(stop) & {target.id}:
            continue
        if not steady and not (program.pure(start) and program.pure(stop)):
            continue
        yield edit


def while_to_for(program: Parsed) -> Iterator[Edit]:
    """``i = a; while i < b: …; i += 1`` becomes ``for i in range(a, b)``."""
    for function, block, loop in statements(program, ast.While):
        at = block.index(loop)
        match (block[at - 1] if at else None), loop.test, loop.body[-1]:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=start),
                ast.Compare(left=ast.Name(id=tested), ops=[ast.Lt() | ast.LtE() as order],
                            comparators=[stop]),
                ast.AugAssign(target=ast.Name(id=grown), op=ast.Add(),
                              value=ast.Constant(value=1)),
            ) if name == tested == grown:  # fmt: skip
                pass
            case _:
                continue
        body, types = loop.body[:-1], program.types_of(function)
        if (
            not body
            or loop.orelse
            or name in facts.stores(body)
            or facts.leaves(body, (ast.Continue,))
            or not types.is_int(start)
            or not types.is_int(stop)
            or not steady(program, function, stop, body)
            or name in facts.loads(stop)
            or name in facts.captured(function)
            or not local_to(function, name, loop, also=block[at - 1])
        ):
            continue

        def edit(
            block: Block = block, loop: ast.While = loop, at: int = at, name: str = name,
            start: ast.expr = start, stop: ast.expr = stop, order: ast.cmpop = order,
            body: Block = body,
        ) -> None:  # fmt: skip
            if isinstance(order, ast.LtE):
                stop = ast.BinOp(stop, ast.Add(), ast.Constant(1))
            zero = isinstance(start, ast.Constant) and start.value == 0
            given = [stop] if zero else [start, stop]
            counted = ast.For(ast.Name(name, ast.Store()), call("range", *given), body, [])
            block[at - 1 : at + 1] = [counted]

        if "range" not in program.shadowed:
            yield edit


def each_to_index(program: Parsed) -> Iterator[Edit]:
    """``for x in xs`` becomes ``for i in range(len(xs)): x = xs[i]``."""
    for function, block, loop in statements(program, ast.For):
        if not isinstance(loop.iter, ast.Name) or not isinstance(loop.target, ast.Name):
            continue
        kind = program.types_of(function).of(loop.iter)
        if (
            kind not in ("list", "str", "tuple")
            or program.shadowed & {"range", "len"}
            or loop.target.id == loop.iter.id
            or not unchanged(program, function, loop.iter.id, loop.body, kind)
        ):
            continue

        def edit(block: Block = block, loop: ast.For = loop) -> None:
            assert isinstance(loop.iter, ast.Name) and isinstance(loop.target, ast.Name)
            index = program.fresh("i", "index", "position", "at", "k")
            item = ast.Subscript(loop.iter, load(index), ast.Load())
            over = call("range", call("len", load(loop.iter.id)))
            first = assign(loop.target.id, item)
            splice(block, loop, ast.For(ast.Name(index, ast.Store()), over,
                                        [first, *loop.body], loop.orelse))  # fmt: skip

        yield edit


def index_to_each(program: Parsed) -> Iterator[Edit]:
    """``for i in range(len(xs))`` that reads ``xs[i]`` goes over ``enumerate(xs)``, or over
    ``xs`` where the index serves for nothing else."""
    for function, block, loop in statements(program, ast.For):
        match loop.target, loop.iter:
            case (
                ast.Name(id=index),
                ast.Call(func=ast.Name(id="range"), args=[
                    ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=items)], keywords=[])
                ], keywords=[]),
            ):  # fmt: skip
                pass
            case _:
                continue
        kind = program.types_of(function).kinds.get(items, "")
        reads = [
            n for n in ast.walk(loop) if isinstance(n, ast.Subscript) and _reads(n, items, index)
        ]
        if (
            kind not in ("list", "str", "tuple")
            or not reads
            or program.shadowed & {"range", "len", "enumerate"}
            or index in facts.stores(loop.body)
            or loop.orelse
            or any(isinstance(n, facts.NESTED) for n in ast.walk(loop))
            or not unchanged(program, function, items, loop.body, kind)
        ):
            continue

        def edit(
            block: Block = block, loop: ast.For = loop, index: str = index, items: str = items,
            function: Function = function,
        ) -> None:  # fmt: skip
            item = program.fresh("item", "value", "element", "current", "x")

            class Substitute(ast.NodeTransformer):
                def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
                    self.generic_visit(node)
                    return load(item) if _reads(node, items, index) else node

            alone = local_to(function, index, loop)
            loop.body = [Substitute().visit(s) for s in loop.body]
            if alone and index not in facts.loads(loop.body):
                loop.target, loop.iter = ast.Name(item, ast.Store()), load(items)
            else:
                loop.target = ast.Tuple(
                    [ast.Name(index, ast.Store()), ast.Name(item, ast.Store())], ast.Store()
                )
                loop.iter = call("enumerate", load(items))

        yield edit


def _reads(node: ast.Subscript, items: str, index: str) -> bool:
    return (
        isinstance(node.ctx, ast.Load)
        and isinstance(node.value, ast.Name)
        and node.value.id == items
        and isinstance(node.slice, ast.Name)
        and node.slice.id == index
    )


def enumerate_to_counter(program: Parsed) -> Iterator[Edit]:
    """``for i, x in enumerate(xs)`` counts in a variable of its own. It starts one below, so that
    `continue` needs no care and the counter ends as enumerate leaves it."""
    for function, block, loop in statements(program, ast.For):
        match loop.target, loop.iter:
            case (
                ast.Tuple(elts=[ast.Name(id=index), item]),
                ast.Call(func=ast.Name(id="enumerate"), args=[items, *rest], keywords=[]),
            ):
                pass
            case _:
                continue
        start = rest[0] if rest else ast.Constant(0)
        if (
            "enumerate" in program.shadowed
            or not (isinstance(start, ast.Constant) and type(start.value) is int)
            or index in facts.stores([*loop.body, item])
            or index in facts.loads([items, item])
            or index in facts.captured(function)
            or not local_to(function, index, loop)
        ):
            continue

        def edit(
            block: Block = block, loop: ast.For = loop, index: str = index, item: ast.expr = item,
            items: ast.expr = items, start: ast.Constant = start,
        ) -> None:  # fmt: skip
            before = assign(index, _number(cast(int, start.value) - 1))
            grow = ast.AugAssign(ast.Name(index, ast.Store()), ast.Add(), ast.Constant(1))
            splice(block, loop, before,
                   ast.For(item, items, [grow, *loop.body], loop.orelse))  # fmt: skip

        yield edit


def while_true(program: Parsed) -> Iterator[Edit]:
    """``while c`` becomes ``while True`` with a break."""
    for _, _, loop in statements(program, ast.While):
        if loop.orelse or isinstance(loop.test, ast.Constant):
            continue

        def edit(loop: ast.While = loop) -> None:
            leave = ast.If(negated(loop.test, None), [ast.Break()], [])
            loop.test, loop.body = ast.Constant(True), [leave, *loop.body]

        yield edit


def break_to_condition(program: Parsed) -> Iterator[Edit]:
    """``while True: if c: break; …`` becomes ``while not c``."""
    for _, _, loop in statements(program, ast.While):
        match loop:
            case ast.While(
                test=ast.Constant(value=True),
                body=[ast.If(test=test, body=[ast.Break()], orelse=[]), _, *_],
                orelse=[],
            ):
                pass
            case _:
                continue

        def edit(loop: ast.While = loop, test: ast.expr = test) -> None:
            loop.test = negated(test, None)
            del loop.body[0]

        yield edit


def _range(program: Parsed, node: ast.expr) -> tuple[ast.expr, ast.expr, int] | None:
    if not (isinstance(node, ast.Call) and program.builtin(node.func, "range")) or node.keywords:
        return None
    args = node.args
    if any(isinstance(a, ast.Starred) for a in args) or not 1 <= len(args) <= 3:
        return None
    step = 1
    if len(args) == 3:
        match args[2]:
            case ast.Constant(value=int(step)):
                pass
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(positive))):
                step = -positive
            case _:
                return None
    if not step:
        return None
    return (ast.Constant(0), args[0], 1) if len(args) == 1 else (args[0], args[1], step)


def _number(value: int) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))
