# mypy: disable-error-code="misc"
"""No document shares a run of words with a benchmark: an index of n-grams and the filter.

Runs are 13 words long, the length that GPT-3's authors use (arXiv:2005.14165, appendix C), and 10
in texts too short for that to say much. A run counts only with at least `INFORMATIVE` different
words that say what it is about: loops over `range(len(...))` are no leak.
"""

import builtins
import keyword
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter

from nlogn.corpus.packing import write_json
from nlogn.corpus.shingles import listed, ngram_hashes, word_hashes, words

LONG, SHORT = 13, 10
SHORT_TEXT = 60  # words
INFORMATIVE = 4
_COMMON = listed(
    """self cls arg args kwargs key keys value values item items index result results res ret out
    output input data append add pop get join split strip lower upper sort count start end left
    right new the a an of to and in is are be for on with that this it as by from at or not if
    you will can test assertequal unittest testcase main name typing optional any import json os
    sys re math collections defaultdict counter array arr num nums string strings str1 line
    lines function param params parameter return returns public private static void int long
    double final char bool const let var std vector include using namespace system println util
    java scanner auto size length push back begin first second true false null none nil func fn
    mut usize vec u32 i32 i64 string1 string2 else elif while break continue"""
) | {w.lower() for w in (*keyword.kwlist, *keyword.softkwlist, *dir(builtins))}


def informative(tokens: list[str], n: int) -> np.ndarray:
    """(w - n + 1,) whether each run of n words has enough different telling words."""
    telling = [len(w) > 1 and not w.isdigit() and w not in _COMMON for w in tokens]
    count = max(len(tokens) - n + 1, 0)
    out = np.zeros(count, dtype=bool)
    for i in range(count):
        out[i] = len({tokens[j] for j in range(i, i + n) if telling[j]}) >= INFORMATIVE
    return out


def build_index(texts: Iterable[tuple[str, str, str]], folder: Path) -> dict[str, int]:
    """Write the sorted hashes and which row each is from; returns runs per benchmark.

    Args:
        texts: (benchmark, row, text).
    """
    seen: dict[int, int] = {}
    rows: dict[str, int] = {}
    counts: dict[str, int] = {}
    for benchmark, row, text in texts:
        tokens = words(text)
        hashed = word_hashes(text)
        number = rows.setdefault(f"{benchmark}/{row}", len(rows))
        for n in (LONG, SHORT) if len(tokens) < SHORT_TEXT else (LONG,):
            if len(tokens) < n:
                continue
            for value in ngram_hashes(hashed, n)[informative(tokens, n)].tolist():
                if value not in seen:
                    seen[value] = number
                    counts[benchmark] = counts.get(benchmark, 0) + 1
    folder.mkdir(parents=True, exist_ok=True)
    hashes = np.fromiter(seen, dtype=np.uint64, count=len(seen))
    owners = np.fromiter(seen.values(), dtype=np.int32, count=len(seen))
    order = np.argsort(hashes)
    np.save(folder / "hashes.npy", hashes[order])
    np.save(folder / "owners.npy", owners[order])
    write_json(folder / "rows.json", list(rows))
    return counts


class Index:
    """The runs of the benchmarks, looked up by whole documents."""

    def __init__(self, folder: Path):
        import json

        self.hashes = np.load(folder / "hashes.npy")
        self.owners = np.load(folder / "owners.npy")
        self.rows: list[str] = json.loads((folder / "rows.json").read_text())

    def find(self, text: str) -> tuple[str, str] | None:
        """(row of a benchmark, the shared words) of the first run in the text, None if clean."""
        if not len(self.hashes):
            return None
        hashed = word_hashes(text)
        for n in (LONG, SHORT):
            grams = ngram_hashes(hashed, n)
            if not len(grams):
                continue
            at = np.searchsorted(self.hashes, grams)
            at[at == len(self.hashes)] = 0
            hits = np.flatnonzero(self.hashes[at] == grams)
            if len(hits):
                first = int(hits[0])
                run = " ".join(words(text)[first : first + n])
                return self.rows[self.owners[at[first]]], run
        return None


class BuildIndex(PipelineStep):
    """Writes the index of the benchmarks below `data` and of `more` texts; one task."""

    type = "🦠 - DECONT"
    name = "index of benchmarks"

    def __init__(self, data: Path, folder: Path, more: list[tuple[str, str, str]]):
        super().__init__()
        self.data, self.folder, self.more = data, folder, more

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Any:
        from nlogn.corpus.benchmarks import benchmark_texts

        counts = build_index([*benchmark_texts(self.data), *self.more], self.folder)
        for name, count in counts.items():
            self.stat_update(f"runs_{name}", value=count)
        return data


class Decontaminate(BaseFilter):
    """Drops documents that share a run of words with a benchmark; notes row and words."""

    name = "decontaminate"

    def __init__(self, folder: Path, exclusion_writer: Any = None):
        super().__init__(exclusion_writer)
        self.folder = folder
        self.index: Index | None = None

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        if self.index is None:
            self.index = Index(self.folder)
        hit = self.index.find(doc.text)
        if hit is None:
            return True
        row, run = hit
        doc.metadata["benchmark_row"], doc.metadata["shared_words"] = row, run
        return False, f"in_{row.split('/')[0]}"
