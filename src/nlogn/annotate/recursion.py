"""Recursion made iteration: what may be, and the simple shapes of it.

What a call that waits for another one must remember is in `frames` (a stack of frames, each with
the point to go on at) and in `trampoline` (a stack of generators).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from nlogn.annotate import facts
from nlogn.annotate.facts import Block, Function
from nlogn.annotate.program import (
    Edit,
    Parsed,
    assign,
    body_of,
    load,
    negated,
    rebind,
    splice,
)

# A program that mentions one of these may notice how deep it is, or what carries a result.
_NOTICES = frozenset(
    ("RecursionError", "RuntimeError", "StopIteration", "BaseException", "getrecursionlimit",
     "send", "throw")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recursive:
    """A function that calls itself, in the block that defines it, and its calls of itself."""

    function: Function
    block: Block
    calls: tuple[ast.Call, ...]


def tail_call_to_loop(program: Parsed) -> Iterator[Edit]:
    """A function that only calls itself as its last act goes round in a loop instead."""
    for function in program.functions:
        given = facts.simple_parameters(function)
        if not given or facts.captured(function) or not _tail_only(function, given):
            continue
        if any(isinstance(n, (ast.Lambda, *facts.NESTED)) for n in facts.own(function)):
            continue

        def edit(function: Function = function, given: list[str] = given) -> None:
            body = body_of(function)
            kept = function.body[: len(function.body) - len(body)]
            if not facts.ends(body):
                body = [*body, ast.Return(ast.Constant(None))]
            _turn_tails(body, function.name, given)
            function.body = [*kept, ast.While(ast.Constant(True), body, [])]

        yield edit


def recursion_to_sum(program: Parsed) -> Iterator[Edit]:
    """``return e + f(…)`` after a base case gathers its sum, or product, of integers in a loop."""
    for function in program.functions:
        given = facts.simple_parameters(function)
        body = body_of(function)
        match body:
            case [
                ast.If(test=test, body=[ast.Return(value=ast.expr() as base)], orelse=[]),
                ast.Return(
                    value=ast.BinOp(left=left, op=ast.Add() | ast.Mult() as op, right=right)
                ),
            ]:
                pass
            case _:
                continue
        if not given or facts.captured(function):
            continue
        inner, extra = (right, left) if _self_call(right, function.name) else (left, right)
        if not _self_call(inner, function.name) or not isinstance(inner, ast.Call):
            continue
        types = program.types_of(function)
        others = [test, base, extra, *inner.args]
        if (
            len(inner.args) != len(given)
            or any(function.name in facts.names(o) for o in others)
            or not all(program.pure(o) for o in others)
            or not (types.is_int(extra) and types.is_int(base))
        ):
            continue

        def edit(
            function: Function = function, given: list[str] = given, test: ast.expr = test,
            base: ast.expr = base, extra: ast.expr = extra, op: ast.operator = op,
            inner: ast.Call = inner, body: Block = body,
        ) -> None:  # fmt: skip
            kept = program.fresh("total", "gathered", "accumulated", "acc")
            start = ast.Constant(0 if isinstance(op, ast.Add) else 1)
            grow = ast.AugAssign(ast.Name(kept, ast.Store()), op, extra)
            turn = rebind(given, inner.args)
            loop = ast.While(negated(test, None), [grow, *turn], [])
            last = ast.Return(ast.BinOp(load(kept), op, base))
            before = function.body[: len(function.body) - len(body)]
            function.body = [*before, assign(kept, start), loop, last]

        yield edit


def _self_call(node: ast.expr | None, name: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=called), keywords=[]):
            return called == name and not any(isinstance(a, ast.Starred) for a in node.args)
    return False


def _tail_only(function: Function, given: list[str]) -> bool:
    name = function.name
    mentions = sum(isinstance(n, ast.Name) and n.id == name for n in ast.walk(function))
    tails = 0

    def look(block: Block) -> bool:
        nonlocal tails
        for statement in block:
            if isinstance(statement, ast.Return) and _self_call(statement.value, name):
                assert isinstance(statement.value, ast.Call)
                if len(statement.value.args) != len(given):
                    return False
                tails += 1
            elif isinstance(statement, ast.If) and not (
                look(statement.body) and look(statement.orelse)
            ):
                return False
        return True

    return look(function.body) and tails == mentions > 0


def _turn_tails(block: Block, name: str, given: list[str]) -> None:
    for statement in list(block):
        if isinstance(statement, ast.Return) and _self_call(statement.value, name):
            assert isinstance(statement.value, ast.Call)
            turn = rebind(given, statement.value.args)
            splice(block, statement, *turn, ast.Continue())
        elif isinstance(statement, ast.If):
            _turn_tails(statement.body, name, given)
            _turn_tails(statement.orelse, name, given)


# --- what may wait on a stack --------------------------------------------------------------------


def recursive(program: Parsed) -> Iterator[Recursive]:
    """Functions, of the module or nested in others, whose every mention of themselves is a plain
    call that may be made to wait on a stack: no other function calls them back, no exception is
    handled around the call, nothing looks at the depth of the calls."""
    tree = program.tree
    some = [(f, block) for f, block in definitions(tree) if f.name in facts.loads(f)]
    if not some or program.reflects or program.used & _NOTICES or _steps_by_hand(tree):
        return
    for function, block in some:
        name = function.name
        if function.decorator_list or facts.yields(function) or bindings(tree, name) != 1:
            continue
        arguments = function.args
        if arguments.vararg or arguments.kwarg or isinstance(function, ast.AsyncFunctionDef):
            continue
        calls = [
            node for node in _waiting(function.body)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            and node.func.id == name and not any(isinstance(a, ast.Starred) for a in node.args)
            and all(k.arg for k in node.keywords)
        ]  # fmt: skip
        mentions = sum(isinstance(n, ast.Name) and n.id == name for n in ast.walk(function))
        if calls and len(calls) == mentions and not _called_back(tree, function):
            yield Recursive(function, block, tuple(calls))


def definitions(tree: ast.AST) -> Iterator[tuple[Function, Block]]:
    """Functions but methods, with the block that each is in; inner ones after outer ones."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            continue
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                for statement in block:
                    if isinstance(statement, ast.FunctionDef):
                        yield statement, block


def _waiting(block: Block) -> Iterator[ast.AST]:
    """The nodes where a call may wait: not in another scope, nor under try or with."""
    left: list[ast.AST] = list(block)
    while left:
        node = left.pop()
        if isinstance(node, (*facts.NESTED, *facts.COMPREHENSIONS, ast.Try, ast.TryStar, ast.With,
                             ast.AsyncWith, ast.AsyncFor)):  # fmt: skip
            continue
        yield node
        left.extend(ast.iter_child_nodes(node))


def bindings(tree: ast.AST, name: str) -> int:
    """How many times the program binds a name, in whatever scope."""
    count = 0
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=bound, ctx=ast.Store() | ast.Del()) | ast.arg(arg=bound):
                count += bound == name
            case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound):
                count += bound == name
            case ast.ClassDef(name=bound) | ast.ExceptHandler(name=bound):
                count += bound == name
            case ast.MatchAs(name=bound) | ast.MatchStar(name=bound) | ast.MatchMapping(rest=bound):
                count += bound == name
            case ast.alias():
                count += (node.asname or node.name).partition(".")[0] == name
            case ast.Global(names=several) | ast.Nonlocal(names=several):
                count += name in several
    return count


def _steps_by_hand(tree: ast.AST) -> bool:
    """Whether `next` is called without a default: what it raises at the end would mean something
    else in a generator."""
    return any(
        isinstance(n, ast.Name) and n.id == "next" and id(n) not in safe
        for safe in [{
            id(c.func) for c in ast.walk(tree) if isinstance(c, ast.Call) and len(c.args) == 2
        }]
        for n in ast.walk(tree)
    )  # fmt: skip


def _called_back(tree: ast.AST, function: Function) -> bool:
    """Whether another function that this one mentions, or one that those mention, calls it."""
    inside = {id(n) for n in ast.walk(function)}
    others: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and id(node) not in inside:
            if any(id(n) == id(function) for n in ast.walk(node)):
                continue  # it holds the function
            others.setdefault(node.name, set()).update(facts.names(node))
    reached = facts.names(function) & others.keys()
    left = list(reached)
    while left:
        for name in others[left.pop()] & others.keys() - reached:
            reached.add(name)
            left.append(name)
    return any(function.name in others[name] for name in reached)
