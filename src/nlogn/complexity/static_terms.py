"""Symbolic growth: sums of products of sizes, and their place in the lattice of classes.

A `Terms` is a set of monomials, read as their sum without constants: ``n*m + n log n`` is
``{((m,1,0),(n,1,0)), ((n,1,1),)}``. A monomial is a sorted tuple of (size, power, log power).
The size ``^x`` stands for 2 to the x, ``!x`` for x factorial, ``?`` for what is not known, and one
that starts with ``@`` for a size that is known only later. Powers may be negative on the way: a
loop that runs n times in all inside a loop of n passes counts n/n per pass.
"""

import functools
import re
from collections.abc import Callable, Iterable

from nlogn.complexity.bigo import CLASSES, BigO

Factor = tuple[str, float, float]
Mono = tuple[Factor, ...]
Terms = frozenset[Mono]

ONE: Terms = frozenset({()})
MAX_MONOS = 24


def size(name: str) -> Terms:
    """The terms that consist of one size."""
    return frozenset({((name, 1.0, 0.0),)})


UNKNOWN: Terms = size("?")


def is_unknown(terms: Terms) -> bool:
    return any(name == "?" for mono in terms for name, _, _ in mono)


def _product(a: Mono, b: Mono) -> Mono:
    if not a or not b:
        return a or b
    powers = {name: (power, log) for name, power, log in a}
    for name, power, log in b:
        p, q = powers.get(name, (0.0, 0.0))
        capped = name[0] in "^!?"  # 2^n * 2^n is still "exponential in n"
        powers[name] = (max(p, power), max(q, log)) if capped else (p + power, q + log)
    return tuple(sorted((n, p, q) for n, (p, q) in powers.items() if p or q))


def _covers(big: Mono, small: Mono) -> bool:
    """Whether `small` grows at most as fast as `big`."""
    have = {name: (power, log) for name, power, log in big}
    for name, power, log in small:
        if (power, log) <= (0.0, 0.0):
            continue
        if name[0] not in "^!?@" and ("^" + name in have or "!" + name in have):
            continue
        if name[0] == "^" and "!" + name[1:] in have:
            continue
        if have.get(name, (0.0, 0.0)) < (power, log):
            return False
    mine = {name for name, _, _ in small}
    # n/n passes, and sizes known only later, may be less than one.
    return all((power >= 0 and name[0] != "@") or name in mine for name, power, _ in big)


@functools.lru_cache(maxsize=4096)
def _pruned(terms: Terms) -> Terms:
    kept: list[Mono] = []
    for mono in sorted(terms, key=lambda m: (-sum(p for _, p, _ in m), m)):
        if not any(_covers(other, mono) for other in kept):
            kept = [other for other in kept if not _covers(mono, other)] + [mono]
    if len(kept) > MAX_MONOS:
        return UNKNOWN
    return frozenset(kept) or ONE


@functools.lru_cache(maxsize=4096)
def add(a: Terms, b: Terms) -> Terms:
    return a if a == b else _pruned(a | b)


@functools.lru_cache(maxsize=4096)
def mul(a: Terms, b: Terms) -> Terms:
    if a == ONE:
        return b
    if b == ONE:
        return a
    return _pruned(frozenset(_product(x, y) for x in a for y in b))


def total(parts: Iterable[Terms]) -> Terms:
    return functools.reduce(add, parts, ONE)


def product(parts: Iterable[Terms]) -> Terms:
    return functools.reduce(mul, parts, ONE)


def inverse(a: Terms) -> Terms:
    """1/a for one monomial; 1 (no discount) for a sum or what is not known."""
    if len(a) != 1 or is_unknown(a):
        return ONE
    (mono,) = a
    return frozenset({tuple((n, -p, -q) for n, p, q in mono)})


def power(a: Terms, exponent: float) -> Terms:
    if exponent == int(exponent) and 1 <= exponent <= 6:
        return product([a] * int(exponent))
    if is_unknown(a):
        return UNKNOWN
    return _pruned(frozenset(tuple((n, p * exponent, q * exponent) for n, p, q in m) for m in a))


def log(a: Terms) -> Terms:
    """log of a sum: the sum of the logs of its sizes (log log counts as 1)."""
    if is_unknown(a):
        return UNKNOWN
    out = ONE
    for mono in a:
        for name, p, _ in mono:
            if name[0] == "^":
                out = add(out, size(name[1:]))
            elif name[0] == "!":
                out = add(out, mul(size(name[1:]), log(size(name[1:]))))
            elif p > 0:
                out = add(out, frozenset({((name, 0.0, 1.0),)}))
    return out


def exponential(a: Terms, mark: str = "^") -> Terms:
    """2 to the a; with mark ``!``, a factorial."""
    if is_unknown(a):
        return UNKNOWN
    names = {name for mono in a for name, p, _ in mono if p > 0}
    if not names:
        return a
    if any(name[0] in "^!" for name in names):
        return UNKNOWN
    if all(p < 1 for mono in a for _, p, _ in mono):  # 2^(log n) is a power of n, 2^sqrt(n) neither
        return total(map(size, names)) if all(p == 0 for m in a for _, p, _ in m) else UNKNOWN
    return product(size(mark + name) for name in sorted(names))


def is_constant(a: Terms) -> bool:
    return all(p <= 0 and q <= 0 for mono in a for _, p, q in mono)


def degree(a: Terms) -> float:
    """The largest power of any size; infinite for exponentials."""
    return max(
        (float("inf") if name[0] in "^!" else p for mono in a for name, p, _ in mono), default=0.0
    )


def substitute(a: Terms, value_of: Callable[[str], Terms | None]) -> Terms:
    """`a` with each size replaced by its value; None keeps the size as it is."""
    out: Terms = frozenset()
    for mono in a:
        part = ONE
        for name, p, q in mono:
            mark = name[0] if name[0] in "^!" else ""
            value = value_of(name[len(mark) :])
            if value is None:
                part = mul(part, frozenset({((name, p, q),)}))
                continue
            if mark:
                value = exponential(value, mark)
            if p:
                part = mul(part, power(value, p) if p > 0 else power(inverse(value), -p))
            if q:
                logs = log(value)
                part = mul(part, power(logs, q) if q > 0 else power(inverse(logs), -q))
        out = out | part
    return _pruned(out)


def names(a: Terms) -> set[str]:
    """The sizes that still matter, without the marks of exponentials."""
    return {n.lstrip("^!") for mono in a for n, p, q in mono if (p > 0 or q > 0) and n != "?"}


_WORD = re.compile(r"1|[nm](\^\d+)?|2\^[nm]|2\^\(n\+m\)|[nm]!")


def _spelled(text: str) -> Terms | None:
    """The terms of a class name of the lattice, such as ``n+m log n``; None for the classes that
    have no such terms (``min(n,m)``, ``n log log n``)."""
    if text == "(n+m) log(n+m)":
        text = "n log n+n log m+m log n+m log m"
    elif text.startswith("(n+m) log "):
        text = f"n {text[6:]}+m {text[6:]}"
    if "+" in text and "(" not in text:
        parts = [_spelled(part) for part in text.split("+")]
        return None if None in parts else total(p for p in parts if p is not None)
    out, rest = ONE, text.replace("*", " ").split()
    while rest:
        word = rest.pop(0)
        inner = size(rest.pop(0)) if word in ("log", "log^2", "sqrt") and rest else ONE
        if word in ("log", "log^2", "sqrt"):
            if inner not in (size("n"), size("m")):
                return None
            factor = power(inner, 0.5) if word == "sqrt" else log(inner)
            out = mul(out, power(factor, 2) if word == "log^2" else factor)
        elif not _WORD.fullmatch(word):
            return None
        elif word.startswith("2^"):
            out = mul(out, product(size("^" + c) for c in word if c in "nm"))
        elif word.endswith("!"):
            out = mul(out, size("!" + word[0]))
        elif word != "1":
            name, _, exponent = word.partition("^")
            out = mul(out, power(size(name), float(exponent or 1)))
    return out


@functools.cache
def _lattice() -> list[tuple[BigO, Terms]]:
    both = [(c, _spelled(c.name)) for c in CLASSES]
    return [(c, terms) for c, terms in both if terms is not None]


def classify(terms: Terms, letters: dict[str, str]) -> tuple[str, bool]:
    """The class of `terms` once each size is written as ``n`` or ``m``, and whether it is exact
    (else it is the cheapest class of the lattice above it). ``unknown`` is an answer."""
    return _classified(terms, tuple(sorted(letters.items())))


@functools.lru_cache(maxsize=4096)
def _classified(terms: Terms, pairs: tuple[tuple[str, str], ...]) -> tuple[str, bool]:
    if is_unknown(terms):
        return "unknown", True
    letters = dict(pairs)
    kept: Terms = frozenset(
        tuple((n, max(p, 0.0), q if p >= 0 else 0.0) for n, p, q in mono if p > 0 or (p == 0 < q))
        for mono in terms
    )
    written = substitute(kept, lambda name: size(letters.get(name, "m")))
    for big_o, spelled in _lattice():
        if written == spelled:
            return str(big_o), True
    for big_o, spelled in _lattice():
        if all(any(_above(big, mono) for big in spelled) for mono in written):
            return str(big_o), False
    return "unknown", True


def _above(big: Mono, small: Mono) -> bool:
    stripped = tuple((n, p, q) for n, p, q in small if not (n[0] not in "^!" and _tames(big, n)))
    return _covers(big, stripped)


def _tames(big: Mono, name: str) -> bool:
    """Whether an exponential in `name` swallows its polynomial factors."""
    return any(n in ("^" + name, "!" + name) for n, _, _ in big)
