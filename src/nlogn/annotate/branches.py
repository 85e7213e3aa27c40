"""Decisions in another form: if and else, early returns, conditions, the larger of two."""

import ast
import copy
import itertools
from collections.abc import Iterator
from typing import cast

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function
from nlogn.annotate.program import (
    Edit,
    Parsed,
    body_of,
    expressions,
    load,
    negated,
    splice,
    statements,
)


def invert_if(program: Parsed) -> Iterator[Edit]:
    """The branches of an if change places."""
    for function, _, statement in statements(program, ast.If):
        if not statement.orelse:
            continue

        def edit(statement: ast.If = statement, function: Function = function) -> None:
            statement.test = negated(statement.test, program.types_of(function))
            statement.body, statement.orelse = statement.orelse, statement.body

        yield edit


def drop_else(program: Parsed) -> Iterator[Edit]:
    """What follows a branch that leaves needs no else."""
    for _, block, statement in statements(program, ast.If):
        if statement.orelse and facts.ends(statement.body):

            def edit(block: Block = block, statement: ast.If = statement) -> None:
                rest, statement.orelse = statement.orelse, []
                splice(block, statement, statement, *rest)

            yield edit


def add_else(program: Parsed) -> Iterator[Edit]:
    """What follows a branch that leaves goes into an else."""
    for _, block, statement in statements(program, ast.If):
        at = block.index(statement)
        if not statement.orelse and facts.ends(statement.body) and block[at + 1 :]:

            def edit(block: Block = block, statement: ast.If = statement, at: int = at) -> None:
                statement.orelse = block[at + 1 :]
                del block[at + 1 :]

            yield edit


def single_exit(program: Parsed) -> Iterator[Edit]:
    """Early returns become assignments to one result, returned at the end."""
    for function in program.functions:
        returns = sum(isinstance(n, ast.Return) for n in facts.own(function))
        if returns < 2 or not facts.ends(function.body):
            continue
        body = _single(copy.deepcopy(body_of(function)), "result")
        if body is None:
            continue

        def edit(function: Function = function) -> None:
            name = program.fresh("result", "answer", "outcome")
            kept = function.body[: len(function.body) - len(body_of(function))]
            made = _single(body_of(function), name)
            assert made is not None
            function.body = [*kept, *made, ast.Return(load(name))]

        yield edit


def _single(block: Block, name: str) -> Block | None:
    """`block`, which ends by returning, with the returns made assignments; None: it cannot be."""
    for i, statement in enumerate(block):
        if not any(isinstance(n, ast.Return) for n in ast.walk(statement)):
            continue
        if isinstance(statement, ast.Return):
            value = statement.value or ast.Constant(None)
            return [*block[:i], ast.Assign([ast.Name(name, ast.Store())], value)]
        if isinstance(statement, facts.NESTED):
            continue
        if not isinstance(statement, ast.If):
            return None
        rest = block[i + 1 :]
        branches = []
        for branch in (statement.body, statement.orelse):
            whole = branch if facts.ends(branch) else [*branch, *copy.deepcopy(rest)]
            if not facts.ends(whole) or isinstance(whole[-1], (ast.Raise, ast.Break, ast.Continue)):
                return None
            if len(rest) > 4 and whole is not branch and facts.ends(statement.body) is False:
                return None  # it would be written twice
            made = _single(whole, name)
            if made is None:
                return None
            branches.append(made)
        return [*block[:i], ast.If(statement.test, branches[0], branches[1])]
    return None


def early_return(program: Parsed) -> Iterator[Edit]:
    """``if c: x = a else: x = b`` and ``return x`` become two returns."""
    for function in program.functions:
        for block in facts.blocks(function):
            for statement, last in itertools.pairwise(block):
                match statement, last:
                    case (
                        ast.If(
                            body=[*_, ast.Assign(targets=[ast.Name(id=a)])],
                            orelse=[*_, ast.Assign(targets=[ast.Name(id=b)])],
                        ),
                        ast.Return(value=ast.Name(id=name)),
                    ) if a == b == name and name not in facts.captured(function):
                        pass
                    case _:
                        continue

                def edit(
                    block: Block = block, statement: ast.If = statement, last: ast.stmt = last
                ) -> None:
                    for branch in (statement.body, statement.orelse):
                        branch[-1] = ast.Return(cast(ast.Assign, branch[-1]).value)
                    block.remove(last)

                yield edit


def ternary_to_if(program: Parsed) -> Iterator[Edit]:
    """``x = a if c else b`` becomes an if statement."""
    for _, block, statement in statements(program, ast.Assign, ast.Return):
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.IfExp):
            continue

        def edit(
            block: Block = block, statement: ast.stmt = statement, value: ast.IfExp = value
        ) -> None:
            def made(part: ast.expr) -> Block:
                one = copy.deepcopy(statement)
                one.value = part  # type: ignore[attr-defined]
                return [one]

            splice(block, statement, ast.If(value.test, made(value.body), made(value.orelse)))

        yield edit


def if_to_ternary(program: Parsed) -> Iterator[Edit]:
    """An if whose two branches assign the same name, or return, becomes an expression."""
    for _, block, statement in statements(program, ast.If):
        match statement:
            case ast.If(
                body=[ast.Assign(targets=[ast.Name(id=a)], value=first)],
                orelse=[ast.Assign(targets=[ast.Name(id=b)], value=second)],
            ) if a == b:
                kept: ast.stmt = statement.body[0]
            case ast.If(body=[ast.Return(value=ast.expr() as first)],
                        orelse=[ast.Return(value=ast.expr() as second)]):  # fmt: skip
                kept = statement.body[0]
            case _:
                continue

        def edit(
            block: Block = block, statement: ast.If = statement, kept: ast.stmt = kept,
            first: ast.expr = first, second: ast.expr = second,
        ) -> None:  # fmt: skip
            kept.value = ast.IfExp(statement.test, first, second)  # type: ignore[attr-defined]
            splice(block, statement, kept)

        yield edit


def de_morgan(program: Parsed) -> Iterator[Edit]:
    """``if not (a and b)`` becomes ``if not a or not b``, and the like for or."""
    for function, _, node in expressions(program, ast.If, ast.While, ast.IfExp):
        test = node.test  # type: ignore[attr-defined]
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp(op=op, values=parts)):
                made: ast.expr = ast.BoolOp(
                    ast.Or() if isinstance(op, ast.And) else ast.And(),
                    [negated(p, program.types_of(function)) for p in parts],
                )
            case ast.BoolOp(op=op, values=parts) if len(parts) == 2:
                inner = ast.BoolOp(
                    ast.Or() if isinstance(op, ast.And) else ast.And(),
                    [negated(p, program.types_of(function)) for p in parts],
                )
                made = ast.UnaryOp(ast.Not(), inner)
            case _:
                continue

        def edit(node: ast.AST = node, made: ast.expr = made) -> None:
            node.test = made  # type: ignore[attr-defined]

        yield edit


def nested_if(program: Parsed) -> Iterator[Edit]:
    """``if a and b`` becomes one if in another, and back."""
    for _, _, statement in statements(program, ast.If):
        if statement.orelse:
            continue
        match statement:
            case ast.If(test=ast.BoolOp(op=ast.And(), values=[first, *others])):

                def edit(
                    statement: ast.If = statement, first: ast.expr = first,
                    others: list[ast.expr] = others,
                ) -> None:  # fmt: skip
                    rest = others[0] if len(others) == 1 else ast.BoolOp(ast.And(), others)
                    statement.body = [ast.If(rest, statement.body, [])]
                    statement.test = first

                yield edit
            case ast.If(test=outer, body=[ast.If(test=inner, body=body, orelse=[])]):

                def join(
                    statement: ast.If = statement, outer: ast.expr = outer,
                    inner: ast.expr = inner, body: Block = body,
                ) -> None:  # fmt: skip
                    statement.test = ast.BoolOp(ast.And(), [outer, inner])
                    statement.body = body

                yield join


def extremum_to_if(program: Parsed) -> Iterator[Edit]:
    """``best = max(best, x)`` becomes ``if x > best: best = x``, for integers."""
    for function, block, statement in statements(program, ast.Assign):
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(
                    func=ast.Name(id="min" | "max" as used),
                    args=[ast.Name(id=first), ast.expr() as other], keywords=[],
                ),
            ) if name == first and used not in program.shadowed:  # fmt: skip
                pass
            case _:
                continue
        if isinstance(other, ast.Starred) or not facts.atom(other):
            continue
        types = program.types_of(function)
        if not (types.is_int(load(name)) and types.is_int(other)):
            continue

        def edit(
            block: Block = block, statement: ast.stmt = statement, name: str = name,
            other: ast.expr = other, used: str = used,
        ) -> None:  # fmt: skip
            test = ast.Compare(other, [ast.Gt() if used == "max" else ast.Lt()], [load(name)])
            put = ast.Assign([ast.Name(name, ast.Store())], copy.deepcopy(other))
            splice(block, statement, ast.If(test, [put], []))

        yield edit


def if_to_extremum(program: Parsed) -> Iterator[Edit]:
    """``if x > best: best = x`` becomes ``best = max(best, x)``, for integers."""
    for function, block, statement in statements(program, ast.If):
        match statement:
            case ast.If(
                test=ast.Compare(left=left, ops=[ast.Gt() | ast.Lt() as op], comparators=[right]),
                body=[ast.Assign(targets=[ast.Name(id=name)], value=value)],
                orelse=[],
            ):
                pass
            case _:
                continue
        types = program.types_of(function)
        texts = ast.unparse(left), ast.unparse(right)
        used = {(ast.unparse(value), name): "max", (name, ast.unparse(value)): "min"}.get(texts)
        if isinstance(op, ast.Lt) and used:
            used = "min" if used == "max" else "max"
        if used is None or used in program.shadowed or not facts.atom(value):
            continue
        if not (types.is_int(left) and types.is_int(right)):
            continue

        def edit(
            block: Block = block, statement: ast.stmt = statement, name: str = name,
            value: ast.expr = value, used: str = used,
        ) -> None:  # fmt: skip
            best = ast.Call(load(used), [load(name), value], [])
            splice(block, statement, ast.Assign([ast.Name(name, ast.Store())], best))

        yield edit
