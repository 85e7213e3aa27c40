"""`generate`: argument tuples likely to break code, from a signature.

A union of three sources, mixed so that any prefix is a good sample: the shown examples, small
changes of them and of what was already made (`mutate`), and fresh values with a taste for
boundaries (`Maker` here, hypothesis strategies in `strategies`). Deterministic by seed.
"""

import itertools
import random
import string
from collections.abc import Sequence
from typing import Any

from nlogn.cases.domain import conforms
from nlogn.cases.mutate import mutate
from nlogn.cases.tie import tie
from nlogn.cases.types import (
    Anything,
    Bool,
    Choice,
    Fields,
    Float,
    Function,
    Int,
    Map,
    Node,
    Null,
    OneOf,
    Seq,
    Signature,
    Str,
    Tuple,
    Type,
    depth,
    main_option,
)

SMALL = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1, -2, -3)
LARGE = (2**31 - 1, 2**31, -(2**31), 2**32, 2**53 + 1, 2**63 - 1, 2**63, 10**18, -(10**18), 10**20)
FLOATS = (0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, 0.1, 0.2, 0.3, 1e-9, 1e9, 3.999999, -2.5, 100.0)
UNICODE = "é ß ñ 中 😀 İ ﬁ ٣ \u200b".replace(" ", "")


def generate(
    signature: Signature,
    *,
    seeds: Sequence[tuple[Any, ...]] = (),
    count: int = 300,
    seed: int = 0,
    hypothesis_share: float = 0.08,
) -> list[tuple[Any, ...]]:
    """Up to `count` different argument tuples, the likeliest to tell programs apart first.

    Linked structures and functions come as the plain values that `objects.adapt` understands.
    Fewer come back where the types have fewer values (two flags have four).
    """
    rng = random.Random(seed)
    maker = Maker(rng, signature)
    seen: set[str] = set()
    out: list[tuple[Any, ...]] = []

    def keep(args: tuple[Any, ...]) -> bool:
        key = _key(args)
        if key in seen:
            return False
        seen.add(key)
        out.append(args)
        return True

    shown = [tuple(s) for s in (*seeds, *signature.examples)]
    for args in shown[:40]:
        keep(args)
    for args in shown[:8]:
        for other in (*_permuted(args, signature), *_beside(args, signature)):
            if conforms(other, signature) and len(out) < count // 3:
                keep(other)
    for args in maker.corners():
        if len(out) < count // 2 or len(out) < 30:
            fitted = tie(args, signature, rng, sure_only=True)
            if conforms(fitted, signature):
                keep(fitted)
    drawn: list[tuple[Any, ...]] = []
    if hypothesis_share > 0 and count >= 60 and signature.params:
        from nlogn.cases.strategies import draw

        drawn = draw(signature, int(count * hypothesis_share), seed)
    pool = list(shown) or [maker.args() for _ in range(4)]
    stuck = 0
    while len(out) < count and stuck < 200:
        roll = rng.random()
        if drawn and roll < hypothesis_share:
            args = tie(drawn.pop(), signature, rng)
        elif roll < (0.55 if shown else 0.4):
            base = rng.choice(pool[-60:] if rng.random() < 0.5 else pool[:60])
            args = mutate(base, signature, maker, rng)
        else:
            args = maker.args()
        if conforms(args, signature) and keep(args):
            stuck = 0
            pool.append(args)
        else:
            stuck += 1
    return out[:count]


def _permuted(args: tuple[Any, ...], signature: Signature) -> list[tuple[Any, ...]]:
    """The arguments in another order, where all are of one kind."""
    kinds = {(type(main_option(t)), depth(t)) for t in signature.types[: len(args)]}
    if not 2 <= len(args) <= 4 or len(kinds) > 1:
        return []
    return [p for p in itertools.permutations(args) if p != args
            and all(type(x) is type(y) for x, y in zip(p, args, strict=True))]  # fmt: skip


def _beside(args: tuple[Any, ...], signature: Signature) -> list[tuple[Any, ...]]:
    """The arguments with one number moved by one, or written as a float where that is allowed."""
    found = []
    for i, value in enumerate(args):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        others: list[int | float] = [value + 1, value - 1]
        if isinstance(signature.params[i].type, Float) and abs(value) < 2**53:
            others += [float(value), int(value)] if value == value else []
        found += [(*args[:i], other, *args[i + 1 :]) for other in others]
    return found


def _key(args: tuple[Any, ...]) -> str:
    return repr(args)  # tells 1 from True and 1.0, and list from tuple


class Maker:
    """Fresh values by type, from one random generator."""

    def __init__(self, rng: random.Random, signature: Signature) -> None:
        self.rng = rng
        self.signature = signature
        self.integers = [c for c in signature.constants if type(c) is int]
        self.strings = [c for c in signature.constants if isinstance(c, str)]
        # Single characters that the code or the statement names: brackets, signs, vowels.
        named = [c for c in self.strings if len(c) == 1]
        named += [c for p in ("()", "[]", "{}") if set(p) & set(named) for c in p]
        self.marks = "".join(dict.fromkeys(named))[:20]
        self.shown_strings = list(_strings_in(signature.examples))
        self.letters = "".join(dict.fromkeys("".join(self.shown_strings)))[:80]
        self.biggest = max((abs(v) for v in _integers_in(signature.examples)), default=0)

    def args(self) -> tuple[Any, ...]:
        """One argument tuple, its parts made to fit each other."""
        self.style = self.rng.random()
        self.size_hint = self.rng.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 12, 20))
        params = list(self.signature.params)
        while params and params[-1].optional and self.rng.random() < 0.6:
            params.pop()
        values = tuple(self.value(p.type) for p in params)
        return tie(values, self.signature, self.rng)

    def corners(self) -> list[tuple[Any, ...]]:
        """The extremes of each parameter, alone and together."""
        params = [p for p in self.signature.params if not p.optional]
        columns = [corner_values(p.type) for p in params]
        if not columns:
            return [()]
        longest = max(map(len, columns))
        rows = [tuple(c[min(i, len(c) - 1)] for c in columns) for i in range(longest)]
        self.style, self.size_hint = 0.5, 3
        base = tuple(self.value(p.type) for p in params)
        for i, column in enumerate(columns):
            if len(columns) > 1:
                rows += [(*base[:i], value, *base[i + 1 :]) for value in column[:8]]
        return rows

    # By type

    def value(self, type_: Type, level: int = 0) -> Any:
        rng = self.rng
        match type_:
            case Int():
                return self.integer(type_, level)
            case Float():
                return self.float(type_)
            case Bool():
                return rng.random() < 0.5
            case Null():
                return None
            case Str():
                text = self.string(type_, level)
                return text.encode("utf-8", "replace") if type_.binary else text
            case OneOf(values=values):
                return rng.choice(values)
            case Choice(options=found):
                first = level == 0 or rng.random() < 0.5
                return self.value(found[0] if first and rng.random() < 0.6 else rng.choice(found),
                                  level)  # fmt: skip
            case Tuple(items=items):
                made = tuple(self.value(t, level + 1) for t in items)
                if len(made) == 2 and all(isinstance(t, Int) for t in items) and rng.random() < 0.6:
                    made = tuple(sorted(made))
                return made
            case Seq():
                return self.sequence(type_, level)
            case Map():
                return self.mapping(type_, level)
            case Fields(items=fields):
                return {k: self.value(t, level + 1) for k, t in fields}
            case Node():
                return self.node(type_, level)
            case Function():
                return rng.randrange(6)
            case Anything():
                return self.value(rng.choice((Int(), Str(), Float(), Seq(Int()), Null())), level)

    def integer(self, type_: Int, level: int = 0) -> int:
        rng, lo, hi = self.rng, type_.lo, type_.hi
        roll = rng.random()
        if lo is not None and hi is not None:
            if roll < 0.2:
                return min(max(rng.choice((lo, lo + 1, hi, hi - 1)), lo), hi)
            if hi - lo > 40 and roll < 0.6:
                return min(hi, lo + rng.randrange(12 if roll < 0.4 else 40))
            return rng.randint(lo, hi)
        if level and self.style < 0.25:
            value = rng.choice((0, 1, 2)) if self.style < 0.15 else rng.choice((-1, 0, 1))
        elif roll < 0.35:
            value = rng.choice(SMALL)
        elif roll < 0.62:
            value = rng.randint(-10, 30)
        elif roll < 0.74 and self.integers:
            value = rng.choice(self.integers) + rng.choice((0, 0, -1, 1))
        elif roll < 0.88:
            value = rng.randint(-100, 200)
        elif roll < 0.97:
            value = rng.choice((rng.randint(0, 1000), rng.randint(-1000, 10000), 2 ** rng.randrange(
                4, 14), 10 ** rng.randrange(1, 5), rng.randrange(1, 100) ** 2))  # fmt: skip
        elif roll < 0.99:
            value = rng.randint(0, 10**6)
        else:
            value = rng.choice(LARGE)
        if lo is not None and value < lo:
            value = lo + abs(value - lo) if rng.random() < 0.8 else lo
        if hi is not None and value > hi:
            value = hi - abs(value - hi) % (abs(hi) + 1) if rng.random() < 0.8 else hi
        return value

    def float(self, type_: Float) -> float:
        rng = self.rng
        roll = rng.random()
        if type_.special and roll < 0.04:
            return rng.choice((float("inf"), float("-inf"), float("nan")))
        if roll < 0.35:
            value = rng.choice(FLOATS)
        elif roll < 0.7:
            value = round(rng.uniform(-10, 20), rng.choice((0, 1, 1, 2)))
        else:
            value = round(rng.uniform(-100, 1000), rng.choice((0, 1, 2, 3, 6)))
        if type_.lo is not None and value < type_.lo:
            value = type_.lo + abs(value - type_.lo)
        if type_.lo == 0 and value == 0:
            value = 0.5
        if type_.hi is not None and value > type_.hi:
            value = rng.uniform(type_.lo or 0, type_.hi)
        shown_ints = any(isinstance(v, int) for e in self.signature.examples for v in e)
        if shown_ints and rng.random() < 0.4 and value == value and abs(value) < 1e15:
            return int(value)
        return value

    def size(self, low: int, high: int | None, level: int) -> int:
        rng = self.rng
        usual = (0, 1, 1, 2, 2, 3, 3, 4, 6, 5, 7, 9, 13)
        size = rng.choice(usual if level == 0 else usual[:9])
        if level == 0 and rng.random() < 0.5:
            size = self.size_hint
        size = max(size, low)
        return size if high is None else min(size, high)

    def string(self, type_: Str, level: int) -> str:
        rng = self.rng
        if type_.max_size == 1 and type_.min_size == 1:
            return rng.choice(type_.alphabet or self.letters or string.ascii_letters + " 0_")
        roll = rng.random()
        if type_.words and roll < (0.35 if level == 0 else 0.5) and not type_.alphabet:
            made = self.from_words(type_, level)
        elif self.shown_strings and roll < 0.65:
            made = self.from_shown(type_)
        else:
            made = self.letters_of(type_, level)
        if type_.max_size is not None:
            made = made[: type_.max_size]
        while len(made) < type_.min_size:
            made += rng.choice(type_.alphabet or self.letters or "ab")
        return made

    def from_words(self, type_: Str, level: int) -> str:
        """Words of the statement, alone or joined as the examples join theirs."""
        rng = self.rng
        if level or rng.random() < 0.4:
            return rng.choice(type_.words)
        words = [w for w in type_.words if " " not in w] or list(type_.words)
        joints = [c for c in " ,.-/_;:\n" if c in self.letters] or [" ", ""]
        joint = rng.choice(joints)
        return joint.join(rng.choice(words) for _ in range(self.size(1, 9, 0)))

    def from_shown(self, type_: Str) -> str:
        """Characters and pieces of the examples, rearranged."""
        rng = self.rng
        base = rng.choice(self.shown_strings)
        if type_.alphabet and not set(base) <= set(type_.alphabet):
            return self.letters_of(type_, 0)
        letters = type_.alphabet or self.letters or "ab"
        match rng.randrange(6):
            case 0:
                few = rng.choices(letters, k=rng.randint(1, 3))
                return "".join(rng.choice(few) for _ in range(self.size(0, None, 0)))
            case 1:
                return "".join(rng.choice(letters) for _ in range(self.size(0, None, 0)))
            case 2:
                return base[: rng.randint(0, len(base))] + rng.choice(self.shown_strings)[
                    rng.randint(0, 3) :]  # fmt: skip
            case 3:
                return base[::-1]
            case 4:
                return "".join(rng.sample(base, len(base)))
        return "".join(_same_class(c, rng) for c in base)

    def letters_of(self, type_: Str, level: int) -> str:
        rng = self.rng
        size = self.size(0, None, level)
        alphabet = type_.alphabet
        if not alphabet and self.marks and rng.random() < 0.5:
            alphabet = self.marks + rng.choice(("", "", "ab", "a1 ", self.letters))
        if not alphabet:
            alphabet = rng.choices(
                ("ab", "abc", "abcdefgh", "aAbB", string.ascii_lowercase, string.ascii_letters,
                 "01", string.digits, "ab ", "a1 ", "aeiouxyzAEIOUY", ".,!?-_ ab",
                 string.ascii_letters + string.digits + " .,!?;:'", UNICODE + "ab"),
                (3, 3, 3, 3, 4, 3, 1, 1, 2, 2, 2, 1, 2, 1),
            )[0]  # fmt: skip
        made = "".join(rng.choice(alphabet) for _ in range(size))
        roll = rng.random()
        if roll < 0.15:
            made += made[::-1][rng.randrange(2) :]  # a palindrome
        elif roll < 0.22:
            made = made[:3] * rng.randint(1, 3)
        elif roll < 0.3 and " " in alphabet:
            made = made.replace(" ", "  ", 1) + " "
        elif roll < 0.4:
            made = balanced(made, alphabet, rng)
        return made

    def sequence(self, type_: Seq, level: int) -> Any:
        rng = self.rng
        item = type_.item
        if type_.role in ("square", "matrix", "grid") and isinstance(main_option(item), (Seq, Str)):
            return self.matrix(type_, level)
        if type_.role == "adjacency":
            size = max(self.size(1, type_.max_size, level), 1)
            return [self.neighbours(type_.item, size) for _ in range(size)]
        size = self.size(type_.min_size, type_.max_size, level)
        if type_.kind == "tuple" and isinstance(item, Anything):
            item = Int()
        values = [self.value(item, level + 1) for _ in range(size)]
        if not type_.distinct and values:
            roll = rng.random()
            if roll < 0.12:
                values = [values[0]] * len(values)
            elif roll < 0.35:
                few = values[: rng.randint(1, 3)]
                values = [rng.choice(few) for _ in values]
        values = arrange(values, type_, rng)
        if type_.distinct:
            values = _distinct(values)
        return as_kind(values, type_.kind)

    def neighbours(self, item: Type, size: int) -> Any:
        rng = self.rng
        inner = main_option(item)
        if isinstance(inner, Seq):
            vertex = main_option(inner.item)
            found: list[Any] = [rng.randrange(size) for _ in range(rng.randrange(min(size, 3) + 1))]
            if isinstance(vertex, Tuple):
                found = [(v, rng.randint(1, 9)) for v in found]
            return as_kind(found, inner.kind)
        return self.value(item, 1)

    def matrix(self, type_: Seq, level: int) -> list[Any]:
        rows = max(self.size(type_.min_size, type_.max_size, 1), type_.min_size)
        columns = rows if type_.role == "square" else max(1, self.size(1, None, 1))
        if rows and self.rng.random() < 0.05 and type_.role != "square":
            columns = 0
        inner = main_option(type_.item)
        if isinstance(inner, Str):
            letters = inner.alphabet or self.letters or "01"
            return ["".join(self.rng.choices(letters, k=columns)) for _ in range(rows)]
        assert isinstance(inner, Seq)
        made = []
        for _ in range(rows):
            row = arrange([self.value(inner.item, 2) for _ in range(columns)], inner, self.rng)
            made.append(as_kind(row, inner.kind))
        return made

    def key(self, type_: Type, level: int) -> Any:
        """A value that a dict takes for a key; the text of one that it does not take."""
        value = self.value(type_, level)
        try:
            hash(value)
        except TypeError:
            return str(value)
        return value

    def mapping(self, type_: Map, level: int) -> dict[Any, Any]:
        size = self.size(type_.min_size, None, level)
        if type_.role == "adjacency":
            keys: list[Any] = list(range(size))
            if isinstance(main_option(type_.key), Str):
                keys = list(string.ascii_uppercase[:size])
            return {k: self.edges_to(type_.value, keys) for k in keys}
        return {self.key(type_.key, level + 1): self.value(type_.value, level + 1)
                for _ in range(size)}  # fmt: skip

    def edges_to(self, value: Type, keys: list[Any]) -> Any:
        found = self.rng.sample(keys, self.rng.randrange(min(len(keys), 4)) if keys else 0)
        inner = main_option(value)
        if isinstance(inner, Map):
            return {k: self.rng.randint(1, 9) for k in found}
        if isinstance(inner, Seq) and isinstance(main_option(inner.item), Tuple):
            found = [(k, self.rng.randint(1, 9)) for k in found]
        return as_kind(found, inner.kind if isinstance(inner, Seq) else "list")

    def node(self, type_: Node, level: int) -> list[Any]:
        size = self.size(0, None, level)
        values: list[Any] = [self.value(type_.item, level + 1) for _ in range(size)]
        if type_.shape == "tree":
            for i in range(1, size):
                if self.rng.random() < 0.2:
                    values[i] = None
        elif self.rng.random() < 0.3:
            values = arrange(values, Seq(type_.item, ordered=True), self.rng)
        return values


def corner_values(type_: Type) -> list[Any]:
    """The extremes of a type, simplest first."""
    match type_:
        case Int(lo=lo, hi=hi):
            found = [v for v in (0, 1, 2, -1, 3, 10, 100) if (lo is None or v >= lo)
                     and (hi is None or v <= hi)]  # fmt: skip
            return list(dict.fromkeys([*(v for v in (lo, hi) if v is not None), *found])) or [0]
        case Float(lo=lo):
            return [v for v in (0.0, 1.0, 0.5, -1.0, 1.5, -0.5) if lo is None or v > lo] or [1.0]
        case Bool():
            return [False, True]
        case Null():
            return [None]
        case OneOf(values=values):
            return list(values)
        case Str(alphabet=alphabet, min_size=low, max_size=high, binary=binary):
            one = (alphabet or "a")[0]
            other = (alphabet or "ab")[-1]
            texts = ["", one, one * 2, one + other, other + one, one + other + one]
            if not alphabet:
                texts += ["A", " ", "1", "a b", "Ab", "aab"]
            texts = [t for t in texts if len(t) >= low and (high is None or len(t) <= high)]
            return [t.encode() for t in texts] if binary else texts or [one * low]
        case Seq(item=item, kind=kind, min_size=low, max_size=high):
            if type_.role in ("square", "matrix"):
                cell = main_option(main_option(item).item) if isinstance(  # type: ignore[union-attr]
                    main_option(item), Seq) else Int()  # fmt: skip
                cells = corner_values(cell)
                return [m for m in ([], [[cells[0]]], [[cells[-1]]], [[cells[0], cells[-1]],
                        [cells[-1], cells[0]]]) if len(m) >= low]  # fmt: skip
            items = [v for t in (item.options if isinstance(item, Choice) else (item,))
                     for v in corner_values(t)]  # fmt: skip
            rows: list[list[Any]] = [[], *([v] for v in items[:4])]
            rows += [[v, v] for v in items[:2]] + [items[:2], items[:2][::-1], items[:3]]
            rows = [r for r in rows if len(r) >= low and (high is None or len(r) <= high)]
            if type_.ordered:
                rows = [_sorted(r) for r in rows]
            if type_.distinct:
                rows = [r for r in rows if len(_distinct(r)) == len(r)]
            return [as_kind(r, kind) for r in rows] or [as_kind([items[0]] * low, kind)]
        case Tuple(items=parts):
            columns = [corner_values(t) for t in parts]
            return [tuple(c[min(i, len(c) - 1)] for c in columns)
                    for i in range(max(map(len, columns), default=1))]  # fmt: skip
        case Map(key=key, value=value):
            keys, held = corner_values(main_option(key)), corner_values(main_option(value))
            return [{}, {keys[0]: held[0]}, {k: held[-1] for k in keys[:2]}]
        case Fields(items=fields):
            return [{k: corner_values(t)[0] for k, t in fields}]
        case Choice(options=kinds):
            return [v for t in kinds for v in corner_values(t)[:5]]
        case Node(item=item):
            nodes = corner_values(item)
            return [[], nodes[:1], nodes[:2], nodes[:3]]
        case Function():
            return [0, 1]
    return [0, "", [], None, 1.5]


def arrange(values: list[Any], type_: Seq, rng: random.Random) -> list[Any]:
    """Sorted where it must be, else now and then sorted, reversed, or sorted but for one."""
    roll = rng.random()
    if type_.ordered:
        return _sorted(values)
    if roll < 0.1:
        return _sorted(values)
    if roll < 0.15:
        return _sorted(values)[::-1]
    if roll < 0.22 and len(values) > 1:
        values = _sorted(values)
        i = rng.randrange(len(values) - 1)
        values[i], values[i + 1] = values[i + 1], values[i]
    elif roll < 0.28 and values:
        values = values + values[::-1][rng.randrange(2) :]
        return values[: type_.max_size] if type_.max_size is not None else values
    return values


def _sorted(values: list[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return values


def _distinct(values: list[Any]) -> list[Any]:
    out: list[Any] = []
    for value in values:
        if value not in out:
            out.append(value)
    return out


def as_kind(values: list[Any], kind: str) -> Any:
    """The values in a container of that kind; unhashable ones stay in a list."""
    if kind == "tuple":
        return tuple(values)
    if kind in ("set", "frozenset"):
        try:
            return set(values) if kind == "set" else frozenset(values)
        except TypeError:
            return values
    if kind == "deque":
        from collections import deque

        return deque(values)
    return values


def balanced(text: str, alphabet: str, rng: random.Random) -> str:
    """Brackets of the alphabet well nested (other characters kept), else the text itself."""
    pairs = [p for p in ("()", "[]", "{}", "<>") if p[0] in alphabet and p[1] in alphabet]
    if not pairs:
        return text
    made = ""
    for _ in range(rng.randint(1, 5)):
        pair = rng.choice(pairs)
        made = rng.choice((pair[0] + made + pair[1], made + pair, pair + made))
    return made


def _same_class(char: str, rng: random.Random) -> str:
    if rng.random() < 0.6:
        return char
    for letters in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        if char in letters:
            return rng.choice(letters)
    return char


def _strings_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, dict):
        return [s for k, v in value.items() for s in (*_strings_in(k), *_strings_in(v))]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [s for v in value for s in _strings_in(v)]
    return []


def _integers_in(value: Any) -> list[int]:
    if isinstance(value, bool):
        return []
    if isinstance(value, int):
        return [value]
    if isinstance(value, dict):
        return [s for k, v in value.items() for s in (*_integers_in(k), *_integers_in(v))]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [s for v in value for s in _integers_in(v)]
    return []
