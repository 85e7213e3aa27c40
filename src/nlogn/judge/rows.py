"""One JSON row in, one JSON row out: the batch form of `judge` and `complexity`.

A row is ``{"id", "code", "entry"?, "language"?, "reference"?, "cases"?, "inputs"?}``.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nlogn import values
from nlogn.complexity import measure
from nlogn.jsonable import dump
from nlogn.judge.judging import judge_program, syntax_problem
from nlogn.judge.pool import map_ordered
from nlogn.judge.suite import SuiteError
from nlogn.judge.verdict import NO_CASES, Verdict, unmeasured, versions
from nlogn.sandbox import Program, Sandbox, without_mark
from nlogn.sandbox.source import LANGUAGES

Row = dict[str, Any]
Line = str | bytes  # bytes, so that one line which is no text does not end the reading


class RowError(ValueError):
    """The row is not of the form above; the message says what is wrong with it."""


def judge_rows(
    lines: Iterable[Line], sandbox: Sandbox, *, seed: int, workers: int, measure_growth: bool = True
) -> Iterator[Row]:
    """The verdict of each row, in order, with the row's id. A row of ours that fails for any
    reason becomes a `system_error` row: one bad row never ends the run."""

    def judge_row(row: Row) -> Row:
        verdict = judge_program(
            program_of(row),
            reference=reference_of(row),
            cases=cases_of(row),
            from_json=True,
            inputs=text_of(row, "inputs"),
            seed=seed,
            measure=measure_growth,
            sandbox=sandbox,
        )
        return dump(verdict)  # type: ignore[no-any-return]

    return _each(lines, judge_row, workers)


def complexity_rows(
    lines: Iterable[Line], sandbox: Sandbox, *, seed: int, workers: int, memory: bool = True
) -> Iterator[Row]:
    """The measured growth of each row, in order, with the row's id."""

    def measure_row(row: Row) -> Row:
        program = program_of(row)
        problem = syntax_problem(program)
        if problem:
            return invalid_complexity(problem, sandbox, seed)
        return dump(  # type: ignore[no-any-return]
            measure(program, text_of(row, "inputs"), sandbox=sandbox, seed=seed, memory=memory)
        )

    return _each(lines, measure_row, workers)


def invalid_complexity(problem: str, sandbox: Sandbox, seed: int) -> Row:
    """What `complexity` says of a program that cannot run."""
    from nlogn.complexity.growth import Complexity

    return dump(  # type: ignore[no-any-return]
        Complexity(
            status="invalid",
            time=unmeasured("steps", problem),
            memory=unmeasured("bytes", problem),
            leak=None,
            inputs="",
            seed=seed,
            isolation=sandbox.isolation,
            error=problem,
        )
    )


def _each(lines: Iterable[Line], work: Callable[[Row], Row], workers: int) -> Iterator[Row]:
    def one(numbered: tuple[int, Line]) -> Row:
        number, line = numbered
        row: Row = {"id": number}
        try:
            row = parse_row(line, number)
            return {"id": row.get("id", number), **work(row)}
        except (RowError, SuiteError) as error:
            return {"id": row.get("id", number), **_system_error(str(error))}
        except Exception as error:  # one row's failure of ours must not lose the others
            told = f"{type(error).__name__}: {error}"
            return {"id": row.get("id", number), **_system_error(told)}

    numbered = ((i, line) for i, line in enumerate(lines, 1) if line.strip())
    return map_ordered(one, numbered, workers=workers)


def parse_row(line: Line, number: int) -> Row:
    try:
        text = line.decode("utf-8") if isinstance(line, bytes) else line
        row = json.loads(without_mark(text))
    except UnicodeDecodeError as error:
        raise RowError(f"line {number} is not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise RowError(f"line {number} is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise RowError(f'line {number}: a row is an object, such as {{"code": …}}')
    return row


def text_of(row: Row, field: str) -> str | None:
    value = row.get(field)
    if value is not None and not isinstance(value, str):
        raise RowError(f"'{field}' is text, not {type(value).__name__}")
    return value


def program_of(row: Row) -> Program:
    code = text_of(row, "code")
    if code is None:
        raise RowError("the row has no 'code'")
    entry, language = text_of(row, "entry"), text_of(row, "language") or "python"
    if language not in LANGUAGES.values():
        known = ", ".join(dict.fromkeys(LANGUAGES.values()))
        raise RowError(f"'language' is one of {known}, not {language[:40]!r}")
    if entry is not None and language != "python":
        raise RowError(f"a program in {language} has no 'entry': it reads stdin")
    return Program(without_mark(code), entry, language)


def reference_of(row: Row) -> Program | None:
    code = text_of(row, "reference")
    if code is None:
        return None
    # A whole program may be compared with one in another language, but a row names only one.
    return Program(without_mark(code), text_of(row, "entry"), text_of(row, "language") or "python")


def cases_of(row: Row) -> list[Any] | None:
    cases = row.get("cases")
    if cases is None:
        return None
    if not isinstance(cases, list):
        raise RowError("'cases' is a list of [args, expected]")
    try:
        decoded = values.decode(cases)
    except RecursionError as error:
        raise RowError("'cases' are nested too deeply") from error
    except ValueError as error:
        raise RowError(f"'cases': {error}") from error
    return decoded  # type: ignore[no-any-return]


def _system_error(message: str) -> Row:
    return dump(  # type: ignore[no-any-return]
        Verdict(
            status="system_error",
            message=message,
            cases=NO_CASES,
            time=unmeasured("steps", message),
            memory=unmeasured("bytes", message),
            versions=versions(),
        )
    )
