"""Problems asked in words that no training text has: how often an engine's programs are accepted.

pass@k is the unbiased estimate of Chen et al. (arXiv:2107.03374): of n programs, c accepted,
1 - C(n - c, k) / C(n, k).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb

from nlogn.corpus.bank_documents import held_out, held_out_phrasing
from nlogn.engine.protocol import Engine, Prompt, Sampling, usual_temperature
from nlogn.engine.recall import RecallEngine
from nlogn.judge import judge_program, suite_for
from nlogn.problems import Problem
from nlogn.sandbox import Program, Sandbox


@dataclass(frozen=True)
class Passed:
    """Accepted programs per problem, of `samples` each; `failed`: problems that our own side could
    not judge, which do not count."""

    accepted: dict[str, int]
    samples: int
    failed: int

    def at(self, k: int) -> float:
        """pass@k, mean over problems."""
        n = self.samples
        rates = [1 - comb(n - c, k) / comb(n, k) for c in self.accepted.values()]
        return sum(rates) / len(rates) if rates else 0.0


def on_the_same(*engines: Passed) -> list[Passed]:
    """Only the problems that could be judged for every engine: what is compared is asked alike."""
    judged = set.intersection(*(set(p.accepted) for p in engines))
    return [
        replace(p, accepted={name: c for name, c in p.accepted.items() if name in judged},
                failed=p.failed + len(p.accepted) - len(judged))
        for p in engines
    ]  # fmt: skip


def reworded(problems: Sequence[Problem], count: int, seed: int, unseen: bool = False
             ) -> list[Problem]:  # fmt: skip
    """Problems with a function and a reference, asked by the phrasing that is kept from training;
    with `unseen`, those that are kept from training altogether, as they are stated."""
    found = []
    for problem in problems:
        if problem.signature is None or problem.reference is None:
            continue
        if "." in problem.signature.entry or held_out(problem.name) != unseen:
            continue
        phrasing = None if unseen else held_out_phrasing(problem)
        if unseen:
            found.append(problem)
        elif phrasing is not None:
            found.append(replace(problem, title="", statement=phrasing))
    return random.Random(seed).sample(found, min(count, len(found)))


def without_answers(problem: Problem) -> Problem:
    """What an engine may see of a problem."""
    return replace(problem, solutions=(), wrong=(), rationale="", phrasings=())


def recall_without(problems: Sequence[Problem], asked: Sequence[Problem]) -> RecallEngine:
    """Recall whose bank lacks the phrasings that are asked, and the problems never trained on."""
    chosen = {p.name for p in asked}
    known = []
    for problem in problems:
        if held_out(problem.name):
            continue
        kept = held_out_phrasing(problem)
        if problem.name in chosen:
            phrasings = tuple(p for p in problem.phrasings if p != kept)
            problem = replace(problem, phrasings=phrasings)
        known.append(problem)
    return RecallEngine(known)


def passed(
    engine: Engine, problems: Sequence[Problem], sandbox: Sandbox, *, samples: int = 8,
    temperature: float | None = None, max_tokens: int = 400, seed: int = 0,
) -> Passed:  # fmt: skip
    """Ask each problem `samples` times, at the temperature that the engine is meant for, and judge
    every program on cases, growth unmeasured."""
    accepted: dict[str, int] = {}
    failed = 0
    if temperature is None:
        temperature = usual_temperature(engine)
    sampling = Sampling(n=samples, temperature=temperature, max_tokens=max_tokens, seed=seed,
                        timeout_s=600)  # fmt: skip
    for problem in problems:
        assert problem.signature is not None and problem.reference is not None
        entry = problem.signature.entry
        (answers,) = engine.generate([Prompt(without_answers(problem))], sampling)
        codes = [a.code for a in answers if a.code.strip()]
        reference = Program(problem.reference.code, entry)
        suite = suite_for(reference, sandbox, problem=problem, seed=seed)
        judged = {}
        for code in set(codes):
            verdict = judge_program(Program(code, entry), problem=problem, suite=suite,
                                    measure=False, sandbox=sandbox, seed=seed)  # fmt: skip
            judged[code] = verdict
        if any(v.status == "system_error" for v in judged.values()):
            failed += 1
            continue
        accepted[problem.name] = sum(judged[code].accepted for code in codes)
    return Passed(accepted, samples, failed)
