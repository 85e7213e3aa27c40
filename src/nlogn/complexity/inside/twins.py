"""Instrumented copies of standard-library functions that are written in Python."""

import __future__

import ast
import linecache
import textwrap
import types
from typing import Any

from nlogn.complexity.inside.rewrite import rewrite

TWIN_FILE = "<standard library>"
_MAX_LINES = 400


def twin(function: Any) -> Any:
    """A copy of `function` with counters in it, or None where its source is not at hand.

    It shares globals and defaults with the original, whose behaviour it keeps; what it calls
    is instrumented in turn when it is called.
    """
    code = function.__code__
    if code.co_freevars or code.co_filename.startswith("<"):
        return None
    try:
        source = _source(code)
        owner = function.__qualname__.rpartition(".")[0].rpartition(".")[2]
        if owner.isidentifier():  # in its class, for names with two underscores
            source = f"class {owner}:\n" + textwrap.indent(source, " ")
        tree = rewrite(source, hook_own=True)
        outer = compile(
            tree, TWIN_FILE, "exec", code.co_flags & __future__.annotations.compiler_flag, True
        )
    except (SyntaxError, TypeError, ValueError, OSError, RecursionError, MemoryError):
        return None
    inner = [c for c in outer.co_consts if type(c) is types.CodeType]
    inner += [c for body in inner for c in body.co_consts]
    for constant in inner:
        if type(constant) is types.CodeType and constant.co_name == code.co_name:
            if constant.co_freevars:
                return None
            copy = types.FunctionType(
                constant, function.__globals__, function.__name__, function.__defaults__
            )
            copy.__kwdefaults__ = function.__kwdefaults__
            copy.__module__ = function.__module__
            copy.__qualname__ = function.__qualname__
            return copy
    return None


def _source(code: Any) -> str:
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :][:_MAX_LINES]
    while lines and lines[0].lstrip().startswith("@"):
        del lines[0]
    if not lines or not lines[0].lstrip().startswith(("def ", "async def ")):
        raise ValueError("not a plain function")
    # Its end is the first shorter text that parses with the next line outside the block.
    indent = len(lines[0]) - len(lines[0].lstrip())
    for end in range(1, len(lines)):
        line = lines[end]
        text = line.lstrip()
        if text and len(line) - len(text) <= indent and text[0] not in ")#":
            text = textwrap.dedent("".join(lines[:end]))
            try:
                ast.parse(text)
            except SyntaxError:
                continue
            return text
    return textwrap.dedent("".join(lines))
