"""`nlogn`: one verb per thing that people do. No logic: each verb calls one function.

Exit codes: 0 good, 1 the program falls short, 2 usage or our own error.
"""

import io
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from nlogn import __version__

if TYPE_CHECKING:
    from nlogn.judge.verdict import Verdict
    from nlogn.problems.problem import Problem
    from nlogn.sandbox import Program, Sandbox

GOOD, SHORT, ERROR = 0, 1, 2
_SYSTEM_ERROR = "system_error"


def main() -> NoReturn:
    """Run the command line; every failure of ours ends in one clear sentence and exit 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a program's text may not fit the terminal's
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        _fail("stopped")
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = ERROR
    except _ReaderLeft:
        with suppress(OSError):
            sys.stdout.close()
        code = GOOD
    except Exception as error:
        if not _is_ours(error):  # a mistake of ours is no verdict either: say where it was
            traceback.print_exc()
            _fail(f"internal error: {type(error).__name__}: {error}")
        _fail(_sentence(error))
    sys.exit(code)


def _is_ours(error: Exception) -> bool:
    """Whether the message was written for the user: an error type of nlogn, or the system's."""
    return type(error).__module__.startswith("nlogn.") or isinstance(error, OSError)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _fail(message: str) -> NoReturn:
    if "json" in sys.argv or "--format=json" in sys.argv:
        click.echo(json.dumps({"status": _SYSTEM_ERROR, "message": message}))
    click.echo(f"nlogn: {message}", err=True)
    sys.exit(ERROR)


class _Mistake(Exception):
    """What the user wrote cannot be done; the message says what to write."""


class _ReaderLeft(Exception):
    """Whoever read our output, such as `head`, has had enough."""


class _Verbs(click.Group):
    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except BrokenPipeError as error:  # click would exit 1, which says: the program falls short
            raise _ReaderLeft from error


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nlogn")
def cli() -> None:
    """Code that is measured: run in a sandbox, broken with inputs, its growth counted.

    A program is written as FILE::ENTRY (a function, or Class.method), or as FILE for a whole
    program that reads stdin. Python everywhere; C++ and JavaScript for whole programs.

    Exit code 0: right, measured, answered or clean; 1: the code falls short; 2: usage, or an
    error of nlogn's own.
    """


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option(
            "--format", "style", type=click.Choice(["text", "json"]), default="text",
            show_default=True,
        ),
        click.option("--seed", default=0, show_default=True, help="everything random follows it"),
        click.option("--report", type=click.Path(path_type=Path), help="write an HTML page here"),
        click.option(
            "--isolation", type=click.Choice(["auto", "full", "light"]), default="auto",
            help="how strongly programs are confined; auto takes the best that works here",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


_JSONL = click.option(
    "--jsonl",
    type=click.File("rb"),
    help="take programs from this file, one JSON row each (- stdin)",
)
_WORKERS = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=2,
    show_default=True,
    help="programs run at a time",
)
_INPUTS = click.option("--inputs", help='makes an input of size n: "lambda n, rng: (arguments,)"')
_LANGUAGE = click.option(
    "--language",
    type=click.Choice(["python", "cpp", "javascript"]),
    help="where the file's name does not say",
)


@cli.command(short_help="Is a program right, and how does it grow?")
@click.argument("program", required=False)
@click.option("--reference", help="a right program to compare with, FILE::ENTRY")
@click.option("--problem", help="a problem: a file, or a name in the bank")
@click.option(
    "--cases",
    type=click.Path(path_type=Path),
    help="JSON list of [args, expected], or of [stdin, stdout]",
)
@click.option("--no-growth", is_flag=True, help="do not measure how time and memory grow")
@_INPUTS
@_LANGUAGE
@_JSONL
@_WORKERS
@_common
def judge(
    program: str | None,
    reference: str | None,
    problem: str | None,
    cases: Path | None,
    no_growth: bool,
    inputs: str | None,
    language: str | None,
    jsonl: IO[bytes] | None,
    workers: int,
    style: str,
    seed: int,
    report: Path | None,
    isolation: str,
) -> None:
    """Say one verdict of PROGRAM: right or wrong, on what input, and how it grows.

    The right answers come from --cases, --problem or --reference; without them from the
    examples in the docstring. Without those the program is only run, and its answers are not
    checked.
    """
    from nlogn.jsonable import dump
    from nlogn.judge import judge as judge_source
    from nlogn.judge.rows import judge_rows
    from nlogn.judge.show import verdict_page, verdict_text

    _one_of(program, jsonl, "PROGRAM")
    with _sandbox(isolation, workers if jsonl else 1) as sandbox:
        if jsonl is not None:
            rows = judge_rows(
                jsonl, sandbox, seed=seed, workers=workers, measure_growth=not no_growth
            )
            sys.exit(_stream(rows, "accepted"))
        loaded = _load(program or "", language)
        if not problem:
            _refuse_mere_definitions(program or "", loaded)
        with _working("judging"):
            verdict = judge_source(
                loaded,
                reference=_load(reference) if reference else None,
                problem=_problem(problem) if problem else None,
                cases=_read_cases(cases) if cases else None,
                from_json=True,
                inputs=inputs,
                seed=seed,
                measure=not no_growth,
                sandbox=sandbox,
                keep_failures=True,
            )
    click.echo(_json(dump(verdict)) if style == "json" else verdict_text(verdict))
    if report:
        _write(verdict_page(program or "", loaded.code, verdict), report)
    sys.exit(_verdict_code(verdict))


@cli.command(short_help="How do a program's time and memory grow?")
@click.argument("program", required=False)
@click.option("--no-memory", is_flag=True, help="measure time only")
@_INPUTS
@_JSONL
@_WORKERS
@_common
def complexity(
    program: str | None,
    no_memory: bool,
    inputs: str | None,
    jsonl: IO[bytes] | None,
    workers: int,
    style: str,
    seed: int,
    report: Path | None,
    isolation: str,
) -> None:
    """Measure how the time and memory of PROGRAM grow, with the evidence."""
    from nlogn.complexity import complexity as measure_source
    from nlogn.jsonable import dump
    from nlogn.judge.rows import complexity_rows
    from nlogn.judge.show import complexity_page, complexity_text

    _one_of(program, jsonl, "PROGRAM")
    with _sandbox(isolation, workers if jsonl else 1) as sandbox:
        if jsonl is not None:
            rows = complexity_rows(jsonl, sandbox, seed=seed, workers=workers, memory=not no_memory)
            sys.exit(_stream(rows, "ok"))
        loaded = _load(program or "")
        _refuse_mere_definitions(program or "", loaded)
        with _working("measuring"):
            measured = measure_source(
                loaded, inputs=inputs, seed=seed, memory=not no_memory, sandbox=sandbox
            )
    click.echo(_json(dump(measured)) if style == "json" else complexity_text(measured))
    if report:
        _write(complexity_page(program or "", loaded.code, measured), report)
    sys.exit({"ok": GOOD, _SYSTEM_ERROR: ERROR}.get(measured.status, SHORT))


@cli.command(short_help="Answer a problem with code that holds.")
@click.argument("problem")
@click.option(
    "--samples", type=click.IntRange(1, 1000), default=8, show_default=True,
    help="candidates to ask for",
)  # fmt: skip
@click.option(
    "--engine",
    default="recall",
    show_default=True,
    help="who writes the candidates: recall (the bank, offline), or openai:URL",
)
@click.option("--model", help="the model's name at an openai: endpoint")
@click.option("--time-budget", help='the dearest class allowed, such as "O(n log n)"')
@click.option("--memory-budget", help='likewise for memory, such as "O(n)"')
@_WORKERS
@_common
def solve(
    problem: str,
    samples: int,
    engine: str,
    model: str | None,
    time_budget: str | None,
    memory_budget: str | None,
    workers: int,
    style: str,
    seed: int,
    report: Path | None,
    isolation: str,
) -> None:
    """Answer PROBLEM (a Markdown statement, or a name in the bank) with proven code."""
    from nlogn.assistant import solve as solve_problem
    from nlogn.assistant.show import answer_page, answer_text
    from nlogn.engine import open_engine
    from nlogn.jsonable import dump

    loaded = _problem(problem)
    with _sandbox(isolation, workers) as sandbox, _progress("judging candidates") as progress:
        answer = solve_problem(
            loaded,
            open_engine(engine, model=model),
            samples=samples,
            seed=seed,
            time_budget=time_budget,
            memory_budget=memory_budget,
            sandbox=sandbox,
            workers=workers,
            progress=progress,
        )
    click.echo(_json(dump(answer)) if style == "json" else answer_text(answer))
    if report:
        _write(answer_page(loaded, answer), report)
    sys.exit(GOOD if answer.code is not None else SHORT)


@cli.command(short_help="Find what makes code vulnerable.")
@click.argument("paths", nargs=-1)
@click.option("--diff", "range_", help="scan only the lines that a git range introduces")
@click.option("--fix", "fixing", is_flag=True, help="rewrite what can be mended, and scan again")
@click.option("--language", help="of stdin, or where a file's name does not say")
@click.option("--policy", type=click.Path(path_type=Path), help="a TOML policy")
@click.option("--tier", default="default", show_default=True, help="the policy's tier")
@click.option("--jsonl", type=click.File("r"), help='scan rows {"id", "lang", "code"} (- stdin)')
@click.option(
    "--format", "style", type=click.Choice(["text", "json", "sarif", "github"]), default="text"
)
def secure(
    paths: tuple[str, ...],
    range_: str | None,
    fixing: bool,
    language: str | None,
    policy: Path | None,
    tier: str,
    jsonl: IO[str] | None,
    style: str,
) -> None:
    """Find what makes code vulnerable in PATHS (files, folders, - for stdin).

    Exit code 0: clean; 1: findings; 2: an error, or something was not scanned.
    """
    from nlogn import security
    from nlogn.security.present import apply_fixes, render

    rules = security.load_policy(policy, tier) if policy else None
    if sum((bool(paths), range_ is not None, jsonl is not None)) != 1:
        raise click.UsageError("give PATHS, or --diff RANGE, or --jsonl FILE")
    if jsonl is not None:
        worst = GOOD
        for row in security.secure_rows(jsonl, rules):
            click.echo(json.dumps(row))
            worst = max(worst, {"clean": GOOD, "findings": SHORT}.get(row["status"], ERROR))
        sys.exit(worst)
    if range_ is not None:
        try:
            scanned = security.secure_diff(range_, policy=rules)
        except RuntimeError as error:  # git's own words; the first line says it
            raise _Mistake(str(error).partition("\n")[0]) from error
    elif paths == ("-",):
        code = sys.stdin.read()
        report = security.secure(code, language or "python", policy=rules)
        scanned = [security.Scanned("-", code, report)]
    elif language:
        scanned = [security.secure_file(path, rules, language) for path in paths]
    else:
        scanned = list(security.secure_paths(paths, rules))
    if fixing:
        scanned = apply_fixes(scanned, rules, language or "")
        if paths == ("-",):
            click.echo(scanned[0].code, nl=False)
    click.echo(render(scanned, style), err=fixing and paths == ("-",))
    sys.exit(security.exit_code(s.report for s in scanned))


def _one_of(program: str | None, jsonl: object, name: str) -> None:
    if (program is None) == (jsonl is None):
        raise click.UsageError(f"give either {name} or --jsonl FILE")


@contextmanager
def _sandbox(isolation: str, workers: int) -> Iterator["Sandbox"]:
    from nlogn.sandbox import Sandbox

    with Sandbox(workers=workers, isolation=isolation) as sandbox:  # type: ignore[arg-type]
        yield sandbox


def _load(named: str, language: str | None = None) -> "Program":
    from nlogn.sandbox import load_file

    program = load_file(named, language=language)
    if program.entry and program.language != "python":
        raise _Mistake(
            f"only Python programs are called by a function's name: write "
            f"{named.partition('::')[0]}, which is then run as a whole on stdin"
        )
    return program


def _refuse_mere_definitions(named: str, program: "Program") -> None:
    """A file of functions, run as a whole program, does nothing: that is no verdict on them."""
    import ast

    if program.entry or program.language != "python":
        return
    try:
        body = ast.parse(program.code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the verdict says so
    functions = [s.name for s in body if isinstance(s, ast.FunctionDef)]
    inert = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    if functions and all(
        isinstance(s, inert) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        for s in body
    ):
        raise _Mistake(f"{named} only defines functions: write {named}::{functions[-1]}")


def _problem(named: str) -> "Problem":
    from nlogn.problems import bank_problem, load_problem

    path = Path(named)
    if path.exists():
        return load_problem(path)
    if path.suffix or len(path.parts) > 1:
        raise _Mistake(f"cannot read {named}: No such file or directory")
    return bank_problem(named)


def _read_cases(path: Path) -> list[Any]:
    from nlogn import values

    try:
        rows = values.decode(json.loads(path.read_text("utf-8-sig")))
    except ValueError as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(rows, list) or not rows:
        raise click.UsageError(f"{path} holds no list of [args, expected]")
    return rows


def _json(value: Any) -> str:
    return json.dumps(value, indent=2)


def _stream(rows: Iterator[dict[str, Any]], good: str) -> int:
    """Print one JSON line per row as it comes; the worst row decides the exit code."""
    code = GOOD
    with _progress("rows") as progress:
        for count, row in enumerate(rows, 1):
            click.echo(json.dumps(row))
            sys.stdout.flush()
            status = row["status"]
            code = max(
                code, GOOD if status == good else ERROR if status == _SYSTEM_ERROR else SHORT
            )
            progress(count, None)
    return code


def _verdict_code(verdict: "Verdict") -> int:
    if verdict.status == _SYSTEM_ERROR:
        return ERROR
    return GOOD if verdict.accepted else SHORT


def _write(page: Any, path: Path) -> None:
    from nlogn.judge.report import write_report

    try:
        write_report(page, path)
    except (OSError, ValueError) as error:  # the verdict is already said: no second one in JSON
        click.echo(f"nlogn: the report could not be written: {error}", err=True)
        sys.exit(ERROR)
    click.echo(f"report: {path}", err=True)


@contextmanager
def _working(what: str) -> Iterator[None]:
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr; where stderr is no terminal, a line every five seconds."""
    import time

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    console = Console(stderr=True)
    if not console.is_terminal:
        told = time.monotonic()

        def tell(done: int, total: int | None) -> None:
            nonlocal told
            if time.monotonic() - told > 5:
                told = time.monotonic()
                click.echo(f"{what}: {done}" + (f" of {total}" if total else ""), err=True)

        yield tell
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), Elapsed())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
