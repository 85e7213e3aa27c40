"""A known solution made to fit another signature: renamed, its parameters matched, or wrapped.

The result is a candidate and no more: the judge says whether it is right.
"""

import ast
import io
import itertools
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence

from nlogn.problems import Case, Parameter, Problem, Signature, Solution
from nlogn.problems.signatures import declared
from nlogn.problems.syntax import parse

_MAX_PARAMETERS = 6
_TYPING = {"List": "list", "Dict": "dict", "Tuple": "tuple", "Set": "set", "Sequence": "list",
           "Iterable": "list", "Mapping": "dict", "FrozenSet": "frozenset"}  # fmt: skip
_FROM_TYPING = ("Any", "Callable", "Dict", "FrozenSet", "Iterable", "Iterator", "List", "Mapping",
                "Optional", "Sequence", "Set", "Tuple", "Union")  # fmt: skip


def adapt(solution: Solution, known: Problem, asked: Problem) -> Iterator[str]:
    """Programs with `asked`'s signature that compute what `solution` does, likeliest first.

    Yields nothing where the two do not fit: another number of inputs, a language that has no
    function calls, a whole program where a function is asked.
    """
    if asked.signature is None:
        if known.signature is None:
            yield solution.code
        elif solution.language == "python":
            from nlogn.engine.stdin_program import wrap

            yield from wrap(solution.code, known.signature, asked)
        return
    if known.signature is None or solution.language != "python":
        return
    wanted = _returned(asked)
    if wanted and not _compatible(normal(known.signature.returns), wanted):
        return
    for order in _matchings(known.signature, asked.signature, asked.examples):
        yield _fit(solution.code, known, asked, order)


def _matchings(
    known: Signature, asked: Signature, examples: Sequence[Case]
) -> Iterator[tuple[int, ...]]:
    """For each known parameter the position of the asked one that feeds it, best first."""
    if not len(known.parameters) <= len(asked.parameters) <= _MAX_PARAMETERS:
        if len(known.parameters) == len(asked.parameters):
            yield tuple(range(len(known.parameters)))
        return
    asked_kinds = [_kind(p, i, examples) for i, p in enumerate(asked.parameters)]
    scored = []
    for order in itertools.permutations(range(len(asked.parameters)), len(known.parameters)):
        score = 0.0
        if not all(
            _compatible(normal(parameter.annotation), asked_kinds[j])
            for parameter, j in zip(known.parameters, order, strict=True)
        ):
            continue
        for i, (parameter, j) in enumerate(zip(known.parameters, order, strict=True)):
            score += _likeness(parameter, asked.parameters[j].name, asked_kinds[j])
            score += 0.3 * (i == j)
        scored.append((-score, order))
    scored.sort()
    best = -scored[0][0] if scored else 0.0
    for negative, order in scored[:6]:
        if -negative > best - 3:
            yield order


def _likeness(known: Parameter, name: str, kind: str) -> float:
    score = 2.0 if known.name == name else 0.0
    mine = normal(known.annotation)
    return score + 3 if mine and mine == kind else score


_ALIKE = ({"int", "float", "bool"}, {"list", "tuple"}, {"set", "frozenset", "list"},
          {"dict", "defaultdict", "Counter"})  # fmt: skip


def _compatible(known: str, asked: str) -> bool:
    """Whether a value of the one type can stand for one of the other: an unknown type can for
    any, and ``list[int]`` for ``tuple[int, ...]``, but not for ``list[str]`` or ``int``."""
    known, asked = (re.sub(r"\|None\b|\bNone\|", "", t) for t in (known, asked))
    if not known or not asked or "Any" in (known, asked):
        return True
    a, b = outer(known), outer(asked)
    if a != b and not any({a, b} <= alike for alike in _ALIKE):
        return False
    return all(map(_compatible, _inner(known), _inner(asked)))


def _inner(kind: str) -> list[str]:
    """The types within the brackets: ``int`` and ``str`` of ``dict[int,str]``."""
    parts, depth = [""], 0
    for char in kind.partition("[")[2].removesuffix("]"):
        depth += (char == "[") - (char == "]")
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return [part for part in parts if part != "..."]


def _returned(problem: Problem) -> str:
    """The type of the answer: as annotated, or as the examples show."""
    assert problem.signature
    if problem.signature.returns:
        return normal(problem.signature.returns)
    kinds = {kind_of(c.expected) for c in problem.examples if c.has_expected} - {"None"}
    return max(kinds, key=len, default="")


def _kind(parameter: Parameter, i: int, examples: Sequence[Case]) -> str:
    if parameter.annotation:
        return normal(parameter.annotation)
    kinds = {kind_of(c.args[i]) for c in examples if c.args is not None and i < len(c.args)}
    return max(kinds, key=len, default="")


def kind_of(value: object) -> str:
    """The annotation of a value: ``list[int]`` for ``[3]``."""
    name = "None" if value is None else type(value).__name__
    if isinstance(value, list | set | frozenset) and value:
        inner = {kind_of(v) for v in value}
        return f"{name}[{inner.pop()}]" if len(inner) == 1 else name
    return name


def normal(annotation: str) -> str:
    """An annotation in one spelling: ``typing.List[int]`` -> ``list[int]``."""
    text = re.sub(r"\btyping\.", "", annotation).replace(" ", "")
    text = re.sub(r"\b[A-Z]\w+", lambda m: _TYPING.get(m[0], m[0]), text)
    while match := re.search(r"Optional\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]", text):
        text = text.replace(match[0], match[1] + "|None")
    return text


def outer(kind: str) -> str:
    return kind.split("|")[0].split("[")[0]


def _fit(code: str, known: Problem, asked: Problem, order: tuple[int, ...]) -> str:
    assert known.signature and asked.signature
    ours, theirs = known.signature, asked.signature
    convert = _conversion(known, asked)
    whole = order == tuple(range(len(theirs.parameters)))
    if "." not in ours.entry + theirs.entry and whole and not convert:
        renamed = _rename(code, ours, theirs)
        if renamed:
            return _with_imports(renamed, theirs)
    entry = ours.entry
    if _names(code) & {theirs.entry.split(".")[0]} and "." not in entry:
        code, entry = _rename_one(code, entry, f"_{entry}_"), f"_{entry}_"
    if "." in entry:
        entry = entry.replace(".", "().", 1)
    call = f"{entry}({', '.join(theirs.parameters[j].name for j in order)})"
    lines = [f"    return {convert.format(call) if convert else call}"]
    if "." in theirs.entry:
        cls, method = theirs.entry.split(".", 1)
        self_first = (Parameter("self"), *theirs.parameters)
        header = str(Signature(method, self_first, theirs.returns))
        lines = [f"class {cls}:", f"    {header}", *("    " + line for line in lines)]
    else:
        lines = [str(theirs), *lines]
    return _with_imports(code.rstrip() + "\n\n\n" + "\n".join(lines) + "\n", theirs)


def _conversion(known: Problem, asked: Problem) -> str:
    """A format for the returned value, where a list is asked and a tuple is known, or so."""
    assert known.signature
    have = outer(normal(known.signature.returns))
    want = outer(_returned(asked))
    if have == want or have not in _CONVERTIBLE or want not in ("list", "tuple", "set"):
        return ""
    if "None" in normal(known.signature.returns):
        return f"(lambda r: r if r is None else {want}(r))({{}})"
    return f"{want}({{}})"


_CONVERTIBLE = ("list", "tuple", "set", "dict", "frozenset")


def _rename(code: str, ours: Signature, theirs: Signature) -> str | None:
    """The code with its function and parameters named as asked, or None where names collide."""
    try:
        tree = parse(code)
    except SyntaxError:
        return None
    node = declared(tree).get(ours.entry)
    if node is None or node.args.defaults or node.decorator_list:
        return None
    mapping = {ours.entry: theirs.entry}
    mapping |= {a.arg: p.name for a, p in zip(node.args.args, theirs.parameters, strict=False)}
    changed = {old: new for old, new in mapping.items() if old != new}
    names = _names(code)
    clash = set(changed.values()) & (names - set(changed)) or set(changed.values()) & set(changed)
    words = [k.arg for n in ast.walk(tree) if isinstance(n, ast.Call) for k in n.keywords]
    inner = [a.arg for n in ast.walk(tree) if isinstance(n, ast.arguments) and n is not node.args
             for a in (*n.posonlyargs, *n.args, *n.kwonlyargs)]  # fmt: skip
    if clash or set(changed) & {*words, *inner} or any(map(keyword.iskeyword, changed.values())):
        return None
    text = _replace(code, changed)
    new = declared(parse(text))[theirs.entry]
    lines = text.splitlines()
    first, last = new.lineno - 1, new.body[0].lineno - 1
    if last > first:
        lines[first:last] = [str(theirs), *_comments(lines[first + 1 : last])]
    return "\n".join(lines) + "\n"


def _comments(lines: list[str]) -> list[str]:
    return [line for line in lines if line.lstrip().startswith("#")]


def _rename_one(code: str, old: str, new: str) -> str:
    return _replace(code, {old: new})


def _replace(code: str, names: dict[str, str]) -> str:
    """The text with whole-word names replaced, but not attributes and not inside strings."""
    lines = code.splitlines(keepends=True)
    found: list[tuple[int, int, str]] = []
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NAME and token.string in names and before != ".":
            found.append((*token.start, token.string))
        before = token.string
    for row, column, old in reversed(found):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + names[old] + line[column + len(old) :]
    return "".join(lines)


def _names(code: str) -> set[str]:
    tree = parse(code)
    found = set()
    for node in ast.walk(tree):
        for field in ("id", "name", "arg", "asname"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found.add(value)
    return found


def _with_imports(code: str, signature: Signature) -> str:
    """The code with an import of the `typing` names that the signature's annotations use."""
    text = " ".join([signature.returns, *(p.annotation for p in signature.parameters)])
    imported = {a.name for n in ast.walk(parse(code)) if isinstance(n, ast.ImportFrom)
                for a in n.names}  # fmt: skip
    used = [n for n in _FROM_TYPING if re.search(rf"\b{n}\b", text) and n not in imported]
    return f"from typing import {', '.join(used)}\n\n\n{code}" if used else code
