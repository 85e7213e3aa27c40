"""Where raw code lies: folders, git checkouts, installed packages, JSON Lines, Parquet.

A *unit* is what stays together: a checkout, an installed distribution, a folder, a file of rows.
`plan` lists the units without reading their files; `read_unit` yields their documents.
"""

import csv
import gzip
import io
import json
import os
import stat
import subprocess
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nlogn.corpus import licences
from nlogn.security import language_of
from nlogn.security.files import GIT, SKIPPED

Kind = Literal["folder", "git", "distribution", "rows"]
MAX_FILE = 1 << 20
MAX_ROW = 1 << 26  # bytes of a line of JSON
_ROW_FILES = (".jsonl", ".jsonl.gz", ".ndjson", ".parquet")
_TEXT_KEYS = ("text", "content", "code")
_PATH_KEYS = ("path", "max_stars_repo_path", "file_path", "filename")
_REPO_KEYS = ("repo", "repo_name", "max_stars_repo_name", "repository")
_LICENCE_KEYS = ("license", "licence", "licenses", "max_stars_repo_licenses", "detected_licenses")
_LANGUAGE_KEYS = ("language", "lang", "programming_language")


class SourceError(Exception):
    """A source cannot be read; the message says which and what to do."""


@dataclass(frozen=True)
class Unit:
    """`files` are relative to `root`; `licence` is what the unit as a whole declares; `size` is in
    bytes and only balances the work."""

    name: str
    kind: Kind
    root: str
    files: tuple[str, ...]
    licence: str = ""
    size: int = 0


@dataclass(frozen=True)
class Raw:
    """One document as it was found, or why it could not be (`problem`)."""

    unit: str
    path: str
    text: str
    language: str
    licence: str
    problem: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def plan(sources: Sequence[Path], licence: str = "", skip: Iterable[str] = ()) -> list[Unit]:
    """The units of the sources, each file once, in a stable order.

    Args:
        licence: what holds for files that state none.
        skip: names of installed distributions to leave out.

    Raises:
        SourceError: a source does not exist, cannot be read, or holds nothing.
    """
    units: list[Unit] = []
    for source in sources:
        try:
            found = _units(source, licence, {name.lower() for name in skip})
        except OSError as error:
            where = error.filename or source
            raise SourceError(f"{where}: {error.strerror or error}") from error
        if not found:
            raise SourceError(f"{source}: no source files, rows or packages in it")
        units += found
    names: dict[str, int] = {}
    out = []
    for unit in units:
        plain = _printable(unit.name)
        number = names[plain] = names.get(plain, 0) + 1
        name = plain if number == 1 else f"{plain}-{number}"
        out.append(Unit(name, unit.kind, unit.root, unit.files, unit.licence, unit.size))
    return out


def _units(source: Path, licence: str, skip: set[str]) -> list[Unit]:
    if source.is_file():
        if not source.name.endswith(_ROW_FILES):
            raise SourceError(f"{source}: give a folder, or a {', '.join(_ROW_FILES)} file")
        return [_rows_unit(source, licence)]
    if not source.exists():
        raise SourceError(f"{source}: No such file or directory")
    if (source / ".git").exists():
        return [_git_unit(source, licence)]
    infos = sorted(source.glob("*.dist-info"))
    if infos:
        return [u for info in infos if (u := _distribution(info, skip)) is not None]
    return _folder_units(source, licence)


def _rows_unit(file: Path, licence: str) -> Unit:
    size = file.stat().st_size
    return Unit(file.name.split(".")[0], "rows", str(file.parent), (file.name,), licence, size)


def _git_unit(folder: Path, licence: str) -> Unit:
    """Tracked files only: what lies about untracked or ignored is nobody's published work. A
    checkout's own settings name programs that git would start (core.fsmonitor): none is."""
    command = [*GIT, "-c", "safe.directory=*", "-C", str(folder), "ls-files", "-z", "--stage"]
    outside = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent)}
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=outside)
    except FileNotFoundError as error:
        raise SourceError(f"{folder} is a git checkout, and git is not installed") from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip()
        raise SourceError(
            f"{folder}: git ls-files: {told}: mend the checkout, or move its .git away to have the"
            " folder read as it lies"
        )
    files = []
    for entry in done.stdout.decode(errors="surrogateescape").split("\0"):
        mode, _, name = entry.partition(" ")[0], *entry.partition("\t")[1:]
        if mode.startswith("100"):  # regular files: no links, no submodules
            files.append(name)
    return _unit(folder.resolve().name, "git", folder, sorted(files), licence)


def _distribution(info: Path, skip: set[str]) -> Unit | None:
    """An installed distribution, by its RECORD and METADATA."""
    try:
        metadata = (info / "METADATA").read_text(errors="replace")
        record = (info / "RECORD").read_text(errors="replace")
    except OSError:
        return None
    name = info.name.removesuffix(".dist-info").rpartition("-")[0]
    if name.lower() in skip or name.lower().replace("_", "-") in skip:
        return None
    files = sorted(
        row[0] for row in csv.reader(io.StringIO(record))
        if row and not row[0].startswith(("..", "/")) and ".dist-info/" not in row[0]
    )  # fmt: skip
    return _unit(name, "distribution", info.parent, files, licences.from_metadata(metadata))


def _folder_units(folder: Path, licence: str) -> list[Unit]:
    """The folder's own files as one unit, each checkout and each file of rows below it apart."""
    own: list[str] = []
    out: list[Unit] = []
    for root, folders, files in os.walk(folder, onerror=_raise):
        here = Path(root)
        inside = sorted(name for name in folders if not (here / name).is_symlink())
        checkouts = [name for name in inside if (here / name / ".git").exists()]
        out += [_git_unit(here / name, licence) for name in checkouts]
        left = {*SKIPPED, "site-packages", *checkouts}
        folders[:] = [name for name in inside if name not in left]
        for name in sorted(files):
            if (here / name).is_symlink():
                continue
            if name.endswith(_ROW_FILES) and (here / name).is_file():
                out.append(_rows_unit(here / name, licence))
            else:
                own.append(str((here / name).relative_to(folder)))
    if any(language_of(name) for name in own):
        out.insert(0, _unit(folder.resolve().name, "folder", folder, own, licence))
    return out


def _raise(error: OSError) -> None:
    raise error


def _unit(name: str, kind: Kind, root: Path, files: Sequence[str], licence: str) -> Unit:
    known = [f for f in files if language_of(f) or _about_licence(f)]
    size = 0
    for file in known:
        try:
            size += (root / file).stat().st_size
        except OSError:
            continue
    return Unit(name, kind, str(root), tuple(files), licence, size)


def _about_licence(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name in licences.MANIFESTS or (
        licences.LICENCE_FILE.match(name) is not None and not language_of(name)
    )


def read_unit(unit: Unit) -> Iterator[Raw]:
    """The unit's documents. What is no source file is passed over; what cannot be read is said."""
    if unit.kind == "rows":
        yield from _rows(unit)
        return
    root = Path(unit.root)
    stated = []
    for path in filter(_about_licence, unit.files):
        text, problem = _read(root / path)
        if not problem:
            stated.append((path, text))
    folders = licences.by_folder(stated)
    if unit.kind == "distribution":
        folders.pop(".", None)  # the root of site-packages belongs to nobody
    for path in unit.files:
        name = _printable(path)
        if language := language_of(path):
            text, problem = _read(root / path)
            licence = "" if problem else licences.of_file(path, text, folders, unit.licence)
            yield Raw(unit.name, name, text, language, licence, problem)
        elif not _about_licence(path):
            yield Raw(unit.name, name, "", "", "", "not_source")


def _printable(name: str) -> str:
    """A name whose bytes are no UTF-8, or that has half a surrogate pair, with those spelled out:
    no file of the build could hold it otherwise."""
    return name.encode(errors="backslashreplace").decode()


def _read(path: Path) -> tuple[str, str]:
    """(text, why not)."""
    try:
        about = path.lstat()
        if stat.S_ISLNK(about.st_mode):
            return "", "link"
        if not stat.S_ISREG(about.st_mode):  # a pipe would be waited for
            return "", "no_file"
        if about.st_size > MAX_FILE:
            return "", "too_large"
        data = path.read_bytes()
    except OSError:
        return "", "unreadable"
    return _decode(data)


def _decode(data: bytes) -> tuple[str, str]:
    if b"\0" in data[:8192]:
        return "", "not_text"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "", "not_text"
    return text.replace("\r\n", "\n").replace("\r", "\n"), ""


def _rows(unit: Unit) -> Iterator[Raw]:
    for name in unit.files:
        path = Path(unit.root) / name
        for number, row in enumerate(_whole(path)):
            yield _raw(unit, number, row)


def _whole(path: Path) -> Iterator[Any]:
    """The rows of a file.

    Raises:
        SourceError: it is damaged, which may show after some rows.
    """
    try:
        yield from _parquet(path) if path.suffix == ".parquet" else _json_lines(path)
    except (EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise SourceError(f"{path} is damaged: {error}") from error


def _raw(unit: Unit, number: int, row: Any) -> Raw:
    if not isinstance(row, dict):
        return Raw(unit.name, str(number), "", "", "", "bad_row")
    text = _first(row, _TEXT_KEYS)
    path = _printable(_first(row, _PATH_KEYS)) or str(number)
    language = _printable(_first(row, _LANGUAGE_KEYS)).lower().replace("c++", "cpp")
    language = language or language_of(path)
    repository = _printable(_first(row, _REPO_KEYS)) or unit.name
    if not text:
        return Raw(repository, path, "", language, "", "bad_row")
    licence = licences.from_header(text) or _printable(_first(row, _LICENCE_KEYS)) or unit.licence
    licence = licence if licences.permissive(licence) else licences.spelled(licence) or licence
    problem = "too_large" if len(text) > MAX_FILE else "" if _encodes(text) else "not_text"
    if problem:
        return Raw(repository, path, "", language, licence, problem)
    return Raw(repository, path, text.replace("\r\n", "\n"), language, licence)


def _encodes(text: str) -> bool:
    """JSON can spell half a surrogate pair, which is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _first(row: dict[str, Any], keys: Sequence[str]) -> str:
    for key in keys:
        value = row.get(key)
        if isinstance(value, (list, tuple)) and value:
            return " AND ".join(map(str, value))
        if isinstance(value, str) and value:
            return value
    return ""


def _json_lines(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as file:
        while line := file.readline(MAX_ROW):
            if len(line) == MAX_ROW and not line.endswith(b"\n"):
                while (rest := file.readline(MAX_ROW)) and not rest.endswith(b"\n"):
                    continue
                line = b""
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                yield None


def _parquet(path: Path) -> Iterator[Any]:
    from pyarrow import ArrowException, parquet

    try:
        file = parquet.ParquetFile(path)
        known = {*_TEXT_KEYS, *_PATH_KEYS, *_REPO_KEYS, *_LICENCE_KEYS, *_LANGUAGE_KEYS}
        columns = [name for name in file.schema_arrow.names if name in known]
        for batch in file.iter_batches(batch_size=256, columns=columns):
            yield from batch.to_pylist()
    except (ArrowException, OSError) as error:  # a damaged footer is the one, a page the other
        if isinstance(error, OSError) and error.errno:
            raise
        raise SourceError(f"{path} is damaged: {error}") from error
