"""An answer as text for a terminal and as a report page."""

import io

from nlogn.assistant.solve import Answer, Candidate
from nlogn.complexity.growth import Growth
from nlogn.judge.report import Page
from nlogn.judge.show import failing_lines, growth_lines, printable, verdict_entry
from nlogn.problems.problem import Problem

_STEERED_SHOWN = 4


def answer_text(answer: Answer) -> str:
    """The table of candidates, then the winner and its growth, or the nearest failure."""
    parts = [_table(answer)] if answer.candidates else []
    if answer.code is not None and answer.verdict is not None:
        verdict = answer.verdict
        parts.append(f"{answer.message}\n")
        parts.append("\n".join(map(printable, answer.code.rstrip().splitlines())) + "\n")
        parts.append("\n".join(growth_lines("time", verdict.time)
                               + growth_lines("memory", verdict.memory)))  # fmt: skip
        parts += steered_lines(answer.candidates[0])
    else:
        parts.append(f"No answer: {printable(answer.message)}")
        if answer.candidates:
            failing = answer.candidates[0].verdict.cases.smallest_failing
            if failing is not None:
                told = map(printable, failing_lines(failing))
                parts.append("\n".join(("The nearest candidate fails on", *told)))
            parts += steered_lines(answer.candidates[0])
    return "\n".join(parts)


def steered_lines(candidate: Candidate) -> list[str]:
    """Which tokens a budget changed, in one line; none where it changed none."""
    steered = candidate.steered
    if not steered:
        return []
    told = [f"line {s.line} {_quoted(s.wanted)} → {_quoted(s.chosen)} ({s.reason})"
            for s in steered[:_STEERED_SHOWN]]  # fmt: skip
    more = [f"and {len(steered) - len(told)} more"] if len(steered) > len(told) else []
    tokens = "token" if len(steered) == 1 else "tokens"
    return [f"steered {len(steered)} {tokens}: {', '.join(told + more)}"]


def _quoted(text: str) -> str:
    return "`" + repr(text)[1:-1] + "`"


def _table(answer: Answer) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("#", "verdict", "time", "memory", "steps", "from", "why"):
        table.add_column(title, overflow="fold", no_wrap=title in ("time", "memory", "steps"))
    for position, candidate in enumerate(answer.candidates, 1):
        verdict = candidate.verdict
        steps = "–" if verdict.steps is None else f"{verdict.steps:,}"
        copies = f" ×{candidate.copies}" if candidate.copies > 1 else ""
        told = (
            str(position), verdict.status.replace("_", " "), _class(verdict.time),
            _class(verdict.memory), steps, candidate.origin + copies, candidate.why,
        )  # fmt: skip
        # As plain text: "[/x]" in a program's message is no markup.
        table.add_row(*(Text(printable(cell)) for cell in told))
    buffer = io.StringIO()
    Console(file=buffer, width=max(Console().width, 100)).print(table)
    return buffer.getvalue()


def _class(growth: Growth) -> str:
    return growth.big_o if growth.points else "–"


def answer_page(problem: Problem, answer: Answer) -> Page:
    entries = tuple(
        verdict_entry(c.code, c.verdict, origin=c.origin, why=c.why) for c in answer.candidates
    )
    first = answer.candidates[0].verdict if answer.candidates else None
    return Page(
        title=problem.title or problem.name,
        lead=answer.message,
        entries=entries,
        seed=first.seed if first else 0,
        isolation=first.isolation if first else "",
    )
