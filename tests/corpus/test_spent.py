"""What code has spent by each token: whole lines only, and only of what is code."""

import pytest

from nlogn.complexity.static import path_cost
from nlogn.corpus.spent import Classes, spent

CODE = """\
def f(xs: list[int]):
    for x in xs:
        for y in xs:
            print(x, y)
    return 1
"""


def by_line(text: str) -> list[Classes]:
    """With one token for each line, and its line break."""
    return spent(text, range(text.count("\n")))


@pytest.mark.parametrize("line", range(1, 6))
def test_each_token_knows_the_lines_that_it_ends(line: int) -> None:
    before = "".join(CODE.splitlines(keepends=True)[:line])
    cost = path_cost(before)
    assert by_line(CODE)[line - 1] == (cost.big_o, cost.memory)


def test_a_token_within_a_line_knows_the_lines_before() -> None:
    two = spent("for x in range(9):\n    x + 1\n", [0, 0, 0, 1, 1, 1])
    assert two[0] == two[1] and len(two) == 6


def test_of_an_answer_the_fence_is_code() -> None:
    answer = f"Two loops over `xs` make it slow.\n\n```python\n{CODE}```\n"
    found = by_line(answer)
    assert found[3:-1] == by_line(CODE)
    assert found[-1] == found[-2]  # the closing fence changes nothing
    assert len(set(found[:3])) == 1  # prose costs nothing


def test_a_second_fence_begins_anew() -> None:
    found = by_line(f"```python\n{CODE}```\n\n```python\nx = 1\n```\n")
    assert found[-1] == by_line("x = 1\n")[-1]


def test_the_square_is_seen() -> None:
    assert by_line(CODE)[-1][0] == "O(n^2)"
