"""Programs in, rewards out: what every environment of this room scores by."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nlogn.engine.chat import extract_code
from nlogn.judge import Suite, Verdict, judge_program, score, suite_for
from nlogn.judge.pool import map_ordered
from nlogn.problems import Problem, ProblemError, bank
from nlogn.sandbox import Program, Sandbox


class JudgeFailure(RuntimeError):
    """The judge itself failed: the program earned no reward, and lost none either."""


@dataclass(frozen=True, slots=True)
class Scored:
    """`reward` is in [0, 1] (see `nlogn.judge.score`); None where the judge itself failed."""

    reward: float | None
    verdict: Verdict


class Bench:
    """Problems with their cases made once, and a sandbox of `workers` to judge in.

    Use it as a context manager, or call `close`. Safe to use from several threads.

    Args:
        problems: each needs a signature and a reference; None: the whole bank.
        measure: whether a right program's growth counts; without it judging is faster, and every
            right program earns 1.

    Raises:
        ProblemError: there is no problem, two have one name, or one has nothing to judge by.
        SandboxUnavailable: there is no isolation on this machine.
    """

    def __init__(
        self,
        problems: Iterable[Problem] | None = None,
        *,
        workers: int = 2,
        seed: int = 0,
        measure: bool = True,
    ) -> None:
        chosen = bank() if problems is None else tuple(problems)
        for problem in chosen:
            if not isinstance(problem, Problem):
                raise ProblemError(f"problems are those of bank_problem(NAME), not {problem!r:.40}")
        self.problems = {problem.name: problem for problem in chosen}
        if not self.problems or len(self.problems) < len(chosen):
            raise ProblemError("give at least one problem, each with a name of its own")
        for problem in chosen:
            if problem.signature is None or problem.reference is None:
                raise ProblemError(f"{problem.name} has no signature, or no right solution")
        self.seed = seed
        self.measure = measure
        self.workers = workers
        self._sandbox = Sandbox(workers=workers)
        self._suites: dict[str, Suite] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._sandbox.close()

    def score(self, name: str, program: str) -> Scored:
        """Judge source text as an answer to the problem `name`.

        Raises:
            ProblemError: there is no such problem.
        """
        if name not in self.problems:
            raise ProblemError(f"there is no problem {name!r} here")
        problem = self.problems[name]
        assert problem.signature is not None and problem.reference is not None
        verdict = judge_program(
            Program(program, problem.signature.entry),
            problem=problem,
            suite=self._suite(problem),
            seed=self.seed,
            measure=self.measure,
            sandbox=self._sandbox,
        )
        best = problem.reference.time if self.measure else ""
        return Scored(score(verdict, best or None), verdict)

    def score_answers(self, names: Sequence[str], answers: Sequence[str]) -> list[Scored]:
        """Judge chat answers: in each, the program is looked for as `extract_code` does."""

        def one(pair: tuple[str, str]) -> Scored:
            name, answer = pair
            signature = self.problems[name].signature if name in self.problems else None
            return self.score(name, extract_code(answer, signature.entry if signature else None))

        return list(map_ordered(one, zip(names, answers, strict=True), workers=self.workers))

    def _suite(self, problem: Problem) -> Suite:
        assert problem.signature is not None and problem.reference is not None
        with self._lock:
            if problem.name not in self._suites:
                reference = Program(problem.reference.code, problem.signature.entry)
                self._suites[problem.name] = suite_for(
                    reference, self._sandbox, problem=problem, seed=self.seed
                )
            return self._suites[problem.name]
