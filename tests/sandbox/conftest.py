import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from nlogn.sandbox import Sandbox, SandboxUnavailable, launch


@pytest.fixture(scope="session")
def sandbox_of() -> Iterator[Callable[[str], Sandbox]]:
    """A sandbox of a tier. One worker, so that what one program leaves the next one meets."""
    with contextlib.ExitStack() as stack:
        made: dict[str, Sandbox] = {}

        def get(isolation: str) -> Sandbox:
            if isolation not in made:
                made[isolation] = stack.enter_context(make(isolation))
            return made[isolation]

        yield get


@pytest.fixture(params=["full", "light"])
def sandbox(request: pytest.FixtureRequest, sandbox_of: Callable[[str], Sandbox]) -> Sandbox:
    return sandbox_of(request.param)


@pytest.fixture(scope="session")
def bare_sandbox() -> Iterator[Sandbox]:
    """The least that is ever accepted: no bubblewrap, so only Landlock and the filter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "roads", lambda: (launch.Road(None),))
        with make("light") as sandbox:
            yield sandbox


def make(isolation: str) -> Sandbox:
    try:
        return Sandbox(1, isolation)  # type: ignore[arg-type]
    except SandboxUnavailable as error:
        pytest.skip(str(error))


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
