"""Stdin texts of a given size for whole programs: ``lambda n, rng: text``.

The grammar comes from `stdin_read`; here numbers get their meaning (how many tests, how long a
list, an index, a value) and the text is written down as source.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nlogn.cases.infer import parse
from nlogn.cases.sized import SizedInputs
from nlogn.cases.sized_values import SHAPES
from nlogn.cases.stdin_grammar import Count, Field, Grammar, Line, Repeat
from nlogn.cases.stdin_read import Unreadable, grammar_of
from nlogn.sandbox.types import Limits, Program

_TESTS = {"t", "tc", "tt", "T", "tests", "test", "test_cases", "cases", "testcases", "_t", "TC"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to give the grammar's parts a meaning; others are tried when it does not run."""

    lists: str = "use"  # a list is as long as its use says, or as the "first", "last" number
    base: int = 1  # the least number
    words: bool = False  # strings are words of the program rather than letters
    strings: str = "letters"  # or "digits", "numbers"
    tests: bool = True  # an outer count may be a number of tests
    values: str = "n"  # numbers reach up to n, or are "small"
    free: str = "n"  # a list of unknown length has n elements, or that many


READINGS = (
    Reading(), Reading(base=0), Reading(lists="last"), Reading(lists="first"),
    Reading(tests=False), Reading(words=True), Reading(strings="digits"), Reading(values="small"),
    Reading(free="3"), Reading(free="2"), Reading(values="small", base=0),
    Reading(strings="numbers"), Reading(free="n - 1"), Reading(free="n + 1"),
    Reading(lists="last", base=0), Reading(free="4"), Reading(words=True, free="3"),
    Reading(free="6"), Reading(strings="digits", base=0), Reading(tests=False, base=0),
)  # fmt: skip


def stdin_inputs(
    code: str, *, statement: str = "", reading: Reading | None = None
) -> tuple[SizedInputs, ...]:
    """Generators of stdin for a program, () if its reading is too intricate to follow.

    Raises:
        ValueError: the code does not parse.
    """
    tree = parse(code)
    try:
        grammar = grammar_of(tree)
    except Unreadable:
        return ()
    if not list(_lines(grammar)):
        return (SizedInputs("random", "lambda n, rng: ''", "the program reads nothing"),)
    writer = _Writer(grammar, tree, reading or Reading())
    made: dict[str, SizedInputs] = {}
    for shape in SHAPES:
        source = writer.source(shape)
        if source not in {m.source for m in made.values()}:
            made[shape] = SizedInputs(shape, source, "how the program reads its input")
    return tuple(made.values())


def validated_stdin_inputs(
    program: Program, sandbox: Any, *, statement: str = "", size: int = 8
) -> tuple[SizedInputs, ...]:
    """`stdin_inputs` in the first reading with which the program ends without an exception.

    The texts are made, and the program is run on them, in the sandbox. When no reading runs,
    the first comes back unchanged.
    """
    first: tuple[SizedInputs, ...] = ()
    best: tuple[SizedInputs, ...] = ()
    seen: set[str] = set()
    constants = [Reading(free=str(c)) for c in _range_constants(parse(program.code))]
    for reading in (*READINGS, *constants):
        inputs = stdin_inputs(program.code, statement=statement, reading=reading)
        first = first or inputs
        new = [s for s in inputs if s.source not in seen]
        seen.update(s.source for s in inputs)
        if not new:
            continue
        works = _that_run(program, new, sandbox, size)
        if len(works) > len(best):
            best = works
        if works and len(works) * 2 > len(inputs):
            return best
    return best or first


def _range_constants(tree: ast.Module) -> list[int]:
    """Fixed lengths that the program counts up to: a board of 8, a row of 14."""
    found = [
        a.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "range"
        for a in n.args
        if isinstance(a, ast.Constant) and type(a.value) is int and 4 < a.value < 60
    ]
    return list(dict.fromkeys(found))[:3]


_MAKE = """
def nlogn_texts(sources, n, m):
    import random
    out = []
    for source in sources:
        sizes = (n, m) if source.startswith("lambda n, m,") else (n,)
        try:
            out.append(eval(source, {})(*sizes, random.Random(0)))
        except Exception:
            out.append(None)
    return out
"""


def texts(inputs: Sequence[SizedInputs], sandbox: Any, n: int, m: int) -> list[str | None]:
    """The text of each generator at a size, made in the sandbox."""
    maker = Program(_MAKE, "nlogn_texts")
    outcome = sandbox.call(maker, [([s.source for s in inputs], n, m)], Limits(wall_s=5, cpu_s=3))[
        0
    ]
    return list(outcome.value) if outcome.status == "ok" else [None] * len(inputs)


def _that_run(
    program: Program, inputs: Sequence[SizedInputs], sandbox: Any, size: int
) -> tuple[SizedInputs, ...]:
    made = texts(inputs, sandbox, size, max(2, size - 2))
    known = [(s, t) for s, t in zip(inputs, made, strict=True) if t is not None]
    if not known:
        return ()
    first = sandbox.run(program, known[0][1], Limits(wall_s=2, cpu_s=1))
    if len(known) > 1 and first.status not in ("ok",) and not _slow(first.status):
        second = sandbox.run(program, known[1][1], Limits(wall_s=2, cpu_s=1))
        if second.status != "ok":
            return ()
    limits = Limits(wall_s=2, cpu_s=1)
    outcomes = [first, *sandbox.run_many(program, [t for _, t in known[1:]], limits)]
    return tuple(s for (s, _), o in zip(known, outcomes, strict=True)
                 if o.status == "ok" or _slow(o.status))  # fmt: skip


def _slow(status: str) -> bool:
    return status in ("wall_limit", "cpu_limit", "memory_limit", "output_limit")


def _lines(grammar: Grammar) -> Iterator[Line]:
    for node in grammar:
        if isinstance(node, Line):
            yield node
        else:
            yield from _lines(node.body)


def _fields(grammar: Grammar) -> list[Field]:
    return [f for line in _lines(grammar) for f in line.fields]


class _Writer:
    def __init__(self, grammar: Grammar, tree: ast.Module, reading: Reading) -> None:
        self.grammar = grammar
        self.reading = reading
        self.sized, self.indexed = _named_uses(tree)
        self.letters, self.words = _literals(tree)
        self.dims: dict[int, str] = {}  # id of a number's field -> its value
        self.lengths: dict[int, str] = {}  # id of a list's field -> its length
        self.order = 0
        self.shape = "random"
        for one in _fields(grammar):
            if one.dynamic and one.kind in ("numbers", "words"):
                one.arity = None
        self.plan(grammar, [], "")
        self.free = not self.dims and not self.lengths

    # Meaning

    def plan(self, grammar: Grammar, before: list[Field], within: str) -> None:
        """Gives counts and lengths their size, outer parts first."""
        known = list(before)
        for node in grammar:
            if isinstance(node, Line):
                for one in node.fields:
                    if one.kind == "number":
                        known.append(one)
                    elif (one.kind in ("numbers", "words") and one.arity is None) or (one.kind in (
                        "text", "digits", "unread", "word") and one.arity is None):  # fmt: skip
                        self.lengths[id(one)] = self.length(one, known, within)
                continue
            count = node.count
            if count.constant is None and count.field is not None:
                if id(count.field) not in self.dims and count.field.kind == "number":
                    tests = self.reading.tests and not within and self.is_tests(node, known)
                    self.dims[id(count.field)] = "1" if tests else self.dim(count.field)
            elif count.constant is None and count.field is None and not known:
                pass
            inner = within if self.repeat_size(count) in ("1", "0") else "rows"
            self.plan(node.body, known, inner if inner else "")

    def dim(self, one: Field) -> str:
        """The next free size: n for the first count, m for all others."""
        if one.fixed is not None:
            return str(one.fixed)
        taken = set(self.dims.values())
        return "n" if "n" not in taken else "m"

    def is_tests(self, node: Repeat, known: list[Field]) -> bool:
        names = set(node.count.field.names) if node.count.field is not None else set()
        inside = [n for n in node.body if isinstance(n, Line)]
        numbers = [f for line in inside for f in line.fields if f.kind == "number"]
        scaled = any(isinstance(n, Repeat) for n in node.body) or any(
            f.kind in ("numbers", "words", "text", "digits", "unread") and f.arity is None
            for line in inside for f in line.fields)  # fmt: skip
        if names & _TESTS or any(n.lower().startswith("test") for n in names):
            return scaled or self.any_sized(numbers) or bool(numbers)
        if len(known) > 1:  # read together with others: rows, edges, queries
            return False
        if not names:
            return scaled or self.any_sized(numbers)
        # "for _ in range(n)" over blocks that begin with their own count
        if any(isinstance(n, Repeat) and n.count.field in numbers for n in node.body):
            return True
        lists = [f for line in inside for f in line.fields if f.kind in ("numbers", "text")]
        if len(inside) > 1 and lists and numbers and self.any_sized(numbers):
            return True
        return not names & {"n", "N", "m", "M"} and self.any_sized(numbers) and not lists

    def any_sized(self, numbers: list[Field]) -> bool:
        return any(set(f.names) & self.sized for f in numbers)

    def length(self, one: Field, known: list[Field], within: str) -> str:
        """How long a list or string is; a number read before it becomes its count."""
        if one.length is not None and one.length.field is not None:
            self.dims.setdefault(id(one.length.field), self.dim(one.length.field))
            return self.dims[id(one.length.field)]
        if one.kind == "word":
            return "8"
        candidates = [f for f in known if f.kind == "number" and f.fixed is None
                      and self.dims.get(id(f)) != "1"]  # fmt: skip
        bounds: set[str] = set().union(*(self.indexed.get(n, set()) for n in one.names)) if (
            one.names) else set()  # fmt: skip
        named = [f for f in candidates if set(f.names) & bounds]
        chosen: Field | None = None
        by_use = self.reading.lists == "use"
        loose = one.kind in ("text", "unread") and within == ""
        if by_use and named:
            chosen = named[-1]
        elif candidates and not (by_use and loose and not named and len(candidates) > 1):
            inside = [f for f in candidates if self.dims.get(id(f)) != "n"]
            usual = [f for f in candidates if set(f.names) & {"n", "N"}]
            if within == "rows":
                chosen = (inside or candidates)[-1]
            elif self.reading.lists == "last":
                chosen = candidates[-1]
            elif self.reading.lists == "first":
                chosen = candidates[0]
            else:
                chosen = (usual or candidates)[0]
        elif candidates:
            chosen = candidates[0]
        if chosen is None:
            short = within == "rows" and one.kind in ("text", "words", "unread", "digits")
            return "8" if short else self.reading.free
        return self.dims.setdefault(id(chosen), self.dim(chosen))

    def repeat_size(self, count: Count) -> str:
        if count.constant is not None:
            return str(count.constant)
        if count.field is None:
            return "n"
        if count.field.kind == "numbers":
            size = self.lengths.get(id(count.field), "n")
        else:
            size = self.dims.get(id(count.field), "n")
        if count.times != 1:
            size = f"{size} * {count.times}"
        if count.plus:
            size = f"{size} {'+' if count.plus > 0 else '-'} {abs(count.plus)}"
        return size

    # Writing

    def source(self, shape: str) -> str:
        self.shape, self.order = shape, 0
        parts = self.parts(self.grammar)
        body = parts[0] if len(parts) == 1 else " + ".join(parts)
        two = any(v == "m" for v in self.dims.values())
        return f"lambda n, {'m, ' if two else ''}rng: '\\n'.join({body}) + '\\n'"

    def parts(self, grammar: Grammar) -> list[str]:
        """Source expressions, each a list of lines."""
        out: list[str] = []
        single: list[str] = []
        for node in grammar:
            if isinstance(node, Line):
                single.append(self.line(node))
                continue
            if single:
                out.append(f"[{', '.join(single)}]")
                single = []
            size = self.repeat_size(node.count)
            inner = " + ".join(self.parts(node.body))
            if size == "1":
                out.append(inner)
            elif inner.startswith("[") and " + " not in inner and len(node.body) == 1:
                out.append(f"[x for i in range({size}) for x in {inner}]")
            else:
                out.append(f"[x for i in range({size}) for x in ({inner})]")
        if single:
            out.append(f"[{', '.join(single)}]")
        return out or ["[]"]

    def line(self, line: Line) -> str:
        texts = [self.field(f) for f in line.fields if not (f.kind == "unread" and f.arity == 0)]
        if len(texts) == 1:
            return texts[0]
        return f"{line.separator!r}.join([{', '.join(texts)}])"

    def field(self, one: Field) -> str:
        match one.kind:
            case "number":
                return f"str({self.number(one)})"
            case "numbers":
                size = str(one.arity) if one.arity is not None else self.lengths.get(id(one), "n")
                return f"' '.join(map(str, {self.numbers(size, one)}))"
            case "digits":
                return self.text(self.lengths.get(id(one), "n"), "0123456789"[1:] if (
                    self.reading.base) else "01")  # fmt: skip
            case "words":
                size = str(one.arity) if one.arity is not None else self.lengths.get(id(one), "n")
                if self.reading.strings == "numbers":
                    return f"' '.join(map(str, {self.numbers(size, one)}))"
                return f"' '.join({self.word(one)} for _ in range({size}))"
            case "word":
                return self.word(one)
        if one.arity is not None:
            return self.text(str(one.arity), self.alphabet())
        if self.words and (self.reading.words or one.keys):
            return f"rng.choice({self.words!r})"
        if self.reading.strings == "numbers":
            return f"str({self.number(one)})"
        return self.text(self.lengths.get(id(one), "n"), self.alphabet())

    def alphabet(self) -> str:
        if self.reading.strings == "digits":
            return "123456789" if self.reading.base else "01"
        if self.letters in ("0", "1"):
            return "01"
        return self.letters if len(self.letters) > 1 else "abcdefghijklmnopqrstuvwxyz"

    def word(self, one: Field) -> str:
        if self.words and (self.reading.words or one.keys):
            return f"rng.choice({self.words!r})"
        if self.reading.strings in ("digits", "numbers"):
            return f"str({self.number(one)})"
        return f"''.join(rng.choices({self.alphabet()!r}, k=6))"

    def text(self, size: str, letters: str) -> str:
        first, last = letters[0], letters[-1]
        match self.shape:
            case "equal":
                return f"{first!r} * ({size})"
            case "adversarial":
                return f"({first!r} * (({size}) - 1) + {last!r})"
            case "sorted":
                return f"''.join(sorted(rng.choices({letters!r}, k={size})))"
            case "reversed":
                return f"({letters!r} * (({size}) // {len(letters)} + 1))[:{size}]"
        return f"''.join(rng.choices({letters!r}, k={size}))"

    def number(self, one: Field) -> str:
        """The value of a single number."""
        if one.fixed is not None:
            return str(one.fixed)
        known = self.dims.get(id(one))
        if known is not None:
            return known
        if one.real:
            return "round(rng.random(), 3)"
        self.order += 1
        low = self.reading.base
        if self.reading.values == "small":
            return f"rng.randint({low}, 3)"
        if self.free and self.order == 1:
            return "n"
        # Numbers without a meaning: each shape tries another mix of small and large.
        k = self.order
        match self.shape:
            case "sorted":
                return f"max({low}, n // {k + 1})"
            case "reversed":
                return f"min(n + {k}, n * {k})" if k > 1 else f"max({low}, n - 1)"
            case "equal":
                return "n"
            case "adversarial":
                return str(max(low, k % 3 + 1))
        return f"rng.randint({low}, max({low}, n))"

    def numbers(self, size: str, one: Field) -> str:
        low = self.reading.base
        if one.real:
            return f"[round(rng.random(), 3) for _ in range({size})]"
        if self.reading.values == "small":
            return f"[rng.randint({low}, 3) for _ in range({size})]"
        if one.arity is not None:
            return f"[rng.randint({low}, max({low}, n)) for _ in range({size})]"
        match self.shape:
            case "sorted":
                return f"range({low}, {low} + ({size}))"
            case "reversed":
                return f"range({low} + ({size}) - 1, {low} - 1, -1)"
            case "equal":
                return f"[{low}] * ({size})"
            case "adversarial":
                return f"[rng.randint({low}, max({low}, {size})) for _ in range({size})]"
        return f"rng.sample(range({low}, {low} + ({size})), {size})"


def _named_uses(tree: ast.Module) -> tuple[set[str], dict[str, set[str]]]:
    """Names that are counted up to, and for each list the names that bound its index."""
    sized: set[str] = set()
    indexed: dict[str, set[str]] = {}
    bounds: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("range", "xrange", "R"):
            sized |= _plain_names(node)
        elif isinstance(node, ast.While):
            sized |= _plain_names(node.test)
        elif isinstance(node, ast.BinOp) and (
            isinstance(node.op, ast.LShift)
            or (isinstance(node.op, ast.Mult) and isinstance(node.left, ast.List))
        ):
            sized |= _plain_names(node.right)
        if (
            isinstance(node, (ast.For, ast.comprehension))
            and isinstance(node.target, ast.Name)
            and isinstance(node.iter, ast.Call)
            and getattr(node.iter.func, "id", "") == "range"
        ):
            bounds.setdefault(node.target.id, set()).update(_plain_names(node.iter))
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            for name in _plain_names(node.slice):
                indexed.setdefault(node.value.id, set()).update(bounds.get(name, set()))
                indexed[node.value.id].add(name)
    return sized, indexed


def _plain_names(node: ast.AST) -> set[str]:
    """Names in an expression, those inside len() and subscripts left out."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "len":
        return set()
    if isinstance(node, ast.Subscript):
        return set()
    if isinstance(node, ast.Name):
        return {node.id}
    return set().union(*map(_plain_names, ast.iter_child_nodes(node)))


def _literals(tree: ast.Module) -> tuple[str, list[str]]:
    """The characters and the words that the program compares or looks up."""
    letters: list[str] = []
    words: list[str] = []
    printed = {id(a) for n in ast.walk(tree) if isinstance(n, ast.Call) and (
        getattr(n.func, "id", getattr(n.func, "attr", "")) in ("print", "write", "join", "open"))
        for a in ast.walk(n)}  # fmt: skip
    for node in ast.walk(tree):
        compared: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            compared = [node.left, *node.comparators]
        elif isinstance(node, ast.Dict):
            compared = [k for k in node.keys if k is not None]
        elif isinstance(node, ast.Subscript):
            compared = [node.slice]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (
            "count", "find", "index", "startswith", "replace"):  # fmt: skip
            compared = list(node.args)
        for part in compared:
            for value in [part] if isinstance(part, ast.Constant) else (
                part.elts if isinstance(part, (ast.List, ast.Tuple, ast.Set)) else []):  # fmt: skip
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    text = value.value
                    if len(text) == 1 and text.isprintable() and text != " ":
                        letters.append(text)
                    elif 1 < len(text) < 20 and text.isalnum() and id(value) not in printed:
                        words.append(text)
    return "".join(dict.fromkeys(letters)), list(dict.fromkeys(words))
