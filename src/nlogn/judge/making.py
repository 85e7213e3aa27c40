"""The cases that a program must pass, and where their right answers come from.

In order of trust: the caller's cases, the problem's tests, a reference program, the docstring's
examples. With none of these the program is only run on inputs that fit its signature: it can
crash there, but its answers are not checked, and the report says so (`oracle` is "none").
"""

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nlogn.cases.differential import weight
from nlogn.cases.generate import generate
from nlogn.cases.infer import infer_signature
from nlogn.cases.narrow import narrow, validated_sized_inputs
from nlogn.judge.running import ask_checker, run_suite
from nlogn.judge.suite import Suite, SuiteError, failure, run_cases
from nlogn.judge.verdict import Oracle
from nlogn.problems.problem import Case, Problem, Solution, WrongSolution
from nlogn.problems.signatures import annotated
from nlogn.sandbox import Limits, Outcome, Program, Sandbox

GENERATED = 300
STEER_BELOW = 0.7
QUICK_S = 0.25
WALL_PER_CPU = 4  # a loaded machine stretches wall time, and must not fail a program
QUICK_OUTPUT = 1 << 18


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
    known = [parse_case(row, program) for row in cases or ()]
    oracle: Oracle = "cases" if known else "reference" if reference is not None else "none"
    suite = Suite(
        (),
        oracle,
        Limits(wall_s=WALL_PER_CPU * 3.0, cpu_s=3.0),
        reference,
        from_json=from_json and bool(cases),
    )
    if problem is not None:
        suite, told = _of_problem(suite, problem)
        known += told
    elif not known and reference is None and program.entry is not None:
        known = docstring_cases(program)
        if known:
            suite = replace(suite, oracle="docstring")

    answered = [c for c in known if c.has_expected or c.check or c.script]
    unanswered = [c for c in known if not (c.has_expected or c.check or c.script)]
    if suite.reference is None:
        if answered:
            return replace(suite, cases=tuple(answered))
        suite, drawn = _draw(suite, program, problem, known, sandbox, seed)
        return replace(suite, cases=tuple(unanswered + drawn))

    suite, drawn = _draw(suite, suite.reference, problem, known, sandbox, seed)
    replayed = [Case(args=args, has_expected=False, note="failed before") for args in replay]
    again = {repr(case.args) for case in replayed}  # not to be counted twice
    drawn = [case for case in drawn if case.args is None or repr(case.args) not in again]
    computed, slowest = _answer(suite, unanswered, sandbox, suite.limits, suite.limits.wall_s)
    # Drawn inputs may ask for more work than the reference can do: light ones first.
    drawn = sorted(replayed + drawn, key=_weight)
    right, slow = _answer(suite, drawn, sandbox, _tenth(suite.limits), 2 * QUICK_S)
    if right and len(right) < STEER_BELOW * len(drawn) and suite.signature is not None:
        # What the reference takes is the best guide to what it takes.
        seeds = [c.args for c in right[:: max(1, len(right) // 30)] if c.args is not None]
        fresh = generate(suite.signature, seeds=seeds, count=len(drawn), seed=seed + 1,
                         hypothesis_share=0.0)  # fmt: skip
        more = sorted((Case(args=args, has_expected=False) for args in fresh), key=_weight)
        right += _answer(suite, more, sandbox, _tenth(suite.limits), 2 * QUICK_S)[0]
    if suite.checker is not None:
        right = _admitted(suite.checker, right, sandbox)
    if problem is not None and reference is None:
        right = _undisputed(suite, problem, right, sandbox)
    everything = answered + computed + right
    if not everything:
        raise SuiteError(
            "the reference fails on every input that was tried, so it cannot say what is right"
            if drawn or unanswered
            else "no input could be made for this program: give cases"
        )
    return replace(suite, cases=tuple(everything), reference_wall_s=max(slowest, slow))


def declared_suite(problem: Problem) -> Suite:
    """The cases of `problem` whose answers it declares; nothing is drawn or run."""
    blank = Suite((), "problem", Limits())
    suite, known = _of_problem(blank, problem)
    return replace(suite, cases=tuple(case for case in known if case.has_expected))


def _admitted(checker: str, cases: Sequence[Case], sandbox: Sandbox) -> list[Case]:
    """`cases` without those where the checker refuses the reference's own answer, or fails: it was
    not written for such inputs."""
    calls = [
        (case.args if case.stdin is None else (case.stdin,), case.expected, case.expected)
        for case in cases
    ]
    verdicts = ask_checker(checker, calls, sandbox)
    return [
        case
        for case, verdict in zip(cases, verdicts, strict=True)
        if verdict.status == "ok" and verdict.value is True
    ]


def _undisputed(
    suite: Suite, problem: Problem, cases: Sequence[Case], sandbox: Sandbox
) -> list[Case]:
    """`cases` without the freely drawn ones on which another right solution of the problem is
    not of the reference's opinion: they lie outside of what its statement defines."""
    free = [case for case in cases if case.note not in problem.generators]
    disputed: set[int] = set()
    for solution in problem.solutions[:-1]:
        asked = tuple(case for case in free if id(case) not in disputed)
        quick = replace(suite, cases=asked, limits=_tenth(suite.limits))
        program = called(problem, solution)
        if not asked or (program.entry is None) != (problem.signature is None):
            continue
        for item in run_suite(program, quick, sandbox):
            if item.status in ("wrong_answer", "runtime_error"):
                disputed.add(id(item.case))
    return [case for case in cases if id(case) not in disputed]


def called(problem: Problem, solution: Solution | WrongSolution) -> Program:
    """The program of a solution, with the entry that the problem names."""
    named = problem.signature if solution.language == "python" else None
    return Program(solution.code, named.entry if named else None, solution.language)


def _of_problem(suite: Suite, problem: Problem) -> tuple[Suite, list[Case]]:
    """What a problem brings to its suite, and its own cases."""
    tested = {repr(c.args) for c in problem.tests if c.args is not None}
    # Where a statement's example and a test disagree, the test is what others judge by.
    known = [c for c in problem.examples if c.args is None or repr(c.args) not in tested]
    known += [*problem.tests, *(problem.exposing if problem.reference else ())]
    reference = suite.reference
    if reference is None and problem.reference is not None:
        reference = called(problem, problem.reference)
    limits = replace(
        suite.limits,
        wall_s=WALL_PER_CPU * problem.time_limit_s,
        cpu_s=problem.time_limit_s,
        memory_bytes=problem.memory_limit_bytes,
    )
    suite = replace(
        suite,
        oracle="problem" if known or problem.reference else suite.oracle,
        limits=limits,
        reference=reference,
        checker=problem.checker,
        tolerance=problem.tolerance,
        preamble=problem.preamble,
    )
    return suite, known


def typed(program: Program, problem: Problem | None) -> Program:
    """`program` with the types that the problem declares for its entry, to draw inputs from."""
    if problem is None or problem.signature is None or program.entry != problem.signature.entry:
        return program
    return replace(program, code=annotated(program.code, problem.signature))


def _draw(
    suite: Suite,
    described: Program,
    problem: Problem | None,
    known: Sequence[Case],
    sandbox: Sandbox,
    seed: int,
) -> tuple[Suite, list[Case]]:
    """Inputs made for `described`, which is the reference where there is one."""
    statement = problem.statement if problem else ""
    generators = problem.generators if problem else {}
    drawn = [
        Case(args=args if isinstance(args, tuple) else (args,), has_expected=False, note=shape)
        for shape, args in _sized(generators, sandbox, seed)
    ]
    if described.entry is None:
        try:
            sources = validated_sized_inputs(described, sandbox, statement=statement)
        except ValueError:  # not a language whose reading we can follow
            return suite, []
        texts = _sized({s.shape: s.source for s in sources}, sandbox, seed)
        return suite, [
            Case(stdin=text, has_expected=False, note=shape)
            for shape, text in texts
            if isinstance(text, str)
        ]
    examples = [c.args for c in known if c.args is not None]
    program = typed(described, problem)
    signature = infer_signature(
        program.code, program.entry or "", statement=statement, examples=examples
    )
    signature = narrow(signature, described, sandbox, seed=seed)
    wanted = max(GENERATED - len(known), 0)
    if wanted:
        drawn += [
            Case(args=args, has_expected=False)
            for args in generate(signature, seeds=examples, count=wanted, seed=seed)
        ]
    return replace(suite, signature=signature), drawn


def _weight(case: Case) -> int:
    return weight(case.args) if case.stdin is None else len(case.stdin)


def _tenth(limits: Limits) -> Limits:
    """What the reference may spend on a generated input: so little of what a candidate may that
    no candidate which is right, and not far slower, can fail there for want of time or room."""
    return replace(
        limits,
        wall_s=min(limits.wall_s / 10, WALL_PER_CPU * QUICK_S),
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
        try:
            given.encode()
        except UnicodeEncodeError as error:
            raise SuiteError(
                f"the stdin text has no UTF-8 form (character {error.start})"
            ) from error
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


SIZES = (1, 2, 3, 5, 8, 12)


def _sized(generators: dict[str, str], sandbox: Sandbox, seed: int) -> list[tuple[str, Any]]:
    """A few small and middling inputs from each generator, with its shape."""
    made = made_inputs(generators, sandbox, seed, SIZES, [(n, n + 1) for n in SIZES])
    return [(shape, outcome.value) for shape, _, outcome in made if outcome.status == "ok"]


def made_inputs(
    generators: dict[str, str],
    sandbox: Sandbox,
    seed: int,
    one: Sequence[int],
    two: Sequence[tuple[int, int]],
) -> list[tuple[str, tuple[int, ...], Outcome]]:
    """What each generator makes at the sizes `one`, or `two` where it takes two, with its shape
    and the size; up to the first failure of each."""
    made = []
    for shape, source in generators.items():
        sizes = list(two) if _takes_two_sizes(source) else [(n,) for n in one]
        maker = Program(f"{_MAKER}\n_make = {source.strip()}\n", "make")
        calls = [(size, seed * 1000 + i) for i, size in enumerate(sizes)]
        outcomes = sandbox.call(maker, calls, Limits(wall_s=5), stop_on_failure=True)
        made += [(shape, size, o) for size, o in zip(sizes, outcomes, strict=False)]
    return made


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
    suite: Suite,
    cases: Sequence[Case],
    sandbox: Sandbox,
    limits: Limits,
    patience_s: float,
) -> tuple[list[Case], float]:
    """The cases that the reference can answer, with its answers, and its slowest time."""
    answered, slowest = [], 0.0
    assert suite.reference is not None
    reference = suite.runnable(suite.reference)
    for case, outcome in run_cases(reference, cases, sandbox, limits, patience_s=patience_s):
        if outcome.status == "system_error":
            raise SuiteError(f"the reference could not be run: {failure(outcome)}")
        if outcome.status == "invalid":
            raise SuiteError(f"the reference does not run: {failure(outcome)}")
        if outcome.status == "ok":
            got = outcome.value if case.stdin is None else outcome.stdout
            answered.append(replace(case, expected=got, has_expected=True))
            slowest = max(slowest, outcome.wall_s)
    return answered, slowest
