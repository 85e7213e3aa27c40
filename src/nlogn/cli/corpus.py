"""`nlogn corpus`: from raw code to the shards that training reads."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlogn.cli.shared import Finite, Mistake, as_json, progress_bar, seed

if TYPE_CHECKING:
    from nlogn.corpus.build import Recipe

_OUT = click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, help="the corpus's folder"
)


def _how(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option("--annotated", multiple=True, type=click.Path(path_type=Path), metavar="TABLE",
                     help="programs of nlogn bank annotate, with their measured labels"),
        click.option("--each", type=click.IntRange(1), default=24, show_default=True,
                     help="annotated programs of each problem"),
        click.option("--no-decontamination", is_flag=True,
                     help="do not look for benchmarks' rows"),
        seed(),
        click.option(
            "--executor", type=click.Choice(["local", "ray", "slurm"]), default="local",
            show_default=True, help="where the stages run",
        ),
        click.option("--workers", type=click.IntRange(1), default=1, show_default=True,
                     help="tasks at a time; changes nothing in the result"),
        click.option("--partition", default="cpu", show_default=True, help="Slurm's partition"),
        click.option("--setup", default="", help="Slurm: a shell line that each job begins with"),
        click.option("--fresh", is_flag=True, help="delete what an earlier build left in --out"),
        click.option("--format", "style", type=click.Choice(["text", "json"]), default="text",
                     show_default=True),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(short_help="Turn folders of code into training tokens.")
def corpus() -> None:
    """Read, filter, deduplicate, label, order, tokenise and pack code for training."""


@corpus.command(short_help="Any folders, checkouts or rows into shards, with a report.")
@click.argument("sources", nargs=-1, type=click.Path(path_type=Path))
@_OUT
@click.option("--recipe", type=click.Choice(["build", "nano"]), default="build", hidden=True)
@click.option("--licence", default="", help="SPDX name for files that state none, such as MIT")
@click.option("--vocab", "vocab_size", type=click.IntRange(512), help="size of the vocabulary")
@click.option("--tokenizer", type=click.Path(path_type=Path),
              help="a folder with tokenizer.json: use that, learn none")  # fmt: skip
@click.option("--fim", type=Finite(0, 1), help="share of files with a hole to fill")
@click.option("--temperature", type=Finite(1), help="balance languages; 1: as found")
@click.option("--validation", type=Finite(0, 0.5), help="share kept for measuring")
@click.option("--bank", "variants", type=click.IntRange(0), help="renderings per bank problem")
@click.option("--tasks", type=click.IntRange(1), help="parts that the work is cut into")
@click.option("--shards", type=click.IntRange(1), help="parts that the result is cut into")
@click.option("--split-files", is_flag=True, help="keep single files, not whole units, apart")
@click.option("--no-tests", is_flag=True, help="leave test code out")
@_how
def build(sources: tuple[Path, ...], out: Path, recipe: str, **given: Any) -> None:
    """Build a corpus from SOURCES: folders, git checkouts, site-packages, JSONL, Parquet.

    Only text under a permissive licence is kept. The same command again goes on where it was
    interrupted.
    """
    from nlogn.corpus.build import Recipe, nano, nano_sources

    base = nano() if recipe == "nano" else Recipe()
    changes = {
        name: given[name]
        for name in ("vocab_size", "fim", "temperature", "validation", "variants", "tasks",
                     "shards")
        if given[name] is not None
    }  # fmt: skip
    if given["tokenizer"]:
        path = given["tokenizer"].resolve()
        if path.is_file() and path.name != "tokenizer.json":
            raise click.UsageError("--tokenizer names a folder with a tokenizer.json")
        changes["tokenizer"] = str(path.parent if path.name == "tokenizer.json" else path)
    if given["licence"]:
        changes["licence"] = given["licence"]
    if given["no_tests"]:
        changes["quality"] = replace(base.quality, keep_tests=False)
    if given["split_files"]:
        changes["whole_units"] = False
    wanted = replace(base, seed=given["seed"], **changes)
    paths = list(sources) or (nano_sources() if recipe == "nano" else [])
    if not paths and not wanted.variants and not given["annotated"]:
        raise click.UsageError("name at least one folder or file of code")
    _build(paths, out, wanted, given)


@corpus.command(short_help="The corpus of the nano network.")
@_OUT
@_how
def nano(out: Path, **given: Any) -> None:
    """The bank rendered many ways, the standard library and the installed packages."""
    from nlogn.corpus.build import nano as recipe
    from nlogn.corpus.build import nano_sources

    _build(nano_sources(), out, recipe(given["seed"]), given)


def _build(paths: list[Path], out: Path, recipe: "Recipe", given: dict[str, Any]) -> None:
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported; progress is ours
    try:
        import datatrove  # noqa: F401
        import orjson  # noqa: F401
        import tokenizers  # noqa: F401
    except ImportError as error:
        raise Mistake(f"{error.name} is not installed: pip install 'nlogn[corpus]'") from None
    from nlogn.corpus import build as building

    tables = tuple(str(path.resolve()) for path in given["annotated"])
    recipe = replace(recipe, annotated=tables, each=given["each"],
                     decontaminate=not given["no_decontamination"])  # fmt: skip
    slurm = None
    if given["executor"] == "slurm":
        from nlogn.corpus.execute import Slurm

        slurm = Slurm(partition=given["partition"], setup=given["setup"])
    with progress_bar("building") as progress:
        done = building.build(
            paths, out, recipe, executor=given["executor"], workers=given["workers"], slurm=slurm,
            progress=lambda stage, done, total: progress(done, total), fresh=given["fresh"],
        )  # fmt: skip
    if given["style"] == "json":
        click.echo(as_json(done))
    elif "jobs" in done:
        click.echo(f"queued {len(done['jobs'])} jobs: {' '.join(done['jobs'])}")
    else:
        shards = ", ".join(f"{s['name']} {s['tokens']:,}" for s in done["shards"])
        click.echo(f"tokens: {shards}\nreport: {out / 'report.md'}")
        if not any(s["name"].startswith("validation") for s in done["shards"]):
            click.echo("nothing is kept apart for measuring: of so few units none was drawn; see "
                       "--split-files and --validation", err=True)  # fmt: skip
