"""Do docstrings and comments speak of the code that they stand with?

The score of one comment is the share of its telling words that the code beside it uses, in names or
literals, word endings aside; documented parameters that the function does not have count as words
that are not found. Low scores mark pasted, outdated or foreign text. It is a share of words, not a
judgement of meaning: prose that explains *why* rightly scores low, so only files whose comments
have next to nothing to do with their code are dropped.
"""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nlogn.corpus.shingles import listed, words
from nlogn.security.fronts.common import GRAMMARS, parser

FEWEST = 3  # comments that a score needs
_STOP = listed(
    """the a an of to and in is are be for on with that this it as by from at or not if you will can
    must may should has have had was were which when where then than so such its into only also any
    all each other more most no none true false we they them their there here do does did done but
    our your what how why one two first second new used use uses using see note todo xxx fixme self
    cls return returns raise raises param parameter parameters args arguments type example
    default"""
)
_SUBWORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PARAMETER = re.compile(
    r"^[^\S\n]*(?::param(?:eter)?\s+(?:[\w.\[\], |]+\s+)?(\w+)\s*:"
    r"|@param\s+(?:\{[^}]*\}\s*)?(\w+))",
    re.M,
)


@dataclass(frozen=True)
class Alignment:
    """`score`: mean share over `comments` comments; 1.0 where there is none."""

    score: float
    comments: int


def alignment(text: str, language: str) -> Alignment:
    """Score of a file; comments that say too little to be compared are left out."""
    pairs = _python(text) if language == "python" else _grammar(text, language)
    scores = [s for said, code, names in pairs if (s := _share(said, code, names)) is not None]
    return Alignment(sum(scores) / len(scores) if scores else 1.0, len(scores))


def _share(said: str, code: set[str], names: set[str] | None) -> float | None:
    wanted = {_stem(w) for w in words(said) if len(w) > 2 and not w.isdigit() and w not in _STOP}
    if len(wanted) < 3:
        return None
    found = len(wanted & code)
    total = len(wanted)
    if names is not None:
        documented = {a or b for a, b in _PARAMETER.findall(said)}
        found += len(documented & names)
        total += len(documented)
    return found / total


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "s",
                   "e", "y"):  # fmt: skip
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _stems(names: Iterator[str]) -> set[str]:
    return {stem for name in set(names) for stem in _parts(name)}


@functools.lru_cache(maxsize=1 << 16)
def _parts(name: str) -> tuple[str, ...]:
    return tuple(_stem(part.lower()) for part in _SUBWORD.findall(name) if len(part) > 2)


def _python(text: str) -> Iterator[tuple[str, set[str], set[str] | None]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        said = ast.get_docstring(node, clean=False)
        if not said:
            continue
        inside = [*_names(node, True)]
        for part in node.body[1:]:
            inside += _names(part, isinstance(node, ast.ClassDef) and hasattr(part, "body"))
        arguments = None
        if not isinstance(node, ast.ClassDef):
            a = node.args
            arguments = {x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs)}
            arguments |= {x.arg for x in (a.vararg, a.kwarg) if x is not None}
            inside += arguments
        yield said, _stems(iter(inside)), arguments


def _names(node: ast.AST, shallow: bool) -> Iterator[str]:
    """Names and short literals of a statement; of a definition only its own name and header."""
    if shallow:
        yield getattr(node, "name", "")
        arguments = getattr(node, "args", None)
        if isinstance(arguments, ast.arguments):
            yield from (a.arg for a in arguments.args)
        for base in (*getattr(node, "bases", ()), *getattr(node, "decorator_list", ())):
            yield from _names(base, False)
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr
        elif isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield inner.name
        elif isinstance(inner, (ast.arg, ast.keyword)) and inner.arg:
            yield inner.arg
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value[:200]


def _grammar(text: str, language: str) -> Iterator[tuple[str, set[str], set[str] | None]]:
    """Each run of comments with the node that follows it."""
    if language not in GRAMMARS:
        return
    data = text.encode(errors="replace")
    waiting = [parser(language).parse(data).root_node]
    while waiting:
        node = waiting.pop()
        said: list[Any] = []
        for child in node.named_children:
            if "comment" in child.type:
                said.append(child)
                continue
            if said:
                code = data[child.start_byte : child.end_byte].decode(errors="replace")
                comment = "\n".join(_of(data, c) for c in said)
                yield comment, _stems(iter(re.findall(r"\w+", code))), None
                said = []
            if child.named_child_count:
                waiting.append(child)


def _of(data: bytes, node: Any) -> str:
    return data[node.start_byte : node.end_byte].decode(errors="replace")
