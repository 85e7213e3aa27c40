"""The cases that a program must pass, and where their right answers come from.

In order of trust: the caller's cases, the problem's tests, a reference program, the docstring's
examples. With none of these the program is only run on inputs that fit its signature: it can
crash there, but its answers are not checked, and the report says so (`oracle` is "none").
"""

import ast
import secrets
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nlogn.cases.differential import weight
from nlogn.cases.generate import generate
from nlogn.cases.infer import infer_signature
from nlogn.judge.verdict import Oracle
from nlogn.problems.problem import Case, Problem
from nlogn.sandbox import Limits, Outcome, Program, ProgramError, Sandbox

GENERATED = 300
QUICK_S = 0.25
QUICK_OUTPUT = 1 << 18
LIMITED = frozenset(("wall_limit", "cpu_limit", "step_limit", "memory_limit", "output_limit"))
ENDS_AT_ONCE = frozenset(("invalid", "system_error"))


class SuiteError(ValueError):
    """The cases cannot be made: the reference fails, or the rows are malformed."""


@dataclass(frozen=True, slots=True)
class Suite:
    cases: tuple[Case, ...]
    oracle: Oracle
    limits: Limits
    reference: Program | None = None
    checker: str | None = None
    tolerance: float = 0.0
    reference_wall_s: float = 0.0  # its slowest case
    from_json: bool = False  # its expected values came as JSON, which has lists for tuples


def suite_for(
    program: Program,
    sandbox: Sandbox,
    *,
    problem: Problem | None = None,
    reference: Program | None = None,
    cases: Sequence[Any] | None = None,
    seed: int = 0,
    replay: Sequence[tuple[Any, ...]] = (),
    from_json: bool = False,
) -> Suite:
    """The suite for `program`; `replay` are argument tuples that broke earlier programs.

    Raises:
        SuiteError: malformed `cases`, or a reference that fails on every input.
    """
    limits = Limits(wall_s=10.0, cpu_s=3.0)  # a loaded machine stretches wall time, not this
    checker, tolerance = None, 0.0
    known: list[Case] = [parse_case(row, program) for row in cases or ()]
    oracle: Oracle = "cases" if known else "none"
    statement, generators = "", {}
    if problem is not None:
        limits = replace(
            limits, wall_s=problem.time_limit_s, cpu_s=problem.time_limit_s,
            memory_bytes=problem.memory_limit_bytes,
        )  # fmt: skip
        checker, tolerance, statement = problem.checker, problem.tolerance, problem.statement
        generators = problem.generators
        tested = {repr(c.args) for c in problem.tests if c.args is not None}
        # Where a statement's example and a test disagree, the test is what others judge by.
        known += [c for c in problem.examples if c.args is None or repr(c.args) not in tested]
        known += problem.tests
        oracle = "problem" if known or problem.reference else oracle
        if reference is None and problem.reference is not None:
            entry = problem.signature.entry if problem.signature else None
            reference = Program(problem.reference.code, entry, problem.reference.language)
    if reference is not None and oracle == "none":
        oracle = "reference"
    suite = Suite(
        (), oracle, limits, reference, checker, tolerance, from_json=from_json and bool(cases)
    )

    answered = [c for c in known if c.has_expected or c.check or c.script]
    unanswered = [c for c in known if not (c.has_expected or c.check or c.script)]
    seeds = [c.args for c in known if c.args is not None]
    if program.entry is None:
        if reference is not None and unanswered:
            answered += _answer(reference, unanswered, sandbox, limits, limits.wall_s)[0]
        return replace(suite, cases=tuple(answered))

    if not known and reference is None:
        answered = docstring_cases(program)
        if answered:
            suite = replace(suite, oracle="docstring")
    if reference is None and answered:
        return replace(suite, cases=tuple(answered))

    example_rows = [(c.args, c.expected) for c in answered if c.args is not None and c.has_expected]
    described_by = reference or program
    signature = infer_signature(
        described_by.code, described_by.entry, statement=statement, examples=example_rows
    )
    inputs = [Case(args=args, has_expected=False, note="failed before") for args in replay]
    inputs += _sized_cases(generators, sandbox, seed)
    wanted = GENERATED - len(known)
    if wanted > 0:
        inputs += [
            Case(args=args, has_expected=False)
            for args in generate(signature, seeds=seeds, count=wanted, seed=seed)
        ]
    if reference is None:
        return replace(suite, cases=tuple(answered + unanswered + inputs))
    computed, slowest = _answer(reference, unanswered, sandbox, limits, limits.wall_s)
    # Generated inputs may ask for more work than the reference can do: light ones first.
    inputs.sort(key=lambda case: weight(case.args))
    drawn, slow = _answer(reference, inputs, sandbox, _tenth(limits), 2 * QUICK_S)
    computed, slowest = computed + drawn, max(slowest, slow)
    if not computed and not answered:
        raise SuiteError(
            "the reference fails on every input that was tried, so it cannot say what is right"
        )
    return replace(suite, cases=tuple(answered + computed), reference_wall_s=slowest)


def _tenth(limits: Limits) -> Limits:
    """What the reference may spend on a generated input: so little of what a candidate may that
    no candidate which is right, and not far slower, can fail there for want of time or room."""
    return replace(
        limits,
        wall_s=min(limits.wall_s / 10, QUICK_S),
        cpu_s=min(limits.cpu_s / 10, QUICK_S),
        memory_bytes=limits.memory_bytes // 10,
        output_bytes=min(limits.output_bytes // 10, QUICK_OUTPUT),
    )


def parse_case(row: Any, program: Program) -> Case:
    """`[args, expected]` as a `Case`; for a whole program `[stdin, stdout]`.

    Raises:
        SuiteError: the row is neither.
    """
    if isinstance(row, Case):
        return row
    if not isinstance(row, (list, tuple)) or len(row) != 2:
        raise SuiteError(f"a case is [args, expected], not {str(row)[:80]}")
    given, expected = row
    if program.entry is None:
        if isinstance(given, (list, tuple)) and len(given) == 1:
            given = given[0]
        if not isinstance(given, str):
            raise SuiteError(
                "a whole program's case is [stdin text, stdout text]; for a function name its entry"
            )
        return Case(stdin=given, expected=expected)
    if not isinstance(given, (list, tuple)):
        given = (given,)
    return Case(args=tuple(given), expected=expected)


def docstring_cases(program: Program) -> list[Case]:
    """The examples in the entry's docstring whose arguments and result are literals."""
    import doctest

    try:
        tree = ast.parse(program.code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    name = (program.entry or "").rpartition(".")[2]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            try:
                examples = doctest.DocTestParser().get_examples(ast.get_docstring(node) or "")
            except ValueError:
                continue
            for example in examples:
                case = _literal_call(example.source, example.want, name)
                if case is not None:
                    found.append(case)
    return found


def _literal_call(source: str, want: str, name: str) -> Case | None:
    try:
        call = ast.parse(source.strip(), mode="eval").body
        expected = ast.literal_eval(want.strip()) if want.strip() else None
        if not isinstance(call, ast.Call) or call.keywords:
            return None
        called = call.func
        if getattr(called, "id", getattr(called, "attr", None)) != name:
            return None
        return Case(args=tuple(map(ast.literal_eval, call.args)), expected=expected)
    except (SyntaxError, ValueError, TypeError):
        return None


def _sized_cases(generators: dict[str, str], sandbox: Sandbox, seed: int) -> list[Case]:
    """A few small and middling inputs from each of the problem's own generators."""
    import inspect

    cases = []
    for shape, source in generators.items():
        two = _takes_two_sizes(source)
        sizes = [(n, n + 1) if two else (n,) for n in (1, 2, 3, 5, 8, 12)]
        maker = Program(inspect.cleandoc(_MAKER) + f"\n_make = {source.strip()}\n", "make")
        calls = [(list(size), seed * 1000 + i) for i, size in enumerate(sizes)]
        for outcome in sandbox.call(maker, calls, Limits(wall_s=5)):
            if outcome.status == "ok":
                value = outcome.value
                args = value if isinstance(value, tuple) else (value,)
                cases.append(Case(args=args, has_expected=False, note=shape))
    return cases


_MAKER = """
import random
def make(size, seed):
    return _make(*size, random.Random(seed))
"""


def _takes_two_sizes(source: str) -> bool:
    try:
        node = ast.parse(source.strip(), mode="eval").body
    except SyntaxError:
        return False
    return isinstance(node, ast.Lambda) and len(node.args.args) == 3


def _answer(
    reference: Program,
    cases: Sequence[Case],
    sandbox: Sandbox,
    limits: Limits,
    patience_s: float,
) -> tuple[list[Case], float]:
    """The cases that the reference can answer, with its answers, and its slowest time."""
    answered, slowest = [], 0.0
    for case, outcome in run_cases(reference, cases, sandbox, limits, patience_s=patience_s):
        if outcome.status == "system_error":
            raise SuiteError(f"the reference could not be run: {_told(outcome)}")
        if outcome.status == "invalid":
            raise SuiteError(f"the reference does not run: {_told(outcome)}")
        if outcome.status == "ok":
            got = outcome.value if case.stdin is None else outcome.stdout
            answered.append(replace(case, expected=got, has_expected=True))
            slowest = max(slowest, outcome.wall_s)
    return answered, slowest


def _told(outcome: Outcome) -> str:
    error = outcome.error
    return f"{error.type}: {error.message}" if error else outcome.status


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
    while len(done) < len(plain):
        left = plain[len(done) :]
        if program.entry is None:
            at_once = 1 if program.language == "python" else len(left)  # compile the others once
            stdins = [c.stdin or "" for c in left[:at_once]]
            outcomes = sandbox.run_many(program, stdins, limits)
        else:
            outcomes = sandbox.call(
                program, [c.args or () for c in left], limits, stop_on_failure=True
            )
        done += zip(left, outcomes, strict=False)
        last = outcomes[-1]
        if last.status in ENDS_AT_ONCE:
            return done
        if last.status in LIMITED:
            patience_s -= last.wall_s
            if patience_s <= 0:
                return done
    return done + [(c, _run_script(program, c.script, sandbox, limits)) for c in cases if c.script]


def _run_script(program: Program, script: str, sandbox: Sandbox, limits: Limits) -> Outcome:
    """Test statements that cannot be parted from their calls, run beside the program.

    Only a return of this run's own random token counts, so leaving early proves nothing.
    """
    token = f"_passed_{secrets.token_hex(16)}"
    body = textwrap.indent(script, "    ")
    code = f"{program.code}\n\n\ndef {token}():\n{body}\n    return {token!r}\n"
    (outcome,) = sandbox.call(Program(code, token), [()], limits)
    if outcome.status == "ok" and outcome.value != token:
        return replace(outcome, status="crashed", error=ProgramError("Exit", "tests cut short"))
    return outcome
