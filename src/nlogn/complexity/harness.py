"""The harness text: the files of `inside/` joined into one module for the sandbox."""

import functools
import re
from pathlib import Path

_FILES = ("meter", "rewrite", "hooks", "twins", "charges", "loading", "ladder", "footprint",
          "lines", "making")  # fmt: skip
_OWN_IMPORT = re.compile(
    r"^from nlogn\.complexity\.inside\.\w+ import (?:\([^)]*\)|.*)$\n?", re.MULTILINE
)
_MAIN = """

def main(payload, send):
    {"ladder": main_ladder, "footprint": main_footprint, "count": main_count,
     "lines": main_lines, "making": main_making}[payload["do"]](payload, send)
"""


@functools.cache
def harness() -> str:
    """Source text that defines `main(payload, send)`; `payload["do"]` is what to measure."""
    folder = Path(__file__).parent / "inside"
    parts = []
    for name in _FILES:
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        parts.append(_OWN_IMPORT.sub("", text))
    joined = "\n\n".join(parts)
    return joined + _MAIN
