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


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for line in path.read_text(errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # the line that a kill cut short
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            rows[row["step"]] = row
    return [rows[number] for number in sorted(rows)]


def plot(folder: str | Path) -> Path:
    """Draw losses (each step faint, their running mean strong), learning rate, throughput and bits
    per byte over steps to `curves.png`; returns its path."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatter, MaxNLocator, StrMethodFormatter

    steps = read_metrics(folder)
    done = [step["step"] + 1 for step in steps]  # as validation counts
    measured = read_validation(folder)
    panels = 4 if measured else 3
    figure = Figure(figsize=(9, 3 + 2 * panels), layout="constrained")
    losses, rate, speed, *rest = figure.subplots(
        panels, 1, sharex=True, height_ratios=(3, 1, 1, 2)[:panels]
    )
    for term in sorted({term for step in steps for term in step["losses"]}):
        # 0 is a step without such labels, and no place on this axis
        points = [(s["step"] + 1, s["losses"][term]) for s in steps if s["losses"].get(term)]
        if not points:
            continue
        at, values = [n for n, _ in points], [value for _, value in points]
        (line,) = losses.plot(at, _smooth(values), ".-", label=term, markersize=2)
        losses.plot(at, values, color=line.get_color(), linewidth=0.6, alpha=0.3)
    losses.set_yscale("log")
    losses.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    losses.yaxis.set_minor_formatter(LogFormatter())
    losses.set_ylabel("terms of the loss")
    losses.set_title(Path(folder).resolve().name)
    losses.legend(loc="upper left", bbox_to_anchor=(1, 1))
    rate.plot(done, [step["lr"] for step in steps])
    rate.set_ylabel("learning rate")
    speed.plot(done, [step["tokens_per_second"] for step in steps], linewidth=0.7)
    speed.set_ylabel("tokens/s")
    if measured:
        (held_out,) = rest
        at = [row["step"] for row in measured]
        whole = [row["bits_per_byte"] for row in measured]
        held_out.plot(at, whole, ".-", color="black", label="all")
        for kind in measured[-1]["by_paradigm"]:
            values = [row["by_paradigm"].get(kind, float("nan")) for row in measured]
            held_out.plot(at, values, ".-", label=kind, linewidth=0.8)
        held_out.set_ylabel("bits per byte, held out")
        held_out.legend(loc="upper left", bbox_to_anchor=(1, 1))
    last = (rest or [speed])[-1]
    last.xaxis.set_major_locator(MaxNLocator(integer=True))
    last.set_xlabel("step")
    path = Path(folder) / "curves.png"
    fresh = path.with_name("curves.new.png")
    figure.savefig(fresh, dpi=120)
    fresh.replace(path)  # whoever looks at it never sees half
    return path


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
