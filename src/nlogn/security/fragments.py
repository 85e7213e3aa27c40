"""Code as it arrives: fenced, indented, cut off in the middle, or as a piece of a larger buffer."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Set
from functools import lru_cache

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*$", re.M)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_QUOTES = {"python": ('"""', "'''", '"', "'"), "javascript": ("`", '"', "'"), "go": ("`", '"')}
_COMMENT = {"python": "#", "sql": "--"}


_WORD = re.compile(r"\w+")
_SPACED = {k: " " for k in range(128) if not (chr(k).isalnum() or chr(k) == "_")}


def words_of(code: str) -> set[str]:
    """The words of a text: runs of letters, digits and underscores."""
    if code.isascii():  # several times faster than the pattern, which costs as much as parsing
        return set(code.translate(_SPACED).split())
    return set(_WORD.findall(code))


# What stands around the fences of a reply is left out unless a line of it looks like these.
_CODE = re.compile(
    r"""^[ \t]*(?:import\s+\w|from\s+\S+\s+import\b|(?:async\s+)?def\s+\w|class\s+\w+\s*[({:]|"""
    r"""function\b.*\(|package\s+\w+;?$|use\s+[\w\\:]+;|\#include\b|(?:const|let|var)\s+\w+\s*=|"""
    r"""(?:public|private|static|async)\s|func\s+\w*\(|fn\s+\w|<\?|@\w|return\s+[\w.]+\(|\"\"\"|"""
    r"""'''|/\*|//|[\w.]+\s*=[^=]|[\w.]+\(.*\)\s*$)|[;{}][ \t]*$""",
    re.M,
)


def unfence(text: str, tags: Set[str]) -> str:
    """The fenced blocks of a reply, each on its own lines, or the text itself where it is no reply.

    A block that is tagged as another language than `tags` is left out if any other is not. An
    unclosed fence runs to the end. Fences in a docstring or between lines of code are no fences
    of a reply: then only the fences' own lines are left out.
    """
    blocks: list[tuple[int, int, str]] = []
    outside: list[str] = []
    at = 0
    start = _FENCE.search(text)
    while start is not None:
        outside.append(text[at : start.start()])
        mark = start.group(1)
        ends = (m for m in _FENCE.finditer(text, start.end()) if m.group(1).startswith(mark))
        end = next((m for m in ends if not m.group(2)), None)
        blocks.append((start.end(), end.start() if end else len(text), start.group(2).lower()))
        at = end.end() if end else len(text)
        start = _FENCE.search(text, at)
    outside.append(text[at:])
    if any(_CODE.search(part) for part in outside):
        return _FENCE.sub("", text)
    if any(tag in tags or not tag for _, _, tag in blocks):
        blocks = [b for b in blocks if b[2] in tags or not b[2]]
    out, at = "", 0
    for first, last, _ in blocks:
        out += "\n" * text.count("\n", at, first + 1) + dedent(text[first + 1 : last])
        at = max(last, first + 1)
    return out


def dedent(text: str) -> str:
    """Remove the indentation that every line shares; lines stay where they are."""
    margin: str | None = None
    for line in text.split("\n"):
        body = line.lstrip(" \t")
        if not body:
            continue
        indent = line[: len(line) - len(body)]
        if margin is None:
            margin = indent
        while not indent.startswith(margin):
            margin = margin[:-1]
        if not margin:
            return text
    if not margin:
        return text
    n = len(margin)
    return "\n".join(
        line[n:] if line.startswith(margin) else line.lstrip(" \t") for line in text.split("\n")
    )


@lru_cache(maxsize=16)
def _opening(lang: str) -> re.Pattern[str]:
    """What begins a string or a comment, or is a bracket."""
    comment = _COMMENT.get(lang, "//")
    marks = [*_QUOTES.get(lang, ('"', "'")), comment, *(["/*"] if comment == "//" else [])]
    return re.compile("|".join(map(re.escape, marks)) + r"|[()\[\]{}]")


@lru_cache(maxsize=16)
def _ending(quote: str) -> re.Pattern[str]:
    """What ends a string: its quote or, where it is of one line, the line. Escapes come first."""
    line = r"|\n" if len(quote) == 1 and quote != "`" else ""
    return re.compile(r"\\.|" + re.escape(quote) + line, re.S)


def comments(text: str, lang: str) -> Iterator[tuple[int, int]]:
    """Where the comments of a text are: what a string holds is none."""
    opening, comment = _opening(lang), _COMMENT.get(lang, "//")
    hashes = "|#" if lang == "php" else ""
    opening = re.compile(opening.pattern + hashes)
    m = opening.search(text)
    while m is not None:
        found, k = m.group(), m.end()
        if found in (comment, "#", "/*"):
            end = text.find("*/" if found == "/*" else "\n", k)
            k = len(text) if end < 0 else end
            yield m.start(), k
        elif found not in "()[]{}":
            ending = _ending(found)
            end_of = ending.search(text, k)
            while end_of is not None and end_of.group()[0] == "\\":
                end_of = ending.search(text, end_of.end())
            k = len(text) if end_of is None else end_of.end()
        m = opening.search(text, k)


def close(text: str, lang: str) -> str:
    """Finish a half-written fragment: close the open string and brackets at its end."""
    opening, comment = _opening(lang), _COMMENT.get(lang, "//")
    stack: list[str] = []
    open_quote = ""
    m = opening.search(text)
    while m is not None:
        found, k = m.group(), m.end()
        if found == comment:
            k = text.find("\n", k)
            if k < 0:
                break
        elif found == "/*":
            k = text.find("*/", k) + 2
            if k < 2:
                return text + "*/" + "".join(reversed(stack))
        elif found in _PAIRS:
            stack.append(_PAIRS[found])
        elif found in ")]}":
            if stack and found == stack[-1]:
                stack.pop()
        else:
            ending = _ending(found)
            end = ending.search(text, k)
            while end is not None and end.group()[0] == "\\":
                end = ending.search(text, end.end())
            if end is None:
                open_quote = found
                break
            k = end.end()
        m = opening.search(text, k)
    tail = open_quote + "".join(reversed(stack))
    if not tail:
        return text
    if open_quote or (stack and stack[-1] == ")"):
        body = text.rstrip()
        return body + tail
    return text + "\n" + tail


def introduced(before: str, after: str) -> frozenset[int]:
    """The lines of `after`, from 1, that `before` did not have."""
    a, b = before.splitlines(), after.splitlines()
    out: set[int] = set()
    for tag, _, _, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag in ("insert", "replace"):
            out.update(range(j1 + 1, j2 + 1))
    return frozenset(out)
