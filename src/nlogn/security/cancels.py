"""Go: a context's cancel function that is put somewhere and then never looked at again.

`go vet` finds the ones that are dropped at once; this finds `w := &Worker{cancel: cancel}` and
`stop = cancel` where nothing in the file reads the field or variable.
"""

from __future__ import annotations

import re

from .packs.go import KEPT_CANCEL
from .state import Hit

_MADE = re.compile(r"\b\w+\s*,\s*(\w+)\s*:?=\s*context\.With(?:Cancel|Timeout|Deadline)\w*\(")
_WORD = re.compile(r"\w+")
_GIVEN = re.compile(r"\s*[:=]\s*(\w+)")
_HOLDER = re.compile(r"(?:\b(\w+)\s*:|\b(?:\w+\.)*(\w+)\s*=)\s*$")  # what stands before a value
# What follows a name where it is declared, or where it receives a cancel function.
_DECLARED = re.compile(r"\s*(?:,\s*\w+\s*)*context\.CancelFunc\b|\s*:?=\s*context\.With")


def cancel_hits(text: str) -> list[Hit]:
    """What keeps a cancel function that nothing in the text calls, returns or passes on."""
    made = {m.group(1): m.start() for m in _MADE.finditer(text)}
    if not made:
        return []
    kept = {name: _kept_in(uses, {name}, text) for name, uses in _uses(set(made), text).items()}
    holders: dict[str, set[str]] = {}  # what a cancel function was stored in -> the function's name
    for name, found in kept.items():
        for holder in found or ():
            holders.setdefault(holder, set()).add(name)
    read = {
        holder
        for holder, uses in _uses(set(holders), text).items()
        if _kept_in(uses, holders[holder], text) is None
    }
    return [
        Hit(KEPT_CANCEL, made[name], KEPT_CANCEL.confidence, "heuristic", 0, (), "")
        for name, found in kept.items()
        if found and not found & read
    ]


def _uses(words: set[str], text: str) -> dict[str, list[re.Match[str]]]:
    out: dict[str, list[re.Match[str]]] = {word: [] for word in words}
    for m in _WORD.finditer(text):
        if m.group() in words:
            out[m.group()].append(m)
    return out


def _kept_in(uses: list[re.Match[str]], values: set[str], text: str) -> set[str] | None:
    """The fields and variables that a word is stored in, None when it is used for anything else.

    To be declared is no use of it, nor to be set to one of `values`.
    """
    out: set[str] = set()
    for use in uses:
        given = _GIVEN.match(text, use.end())
        if _DECLARED.match(text, use.end()) or (given and given.group(1) in values):
            continue
        holder = _HOLDER.search(text, max(0, use.start() - 80), use.start())
        if holder is None:
            return None
        out.add(holder.group(1) or holder.group(2))
    return out
