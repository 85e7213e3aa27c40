"""Annotated programs as documents whose labels were measured: the table of `nlogn bank annotate`.

Programs of held-out problems are never documents: they are what the heads are measured on.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlogn.complexity.bigo import CLASSES
from nlogn.complexity.measure import LEAK_STEPS
from nlogn.corpus.bank_documents import BankDocument, answer_classes, held_out
from nlogn.corpus.question import question, turns
from nlogn.corpus.specials import TURN_END, Parts, Special
from nlogn.problems import Problem

SHAPE = "annotated"
_COLUMNS = ("problem", "paradigm", "kind", "origin", "code", "status", "time_class",
            "memory_class", "time_points", "leak_line", "lines")  # fmt: skip
_LEAST_N = 8  # of the size that is called again and again in search of a leak
_KNOWN = frozenset(map(str, CLASSES))
_WRONG = ("wrong", "wrong_variant")  # accepted, they are exposed by larger inputs alone


class AnnotatedError(Exception):
    """The table cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An accepted program and what was measured on it.

    `time`, `memory`: classes, "" where none was found. `leak`: for each line of the code 1 (it
    keeps more with each call), 0 (it does not) or -1 (not known, or blank).
    """

    problem: str
    paradigm: str
    kind: str
    origin: str
    code: str
    time: str
    memory: str
    leak: tuple[int, ...]

    @property
    def leaks(self) -> bool:
        return 1 in self.leak


def read_annotated(*paths: Path) -> list[Labelled]:
    """The measured programs of one table or more, each text once, in order.

    Raises:
        AnnotatedError: a file is missing or no such table, or no program in it was measured.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise AnnotatedError("reading a table needs pyarrow: pip install 'nlogn[corpus]'") from None
    found: dict[tuple[str, str], Labelled] = {}
    for path in paths:
        if not path.is_file():
            raise AnnotatedError(f"there is no table {path}: make it with nlogn bank annotate")
        try:
            file = parquet.ParquetFile(path)
            missing = sorted(set(_COLUMNS) - set(file.schema_arrow.names))
            if missing:
                raise AnnotatedError(
                    f"{path} has no column {', '.join(missing)}: make it with nlogn bank annotate"
                )
            for batch in file.iter_batches(1024, columns=list(_COLUMNS)):
                for row in batch.to_pylist():
                    if row["status"] == "accepted" and row["time_class"] is not None:
                        found.setdefault((row["problem"], row["code"]), _labelled(row))
        except (OSError, pyarrow.ArrowException) as error:
            raise AnnotatedError(
                f"cannot read {path} as a table of nlogn bank annotate: {error}"
            ) from None
    if not found:
        told = " and ".join(map(str, paths))
        raise AnnotatedError(f"no program in {told} was accepted and measured")
    return list(found.values())


def _labelled(row: dict[str, Any]) -> Labelled:
    time, memory = (c if c in _KNOWN else "" for c in (row["time_class"], row["memory_class"]))
    return Labelled(row["problem"], row["paradigm"], row["kind"], row["origin"], row["code"],
                    time, memory, _leak(row))  # fmt: skip


def _leak(row: dict[str, Any]) -> tuple[int, ...]:
    """Whether a program leaks is measured by calling it again and again, where it has one size and
    few steps; what a line keeps after one call may be a cache that fills once."""
    called_again = row["leak_line"] is not None or any(
        p["m"] is None and p["n"] >= _LEAST_N and p["cost"] < LEAK_STEPS for p in row["time_points"]
    )
    keeps = {one["line"] for one in row["lines"] if one["retained_bytes"] > 0}
    steady = called_again and row["leak_line"] is None
    out = []
    for number, line in enumerate(row["code"].rstrip("\n").split("\n"), 1):
        if number == row["leak_line"]:
            out.append(1)
        elif not line.strip() or not called_again:
            out.append(-1)
        else:
            out.append(0 if steady or number not in keeps else -1)
    return tuple(out)


def documents(
    programs: Iterable[Labelled], problems: Sequence[Problem], each: int, seed: int
) -> Iterator[BankDocument]:
    """At most `each` programs of a problem, and as many that leak, drawn by the seed. Half are
    answers to the problem's question, which begin with their classes; the rest, all that leak, and
    wrong solutions are code alone with the classes as labels."""
    by_name = {problem.name: problem for problem in problems}
    groups: dict[tuple[str, bool], list[Labelled]] = defaultdict(list)
    for program in programs:
        if program.problem in by_name and not held_out(program.problem):
            groups[program.problem, program.leaks].append(program)
    for (name, leaks), found in groups.items():
        rng = random.Random(f"{seed}/annotated/{name}/{leaks}")
        for program in rng.sample(found, min(each, len(found))):
            asked = not leaks and program.kind not in _WRONG and rng.random() < 0.5
            classes = answer_classes(rng, program.time, program.memory) if asked else None
            yield _document(program, by_name[name], classes)


def _document(program: Labelled, problem: Problem, classes: Parts | None) -> BankDocument:
    """An answer that begins with these classes, or with None code alone."""
    code = program.code.rstrip("\n") + "\n"
    parts: Parts = [code]
    leak = program.leak
    if classes is not None:
        answer = f"```python\n{code}```\n"
        parts = [*turns(question(problem), classes), answer, Special(TURN_END)]
        leak = (-1, *leak, -1)
    return BankDocument(program.problem, SHAPE, parts, program.paradigm, program.time,
                        program.memory, told=classes is not None, leak=leak)  # fmt: skip
