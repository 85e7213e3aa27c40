# mypy: disable-error-code="no-any-return,no-untyped-call"
"""The training loop: one script for a laptop, `torchrun` and everything between.

    train(model, packed, Run(steps=1000, rows=16, length=512), "runs/nano")

Every state that matters (weights, optimiser, balance, loss weights, step) is in the checkpoint, and
a batch is a function of the step: a run that was killed goes on and ends bit for bit where it would
have. Under `torchrun` the network is sharded with FSDP2 and the rows are divided.
"""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict_loader import load as load_state
from torch.distributed.checkpoint.state_dict_saver import save as save_state

from nlogn.model.experts import balance, expert_counts
from nlogn.model.heads import Heads
from nlogn.model.transformer import Transformer
from nlogn.train.data import Batch, Packed
from nlogn.train.losses import TERMS, Weights, gradient_norms, terms, total
from nlogn.train.optimizer import Optimizer, Rates, learning_rate

LATEST = "latest"


@dataclass(frozen=True)
class Run:
    """How to train. `rows` and `length`: sequences per step over all ranks, and their tokens;
    `accumulate`: in how many parts each rank goes through its rows. `supervise`: for which first
    share of the steps the paradigm labels pull the groups. `shares`: see `losses`; with
    `adapt_every=0` they are the weights themselves."""

    steps: int
    rows: int
    length: int
    accumulate: int = 1
    rates: Rates = field(default_factory=Rates)
    warmup: int = 20
    decay: float = 0.4
    clip: float = 1.0
    seed: int = 0
    precision: str = "float32"
    supervise: float = 1.0
    balance_rate: float = 1e-3
    shares: dict[str, float] = field(default_factory=lambda: {"paradigm": 0.1, "router": 1e-3})
    adapt_every: int = 50
    save_every: int = 200

    def __post_init__(self) -> None:
        unknown = set(self.shares) - set(TERMS)
        if unknown:
            raise ValueError(f"shares: no such loss term: {sorted(unknown)}")
        if self.rows % self.accumulate:
            raise ValueError("rows is no multiple of accumulate")


@dataclass(frozen=True)
class Progress:
    """One finished step: losses in nats (means over all ranks), rates, weights of the terms."""

    step: int
    losses: dict[str, float]
    weights: dict[str, float]
    lr: float
    gradient_norm: float
    tokens_per_second: float


def world() -> tuple[int, int]:
    """(this rank, number of ranks)."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def mean_over_ranks(x: Tensor) -> Tensor:
    if world()[1] > 1:
        dist.all_reduce(x)
        x /= world()[1]
    return x


def shard(model: Transformer, precision: str = "float32") -> None:
    """FSDP2: each layer by itself, then the rest; float32 masters, compute in `precision`."""
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    compute = getattr(torch, precision)
    policy = MixedPrecisionPolicy(
        param_dtype=None if compute == torch.float32 else compute, reduce_dtype=torch.float32
    )
    for layer in dict.fromkeys(model.model.layers):
        fully_shard(layer, mp_policy=policy)
    fully_shard(model, mp_policy=policy)


def train(
    model: Transformer,
    data: Packed,
    run: Run,
    folder: str | Path,
    heads: Heads | None = None,
    on_step: Callable[[Progress], None] = lambda progress: None,
    stop_after: int | None = None,
) -> None:
    """Train `model` in place, from the folder's latest checkpoint if there is one.

    Writes `metrics.jsonl` and checkpoints to `folder`; `on_step` sees each step on every rank.
    `stop_after` ends this call early, without a checkpoint, as a kill would.

    Raises:
        ValueError: rows cannot be divided over ranks and parts, or the folder is another run's.
    """
    folder = Path(folder)
    rank, ranks = world()
    if run.rows % (ranks * run.accumulate):
        raise ValueError(f"rows={run.rows} over {ranks} ranks x {run.accumulate} parts")
    folder.mkdir(parents=True, exist_ok=True)
    _same_run(folder, run, rank)
    named = [*model.named_parameters()]
    if heads is not None:
        named += [(f"heads.{n}", p) for n, p in heads.named_parameters()]
    optimizer = Optimizer(named, run.rates)
    weights = Weights(run.shares)
    scaler = torch.amp.GradScaler(enabled=run.precision == "float16")
    start = _resume(folder, model, heads, optimizer, weights, scaler)
    model.train()
    for step in range(start, min(run.steps, stop_after or run.steps)):
        began = time.perf_counter()
        lr = learning_rate(step, run.steps, run.rates.lr, run.warmup, run.decay)
        for group in optimizer.param_groups:
            group["lr"] = lr
        losses, norm = _one_step(model, heads, data, run, step, optimizer, weights, scaler)
        seconds = time.perf_counter() - began
        progress = Progress(step, losses, dict(weights.current), lr, norm,
                            run.rows * run.length / seconds)  # fmt: skip
        if rank == 0:
            with (folder / "metrics.jsonl").open("a") as file:
                file.write(json.dumps(asdict(progress)) + "\n")
        on_step(progress)
        if (step + 1) % run.save_every == 0 or step + 1 == run.steps:
            _save(folder, step + 1, model, heads, optimizer, weights, scaler)


def _one_step(
    model: Transformer, heads: Heads | None, data: Packed, run: Run, step: int,
    optimizer: Optimizer, weights: Weights, scaler: torch.amp.GradScaler,
) -> tuple[dict[str, float], float]:  # fmt: skip
    rank, ranks = world()
    device = next(model.parameters()).device
    rows = run.rows // ranks
    first = step * run.rows + rank * rows
    batch = data.batch(first, rows, run.length, run.seed)
    shares = dict(run.shares)
    if step >= run.supervise * run.steps:
        shares.pop("paradigm", None)
    sums: dict[str, Tensor] = {}
    counts: Tensor | None = None
    part_rows = rows // run.accumulate
    for part in range(run.accumulate):
        piece = _rows(batch, part * part_rows, part_rows, device)
        adapting = part == 0 and run.adapt_every and step % run.adapt_every == 0
        probe: list[Tensor] = []
        hook = model.model.embed_tokens.register_forward_hook(lambda *a: probe.append(a[2])) \
            if adapting else None  # noqa: B023 # fmt: skip
        with torch.autocast(device.type, getattr(torch, run.precision),
                            enabled=run.precision != "float32"):  # fmt: skip
            out = model(piece.tokens[:, :-1], classes=piece.labels.get("classes"),
                        targets=piece.tokens[:, 1:])  # fmt: skip
            losses = terms(model, heads, piece, out, shares)
        if hook is not None:
            hook.remove()
            weights.adapt(gradient_norms(losses, probe[0], mean_over_ranks))
        scaler.scale(total(losses, weights) / run.accumulate).backward()
        for name, loss in losses.items():
            sums[name] = sums.get(name, torch.zeros((), device=device)) + loss.detach()
        if out.routings and model.config.experts is not None:
            chosen = expert_counts(out.routings, model.config.experts.routed)
            counts = chosen if counts is None else counts + chosen
    scaler.unscale_(optimizer)
    if heads is not None and ranks > 1:
        for parameter in heads.parameters():
            if parameter.grad is not None:
                mean_over_ranks(parameter.grad)
    norm = _clip(list(model.parameters()), run.clip)
    if heads is not None:
        _clip(list(heads.parameters()), run.clip)
    if counts is not None:
        if ranks > 1:
            dist.all_reduce(counts)
        balance(model.gates(), counts, run.balance_rate,
                within_groups=bool(run.shares.get("paradigm")))  # fmt: skip
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)
    averaged = mean_over_ranks(torch.stack(list(sums.values())) / run.accumulate)
    return dict(zip(sums, averaged.tolist(), strict=True)), norm


def _rows(batch: Batch, start: int, count: int, device: torch.device) -> Batch:
    chosen = slice(start, start + count)
    labels = {name: label[chosen].to(device) for name, label in batch.labels.items()}
    return Batch(batch.tokens[chosen].to(device), labels)


def _clip(parameters: list[nn.Parameter], limit: float) -> float:
    norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
    return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)


# --- checkpoints of a run -----------------------------------------------------------------------


def _same_run(folder: Path, run: Run, rank: int) -> None:
    """The folder's first run is written down; another may only go on with the same settings."""
    path = folder / "run.json"
    mine = json.loads(json.dumps(asdict(run)))
    if path.exists():
        theirs = json.loads(path.read_text())
        changed = sorted(k for k in mine if mine[k] != theirs.get(k) and k != "save_every")
        if changed:
            raise ValueError(f"{folder} holds a run with other settings: {', '.join(changed)}")
    elif rank == 0:
        path.write_text(json.dumps(mine, indent=2) + "\n")


def _state(model: Transformer, heads: Heads | None, optimizer: Optimizer) -> dict[str, Any]:
    state: dict[str, Any] = {"model": model.state_dict(), "optimizer": optimizer.tensors()}
    if heads is not None:
        state["heads"] = heads.state_dict()
    return state


def _save(folder: Path, step: int, model: Transformer, heads: Heads | None, optimizer: Optimizer,
          weights: Weights, scaler: torch.amp.GradScaler) -> None:  # fmt: skip
    """Write beside, flush, then point `latest` at it: a kill at any moment leaves a whole one."""
    rank, ranks = world()
    target = folder / f"step-{step:08}"
    if rank == 0 and target.exists():
        shutil.rmtree(target)
    if ranks > 1:
        dist.barrier()
    save_state(_state(model, heads, optimizer), checkpoint_id=target, no_dist=ranks == 1)
    if rank == 0:
        rest = {"step": step, "weights": weights.current, "scaler": scaler.state_dict()}
        (target / "rest.json").write_text(json.dumps(rest))
        fresh = folder / f"{LATEST}.new"
        fresh.write_text(target.name)
        with fresh.open() as file:
            os.fsync(file.fileno())
        fresh.replace(folder / LATEST)
        for old in sorted(folder.glob("step-*"))[:-2]:
            shutil.rmtree(old)
    if ranks > 1:
        dist.barrier()


def _resume(folder: Path, model: Transformer, heads: Heads | None, optimizer: Optimizer,
            weights: Weights, scaler: torch.amp.GradScaler) -> int:  # fmt: skip
    """The step to go on from."""
    pointer = folder / LATEST
    if not pointer.exists():
        return 0
    target = folder / pointer.read_text()
    state = _state(model, heads, optimizer)
    load_state(state, checkpoint_id=target, no_dist=world()[1] == 1)
    model.load_state_dict(state["model"])
    if heads is not None:
        heads.load_state_dict(state["heads"])
    rest = json.loads((target / "rest.json").read_text())
    weights.current = rest["weights"]
    scaler.load_state_dict(rest["scaler"])
    return int(rest["step"])
