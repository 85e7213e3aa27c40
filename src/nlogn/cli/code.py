"""The verbs on programs: judge, complexity, solve and secure."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypedDict, Unpack

import click

from nlogn.cli.shared import (
    ERROR,
    GOOD,
    INPUTS,
    JSONL,
    LANGUAGE,
    SHORT,
    SYSTEM_ERROR,
    WORKERS,
    Finite,
    Mistake,
    as_json,
    common,
    named_problem,
    open_sandbox,
    progress_bar,
    working,
)

if TYPE_CHECKING:
    from nlogn.judge.verdict import Verdict
    from nlogn.sandbox import Program


class _How(TypedDict):
    """What the verbs that run programs have in common, as click gives it."""

    inputs: str | None
    jsonl: IO[bytes] | None
    workers: int
    style: str
    seed: int
    report: Path | None
    isolation: str


@click.command(short_help="Is a program right, and how does it grow?")
@click.argument("program", required=False)
@click.option("--reference", help="a right program to compare with, FILE::ENTRY")
@click.option("--problem", help="a problem: a file, or a name in the bank")
@click.option(
    "--cases",
    type=click.Path(path_type=Path),
    help="JSON list of [args, expected], or of [stdin, stdout]",
)
@click.option("--no-growth", is_flag=True, help="do not measure how time and memory grow")
@INPUTS
@LANGUAGE
@JSONL
@WORKERS
@common
def judge(
    program: str | None,
    reference: str | None,
    problem: str | None,
    cases: Path | None,
    no_growth: bool,
    language: str | None,
    **how: Unpack[_How],
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

    jsonl, report = how["jsonl"], how["report"]
    _one_of(program, jsonl, "PROGRAM")
    with open_sandbox(how["isolation"], how["workers"] if jsonl else 1) as sandbox:
        if jsonl is not None:
            rows = judge_rows(
                jsonl,
                sandbox,
                seed=how["seed"],
                workers=how["workers"],
                measure_growth=not no_growth,
            )
            sys.exit(_stream(rows, "accepted"))
        loaded = _load(program or "", language)
        if not problem:
            _refuse_mere_definitions(program or "", loaded)
        with working("judging"):
            verdict = judge_source(
                loaded,
                reference=_load(reference) if reference else None,
                problem=named_problem(problem) if problem else None,
                cases=_read_cases(cases) if cases else None,
                from_json=True,
                inputs=how["inputs"],
                seed=how["seed"],
                measure=not no_growth,
                sandbox=sandbox,
                keep_failures=True,
            )
    click.echo(as_json(dump(verdict)) if how["style"] == "json" else verdict_text(verdict))
    if report:
        _write(verdict_page(program or "", loaded.code, verdict), report)
    sys.exit(_verdict_code(verdict))


@click.command(short_help="How do a program's time and memory grow?")
@click.argument("program", required=False)
@click.option("--no-memory", is_flag=True, help="measure time only")
@INPUTS
@JSONL
@WORKERS
@common
def complexity(program: str | None, no_memory: bool, **how: Unpack[_How]) -> None:
    """Measure how the time and memory of PROGRAM grow, with the evidence."""
    from nlogn.complexity import complexity as measure_source
    from nlogn.jsonable import dump
    from nlogn.judge.rows import complexity_rows
    from nlogn.judge.show import complexity_page, complexity_text

    jsonl, report = how["jsonl"], how["report"]
    _one_of(program, jsonl, "PROGRAM")
    with open_sandbox(how["isolation"], how["workers"] if jsonl else 1) as sandbox:
        if jsonl is not None:
            rows = complexity_rows(
                jsonl, sandbox, seed=how["seed"], workers=how["workers"], memory=not no_memory
            )
            sys.exit(_stream(rows, "ok"))
        loaded = _load(program or "")
        _refuse_mere_definitions(program or "", loaded)
        with working("measuring"):
            measured = measure_source(
                loaded,
                inputs=how["inputs"],
                seed=how["seed"],
                memory=not no_memory,
                sandbox=sandbox,
            )
    click.echo(as_json(dump(measured)) if how["style"] == "json" else complexity_text(measured))
    if report:
        _write(complexity_page(program or "", loaded.code, measured), report)
    sys.exit({"ok": GOOD, SYSTEM_ERROR: ERROR}.get(measured.status, SHORT))


@click.command(short_help="Answer a problem with code that holds.")
@click.argument("problem")
@click.option(
    "--samples", type=click.IntRange(1, 1000), default=8, show_default=True,
    help="candidates to ask for",
)  # fmt: skip
@click.option(
    "--engine",
    "engines",
    multiple=True,
    default=["recall", "native"],
    show_default=True,
    help="who writes the candidates: recall (the bank, offline), native (the shipped network), "
    "native:FOLDER, openai:URL, transformers:FOLDER or llamacpp:FILE.gguf; given again, who is "
    "asked where nothing is right",
)
@click.option("--model", help="the model's name at an openai: endpoint")
@click.option(
    "--temperature",
    type=Finite(0, 2),
    help="how freely a model writes; if not given, as its makers recommend, else 0.8",
)
@click.option("--time-budget", help='the dearest class allowed, such as "O(n log n)"')
@click.option("--memory-budget", help='likewise for memory, such as "O(n)"')
@click.option(
    "--time-limit",
    type=Finite(0.1),
    metavar="SECONDS",
    help="ask for and judge nothing more after so long",
)
@click.option(
    "--examples",
    type=click.IntRange(0, 8),
    default=2,
    show_default=True,
    help="solved problems of the bank to show to a model that has room for them",
)
@WORKERS
@common
def solve(
    problem: str,
    samples: int,
    engines: tuple[str, ...],
    model: str | None,
    temperature: float | None,
    time_budget: str | None,
    memory_budget: str | None,
    time_limit: float | None,
    examples: int,
    workers: int,
    style: str,
    seed: int,
    report: Path | None,
    isolation: str,
) -> None:
    """Answer PROBLEM (a Markdown statement, or a name in the bank) with proven code.

    Where no candidate is right, a model is asked again with the smallest input on which the
    nearest one fails.
    """
    from nlogn.assistant import solve as solve_problem
    from nlogn.assistant.show import answer_page, answer_text
    from nlogn.engine import open_engine
    from nlogn.engine.protocol import Sampling
    from nlogn.jsonable import dump

    loaded = named_problem(problem)
    with (
        open_sandbox(isolation, workers) as sandbox,
        progress_bar("judging candidates") as progress,
    ):
        answer = solve_problem(
            loaded,
            open_engine(engines[0], model=model),
            # a generator would end with the first that cannot be opened
            fallback=map(partial(open_engine, model=model), engines[1:]),
            samples=samples,
            seed=seed,
            sampling=None if temperature is None else Sampling(temperature=temperature),
            time_budget=time_budget,
            memory_budget=memory_budget,
            time_limit_s=time_limit,
            examples=examples,
            sandbox=sandbox,
            workers=workers,
            progress=progress,
        )
    click.echo(as_json(dump(answer)) if style == "json" else answer_text(answer))
    if report:
        _write(answer_page(loaded, answer), report)
    sys.exit(GOOD if answer.code is not None else SHORT)


@click.command(short_help="Find what makes code vulnerable.")
@click.argument("paths", nargs=-1)
@click.option("--diff", "range_", help="scan only the lines that a git range introduces")
@click.option("--fix", "fixing", is_flag=True, help="rewrite what can be mended, and scan again")
@click.option("--language", help="of stdin, or where a file's name does not say")
@click.option("--policy", type=click.Path(path_type=Path), help="a TOML policy")
@click.option("--tier", default="default", show_default=True, help="the policy's tier")
@click.option("--jsonl", type=click.File("rb"), help='scan rows {"id", "lang", "code"} (- stdin)')
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
    jsonl: IO[bytes] | None,
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
    if fixing and not paths:
        raise click.UsageError("--fix rewrites whole files: give their PATHS")
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
            raise Mistake(str(error).partition("\n")[0]) from error
    elif paths == ("-",):
        scanned = [security.secure_text("-", sys.stdin.read(), language or "python", rules)]
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


def _load(named: str, language: str | None = None) -> "Program":
    from nlogn.sandbox import load_file

    program = load_file(named, language=language)
    if program.entry and program.language != "python":
        raise Mistake(
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
        raise Mistake(f"{named} only defines functions: write {named}::{functions[-1]}")


def _read_cases(path: Path) -> list[Any]:
    from nlogn import values

    try:
        rows = values.decode(json.loads(path.read_text("utf-8-sig")))
    except ValueError as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(rows, list) or not rows:
        raise click.UsageError(f"{path} holds no list of [args, expected]")
    return rows


def _stream(rows: Iterator[dict[str, Any]], good: str) -> int:
    """Print one JSON line per row as it comes; the worst row decides the exit code."""
    code = GOOD
    with progress_bar("rows") as progress:
        for count, row in enumerate(rows, 1):
            click.echo(json.dumps(row))
            sys.stdout.flush()
            status = row["status"]
            code = max(code, GOOD if status == good else ERROR if status == SYSTEM_ERROR else SHORT)
            progress(count, None)
    return code


def _verdict_code(verdict: "Verdict") -> int:
    if verdict.status == SYSTEM_ERROR:
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
