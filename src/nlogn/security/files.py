"""Files, folders, git ranges and rows of JSON: many pieces of code at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .policy import Policy, audit
from .report import Report, unscanned
from .scan import secure

SUFFIXES = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".tsx": "tsx",
    ".java": "java",
    ".go": "go",
    ".php": "php",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".cxx": "cpp",
    ".hpp": "cpp",
    ".rs": "rust",
    ".sql": "sql",
}
SKIPPED = {
    ".git",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    "dist",
    "build",
    ".tox",
    ".mypy_cache",
}


@dataclass(frozen=True, slots=True)
class Scanned:
    """One file's report, with its text for printing and fixing."""

    path: str
    code: str
    report: Report


def language_of(path: Path | str) -> str:
    """The language by the file's name, "" when it is none of ours."""
    return SUFFIXES.get(Path(path).suffix.lower(), "")


def secure_file(path: Path | str, policy: Policy | None = None, language: str = "") -> Scanned:
    """Scan one file; a file that cannot be read or is in no known language is `unscanned`."""
    name = str(path)
    lang = language or language_of(path)
    try:
        code = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as e:
        return Scanned(name, "", unscanned(f"cannot read it: {e.strerror}"))
    if not lang:
        return Scanned(name, code, unscanned("no rules for this kind of file"))
    return _audited(Scanned(name, code, secure(code, lang, policy=policy, path=name)), policy)


def secure_paths(paths: Iterable[Path | str], policy: Policy | None = None) -> Iterator[Scanned]:
    """Scan files and, for folders, every file in a known language below them."""
    for path in map(Path, paths):
        if not path.is_dir():
            yield secure_file(path, policy)
            continue
        for file in sorted(path.rglob("*")):
            if file.is_file() and language_of(file) and not SKIPPED.intersection(file.parts):
                yield secure_file(file, policy)


def secure_diff(range_: str, repo: Path | str = ".", policy: Policy | None = None) -> list[Scanned]:
    """Scan what a git range (`main..HEAD`) changes; only introduced lines are reported.

    Raises:
        RuntimeError: git does not know the range, or this is not a repository.
    """
    left, _, right = range_.partition("..")
    right = right.lstrip(".") or "HEAD"
    out = []
    for name in _git(repo, "diff", "--name-only", "--diff-filter=d", range_).splitlines():
        lang = language_of(name)
        if not lang:
            continue
        new = _git(repo, "show", f"{right}:{name}")
        try:
            old = _git(repo, "show", f"{left or 'HEAD'}:{name}")
        except RuntimeError:
            old = ""  # the file is new
        report = secure(new, lang, policy=policy, path=name, was=old)
        out.append(_audited(Scanned(name, new, report), policy))
    return out


def _git(repo: Path | str, *args: str) -> str:
    done = subprocess.run(["git", "-C", str(repo), *args], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"git {args[0]}: {done.stderr.strip()}")
    return done.stdout


def secure_rows(lines: Iterable[str], policy: Policy | None = None) -> Iterator[dict[str, Any]]:
    """Rows `{"id", "lang", "code"}` in, one report each out, with the row's id.

    A row that is no such object gives an `unscanned` report rather than an exception.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            code, lang, ident = row["code"], row["lang"], row.get("id", number)
        except (ValueError, KeyError, TypeError) as e:
            yield {"id": number, **unscanned(f"not a row with lang and code: {e!r}").to_json()}
            continue
        yield {"id": ident, **secure(str(code), str(lang), policy=policy).to_json()}


def _audited(scanned: Scanned, policy: Policy | None) -> Scanned:
    if policy is not None and policy.audit_log:
        audit(policy.audit_log, scanned.path, scanned.code, scanned.report)
    return scanned


def exit_code(reports: Iterable[Report]) -> int:
    """0 when all are clean, 2 when something was not scanned, else 1 when anything was found."""
    code = 0
    for r in reports:
        if r.status == "unscanned":
            return 2
        if r.status == "findings":
            code = 1
    return code
