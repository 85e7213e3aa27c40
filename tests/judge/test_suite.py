"""Where cases come from: stdin texts, linked structures, preambles, checkers, declared types."""

from dataclasses import replace

import pytest

from nlogn.judge import SuiteError, judge, judge_program, suite_for
from nlogn.problems import Case, Parameter, Problem, Signature, Solution
from nlogn.sandbox import Program, Sandbox

SUM_LINES = "n = int(input())\nprint(sum(int(x) for x in input().split()))\n"


def test_stdin_texts_are_made_for_a_whole_program(sandbox: Sandbox) -> None:
    off = SUM_LINES.replace("input().split())", "input().split()[:3])")
    right = judge(SUM_LINES, reference=SUM_LINES, measure=False, sandbox=sandbox)
    wrong = judge(off, reference=SUM_LINES, measure=False, sandbox=sandbox)
    assert right.accepted and right.cases.passed > 5
    assert wrong.status == "wrong_answer"


def test_a_program_whose_input_cannot_be_guessed_is_not_called_right(sandbox: Sandbox) -> None:
    cpp = Program("int main(){return 0;}", None, "cpp")
    try:
        verdict = judge_program(cpp, reference=cpp, measure=False, sandbox=sandbox)
    except ValueError as error:
        assert "give cases" in str(error)
    else:
        assert verdict.cases.oracle == "none"


def test_a_whole_program_is_never_right_by_returning_nothing(sandbox: Sandbox) -> None:
    nothing = "def f(xs: list[int]) -> None:\n    xs.sort()\n"
    for oracle in (
        {"reference": Program(nothing, "f")},
        {"problem": Problem(name="p", statement="Sort.", examples=(Case(args=([1],)),))},
    ):
        with pytest.raises(SuiteError, match="FILE::FUNCTION"):
            judge_program(Program("pass\n", None), sandbox=sandbox, **oracle)  # type: ignore[arg-type]
    # The entry that the reference or the problem names is meant, where the program names none.
    kwargs = {"measure": False, "sandbox": sandbox}
    verdict = judge("pass\n", reference=Program(nothing, "f"), **kwargs)  # type: ignore[arg-type]
    assert verdict.status == "invalid"
    asked = Signature("f", (Parameter("xs", "list[int]"),))
    problem = Problem(name="p", statement="", signature=asked, examples=(Case(args=([1],)),))
    assert judge(nothing, problem=problem, **kwargs).accepted  # type: ignore[arg-type]


def test_a_function_is_not_run_on_stdin_texts(sandbox: Sandbox) -> None:
    problem = Problem(name="p", statement="", examples=(Case(stdin="1", expected="1"),))
    with pytest.raises(SuiteError, match="stdin"):
        judge("def f(): pass\n", "f", problem=problem, measure=False, sandbox=sandbox)


def test_a_replayed_input_is_counted_once(sandbox: Sandbox) -> None:
    program = Program("def f(x: int) -> int:\n    return x\n", "f")
    first = suite_for(program, sandbox, reference=program)
    again = suite_for(program, sandbox, reference=program, replay=[first.cases[5].args or ()])
    assert len(again.cases) == len(first.cases)


def test_checker_says_which_of_several_answers_are_right(sandbox: Sandbox) -> None:
    problem = Problem(
        name="pair",
        statement="Return two different positions whose numbers add up to the target.",
        signature=Signature("pair", (Parameter("xs", "list[int]"), Parameter("t", "int"))),
        examples=(Case(args=([1, 2, 3, 0], 3), expected=[0, 1]),),
        checker="def check(args, expected, got):\n    xs, t = args\n"
        "    return got[0] != got[1] and xs[got[0]] + xs[got[1]] == t\n",
    )
    other = "def pair(xs, t):\n    return [2, 3]\n"
    same_place = "def pair(xs, t):\n    return [0, 0]\n"
    kwargs = {"problem": problem, "measure": False, "sandbox": sandbox}
    assert judge(other, "pair", **kwargs).accepted  # type: ignore[arg-type]
    assert judge(same_place, "pair", **kwargs).status == "wrong_answer"  # type: ignore[arg-type]
    # The checker cannot read these, though it can read the right answer: the answers are wrong.
    for nonsense in ("'two'", "[0, 9]", "None"):
        said = judge(f"def pair(xs, t):\n    return {nonsense}\n", "pair", **kwargs)  # type: ignore[arg-type]
        assert said.status == "wrong_answer", nonsense
    broken = replace(problem, checker="def check(args, expected, got):\n    return nobody\n")
    with pytest.raises(SuiteError, match=r"checker failed.*nobody"):
        judge(other, "pair", problem=broken, measure=False, sandbox=sandbox)


def test_preamble_and_scripts_run_with_the_program(sandbox: Sandbox) -> None:
    script = Case(has_expected=False, script="assert area(Box(2, 3)) == 6")
    problem = Problem(
        name="area",
        statement="Return the area of a box.",
        signature=Signature("area", (Parameter("box"),)),
        tests=(script,),
        preamble="from collections import namedtuple\nBox = namedtuple('Box', 'w h')\n",
    )
    programs = {
        "accepted": "def area(box):\n    return box.w * box.h\n",
        "wrong_answer": "def area(box):\n    return box.w + box.h\n",
        "runtime_error": "def area(box):\n    import os\n    os._exit(0)\n",
    }
    for status, code in programs.items():
        verdict = judge(code, "area", problem=problem, measure=False, sandbox=sandbox)
        assert verdict.status == status, verdict.message


def test_declared_types_guide_the_inputs(sandbox: Sandbox) -> None:
    right = "def f(a, b):\n    return a + b\n"
    problem = Problem(
        name="join",
        statement="Put two texts together.",
        signature=Signature("f", (Parameter("a", "str"), Parameter("b", "str")), "str"),
        solutions=(Solution("plus", right, "O(n)", "O(n)"),),
    )
    digits = "def f(a, b):\n    return a + b if isinstance(a, str) else 'never'\n"
    assert judge(digits, "f", problem=problem, measure=False, sandbox=sandbox).accepted


def test_linked_lists_go_in_and_come_out(sandbox: Sandbox) -> None:
    node = (
        "class ListNode:\n    def __init__(self, val=0, next=None):\n"
        "        self.val = val\n        self.next = next\n\n"
    )
    count = node + (
        "def count(head: ListNode) -> int:\n    n = 0\n    while head:\n        n += 1\n"
        "        head = head.next\n    return n\n"
    )
    wrong = count.replace("n = 0", "n = 1 if head and head.next else 0")
    assert judge(count, "count", reference=count, measure=False, sandbox=sandbox).accepted
    verdict = judge(wrong, "count", reference=count, measure=False, sandbox=sandbox)
    assert verdict.status == "wrong_answer"
