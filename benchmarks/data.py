"""Where benchmark data lies: ../shared/data beside the project, or $NLOGN_DATA."""

import os
import sys
from pathlib import Path


def folder() -> Path:
    """The data folder; ends the benchmark with a clear word where there is none."""
    path = Path(os.environ.get("NLOGN_DATA") or Path(__file__).parents[1] / "../shared/data")
    if not path.is_dir():
        sys.exit(f"no benchmark data at {path}: set NLOGN_DATA to its folder")
    return path.resolve()
