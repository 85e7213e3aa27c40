"""Whether a text is the beginning of a Python program.

It is if some way to go on from it is one: a short completion is guessed from what is open, and
the interpreter itself is asked whether it compiles. So what is let through can always be brought
to an end, and what the interpreter would refuse (a `return` outside a function, an assignment to
a call, an `else` without an `if`) is refused at the first character after which nothing helps.

The interpreter reads the line being written within the headers of the blocks around it, not the
whole program: a line costs the same at the end of a long program. Only where the statement says
`global`, `nonlocal` or `async`, or the line `__future__`, do the lines before it matter.
Nothing is ever run.
"""

import keyword
import re
import unicodedata
import warnings
from bisect import bisect_left
from functools import cache
from typing import NamedTuple

from nlogn.engine.python_lexer import Line, read

_BRANCHES = ("elif", "else", "except", "finally", "case")
_HEADERS = frozenset((*_BRANCHES, "if", "for", "while", "with", "try", "def", "class", "match"))
_WORDS = (*keyword.kwlist, "match", "case")
_VALUES = frozenset(("None", "True", "False", "pass", "break", "continue", "return", "yield"))
_PREFIXES = frozenset(("r", "u", "b", "f", "br", "rb", "fr", "rf"))
_WAITS = {"if": " else Z", "for": " in Z", "lambda": ": Z", "def": "()", "from": " import Z"}
_CLOSER = {"(": ")", "[": "]", "{": "}"}
_AFTER_VALUE = ("", ".Z", "=Z", ",", " = Z", " in Z", " Z", ": Z", " as Z", ", Z", "()")
_AFTER_OTHER = (" Z", "", "Z", " 1", " import Z", " Z = Z", " def Z()", " for Z in Z", " with Z",
                " in Z", "Z: Z", " Z in Z", "Z=Z", "Z,")  # fmt: skip
_NAME = "_0_"  # stands for Z: a name that no program has
_LONGER = {".": ("0", "a", ".."), "..": (".",), "!": ("=",), "-": (">",), ":": ("=",), "=": ("=",),
           "*": ("*",)}  # fmt: skip
_FULL = re.compile(r"\b(global|nonlocal|async)\b")
_ESCAPE = re.compile(
    r"(?<!\\)(?:\\\\)*\\(?:x(?P<x>[0-9a-fA-F]?)|u(?P<u>[0-9a-fA-F]{0,3})|U(?P<U>[0-9a-fA-F]{0,7})"
    r"|(?P<N>N)(?:\{(?P<name>[^}]*))?|(?P<bare>))\Z"
)
_NEVER = re.compile(r"[\r\0\f\ufffd]")
_NONLOCAL = re.compile(r"nonlocal(\s*\Z|\s+[^;]*\Z)")
MOST_BLOCKS = 90  # in each other


class _Frame(NamedTuple):
    """A suite that is open, `indent` columns deep. `clauses` are the headers of its last statement
    where that is a compound one (or decorators); the last of them is open in all but the innermost
    suite."""

    indent: int
    clauses: tuple[str, ...] = ()


class PythonPrefix:
    """A text that is fed in pieces, each of which leaves it the beginning of a program."""

    def __init__(self) -> None:
        self._frames: tuple[_Frame, ...] = (_Frame(0),)
        self._opens = False  # a header is over, and its suite has to follow
        self._tabs: bool | None = None
        self._partial = ""  # the logical line being written
        self._done: tuple[str, ...] = ()  # all lines before it
        self._top = 0  # how many of these belong to statements that are over
        self._full = False

    def copy(self) -> "PythonPrefix":
        twin = PythonPrefix()
        twin.__dict__.update(self.__dict__)
        return twin

    def feed(self, text: str) -> bool:
        """Whether what was fed is still the beginning of a program. After a False the rest is
        void."""
        if _NEVER.search(text):
            return False
        self._partial += text
        while True:
            body = self._partial.lstrip(" \t")
            indent = self._partial[: len(self._partial) - len(body)]
            if not body:
                return True
            if body[0] in "#\n":
                _, newline, rest = body.partition("\n")
                if not newline:
                    return True
                self._keep(self._partial[: len(self._partial) - len(rest)])
                self._partial = rest
                continue
            line = read(body)
            if line is None or not self._enter(indent):
                return False
            if line.end is None:
                return self._viable(body, line)
            if not self._take(body[: line.end], line):
                return False
            self._keep(indent + body[: line.end + 1])
            self._partial = body[line.end + 1 :]

    def whole(self) -> bool:
        """Whether the text is a program as it stands."""
        return _compiles("".join(self._done) + self._partial)

    @property
    def between_statements(self) -> bool:
        """Whether the next line is one by itself: not within brackets or a string."""
        return not self._partial.strip()

    def _keep(self, text: str) -> None:
        self._done = (*self._done, text)

    def _enter(self, indent: str) -> bool:
        """Whether a line may be indented like that."""
        if indent and (len(set(indent)) > 1 or self._tabs not in (None, indent[0] == "\t")):
            return False
        deep = len(indent)
        if self._opens:
            return deep > self._frames[-1].indent and len(self._frames) < MOST_BLOCKS
        return any(frame.indent == deep for frame in self._frames)

    def _at(self, indent: int) -> tuple[_Frame, ...]:
        """The suites around a line."""
        if self._opens:
            return (*self._frames, _Frame(indent))
        return tuple(frame for frame in self._frames if frame.indent <= indent)

    def _indent(self) -> int:
        return len(self._partial) - len(self._partial.lstrip(" \t"))

    def _take(self, body: str, line: Line) -> bool:
        """The line is over."""
        indent = self._indent()
        frames = self._at(indent)
        full = self._needs_all(body, indent)
        code = body if line.mode != "comment" else body[: line.string]
        code = code.rstrip(" \t")
        base = line.opened[0]
        opens = base.colon and base.empty and line.last == ":" and _header(base.first)
        shown = _without_comment(code) if "#" in code else code
        made = _finals(shown, read(shown))
        if all(self._fails(text, frames, full) is not None for text in made):
            return False
        if indent:
            self._tabs = self._partial[0] == "\t"
        decorated = self._frames[0].clauses[-1:] and self._frames[0].clauses[-1][0] == "@"
        if not indent and base.first not in _BRANCHES and not decorated:
            self._top, self._full = len(self._done), False
        self._full = full or self._full
        clauses: tuple[str, ...] = ()
        if base.first in _BRANCHES and (opens or base.colon):
            clauses = (*frames[-1].clauses, shown)
        elif shown[:1] == "@" or (base.colon and _header(base.first)):
            before = frames[-1].clauses
            clauses = (*(before if before and before[-1][:1] == "@" else ()), shown)
        self._frames = (*frames[:-1], _Frame(frames[-1].indent, clauses))
        self._opens = bool(opens)
        return True

    def _needs_all(self, body: str, indent: int) -> bool:
        over = indent == 0 and not body.startswith(_BRANCHES)
        return (self._full and not over) or bool(_FULL.search(body)) or "__future__" in body

    def _viable(self, body: str, line: Line) -> bool:
        frames = self._at(self._indent())
        full = self._needs_all(body, self._indent())
        known = line.at if line.mode == "code" else 0
        for text in self._named(body) or _variants(body, line):
            for made in _completions(text):
                at = self._fails(made, frames, full)
                if at is None:
                    return True
                if at < known:
                    return False  # what fails stands before the last token
                if at < len(text):
                    break
        return False

    def _named(self, body: str) -> list[str]:
        """The names that a `nonlocal` may go on with: those of the program."""
        if not _NONLOCAL.match(body):
            return []
        names = set(re.findall(r"[^\W\d]\w*", "".join(self._done[self._top :])))
        begun = re.search(r"\w*\Z", body)[0]  # type: ignore[index]
        begun = "" if begun == "nonlocal" else begun
        return [body + " " * (not begun and body.endswith("l")) + n[len(begun) :]
                for n in sorted(names) if n.startswith(begun)]  # fmt: skip

    def _fails(self, line: str, frames: tuple[_Frame, ...], full: bool) -> int | None:
        """Where in the line the interpreter stops to read, None if the program compiles."""
        *outer, inner = frames
        head = ""
        if full:
            lines = self._done if "__future__" in line else self._done[self._top :]
            head = "".join(lines)
            pad = " " * inner.indent if not self._tabs else "\t" * inner.indent
            if self._opens and inner is frames[-1] and len(frames) > len(self._frames):
                pad = self._partial[: self._indent()]
        else:
            for depth, frame in enumerate(outer):
                head += _clauses(frame.clauses, " " * depth, opened=True)
            pad = " " * len(outer)
            head += _clauses(inner.clauses, pad, opened=False)
        tail = ""
        for depth in range(len(outer) - 1, -1, -1):
            clauses = outer[depth].clauses
            if clauses and clauses[-1][:3] == "try":
                under = "\t" if full and self._tabs else " "
                tail += under * (outer[depth].indent if full else depth) + "finally: pass\n"
        text = head + pad + line.replace("\n\N{NULL}", "\n" + pad) + "\n" + tail
        at = _error(text)
        return None if at is None else max(at - len(head) - len(pad), 0)


def _clauses(clauses: tuple[str, ...], pad: str, opened: bool) -> str:
    out = ""
    for number, clause in enumerate(clauses):
        last = opened and number == len(clauses) - 1
        body = " pass" if clause.endswith(":") and not last else ""
        if body and clause.startswith("match"):
            body = f"\n{pad} case 1: pass"
        out += f"{pad}{clause}{body}\n"
    return out


def _header(word: str) -> bool:
    return word in _HEADERS


def _without_comment(code: str) -> str:
    """A whole logical line without the comment at its end."""
    at = -1
    while (at := code.find("#", at + 1)) >= 0:
        line = read(code[: at + 1])
        if line is not None and line.mode == "comment" and "\n" not in code[at:]:
            return code[:at].rstrip(" \t")
    return code


def _error(text: str) -> int | None:
    """Where the interpreter stops to read a program, None if it compiles: nothing after that
    would change what it says. The end of the text if it does not say where."""
    try:
        with warnings.catch_warnings():  # "\\d" and the like are the writer's business
            warnings.simplefilter("ignore")
            compile(text, "<answer>", "exec", dont_inherit=True)
    except SyntaxError as error:
        row, column = error.lineno, error.offset
        if error.msg.endswith("forgot a comma?"):  # between two expressions: the second's end
            row, column = error.end_lineno, (error.end_offset or 1) - 1
        elif error.msg != "invalid syntax":
            return len(text)
        if not row or not column:
            return len(text)
        lines = text.split("\n")
        return sum(len(line) + 1 for line in lines[: row - 1]) + column - 1
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return len(text)
    return None


def _compiles(text: str) -> bool:
    return _error(text) is None


def _variants(body: str, line: Line) -> list[str]:
    """The text with its last token brought to an end in the ways that it may."""
    if line.mode == "comment":
        cut = body[: line.string]
        inner = read(cut)
        return _variants(cut, inner) if inner is not None else []
    if line.mode == "joining":
        return [body + "\n"]
    if line.mode == "string":
        return _closed_string(body, line)
    if line.at + len(line.last) < len(body):
        return [body]
    if line.kind == "word":
        longer = [w[len(line.last) :] for w in _WORDS if w.startswith(line.last)]
        made = [body, *(body + rest for rest in longer if rest), body + _NAME]
        return [*made, body + "''"] if line.last.lower() in _PREFIXES else made
    if line.kind == "number":
        return [body, body + "0", body + ".0", body + "1"]
    return [body, *(body + rest for rest in _LONGER.get(line.last, ()))]


def _closed_string(body: str, line: Line) -> list[str]:
    text = body[line.string :]
    prefix = text[: re.search(r"[\"']", text).start()].lower()  # type: ignore[union-attr]
    rest = text[len(prefix) :]
    quote = rest[:3] if rest[:3] in ('"""', "'''") else rest[0]
    inside = rest[len(quote) :]
    ends = ["".join(e) for e in _escaped(inside, prefix)]
    if "f" in prefix:
        ends = [end + more for end in ends for more in _replacement(inside + end)]
    if len(quote) == 3 and inside.endswith(quote[0]):
        ends += [" " + end for end in ends]
    return [body + end + quote for end in ends]


def _escaped(inside: str, prefix: str) -> list[str]:
    """What brings an escape at the end to its own end."""
    found = _ESCAPE.search(inside)
    if found is None:
        return [""]
    if "r" in prefix or found["bare"] is not None:
        return ["\\" if found["bare"] is not None else ""]
    for kind, length in (("x", 2), ("u", 4), ("U", 8)):
        if found[kind] is not None:
            return ["", "0" * (length - len(found[kind]))] if "b" in prefix else [
                "0" * (length - len(found[kind]))]  # fmt: skip
    if "b" in prefix:
        return [""]
    if found["name"] is None:
        return ["{SPACE}"]
    name = _character_name(found["name"].upper())
    return [] if name is None else [name[len(found["name"]) :] + "}"]


@cache
def _names() -> list[str]:
    return sorted(filter(None, (unicodedata.name(chr(c), "") for c in range(0x110000))))


def _character_name(begun: str) -> str | None:
    names = _names()
    at = bisect_left(names, begun)
    return names[at] if at < len(names) and names[at].startswith(begun) else None


def _replacement(inside: str) -> list[str]:
    """What ends the replacement fields of an f-string that are open at its end."""
    fields: list[int] = []  # where each expression starts, -1 once in its format
    at = 0
    while at < len(inside):
        ch = inside[at]
        if not fields or fields[-1] < 0:
            if inside[at : at + 2] in ("{{", "}}") and not fields:
                at += 2
                continue
            if ch == "{":
                fields.append(at + 1)
            elif ch == "}" and fields:
                fields.pop()
        else:
            line = read(inside[fields[-1] : at], "(")
            plain = line is not None and len(line.opened) == 1 and line.mode == "code"
            if plain and ch == "}":
                fields.pop()
            elif plain and ch == ":" and not line.opened[0].waits:  # type: ignore[union-attr]
                fields[-1] = -1
        at += 1
    if not fields:
        return ["", "}"] if inside.endswith("}") else [""]
    closed = "}" * len(fields)
    if fields[-1] < 0:
        return [closed]
    text = inside[fields[-1] :]
    if text == "" and len(fields) == 1:
        return [_NAME + "}", "{"]
    if re.search(r"(?<![=<>])!\Z", text):
        return ["r" + closed, f"={_NAME}" + closed]
    if re.search(r"![rsa]\Z", text):
        return [closed]
    line = read(text, "(")
    if line is None:
        return []
    made = [v for variant in _variants(text, line) for v in _completions(variant, "(")]
    return [m[len(text) :] + closed for m in dict.fromkeys(made)][:24]


def _completions(text: str, bracket: str = "") -> list[str]:
    """Ways to bring a line to its end, the likeliest first."""
    line = read(text, bracket)
    if line is None or line.mode != "code":
        return []
    value = line.kind in ("number", "string") or line.last in (")", "]", "}", "...")
    if line.kind == "word":
        value = line.last not in keyword.kwlist or line.last in _VALUES
    out: list[str] = []
    for fill in _AFTER_VALUE if value else _AFTER_OTHER:
        fill = fill.replace("Z", _NAME)
        if re.match(r"\w", fill) and re.search(r"\w\Z", text):
            continue  # it would be another word
        filled = read(text + fill, bracket)
        if filled is None or filled.mode != "code":
            continue
        closed = text + fill
        for opened in reversed(filled.opened):
            closed += "".join(_WAITS[w] for w in reversed(opened.waits)).replace("Z", _NAME)
            if opened.bracket == "{" and opened.pairs and not opened.colon and not opened.empty:
                closed += f": {_NAME}"
            if opened.starred:
                closed += ","
            if opened is not filled.opened[0]:
                closed += _CLOSER[opened.bracket]
        out += [closed] if bracket else _finals(closed, filled)
    return out


def _finals(text: str, line: Line | None) -> list[str]:
    """A line whose brackets are closed, with the suite or the header that it needs. A newline
    with a NUL is one at the line's own indentation."""
    if line is None:
        return []
    base = line.opened[0]
    if base.first == "@":
        return [text + "\n\N{NULL}def _0_(): pass"]
    if not _header(base.first):
        return [text]
    handler = "\n\N{NULL}finally: pass" if base.first == "try" else ""
    suite = "\n\N{NULL} case 1: pass" if base.first == "match" else " pass"
    if base.colon:
        over = text.rstrip()[-1:] == ":"
        return [text + (suite if over else "") + handler]
    made = [text + ":" + suite + handler]
    return [text, *made] if base.first in ("match", "case") else made
