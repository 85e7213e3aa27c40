"""Files out of folders, ``.zip``, ``.tar`` and ``.tar.gz``, into memory, within bounds.

Nothing is written to disk, and links are resolved by name among the files read, never by the
operating system. Refused: names and links that lead out, devices, encrypted members, and more
than `MAX_FILES` files or `MAX_BYTES` bytes, counted as they are decompressed, whatever the headers
say.
"""

import gzip
import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from nlogn.problems.errors import ProblemError

MAX_BYTES = 256 << 20
MAX_FILES = 20_000
MAX_LINKS = 8  # from link to link

Files = dict[str, bytes]


def is_archive(head: bytes) -> bool:
    """Whether a file that begins with `head` (512 bytes) is a zip or an uncompressed tar."""
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or head[257:262] == b"ustar"


def unzip_text(data: IO[bytes], path: str | os.PathLike[str]) -> bytes:
    """What a gzip file holds; raises `ProblemError` if broken or larger than `MAX_BYTES`."""
    try:
        with gzip.GzipFile(fileobj=data) as stream:
            text = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ProblemError(f"the compressed file is broken ({error})", path) from None
    if len(text) > MAX_BYTES:
        raise ProblemError(f"larger than {MAX_BYTES >> 20} MiB when decompressed: refused", path)
    return text


def read_archive(data: bytes, path: str | os.PathLike[str]) -> Files:
    """The files of a zip or tar archive, by their names.

    Raises:
        ProblemError: broken, too large, or holding what no problem package needs.
    """
    members = _zip_members if data[:2] == b"PK" else _tar_members
    try:
        return _collect(members(data, path), path)
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, zlib.error,
            NotImplementedError, ValueError, RuntimeError) as error:  # fmt: skip
        if isinstance(error, ProblemError):
            raise
        raise ProblemError(f"the archive is broken ({error})", path) from None


def read_folder(folder: Path) -> Files:
    """The files below a folder; raises `ProblemError` for what leads out or is too much."""
    return _collect(_folder_members(folder), folder)


def _collect(members: Iterator[tuple[str, bytes | str]], path: str | os.PathLike[str]) -> Files:
    """The members' contents by name; a `str` is a link to the member of that name."""
    files: Files = {}
    links: dict[str, str] = {}
    total = 0
    for name, content in members:
        key = _inside(name, path)
        total += len(content)
        if total > MAX_BYTES:
            raise ProblemError(f"more than {MAX_BYTES >> 20} MiB when unpacked: refused", path)
        if len(files) + len(links) >= MAX_FILES:
            raise ProblemError(f"more than {MAX_FILES:,} files: refused", path)
        if isinstance(content, str):
            links[key] = _inside(content, path)
        else:
            files[key] = content
    for name, target in links.items():
        for _ in range(MAX_LINKS):
            if target not in links:
                break
            target = links[target]
        if target in files:
            files[name] = files[target]
        elif not any(known.startswith(target + "/") for known in files):
            raise ProblemError(f"{name!r} is a link to {target!r}, which is not there", path)
    return files


def _inside(name: str, path: str | os.PathLike[str]) -> str:
    """`name` with its ``..`` resolved; raises `ProblemError` if it leaves the archive."""
    parts: list[str] = []
    outside = name.startswith("/") or "\\" in name or "\0" in name or ":" in name.split("/")[0]
    for part in PurePosixPath(name).parts:
        if part == "..":
            outside = outside or not parts
            del parts[-1:]
        else:
            parts.append(part)
    if outside or not parts:
        raise ProblemError(f"{name!r} leads out of the archive: refused", path)
    return "/".join(parts)


def _beside(name: str, target: str) -> str:
    """Where a relative link's `target` leads from the member `name`."""
    return target if target.startswith("/") else f"{PurePosixPath(name).parent}/{target}"


def _zip_members(data: bytes, path: str | os.PathLike[str]) -> Iterator[tuple[str, bytes | str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        left = MAX_BYTES
        for info in archive.infolist():
            if info.is_dir():
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFLNK):
                raise ProblemError(f"{info.filename!r} is a device: refused", path)
            with archive.open(info) as member:
                content = member.read(left + 1)
            left -= len(content)
            if kind == stat.S_IFLNK:
                target = content[:4096].decode("utf-8", "replace")
                yield info.filename, _beside(info.filename, target)
            else:
                yield info.filename, content


def _tar_members(data: bytes, path: str | os.PathLike[str]) -> Iterator[tuple[str, bytes | str]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            if member.isdir():
                continue
            if member.issym():
                yield member.name, _beside(member.name, member.linkname)
            elif member.islnk():
                yield member.name, member.linkname
            elif member.isreg():
                content = archive.extractfile(member)
                assert content is not None
                yield member.name, content.read(MAX_BYTES + 1)
            else:
                raise ProblemError(f"{member.name!r} is a device: refused", path)


def _folder_members(folder: Path) -> Iterator[tuple[str, bytes | str]]:
    left = MAX_BYTES
    for root, folders, names in os.walk(folder):
        folders.sort()
        linked = [name for name in folders if Path(root, name).is_symlink()]
        for name in sorted([*names, *linked]):
            file = Path(root, name)
            inside = file.relative_to(folder).as_posix()
            try:
                if file.is_symlink():
                    yield inside, _beside(inside, os.readlink(file))
                    continue
                if not file.is_file():
                    raise ProblemError(f"{inside!r} is no plain file: refused", folder)
                with file.open("rb") as stream:
                    content = stream.read(left + 1)
            except OSError as error:
                raise ProblemError(f"cannot be read: {error.strerror}", file) from None
            left -= len(content)
            yield inside, content
