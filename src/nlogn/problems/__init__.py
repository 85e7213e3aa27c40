"""What is asked: the `Problem` type, the bank, and loaders for other people's formats."""

from nlogn.problems.errors import ProblemError
from nlogn.problems.load import bank, bank_problem, load_problem, load_problems
from nlogn.problems.problem import (
    Case,
    Paradigm,
    Parameter,
    Problem,
    Signature,
    Solution,
    WrongSolution,
)

__all__ = [
    "Case",
    "Paradigm",
    "Parameter",
    "Problem",
    "ProblemError",
    "Signature",
    "Solution",
    "WrongSolution",
    "bank",
    "bank_problem",
    "load_problem",
    "load_problems",
]
