"""`Problem`: what is asked, how inputs are made, and what is known about its solutions."""

from dataclasses import dataclass, field
from typing import Any, Literal

Paradigm = Literal["algorithms", "systems", "web", "data"]


@dataclass(frozen=True, slots=True)
class Case:
    """One input and, where known, the right answer.

    A function's case has `args`; a whole program's has `stdin` and its `expected` is the stdout.
    The answer is known in one of four ways, tried in this order:

    - `check`: a Python expression over ``got`` (what the program returned) that must be true, for
      answers that no single value describes. It knows ``math`` and the builtins, and it runs in a
      sandboxed process of its own, never in the program's.
    - `script`: Python statements that call the entry and assert. They cannot be parted from the
      calls, so they run after the program's code in the program's own process, where a hostile
      program could forge the outcome. Then `args` is None.
    - `has_expected`: `expected` is the answer, compared under the problem's tolerance or checker.
    - otherwise the reference solution's answer is right.
    """

    args: tuple[Any, ...] | None = None
    stdin: str | None = None
    expected: Any = None
    has_expected: bool = True
    note: str = ""
    check: str = ""
    script: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    annotation: str = ""  # Python source, "" where the statement does not say


@dataclass(frozen=True, slots=True)
class Signature:
    """How the answer is called: ``entry(parameters) -> returns``."""

    entry: str
    parameters: tuple[Parameter, ...]
    returns: str = ""

    def __str__(self) -> str:
        inner = ", ".join(
            f"{p.name}: {p.annotation}" if p.annotation else p.name for p in self.parameters
        )
        return f"def {self.entry}({inner})" + (f" -> {self.returns}" if self.returns else "") + ":"


@dataclass(frozen=True, slots=True)
class Solution:
    """A right program and how it grows, as declared (`nlogn bank check` proves it)."""

    name: str
    code: str
    time: str  # a class as `nlogn complexity` prints it, "" where not declared
    memory: str
    language: str = "python"


@dataclass(frozen=True, slots=True)
class WrongSolution:
    """A program of the kind people really write, and the input that exposes it."""

    name: str
    code: str
    reason: str
    exposed_by: tuple[Any, ...] | None = None
    language: str = "python"


@dataclass(frozen=True, slots=True)
class Problem:
    """A task with everything needed to judge an answer to it.

    `generators` maps a shape ("random", "sorted", "adversarial", …) to Python source
    ``lambda n, rng: args`` (``lambda n, m, rng: args`` for two sizes); `checker` is the source of
    ``def check(args, expected, got) -> bool`` for problems with several right answers, where a
    whole program's `args` are ``(stdin,)`` and `got` is its stdout. Both run in the sandbox.
    """

    name: str
    statement: str
    title: str = ""
    signature: Signature | None = None  # None: a whole program, stdin to stdout
    examples: tuple[Case, ...] = ()
    tests: tuple[Case, ...] = ()
    generators: dict[str, str] = field(default_factory=dict)
    checker: str | None = None
    tolerance: float = 0.0  # on floats, relative or absolute, whichever is wider
    solutions: tuple[Solution, ...] = ()
    wrong: tuple[WrongSolution, ...] = ()
    phrasings: tuple[str, ...] = ()
    rationale: str = ""  # how one gets from the slow solution to the fast one
    paradigm: Paradigm = "algorithms"
    time_limit_s: float = 10.0
    memory_limit_bytes: int = 1 << 30
    preamble: str = ""  # Python source that an answer may take for granted; runs before it
    source: str = ""  # where it comes from, with its licence, when it is not this project's own

    @property
    def exposing(self) -> tuple[Case, ...]:
        """The inputs that expose the known wrong solutions; the reference answers them."""
        return tuple(
            Case(args=wrong.exposed_by, has_expected=False, note=f"exposes: {wrong.name}")
            for wrong in self.wrong
            if wrong.exposed_by is not None
        )

    @property
    def reference(self) -> Solution | None:
        """The solution that the others are compared with: the last, best known, one."""
        return self.solutions[-1] if self.solutions else None
