"""Static path cost: the class of the code being written, finished or not, line by line.

    >>> path_cost("def f(xs):\\n    for x in xs:\\n        if x in xs[1:]").path
    'O(n^2)'

Nothing runs. A `PathTracker` reads the text once, in chunks of any size; what it keeps is the stack
of open blocks, the variables in them and how large they can get, so a line costs about the same at
the end of a long file as at its start. `path_cost` is a tracker that is fed everything at once.

The answer is an upper bound under assumptions that are named in `flags`; "unknown" is an answer.
`measure` runs the program and is the judge; this is for the half-written.
"""

from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Self

from nlogn.complexity import static_terms as t
from nlogn.complexity.static_lines import Line, Parsed, Scanner, parse_line, parse_partial
from nlogn.complexity.static_recursion import finished
from nlogn.complexity.static_state import Function, State
from nlogn.complexity.static_statements import close, run
from nlogn.complexity.static_terms import ONE, Terms, mul


@dataclass(frozen=True, slots=True)
class LineCost:
    """`cost`: the line once; `total`: as often as its loops and its function's recursion run it.
    Line numbers start at 1; a statement over several lines has the number of its first."""

    line: int
    cost: str
    total: str


@dataclass(frozen=True, slots=True)
class PathCost:
    """Classes are spelled as `nlogn.complexity.bigo` spells them, or ``unknown``.

    `big_o` is the whole function so far, `path` the place where the text ends: its loops, times
    the recursion, times what its own line does. `sizes` says what n and m stand for, such as
    ``{"n": "xs", "m": "k"}`` (a length or a value, as the program uses it); `one_size` is `big_o`
    where all sizes grow alike. `memory` is what the function holds at its peak, result included.
    """

    big_o: str
    path: str
    one_size: str
    memory: str
    memory_one_size: str
    sizes: dict[str, str]
    lines: tuple[LineCost, ...]
    flags: tuple[str, ...]
    entry: str | None


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cost: Terms
    trips: Terms
    function: int  # which function it stands in


class PathTracker:
    """Follows a text as it is written; `entry` names the function that `big_o` is asked of
    (default: the whole program where it has statements of its own, else its last function)."""

    def __init__(self, entry: str | None = None):
        self._entry = entry
        self._scanner = Scanner()
        self._state = State()
        self._records: list[_Record] = []
        self._marks: list[str] = []
        self._params: MutableMapping[int, tuple[str, ...]] = {0: ()}

    def feed(self, text: str) -> None:
        """More text, of any length; lines need not be whole."""
        for line in self._scanner.feed(text):
            self._records.append(self._take(self._state, line, parse_line(line.text)))

    def path(self) -> str:
        """The class of the place where the text ends. Cheap: it does not look at closed code."""
        state, last = self._ahead()
        state.memory_asked = False
        _close_all(state)
        return self._class(state, last)[0]

    def path_if(self, text: str) -> str:
        """What `path` would be after `text` as well; nothing is fed. For weighing what to write
        next: it costs as much as the lines of `text`."""
        return self.twin(text).path()

    def twin(self, text: str) -> Self:
        """A tracker that was fed `text` as well. It costs as much as the lines of `text`, and is
        good for one look."""
        twin = type(self)(self._entry)
        twin._scanner = self._scanner.copy()
        twin._state = self._state.fork()
        twin._records = self._records[-1:]
        twin._marks = list(self._marks)
        twin._params = ChainMap({}, self._params)
        twin.feed(text)
        return twin

    def result(self) -> PathCost:
        """All that is known; takes time linear in the number of lines, for their costs."""
        state, last = self._ahead()
        _close_all(state)
        module = finished(state, state.blocks[0])
        name, function = self._chosen(state, module)
        sizes = _letters(function.params, function.cost)
        big_o, exact = t.classify(function.cost, sizes)
        letters = _letters(function.params, function.memory)
        memory = t.classify(function.memory, letters)[0]
        flags = dict.fromkeys(state.all_flags())
        if big_o != "unknown" and not exact:
            flags["the class is rounded up to the lattice"] = None
        if len(t.names(function.cost)) > 2:
            flags["more than two sizes: all but the first are taken as m"] = None
        records = list(self._records)
        if last is not None and self._scanner.partial() is not None:
            records.append(last)
        return PathCost(
            big_o,
            self._class(state, last)[0],
            _alike(function.cost),
            memory,
            _alike(function.memory),
            _meanings(sizes),
            tuple(self._line_cost(state, r) for r in records),
            tuple(flags),
            name,
        )

    def _ahead(self) -> tuple[State, _Record | None]:
        """The state with the unfinished line taken in as well as it can be."""
        state = self._state.fork()
        partial = self._scanner.partial()
        if partial is None or (not partial.text and self._scanner.unclosed()):
            return state, self._here(state)
        if not partial.text:
            _dedent(state, partial.indent, None)
            return state, self._where(state, partial.number, ONE)
        parsed = parse_partial(partial.text, self._scanner.unclosed())
        return state, self._take(state, partial, parsed, whole=False)

    def _here(self, state: State) -> _Record | None:
        """The last line, with the block that it opened, if any, entered."""
        if not self._records:
            return None
        last = self._records[-1]
        opened = state.top.kind != "module" and state.top.line == last.line
        return self._where(state, last.line, ONE if opened and state.top.loops else last.cost)

    def _where(self, state: State, line: int, cost: Terms) -> _Record:
        function = state.function
        trips = state.trips_from(state.function_index)
        if function.own_calls:
            trips = mul(trips, t.size(function.own_calls))
        return _Record(line, cost, trips, function.ident)

    def _take(self, state: State, line: Line, parsed: Parsed | None, whole: bool = True) -> _Record:
        _dedent(state, line.indent, parsed)
        where = self._where(state, line.number, ONE)
        if parsed is None:
            state.flag(f"line {line.number} does not parse" if whole else
                       f"line {line.number} is unfinished")  # fmt: skip
            return where
        marks = self._marks if whole else list(self._marks)
        try:
            cost = run(state, parsed, line.indent, line.number, marks)
        except RecursionError:
            state.flag(f"line {line.number} is nested too deeply to read")
            cost = t.UNKNOWN
        self._params[state.function.ident] = state.function.params
        return _Record(line.number, cost, where.trips, where.function)

    def _class(self, state: State, record: _Record | None) -> tuple[str, str]:
        if record is None:
            return "O(1)", "O(1)"
        params = self._params.get(record.function, ())
        own = state.resolve(record.cost)
        every = state.resolve(mul(record.trips, record.cost))
        return (
            t.classify(every, _letters(params, every))[0],
            t.classify(own, _letters(params, own))[0],
        )

    def _line_cost(self, state: State, record: _Record) -> LineCost:
        total, own = self._class(state, record)
        return LineCost(record.line, own, total)

    def _chosen(self, state: State, module: Function) -> tuple[str | None, Function]:
        functions = state.blocks[0].functions
        if self._entry:
            name = self._entry
            found = functions.get(name) or functions.get("." + name.rpartition(".")[2])
            if found is None:
                state.flag(f"there is no function {name} yet")
                return name, Function(name, (), (), cost=t.UNKNOWN, memory=t.UNKNOWN)
            return name, found
        named = [f for k, f in functions.items() if k == f.name and k in self._defined(state)]
        if module.cost != ONE or not named:
            if named or not functions:
                return None, module
            last = list(functions.values())[-1]
            return last.name.lstrip("."), last
        return named[-1].name, named[-1]

    @staticmethod
    def _defined(state: State) -> set[str]:
        return {k for k, f in state.blocks[0].functions.items() if k[:1] != "." and f.defined}


def path_cost(code: str, entry: str | None = None) -> PathCost:
    """The static cost of `code`, which may stop anywhere, even within a word.

    Never raises on bad code: what does not parse is named in `flags`.
    """
    tracker = PathTracker(entry)
    tracker.feed(code)
    return tracker.result()


def _dedent(state: State, indent: int, parsed: Parsed | None) -> None:
    while len(state.blocks) > 1 and state.top.indent >= indent:
        close(state)


def _close_all(state: State) -> None:
    while len(state.blocks) > 1:
        close(state)


def _letters(params: tuple[str, ...], terms: Terms) -> dict[str, str]:
    """n for the first size in the order of the parameters, m for the others."""
    order = {p: i for i, p in enumerate(params)}

    def place(name: str) -> tuple[int, int, str]:
        root = name.removesuffix("[*]").removesuffix("[*]")
        return order.get(root, len(order)), len(name) - len(root), name

    ordered = sorted(t.names(terms), key=place)
    return {name: "n" if i == 0 else "m" for i, name in enumerate(ordered)}


def _alike(terms: Terms) -> str:
    return t.classify(terms, dict.fromkeys(t.names(terms), "n"))[0]


def _meanings(letters: dict[str, str]) -> dict[str, str]:
    out: dict[str, str] = {}
    for name, letter in letters.items():
        out[letter] = f"{out[letter]}, {name}" if letter in out else name
    return out


__all__ = ["LineCost", "PathCost", "PathTracker", "path_cost"]
