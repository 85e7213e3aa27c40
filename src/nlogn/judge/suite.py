"""`Suite`: the cases that a program must pass, and how a program is run on them."""

import secrets
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlogn.cases.objects import adapt
from nlogn.cases.sized import SizedInputs
from nlogn.cases.types import Signature
from nlogn.judge.verdict import Oracle
from nlogn.problems.problem import Case
from nlogn.sandbox import Limits, Outcome, Program, ProgramError, Sandbox

LIMITED = frozenset(("wall_limit", "cpu_limit", "step_limit", "memory_limit", "output_limit"))
BATCH = 300_000  # characters of input sent together
ENDS_AT_ONCE = frozenset(("invalid", "system_error"))


class SuiteError(ValueError):
    """The cases cannot be made: the reference fails, or the rows are malformed."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases with their right answers. `signature` is that of the arguments' types, where inputs
    were drawn; linked structures among them stand in the cases as plain values."""

    cases: tuple[Case, ...]
    oracle: Oracle
    limits: Limits
    reference: Program | None = None
    checker: str | None = None
    tolerance: float = 0.0
    preamble: str = ""
    signature: Signature | None = None
    reference_wall_s: float = 0.0  # its slowest case
    from_json: bool = False  # its expected values came as JSON, which has lists for tuples
    sized: tuple[SizedInputs, ...] | None = None  # None: `measurable` has not been asked
    reference_steps: int | None = None  # on the largest cases

    def runnable(self, program: Program) -> Program:
        """`program` as the cases call it: after the preamble, taking plain values."""
        if self.preamble:
            program = replace(program, code=f"{self.preamble}\n{program.code}")
        return program if self.signature is None else adapt(program, self.signature)


def run_cases(
    program: Program,
    cases: Sequence[Case],
    sandbox: Sandbox,
    limits: Limits,
    patience_s: float = 0.0,
) -> list[tuple[Case, Outcome]]:
    """What `program` does on each case, in order.

    It ends early once runs that end by a limit have taken more than `patience_s` in all: a
    program that hangs on one input would hang on hundreds.
    """
    done: list[tuple[Case, Outcome]] = []
    plain = [c for c in cases if not c.script]
    bulk = [len(repr(c.args)) if c.stdin is None else len(c.stdin) for c in plain]
    while len(done) < len(plain):
        left = plain[len(done) : _end_of_batch(bulk, len(done))]
        if program.entry is None:
            at_once = 1 if program.language == "python" else len(left)  # compile the others once
            stdins = [c.stdin or "" for c in left[:at_once]]
            outcomes = sandbox.run_many(program, stdins, limits)
        else:
            outcomes = sandbox.call(
                program, [c.args or () for c in left], limits, stop_on_limit=True
            )
        done += zip(left, outcomes, strict=False)
        last = outcomes[-1]
        if last.status in ENDS_AT_ONCE:
            return done
        if last.status in LIMITED:
            patience_s -= last.cpu_s or last.wall_s
            if patience_s <= 0:
                return done
    return done + [(c, _run_script(program, c.script, sandbox, limits)) for c in cases if c.script]


def error_text(outcome: Outcome) -> str:
    """The error of a run in one sentence; "" where there was none."""
    error = outcome.error
    if error is None:
        return ""
    where = f" (line {error.line})" if error.line else ""
    return ": ".join(filter(None, (error.type, error.message[:500]))) + where


def failure(outcome: Outcome) -> str:
    """`error_text`, or the status of a run that ended without an error's text; "" where it
    returned."""
    return error_text(outcome) or ("" if outcome.status == "ok" else outcome.status)


def _end_of_batch(bulk: Sequence[int], start: int) -> int:
    """Where to cut, so that what is sent again after each failure stays little."""
    end, room = start + 1, BATCH - bulk[start]
    while end < len(bulk) and room >= bulk[end]:
        room -= bulk[end]
        end += 1
    return end


def _run_script(program: Program, script: str, sandbox: Sandbox, limits: Limits) -> Outcome:
    """Test statements that cannot be parted from their calls, run beside the program.

    Only a return of this run's own random token counts, so leaving early proves nothing; a
    program that looks for the token in its own module can still find it.
    """
    token = f"_passed_{secrets.token_hex(16)}"
    body = textwrap.indent(script, "    ")
    code = f"{program.code}\n\n\ndef {token}():\n{body}\n    return {token!r}\n"
    alone = replace(limits, processes=0)  # no second thread that could look for the token
    (outcome,) = sandbox.call(Program(code, token), [()], alone)
    if outcome.status == "ok" and outcome.value != token:
        return replace(outcome, status="crashed", error=ProgramError("Exit", "tests cut short"))
    return outcome
