"""A function compared with itself: how often does a method call one of the two faster?

Ours counts steps; the peers' way is wall time, the least of five runs, with a threshold of 5 %
or 15 % (codeflash's rule, for one). Both see the same functions and arguments in one run.
"""

import importlib.util
import random
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.data import folder
from nlogn.complexity import count_steps
from nlogn.sandbox import Limits, Program

REPEATS = 5
TRIALS = 4


def main(seed: int = 0) -> None:
    functions = _functions(folder() / "complexity" / "labelled_functions.py")
    trials = wall5 = wall15 = ours = 0
    for order in range(TRIALS):
        for name in sorted(functions):
            row = functions[name]
            size = 12 if row["label"] in ("2^n", "n!") else 60
            args = row["gen"](size, random.Random(seed + order))
            trials += 1
            program = Program(row["src"], row["entry"])
            left, right = (count_steps(program, [args], Limits())[0] for _ in range(2))
            ours += left != right or left is None
            first, second = _timed(row, args), _timed(row, args)
            gain = 1 - min(first, second) / max(first, second)
            wall5 += gain > 0.05
            wall15 += gain > 0.15
    print("## A function compared with itself\n")
    print(f"{len(functions)} functions, {TRIALS} trials each, seed {seed}.\n")
    print("| method | called one of the two faster |")
    print("|---|---|")
    print(f"| wall time, least of {REPEATS}, over 5 % | {wall5}/{trials} ({wall5 / trials:.0%}) |")
    print(
        f"| wall time, least of {REPEATS}, over 15 % | {wall15}/{trials} ({wall15 / trials:.0%}) |"
    )
    print(f"| steps, counted (nlogn) | {ours}/{trials} |")


def _functions(path: Path) -> dict[str, dict[str, Any]]:
    """The labelled functions: text, entry, label and generator of arguments."""
    spec = importlib.util.spec_from_file_location("labelled_functions", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module.S  # type: ignore[no-any-return]


def _timed(row: dict[str, Any], args: Any) -> float:
    """Least wall time of several calls. These functions are the data set's own: trusted text."""
    import copy

    namespace: dict[str, Any] = {}
    exec(row["src"], namespace)
    best = float("inf")
    for _ in range(REPEATS):
        fresh = copy.deepcopy(args)
        start = time.perf_counter()
        namespace[row["entry"]](*fresh)
        best = min(best, time.perf_counter() - start)
    return best


if __name__ == "__main__":
    main()
