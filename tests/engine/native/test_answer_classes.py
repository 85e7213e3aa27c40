"""Budgets bound the classes that an answer begins with."""

from typing import Any

import pytest

from nlogn.complexity.bigo import CLASSES
from nlogn.corpus.specials import SPECIALS, memory_token, time_token
from nlogn.corpus.tokenizer import train_tokenizer
from nlogn.engine.native.answer_classes import REFUSED, ClassBound, class_tokens
from nlogn.engine.native.sequence import Request

TOKENIZER = train_tokenizer(["def f(x):\n    return x\n"] * 9, 256 + len(SPECIALS))
KNOWN = class_tokens(TOKENIZER)
SLOW, FAST = (TOKENIZER.token_to_id(time_token(c)) for c in ("O(n^2)", "O(n)"))


def test_each_class_has_a_token_of_time_and_one_of_memory() -> None:
    assert len(KNOWN) == 2 * len(CLASSES)
    assert str(KNOWN[FAST].growth) == "O(n)" and not KNOWN[FAST].memory


@pytest.mark.parametrize(
    ("time", "memory", "token", "refused"),
    [
        ("O(n)", "", time_token("O(n^2)"), True),
        ("O(n)", "", time_token("O(n)"), False),
        ("O(n)", "", time_token("O(log n)"), False),
        ("O(n)", "", time_token("O(n+m)"), False),  # sizes are alike
        ("O(n)", "", memory_token("O(n^2)"), False),
        ("", "O(1)", memory_token("O(n)"), True),
        ("", "O(1)", time_token("O(n!)"), False),
        ("", "", time_token("O(n!)"), False),
    ],
)
def test_what_is_over_the_budget_is_refused(
    time: str, memory: str, token: str, refused: bool
) -> None:
    bound = ClassBound(KNOWN, time, memory)
    objection = bound([1, 2], 2, TOKENIZER.token_to_id(token))
    assert (objection is not None) == refused
    if objection is not None:
        assert objection.nats == REFUSED and " is over O(" in objection.reason
    assert bound([1, 2], 2, 300) is None  # no class


def test_a_budget_that_is_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="not a class"):
        ClassBound(KNOWN, "fast")


@pytest.mark.parametrize(("behind", "taken"), [(1.0, FAST), (4.0, FAST), (6.0, SLOW)])
def test_the_network_must_believe_in_the_other_class(
    opened: Any, behind: float, taken: int
) -> None:
    """The cheaper class is `behind` nats less likely."""

    def want(tokens: list[int], prompt: int, logits: Any) -> None:
        logits[:] = -30.0
        logits[SLOW], logits[FAST] = 9.0, 9.0 - behind

    bound = ClassBound(KNOWN, "O(n)")
    for temperature in (0.0, 0.3):
        request = Request((5, 6), 1, temperature, steer=(want,), guides=(bound,))
        (token,) = [t for chunk in opened().submit(request) for t in chunk.tokens]
        assert token.token == taken
        assert (token.turned is not None) == (taken == FAST)
