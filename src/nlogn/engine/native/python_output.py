"""Output whose code stays Python source, token by token.

A token is asked about where it is about to be chosen: with a network that knows Python, that is
one look at the line being written. Where the network's own end comes before the program is
whole, it is refused too. What `max_tokens` cuts off is the beginning of a program.
"""

from functools import cache

from nlogn.engine.native.sequence import Objection
from nlogn.engine.native.written import Event, Written
from nlogn.engine.python_prefix import PythonPrefix

_NO_PYTHON = Objection(float("inf"), "no Python goes on like that")
_NOT_WHOLE = Objection(float("inf"), "the program is not whole")


class PythonOutput:
    """A `Guide` for one request.

    `vocabulary`: the bytes of each token; `end`: the end tokens; `begun`: the code, or the text
    with a fence, that the answer goes on from; `fenced`: only fenced Python blocks of the answer
    are code.

    Raises:
        ValueError: what has begun is no beginning of a program.
    """

    def __init__(
        self, vocabulary: list[bytes], end: frozenset[int], begun: str = "", fenced: bool = False
    ):
        self.end = end
        self._written = Written(vocabulary, begun, fenced)
        self._restart()
        for event in self._written.follow(())[0]:
            self._take(event)
        if not self._fits("", b""):
            raise ValueError(f"the code so far is no Python: {self._written.lines.partial[:60]!r}")

    def __call__(self, tokens: list[int], prompt: int, token: int) -> Objection | None:
        events, another = self._written.follow(tokens[prompt:])
        if another:
            self._restart()
        for event in events:
            self._take(event)
        vocabulary = self._written.vocabulary
        if token in self.end or not vocabulary[token]:  # special tokens end turns, or say nothing
            return None if self._may_end() else _NOT_WHOLE
        text = self._written.ahead(token)
        pending = self._written.pending_after(token)
        if pending is None:
            return _NO_PYTHON
        return None if self._fits(text, pending) else _NO_PYTHON

    def _restart(self) -> None:
        self._prefix = PythonPrefix()

    def _take(self, event: Event) -> None:
        kind, line = event
        if kind == "close":
            self._restart()
        elif not self._prefix.feed(line):
            raise ValueError(f"the code so far is no Python: {line.strip()[:60]!r}")

    def _may_end(self) -> bool:
        lines = self._written.lines
        if not lines.inside:
            return True
        if lines.fenced or self._written.pending:
            return False
        prefix = self._prefix.copy()
        return prefix.feed(lines.partial) and prefix.whole()

    def _fits(self, text: str, pending: bytes) -> bool:
        lines = self._written.lines.copy()
        prefix = self._prefix.copy()
        for kind, line in lines.feed(text):
            if kind == "close":
                if not prefix.whole():
                    return False
                prefix = PythonPrefix()
            elif not prefix.feed(line):
                return False
        if not lines.inside:
            return True
        if lines.closing:
            return prefix.between_statements and prefix.whole()
        if not pending:
            return prefix.feed(lines.partial)
        return any(prefix.copy().feed(lines.partial + c) for c in _characters(pending))


@cache
def _characters(begun: bytes) -> tuple[str, ...]:
    """Characters whose bytes begin like that: one that a name may begin with, one that it may go
    on with, and one of any kind, as far as there are any."""
    length = 2 if begun[0] < 0xE0 else 3 if begun[0] < 0xF0 else 4
    bits = begun[0] & (0x7F >> length)
    for byte in begun[1:]:
        bits = bits << 6 | byte & 0x3F
    shift = 6 * (length - len(begun))
    first = max(bits << shift, (0x80, 0x800, 0x10000)[length - 2])
    found: dict[str, str] = {}
    for point in range(first, min((bits + 1) << shift, 0x110000)):
        if 0xD800 <= point <= 0xDFFF:
            continue
        character = chr(point)
        if character.isidentifier():
            found["begins"] = character
            break
        found.setdefault("goes on" if ("a" + character).isidentifier() else "any", character)
    return tuple(found.values())
