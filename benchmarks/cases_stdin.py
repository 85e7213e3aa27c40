"""The share of contest programs that run without an exception on inferred stdin.

python benchmarks/cases_stdin.py
"""

import ast
import contextlib
import gzip
import json
import os
import sys
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nlogn.cases import validated_sized_inputs
from nlogn.cases.stdin import texts
from nlogn.sandbox import Limits, Program, Sandbox

DATA = Path(os.environ.get("NLOGN_DATA", "../shared/data"))
_SLOW = ("wall_limit", "cpu_limit", "memory_limit", "output_limit")


def python_programs(rows: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """(code, label) of the rows that parse as Python; the prompt holds it escaped."""
    found = []
    for row in rows:
        body = row["messages"][1]["content"].split("-" * 40)[1]
        unescaped = body
        with contextlib.suppress(UnicodeDecodeError):
            unescaped = body.encode("latin-1", "backslashreplace").decode("unicode_escape")
        for text in (body, unescaped):
            with contextlib.suppress(SyntaxError, ValueError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(text)
                found.append((text, row["messages"][-1]["content"].removeprefix("complexity: ")))
                break
    return found


def runs(code: str, sandbox: Sandbox) -> bool:
    """Whether the program ends well, or at a limit, on one of its inferred inputs."""
    program = Program(code)
    inputs = validated_sized_inputs(program, sandbox)
    made = [t for t in texts(inputs, sandbox, 8, 6) if t is not None]
    outcomes = sandbox.run_many(program, made, Limits(wall_s=2, cpu_s=1))
    return any(o.status == "ok" or o.status in _SLOW for o in outcomes)


def main() -> None:
    source = DATA / "complexity" / "codecomplex.jsonl.gz"
    if not source.exists():
        sys.exit(f"{source} is not there: set NLOGN_DATA")
    with gzip.open(source) as file:
        programs = python_programs(json.loads(line) for line in file)
    start = time.perf_counter()
    with Sandbox() as sandbox:
        good = sum(runs(code, sandbox) for code, _ in programs)
    seconds = time.perf_counter() - start
    print(json.dumps({"programs": len(programs), "run": good,
                      "share": round(good / len(programs), 4),
                      "seconds_each": round(seconds / len(programs), 3)}))  # fmt: skip


if __name__ == "__main__":
    main()
