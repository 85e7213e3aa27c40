"""The efficiency score of the bank's own solutions: the obvious one, the middle ones, the best.

    python -m benchmarks.efficiency [--problems N] [--seed S] [--workers K] [--minutes M]

Several programs of one kind in one problem count as their mean, so that the intervals are over
problems. The best known solution is judged a second time and scored against its first
measurement: anything but 10 would be noise in the steps. N problems are drawn with the seed (0:
all of them, some 25 minutes of one core). After M minutes no more are begun: the table is of those
that were done, the same ones as with N set to their number.
"""

import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass

from benchmarks.drawn import drawn_problems
from nlogn.evals.efficiency import efficiency, mean_score
from nlogn.judge import judge_program, suite_for
from nlogn.judge.pool import map_ordered
from nlogn.judge.verdict import Verdict
from nlogn.judge.yardstick import measurable
from nlogn.problems import Problem
from nlogn.sandbox import Program, Sandbox


@dataclass(frozen=True)
class Scored:
    kind: str
    name: str
    accepted: bool
    value: float | None


KINDS = ("the obvious one", "between", "best known", "wrong")


def main() -> None:
    asked_for = drawn_problems(__doc__.splitlines()[0])
    seed, known, problems = asked_for.seed, asked_for.known, asked_for.problems
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    programs: Counter[str] = Counter()
    unsaid = []
    done = refused = 0

    def in_time(problem: Problem) -> list[Scored]:
        return [] if time.monotonic() > asked_for.end else score(problem, sandbox, seed)

    with Sandbox(workers=asked_for.workers) as sandbox:
        scores = map_ordered(in_time, problems, workers=asked_for.workers)
        for problem, scored in zip(problems, scores, strict=True):
            if not scored:
                break
            done += 1
            for kind in KINDS:
                values = [s.value for s in scored if s.kind == kind and s.value is not None]
                programs[kind] += len(values)
                if values:
                    found[kind].append(statistics.fmean(values))
            unsaid += [f"{problem.name}, {s.name}" for s in scored if s.value is None]
            refused += sum(s.kind != "wrong" and s.value == 0 and not s.accepted for s in scored)
            for s in filter(_odd, scored):
                print(f"{problem.name}, {s.name}: {s.value:.2f}", file=sys.stderr)
            print(f"{done} of {len(problems)}", file=sys.stderr, flush=True)
    print("## Efficiency score\n")
    print(
        f"The solutions of {done} of the bank's {len(known)} problems, drawn with seed {seed}, "
        "scored 0 to 10 against the best known (`nlogn.evals.efficiency`); of "
        f"{len(unsaid)} programs nothing could be said; of the right ones {refused} did not stay "
        "within the judge's limits, which counts 0. A kind's programs in one problem count as "
        "their mean; percentiles and interval (bootstrap) are over problems.\n"
    )
    print("| solution | programs | problems | mean | 95 % interval | 10th to 90th percentile |")
    print("|---|---|---|---|---|---|")
    for kind in filter(found.get, KINDS):
        told = mean_score(found[kind])
        ends = statistics.quantiles(found[kind], n=10) if len(found[kind]) > 1 else found[kind] * 2
        print(
            f"| {kind} | {programs[kind]} | {told.count} | {told.mean:.2f} | "
            f"{told.low:.2f} to {told.high:.2f} | {ends[0]:.1f} to {ends[-1]:.1f} |"
        )
    for text in unsaid:
        print(f"could not be said: {text}", file=sys.stderr)


def score(problem: Problem, sandbox: Sandbox, seed: int) -> list[Scored]:
    """Each program's score; none where the best known was not measured."""
    assert problem.signature is not None and problem.reference is not None
    entry, last = problem.signature.entry, len(problem.solutions) - 1
    programs = [
        (KINDS[2] if i == last else KINDS[0] if i == 0 else KINDS[1], s.name, s.code)
        for i, s in enumerate(problem.solutions)
    ]
    programs += [(KINDS[3], w.name, w.code) for w in problem.wrong]
    reference = Program(problem.reference.code, entry)
    suite = measurable(suite_for(reference, sandbox, problem=problem, seed=seed), problem, sandbox)

    def judged(program: Program) -> Verdict:
        return judge_program(program, problem=problem, suite=suite, sandbox=sandbox, seed=seed)

    best = judged(reference).time
    if not best.points:
        return [Scored(kind, name, False, None) for kind, name, _ in programs]
    out = []
    for kind, name, code in programs:
        verdict = judged(Program(code, entry))
        told = efficiency(verdict, best)
        out.append(Scored(kind, name, verdict.accepted, None if told is None else told.score))
    return out


def _odd(scored: Scored) -> bool:
    """Whether a score says that a declaration and the judge may disagree."""
    if scored.value is None:
        return False
    if scored.kind == "wrong":
        return scored.value > 0
    return scored.value == 0 or (scored.kind == "best known" and scored.value < 10)


if __name__ == "__main__":
    main()
