"""`nlogn bank annotate`: programs with their measured labels, as one Parquet table."""

import sys
from pathlib import Path

import click

from nlogn.cli.shared import GOOD, SHORT, WORKERS, progress_bar, seed


@click.command(short_help="Programs with measured labels, as one Parquet table.")
@click.argument("files", nargs=-1)
@click.option("--bank", "of_bank", is_flag=True, help="variants and bugs of the bank's solutions")
@click.option("--leaking", is_flag=True, help="of the bank: solutions that keep memory, or seem to")
@click.option(
    "--programs", type=click.IntRange(1), default=1000, show_default=True,
    help="how many programs to make of the bank",
)  # fmt: skip
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="the table")
@seed()
@WORKERS
@click.option("--ray", "address", help="run on this Ray cluster (auto: the one of this machine)")
@click.option(
    "--isolation", type=click.Choice(["auto", "full", "light"]), default="auto",
    help="how strongly programs are confined; auto takes the best that works here",
)  # fmt: skip
def annotate(
    files: tuple[str, ...],
    of_bank: bool,
    leaking: bool,
    programs: int,
    out: Path,
    seed: int,
    workers: int,
    address: str | None,
    isolation: str,
) -> None:
    """Judge and measure each program once, and write one row for each: status, classes, steps,
    memory by line (docs/annotate.md has the columns).

    FILES are FILE::FUNCTION, Python files (each function whose inputs can be made) or JSON Lines
    with the rows of `nlogn judge --jsonl`. Without FILES, or with --bank: the solutions of the
    bank's problems, other texts of them, and bugs put into them, --programs in all, but as many of
    each problem, and one at least. With --leaking: right solutions with a list, a cache or a
    default argument that only grows, and ones that look so, which are the leak head's examples.

    A run that was stopped goes on where it was when the same command is given again.
    """
    from nlogn.annotate import bank_tasks, run
    from nlogn.annotate.leaks import leaks
    from nlogn.annotate.show import summary_text
    from nlogn.annotate.targets import file_tasks

    if files and (of_bank or leaking):
        raise click.UsageError("give FILES, or --bank or --leaking, not both")
    left_out: list[str] = []
    if files:
        tasks, left_out = file_tasks(files)
    else:
        from nlogn.problems import bank as problems

        known = leaks(problems(), programs, seed) if leaking else problems()
        tasks = bank_tasks(known)
    for told in left_out:
        click.echo(f"left out: {told}", err=True)
    doer = None
    if address is not None:
        from nlogn.annotate.cluster import on_cluster

        doer = on_cluster(address, isolation)
    with progress_bar("annotating") as progress:
        summary = run(
            tasks,
            out,
            programs=None if files else programs,
            seed=seed,
            workers=workers,
            isolation=isolation,
            doer=doer,
            progress=progress,
        )
    click.echo(summary_text(summary))
    sys.exit(SHORT if summary.defects or summary.skipped else GOOD)
