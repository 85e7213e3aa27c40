"""Decisions and expressions in another form."""

import ast
import copy
import itertools
from collections.abc import Iterator
from typing import cast

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function, Types
from nlogn.annotate.program import Edit, Parsed, load, replace_child, splice

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPPOSITE_ORDER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip
_MIRROR: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}  # fmt: skip


def negated(test: ast.expr, types: Types | None) -> ast.expr:
    """`not test`, simplified. Orders turn round only between integers, for NaN has no order."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return inner
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            opposite = _OPPOSITE.get(type(op))
            if opposite is None and types and types.is_int(left) and types.is_int(right):
                opposite = _OPPOSITE_ORDER[type(op)]
            if opposite is not None:
                return ast.Compare(left, [opposite()], [right])
    return ast.UnaryOp(ast.Not(), test)


def invert_if(program: Parsed) -> Iterator[Edit]:
    """The branches of an if change places."""
    for function, _, statement in _ifs(program):
        if not statement.orelse:
            continue

        def edit(statement: ast.If = statement, function: Function = function) -> None:
            statement.test = negated(statement.test, program.types_of(function))
            statement.body, statement.orelse = statement.orelse, statement.body

        yield edit


def drop_else(program: Parsed) -> Iterator[Edit]:
    """What follows a branch that leaves needs no else."""
    for _, block, statement in _ifs(program):
        if statement.orelse and facts.ends(statement.body):

            def edit(block: Block = block, statement: ast.If = statement) -> None:
                rest, statement.orelse = statement.orelse, []
                splice(block, statement, statement, *rest)

            yield edit


def add_else(program: Parsed) -> Iterator[Edit]:
    """What follows a branch that leaves goes into an else."""
    for _, block, statement in _ifs(program):
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
        body = _single(copy.deepcopy(_without_docstring(function)), "result")
        if body is None:
            continue

        def edit(function: Function = function) -> None:
            name = program.fresh("result", "answer", "outcome")
            kept = function.body[: len(function.body) - len(_without_docstring(function))]
            made = _single(_without_docstring(function), name)
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
        if isinstance(statement, facts._NESTED):
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


def augmented_to_plain(program: Parsed) -> Iterator[Edit]:
    """``x += e`` becomes ``x = x + e``, for numbers and text."""
    for function, block, statement in _statements(program, ast.AugAssign):
        assert isinstance(statement, ast.AugAssign)
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
    for function, block, statement in _statements(program, ast.Assign):
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


def ternary_to_if(program: Parsed) -> Iterator[Edit]:
    """``x = a if c else b`` becomes an if statement."""
    for _, block, statement in _statements(program, (ast.Assign, ast.Return)):
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
    for _, block, statement in _ifs(program):
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


def split_chain(program: Parsed) -> Iterator[Edit]:
    """``a < b < c`` becomes ``a < b and b < c`` where b is a name or a number."""
    for _, parent, node in _expressions(program, ast.Compare):
        assert isinstance(node, ast.Compare)
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
    for _, parent, node in _expressions(program, ast.BoolOp):
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
    for function, _, node in _expressions(program, ast.BinOp):
        assert isinstance(node, ast.BinOp)
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
    for _, _, node in _expressions(program, ast.Compare):
        assert isinstance(node, ast.Compare)
        if len(node.ops) != 1 or type(node.ops[0]) not in _MIRROR:
            continue
        if not (program.pure(node.left) and program.pure(node.comparators[0])):
            continue

        def edit(node: ast.Compare = node) -> None:
            node.left, node.comparators[0] = node.comparators[0], node.left
            node.ops = [_MIRROR[type(node.ops[0])]()]

        yield edit


def de_morgan(program: Parsed) -> Iterator[Edit]:
    """``if not (a and b)`` becomes ``if not a or not b``, and the like for or."""
    for function, _, node in _expressions(program, (ast.If, ast.While, ast.IfExp)):
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
    for _, _, statement in _ifs(program):
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
    for function, block, statement in _statements(program, ast.Assign):
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
    for function, block, statement in _ifs(program):
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


def parity(program: Parsed) -> Iterator[Edit]:
    """``x // 2`` and ``x >> 1``, ``x % 2`` and ``x & 1``, and the like, for integers."""
    for function, parent, node in _expressions(program, ast.BinOp):
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
    for function, _, node in _expressions(program, (ast.If, ast.While, ast.IfExp)):
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
    for _, parent, node in _expressions(program, ast.JoinedStr):
        assert isinstance(node, ast.JoinedStr)
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
    for function, block, statement in _statements(program, ast.Assign):
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
    for _, block, statement in _statements(program, ast.Assign):
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
    for _, block, statement in _statements(program, ast.Return):
        assert isinstance(statement, ast.Return)
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


# --- what they share ---------------------------------------------------------------------------


def _without_docstring(function: Function) -> Block:
    return function.body[1:] if ast.get_docstring(function) is not None else function.body


def _ifs(program: Parsed) -> Iterator[tuple[Function, Block, ast.If]]:
    for function, block, statement in _statements(program, ast.If):
        assert isinstance(statement, ast.If)
        yield function, block, statement


def _statements(
    program: Parsed, kind: type[ast.stmt] | tuple[type[ast.stmt], ...]
) -> Iterator[tuple[Function, Block, ast.stmt]]:
    for function in program.functions:
        for block in facts.blocks(function):
            for statement in block:
                if isinstance(statement, kind):
                    yield function, block, statement


def _expressions(
    program: Parsed, kind: type[ast.AST] | tuple[type[ast.AST], ...]
) -> Iterator[tuple[Function, ast.AST, ast.AST]]:
    """(function, parent, node) of the function's own nodes of a kind."""
    for function in program.functions:
        for parent in [function, *facts.own(function)]:
            if isinstance(parent, (facts._NESTED)) and parent is not function:
                continue
            for node in ast.iter_child_nodes(parent):
                if isinstance(node, kind):
                    yield function, parent, node
