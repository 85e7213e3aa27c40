"""The programs of one problem to annotate: its solutions, other texts of them, and bugs."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nlogn.annotate.variants import Variant, fingerprint, variants
from nlogn.cases.mutate_code import Mutant, one_mutant
from nlogn.cases.slips import slips
from nlogn.problems.problem import Problem

Kind = Literal["right", "wrong", "variant", "wrong_variant", "bug", "file"]
_DRY_ROUNDS = 4  # rounds that bring nothing new before the problem counts as exhausted


@dataclass(frozen=True, slots=True)
class Candidate:
    """One program text. `steps` are the transformations that made it from `origin`, and last the
    bug, if one was put in. A "variant" is of a right solution and must be right itself; what a
    "bug" is, only its verdict says."""

    code: str
    origin: str
    kind: Kind
    steps: tuple[str, ...]
    seed: int


def candidates(problem: Problem, seed: int) -> Iterator[Candidate]:
    """Distinct Python programs for `problem`, the same ones in the same order for the same seed.

    First the solutions, right and wrong, as they stand; then in turn variants of each right one,
    bugs put into it and into a variant, and variants of the wrong ones. Ends when several rounds
    bring no program that is not there yet, layout, comments and docstrings aside.
    """
    assert problem.signature is not None
    entry = problem.signature.entry
    annotations = (*(p.annotation for p in problem.signature.parameters), problem.signature.returns)
    right = [(s.name, s.code) for s in problem.solutions if s.language == "python"]
    wrong = [(s.name, s.code) for s in problem.wrong if s.language == "python"]
    seen: set[str] = set()

    def fresh(candidate: Candidate | None) -> Iterator[Candidate]:
        if candidate is None:
            return
        try:
            mark = fingerprint(candidate.code)
        except (SyntaxError, ValueError):
            return
        if mark not in seen:
            seen.add(mark)
            yield candidate

    for name, code in right:
        yield from fresh(Candidate(code, name, "right", (), 0))
    for name, code in wrong:
        yield from fresh(Candidate(code, name, "wrong", (), 0))
    texts = {
        name: variants(code, entry, seed=seed, annotations=annotations)
        for name, code in right + wrong
    }
    drawn = {name: random.Random(f"{seed}:{name}") for name, _ in right}
    slipped = {name: _shuffled(slips(code), f"{seed}:{name}") for name, code in right}
    dry = 0
    while dry < _DRY_ROUNDS:
        before = len(seen)
        for name, code in right:
            one = next(texts[name], None)
            yield from fresh(_variant(one, name, "variant"))
            yield from fresh(_bug(code, name, (), 0, slipped[name], drawn[name]))
            two = next(texts[name], None)
            yield from fresh(_variant(two, name, "variant"))
            if two is not None:
                yield from fresh(_bug(two.code, name, two.steps, two.seed, [], drawn[name]))
        for name, _ in wrong:
            yield from fresh(_variant(next(texts[name], None), name, "wrong_variant"))
        dry = dry + 1 if len(seen) == before else 0


def _variant(made: Variant | None, origin: str, kind: Kind) -> Candidate | None:
    return None if made is None else Candidate(made.code, origin, kind, made.steps, made.seed)


def _bug(
    code: str, origin: str, steps: tuple[str, ...], seed: int, slipped: list[Mutant],
    rng: random.Random,
) -> Candidate | None:  # fmt: skip
    """A slip while there are some, every other time; else a change in one place."""
    made = slipped.pop() if slipped and rng.random() < 0.5 else one_mutant(code, rng)
    if made is None:
        return None
    return Candidate(made.code, origin, "bug", (*steps, f"bug:{made.what}"), seed)


def _shuffled(found: list[Mutant], seed: str) -> list[Mutant]:
    random.Random(seed).shuffle(found)
    return found
