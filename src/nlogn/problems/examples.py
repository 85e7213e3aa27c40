"""Examples in the ways people write them, as `Case` values. Nothing is executed.

>>> two_sum([2, 7, 11], 9)          a doctest
(0, 1)

- `two_sum([3, 3], 6)` -> `(0, 1)`   a list of calls, or of bare arguments, and answers
- [3, 3], 6 -> (0, 1)

Input: nums = [3, 3], target = 6     labelled lines
Output: (0, 1)

Input:                               for a whole program: fences in pairs, told apart by their
```                                  info (```input, ```output) or by the line before them
3 4
```
"""

import ast
import os
import re
import string
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from nlogn.problems.errors import ProblemError
from nlogn.problems.literals import NotLiteral, evaluate, evaluate_node, parse_expression, shorten
from nlogn.problems.problem import Case, Parameter, Signature
from nlogn.problems.sections import Block, Section

MAX_ARROWS = 40  # in one example, most of them within texts
_ARROW = re.compile(r"->|→|=>|⇒|==|⟶|\bgives\b|\breturns\b")
_LABELLED = re.compile(
    r"^[^\w\n]{0,9}Input[^\w\n]{0,9}:[*_ ]{0,9}(?P<given>[^\s*_].*)\n+"
    r"[^\w\n]{0,9}Output[^\w\n]{0,9}:[*_ ]{0,9}(?P<answer>[^\s*_].*)$",
    re.I | re.M,
)
_INPUT = re.compile(r"\b(std)?in(put)?\b", re.I)
_OUTPUT = re.compile(r"\b(std)?out(put)?\b", re.I)

Path = str | os.PathLike[str]


def read(
    section: Section, signature: Signature | None, path: Path = "", *, unanswered: bool = False
) -> tuple[tuple[Case, ...], Signature | None]:
    """The cases of an examples section, and the signature, inferred from calls where not given.

    With `unanswered` a list item may be a call alone: the reference says what is right there.

    Raises:
        ProblemError: an example that cannot be read, with its line.
    """
    cases: list[Case] = []
    stdin: Block | None = None
    label = ""
    for block in section.blocks:
        if block.kind == "fence" and (side := _side(block, label)):
            if side == "input":
                if stdin:
                    raise _error("this input has no output", stdin, path)
                stdin = block
            elif stdin is None:
                raise _error("this output has no input before it", block, path)
            else:
                cases.append(Case(stdin=stdin.text, expected=block.text))
                stdin = None
        elif _LABELLED.search(block.text):
            signature = _labelled(block, signature, cases, path)
        elif block.kind == "fence":
            signature = _code(block, signature, cases, path)
        elif block.kind == "item" or _ARROW.search(block.text):
            text = " ".join(block.text.split("\n")) if block.kind == "item" else block.text
            if (
                unanswered
                and block.kind == "item"
                and (call := _call_alone(block, signature, path))
            ):
                cases.append(call)
                continue
            for offset, line in enumerate(text.splitlines()):
                if not _ARROW.search(line):
                    continue
                here = replace(block, text=line, line=block.line + offset)
                case, signature = _pair(here, signature, path)
                cases.append(case)
        label = block.text.strip().splitlines()[-1] if block.kind != "fence" else ""
    if stdin:
        raise _error("this input has no output", stdin, path)
    if not cases:
        raise ProblemError(
            "no example could be read here: write `f(2, 3)` -> `5` as a list item, a doctest in "
            "a code block, or a pair of code blocks ```input and ```output",
            path,
            section.line,
        )
    kinds = {case.stdin is None for case in cases}
    if len(kinds) == 2:
        raise ProblemError(
            "some examples are calls and some are input and output of a whole program: keep one",
            path,
            section.line,
        )
    if signature and False in kinds:
        raise ProblemError(
            "there is a signature, but the examples are input and output of a whole program: "
            "leave the signature out, or write the examples as calls",
            path,
            section.line,
        )
    return tuple(cases), signature


def _side(block: Block, label: str) -> str:
    word = block.info.split()[0].lower() if block.info else ""
    if word in ("input", "stdin", "in"):
        return "input"
    if word in ("output", "stdout", "out"):
        return "output"
    if word not in ("", "text", "txt", "console", "plain", "none") or ">>>" in block.text:
        return ""
    if _OUTPUT.search(label):
        return "output"
    return "input" if _INPUT.search(label) else ""


def _code(
    block: Block, signature: Signature | None, cases: list[Case], path: Path
) -> Signature | None:
    """Doctests, or lines with an arrow or an assert, in a code block."""
    if ">>>" in block.text:
        import doctest

        try:
            found = doctest.DocTestParser().get_examples(block.text)
        except ValueError as error:
            raise _error(f"this doctest does not parse ({error})", block, path) from None
        for example in found:
            here = Block("text", f"{example.source.strip()}", block.line + example.lineno)
            if not example.want.strip():
                raise _error("this doctest shows no answer", here, path)
            args, signature = call_arguments(example.source, signature, here, path)
            cases.append(Case(args=args, expected=_value(example.want, here, path)))
        return signature
    for offset, line in enumerate(block.text.splitlines()):
        if not line.strip():
            continue
        here = Block("text", line.removeprefix("assert "), block.line + offset)
        if not _ARROW.search(line):
            raise _error(f"this is no example: {shorten(line)}", here, path)
        case, signature = _pair(here, signature, path)
        cases.append(case)
    return signature


def _call_alone(block: Block, signature: Signature | None, path: Path) -> Case | None:
    """The case of an item that is one call in backticks; None where it is anything else."""
    found = re.fullmatch(r"(`+)\s?(.+?)\s?\1", block.text.strip(), re.S)
    if found is None or found[1] in re.findall("`+", found[2]):
        return None
    args, _ = call_arguments(found[2], signature, block, path)
    return Case(args=args, has_expected=False)


def _labelled(
    block: Block, signature: Signature | None, cases: list[Case], path: Path
) -> Signature | None:
    """``Input: nums = [2, 7], target = 9`` above ``Output: [0, 1]``, as many as there are."""
    for match in _LABELLED.finditer(block.text):
        line = block.line + block.text.count("\n", 0, match.start("given"))
        here = Block("text", match[0], line)
        given = match["given"].strip(" `*")
        name = signature.entry.split(".")[-1] if signature else ""
        if not name:
            raise _error(
                "an example of this form needs a `## Signature`, or write a call: `f(2, 3)` -> `5`",
                here,
                path,
            )
        args, signature = call_arguments(f"{name}({given})", signature, here, path)
        cases.append(Case(args=args, expected=_value(match["answer"], here, path)))
    return signature


def _pair(block: Block, signature: Signature | None, path: Path) -> tuple[Case, Signature | None]:
    failure: ProblemError | None = None
    for arrow in islice(_ARROW.finditer(block.text), MAX_ARROWS):
        left, right = (_bare(t) for t in (block.text[: arrow.start()], block.text[arrow.end() :]))
        try:
            args, signature_here = call_arguments(left, signature, block, path)
            return Case(args=args, expected=_value(right, block, path)), signature_here
        except ProblemError as error:
            failure = failure or error
    assert failure is not None
    raise failure


def _bare(text: str) -> str:
    """An expression without the Markdown around it."""
    text = text.strip().rstrip(".;").strip()
    if text.count("`") < 20 and (found := re.fullmatch(r"[^`]*(`+)\s?(.+?)\s?\1[^`]*", text, re.S)):
        text = found[2]
    return re.sub(r"^(input|output)s?\s*:\s*", "", text, flags=re.I).strip()


def call_arguments(
    source: str, signature: Signature | None, block: Block, path: Path = ""
) -> tuple[tuple[Any, ...], Signature | None]:
    """The argument tuple of ``f(1, 2)``, ``f(x=1, y=2)`` or of the bare ``1, 2``.

    Raises:
        ProblemError: another function is called, arguments are no literals or not of the number.
    """
    try:
        node = parse_expression(source)
    except NotLiteral as error:
        raise _error(f"{error}", block, path) from None
    try:
        if isinstance(node, ast.Call) and (name := _called(node)) and not _is_literal(node):
            args, signature = _bind(node, name, signature)
        elif signature is None:
            raise ValueError("without a signature an example must be a call such as `f(2, 3)`")
        else:
            value = evaluate_node(node)
            many = isinstance(node, ast.Tuple)
            args = value if many and len(signature.parameters) != 1 else (value,)
            if many and len(signature.parameters) == 1 and not source.strip().startswith("("):
                args = value
    except ValueError as error:
        raise _error(str(error), block, path) from None
    if signature and len(args) != len(signature.parameters):
        raise _error(
            f"{len(args)} arguments in {shorten(source)}, but `{signature.entry}` takes "
            f"{len(signature.parameters)}",
            block,
            path,
        )
    return args, signature


def _is_literal(node: ast.expr) -> bool:
    try:
        evaluate_node(node)
    except NotLiteral:
        return False
    return True


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Call(ast.Name(cls), [], []), method):  # Solution().f(…)
            return f"{cls}.{method}"
        case ast.Attribute(ast.Name(cls), method):
            return f"{cls}.{method}"
    return ""


def _bind(
    node: ast.Call, name: str, signature: Signature | None
) -> tuple[tuple[Any, ...], Signature]:
    positional = [evaluate_node(a) for a in node.args]
    named = {k.arg or "": evaluate_node(k.value) for k in node.keywords}
    if signature is None:
        names = [*string.ascii_lowercase[: len(positional)], *named]
        signature = Signature(name, tuple(map(Parameter, names)))
    if name.split(".")[-1] != signature.entry.split(".")[-1]:
        raise ValueError(f"the example calls `{name}`, but the signature is `{signature.entry}`")
    rest = [p.name for p in signature.parameters[len(positional) :]]
    if unknown := [k for k in named if k not in rest]:
        raise ValueError(f"`{signature.entry}` has no parameter `{unknown[0]}` left to name")
    return (*positional, *(named[p] for p in rest if p in named)), signature


def _value(source: str, block: Block, path: Path) -> Any:
    try:
        return evaluate(_bare(source))
    except NotLiteral as error:
        raise _error(f"the answer is {error}", block, path) from None


def _error(message: str, block: Block, path: Path) -> ProblemError:
    return ProblemError(message, path, block.line)


def infer_from_text(fences: Sequence[Block]) -> Signature | None:
    """The signature of a stub shown in the statement, if exactly one code block is such a stub."""
    from nlogn.problems.signatures import parse_signature

    found = []
    for fence in fences:
        if fence.info.split()[:1] in ([], ["python"], ["py"]) and "def " in fence.text:
            try:
                found.append(parse_signature(fence.text))
            except ValueError:
                continue
    return found[0] if len(found) == 1 else None
