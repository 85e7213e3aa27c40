"""Time and memory classes on labelled functions, against PyPI big-O in the same run.

    python -m benchmarks.complexity [LABELLED] [--limit N] [--load K]

LABELLED is JSON Lines (`id`, `code`, `entry`, `inputs`, `time`, `memory`), or a Python file with
a list of such rows (dicts or objects, under any name), or the word ``blind`` for benchmarks/blind,
or the shared set of labelled functions, which is the default. A missing label is not scored.
big-O runs the functions in this process (they are this project's own), on size ranges that fit
the label: it is told what it is to find.
"""

import argparse
import ast
import json
import multiprocessing
import random
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.data import folder
from nlogn.complexity import bigo, measure
from nlogn.complexity.growth import Complexity
from nlogn.sandbox import Program, Sandbox


@dataclass(frozen=True)
class Row:
    name: str
    code: str
    entry: str | None
    inputs: str
    time: str
    memory: str


@dataclass(frozen=True)
class Scored:
    row: Row
    found: Complexity
    seconds: float
    same_again: bool
    same_loaded: bool | None
    peer: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labelled", nargs="?", type=Path)
    parser.add_argument("--limit", type=int, default=0, help="only so many functions")
    parser.add_argument("--load", type=int, default=2, help="busy processes for the loaded run")
    parser.add_argument("--peer", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    path = options.labelled or folder() / "complexity" / "labelled_functions.py"
    rows = (_blind() if str(path) == "blind" else load(path))[: options.limit or None]
    with Sandbox() as sandbox:
        plain = [_timed(row, sandbox) for row in rows]
        again = [_timed(row, sandbox)[0] for row in rows]
        with _Load(options.load):
            loaded = [_timed(row, sandbox)[0] for row in rows]
    scored = [
        Scored(row, found, seconds, _costs(found) == _costs(b), _costs(found) == _costs(c),
               _peer(row) if options.peer else "")
        for row, (found, seconds), b, c in zip(rows, plain, again, loaded, strict=True)
    ]  # fmt: skip
    print(table(scored, path.name, options.load))
    return 0


def _timed(row: Row, sandbox: Sandbox) -> tuple[Complexity, float]:
    began = time.perf_counter()
    found = measure(Program(row.code, row.entry), row.inputs, sandbox=sandbox)
    return found, time.perf_counter() - began


def _costs(found: Complexity) -> list[tuple[int, int | None, float]]:
    return [(p.n, p.m, p.cost) for p in found.time.points]


class _Load:
    """Processes that keep the processors busy."""

    def __init__(self, count: int):
        self.workers = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(count)]

    def __enter__(self) -> None:
        for worker in self.workers:
            worker.start()

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()
            worker.join()


def _spin() -> None:
    while True:
        sum(range(10_000))


def same(label: str, found: str) -> bool:
    if found == "unknown":
        return label == "unknown"
    try:
        return bigo.parse(label) == bigo.parse(found)
    except ValueError:
        return label == found


def table(scored: list[Scored], name: str, load: int) -> str:
    def share(good: list[bool]) -> str:
        return f"{sum(good)}/{len(good)} ({100 * sum(good) / len(good):.1f} %)" if good else "-"

    seconds = sorted(s.seconds for s in scored)
    wrong = [
        f"| {s.row.name} | {s.row.time} | {s.found.time.big_o} | {s.row.memory or '-'} | "
        f"{s.found.memory.big_o} | {s.found.time.note or s.found.error or ''} |"
        for s in scored
        if not same(s.row.time, s.found.time.big_o)
        or (s.row.memory and not same(s.row.memory, s.found.memory.big_o))
    ]
    with_memory = [s for s in scored if s.row.memory]
    peers = [s for s in scored if s.peer]
    rows = [
        f"## Complexity of `{name}`",
        "",
        f"{len(scored)} labelled functions, seed 0.",
        "",
        "| | this | big-O |",
        "|---|---|---|",
        f"| time class exact | {share([same(s.row.time, s.found.time.big_o) for s in scored])} | "
        f"{share([same(s.row.time, s.peer) for s in peers])} |",
        "| memory class exact | "
        f"{share([same(s.row.memory, s.found.memory.big_o) for s in with_memory])} | - |",
        f"| steps identical on rerun | {share([s.same_again for s in scored])} | - |",
        f"| steps identical beside {load} busy processes | "
        f"{share([bool(s.same_loaded) for s in scored])} | - |",
        f"| seconds per function, median (90th percentile) | {statistics.median(seconds):.2f} "
        f"({seconds[int(0.9 * (len(seconds) - 1))]:.2f}) | - |",
    ]
    if wrong:
        rows += ["", "| missed | time | found | memory | found | note |"]
        rows += ["|---|---|---|---|---|---|"]
        rows += wrong
    return "\n".join(rows)


# --- the peer ----------------------------------------------------------------------------------

_RANGES = {"1": 20_000, "log n": 20_000, "sqrt n": 20_000, "n": 20_000, "n log n": 20_000,
           "n^2": 500, "n^2 log n": 150, "n^3": 60, "2^n": 16}  # fmt: skip
_PEER_NAMES = {"Constant": "1", "Logarithmic": "log n", "Linear": "n", "Linearithmic": "n log n",
               "Quadratic": "n^2", "Cubic": "n^3", "Exponential": "2^n",
               "Polynomial": "unknown"}  # fmt: skip


def _peer(row: Row) -> str:
    """big-O's class, "" where it has no way to say the label's (two sizes, factorials)."""
    import big_o

    top = _RANGES.get(bigo.parse(row.time).name)
    if top is None or row.entry is None or "." in row.entry:
        return ""
    scope: dict[str, Any] = {name: __import__(name) for name in ("collections", "math", "random")}
    scope["__name__"] = "solution"
    module = type(sys)("solution")
    sys.modules["solution"] = module
    module.__dict__.update(scope)
    sys.setrecursionlimit(50_000)
    exec(compile(row.code, row.name, "exec"), module.__dict__)
    make = eval(row.inputs, module.__dict__)
    function = module.__dict__[row.entry]

    def call(args: Any) -> Any:
        return function(*(args if isinstance(args, tuple) else (args,)))

    low = max(2, top // 50)
    try:
        best, _ = big_o.big_o(call, lambda n: make(int(n), random.Random(int(n))),
                              min_n=low, max_n=top, n_measures=10)  # fmt: skip
    except Exception:  # whatever a peer does wrong, it has no answer
        return "unknown"
    return _PEER_NAMES.get(type(best).__name__, "unknown")


# --- reading -----------------------------------------------------------------------------------


def _blind() -> list[Row]:
    from benchmarks import blind

    return [_row(item) for item in blind.load()]


def load(path: Path) -> list[Row]:
    text = path.read_text("utf-8")
    if path.suffix in (".jsonl", ".json"):
        data = json.loads(text) if text.lstrip().startswith("[") else [
            json.loads(line) for line in text.splitlines() if line.strip()
        ]  # fmt: skip
        return [_row(item) for item in data]
    if "S={}" in text:
        return _shared(text)
    scope: dict[str, Any] = {"__name__": "labelled_rows", "__file__": str(path)}
    sys.modules["labelled_rows"] = module = type(sys)("labelled_rows")
    module.__dict__.update(scope)
    exec(compile(text, str(path), "exec"), module.__dict__)
    lists = [v for v in vars(module).values() if isinstance(v, (list, tuple)) and v]
    rows = [v for v in lists if all(_field(item, "code") for item in v)]
    if not rows:
        sys.exit(f"{path} holds no list of labelled functions")
    return [_row(item) for item in max(rows, key=len)]


def _field(item: Any, *names: str) -> Any:
    for name in names:
        value = item.get(name) if isinstance(item, dict) else getattr(item, name, None)
        if value is not None:
            return value
    return None


def _row(item: Any) -> Row:
    return Row(
        str(_field(item, "name", "id") or "?"),
        _field(item, "code", "src"),
        _field(item, "entry"),
        _field(item, "inputs") or "",
        _field(item, "time", "time_class", "label") or "",
        _field(item, "memory", "space", "memory_class") or "",
    )


def _shared(text: str) -> list[Row]:
    """The shared set: calls ``f(name, label, generator, source)``; generators are lambdas."""
    named: dict[str, str] = {}
    rows = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            assert isinstance(node.targets[0], ast.Name)
            named[node.targets[0].id] = ast.unparse(node.value)
        elif (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id in ("f", "g")
        ):
            name, label, make, source = node.value.args
            text_of = named[make.id] if isinstance(make, ast.Name) else ast.unparse(make)
            rows.append(Row(ast.literal_eval(name), ast.literal_eval(source), "f", text_of,
                            ast.literal_eval(label), ""))  # fmt: skip
    return rows


if __name__ == "__main__":
    sys.exit(main())
