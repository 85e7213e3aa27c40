"""What to do about a finding: severity × confidence × evidence → an action."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Policy:
    overrides: dict[str, str] = field(default_factory=dict)


DEFAULT = Policy()


def decide(policy: Policy, rule: str, severity: str, confidence: str, evidence: str) -> str:
    """The action for a finding. Only what is proven by flow or certain by API may block."""
    chosen = policy.overrides.get(rule)
    if chosen:
        return chosen
    if confidence == "low":
        return "info"
    if confidence == "high" and evidence != "heuristic" and severity in ("high", "critical"):
        return "block"
    return "warn"
