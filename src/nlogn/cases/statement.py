"""What a statement or docstring says about the arguments: examples, bounds, words.

Text is only ever read: examples go through `ast.literal_eval`, nothing is run.
"""

import ast
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_OPEN = {"(": ")", "[": "]", "{": "}"}
_QUOTES = "\"'"


@dataclass
class Facts:
    """What is said about one parameter."""

    lo: int | None = None
    hi: int | None = None
    min_size: int | None = None
    max_size: int | None = None
    item_lo: int | None = None
    item_hi: int | None = None
    item_max_size: int | None = None
    ordered: bool = False
    distinct: bool = False
    alphabet: str = ""
    kind: str = ""  # a word for its type: "int", "str", "list[int]", …
    square: bool = False
    matrix: bool = False
    at_most: list[str] = field(default_factory=list)  # names that it does not exceed
    at_most_len: list[str] = field(default_factory=list)


# Examples


def examples_in(text: str, entry: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Argument tuples shown in a text: ``f(1, [2])`` in any surroundings, and
    ``a = 1, b = [2]`` or ``Input: 1, [2]`` on one or several lines."""
    found: list[tuple[Any, ...]] = []
    short = entry.rsplit(".", 1)[-1]
    text = text[:_LONGEST]
    for match in _some(rf"(?<![\w.]){re.escape(short)}\s*\(", text):
        start = match.end() - 1
        end = _closing(text, start)
        if end is not None and not _is_definition(text, match.start()):
            args = _arguments(text[start : end + 1], names)
            if args is not None:
                found.append(args)
    found += _assignments(text, names)
    for match in re.finditer(r"(?im)^\W*(?:sample |example )?input\b[^\n:=]*[:=]\s*(.*)$", text):
        args = _arguments(f"({match.group(1).strip()},)", names)
        if args is not None:
            found.append(args)
    if not found:
        found = _other_calls(text, names)
    unique: list[tuple[Any, ...]] = []
    for args in found:
        if not any(repr(args) == repr(old) for old in unique):
            unique.append(args)
    return unique


_LONGEST = 40_000


def _some(pattern: str, text: str) -> list[re.Match[str]]:
    """The first matches, so that a hostile text costs little."""
    return list(itertools.islice(re.finditer(pattern, text), 80))


def _other_calls(text: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Calls under another name (statements often misname the function) that show a result,
    and calls with bare words for strings: ``is_happy(abcd) => True``."""
    found = []
    for match in _some(r"(?<![\w.])[A-Za-z_]\w*\s*\(", text):
        end = _closing(text, match.end() - 1)
        if end is None or not re.match(r"\s*(?:==?>?|-+>|➞|→|returns?\b|should)", text[end + 1 :]):
            continue
        inner = text[match.end() : end]
        args = _arguments(f"({inner})", names)
        if args is None and re.fullmatch(r"\w+(?:\s*,\s*\w+)*", inner):
            bare = [w.strip() for w in inner.split(",")]
            if len(bare) == len(names) and not set(bare) & set(names):
                args = tuple(int(w) if w.isdigit() else w for w in bare)
        if args is not None and len(args) == len(names):
            found.append(args)
    return found


def values_of(text: str, name: str) -> list[Any]:
    """The literals that a text gives one parameter: ``grid : [[0]]``, ``operator['+', '*']``."""
    found = []
    for match in re.finditer(
        rf"(?<![\w.]){re.escape(name)}`?\s*(?:(?:=|:|is)(?!=)\s*|(?=\[))", text
    ):
        value = _literal_at(text, match.end())
        if value is not None:
            found.append(value[0])
    return found


def _is_definition(text: str, start: int) -> bool:
    line = text[text.rfind("\n", 0, start) + 1 : start].strip()
    return line.endswith(("def", "class"))


def _closing(text: str, start: int) -> int | None:
    """The index of the bracket that closes the one at `start`, strings respected."""
    stack: list[str] = []
    i, end = start, min(len(text), start + 4000)
    while i < end:
        char = text[i]
        if char in _QUOTES and not (i and text[i - 1].isalnum() and not stack):
            close = text.find(char, i + 1)
            while close > 0 and text[close - 1] == "\\":
                close = text.find(char, close + 1)
            if close < 0:
                return None
            i = close
        elif char in _OPEN:
            stack.append(_OPEN[char])
        elif stack and char == stack[-1]:
            stack.pop()
            if not stack:
                return i
        i += 1
    return None


def _arguments(source: str, names: Sequence[str]) -> tuple[Any, ...] | None:
    try:
        node = ast.parse("_" + source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    if not isinstance(node, ast.Call):
        return None
    args: dict[str, Any] = {}
    try:
        if len(node.args) > len(names) or not (node.args or node.keywords or not names):
            return None
        for name, arg in zip(names, node.args, strict=False):
            args[name] = literal(arg)
        for keyword in node.keywords:
            if keyword.arg not in names:
                return None
            args[str(keyword.arg)] = literal(keyword.value)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None
    prefix = [n for n in names if n in args]
    if prefix != list(names[: len(prefix)]):
        return None
    return tuple(args[n] for n in prefix)


def literal(node: ast.expr) -> Any:
    """`ast.literal_eval`, with ``set()``, ``float("inf")`` and the like allowed.

    Raises:
        ValueError: the expression is not a literal.
    """
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        inner = [ast.literal_eval(a) for a in node.args]
        made = {"set": set, "frozenset": frozenset, "list": list, "tuple": tuple, "dict": dict,
                "float": float, "str": str}.get(node.func.id)  # fmt: skip
        if made is not None and len(inner) <= 1:
            return made(*inner)
    if isinstance(node, ast.Name) and node.id in ("null", "true", "false"):
        return {"null": None, "true": True, "false": False}[node.id]
    if isinstance(node, ast.List):
        return [literal(e) for e in node.elts]
    return ast.literal_eval(node)


def _assignments(text: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """``nums = [2, 7], target = 9``: every parameter once, in any order, close together."""
    if not names:
        return []
    values: dict[str, list[tuple[int, Any]]] = {n: [] for n in names}
    for name in names:
        pattern = rf"(?<![\w.]){re.escape(name)}`?\s*(?:=|:)(?!=)\s*"
        for match in re.finditer(pattern, text):
            value = _literal_at(text, match.end())
            if value is not None:
                values[name].append((match.start(), value[0]))
    found = []
    first = values[names[0]]
    for i, (position, value) in enumerate(first):
        limit = first[i + 1][0] if i + 1 < len(first) else position + 600
        args = [value]
        for name in names[1:]:
            here = [v for p, v in values[name] if position - 200 < p < limit]
            near = [v for p, v in values[name] if position < p < limit] or here
            if not near:
                break
            args.append(near[0])
        if len(args) == len(names):
            found.append(tuple(args))
    return found


def _literal_at(text: str, start: int) -> tuple[Any] | None:
    if start >= len(text):
        return None
    char = text[start]
    if char in _OPEN:
        end = _closing(text, start)
        source = text[start : end + 1] if end is not None else ""
    elif char in _QUOTES:
        close = text.find(char, start + 1)
        source = text[start : close + 1] if close > 0 else ""
    else:
        match = re.match(r"-?\d[\d_]*(?:\.\d+)?(?:[eE]-?\d+)?|True|False|None|true|false|null",
                         text[start:])  # fmt: skip
        source = match.group(0) if match else ""
    if not source:
        return None
    try:
        return (literal(ast.parse(source, mode="eval").body),)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


# Bounds

_NUMBER = r"-?\d[\d,_]*(?:\s*(?:\*|·|×)\s*10\s*(?:\^|\*\*)\s*\d+|\s*(?:\^|\*\*)\s*\d+|[eE]\d+)?"
_TERM = (
    rf"(?:{_NUMBER}|\|?[A-Za-z_][\w.]*(?:\([\w\[\]]*\))?(?:\[[\w,\s]*\])*"
    r"(?:\.(?:length|size)(?:\(\))?)?\|?)"
)
_CHAIN = re.compile(rf"{_TERM}(?:\s*(?:<=|≤|<|>=|≥|>)\s*{_TERM})+")


_LESS = r"\s*(?:<=|≤|<)\s*"
_NAME = r"[A-Za-z_][\w.]*(?:\[\w+\])*"
_SHARED = re.compile(rf"({_TERM}{_LESS})({_NAME}(?:\s*,\s*{_NAME})+)({_LESS}{_TERM})")


def _bound_number(text: str) -> int | None:
    """A number that bounds something. Texts copied from the web lose the raised exponent:
    105 and -109 stand for 10^5 and -10^9 far more often than for themselves."""
    value = read_number(text)
    if value is not None and re.fullmatch(r"-?10(?:[3-9]|1[0-8])", text.strip()):
        power = int(10 ** int(text.strip().lstrip("-")[2:]))
        return -power if value < 0 else power
    return value


def read_number(text: str) -> int | None:
    """``10^5``, ``2 * 10**4``, ``1e6``, ``100,000``; None for anything else."""
    text = re.sub(r"[\s_`]", "", text).replace("**", "^").replace("·", "*").replace("×", "*")
    text = re.sub(r",(?=\d{3})", "", text)
    try:
        if "*" in text:
            left, right = text.split("*", 1)
            a, b = read_number(left), read_number(right)
            return a * b if a is not None and b is not None else None
        if "^" in text:
            base, power = text.lstrip("-").split("^")
            if int(power) > 64:
                return None
            value: int = int(int(base) ** int(power))
            return -value if text.startswith("-") else value
        if re.fullmatch(r"-?\d+[eE]\d{1,2}", text):
            return int(float(text))
        return int(text)
    except ValueError:
        return None


def facts_in(text: str, names: Sequence[str]) -> dict[str, Facts]:
    """What a text says about each of the named parameters."""
    facts = {name: Facts() for name in names}
    plain = (
        text[:_LONGEST].replace("`", "").replace("$", "").replace("\\le", "<=").replace("{,}", ",")
    )
    plain = re.sub(r"(?<=10)<sup>(\d+)</sup>", r"^\1", plain)
    for match in _CHAIN.finditer(plain):
        _chain(match.group(0), facts)
    for match in _SHARED.finditer(plain):  # 1 <= a, b <= 50
        for name in match.group(2).split(","):
            _chain(match.group(1) + name.strip() + match.group(3), facts)
    for name in names:
        _words(_context(plain, name, names), name, facts[name])
    return facts


def _chain(source: str, facts: dict[str, Facts]) -> None:
    pieces = re.split(r"(<=|≤|<|>=|≥|>)", source)
    terms = [p.strip() for p in pieces[::2]]
    signs = pieces[1::2]
    if any(s in (">=", "≥", ">") for s in signs):
        terms.reverse()
        signs = [s.replace(">", "<").replace("≥", "≤") for s in reversed(signs)]
    for i, sign in enumerate(signs):
        small, large = terms[i], terms[i + 1]
        strict = int(sign == "<")
        low, high = _bound_number(small), _bound_number(large)
        if low is not None:
            _bound(facts, large, lo=low + strict)
        elif high is not None:
            _bound(facts, small, hi=high - strict)
        else:
            name, what = _reference(small, facts)
            other, other_what = _reference(large, facts)
            if name and other and what == "":
                target = facts[name].at_most if other_what == "" else facts[name].at_most_len
                target.append(other)
        if high is not None and low is None and i + 1 < len(signs):
            continue


def _reference(term: str, facts: dict[str, Facts]) -> tuple[str, str]:
    """The parameter that a term speaks of, and what of it: "", "size", "item", "item size"."""
    inner = re.fullmatch(r"(?:len|size|length)\((\w+)(\[\w+\])?\)|\|(\w+)(\[\w+\])?\|", term)
    if inner:
        name, index = inner.group(1) or inner.group(3), inner.group(2) or inner.group(4)
        return (name, "item size" if index else "size") if name in facts else ("", "")
    match = re.fullmatch(r"(\w+?)((?:\[[\w,\s]*\])*)(\.(?:length|size)(?:\(\))?)?", term)
    if not match:
        return "", ""
    name, index, size = match.groups()
    if name not in facts:
        # "a_i", "ai", "nums_i": an element of a, nums
        short = re.fullmatch(r"(\w+?)_?[ij]", name)
        if short and short.group(1) in facts:
            return short.group(1), "item"
        if name.endswith("s") is False and name + "s" in facts:
            return name + "s", "item size" if size else "item"
        return "", ""
    what = "item" if index else ""
    return name, (what + " size").strip() if size else what


def _bound(
    facts: dict[str, Facts], term: str, lo: int | None = None, hi: int | None = None
) -> None:
    name, what = _reference(term, facts)
    if not name:
        return
    fact = facts[name]
    if what == "":
        fact.lo = lo if lo is not None else fact.lo
        fact.hi = hi if hi is not None else fact.hi
    elif what == "size":
        fact.min_size = lo if lo is not None else fact.min_size
        fact.max_size = hi if hi is not None else fact.max_size
    elif what == "item":
        fact.item_lo = lo if lo is not None else fact.item_lo
        fact.item_hi = hi if hi is not None else fact.item_hi
    elif hi is not None:
        fact.item_max_size = hi


# Words


def _context(text: str, name: str, names: Sequence[str]) -> str:
    """The sentences that speak of a parameter; all of them if there is only one parameter."""
    text = re.sub(r">>>.*", " ", text)
    if len(names) == 1:
        return text
    sentences = re.split(r"(?<=[.;:!?])\s+|\n\s*[-*•]\s*|\n\s*\n", text)
    mine = [s for s in sentences if re.search(rf"(?<![\w]){re.escape(name)}(?![\w(])", s)]
    return "\n".join(mine)


_ONLY = r"(?:consist|contain|made up|compris|only|composed|separated|represent)[^.]{0,40}?"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ALPHABETS = [
    (_ONLY + r"lower[- ]?case (?:english |latin |roman )?(?:letters|characters|alphabet)",
     _LETTERS),
    (_ONLY + r"upper[- ]?case (?:english |latin |roman )?(?:letters|characters|alphabet)",
     _LETTERS.upper()),
    (_ONLY + r"(?<!case )(?:english|latin) letters", _LETTERS + _LETTERS.upper()),
    (r"alphanumeric", _LETTERS[:6] + "XYZ0189"),
    (r"binary (?:string|digits|number)|consist\w* (?:only )?of (?:only )?(?:0s? and 1s?|'0'"
     r" (?:and|or) '1')", "01"),
    (r"square brackets", "[]"),
    (r"(?:only )?(?:parenthes[ei]s|round brackets)", "()"),
    (r"consist\w* (?:only )?of (?:decimal )?digits|string of digits|numeric string",
     "0123456789"),
    (r"hexadecimal", "0123456789ABCDEF"),
    (r"roman numeral", "IVXLCDM"),
]  # fmt: skip


def _words(text: str, name: str, fact: Facts) -> None:
    low = text.lower()
    said = [(m.start(), m.end(), alphabet) for pattern, alphabet in _ALPHABETS
            for m in re.finditer(pattern, low)]  # fmt: skip
    if said:
        fact.alphabet = "".join(dict.fromkeys("".join(a for *_, a in sorted(said))))
    if re.search(r"non[- ]?empty|not (?:be )?empty|at least one element", low):
        fact.min_size = max(1, fact.min_size or 0)
    near = _near(low, name.lower())
    if re.search(r"\bnon[- ]?negative|\bwhole numbers?\b", near):
        fact.lo = 0 if fact.lo is None else fact.lo
        fact.item_lo = 0 if fact.item_lo is None else fact.item_lo
    elif re.search(r"(?<!non-)(?<!non )\bpositive (?:\w+ )?(?:int|number|whole|real|float|n\b)"
                   r"|\bnatural numbers?\b", near):  # fmt: skip
        fact.lo = 1 if fact.lo is None else fact.lo
        fact.item_lo = 1 if fact.item_lo is None else fact.item_lo
    given = r"(?:given|takes?|take|input|of|a|an|two|the|your?|is|are|accepts?)\s+(?:\w+\s+){0,2}?"
    thing = r"\s+(?:\w+\s+){0,2}?(?:array|list|sequence|integers|numbers|lists|arrays|tuple)"
    if re.search(given + r"(?:sorted|ascending|non-decreasing)" + thing, near) and not re.search(
        r"returns? (?:a |the |an )?(?:\w+ )?sorted", near
    ):
        fact.ordered = True
    if re.search(rf"\b{re.escape(name.lower())}\b[^.\n]{{0,20}}\bis (?:already )?"
                 r"(?:sorted|in (?:non-decreasing|ascending|increasing))", low):  # fmt: skip
        fact.ordered = True
    if re.search(r"(?:all|every)\b[^.\n]{0,40}(?:are|is) (?:distinct|unique)|"
                 r"(?:list|array|sequence|set) of (?:distinct|unique)|"
                 r"(?:distinct|unique) (?:integers|elements|numbers)\W*$", near):  # fmt: skip
        fact.distinct = True
    if re.search(r"square (?:matrix|grid)|\bn ?[x×*] ?n\b", near):
        fact.square = fact.matrix = True
    elif re.search(r"\bmatrix\b|\bgrid\b|\bm ?[x×] ?n\b|\bn ?[x×] ?m\b|2-?d (?:array|list)", near):
        fact.matrix = True
    fact.kind = _kind(near, name.lower())


def _near(text: str, name: str) -> str:
    """The text up to the first sentence that tells what is returned, which would mislead."""
    cut = re.search(r"\b(?:return(?:s|ing)?|output|result(?:ing)?)\b", text)
    if cut is None:
        return text
    mention = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
    if mention is not None and mention.start() > cut.start():
        return text[: cut.start()] + " " + text[max(mention.start() - 60, 0) : mention.end() + 80]
    head = text[: cut.start()]
    return head if len(head) > 12 else text[: cut.start() + 160]


_KINDS = [
    (r"(?:list|array|sequence|collection) of (?:lists|arrays|rows)|matrix|2-?d (?:array|list)",
     "list[list[int]]"),
    (r"(?:list|array|sequence|vector)s? of (?:\w+[- ]){0,2}(?:strings?|words?|names?)",
     "list[str]"),
    (r"(?:list|array|sequence|vector)s? of (?:\w+[- ]){0,2}(?:floats?|real|decimals?)",
     "list[float]"),
    (r"(?:list|array|sequence|vector|tuple|set)s? (?:\w+ )?of (?:\w+[- ]){0,2}(?:ints?|integers?"
     r"|numbers?|elements?|values?)|(?:integer|int|number) (?:array|list)", "list[int]"),
    (r"\bdict(?:ionary|ionaries)?\b|\bmapping\b|\bhash ?map\b", "dict[str, int]"),
    (r"\bstrings?\b|\bword\b|\btext\b|\bsentence\b", "str"),
    (r"\b(?:list|array|sequence|vector|arr|lst)s?\b", "list[int]"),
    (r"\bfloat\b|\breal number\b|floating|\bdecimal number\b", "float"),
    (r"\bboolean\b|\bbool\b|\bflag\b", "bool"),
    (r"\bint(?:eger)?s?\b|\bnumbers?\b|\bdigits?\b|\bpositive n\b", "int"),
    (r"\btuples?\b", "tuple[int, ...]"),
]  # fmt: skip


def _kind(text: str, name: str) -> str:
    """The type word nearest to the parameter's name, before it rather than after."""
    mention = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) if len(name) > 1 or name not in (
        "a") else None  # fmt: skip
    best = (10_000, "")
    for rank, (pattern, kind) in enumerate(_KINDS):
        for match in re.finditer(pattern, text):
            if mention is None:
                score = match.start() + rank
            else:
                before = mention.start() - match.end()
                score = before if before >= 0 else (match.start() - mention.end()) * 2 + 20
                score = score * 20 + rank
            if score < best[0]:
                best = (score, kind)
            break
    return best[1]


def words_in(text: str) -> list[str]:
    """Quoted words and characters of a text: what a string argument may be made of."""
    found = re.findall(r"'([^'\n]{1,20})'(?!\w)|\"([^\"\n]{1,24})\"", text)
    words = [a or b for a, b in found]
    return list(dict.fromkeys(words))[:40]


def numbers_in(text: str) -> list[int]:
    """Plain integers of a text, small ones first seen."""
    found = (int(m) for m in re.findall(r"(?<![\w.\^])-?\d{1,7}(?![\w.])", text))
    return list(dict.fromkeys(found))[:40]
