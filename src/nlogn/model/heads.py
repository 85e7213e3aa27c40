"""Time and memory heads: what the network knows about the cost of the code it is writing.

Three readings of each position's last hidden state (B, T, C):

    time     class of growth of the finished function's time (from every position of it)
    memory   the same for its memory
    leak     how likely this token's line leaks or holds too much memory

Beside the hidden state they read what the code has spent so far, as its static path cost says it:
the network sees idioms and names, the path cost loops. They are trained on measured labels and
saved as a side-car file, so that the exported graph stays standard. Classes are named by whoever
trains them: this room knows names, not their meaning.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from nlogn.model.checkpoint import SIDE_CAR, BadCheckpoint, update_side_car

IGNORE = -1


@dataclass(frozen=True)
class HeadsConfig:
    """Names of the classes, cheapest first, and the width of the heads' inner layer."""

    hidden_size: int
    time: tuple[str, ...]
    memory: tuple[str, ...]
    width: int = 128


class Readings(NamedTuple):
    """Logits: `time` (..., classes), `memory` (..., classes), `leak` (...)."""

    time: Tensor
    memory: Tensor
    leak: Tensor


class Heads(nn.Module):
    """A shared inner layer and three linear readings of it."""

    def __init__(self, config: HeadsConfig):
        super().__init__()
        self.config = config
        self.inner = nn.Linear(config.hidden_size, config.width)
        # what each class adds; row 0 is "unknown"
        self.time_spent = nn.Parameter(torch.zeros(len(config.time) + 1, config.width))
        self.memory_spent = nn.Parameter(torch.zeros(len(config.memory) + 1, config.width))
        self.time = nn.Linear(config.width, len(config.time))
        self.memory = nn.Linear(config.width, len(config.memory))
        self.leak = nn.Linear(config.width, 1)

    def forward(self, hidden: Tensor, spent: Tensor | None = None) -> Readings:
        """Read `hidden` (..., C), the network's output after its last norm, and `spent` (..., 2):
        the numbers of the classes of time and memory so far, -1 (or no tensor) for unknown."""
        if spent is None:
            known = self.time_spent[0] + self.memory_spent[0]
        else:
            time, memory = (spent + 1).unbind(-1)
            known = F.embedding(time, self.time_spent) + F.embedding(memory, self.memory_spent)
        inner = F.silu(self.inner(hidden) + known)
        return Readings(self.time(inner), self.memory(inner), self.leak(inner).squeeze(-1))


class HeadLosses(NamedTuple):
    """Mean losses in nats over labelled positions; 0 where there is no label."""

    time: Tensor
    memory: Tensor
    leak: Tensor


def head_losses(readings: Readings, time: Tensor, memory: Tensor, leak: Tensor) -> HeadLosses:
    """Losses against labels (B, T): class numbers, or 0 and 1 for `leak`; `IGNORE` for none."""
    return HeadLosses(
        _masked_cross_entropy(readings.time, time),
        _masked_cross_entropy(readings.memory, memory),
        _masked_binary(readings.leak, leak),
    )


def _masked_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    total = F.cross_entropy(
        logits.flatten(0, -2).float(), labels.flatten(), ignore_index=IGNORE, reduction="sum"
    )
    return total / (labels != IGNORE).sum().clamp(min=1)


def _masked_binary(logits: Tensor, labels: Tensor) -> Tensor:
    known = labels != IGNORE
    each = F.binary_cross_entropy_with_logits(
        logits.float(), labels.clamp(min=0).float(), reduction="none"
    )
    return (each * known).sum() / known.sum().clamp(min=1)


def line_scores(leak: Tensor, lines: Tensor, count: int) -> Tensor:
    """Probability per source line (count,), its likeliest token's, from token logits (T,) and each
    token's line (T,), -1 for tokens of no line. Lines without tokens score 0."""
    inside = lines >= 0
    scores = torch.zeros(count, device=leak.device)
    return scores.scatter_reduce(0, lines[inside], leak[inside].float().sigmoid(), "amax")


def save_heads(heads: Heads, folder: str | Path) -> None:
    """Add the heads to a checkpoint folder's side-car file."""
    tensors = {
        f"heads.{name}": tensor.detach().cpu().contiguous()
        for name, tensor in heads.state_dict().items()
    }
    update_side_car(folder, tensors, {"heads": json.dumps(asdict(heads.config))})


def load_heads(folder: str | Path, device: str | torch.device = "cpu") -> Heads | None:
    """The heads of a checkpoint folder, or None if it has none.

    Raises:
        BadCheckpoint: the side-car's tensors do not fit its description.
    """
    path = Path(folder) / SIDE_CAR
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt", device=str(device)) as file:
            described = (file.metadata() or {}).get("heads")
            if described is None:
                return None
            data = json.loads(described)
            config = HeadsConfig(
                data["hidden_size"], tuple(data["time"]), tuple(data["memory"]), data["width"]
            )
            state = {name.removeprefix("heads."): file.get_tensor(name)
                     for name in file.keys() if name.startswith("heads.")}  # noqa: SIM118 # fmt: skip
        heads = Heads(config).to(device)
        heads.load_state_dict(state)
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise BadCheckpoint(f"{path}: {error}") from None
    return heads.eval()
