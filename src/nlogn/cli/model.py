"""`nlogn model`: what a network is, what it needs, and its way in and out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlogn.cli.shared import Finite, Mistake, as_json, seed, working

if TYPE_CHECKING:
    from nlogn.model.config import ModelConfig

_FOLDER = click.argument("folder", type=click.Path(path_type=Path))
_OUT = click.option("-o", "--out", required=True, type=click.Path(path_type=Path))
_STYLE = click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_DTYPE = click.option(
    "--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), help="default: as stored"
)


@click.group(short_help="Networks: info, plan, export, import, upcycle.")
def model() -> None:
    """What a network is, what it needs, and its way in and out."""


@model.command(short_help="Size, shape and memory of a checkpoint or a preset.")
@click.argument("named", metavar="FOLDER|PRESET")
@click.option("--context", type=click.IntRange(1), help="a preset for another context length")
@_STYLE
def info(named: str, context: int | None, style: str) -> None:
    """Parameters, memory and shape of a checkpoint FOLDER or a PRESET."""
    from nlogn.model.describe import describe, trainings

    config, training = _config(named, context)
    facts = describe(config) | ({"training": training} if training else {})
    if style == "json":
        click.echo(as_json(facts))
        return
    from nlogn.model.config import size_label

    attention = ", ".join(f"{n} {kind}" for kind, n in facts["attention"].items())
    experts = facts["experts"]
    told = "dense"
    if experts:
        told = (f"{experts['routed']} experts in {experts['groups']} groups, "
                f"{experts['per_token']} per token, {experts['shared']} shared")  # fmt: skip
    rows = [
        ("written as", facts["family"]),
        ("parameters", f"{size_label(facts['parameters'])} ({facts['parameters']:,})"),
        ("active per token", f"{size_label(facts['active'])}"),
        ("layers", f"{facts['layers']} ({attention}), {told}"),
        ("width", f"{facts['hidden_size']}, {facts['heads']} heads, {facts['kv_heads']} for keys"),
        ("vocabulary", f"{facts['vocab_size']:,}"),
        ("context", f"{facts['context']:,} tokens"),
        ("weights", ", ".join(f"{k} {_size(v)}" for k, v in facts["bytes"].items())),
        ("cache, full context", _size(facts["cache_bytes"])),
        ("work per token", f"{size_label(facts['flops_per_token'])}FLOP forward"),
    ]
    for number, made in enumerate(trainings(training)):
        on = made.get("on") or made.get("corpus", "?")
        told = f"{made['tokens']:,} tokens of {on}, {made['steps']:,} steps"
        if isinstance(made.get("validation_bits_per_byte"), float):
            of = "answers" if made.get("on") else "files"
            told += f": {made['validation_bits_per_byte']:.3f} bits per byte of held-out {of}"
        rows.append(("before" if number else "trained on", f"{told} (seed {made['seed']})"))
    _table(rows)


@model.command(short_help="Memory, layout, speed and cost of training on a cluster.")
@click.option("--preset", required=True, help="a preset's name, or a checkpoint folder")
@click.option("--gpus", type=click.IntRange(1, 1_000_000), required=True)
@click.option("--gpu", default="h100", show_default=True, help="a100, h100, h200 or b200")
@click.option("--context", type=click.IntRange(1), help="another context length")
@click.option("--tokens", type=Finite(1), default=2.3e12, show_default=True)
@click.option("--batch-tokens", type=click.IntRange(1), default=4_194_304, show_default=True)
@click.option("--utilisation", type=Finite(0.01, 1), default=0.4, show_default=True,
              help="share of the peak that computing reaches; measure yours")  # fmt: skip
@_STYLE
def plan(preset: str, gpus: int, gpu: str, context: int | None, tokens: float, batch_tokens: int,
         utilisation: float, style: str) -> None:  # fmt: skip
    """The fastest layout of a preset that fits a cluster, and what it costs."""
    from dataclasses import asdict

    from nlogn.model.config import size_label
    from nlogn.model.plan import GIB, make_plan

    config, _ = _config(preset, context)
    made = make_plan(config, gpus, gpu, tokens, batch_tokens, utilisation)
    if style == "json":
        click.echo(as_json(asdict(made) | {"memory_total": made.memory.total}))
        return
    parts = {k: v for k, v in asdict(made.memory).items() if v >= GIB / 100}
    waiting = made.communication_seconds / made.step_seconds
    _table([
        ("parameters", f"{size_label(made.parameters)}, {size_label(made.active)} active"),
        ("layout", f"{made.tensor} split each matrix x {made.shards} shards x"
                   f" {made.replicas} replicas on {made.gpus} x {made.gpu}"),
        ("batch", f"{made.micro_batch} x {config.context:,} tokens per GPU group,"
                  f" {made.accumulate} times: {made.tokens_per_step:,} a step"),
        ("checkpointing", "yes" if made.checkpointing else "no"),
        ("memory per GPU", f"{made.memory.total / GIB:.1f} GiB ("
                           + ", ".join(f"{k} {v / GIB:.1f}" for k, v in parts.items()) + ")"),
        ("step", f"{made.step_seconds:.2f} s; communication {waiting:.0%} of it, most of it"
                 " behind the computing"),
        ("speed", f"{made.tokens_per_second:,.0f} tokens/s"),
        ("time and cost", f"{made.days:,.1f} days, ${made.dollars:,.0f} for {tokens:.3g} tokens"
                          f" at list prices and {utilisation:.0%} utilisation"),
    ])  # fmt: skip


@model.command(short_help="Write a checkpoint for transformers, vLLM or llama.cpp.")
@_FOLDER
@click.option("--to", "target", type=click.Choice(["hf", "gguf"]), required=True)
@click.option("-o", "--out", type=click.Path(path_type=Path),
              help="default: FOLDER-hf, or FOLDER/PRECISION.gguf")  # fmt: skip
@click.option("--precision", type=click.Choice(["f32", "f16", "bf16", "q8_0"]),
              help="of a GGUF file  [default: q8_0]")  # fmt: skip
@_DTYPE
def export(
    folder: Path, target: str, out: Path | None, precision: str | None, dtype: str | None
) -> None:
    """Write checkpoint FOLDER as a folder for transformers and vLLM, or as one GGUF file."""
    _need_torch()
    if target == "hf" and precision:
        raise click.UsageError("--precision goes with --to gguf; a folder's is --dtype")
    if target == "gguf" and dtype:
        raise click.UsageError("--dtype goes with --to hf; a GGUF file's is --precision")
    precision = precision or "q8_0"
    if target == "hf":
        from nlogn.model.convert import convert
        from nlogn.model.families import family

        named = folder if folder.name else folder.absolute()  # "." has none
        out = out or named.with_name(named.name + "-hf")
        with working("writing"):
            written = family(convert(folder, out, dtype))
        if written == "nlogn":
            click.echo("transformers has no network of this shape: only nlogn reads the folder "
                       "(docs/model.md says which shapes it has)", err=True)  # fmt: skip
    else:
        from nlogn.model.gguf_export import export_gguf

        out = out or folder / f"{precision}.gguf"
        with working("writing"):
            export_gguf(folder, out, precision, folder.resolve().name)  # type: ignore[arg-type]
    click.echo(f"{out}: {_size(_bytes(out))}")


@model.command("import", short_help="Take a Llama-shaped or other known checkpoint in.")
@_FOLDER
@_OUT
@_DTYPE
def import_(folder: Path, out: Path, dtype: str | None) -> None:
    """Read FOLDER (safetensors or weights-only .bin: nothing in it is executed) and write it to
    --out as this project has it. What it uses and we do not have is refused by name."""
    _need_torch()
    from nlogn.model.config import count_parameters, size_label
    from nlogn.model.convert import convert

    with working("reading"):
        config = convert(folder, out, dtype)
    click.echo(f"{out}: {size_label(count_parameters(config).total)} parameters")


@model.command(short_help="Turn a dense checkpoint into one with 16 experts.")
@_FOLDER
@_OUT
@click.option("--experts", default=16, show_default=True, type=click.IntRange(1))
@click.option("--groups", default=4, show_default=True, type=click.IntRange(1))
@click.option("--per-token", default=2, show_default=True, type=click.IntRange(1))
@click.option("--groups-per-token", default=1, show_default=True, type=click.IntRange(1))
@click.option("--shared", default=1, show_default=True, type=click.IntRange(0))
@click.option(
    "--fine-grained",
    is_flag=True,
    help="deal each layer's neurons out among the experts that a token visits, instead of"
    " copying it to each: a token costs what it cost",
)
@click.option("--window", type=click.IntRange(1),
              help="make three layers of four sliding, this wide")  # fmt: skip
@seed("of the gate's first weights")
@_DTYPE
def upcycle(folder: Path, out: Path, experts: int, groups: int, per_token: int,
            groups_per_token: int, shared: int, fine_grained: bool, window: int | None, seed: int,
            dtype: str | None) -> None:  # fmt: skip
    """Copy the feed-forward layers of dense checkpoint FOLDER into experts. The first logits are
    the dense network's; training then tells the experts apart."""
    _need_torch()
    from nlogn.model.config import Experts, count_parameters, size_label
    from nlogn.model.convert import upcycled

    shape = Experts(routed=experts, groups=groups, per_token=per_token,
                    groups_per_token=groups_per_token, shared=shared)  # fmt: skip
    with working("copying"):
        config = upcycled(folder, out, shape, window or 0, dtype, seed, fine_grained)
    count = count_parameters(config)
    click.echo(f"{out}: {size_label(count.total)} parameters, {size_label(count.active)} active")


def _config(named: str, context: int | None) -> "tuple[ModelConfig, dict[str, Any] | None]":
    """The config of a preset or a folder, and how a folder says it was trained."""
    import json

    from nlogn.model.config import PRESETS, preset

    folder = Path(named)
    if named in PRESETS and not folder.is_dir():
        return preset(named, context), None
    if context is not None:
        raise click.UsageError("--context goes with a preset")
    if not folder.is_dir():
        raise Mistake(f"{named} is no folder, and no preset: one of {', '.join(PRESETS)}")
    from nlogn.model.describe import CARD
    from nlogn.model.families import read_config

    notes = folder / CARD
    try:
        training = json.loads(notes.read_text()) if notes.exists() else None
    except ValueError as error:
        raise Mistake(f"{notes} is not JSON: {error}") from None
    return read_config(folder), training


def _need_torch() -> None:
    try:
        import gguf  # noqa: F401
        import safetensors  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise Mistake(f"{error.name} is not installed: pip install 'nlogn[model]'") from None


def _bytes(path: Path) -> int:
    return sum(p.stat().st_size for p in ([path] if path.is_file() else path.iterdir()))


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            break
        count /= 1000
    return f"{count:.3g} {unit}"


def _table(rows: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")
