"""Completion at the cursor: what belongs between the text before it and the text after it.

    filled = complete(read_document("app.py:10:5"), open_text_engine("llamacpp:m.gguf"))
    filled.text                                            # ready to be inserted

The model's text is read as it comes and left as soon as it has what belongs at the cursor; what is
given out repeats nothing that stands there and leaves the code as sound as it was.
"""

import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from nlogn.engine.fim import family_of, render, without_specials
from nlogn.engine.middle import Scope, finished, fit, scope_at
from nlogn.engine.protocol import Cancel, EngineError, RawPrompt, Sampling, TextEngine
from nlogn.security.files import language_of

PROMPT_TOKENS = 2048  # what the model gets to read, if its context has room for it
_MOST_BYTES = 8 << 20
_OWN_SHARE = 0.75  # of the prompt for the file itself, where other files are shown, too
_PREFIX_SHARE = 0.7  # of that for what is before the cursor, if both sides are long
_LEAST_RELATED = 64  # tokens; less says nothing of another file
_SLACK = 24  # special tokens, paths, and what tokenizers add at the seams


class PositionError(ValueError):
    """There is no such place in the file; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text with a cursor in it. Lines end with ``\\n``; `crlf` says that they did not."""

    path: str
    prefix: str
    suffix: str
    language: str = ""
    crlf: bool = False


@dataclass(frozen=True, slots=True)
class Related:
    """A part of another file: `lines` are its line ranges, from 1, both ends included."""

    path: str
    text: str
    score: float
    lines: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """`text` is to be inserted at the cursor, "" where nothing fits; `raw` is the model's own."""

    text: str
    raw: str
    scope: Scope
    model: str
    family: str
    finish_reason: str  # "stop": the model ended it; "scope": it was left; "length": cut off
    context: tuple[str, ...] = ()  # paths of other files that the model was shown
    first_s: float | None = None  # from the call to the first text
    total_s: float = 0.0


def read_document(place: str, text: str | None = None) -> Document:
    """The document that ``FILE:LINE:COLUMN`` names; both count from 1, columns in characters, so
    that a line of four letters has the columns 1 to 5.

    Args:
        text: the file's text where the editor has another one than the disk.

    Raises:
        PositionError: there is no such place, or the file is no text.
        OSError: the file cannot be read.
    """
    path, line, column = _parts(place)
    text = _read(Path(path)) if text is None else text.removeprefix("\ufeff")
    crlf = "\r\n" in text
    text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    count = len(lines)
    if not 1 <= line <= count:
        s = "" if count == 1 else "s"
        raise PositionError(f"{path} has {count:,} line{s}: there is no line {line:,}")
    row = lines[line - 1]
    if not 1 <= column <= len(row) + 1:
        raise PositionError(
            f"line {line:,} of {path} has the columns 1 to {len(row) + 1}: there is no column "
            f"{column:,}"
        )
    at = sum(len(row) + 1 for row in lines[: line - 1]) + column - 1
    return Document(path, text[:at], text[at:], language_of(path), crlf)


def shown_path(path: str) -> str:
    """A file's name as text, whatever its bytes."""
    return os.fsencode(path).decode("utf-8", "replace")


def _parts(place: str) -> tuple[str, int, int]:
    path, line, column = place.rsplit(":", 2) if place.count(":") > 1 else ("", "", "")
    if not path or not line.isdecimal() or not column.isdecimal():
        raise PositionError(f"'{place}' names no place: write FILE:LINE:COLUMN, as in app.py:10:5")
    return path, int(line), int(column)


def _read(path: Path) -> str:
    if path.is_dir():
        raise PositionError(f"{path} is a folder: write FILE:LINE:COLUMN")
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise PositionError(f"{path} is larger than {_MOST_BYTES >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = f"{path} is no UTF-8 text ({error.reason} at byte {error.start})"
        raise PositionError(said) from None
    if "\0" in text:
        raise PositionError(f"{path} is a binary file")
    return text


def complete(
    document: Document,
    engine: TextEngine,
    *,
    scope: Scope | None = None,
    family: str = "",
    max_tokens: int = 128,
    temperature: float = 0.0,
    seed: int = 0,
    timeout_s: float = 30.0,
    prompt_tokens: int = PROMPT_TOKENS,
    related: Callable[[Document, int, Callable[[str], int]], Sequence[Related]] | None = None,
    repository: str = "",
    cancel: Cancel | None = None,
) -> Filled:
    """What the engine's model would write at the cursor, made to fit.

    Args:
        scope: how much belongs there; by what surrounds the cursor, if not given.
        family: of FIM prompts; by the model's tokens or name, if not given.
        related: called with the document, a number of tokens and a counter of tokens; gives parts
            of other files that take no more than that, the most related last.

    Raises:
        NoFim: the model cannot fill in the middle.
        EngineError: the engine cannot be reached, or failed.
        Cancelled: soon after ``cancel.cancel()``.
    """
    started = time.monotonic()
    facts = engine.facts(cancel=cancel)
    layout = family_of(facts, family)
    budget = prompt_tokens if facts.context is None else min(
        prompt_tokens, facts.context - max_tokens - _SLACK
    )  # fmt: skip
    if budget < _LEAST_RELATED:
        raise EngineError(
            f"the context of {facts.name} is {facts.context} tokens, which leaves no room beside "
            f"{max_tokens} new ones: ask for fewer (--max-tokens)"
        )
    scope = scope or scope_at(document.prefix, document.suffix)
    own = budget if related is None else round(budget * _OWN_SHARE)
    prefix, suffix = _shortened(document, own, engine.count_tokens)
    room = budget - engine.count_tokens(prefix) - engine.count_tokens(suffix)
    others: Sequence[Related] = ()
    if related is not None and room >= _LEAST_RELATED:
        others = related(document, room, engine.count_tokens)
    prompt = render(
        layout, prefix, suffix, path=shown_path(document.path),
        related=[(o.path, o.text) for o in others], repository=repository,
    )  # fmt: skip
    sampling = Sampling(
        max_tokens=max_tokens, temperature=temperature, seed=seed, timeout_s=timeout_s
    )
    raw, reason, first = _written(engine, prompt, sampling, document, scope, cancel)
    raw = without_specials(layout, raw, document.prefix + document.suffix)
    text = fit(
        raw, document.prefix, document.suffix, document.language, scope=scope,
        cut_short=reason == "length",
    )  # fmt: skip
    return Filled(
        text=text.replace("\n", "\r\n") if document.crlf else text,
        raw=raw,
        scope=scope,
        model=facts.name,
        family=layout.name,
        finish_reason=reason,
        context=tuple(o.path for o in others),
        first_s=None if first is None else first - started,
        total_s=time.monotonic() - started,
    )


def _written(
    engine: TextEngine,
    prompt: RawPrompt,
    sampling: Sampling,
    document: Document,
    scope: Scope,
    cancel: Cancel | None,
) -> tuple[str, str, float | None]:
    """The model's text, why it ended, and when its first piece came."""
    stream = engine.stream_text(prompt, sampling, cancel=cancel)
    text = ""
    count = looked = 0
    first: float | None = None
    with closing(stream) if isinstance(stream, Generator) else nullcontext():
        for piece in stream:
            first = first if first is not None else time.monotonic()
            text += piece
            count += 1
            ended = text.rfind("\n")
            if text[: ended + 1].strip() and looked <= ended:
                looked = ended + (len(text) > ended + 1)  # once at the break, once beyond it
                if finished(text, document.prefix, document.suffix, document.language, scope):
                    return text, "scope", first
    # A stream tells no reason; an endpoint sends a piece for each token.
    most = sampling.max_tokens - 1
    return text, "length" if max(count, engine.count_tokens(text)) >= most else "stop", first


def _shortened(document: Document, budget: int, count: Callable[[str], int]) -> tuple[str, str]:
    """The ends of prefix and suffix at the cursor, whole lines, in `budget` tokens together."""
    after = count(document.suffix[: 64 * budget])
    before = count(document.prefix[-64 * budget :])
    share = round(budget * _PREFIX_SHARE)
    prefix = _tail(document.prefix, max(share, budget - after), before, count)
    suffix = _head(document.suffix, max(budget - share, budget - before), after, count)
    return prefix, suffix


def _tail(text: str, budget: int, size: int, count: Callable[[str], int]) -> str:
    """The last whole lines in `budget` tokens; of a longer last line its end."""
    text = text[-64 * budget :]
    while size > budget:
        keep = max(1, min(len(text) - 1, len(text) * budget // size))
        text = text[-keep:]
        if "\n" in text:
            text = text[text.index("\n") + 1 :]
        size = count(text)
    return text


def _head(text: str, budget: int, size: int, count: Callable[[str], int]) -> str:
    """The first whole lines in `budget` tokens; of a longer first line its start."""
    text = text[: 64 * budget]
    while size > budget:
        keep = max(1, min(len(text) - 1, len(text) * budget // size))
        text = text[:keep]
        if "\n" in text:
            text = text[: text.rindex("\n") + 1]
        size = count(text)
    return text
