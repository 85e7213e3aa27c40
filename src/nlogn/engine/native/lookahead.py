"""What a half-written program would cost after some more text."""

import math
from dataclasses import dataclass

from nlogn.complexity import static_terms as terms
from nlogn.complexity.bigo import BigO, log_value, parse
from nlogn.complexity.static import PathTracker
from nlogn.complexity.static_recursion import finished
from nlogn.complexity.static_statements import close
from nlogn.complexity.static_terms import ONE, Terms, mul, size

SIZE = 1024  # of every input: where classes are compared
SLACK = 1.0  # n + m is within O(n), (n + m) log (n + m) within O(n log n)


@dataclass(frozen=True, slots=True)
class Spent:
    """The classes of what is written; None where it is not known. All sizes are taken as n, and
    the elements of an input as short: a text in a list is part of the list's own size."""

    time: BigO | None
    memory: BigO | None


class Lookahead(PathTracker):
    """A `PathTracker` that can be asked ahead of what is written."""

    def closers(self) -> str:
        """What would close the brackets and the quote that the line being written has open."""
        return self._scanner.unclosed()

    def spent(self) -> Spent:
        """The dearer of the function so far and the place where the text ends; the function's
        memory."""
        state, last = self._ahead()
        while len(state.blocks) > 1:
            close(state)
        _, function = self._chosen(state, finished(state, state.blocks[0]))
        time = [_class(function.cost)]
        if last is not None:
            time.append(_class(state.resolve(mul(last.trips, last.cost))))
        known = [c for c in time if c is not None]
        return Spent(max(known, key=weight, default=None), _class(function.memory))


def _class(cost: Terms) -> BigO | None:
    flat = terms.substitute(
        cost, lambda s: None if s[0] in "?@" else ONE if "[*]" in s else size("n")
    )
    name, _ = terms.classify(flat, {"n": "n"})
    return None if name == "unknown" else parse(name)


def weight(big_o: BigO) -> float:
    """ln of the class where all sizes are `SIZE`; exponentials are all alike."""
    return min(log_value(big_o, SIZE, SIZE), math.log(SIZE) * 8)
