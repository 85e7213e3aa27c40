"""The blocks that are open at the cursor, the variables in them, and sizes known only later."""

import ast
from collections import ChainMap
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from nlogn.complexity.static_terms import (
    ONE,
    UNKNOWN,
    Terms,
    add,
    inverse,
    mul,
    product,
    size,
    substitute,
)
from nlogn.complexity.static_values import ANY, CONTAINERS, Val


@dataclass(slots=True)
class Variable:
    value: Val
    path: tuple[int, ...]  # ids of the blocks that were open where it was first bound
    set_path: tuple[int, ...]  # ... where it was last given a new value


T = TypeVar("T")


class _Overlay(ChainMap[str, T]):
    """A mapping to look ahead with: values of the original are copied when first touched."""

    def __init__(self, under: MutableMapping[str, T], copy: Callable[[T], T]):
        super().__init__({}, under)
        self._copy = copy

    def __getitem__(self, name: str) -> T:
        mine = self.maps[0]
        if name not in mine:
            mine[name] = self._copy(self.maps[1][name])
        return mine[name]


@dataclass(frozen=True, slots=True)
class Site:
    """A function calling itself: how the arguments come from the parameters."""

    rels: tuple[tuple[str, str] | None, ...]
    trips: Terms  # of the loops around the call, within the function


@dataclass(frozen=True, slots=True)
class Function:
    """What a finished (or half-written) function costs, in its parameters' sizes."""

    name: str
    params: tuple[str, ...]  # the sizes' names
    plain: tuple[str, ...]  # the parameters' names as written
    cost: Terms = ONE
    memory: Terms = ONE
    calls: Terms = ONE
    returns: Val = ANY
    generator: bool = False
    defaults: dict[str, Val] = field(default_factory=dict)
    guard: str = ""  # the set or table, not its own, that marks what it has walked
    defined: bool = True  # by def; else a class, called to make an object


@dataclass(slots=True)
class Block:
    """One open block. `cost` is that of one pass through its body."""

    kind: str  # module, def, class, for, while, if, else, try, with, case
    ident: int
    indent: int
    line: int
    cost: Terms = ONE
    trip: Terms = ONE
    # loops
    target: str = ""  # the loop variable of a for over a range
    bound: Terms = ONE
    test: ast.expr | None = None
    exits: list[ast.expr] = field(default_factory=list)
    updates: MutableMapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    before: dict[str, Val] = field(default_factory=dict)
    adjusted: dict[str, list[tuple[str, Terms]]] = field(default_factory=dict)
    ranged: list[tuple[str, str]] = field(default_factory=list)
    guards: list[tuple[str, Terms]] = field(default_factory=list)
    limits: Terms = ONE
    found: dict[str, str] = field(default_factory=dict)  # at = text.find(x, start)
    finds: list[tuple[str, Terms, str, str]] = field(default_factory=list)
    scaled: dict[str, str] = field(default_factory=dict)  # child = 2 * root + 1
    steady: set[str] = field(default_factory=set)  # halved or doubled on every pass
    stepped: list[tuple[str, Terms, str]] = field(default_factory=list)  # j += i
    left: bool = False  # ends in return, break or raise
    chain_loops: list[tuple[str, Terms, str]] = field(default_factory=list)  # inner while loops
    around: Val | None = None  # what the inner loop walks: the neighbours' container
    # branches: how many calls to itself one pass makes
    live: int = 0
    best: int = 0
    chain: list[tuple[int, bool]] = field(default_factory=list)
    ended: bool = False
    # functions
    name: str = ""
    variables: MutableMapping[str, Variable] = field(default_factory=dict)
    functions: MutableMapping[str, Function] = field(default_factory=dict)
    params: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    defaults: dict[str, Val] = field(default_factory=dict)
    memo: bool = False
    sites: list[Site] = field(default_factory=list)
    bounds: MutableMapping[str, Terms] = field(default_factory=dict)
    returns: Val | None = None
    yields: Terms | None = None
    memory: Terms = ONE
    scans: dict[str, str] = field(default_factory=dict)  # `in` on what may be a list
    guard: str = ""
    visited: Terms | None = None  # how much a visited set lets through
    compressed: Terms | None = None  # the union-find table whose paths it shortens
    own_result: str = ""  # the symbol for how large what it returns is
    doubles: bool = False  # it returns its own result twice over
    own_calls: str = ""  # the symbol for how often it calls itself

    @property
    def loops(self) -> bool:
        return self.kind in ("for", "while")

    def fork(self) -> "Block":
        return replace(
            self,
            exits=list(self.exits),
            updates=_Overlay(self.updates, list),
            before=dict(self.before),
            adjusted={k: list(v) for k, v in self.adjusted.items()},
            ranged=list(self.ranged),
            guards=list(self.guards),
            chain_loops=list(self.chain_loops),
            scaled=dict(self.scaled),
            found=dict(self.found),
            finds=list(self.finds),
            steady=set(self.steady),
            stepped=list(self.stepped),
            scans=dict(self.scans),
            chain=list(self.chain),
            variables=_Overlay(self.variables, replace),
            functions=ChainMap({}, self.functions),
            sites=list(self.sites),
            bounds=ChainMap({}, self.bounds),
        )


class State:
    """Everything that the lines so far have said."""

    def __init__(self) -> None:
        self.blocks: list[Block] = [Block("module", 0, -1, 0)]
        self.sizes: dict[str, Terms] = {}  # symbol -> what it stands for
        self.parent: State | None = None  # a fork writes its symbols over its parent's
        self.counter = 0
        self.flags: dict[str, None] = {}
        self.texts: set[str] = set()  # elements that are used as texts: short
        self.memory_asked = True
        self.dropped: set[str] = set()  # flags that later lines have refuted

    def fork(self) -> "State":
        """A copy to look ahead with: cost in the open blocks, not in the text before them."""
        twin = State()
        twin.blocks = [b.fork() for b in self.blocks]
        twin.parent = self
        twin.counter = self.counter
        return twin

    def all_flags(self) -> list[str]:
        before = self.parent.all_flags() if self.parent else []
        return [f for f in dict.fromkeys([*before, *self.flags]) if f not in self.dropped]

    # -- sizes that are known only later

    def symbol(self, value: Terms) -> str:
        self.counter += 1
        name = f"@{self.counter}"
        self.sizes[name] = value
        return name

    def known(self, name: str) -> Terms | None:
        if name in self.sizes:
            return self.sizes[name]
        return self.parent.known(name) if self.parent else None

    def is_text(self, name: str) -> bool:
        return name in self.texts or (self.parent is not None and self.parent.is_text(name))

    def resolve(self, terms: Terms) -> Terms:
        """`terms` in base sizes; a size that depends on itself is not known."""
        memo: dict[str, Terms] = {}
        open_still = {s for b in self.blocks if b.kind in ("def", "module")
                      for s in (b.own_calls, b.own_result, *b.scans.values())}  # fmt: skip
        walking: set[str] = set()

        def value_of(name: str) -> Terms | None:
            if name[0] != "@":
                return ONE if name[-1] == "]" and self.is_text(name) else None
            if name in open_still:
                return None
            if name in memo:
                return memo[name]
            if name in walking:
                return UNKNOWN
            stands = self.known(name)
            walking.add(name)
            memo[name] = UNKNOWN if stands is None else substitute(stands, value_of)
            walking.discard(name)
            return memo[name]

        return substitute(terms, value_of)

    # -- blocks

    def push(self, block: Block) -> Block:
        self.blocks.append(block)
        return block

    def new_block(self, kind: str, indent: int, line: int) -> Block:
        self.counter += 1
        return Block(kind, self.counter, indent, line)

    @property
    def top(self) -> Block:
        return self.blocks[-1]

    @property
    def function_index(self) -> int:
        """Where the innermost open function (or the module) stands among the blocks."""
        for i in range(len(self.blocks) - 1, 0, -1):
            if self.blocks[i].kind == "def":
                return i
        return 0

    @property
    def function(self) -> Block:
        return self.blocks[self.function_index]

    def loops_from(self, start: int) -> list[Block]:
        return [b for b in self.blocks[start:] if b.loops]

    def trips_from(self, start: int) -> Terms:
        return product(b.trip for b in self.loops_from(start))

    def path(self) -> tuple[int, ...]:
        return tuple(b.ident for b in self.blocks)

    def shared(self, path: tuple[int, ...]) -> int:
        """How many of the open blocks were open there too."""
        common = 0
        for block, ident in zip(self.blocks, path, strict=False):
            if block.ident != ident:
                break
            common += 1
        return common

    def inner_loop(self) -> Block | None:
        start = self.function_index
        return next((b for b in reversed(self.blocks[start:]) if b.loops), None)

    # -- variables

    def find(self, name: str) -> Variable | None:
        for block in reversed(self.blocks):
            if name in block.variables:
                return block.variables[name]
        return None

    def scope(self) -> Block:
        for block in reversed(self.blocks):
            if block.kind in ("def", "class", "module"):
                return block
        return self.blocks[0]

    def find_function(self, name: str) -> Function | Block | None:
        """A finished function, or the open block of one that calls itself."""
        for block in reversed(self.blocks):
            if block.kind == "def" and block.name == name:
                return block
            if name in block.functions:
                return block.functions[name]
        return None

    def bind(self, name: str, value: Val) -> None:
        """Give `name` a new value; inside a loop that it outlives, the old one may remain."""
        scope, path = self.scope(), self.path()
        value = replace(value, name="")
        old = scope.variables.get(name)
        carried = old is not None and any(b.loops for b in self.blocks[self.shared(old.path) :])
        if value.kind in CONTAINERS and not _is_base(value.size):
            value = replace(value, size=size(self.symbol(value.size)))
        inner = value.elem
        if inner and inner.kind in CONTAINERS - {"str", "tuple"} and not _is_base(inner.size):
            value = replace(value, elem=replace(inner, size=size(self.symbol(inner.size))))
        if old is not None and carried:
            if old.value.kind in CONTAINERS and value.kind in CONTAINERS:
                grown = next((s for s in _symbols(old.value.size)), None)
                if grown and grown in self.sizes and value.size != old.value.size:
                    self.sizes[grown] = add(self.sizes[grown], value.size)
                    value = replace(value, size=old.value.size)
            elif old.value.kind == value.kind == "int" and value.size != old.value.size:
                value = replace(value, size=add(old.value.size, value.size))
            scope.variables[name] = Variable(value, old.path, path)
        else:
            scope.variables[name] = Variable(value, path, path)
        self.undo_amortised(name)

    def undo_amortised(self, name: str) -> None:
        """`name` starts afresh in the loops around: what relied on its progress does not hold."""
        for block in self.loops_from(self.function_index):
            for symbol, raw in block.adjusted.pop(name, ()):
                self.sizes[symbol] = raw

    def update(self, name: str, kind: str, detail: str = "") -> None:
        start = self.function_index
        for block in [self.blocks[start], *self.loops_from(start)]:
            block.updates.setdefault(name, []).append((kind, detail))
        if kind in ("div", "mul", "double", "slice") and self.top.loops:
            self.top.steady.add(name)

    def grow(self, variable: Variable, by: Terms, inner: bool = False) -> None:
        """A container gets `by` more elements, as often as the loops around run."""
        start = self.shared(variable.path)
        times = self.trips_from(start)
        for i in range(start, len(self.blocks)):
            block = self.blocks[i]
            if block.kind == "def" and block.own_calls:
                times = mul(times, size(block.own_calls))
        value = variable.value
        where = value.elem if inner and value.elem else value
        symbol = next(iter(_symbols(where.size)), None)
        if symbol is None or self.known(symbol) is None:
            return
        more = mul(times, by)
        if inner:
            more = mul(more, inverse(self.resolve(value.size)))
        self.sizes[symbol] = add(self.known(symbol) or ONE, more)

    def charge(self, terms: Terms) -> None:
        if terms != ONE:
            if not self.loops_from(self.function_index):
                terms = self.resolve(terms)  # what grows later was smaller here
            self.top.cost = add(self.top.cost, terms)

    def allocate(self, terms: Terms) -> None:
        if terms != ONE:
            block = self.function
            block.memory = add(block.memory, terms)

    def flag(self, text: str) -> None:
        self.flags[text] = None


def _symbols(terms: Terms) -> list[str]:
    return [n for mono in terms for n, p, q in mono if n[0] == "@" and p == 1 and len(mono) == 1]


def _is_base(terms: Terms) -> bool:
    """Whether the size is one named size already."""
    if len(terms) != 1:
        return False
    (mono,) = terms
    return len(mono) == 1 and mono[0][1:] == (1.0, 0.0) and mono[0][0][0] not in "^!?"


def symbol_of(value: Val) -> str | None:
    return next(iter(_symbols(value.size)), None)
