"""A parsed program under transformation: its tree, and what every transformation asks of it."""

import ast
import functools
from collections.abc import Callable
from dataclasses import dataclass

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
        taken = self.used | _RESERVED
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


_RESERVED = frozenset(dir(__import__("builtins"))) | frozenset(__import__("keyword").kwlist)


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
