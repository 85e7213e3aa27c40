"""What else of a repository a completion should see: the parts of other files most related to it.

Related is: what the edited file imports, what imports it, what defines the names that it uses (the
rarer the name and the nearer to the cursor, the more; less where the file is neither imported nor
a neighbour), and what shares its words (BM25, which is all there is where no grammar knows the
language). Of a related file the definitions that are used come first, then the heads of the others.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from nlogn.assistant.complete import Document, Related, shown_path
from nlogn.assistant.repository import Repository, SourceFile, root_of, shared_folders
from nlogn.assistant.symbols import Definition, definitions, identifiers
from nlogn.corpus.order import imports, path_index, resolve
from nlogn.security.files import language_of

_NEAR = 4000  # characters on each side of the cursor that count in full
_FAR_WEIGHT = 0.3
_FILES = 12  # that are opened
_WHOLE = 40  # lines of a definition that is shown whole
_HEAD = 6  # lines of a longer one
_IMPORTS, _IMPORTED, _PAIR = 4.0, 1.0, 3.0
_STRANGE = 0.2  # what a name counts that a file defines which is neither imported nor near
_SHARE = 0.6  # of what is left of the budget, for one file
_K1, _B = 1.2, 0.75
_IMPORT_LINE = re.compile(
    r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+import[ \t]+(?:\([^)]*\)|[^\n(]+)|import[ \t]+[\w., \t]+)$",
    re.M,
)


@lru_cache(maxsize=8)
def _repository(root: Path) -> Repository:
    return Repository(root)


def related_for(
    path: str, progress: Callable[[int, int], None] | None = None
) -> Callable[[Document, int, Callable[[str], int]], Sequence[Related]]:
    """What `complete` takes: the parts of other files of `path`'s repository."""
    root = root_of(Path(path))

    def related_to(
        document: Document, budget: int, count: Callable[[str], int]
    ) -> Sequence[Related]:
        repository = _repository(root)
        inside = Path(document.path).resolve()
        relative = inside.relative_to(root).as_posix() if inside.is_relative_to(root) else ""
        files = repository.refresh(relative, progress)
        return related(document, relative, files, root, budget, count)

    return related_to


@dataclass(frozen=True, slots=True)
class _Query:
    """The edited file: names with their weights, what it defines and imports."""

    path: str
    language: str
    names: dict[str, float]
    defined: frozenset[str]
    imports: tuple[str, ...]


def related(
    document: Document,
    path: str,
    files: dict[str, SourceFile],
    root: Path,
    budget: int,
    count: Callable[[str], int],
) -> list[Related]:
    """Parts of other files in at most `budget` tokens, the most related last.

    Args:
        path: the edited file's, relative to `root` as the keys of `files` are.
        count: the number of tokens of a text.
    """
    query = _query(document, path)
    ranked = rank(query, files)[:_FILES]
    if not ranked:
        return []
    left = budget
    chosen: list[Related] = []
    for other, score in ranked:
        made, cost = _cut(query, files[other], root, score, round(left * _SHARE), count)
        if made is not None:
            chosen.append(made)
            left -= cost
        if left < 32:
            break
    return chosen[::-1]


def _query(document: Document, path: str) -> _Query:
    text = document.prefix + document.suffix
    at = len(document.prefix)
    near = text[max(0, at - _NEAR) : at + _NEAR]
    names = dict.fromkeys(identifiers(text), _FAR_WEIGHT)
    names |= dict.fromkeys(identifiers(near), 1.0)
    written = text
    if document.language == "python":  # which need not parse while it is edited
        written = "\n".join(match.group().strip() for match in _IMPORT_LINE.finditer(text))
    found = imports(written, document.language)
    defined = frozenset(d.name for d in definitions(text, document.language))
    return _Query(path, document.language, names, defined, tuple(found))


def rank(query: _Query, files: dict[str, SourceFile]) -> list[tuple[str, float]]:
    """The other files that are related at all with their scores, best first, ties by path."""
    others = [f for p, f in files.items() if p != query.path]
    definers = Counter(chain.from_iterable(f.defined for f in others))
    index = _index(tuple(files))
    wanted = {resolve(name, query.path, index, query.language) for name in query.imports}
    asked = frozenset(query.names)
    usable = asked - query.defined
    common = {f.path: asked & f.words for f in others}
    words = _words(query, common.values())
    mean = sum(len(f.words) for f in others) / max(len(others), 1)
    folder = query.path.rpartition("/")[0]
    scores: dict[str, float] = {}
    for file in others:
        imported = file.path in wanted
        close = imported or file.path.rpartition("/")[0] == folder
        symbols = 0.0
        for name in usable & file.defined:
            symbols += query.names[name] * math.log(1 + len(others) / definers[name])
        shared = common[file.path]
        size = _K1 * (1 - _B + _B * len(file.words) / max(mean, 1))
        bm25 = math.fsum([words.get(w, 0.0) for w in shared]) * (_K1 + 1) / (1 + size)
        score = _IMPORTS * imported + symbols * (1.0 if close else _STRANGE) + 0.1 * bm25
        if not score:
            continue
        if not query.defined.isdisjoint(file.words) and _imports_it(file, query, index):
            score += _IMPORTED
        score += 0.2 * shared_folders(file.path, query.path)
        score += _PAIR * (_stem(file.path) == _stem(query.path))
        scores[file.path] = round(score, 6)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


@lru_cache(maxsize=4)
def _index(paths: tuple[str, ...]) -> dict[str, list[str]]:
    return path_index(paths)


def _imports_it(file: SourceFile, query: _Query, index: dict[str, list[str]]) -> bool:
    stem = query.path.rpartition("/")[2].partition(".")[0]
    package = query.path.rpartition("/")[0].rpartition("/")[2] if stem == "__init__" else stem
    likely = [name for name in file.imports if package in name]
    if not likely:
        return False
    language = language_of(file.path)
    return any(resolve(name, file.path, index, language) == query.path for name in likely)


def _words(query: _Query, common: Collection[frozenset[str]]) -> dict[str, float]:
    """BM25's weight of each name of the query that some files have, and not most of them.

    Args:
        common: the query's names that each file has.
    """
    found: Counter[str] = Counter()
    for names in common:
        found.update(names)
    total = len(common)
    return {
        name: query.names[name] * math.log(1 + (total - count + 0.5) / (count + 0.5))
        for name, count in found.items()
        if 2 * count <= total + 2
    }


def _stem(path: str) -> str:
    """``parser`` of ``src/parser.py``, ``test_parser.py``, ``parser.h`` and ``parser.test.ts``."""
    name = path.rpartition("/")[2].partition(".")[0]
    return name.removeprefix("test_").removesuffix("_test").removesuffix("Test")


# --- the lines that are shown ------------------------------------------------------------------


def _cut(
    query: _Query,
    file: SourceFile,
    root: Path,
    score: float,
    budget: int,
    count: Callable[[str], int],
) -> tuple[Related | None, int]:
    """The most relevant lines of a file in at most `budget` tokens, and what they take."""
    try:
        lines = (root / file.path).read_text(errors="replace").split("\n")
    except OSError:
        return None, 0
    kept: set[int] = set()
    name = shown_path(file.path)
    size = count(name) + 4
    for first, last in _pieces(query, file, lines):
        fresh = [i for i in range(first, last + 1) if i not in kept and i <= len(lines)]
        cost = count("\n".join(lines[i - 1] for i in fresh)) + 2
        if not fresh or size + cost > budget:
            continue
        kept.update(fresh)
        size += cost
    if not kept:
        return None, 0
    ranges = _ranges(sorted(kept))
    text = "\n\n".join("\n".join(lines[a - 1 : b]).rstrip() for a, b in ranges) + "\n"
    return Related(name, text, score, ranges), size


def _pieces(query: _Query, file: SourceFile, lines: list[str]) -> list[tuple[int, int]]:
    """Line ranges, the most relevant first."""
    if not file.definitions:
        return _windows(query, lines)
    used, heads = [], []
    for definition in file.definitions:
        weight = 0.0 if definition.name in query.defined else query.names.get(definition.name, 0.0)
        long = definition.last - definition.first >= _WHOLE
        last = definition.first + _HEAD - 1 if long else definition.last
        if weight:
            used.append((-weight, definition.first, last))
        heads.append((definition.first, _signature_end(definition, lines)))
    return [(first, last) for _, first, last in sorted(used)] + heads


def _signature_end(definition: Definition, lines: list[str]) -> int:
    """The line on which a definition's head ends: at its first ``:``, ``{`` or ``;``."""
    for number in range(definition.first, min(definition.first + 4, definition.last) + 1):
        if number <= len(lines) and lines[number - 1].rstrip().endswith((":", "{", ";")):
            return number
    return definition.first


def _windows(query: _Query, lines: list[str]) -> list[tuple[int, int]]:
    """Runs of lines with the most names in common, where no definitions are known."""
    found = []
    for start in range(0, len(lines), 10):
        names = set(identifiers("\n".join(lines[start : start + 20])))
        weight = sum(query.names.get(name, 0.0) for name in sorted(names))
        if weight:
            found.append((-weight, start + 1, min(start + 20, len(lines))))
    return [(first, last) for _, first, last in sorted(found)]


def _ranges(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    out: list[tuple[int, int]] = []
    for number in numbers:
        if out and out[-1][1] + 1 == number:
            out[-1] = (out[-1][0], number)
        else:
            out.append((number, number))
    return tuple(out)
