"""`ProblemError`: a problem file that cannot be used, and what to write instead."""

import os


class ProblemError(ValueError):
    """``path:line: message``; the message says what is wrong and what to write instead."""

    def __init__(self, message: str, path: str | os.PathLike[str] = "", line: int | None = None):
        self.message = message
        self.path = os.fspath(path)
        self.line = line
        place = f"{self.path}:{line}: " if line is not None else f"{self.path}: "
        super().__init__((place if self.path else "") + message)
