"""`ProblemError`: a problem file that cannot be used, and what to write instead."""

import os
import re


class ProblemError(ValueError):
    """``path:line: message``; the message says what is wrong and what to write instead."""

    def __init__(self, message: str, path: str | os.PathLike[str] = "", line: int | None = None):
        self.message = message
        self.path = os.fspath(path)
        self.line = line
        place = f"{self.path}:{line}: " if line is not None else f"{self.path}: "
        told = (place if self.path else "") + message
        # A name out of a package may hold what would command the terminal.
        super().__init__(re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", _escaped, told))


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}"
