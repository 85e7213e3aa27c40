"""Verdicts and measured growth as text for a terminal and as report pages."""

from nlogn.complexity.growth import Complexity, Growth
from nlogn.judge.report import Entry, Page
from nlogn.judge.verdict import FailingCase, Verdict

WIDTH = 200


def verdict_text(verdict: Verdict) -> str:
    """A verdict in a few lines."""
    lines = [f"{verdict.status.replace('_', ' ')}: {verdict.message}"]
    failing = verdict.cases.smallest_failing
    if failing is not None:
        lines += failing_lines(failing)
    if verdict.accepted:
        lines += growth_lines("time", verdict.time) + growth_lines("memory", verdict.memory)
        if verdict.leak is not None:
            lines.append(
                f"  leak    {verdict.leak.bytes_per_call:.0f} bytes a call, held by line "
                f"{verdict.leak.line}"
            )
        if verdict.steps is not None:
            against = ""
            if verdict.reference_steps:
                ratio = verdict.steps / verdict.reference_steps
                against = f", {ratio:.2f} times the reference's"
            lines.append(f"  steps   {verdict.steps:,} on the largest cases{against}")
    lines.append(f"  isolation {verdict.isolation}, seed {verdict.seed}")
    return "\n".join(map(printable, lines))


def printable(line: str) -> str:
    """`line` as one line: what a program says in a message must not steer the terminal, nor
    look like a line of ours."""
    return "".join(
        c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in line
    )


def failing_lines(failing: FailingCase) -> list[str]:
    """The failing input, what was expected, and what came."""
    if failing.stdin is not None:
        lines = [f"  stdin     {_clip(repr(failing.stdin))}"]
    else:
        lines = [f"  arguments {_clip(', '.join(map(repr, failing.args or ())))}"]
    if failing.has_expected:
        lines.append(f"  expected  {_clip(repr(failing.expected))}")
    if failing.error:
        lines.append(f"  it raised {_clip(failing.error)}")
    elif failing.status == "wrong_answer":
        lines.append(f"  it gave   {_clip(repr(failing.got))}")
    return lines


def growth_lines(name: str, growth: Growth) -> list[str]:
    """The class, its confidence and runner-up, and the points at a few sizes."""
    if growth.note == "not asked for":
        return []
    head = f"  {name:<7} {growth.big_o}"
    if growth.points:
        head += f"  (confidence {growth.confidence:.2f}"
        head += f", runner-up {growth.runner_up})" if growth.runner_up else ")"
    lines = [head]
    if growth.note:
        lines.append(f"          {growth.note}")
    points = sorted(growth.points, key=lambda p: (p.m or 0, p.n))
    picked = points[:: max(1, len(points) // 5)][-6:]
    if picked:
        told = (f"n={p.n}" + (f" m={p.m}" if p.m else "") + f": {p.cost:,.0f}" for p in picked)
        lines.append(f"          {growth.unit} {', '.join(told)}")
    if growth.flags:
        lines.append(f"          charged by size, not known: {', '.join(growth.flags[:6])}")
    return lines


def complexity_text(measured: Complexity) -> str:
    """Measured growth in a few lines."""
    if measured.status != "ok":
        return printable(f"{measured.status.replace('_', ' ')}: {measured.error}")
    lines = growth_lines("time", measured.time) + growth_lines("memory", measured.memory)
    if measured.leak is not None:
        lines.append(
            f"  leak    {measured.leak.bytes_per_call:.0f} bytes a call, held by line "
            f"{measured.leak.line}"
        )
    lines.append(f"  inputs  {measured.inputs}; isolation {measured.isolation}, "
                 f"seed {measured.seed}")  # fmt: skip
    return "\n".join(map(printable, lines))


def verdict_entry(code: str, verdict: Verdict, *, origin: str = "", why: str = "") -> Entry:
    return Entry(
        code=code,
        status=verdict.status,
        message=verdict.message,
        time=verdict.time,
        memory=verdict.memory,
        steps=verdict.steps,
        failing=verdict.cases.smallest_failing,
        origin=origin,
        why=why,
    )


def verdict_page(title: str, code: str, verdict: Verdict) -> Page:
    entry = verdict_entry(code, verdict)
    return Page(title, verdict.message, (entry,), verdict.seed, verdict.isolation)


def complexity_page(title: str, code: str, measured: Complexity) -> Page:
    told = measured.error or f"inputs: {measured.inputs}"
    entry = Entry(code, measured.status, told, measured.time, measured.memory)
    lead = f"time {measured.time.big_o}, memory {measured.memory.big_o}"
    return Page(title, lead, (entry,), measured.seed, measured.isolation)


def _clip(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}… ({len(text):,} characters)"
