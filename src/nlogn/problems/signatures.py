"""`Signature` out of Python source: a bare ``def`` line, a stub, or a method of a class."""

import ast
import re

from nlogn.problems import syntax
from nlogn.problems.problem import Parameter, Signature


def parse_signature(source: str) -> Signature:
    """The signature that `source` declares: one function, or one class with one public method
    (the entry is then ``Class.method`` and ``self`` is left out). The body may be missing.

    Raises:
        ValueError: what is wrong and what to write instead.
    """
    functions = declared(_parse(source))
    if len(functions) != 1:
        found = f": {', '.join(functions)}" if functions else ", it must start with `def`"
        raise ValueError(
            f"a signature is one function, but here are {len(functions)}{found}. Write one line "
            "such as `def two_sum(nums: list[int], target: int) -> list[int]:`"
        )
    ((entry, node),) = functions.items()
    return of_function(entry, node)


def declared(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a module and the public methods of its classes, by entry name."""
    found: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            for child in node.body:
                if isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
                    found[f"{node.name}.{child.name}"] = child
    return found


def of_function(entry: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    """The signature of a function's tree, without ``self`` where `entry` is a method."""
    if isinstance(node, ast.AsyncFunctionDef):
        raise ValueError(f"`{entry}` is async: the judge calls plain functions, write `def`")
    args = node.args
    if args.vararg or args.kwarg or args.kwonlyargs:
        raise ValueError(
            f"`{entry}` takes * or ** or keyword-only parameters: the judge passes arguments by "
            "position, so give each a name of its own"
        )
    parameters = [*args.posonlyargs, *args.args]
    static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)
    if "." in entry and not static:
        parameters = parameters[1:]
    return Signature(
        entry=entry,
        parameters=tuple(Parameter(p.arg, _source(p.annotation)) for p in parameters),
        returns=_source(node.returns),
    )


def annotated(code: str, signature: Signature) -> str:
    """`code` with the types of `signature` on its entry where it has none of its own, so that
    inputs made from the code are of the declared types. Unchanged if it has no such entry."""
    try:
        tree = syntax.parse(code)
        node = declared(tree)[signature.entry]
        arguments = [*node.args.posonlyargs, *node.args.args][-len(signature.parameters) :]
        for argument, parameter in zip(arguments, signature.parameters, strict=True):
            if argument.annotation is None and parameter.annotation:
                argument.annotation = syntax.parse_expression(parameter.annotation)
        if node.returns is None and signature.returns:
            node.returns = syntax.parse_expression(signature.returns)
    except (SyntaxError, KeyError, ValueError):
        return code
    return ast.unparse(ast.fix_missing_locations(tree))


def _source(annotation: ast.expr | None) -> str:
    if annotation is None:
        return ""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return ast.unparse(annotation)


def _parse(source: str) -> ast.Module:
    text = source.strip()
    error = SyntaxError("")
    last = text.splitlines()[-1] if text else ""
    indent = " " * (len(last) - len(last.lstrip()) + 4)
    for candidate in (text, text + "\n" + indent + "...", text + ":\n" + indent + "..."):
        try:
            return syntax.parse(candidate)
        except SyntaxError as failure:
            error = failure
    detail = f" ({error.msg})" if error.msg else ""
    if not re.search(r"\bdef\b", text):
        detail = ": it must start with `def`"
    raise ValueError(
        f"the signature does not parse{detail}: "
        "write one line such as `def two_sum(nums: list[int], target: int) -> list[int]:`"
    )
