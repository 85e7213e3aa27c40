"""Markdown to sections: headings, fences, list items and paragraphs with their line numbers."""

import difflib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nlogn.problems.errors import ProblemError

SINGLE = (
    "preamble", "signature", "examples", "tests", "limits", "paradigm", "phrasings", "generators",
    "checker", "rationale", "source",
)  # fmt: skip
NAMED = ("right", "wrong")
_ALIASES = {"example": "examples", "limit": "limits", "generator": "generators"}


@dataclass(frozen=True, slots=True)
class Block:
    """A fence, a list item or a paragraph. `line` is that of its first line of text."""

    kind: Literal["fence", "item", "text"]
    text: str
    line: int
    info: str = ""  # what follows the backticks of a fence


@dataclass(slots=True)
class Section:
    """One ``## Heading`` and what follows it; `kind` is "text" for headings of no meaning here."""

    kind: str
    name: str  # of a right or wrong solution
    line: int
    level: int
    blocks: list[Block] = field(default_factory=list)

    def fences(self) -> list[Block]:
        return [b for b in self.blocks if b.kind == "fence"]

    def prose(self) -> str:
        return "\n\n".join(b.text for b in self.blocks if b.kind == "text")


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    statement: str  # the source text outside of all known sections
    sections: tuple[Section, ...]
    fences: tuple[Block, ...]  # those in the statement

    def one(self, kind: str) -> Section | None:
        return next((s for s in self.sections if s.kind == kind), None)

    def all(self, kind: str) -> list[Section]:
        return [s for s in self.sections if s.kind == kind]


def blocks(text: str) -> list[Any]:
    """The block tokens of a Markdown text. Emphasis, links and the like are left unparsed: nobody
    here needs them, and on hostile text they take quadratic time."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser.parse(text)


def split(text: str, path: str | os.PathLike[str] = "") -> Document:
    """The sections of a statement.

    Raises:
        ProblemError: an unclosed fence, a section given twice, a misspelt section heading.
    """
    lines = text.split("\n")  # as Markdown counts them
    title, statement, fences = "", list(lines), []
    sections: list[Section] = []
    current: Section | None = None
    tokens = blocks(text)
    in_item = 0
    for i, token in enumerate(tokens):
        if token.type == "list_item_open":
            in_item += 1
        elif token.type == "list_item_close":
            in_item -= 1
        if token.map is None or token.nesting < 0:
            continue
        start, end = token.map
        if token.type == "heading_open" and not in_item:
            heading = tokens[i + 1].content.strip()
            level = int(token.tag[1])
            section = _section(heading, level, start + 1, path)
            if section is None and not title and level == 1:
                title, current = heading, None
                statement[start:end] = [""] * (end - start)
            elif section is None and current is not None:
                if level <= current.level:
                    current = None
                else:
                    current.blocks.append(Block("text", heading, start + 1))
            if section:
                _refuse_twice(section, sections, path)
                sections.append(section)
                current = section
            if current is not None:
                statement[start:end] = [""] * (end - start)
        elif token.type in ("fence", "code_block", "inline"):
            block = _block(token.type, token.content, token.info, start + 1, bool(in_item))
            if token.type == "fence":
                _require_closed(lines[start:end], token.markup, start + 1, path)
            if tokens[i - 1].type == "heading_open":
                continue
            if current is not None:
                current.blocks.append(block)
            elif block.kind == "fence":
                fences.append(block)
        if current is not None and token.level == 0:
            statement[start:end] = [""] * (end - start)
    return Document(title, tidy("\n".join(statement)), tuple(sections), tuple(fences))


def _section(heading: str, level: int, line: int, path: str | os.PathLike[str]) -> Section | None:
    head, colon, name = heading.partition(":")
    word = _ALIASES.get(head.strip().lower(), head.strip().lower())
    if word in SINGLE and not name.strip():
        return Section(word, "", line, level)
    if word in NAMED and (colon or level > 1):
        if not name.strip():
            raise ProblemError(
                f"this {word} solution has no name: write `## {word.title()}: what it does`",
                path,
                line,
            )
        return Section(word, name.strip(), line, level)
    if level > 1 and (near := difflib.get_close_matches(word, (*SINGLE, *NAMED), 1, 0.82)):
        raise ProblemError(
            f"unknown section “{heading}”: did you mean `## {near[0].title()}`?", path, line
        )
    return None


def _refuse_twice(section: Section, seen: Sequence[Section], path: str | os.PathLike[str]) -> None:
    for other in seen:
        if (other.kind, other.name) == (section.kind, section.name):
            what = ": ".join(filter(None, (section.kind.title(), section.name)))
            raise ProblemError(
                f"a second section “{what}” (the first is on line {other.line}): "
                + ("give it another name" if section.name else "join the two"),
                path,
                section.line,
            )


def _block(kind: str, content: str, info: str, line: int, in_item: bool) -> Block:
    if kind == "inline":
        return Block("item" if in_item else "text", content, line)
    return Block("fence", content, line + (kind == "fence"), info.strip())


def _require_closed(
    lines: Sequence[str], markup: str, line: int, path: str | os.PathLike[str]
) -> None:
    last = lines[-1].strip().lstrip("> ") if len(lines) > 1 else ""
    if set(last) != {markup[0]} or len(last) < len(markup):
        raise ProblemError(
            f"the code block that opens here is never closed: add a line `{markup}` after it",
            path,
            line,
        )


def tidy(text: str) -> str:
    """`text` without spaces at line ends and without two blank lines together."""
    lines = (line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
