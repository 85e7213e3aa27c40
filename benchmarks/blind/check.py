"""`python -m benchmarks.blind.check`: every function runs, and its CPU time does not contradict
its label. It is a second opinion on the labels, not a measure: wall clocks are noisy.

Prints the spread of classes, then each row whose local slope log2(t(2n)/t(n)) at the largest n
reached is far from what its label predicts. With `--jsonl`, prints the rows instead, one JSON
object per line, for `nlogn complexity --jsonl`.
"""

import collections
import json
import math
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.blind import load
from benchmarks.blind.rows import Row

GROWTH: dict[str, Callable[[float], float]] = {
    "O(1)": lambda n: 1.0,
    "O(log n)": lambda n: math.log(n + 1),
    "O(sqrt n)": math.sqrt,
    "O(n)": lambda n: n,
    "O(n log n)": lambda n: n * math.log(n + 1),
    "O(n^2)": lambda n: n**2,
    "O(n^2 log n)": lambda n: n**2 * math.log(n + 1),
    "O(n^3)": lambda n: n**3,
}
BUDGET_S = 0.4


def call(row: Row, n: int, m: int | None = None) -> float:
    """CPU seconds of one call."""
    space: dict[str, Any] = {"__name__": "blind"}
    make = eval(row["inputs"])
    rng = random.Random(n)
    args = make(n, rng) if m is None else make(n, m, rng)
    exec(compile(row["code"], row["id"], "exec"), space)
    start = time.thread_time()
    space[row["entry"]](*args)
    return time.thread_time() - start


def slope(row: Row) -> tuple[int, float, float]:
    """The largest n within the budget, the slope there, and the label's."""
    n = 64
    while n < 1 << 20:
        began = time.thread_time()
        spent = min(call(row, n) for _ in range(2))
        if spent > BUDGET_S / 16 or time.thread_time() - began > 4 * BUDGET_S:
            break
        n *= 2
    big = [call(row, n) for _ in range(5)]
    small = [call(row, n // 4) for _ in range(5)]
    expected = GROWTH[row["time"]]
    return (
        n,
        math.log2(min(big) / max(min(small), 1e-9)) / 2,
        math.log2(expected(n) / expected(n / 4)) / 2,
    )


def main() -> None:
    rows = load()
    if "--jsonl" in sys.argv:
        for row in rows:
            print(json.dumps(row))
        return
    assert len({r["id"] for r in rows}) == len(rows)
    counts = collections.Counter(r["time"] for r in rows)
    for name, amount in counts.most_common():
        print(f"{amount:4d}  {100 * amount / len(rows):3.0f} %  {name}")
    print(len(rows), "rows,", sum(r["memory"] != "" for r in rows), "with a memory class")
    only = set(sys.argv[1:])
    for row in rows:
        if only and row["id"] not in only:
            continue
        two = row["inputs"].startswith("lambda n, m")
        small = 9 if row["time"] in ("O(2^n)", "O(n!)") else 20
        for n in range(1, small + 1):
            try:
                call(row, n, 1 + n % 7 if two else None)
            except Exception as error:
                print(f"{row['id']}: n={n}: {error!r}")
                break
        if two or row["time"] not in GROWTH:
            continue
        try:
            n, seen, label = slope(row)
        except (RecursionError, MemoryError) as error:
            print(f"{row['id']}: {error!r}")
            continue
        if only or abs(seen - label) > 0.25:
            print(f"{row['id']:28} {row['time']:13} n={n:<8} slope {seen:.2f}, label {label:.2f}")


if __name__ == "__main__":
    main()
