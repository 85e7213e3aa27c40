# mypy: disable-error-code="no-any-return,no-untyped-call"
"""The training loop: one script for a laptop, `torchrun` and everything between.

    train(model, packed, Run(steps=1000, rows=16, length=512), "runs/nano")
    train(model, packed, Run(minutes=90, rows=16, length=512), "runs/nano")

Every state that matters (weights, optimiser, balance, loss weights, step) is in the checkpoint, and
a batch is a function of the step: a run that was killed goes on and ends bit for bit where it would
have. Under `torchrun` the rows are divided. A network that `shard` was called on is sharded with
FSDP2; any other is whole in every process, and its gradients are averaged.

A budget in minutes needs no guess of the speed: the learning rate stays flat until its decay has to
begin, and only then the number of steps is fixed, and written down.
"""

import itertools
import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from nlogn.model.experts import balance, expert_counts
from nlogn.model.heads import Heads
from nlogn.model.transformer import Transformer
from nlogn.train.curves import VALIDATION
from nlogn.train.data import Batch, Mix, Packed
from nlogn.train.losses import TERMS, Weights, gradient_norms, terms, total
from nlogn.train.optimizer import Optimizer, Rates, learning_rate
from nlogn.train.state import (
    TrainError,
    fix_steps,
    fixed_steps,
    forget_rows,
    resume,
    same_run,
    save_checkpoint,
    world,
    writing,
)

_OPEN_END = 10**15  # steps, as long as nobody knows how many


@dataclass(frozen=True)
class Run:
    """How to train: for `steps` steps, or for about `minutes` of training.

    `rows` and `length`: sequences per step over all ranks, and their tokens; `accumulate`: in how
    many parts each rank goes through its rows. `supervise`: for which first share of the steps the
    paradigm labels pull the groups. `shares`: see `losses`; with `adapt_every=0` they are the
    weights themselves. `measured`: the share of sequences with code of a measured class, whatever
    the corpus has; `replay`: the share of sequences from the shards after the first, so that what
    they taught is not forgotten. A checkpoint follows every `save_every` steps and `save_minutes`
    minutes.
    """

    steps: int | None = None
    minutes: float | None = None
    rows: int = 16
    length: int = 1024
    accumulate: int = 1
    rates: Rates = field(default_factory=Rates)
    warmup: int = 20
    decay: float = 0.4
    clip: float = 1.0
    seed: int = 0
    precision: str = "float32"
    supervise: float = 1.0
    balance_rate: float = 1e-3
    shares: dict[str, float] = field(default_factory=lambda: {"paradigm": 0.03, "router": 1e-3})
    adapt_every: int = 50
    measured: float | None = None
    replay: float | None = None
    save_every: int = 200
    save_minutes: float = 5.0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ValueError("say either steps or minutes")
        if self.measured is not None and self.replay is not None:
            raise ValueError("say either measured or replay")
        if min(self.rows, self.length, self.accumulate, self.steps or 1) < 1:
            raise ValueError("steps, rows, length and accumulate must be positive")
        if self.minutes is not None and (self.minutes <= 0 or self.supervise < 1):
            raise ValueError("minutes must be positive, and supervise be 1 with them")
        unknown = set(self.shares) - set(TERMS)
        if unknown:
            raise ValueError(f"shares: no such loss term: {sorted(unknown)}")
        if self.rows % self.accumulate:
            raise ValueError("rows is no multiple of accumulate")


@dataclass(frozen=True)
class Progress:
    """One finished step: losses in nats (means over all ranks), rates, weights of the terms.

    `seconds`: training time so far; `steps`: how many there will be, None while that is open.
    """

    step: int
    losses: dict[str, float]
    weights: dict[str, float]
    lr: float
    gradient_norm: float
    tokens_per_second: float
    seconds: float = 0.0
    steps: int | None = None


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
    stop: Callable[[], bool] = lambda: False,
    on_save: Callable[[int], None] = lambda step: None,
) -> bool:
    """Train `model` in place, from the folder's latest checkpoint if there is one.

    Writes `metrics.jsonl` and checkpoints to `folder`; `on_step` sees each step, `on_save` the
    number of steps behind each checkpoint, both on every rank. `stop` is asked after each step and
    ends the call with a checkpoint; `stop_after` ends it without one, as a kill would. Returns
    whether the run is finished.

    Raises:
        TrainError: the folder is another run's or cannot be written; the loss is no number.
        ValueError: rows cannot be divided over ranks and parts.
    """
    folder = Path(folder)
    rank, ranks = world()
    if run.rows % (ranks * run.accumulate):
        raise ValueError(f"rows={run.rows} over {ranks} ranks x {run.accumulate} parts")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        same_run(folder, run, rank)
    named = [*model.named_parameters()]
    if heads is not None:
        named += [(f"heads.{n}", p) for n, p in heads.named_parameters()]
    narrow = run.precision == "bfloat16"
    experts = model.config.experts
    optimizer = Optimizer(named, run.rates, torch.bfloat16 if narrow else torch.float32,
                          experts.together if experts else 1)  # fmt: skip
    weights = Weights(run.shares)
    scaler = torch.amp.GradScaler(enabled=run.precision == "float16")
    start, seconds = resume(folder, model, heads, optimizer, weights, scaler)
    steps = run.steps or fixed_steps(folder)
    mix = _mix(data, run)
    model.train()
    if rank == 0:
        with writing(folder):
            forget_rows(folder / "metrics.jsonl", start)
            forget_rows(folder / VALIDATION, start + 1)  # which counts the steps done
    saved = time.perf_counter()
    for step in itertools.count(start):
        if step >= min(steps or _OPEN_END, stop_after or _OPEN_END):
            break
        began = time.perf_counter()
        lr = learning_rate(step, steps or _OPEN_END, run.rates.lr, run.warmup, run.decay)
        for group in optimizer.param_groups:
            group["lr"] = lr
        supervised = step < run.supervise * (steps or _OPEN_END)
        losses, norm = _one_step(
            model, heads, data, run, mix, step, optimizer, weights, scaler, supervised
        )
        if not math.isfinite(losses["tokens"]):
            raise TrainError(
                f"the loss of step {step} is {losses['tokens']}: begin anew with a lower learning"
                f" rate (this was {run.rates.lr:g}), or from an earlier checkpoint in {folder}"
            )
        took = time.perf_counter() - began
        seconds += took
        if (
            steps is None
            and run.minutes is not None
            and _any_rank(seconds >= (1 - run.decay) * 60 * run.minutes)
        ):
            steps = max(step + 1, round((step + 1) / (1 - run.decay)))
            with writing(folder):
                fix_steps(folder, steps, rank)
        progress = Progress(step, losses, dict(weights.current), lr, norm,
                            run.rows * run.length / took, seconds, steps)  # fmt: skip
        if rank == 0:
            with writing(folder), (folder / "metrics.jsonl").open("a") as file:
                file.write(json.dumps(asdict(progress)) + "\n")
        on_step(progress)
        last = step + 1 == steps
        stopped = _any_rank(stop())
        late = _any_rank(time.perf_counter() - saved > 60 * run.save_minutes)
        if (step + 1) % run.save_every == 0 or late or last or stopped:
            save_checkpoint(folder, step + 1, seconds, model, heads, optimizer, weights, scaler)
            on_save(step + 1)
            model.train()
            saved = time.perf_counter()
        if stopped and not last:
            return False
    return stop_after is None or (steps is not None and stop_after >= steps)


def _mix(data: Packed, run: Run) -> Mix | None:
    if run.measured is not None:
        what, share, mixed = "measured code", run.measured, data.mix
    elif run.replay is not None:
        what, share, mixed = "replay", run.replay, data.replay
    else:
        return None
    try:
        return mixed(run.length, share)
    except ValueError as error:
        raise TrainError(f"a share of {what} ({share:g}): {error}") from None


def _any_rank(flag: bool) -> bool:
    """All ranks decide alike, whatever their clocks say."""
    if world()[1] == 1:
        return flag
    return bool(mean_over_ranks(torch.tensor(float(flag), device=_wire())) > 0)


def _wire() -> str:
    return "cuda" if dist.get_backend() == "nccl" else "cpu"


def _one_step(
    model: Transformer, heads: Heads | None, data: Packed, run: Run, mix: Mix | None, step: int,
    optimizer: Optimizer, weights: Weights, scaler: torch.amp.GradScaler, supervised: bool,
) -> tuple[dict[str, float], float]:  # fmt: skip
    rank, ranks = world()
    device = next(model.parameters()).device
    rows = run.rows // ranks
    first = step * run.rows + rank * rows
    batch = data.batch(first, rows, run.length, run.seed, mix)
    shares = dict(run.shares)
    if not supervised:
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
                        targets=_targets(piece))  # fmt: skip
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
    if ranks > 1:
        _average_gradients([*model.parameters(), *(heads.parameters() if heads else ())])
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


def _average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Of what every rank holds whole, in one message; FSDP2 has averaged its own."""
    whole = [p.grad for p in parameters if p.grad is not None and not isinstance(p.grad, DTensor)]
    if whole:
        together = mean_over_ranks(torch.cat([grad.flatten() for grad in whole]))
        for grad, mean in zip(whole, together.split([g.numel() for g in whole]), strict=True):
            grad.copy_(mean.view_as(grad))


def _targets(batch: Batch) -> Tensor:
    """(B, T): the tokens to predict, -1 for those that are read but not learnt."""
    targets = batch.tokens[:, 1:]
    learnt = batch.labels.get("answer")
    return targets if learnt is None else torch.where(learnt != 0, targets, -1)


def _rows(batch: Batch, start: int, count: int, device: torch.device) -> Batch:
    chosen = slice(start, start + count)
    labels = {name: label[chosen].to(device) for name, label in batch.labels.items()}
    return Batch(batch.tokens[chosen].to(device), labels)


def _clip(parameters: list[nn.Parameter], limit: float) -> float:
    norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
    return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)
