# mypy: disable-error-code="no-any-return"
"""One run of training and its folder: everything beside the loop itself.

    runs/nano/  settings.json  run.json  metrics.jsonl  validation.jsonl  curves.png  tensorboard/
                step-00000200/  latest  checkpoint/

`checkpoint/` is the network as other programs read it, written when the run ends. The same call on
the same folder goes on where it was.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.distributed as dist

from nlogn.complexity.bigo import CLASSES
from nlogn.corpus.specials import END, TURN_END
from nlogn.corpus.tokenizer import TOKENIZER_FILES, load_tokenizer, token_bytes
from nlogn.model.checkpoint import SIDE_CAR, load, read_config, save
from nlogn.model.config import (
    PARADIGMS,
    PRESETS,
    BadConfig,
    ModelConfig,
    from_json,
    preset,
    to_json,
)
from nlogn.model.describe import CARD
from nlogn.model.heads import Heads, HeadsConfig, load_heads, save_heads
from nlogn.model.transformer import Transformer
from nlogn.train import curves
from nlogn.train.answers import Prepared, annotated_examples, examples_of, prepare
from nlogn.train.corpus import Corpus, has_label, measured, read_corpus
from nlogn.train.data import SPENT, Packed
from nlogn.train.evaluate import bits_per_byte
from nlogn.train.pretrain import Progress, Run, shard, train
from nlogn.train.state import DAMAGED, TrainError, alone, read_json, world, write_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VALIDATION_WINDOWS = 64
EACH = 24  # annotated programs of a problem
VARIANTS = 12  # ways to ask a problem
_CLASSES = tuple(map(str, CLASSES))
PARADIGM_SHARE = 0.1  # in fine-tuning: at the 0.03 of pretraining 67 % of tokens reach their group
HEAD_SHARES = {"time": 0.2, "memory": 0.2, "leak": 0.2}


@dataclass(frozen=True)
class Network:
    """What is trained: a fresh network of this config, or the checkpoint folder `start`."""

    config: ModelConfig
    heads: HeadsConfig | None
    start: str = ""
    seed: int = 0


@dataclass(frozen=True)
class Ended:
    """How a call ended: `finished`, or stopped after `step` steps with all of it saved."""

    finished: bool
    step: int
    checkpoint: Path
    bits: float | None


def named_config(name: str) -> ModelConfig:
    """A preset's config, or that of a JSON file (as `to_json` writes it).

    Raises:
        BadConfig: there is no such preset or file, or it is no config.
    """
    if name in PRESETS:
        return preset(name)
    path = Path(name)
    if not path.is_file():
        raise BadConfig(f"no preset {name!r}: one of {', '.join(PRESETS)}, or a JSON file")
    try:
        return from_json(json.loads(path.read_text()))
    except BadConfig:
        raise
    except (ValueError, RecursionError) as error:
        raise BadConfig(f"{path} is not JSON: {error}") from None


def fitted(config: ModelConfig, tokenizer: "Tokenizer") -> ModelConfig:
    """The config with this vocabulary, a multiple of 64 rows, and its end token."""
    rows = -(-tokenizer.get_vocab_size() // 64) * 64
    end = tokenizer.token_to_id(END)
    if rows == config.vocab_size and config.eos == end:
        return config
    return replace(config, vocab_size=rows, eos=end, pad=end, bos=None)


def pretrain(
    folder: Path, corpus_folder: Path, config: ModelConfig, run: Run, *, start: str = "",
    threads: int | None = None, on_step: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Ended:  # fmt: skip
    """Train a network of this config, or go on from checkpoint folder `start`, on a corpus.

    Where the corpus has labels of time and memory, heads are trained with it. Bits per byte are
    those of its files, not of renderings of problems. Under `torchrun` the network is sharded over
    the processes on CUDA, and whole in each of them elsewhere.

    Raises:
        TrainError: no such corpus, or `start` has other tokens or classes than it; the folder holds
            another run or cannot be written.
    """
    corpus = read_corpus(corpus_folder)
    tokenizer = corpus.load_tokenizer()
    heads = None
    shares = dict(run.shares)
    labelled = [name for name in HEAD_SHARES if has_label(corpus.train, name)]
    if start:
        _agree(Path(start), corpus, tokenizer, bool(labelled))
    if labelled:
        heads = HeadsConfig(config.hidden_size, corpus.classes, corpus.classes)
        shares |= {name: HEAD_SHARES[name] for name in labelled if name not in shares}
    if config.experts is None:
        shares = {name: share for name, share in shares.items() if name not in
                  ("paradigm", "router")}  # fmt: skip
    if corpus.train.windows(run.length) < 1:
        raise TrainError(f"{corpus_folder} has no {run.length} tokens in a row: lower --length")
    network = Network(fitted(config, tokenizer), heads, start, run.seed)
    return execute(
        folder, network, corpus.train, replace(run, shares=shares), tokenizer=corpus.tokenizer,
        validation=measured(corpus), byte_lengths=corpus.token_bytes(), threads=threads,
        about={"corpus": str(corpus_folder.resolve()), "digest": corpus.digest},
        on_step=on_step, stop=stop,
    )  # fmt: skip


def _agree(start: Path, corpus: Corpus, tokenizer: "Tokenizer", labelled: bool) -> None:
    """Whether numbers of tokens, and of classes where there are labels, mean to the checkpoint what
    they mean in the corpus.

    Raises:
        TrainError: they do not.
    """
    own = start / "tokenizer.json"
    if own.exists() and load_tokenizer(start).get_vocab() != tokenizer.get_vocab():
        raise TrainError(
            f"{own} is not the tokenizer of {corpus.folder}: build the corpus with --tokenizer"
            f" {start}"
        )
    heads = load_heads(start) if labelled else None
    if heads is not None and {heads.config.time, heads.config.memory} != {corpus.classes}:
        raise TrainError(
            f"the heads of {start} name other classes than {corpus.folder}: move"
            f" {start / SIDE_CAR} away to begin new ones"
        )


def finetune(
    folder: Path, on: str, start: Path, run: Run, *, annotated: Sequence[Path] = (),
    each: int = EACH, variants: int = VARIANTS, epochs: float | None = None,
    replay: Path | None = None, threads: int | None = None,
    on_step: Callable[[Progress], None] = lambda progress: None,
    on_begin: Callable[[Prepared, int, tuple[str, ...]], None] = lambda *found: None,
    stop: Callable[[], bool] = lambda: False,
) -> Ended:  # fmt: skip
    """Teach checkpoint folder `start` the answers of `bank`, `mbpp` or a file, the loss on the
    answers alone, and its heads the labels that there are.

    Args:
        annotated: tables of `nlogn bank annotate`, of which `each` programs of a problem join in.
        variants: in how many ways each problem is asked.
        epochs: sets the steps instead of `run`.
        replay: a corpus whose files are the share `run.replay` of what is read, and are learnt
            whole: without them the network forgets what it knew before.
        on_begin: told what was found, the number of steps, and which heads are trained.

    Raises:
        TrainError: no such checkpoint or table, nothing to learn; as `pretrain`.
        BadCheckpoint: `start` cannot be read.
    """
    config = read_config(start)
    if not (start / "tokenizer.json").exists():
        raise TrainError(f"{start} has no tokenizer.json: is it a folder that training left?")
    tokenizer = load_tokenizer(start)
    if tokenizer.token_to_id(TURN_END) is None:
        raise TrainError(f"{start / 'tokenizer.json'} has no {TURN_END}: its turns have no end")
    examples = examples_of(on, variants, run.seed)
    if annotated:
        examples += annotated_examples(annotated, each, run.seed)
    prepared = prepare(examples, tokenizer, run.length, run.seed)
    if epochs is not None:
        windows = prepared.train.windows(run.length) / (1 - (run.replay or 0.0))
        steps = max(1, round(epochs * windows / run.rows))
        run = replace(run, steps=steps, minutes=None, warmup=min(100, max(1, steps // 20)))
    known = load_heads(start)
    trained = _trained(prepared.labels, known)
    heads = HeadsConfig(config.hidden_size, _CLASSES, _CLASSES) if trained and not known else None
    shares = {} if config.experts is None else run.shares
    run = replace(run, shares={name: HEAD_SHARES[name] for name in trained} | shares)
    on_begin(prepared, run.steps or 0, trained)
    unread = {name for name in HEAD_SHARES if name not in trained}
    if known is not None and {known.config.time, known.config.memory} != {_CLASSES}:
        unread.update(SPENT)  # numbers of classes that these heads do not have
    labels = {n: label for n, label in prepared.train.labels.items() if n not in unread}
    about = {"on": on, "annotated": [str(path.resolve()) for path in annotated],
             "variants": variants, "examples": prepared.examples,
             "labels": prepared.labels}  # fmt: skip
    files: tuple[Packed, ...] = ()
    if replay is not None:
        corpus = read_corpus(replay)
        _agree(start, corpus, corpus.load_tokenizer(), labelled=False)
        files = corpus.train.shards
        about |= {"replay": str(replay.resolve()), "digest": corpus.digest}
    data = Packed(prepared.train.tokens, labels, files)
    return execute(
        folder, Network(config, heads, str(start), run.seed), data, run, tokenizer=start,
        validation=prepared.validation, byte_lengths=token_bytes(tokenizer), threads=threads,
        about=about, on_step=on_step, stop=stop,
    )  # fmt: skip


def _trained(labels: dict[str, int], heads: Heads | None) -> tuple[str, ...]:
    """The heads that there are labels for, and whose classes, if there are heads already, are the
    labels'. A leak head that sees no leak would only learn to say no."""
    out = [name for name in ("time", "memory") if labels[name]
           and (heads is None or getattr(heads.config, name) == _CLASSES)]  # fmt: skip
    return tuple(out + (["leak"] if labels["leaking"] else []))


def execute(
    folder: Path, network: Network, data: Packed, run: Run, *, tokenizer: Path,
    validation: Packed | None, byte_lengths: np.ndarray, about: dict[str, Any],
    threads: int | None = None, on_step: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Ended:  # fmt: skip
    """Begin or go on with a run, measuring bits per byte on `validation` at each checkpoint.

    Raises:
        TrainError: as `pretrain`.
    """
    before = _card(network.start)
    rank, device = _join()
    if rank == 0:
        folder.mkdir(parents=True, exist_ok=True)
    settings = _settings(folder, network, about, threads, rank)
    torch.set_num_threads(settings["threads"])
    model, heads = _build(network)
    model.to(device)
    if heads is not None:
        heads.to(device)
    if world()[1] > 1 and device.type == "cuda":
        shard(model, run.precision)  # processes without one share a memory that holds replicas
    step = 0

    def seen(progress: Progress) -> None:
        nonlocal step
        step = progress.step + 1
        if rank == 0:
            on_step(progress)

    def saved(done: int) -> None:
        if validation is not None and validation.windows(run.length):
            bits = bits_per_byte(model, validation, byte_lengths, run.length, rows=4,
                                 windows=VALIDATION_WINDOWS)  # fmt: skip
            kinds = {PARADIGMS[k]: v for k, v in bits.by_paradigm.items()}
            row = {"step": done, "bits_per_byte": bits.total, "by_paradigm": kinds}
            if rank == 0:
                with (folder / curves.VALIDATION).open("a") as file:
                    file.write(json.dumps(row) + "\n")
        if rank == 0:
            curves.plot(folder)

    out = folder / "checkpoint"
    with alone(folder) if rank == 0 else nullcontext():
        finished = train(model, data, run, folder, heads, on_step=seen, stop=stop, on_save=saved)
        bits = curves.last_validation(folder)
        if finished and not (out / CARD).exists():
            _export(out, model, heads, tokenizer, rank)
            if rank == 0:
                _write_card(out, folder, network, run, about, settings, bits, before)
                curves.to_tensorboard(folder)
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
    steps = curves.read_metrics(folder)
    return Ended(finished, step or (steps[-1]["step"] + 1 if steps else 0), out, bits)


def _join() -> tuple[int, torch.device]:
    """Under torchrun: join the others. (this rank, where it computes)."""
    cuda = torch.cuda.is_available()
    if "RANK" in os.environ and not dist.is_initialized():
        dist.init_process_group("nccl" if cuda else "gloo")
    if not cuda:
        return world()[0], torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    torch.cuda.set_device(device)
    return world()[0], device


def _build(network: Network) -> tuple[Transformer, Heads | None]:
    torch.manual_seed(network.seed)
    if network.start:
        model = load(network.start)
        if model.config.vocab_size != network.config.vocab_size:
            raise TrainError(
                f"{network.start} has {model.config.vocab_size} tokens, the corpus"
                f" {network.config.vocab_size}: build the corpus with --tokenizer {network.start}"
            )
        heads = load_heads(network.start)
        if heads is None and network.heads is not None:
            heads = Heads(network.heads)
        return model.train(), heads
    return Transformer(network.config, network.seed), Heads(
        network.heads
    ) if network.heads else None


def _settings(folder: Path, network: Network, about: dict[str, Any], threads: int | None,
              rank: int) -> dict[str, Any]:  # fmt: skip
    """What the folder's run is bound to, written once; threads are measured once, since another
    number would change the last bits."""
    path = folder / "settings.json"
    mine = json.loads(json.dumps({
        "config": to_json(network.config), "start": network.start,
        "heads": asdict(network.heads) if network.heads else None, **about,
    }))  # fmt: skip
    if path.exists():
        theirs = read_json(path)
        try:  # written before there were fields that are as usual
            theirs["config"] = json.loads(json.dumps(to_json(from_json(theirs["config"]))))
        except (KeyError, BadConfig):
            raise TrainError(DAMAGED.format(path)) from None
        changed = sorted(k for k in mine if mine[k] != theirs.get(k))
        if changed:
            raise TrainError(
                f"{folder} holds a run with another {', '.join(changed)}: give this one another"
                " --name, or delete that folder"
            )
        return theirs | ({"threads": threads} if threads else {})
    settings = mine | {"threads": threads or best_threads()}
    if rank == 0:
        write_json(path, settings)
    return settings


def best_threads() -> int:
    """The number of threads with which matrix products are fastest here and now: on a busy machine
    more can be many times slower."""
    a = torch.randn(512, 512)
    most = os.cpu_count() or 1
    rates: dict[int, float] = {}
    for count in sorted({1, *(2**i for i in range(1, 8) if 2**i <= most), most}):
        torch.set_num_threads(count)
        times = []
        for _ in range(12):
            began = time.perf_counter()
            torch.mm(a, a)
            times.append(time.perf_counter() - began)
        rates[count] = 1 / sorted(times)[len(times) // 2]
    best = max(rates.values())
    return min(count for count, rate in rates.items() if rate > 0.9 * best)


def kept_precision(folder: Path) -> str | None:
    """What the run in this folder was begun with."""
    path = folder / "run.json"
    return read_json(path).get("precision") if path.exists() else None


def best_precision() -> str:
    """bfloat16 on CUDA, and where this processor multiplies it much faster (AMX); else float32."""
    if torch.cuda.is_available():
        return "bfloat16"
    best: dict[str, float] = {}
    for name in ("float32", "bfloat16"):
        a = torch.randn(512, 512, dtype=getattr(torch, name))
        torch.mm(a, a)
        times = []
        for _ in range(10):
            began = time.process_time()
            torch.mm(a, a)
            times.append(time.process_time() - began)
        best[name] = min(times)
    return "bfloat16" if best["bfloat16"] < best["float32"] / 3 else "float32"


def _export(out: Path, model: Transformer, heads: Heads | None, tokenizer: Path, rank: int) -> None:
    """The network as other programs read it; moved into place when it is whole."""
    fresh = out.with_name(out.name + ".new")
    if rank == 0:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
    save(model, fresh)
    if rank:
        return
    if heads is not None:
        save_heads(heads, fresh)
    for name in TOKENIZER_FILES:
        if (tokenizer / name).exists():
            shutil.copy(tokenizer / name, fresh / name)
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)


def _write_card(out: Path, folder: Path, network: Network, run: Run, about: dict[str, Any],
                settings: dict[str, Any], bits: float | None, before: Any) -> None:  # fmt: skip
    """`training.json`: where the network comes from. It travels, so it names no folder of this
    machine; `before` is the card of the checkpoint that training began with."""
    from nlogn import __version__
    from nlogn.model.config import count_parameters

    steps = curves.read_metrics(folder)
    count = count_parameters(network.config)
    write_json(out / CARD, {
        "nlogn": __version__, "torch": torch.__version__, **_named(about),
        "parameters": count.total, "active": count.active, "seed": run.seed,
        "steps": len(steps), "tokens": len(steps) * run.rows * run.length,
        "training_seconds": round(steps[-1]["seconds"]) if steps else 0,
        "threads": settings["threads"], "device": _device_name(),
        "loss": steps[-1]["losses"] if steps else {}, "validation_bits_per_byte": bits,
        "run": asdict(run), "finished": time.strftime("%Y-%m-%d"), "before": before,
    })  # fmt: skip


def _named(about: dict[str, Any]) -> dict[str, Any]:
    """What a run is about, of paths the last name."""

    def name(value: Any) -> Any:
        if isinstance(value, list):
            return [name(one) for one in value]
        return Path(value).name if isinstance(value, str) and "/" in value else value

    return {key: name(value) for key, value in about.items()}


def _card(start: str) -> dict[str, Any] | str | None:
    """That of a checkpoint folder, else the folder's name."""
    path = Path(start) / CARD
    try:
        return json.loads(path.read_text()) if path.exists() else Path(start).name or None
    except ValueError as error:
        raise TrainError(f"{path} is damaged ({error}): delete it, or copy it again") from None


def _device_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
