"""Files, folders, git ranges and rows of JSON: many pieces of code at once."""

from __future__ import annotations

import codecs
import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .policy import Policy, audit
from .report import Report, unscanned
from .scan import LONGEST, secure

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
# A repository's own settings name a program to watch its files with: it is not started.
GIT = ("git", "-c", "core.fsmonitor=false")
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
    code = ""
    if not lang:
        report = unscanned("no rules for this kind of file")
    else:
        try:
            code, _ = read_source(Path(path))
            report = secure(code, lang, policy=policy, path=name)
        except OSError as e:
            report = unscanned(f"cannot read it: {e.strerror}")
        except ValueError as e:
            report = unscanned(str(e))
    return _audited(Scanned(name, code, report), policy)


def secure_text(name: str, code: str, language: str, policy: Policy | None = None) -> Scanned:
    """Scan a text that is no file, and note it under `name` where the policy keeps a log."""
    return _audited(Scanned(name, code, secure(code, language, policy=policy)), policy)


def read_source(path: Path) -> tuple[str, str]:
    """A source file's text, and the encoding that gives its bytes back.

    By its byte order mark, else as UTF-8, else as Latin-1.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no file of text, or far too large; such a file is not read at all.
    """
    if not path.is_file():
        # To open a pipe or a device might wait, or read, for ever.
        raise ValueError("no such file" if not path.exists() else "not a regular file")
    if path.stat().st_size > 4 * LONGEST:
        raise ValueError("the file is too large")
    data = path.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    else:
        encoding = "utf-8"
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def secure_paths(paths: Iterable[Path | str], policy: Policy | None = None) -> Iterator[Scanned]:
    """Scan files and, for folders, every file in a known language below them.

    Below a folder, those of version control, installed packages and build results are left out;
    one that cannot be opened is `unscanned`.
    """
    for path in map(Path, paths):
        if not path.is_dir():
            yield secure_file(path, policy)
            continue
        closed: list[OSError] = []
        for folder, below, names in os.walk(path, onerror=closed.append):
            below[:] = sorted(set(below) - SKIPPED)
            for name in sorted(names):
                file = Path(folder, name)
                if language_of(name) and _may_be_code(file):
                    yield secure_file(file, policy)
        for error in closed:
            report = unscanned(f"cannot open the folder: {error.strerror}")
            yield _audited(Scanned(str(error.filename), "", report), policy)


def _may_be_code(path: Path) -> bool:
    """Whether to try: not a dead link or a pipe, but what may not even be looked at is told."""
    try:
        return path.is_file()
    except OSError:
        return True


def secure_diff(range_: str, repo: Path | str = ".", policy: Policy | None = None) -> list[Scanned]:
    """Scan what a git range (`main..HEAD`) changes; only introduced lines are reported.

    `main...HEAD` is what HEAD did since it left main, `main` alone what the working tree has
    that main had not. A renamed file is compared with what it was called before.

    Raises:
        RuntimeError: git does not know the range, or this is not a repository.
    """
    left, dots, right = range_.partition("..")
    base, right = left or "HEAD", right.removeprefix(".") or "HEAD"
    if dots and range_.startswith(f"{left}..."):  # what the right side did since they parted
        base = _git(repo, "merge-base", "--", base, right).strip()
    if not dots:
        right = ""  # the working tree against one commit
    out = []
    for name, was in _changed(repo, base, right):
        lang = language_of(name)
        if not lang:
            continue
        if right:
            new = _git(repo, "show", "--end-of-options", f"{right}:{name}")
        else:
            top = _git(repo, "rev-parse", "--show-toplevel").removesuffix("\n")
            found = secure_file(Path(top) / name)
            if found.report.status == "unscanned":
                out.append(Scanned(name, "", found.report))
                continue
            new = found.code
        old = _git(repo, "show", "--end-of-options", f"{base}:{was}") if was else ""
        report = secure(new, lang, policy=policy, path=name, was=old)
        out.append(_audited(Scanned(name, new, report), policy))
    return out


def _changed(repo: Path | str, base: str, right: str) -> list[tuple[str, str]]:
    """Files that differ and are not deleted, each with its name before, "" for a new one."""
    ends = [base, right] if right else [base]
    options = ("--name-status", "-z", "-M", "--diff-filter=d", "--no-ext-diff", "--no-textconv",
               "--ignore-submodules=all", "--end-of-options")  # fmt: skip
    fields = _git(repo, "diff", *options, *ends).split("\0")[:-1]
    out: list[tuple[str, str]] = []
    while fields:
        kind, name = fields.pop(0), fields.pop(0)
        if kind[0] in "RC":  # renamed or copied: the second name is the new one
            out.append((fields.pop(0), name))
        else:
            out.append((name, "" if kind == "A" else name))
    return out


def _git(repo: Path | str, *args: str) -> str:
    """What git says. Programs that a repository's settings name to watch or compare its files are
    not started; content filters of a working tree are."""
    command = [*GIT, "-C", str(repo), *args]
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"git {args[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")


def secure_rows(
    lines: Iterable[str | bytes], policy: Policy | None = None
) -> Iterator[dict[str, Any]]:
    """Rows `{"id", "lang", "code"}` in, one report each out, with the row's id or line number.

    A row that is no such object gives an `unscanned` report rather than an exception.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        ident: Any = number
        try:
            row = json.loads(line.decode() if isinstance(line, bytes) else line)
            ident = row.get("id", number)
            code, lang = row["code"], row["lang"]
            if type(code) is not str or type(lang) is not str:
                raise TypeError("lang and code must be texts")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
            yield {"id": ident, **unscanned(f"not a row with lang and code: {e}").to_json()}
            continue
        yield {"id": ident, **secure_text(str(ident), code, lang, policy).report.to_json()}


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
