"""The command line in a process of its own."""

import subprocess
import sys
from pathlib import Path


def nlogn(*args: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nlogn", *args],
        input=stdin, capture_output=True, text=True, timeout=100, cwd=cwd, check=False,
    )  # fmt: skip
