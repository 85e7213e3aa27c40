"""Security: findings with a flow, a policy, SARIF."""

from __future__ import annotations

from .report import Finding, Report, Step
from .scan import scan as secure

__all__ = ["Finding", "Report", "Step", "secure"]
