import ast

import pytest

from nlogn.corpus.question import wrapped
from nlogn.engine import Prompt
from nlogn.engine.chat import extract_code, messages
from nlogn.problems import bank_problem


def fenced(code, info="python"):
    return f"```{info}\n{code}\n```"


EARLIER = "def solve(x):\n    return x"
GOOD = "def solve(x):\n    return x + 1"


@pytest.mark.parametrize(
    "answer",
    [
        fenced(GOOD),
        f"Here is it.\n\n{fenced(GOOD)}\n\nIt takes O(1).",
        f"First try:\n{fenced(EARLIER)}\nBetter:\n{fenced(GOOD)}",
        f"{fenced(GOOD)}\nUse:\n{fenced('print(solve(3))')}\nShell:\n{fenced('make', 'sh')}",
        GOOD,
        f"The function is\n\n{GOOD}\n\nand that is it, isn't it?",
        f"- a list item:\n\n  {fenced(GOOD).replace(chr(10), chr(10) + '  ')}",
        f"<think>\n{fenced('def solve(x):' + chr(10) + '    return -1')}\n</think>\n{fenced(GOOD)}",
        fenced(GOOD, ""),
        "~~~py\n" + GOOD + "\n~~~",
    ],
)
def test_the_program_is_found(answer):
    code = extract_code(answer, "solve")
    assert code.strip() == GOOD


def test_blocks_that_belong_together_are_joined():
    answer = f"{fenced('import math')}\nthen\n{fenced('LIMIT = 3')}\nand no function at all"
    assert extract_code(answer, None) in ("import math\n", "LIMIT = 3\n")
    split = f"{fenced('class Solution:' + chr(10) + '    pass')}\n{fenced(GOOD)}"
    assert extract_code(split, "solve").strip() == GOOD


def test_a_method_is_looked_for_in_its_class():
    wrong = "def twice(x):\n    return x"
    right = "class Solution:\n    def twice(self, x):\n        return 2 * x"
    assert extract_code(f"{fenced(right)}\n{fenced(wrong)}", "Solution.twice").strip() == right


@pytest.mark.parametrize("answer", ["", "I cannot do that.", "Sorry", "<think>never ends"])
def test_no_program_is_no_program(answer):
    assert extract_code(answer, "solve") == ""


def test_a_truncated_block_is_still_given_to_the_judge():
    assert extract_code("```python\ndef solve(x):\n    return (x +", "solve").startswith(
        "def solve"
    )


def test_a_prompt_shows_statement_signature_examples_and_feedback():
    problem = bank_problem("two_sum")
    system, user = messages(Prompt(problem, feedback="two_sum([3, 5], 6) gave (0, 0)"))
    assert "python" in system["content"]
    for wanted in (wrapped(problem.statement), f"```python\n{problem.signature}\n```",
                   "- `two_sum([3, 3], 6)` -> `(0, 1)`", "gave (0, 0)"):  # fmt: skip
        assert wanted in user["content"]
    for solution in problem.solutions:
        assert ast.unparse(ast.parse(solution.code)) not in user["content"]
