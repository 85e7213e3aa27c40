"""From what a user points at (a file, a function, a text) to a `Program`."""

import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nlogn.sandbox.types import Program

MAX_SOURCE_BYTES = 1 << 20

LANGUAGES = {
    ".py": "python",
    ".cpp": "cpp", ".cc": "cpp", ".cxx": "cpp",
    ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript",
}  # fmt: skip

Source = Program | Path | str | Callable[..., Any]


class SourceError(ValueError):
    """The source cannot be read; the message says what to do."""


def load_program(source: Source, entry: str | None = None, language: str | None = None) -> Program:
    """The program that `source` names.

    Args:
        source: a `Program`; a function object; a path; ``path::entry``; or the source text itself
            (anything with a line break, or without a known file suffix).
        entry: ``f`` or ``Class.method``; None: a whole program that reads stdin.
        language: "python", "cpp", "javascript"; None: from the suffix, else Python.

    Raises:
        SourceError: no such file, or it is not text.
    """
    if isinstance(source, Program):
        return source
    if callable(source):
        return _of_function(source)
    if isinstance(source, str):
        if "\n" in source or Path(source.partition("::")[0]).suffix not in LANGUAGES:
            return Program(without_mark(source), entry, language or "python")
        return load_file(source, entry, language)
    if not isinstance(source, Path):
        raise SourceError(f"a program is text, a path or a function, not {type(source).__name__}")
    language = language or LANGUAGES.get(source.suffix, "python")
    return Program(_read(source), entry, language)


def load_file(named: str, entry: str | None = None, language: str | None = None) -> Program:
    """The program in the file that ``path`` or ``path::entry`` names, whatever its suffix.

    Raises:
        SourceError: no such file, or it is not text.
    """
    path_text, separator, inside = named.partition("::")
    if separator and not inside:
        raise SourceError(f"'{path_text}::' names no function: write {path_text}::NAME")
    return load_program(Path(path_text), inside if separator else entry, language)


def without_mark(text: str) -> str:
    """`text` without the byte order mark that some editors put first, and Python rejects."""
    return text.removeprefix("\ufeff")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:  # a device or a pipe has no size to ask for beforehand
            data = file.read(MAX_SOURCE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
    if len(data) > MAX_SOURCE_BYTES:
        raise SourceError(f"{path} is larger than {MAX_SOURCE_BYTES >> 20} MiB: not a program")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 text (byte {error.start})") from error
    if "\0" in text:
        raise SourceError(f"{path} is a binary file, not source text")
    return text


def _of_function(function: Callable[..., Any]) -> Program:
    try:
        code = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError) as error:
        raise SourceError(
            f"the source of {function!r} is not at hand: pass its text and the entry's name"
        ) from error
    name = getattr(function, "__name__", "")
    within = getattr(function, "__qualname__", name).removesuffix(name)
    if not name.isidentifier() or (within and not within.endswith("<locals>.")):
        raise SourceError(
            f"{function!r} has no name of its own: pass the text and the entry's name"
        )
    if kept := getattr(getattr(function, "__code__", None), "co_freevars", ()):
        raise SourceError(
            f"{name} needs '{kept[0]}' of the function around it: pass the whole text"
        )
    return Program(code, name)
