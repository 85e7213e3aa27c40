"""Problems of the bank drawn with a seed, for benchmarks that would take long on all of them."""

import argparse
import random
import time
from dataclasses import dataclass

from nlogn.problems import Problem, bank


@dataclass(frozen=True)
class Drawn:
    """`known`: the bank; `end`: no problem is begun after it, by `time.monotonic`."""

    problems: list[Problem]
    known: tuple[Problem, ...]
    seed: int
    workers: int
    end: float


def drawn_problems(description: str) -> Drawn:
    """What the command line asks for: `--problems` (0: all), `--seed`, `--workers`, `--minutes`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    options = parser.parse_args()
    known = bank()
    count = min(options.problems or len(known), len(known))
    problems = random.Random(options.seed).sample(known, count)
    end = time.monotonic() + 60 * options.minutes
    return Drawn(problems, known, options.seed, options.workers, end)
