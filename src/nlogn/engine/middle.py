"""A model's middle made to fit between prefix and suffix.

    fit("    return max(xs)\\n    return x\\n", "def f(x):\\n", "    return x\\n", "python")
    -> "    return max(xs)\\n"

A middle with which the text parses is only cut where it ends with what follows the cursor, and
where the place asks for less than it gives. Otherwise the candidates are: without a repeated start
or end, with brackets and quotes closed, cut before a bracket too many, cut after fewer lines. The
one that leaves the fewest errors is taken; of equals, the one that changes least.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from nlogn.problems.syntax import parses
from nlogn.security.fronts.common import GRAMMARS, parser

Scope = Literal["line", "block", "file"]

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_WORD = re.compile(r"\w")
_OPENS = re.compile(r"[:{(\[,=>\\]\s*\Z")
_REGION = 40_000  # characters on each side that are looked at
_MOST_CUTS = 24
_MOST_ENDS = 12
_TELLING = 3  # letters and digits that make a line, or a piece of one, more than punctuation


def scope_at(prefix: str, suffix: str) -> Scope:
    """How much belongs at a cursor: the rest of its line where something follows on it or a
    statement is half written; a block on an empty line and after what opens one."""
    line = prefix[prefix.rfind("\n") + 1 :]
    if suffix.partition("\n")[0].strip():
        return "line"
    return "block" if not line.strip() or _OPENS.search(line) else "line"


def finished(middle: str, prefix: str, suffix: str, language: str, scope: Scope) -> bool:
    """Whether a middle that is still being written has all that belongs at the cursor."""
    text = _Surroundings.of(prefix, suffix, language)
    count = 0
    for end in _ends(middle, text, scope):
        count += 1
        if count == _MOST_ENDS or not text.defects(middle[:end]):
            return True
    if scope == "line" and suffix.partition("\n")[0].strip():
        return count > 0
    return bool(count) and text.defects(middle[:end]) < text.defects("")


def _ends(middle: str, text: "_Surroundings", scope: Scope) -> Iterator[int]:
    """Where a middle may be over: before a line that is less indented than the block, or, in the
    scope of a line, at each line's end. At the left margin also where a statement follows an
    empty line."""
    if scope == "file" or "\n" not in middle:
        return
    start = len(middle) - len(middle.lstrip())
    if scope == "line":
        at = middle.find("\n", start)
        while at >= 0 and start < len(middle):
            yield at
            at = middle.find("\n", at + 1)
            if text.suffix.partition("\n")[0].strip():  # the line goes on: it stays one
                return
        return
    line = text.line
    at = 0
    own: int | None = None
    if line.strip():
        own = _indent(line) + bool(_OPENS.search(line))
        at = middle.find("\n") + 1
    content = at - 1 if at else 0  # the end of the last line with something on it
    empty = False
    while at < len(middle):
        stop = middle.find("\n", at)
        stop = len(middle) if stop < 0 else stop
        row = middle[at:stop]
        if row.strip():
            indent = _indent(row if at else line + row)
            if own is None:
                own = indent
            elif indent < own or (own == 0 and indent == 0 and empty and row[0] not in ")]}"):
                yield content if text.suffix[:1] in ("\n", "") else content + 1
            content = stop
        empty = not row.strip()
        at = stop + 1


def _indent(line: str) -> int:
    return len(line.expandtabs(8)) - len(line.expandtabs(8).lstrip())


# --- the whole of it ---------------------------------------------------------------------------


def fit(
    middle: str,
    prefix: str,
    suffix: str,
    language: str = "",
    *,
    scope: Scope = "file",
    cut_short: bool = False,
) -> str:
    """The part of a middle that fits, "" where none does.

    Args:
        language: as `security.files.language_of` names it; "" where no grammar knows it.
        scope: what belongs at the cursor; "file" cuts nothing for its length.
        cut_short: the model was stopped before its own end, so its last line may be half a line.
    """
    middle = middle.replace("\r\n", "\n") if "\r\n" not in prefix + suffix else middle
    text = _Surroundings.of(prefix, suffix, language)
    ends = [*islice(_ends(middle, text, scope), _MOST_ENDS)]
    if ends:
        one_line = scope == "line" and suffix.partition("\n")[0].strip()
        ways = [middle[:end] for end in ends] + ([] if one_line else [middle])
        kept = min(ways, key=text.defects)  # of equals the first
        middle, cut_short = kept, cut_short and kept == middle
    middle = _without_repeated_start(middle, text)
    middle = _without_repeated_lines(middle, text, cut_short)
    middle = _without_repeated_piece(middle, text)
    if cut_short:
        middle = _without_torn_line(middle, text)
    best, least = middle, text.defects(middle)
    if not least:
        return middle
    for candidate in _candidates(middle, text, cut_short):
        defects = text.defects(candidate)
        if defects < least:
            best, least = candidate, defects
        if not least:
            break
    return best if best.strip() or not middle.strip() else ""


def _without_repeated_start(middle: str, text: "_Surroundings") -> str:
    """Without what stands before the cursor: ``y =`` after ``y =``, or the block's indentation
    once more, where the cursor's line already has it."""
    head = text.line.strip()
    again = middle.lstrip()
    if head:
        assigns = re.search(r"\w\s*:?=\Z", head)
        return again[len(head) :].lstrip(" ") if assigns and again.startswith(head) else middle
    above = text.prefix[: len(text.prefix) - len(text.line)]
    below = text.suffix.partition("\n")[2]
    opener = above.rstrip().rpartition("\n")[2]
    if not text.line or middle[:1] not in (" ", "\t") or opener[-1:] not in (":", "{"):
        return middle
    right = _indent(text.line + "x") == _indent(opener) + _unit(above + below)
    return middle.lstrip(" \t") if right and middle.lstrip(" \t")[:1] != "\n" else middle


def _unit(text: str) -> int:
    """Columns by which blocks are indented, as the first of them are."""
    steps: Counter[int] = Counter()
    before = ""
    for line in text.split("\n", 2000)[:2000]:
        if line.strip():
            if before[-1:] in (":", "{"):
                steps[_indent(line) - _indent(before)] += 1
            before = line.rstrip()
    return max(steps, key=lambda step: (steps[step], step), default=4)


def _without_repeated_lines(middle: str, text: "_Surroundings", cut_short: bool) -> str:
    """Without the last lines, where they are the first ones of what follows the cursor."""
    rest = text.suffix.partition("\n")[0]
    after = text.suffix.split("\n")[:200]
    if rest.strip() and text.line.strip():
        after = after[1:]  # the rest of a line that the middle is written into
    after = [line for line in after if line.strip()]
    lines = middle.split("\n")
    for start in range(bool(text.line.strip()), len(lines)):
        tail = [line for line in lines[start:] if line.strip()]
        if not tail or len(tail) > len(after) or len(_WORD.findall("".join(tail))) < _TELLING:
            continue
        pairs = [(a.strip(), b.strip()) for a, b in zip(tail, after, strict=False)]
        last, other = pairs[-1]
        torn = cut_short and len(last) >= _TELLING and other.startswith(last)
        if any(a != b for a, b in pairs[:-1]) or not (last == other or torn):
            continue
        kept = "\n".join(lines[:start])
        if start and rest.strip():
            kept += "\n" + text.line
        if text.defects(kept) <= text.defects(middle):
            return kept
    return middle


def _without_torn_line(middle: str, text: "_Surroundings") -> str:
    """Without its last line, of which nobody knows how it would have ended, if there are others."""
    kept = middle.rpartition("\n")[0]
    whole = not kept.strip() or middle.endswith("\n")
    return middle if whole or text.defects(kept) > text.defects(middle) else kept


def _without_repeated_piece(middle: str, text: "_Surroundings") -> str:
    """Without an end that the cursor's line goes on with: ``result`` before ``result)``."""
    rest = text.suffix.partition("\n")[0]
    for size in range(min(len(rest), len(middle)), 0, -1):
        piece = rest[:size]
        if not middle.endswith(piece):
            continue
        if len(_WORD.findall(piece)) < _TELLING:
            break
        before, after = middle[: -size or None][-1:], rest[size : size + 1]
        if piece[0].isalnum() and (before.isalnum() or before == "_"):
            continue
        if piece[-1].isalnum() and (after.isalnum() or after == "_"):
            continue
        kept = middle[:-size]
        if text.defects(kept) <= text.defects(middle):
            return kept
    return middle


def _candidates(middle: str, text: "_Surroundings", cut_short: bool) -> Iterator[str]:
    """Other middles, those that change least first."""
    rest = text.suffix.partition("\n")[0]
    trimmed = middle.rstrip()
    for size in range(1, min(len(rest), len(trimmed), 40) + 1):
        if trimmed.endswith(rest[:size].rstrip()) and rest[:size].strip():
            yield trimmed[: len(trimmed) - len(rest[:size].rstrip())]
    starts = [middle]
    head = text.line.lstrip()
    if head and middle.lstrip().startswith(head):
        starts.append(middle.lstrip()[len(head) :])
    if not text.line.strip():
        bare = middle.lstrip(" \t")
        starts += [bare]
    yield from starts[1:]
    if not cut_short:
        for start in starts:
            if tail := _open_tail(text.prefix, start, text.suffix):
                yield start.rstrip() + tail
                yield start.rstrip() + "\n" + text.line[: _indent_text(text.line)] + tail
    for start in starts:
        yield from _fewer_closers(start)
    for start in starts:
        lines = start.split("\n")
        for count in range(len(lines) - 1, max(0, len(lines) - 1 - _MOST_CUTS), -1):
            kept = "\n".join(lines[:count])
            yield kept if text.suffix[:1] == "\n" else kept + "\n"
            yield kept
            if tail := _open_tail(text.prefix, kept, text.suffix):
                yield kept.rstrip() + tail
    yield ""


def _indent_text(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _fewer_closers(middle: str) -> Iterator[str]:
    """Without one closing bracket or quote at the end, then two, and so on."""
    kept = middle.rstrip()
    for _ in range(8):
        if not kept or kept[-1] not in ")]}'\"`;:,":
            return
        kept = kept[:-1]
        yield kept
        kept = kept.rstrip()


def _open_tail(prefix: str, middle: str, suffix: str) -> str:
    """What closes the brackets and the quote that the middle opens and nothing closes."""
    opened, quote = _open(middle)
    if quote:
        return quote + "".join(_PAIRS[b] for b in reversed(opened))
    return "".join(_PAIRS[b] for b in reversed(opened))


def _open(text: str) -> tuple[list[str], str]:
    """The brackets and the quote that are open at the end of a piece of code."""
    opened: list[str] = []
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote or (char == "\n" and quote != "`"):
                quote = ""
        elif char in "'\"`":
            quote = char
        elif char in _PAIRS:
            opened.append(char)
        elif opened and char == _PAIRS[opened[-1]]:
            opened.pop()
        at += 1
    return opened, quote


# --- how good a text is ------------------------------------------------------------------------

Defects = tuple[int, ...]  # () is none


@dataclass(frozen=True, slots=True)
class _Surroundings:
    prefix: str
    suffix: str
    language: str
    line: str  # the cursor's line, before the cursor

    @staticmethod
    def of(prefix: str, suffix: str, language: str) -> "_Surroundings":
        line = prefix[prefix.rfind("\n") + 1 :]
        return _Surroundings(prefix, suffix, language, line)

    def defects(self, middle: str) -> Defects:
        """How badly the text parses with this middle: () where it parses. Compared as tuples."""
        near = _defects(*self._region(), middle, self.language)
        if not near or len(self.prefix) + len(self.suffix) > 2 * _REGION:
            return near
        return near if _defects(self.prefix, self.suffix, middle, self.language) else ()

    def _region(self) -> tuple[str, str]:
        """The prefix from, and the suffix up to, a statement at the left margin, else a line."""
        before, after = self.prefix[-_REGION:], self.suffix[:_REGION]
        if len(before) < len(self.prefix):
            before = before[before.find("\n") + 1 :]
        if len(after) < len(self.suffix):
            after = after[: after.rfind("\n") + 1] or after
        starts = [m.start() for m in _MARGIN.finditer(before)]
        if starts:
            before = before[starts[-1] + 1 :]
        for end in _MARGIN.finditer(after):
            line = after[after.rfind("\n", 0, end.start()) + 1 : end.start()]
            if after.find("\n") == end.start():  # the cursor's own line, of which this is the rest
                line = "@"
            if not line.startswith(("@", "#[", "template")):  # what they belong to follows
                return before, after[: end.start() + 1]
        return before, after


_MARGIN = re.compile(
    r"\n(?=(?:async|def|class|function|func|fn|pub|impl|export|import|from|public|static|struct|type"
    r"|const|let|var|package|use) )"
)


@lru_cache(maxsize=128)
def _defects(before: str, after: str, middle: str, language: str) -> Defects:
    whole = before + middle + after
    if language == "python" and parses(whole):
        return ()
    if language in GRAMMARS:
        count, size = _errors(whole, language)
        if not count and language != "python":
            return ()
        return (1 if language == "python" else 0, count, size)
    opened, quote = _open(whole)
    closers = _stray(whole)
    return () if not opened and not closers else (len(opened) + closers, int(bool(quote)))


def _errors(text: str, language: str) -> tuple[int, int]:
    """How many errors and missing tokens a text has, and how many bytes are not understood."""
    root: Any = parser(language).parse(text.encode("utf-8", "replace")).root_node
    count = size = 0
    stack = [root] if root.has_error else []
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            count += 1
            size += node.end_byte - node.start_byte
        else:
            stack += [child for child in node.children if child.has_error or child.is_missing]
    return count, size


def _stray(text: str) -> int:
    """Closing brackets that close nothing."""
    opened: list[str] = []
    stray = 0
    for char in text:
        if char in _PAIRS:
            opened.append(char)
        elif char in ")]}":
            if opened and _PAIRS[opened[-1]] == char:
                opened.pop()
            else:
                stray += 1
    return stray
