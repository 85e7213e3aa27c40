"""What all tests share: one warm sandbox, and where the benchmark data lies."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlogn.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as shared:
        yield shared


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of benchmark data; tests that need it are skipped without it."""
    folder = Path(os.environ.get("NLOGN_DATA") or Path(__file__).parents[1] / "../shared/data")
    if not folder.is_dir():
        pytest.skip("no benchmark data: set NLOGN_DATA to its folder")
    return folder.resolve()
