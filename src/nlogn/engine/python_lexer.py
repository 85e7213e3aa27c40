"""One logical line of Python that may stop anywhere: its brackets, and what each of them waits for.

This is no parser: it finds where strings, comments and brackets end, and notes words that need
another word after them (an `if` its `else`). Whether the line is Python, the interpreter says.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>(?i:[rubf]|br|rb|fr|rf)?(?P<quote>\"\"\"|'''|"|'))
    |(?P<joined>\\\n)
    |(?P<newline>\n)
    |(?P<number>0[xXbBoO][0-9a-fA-F_]*|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?[\d_]*)?[jJ]?)
    |(?P<word>\w+)
    |(?P<space>[ \t]+)
    |(?P<op>\*\*=?|//=?|>>=?|<<=?|!=|->|:=|\.\.\.|[+\-*/%&|^@=<>]=|.)""",
    re.X | re.S,
)
_ENDS = {
    q: re.compile(rf"(?:[^\\]|\\.)*?{q}" if len(q) == 3 else rf"(?:[^\\\n{q}]|\\.)*{q}", re.S)
    for q in ('"""', "'''", '"', "'")
}
_OPEN_TO_THE_END = re.compile(r"(?:[^\\\n]|\\.)*\\?\Z", re.S)
_CLOSER = {"(": ")", "[": "]", "{": "}"}
DEEPEST = 60  # brackets in each other: the interpreter's own limits are higher

Mode = Literal["code", "string", "comment", "joining"]


@dataclass(slots=True)
class Open:
    """A bracket that is open, or the statement itself ("")."""

    bracket: str
    waits: list[str] = field(default_factory=list)  # words that need another after them
    comprehends: bool = False  # has a `for`: an `if` needs no `else`
    pairs: bool = False  # of a dict
    colon: bool = False  # the colon of this pair, or of this header, is there
    empty: bool = True  # nothing stands yet after the last comma or colon
    starred: bool = False  # this element is unpacked: it needs a comma
    first: str = ""  # word of the statement, without `async`


@dataclass(slots=True)
class Line:
    """`end`: where the logical line ends (its newline), None while it goes on. `last` is the last
    token that is no space, `kind` its kind, `at` where it starts; it may go on if it touches the
    end of the text. `string` is where an open string starts."""

    opened: list[Open]
    end: int | None = None
    mode: Mode = "code"
    kind: str = ""
    last: str = ""
    at: int = 0
    string: int = 0


def read(text: str, bracket: str = "") -> Line | None:
    """The first logical line of `text`, without its indentation; None where a bracket closes
    another, or a string is broken off. `bracket` says that the text stands within one."""
    line = Line([Open(bracket)])
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        kind, token = found.lastgroup or "", found[0]
        if found["quote"] is not None and found["string"] is not None:
            kind = "string"
            close = _ENDS[found["quote"]].match(text, found.end())
            if close is None:
                if len(found["quote"]) == 1 and not _OPEN_TO_THE_END.match(text, found.end()):
                    return None
                line.mode, line.string = "string", at
                line.kind, line.last, line.at = kind, text[at:], at
                line.opened[-1].empty = False
                return line
            token = text[at : close.end()]
        elif token == "\\" and found.end() == len(text):
            line.mode = "joining"
            return line
        start, at = at, at + len(token)
        if kind == "newline" and len(line.opened) == 1 and not bracket:
            line.end = start
            return line
        if kind == "comment":
            line.mode, line.string = ("comment", start) if at == len(text) else ("code", 0)
        if kind in ("comment", "space", "joined", "newline"):
            continue
        if not _note(line, kind, token):
            return None
        line.kind, line.last, line.at = kind, token, start
    return line


def _note(line: Line, kind: str, token: str) -> bool:
    top = line.opened[-1]
    if token in _CLOSER:
        if len(line.opened) > DEEPEST:
            return False
        if top.waits[-1:] == ["def"]:
            top.waits.pop()
        top.empty = False
        line.opened.append(Open(token))
    elif kind == "op" and token in ")]}":
        if _CLOSER.get(top.bracket) != token or len(line.opened) == 1:
            return False
        line.opened.pop()
    elif kind == "op" and token == ",":
        if top.waits[-1:] not in (["lambda"], ["for"]):
            top.waits, top.colon, top.empty = [], top.colon and not top.bracket, True
            top.starred = False
    elif kind == "op" and token == ":":
        if top.waits[-1:] == ["lambda"]:
            top.waits.pop()
        elif not top.bracket:
            top.waits, top.colon, top.empty = [], True, True
        elif top.bracket == "{":
            top.pairs = top.colon = True
    elif kind == "op" and token == ";" and not top.bracket:
        top.waits, top.empty = [], True
    elif kind == "word":
        _word(top, token)
    else:
        if token == "**" and top.bracket == "{" and top.empty:
            top.pairs = top.colon = True
        if token == "*" and (top.empty or line.last in ("=", "return")):
            top.starred = True
        if not top.first and not top.bracket:
            top.first = token
        top.empty = False
    return True


def _word(top: Open, word: str) -> None:
    leads = top.empty and not top.bracket
    if leads and not top.colon and (not top.first or top.first == "async"):
        top.first = word
    if word == "async":
        return
    top.empty = False
    waits = top.waits
    if word == "if" and not (leads or top.comprehends or top.first == "case"):
        waits.append("if")
    elif word == "for":
        top.comprehends = bool(top.bracket)
        waits.append("for")
    elif word == "lambda" or (leads and word in ("def", "from")):
        waits.append(word)
    elif (word == "from" and waits[-1:] == ["yield"]) or (
        waits and (waits[-1], word) in (("if", "else"), ("for", "in"), ("from", "import"))
    ):
        waits.pop()
