"""What a run looked like: its metrics as a picture and as TensorBoard files."""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

VALIDATION = "validation.jsonl"


def read_metrics(folder: str | Path) -> list[dict[str, Any]]:
    """The steps of a run, in order; of a step that was done twice (after a kill) the last."""
    return _rows(Path(folder) / "metrics.jsonl")


def read_validation(folder: str | Path) -> list[dict[str, Any]]:
    """Bits per byte at the run's checkpoints, in order; empty where none was measured."""
    path = Path(folder) / VALIDATION
    return _rows(path) if path.exists() else []


def last_validation(folder: str | Path) -> float | None:
    rows = read_validation(folder)
    return rows[-1]["bits_per_byte"] if rows else None


def step_row(line: str) -> dict[str, Any] | None:
    """A line of metrics.jsonl or validation.jsonl; None for what is no row of a step, such as the
    line that a kill cut short."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(row, dict) and isinstance(row.get("step"), int) and row["step"] >= 0
    return row if whole else None


def _rows(path: Path) -> list[dict[str, Any]]:
    found = map(step_row, path.read_text(errors="replace").splitlines())
    rows = {row["step"]: row for row in found if row is not None}
    return [rows[number] for number in sorted(rows)]


def plot(folder: str | Path) -> Path:
    """Draw the loss of tokens and the other terms (each step faint, their running mean strong),
    learning rate, throughput and bits per byte over steps to `curves.png`; returns its path."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatter, MaxNLocator, StrMethodFormatter

    steps = read_metrics(folder)
    done = [step["step"] + 1 for step in steps]  # as validation counts
    measured = read_validation(folder)
    terms = sorted({term for step in steps for term in step["losses"]} - {"tokens"})
    heights = {"tokens": 3, "terms": 3 if terms else 0, "rate": 1, "speed": 1,
               "held out": 2 if measured else 0}  # fmt: skip
    shown = [name for name, height in heights.items() if height]
    figure = Figure(figsize=(9, 3 + 2 * len(shown)), layout="constrained")
    drawn = figure.subplots(
        len(shown), 1, sharex=True, height_ratios=[heights[name] for name in shown]
    )
    axes = dict(zip(shown, drawn, strict=True))
    _losses(axes["tokens"], steps, ["tokens"])
    axes["tokens"].set_ylabel("loss of tokens, nats")
    axes["tokens"].set_title(Path(folder).resolve().name)
    if terms:
        low, high = _losses(axes["terms"], steps, terms)
        axes["terms"].set_yscale("log")
        axes["terms"].set_ylim(low / 2, high * 2)  # single steps may be far below
        axes["terms"].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes["terms"].yaxis.set_minor_formatter(LogFormatter())
        axes["terms"].set_ylabel("other terms")
        axes["terms"].legend(loc="upper left", bbox_to_anchor=(1, 1))
    rate, speed = axes["rate"], axes["speed"]
    rate.plot(done, [step["lr"] for step in steps])
    rate.set_ylabel("learning rate")
    speed.plot(done, [step["tokens_per_second"] for step in steps], linewidth=0.7)
    speed.set_ylabel("tokens/s")
    if measured:
        held_out = axes["held out"]
        at = [row["step"] for row in measured]
        whole = [row["bits_per_byte"] for row in measured]
        held_out.plot(at, whole, ".-", color="black", label="all")
        for kind in measured[-1]["by_paradigm"]:
            values = [row["by_paradigm"].get(kind, float("nan")) for row in measured]
            held_out.plot(at, values, ".-", label=kind, linewidth=0.8)
        held_out.set_ylabel("bits per byte, held out")
        held_out.legend(loc="upper left", bbox_to_anchor=(1, 1))
    last = drawn[-1]
    last.xaxis.set_major_locator(MaxNLocator(integer=True))
    last.set_xlabel("step")
    path = Path(folder) / "curves.png"
    fresh = path.with_name("curves.new.png")
    figure.savefig(fresh, dpi=120)
    fresh.replace(path)  # whoever looks at it never sees half
    return path


def _losses(
    axis: Any, steps: Sequence[dict[str, Any]], terms: Sequence[str]
) -> tuple[float, float]:
    """Draw these terms; returns the least and the greatest of their running means."""
    means = []
    for term in terms:
        # 0 is a step without such labels, and no place on a logarithmic axis
        points = [(s["step"] + 1, s["losses"][term]) for s in steps if s["losses"].get(term)]
        if not points:
            continue
        at, values = [n for n, _ in points], [value for _, value in points]
        smooth = _smooth(values)
        (line,) = axis.plot(at, smooth, ".-", label=term, markersize=2)
        axis.plot(at, values, color=line.get_color(), linewidth=0.6, alpha=0.3)
        means += smooth
    return min(means, default=0.1), max(means, default=1.0)


def _smooth(values: Sequence[float]) -> list[float]:
    """The mean of each value and those around it, a thirtieth of them all."""
    reach = len(values) // 60
    return [fmean(values[max(0, i - reach) : i + reach + 1]) for i in range(len(values))]


def to_tensorboard(folder: str | Path) -> Path:
    """Write the run to `tensorboard/` beside it (needs the tensorboard package)."""
    from torch.utils.tensorboard import SummaryWriter

    target = Path(folder) / "tensorboard"
    with SummaryWriter(target) as writer:
        for step in read_metrics(folder):
            flat = {f"loss/{name}": value for name, value in step["losses"].items()}
            flat |= {f"weight/{name}": value for name, value in step["weights"].items()}
            flat |= {name: step[name] for name in ("lr", "gradient_norm", "tokens_per_second")}
            for name, value in flat.items():
                writer.add_scalar(name, value, step["step"])
        for row in read_validation(folder):
            writer.add_scalar("bits_per_byte", row["bits_per_byte"], row["step"])
            for kind, value in row["by_paradigm"].items():
                writer.add_scalar(f"bits_per_byte/{kind}", value, row["step"])
    return target
