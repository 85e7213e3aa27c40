"""Source text to findings: parse, lower, interpret, and turn what fired into findings.

Most code names no source and no sink at all. Such a file is told from the set of its words, in
a fraction of a millisecond, before any tree is built.
"""

from __future__ import annotations

import gc
import re
from bisect import bisect_right
from importlib import import_module

from . import policy as policies
from .interp import Hit, Interpreter, OutOfFuel
from .packs import MODULES, pack
from .report import ORDER, Finding, Report, Step, report_of, unscanned

FRONTS = {
    "python": "python", "java": "java", "javascript": "javascript", "typescript": "javascript",
    "tsx": "javascript", "go": "go", "php": "php",
}  # fmt: skip
ALIASES = {
    "py": "python", "python3": "python", "js": "javascript", "jsx": "javascript",
    "node": "javascript", "ts": "typescript", "golang": "go", "c++": "cpp", "cxx": "cpp",
    "cc": "cpp", "h": "c", "hpp": "cpp", "rs": "rust", "mjs": "javascript", "cjs": "javascript",
}  # fmt: skip
_WORD = re.compile(r"\w+")
# A quoted text bound to, or compared with, a name that holds secrets.
_SECRET = re.compile(
    r"""(?i)(?:passw|secret|api[_-]?key|token|pwd|credential|access[_-]?key|private[_-]?key|pass\b)"""
    r"""[\w-]*["'`\]]*\s*(?:string\s*)?(?::=|=>|[:=!]=?=?|,)\s*["'`]|["'`]\s*[!=]=\s*\w*(?:passw|secret|token)"""
)


def canonical(language: str) -> str:
    name = language.strip().lower()
    return ALIASES.get(name, name)


def taint_hits(code: str, lang: str, fuel: int = 60_000) -> list[Hit]:
    """What the interpreter finds. Raises OutOfFuel when the file is too much for its budget."""
    ix = pack(lang)
    if not ix.concerns(set(_WORD.findall(code))) and _SECRET.search(code) is None:
        if not ix.pack.hint or re.search(ix.pack.hint, code) is None:
            return []
    front = import_module(f".fronts.{FRONTS[lang]}", __package__)
    module = front.lower(code) if FRONTS[lang] != "javascript" else front.lower(code, lang)
    return Interpreter(module, ix, code, fuel).run()


class Lines:
    """Line numbers by offset."""

    def __init__(self, code: str) -> None:
        self.starts = [0]
        at = code.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = code.find("\n", at + 1)

    def of(self, pos: int) -> int:
        return bisect_right(self.starts, pos)


def to_findings(code: str, hits: list[Hit], policy: policies.Policy) -> list[Finding]:
    if not hits:
        return []
    lines = Lines(code)
    out: list[Finding] = []
    for h in hits:
        flow: tuple[Step, ...] = ()
        if h.trace:
            steps = [Step(lines.of(pos), text) for pos, text in h.trace[:10]]
            steps.append(Step(lines.of(h.pos), h.rule.message))
            flow = tuple(steps)
        r = h.rule
        message = f"{r.message} {r.advice}" if r.advice else r.message
        action = policies.decide(policy, r.id, r.severity, h.confidence, h.evidence)
        if action != "allow":
            out.append(
                Finding(
                    r.id, f"CWE-{r.cwe}", r.severity, h.confidence, h.evidence, action,
                    lines.of(h.pos), message, flow,
                )
            )  # fmt: skip
    return strongest(out)


def strongest(found: list[Finding]) -> list[Finding]:
    """One finding for each line and weakness: the one with the best evidence."""
    rank = {"flow": 2, "api": 1, "heuristic": 0}
    best: dict[tuple[int, str], Finding] = {}
    for f in found:
        key = (f.line, f.cwe)
        old = best.get(key)
        if old is None or _weight(f, rank) > _weight(old, rank):
            best[key] = f
    return sorted(best.values(), key=lambda f: (f.line, f.cwe, f.rule))


def _weight(f: Finding, rank: dict[str, int]) -> tuple[int, int, int]:
    return (("low", "medium", "high").index(f.confidence), rank[f.evidence], ORDER[f.severity])


def scan(code: str, language: str, policy: policies.Policy | None = None) -> Report:
    """Scan one whole file. Never raises for bad input: it says `unscanned` and why."""
    lang = canonical(language)
    policy = policy or policies.DEFAULT
    if lang not in MODULES:
        return unscanned(f"no rules for language {language!r}")
    collecting = gc.isenabled()
    gc.disable()  # a scan makes many short-lived objects and no garbage worth a pause
    try:
        hits = taint_hits(code, lang)
    except OutOfFuel:
        return unscanned("the file is too large for the scan's budget")
    except RecursionError:
        return unscanned("the code is nested too deeply")
    finally:
        if collecting:
            gc.enable()
    return report_of(to_findings(code, hits, policy))
