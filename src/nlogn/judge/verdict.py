"""`Verdict`: everything that was measured about one program, as one value."""

import platform
from dataclasses import dataclass, field
from typing import Any, Literal

from nlogn.complexity.growth import Growth, Leak

Status = Literal[
    "accepted",
    "wrong_answer",
    "runtime_error",
    "time_limit",
    "memory_limit",
    "output_limit",
    "security",
    "invalid",
    "system_error",
]

Oracle = Literal["cases", "problem", "reference", "docstring", "majority", "none"]


@dataclass(frozen=True, slots=True)
class FailingCase:
    """An input on which the program is wrong, and what it did there."""

    args: tuple[Any, ...] | None
    stdin: str | None
    expected: Any
    has_expected: bool
    got: Any
    error: str  # "" where the program returned
    status: Status
    shrunk: bool = False


@dataclass(frozen=True, slots=True)
class CaseReport:
    passed: int
    failed: int
    smallest_failing: FailingCase | None
    oracle: Oracle  # where the right answers came from
    skipped: int = 0  # not run, since earlier ones had already spent the time


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of one program.

    `system_error` is the judge's own failure and says nothing about the program. `steps` are
    deterministic; `reference_steps` are those of the reference on the same inputs.
    """

    status: Status
    message: str
    cases: CaseReport
    time: Growth
    memory: Growth
    leak: Leak | None = None
    steps: int | None = None
    reference_steps: int | None = None
    isolation: str = ""
    seed: int = 0
    findings: tuple[dict[str, Any], ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        return self.status == "accepted"


NO_CASES = CaseReport(0, 0, None, "none")


def unmeasured(unit: Literal["steps", "bytes"], why: str) -> Growth:
    """The growth of a program that was not measured."""
    return Growth("unknown", 0.0, None, (), unit, note=why)


def versions() -> dict[str, str]:
    from nlogn import __version__

    return {"nlogn": __version__, "python": platform.python_version()}
