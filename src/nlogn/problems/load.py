"""`load_problem`, `load_problems` and the bank. What a file is, its content says."""

import functools
import io
import json
import os
import re
from pathlib import Path, PurePosixPath

from nlogn.problems import archives, kattis, polygon
from nlogn.problems.benchmarks import problem_from_row
from nlogn.problems.errors import ProblemError
from nlogn.problems.markdown import MAX_BYTES, decode, parse_markdown, read_markdown
from nlogn.problems.problem import Problem

BANK = Path(__file__).parent / "bank"


def load_problem(path: str | os.PathLike[str]) -> Problem:
    """The one problem in a file or folder.

    Raises:
        ProblemError: what is wrong with it, or how many problems it holds instead of one.
    """
    problems = load_problems(path)
    if len(problems) != 1:
        raise ProblemError(
            f"holds {len(problems)} problems where one is asked for: name a file of one", path
        )
    return problems[0]


def load_problems(
    path: str | os.PathLike[str], *, skipped: list[ProblemError] | None = None
) -> list[Problem]:
    """All problems of a file or folder, in order.

    A Markdown statement or a folder of them; JSON or JSON Lines of HumanEval, MBPP, their "+"
    editions, LeetCode contests or an export of ours; Kattis and Codeforces Polygon packages as a
    folder, zip or tar. Any of these files may be gzipped. Nothing that they hold is executed.

    Args:
        skipped: takes the errors of single packages or statements that cannot be used, where the
            others are still wanted. Without it the first such error is raised.

    Raises:
        ProblemError: unreadable, of no known form, or one of its problems cannot be used.
    """
    place = Path(path)
    if place.is_dir():
        return _folder(place, skipped)
    try:
        if not place.is_file() and place.exists():
            raise ProblemError("neither a file nor a folder", path)
        if place.stat().st_size > archives.MAX_BYTES:
            raise ProblemError(f"larger than {archives.MAX_BYTES >> 20} MiB: refused", path)
        data = place.read_bytes()
    except OSError as error:
        raise ProblemError(f"cannot be read: {error.strerror}", path) from None
    name = place.name
    if data[:2] == b"\x1f\x8b":
        data = archives.unzip_text(io.BytesIO(data), path)
        name = name.removesuffix(".gz").removesuffix(".tgz")
    if not data.strip(b"\0 \t\r\n") and not name.endswith((".md", ".markdown")):
        raise ProblemError("there is nothing in it", path)
    if archives.is_archive(data[:512]):
        return _packages(archives.read_archive(data, path), place, skipped)
    if re.search(r"\.(zip|tar|tgz|tar\.\w+)$", place.name):
        raise ProblemError("no archive that can be read: packages are zip, tar or tar.gz", path)
    text = decode(data, path)
    if text.lstrip()[:1] in ("{", "[") and not name.endswith((".md", ".markdown")):
        return _rows(text, path, skipped)
    if len(data) > MAX_BYTES:
        raise ProblemError(f"larger than {MAX_BYTES >> 20} MiB: this is no statement", path)
    return [parse_markdown(text, _name(name.rsplit(".", 1)[0]), path)]


def _name(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_").lower() or "problem"


def _folder(folder: Path, skipped: list[ProblemError] | None) -> list[Problem]:
    # What begins with a dot may be the draft of an export that was killed.
    inner = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    packages = [folder, *inner]
    marks = ("problem.yaml", "problem.xml")
    packages = [p for p in packages if any((p / mark).is_file() for mark in marks)]
    statements = [] if packages else sorted(folder.glob("[!.]*.md"))
    if not packages and not statements:
        raise ProblemError(
            "no problem in this folder: neither a Markdown file, nor the problem.yaml of a Kattis "
            "package or the problem.xml of a Polygon package",
            folder,
        )
    found = []
    for package in packages:
        try:
            found += _packages(archives.read_folder(package), package, skipped)
        except ProblemError as error:
            _skip(error, skipped)
    for statement in statements:
        try:
            found.append(read_markdown(statement))
        except ProblemError as error:
            _skip(error, skipped)
    return found


def _packages(
    files: archives.Files, path: Path, skipped: list[ProblemError] | None
) -> list[Problem]:
    readers = ((kattis.MARKER, kattis.read_package), (polygon.MARKER, polygon.read_package))
    paths = [PurePosixPath(name) for name in files]
    roots = [
        (root, read_package)
        for marker, read_package in readers
        for root in sorted(str(path.parent) for path in paths if path.name == marker)
    ]
    if not roots:
        raise ProblemError(
            "no problem package in it: there is neither a problem.yaml (Kattis) nor a problem.xml "
            "(Polygon)",
            path,
        )
    found = []
    for root, read_package in roots:
        stem = root.rsplit("/", 1)[-1] if root != "." else path.name.split(".")[0]
        prefix = "" if root == "." else root + "/"
        package = {n[len(prefix) :]: c for n, c in files.items() if n.startswith(prefix)}
        try:
            found.append(read_package(package, _name(stem), os.path.join(path, prefix)))
        except ProblemError as error:
            _skip(error, skipped)
    return found


def _skip(error: ProblemError, skipped: list[ProblemError] | None) -> None:
    if skipped is None:
        raise error
    skipped.append(error)


def _rows(
    text: str, path: str | os.PathLike[str], skipped: list[ProblemError] | None
) -> list[Problem]:
    found = []
    failed: list[ProblemError] = []
    for line, row in _parsed(text, path):
        try:
            if isinstance(row, ValueError):
                raise row
            if not isinstance(row, dict):
                raise ValueError(f"a row must be an object, not {str(row)[:40]}")
            found.append(problem_from_row(row))
        except ValueError as error:
            failed.append(ProblemError(str(error), path, line))
            if skipped is None:
                raise failed[0] from None
    if failed and not found:
        raise failed[0]
    if skipped is not None:
        skipped += failed
    return found


def _parsed(text: str, path: str | os.PathLike[str]) -> list[tuple[int, object]]:
    """The rows of JSON Lines, or of one JSON array or object, with their lines; for a line that
    is no JSON among rows that are, the error."""
    lines = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    rows = [(i, _value(line)) for i, line in lines]
    if len(rows) > 1 and not any(isinstance(row, ValueError) for _, row in rows):
        return rows
    first = rows[0][0]
    whole = rows[0][1] if len(rows) == 1 else _value(text)
    if isinstance(whole, list):
        if not whole:
            raise ProblemError("an empty list: there is no row in it", path)
        return [(first, row) for row in whole]
    if not isinstance(whole, ValueError):
        return [(first, whole)]
    if 2 * sum(isinstance(row, dict) for _, row in rows) >= len(rows):
        return rows
    line, failure = next((i, row) for i, row in rows if isinstance(row, ValueError))
    raise ProblemError(str(failure), path, line)


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return ValueError(f"this line is no JSON ({error.msg}, column {error.colno})")
    except (ValueError, RecursionError) as error:
        return ValueError(f"this line is no JSON that can be read ({error})")


@functools.cache
def bank() -> tuple[Problem, ...]:
    """The problems that come with the package, by name.

    Raises:
        ProblemError: one of the files is wrong or lacks something that a bank's problem has.
    """
    return tuple(read_markdown(file, complete=True) for file in sorted(BANK.glob("*.md")))


def bank_problem(name: str) -> Problem:
    """One problem of the bank; raises `ProblemError`, naming the nearest, if there is none."""
    import difflib

    problems = {problem.name: problem for problem in bank()}
    if name in problems:
        return problems[name]
    near = difflib.get_close_matches(name, problems, 3, 0.4)
    hint = f": did you mean {' or '.join(near)}?" if near else ""
    raise ProblemError(f"no problem “{name}” in the bank{hint}")
