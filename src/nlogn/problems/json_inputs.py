"""Arguments that went through JSON, made what they were: tuples, sets and complex numbers.

JSON has lists only. The literal arguments in a set's own assertions show which containers were
meant where, so the others are given the same: at each place (the k-th argument, an element of
it, a dictionary's value, …) what the assertions have there. Places that are deeper than any
assertion goes are taken to be like the place above.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nlogn.problems.literals import NotLiteral, evaluate

_NUMBERS = {int, float, complex}


@dataclass(slots=True)
class Place:
    """The containers seen at one place of the arguments, and the places within."""

    kinds: Counter[type] = field(default_factory=Counter)
    element: "Place | None" = None

    def see(self, value: Any) -> None:
        self.kinds[type(value)] += 1
        inner: Sequence[Any] = ()
        if isinstance(value, list | tuple | set | frozenset):
            inner = tuple(value)
        elif isinstance(value, dict):
            inner = tuple(value.values())
        for item in inner:
            self.element = self.element or Place()
            self.element.see(item)

    def sequence(self, above: type) -> type:
        """What a JSON list stands for here."""
        seen = [k for k in (list, tuple, set, frozenset) if self.kinds[k]]
        return max(seen, key=lambda k: self.kinds[k]) if seen else above


def places(rows: Sequence[tuple[Any, ...]]) -> list[Place]:
    """What the argument tuples `rows` have at each position."""
    found = [Place() for _ in range(max(map(len, rows), default=0))]
    for row in rows:
        for place, value in zip(found, row, strict=False):
            place.see(value)
    return found


def restore(args: Sequence[Any], shapes: Sequence[Place]) -> tuple[Any, ...]:
    """The argument tuple that the JSON values `args` stand for."""
    return tuple(
        _restored(value, shapes[i] if i < len(shapes) else Place(), list)
        for i, value in enumerate(args)
    )


def _restored(value: Any, place: Place, above: type) -> Any:
    element = place.element or Place()
    if isinstance(value, list):
        kind = place.sequence(above)
        inner = [_restored(v, element, kind if kind is tuple else list) for v in value]
        try:
            return kind(inner)
        except TypeError:  # an unhashable element: it cannot have been a set
            return inner
    if isinstance(value, dict):
        return {k: _restored(v, element, list) for k, v in value.items()}
    if isinstance(value, str) and _NUMBERS & set(place.kinds) and not place.kinds[str]:
        try:
            return evaluate(value)
        except NotLiteral:
            return value
    return value
