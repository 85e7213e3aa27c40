"""Failing inputs kept on disk, to be tried first next time."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from nlogn import values
from nlogn.cases.types import Signature


class FailureCorpus:
    """One file of JSON lines: ``{"key": …, "args": …}``.

    A line is written by one `write` on a descriptor opened for appending, so that several
    processes may add at once and a kill leaves at most one broken line; broken lines are
    skipped and listed in `notes`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.notes: list[str] = []

    def add(self, key: str, args: tuple[Any, ...]) -> None:
        """Keeps one input; one that is already there is not written again.

        Raises:
            ValueError: the arguments have no JSON form.
            OSError: the file cannot be written.
        """
        line = json.dumps({"key": key, "args": values.encode(tuple(args))}, sort_keys=True)
        if any(repr(old) == repr(tuple(args)) for old in self.failures(key, limit=10_000)):
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        data = line.encode() + b"\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data  # after a line that a kill cut short
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def failures(self, key: str, limit: int = 200) -> list[tuple[Any, ...]]:
        """The kept inputs of a key, the latest first."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        found: list[tuple[Any, ...]] = []
        self.notes = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if row["key"] == key:
                    args = values.decode(row["args"])
                    if not isinstance(args, tuple):
                        raise ValueError("not an argument tuple")
                    found.append(args)
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                self.notes.append(f"{self.path.name}, line {number}: skipped ({error})")
        return found[::-1][:limit]


def key_of(signature: Signature, problem: str = "") -> str:
    """The key of a problem's inputs: its name if it has one, else what its signature says."""
    if problem:
        return problem
    text = f"{signature.entry}({', '.join(f'{p.name}: {p.type}' for p in signature.params)})"
    short = signature.entry.rsplit(".", 1)[-1]
    return f"{short}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
