"""Each way a program can fall short has its own status, and a sentence that says why."""

from typing import Any

import pytest

import nlogn
from nlogn.assistant.show import answer_text
from nlogn.assistant.solve import Answer, Candidate
from nlogn.judge import SuiteError, judge
from nlogn.judge.show import verdict_text
from nlogn.sandbox import Sandbox, SourceError

RIGHT = "def total(xs: list[int]) -> int:\n    return sum(xs)\n"

BY_STATUS = {
    "accepted": "def total(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s\n",
    "wrong_answer": "def total(xs):\n    return sum(xs[:-1]) if len(xs) > 3 else sum(xs)\n",
    "runtime_error": "def total(xs):\n    return xs[0] + sum(xs[1:])\n",
    "time_limit": "def total(xs):\n    while len(xs) > 4:\n        pass\n    return sum(xs)\n",
    "memory_limit": "def total(xs):\n    return sum(xs) if len(xs) < 5 else len([0] * 10**11)\n",
    "output_limit": "def total(xs):\n    return 'x' * (1 << 26)\n",
    "invalid": "def total(xs:\n    return 1\n",
}


@pytest.mark.parametrize("status", BY_STATUS)
def test_status_against_a_reference(status: str, sandbox: Sandbox) -> None:
    verdict = judge(BY_STATUS[status], "total", reference=RIGHT, measure=False, sandbox=sandbox)
    assert verdict.status == status, verdict.message
    assert verdict.isolation == sandbox.isolation
    assert verdict.message


def test_failing_input_is_shrunk(sandbox: Sandbox) -> None:
    verdict = judge(BY_STATUS["wrong_answer"], "total", reference=RIGHT, sandbox=sandbox)
    failing = verdict.cases.smallest_failing
    assert failing is not None and failing.args is not None
    (xs,) = failing.args
    assert len(xs) == 4 and failing.expected == sum(xs) and failing.got == sum(xs[:-1])


def test_accepted_program_is_measured(sandbox: Sandbox) -> None:
    verdict = judge(BY_STATUS["accepted"], "total", reference=RIGHT, sandbox=sandbox)
    assert (verdict.time.big_o, verdict.memory.big_o) == ("O(n)", "O(1)")
    assert verdict.steps and verdict.reference_steps
    again = judge(BY_STATUS["accepted"], "total", reference=RIGHT, sandbox=sandbox)
    assert again.steps == verdict.steps
    assert [p.cost for p in again.time.points] == [p.cost for p in verdict.time.points]


def test_given_cases_and_a_json_list_for_a_tuple(sandbox: Sandbox) -> None:
    code = "def pair(a, b):\n    return a, b\n"
    rows = [[[1, 2], [1, 2]]]
    lenient = judge(code, "pair", cases=rows, from_json=True, measure=False, sandbox=sandbox)
    strict = judge(code, "pair", cases=rows, measure=False, sandbox=sandbox)
    assert (lenient.status, strict.status) == ("accepted", "wrong_answer")


def test_whole_program_with_cases(sandbox: Sandbox) -> None:
    code = "n = int(input())\nprint(sum(map(int, input().split())))\n"
    cases = [("3\n1 2 3\n", "6\n"), ("1\n-4\n", "-4")]
    assert judge(code, cases=cases, measure=False, sandbox=sandbox).accepted
    wrong = judge(code, cases=[("1\n5\n", "6")], measure=False, sandbox=sandbox)
    assert wrong.status == "wrong_answer"
    assert wrong.cases.smallest_failing is not None
    assert wrong.cases.smallest_failing.stdin == "1\n5\n"


def test_docstring_examples_are_the_oracle_of_last_resort(sandbox: Sandbox) -> None:
    code = 'def inc(x: int) -> int:\n    """Add one.\n\n    >>> inc(2)\n    3\n    """\n'
    right = judge(code + "    return x + 1\n", "inc", measure=False, sandbox=sandbox)
    wrong = judge(code + "    return x + 2\n", "inc", measure=False, sandbox=sandbox)
    assert (right.status, right.cases.oracle) == ("accepted", "docstring")
    assert wrong.status == "wrong_answer"


def test_nothing_to_check_by_is_said(sandbox: Sandbox) -> None:
    verdict = judge(RIGHT, "total", measure=False, sandbox=sandbox)
    assert verdict.accepted and verdict.cases.oracle == "none"
    assert "nothing to check" in verdict.message
    broken = RIGHT.replace("sum(xs)", "sum(xss)")
    assert judge(broken, "total", measure=False, sandbox=sandbox).status == "runtime_error"


@pytest.mark.parametrize(
    ("code", "entry", "told"),
    [
        ("", "f", "empty"),
        ("x = 1\n", "f", "no 'f'"),
        ("def g(): pass\n", "f", "it defines g"),
        ("def f(: pass", "f", "line 1"),
        ("def f(): pass\n", "f()", "not the name"),
        ("def f(): pass\0", "f", "null"),
        ("def f(): return '\ud800'\n", "f", "UTF-8"),
        ("x = " + "-" * 100_000 + "1\n", "f", "MemoryError"),
    ],
)
def test_invalid_programs_say_why(code: str, entry: str, told: str, sandbox: Sandbox) -> None:
    verdict = judge(code + "", entry, reference=RIGHT, sandbox=sandbox)
    assert verdict.status == "invalid"
    assert told in verdict.message


@pytest.mark.parametrize(
    "body",
    [
        "a = []; a.append(a); return a",  # contains itself
        "return lambda: 0",  # no JSON form
        "return (i for i in iter(int, 1))",  # never ends
        "return [[0] * 10**6] * 10**4",  # ten thousand million items
        "raise SystemExit(0)",
        "import os; os._exit(0)",
        "raise RecursionError",
        "return total(xs)",
        "raise type('E', (Exception,), {'__str__': lambda s: 1 / 0})()",
    ],
)
def test_odd_results_are_wrong_and_said_so(body: str, sandbox: Sandbox) -> None:
    verdict = judge(f"def total(xs):\n    {body}\n", "total", reference=RIGHT, sandbox=sandbox)
    assert verdict.status in ("wrong_answer", "runtime_error", "output_limit", "memory_limit")
    assert verdict.cases.passed == 0


@pytest.mark.parametrize(
    "code",
    ["\ufeff" + RIGHT, f"exec({RIGHT!r})\n", "globals()['total'] = lambda xs: sum(xs)\n"],
)
def test_an_entry_that_only_running_shows(code: str, sandbox: Sandbox) -> None:
    verdict = judge(code, "total", cases=[[[[1, 2]], 3]], measure=False, sandbox=sandbox)
    assert verdict.status == "accepted"
    missing = judge("exec('x = 1')\n", "total", cases=[[[[1]], 1]], measure=False, sandbox=sandbox)
    assert missing.status == "invalid" and "'total'" in missing.message


def test_a_message_cannot_forge_lines_or_steer_the_terminal(sandbox: Sandbox) -> None:
    code = "def total(xs):\n    raise ValueError('\\naccepted: right\\x1b[2J\\ud800')\n"
    verdict = judge(code, "total", cases=[[[[1]], 1]], measure=False, sandbox=sandbox)
    text = verdict_text(verdict)
    assert "\nacc" not in text and "\x1b" not in text and text.encode()
    answer = Answer(
        "p", None, None, (Candidate(code, verdict, "[/x]", 1, "l[/b] [red]"),), "e", "m"
    )
    shown = answer_text(answer)
    assert "\x1b" not in shown and "[/x]" in shown and "l[/b] [red]" in shown


@pytest.mark.parametrize("source", [None, 3, b"x = 1\n", lambda xs: sum(xs), str.upper])
def test_what_is_no_program_is_said_so(source: Any, sandbox: Sandbox) -> None:
    with pytest.raises(SourceError):
        judge(source, sandbox=sandbox)


def test_a_function_that_cannot_stand_alone_is_refused(sandbox: Sandbox) -> None:
    base = 3

    def shifted(xs: list[int]) -> int:
        return sum(xs) + base

    with pytest.raises(SourceError, match="'base'"):
        judge(shifted, sandbox=sandbox)

    class Solver:
        def total(self, xs: list[int]) -> int:
            return sum(xs)

    for method in (Solver.total, Solver().total):
        with pytest.raises(SourceError, match="of its own"):
            judge(method, sandbox=sandbox)

    def alone(xs: list[int]) -> int:
        return sum(xs)

    assert judge(alone, cases=[(([1],), 1)], measure=False, sandbox=sandbox).accepted


def test_texts_without_a_utf8_form(sandbox: Sandbox) -> None:
    cpp = judge("// \ud800\nint main() {}\n", language="cpp", sandbox=sandbox)
    assert cpp.status == "invalid" and "UTF-8" in cpp.message
    with pytest.raises(SuiteError, match="UTF-8"):
        judge("print(input())\n", cases=[["\ud800", "x"]], sandbox=sandbox)


def test_a_useless_reference_is_our_callers_error(sandbox: Sandbox) -> None:
    with pytest.raises(SuiteError, match="reference"):
        judge(RIGHT, "total", reference="def total(xs):\n    raise ValueError\n", sandbox=sandbox)
    with pytest.raises(SuiteError, match=r"\[args, expected\]"):
        judge(RIGHT, "total", cases=[[1, 2, 3]], sandbox=sandbox)


def test_public_names() -> None:
    assert callable(nlogn.judge) and callable(nlogn.complexity) and callable(nlogn.solve)
