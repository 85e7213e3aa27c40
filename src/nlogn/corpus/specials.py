"""The special tokens, their order and their meaning.

A document is a list of parts, each a text or the name of a special token: a text that spells
``<|endoftext|>`` is never mistaken for the token.

    [Special("<|time:O(n)|>"), "def total(xs):\\n    return sum(xs)\\n"]
"""

from collections.abc import Mapping

from nlogn.complexity.bigo import CLASSES

END = "<|endoftext|>"
FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE = "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"
REPOSITORY, FILE = "<|repo_name|>", "<|file_sep|>"
SYSTEM, USER, ASSISTANT, TURN_END = "<|system|>", "<|user|>", "<|assistant|>", "<|turn_end|>"


class Special(str):
    """The name of a special token, as a part of a document."""

    __slots__ = ()


Parts = list[str]  # texts and `Special`s, in order


def time_token(growth: str) -> Special:
    """``<|time:O(n log n)|>`` for a class as `str(BigO)` prints it."""
    return Special(f"<|time:{growth}|>")


def memory_token(growth: str) -> Special:
    return Special(f"<|memory:{growth}|>")


SPECIALS: tuple[str, ...] = (
    END, FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE, REPOSITORY, FILE, SYSTEM, USER, ASSISTANT, TURN_END,
    *(time_token(str(c)) for c in CLASSES),
    *(memory_token(str(c)) for c in CLASSES),
)  # fmt: skip

# what an answer begins with: they are no text, and do not end it
OF_CLASSES = frozenset(name for name in SPECIALS if name.startswith(("<|time:", "<|memory:")))


def never_in_files(vocabulary: Mapping[str, int]) -> list[int]:
    """Numbers of the special tokens that a whole file does not have: those of turns, of control
    and of holes mark a rendering of a problem, or a file with a hole."""
    return [vocabulary[name] for name in SPECIALS
            if name in vocabulary and name not in (END, FILE, REPOSITORY)]  # fmt: skip


def plain(parts: Parts) -> str:
    """The text of a document without its special tokens."""
    return "".join(part for part in parts if not isinstance(part, Special))


def to_json(parts: Parts) -> list[list[str]]:
    return [["special" if isinstance(p, Special) else "text", str(p)] for p in parts]


def from_json(rows: list[list[str]]) -> Parts:
    return [Special(text) if kind == "special" else text for kind, text in rows]
