"""How far recall gets: with a problem held out of the bank, and with only its wording held out.

The first says what other problems' solutions are worth for a new one (little, if the bank's
problems differ); the second, what a paraphrase costs. In both, the asked function is named
`solve` and its parameters a, b, c: only the text and the types can find it.
"""

import random
import sys
from collections.abc import Callable
from dataclasses import replace

from nlogn.assistant import solve
from nlogn.engine.recall import RecallEngine
from nlogn.judge.pool import map_ordered
from nlogn.judge.ranking import class_rank
from nlogn.problems import Parameter, Problem, Signature, bank
from nlogn.sandbox import Sandbox

SAMPLES = 8
PARADIGMS = ("algorithms", "systems", "web", "data")


def main(seed: int = 0) -> None:
    problems = bank()
    ways: dict[str, Callable[[Problem], tuple[Problem, RecallEngine]]] = {
        "the problem": lambda p: (asked(p, p.statement), without(problems, p)),
        "one phrasing": lambda p: reworded(problems, p, seed),
    }
    print("## Recall, with something held out\n")
    print(
        f"{len(problems)} problems of the bank, `solve --engine recall --samples {SAMPLES}`, seed "
        f"{seed}: the share answered with an accepted program, and with one of the best known "
        "time class.\n"
    )
    print("| held out | accepted | best class | " + " | ".join(PARADIGMS) + " |")
    print("|---|" + "---|" * (2 + len(PARADIGMS)))
    for way, make in ways.items():
        with Sandbox(workers=2) as sandbox:
            rows = list(map_ordered(lambda p: score(*make(p), sandbox, seed), problems, workers=2))  # noqa: B023
        cells = [share([r[0] for r in rows]), share([r[1] for r in rows])]
        for paradigm in PARADIGMS:
            here = [r[0] for r, p in zip(rows, problems, strict=True) if p.paradigm == paradigm]
            cells.append(share(here))
        print(f"| {way} | " + " | ".join(cells) + " |")
        wrong = [p.name for r, p in zip(rows, problems, strict=True) if not r[0]]
        print(f"{way}: not answered: {' '.join(wrong)}", file=sys.stderr)


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


def share(held: list[bool]) -> str:
    return f"{sum(held)}/{len(held)} ({sum(held) / len(held):.0%})"


if __name__ == "__main__":
    main()
