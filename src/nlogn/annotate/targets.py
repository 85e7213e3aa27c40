"""The programs that a user names: FILE::ENTRY, every function of a file, or rows of JSON Lines."""

import ast
from collections.abc import Sequence
from pathlib import Path

from nlogn.annotate.facts import parameters
from nlogn.annotate.table import TableError
from nlogn.annotate.units import Task
from nlogn.cases import sized_inputs
from nlogn.judge.rows import (
    RowError,
    cases_of,
    parse_row,
    program_of,
    reference_of,
    text_of,
)
from nlogn.sandbox import Program, load_file


def file_tasks(named: Sequence[str]) -> tuple[list[Task], list[str]]:
    """(tasks, what was left out and why) for FILE::ENTRY, FILE.py and FILE.jsonl.

    A Python file without an entry gives each of its functions whose inputs can be made; where it
    is a script (it does something besides defining), itself as a whole program.

    Raises:
        SourceError: a file cannot be read.
        TableError: a row is malformed, or the same program is named twice.
    """
    tasks: list[Task] = []
    left_out: list[str] = []
    for one in named:
        if one.partition("::")[0].endswith((".jsonl", ".jsonl.gz")):
            tasks += _rows(Path(one))
            continue
        program = load_file(one)
        if program.entry is not None or program.language != "python":
            tasks.append(Task(one, program=program))
            continue
        tasks += _functions(one, program, left_out)
    names = [task.name for task in tasks]
    twice = next((n for n in names if names.count(n) > 1), None) if len(names) < 5000 else None
    if twice is not None:
        raise TableError(f"{twice} is named twice")
    return tasks, left_out


def _functions(named: str, program: Program, left_out: list[str]) -> list[Task]:
    try:
        body = ast.parse(program.code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [Task(named, program=program)]  # its row says that it does not parse
    defined = [s for s in body if isinstance(s, ast.FunctionDef)]
    inert = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    does = any(
        not isinstance(s, inert)
        and not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        and not _main_guard(s)
        for s in body
    )
    if does or not defined:
        return [Task(named, program=program)]
    tasks = []
    for function in defined:
        name = function.name
        one = Program(program.code, name)
        if not parameters(function):
            left_out.append(f"{named}::{name}: it takes no argument that could grow")
            continue
        try:
            made = sized_inputs(one)
        except ValueError as error:
            left_out.append(f"{named}::{name}: {error}")
            continue
        if made:
            tasks.append(Task(f"{named}::{name}", program=one))
        else:
            left_out.append(f"{named}::{name}: no inputs of growing size can be made for it")
    return tasks


def _main_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__name__" in {
        n.id for n in ast.walk(statement.test) if isinstance(n, ast.Name)
    }


def _rows(path: Path) -> list[Task]:
    """A task per line; `id` is its name, else the line's number."""
    import gzip

    tasks = []
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    tasks.append(_row(path, number, line))
    except (OSError, EOFError) as error:
        raise TableError(
            f"cannot read {path}: {getattr(error, 'strerror', None) or error}"
        ) from error
    except RowError as error:
        raise TableError(f"{path}: {error}") from error
    return tasks


def _row(path: Path, number: int, line: bytes) -> Task:
    row = parse_row(line, number)
    cases = cases_of(row)
    return Task(
        f"{path}:{row.get('id', number)}",
        program=program_of(row),
        inputs=text_of(row, "inputs"),
        cases=None if cases is None else tuple(cases),
        reference=reference_of(row),
    )
