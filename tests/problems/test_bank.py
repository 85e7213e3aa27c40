"""The bank: every solution does what its file says. All of it runs in the sandbox."""

import re

import pytest

from nlogn.cases import same
from nlogn.problems import ProblemError, bank, bank_problem
from nlogn.problems.markdown import parse_markdown
from nlogn.problems.problem import Problem
from nlogn.sandbox import Limits, Program

LIMITS = Limits(wall_s=5)
MAKER = """
import random

def make(sizes, seed):
    made = generate(*sizes, random.Random(seed))
    return made if isinstance(made, tuple) else (made,)

generate = """
ONE, TWO = [(1,), (2,), (3,), (5,), (8,), (13,)], [(1, 1), (2, 3), (5, 2), (9, 9), (3, 12)]


def inputs(problem: Problem, sandbox, sizes_one=ONE, sizes_two=TWO) -> list[tuple]:
    """Examples and generated arguments."""
    found = [case.args for case in problem.examples]
    for shape, source in problem.generators.items():
        two = re.match(r"lambda\s+n\s*,\s*m\b", source)
        calls = [(sizes, i) for i, sizes in enumerate(sizes_two if two else sizes_one)]
        for outcome in sandbox.call(Program(MAKER + source, "make"), calls, LIMITS):
            assert outcome.status == "ok", (problem.name, shape, outcome.error)
            found.append(outcome.value)
    return found


def answers(problem, code, calls, sandbox):
    return sandbox.call(Program(code, problem.signature.entry), calls, LIMITS)


def accepted(problem, calls, right, got, sandbox) -> list[bool]:
    """Whether each outcome of `got` is a right answer, as those of `right` are."""
    if problem.checker is None:
        return [g.status == "ok" and same(r.value, g.value, tolerance=problem.tolerance)
                for r, g in zip(right, got, strict=True)]  # fmt: skip
    rows = [(c, r.value, g.value) for c, r, g in zip(calls, right, got, strict=True)]
    verdicts = sandbox.call(Program(problem.checker, "check"), rows, LIMITS)
    return [g.status == "ok" and v.value is True for g, v in zip(got, verdicts, strict=True)]


NAMES = [problem.name for problem in bank()]


@pytest.mark.parametrize("name", NAMES)
def test_every_solution_does_what_its_file_says(name, sandbox):
    problem = bank_problem(name)
    calls = inputs(problem, sandbox)
    right = answers(problem, problem.reference.code, calls, sandbox)
    for case, outcome in zip(problem.examples, right, strict=False):
        assert outcome.status == "ok", (case.args, outcome.error)
        if problem.checker is None:
            assert same(case.expected, outcome.value, tolerance=problem.tolerance), case.args
    for solution in problem.solutions:
        got = answers(problem, solution.code, calls, sandbox)
        verdicts = accepted(problem, calls, right, got, sandbox)
        wrong = [(c, r.value, g.value, g.error) for c, r, g, ok
                 in zip(calls, right, got, verdicts, strict=True) if not ok]  # fmt: skip
        assert not wrong, (solution.name, wrong[:1])
    for solution in problem.wrong:
        call = [solution.exposed_by]
        (truth,) = expected = answers(problem, problem.reference.code, call, sandbox)
        assert truth.status == "ok", solution.name
        got = answers(problem, solution.code, call, sandbox)
        assert accepted(problem, call, expected, got, sandbox) == [False], solution.name


def test_the_bank_spans_the_paradigms_and_its_names_are_unique():
    problems = bank()
    assert len(problems) >= 25
    assert {p.paradigm for p in problems} == {"algorithms", "systems", "web", "data"}
    assert len({p.name for p in problems}) == len(problems)
    assert len({p.statement for p in problems}) == len(problems)


def test_declared_classes_are_spelt_as_the_judge_spells_them():
    from nlogn.complexity.bigo import parse

    for problem in bank():
        for solution in problem.solutions:
            for declared in (solution.time, solution.memory):
                assert str(parse(declared)) == declared, (problem.name, solution.name)


def test_a_name_that_is_not_there():
    with pytest.raises(ProblemError, match="did you mean two_sum"):
        bank_problem("twosum")


def test_the_walkthrough_in_the_docs_works(sandbox):
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs" / "add-a-problem.md").read_text()
    (source,) = re.findall(r"This is a whole one.*?````markdown\n(.*?)````", text, re.S)
    problem = parse_markdown(source, "twins", complete=True)
    calls = inputs(problem, sandbox)
    right = answers(problem, problem.reference.code, calls, sandbox)
    for solution in problem.solutions:
        got = answers(problem, solution.code, calls, sandbox)
        assert all(accepted(problem, calls, right, got, sandbox)), solution.name
    for solution in problem.wrong:
        call = [solution.exposed_by]
        truth = answers(problem, problem.reference.code, call, sandbox)
        got = answers(problem, solution.code, call, sandbox)
        assert accepted(problem, call, truth, got, sandbox) == [False], solution.name


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_declared_class_is_what_measurement_finds(name, sandbox):
    from nlogn.cases import SizedInputs
    from nlogn.complexity import measure

    problem = bank_problem(name)
    shapes = [SizedInputs(shape, source, "bank") for shape, source in problem.generators.items()]
    for solution in problem.solutions:
        program = Program(solution.code, problem.signature.entry)
        found = measure(program, shapes, sandbox=sandbox)
        assert (found.time.big_o, found.memory.big_o) == (solution.time, solution.memory), (
            solution.name
        )
