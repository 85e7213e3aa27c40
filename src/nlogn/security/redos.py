"""Regular expressions that backtrack exponentially or by a high power of the subject's length.

The test is on the parsed pattern: a repeat that contains another unbounded repeat, where the
inner one can both end an iteration and begin the next, matches the same text in exponentially
many ways; so do alternatives under a repeat that begin alike (Kirrage, Rathnayake and Thielecke,
"Static analysis for regular expression denial-of-service attacks", NSS 2013).
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any

# The parser behind `re`, from Python 3.11 on; a private name, as there is no public one.
sre: Any = import_module("re._constants")
sre_parse: Any = import_module("re._parser")

MANY = 12  # a bounded repeat above this count is as bad as an unbounded one


@lru_cache(maxsize=512)
def backtracks(pattern: str) -> bool:
    """Whether some subject makes the pattern take exponential time."""
    body = pattern
    if len(body) > 2 and body[0] == "/" and "/" in body[1:]:
        body = body[1 : body.rindex("/")]
    if not any(c in body for c in "+*{"):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = sre_parse.parse(body)
    except (re.error, RecursionError, OverflowError, ValueError):
        return False
    return _walk(list(tree))


def _walk(nodes: list[Any]) -> bool:
    for op, arg in nodes:
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            _low, high, sub = arg
            inner = list(sub)
            if _unbounded(high) and _ambiguous(inner):
                return True
            if _walk(inner):
                return True
        elif op is sre.SUBPATTERN:
            if _walk(list(arg[3])):
                return True
        elif op is sre.BRANCH:
            if any(_walk(list(b)) for b in arg[1]):
                return True
        elif op in (sre.ASSERT, sre.ASSERT_NOT) and _walk(list(arg[1])):
            return True
    return _adjacent(nodes)


def _adjacent(nodes: list[Any]) -> bool:
    """`[a-z.]+\\.[a-z]{2,}(?:\\.[a-z]{2,})*`: a repeat of dotted parts after one that eats dots."""
    for k in range(len(nodes) - 1):
        op, arg = nodes[k]
        if op not in (sre.MAX_REPEAT, sre.MIN_REPEAT) or not _unbounded(arg[1]):
            continue
        eats = _first(list(arg[2]))
        for later_op, later in nodes[k + 1 :]:
            if later_op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and _unbounded(later[1]):
                inner = _flat(list(later[2]))
                if len(inner) > 1 and _all_within(inner, eats):
                    return True
    return False


def _unbounded(high: Any) -> bool:
    return high is sre.MAXREPEAT or high > MANY


def _flat(nodes: list[Any]) -> list[Any]:
    """The sequence with groups opened."""
    out: list[Any] = []
    for op, arg in nodes:
        if op is sre.SUBPATTERN:
            out += _flat(list(arg[3]))
        else:
            out.append((op, arg))
    return out


def _ambiguous(nodes: list[Any]) -> bool:
    """Whether the body of a repeat can match one text in two ways."""
    seq = _flat(nodes)
    if len(seq) == 1 and seq[0][0] is sre.BRANCH:
        branches = [list(b) for b in seq[0][1][1]]
        if any(_ambiguous(b) for b in branches if len(_flat(b)) == 1):
            return True
        firsts = [_first(b) for b in branches]
        for i in range(len(firsts)):
            for j in range(i):
                if firsts[i] & firsts[j] and len(_flat(branches[i])) == 1 == len(
                    _flat(branches[j])
                ):
                    return True
        return False
    loops = [
        (k, arg) for k, (op, arg) in enumerate(seq)
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and _unbounded(arg[1])
    ]  # fmt: skip
    for k, arg in loops:
        eats = _first(list(arg[2]))
        others = [n for i, n in enumerate(seq) if i != k]
        if all(_nullable(n) or (_first([n]) and _first([n]) <= eats) for n in others):
            return True
    return False


def _all_within(seq: list[Any], chars: frozenset[int]) -> bool:
    return all(_first([n]) and _first([n]) <= chars for n in seq)


def _nullable(node: Any) -> bool:
    op, arg = node
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return bool(arg[0] == 0)
    return op is sre.AT


_ALL = frozenset(range(128))
_WORD = frozenset(c for c in range(128) if chr(c).isalnum() or chr(c) == "_")
_DIGIT = frozenset(range(48, 58))
_SPACE = frozenset((9, 10, 11, 12, 13, 32))
_CLASSES = {
    "CATEGORY_WORD": _WORD, "CATEGORY_DIGIT": _DIGIT, "CATEGORY_SPACE": _SPACE,
    "CATEGORY_NOT_WORD": _ALL - _WORD, "CATEGORY_NOT_DIGIT": _ALL - _DIGIT,
    "CATEGORY_NOT_SPACE": _ALL - _SPACE,
}  # fmt: skip


def _first(nodes: list[Any]) -> frozenset[int]:
    """ASCII characters that a match may begin with."""
    out: frozenset[int] = frozenset()
    for op, arg in nodes:
        if op is sre.LITERAL:
            return out | {arg}
        if op is sre.NOT_LITERAL:
            return out | (_ALL - {arg})
        if op is sre.ANY:
            return out | _ALL
        if op is sre.IN:
            return out | _members(arg)
        if op is sre.SUBPATTERN:
            return out | _first(list(arg[3]))
        if op is sre.BRANCH:
            return out.union(*(_first(list(b)) for b in arg[1]))
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            out |= _first(list(arg[2]))
            if arg[0] > 0:
                return out
    return out


def _members(items: Any) -> frozenset[int]:
    out: set[int] = set()
    negate = False
    for op, arg in items:
        if op is sre.NEGATE:
            negate = True
        elif op is sre.LITERAL:
            out.add(arg)
        elif op is sre.RANGE:
            out.update(range(arg[0], min(arg[1], 127) + 1))
        elif op is sre.CATEGORY:
            out |= _CLASSES.get(str(arg), frozenset())
    return frozenset(_ALL - out) if negate else frozenset(out)
