"""Recursion made a stack of generators: each call is a generator that hands over the calls it
waits for, and a loop resumes them in turn.

What a call remembers while it waits is what its generator keeps, so every place where `yield` may
stand is served: conditions, arguments, loops of any kind.
"""

import ast
import copy
from collections.abc import Iterator

from nlogn.annotate import facts
from nlogn.annotate.facts import Function
from nlogn.annotate.program import Edit, Parsed, assign, body_of, load
from nlogn.annotate.recursion import Recursive, recursive


def recursion_to_generators(program: Parsed) -> Iterator[Edit]:
    """A function that calls itself becomes a generator that yields its calls, and a loop with a
    stack of generators."""
    for found in recursive(program):
        if _needs_its_defaults(found):
            continue

        def edit(found: Recursive = found) -> None:
            function = found.function
            name = program.fresh(f"{function.name}_steps", "explore", "walk", "descend")
            stack = program.fresh("stack", "waiting", "pending", "calls")
            value = program.fresh("result", "value", "answer", "returned")
            done = program.fresh("done", "ended", "finished")
            body = body_of(function)
            kept = function.body[: len(function.body) - len(body)]
            inner = _inner(function, name, _Yielding(found.calls, name).all(body))
            arguments = function.args
            start = ast.Call(
                load(name),
                [load(a.arg) for a in (*arguments.posonlyargs, *arguments.args)],
                [ast.keyword(a.arg, load(a.arg)) for a in arguments.kwonlyargs],
            )
            function.body = [*kept, inner, *_driver(start, stack, value, done)]

        yield edit


def _needs_its_defaults(found: Recursive) -> bool:
    """Whether a call relies on a default that is more than a constant: an object that all calls
    share, made once."""
    a = found.function.args
    defaults = [*a.defaults, *(d for d in a.kw_defaults if d is not None)]
    if all(facts.atom(d) and not isinstance(d, ast.Name) for d in defaults):
        return False
    many = len(a.posonlyargs) + len(a.args) + len(a.kwonlyargs)
    return any(len(c.args) + len(c.keywords) < many for c in found.calls)


def _inner(function: Function, name: str, body: list[ast.stmt]) -> Function:
    arguments = copy.deepcopy(function.args)
    for argument in facts.parameters_of(arguments):
        argument.annotation = None
    arguments.defaults = [
        d if isinstance(d, (ast.Constant, ast.UnaryOp)) else ast.Constant(None)
        for d in arguments.defaults
    ]
    arguments.kw_defaults = [
        d if d is None or isinstance(d, (ast.Constant, ast.UnaryOp)) else ast.Constant(None)
        for d in arguments.kw_defaults
    ]
    return ast.FunctionDef(name, arguments, body, [], None)


class _Yielding(ast.NodeTransformer):
    """Each of the calls becomes the value that is sent for it."""

    def __init__(self, calls: tuple[ast.Call, ...], name: str) -> None:
        self.calls = {id(c) for c in calls}
        self.name = name

    def all(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [self.visit(statement) for statement in body]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        waits = id(node) in self.calls
        self.generic_visit(node)
        if not waits:
            return node
        return ast.Yield(ast.Call(load(self.name), node.args, node.keywords))


def _driver(start: ast.expr, stack: str, value: str, done: str) -> list[ast.stmt]:
    """The loop that resumes the last generator until none is left."""
    top = ast.Subscript(load(stack), ast.UnaryOp(ast.USub(), ast.Constant(1)), ast.Load())
    resumed = ast.Call(ast.Attribute(top, "send", ast.Load()), [load(value)], [])
    push = ast.Call(ast.Attribute(load(stack), "append", ast.Load()), [resumed], [])
    pop = ast.Call(ast.Attribute(load(stack), "pop", ast.Load()), [], [])
    ended = ast.ExceptHandler(
        load("StopIteration"),
        done,
        [ast.Expr(pop), assign(value, ast.Attribute(load(done), "value", ast.Load()))],
    )
    turn = ast.Try([ast.Expr(push), assign(value, ast.Constant(None))], [ended], [], [])
    return [
        assign(stack, ast.List([start], ast.Load())),
        assign(value, ast.Constant(None)),
        ast.While(load(stack), [turn], []),
        ast.Return(load(value)),
    ]
