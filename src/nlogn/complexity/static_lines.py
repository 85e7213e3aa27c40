"""Text in chunks -> logical lines -> statements, each character looked at once.

A logical line ends at a newline outside brackets and triple quotes. Lines that do not parse are
kept as broken; the line still being written is repaired as well as it can be.
"""

import ast
import re
import warnings
from dataclasses import dataclass
from typing import Literal

MAX_REPAIR = 4000  # characters; a longer unfinished line is not parsed on every look

_TOKEN = re.compile(r"""#|\"\"\"|'''|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[()\[\]{}]""", re.S)
_CLOSER = {"(": ")", "[": "]", "{": "}"}
_BLOCKS = re.compile(r"(else|finally|try)\s*:(.*)", re.S)
_TOP = re.compile(r"(async\s+def|def|class)\s+\w+\s*[(:]")
_HEAD = re.compile(r"(async\s+)?(def|class|for|while|if|elif|with|except|match|case)\b")


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: its number (of its first physical line), indentation and text without
    comments."""

    number: int
    indent: int
    text: str


Kind = Literal["statements", "decorator", "else", "elif", "try", "finally", "except", "case"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """`nodes` are complete statements, or one compound header whose block follows when
    `opens`; the words else, try, finally, except and case have no node of their own."""

    kind: Kind
    nodes: tuple[ast.AST, ...] = ()
    opens: bool = False


class Scanner:
    """Feed text of any size; get the logical lines that it completes."""

    def __init__(self) -> None:
        self._number = 1  # of the physical line being read
        self._start = 1
        self._pieces: list[str] = []  # of the logical line being read
        self._open: list[str] = []  # brackets
        self._quote = ""
        self._tail: list[str] = []  # of the physical line being read

    def copy(self) -> "Scanner":
        twin = Scanner()
        twin._number, twin._start, twin._quote = self._number, self._start, self._quote
        twin._pieces, twin._open = list(self._pieces), list(self._open)
        twin._tail = list(self._tail)
        return twin

    def feed(self, text: str) -> list[Line]:
        done = []
        *whole, tail = text.split("\n")
        for piece in whole:
            self._tail.append(piece)
            physical = "".join(self._tail)
            self._tail = []
            if line := self._physical(physical):
                done.append(line)
            self._number += 1
        if tail:
            self._tail.append(tail)
        return done

    def partial(self) -> Line | None:
        """The line being written, or None where nothing stands on it; its text is empty where
        only its indentation is there."""
        tail = "".join(self._tail)
        if not self._pieces and not tail:
            return None
        stripped, _, _ = self._scan(tail, list(self._open), self._quote)
        whole = "\n".join([*self._pieces, stripped])
        start = self._start if self._pieces else self._number
        return Line(start, _indent(whole if self._pieces else tail), whole.strip())

    def unclosed(self) -> str:
        """What would close the brackets and the quote that the line being written has open."""
        brackets, quote = list(self._open), self._quote
        _, brackets, quote = self._scan("".join(self._tail), brackets, quote)
        return quote + "".join(_CLOSER[b] for b in reversed(brackets))

    def _physical(self, physical: str) -> Line | None:
        if not self._pieces:
            self._start = self._number
        text, self._open, self._quote = self._scan(physical, self._open, self._quote)
        continued = not self._quote and text.endswith("\\")
        self._pieces.append(text[:-1] if continued else text)
        if self._open or self._quote or continued:
            if len(self._pieces) > 1 and not self._quote and _TOP.match(physical):
                # A new definition at the margin: the bracket above was never closed.
                self._pieces, self._start = [], self._number
                text, self._open, self._quote = self._scan(physical, [], "")
                self._pieces = [text]
                return None if self._open else self._take()
            return None
        return self._take()

    def _take(self) -> Line | None:
        whole = "\n".join(self._pieces)
        self._pieces = []
        if not whole.strip():
            return None
        return Line(self._start, _indent(whole), whole.strip())

    @staticmethod
    def _scan(physical: str, brackets: list[str], quote: str) -> tuple[str, list[str], str]:
        """The text without its comment, and the brackets and quote open after it."""
        at = 0
        brackets = list(brackets)
        if quote:
            end = physical.find(quote)
            if end < 0:
                return physical, brackets, quote
            at, quote = end + 3, ""
        while match := _TOKEN.search(physical, at):
            token, at = match[0], match.end()
            if token == "#":
                return physical[: match.start()].rstrip(), brackets, ""
            if token in ('"""', "'''"):
                end = physical.find(token, at)
                if end < 0:
                    return physical, brackets, token
                at = end + 3
            elif token in _CLOSER:
                brackets.append(token)
            elif token in ")]}" and brackets:
                brackets.pop()
        return physical.rstrip(), brackets, ""


def _indent(text: str) -> int:
    lead = re.match(r"[ \t]*", text)
    return len(lead[0].expandtabs(8)) if lead else 0


def _tree(text: str) -> tuple[ast.AST, ...] | None:
    try:
        with warnings.catch_warnings():  # "1if" and the like are the writer's business
            warnings.simplefilter("ignore")
            return tuple(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def parse_line(text: str) -> Parsed | None:
    """The statement of one logical line; None where it does not parse."""
    if text.startswith("@"):
        nodes = _tree(text[1:])
        return Parsed("decorator", nodes) if nodes else None
    if match := _BLOCKS.fullmatch(text):
        kind: Kind = match[1]  # type: ignore[assignment]
        rest = match[2].strip()
        nodes = _tree(rest) if rest else ()
        return None if nodes is None else Parsed(kind, nodes, opens=not rest)
    if text.startswith("except"):
        return Parsed("except", opens=text.endswith(":"))
    if text.startswith("case") and (text.endswith(":")) and _tree("match x:\n " + text + " pass"):
        return Parsed("case", opens=True)
    kind = "statements"
    if re.match(r"elif\b", text):
        kind, text = "elif", text[2:]
    if text.endswith(":"):
        body = "\n case _: pass" if re.match(r"match\b", text) else " pass"
        nodes = _tree(text + body)
        if nodes:
            return Parsed(kind, nodes, opens=True)
    nodes = _tree(text)
    return Parsed(kind, nodes) if nodes else None


def parse_partial(text: str, closers: str) -> Parsed | None:
    """The best reading of a line that is still being written."""
    if not text or len(text) > MAX_REPAIR:
        return None
    tries = 0
    while text and tries < 12:
        for ending in (closers, closers + ":", closers + ": pass"):
            candidate = text + ending
            if candidate.endswith(": pass") and not _HEAD.match(text):
                continue
            parsed = parse_line(candidate)
            if parsed:
                return parsed
        shorter = re.sub(r"(\w+|\s+|[^\w\s])$", "", text).rstrip()
        removed = text[len(shorter) :]
        for ch in reversed(removed):
            if ch in "([{" and closers[:1] == _CLOSER[ch]:
                closers = closers[1:]
            elif ch in ")]}":
                closers = ch + closers
        text, tries = shorter, tries + 1
    return None
