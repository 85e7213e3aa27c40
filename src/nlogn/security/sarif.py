"""SARIF 2.1.0 (OASIS Standard, March 2020): results with flows, CWE taxa, fingerprints, fixes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from .files import Scanned
from .fixes import Fix
from .report import Finding, Suppression

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS = {"low": "note", "medium": "warning", "high": "error", "critical": "error"}
SCORES = {"low": "3.0", "medium": "5.5", "high": "8.0", "critical": "9.5"}


def to_sarif(
    results: Iterable[Scanned],
    version: str = "0.1.0",
    fixes: Mapping[str, list[Fix]] | None = None,
) -> dict[str, Any]:
    """One run with a result for each finding; `fixes` are those offered, by path."""
    results = list(results)
    found: list[tuple[Scanned, Finding, Suppression | None]] = []
    for s in results:
        found += [(s, f, None) for f in s.report.findings]
        found += [(s, x.finding, x) for x in s.report.suppressed]
    rules = _rules([f for _, f, _ in found])
    order = {r["id"]: n for n, r in enumerate(rules)}
    cwes = sorted({f.cwe for _, f, _ in found}, key=lambda c: int(c.removeprefix("CWE-")))
    failed = [s for s in results if s.report.status == "unscanned"]
    offered = fixes or {}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "nlogn",
                        "version": version,
                        "rules": rules,
                        "supportedTaxonomies": [{"name": "CWE", "index": 0}],
                    }
                },
                "taxonomies": [
                    {
                        "name": "CWE",
                        "organization": "MITRE",
                        "shortDescription": {"text": "Common Weakness Enumeration"},
                        "taxa": [{"id": c.removeprefix("CWE-")} for c in cwes],
                    }
                ],
                "columnKind": "utf16CodeUnits",
                "invocations": [
                    {
                        "executionSuccessful": not failed,
                        "toolExecutionNotifications": [
                            {
                                "level": "error",
                                "message": {"text": f"unscanned: {s.report.reason}"},
                                "locations": [{"physicalLocation": {"artifactLocation": _uri(s)}}],
                            }
                            for s in failed
                        ],
                    }
                ],
                "results": [
                    _result(s, f, w, order[f.rule], cwes.index(f.cwe), offered.get(s.path, []))
                    for s, f, w in found
                ],
            }
        ],
    }


def _rules(found: list[Finding]) -> list[dict[str, Any]]:
    out: dict[str, dict[str, Any]] = {}
    for f in found:
        number = f.cwe.removeprefix("CWE-")
        out.setdefault(
            f.rule,
            {
                "id": f.rule,
                "shortDescription": {"text": f.message},
                "helpUri": f"https://cwe.mitre.org/data/definitions/{number}.html",
                "defaultConfiguration": {"level": LEVELS[f.severity]},
                "relationships": [
                    {
                        "target": {"id": number, "toolComponent": {"name": "CWE"}},
                        "kinds": ["superset"],
                    }
                ],
                "properties": {
                    "security-severity": SCORES[f.severity],
                    "tags": ["security", f.cwe],
                },
            },
        )
    return [out[k] for k in sorted(out)]


def _uri(s: Scanned) -> dict[str, str]:
    path = PurePath(s.path).as_posix().lstrip("/") or "stdin"
    return {"uri": quote(path.encode("utf-8", "surrogateescape"))}


def _place(s: Scanned, line: int) -> dict[str, Any]:
    return {"artifactLocation": _uri(s), "region": {"startLine": max(1, line)}}


def fingerprint(s: Scanned, f: Finding) -> str:
    """Stable while the flagged line's own text stands, wherever it moves in the file."""
    lines = s.code.split("\n")
    text = lines[f.line - 1].strip() if 0 < f.line <= len(lines) else ""
    same = [n for n, x in enumerate(lines[: f.line]) if x.strip() == text]
    key = f"{f.rule}\0{_uri(s)['uri']}\0{text}\0{len(same)}"
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]


def _result(
    s: Scanned, f: Finding, waived: Suppression | None, rule: int, taxon: int, fixes: list[Fix]
) -> dict[str, Any]:
    out: dict[str, Any] = {
        "ruleId": f.rule,
        "ruleIndex": rule,
        "level": LEVELS[f.severity],
        "message": {"text": f.message},
        "locations": [{"physicalLocation": _place(s, f.line)}],
        "taxa": [
            {"id": f.cwe.removeprefix("CWE-"), "index": taxon, "toolComponent": {"name": "CWE"}}
        ],
        "partialFingerprints": {"nlognLine/v1": fingerprint(s, f)},
        "properties": {"confidence": f.confidence, "evidence": f.evidence, "action": f.action},
    }
    if f.flow:
        out["codeFlows"] = [
            {
                "threadFlows": [
                    {
                        "locations": [
                            {
                                "location": {
                                    "physicalLocation": _place(s, step.line),
                                    "message": {"text": step.text},
                                }
                            }
                            for step in f.flow
                        ]
                    }
                ]
            }
        ]
    if waived is not None:
        out["suppressions"] = [{"kind": "inSource", "justification": waived.reason}]
    mine = [x for x in fixes if x.rule == f.rule and x.line == f.line]
    if mine:
        out["fixes"] = [
            {
                "description": {"text": x.title},
                "artifactChanges": [
                    {
                        "artifactLocation": _uri(s),
                        "replacements": [
                            {
                                "deletedRegion": {"startLine": e.first, "endLine": e.last},
                                "insertedContent": {"text": e.text},
                            }
                            for e in x.edits
                        ],
                    }
                ],
            }
            for x in mine
        ]
    return out
