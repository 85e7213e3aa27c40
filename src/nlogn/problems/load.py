"""`load_problem`, `load_problems` and the bank. What a file is, its content says."""

import functools
import os
from pathlib import Path

from nlogn.problems.errors import ProblemError
from nlogn.problems.markdown import read_markdown
from nlogn.problems.problem import Problem

BANK = Path(__file__).parent / "bank"


def load_problem(path: str | os.PathLike[str]) -> Problem:
    """The one problem in a file or folder.

    Raises:
        ProblemError: what is wrong with it, or how many problems it holds instead of one.
    """
    problems = load_problems(path)
    if len(problems) != 1:
        raise ProblemError(
            f"holds {len(problems)} problems where one is asked for: use load_problems", path
        )
    return problems[0]


def load_problems(path: str | os.PathLike[str]) -> list[Problem]:
    """All problems of a file or folder, in order."""
    return [read_markdown(path)]


@functools.cache
def bank() -> tuple[Problem, ...]:
    """The problems that come with the package, by name.

    Raises:
        ProblemError: one of the files is wrong or lacks something that a bank's problem has.
    """
    return tuple(read_markdown(file, complete=True) for file in sorted(BANK.glob("*.md")))


def bank_problem(name: str) -> Problem:
    """One problem of the bank; raises `ProblemError`, naming the nearest, if there is none."""
    import difflib

    problems = {problem.name: problem for problem in bank()}
    if name in problems:
        return problems[name]
    near = difflib.get_close_matches(name, problems, 3, 0.4)
    hint = f": did you mean {' or '.join(near)}?" if near else ""
    raise ProblemError(f"no problem “{name}” in the bank{hint}")
