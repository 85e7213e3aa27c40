"""Counting steps: the same number on every machine, and a limit on it.

A step is one entry into a function or lambda, one turn of a loop, or one item of a comprehension
or generator expression. The program's syntax tree gets a call of the counter in these
places, and keeps its line numbers.
"""

import ast
from typing import Any

import nlogn_limits

COUNTER = "__nlogn_step__"


class _Count(ast.NodeTransformer):
    def _statement(self, near: ast.AST) -> ast.stmt:
        return ast.copy_location(ast.Expr(self._call(near)), near)

    def _call(self, near: ast.AST) -> ast.expr:
        name = ast.copy_location(ast.Name(COUNTER, ast.Load()), near)
        return ast.copy_location(ast.Call(name, [], []), near)

    def _block(self, node: Any) -> Any:
        self.generic_visit(node)
        start = 0
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            start = 1  # a docstring stays first
        node.body.insert(start, self._statement(node.body[0]))
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _block
    visit_For = visit_AsyncFor = visit_While = _block

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        self.generic_visit(node)
        both = ast.BoolOp(ast.And(), [self._call(node.body), node.body])
        node.body = ast.copy_location(both, node.body)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        self.generic_visit(node)
        node.ifs.insert(0, self._call(node.iter))
        return node


class Counter:
    """How many steps were made since the last restart."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.made = 0

    def step(self) -> bool:
        self.made += 1
        if self.made > self.most:
            nlogn_limits.stop("step_limit", f"more than {self.most} steps")
        return True

    def restart(self) -> None:
        self.made = 0


def compiled(code: str, counter: Counter, namespace: dict[str, Any]) -> Any:
    """The code object of `code`, which counts its steps.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `compile` does.
    """
    tree = _Count().visit(ast.parse(code, "<program>"))
    namespace[COUNTER] = counter.step
    return compile(tree, "<program>", "exec", dont_inherit=True)
