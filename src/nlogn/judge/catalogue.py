"""The bank as people look at it: a list to choose from, and one problem to read."""

from collections.abc import Iterable, Sequence
from typing import Any

from nlogn.complexity import parse
from nlogn.complexity.bigo import CLASSES
from nlogn.problems.problem import Problem, Solution
from nlogn.problems.write import call_of, code_span, fence, literal


class ClassError(ValueError):
    """A class of growth that is none; the message names those that are."""


def known_class(text: str) -> str:
    """The one spelling of the class that `text` spells; raises `ClassError`."""
    try:
        return str(parse(text))
    except ValueError:
        known = ", ".join(map(str, CLASSES))
        raise ClassError(f"“{text}” is no class of growth; the classes are {known}") from None


def choose(
    problems: Iterable[Problem],
    paradigm: str | None = None,
    time: str | None = None,
    memory: str | None = None,
) -> list[Problem]:
    """The problems of a paradigm whose best known solution has these classes.

    Raises:
        ClassError: `time` or `memory` is no class.
    """
    wanted = [known_class(text) if text else None for text in (time, memory)]
    found = []
    for problem in problems:
        best = problem.reference
        has = (best.time, best.memory) if best else ("", "")
        fits = all(want in (None, got) for want, got in zip(wanted, has, strict=True))
        if fits and paradigm in (None, problem.paradigm):
            found.append(problem)
    return found


def summary(problem: Problem) -> dict[str, Any]:
    """One problem in the list; classes go from the slowest solution to the best."""
    return {
        "name": problem.name,
        "title": problem.title,
        "paradigm": problem.paradigm,
        "time": [s.time for s in problem.solutions],
        "memory": [s.memory for s in problem.solutions],
        "right": len(problem.solutions),
        "wrong": len(problem.wrong),
        "phrasings": len(problem.phrasings),
    }


def catalogue_text(problems: Sequence[Problem]) -> str:
    """A line per problem, and how many there are."""
    rows = []
    for problem in problems:
        times = dict.fromkeys(s.time for s in problem.solutions if s.time)
        counts = f"{len(problem.solutions)} right, {len(problem.wrong)} wrong"
        rows.append((problem.name, problem.paradigm, counts, " → ".join(times), problem.title))
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(5)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    by_paradigm: dict[str, int] = {}
    for problem in problems:
        by_paradigm[problem.paradigm] = by_paradigm.get(problem.paradigm, 0) + 1
    told = ", ".join(f"{count} {name}" for name, count in sorted(by_paradigm.items()))
    right = sum(len(p.solutions) for p in problems)
    wrong = sum(len(p.wrong) for p in problems)
    plural = "" if len(problems) == 1 else "s"
    lines.append(f"{len(problems)} problem{plural} ({told}), {right} right and {wrong} wrong")
    return "\n".join(lines)


def reading(problem: Problem, *, solved: bool = True) -> str:
    """The Markdown in which a person reads a problem; without its solutions unless `solved`."""
    best = problem.reference
    told = f"*{problem.paradigm}*"
    if solved and best and best.time:
        told += f" · best known time {best.time}, memory {best.memory or 'not declared'}"
    parts = [f"# {problem.title or problem.name}", told, problem.statement]
    if problem.signature:
        parts.append(fence(str(problem.signature), "python"))
    if problem.examples:
        parts += ["## Examples", *_examples(problem)]
    if not solved:
        return "\n\n".join(parts) + "\n"
    if problem.solutions:
        parts.append("## Solutions, from slow to fast")
        parts.append(_table(problem.solutions))
        for solution in problem.solutions:
            parts += [f"### {solution.name}", fence(solution.code, solution.language)]
    if problem.rationale:
        parts += ["## How one gets there", problem.rationale]
    if problem.wrong:
        parts.append("## Wrong answers that people give")
        for wrong in problem.wrong:
            parts += [f"### {wrong.name}", wrong.reason]
            if wrong.exposed_by is not None:
                call = call_of(problem.signature, wrong.exposed_by)
                parts.append(f"Exposed by {code_span(_clip(call))}.")
            parts.append(fence(wrong.code, wrong.language))
    if problem.phrasings:
        parts += ["## Also asked as", "\n".join(f"- {text}" for text in problem.phrasings)]
    if problem.source:
        parts += ["## Source", problem.source]
    return "\n\n".join(filter(None, parts)) + "\n"


def _examples(problem: Problem) -> list[str]:
    if problem.signature is None:
        shown = []
        for case in problem.examples:
            shown += ["Input:", fence(case.stdin or "", "text")]
            shown += ["Output:", fence(str(case.expected), "text")]
        return shown
    lines = []
    for case in problem.examples:
        call = code_span(_clip(call_of(problem.signature, case.args or ())))
        lines.append(f"- {call} → {code_span(_clip(literal(case.expected)))}")
    return ["\n".join(lines)]


def _clip(text: str, width: int = 400) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _table(solutions: Sequence[Solution]) -> str:
    rows = ["| solution | time | memory |", "|---|---|---|"]
    for s in solutions:
        name = s.name.replace("|", "\\|")
        rows.append(f"| {name} | {s.time or 'not declared'} | {s.memory or 'not declared'} |")
    return "\n".join(rows)
