"""What every front end needs: the parser, the source by byte offset, the two tables, literals."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any, ClassVar

import tree_sitter

from .. import ir

GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "java": ("tree_sitter_java", "language"),
    "go": ("tree_sitter_go", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "sql": ("tree_sitter_sql", "language"),
}


@lru_cache(maxsize=16)
def parser(lang: str) -> tree_sitter.Parser:
    """The parser of a grammar; the wheel is imported on first use."""
    module, function = GRAMMARS[lang]
    language = tree_sitter.Language(getattr(import_module(module), function)())
    return tree_sitter.Parser(language)


class Source:
    """The text and its tree, with slices by byte offset.

    Tree-sitter counts bytes. For ASCII text, which is nearly all code, a byte offset is also an
    offset into the `str`; other text is encoded with one byte per character instead, so that the
    two never differ (the tree does not care which letter a letter is).
    """

    __slots__ = ("root", "text", "tree")

    def __init__(self, text: str, lang: str) -> None:
        self.text = text
        data = text.encode("latin-1", "replace") if not text.isascii() else text.encode()
        if len(data) != len(text) or not text.isascii():
            data = bytes(b if b < 128 else 97 for b in data)  # one letter per character
        self.tree = parser(lang).parse(data)
        self.root = self.tree.root_node

    def at(self, node: Any) -> str:
        return self.text[node.start_byte : node.end_byte]


class Front:
    """What every language's front end shares: statements and expressions are lowered by table.

    A subclass sets `statements` (node type -> what appends IR statements to a list) and
    `expressions` (node type -> what returns an IR expression). A node in neither table is lowered
    through its children, so that broken code is lowered as far as it parses.
    """

    statements: ClassVar[dict[str, Any]]
    expressions: ClassVar[dict[str, Any]]

    def __init__(self, text: str, lang: str) -> None:
        self.src = Source(text, lang)
        self.at = self.src.at
        self.lang = lang
        self.imports: dict[str, str] = {}
        self.cls = ""

    def module(self) -> ir.Module:
        root = self.src.root
        return ir.Module(self.lang, self.body(root), self.imports, unread(root))

    def pos(self, n: Any) -> int:
        return int(n.start_byte)

    def body(self, node: Any) -> list[Any]:
        out: list[Any] = []
        if node is not None:
            for n in node.named_children:
                self.statement(n, out)
        return out

    def one(self, node: Any) -> list[Any]:
        """A body that may be a single statement."""
        out: list[Any] = []
        if node is not None:
            self.statement(node, out)
        return out

    def statement(self, n: Any, out: list[Any]) -> None:
        kind = n.type
        f = self.statements.get(kind)
        if f is not None:
            f(self, n, out)
        elif kind in self.expressions:
            out.append(ir.Eval(self.expressions[kind](self, n), self.pos(n)))
        else:
            for c in n.named_children:
                self.statement(c, out)

    def skip(self, n: Any, out: list[Any]) -> None:
        pass

    def block(self, n: Any, out: list[Any]) -> None:
        out.extend(self.body(n))

    def expr(self, n: Any) -> Any:
        if n is None:
            return ir.Const(None)
        f = self.expressions.get(n.type)
        return f(self, n) if f is not None else self.other(n)

    def other(self, n: Any) -> Any:
        return ir.Other([self.expr(c) for c in n.named_children], self.pos(n))


def unread(root: Any) -> int:
    """How many bytes of a tree are in no construct of the language, and one for each left out."""
    total = 0
    stack = [root]
    while stack:
        n = stack.pop()
        if n.is_error:
            total += max(1, n.end_byte - n.start_byte)
        elif n.is_missing:
            total += 1
        elif n.has_error:
            stack += n.children
    return total


ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", "'": "'", '"': '"', "`": "`",
           "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": "", "/": "/"}  # fmt: skip
_ESC = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{1,3}|.)", re.S)


def unescape(body: str) -> str:
    """The text that a literal with backslash escapes stands for."""
    if "\\" not in body:
        return body

    def put(m: re.Match[str]) -> str:
        s = m.group(1)
        if s[0] in "xu" and len(s) > 1:
            return chr(int(s[1:], 16))
        if s[0] in "01234567":
            return chr(int(s, 8) & 0xFFFF)
        return ESCAPES.get(s, "\\" + s)

    return _ESC.sub(put, body)


def number(text: str) -> Any:
    """The value of a numeric literal in any of the languages; 0 when it is beyond reading."""
    t = text.replace("_", "").rstrip("lLuUnjJ")
    try:
        if t[:2] in ("0x", "0X"):
            return int(t, 16)
        if t[:2] in ("0b", "0B"):
            return int(t, 2)
        if t[:2] in ("0o", "0O"):
            return int(t, 8)
        if len(t) > 1 and t[0] == "0" and t.isdigit():
            return int(t, 8)
        return int(t) if t.isdigit() else float(t.rstrip("fFdD"))
    except ValueError:
        return 0


def parts(nodes: list[Any], lower: Any) -> ir.Other:
    return ir.Other([lower(n) for n in nodes])
