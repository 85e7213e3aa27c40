"""`nlogn train`: make a network, or teach one more."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlogn.cli.shared import GOOD, Finite, Mistake, seed

if TYPE_CHECKING:
    from nlogn.train.answers import Prepared
    from nlogn.train.pretrain import Progress, Run
    from nlogn.train.runs import Ended

_RUNS = click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True,
    help="the folder of all runs",
)  # fmt: skip


def _inside(context: click.Context, option: click.Parameter, name: str | None) -> str | None:
    if name is not None and (Path(name).is_absolute() or {"..", ".", ""} & {*name.split("/")}):
        raise click.BadParameter(f"{name!r} is no folder inside of --runs")
    return name


def _budget(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option("--name", callback=_inside,
                     help="the run's folder in --runs; an existing run goes on"),
        _RUNS,
        click.option("--minutes", type=Finite(min=0, min_open=True),
                     help="train for about so long"),
        click.option("--steps", type=click.IntRange(1), help="train for so many steps"),
        click.option("--tokens", type=Finite(1, 1e15), help="train on so many tokens (1e8)"),
        click.option("--threads", type=click.IntRange(1),
                     help="default: whatever number measures fastest"),
        click.option("--rows", type=click.IntRange(1), help="sequences per step"),
        click.option("--length", type=click.IntRange(2), help="tokens of a sequence"),
        click.option("--accumulate", type=click.IntRange(1), default=1, show_default=True,
                     help="parts that the rows of a step are computed in, to save memory"),
        click.option("--lr", type=Finite(min=0, min_open=True), help="learning rate"),
        click.option("--pooled", type=Finite(0, 1), default=0.0, show_default=True,
                     help="of an upcycled network, the share of an expert's step that it takes"
                     " with all others"),
        click.option("--precision", type=click.Choice(["float32", "bfloat16", "float16"]),
                     help="default: bfloat16 where it is much faster, else float32"),
        seed(),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(short_help="Train networks: pretrain, finetune, heads.")
def train() -> None:
    """Train networks. A run that was stopped goes on when the same command is given again."""


@train.command(short_help="Train a network on a corpus.")
@click.option("--preset", default="nano", show_default=True,
              help="a shape's name, or a JSON file with a config")  # fmt: skip
@click.option("--corpus", required=True, type=click.Path(path_type=Path),
              help="a folder that nlogn corpus built")  # fmt: skip
@click.option("--dense", is_flag=True, help="train the dense network of equal work per token")
@click.option("--from", "start", type=click.Path(path_type=Path),
              help="go on from this checkpoint folder instead of fresh weights")  # fmt: skip
@click.option(
    "--measured",
    type=Finite(0, 1, min_open=True, max_open=True),
    help="the share of sequences with code of a measured class (default: as it comes)",
)
@_budget
def pretrain(
    preset: str, corpus: Path, dense: bool, start: Path | None, measured: float | None, **given: Any
) -> None:
    """Train on a corpus and leave the network in RUNS/NAME/checkpoint.

    Loss, learning rate and speed of each step go to metrics.jsonl and curves.png in the run's
    folder, bits per byte on the corpus's validation split too. Ctrl-C finishes the step, saves
    and stops. Under torchrun the network is sharded over the processes.
    """
    _need_torch()
    from nlogn.model.checkpoint import read_config
    from nlogn.train import runs

    config = read_config(start) if start else runs.named_config(preset)
    name = start.name if start else Path(preset).stem
    if dense:
        from nlogn.model.config import dense_twin

        if start is not None:
            raise click.UsageError("--dense begins with fresh weights: leave --from out")
        config, name = dense_twin(config), f"{name}-dense"
    folder = given["runs"] / (given["name"] or name)
    run = _run(given, folder, rows=16, context=config.context, lr=2e-3)
    run = replace(run, measured=measured)
    with _stoppable() as stop, _live(run) as show:
        ended = runs.pretrain(
            folder, corpus, config, run, start=str(start) if start else "",
            threads=given["threads"], on_step=show, stop=stop,
        )  # fmt: skip
    _tell(ended, folder)


@train.command(short_help="Teach a checkpoint answers: the bank's, MBPP's or a file's.")
@click.option("--on", required=True, metavar="bank|mbpp|FILE",
              help="JSON Lines with messages, or prompt and completion; or problems")  # fmt: skip
@click.option("--from", "start", type=click.Path(path_type=Path),
              default=Path("runs/nano/checkpoint"), show_default=True,
              help="the checkpoint folder to begin with")  # fmt: skip
@click.option("--annotated", multiple=True, type=click.Path(path_type=Path), metavar="TABLE",
              help="programs of nlogn bank annotate, which teach the heads")  # fmt: skip
@click.option("--each", type=click.IntRange(1), default=24, show_default=True,
              help="annotated programs of each problem")  # fmt: skip
@click.option("--variants", type=click.IntRange(1), default=12, show_default=True,
              help="in how many ways each problem is asked")  # fmt: skip
@click.option("--epochs", type=Finite(0, 1e6, min_open=True), help="default: 2")
@click.option("--replay", type=click.Path(path_type=Path), metavar="CORPUS",
              help="learn its files again among the answers, so as not to forget them")  # fmt: skip
@click.option("--replay-share", type=Finite(0, 1, min_open=True, max_open=True),
              default=0.5, show_default=True, help="their share of the sequences")  # fmt: skip
@_budget
def finetune(
    on: str, start: Path, annotated: tuple[Path, ...], each: int, variants: int,
    epochs: float | None, replay: Path | None, replay_share: float, **given: Any,
) -> None:  # fmt: skip
    """Teach a checkpoint to answer; the loss counts on the answers alone.

    `bank`: the problems of the bank, asked in many ways. `mbpp`: MBPP's published training rows.
    Labels of time, memory and leaks (--annotated) teach its heads. A network that learns answers
    alone forgets the files that it has read: --replay keeps them. The result is in
    RUNS/NAME/checkpoint.
    """
    _need_torch()
    from nlogn.model.checkpoint import read_config
    from nlogn.train import runs

    if epochs is None and not any(given[name] for name in ("minutes", "steps", "tokens")):
        epochs = 2.0
    if epochs is not None:
        if any(given[name] for name in ("minutes", "steps", "tokens")):
            raise click.UsageError("say either --epochs or one of --minutes, --steps, --tokens")
        given["steps"] = 1  # until the examples are counted
    folder = given["runs"] / (given["name"] or f"{Path(on).stem}-finetuned")
    run = _run(given, folder, rows=8, context=read_config(start).context, lr=3e-4)
    run = replace(run, replay=replay_share if replay is not None else None,
                  shares=run.shares | {"paradigm": runs.PARADIGM_SHARE})  # fmt: skip

    def told(found: "Prepared", steps: int, trained: tuple[str, ...]) -> None:
        left_out = f", {found.too_long:,} too long" if found.too_long else ""
        kept = found.train.windows(run.length)
        click.echo(f"{found.examples:,} examples{left_out}; {kept:,} windows of {run.length}"
                   + (f", {steps:,} steps" if steps else ""), err=True)  # fmt: skip
        click.echo(_labels(found, trained), err=True)

    with _stoppable() as stop, _live(run) as show:
        ended = runs.finetune(
            folder, on, start, run, annotated=annotated, each=each, variants=variants,
            epochs=epochs, replay=replay, threads=given["threads"], on_step=show, on_begin=told,
            stop=stop,
        )  # fmt: skip
    _tell(ended, folder)


@train.command(short_help="Fit the head that says how a program's time and memory grow.")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--annotated", multiple=True, type=click.Path(path_type=Path), metavar="TABLE",
              help="programs of nlogn bank annotate, beside the bank's solutions")  # fmt: skip
@click.option("--each", type=click.IntRange(1), default=24, show_default=True,
              help="annotated programs of each problem")  # fmt: skip
@seed("which of them")
def heads(checkpoint: Path, annotated: tuple[Path, ...], each: int, seed: int) -> None:
    """Fit CHECKPOINT's growth head to programs of known class, and save it there.

    Of a network whose input embeddings have changed it has to be fitted again: training leaves it
    out.
    """
    _need_torch()
    from nlogn.train.growth_head import fit_checkpoint

    head, count = fit_checkpoint(checkpoint, annotated, each, seed)
    click.echo(f"{count:,} programs, {len(head.names)} classes: {checkpoint}")


def _labels(found: "Prepared", trained: tuple[str, ...]) -> str:
    """How many tokens each head has labels for, and what keeps the others from being trained."""
    parts = []
    for name in ("time", "memory", "leak"):
        count = found.labels[name]
        leaking = f" ({found.labels['leaking']:,} leak)" if name == "leak" and count else ""
        told = f"{name} {count:,} tokens{leaking}" if count else f"{name} none"
        if count and name not in trained:
            why = "none leaks" if name == "leak" else "the checkpoint's head names other classes"
            told += f", not trained: {why}"
        parts.append(told)
    hint = "" if found.labels["leaking"] else "; leaks: --annotated with a table of --leaking"
    return f"labels for the heads: {'; '.join(parts)}{hint}"


def _need_torch() -> None:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # no spinning on a shared machine
    try:
        import safetensors  # noqa: F401
        import tokenizers  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise Mistake(f"{error.name} is not installed: pip install 'nlogn[model]'") from None


def _run(given: dict[str, Any], folder: Path, rows: int, context: int, lr: float) -> "Run":
    from nlogn.train.optimizer import Rates
    from nlogn.train.pretrain import Run
    from nlogn.train.runs import best_precision, kept_precision

    budgets = [name for name in ("minutes", "steps", "tokens") if given[name]]
    if len(budgets) != 1:
        raise click.UsageError("say how long to train: one of --minutes, --steps, --tokens")
    rows, length = given["rows"] or rows, given["length"] or min(context, 1024)
    if length > context:
        raise click.UsageError(f"the network's context is {context:,} tokens: lower --length")
    if rows % given["accumulate"]:
        raise click.UsageError("--rows must be a multiple of --accumulate")
    steps = given["steps"]
    if given["tokens"]:
        steps = max(1, round(given["tokens"] / (rows * length)))
    precision = given["precision"] or kept_precision(folder) or best_precision()
    warmup = 50 if steps is None else min(100, max(1, steps // 20))
    return Run(
        steps=steps, minutes=given["minutes"], rows=rows, length=length,
        accumulate=given["accumulate"], warmup=warmup,
        rates=Rates(lr=given["lr"] or lr, pooled=given["pooled"]),
        seed=given["seed"], precision=precision,
    )  # fmt: skip


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C (or SIGTERM) asks the run to save and stop; the second ends it at once."""
    asked = False

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        click.echo("stopping after this step; once more to stop at once", err=True)

    old = {}
    with suppress(ValueError):  # not the main thread
        old = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def _live(run: "Run") -> Iterator[Callable[["Progress"], None]]:
    """A bar with loss, tokens/s and time left; where stderr is no terminal, a line at most every
    ten seconds."""
    import time

    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    recent: list[float] = []

    def words(p: "Progress") -> tuple[float, str]:
        recent.append(run.rows * run.length / p.tokens_per_second)
        del recent[:-20]
        pace = sum(recent) / len(recent)
        if p.steps is not None:
            share, left = (p.step + 1) / p.steps, (p.steps - p.step - 1) * pace
        else:
            assert run.minutes is not None
            share = p.seconds / 60 / run.minutes
            left = 60 * run.minutes - p.seconds
        told = f"step {p.step + 1:,}" + (f" of {p.steps:,}" if p.steps else "")
        told += f"  loss {p.losses['tokens']:.3f}  {run.rows * run.length / pace:,.0f} tokens/s"
        return share, f"{told}  {_duration(left)} left"

    if not console.is_terminal:
        last = 0.0

        def tell(p: "Progress") -> None:
            nonlocal last
            text = words(p)[1]
            if time.monotonic() - last > 10 or p.step + 1 == p.steps:
                last = time.monotonic()
                click.echo(text, err=True)

        yield tell
        return
    with Bar(BarColumn(), TextColumn("{task.percentage:.0f} %  {task.description}"),
             console=console) as bar:  # fmt: skip
        task = bar.add_task("the first step", total=1.0)

        def show(p: "Progress") -> None:
            share, text = words(p)
            bar.update(task, completed=share, description=text)

        yield show


def _duration(seconds: float) -> str:
    minutes = max(0, round(seconds / 60))
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{max(0, round(seconds))} s"


def _tell(ended: "Ended", folder: Path) -> None:
    if os.environ.get("RANK", "0") != "0":  # the first of torchrun's processes tells it
        return
    if not ended.finished:
        click.echo(f"stopped after step {ended.step:,}; the same command goes on from there")
        sys.exit(GOOD)
    bits = f"\nbits per byte, held out: {ended.bits:.3f}" if ended.bits is not None else ""
    click.echo(f"checkpoint: {ended.checkpoint}\ncurves: {folder / 'curves.png'}{bits}")
