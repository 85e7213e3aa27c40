"""Programs that keep memory after each call, and ones that look so and do not.

The ways in which right programs leak in practice: a list of the module that only grows, a cache
with no limit, a default argument that all calls share. Which line leaks, and whether any does, is
not said here: it is measured.
"""

import ast
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nlogn.problems.problem import Parameter, Problem, Solution

_SHARE = 1 / 3  # of the programs that only look so
_STORES = ("_LOG", "HISTORY", "_seen", "_calls", "_audit", "EVENTS", "_requests", "_trace",
           "_results", "CACHE", "_cache", "_memo", "pending", "_queue", "records")  # fmt: skip
_LOCALS = ("log", "trail", "visited_so_far", "kept", "notes", "journal")
_CLASSES = ("_State", "Stats", "Registry", "_Monitor")


@dataclass(frozen=True)
class _Way:
    """Where texts hold `{S}` (the store), `{W}` (what is kept), `{F}` (the function)."""

    name: str
    statement: str
    module: str = ""  # before the function
    after: str = ""  # behind it
    parameter: str = ""  # one more


_GROWING = (
    _Way("list", "{S}.append({W})", "{S} = []"),
    _Way("hinted list", "{S}.append({W})", "{S}: list[object] = []"),
    _Way("extended list", "{S}.extend([{W}])", "{S} = list()"),
    _Way("list of a global name", "global {S}\n{S} = {S} + [{W}]", "{S} = []"),
    _Way("numbered dict", "{S}[len({S})] = {W}", "{S} = {{}}"),
    _Way("setdefault", "{S}.setdefault(len({S}), {W})", "{S} = dict()"),
    _Way("dict of lists", "{S}.setdefault('{F}', []).append({W})", "{S} = {{}}"),
    _Way("defaultdict", "{S}['{F}'].append({W})",
         "from collections import defaultdict\n\n{S} = defaultdict(list)"),
    _Way("deque", "{S}.append({W})", "from collections import deque\n\n{S} = deque()"),
    _Way("attribute of a class", "{C}.rows.append({W})", "class {C}:\n    rows = []"),
    _Way("attribute of the function", "{F}.{s}.append({W})", after="{F}.{s} = []"),
    _Way("default argument", "{s}.append({W})", parameter="{s}=[]"),
    _Way("default dict", "{s}[len({s})] = {W}", parameter="{s}={{}}"),
    _Way("text", "{S}[0] += str({W})", "{S} = ['']"),
    _Way("set", "{S}.add((len({S}), str({W})))", "{S} = set()"),
    _Way("limit out of reach", "{S}.append({W})\nif len({S}) > 1_000_000:\n    {S}.clear()",
         "{S} = []"),
    _Way("closure", "{S}.append(lambda: {P})", "{S} = []"),
    _Way("heap", "heapq.heappush({S}, (len({S}), str({W})))", "import heapq\n\n{S} = []"),
)  # fmt: skip
_STEADY = (
    _Way("local list", "{s} = []\n{s}.append({W})"),
    _Way("local dict", "{s} = {{}}\n{s}[len({s})] = {W}"),
    _Way("cleared", "{S}.clear()\n{S}.append({W})", "{S} = []"),
    _Way("the last one", "global {S}\n{S} = {W}", "{S} = None"),
    _Way("one key", "{S}['last'] = {W}", "{S} = {{}}"),
    _Way("bounded deque", "{S}.append({W})",
         "from collections import deque\n\n{S} = deque(maxlen=4)"),
    _Way("popped", "{S}.append({W})\n{S}.pop()", "{S} = []"),
    _Way("trimmed", "{S}.append({W})\ndel {S}[:-3]", "{S} = []"),
    _Way("limit", "if len({S}) > 4:\n    {S}.clear()\n{S}.append({W})", "{S} = []"),
    _Way("counter", "{S}['{F}'] = {S}.get('{F}', 0) + 1", "{S} = {{}}"),
    _Way("fresh default", "{s} = [] if {s} is None else {s}\n{s}.append({W})",
         parameter="{s}=None"),
    _Way("attribute, replaced", "{C}.last = {W}", "class {C}:\n    last = None"),
)  # fmt: skip


def leaks(problems: Sequence[Problem], programs: int, seed: int) -> list[Problem]:
    """As many of the problems as have a function to change, with enough of such solutions for
    `programs` in all."""
    asked = [p for p in problems if p.signature is not None and "." not in p.signature.entry]
    solutions = sum(s.language == "python" for p in asked for s in p.solutions)
    each = -(-programs // max(solutions, 1))
    return [leaking(problem, each, seed) for problem in asked]


def leaking(problem: Problem, each: int, seed: int) -> Problem:
    """The problem with other solutions: of each Python solution `each` texts, most of which keep
    memory. Its reference stays the last one; what cannot be changed so gives none."""
    assert problem.signature is not None
    made = []
    for solution in problem.solutions:
        if solution.language != "python":
            continue
        rng = random.Random(f"leaks/{seed}/{problem.name}/{solution.name}")
        texts = keeping(solution.code, problem.signature.entry, problem.signature.parameters, rng)
        for number, (what, code) in zip(range(each), texts, strict=False):
            made.append(Solution(f"{solution.name}, {what} {number}", code, "", ""))
    return replace(problem, solutions=(*made, *problem.solutions[-1:]), wrong=())


def keeping(code: str, entry: str, parameters: tuple[Parameter, ...], rng: random.Random
            ) -> Iterator[tuple[str, str]]:  # fmt: skip
    """(what was put in, program) without end, or nothing where no statement fits into `entry`.
    About every third is one that keeps nothing for good."""
    tree = ast.parse(code)
    function = next(
        (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == entry), None
    )
    if function is None or function.body[0].lineno == function.lineno or not parameters:
        return
    if function.args.vararg or function.args.kwarg or function.args.kwonlyargs:
        return
    places = list(_places(function, parameters))
    while True:
        way = rng.choice(_STEADY if rng.random() < _SHARE else _GROWING)
        line, indent, names = rng.choice(places)
        text = _with(code, tree, function, way, line, indent, names, rng)
        try:
            ast.parse(text)
        except SyntaxError:
            continue
        yield way.name, text


def _places(
    function: ast.FunctionDef, parameters: tuple[Parameter, ...]
) -> Iterator[tuple[int, int, list[tuple[str, str]]]]:
    """(line before which a statement can stand, its column, [name and type that it may keep])."""
    hints = [p.annotation for p in parameters]
    known = [(a.arg, hints[i] if i < len(hints) else "") for i, a in enumerate(function.args.args)]
    first = function.body[1 if ast.get_docstring(function) is not None else 0 :]
    if not first:
        return
    yield first[0].lineno, first[0].col_offset, known
    last = function.body[-1]
    if isinstance(last, ast.Return) and last is not first[0]:
        yield last.lineno, last.col_offset, known
    for node in ast.walk(function):
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            inside = node.body[0]
            if inside.lineno > node.lineno and inside.col_offset > node.col_offset:
                yield inside.lineno, inside.col_offset, [(node.target.id, "")]
                return


def _with(
    code: str, tree: ast.Module, function: ast.FunctionDef, way: _Way, line: int, indent: int,
    known: list[tuple[str, str]], rng: random.Random,
) -> str:  # fmt: skip
    used = set(re.findall(r"\w+", code))

    def fresh(pool: tuple[str, ...]) -> str:
        free = [name for name in pool if name not in used]
        return rng.choice(free) if free else f"{pool[0]}_{len(used)}"

    name, hint = rng.choice(known)
    words = {"S": fresh(_STORES), "s": fresh(_LOCALS), "C": fresh(_CLASSES), "F": function.name,
             "P": name, "W": _kept(name, hint, known, rng)}  # fmt: skip
    lines = code.splitlines(keepends=True)
    statement = way.statement.format(**words)
    inserted = "".join(f"{' ' * indent}{row}\n" for row in statement.split("\n"))
    top = min([function.lineno, *(d.lineno for d in function.decorator_list)]) - 1
    after = f"\n\n{way.after.format(**words)}\n" if way.after else ""
    end = function.end_lineno or function.lineno
    out = [*lines[:top]]
    if way.module:
        out.append(f"{way.module.format(**words)}\n\n\n")
    header = "".join(lines[top : line - 1])
    if way.parameter:
        at = function.args.args[-1]
        header = _with_parameter(lines, top, line, at, way.parameter.format(**words))
    return "".join([*out, header, inserted, *lines[line - 1 : end], after, *lines[end:]])


def _with_parameter(lines: list[str], top: int, stop: int, last: ast.arg, text: str) -> str:
    """Lines `top` to `stop - 1` with a parameter behind `last`."""
    assert last.end_lineno is not None and last.end_col_offset is not None
    row = last.end_lineno - 1
    raw = lines[row].encode()
    changed = (
        raw[: last.end_col_offset] + f", {text}".encode() + raw[last.end_col_offset :]
    ).decode()
    return "".join(changed if i == row else lines[i] for i in range(top, stop - 1))


def _kept(name: str, hint: str, known: list[tuple[str, str]], rng: random.Random) -> str:
    ways = [name, name, f"[{name}]", f"repr({name})", f"str({name})", f"({name}, 1)"]
    ways.append('f"{' + name + '!r} was asked for"')
    if hint.startswith("list"):
        ways += [f"list({name})", f"{name}[:]", f"tuple({name})", f"len({name})"]
    elif hint.startswith("str"):
        ways += [f"{name} + '\\n'", f"{name}.upper()", f"len({name})"]
    elif hint.startswith("dict"):
        ways += [f"dict({name})", f"list({name})"]
    if len(known) > 1:
        ways.append("(" + ", ".join(n for n, _ in known) + ")")
    return rng.choice(ways)
