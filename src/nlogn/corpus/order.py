"""Files of a repository in the order in which they build on each other: what is imported first.

Files that import each other stand together, begun by the one that waits for the fewest of them and
then comes first in the alphabet, so the order depends on nothing but names and imports.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from pathlib import PurePosixPath

_QUOTED = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*|\brequire\s*\(\s*|^[^\S\n]*\#\s*include\s*)["'<]([^"'<>\n]+)["'>]""",
    re.M,
)
_DOTTED = re.compile(r"^[^\S\n]*(?:import(?:\s+static)?|use)\s+([\w.:\\]+)", re.M)


def imports(text: str, language: str) -> list[str]:
    """What a file names, as written: ``a.b``, ``..c`` (Python); ``./x``, ``y.h`` (quoted);
    ``a.b.C``, ``a::b`` (dotted)."""
    if language == "python":
        return _python_imports(text)
    return [*_QUOTED.findall(text), *(d.replace("::", ".") for d in _DOTTED.findall(text))]


def _python_imports(text: str) -> list[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    out = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            out += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            out += [base, *(f"{base}.{a.name}".replace("...", "..") if node.module
                            else base + a.name for a in node.names)]  # fmt: skip
    return out


def path_index(paths: Iterable[str]) -> dict[str, list[str]]:
    """Paths by every tail of their name without suffix: ``b/c.py`` under ``b/c`` and ``c``."""
    out: dict[str, list[str]] = {}
    for path in sorted(paths):
        pure = PurePosixPath(path)
        for parts in (pure.with_suffix("").parts, pure.parts):
            if parts and parts[-1] in ("__init__", "index", "mod"):
                parts = parts[:-1]
            for start in range(len(parts)):
                out.setdefault("/".join(parts[start:]), []).append(path)
    return out


def dependencies(files: Mapping[str, tuple[str, str]]) -> dict[str, set[str]]:
    """For each path the other paths that it imports. `files`: path to (text, language)."""
    index = path_index(files)
    out: dict[str, set[str]] = {}
    for path, (text, language) in files.items():
        found = set()
        for name in imports(text, language):
            if target := resolve(name, path, index, language):
                found.add(target)
        out[path] = found - {path}
    return out


def resolve(name: str, path: str, index: Mapping[str, list[str]], language: str) -> str | None:
    """The path of the file that `path` means by `name` (see `imports`), None if it is none of
    those in the `path_index`."""
    here = PurePosixPath(path).parent
    if language == "python":
        level = len(name) - len(name.lstrip("."))
        tail = name.lstrip(".").replace(".", "/")
        for _ in range(level - 1):
            here = here.parent
        if level:
            key = str(here / tail) if tail else str(here)
            return _nearest(index.get(key, []), key, path)
        return _nearest(index.get(tail, []), tail, path)
    if name.startswith("."):
        parts: list[str] = list(here.parts)
        for part in name.split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part != ".":
                parts.append(part)
        key = re.sub(r"\.(?:js|jsx|ts|tsx|mjs)$", "", "/".join(parts))
    elif "/" in name or name.endswith((".h", ".hpp", ".hh")):
        key = name
    else:
        key = name.strip("\\.").replace("\\", "/").replace(".", "/")
    return _nearest(index.get(key, []), key, path)


def _nearest(found: list[str], key: str, path: str) -> str | None:
    """The candidate that shares the longest start of its path with the importer's."""
    if not found:
        return None
    parts = PurePosixPath(path).parts

    def closeness(candidate: str) -> tuple[int, str]:
        shared = 0
        for a, b in zip(PurePosixPath(candidate).parts, parts, strict=False):
            if a != b:
                break
            shared += 1
        return -shared, candidate

    return min(found, key=closeness)


def topological(needs: Mapping[str, set[str]]) -> list[str]:
    """Every key after what it needs, alphabetical where there is a choice; what needs each other
    stands together."""
    import numpy as np
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    paths = sorted(needs)
    number = {path: i for i, path in enumerate(paths)}
    edges = [(number[p], number[n]) for p in paths for n in needs[p] if n in number]
    rows, columns = zip(*edges, strict=True) if edges else ((), ())
    graph = csr_matrix((np.ones(len(edges)), (rows, columns)), shape=(len(paths), len(paths)))
    _, member_of = connected_components(graph, connection="strong")
    cycles: dict[int, list[str]] = {}
    for path, cycle in zip(paths, member_of.tolist(), strict=True):
        cycles.setdefault(cycle, []).append(path)
    first = {cycle: members[0] for cycle, members in cycles.items()}
    between = {first[member_of[number[p]]]: set[str]() for p in paths}
    for a, b in edges:
        if member_of[a] != member_of[b]:
            between[first[member_of[a]]].add(first[member_of[b]])
    out: list[str] = []
    for start in _peeled(between):
        members = cycles[member_of[number[start]]]
        out += _peeled({p: needs[p] & set(members) - {p} for p in members})
    return out


def _peeled(needs: Mapping[str, set[str]]) -> list[str]:
    """Kahn's algorithm; where all that is left waits, what waits for the fewest goes first."""
    left = {path: set(wanted) for path, wanted in needs.items()}
    users: dict[str, list[str]] = {}
    for path, wanted in left.items():
        for need in wanted:
            users.setdefault(need, []).append(path)
    ready = sorted(path for path, wanted in left.items() if not wanted)
    out: list[str] = []
    while left:
        path = heappop(ready) if ready else min((len(w), p) for p, w in left.items())[1]
        if left.pop(path, None) is None:
            continue
        out.append(path)
        for user in users.get(path, ()):
            if user in left:
                left[user].discard(path)
                if not left[user]:
                    heappush(ready, user)
    return out
