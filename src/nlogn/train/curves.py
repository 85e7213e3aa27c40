"""What a run looked like: its `metrics.jsonl` as a picture and as TensorBoard files."""

import json
from pathlib import Path
from typing import Any


def read_metrics(folder: str | Path) -> list[dict[str, Any]]:
    """The steps of a run, in order; of a step that was done twice (after a kill) the last."""
    steps: dict[int, dict[str, Any]] = {}
    for line in (Path(folder) / "metrics.jsonl").read_text().splitlines():
        try:
            step = json.loads(line)
        except json.JSONDecodeError:  # the line that a kill cut short
            continue
        steps[step["step"]] = step
    return [steps[number] for number in sorted(steps)]


def plot(folder: str | Path) -> Path:
    """Draw losses, learning rate and throughput over steps to `curves.png`; returns its path."""
    from matplotlib.figure import Figure

    steps = read_metrics(folder)
    numbers = [step["step"] for step in steps]
    figure = Figure(figsize=(9, 8), layout="constrained")
    losses, rate, speed = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 1))
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
    speed.set_xlabel("step")
    path = Path(folder) / "curves.png"
    figure.savefig(path, dpi=120)
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
    return target
