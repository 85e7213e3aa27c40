"""Whether a model fits: what its files hold against what the machine has free."""

from pathlib import Path

from nlogn.engine.protocol import EngineError

_ROOM = 256 << 20  # for what computing takes beside the weights


class OutOfMemory(EngineError):
    """The model, or its cache, is larger than the memory that is free."""


def available_bytes(root: Path = Path("/")) -> int | None:
    """Memory that can be taken without swapping, the control group's limit included; None where
    the system does not say (it is no Linux). Files that were read and may be forgotten are free."""
    group = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        used -= int(stat.get("inactive_file", 0))
    except (OSError, ValueError):  # no group, or "max"
        return free
    return min(free, max(limit - used, 0))


def weight_bytes(path: Path) -> int:
    """The size of a checkpoint folder's weights, or of one file."""
    if path.is_file():
        return path.stat().st_size
    found = list(path.glob("*.safetensors")) or list(path.glob("pytorch_model*.bin"))
    return sum(file.stat().st_size for file in found)


def require_memory(path: Path, *, times: float = 1.0) -> None:
    """Raises `OutOfMemory` where the weights, `times` over, are more than what is free."""
    need, free = round(weight_bytes(path) * times) + _ROOM, available_bytes()
    if free is not None and need > free:
        raise OutOfMemory(
            f"{path} needs about {gigabytes(need)} of memory, {gigabytes(free)} are free: close "
            "other programs, or take a smaller or a more quantised model"
        )


def gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
