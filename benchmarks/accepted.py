"""How many problems an engine answers: with one sample, with eight of which the judge chooses, and
with eight of which some are asked for again with what was wrong.

    python -m benchmarks.accepted [ENGINE] [--model NAME] [--problems N] [--seeds 0,1,2]
        [--temperature T] [--max-tokens M] [--minutes M]

Asked are N problems of HumanEval+, of MBPP+ and of the bank's that no training text has, drawn with
the first seed. `solve` sees what a user would give: the statement, the signature, the examples and
how answers are compared. What it answers is then judged on the hidden tests, or beside the
reference. "One sample" is the first of the eight. "Any of eight" is what a judge that knew the
hidden tests would choose: no choice can do better. After M minutes no more problems of a set are
begun.
"""

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.data import folder
from benchmarks.recall import share
from nlogn.assistant import solve
from nlogn.engine import Engine, EngineError, open_engine
from nlogn.engine.protocol import Cancel, Completion, Prompt, Sampling, usual_temperature
from nlogn.evals.unseen import reworded, without_answers
from nlogn.judge import judge_program
from nlogn.problems import Problem, bank, load_problems
from nlogn.sandbox import Program, Sandbox

SAMPLES = 8
WAYS = ("one sample", "eight, judged", "eight, with retries", "any of eight")


class Deaf:
    """An engine that is never told what was wrong; keeps what it wrote."""

    def __init__(self, engine: Engine):
        self.engine, self.name = engine, engine.name
        self.written: list[Completion] = []

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, cancel: Cancel | None = None
    ) -> list[list[Completion]]:
        plain = [replace(p, feedback="", attempt="") for p in prompts]
        answers = self.engine.generate(plain, sampling, cancel=cancel)
        self.written += answers[0]
        return answers

    def stream(
        self, prompt: Prompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        return self.engine.stream(prompt, sampling, cancel=cancel)


def shown(problem: Problem) -> Problem:
    """What the one who asks gives."""
    return replace(without_answers(problem), tests=(), generators={})


def scores(
    problem: Problem, engine: Engine, sandbox: Sandbox, seed: int, sampling: Sampling
) -> dict[str, bool]:
    assert problem.signature is not None
    entry = problem.signature.entry
    verdicts: dict[str, bool] = {"": False}

    def right(code: str | None) -> bool:
        key = (code or "").strip()
        if key not in verdicts:
            verdict = judge_program(Program(key, entry), problem=problem, measure=False,
                                    sandbox=sandbox, seed=seed)  # fmt: skip
            verdicts[key] = verdict.accepted
        return verdicts[key]

    how = {"samples": SAMPLES, "seed": seed, "sampling": sampling, "sandbox": sandbox}
    deaf = Deaf(engine)
    judged = solve(shown(problem), deaf, **how)
    retried = solve(shown(problem), engine, **how)
    return {
        "one sample": bool(deaf.written) and right(deaf.written[0].code),
        "eight, judged": right(judged.code),
        "eight, with retries": right(retried.code),
        "any of eight": any(right(c.code) for c in deaf.written),
    }


def published(name: str, count: int, seed: int) -> list[Problem]:
    """Problems with a function, which `solve` can be asked for."""
    known = [p for p in load_problems(folder() / "benchmarks" / f"{name}.jsonl.gz")
             if p.signature is not None]  # fmt: skip
    return random.Random(seed).sample(known, min(count, len(known)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", nargs="?", default="recall")
    parser.add_argument("--model")
    parser.add_argument("--problems", type=int, default=60)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--temperature", type=float, help="default: as the model's makers say")
    parser.add_argument("--max-tokens", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    options = parser.parse_args()
    try:
        engine = open_engine(options.engine, model=options.model)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 2
    seeds = [int(seed) for seed in options.seeds.split(",")]
    sets = {
        "HumanEval+": published("HumanEvalPlus", options.problems, seeds[0]),
        "MBPP+": published("MbppPlus", options.problems, seeds[0]),
        "bank, held out": reworded(bank(), options.problems, seeds[0], unseen=True),
    }
    temperature = options.temperature
    if temperature is None:
        temperature = usual_temperature(engine)
    sampling = Sampling(temperature=temperature, max_tokens=options.max_tokens)
    print("## Problems answered\n")
    print(f"`{options.engine}`, seeds {options.seeds}, temperature {temperature:g}, at most")
    print(
        f"{options.max_tokens} tokens; of all problems and seeds, with 95 % intervals (Wilson).\n"
    )
    print("| | " + " | ".join(WAYS) + " |")
    print("|---|" + "---|" * len(WAYS))
    with Sandbox(workers=1) as sandbox:
        for name, problems in sets.items():
            found: dict[str, list[bool]] = defaultdict(list)
            end = time.monotonic() + 60 * options.minutes
            for problem in problems:
                if time.monotonic() > end:
                    break
                for seed in seeds:
                    for way, held in scores(problem, engine, sandbox, seed, sampling).items():
                        found[way].append(held)
                told = ", ".join(f"{way} {sum(found[way])}" for way in WAYS)
                print(f"{problem.name}: {told}", file=sys.stderr, flush=True)
            cells = [share(found[way], told=True) for way in WAYS]
            print(f"| {name}, {len(found[WAYS[0]]) // len(seeds)} problems | "
                  f"{' | '.join(cells)} |", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
