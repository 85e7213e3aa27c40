"""Findings as text for people and as annotations for GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterable

from .files import Scanned

_LEVEL = {"block": "error", "regenerate": "error", "redact": "error", "warn": "warning",
          "autofix": "warning", "info": "notice"}  # fmt: skip


def to_text(results: Iterable[Scanned]) -> str:
    """One paragraph for each finding: where, what, how sure, and the data's way to it."""
    out: list[str] = []
    for s in results:
        path = _shown(s.path)
        if s.report.status == "unscanned":
            out.append(f"{path}: unscanned: {_shown(s.report.reason)}")
        for f in s.report.findings:
            out.append(f"{path}:{f.line}: {f.action}: {f.message} [{f.rule}, {f.cwe}]")
            out.append(f"    {f.severity} severity, {f.confidence} confidence, by {f.evidence}")
            for step in f.flow:
                out.append(f"    line {step.line}: {_shown(step.text)}")
    return "\n".join(out)


def _shown(text: str) -> str:
    """The text on one line: what a terminal would obey is written as an escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _escape(text: str, prop: bool = False) -> str:
    """Workflow-command escaping: % \\r \\n, and : , inside properties."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if prop else text


def to_github(results: Iterable[Scanned]) -> str:
    """`::error file=…,line=…::…` lines, which GitHub shows beside the code."""
    out: list[str] = []
    for s in results:
        where = _escape(s.path, True)
        if s.report.status == "unscanned":
            out.append(f"::error file={where}::unscanned: {_escape(s.report.reason)}")
        for f in s.report.findings:
            level = _LEVEL.get(f.action, "notice")
            title = _escape(f"{f.rule} {f.cwe}", True)
            out.append(f"::{level} file={where},line={f.line},title={title}::{_escape(f.message)}")
    return "\n".join(out)
