"""What a scan says: findings with their flow, and a status that never takes silence for safety."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["low", "medium", "high", "critical"]
Status = Literal["clean", "findings", "unscanned"]

ORDER = {"low": 0, "medium": 1, "high": 2, "critical": 3}


@dataclass(frozen=True, slots=True)
class Step:
    """One stop of the data on its way from a source to a sink."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    cwe: str  # "CWE-89"
    severity: str
    confidence: str  # low, medium, high
    evidence: str  # flow, api, heuristic
    action: str  # block, regenerate, autofix, redact, warn, info, allow
    line: int
    message: str
    flow: tuple[Step, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields that the command prints, and no other."""
        return {
            "rule": self.rule, "cwe": self.cwe, "severity": self.severity,
            "confidence": self.confidence, "evidence": self.evidence, "action": self.action,
            "line": self.line, "message": self.message,
            "flow": [{"line": s.line, "text": s.text} for s in self.flow],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suppression:
    """A finding that somebody decided to live with, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer for one piece of code. `reason` says why it was not scanned."""

    status: Status
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    suppressed: tuple[Suppression, ...] = ()

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "status": self.status,
            "findings": [f.to_json() for f in self.findings],
        }
        if self.reason:
            out["reason"] = self.reason
        return out

    @property
    def blocked(self) -> bool:
        return any(f.action in ("block", "regenerate") for f in self.findings)

    @property
    def flagged(self) -> bool:
        """Whether anything asks for a person's attention; notes do not."""
        return any(f.action not in ("info", "allow") for f in self.findings)


def unscanned(reason: str) -> Report:
    return Report("unscanned", (), reason)
