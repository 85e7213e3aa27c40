"""The efficiency score of the bank's own solutions: the obvious one, the middle ones, the best."""

from nlogn.complexity.growth import Growth
from nlogn.evals.efficiency import Interval, efficiency, mean_score
from nlogn.judge import Suite, judge_program, suite_for
from nlogn.judge.pool import map_ordered
from nlogn.problems import Problem, bank
from nlogn.sandbox import Program, Sandbox

KINDS = ("the obvious one", "between", "best known", "wrong")


def main(seed: int = 0) -> None:
    problems = bank()
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    unsaid = 0
    with Sandbox(workers=2) as sandbox:
        for scores in map_ordered(lambda p: score(p, sandbox, seed), problems, workers=2):
            for kind, value in scores:
                if value is None:
                    unsaid += 1
                else:
                    found[kind].append(value)
    print("## Efficiency score\n")
    print(
        f"The solutions of the bank's {len(problems)} problems scored 0 to 10 against the best "
        f"known (`nlogn.evals.efficiency`), seed {seed}; {unsaid} could not be said.\n"
    )
    print("| solution | programs | mean | 95 % interval over programs |")
    print("|---|---|---|---|")
    for kind in KINDS:
        told: Interval = mean_score(found[kind])
        print(f"| {kind} | {told.count} | {told.mean:.2f} | {told.low:.2f} to {told.high:.2f} |")


def score(problem: Problem, sandbox: Sandbox, seed: int) -> list[tuple[str, float | None]]:
    assert problem.signature is not None and problem.reference is not None
    entry = problem.signature.entry
    reference = Program(problem.reference.code, entry)
    suite = suite_for(reference, sandbox, problem=problem, seed=seed)
    best = _judged(reference, problem, suite, sandbox, seed).time
    if not best.points:
        return []
    last = len(problem.solutions) - 1
    codes = [
        (KINDS[0] if i == 0 else KINDS[2] if i == last else KINDS[1], s.code)
        for i, s in enumerate(problem.solutions)
    ]
    codes += [(KINDS[3], w.code) for w in problem.wrong]
    return [
        (kind, _value(Program(code, entry), problem, suite, best, sandbox, seed))
        for kind, code in codes
    ]


def _value(
    program: Program, problem: Problem, suite: Suite, best: Growth, sandbox: Sandbox, seed: int
) -> float | None:
    found = efficiency(_judged(program, problem, suite, sandbox, seed), best)
    return None if found is None else found.score


def _judged(program: Program, problem: Problem, suite: Suite, sandbox: Sandbox, seed: int):  # type: ignore[no-untyped-def]
    return judge_program(program, problem=problem, suite=suite, sandbox=sandbox, seed=seed)


if __name__ == "__main__":
    main()
