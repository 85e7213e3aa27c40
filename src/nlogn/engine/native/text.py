"""From tokens to text as it is made: whole characters alone, and no piece of a stop text."""

import codecs
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def token_bytes(tokenizer: "Tokenizer") -> list[bytes]:
    """The bytes that each token of a byte-level or a byte-fallback BPE stands for; b"" for special
    tokens and for numbers that the tokenizer does not know.

    Raises:
        ValueError: another kind of tokenizer.
    """
    spec = json.loads(tokenizer.to_str())
    special = {t["id"] for t in spec["added_tokens"] if t["special"]}
    added = {t["id"] for t in spec["added_tokens"]}
    decoder = json.dumps(spec["decoder"] or spec["pre_tokenizer"])
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    out = [b""] * (max(vocabulary.values(), default=-1) + 1)
    letters = byte_letters()
    for text, number in vocabulary.items():
        if number in special:
            continue
        if number in added:
            out[number] = text.encode()
        elif '"ByteLevel"' in decoder:
            out[number] = b"".join(
                bytes([letters[c]]) if c in letters else c.encode() for c in text
            )
        elif '"ByteFallback"' in decoder:
            if len(text) == 6 and text.startswith("<0x"):
                out[number] = bytes([int(text[3:5], 16)])
            else:
                out[number] = text.replace("▁", " ").encode()
        else:
            raise ValueError("the tokenizer is neither a byte-level nor a byte-fallback BPE")
    return out


def byte_letters() -> dict[str, int]:
    """The letter that stands for each byte in a byte-level vocabulary (GPT-2): printable Latin-1
    characters for themselves, the others from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(others)}


class TextStream:
    """Bytes in, text out. Bytes that are no UTF-8 become U+FFFD once that is certain."""

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
        found = [(at, -len(s), s) for s in self.stops if (at := text.find(s)) >= 0]
        if found:
            at, _, self.stopped = min(found)
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
