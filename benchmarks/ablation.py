"""What each idea is worth at equal compute: one thing changed at a time, several seeds.

Every arm trains the same small network on the same tokens in the same order for the same number of
steps, on one thread; what an arm costs more per step is told beside. Finished runs are rows of
`results.jsonl` and are not done again; a run that was stopped resumes. Two processes may do
different seeds in one folder.

`python -m benchmarks.ablation --corpus CORPUS [--steps 600] [--seeds 0,1,2] [--minutes 60]`
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from nlogn.corpus.specials import SPECIALS
from nlogn.model.config import Experts, ModelConfig, Positions
from nlogn.model.experts import own_group_share
from nlogn.model.heads import Heads, HeadsConfig
from nlogn.model.transformer import Transformer
from nlogn.train.corpus import Corpus, read_corpus
from nlogn.train.data import Packed
from nlogn.train.evaluate import bits_per_byte
from nlogn.train.optimizer import Rates
from nlogn.train.path_classes import GROUPS, with_classes
from nlogn.train.pretrain import Progress, Run, train

SHAPE = ModelConfig(
    vocab_size=8192, hidden_size=128, layers=4, heads=4, kv_heads=2, head_dim=32, dense_width=384,
    context=512, pattern=("sliding", "sliding", "sliding", "full"), window=64,
    experts=Experts(width=64, shared=2), positions=Positions(rotary_full=False),
)  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """One change to the base."""

    bias: bool = False
    heads: float = 0.05  # their share of the loss, each
    control: bool = True
    muon: bool = True
    supervised: bool = True
    lr: float = 2e-3


ARMS = {
    "base": Arm(),
    "with time bias": Arm(bias=True),
    "without heads": Arm(heads=0),
    "heads at 0.2": Arm(heads=0.2),
    "without control tokens": Arm(control=False),
    "AdamW for all": Arm(muon=False, lr=1e-3),
    "without group supervision": Arm(supervised=False),
}


def cut(data: Packed, tokens: int) -> Packed:
    labels = {name: np.asarray(values[:tokens]) for name, values in data.labels.items()}
    return Packed(np.asarray(data.tokens[:tokens]), labels)


def without(data: Packed, numbers: Sequence[int]) -> Packed:
    """The same documents without these tokens."""
    kept = ~np.isin(data.tokens, numbers)
    return Packed(data.tokens[kept], {name: v[kept] for name, v in data.labels.items()})


def prepare(corpus: Corpus, folder: Path, tokens: int) -> tuple[Packed, Packed, list[int]]:
    """Training and validation tokens with path classes (kept in `folder`), and the numbers of the
    control tokens."""
    tokenizer = corpus.load_tokenizer()
    control = [tokenizer.token_to_id(s) for s in SPECIALS if s.startswith(("<|time:", "<|memory:"))]
    if corpus.validation is None:
        raise SystemExit(f"{corpus.folder} has no validation split")
    made = []
    for name, data in (("train", cut(corpus.train, tokens)),
                       ("validation", cut(corpus.validation, 150_000))):  # fmt: skip
        path = folder / f"classes-{name}-{corpus.digest}-{tokens}.npy"
        if path.exists():
            data = Packed(data.tokens, {**data.labels, "classes": np.load(path)})
        else:
            data = with_classes(data, tokenizer)
            np.save(path, data.labels["classes"])
        made.append(data)
    return made[0], without(made[1], control), control


def one(arm: Arm, seed: int, data: tuple[Packed, Packed, list[int]], corpus: Corpus, steps: int,
        length: int, folder: Path) -> dict[str, float]:  # fmt: skip
    """Train one arm with one seed and measure it."""
    training, validation, control = data
    if not arm.control:
        training = without(training, control)
    vocab = -(-corpus.load_tokenizer().get_vocab_size() // 64) * 64
    config = replace(SHAPE, vocab_size=vocab, time_classes=GROUPS if arm.bias else 0)
    torch.manual_seed(seed)
    model = Transformer(config, seed)
    heads = Heads(HeadsConfig(config.hidden_size, corpus.classes, corpus.classes))
    shares = {"router": 1e-3} | ({"paradigm": 0.1} if arm.supervised else {})
    shares |= {"time": arm.heads, "memory": arm.heads} if arm.heads else {}
    run = Run(
        steps=steps, rows=8, length=length, rates=Rates(lr=arm.lr, muon=arm.muon), seed=seed,
        warmup=max(1, steps // 20), shares=shares,
    )  # fmt: skip
    seconds: list[float] = []
    told = time.process_time()

    def tick(progress: Progress) -> None:
        nonlocal told
        now = time.process_time()
        seconds.append(now - told)
        told = now

    train(model, training, run, folder, heads, on_step=tick)
    model.eval()
    heads.eval()
    bits = bits_per_byte(model, validation, corpus.token_bytes(), length, 4, windows=128)
    batch = validation.batch(0, 32, length, seed=0)
    with torch.inference_mode():
        out = model(batch.tokens[:, :-1], classes=batch.labels["classes"])
        experts = config.experts
        assert experts is not None
        share = own_group_share(out.routings, batch.labels["paradigm"].flatten(), experts).mean()
        known = batch.labels["time"] >= 0
        guessed = heads(out.hidden).time.argmax(-1)
        right = (guessed == batch.labels["time"])[known].float().mean()
    pace = statistics.median(seconds) if seconds else float("nan")
    return {"bits": bits.total, "own_group": float(share), "time_head": float(right),
            "seconds_per_step": pace}  # fmt: skip


def finished(path: Path, key: dict[str, object]) -> list[dict[str, object]]:
    """The runs of these settings whose arms are still what they were."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:  # the line that a kill cut short
            continue
        arm = ARMS.get(row["arm"])
        if arm and row["settings"] == asdict(arm) and all(row.get(k) == v for k, v in key.items()):
            rows.append(row)
    return rows


def table(rows: Sequence[dict[str, object]]) -> str:
    columns = {"bits": "bits per byte", "own_group": "own group", "time_head": "time head",
               "seconds_per_step": "CPU s per step"}  # fmt: skip
    lines = ["| arm | seeds | " + " | ".join(columns.values()) + " | bits less base, by seed |",
             "|---|---|" + "---|" * (len(columns) + 1)]  # fmt: skip
    base = {r["seed"]: r["bits"] for r in rows if r["arm"] == "base"}
    for name in ARMS:
        mine = [r for r in rows if r["arm"] == name]
        if not mine:
            continue
        cells = []
        for key in columns:
            values = [v for r in mine if not math.isnan(v := float(str(r[key])))]
            if not values:  # measured by a run that was cut off after its last step
                cells.append("not measured")
                continue
            spread = f" ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.3f}{spread}")
        less = [float(str(r["bits"])) - float(str(base[r["seed"]]))
                for r in mine if r["seed"] in base]  # fmt: skip
        cells.append(" ".join(f"{d:+.3f}" for d in less))
        lines.append(f"| {name} | {len(mine)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, default=Path("runs/nano-corpus"))
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--tokens", type=int, default=2_000_000, help="of the corpus, to draw from")
    parser.add_argument("--minutes", type=float, help="begin no run after so long")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    corpus = read_corpus(arguments.corpus)
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = arguments.out / "results.jsonl"
    key = {"steps": arguments.steps, "length": arguments.length, "tokens": arguments.tokens,
           "corpus": corpus.digest}  # fmt: skip
    rows = finished(results, key)
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    data = prepare(corpus, arguments.out, arguments.tokens)
    for seed in seeds:
        for name, arm in ARMS.items():
            if any(r["arm"] == name and r["seed"] == seed for r in rows):
                continue
            if arguments.minutes and time.monotonic() - began > 60 * arguments.minutes:
                continue
            settings = "-".join(str(v) for v in key.values())
            folder = arguments.out / f"{name.replace(' ', '-')}-{seed}-{settings}"
            found = one(arm, seed, data, corpus, arguments.steps, arguments.length, folder)
            row = {"arm": name, "seed": seed, **key, **found, "settings": asdict(arm)}
            rows.append(row)
            cut = results.exists() and not results.read_bytes().endswith(b"\n")  # by a kill
            with results.open("a") as file:
                file.write("\n" * cut + json.dumps(row) + "\n")
    print("## Ablation\n")
    print(f"{arguments.steps} steps of 8 x {arguments.length} tokens each, one thread,"
          f" seeds {arguments.seeds}; means, and the range over seeds.\n")  # fmt: skip
    wanted = [row for row in rows if row["seed"] in seeds]
    print(table(sorted(wanted, key=lambda row: int(str(row["seed"])))))


if __name__ == "__main__":
    main()
