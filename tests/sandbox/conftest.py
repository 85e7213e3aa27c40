import os
from collections.abc import Iterator

import pytest

from nlogn.sandbox import Sandbox, SandboxUnavailable, launch


@pytest.fixture(scope="session", params=["full", "light"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One worker, so that what one program leaves behind the next one meets."""
    yield from made(request.param)


@pytest.fixture(scope="session")
def bare_sandbox() -> Iterator[Sandbox]:
    """The least that is ever accepted: no bubblewrap, so only Landlock and the filter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "roads", lambda: (launch.Road(None),))
        yield from made("light")


def made(isolation: str) -> Iterator[Sandbox]:
    try:
        sandbox = Sandbox(1, isolation)  # type: ignore[arg-type]
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    with sandbox:
        yield sandbox


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
