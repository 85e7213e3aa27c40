"""What leaves the meaning alone and changes the look: hints, docstrings, comments."""

import ast
import builtins
import random
import re
from collections.abc import Iterator

from nlogn.annotate import facts
from nlogn.annotate.program import Edit, Parsed


def drop_hints(program: Parsed) -> Iterator[Edit]:
    """No type hints, on parameters, results and local names."""
    hinted = [
        node for f in program.functions for node in [f, *facts.own(f)]
        if (isinstance(node, ast.FunctionDef) and node.returns)
        or (isinstance(node, ast.arg) and node.annotation)
        or isinstance(node, ast.AnnAssign)
    ]  # fmt: skip
    if not hinted:
        return

    def edit() -> None:
        for function in program.functions:
            function.returns = None
            for arg in facts.parameters(function):
                arg.annotation = None
            for block in facts.blocks(function):
                for i, statement in enumerate(block):
                    match statement:
                        case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
                            block[i] = ast.Assign([target], value)

    yield edit


def add_hints(program: Parsed) -> Iterator[Edit]:
    """The types that the problem declares, on the entry's parameters and result."""
    for function in program.functions:
        given = facts.simple_parameters(function)
        if function.name != program.entry or given is None or not program.annotations:
            continue
        if len(given) != len(program.annotations) - 1 or function.returns is not None:
            continue
        trees = [_hint(program, text) for text in program.annotations]
        if not any(trees):
            continue

        def edit(function: facts.Function = function, trees: list[ast.expr | None] = trees) -> None:
            for arg, tree in zip(function.args.args, trees, strict=False):
                arg.annotation = arg.annotation or tree
            function.returns = trees[-1]

        yield edit


def _hint(program: Parsed, text: str) -> ast.expr | None:
    """The annotation, where all its names are builtins: others may not be imported."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    used = facts.loads(tree)
    known = set(dir(builtins)) - program.shadowed
    return tree if used <= known and not isinstance(tree, ast.Constant) else None


def drop_docstring(program: Parsed) -> Iterator[Edit]:
    for function in program.functions:
        if ast.get_docstring(function) is not None and len(function.body) > 1:

            def edit(function: facts.Function = function) -> None:
                del function.body[0]

            yield edit


def add_docstring(program: Parsed) -> Iterator[Edit]:
    """A docstring in one of four styles, made of the function's own names."""
    for function in program.functions:
        if ast.get_docstring(function) is not None:
            continue
        given = [a.arg for a in facts.parameters(function)]
        for style in range(4):

            def edit(
                function: facts.Function = function, style: int = style, given: list[str] = given
            ) -> None:
                text = _docstring(function.name, given, style)
                function.body.insert(0, ast.Expr(ast.Constant(text)))

            yield edit


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").strip().lower()


def _docstring(name: str, given: list[str], style: int) -> str:
    title = _words(name).capitalize() or "Work"
    if style == 0 or not given:
        return f"{title}."
    if style == 1:
        lines = "\n".join(f"        {g}: the {_words(g)}." for g in given)
        return f"{title}.\n\n    Args:\n{lines}\n\n    Returns:\n        The result.\n    "
    if style == 2:
        lines = "\n".join(f"    {g}\n        The {_words(g)}." for g in given)
        return f"{title}.\n\n    Parameters\n    ----------\n{lines}\n    "
    lines = "\n".join(f"    :param {g}: the {_words(g)}" for g in given)
    return f"{title}.\n\n{lines}\n    :returns: the result\n    "


_REMARKS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.For: ("go through {what}", "one by one", "for each of {what}", "visit {what} in order"),
    ast.While: ("repeat as long as needed", "until nothing is left", "keep going"),
    ast.If: ("decide", "special case", "check {what}", "only when {what} matters"),
    ast.Return: ("done", "the answer", "what was asked for"),
    ast.FunctionDef: ("helper", "see below for its use", "works on {what}"),
    ast.Assign: ("prepare {what}", "set up {what}", "remember {what}"),
}


def comment(code: str, seed: int) -> str:
    """`code` with a few comments on lines of their own, or at line ends."""
    rng = random.Random(seed)
    tree = ast.parse(code)
    lines = code.split("\n")
    inside: set[int] = set()  # lines within a text that spans several: nothing may be put there
    for node in ast.walk(tree):
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno != node.lineno:
            inside.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    spots = [
        node for node in ast.walk(tree)
        if type(node) in _REMARKS and getattr(node, "lineno", 0) not in inside
        and lines[node.lineno - 1].lstrip().startswith(ast.unparse(node)[:3])  # type: ignore[attr-defined]
    ]  # fmt: skip
    chosen = rng.sample(spots, min(len(spots), rng.randint(1, 4)))
    for node in sorted(chosen, key=lambda n: -n.lineno):  # type: ignore[attr-defined]
        at = node.lineno - 1  # type: ignore[attr-defined]
        mentioned = sorted(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
        what = _words(rng.choice(mentioned)) if mentioned else "it"
        remark = rng.choice(_REMARKS[type(node)]).format(what=what)
        if rng.random() < 0.3 and isinstance(node, (ast.Assign, ast.Return)) and (
            node.end_lineno == node.lineno
        ):  # fmt: skip
            lines[at] += f"  # {remark}"
            continue
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lines.insert(at, f"{indent}# {rng.choice((remark, remark.capitalize()))}")
    return "\n".join(lines)
