"""Recursion made a loop with a stack of frames: each frame is a point to go on at, and what the
call that waits there must remember.

    stack = [(0, n)]
    result = None
    while stack:
        point, *kept = stack.pop()
        if point == 0: …            # a call begins
        elif point == 1: …          # the first call it waited for has its result

The points are cut as a compiler cuts a function at its calls: calls are first lifted into
statements of their own (`lifting`), what follows one is a point of its own, and so is the head of
a loop that holds one. A frame keeps the names that are alive at its point; where one of them is
not certainly bound there, the function is left alone.
"""

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function
from nlogn.annotate.lifting import Lifting, Unliftable, alive
from nlogn.annotate.program import Edit, Parsed, assign, body_of, call, load
from nlogn.annotate.recursion import Recursive, recursive

_MOST_POINTS = 12
# They have read all of a generator before they return.
_EAGER = frozenset(
    ("sum", "min", "max", "any", "all", "sorted", "list", "set", "dict", "tuple", "frozenset")
)


def recursion_to_frames(program: Parsed) -> Iterator[Edit]:
    """A function that calls itself becomes a loop with a stack of frames."""
    if program.shadowed & {"iter", "next", "object"}:
        return
    for found in recursive(program):
        try:
            made = _made(program, found)
        except Unliftable:
            continue

        def edit(function: Function = found.function, made: Block = made) -> None:
            kept = len(function.body) - len(body_of(function))
            function.body = [*function.body[:kept], *made]

        yield edit


@dataclass(frozen=True)
class _Rest:
    """What is left of a block, then what follows the block."""

    block: Block
    then: "_Rest | _Loop | None"
    loop: "_Loop | None"


@dataclass(frozen=True)
class _Resumed:
    """The result of a call is there; it goes to `target`."""

    target: ast.expr | None
    rest: _Rest


@dataclass(frozen=True)
class _Loop:
    """The next round of a loop; a for loop takes its items from the iterator called `items`."""

    statement: ast.For | ast.While
    items: str
    after: _Rest


_Point = _Rest | _Resumed | _Loop


def _made(program: Parsed, found: Recursive) -> Block:
    """The new body of the function, its docstring apart.

    Raises:
        Unliftable: it cannot be shown that the loop does what the function did.
    """
    function = found.function
    if not _shares_nothing(program, function):
        raise Unliftable
    # Parsed anew: what is remembered on the nodes of the old tree is not true of the new one.
    module = ast.parse(ast.unparse(ast.fix_missing_locations(copy.deepcopy(function))))
    whole = module.body[0]
    assert isinstance(whole, ast.FunctionDef)
    return _Machine(program, whole).build()


def _shares_nothing(program: Parsed, function: Function) -> bool:
    """Whether nothing that outlives a statement holds on to the names of the function: all calls
    are to share them."""
    safe: set[int] = set()
    for node in facts.own(function):
        if not isinstance(node, ast.Call):
            continue
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.GeneratorExp() as made, *_]) if (
                name in _EAGER and name not in program.shadowed
            ):
                safe.add(id(made))
            case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"),
                          args=[ast.GeneratorExp() as made]):  # fmt: skip
                safe.add(id(made))
        match node.func:
            case ast.Name(id="sorted" | "min" | "max" as name) if name not in program.shadowed:
                safe |= {id(k.value) for k in node.keywords if k.arg == "key"}
            case ast.Attribute(attr="sort"):
                safe |= {id(k.value) for k in node.keywords if k.arg == "key"}
    return not any(
        (isinstance(n, (*facts.NESTED, ast.GeneratorExp)) and id(n) not in safe)
        or isinstance(n, (ast.Delete, ast.NamedExpr, ast.Import, ast.ImportFrom, ast.Match))
        for n in facts.own(function)
    )


class _Machine:
    """The points of one function and the code of each."""

    def __init__(self, program: Parsed, function: Function) -> None:
        self.program = program
        self.function = function
        self.given = [a.arg for a in facts.parameters(function)]
        declared = {
            name
            for node in facts.own(function)
            if isinstance(node, (ast.Global, ast.Nonlocal))
            for name in node.names
        }
        self.declared = [n for n in function.body if isinstance(n, (ast.Global, ast.Nonlocal))]
        self.own = facts.locals_of(function) - declared
        self.rebound = {
            name
            for node in ast.walk(program.tree)
            if isinstance(node, (ast.Global, ast.Nonlocal))
            for name in node.names
        }
        self.set_attributes = {
            n.attr
            for n in ast.walk(program.tree)
            if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load)
        }
        self.stack = program.fresh("stack", "pending", "frames", "waiting")
        self.result = program.fresh("result", "value", "answer", "returned")
        self.point = program.fresh("point", "stage", "label", "phase")
        self.kept = program.fresh("kept", "saved", "remembered", "held")
        self.nothing = ""
        self.points: list[_Point] = []
        self.lifting = Lifting(self._waits, self._steady, self._temporary)

    def build(self) -> Block:
        body = [s for s in body_of(self.function) if s not in self.declared]
        if any(isinstance(n, (ast.Global, ast.Nonlocal)) for s in body for n in ast.walk(s)):
            raise Unliftable
        first = _Rest(self.lifting.block(body), None, None)
        if not self._alive(first) & self.own <= set(self.given):
            raise Unliftable  # a name that may not be bound would be found bound by another call
        self.points.append(first)
        codes: list[Block] = []
        while len(codes) < len(self.points) <= _MOST_POINTS:
            codes.append(self._code(self.points[len(codes)]))
        if len(self.points) > _MOST_POINTS:
            raise Unliftable
        return self._whole(codes)

    def _whole(self, codes: list[Block]) -> Block:
        """The loop around the points."""
        for code in codes:
            _drop_last_continue(code)
        chosen = codes[-1]
        for number in reversed(range(len(codes) - 1)):
            test = ast.Compare(load(self.point), [ast.Eq()], [ast.Constant(number)])
            chosen = [ast.If(test, codes[number], chosen)]
        frame: list[ast.expr] = [
            ast.Name(self.point, ast.Store()),
            ast.Starred(ast.Name(self.kept, ast.Store()), ast.Store()),
        ]
        taken = ast.Call(ast.Attribute(load(self.stack), "pop", ast.Load()), [], [])
        unpack = ast.Assign([ast.Tuple(frame, ast.Store())], taken)
        return [
            *self.declared,
            *([assign(self.nothing, call("object"))] if self.nothing else []),
            assign(self.stack, ast.List([self._frame(0, list(map(load, self.given)))], ast.Load())),
            assign(self.result, ast.Constant(None)),
            ast.While(load(self.stack), [unpack, *chosen], []),
            ast.Return(load(self.result)),
        ]

    # --- what waits, and what cannot change meanwhile ----------------------------------------

    def _waits(self, node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == self.function.name
        )

    def _steady(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return name in self.own or name not in self.rebound
            case ast.Attribute(value=ast.Name() as value, attr=attr):
                return self._steady(value) and attr not in self.set_attributes
        return facts.atom(node)

    def _temporary(self) -> str:
        name = self.program.fresh("part", "first", "second", "piece", "third", "inner")
        self.own.add(name)
        return name

    # --- points -------------------------------------------------------------------------------

    def _code(self, point: _Point) -> Block:
        """Take what was kept, then do what is to be done from the point on."""
        names = self._names(point)
        bound = set(names)
        lines: Block = []
        if len(names) == 1:
            only = ast.Subscript(load(self.kept), ast.Constant(0), ast.Load())
            lines.append(assign(names[0], only))
        elif names:
            targets: list[ast.expr] = [ast.Name(n, ast.Store()) for n in names]
            lines.append(ast.Assign([ast.Tuple(targets, ast.Store())], load(self.kept)))
        match point:
            case _Rest():
                lines += self._run(point, bound)
            case _Resumed(target=target, rest=rest):
                if target is not None:
                    lines.append(ast.Assign([copy.deepcopy(target)], load(self.result)))
                    bound |= facts.stores(target)
                lines += self._run(rest, bound)
            case _Loop(statement=ast.While(test=test, body=body), after=after):
                inside = self._run(_Rest(body, point, point), set(bound))
                if isinstance(test, ast.Constant) and test.value is True:
                    lines += inside
                else:
                    over = self._go(after, bound)
                    lines.append(ast.If(copy.deepcopy(test), inside, over))
            case _Loop(statement=ast.For(target=target, body=body), items=items, after=after):
                self.nothing = self.nothing or self.program.fresh("nothing", "exhausted", "missing")
                item = self.program.fresh("item", "following", "upcoming", "current")
                lines.append(assign(item, call("next", load(items), load(self.nothing))))
                test = ast.Compare(load(item), [ast.Is()], [load(self.nothing)])
                lines.append(ast.If(test, [*self._go(after, bound), ast.Continue()], []))
                lines.append(ast.Assign([copy.deepcopy(target)], load(item)))
                bound |= facts.stores(target)
                lines += self._run(_Rest(body, point, point), bound)
        return lines

    def _run(self, rest: _Rest, bound: set[str]) -> Block:
        """The code of what is left of a block, to the end of the call or of the point. `bound`
        are the names that are certainly bound; it grows."""
        lines: Block = []
        for i, statement in enumerate(rest.block):
            left = _Rest(rest.block[i + 1 :], rest.then, rest.loop)
            match statement:
                case ast.Return(value=ast.Call() as value) if self._waits(value):
                    return [*lines, self._begin(value)]
                case ast.Expr(value=ast.Call() as value) if self._waits(value):
                    return [*lines, *self._push(_Resumed(None, left), bound), self._begin(value)]
                case ast.Assign(targets=[target], value=ast.Call() as value) if self._waits(value):
                    waiting = self._push(_Resumed(target, left), bound)
                    return [*lines, *waiting, self._begin(value)]
                case ast.Return() | ast.Break() | ast.Continue():
                    return [*lines, *self._leave(statement, rest.loop, bound)]
                case ast.If(test=test, body=body, orelse=orelse) if self.lifting.holds(statement):
                    then = self._run(_Rest(body, left, rest.loop), set(bound))
                    if facts.ends(body) and not orelse:
                        lines.append(ast.If(copy.deepcopy(test), [*then, ast.Continue()], []))
                        continue
                    other = self._run(_Rest(orelse, left, rest.loop), set(bound))
                    return [*lines, ast.If(copy.deepcopy(test), then, other)]
                case ast.While() if self.lifting.holds(statement):
                    return [*lines, *self._go(_Loop(statement, "", left), bound)]
                case ast.For(iter=items) if self.lifting.holds(statement):
                    name = self._iterator()
                    bound.add(name)
                    lines.append(assign(name, call("iter", copy.deepcopy(items))))
                    return [*lines, *self._go(_Loop(statement, name, left), bound)]
                case ast.For() | ast.While() if _returns(statement):
                    return [*lines, self._searching(statement, left, bound)]
            lines += self._plain([statement], rest.loop, bound)
        return [*lines, *self._go(rest.then, bound)]

    def _plain(self, block: Block, loop: _Loop | None, bound: set[str]) -> Block:
        """Statements without calls that wait. What leaves them goes on with the next frame."""
        lines: Block = []
        for statement in block:
            match statement:
                case ast.Return() | ast.Break() | ast.Continue():
                    return [*lines, *self._leave(statement, loop, bound), ast.Continue()]
                case ast.If(test=test, body=body, orelse=orelse):
                    branches = [self._plain(part, loop, set(bound)) for part in (body, orelse)]
                    lines.append(ast.If(copy.deepcopy(test), *branches))
                case _ if _returns(statement) or (
                    not isinstance(statement, (ast.For, ast.While))
                    and facts.leaves([statement], (ast.Break, ast.Continue))
                ):
                    raise Unliftable  # from within try, with, or a loop of its own
                case _:
                    lines.append(copy.deepcopy(statement))
            bound |= facts.binds(statement)
        return lines

    def _searching(self, loop: ast.For | ast.While, left: _Rest, bound: set[str]) -> ast.stmt:
        """A loop without calls that returns from within: it breaks, and what follows it is its
        else."""
        if loop.orelse or facts.leaves(loop.body, (ast.Break,)):
            raise Unliftable
        made = copy.deepcopy(loop)
        for block in facts.blocks(made):
            for statement in list(block):
                if isinstance(statement, ast.Return):
                    value = statement.value or ast.Constant(None)
                    at = block.index(statement)
                    block[at:] = [assign(self.result, value), ast.Break()]
                elif isinstance(statement, (ast.For, ast.While, ast.Try, ast.TryStar)) and _returns(
                    statement
                ):
                    raise Unliftable
        made.orelse = self._run(left, set(bound))
        return made

    def _leave(self, statement: ast.stmt, loop: _Loop | None, bound: set[str]) -> Block:
        if isinstance(statement, ast.Return):
            return [assign(self.result, copy.deepcopy(statement.value) or ast.Constant(None))]
        assert loop is not None
        return self._go(loop.after if isinstance(statement, ast.Break) else loop, bound)

    def _go(self, point: _Rest | _Loop | None, bound: set[str]) -> Block:
        """Go on at `point`, by way of the stack where there is code of its own."""
        match point:
            case None:
                return [assign(self.result, ast.Constant(None))]
            case _Rest(block=[], then=then):
                return self._go(then, bound)
            case _Rest(block=[ast.Return() as last, *_]) if not self.lifting.holds(last):
                return self._leave(last, None, bound)
            case _Rest(block=[ast.Break() | ast.Continue() as last, *_], loop=loop):
                return self._leave(last, loop, bound)
        return self._push(point, bound)

    def _push(self, point: _Point, bound: set[str]) -> Block:
        """Leave a frame for a point, with what is alive there."""
        if point not in self.points:
            self.points.append(point)
        names = self._names(point)
        if not set(names) <= bound:
            raise Unliftable
        return [self._append(self._frame(self.points.index(point), list(map(load, names))))]

    def _begin(self, node: ast.Call) -> ast.stmt:
        """Leave a frame for a new call."""
        return self._append(self._frame(0, _arguments(self.function, node)))

    def _append(self, frame: ast.expr) -> ast.stmt:
        return ast.Expr(
            ast.Call(ast.Attribute(load(self.stack), "append", ast.Load()), [frame], [])
        )

    @staticmethod
    def _frame(number: int, kept: Sequence[ast.expr]) -> ast.expr:
        return ast.Tuple([ast.Constant(number), *kept], ast.Load())

    def _iterator(self) -> str:
        name = self.program.fresh("items", "rest", "remaining", "coming", "others")
        self.own.add(name)
        return name

    # --- what a frame keeps -------------------------------------------------------------------

    def _names(self, point: _Point) -> list[str]:
        """The names that are alive at a point, in a fixed order."""
        return self.given if point == self.points[0] else sorted(self._alive(point) & self.own)

    def _alive(self, point: _Point | None) -> set[str]:
        match point:
            case None:
                return set()
            case _Resumed(target=target, rest=rest):
                return alive([ast.Assign([target], ast.Constant(None))] if target else [],
                             self._alive(rest), set(), set())  # fmt: skip
            case _Rest(block=block, then=then, loop=loop):
                leave = self._alive(loop.after) if loop else set()
                return alive(block, self._alive(then), leave, self._alive(loop))
            case _Loop(statement=statement, items=items, after=after):
                if isinstance(statement, ast.For):  # its items are in the iterator by now
                    statement = ast.For(statement.target, load(items), statement.body, [])
                return alive([statement], self._alive(after), set(), set()) | ({items} - {""})


def _arguments(function: Function, node: ast.Call) -> list[ast.expr]:
    """The arguments of a call in the order of the parameters.

    Raises:
        Unliftable: that is not the order in which they are evaluated, or one is left to a default
            that is more than a constant.
    """
    a = function.args
    names = [arg.arg for arg in facts.parameters(function)]
    positional = [*a.posonlyargs, *a.args]
    defaults: dict[str, ast.expr] = {
        arg.arg: d for arg, d in zip(positional[::-1], a.defaults[::-1], strict=False)
    }
    defaults |= {
        arg.arg: d for arg, d in zip(a.kwonlyargs, a.kw_defaults, strict=True) if d is not None
    }
    given = dict(zip((arg.arg for arg in positional), node.args, strict=False))
    given |= {k.arg: k.value for k in node.keywords if k.arg}
    order = [names.index(n) for n in given if n in names]
    if len(given) != len(node.args) + len(node.keywords) or set(given) - set(names):
        raise Unliftable  # a TypeError, to be raised as it was
    if order != sorted(order) or {k.arg for k in node.keywords} & {p.arg for p in a.posonlyargs}:
        raise Unliftable
    made = []
    for name in names:
        value = given.get(name, defaults.get(name))
        if value is None or (
            name not in given and not (facts.atom(value) and not isinstance(value, ast.Name))
        ):
            raise Unliftable
        made.append(copy.deepcopy(value))
    return made


def _returns(statement: ast.stmt) -> bool:
    return any(isinstance(n, ast.Return) for n in ast.walk(statement))


def _drop_last_continue(block: Block) -> None:
    """Take away what says that the next frame is next where the point ends anyway."""
    if len(block) > 1 and isinstance(block[-1], ast.Continue):
        del block[-1]
    if block and isinstance(block[-1], ast.If):
        _drop_last_continue(block[-1].body)
        _drop_last_continue(block[-1].orelse)
