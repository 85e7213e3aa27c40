"""Budgets as bounds on the classes that our networks begin an answer with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlogn.complexity import bigo
from nlogn.complexity.bigo import CLASSES, BigO
from nlogn.corpus.specials import memory_token, time_token
from nlogn.engine.native.lookahead import SLACK, weight
from nlogn.engine.native.sequence import Objection

if TYPE_CHECKING:
    from tokenizers import Tokenizer

REFUSED = 12.0  # nats
_FLOOR = 5.0  # nats below the likeliest, a class that the network does not believe in


@dataclass(frozen=True, slots=True)
class ClassToken:
    """What a token says of the answer; `memory`, else its time."""

    memory: bool
    growth: BigO


def class_tokens(tokenizer: "Tokenizer") -> dict[int, ClassToken]:
    """The tokens of classes, by number; none where a network was not trained on them."""
    found = {}
    for growth in CLASSES:
        for memory, token in ((False, time_token), (True, memory_token)):
            number = tokenizer.token_to_id(token(str(growth)))
            if number is not None:
                found[number] = ClassToken(memory, growth)
    return found


class ClassBound:
    """A `Guide`: classes over the budget are refused, as long as the network holds another one for
    likely that is not.

    Raises:
        ValueError: a budget is no class of growth.
    """

    def __init__(
        self, known: Mapping[int, ClassToken], time: str | None = None, memory: str | None = None
    ):
        self._known = known
        self._budgets = {False: bigo.parse(time) if time else None,
                         True: bigo.parse(memory) if memory else None}  # fmt: skip

    def __call__(self, tokens: list[int], prompt: int, token: int) -> Objection | None:
        said = self._known.get(token)
        budget = said and self._budgets[said.memory]
        if not said or not budget or weight(said.growth) - weight(budget) <= SLACK:
            return None
        return Objection(REFUSED, f"{said.growth} is over {budget}", _FLOOR)
