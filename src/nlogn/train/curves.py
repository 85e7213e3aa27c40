"""What a run looked like: its metrics as a picture and as TensorBoard files."""

import json
from pathlib import Path
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
    for line in path.read_text().splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:  # the line that a kill cut short
            continue
        rows[row["step"]] = row
    return [rows[number] for number in sorted(rows)]


def plot(folder: str | Path) -> Path:
    """Draw losses, learning rate and throughput over steps to `curves.png`; returns its path."""
    from matplotlib.figure import Figure

    steps = read_metrics(folder)
    numbers = [step["step"] for step in steps]
    measured = read_validation(folder)
    panels = 4 if measured else 3
    figure = Figure(figsize=(9, 3 + 2 * panels), layout="constrained")
    losses, rate, speed, *rest = figure.subplots(
        panels, 1, sharex=True, height_ratios=(3, 1, 1, 2)[:panels]
    )
    for term in sorted({term for step in steps for term in step["losses"]}):
        points = [(s["step"], s["losses"][term]) for s in steps if term in s["losses"]]
        losses.plot(*zip(*points, strict=True), label=term, linewidth=1)
    losses.set_yscale("log")
    losses.set_ylabel("loss, nats")
    losses.legend()
    rate.plot(numbers, [step["lr"] for step in steps])
    rate.set_ylabel("learning rate")
    speed.plot(numbers, [step["tokens_per_second"] for step in steps], linewidth=0.7)
    speed.set_ylabel("tokens/s")
    if measured:
        (held_out,) = rest
        at = [row["step"] for row in measured]
        held_out.plot(at, [row["bits_per_byte"] for row in measured], color="black", label="all")
        for kind in measured[-1]["by_paradigm"]:
            values = [row["by_paradigm"].get(kind, float("nan")) for row in measured]
            held_out.plot(at, values, label=kind, linewidth=0.8)
        held_out.set_ylabel("bits per byte, held out")
        held_out.legend()
    (rest or [speed])[-1].set_xlabel("step")
    path = Path(folder) / "curves.png"
    fresh = path.with_name("curves.new.png")
    figure.savefig(fresh, dpi=120)
    fresh.replace(path)  # whoever looks at it never sees half
    return path


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
