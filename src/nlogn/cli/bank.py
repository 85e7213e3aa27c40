"""`nlogn bank`: the verbs on the bank of problems."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from nlogn.cli.shared import (
    ERROR,
    GOOD,
    SHORT,
    WORKERS,
    Mistake,
    as_json,
    named_problem,
    open_sandbox,
    progress_bar,
    seed,
)
from nlogn.problems.problem import Paradigm

if TYPE_CHECKING:
    from nlogn.problems.problem import Problem

STYLE = click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group(short_help="The problems whose complexity is proven: list, show, check, convert.")
def bank() -> None:
    """The bank: problems whose declared time and memory classes are proven by measurement."""


@bank.command("list", short_help="The problems, by paradigm and best known class.")
@click.option("--paradigm", type=click.Choice(get_args(Paradigm)))
@click.option("--class", "time", help='best known time class, such as "O(n log n)"')
@click.option("--memory-class", "memory", help="likewise for memory, such as O(n)")
@STYLE
def list_problems(paradigm: str | None, time: str | None, memory: str | None, style: str) -> None:
    """List the bank: name, paradigm, solutions, their time classes from slow to fast, title.

    --class and --memory-class are those of the best known solution. Exit code 1: none found.
    """
    from nlogn.judge import catalogue
    from nlogn.problems import bank as problems

    found = catalogue.choose(problems(), paradigm, time, memory)
    if style == "json":
        click.echo(as_json([catalogue.summary(problem) for problem in found]))
    elif found:
        click.echo(catalogue.catalogue_text(found))
    else:
        asked = filter(None, (paradigm, time and f"time {time}", memory and f"memory {memory}"))
        click.echo(f"no problem in the bank is {', '.join(asked)}; `nlogn bank list` shows all")
    sys.exit(GOOD if found else SHORT)


@bank.command(short_help="One problem, as a person reads it.")
@click.argument("name")
@click.option("--no-solutions", is_flag=True, help="the task only, to try it oneself")
@STYLE
def show(name: str, no_solutions: bool, style: str) -> None:
    """Show the problem NAME (of the bank, or a problem file) with its solutions."""
    from rich.console import Console
    from rich.markdown import Markdown

    from nlogn.jsonable import dump
    from nlogn.judge.catalogue import reading

    problem = named_problem(name)
    if style == "json":
        click.echo(as_json(dump(problem)))
        return
    text = reading(problem, solved=not no_solutions)
    console = Console()
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        click.echo(text, nl=False)


@bank.command(short_help="Does every solution do what its file declares?")
@click.argument("names", nargs=-1)
@click.option("--part", "share", default="1/1", help="only the I-th of N parts, as I/N")
@click.option("--no-growth", is_flag=True, help="do not measure how time and memory grow")
@seed()
@WORKERS
@STYLE
def check(
    names: tuple[str, ...], share: str, no_growth: bool, seed: int, workers: int, style: str
) -> None:
    """Judge every solution of NAMES (of the bank, or problem files; all of the bank without)
    against its declaration.

    Right solutions must be accepted on the examples, on what exposes the wrong ones, and on
    generated inputs; wrong ones must be rejected; declared classes must be the measured ones.
    A line for each thing that does not hold; JSON: one line per problem. Exit code 0: all holds;
    1: not all; 2: an error of nlogn's own.
    """
    from nlogn.jsonable import dump
    from nlogn.judge.check import PartError, check_problems, part, summary

    which, _, of = share.partition("/")
    if not (which.isdecimal() and of.isdecimal()):
        raise click.UsageError(f"--part is I/N, such as 1/12, not {share!r}")
    try:
        problems = part(_problems(names), int(which), int(of))
    except PartError as error:
        raise click.UsageError(str(error)) from error
    results = []
    with open_sandbox("auto", workers) as sandbox, progress_bar("checking problems") as progress:
        checks = check_problems(problems, sandbox, seed=seed, workers=workers, growth=not no_growth)
        for done, result in enumerate(checks, 1):
            results.append(result)
            for line in [json.dumps(dump(result))] if style == "json" else map(str, result.faults):
                click.echo(line)
            sys.stdout.flush()
            progress(done, len(problems))
    click.echo(summary(results), err=style == "json")
    kinds = {fault.kind for result in results for fault in result.faults}
    sys.exit(ERROR if "system" in kinds else SHORT if kinds else GOOD)


@bank.command("import", short_help="Problems of other formats as files of ours.")
@click.argument("package")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("problems"),
    show_default=True, help="the folder to write into",
)  # fmt: skip
def import_package(package: str, output: Path) -> None:
    """Write the problems of PACKAGE into a folder, one file each.

    PACKAGE is a Kattis or Codeforces Polygon package (folder, zip, tar), or JSON Lines in the
    form of HumanEval, MBPP or LeetCode. Nothing in it is run. Exit code 1: some were left out,
    each with its reason.
    """
    from nlogn.problems import ProblemError, load_problems
    from nlogn.problems.write import write_problem

    skipped: list[ProblemError] = []
    problems = load_problems(package, skipped=skipped)
    written = 0
    with progress_bar("writing problems") as progress:
        for done, problem in enumerate(problems, 1):
            try:
                click.echo(write_problem(problem, output))
                written += 1
            except ProblemError as error:
                skipped.append(error)
            progress(done, len(problems))
    for left_out in skipped:
        click.echo(f"left out: {left_out}", err=True)
    click.echo(f"{written} written to {output}, {len(skipped)} left out", err=True)
    sys.exit(SHORT if skipped else GOOD)


@bank.command(short_help="Problems of the bank in other formats.")
@click.argument("names", nargs=-1)
@click.option("--format", "kind", type=click.Choice(["kattis", "jsonl", "parquet"]), required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True,
              help="a folder for kattis, else a file")  # fmt: skip
@seed()
@WORKERS
def export(names: tuple[str, ...], kind: str, output: Path, seed: int, workers: int) -> None:
    """Write NAMES (of the bank, or problem files; all of the bank without) in another format.

    kattis: a package folder for each; jsonl: rows in HumanEval's form; parquet: a row per
    solution. Nothing that is there is overwritten: kattis goes on after an interruption, and leaves
    out at once what it finds. Exit code 1: some were left out, each with its reason.
    """
    from nlogn.judge.export import ExportError, humaneval_row, jsonl, write_parquet
    from nlogn.judge.export_kattis import (
        kattis_package,
        new_folder,
        package_name,
        write_package,
    )
    from nlogn.judge.pool import map_ordered
    from nlogn.problems import ProblemError
    from nlogn.problems.write import write_new

    problems = _problems(names)
    if kind == "parquet":
        click.echo(f"{write_parquet(problems, output)} rows in {output}", err=True)
        return
    if kind == "jsonl":  # known before the work, not after it
        if output.exists():
            raise Mistake(f"{output} is already there: move it away, or choose another name")
        output.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(output.parent, os.W_OK):
            raise Mistake(f"{output.parent} cannot be written to: choose another folder")
    rows, left_out = [], 0
    with open_sandbox("auto", workers) as sandbox, progress_bar("exporting") as progress:

        def one(problem: "Problem") -> Any:
            try:
                if kind == "jsonl":
                    return humaneval_row(problem, sandbox, seed)
                new_folder(output, package_name(problem.name))  # known before the work, not after
                package = kattis_package(problem, sandbox, seed)
                for told in package.left_out:
                    click.echo(f"{problem.name}: without {told}", err=True)
                return write_package(package, output)
            except (ExportError, ProblemError) as error:
                return error

        for done, made in enumerate(map_ordered(one, problems, workers=workers), 1):
            if isinstance(made, Exception):
                left_out += 1
                click.echo(f"left out: {problems[done - 1].name}: {made}", err=True)
            else:
                rows.append(made)
            progress(done, len(problems))
    if kind == "jsonl" and rows:
        write_new(output, jsonl(rows))
    click.echo(f"{len(rows)} written to {output}, {left_out} left out", err=True)
    sys.exit(SHORT if left_out else GOOD)


def _problems(names: Sequence[str]) -> "list[Problem]":
    """The problems of the bank, or those named: in the bank, in a file, or all of a folder."""
    from nlogn.problems import bank as problems
    from nlogn.problems import bank_problem, load_problems

    if not names:
        return list(problems())
    found: list[Problem] = []
    for name in names:
        path = Path(name)
        if path.exists():
            found += load_problems(path)
        elif path.suffix or len(path.parts) > 1:
            raise Mistake(f"cannot read {name}: No such file or directory")
        else:
            found.append(bank_problem(name))
    return found
