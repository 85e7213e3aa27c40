"""What the verbs share: exit codes, options, mistakes, and how progress is shown."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nlogn.problems.problem import Problem
    from nlogn.sandbox import Sandbox

GOOD, SHORT, ERROR = 0, 1, 2
SYSTEM_ERROR = "system_error"


class Mistake(Exception):
    """What the user wrote cannot be done; the message says what to write."""


class Finite(click.FloatRange):
    """A range of numbers without nan and infinity, which compare as if they were in it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


class ReaderLeft(Exception):
    """Whoever read our output, such as `head`, has had enough."""


def seed(what: str = "everything random follows it") -> Callable[..., Any]:
    """The option --seed: any number that every generator takes."""
    return click.option("--seed", default=0, type=click.IntRange(0, 2**32 - 2), show_default=True,
                        help=what)  # fmt: skip


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option(
            "--format", "style", type=click.Choice(["text", "json"]), default="text",
            show_default=True,
        ),
        seed(),
        click.option("--report", type=click.Path(path_type=Path), help="write an HTML page here"),
        click.option(
            "--isolation", type=click.Choice(["auto", "full", "light"]), default="auto",
            help="how strongly programs are confined; auto takes the best that works here",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


JSONL = click.option(
    "--jsonl",
    type=click.File("rb"),
    help="take programs from this file, one JSON row each (- stdin)",
)
WORKERS = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=2,
    show_default=True,
    help="programs run at a time",
)
INPUTS = click.option("--inputs", help='makes an input of size n: "lambda n, rng: (arguments,)"')
LANGUAGE = click.option(
    "--language",
    type=click.Choice(["python", "cpp", "javascript"]),
    help="where the file's name does not say",
)


@contextmanager
def open_sandbox(isolation: str, workers: int) -> Iterator["Sandbox"]:
    from nlogn.sandbox import Sandbox

    with Sandbox(workers=workers, isolation=isolation) as sandbox:  # type: ignore[arg-type]
        yield sandbox


def named_problem(named: str) -> "Problem":
    from nlogn.problems import bank_problem, load_problem

    path = Path(named)
    if path.exists():
        return load_problem(path)
    if path.suffix or len(path.parts) > 1:
        raise Mistake(f"cannot read {named}: No such file or directory")
    return bank_problem(named)


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2)


@contextmanager
def working(what: str) -> Iterator[None]:
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr; where stderr is no terminal, a line every five seconds. Both tell the time
    that is left, by the rate of this run."""
    import time

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed
    from rich.progress import TimeRemainingColumn as Remaining

    console = Console(stderr=True)
    if not console.is_terminal:
        began = told = time.monotonic()
        first = -1

        def tell(done: int, total: int | None) -> None:
            nonlocal told, first
            now = time.monotonic()
            first = done if first < 0 else first
            if now - told <= 5:
                return
            told = now
            rate = (done - first) / (now - began)
            left = f", {rate:.1f}/s, {(total - done) / rate:.0f} s left" if total and rate else ""
            click.echo(f"{what}: {done}" + (f" of {total}" if total else "") + left, err=True)

        yield tell
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), Elapsed(), Remaining())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
