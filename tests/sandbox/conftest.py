import os
from collections.abc import Iterator

import pytest

from nlogn.sandbox import Sandbox, SandboxUnavailable


@pytest.fixture(scope="session", params=["full", "light"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One worker, so that what one program leaves behind the next one meets."""
    try:
        made = Sandbox(1, request.param)
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    with made:
        yield made


def descendants(pid: int) -> set[int]:
    """All living processes under `pid`, itself left out."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    state, parent = file.read().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(name)] = int(parent)
    found: set[int] = {pid}
    while more := {p for p, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}
