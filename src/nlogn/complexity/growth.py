"""What a measurement of growth says: the points, the class fitted to them, how sure it is."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Point:
    """One measured size.

    `cost` is in steps or bytes (the `Growth` says which). `cpu_s` is the thread CPU time of the
    same call without instrumentation, None where it was not taken.
    """

    n: int
    m: int | None
    cost: float
    cpu_s: float | None = None
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Growth:
    """The class of a cost and the evidence for it.

    `big_o` is a spelling of `nlogn.complexity.bigo` or "unknown"; `confidence` is 0..1;
    `flags` names the C callables that had no cost rule and were charged by their arguments.
    """

    big_o: str
    confidence: float
    runner_up: str | None
    points: tuple[Point, ...]
    unit: Literal["steps", "bytes"]
    note: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leak:
    """Memory that a call leaves behind, and the line of the program that holds it."""

    line: int
    bytes_per_call: float


@dataclass(frozen=True, slots=True)
class LineMemory:
    """Bytes that one line of the program allocated and that are held: at the program's peak,
    when it returns, and after its result and arguments are gone."""

    line: int
    peak_bytes: int
    returned_bytes: int
    retained_bytes: int


@dataclass(frozen=True, slots=True)
class MemoryProfile:
    """Where the memory of one call goes. `peak_bytes` is what the program's own lines hold at
    its peak, without the arguments."""

    n: int
    m: int | None
    shape: str
    peak_bytes: int
    lines: tuple[LineMemory, ...]


@dataclass(frozen=True, slots=True)
class Complexity:
    """The measured growth of one program.

    `status` is "ok", or what kept it from being measured in the words of `sandbox.Status`, or
    "bad_inputs" when the generator is at fault. `inputs` says where the inputs came from.
    """

    status: str
    time: Growth
    memory: Growth
    leak: Leak | None
    inputs: str
    seed: int
    isolation: str
    error: str | None = None
    profile: MemoryProfile | None = None  # by line, where it was asked for
