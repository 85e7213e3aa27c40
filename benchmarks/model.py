"""A checkpoint on what it has not seen: the rows of docs/model-card.md.

Every measure is a function of `nlogn.evals` over the folder and a seed; beside each stands what it
has to beat. Rows that need what is not there (a dense twin, the corpus) say so.

`python -m benchmarks.model [--checkpoint runs/nano/checkpoint] [--corpus runs/nano-corpus]
    [--dense runs/nano-dense/checkpoint] [--annotated TABLE ...] [--seed 0] [--documents 60]
    [--problems 40] [--only ...]`
"""

import argparse
import functools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from nlogn.corpus.annotated import Labelled, read_annotated
from nlogn.corpus.paradigm import load_classifier
from nlogn.corpus.tokenizer import encode
from nlogn.evals import language as lm
from nlogn.evals.heads import (
    Read,
    by_path_cost,
    classified,
    declared,
    few,
    leak_lines,
    read_programs,
)
from nlogn.evals.ngram import count
from nlogn.evals.unseen import on_the_same, passed, recall_without, reworded
from nlogn.model.checkpoint import load
from nlogn.model.config import PARADIGMS, count_parameters, size_label
from nlogn.model.describe import CARD, trainings
from nlogn.model.growth_head import load_growth_head
from nlogn.model.heads import load_heads
from nlogn.model.transformer import Transformer
from nlogn.problems import bank
from nlogn.train.corpus import measured, read_corpus
from nlogn.train.forgetting import forget

Row = tuple[str, str, str]  # what, what it has to beat, this checkpoint


class Bench:
    """What the measures share: the network, its tokenizer, held-out documents."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.seed: int = options.seed
        self.model = load(options.checkpoint)
        self.heads = load_heads(options.checkpoint)
        self.growth_head = load_growth_head(options.checkpoint)
        self.dense: Transformer | None = load(options.dense) if options.dense else None
        self.corpus = read_corpus(options.corpus)
        self.tokenizer = self.corpus.load_tokenizer()
        self.documents = lm.held_out(options.corpus, options.documents, self.seed)

    def bits(self) -> Iterator[Row]:
        packed = lm.compressed(self.documents)
        told = ", ".join(f"{name} {value:.3f}" for name, value in packed.items())
        if self.dense is not None:
            told += f", dense twin {lm.bits_per_byte(self.dense, self.documents):.3f}"
        size = sum(len(d.text.encode()) for d in self.documents)
        yield (f"bits per byte, {len(self.documents)} pieces of held-out files ({size:,} bytes)",
               told, f"{lm.bits_per_byte(self.model, self.documents):.3f}")  # fmt: skip

    def groups(self) -> Iterator[Row]:
        experts = self.model.config.experts
        chance = f"chance {1 / experts.groups:.0%}" if experts else "dense: no groups"
        solutions = []
        for program in declared(bank()):
            tokens = encode(self.tokenizer, [program.code])
            kinds = (PARADIGMS.index(program.paradigm),) * len(tokens)
            solutions.append(lm.Document(program.code, tuple(tokens), kinds))
        sets = {"files, labelled by the classifier": self.documents,
                "solutions of held-out problems, as declared": solutions}  # fmt: skip
        labeller = self.options.corpus / "work" / "paradigms.npz"
        for what, documents in sets.items():
            base = chance
            if documents is self.documents and labeller.exists():
                again = lm.labelled_again(load_classifier(labeller), documents)
                base += f", the classifier on the same pieces {by_paradigm(again)}"
            yield (f"tokens routed to their paradigm's own group: {what}", base,
                   by_paradigm(lm.own_group(self.model, documents)))  # fmt: skip

    def forgetting(self) -> Iterator[Row]:
        held_out = measured(self.corpus)
        assert held_out is not None
        steps, lr = self.options.forget_steps, self.options.forget_lr
        lengths = self.corpus.token_bytes()
        ways: list[tuple[str, Transformer, bool]] = [("all weights", self.model, False)]
        if self.model.config.experts is not None:
            ways.append(("its own group alone", self.model, True))
        if self.dense is not None:
            ways.append(("the dense twin", self.dense, False))
        told = {}
        for name, model, own in ways:
            found = [
                forget(model, self.corpus.train, held_out, lengths, kind,
                       steps=steps, rows=8, length=512, lr=lr, seed=self.seed, own_group=own,
                       windows=48)
                for kind in range(len(PARADIGMS))
            ]  # fmt: skip
            rise = np.mean([f.rise for f in found])
            gain = np.mean([f.gain for f in found])
            told[name] = f"{rise:+.4f} for a gain of {gain:.4f}"
        dense = told.pop("the dense twin", "no --dense checkpoint given")
        mine = "; ".join(f"{name} {value}" for name, value in told.items())
        yield (f"rise of the others' bits per byte after {steps} steps of 8 x 512 tokens on one"
               f" paradigm, rate {lr:g}",
               f"dense twin {dense}", mine)  # fmt: skip

    def lines(self) -> Iterator[Row]:
        places = self.options.places
        tokens = np.asarray(self.corpus.train.tokens[: self.options.ngram_tokens])
        gram = lm.greedily(count(tokens, self.tokenizer.get_vocab_size()).best)
        network = lm.greedy(self.model)

        def line(predict: lm.Predict) -> lm.Completed:
            return lm.next_lines(predict, self.tokenizer, self.documents, places, self.seed)

        def hole(predict: lm.Predict, told: lm.Told) -> lm.Filled:
            return lm.holes(predict, self.tokenizer, self.documents, places, self.seed, told=told)

        base, before, psm, spm = (
            hole(gram, "P"), hole(network, "P"), hole(network, "PSM"), hole(network, "SPM"),
        )  # fmt: skip
        for name, least, found in (
            ("next line", line(gram), line(network)),
            ("hole, told what comes before and its length", base.told_length, before.told_length),
            ("hole (FIM, PSM), told its length", base.told_length, psm.told_length),
            ("hole (FIM, SPM), told its length", base.told_length, spm.told_length),
            ("hole (FIM, SPM), ended as `complete` does", base.fitted, spm.fitted),
        ):
            yield (
                f"{name}, {found.count} places: exact, edit similarity",
                f"{len(tokens):,}-token n-gram {least.exact:.1%}, {least.similarity:.3f}",
                f"{found.exact:.1%}, {found.similarity:.3f}",
            )

    def growth(self) -> Iterator[Row]:
        if self.heads is None:
            yield "Big-O head", "majority", "this checkpoint has no heads"
            return
        sets = [("solutions", "declared", self.read(declared(bank())))]
        if self.options.annotated:
            sets.append(("annotated programs", "measured", self.annotated))
        learn = declared(bank(), kept_out=False)
        for what, how, read in sets:
            for name in ("time", "memory"):
                found = classified(read, name)
                low, high = found.interval
                alone = by_path_cost(read, learn, name).accuracy
                yield (f"{how} class of {name} by the head, {found.count:,} {what} of"
                       f" {found.problems} held-out problems",
                       f"majority {found.majority:.1%}, static path cost alone {alone:.1%}",
                       f"{found.accuracy:.1%} ({low:.0%} to {high:.0%})")  # fmt: skip

    def leaks(self) -> Iterator[Row]:
        if self.heads is None or not self.options.annotated:
            yield ("memory head on leak lines, AUROC", "0.5 by chance",
                   "not measured: needs heads, and --annotated TABLE (nlogn bank annotate"
                   " --leaking)")  # fmt: skip
            return
        try:
            found = leak_lines(self.annotated)
        except ValueError as error:
            yield "memory head on leak lines, AUROC", "0.5 by chance", f"not measured: {error}"
            return
        low, high = found.interval
        yield (f"memory head on {found.leaking:,} leak lines among {found.lines:,} of held-out"
               " problems, AUROC", f"0.5 (majority), {found.by_length:.3f} (length of the line)",
               f"{found.auroc:.3f} ({low:.2f} to {high:.2f})")  # fmt: skip
        yield (f"which of {found.programs:,} programs leak, by their likeliest line, AUROC", "0.5",
               f"{found.by_program:.3f}")  # fmt: skip

    @functools.cached_property
    def annotated(self) -> list[Read]:
        programs = few(read_annotated(*self.options.annotated), self.options.each, self.seed)
        return self.read(programs)

    def read(self, programs: Sequence[Labelled]) -> list[Read]:
        assert self.heads is not None
        return read_programs(self.model, self.heads, self.tokenizer, programs, self.growth_head)

    def problems(self) -> Iterator[Row]:
        from nlogn.engine.open import open_engine
        from nlogn.sandbox import Sandbox

        for never in (False, True):
            asked = reworded(bank(), self.options.problems, self.seed, never)
            recall = recall_without(bank(), asked)
            engine = open_engine(f"native:{self.options.checkpoint}")
            with Sandbox(workers=1) as sandbox:
                base, mine = on_the_same(
                    passed(recall, asked, sandbox, seed=self.seed),
                    passed(engine, asked, sandbox, seed=self.seed),
                )
            what = "problems never seen" if never else "bank problems, unseen phrasing"
            if mine.failed:
                what += f" ({mine.failed} more could not be judged)"
            yield (f"{len(mine.accepted)} {what}: pass@1, pass@8",
                   f"recall {base.at(1):.1%}, {base.at(8):.1%}",
                   f"{mine.at(1):.1%}, {mine.at(8):.1%}")  # fmt: skip


def by_paradigm(shares: dict[int, tuple[float, int]]) -> str:
    if not shares:
        return "none"
    found, counts = zip(*shares.values(), strict=True)
    each = ", ".join(f"{PARADIGMS[kind]} {share:.0%}" for kind, (share, _) in shares.items())
    return (
        f"{np.average(found, weights=counts):.0%} (mean of paradigms {np.mean(found):.0%}: {each})"
    )


MEASURES = ("bits", "groups", "lines", "growth", "leaks", "problems", "forgetting")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", type=Path, default=Path("runs/nano/checkpoint"))
    parser.add_argument("--corpus", type=Path, default=Path("runs/nano-corpus"))
    parser.add_argument("--dense", type=Path)
    parser.add_argument("--annotated", type=Path, action="append", default=[])
    parser.add_argument("--each", type=int, default=24, help="annotated programs of a problem")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--places", type=int, default=200)
    parser.add_argument("--problems", type=int, default=40)
    parser.add_argument("--ngram-tokens", type=int, default=20_000_000)
    parser.add_argument("--forget-steps", type=int, default=40)
    parser.add_argument("--forget-lr", type=float, default=3e-4)
    parser.add_argument("--only", choices=MEASURES, nargs="*", default=MEASURES)
    options = parser.parse_args()
    for needed in (options.checkpoint, options.corpus):
        if not needed.is_dir():
            print(f"{needed} is missing: make it with nlogn corpus nano and nlogn train pretrain",
                  file=sys.stderr)  # fmt: skip
            return 2
    torch.set_num_threads(1)
    bench = Bench(options)
    counted = count_parameters(bench.model.config)
    print("## The checkpoint on what it has not seen\n")
    print(f"{size_label(counted.total)} parameters, {size_label(counted.active)} active, seed"
          f" {options.seed}.")  # fmt: skip
    card = options.checkpoint / CARD
    if card.exists():
        for made in trainings(json.loads(card.read_text())):
            hours, on = made["training_seconds"] / 3600, made.get("on") or made.get("corpus")
            print(f"Trained on {made['tokens']:,} tokens of {on} in {hours:.1f} hours.")
    print("\n| | to beat | this |\n|---|---|---|")
    for name in options.only:
        for row in getattr(bench, name)():
            print(f"| {' | '.join(row)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
