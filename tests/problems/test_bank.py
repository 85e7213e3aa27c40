"""The bank: every solution does what its file says. All of it runs in the sandbox.

Of every problem the solutions run on the examples, on what exposes the wrong ones and on the
generators' inputs; a part that changes from day to day is judged and measured in full, as
`nlogn bank check` does with the whole bank.
"""

import datetime
import re
from pathlib import Path

import pytest

from nlogn.judge.check import check_problem, part
from nlogn.problems import ProblemError, bank, bank_problem
from nlogn.problems.markdown import parse_markdown

PARTS = 30
TODAY = datetime.datetime.now(datetime.UTC).timetuple().tm_yday % PARTS + 1


@pytest.mark.parametrize("problem", bank(), ids=lambda p: p.name)
def test_every_solution_does_what_its_file_says(problem, sandbox):
    assert check_problem(problem, sandbox, growth=False, drawn=False).faults == ()


@pytest.mark.parametrize(
    "problem", part(bank(), TODAY, PARTS), ids=lambda p: f"{p.name}-part-{TODAY}-of-{PARTS}"
)
def test_a_part_of_the_bank_is_judged_and_measured(problem, sandbox):
    assert check_problem(problem, sandbox).faults == ()


def test_the_bank_spans_the_paradigms_and_its_names_are_unique():
    problems = bank()
    assert len(problems) >= 25
    assert {p.paradigm for p in problems} == {"algorithms", "systems", "web", "data"}
    assert len({p.name for p in problems}) == len(problems)
    assert len({p.statement for p in problems}) == len(problems)


def test_a_name_that_is_not_there():
    with pytest.raises(ProblemError, match="did you mean two_sum"):
        bank_problem("twosum")


def test_the_walkthrough_in_the_docs_works(sandbox):
    text = (Path(__file__).parents[2] / "docs" / "add-a-problem.md").read_text()
    (source,) = re.findall(r"This is a whole one.*?````markdown\n(.*?)````", text, re.S)
    problem = parse_markdown(source, "twins", complete=True)
    assert check_problem(problem, sandbox).faults == ()
