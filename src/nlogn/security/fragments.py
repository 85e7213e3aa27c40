"""Code as it arrives: fenced, indented, cut off in the middle, or as a piece of a larger buffer."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*$", re.M)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_QUOTES = {"python": ('"""', "'''", '"', "'"), "javascript": ("`", '"', "'"), "go": ("`", '"')}
_COMMENT = {"python": "#", "sql": "--"}


@dataclass(frozen=True, slots=True)
class Fragment:
    text: str
    first_line: int  # the line of the original on which `text` begins, from 1


def unfence(text: str) -> Fragment:
    """The first fenced block of a reply, or the text itself. An unclosed fence runs to the end."""
    start = _FENCE.search(text)
    if start is None:
        return Fragment(text, 1)
    if text[: start.start()].count("\n") > 0 and not _prose(text[: start.start()]):
        return Fragment(text, 1)  # a fence inside a comment or string of real code
    end = None
    for m in _FENCE.finditer(text, start.end()):
        if m.group(1)[0] == start.group(1)[0] and len(m.group(1)) >= len(start.group(1)):
            end = m
            break
    body = text[start.end() + 1 : end.start() if end else len(text)]
    return Fragment(body, text.count("\n", 0, start.end()) + 2)


def _prose(head: str) -> bool:
    """Whether the text before a fence reads like a sentence rather than like code."""
    code = re.search(
        r"[;{}=]|^\s*(?:import|from|def|class|function|package|use|#include)\b", head, re.M
    )
    return code is None


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


def close(text: str, lang: str) -> str:
    """Finish a half-written fragment: close the open string and brackets at its end."""
    quotes = _QUOTES.get(lang, ('"', "'"))
    comment = _COMMENT.get(lang, "//")
    stack: list[str] = []
    k, n = 0, len(text)
    open_quote = ""
    while k < n:
        c = text[k]
        if open_quote:
            if c == "\\":
                k += 2
                continue
            if text.startswith(open_quote, k):
                k += len(open_quote)
                open_quote = ""
                continue
            if c == "\n" and len(open_quote) == 1 and open_quote != "`":
                open_quote = ""
            k += 1
            continue
        quote = next((q for q in quotes if text.startswith(q, k)), "")
        if quote:
            open_quote = quote
            k += len(quote)
            continue
        if text.startswith(comment, k):
            k = text.find("\n", k)
            if k < 0:
                break
            continue
        if text.startswith("/*", k) and comment == "//":
            end = text.find("*/", k + 2)
            if end < 0:
                return text + "*/" + "".join(reversed(stack))
            k = end + 2
            continue
        if c in _PAIRS:
            stack.append(_PAIRS[c])
        elif stack and c == stack[-1]:
            stack.pop()
        k += 1
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
