"""Text as it is made: whole characters alone, and no piece of a stop text."""

import codecs
from collections.abc import Sequence


class TextStream:
    """Bytes in, text out. Bytes that are no UTF-8 become U+FFFD once that is certain. The text
    ends before the stop text that is whole first (of several, the longest), however it is cut."""

    def __init__(self, stops: Sequence[str] = ()):
        self.stops = tuple(stops)
        self.stopped: str | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # may become a stop text

    def feed(self, data: bytes) -> str:
        """The text that is certain by now. Once `stopped` is set there is no more."""
        return self._settle(self._decoder.decode(data))

    def finish(self) -> str:
        """The rest: what was held back, and U+FFFD for half a character."""
        if self.stopped is not None:
            return ""
        text = self._settle(self._decoder.decode(b"", final=True))
        text, self._held = text + self._held, ""
        return text

    def _settle(self, new: str) -> str:
        if not self.stops or self.stopped is not None:
            return new if self.stopped is None else ""
        text = self._held + new
        found = [(at + len(s), at, s) for s in self.stops if (at := text.find(s)) >= 0]
        if found:
            _, at, self.stopped = min(found)
            self._held = ""
            return text[:at]
        kept = max(_overlap(text, stop) for stop in self.stops)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept]


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:length]):
            return length
    return 0
