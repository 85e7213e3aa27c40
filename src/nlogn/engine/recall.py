"""`RecallEngine`: the nearest problems of the bank, their solutions fitted to what is asked.

It knows nothing that is not in the bank and claims nothing: it proposes, the judge decides. It
works offline and answers the same for the same question, so it is the baseline that a network
has to beat. Words find a problem that is told in a different story badly, so what it would propose
can be screened: programs that give the statement's own examples come first.
"""

import functools
import re
from collections.abc import Iterator, Sequence

from nlogn.engine.adapt import adapt
from nlogn.engine.nearest import Index, build, nearness
from nlogn.engine.protocol import Cancel, Completion, EngineError, Prompt, Sampling
from nlogn.judge.running import run_suite
from nlogn.judge.suite import Suite
from nlogn.problems import Problem, Solution, bank
from nlogn.sandbox import Limits, Program, shared_sandbox

_STOP = frozenset(
    re.findall(
        r"\w+",
        """a about all also an and any are as at be been both but by can do does each either else
    every for from function give given has have how i if in input into is it its just list may must
    my no not of on one only or other out output return should so such than that the their them
    then there these they this to two up use was what when where which while who will with write
    would you your example none int str bool def""",
    )
)
_NEIGHBOURS = 12  # that fit what is asked
_SCREENED = 150  # proposals, where examples choose among them
_EXAMPLE_LIMITS = Limits(wall_s=2.0, cpu_s=0.25, memory_bytes=1 << 28)


class RecallEngine:
    """The statements, phrasings and rationales of `problems` (the bank, if not given), indexed.

    Unless `screen` is off, more programs are looked at than asked for, each is run on the examples
    of the statement in the sandbox, and those that give the right answers come first.
    """

    name = "recall"

    def __init__(self, problems: Sequence[Problem] | None = None, *, screen: bool = True):
        self._given = None if problems is None else tuple(problems)
        self._screen = screen

    @functools.cached_property
    def problems(self) -> tuple[Problem, ...]:
        return bank() if self._given is None else self._given

    @functools.cached_property
    def _index(self) -> Index:
        try:
            return build([tokens(_document(problem)) for problem in self.problems])
        except ValueError:
            raise EngineError("the bank is empty: there is nothing to recall from") from None

    def nearest(self, problem: Problem, k: int | None = None) -> list[tuple[Problem, float]]:
        """The k nearest problems (all, if not given) with how near they are (see
        `nlogn.engine.nearest`), best first; those that are not near at all are left out."""
        scores = [round(s, 9) for s in nearness(self._index, tokens(_question(problem)))]
        ranked = sorted(range(len(scores)), key=lambda i: (-scores[i], self.problems[i].name))
        return [(self.problems[i], scores[i]) for i in ranked[:k] if scores[i] > 0]

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, cancel: Cancel | None = None
    ) -> list[list[Completion]]:
        """For each prompt up to ``sampling.n`` different programs; none where nothing fits."""
        return [self._proposals(prompt.problem, sampling.n, cancel) for prompt in prompts]

    def stream(
        self, prompt: Prompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """The best candidate's text, line by line."""
        for completion in self._proposals(prompt.problem, 1, cancel):
            for line in completion.text.splitlines(keepends=True):
                if cancel:
                    cancel.check()
                yield line

    def _proposals(self, asked: Problem, n: int, cancel: Cancel | None) -> list[Completion]:
        cases = tuple(c for c in asked.examples if c.has_expected)
        screening = self._screen and bool(cases)
        found: dict[str, Completion] = {}
        near = len(self.problems) if screening else _NEIGHBOURS
        for completion in self._candidates(asked, near):
            if cancel:
                cancel.check()
            found.setdefault(completion.code, completion)
            if len(found) == (max(_SCREENED, n) if screening else n):
                break
        proposals = list(found.values())
        if screening:
            suite = Suite(
                cases, "cases", _EXAMPLE_LIMITS, checker=asked.checker,
                tolerance=asked.tolerance, preamble=asked.preamble,
            )  # fmt: skip
            wrong = {id(p): not _right(p.code, asked, suite, cancel) for p in proposals}
            proposals.sort(key=lambda p: wrong[id(p)])
        return proposals[:n]

    def _candidates(self, asked: Problem, near: int) -> Iterator[Completion]:
        """The nearest problems' best solutions, the further ones in turn with the second best
        of the nearer ones, and so on; then the less likely ways to match parameters."""
        queues = []
        for known, score in self.nearest(asked):
            fitted = [
                list(self._fitted(solution, known, asked, score))
                for solution in reversed(known.solutions)
            ]
            if fitted := [programs for programs in fitted if programs]:
                queues.append(fitted)
            if len(queues) == near:
                break
        later: list[Completion] = []
        widest = max(map(len, queues), default=0)
        for step in range(len(queues) + 2 * widest):
            for near, solutions in enumerate(queues):
                which, odd = divmod(step - near, 2)
                if not odd and 0 <= which < len(solutions):
                    yield solutions[which][0]
                    later += solutions[which][1:]
        yield from later

    def _fitted(
        self, solution: Solution, known: Problem, asked: Problem, score: float
    ) -> Iterator[Completion]:
        for code in adapt(solution, known, asked):
            origin = f"From “{known.title or known.name}” in the bank: {solution.name}."
            yield Completion(
                text=f"{origin}\n\n```{solution.language}\n{code.rstrip()}\n```\n",
                code=code,
                model=self.name,
                notes={
                    "problem": known.name,
                    "solution": solution.name,
                    "score": f"{score:.2f}",
                },
            )


def _right(code: str, asked: Problem, suite: Suite, cancel: Cancel | None) -> bool:
    """Whether a program gives the right answer to every example."""
    if cancel:
        cancel.check()
    entry = asked.signature.entry if asked.signature else None
    judged = run_suite(Program(code, entry), suite, shared_sandbox())
    return all(item.status == "accepted" for item in judged)


def tokens(text: str) -> list[str]:
    """Lower-case word stems; names such as ``maxSubArray`` and ``max_sub_array`` fall apart."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    words = re.findall(r"[^\W_]+", spaced.lower())
    return [_stem(w) for w in words if w not in _STOP and not w.isdigit() and len(w) > 1]


def _stem(word: str) -> str:
    for ending, least in (("ies", 5), ("ing", 6), ("est", 6), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _question(problem: Problem) -> str:
    parts = [problem.title, problem.statement]
    if problem.signature:
        parts += [problem.signature.entry, *(p.name for p in problem.signature.parameters)]
    return "\n".join(parts)


def _document(problem: Problem) -> str:
    """All that is said about a problem. The rationale, the names of solutions and the reasons of
    wrong ones help: without them 45 %, with them 55 % of the phrasings left out of the index of 50
    problems found their problem first; one document each beat several."""
    parts = [_question(problem), *problem.phrasings, problem.rationale]
    parts += [solution.name for solution in problem.solutions]
    parts += [f"{wrong.name} {wrong.reason}" for wrong in problem.wrong]
    return "\n".join(parts)
