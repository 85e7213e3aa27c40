"""`check_problem` holds a problem to its word, and says what to do where it does not."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from nlogn.judge.check import PartError, check_problem, check_problems, part, summary
from nlogn.judge.suite import error_text, failure
from nlogn.problems.markdown import parse_markdown
from nlogn.problems.problem import Problem, Solution, WrongSolution
from nlogn.sandbox import Outcome, ProgramError, Sandbox

TEXT = (Path(__file__).parents[2] / "docs" / "add-a-problem.md").read_text()
(SOURCE,) = re.findall(r"This is a whole one.*?````markdown\n(.*?)````", TEXT, re.S)
TWINS = parse_markdown(SOURCE, "twins", complete=True)
FIRST = TWINS.solutions[0]
NAME = TWINS.signature.entry if TWINS.signature else ""


def first(**changes: str) -> dict[str, tuple[Solution, ...]]:
    return {"solutions": (replace(FIRST, **changes), *TWINS.solutions[1:])}


def wrong(**changes: object) -> dict[str, tuple[WrongSolution, ...]]:
    return {"wrong": (replace(TWINS.wrong[0], **changes), *TWINS.wrong[1:])}  # type: ignore[arg-type]


FAULTS = {
    "time": (first(time="O(n^3)"), r"declared O\(n\^3\) and measured O\(n"),
    "memory": (first(memory="O(n^2)"), r"memory is declared O\(n\^2\) and measured"),
    "right": (first(code=f"def {NAME}(*a):\n    return 'no'\n"), "gives 'no' where .*: mend it"),
    "right ": (first(code=f"def {NAME}(*a):\n    return 1 +\n"), "cannot run: line 2"),
    "wrong": (wrong(code=TWINS.solutions[-1].code + "\n# the same\n"), "give an input that expo"),
    "generator": (
        {"generators": TWINS.generators | {"random": "lambda n, rng: ([1 // (n - 1)],)"}},
        "“random” at size 1 fails.*ZeroDivisionError",
    ),
    "structure": ({"phrasings": ("A b c.", "a, b: C!", "d", "e")}, "two phrasings say the same"),
    "structure ": ({"phrasings": ("one",)}, "four `## Phrasings` or more"),
    "structure  ": (first(time="O(n*log(n))"), r"write O\(n log n\)"),
    "structure   ": (wrong(code=FIRST.code), "is the same program as"),
    "structure    ": ({"generators": {"a": "lambda n, rng: ([],)", "b": "lambda n, rng: ([],)"}},
                      "```python adversarial"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAULTS)
def test_each_kind_of_fault_is_found_and_named(kind: str, sandbox: Sandbox) -> None:
    changes, told = FAULTS[kind]
    growth = kind in ("time", "memory")
    result = check_problem(replace(TWINS, **changes), sandbox, growth=growth, drawn=False)  # type: ignore[arg-type]
    found = [fault for fault in result.faults if fault.kind == kind.strip()]
    assert any(re.search(told, str(fault), re.S) for fault in found), result.faults


def test_a_checker_that_fails_is_one_fault_of_the_problem(sandbox: Sandbox) -> None:
    broken = replace(TWINS, checker="def check(args, expected, got):\n    raise ValueError('no')\n")
    (fault,) = check_problem(broken, sandbox, growth=False, drawn=False).faults
    assert (fault.kind, fault.solution) == ("structure", "")
    assert "ValueError: no" in fault.message and "mend the checker" in fault.message


@pytest.mark.parametrize(
    ("body", "told"),
    [("got != expected", "refuses the right answer"), ("1", r"\(it returns 1\), \d+ of \d+ times")],
)
def test_a_checker_that_refuses_the_right_answer_is_one_fault(
    body: str, told: str, sandbox: Sandbox
) -> None:
    broken = replace(TWINS, checker=f"def check(args, expected, got):\n    return {body}\n")
    (fault,) = check_problem(broken, sandbox, growth=False, drawn=False).faults
    assert fault.kind == "structure" and re.search(told, fault.message)


def test_a_generator_that_does_not_fit_is_one_fault(sandbox: Sandbox) -> None:
    made = TWINS.generators | {"random": "lambda n, rng: ([7] * n, n)"}
    result = check_problem(replace(TWINS, generators=made), sandbox, growth=False, drawn=False)
    (fault,) = result.faults
    assert fault.kind == "generator" and "makes 2 arguments where twins takes 1" in fault.message


def test_a_reference_that_fails_alike_on_many_inputs_is_one_fault(sandbox: Sandbox) -> None:
    made = TWINS.generators | {
        "random": "lambda n, rng: ('x' * n,)",
        "other": "lambda n, rng: (n,)",
    }
    result = check_problem(replace(TWINS, generators=made), sandbox, growth=False, drawn=False)
    (fault,) = result.faults
    assert re.search(r"fails \(TypeError.*on twins\(1\) \(\d+ such inputs\)", fault.message)


def test_the_error_of_a_run_has_no_empty_part() -> None:
    unnamed = Outcome("invalid", error=ProgramError("", "it printed"))
    assert error_text(unnamed) == failure(unnamed) == "it printed"
    assert failure(Outcome("wall_limit")) == "wall_limit" and failure(Outcome("ok")) == ""


@pytest.mark.slow
def test_a_checker_that_never_ends_costs_seconds(sandbox: Sandbox) -> None:
    endless = replace(TWINS, checker="def check(args, expected, got):\n    while True: pass\n")
    result = check_problem(endless, sandbox, growth=False)
    assert [fault.kind for fault in result.faults] == ["structure"] and result.wall_s < 120


def test_a_sound_problem_has_no_fault(sandbox: Sandbox) -> None:
    result = check_problem(TWINS, sandbox)
    assert result.ok and result.classes == result.confirmed == 2 * len(TWINS.solutions)
    assert result.cases > 200
    assert 0 < result.unaided <= result.wrong
    assert "all holds in 1 problems" in summary([result])


def test_a_problem_without_solutions_is_only_told_what_it_lacks(sandbox: Sandbox) -> None:
    result = check_problem(Problem("bare", "Do it."), sandbox)
    assert {fault.kind for fault in result.faults} == {"structure"}


def test_a_right_solution_may_be_slow_but_not_wrong(sandbox: Sandbox) -> None:
    slow = "def f(n: int) -> int:\n    return n if n < 2 else f(n - 1) + f(n - 2)\n"
    fast = (
        "def f(n: int) -> int:\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n"
        "    return a\n"
    )
    off = "def f(n):\n    return 7 if n == 80 else n and 1\n"
    text = (
        "Fibonacci.\n\n## Signature\n\n```python\ndef f(n: int) -> int:\n```\n\n"
        "## Generators\n\n```python random\nlambda n, rng: (n,)\n```\n"
    )
    problem = replace(
        parse_markdown(text, "fib"),
        solutions=(
            Solution("slow", slow, "O(2^n)", "O(n)"),
            Solution("fast", fast, "O(n)", "O(1)"),
        ),
        wrong=(WrongSolution("off", off, "far", (80,)),),
    )
    result = check_problem(problem, sandbox, growth=False, drawn=False)
    assert {fault.kind for fault in result.faults} == {"structure"}


def test_the_parts_are_all_of_it_and_none_twice(sandbox: Sandbox) -> None:
    problems = [replace(TWINS, name=str(i)) for i in range(23)]
    parts = [part(problems, i, 5) for i in range(1, 6)]
    assert sorted(p.name for some in parts for p in some) == sorted(p.name for p in problems)
    for which, of in ((0, 5), (6, 5), (1, 0)):
        with pytest.raises(PartError, match=r"there (is no|must be a) part"):
            part(problems, which, of)


def test_many_at_once_come_in_order() -> None:
    problems = [replace(TWINS, name=f"p{i}") for i in range(3)]
    with Sandbox(workers=2) as sandbox:
        found = list(check_problems(problems, sandbox, workers=2, growth=False))
    assert [r.name for r in found] == ["p0", "p1", "p2"]
    assert all(r.ok for r in found)
