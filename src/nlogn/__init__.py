"""nlogn: code that is measured before it is answered.

>>> import nlogn
>>> nlogn.judge("solution.py::two_sum", reference="slow.py::two_sum").status
>>> nlogn.complexity("solution.py::two_sum").time.big_o
>>> nlogn.solve("examples/longest_increasing_subsequence.md").code
"""

import os
from typing import Any

# numpy's matrices are small here, and its threads spin: on a busy machine two take ten times as
# long as one. It reads this once, when it is first imported; torch's threads are another matter.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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
