"""Foreign Python source as a syntax tree: one kind of error, no warnings about its style."""

import ast
import warnings


def parse(source: str) -> ast.Module:
    """The tree of a module.

    Raises:
        SyntaxError: it does not parse, for whatever reason.
    """
    tree = _parse(source, "exec")
    assert isinstance(tree, ast.Module)
    return tree


def parse_expression(source: str) -> ast.expr:
    """The tree of one expression; raises `SyntaxError`."""
    tree = _parse(source.strip(), "eval")
    assert isinstance(tree, ast.Expression)
    return tree.body


def parses(source: str) -> bool:
    try:
        parse(source)
    except SyntaxError:
        return False
    return True


def _parse(source: str, mode: str) -> ast.AST:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, mode=mode)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or "nested too deeply") from None
