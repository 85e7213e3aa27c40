"""What completion at the cursor does and costs beside the model: fitting, context, first text.

Prints Markdown. Times are of one core (processor time), so that a busy machine does not count.
`python -m benchmarks.complete [--seconds 60] [--seed 5]`
"""

import argparse
import ast
import dataclasses
import difflib
import json
import random
import re
import statistics
import tempfile
import time
import typing
from collections.abc import Callable
from functools import partial
from pathlib import Path

from nlogn.assistant.complete import Document
from nlogn.assistant.context import related
from nlogn.assistant.repository import Repository
from nlogn.engine.middle import fit, scope_at

ROOT = Path(__file__).parents[1]
MODULES = (argparse, difflib, dataclasses, typing, json.decoder)
SPOILS = ("", ")", "]))", "'")


def sources() -> list[str]:
    files = [Path(module.__file__) for module in MODULES if module.__file__]
    return [p.read_text() for p in (*files, *sorted((ROOT / "src/nlogn/engine").glob("*.py")))]


def says_twice(middle: str, suffix: str) -> bool:
    """Whether the code itself repeats, at a hole's end, what comes right after it."""
    first = next((line.strip() for line in suffix.split("\n") if line.strip()), "")
    rest = suffix.partition("\n")[0]
    if len(re.findall(r"\w", first)) >= 3 and first in map(str.strip, middle.split("\n")):
        return True
    return any(middle.endswith(rest[:n]) for n in range(3, len(rest) + 1))


def timed(times: list[float], do: Callable[[], str]) -> str:
    start = time.process_time()
    made = do()
    times.append((time.process_time() - start) * 1e3)
    return made


def row(what: str, tried: int, failed: int, times: list[float]) -> None:
    times.sort()
    p50, p95 = (times[int(len(times) * q)] for q in (0.5, 0.95))
    print(f"| {what} | {tried:,} | {failed} | {p50:.1f} | {p95:.1f} | {times[-1]:.0f} |")


def fitting(seconds: float, seed: int) -> None:
    texts, rng = sources(), random.Random(seed)
    print(f"{len(texts)} Python files, {sum(t.count(chr(10)) for t in texts):,} lines.\n")
    print("| middle | tried | failed | p50 ms | p95 ms | max ms |\n|---|---|---|---|---|---|")
    times: list[float] = []
    changed = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = rng.choice(texts)
        start = rng.randrange(len(text))
        stop = min(len(text), start + rng.randrange(300))
        prefix, middle, suffix = text[:start], text[start:stop], text[stop:]
        if not says_twice(middle, suffix):
            made = timed(times, partial(fit, middle, prefix, suffix, "python"))
            changed += made != middle
    row("true, at random places: failed is changed", len(times), changed, times)
    times, unsound = [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        lines = rng.choice(texts).split("\n")
        at = rng.randrange(len(lines) - 6)
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        prefix = "\n".join([*lines[:at], indent])
        suffix = "\n" + "\n".join(lines[at + 1 :])
        repeated = "\n".join(lines[at + 1 : at + 1 + rng.randrange(5)])[:-1]
        middle = f"{lines[at].lstrip()}\n{repeated}{rng.choice(SPOILS)}"
        scope = scope_at(prefix, suffix)
        short = rng.random() < 0.5
        made = timed(
            times, partial(fit, middle, prefix, suffix, "python", scope=scope, cut_short=short)
        )
        try:
            ast.parse(prefix + made + suffix)
        except SyntaxError:
            unsound += 1
    row("spoiled: failed does not parse", len(times), unsound, times)


def context(files: int) -> None:
    texts = [p.read_text() for p in sorted((ROOT / "src").rglob("*.py"))]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        for i in range(files):
            file = root / f"package_{i % 40}" / f"module_{i}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(texts[i % len(texts)])
        (root / "pyproject.toml").write_text("")
        repository = Repository(root, cache=Path(folder) / "cache")
        cold: list[float] = []
        timed(cold, lambda: str(len(repository.refresh())))
        path = "package_3/module_3.py"
        text = (root / path).read_text()
        half = len(text) // 2
        document = Document(path, text[:half], text[half:], "python")
        warm: list[float] = []
        for _ in range(15):
            timed(
                warm,
                lambda: str(
                    related(document, path, repository.refresh(path), root, 700,
                            lambda t: len(t) // 3)
                ),
            )  # fmt: skip
    size = statistics.mean(t.count("\n") for t in texts)
    print(
        f"\n{files:,} files of {size:.0f} lines on average: the first look {cold[0] / 1e3:.1f} s, "
        f"each later one {statistics.median(warm):.0f} ms (median of {len(warm)}, "
        f"{min(warm):.0f} to {max(warm):.0f})."
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=5)
    options.add_argument("--files", type=int, default=1000)
    given = options.parse_args()
    fitting(given.seconds, given.seed)
    context(given.files)


if __name__ == "__main__":
    main()
