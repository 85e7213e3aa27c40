"""The judge: one program, one `Verdict`. The module itself can be called: `nlogn.judge(...)`."""

import sys
import types
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nlogn.judge.judging import judge_program
from nlogn.judge.making import suite_for
from nlogn.judge.ranking import rank, ranking_key, score
from nlogn.judge.suite import Suite, SuiteError
from nlogn.judge.verdict import CaseReport, FailingCase, Verdict
from nlogn.problems.problem import Problem
from nlogn.sandbox import Sandbox, load_program, shared_sandbox
from nlogn.sandbox.source import Source

__all__ = [
    "CaseReport",
    "FailingCase",
    "Suite",
    "SuiteError",
    "Verdict",
    "judge",
    "judge_program",
    "rank",
    "ranking_key",
    "score",
    "suite_for",
]


def judge(
    program: Source,
    entry: str | None = None,
    *,
    language: str | None = None,
    reference: Source | None = None,
    problem: Problem | None = None,
    cases: Sequence[Any] | None = None,
    from_json: bool = False,
    inputs: str | None = None,
    seed: int = 0,
    measure: bool = True,
    sandbox: Sandbox | None = None,
    keep_failures: bool = False,
) -> Verdict:
    """Judge a program: source text, ``path::entry``, a function object or a `Program`.

    Args:
        entry: the function to call, where `program` is text; None: the one that the reference
            or the problem names, else a whole program.
        reference: a right program; its entry is `entry` unless it names another.
        cases: rows ``(args, expected)``, or ``(stdin, stdout)`` for a whole program.
        from_json: `cases` were read from JSON, so a list there may stand for a tuple.
        inputs: Python source ``lambda n, rng: args`` for measuring growth.
        keep_failures: remember failing inputs on disk and replay them first next time.

    Raises:
        SourceError: the file cannot be read.
        SuiteError: the cases or the reference are unusable.
        SandboxUnavailable: there is no isolation on this machine.
    """
    loaded = load_program(program, entry, language)
    oracle = None if reference is None else load_program(reference, loaded.entry, None)
    asked = problem.signature.entry if problem is not None and problem.signature else None
    called = loaded.entry or (oracle.entry if oracle is not None else None) or asked
    if loaded.entry is None and loaded.language == "python":
        loaded = replace(loaded, entry=called)
    if oracle is not None and oracle.entry is None and oracle.language == "python":
        oracle = replace(oracle, entry=called)
    return judge_program(
        loaded,
        problem=problem,
        reference=oracle,
        cases=cases,
        from_json=from_json,
        inputs=inputs,
        seed=seed,
        measure=measure,
        sandbox=sandbox or shared_sandbox(),
        corpus=_corpus() if keep_failures else None,
    )


def _corpus() -> Any:
    import os
    from pathlib import Path

    from nlogn.cases.corpus import FailureCorpus

    try:
        cache = os.environ.get("NLOGN_CACHE") or Path.home() / ".cache" / "nlogn"
    except RuntimeError:  # a user without a home
        return None
    return FailureCorpus(Path(cache) / "failures.jsonl")


class _CallableModule(types.ModuleType):
    """`nlogn.judge` is both this room and the function that users call."""

    def __call__(self, *args: Any, **kwargs: Any) -> Verdict:
        return judge(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
