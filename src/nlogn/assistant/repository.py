"""The files of a repository with what they define, use and import, kept by their times.

A file is read again when its time or its size has changed. What is known is kept in a file of the
cache folder ($NLOGN_CACHE, $XDG_CACHE_HOME/nlogn or ~/.cache/nlogn); without a folder that can be
written, in memory only.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nlogn.assistant.symbols import Definition, definitions, identifiers
from nlogn.corpus.order import imports
from nlogn.security.files import GIT, SKIPPED, SUFFIXES, language_of

MOST_FILES = 5_000  # the nearest to the edited one, where there are more
MAX_FILE = 256 << 10
_MARKS = (".git", ".hg"), ("pyproject.toml", "package.json", "Cargo.toml", "go.mod", "pom.xml")
_MOST_WALKED = 50_000  # entries of folders that git does not list
_VERSION = 1
_GIT_S = 10.0


@dataclass(frozen=True)
class SourceFile:
    """What is known of a file: `path` is relative to the repository, with slashes."""

    path: str
    time_ns: int
    size: int
    definitions: tuple[Definition, ...]
    names: str  # identifiers, each once, in alphabetical order, with spaces between
    imports: tuple[str, ...]

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self.names.split())

    @cached_property
    def defined(self) -> frozenset[str]:
        return frozenset(d.name for d in self.definitions)


def cache_folder() -> Path:
    if named := os.environ.get("NLOGN_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nlogn"


def root_of(path: Path) -> Path:
    """The repository that a file lies in: the nearest folder above it with ``.git``, or with what
    a project's top folder mostly has; else the file's own folder."""
    folder = path.resolve().parent
    for marks in _MARKS:
        for above in (folder, *folder.parents):
            if any((above / mark).exists() for mark in marks):
                return above
    return folder


class Repository:
    """Use `refresh` before each query; it is quick where nothing has changed."""

    def __init__(self, root: Path, *, cache: Path | None = None):
        self.root = root.resolve()
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:24]
        self._store = (cache or cache_folder()) / "context" / f"{digest}.json"
        self.files: dict[str, SourceFile] = {}
        self._read_store = False

    def refresh(
        self, near: str = "", progress: Callable[[int, int], None] | None = None
    ) -> dict[str, SourceFile]:
        """The files as they are now, by path.

        Args:
            near: the edited file's path, relative to the root.
            progress: called with (read, to read).
        """
        if not self._read_store:
            self._read_store = True
            self.files = _load(self._store)
        root = str(self.root)
        now: dict[str, SourceFile] = {}
        stale: list[tuple[str, os.stat_result]] = []
        for path in _nearest(list_files(self.root), near):
            try:
                status = os.lstat(f"{root}/{path}")
            except OSError:  # gone since it was listed
                continue
            if not _regular(status) or status.st_size > MAX_FILE:
                continue
            known = self.files.get(path)
            if known and (known.time_ns, known.size) == (status.st_mtime_ns, status.st_size):
                now[path] = known
            else:
                stale.append((path, status))
        for count, (path, status) in enumerate(stale):
            if progress is not None:
                progress(count, len(stale))
            if (made := read_file(self.root, path, status)) is not None:
                now[path] = made
        changed = bool(stale) or now.keys() != self.files.keys()
        self.files = dict(sorted(now.items()))
        if changed:
            with contextlib.suppress(OSError):  # a full or read-only disk: memory does
                _save(self._store, self.files)
        return self.files


def _regular(status: os.stat_result) -> bool:
    import stat

    return stat.S_ISREG(status.st_mode)  # no links: they may lead out of the repository


def read_file(root: Path, path: str, status: os.stat_result) -> SourceFile | None:
    """What there is to know of a file; None where it cannot be read, or is binary."""
    try:
        data = (root / path).read_bytes()
    except OSError:
        return None
    if b"\0" in data[:8192]:
        return SourceFile(path, status.st_mtime_ns, status.st_size, (), "", ())
    text = data.decode("utf-8", "replace")
    language = language_of(path)
    return SourceFile(
        path,
        status.st_mtime_ns,
        status.st_size,
        definitions(text, language),
        " ".join(sorted(set(identifiers(text)))),
        tuple(dict.fromkeys(imports(text, language))),
    )


def list_files(root: Path) -> list[str]:
    """Source files that git tracks or would track; where git does not say, those that no
    ``.gitignore`` names. Of a folder that is no project's (a home, /tmp) only its own files."""
    found = _git_files(root)
    if found is None:
        found = list(_walk(root))
    return sorted(
        p for p in found
        if os.path.splitext(p)[1].lower() in SUFFIXES and not SKIPPED.intersection(p.split("/"))
    )  # fmt: skip


def _git_files(root: Path) -> list[str] | None:
    if not (root / ".git").exists():
        return None
    command = [*GIT, "-C", str(root), "ls-files", "-z",
               "--cached", "--others", "--exclude-standard"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_S,
                              env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"})  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return [p for p in done.stdout.decode(errors="surrogateescape").split("\0") if p]


def _walk(root: Path) -> Iterator[str]:
    """Files below a folder, without hidden folders and what ``.gitignore`` files exclude."""
    from pathspec import GitIgnoreSpec

    rules: dict[str, GitIgnoreSpec] = {}
    project = any((root / mark).exists() for marks in _MARKS for mark in marks)
    walked = 0
    for folder, folders, files in os.walk(root):
        walked += len(folders) + len(files)
        if walked > _MOST_WALKED:
            return
        here = os.path.relpath(folder, root).replace(os.sep, "/")
        here = "" if here == "." else here + "/"
        if ".gitignore" in files:
            with contextlib.suppress(OSError, ValueError):
                text = Path(folder, ".gitignore").read_text(errors="replace")
                rules[here] = GitIgnoreSpec.from_lines(text.splitlines())

        def ignored(path: str) -> bool:
            return any(
                path.startswith(base) and spec.match_file(path[len(base) :])
                for base, spec in rules.items()
            )

        folders[:] = sorted(
            f for f in folders
            if not f.startswith(".") and f not in SKIPPED and not ignored(f"{here}{f}/")
        )  # fmt: skip
        yield from (here + f for f in files if not ignored(here + f))
        if not project:
            return


def _nearest(paths: list[str], near: str) -> list[str]:
    """At most `MOST_FILES`, those that share most of their path with `near`."""
    if len(paths) <= MOST_FILES:
        return paths
    return sorted(sorted(paths, key=lambda p: (-shared_folders(p, near), p))[:MOST_FILES])


def shared_folders(a: str, b: str) -> int:
    count = 0
    for x, y in zip(a.split("/")[:-1], b.split("/")[:-1], strict=False):
        if x != y:
            break
        count += 1
    return count


# --- what is kept on disk ----------------------------------------------------------------------


def _save(store: Path, files: dict[str, SourceFile]) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        [f.path, f.time_ns, f.size, [[d.name, d.first, d.last] for d in f.definitions], f.names,
         list(f.imports)]
        for f in files.values()
    ]  # fmt: skip
    handle, name = tempfile.mkstemp(dir=store.parent, prefix=store.name)
    try:
        with os.fdopen(handle, "w", errors="surrogateescape") as file:
            json.dump({"version": _VERSION, "files": rows}, file)
        os.replace(name, store)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _load(store: Path) -> dict[str, SourceFile]:
    """What was kept; nothing where it is not there, cut off or of another version."""
    try:
        data = json.loads(store.read_text(errors="surrogateescape"))
        if data["version"] != _VERSION:
            return {}
        return {
            str(path): SourceFile(
                str(path), int(time), int(size), tuple(Definition(*d) for d in defined),
                str(names), tuple(map(str, named)),
            )
            for path, time, size, defined, names, named in data["files"]
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return {}
