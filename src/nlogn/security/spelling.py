"""One program in other letters: what a language reads as the same as plainer text."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = re.compile(r"\w+")
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u+(?:\{0*([0-9a-fA-F]{2})\}|00([0-9a-fA-F]{2}))")
_SPLICED = re.compile(r"(\w)\\(\r?\n)(\w+)")
_JS_LINE = re.compile("(//[^\n\r\u2028\u2029]*)[\u2028\u2029]")


def spelled(text: str, lang: str) -> str:
    """The text as the language reads it, where its letters can be written in other ways.

    Python takes compatible letters for one another (PEP 3131), Java and JavaScript read `\\u0061`
    as `a`, C joins a line that ends in a backslash with the next, and U+2028 ends a line of
    JavaScript. No line of the result has another number.
    """
    if lang == "python" and not text.isascii():
        return _LETTERS.sub(lambda m: _compatible(m.group()), text)
    if lang in ("java", "javascript") and "\\u" in text:
        text = _ESCAPED.sub(lambda m: m.group(1) + _unescaped(m, lang), text)
    if lang == "javascript" and not text.isascii():
        text = _JS_LINE.sub("\\1\r", text)
    if lang == "c" and ("\\\n" in text or "\\\r" in text):
        text = _SPLICED.sub(r"\1\3\\\2", text)
    return text


def _compatible(word: str) -> str:
    plain = word if word.isascii() else unicodedata.normalize("NFKC", word)
    return plain if plain.isidentifier() else word


def _unescaped(m: re.Match[str], lang: str) -> str:
    char = chr(int(m.group(2) or m.group(3), 16))
    if char in "\n\r" or char > "~":
        char = "\r" if char in "\n\r" else m.group()[len(m.group(1)) :]
    ours = lang == "java" or char.isalnum() or char in "_$"  # elsewhere only letters are the same
    return char if ours else m.group()[len(m.group(1)) :]


_DECLARED = re.compile(r"(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_PROBE = bytes(range(32, 127)) + rb"+AGE- \u0061 \x61 ~{ " + b"\x1b$B\r\n"


def encoding_of(code: str) -> str:
    """The encoding that a Python file declares in its first two lines (PEP 263)."""
    m = _DECLARED.match(code)
    return m.group(1) if m else "utf-8"


@lru_cache(maxsize=64)
def reads_as_text(encoding: str) -> bool:
    """Whether ASCII stands for itself in an encoding; an unknown one is never run."""
    try:
        return _PROBE.decode(encoding) == _PROBE.decode("ascii")
    except LookupError:
        return True
    except ValueError:
        return False
