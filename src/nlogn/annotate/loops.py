"""Loops in another form: for and while, items and indices, comprehensions and plain loops."""

import ast
import copy
import itertools
from collections.abc import Iterator
from typing import cast

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function
from nlogn.annotate.program import Edit, Parsed, assign, call, load, splice

# Methods that leave their object as it is, of the builtin containers and strings.
_READING_METHODS = frozenset(
    ("get", "keys", "values", "items", "count", "index", "find", "rfind", "startswith", "endswith",
     "lower", "upper", "strip", "lstrip", "rstrip", "split", "join", "replace", "isdigit",
     "isalpha", "isalnum", "isspace", "isupper", "islower", "bit_length", "copy", "encode",
     "decode", "partition", "rpartition", "format", "title", "zfill", "union", "issubset")
)  # fmt: skip


def for_to_while(program: Parsed) -> Iterator[Edit]:
    """``for i in range(a, b)`` counts by hand; the bound is read once, as range reads it."""
    for function, block, loop in _fors(program):
        target = loop.target
        bounds = _range(program, loop.iter)
        if bounds is None or not isinstance(target, ast.Name) or loop.orelse:
            continue
        start, stop, step = bounds
        if (
            target.id in facts.stores(loop.body)
            or facts.leaves(loop.body, (ast.Continue,))
            or not _local_to(function, target.id, loop)
        ):
            continue
        steady = isinstance(stop, ast.Constant) or (
            facts.atom(stop)
            and not (facts.loads(stop) & _changed(function, loop.body))
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
    for function, block, loop in _whiles(program):
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
            or not _steady(program, function, stop, body)
            or name in facts.loads(stop)
            or name in facts.captured(function)
            or not _local_to(function, name, loop, also=block[at - 1])
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
    for function, block, loop in _fors(program):
        if not isinstance(loop.iter, ast.Name) or not isinstance(loop.target, ast.Name):
            continue
        kind = program.types_of(function).of(loop.iter)
        if (
            kind not in ("list", "str", "tuple")
            or program.shadowed & {"range", "len"}
            or loop.target.id == loop.iter.id
            or not _unchanged(program, function, loop.iter.id, loop.body, kind)
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
    for function, block, loop in _fors(program):
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
            or any(isinstance(n, facts._NESTED) for n in ast.walk(loop))
            or not _unchanged(program, function, items, loop.body, kind)
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

            alone = _local_to(function, index, loop)
            loop.body = [Substitute().visit(s) for s in loop.body]
            if alone and index not in facts.loads(loop.body):
                loop.target, loop.iter = ast.Name(item, ast.Store()), load(items)
            else:
                loop.target = ast.Tuple(
                    [ast.Name(index, ast.Store()), ast.Name(item, ast.Store())], ast.Store()
                )
                loop.iter = call("enumerate", load(items))

        yield edit


def enumerate_to_counter(program: Parsed) -> Iterator[Edit]:
    """``for i, x in enumerate(xs)`` counts in a variable of its own. It starts one below, so that
    `continue` needs no care and the counter ends as enumerate leaves it."""
    for function, block, loop in _fors(program):
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
            or not _local_to(function, index, loop)
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
                    or not all(_local_to(function, one, loop) for one in bound)
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


def while_true(program: Parsed) -> Iterator[Edit]:
    """``while c`` becomes ``while True`` with a break."""
    for _, _, loop in _whiles(program):
        if loop.orelse or isinstance(loop.test, ast.Constant):
            continue

        def edit(loop: ast.While = loop) -> None:
            from nlogn.annotate.branches import negated

            leave = ast.If(negated(loop.test, None), [ast.Break()], [])
            loop.test, loop.body = ast.Constant(True), [leave, *loop.body]

        yield edit


def break_to_condition(program: Parsed) -> Iterator[Edit]:
    """``while True: if c: break; …`` becomes ``while not c``."""
    for _, _, loop in _whiles(program):
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
            from nlogn.annotate.branches import negated

            loop.test = negated(test, None)
            del loop.body[0]

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


def _fors(program: Parsed) -> Iterator[tuple[Function, Block, ast.For]]:
    for function in program.functions:
        for block in facts.blocks(function):
            for statement in block:
                if isinstance(statement, ast.For):
                    yield function, block, statement


def _whiles(program: Parsed) -> Iterator[tuple[Function, Block, ast.While]]:
    for function in program.functions:
        for block in facts.blocks(function):
            for statement in block:
                if isinstance(statement, ast.While):
                    yield function, block, statement


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


def _changed(function: Function, body: Block) -> set[str]:
    return facts.stores(body) | facts.captured(function)


def _local_to(function: Function, name: str, loop: ast.stmt, also: ast.stmt | None = None) -> bool:
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


def _steady(program: Parsed, function: Function, stop: ast.expr, body: Block) -> bool:
    """Whether `stop` has the same value before every round."""
    if isinstance(stop, ast.Constant):
        return True
    used = facts.loads(stop) - {"len"}
    if used & _changed(function, body) or not program.pure(stop):
        return False
    if all(isinstance(n, (ast.Name, ast.Constant, ast.BinOp, ast.operator, ast.Load))
           for n in ast.walk(stop)):  # fmt: skip
        return True
    match stop:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=items)]):
            kind = program.types_of(function).kinds.get(items, "")
            return bool(kind) and _unchanged(program, function, items, body, kind)
    return False


def _unchanged(program: Parsed, function: Function, name: str, body: Block, kind: str) -> bool:
    """Whether the object called `name` stays the same object, and as it is, throughout `body`."""
    if name in _changed(function, body):
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


def _reads(node: ast.Subscript, items: str, index: str) -> bool:
    return (
        isinstance(node.ctx, ast.Load)
        and isinstance(node.value, ast.Name)
        and node.value.id == items
        and isinstance(node.slice, ast.Name)
        and node.slice.id == index
    )


def _has_scope(value: ast.expr) -> bool:
    """Whether there is another scope inside, or a name bound for the function around it."""
    inner = [n for n in ast.walk(value) if n is not value]
    return any(
        isinstance(n, (*facts._NESTED, *facts._COMPREHENSIONS, ast.NamedExpr, ast.Await))
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
