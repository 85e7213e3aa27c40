"""`python -m benchmarks.static`: static path cost against labels, and what a line costs.

Three sets: the labelled functions of the shared data, the blind set (its author also wrote the
static cost, so for it the set is not blind), and the solutions of the problem bank with the
classes that their own authors declared. The classes are compared where all sizes grow alike
(`one_size`), and as they stand for labels in two sizes.
"""

import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.blind import load
from benchmarks.data import folder
from nlogn.complexity.bigo import cheaper, parse
from nlogn.complexity.static import PathTracker, path_cost

SEED = 11


@dataclass(frozen=True)
class Labelled:
    name: str
    code: str
    entry: str | None
    time: str
    memory: str
    two: bool


def shared() -> Iterator[Labelled]:
    space: dict[str, dict[str, dict[str, str]]] = {}
    path = folder() / "complexity" / "labelled_functions.py"
    exec(path.read_text("utf-8"), space)  # a module of data, made for this project
    for rows, two in ((space["S"], False), (space["T"], True)):
        for name, row in rows.items():
            yield Labelled(name, row["src"], "f", str(parse(row["label"])), "", two)


def blind() -> Iterator[Labelled]:
    for row in load():
        two = row["inputs"].startswith("lambda n, m")
        yield Labelled(row["id"], row["code"], row["entry"], row["time"], row["memory"], two)


def bank() -> Iterator[Labelled]:
    from nlogn.problems import bank as problems

    for problem in problems():
        entry = problem.signature.entry if problem.signature else None
        for s in problem.solutions:
            if s.time and s.language == "python":
                two = parse(s.time).two_sizes
                yield Labelled(f"{problem.name}: {s.name}", s.code, entry, s.time, s.memory, two)


def score(name: str, rows: list[Labelled], show: bool) -> str:
    exact = unknown = low = memory = memories = 0
    spent = []
    for row in rows:
        start = time.perf_counter()
        cost = path_cost(row.code, row.entry)
        spent.append(time.perf_counter() - start)
        found = cost.big_o if row.two else cost.one_size
        exact += found == row.time
        unknown += found == "unknown"
        low += found != "unknown" and cheaper(parse(found), parse(row.time))
        if row.memory:
            memories += 1
            two = parse(row.memory).two_sizes
            memory += (cost.memory if two else cost.memory_one_size) == row.memory
        if show and found != row.time:
            print(f"{row.name}: {row.time}, found {found} {cost.flags}", file=sys.stderr)
    n = len(rows)
    kept = f"{memory} of {memories}" if memories else "–"
    return (
        f"| {name} | {n} | {exact} ({100 * exact / n:.0f} %) | {unknown} | "
        f"{n - exact - unknown - low} | {low} | {kept} | {1000 * statistics.median(spent):.1f} |"
    )


def per_line() -> str:
    """Feeding a long file line by line and asking for the class of the path after each."""
    codes = [r.code for r in blind()] * 4
    random.Random(SEED).shuffle(codes)
    lines = "\n\n".join(codes).splitlines(keepends=True)
    tracker, marks = PathTracker(), []
    for i in range(0, len(lines), len(lines) // 8):
        part = lines[i : i + len(lines) // 8]
        start = time.thread_time()
        for line in part:
            tracker.feed(line)
            tracker.path()
        marks.append(1e6 * (time.thread_time() - start) / len(part))
    eighths = ", ".join(f"{m:.0f}" for m in marks[:8])
    return f"A file of {len(lines)} lines, µs of CPU a line (feed and path), by eighths: {eighths}."


def main() -> None:
    show = "--show" in sys.argv
    print("## Static path cost\n")
    print("Nothing runs. *Higher* and *lower* are wrong answers on either side of the label.\n")
    print("| set | rows | exact | unknown | higher | lower | memory exact | median ms |")
    print("|---|---|---|---|---|---|---|---|")
    print(score("labelled functions", list(shared()), show))
    print(score("blind set (not blind for its author)", list(blind()), show))
    print(score("solutions of the bank (by others)", list(bank()), show))
    print(f"\n{per_line()}\n\nSeed {SEED}.")


if __name__ == "__main__":
    main()
