"""The code in an answer, followed token by token.

Bytes of tokens become whole characters, and of a Markdown answer only what stands in a fenced
Python block counts. Guides look at what a token would add before it is chosen.
"""

import codecs
import re
from collections.abc import Sequence as Items
from typing import Literal

Event = tuple[Literal["line", "close"], str]

_FENCE = re.compile(r" {0,3}```+ *(\w[\w.]*)?[^`]*")
_CLOSING = re.compile(r" {0,3}```+ *")
_PYTHON = ("", "py", "python", "python3", "python3.11")  # as `chat.extract_code` reads them


class CodeLines:
    """Text in pieces -> the lines of its code.

    `fenced`: only fenced Python blocks are code; else all of it is. `inside` says whether the next
    character is code, and `partial` is the line being written, fence or code.
    """

    def __init__(self, fenced: bool = False):
        self.fenced = fenced
        self.inside = not fenced
        self.partial = ""
        self._foreign = False  # in a fenced block of another language

    def copy(self) -> "CodeLines":
        twin = CodeLines(self.fenced)
        twin.inside, twin.partial, twin._foreign = self.inside, self.partial, self._foreign
        return twin

    def feed(self, text: str) -> list[Event]:
        """What is now certain: whole lines of code, each with its newline, and the ends of
        blocks."""
        events: list[Event] = []
        *whole, rest = text.split("\n")
        for piece in whole:
            line, self.partial = self.partial + piece, ""
            if self.inside and not (self.fenced and _CLOSING.fullmatch(line)):
                events.append(("line", line + "\n"))
            elif self.inside:
                self.inside = False
                events.append(("close", ""))
            elif self._foreign:
                self._foreign = not _CLOSING.fullmatch(line)
            elif self.fenced and (opened := _FENCE.fullmatch(line)):
                self.inside = (opened[1] or "").lower() in _PYTHON
                self._foreign = not self.inside
        self.partial += rest
        return events

    @property
    def closing(self) -> bool:
        """Whether the line being written is, or may become, the end of a block."""
        return self.fenced and self.inside and bool(
            _CLOSING.fullmatch(self.partial) or re.fullmatch(r" {0,3}`{1,2}", self.partial)
        )  # fmt: skip


class Written:
    """The answer's text so far, from its tokens; `begun` is code that stands before them.

    `follow` takes the tokens of one answer, each time all of them; `ahead` says what one more
    token would add. A place where a character is incomplete adds nothing.
    """

    def __init__(self, vocabulary: list[bytes], begun: str = "", fenced: bool = False):
        self.vocabulary = vocabulary
        self.begun = begun
        self.lines = CodeLines(fenced)
        self._fenced = fenced
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._tokens: list[int] = []
        self._started = False

    def follow(self, tokens: Items[int]) -> tuple[list[Event], bool]:
        """What the new ones bring; and whether this is another answer than before, so that all
        that was known of it is void: `lines` is fresh then, and the new ones are all."""
        known = len(self._tokens)
        another = list(tokens[:known]) != self._tokens
        if another:
            self.lines = CodeLines(self._fenced)
            self._decoder.reset()
            self._tokens = []
            self._started = False
            known = 0
        events = [] if self._started else self.lines.feed(self.begun)
        self._started = True
        for token in tokens[known:]:
            events += self.lines.feed(self._decoder.decode(self.vocabulary[token]))
            self._tokens.append(token)
        return events, another

    def ahead(self, token: int) -> str:
        """The text that `token` would add, as far as its characters are whole."""
        before = self._decoder.getstate()
        text = self._decoder.decode(self.vocabulary[token])
        self._decoder.setstate(before)
        return text

    def pending_after(self, token: int) -> bytes | None:
        """The bytes of a character that is not whole after one more token; None if the token's
        bytes are no UTF-8 here."""
        strict = codecs.getincrementaldecoder("utf-8")()
        try:
            strict.decode(self.pending + self.vocabulary[token])
        except UnicodeDecodeError:
            return None
        return strict.getstate()[0]

    @property
    def pending(self) -> bytes:
        """The bytes of a character that is not whole."""
        return self._decoder.getstate()[0]
