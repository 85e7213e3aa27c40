"""C and C++: null, lifetime, size and range, by one flow-sensitive walk over each function.

State is kept per access path (`p`, `p->a.b`): may it be null, has it been freed, how many bytes
does it hold, does a number come from outside and has it been compared since. Whatever a
condition mentions counts as checked from there on, on both branches: that loses bugs behind a
wrong check and keeps code with a check quiet, which is the better side to err on.
"""

from __future__ import annotations

from .. import ir
from ..state import Hit
from .function import Memory


def memory_hits(module: ir.Module, text: str, fuel: int) -> list[Hit]:
    """What the walk finds in a C or C++ file. Raises OutOfFuel."""
    return Memory(module, text, fuel).run()
