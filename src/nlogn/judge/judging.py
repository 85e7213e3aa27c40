"""One program, one verdict: run its cases, shrink what breaks it, measure how it grows."""

import ast
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from nlogn.cases.corpus import FailureCorpus
from nlogn.cases.shrink import shrink
from nlogn.complexity import Complexity
from nlogn.complexity import measure as measure_growth
from nlogn.judge import verdict as v
from nlogn.judge.making import suite_for
from nlogn.judge.running import Judged, candidate_limits, run_suite
from nlogn.judge.suite import Suite, SuiteError, error_text, run_cases
from nlogn.judge.yardstick import fitting_inputs, measurable, total_steps
from nlogn.problems.problem import Case, Problem
from nlogn.sandbox import Program, Sandbox, shared_sandbox


def judge_program(
    program: Program,
    *,
    problem: Problem | None = None,
    reference: Program | None = None,
    cases: Sequence[Any] | None = None,
    inputs: str | None = None,
    from_json: bool = False,
    suite: Suite | None = None,
    seed: int = 0,
    measure: bool = True,
    sandbox: Sandbox | None = None,
    corpus: FailureCorpus | None = None,
) -> v.Verdict:
    """Judge `program` against the best oracle at hand.

    Args:
        from_json: `cases` were read from JSON, so a list there may stand for a tuple.
        suite: cases made before (`suite_for`), to judge many programs on the same ones; made
            `measurable`, also on the same sized inputs.
        inputs: Python source ``lambda n, rng: args`` for measuring growth.
        measure: also measure the growth of time and memory of an accepted program.
        corpus: inputs that broke earlier programs, replayed first and added to.

    Raises:
        SuiteError: the cases or the reference are unusable.
        SandboxUnavailable: there is no isolation on this machine.
    """
    sandbox = sandbox or shared_sandbox()
    problem_text = syntax_problem(program)
    if problem_text:
        return _verdict("invalid", problem_text, v.NO_CASES, sandbox, seed)
    if reference is not None and (unusable := syntax_problem(reference)):
        raise SuiteError(f"the reference cannot run: {unusable}")
    key = _corpus_key(program, problem, reference)
    if suite is None:
        replay = _remembered(corpus, key)
        suite = suite_for(
            program, sandbox, problem=problem, reference=reference, cases=cases, seed=seed,
            replay=replay, from_json=from_json,
        )  # fmt: skip
    _must_fit(program, suite)
    judged = run_suite(program, suite, sandbox)
    report, status, message = _report(program, judged, suite, sandbox)
    failing = report.smallest_failing
    if corpus is not None and key and failing is not None and failing.args is not None:
        with suppress(OSError, ValueError):  # a full disk must not cost the verdict
            corpus.add(key, failing.args)
    if status != "accepted":
        return _verdict(status, message, report, sandbox, seed)
    if not measure:
        return replace(_verdict(status, message, report, sandbox, seed), time=_NOT_ASKED_TIME,
                       memory=_NOT_ASKED_MEMORY)  # fmt: skip
    return _measured(program, problem, inputs, suite, report, message, sandbox, seed)


def _must_fit(program: Program, suite: Suite) -> None:
    """A whole program cannot be called, and what it would seem to return is no answer."""
    if program.entry is None and any(case.args is not None for case in suite.cases):
        raise SuiteError("the cases call a function: name the program's as FILE::FUNCTION")
    if program.entry is not None and any(case.stdin is not None for case in suite.cases):
        raise SuiteError("the cases are stdin texts: name the whole program, without ::FUNCTION")


def _remembered(corpus: FailureCorpus | None, key: str | None) -> Sequence[tuple[Any, ...]]:
    if corpus is None or not key:
        return ()
    try:
        return corpus.failures(key)
    except OSError:  # a home that cannot be read holds nothing to replay
        return ()


_NOT_ASKED_TIME = v.unmeasured("steps", "not asked for")
_NOT_ASKED_MEMORY = v.unmeasured("bytes", "not asked for")


def syntax_problem(program: Program) -> str:
    """Why `program` cannot run at all, in one sentence; "" where nothing is known against it."""
    if not program.code.strip():
        return "the program is empty"
    try:
        program.code.encode()
    except UnicodeEncodeError as error:
        return f"character {error.start} of the program is half of one: it has no UTF-8 form"
    if program.language != "python":
        return ""
    try:
        tree = ast.parse(program.code)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}" if error.lineno else str(error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return f"the program does not parse: {str(error) or type(error).__name__}"
    if program.entry is None:
        return ""
    names = program.entry.split(".")
    if not all(name.isidentifier() for name in names):
        return f"'{program.entry}' is not the name of a function or of Class.method"
    return _missing_entry(tree, names)


_BINDS_BY_TEXT = {"exec", "globals", "locals", "vars", "setattr"}


def _missing_entry(tree: ast.Module, names: list[str]) -> str:
    binders = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    bound = {node.name for node in ast.walk(tree) if isinstance(node, binders)}
    names_used = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    if any(node.id in _BINDS_BY_TEXT for node in names_used):
        return ""  # only running it can tell
    bound |= {node.id for node in names_used if isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(a.asname or a.name).partition(".")[0] for a in node.names}
            if any(a.name == "*" for a in node.names):
                return ""
    if names[0] in bound:
        return ""
    functions = sorted(n.name for n in tree.body if isinstance(n, binders))
    known = f"; it defines {', '.join(functions[:8])}" if functions else ""
    return f"the program has no '{names[0]}'{known}"


def _report(
    program: Program, judged: list[Judged], suite: Suite, sandbox: Sandbox
) -> tuple[v.CaseReport, v.Status, str]:
    failing = [j for j in judged if j.status not in ("accepted", "system_error")]
    passed = sum(j.status == "accepted" for j in judged)
    ours = next((j for j in judged if j.status == "system_error"), None)
    if ours is not None and not failing:
        error = ours.outcome.error
        report = v.CaseReport(passed, 0, None, suite.oracle, len(judged) - passed)
        return report, "system_error", error.message if error else "the sandbox failed"
    if not failing:
        report = v.CaseReport(passed, 0, None, suite.oracle)
        return report, "accepted", _praise(passed, suite.oracle)
    first = min(failing, key=lambda j: (j.status != "invalid", _size(j.case)))
    smallest = _smallest(program, first, suite, sandbox)
    skipped = len(suite.cases) - len(judged)
    report = v.CaseReport(passed, len(failing), smallest, suite.oracle, skipped)
    return report, smallest.status, _blame(smallest, len(failing), len(judged))


def _praise(passed: int, oracle: v.Oracle) -> str:
    if oracle == "none":
        return f"ran on {passed} inputs without a fault; there was nothing to check its answers by"
    return f"right on all {passed} cases"


def _blame(failing: v.FailingCase, failed: int, total: int) -> str:
    told = {
        "wrong_answer": failing.error or "the answer is wrong",
        "time_limit": "it ran out of time",
        "memory_limit": "it ran out of memory",
        "output_limit": "its output is larger than allowed",
        "security": "it was stopped for something that no solution needs"
        + (f": {failing.error}" if failing.error else ""),
    }.get(failing.status, failing.error)
    return f"{told} ({failed} of {total} cases fail)"


def _size(case: Case) -> int:
    return len(repr(case.args)) if case.stdin is None else len(case.stdin)


def _smallest(program: Program, first: Judged, suite: Suite, sandbox: Sandbox) -> v.FailingCase:
    """`first`, shrunk while it keeps its status where there is a reference to ask."""
    found = first
    reference = suite.reference
    slow = first.status in ("time_limit", "memory_limit", "output_limit", "invalid")
    if reference is not None and first.case.args is not None and not slow:
        limits = replace(candidate_limits(suite), wall_s=min(2.0, suite.limits.wall_s))

        def still_fails(rows: list[tuple[Any, ...]]) -> list[bool]:
            nonlocal found
            cases = [Case(args=args, has_expected=False) for args in rows]
            asked = suite.runnable(reference)
            right = run_cases(asked, cases, sandbox, limits, patience_s=limits.wall_s)
            usable = [
                replace(case, expected=outcome.value, has_expected=True)
                for case, outcome in right
                if outcome.status == "ok"
            ]
            verdicts = dict.fromkeys(map(id, rows), False)
            for item in run_suite(program, replace(suite, cases=tuple(usable)), sandbox):
                if item.status == first.status:
                    verdicts[id(item.case.args)] = True
                    if _size(item.case) < _size(found.case):
                        found = item
            return list(verdicts.values())

        shrink(first.case.args, still_fails)
    outcome = found.outcome
    return v.FailingCase(
        args=found.case.args,
        stdin=found.case.stdin,
        expected=found.case.expected,
        has_expected=found.case.has_expected,
        got=outcome.value if found.case.stdin is None else outcome.stdout[:4000],
        error=error_text(outcome),
        status=found.status,
        shrunk=found is not first,
    )


def _measured(
    program: Program,
    problem: Problem | None,
    inputs: str | None,
    suite: Suite,
    report: v.CaseReport,
    message: str,
    sandbox: Sandbox,
    seed: int,
) -> v.Verdict:
    base = _verdict("accepted", message, report, sandbox, seed)
    base = replace(base, findings=_findings(program))
    if program.language != "python":
        why = f"growth is measured on Python programs, not on {program.language}"
        return replace(base, time=v.unmeasured("steps", why), memory=v.unmeasured("bytes", why))
    suite = measurable(suite, problem, sandbox)
    growth = growth_of(program, suite, sandbox, problem=problem, inputs=inputs, seed=seed)
    return replace(
        base,
        time=growth.time,
        memory=growth.memory,
        leak=growth.leak,
        steps=total_steps(program, suite, sandbox),
        reference_steps=suite.reference_steps,
    )


def growth_of(
    program: Program, suite: Suite, sandbox: Sandbox, *, problem: Problem | None,
    inputs: str | None = None, seed: int = 0, profile: bool = False,
) -> Complexity:  # fmt: skip
    """The growth of a Python program on `inputs`, else on the sized inputs of its suite, which
    all its candidates share, else on those that fit it."""
    whole = replace(suite, signature=None).runnable(program)
    sized = inputs or suite.sized or fitting_inputs(program, problem, sandbox)
    return measure_growth(whole, sized, sandbox=sandbox, seed=seed, profile=profile)


def _findings(program: Program) -> tuple[dict[str, Any], ...]:
    from nlogn.security import secure

    report = secure(program.code, program.language)
    return tuple(finding.to_json() for finding in report.findings)


def _verdict(
    status: v.Status, message: str, report: v.CaseReport, sandbox: Sandbox, seed: int
) -> v.Verdict:
    why = "only accepted programs are measured"
    return v.Verdict(
        status=status,
        message=message,
        cases=report,
        time=v.unmeasured("steps", why),
        memory=v.unmeasured("bytes", why),
        isolation=sandbox.isolation,
        seed=seed,
        versions=v.versions(),
    )


def _corpus_key(program: Program, problem: Problem | None, reference: Program | None) -> str | None:
    """Failing inputs are kept per problem, or per reference."""
    if problem is not None:
        return problem.name
    if reference is not None and program.entry is not None:
        import hashlib

        return hashlib.sha256(reference.code.encode()).hexdigest()[:24]
    return None
