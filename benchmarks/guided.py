"""What guides do: to programs that people wrote, and to what a network writes within a budget.

    python -m benchmarks.guided [CHECKPOINT] [--problems N] [--samples K] [--seeds 0,1,2]
        [--temperature T] [--max-tokens M] [--minutes M] [--solutions N] [--tokenizer FOLDER]

First every Python solution of the bank (or N of them) is replayed token by token: what a guide
says of tokens that are known to be right, of those that lead to a dearer class than the best known
one, and what it costs. Then the engine runs a "network" that knows the solutions of each problem by
heart, all as likely, and nothing else (any other token is e^-25 times as likely), with the best
known class as its budget and without: a network with few ways to go on, which says what steering
alone can do. Then the checkpoint is asked problems of the bank, in words that it was not trained
on, with no budget, with the best known class as a bound on the classes that an answer begins with,
and with steering too: the share of accepted programs that are in the best known class. Intervals
are bootstrapped over problems (10,000 resamples). Without a checkpoint, the last is left out.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.security import wilson
from nlogn.corpus.specials import TURN_END
from nlogn.corpus.tokenizer import encode, load_tokenizer, save_tokenizer
from nlogn.engine.native import NativeEngine, Options
from nlogn.engine.native.blocks import Blocks
from nlogn.engine.native.budget import REFUSED, BudgetGuide
from nlogn.engine.native.prompting import Framing, render
from nlogn.engine.native.python_output import PythonOutput
from nlogn.engine.native.scheduler import Segment
from nlogn.engine.native.sequence import Guide, Logits
from nlogn.engine.native.text import token_bytes
from nlogn.engine.open import SHIPPED
from nlogn.engine.protocol import Prompt, Sampling, usual_temperature
from nlogn.evals.unseen import reworded, without_answers
from nlogn.judge import Suite, judge_program, suite_for
from nlogn.judge.ranking import class_rank
from nlogn.model.checkpoint import save
from nlogn.model.config import ModelConfig
from nlogn.model.transformer import Transformer
from nlogn.problems import Problem, Solution, bank
from nlogn.sandbox import Program, Sandbox

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CONTEXT = 4096
ARMS = ("no budget", "classes bounded", "classes bounded and steering")


@dataclass(frozen=True)
class Replayed:
    """What a guide said of one program: the dearest objection in nats, how many there were."""

    worst: float
    objections: int


@dataclass(frozen=True)
class Written:
    """One sample of one arm; `best`: accepted in the best known class; `steered` tokens."""

    problem: str
    accepted: bool
    best: bool
    steered: int


def replay(guide: Guide, tokens: Sequence[int], took: list[float]) -> Replayed:
    worst, count = 0.0, 0
    written: list[int] = []
    for token in tokens:
        began = time.process_time()
        found = guide(written, 0, token)
        took.append(1e6 * (time.process_time() - began))
        written.append(token)
        if found is not None:
            worst, count = max(worst, found.nats), count + 1
    return Replayed(worst, count)


def replays(folder: Path, count: int) -> None:
    tokenizer = load_tokenizer(folder)
    vocabulary = token_bytes(tokenizer)
    pairs = [
        (p, s) for p in bank() for s in p.solutions
        if s.language == "python" and s.time and s.memory and p.reference is not None
    ]  # fmt: skip
    if count:
        pairs = pairs[:: -(-len(pairs) // count)]
    rows: dict[str, list[Replayed]] = {}
    took: dict[str, list[float]] = {"budget": [], "python": []}
    for problem, solution in pairs:
        tokens = encode(tokenizer, [solution.code])
        for what, guide in guides(problem, solution, vocabulary):
            kind = "python" if what == "Python" else "budget"
            rows.setdefault(what, []).append(replay(guide, tokens, took[kind]))
    print(f"{len(pairs)} solutions of the bank, token by token.\n")
    print("| guide | programs | a token refused | a token priced or refused |\n|---|---|---|---|")
    for what, found in rows.items():
        refused = sum(r.worst >= REFUSED for r in found)
        told = sum(r.objections > 0 for r in found)
        print(f"| {what} | {len(found)} | {share(refused, len(found))} | "
              f"{share(told, len(found))} |")  # fmt: skip
    print("\n| microseconds per token | mean | p50 | p95 | max |\n|---|---|---|---|---|")
    for kind, times in took.items():
        p50, p95 = np.percentile(times, (50, 95))
        print(f"| {kind} | {np.mean(times):.0f} | {p50:.0f} | {p95:.0f} | {max(times):.0f} |")


def guides(
    problem: Problem, solution: Solution, vocabulary: list[bytes]
) -> Iterator[tuple[str, Guide]]:
    assert problem.reference is not None
    yield "Python", PythonOutput(vocabulary, frozenset())
    yield "its own time class", BudgetGuide(vocabulary, solution.time)
    yield "its own memory class", BudgetGuide(vocabulary, None, solution.memory)
    best = problem.reference.time
    if class_rank(solution.time) > class_rank(best):
        yield "the best known time class, which it is over", BudgetGuide(vocabulary, best)


class Reciting:
    """A runner that gives the solutions of one problem, all as likely, behind a prompt of so many
    tokens, and hardly anything else."""

    name, memory_bytes, threads, width = "by heart", 0, 1, 1

    def __init__(self, known: Sequence[tuple[int, ...]], prompt: int, size: int):
        self.known, self.prompt, self.size = known, prompt, size

    def forward(
        self, segments: Sequence[Segment], blocks: Blocks, hidden: Logits | None = None
    ) -> Logits:
        rows = [
            self.following((*s.sequence.tokens[: s.start], *s.tokens[: len(s.tokens) - last]))
            for s in segments for last in range(s.wanted - 1, -1, -1)
        ]  # fmt: skip
        return np.stack(rows) if rows else np.empty((0, self.size), dtype=np.float32)

    def following(self, tokens: tuple[int, ...]) -> Logits:
        written = tokens[self.prompt :]
        going = [k[len(written)] for k in self.known if k[: len(written)] == written and
                 len(k) > len(written)]  # fmt: skip
        logits: Logits = np.full(self.size, -25.0, dtype=np.float32)
        for token, count in Counter(going).items():
            logits[token] = np.log(count / len(going))
        return logits


def by_heart(folder: Path, count: int, samples: int) -> None:
    tokenizer = load_tokenizer(folder)
    problems = [p for p in bank() if p.reference is not None
                and len({s.time for s in p.solutions if s.language == "python"}) > 1]  # fmt: skip
    if count:
        problems = problems[:: -(-len(problems) // count)]
    written: dict[bool, list[Written]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as home, small_engine(tokenizer, Path(home)) as engine:
        for problem in problems:
            assert problem.reference is not None
            known = {f"```python\n{s.code.rstrip()}\n```": s
                     for s in problem.solutions if s.language == "python" and s.time}  # fmt: skip
            best = class_rank(problem.reference.time)
            for guided, found in written.items():
                prompt = Prompt(without_answers(problem),
                                time_budget=problem.reference.time if guided else "")  # fmt: skip
                recite(engine, prompt, list(known))
                sampling = Sampling(n=samples, temperature=1.0, max_tokens=CONTEXT // 2)
                for made in engine.generate([prompt], sampling)[0]:
                    solution = known.get(made.text.strip())
                    right = solution is not None and class_rank(solution.time) <= best
                    found.append(
                        Written(problem.name, solution is not None, right, len(made.steered))
                    )
    print(f"\n{len(problems)} problems with solutions of several classes, known by heart, "
          f"{samples} samples of each.\n")  # fmt: skip
    print("| | a solution | of these in the best known class | tokens steered per sample |")
    print("|---|---|---|---|")
    for guided, found in written.items():
        row("steering" if guided else "no budget", found)
    gained = difference(written[False], written[True], 0)
    print(f"\nSteering: {gained[0]} points of solutions, {gained[1]} of these in the best class.")


def recite(engine: NativeEngine, prompt: Prompt, answers: Sequence[str]) -> None:
    """Let the engine's network know these answers to a prompt, and nothing else."""
    tokenizer = engine.tokenizer
    asked = len(render(prompt, tokenizer, Framing(), engine.loop.context // 2).tokens)
    end = tokenizer.token_to_id(TURN_END) or min(engine.loop.end)
    known = [(*encode(tokenizer, [text]), end) for text in answers]
    engine.loop.runner = Reciting(known, asked, len(engine.loop.vocabulary))


def small_engine(tokenizer: "Tokenizer", folder: Path) -> NativeEngine:
    config = ModelConfig(vocab_size=tokenizer.get_vocab_size(), hidden_size=32, layers=1, heads=2,
                         kv_heads=1, head_dim=16, dense_width=32, context=CONTEXT)  # fmt: skip
    save(Transformer(config, seed=0), folder)
    save_tokenizer(tokenizer, folder, CONTEXT)
    return NativeEngine(folder, Options(slots=8, kernels=False, threads=1))


def share(k: int, n: int) -> str:
    return f"{k} ({k / n:.1%}) [{wilson(k, n)}]" if n else "–"


def ask(options: argparse.Namespace) -> None:
    seeds = [int(seed) for seed in options.seeds.split(",")]
    problems = reworded(bank(), options.problems, seeds[0])
    end = time.monotonic() + 60 * options.minutes
    written: dict[str, list[Written]] = {arm: [] for arm in ARMS}
    steering = NativeEngine(options.checkpoint)
    plain = NativeEngine(options.checkpoint, Options(steer=False))
    done = 0
    if options.temperature is None:
        options.temperature = usual_temperature(steering)
    with Sandbox(workers=1) as sandbox, steering, plain:
        for problem in problems:
            if time.monotonic() > end:
                break
            judge = Judge(problem, sandbox, seeds[0])
            for arm in ARMS:
                engine = steering if arm == ARMS[2] else plain
                written[arm] += sampled(engine, arm, problem, judge, seeds, options)
            done += 1
            told = ", ".join(f"{sum(w.accepted for w in written[a])} accepted" for a in ARMS)
            print(f"{done} of {len(problems)}: {problem.name}: {told}", file=sys.stderr, flush=True)
    print(
        f"\n{options.checkpoint}: {done} problems in unseen words, {options.samples} samples for "
        f"each of the seeds {options.seeds}, temperature {options.temperature:g}, at most "
        f"{options.max_tokens} tokens.\n"
    )
    print("| | accepted | of these in the best known class | tokens steered per sample |")
    print("|---|---|---|---|")
    for arm, found in written.items():
        row(arm, found)
    print("\n| against no budget | accepted, points | in the best class, points |\n|---|---|---|")
    for arm in ARMS[1:]:
        gained = difference(written[ARMS[0]], written[arm], seeds[0])
        print(f"| {arm} | {gained[0]} | {gained[1]} |")


def row(what: str, found: list[Written]) -> None:
    accepted, best = sum(w.accepted for w in found), sum(w.best for w in found)
    steered = sum(w.steered for w in found) / max(len(found), 1)
    print(f"| {what} | {share(accepted, len(found))} | {share(best, accepted)} | {steered:.2f} |")


def sampled(
    engine: NativeEngine, arm: str, problem: Problem, judge: "Judge", seeds: list[int],
    options: argparse.Namespace,
) -> Iterator[Written]:  # fmt: skip
    assert problem.reference is not None
    budget = "" if arm == ARMS[0] else problem.reference.time
    prompt = Prompt(without_answers(problem), time_budget=budget)
    for seed in seeds:
        sampling = Sampling(
            n=options.samples, temperature=options.temperature, max_tokens=options.max_tokens,
            seed=1000 * seed, timeout_s=600,
        )  # fmt: skip
        for made in engine.generate([prompt], sampling)[0]:
            found = judge(made.code)
            if found is not None:
                yield replace(found, steered=len(made.steered))


class Judge:
    """Whether a program is right, and in the best known class, None where the judge itself failed;
    each text is judged once."""

    def __init__(self, problem: Problem, sandbox: Sandbox, seed: int):
        assert problem.signature is not None and problem.reference is not None
        self.problem, self.sandbox, self.seed = problem, sandbox, seed
        self.entry = problem.signature.entry
        reference = Program(problem.reference.code, self.entry)
        self.suite: Suite = suite_for(reference, sandbox, problem=problem, seed=seed)
        self.known: dict[str, Written | None] = {}

    def __call__(self, code: str) -> Written | None:
        if code not in self.known:
            self.known[code] = self._judged(code)
        return self.known[code]

    def _judged(self, code: str) -> Written | None:
        if not code.strip():
            return Written(self.problem.name, False, False, 0)
        verdict = judge_program(Program(code, self.entry), problem=self.problem, suite=self.suite,
                                sandbox=self.sandbox, seed=self.seed)  # fmt: skip
        if verdict.status == "system_error":
            print(f"{self.problem.name}: {verdict.message}: not counted", file=sys.stderr)
            return None
        assert self.problem.reference is not None
        best = class_rank(verdict.time.big_o) <= class_rank(self.problem.reference.time)
        return Written(self.problem.name, verdict.accepted, verdict.accepted and best, 0)


def difference(off: list[Written], on: list[Written], seed: int) -> tuple[str, str]:
    """Points gained in the share accepted, and in the share of those in the best class, each with
    its 95 % interval over problems."""
    names = sorted({w.problem for w in off})
    counts = np.array([
        [[sum(w.problem == name for w in arm), sum(w.problem == name and w.accepted for w in arm),
          sum(w.problem == name and w.best for w in arm)] for name in names]
        for arm in (off, on)
    ], dtype=float)  # (2, problems, 3)  # fmt: skip
    if not names:
        return "–", "–"
    drawn = np.random.default_rng(seed).integers(len(names), size=(10_000, len(names)))
    sums = counts[:, drawn].sum(2)  # (2, resamples, 3)
    out = []
    for above, below in ((1, 0), (2, 1)):
        whole = counts.sum(1)
        if not (whole[:, below] > 0).all():
            out.append("nothing to compare")
            continue
        gained = 100 * (whole[1, above] / whole[1, below] - whole[0, above] / whole[0, below])
        held = (sums[..., below] > 0).all(0)
        shares = sums[:, held, above] / sums[:, held, below]
        low, high = np.percentile(100 * (shares[1] - shares[0]), (2.5, 97.5))
        out.append(f"{gained:+.1f} [{low:+.1f} to {high:+.1f}]")
    return out[0], out[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", type=Path)
    parser.add_argument("--problems", type=int, default=60)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--temperature", type=float, help="default: as the checkpoint says")
    parser.add_argument("--max-tokens", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--solutions", type=int, default=0, help="0: all, -1: none")
    parser.add_argument("--tokenizer", type=Path, default=SHIPPED)
    options = parser.parse_args()
    print("## Guided decoding\n")
    if options.solutions >= 0:
        replays(options.checkpoint or options.tokenizer, options.solutions)
        by_heart(options.checkpoint or options.tokenizer, -(-options.solutions // 3),
                 options.samples)  # fmt: skip
    if options.checkpoint is not None:
        ask(options)
    else:
        print("\nNo checkpoint was given, so no network was asked.")


if __name__ == "__main__":
    main()
