"""How a program's time and memory grow: counted, not timed.

from nlogn.complexity import measure
measure(Program(code, "f"), "lambda n, rng: ([rng.random() for _ in range(n)],)").time.big_o
"""

import sys
import types
from typing import Any

from nlogn.complexity.bigo import BigO, cheaper, evaluate, parse, rank
from nlogn.complexity.growth import Complexity, Growth, Leak, Point
from nlogn.complexity.made import make_inputs
from nlogn.complexity.measure import count_steps, measure

__all__ = [
    "BigO",
    "Complexity",
    "Growth",
    "Leak",
    "Point",
    "cheaper",
    "complexity",
    "count_steps",
    "evaluate",
    "make_inputs",
    "measure",
    "parse",
    "rank",
]


def complexity(source: Any, entry: str | None = None, **options: Any) -> Complexity:
    """`measure` for whatever names a program: a function object, a path, ``path::entry``, source
    text with `entry`, or a `Program`. Options are those of `measure`.

    Raises:
        nlogn.sandbox.source.SourceError: the source cannot be read.
    """
    from nlogn.sandbox.source import load_program

    return measure(load_program(source, entry), **options)


class _CallableModule(types.ModuleType):
    """`nlogn.complexity` is both this room and the function that users call."""

    def __call__(self, *args: Any, **options: Any) -> Complexity:
        return complexity(*args, **options)


sys.modules[__name__].__class__ = _CallableModule
