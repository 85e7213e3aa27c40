"""nlogn: code that is measured before it is answered.

>>> import nlogn
>>> nlogn.judge("solution.py::two_sum", reference="slow.py::two_sum").status
>>> nlogn.complexity("solution.py::two_sum").time.big_o
>>> nlogn.solve("examples/longest_increasing_subsequence.md").code
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["complexity", "judge", "secure", "solve"]


def __getattr__(name: str) -> Any:
    """The public verbs, loaded when first used: `import nlogn` itself costs nothing."""
    import importlib

    if name in ("judge", "complexity"):  # rooms whose module can be called
        return importlib.import_module(f"nlogn.{name}")
    if name == "solve":
        return importlib.import_module("nlogn.assistant").solve
    if name == "secure":
        return importlib.import_module("nlogn.security").secure
    raise AttributeError(f"module 'nlogn' has no attribute '{name}'")
