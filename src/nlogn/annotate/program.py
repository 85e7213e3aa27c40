"""A parsed program under transformation: its tree, and what every transformation asks of it."""

import ast
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from nlogn.annotate import facts

Edit = Callable[[], None]  # changes the tree in place; to be called once


@dataclass(frozen=True)
class Parsed:
    """A program whose entry is a module-level function, or a method `Class.method`.

    `annotations` are those that the problem declares, parameter by parameter, and its result's
    last; () where it declares none.
    """

    tree: ast.Module
    entry: str
    annotations: tuple[str, ...] = ()

    @functools.cached_property
    def shadowed(self) -> set[str]:
        return facts.bound_names(self.tree)

    @functools.cached_property
    def reflects(self) -> bool:
        return facts.reflects(self.tree)

    @functools.cached_property
    def used(self) -> set[str]:
        return facts.names(self.tree)

    @functools.cached_property
    def functions(self) -> list[facts.Function]:
        return facts.functions(self.tree)

    @functools.cached_property
    def _types(self) -> dict[int, facts.Types]:
        return {}

    def types_of(self, function: facts.Function) -> facts.Types:
        if id(function) not in self._types:
            self._types[id(function)] = facts.Types(function, self.shadowed)
        return self._types[id(function)]

    def pure(self, node: ast.expr) -> bool:
        return facts.pure(node, self.shadowed)

    def builtin(self, node: ast.expr, *wanted: str) -> bool:
        """Whether `node` names one of these builtins, and the program has not rebound it."""
        return isinstance(node, ast.Name) and node.id in wanted and node.id not in self.shadowed

    def fresh(self, *wanted: str) -> str:
        """The first of these names that the program does not use; else the first, numbered."""
        taken = self.used | RESERVED
        for name in wanted:
            if name not in taken:
                self.used.add(name)
                return name
        count = 2
        while f"{wanted[0]}_{count}" in taken:
            count += 1
        name = f"{wanted[0]}_{count}"
        self.used.add(name)
        return name


RESERVED = frozenset(dir(__import__("builtins"))) | frozenset(__import__("keyword").kwlist)


def load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def call(function: str, *args: ast.expr) -> ast.Call:
    return ast.Call(load(function), list(args), [])


def replace_child(parent: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for field, value in ast.iter_fields(parent):
        if value is old:
            setattr(parent, field, new)
        elif isinstance(value, list):
            for i, child in enumerate(value):
                if child is old:
                    value[i] = new


def splice(block: facts.Block, old: ast.stmt, *new: ast.stmt) -> None:
    """Put `new` where `old` stands (by identity)."""
    at = next(i for i, statement in enumerate(block) if statement is old)
    block[at : at + 1] = list(new)


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip

_OPPOSITE_ORDER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip


def negated(test: ast.expr, types: facts.Types | None) -> ast.expr:
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


def rebind(given: list[str], values: list[ast.expr]) -> list[ast.stmt]:
    """One assignment of `values` to the names `given`, all at once; none where nothing changes."""
    changed = [
        (g, v)
        for g, v in zip(given, values, strict=True)
        if not (isinstance(v, ast.Name) and v.id == g)
    ]
    if not changed:
        return []
    if len(changed) == 1:
        return [assign(*changed[0])]
    targets: list[ast.expr] = [ast.Name(g, ast.Store()) for g, _ in changed]
    return [
        ast.Assign(
            [ast.Tuple(targets, ast.Store())], ast.Tuple([v for _, v in changed], ast.Load())
        )
    ]


def body_of(function: facts.Function) -> facts.Block:
    """The statements of a function after its docstring."""
    return function.body[1:] if ast.get_docstring(function) is not None else function.body


S = TypeVar("S", bound=ast.stmt)
E = TypeVar("E", bound=ast.AST)


def statements(program: Parsed, *kinds: type[S]) -> Iterator[tuple[facts.Function, facts.Block, S]]:
    """(function, block, statement) of the statements of these kinds, nested functions left out."""
    for function in program.functions:
        for block in facts.blocks(function):
            for statement in block:
                if isinstance(statement, kinds):
                    yield function, block, statement


def expressions(program: Parsed, *kinds: type[E]) -> Iterator[tuple[facts.Function, ast.AST, E]]:
    """(function, parent, node) of the functions' own nodes of these kinds."""
    for function in program.functions:
        for parent in [function, *facts.own(function)]:
            if isinstance(parent, facts.NESTED) and parent is not function:
                continue
            for node in ast.iter_child_nodes(parent):
                if isinstance(node, kinds):
                    yield function, parent, node
