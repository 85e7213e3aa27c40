"""Source text to findings: parse, lower, interpret, and turn what fired into findings.

Most code names no source and no sink at all. Such a file is told from the set of its words, in
a fraction of a millisecond, before any tree is built.
"""

from __future__ import annotations

import gc
import re
from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache
from importlib import import_module

from .bounds import bounds_hits
from .cancels import cancel_hits
from .fragments import close, dedent, introduced, unfence, words_of
from .interp import Interpreter
from .memory import memory_hits
from .packs import MODULES, pack
from .policy import DEFAULT, Policy, apply_policy
from .ranges import range_hits
from .report import ORDER, Finding, Report, Step, unscanned
from .rules import Index
from .secrets import find_secrets
from .spelling import encoding_of, reads_as_text, spelled
from .state import Hit, OutOfFuel

FRONTS = {
    "python": "python", "java": "java", "javascript": "javascript", "typescript": "javascript",
    "tsx": "javascript", "go": "go", "php": "php", "c": "c", "cpp": "c", "rust": "rust",
}  # fmt: skip
TWO_GRAMMARS = ("javascript", "c")  # front ends that are told which of their languages it is
# Languages with an analysis of their own instead of a pack: module name in this package.
NATIVE: dict[str, str] = {"sql": "sql"}
ALIASES = {
    "py": "python", "python3": "python", "js": "javascript", "jsx": "javascript",
    "node": "javascript", "ts": "typescript", "golang": "go", "c++": "cpp", "cxx": "cpp",
    "cc": "cpp", "h": "c", "hpp": "cpp", "rs": "rust", "mjs": "javascript", "cjs": "javascript",
    "pyi": "python", "php5": "php",
}  # fmt: skip
LONGEST = 2_000_000  # characters
# A quoted text bound to, or compared with, a name that holds secrets.
_SECRET = re.compile(
    r"""(?i)(?:passw|secret|api[_-]?key|token|pwd|credential|access[_-]?key|private[_-]?key|pass\b)"""
    r"""[\w-]*["'`\]]*\s*(?::\s*&?[\w' ]+)?(?:string\s*)?(?::=|=>|[:=!]=?=?|,)\s*["'`]|"""
    r"""["'`]\s*[!=]=\s*\w*(?:passw|secret|token)"""
)
_SECRET_WORDS = ("pass", "pwd", "secret", "token", "credential", "key")  # one is in every match
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def canonical(language: str) -> str:
    """The name under which a language is known here."""
    name = language.strip().lower().lstrip(".")
    return ALIASES.get(name, name)


def languages() -> tuple[str, ...]:
    return tuple(sorted({*MODULES, *NATIVE}))


def fuel_for(code: str) -> int:
    """Evaluated expressions that a file may cost: generous for a function, linear for a file."""
    return 60_000 + 120 * code.count("\n")


def taint_hits(code: str, lang: str, words: set[str]) -> list[Hit]:
    """What the analyses find in a file with these words. Raises OutOfFuel when it is too much."""
    ix = pack(lang)
    c_family = lang in ("c", "cpp")
    idle = False
    if not worth_a_look(code, words, ix):
        if not c_family:
            return []
        idle = True  # no flow of text, but sizes and lifetimes may still be wrong
    front = import_module(f".fronts.{FRONTS[lang]}", __package__)
    two = FRONTS[lang] in TWO_GRAMMARS
    module = front.lower(code, lang) if two else front.lower(code)
    if module.errors:
        whole = close(code, FRONTS[lang])
        if lang != "python" and not whole.rstrip().endswith((";", "}")):
            whole = whole.rstrip() + ";"
        if whole != code:
            again = front.lower(whole, lang) if two else front.lower(whole)
            module = again if again.errors <= module.errors else module
    fuel = fuel_for(code)
    memory = memory_hits(module, code, fuel) if c_family else []
    if idle:
        return memory
    own = memory
    if lang == "go":
        own = bounds_hits(module, code) + range_hits(module, code, fuel) + cancel_hits(code)
    found = Interpreter(module, ix, code, fuel).run() + own
    if not found and module.errors * 2 > len(code):
        raise Unreadable
    return found


class Unreadable(Exception):
    """Most of the text is in no construct of the language, and the rest gives no finding."""


def worth_a_look(code: str, words: set[str], ix: Index) -> bool:
    """Whether any word of the file can make a rule speak."""
    if ix.concerns(words):
        return True
    low = code.casefold()  # to look for words is many times faster than the pattern
    if any(w in low for w in _SECRET_WORDS) and _SECRET.search(code) is not None:
        return True
    return bool(ix.pack.hint) and re.search(ix.pack.hint, code) is not None


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


def from_hits(code: str, hits: list[Hit]) -> list[Finding]:
    if not hits:
        return []
    lines = Lines(code)
    out: list[Finding] = []
    for h in hits:
        flow: tuple[Step, ...] = ()
        if h.trace:
            steps = [Step(lines.of(pos), text) for pos, text in h.trace[:10]]
            flow = (*steps, Step(lines.of(h.pos), h.rule.message))
        r = h.rule
        message = f"{r.message} {r.advice}" if r.advice else r.message
        out.append(
            Finding(
                r.id, f"CWE-{r.cwe}", r.severity, h.confidence, h.evidence, "warn",
                lines.of(h.pos), message, flow,
            )
        )  # fmt: skip
    return strongest(out)


def from_text(code: str, words: set[str]) -> list[Finding]:
    """What holds for every language: keys of known formats, and text that reads as other text."""
    out: list[Finding] = []
    for s in find_secrets(code, words):
        line = code.count("\n", 0, s.pos) + 1
        out.append(
            Finding(
                s.rule,
                "CWE-798",
                "critical",
                "high",
                "api",
                "redact",
                line,
                f"A {s.title} is in the source ({s.shown}). Revoke it, and use a secret store.",
            )
        )
    m = None if code.isascii() else _BIDI.search(code)
    if m is not None:
        out.append(
            Finding(
                "text.bidi",
                "CWE-1007",
                "high",
                "high",
                "api",
                "block",
                code.count("\n", 0, m.start()) + 1,
                "A bidirectional control character makes this read other than it runs.",
            )
        )
    return out


def strongest(found: list[Finding]) -> list[Finding]:
    """One finding for each line and weakness: the one with the best evidence."""
    best: dict[tuple[int, str], Finding] = {}
    for f in found:
        key = (f.line, f.cwe)
        old = best.get(key)
        if old is None or _weight(f) > _weight(old):
            best[key] = f
    return sorted(best.values(), key=lambda f: (f.line, f.cwe, f.rule))


def _weight(f: Finding) -> tuple[int, int, int]:
    proof = {"flow": 2, "api": 1, "heuristic": 0}[f.evidence]
    return (("low", "medium", "high").index(f.confidence), proof, ORDER[f.severity])


def raw_findings(code: str, lang: str) -> list[Finding]:
    """Findings before any policy. Raises OutOfFuel, Unreadable or RecursionError."""
    words = words_of(code)
    if lang in NATIVE:
        native = import_module(f".{NATIVE[lang]}", __package__)
        found = strongest(native.findings(code, lang))
    else:
        try:
            found = from_hits(code, taint_hits(code, lang, words))
        except Unreadable:
            if not (found := from_text(code, words)):
                raise
            return found
    return found + from_text(code, words)


@lru_cache(maxsize=32)
def healthy(lang: str) -> bool:
    """The canary: whether the language's rules still find what they must find.

    A grammar or a rule that broke would otherwise make every file look clean.
    """
    if lang in NATIVE:
        native = import_module(f".{NATIVE[lang]}", __package__)
        source, rule = native.CANARY[lang]
    else:
        source, rule = pack(lang).pack.canary
    try:
        return any(f.rule == rule for f in raw_findings(source, lang))
    except (OutOfFuel, Unreadable, RecursionError):
        return False


def secure(
    code: str,
    language: str,
    *,
    policy: Policy | None = None,
    path: str = "",
    before: str = "",
    after: str = "",
    was: str | None = None,
) -> Report:
    """Scan one piece of code. Never raises for bad input: it says `unscanned` and why.

    `before` and `after` are the text around it in the same buffer: they are analysed with it,
    but only findings on the lines of `code` are reported, numbered by its own. `was` is the
    earlier version of `code`: then only lines that it did not have are reported.
    """
    lang = canonical(language)
    if lang not in MODULES and lang not in NATIVE:
        return unscanned(f"no rules for language {language!r}")
    if len(code) + len(before) + len(after) > LONGEST:
        return unscanned("the file is too large")
    if "\0" in code:  # a parser may stop there, and what follows would read as clean
        return unscanned("it holds NUL bytes, so it is no source text")
    if lang == "python" and not reads_as_text(declared := encoding_of(code)):
        return unscanned(f"it declares the encoding {declared}, in which it is another text")
    collecting = gc.isenabled()
    gc.disable()  # a scan makes many short-lived objects and no garbage worth a pause
    try:
        if not healthy(lang):
            return unscanned(f"the rules for {lang} failed their self-test")
        found, text = _scan(code, lang, before, after)
    except OutOfFuel:
        return unscanned("the file costs more than the scan's budget")
    except Unreadable:
        return unscanned(f"most of it cannot be read as {lang}")
    except RecursionError:
        return unscanned("the code is nested too deeply")
    except Exception as e:
        # A mistake of ours must not stop the caller's pipeline, nor read as "clean".
        return unscanned(f"internal error: {e!r}")
    finally:
        if collecting:
            gc.enable()
    if was is not None:
        new = introduced(was, text)
        found = [f for f in found if f.line in new]
    return apply_policy(policy or DEFAULT, found, text, path, FRONTS.get(lang, lang))


def _scan(code: str, lang: str, before: str, after: str) -> tuple[list[Finding], str]:
    if before or after:  # joined as they stand in the buffer, perhaps in the middle of a line
        shift = before.count("\n")
        last = shift + code.count("\n") + 1
        found = raw_findings(spelled(before + code + after, FRONTS.get(lang, lang)), lang)
        return [_move(f, -shift) for f in found if shift < f.line <= last], code
    text = unfence(code, _tags(lang)) if "```" in code or "~~~" in code else code
    if text[:1] in " \t" or (lang == "python" and text[:1] == "\n"):
        text = dedent(text)
    return raw_findings(spelled(text, FRONTS.get(lang, lang)), lang), code


@lru_cache(maxsize=32)
def _tags(lang: str) -> frozenset[str]:
    """What fences call a language and those that its front end reads as well."""
    front = FRONTS.get(lang, lang)
    names = {*FRONTS, *NATIVE, *ALIASES}
    return frozenset(n for n in names if FRONTS.get(canonical(n), canonical(n)) == front)


def _move(f: Finding, by: int) -> Finding:
    flow = tuple(replace(s, line=max(1, s.line + by)) for s in f.flow)
    return replace(f, line=f.line + by, flow=flow)
