"""What the command line does with scans: mend files in place, print in four formats."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nlogn.security.files import Scanned, language_of, read_source
from nlogn.security.fixes import fix
from nlogn.security.formats import to_github, to_text
from nlogn.security.policy import Policy
from nlogn.security.sarif import to_sarif
from nlogn.security.scan import secure


def apply_fixes(
    scanned: Sequence[Scanned], policy: Policy | None = None, language: str = ""
) -> list[Scanned]:
    """Rewrite each file as far as its findings can be mended, and say what is left.

    What came from stdin (path ``-``) is mended in the answer only.

    Raises:
        OSError: a file cannot be written, or has changed since; it then stands as it is.
    """
    out = []
    for item in scanned:
        named = language or language_of(item.path) or "python"
        code, done = fix(item.code, named, policy)
        if not done:
            out.append(item)
            continue
        if item.path != "-":
            try:
                now, encoding = read_source(Path(item.path))
            except ValueError as error:
                raise OSError(f"{item.path}: {error}") from error
            if now != item.code:
                raise OSError(f"{item.path} is no longer what was scanned: scan it as it is now")
            _replace(Path(item.path).resolve(), code.encode(encoding))
        report = secure(code, named, policy=policy, path=item.path)
        out.append(replace(item, code=code, report=report))
    return out


def _replace(path: Path, data: bytes) -> None:
    """Put `data` in a file's place at once, with the file's mode."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    partial = Path(name)
    try:
        with open(handle, "wb") as out:
            out.write(data)
        partial.chmod(path.stat().st_mode & 0o7777)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def render(scanned: Sequence[Scanned], style: str) -> str:
    """The scans as ``text``, ``json``, ``sarif`` or ``github``. The JSON of one file is its
    report; of several, an object with their worst status and the reports under ``files``."""
    if style == "sarif":
        return json.dumps(to_sarif(scanned), indent=2)
    if style == "github":
        return to_github(scanned)
    if style == "json":
        reports = [{"path": s.path, **s.report.to_json()} for s in scanned]
        if len(scanned) == 1:
            return json.dumps(scanned[0].report.to_json(), indent=2)
        statuses = {s.report.status for s in scanned}
        worst = next((s for s in ("unscanned", "findings") if s in statuses), "clean")
        return json.dumps({"status": worst, "files": reports}, indent=2)
    found = sum(len(s.report.findings) for s in scanned)
    skipped = sum(s.report.status == "unscanned" for s in scanned)
    told = f"{found} findings in {len(scanned)} files"
    if skipped:
        told += f", {skipped} not scanned"
    return "\n".join(filter(None, (to_text(scanned), told)))
