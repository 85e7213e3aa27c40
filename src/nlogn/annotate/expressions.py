"""Expressions in another form: comparisons, arithmetic, emptiness, text with values in it."""

import ast
import copy
from collections.abc import Iterator

from nlogn.annotate import facts
from nlogn.annotate.program import (
    Edit,
    Parsed,
    expressions,
    load,
    replace_child,
)

_MIRROR: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}  # fmt: skip


def split_chain(program: Parsed) -> Iterator[Edit]:
    """``a < b < c`` becomes ``a < b and b < c`` where b is a name or a number."""
    for _, parent, node in expressions(program, ast.Compare):
        if len(node.ops) != 2 or not facts.atom(node.comparators[0]):
            continue

        def edit(parent: ast.AST = parent, node: ast.Compare = node) -> None:
            middle = copy.deepcopy(node.comparators[0])
            first = ast.Compare(node.left, node.ops[:1], node.comparators[:1])
            second = ast.Compare(middle, node.ops[1:], node.comparators[1:])
            replace_child(parent, node, ast.BoolOp(ast.And(), [first, second]))

        yield edit


def join_chain(program: Parsed) -> Iterator[Edit]:
    """``a < b and b < c`` becomes ``a < b < c``."""
    for _, parent, node in expressions(program, ast.BoolOp):
        match node:
            case ast.BoolOp(
                op=ast.And(),
                values=[
                    ast.Compare(left=left, ops=[first], comparators=[ast.Name(id=a) as middle]),
                    ast.Compare(left=ast.Name(id=b), ops=[second], comparators=[right]),
                ],
            ) if a == b:  # fmt: skip
                pass
            case _:
                continue

        def edit(
            parent: ast.AST = parent, node: ast.AST = node, left: ast.expr = left,
            first: ast.cmpop = first, second: ast.cmpop = second, middle: ast.expr = middle,
            right: ast.expr = right,
        ) -> None:  # fmt: skip
            replace_child(parent, node, ast.Compare(left, [first, second], [middle, right]))

        yield edit


def swap_operands(program: Parsed) -> Iterator[Edit]:
    """``a + b`` becomes ``b + a``, and ``a * b`` ``b * a``, for numbers."""
    for function, _, node in expressions(program, ast.BinOp):
        types = program.types_of(function)
        if (
            not isinstance(node.op, (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor))
            or not (types.is_number(node.left) and types.is_number(node.right))
            or not (program.pure(node.left) and program.pure(node.right))
        ):
            continue

        def edit(node: ast.BinOp = node) -> None:
            node.left, node.right = node.right, node.left

        yield edit


def mirror_comparison(program: Parsed) -> Iterator[Edit]:
    """``a < b`` becomes ``b > a``."""
    if program.reflects:
        return
    for _, _, node in expressions(program, ast.Compare):
        if len(node.ops) != 1 or type(node.ops[0]) not in _MIRROR:
            continue
        if not (program.pure(node.left) and program.pure(node.comparators[0])):
            continue

        def edit(node: ast.Compare = node) -> None:
            node.left, node.comparators[0] = node.comparators[0], node.left
            node.ops = [_MIRROR[type(node.ops[0])]()]

        yield edit


def parity(program: Parsed) -> Iterator[Edit]:
    """``x // 2`` and ``x >> 1``, ``x % 2`` and ``x & 1``, and the like, for integers."""
    for function, parent, node in expressions(program, ast.BinOp):
        match node:
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=ast.Constant(value=2)):
                made: ast.expr = ast.BinOp(left, ast.RShift(), ast.Constant(1))
            case ast.BinOp(left=left, op=ast.RShift(), right=ast.Constant(value=1)):
                made = ast.BinOp(left, ast.FloorDiv(), ast.Constant(2))
            case ast.BinOp(left=left, op=ast.Mod(), right=ast.Constant(value=2)):
                made = ast.BinOp(left, ast.BitAnd(), ast.Constant(1))
            case ast.BinOp(left=left, op=ast.BitAnd(), right=ast.Constant(value=1)):
                made = ast.BinOp(left, ast.Mod(), ast.Constant(2))
            case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=2)):
                made = ast.BinOp(left, ast.LShift(), ast.Constant(1))
            case ast.BinOp(left=ast.Name() as left, op=ast.Pow(), right=ast.Constant(value=2)):
                made = ast.BinOp(left, ast.Mult(), copy.deepcopy(left))
            case _:
                continue
        if not program.types_of(function).is_int(left):
            continue

        def edit(parent: ast.AST = parent, node: ast.AST = node, made: ast.expr = made) -> None:
            replace_child(parent, node, made)

        yield edit


def emptiness(program: Parsed) -> Iterator[Edit]:
    """``if not xs`` and ``if len(xs) == 0``, for containers and text."""
    if "len" in program.shadowed:
        return
    for function, _, node in expressions(program, ast.If, ast.While, ast.IfExp):
        types = program.types_of(function)
        sized = ("list", "dict", "set", "tuple", "str", "deque")
        match node.test:  # type: ignore[attr-defined]
            case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)) if (
                types.kinds.get(name) in sized
            ):
                made: ast.expr = _length(name, ast.Eq())
            case ast.Name(id=name) if types.kinds.get(name) in sized:
                made = _length(name, ast.Gt())
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]),
                ops=[ast.Eq() | ast.Gt() as op], comparators=[ast.Constant(value=0)],
            ):  # fmt: skip
                made = load(name)
                if isinstance(op, ast.Eq):
                    made = ast.UnaryOp(ast.Not(), made)
                if types.kinds.get(name) not in sized:
                    continue
            case _:
                continue

        def edit(node: ast.AST = node, made: ast.expr = made) -> None:
            node.test = made  # type: ignore[attr-defined]

        yield edit


def _length(name: str, op: ast.cmpop) -> ast.expr:
    size = ast.Call(load("len"), [load(name)], [])
    return ast.Compare(size, [op], [ast.Constant(0)])


def f_string_to_format(program: Parsed) -> Iterator[Edit]:
    """An f-string becomes a call of `format` on its text."""
    for _, parent, node in expressions(program, ast.JoinedStr):
        text = ""
        values: list[ast.expr] = []
        for part in node.values:
            match part:
                case ast.Constant(value=str(plain)):
                    text += plain.replace("{", "{{").replace("}", "}}")
                case ast.FormattedValue(value=value, conversion=conversion, format_spec=spec):
                    told = {-1: "", 115: "!s", 114: "!r", 97: "!a"}[conversion]
                    match spec:
                        case None:
                            pass
                        case ast.JoinedStr(values=[ast.Constant(value=str(how))]):
                            told += f":{how}"
                        case _:
                            values = []
                            break
                    text += "{" + told + "}"
                    values.append(value)
        if not values or isinstance(parent, ast.FormattedValue):
            continue

        def edit(
            parent: ast.AST = parent, node: ast.AST = node, text: str = text,
            values: list[ast.expr] = values,
        ) -> None:  # fmt: skip
            method = ast.Attribute(ast.Constant(text), "format", ast.Load())
            replace_child(parent, node, ast.Call(method, values, []))

        yield edit
