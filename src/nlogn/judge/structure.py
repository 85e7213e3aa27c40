"""What a problem of the bank must have, as far as reading its file can tell."""

import re
from collections.abc import Sequence

from nlogn.complexity import cheaper, parse
from nlogn.problems.markdown import lacking
from nlogn.problems.problem import Problem, Solution, WrongSolution


def missing_structure(problem: Problem) -> list[str]:
    """What a file of the bank lacks, repeats or spells otherwise, a sentence each."""
    found = [f"add {text}" for text in lacking(problem)]
    if len(problem.generators) >= 2 and "adversarial" not in problem.generators:
        found.append("name the generator of the worst case: ```python adversarial")
    phrased = [" ".join(re.findall(r"\w+", t.lower())) for t in problem.phrasings]
    for i, words in enumerate(phrased):
        if words in phrased[:i]:
            found.append(f"two phrasings say the same, write another: {problem.phrasings[i]}")
    named: dict[str, str] = {}
    programs: list[Solution | WrongSolution] = [*problem.solutions, *problem.wrong]
    for solution in programs:
        other = named.setdefault(solution.code.strip(), solution.name)
        if other != solution.name:
            found.append(f"“{solution.name}” is the same program as “{other}”: leave one out")
    return found + _misdeclared(problem.solutions)


def _misdeclared(solutions: Sequence[Solution]) -> list[str]:
    """Classes that are none or are spelt otherwise, and a last solution that is not the best."""
    found, times = [], []
    for solution in solutions:
        for text in filter(None, (solution.time, solution.memory)):
            try:
                spelt = str(parse(text))
            except ValueError as error:
                found.append(f"under “{solution.name}”: {error}")
            else:
                if spelt != text:
                    found.append(f"under “{solution.name}” write {spelt} for {text}")
                elif text is solution.time:
                    times.append((solution, parse(text)))
    best = [big_o for solution, big_o in times if solution is solutions[-1]]
    for solution, big_o in times:
        if best and cheaper(big_o, best[0]):
            found.append(
                f"“{solution.name}” is {big_o} and the last solution {best[0]}: the best known "
                "comes last, since the others are compared with it"
            )
    return found
