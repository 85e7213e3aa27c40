"""The shape of one labelled function, shared by the files of this folder."""

import ast
from typing import TypedDict


class Row(TypedDict):
    id: str
    code: str
    entry: str
    inputs: str
    time: str
    memory: str
    tags: list[str]


def row(
    id: str,
    time: str,
    memory: str,
    tags: str,
    inputs: str,
    code: str,
    entry: str | None = None,
) -> Row:
    """`entry` is the last function defined at the top level unless it is named."""
    code = code.strip("\n") + "\n"
    names = [n.name for n in ast.parse(code).body if isinstance(n, ast.FunctionDef)]
    return Row(
        id=id,
        code=code,
        entry=entry or names[-1],
        inputs=inputs,
        time=time,
        memory=memory,
        tags=tags.split(),
    )


NUMBER = "lambda n, rng: (n,)"
INTS = "lambda n, rng: ([rng.randrange(10 * n + 10) for _ in range(n)],)"
SIGNED = "lambda n, rng: ([rng.randrange(-99, 100) for _ in range(n)],)"
SORTED = "lambda n, rng: (sorted(rng.randrange(10 * n + 10) for _ in range(n)),)"
DISTINCT = "lambda n, rng: (rng.sample(range(10 * n + 10), n),)"
LETTERS = "lambda n, rng: (''.join(rng.choice('abcdefgh') for _ in range(n)),)"
SAME_LETTER = "lambda n, rng: ('a' * n,)"
WORDS = (
    "lambda n, rng: ([''.join(rng.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(6))"
    " for _ in range(n)],)"
)
MATRIX = "lambda n, rng: ([[rng.randrange(100) for _ in range(n)] for _ in range(n)],)"
PRIME = (
    "lambda n, rng: (next(p for p in range(n + 2, 4 * n + 9)"
    " if all(p % d for d in range(2, int(p ** 0.5) + 1))),)"
)
INTERVALS = (
    "lambda n, rng: ([(a, a + rng.randrange(1, 50)) for a in"
    " (rng.randrange(20 * n) for _ in range(n))],)"
)
POINTS = "lambda n, rng: ([(rng.randrange(10 * n), rng.randrange(10 * n)) for _ in range(n)],)"
TWO_LISTS = (
    "lambda n, m, rng: ([rng.randrange(10 * n) for _ in range(n)],"
    " [rng.randrange(10 * m) for _ in range(m)])"
)
TWO_STRINGS = (
    "lambda n, m, rng: (''.join(rng.choice('ab') for _ in range(n)),"
    " ''.join(rng.choice('ab') for _ in range(m)))"
)
