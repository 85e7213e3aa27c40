"""Assignments in another form: order, several at once, updates, names for values."""

import ast
import copy
import itertools
from collections.abc import Iterator
from typing import cast

from nlogn.annotate import facts
from nlogn.annotate.facts import Block
from nlogn.annotate.program import (
    Edit,
    Parsed,
    load,
    splice,
    statements,
)


def augmented_to_plain(program: Parsed) -> Iterator[Edit]:
    """``x += e`` becomes ``x = x + e``, for numbers and text."""
    for function, block, statement in statements(program, ast.AugAssign):
        types = program.types_of(function)
        target = statement.target
        plain = isinstance(target, ast.Name) and (
            types.is_number(target) or types.of(target) == "str"
        )
        cell = (
            isinstance(target, ast.Subscript)
            and facts.atom(target.value)
            and facts.atom(target.slice)
        )
        # A list refuses a number: where the operand is one, the cell holds one.
        if not (plain or ((cell or isinstance(target, ast.Name))
                          and types.is_number(statement.value)
                          and isinstance(statement.op, (ast.Add, ast.Sub)))):  # fmt: skip
            continue

        def edit(block: Block = block, statement: ast.AugAssign = statement) -> None:
            read = copy.deepcopy(statement.target)
            read.ctx = ast.Load()
            value = ast.BinOp(read, statement.op, statement.value)
            splice(block, statement, ast.Assign([statement.target], value))

        yield edit


def plain_to_augmented(program: Parsed) -> Iterator[Edit]:
    """``x = x + e`` becomes ``x += e``, for numbers and text."""
    for function, block, statement in statements(program, ast.Assign):
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.BinOp(left=ast.Name(id=left), op=op, right=right),
            ) if name == left:
                pass
            case _:
                continue
        types = program.types_of(function)
        if types.kinds.get(name) not in ("int", "float", "str"):
            continue

        def edit(
            block: Block = block, statement: ast.stmt = statement, name: str = name,
            op: ast.operator = op, right: ast.expr = right,
        ) -> None:  # fmt: skip
            splice(block, statement, ast.AugAssign(ast.Name(name, ast.Store()), op, right))

        yield edit


def reorder(program: Parsed) -> Iterator[Edit]:
    """Two assignments in a row that do not concern each other change places."""
    for function in program.functions:
        if facts.inside_try(function):
            continue
        hidden = facts.captured(function)
        for block in facts.blocks(function):
            for first, second in itertools.pairwise(block):
                parts = [_simple(program, s) for s in (first, second)]
                if parts[0] is None or parts[1] is None:
                    continue
                (put1, read1), (put2, read2) = parts[0], parts[1]
                if put1 & (put2 | read2) or put2 & read1 or (put1 | put2) & hidden:
                    continue

                def edit(
                    block: Block = block, first: ast.stmt = first, second: ast.stmt = second
                ) -> None:
                    at = block.index(first)
                    block[at], block[at + 1] = second, first

                yield edit


def _simple(program: Parsed, statement: ast.stmt) -> tuple[set[str], set[str]] | None:
    """(names written, names read) of an assignment to names that has no other effect."""
    match statement:
        case ast.Assign(targets=targets, value=value) if program.pure(value) or _empty(value):
            if any(not isinstance(t, (ast.Name, ast.Tuple)) for t in targets):
                return None
            if any(isinstance(n, (ast.Subscript, ast.Attribute, ast.Starred))
                   for t in targets for n in ast.walk(t)):  # fmt: skip
                return None
            return facts.stores(targets), facts.loads(value)
    return None


def _empty(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="set" | "list" | "dict" | "deque"), args=[], keywords=[]):
            return True
    return False


def split_assignment(program: Parsed) -> Iterator[Edit]:
    """``a, b = x, y`` becomes two assignments where the second does not read the first name."""
    for function, block, statement in statements(program, ast.Assign):
        match statement:
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Name(id=a) as first, ast.Name() as second])],
                value=ast.Tuple(elts=[x, y]),
            ):
                pass
            case _:
                continue
        if (
            a in facts.loads(y)
            or a in facts.captured(function)
            or a == second.id
            or isinstance(x, ast.Starred)
            or isinstance(y, ast.Starred)
            or not program.pure(y)
        ):
            continue

        def edit(
            block: Block = block, statement: ast.stmt = statement, first: ast.expr = first,
            second: ast.expr = second, x: ast.expr = x, y: ast.expr = y,
        ) -> None:  # fmt: skip
            splice(block, statement, ast.Assign([first], x), ast.Assign([second], y))

        yield edit


def join_assignments(program: Parsed) -> Iterator[Edit]:
    """``a = x`` and ``b = y`` become ``a, b = x, y``."""
    for function in program.functions:
        if facts.inside_try(function):
            continue
        for block in facts.blocks(function):
            for first, second in itertools.pairwise(block):
                match first, second:
                    case (
                        ast.Assign(targets=[ast.Name(id=a) as left], value=x),
                        ast.Assign(targets=[ast.Name(id=b) as right], value=y),
                    ) if a != b and a not in facts.names(y) and facts.atom(y):
                        pass
                    case _:
                        continue
                if (
                    a in facts.captured(function)
                    or isinstance(x, ast.Tuple)
                    or not facts.loads(y) <= facts.locals_of(function)
                ):
                    continue

                def edit(
                    block: Block = block, first: ast.stmt = first, second: ast.stmt = second,
                    left: ast.expr = left, right: ast.expr = right, x: ast.expr = x,
                    y: ast.expr = y,
                ) -> None:  # fmt: skip
                    made = ast.Assign(
                        [ast.Tuple([left, right], ast.Store())], ast.Tuple([x, y], ast.Load())
                    )
                    splice(block, first, made)
                    block.remove(second)

                yield edit


def unpack_swap(program: Parsed) -> Iterator[Edit]:
    """``a, b = b, a`` goes by way of a third name."""
    for _, block, statement in statements(program, ast.Assign):
        match statement:
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Name(id=a), ast.Name(id=b)])],
                value=ast.Tuple(elts=[ast.Name(id=c), ast.Name(id=d)]),
            ) if a == d and b == c and a != b:
                pass
            case _:
                continue

        def edit(
            block: Block = block, statement: ast.stmt = statement, a: str = a, b: str = b
        ) -> None:
            kept = program.fresh("previous", "held", "spare", "temp")
            lines = [(kept, a), (a, b), (b, kept)]
            new = [ast.Assign([ast.Name(to, ast.Store())], load(of)) for to, of in lines]
            splice(block, statement, *new)

        yield edit


def name_value(program: Parsed) -> Iterator[Edit]:
    """``return f(x)`` names its value first."""
    for _, block, statement in statements(program, ast.Return):
        if statement.value is None or facts.atom(statement.value):
            continue

        def edit(block: Block = block, statement: ast.Return = statement) -> None:
            name = program.fresh("result", "answer", "outcome", "value")
            kept = ast.Assign([ast.Name(name, ast.Store())], cast(ast.expr, statement.value))
            splice(block, statement, kept, ast.Return(load(name)))

        yield edit


def return_directly(program: Parsed) -> Iterator[Edit]:
    """``x = e`` and ``return x`` become ``return e``."""
    for function in program.functions:
        hidden = facts.captured(function)
        for block in facts.blocks(function):
            for first, second in itertools.pairwise(block):
                match first, second:
                    case (
                        ast.Assign(targets=[ast.Name(id=a)], value=value),
                        ast.Return(value=ast.Name(id=b)),
                    ) if a == b and a not in hidden:
                        pass
                    case _:
                        continue

                def edit(
                    block: Block = block, first: ast.stmt = first, second: ast.stmt = second,
                    value: ast.expr = value,
                ) -> None:  # fmt: skip
                    splice(block, first, ast.Return(value))
                    block.remove(second)

                yield edit
