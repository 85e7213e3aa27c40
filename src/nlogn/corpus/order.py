"""Files of a repository in the order in which they build on each other: what is imported first.

Cycles are broken at the file whose path comes first in the alphabet among those that wait for the
fewest others, so the order depends on nothing but names and imports.
"""

import ast
import re
from collections.abc import Mapping
from heapq import heappop, heappush
from pathlib import PurePosixPath

_QUOTED = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*|\brequire\s*\(\s*|^\s*\#\s*include\s*)["'<]([^"'<>\n]+)["'>]""",
    re.M,
)
_DOTTED = re.compile(r"^\s*(?:import(?:\s+static)?|use)\s+([\w.:\\]+)", re.M)


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


def _index(paths: Mapping[str, str]) -> dict[str, list[str]]:
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
    index = _index({path: "" for path in files})
    out: dict[str, set[str]] = {}
    for path, (text, language) in files.items():
        found = set()
        for name in imports(text, language):
            if target := _resolve(name, path, index, language):
                found.add(target)
        out[path] = found - {path}
    return out


def _resolve(name: str, path: str, index: Mapping[str, list[str]], language: str) -> str | None:
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
    """Every key after what it needs, alphabetical where there is a choice."""
    left = {path: {n for n in wanted if n in needs} for path, wanted in needs.items()}
    users: dict[str, list[str]] = {}
    for path, wanted in left.items():
        for need in wanted:
            users.setdefault(need, []).append(path)
    ready = [path for path, wanted in left.items() if not wanted]
    ready.sort()
    out: list[str] = []
    done: set[str] = set()
    while len(out) < len(needs):
        if not ready:
            heappush(ready, min((len(w), p) for p, w in left.items() if p not in done)[1])
        path = heappop(ready)
        if path in done:
            continue
        done.add(path)
        out.append(path)
        for user in users.get(path, ()):
            left[user].discard(path)
            if not left[user] and user not in done:
                heappush(ready, user)
    return out
