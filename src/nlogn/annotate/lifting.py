"""Calls of a function of itself, each made a statement of its own: ``x = f(…)``, ``f(…)`` or
``return f(…)``. What is evaluated before a call, and could be changed by it, is named before it.
"""

import ast
import copy
from collections.abc import Callable

from nlogn.annotate import facts
from nlogn.annotate.facts import Block
from nlogn.annotate.program import assign, load


class Unliftable(Exception):
    """A call stands where it cannot be taken out without a change of order."""


class Lifting:
    """Lifts the calls that `waits` tells out of the statements of one function.

    `steady` tells whether an expression without such calls has the same value before and after
    one. `fresh` makes names for values.
    """

    def __init__(
        self,
        waits: Callable[[ast.AST], bool],
        steady: Callable[[ast.expr], bool],
        fresh: Callable[[], str],
    ) -> None:
        self.waits = waits
        self.steady = steady
        self.fresh = fresh

    def holds(self, node: ast.AST) -> bool:
        """Whether one of the calls is in `node`."""
        return any(self.waits(n) for n in ast.walk(node))

    def block(self, block: Block) -> Block:
        """The statements with every call lifted.

        Raises:
            Unliftable: a call is in a place that this does not know.
        """
        return [made for statement in block for made in self.statement(statement)]

    def statement(self, statement: ast.stmt) -> Block:
        if not self.holds(statement):
            return [statement]
        match statement:
            case ast.Return(value=ast.IfExp(test=test, body=body, orelse=orelse)):
                before, test = self.value(test)
                branches = self.statement(ast.Return(body)), self.statement(ast.Return(orelse))
                return [*before, ast.If(test, *branches)]
            case ast.Return(value=ast.expr() as value):
                before, value = self.top(value)
                return [*before, ast.Return(value)]
            case ast.Expr(value=value):
                before, value = self.top(value)
                return [*before, ast.Expr(value)]
            case ast.Assign(targets=targets, value=value):
                self._keep_away(*targets)
                before, value = self.top(value)
                if self.waits(value) and len(targets) > 1:
                    name = self.fresh()
                    return [*before, assign(name, value), ast.Assign(targets, load(name))]
                return [*before, ast.Assign(targets, value)]
            case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
                before, value = self.top(value)
                return [*before, ast.Assign([target], value)]
            case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
                if not self.steady(load(name)):
                    raise Unliftable
                before, value = self.value(value)
                return [*before, ast.AugAssign(target, op, value)]
            case ast.If(test=test, body=body, orelse=orelse):
                before, test = self.value(test)
                return [*before, ast.If(test, self.block(body), self.block(orelse))]
            case ast.While(test=test, body=body, orelse=[]):
                body = self.block(body)
                if not self.holds(test):
                    return [ast.While(test, body, [])]
                before, test = self.value(test)
                leave = ast.If(ast.UnaryOp(ast.Not(), test), [ast.Break()], [])
                return [ast.While(ast.Constant(True), [*before, leave, *body], [])]
            case ast.For(target=target, iter=items, body=body, orelse=[]):
                self._keep_away(target)
                before, items = self.value(items)
                return [*before, ast.For(target, items, self.block(body), [])]
        raise Unliftable

    def _keep_away(self, *nodes: ast.AST) -> None:
        if any(self.holds(n) for n in nodes):
            raise Unliftable

    def top(self, node: ast.expr) -> tuple[Block, ast.expr]:
        """(statements before, the expression): like `value`, but a call that is all of the
        expression stays."""
        if not self.waits(node):
            return self.value(node)
        assert isinstance(node, ast.Call)
        before, parts = self._in_order([*node.args, *(k.value for k in node.keywords)])
        args, named = parts[: len(node.args)], parts[len(node.args) :]
        made = copy.copy(node)
        made.args = args
        made.keywords = [ast.keyword(k.arg, v) for k, v in zip(node.keywords, named, strict=True)]
        return before, made

    def value(self, node: ast.expr) -> tuple[Block, ast.expr]:
        """(statements before, the expression without any of the calls)."""
        if not self.holds(node):
            return [], node
        if self.waits(node):
            before, made = self.top(node)
            name = self.fresh()
            return [*before, assign(name, made)], load(name)
        match node:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                before, test = self.value(test)
                name = self.fresh()
                return [*before, ast.If(test, self._put(name, body), self._put(name, orelse))], (
                    load(name)
                )
            case ast.BoolOp(op=op, values=[first, *others]):
                name = self.fresh()
                lines = self._put(name, others[-1])
                for each in reversed([first, *others[:-1]]):
                    going: ast.expr = load(name)
                    if isinstance(op, ast.Or):
                        going = ast.UnaryOp(ast.Not(), going)
                    lines = [*self._put(name, each), ast.If(going, lines, [])]
                return lines, load(name)
            case ast.BinOp(left=left, op=op, right=right):
                before, parts = self._in_order([left, right])
                return before, ast.BinOp(parts[0], op, parts[1])
            case ast.UnaryOp(op=op, operand=operand):
                before, parts = self._in_order([operand])
                return before, ast.UnaryOp(op, parts[0])
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                before, parts = self._in_order([left, right])
                return before, ast.Compare(parts[0], [op], [parts[1]])
            case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Slice):
                before, parts = self._in_order([value, index])
                return before, ast.Subscript(parts[0], parts[1], ast.Load())
            case ast.Subscript(value=value, slice=index):
                before, parts = self._in_order([value])
                if self.holds(index):
                    raise Unliftable
                return before, ast.Subscript(parts[0], index, ast.Load())
            case ast.Attribute(value=value, attr=attr):
                before, parts = self._in_order([value])
                return before, ast.Attribute(parts[0], attr, ast.Load())
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                before, parts = self._in_order(elements)
                return before, (
                    ast.Set(parts) if isinstance(node, ast.Set) else type(node)(parts, ast.Load())
                )
            case ast.Call(func=function, args=args, keywords=keywords):
                before, parts = self._in_order([function, *args, *(k.value for k in keywords)])
                named = zip(keywords, parts[1 + len(args) :], strict=True)
                return before, ast.Call(
                    parts[0], parts[1 : 1 + len(args)], [ast.keyword(k.arg, v) for k, v in named]
                )
        raise Unliftable

    def _put(self, name: str, value: ast.expr) -> Block:
        before, value = self.top(value)
        return [*before, assign(name, value)]

    def _in_order(self, parts: list[ast.expr]) -> tuple[Block, list[ast.expr]]:
        """The parts of an expression, evaluated from left to right."""
        last = max((i for i, p in enumerate(parts) if self.holds(p)), default=-1)
        before: Block = []
        made = []
        for i, part in enumerate(parts):
            if isinstance(part, ast.Starred) and (i < last or self.holds(part)):
                raise Unliftable
            if self.holds(part):
                lines, part = self.value(part)
                before += lines
                # What is left of it could be changed by a call that follows.
                if i < last and not self.steady(part):
                    name = self.fresh()
                    before.append(assign(name, part))
                    part = load(name)
            elif i < last and not self.steady(part):
                name = self.fresh()
                before.append(assign(name, part))
                part = load(name)
            made.append(part)
        return before, made


def alive(block: Block, after: set[str], leave: set[str], again: set[str]) -> set[str]:
    """Names whose values may be read from the beginning of `block` on: liveness, backwards over
    the statements.

    Args:
        after: those alive at its end; `leave` after a break, `again` at a continue.
    """
    live = set(after)
    for statement in reversed(block):
        match statement:
            case ast.Assign(targets=targets, value=value):
                live -= {t.id for whole in targets for t in _whole(whole)}
                live |= reads(value, *targets)
            case ast.AugAssign(target=target, value=value):
                live |= reads(value, target) | facts.stores(target)
            case ast.Return(value=value):
                live = reads(value) if value else set()
            case ast.Raise():
                live = reads(statement)
            case ast.Break():
                live = set(leave)
            case ast.Continue():
                live = set(again)
            case ast.If(test=test, body=body, orelse=orelse):
                branches = alive(body, live, leave, again) | alive(orelse, live, leave, again)
                live = branches | reads(test)
            case ast.While(test=test, body=body, orelse=orelse):
                out = alive(orelse, live, leave, again)
                head = out | reads(test)
                while (more := head | alive(body, head, live, head)) != head:
                    head = more
                live = head
            case ast.For(target=target, iter=items, body=body, orelse=orelse):
                bound = {t.id for t in _whole(target)}
                head = alive(orelse, live, leave, again) | reads(target)
                while (more := head | (alive(body, head, live, head) - bound)) != head:
                    head = more
                live = head | reads(items)
            case ast.Expr() | ast.Pass() | ast.Assert():
                live |= reads(statement)
            case _:  # whatever it does, it only adds readers
                live |= reads(statement) | leave | again
    return live


def _whole(target: ast.expr) -> list[ast.Name]:
    """The names that an assignment to `target` binds for certain."""
    if isinstance(target, ast.Name):
        return [target]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for element in target.elts for name in _whole(element)]
    return _whole(target.value) if isinstance(target, ast.Starred) else []


def reads(*nodes: ast.AST) -> set[str]:
    """Names of the scope around whose values are read, without those that a comprehension or a
    lambda binds for itself."""
    found: set[str] = set()
    for node in nodes:
        inside = list(ast.iter_child_nodes(node))
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                found.add(name)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                bound = facts.stores([g.target for g in node.generators])
                found |= (reads(*inside) - bound) | reads(node.generators[0].iter)
            case ast.Lambda(args=arguments):
                bound = {a.arg for a in facts.parameters_of(arguments)}
                found |= (reads(node.body) - bound) | reads(arguments)
            case _:
                found |= reads(*inside)
    return found
