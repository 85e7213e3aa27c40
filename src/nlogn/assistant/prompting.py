"""What a model is told beside the problem: what its nearest try got wrong, and solved problems."""

import re

from nlogn.engine.protocol import Engine, Prompt
from nlogn.engine.recall import RecallEngine
from nlogn.judge.verdict import Verdict
from nlogn.problems.literals import shorten
from nlogn.problems.problem import Problem

_LONGEST = 400  # characters of a value in the feedback
_ROOM = 4096  # tokens of context that examples need
_EXAMPLE_CHARACTERS = 3000


def feedback_of(verdict: Verdict) -> str:
    """Why a program is no answer: its smallest failing input, or what else is wrong with it."""
    failing = verdict.cases.smallest_failing
    if failing is None or verdict.status in ("security", "invalid"):
        return verdict.message or verdict.status.replace("_", " ")
    if failing.stdin is not None:
        given = f"on the standard input {_short(failing.stdin)}"
    else:
        given = f"on the arguments ({', '.join(map(_short, failing.args or ()))})"
    if failing.error:
        said = f"it raises {shorten(failing.error, _LONGEST)}"
    elif failing.status == "wrong_answer":
        said = f"it gives {_short(failing.got)}"
    else:
        said = f"it ends with {failing.status.replace('_', ' ')}"
    if failing.has_expected:
        said += f", and {_short(failing.expected)} is right"
    return f"{given} {said}."


def _short(value: object) -> str:
    return shorten(repr(value), _LONGEST)


def prompt_for(
    problem: Problem,
    examples: tuple[Problem, ...],
    nearest: tuple[str, Verdict] | None,
    time_budget: str | None = None,
    memory_budget: str | None = None,
) -> Prompt:
    """The prompt of a round.

    Args:
        nearest: the best try so far with its verdict, where none is right.
    """
    feedback, attempt = "", ""
    if nearest is not None:
        attempt, verdict = nearest
        feedback = feedback_of(verdict)
    return Prompt(
        problem, feedback, attempt, examples,
        time_budget=time_budget or "", memory_budget=memory_budget or "",
    )  # fmt: skip


def similar_problems(problem: Problem, engine: Engine, count: int) -> tuple[Problem, ...]:
    """The bank's `count` nearest problems of the same kind with a Python solution, the nearest
    last; none for an engine whose context has no room for them, and never the problem itself.

    Raises:
        EngineError: the engine cannot be reached.
    """
    if count < 1 or isinstance(engine, RecallEngine) or not _has_room(engine):
        return ()
    out: list[Problem] = []
    for known, _ in RecallEngine().nearest(problem):
        if len(out) == count:
            break
        if (known.signature is None) != (problem.signature is None) or same(known, problem):
            continue
        short = len(known.statement) + len(known.solutions[-1].code) if known.solutions else 0
        if 0 < short <= _EXAMPLE_CHARACTERS and known.solutions[-1].language == "python":
            out.append(known)
    return tuple(out[::-1])


def _has_room(engine: Engine) -> bool:
    facts = getattr(engine, "facts", None)
    if facts is None:
        return False
    context = facts().context
    return context is None or context >= _ROOM


def same(known: Problem, asked: Problem) -> bool:
    """Whether two are one problem: by name or title, by statement, or by a shared example."""
    if known.name == asked.name or (known.title and known.title == asked.title):
        return True
    if _plain(known.statement) == _plain(asked.statement):
        return True
    shown = {(repr(c.args), c.stdin, repr(c.expected)) for c in known.examples if c.has_expected}
    mine = {(repr(c.args), c.stdin, repr(c.expected)) for c in asked.examples if c.has_expected}
    return len(shown & mine) >= 2


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
