"""How far recall gets: with a problem held out of the bank, and with only its wording held out.

    python -m benchmarks.recall [--problems N] [--seed S] [--workers K] [--minutes M]

The first says what other problems' solutions are worth for a new one (little, if the bank's
problems differ); the second, what a paraphrase costs. In both, the asked function is named
`solve` and its parameters a, b, c: only the text, the types and the examples can find it. All
that is not held out stays in the index, also of problems that are not asked. N problems are drawn
with the seed (0: all of them, some 45 minutes of one core). After M minutes no more are begun: the
table is of those that were done, the same ones as with N set to their number.
"""

import random
import sys
import time
from dataclasses import replace

from benchmarks.drawn import drawn_problems
from benchmarks.security import wilson
from nlogn.assistant import solve
from nlogn.engine.recall import RecallEngine
from nlogn.judge.pool import map_ordered
from nlogn.judge.ranking import class_rank
from nlogn.problems import Parameter, Problem, Signature
from nlogn.sandbox import Sandbox

SAMPLES = 8
PARADIGMS = ("algorithms", "systems", "web", "data")
WAYS = ("the problem", "one phrasing")


def main() -> None:
    asked_for = drawn_problems(__doc__.splitlines()[0])
    seed, known, problems = asked_for.seed, asked_for.known, asked_for.problems
    found: dict[str, list[tuple[Problem, bool, bool]]] = {way: [] for way in WAYS}

    def both(problem: Problem) -> list[tuple[bool, bool]]:
        if time.monotonic() > asked_for.end:
            return []
        asking = [(asked(problem, problem.statement), without(known, problem))]
        asking.append(reworded(known, problem, seed))
        return [score(*pair, sandbox, seed) for pair in asking]

    with Sandbox(workers=asked_for.workers) as sandbox:
        scores = map_ordered(both, problems, workers=asked_for.workers)
        for done, (problem, pair) in enumerate(zip(problems, scores, strict=True), 1):
            if not pair:
                break
            for way, scored in zip(WAYS, pair, strict=True):
                found[way].append((problem, *scored))
            told = " ".join("yes" if accepted else "no" for accepted, _ in pair)
            print(f"{done} of {len(problems)}: {problem.name}: {told}", file=sys.stderr, flush=True)
    count = len(found[WAYS[0]])
    print("## Recall, with something held out\n")
    print(
        f"{count} of the bank's {len(known)} problems, drawn with seed {seed}, `solve --engine "
        f"recall --samples {SAMPLES}`: the share answered with an accepted program, and with one "
        "of the best known time class; 95 % intervals (Wilson).\n"
    )
    print("| held out | accepted | best class | " + " | ".join(PARADIGMS) + " |")
    print("|---|" + "---|" * (2 + len(PARADIGMS)))
    for way, rows in found.items():
        cells = [share([r[1] for r in rows], told=True), share([r[2] for r in rows], told=True)]
        cells += [share([r[1] for r in rows if r[0].paradigm == name]) for name in PARADIGMS]
        print(f"| {way} | " + " | ".join(cells) + " |")


def score(problem: Problem, engine: RecallEngine, sandbox: Sandbox, seed: int) -> tuple[bool, bool]:
    answer = solve(problem, engine, samples=SAMPLES, seed=seed, sandbox=sandbox, workers=1)
    if answer.verdict is None or answer.code is None:
        return False, False
    assert problem.reference is not None
    return True, class_rank(answer.verdict.time.big_o) <= class_rank(problem.reference.time)


def without(problems: tuple[Problem, ...], problem: Problem) -> RecallEngine:
    return RecallEngine([p for p in problems if p.name != problem.name])


def reworded(
    problems: tuple[Problem, ...], problem: Problem, seed: int
) -> tuple[Problem, RecallEngine]:
    """The problem asked by one of its phrasings, and a bank that lacks this phrasing."""
    chosen = random.Random(f"{seed} {problem.name}").choice(problem.phrasings)
    rest = tuple(p for p in problem.phrasings if p != chosen)
    known = [replace(p, phrasings=rest) if p.name == problem.name else p for p in problems]
    return asked(problem, chosen), RecallEngine(known)


def asked(problem: Problem, statement: str) -> Problem:
    """The problem as somebody asks it who does not know the bank's names."""
    signature = problem.signature
    assert signature is not None
    parameters = tuple(
        Parameter(name, p.annotation)
        for name, p in zip("abcdefgh", signature.parameters, strict=False)
    )
    solutions = tuple(
        replace(s, code=f"{s.code}\n\nsolve = {signature.entry}\n") for s in problem.solutions
    )
    return replace(
        problem,
        title="",
        statement=statement,
        signature=Signature("solve", parameters, signature.returns),
        solutions=solutions,
    )


def share(held: list[bool], *, told: bool = False) -> str:
    if not held:
        return "–"
    interval = f" [{wilson(sum(held), len(held))}]" if told else ""
    return f"{sum(held)}/{len(held)} ({sum(held) / len(held):.0%}){interval}"


if __name__ == "__main__":
    main()
