"""What to do about a finding: severity × confidence × evidence × tier × path → an action.

A policy is a TOML file. The first entry that matches decides; without one the default does:

    [[when]]
    rule = "py.weak-*"            # any of rule, path, tier, severity, confidence, evidence
    path = "tests/*"
    action = "info"               # block, regenerate, autofix, redact, warn, info, allow

    [[suppress]]
    rule = "py.eval-param"
    path = "tools/repl.py"
    reason = "The tool's purpose is to run what its user types."

    [audit]
    log = "security.jsonl"

Blocking needs proof: an entry cannot turn a heuristic finding into a block. A suppression
without a reason of at least ten characters is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .fragments import comments
from .report import Finding, Report, Suppression

ACTIONS = ("block", "regenerate", "autofix", "redact", "warn", "info", "allow")
STOPPING = ("block", "regenerate")
FIELDS = ("rule", "path", "tier", "severity", "confidence", "evidence")
LEVELS = {
    "severity": ("low", "medium", "high", "critical"),
    "confidence": ("low", "medium", "high"),
    "evidence": ("flow", "api", "heuristic"),
}
SHORTEST_REASON = 10


class PolicyError(ValueError):
    """The policy file says something that is not allowed; the message says what and where."""


@dataclass(frozen=True, slots=True)
class Entry:
    action: str
    match: tuple[tuple[str, tuple[str, ...]], ...]  # field -> patterns, all of which must match


@dataclass(frozen=True, slots=True)
class Waiver:
    rule: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    entries: tuple[Entry, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    tier: str = "default"
    audit_log: str = ""


DEFAULT = Policy()


def load_policy(path: Path | str, tier: str = "default") -> Policy:
    """Read a policy. Raises PolicyError, or OSError when the file cannot be read."""
    try:
        return parse_policy(Path(path).read_text("utf-8-sig"), tier)
    except UnicodeDecodeError as e:
        raise PolicyError(f"{path}: not UTF-8 text") from e
    except PolicyError as e:
        raise PolicyError(f"{path}: {e}") from e


def parse_policy(text: str, tier: str = "default") -> Policy:
    """Raises PolicyError: a policy that is half understood would let through what it forbids."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise PolicyError(f"not TOML: {e}") from e
    unknown = set(data) - {"when", "suppress", "audit"}
    if unknown:
        raise PolicyError(f"unknown table {sorted(unknown)[0]!r}; use when, suppress and audit")
    entries = tuple(_entry(n, raw) for n, raw in _tables(data, "when"))
    waivers = tuple(_waiver(n, raw) for n, raw in _tables(data, "suppress"))
    log = data.get("audit", {})
    if type(log) is not dict or set(log) - {"log"} or type(log.get("log", "")) is not str:
        raise PolicyError('audit: write [audit], and log = "FILE"')
    return Policy(entries, waivers, tier, log.get("log", ""))


def _tables(data: dict[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    tables = data.get(name, [])
    if type(tables) is not list or any(type(t) is not dict for t in tables):
        raise PolicyError(f"{name}: write [[{name}]] above each entry")
    return enumerate(tables, 1)


def _entry(n: int, raw: dict[str, Any]) -> Entry:
    action = raw.get("action")
    if action not in ACTIONS:
        raise PolicyError(f"when #{n}: action must be one of {', '.join(ACTIONS)}, not {action!r}")
    match = []
    for key, value in raw.items():
        if key == "action":
            continue
        if key not in FIELDS:
            raise PolicyError(f"when #{n}: unknown field {key!r}; use {', '.join(FIELDS)}")
        patterns = tuple(value) if type(value) is list else (value,)
        for one in patterns:
            if type(one) is not str:
                raise PolicyError(f"when #{n}: {key} must be a text or a list of texts")
            known = LEVELS.get(key)
            if known is not None and not any(fnmatchcase(level, one) for level in known):
                raise PolicyError(f"when #{n}: {key} is one of {', '.join(known)}, never {one!r}")
        match.append((key, patterns))
    return Entry(action, tuple(match))


def _waiver(n: int, raw: dict[str, Any]) -> Waiver:
    for key, value in raw.items():
        if key not in ("rule", "path", "reason"):
            raise PolicyError(f"suppress #{n}: unknown field {key!r}; use rule, path and reason")
        if type(value) is not str:
            raise PolicyError(f"suppress #{n}: {key} must be a text")
    reason = raw.get("reason", "").strip()
    if len(reason) < SHORTEST_REASON:
        raise PolicyError(
            f"suppress #{n}: say why in `reason` (at least {SHORTEST_REASON} letters)"
        )
    if "rule" not in raw and "path" not in raw:
        raise PolicyError(f"suppress #{n}: name a rule or a path; this would suppress everything")
    return Waiver(raw.get("rule", "*"), raw.get("path", "*"), reason)


def default_action(severity: str, confidence: str, evidence: str, rule: str = "") -> str:
    """Without a policy: proven and serious blocks, a found key is redacted, doubt only informs."""
    if rule.startswith("secret."):
        return "redact"
    if confidence == "low":
        return "info"
    if confidence == "high" and evidence != "heuristic" and severity in ("high", "critical"):
        return "block"
    return "warn"


def decide(policy: Policy, f: Finding, path: str = "") -> str:
    """The action for a finding in the file at `path`."""
    if not policy.entries:
        return default_action(f.severity, f.confidence, f.evidence, f.rule)
    facts = {
        "rule": f.rule, "path": path, "tier": policy.tier, "severity": f.severity,
        "confidence": f.confidence, "evidence": f.evidence,
    }  # fmt: skip
    for entry in policy.entries:
        if all(any(fnmatchcase(facts[k], p) for p in pats) for k, pats in entry.match):
            if entry.action in STOPPING and f.evidence == "heuristic":
                return "warn"
            return entry.action
    return default_action(f.severity, f.confidence, f.evidence, f.rule)


_ALLOW = re.compile(r"nlogn:\s*allow\s+([\w.*-]+)\s*(?:because|--|—|:)?\s*(.*)")


def apply_policy(
    policy: Policy, findings: list[Finding], code: str, path: str = "", lang: str = ""
) -> Report:
    """Give every finding its action; set aside those that a reasoned suppression covers."""
    waivers = _inline_waivers(code, lang) if findings and "nlogn:" in code else {}
    kept: list[Finding] = []
    waived: list[Suppression] = []
    for f in findings:
        reason = _waived(policy, f, path) or _inline(waivers, f)
        if reason:
            waived.append(Suppression(f, reason))
            continue
        action = decide(policy, f, path)
        if action != "allow":
            kept.append(replace(f, action=action))
    return Report("findings" if kept else "clean", tuple(kept), "", tuple(waived))


def _waived(policy: Policy, f: Finding, path: str) -> str:
    for w in policy.waivers:
        if fnmatchcase(f.rule, w.rule) and fnmatchcase(path, w.path):
            return w.reason
    return ""


def _inline_waivers(code: str, lang: str) -> dict[int, list[tuple[str, str]]]:
    """Rule and reason of each `# nlogn: allow RULE because REASON`, by the comment's line."""
    out: dict[int, list[tuple[str, str]]] = {}
    for start, end in comments(code, lang):
        for m in _ALLOW.finditer(code, start, end):
            reason = m.group(2).strip(" */->#")
            if len(reason) >= SHORTEST_REASON:
                line = code.count("\n", 0, m.start()) + 1
                out.setdefault(line, []).append((m.group(1), reason))
    return out


def _inline(waivers: dict[int, list[tuple[str, str]]], f: Finding) -> str:
    """The reason of a waiver on the finding's line or the one above."""
    for line in (f.line, f.line - 1):
        for rule, reason in waivers.get(line, ()):
            if fnmatchcase(f.rule, rule):
                return reason
    return ""


def audit(log: Path | str, name: str, code: str, report: Report) -> None:
    """Append one line of JSON about a scan: what was found, what was waived and why."""
    line = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "file": name,
        "sha256": hashlib.sha256(code.encode("utf-8", "replace")).hexdigest(),
        "status": report.status,
        "reason": report.reason,
        "findings": [{"rule": f.rule, "line": f.line, "action": f.action} for f in report.findings],
        "suppressed": [
            {"rule": s.finding.rule, "line": s.finding.line, "reason": s.reason}
            for s in report.suppressed
        ],
    }
    with open(log, "a") as out:
        out.write(json.dumps(line) + "\n")
