"""Token streams of documents, packed into shards that training reads.

A shard is a folder in the form of `nlogn.train.data.read_packed`:

    tokens.npy      (N,) uint16 or uint32: documents in a row, each ended by <|endoftext|>
    paradigm.npy    (N,) int8: number in `nlogn.model.config.PARADIGMS`, -1 where none is known
    time.npy, memory.npy  (N,) int8: number in `nlogn.complexity.bigo.CLASSES`, -1 where unknown
    documents.npy   (D + 1,) int64: where documents begin; the last entry is N
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PER_DOCUMENT = ("length", "paradigm", "time", "memory", "labelled", "joined")


@dataclass(frozen=True)
class TokenDocument:
    """`time` and `memory` label the tokens from number `labelled` on; -1: no label. `joined`: it
    continues the one before and stays behind it."""

    tokens: list[int]
    paradigm: int = -1
    time: int = -1
    memory: int = -1
    labelled: int = 0
    joined: bool = False


def token_type(vocab_size: int) -> np.dtype:
    return np.dtype(np.uint16 if vocab_size <= 1 << 16 else np.uint32)


class StreamWriter:
    """Writes one task's documents: raw tokens in one file, a row of numbers each in another."""

    def __init__(self, stem: Path, vocab_size: int):
        stem.parent.mkdir(parents=True, exist_ok=True)
        self.tokens = stem.with_suffix(".tokens").open("wb")
        self.rows = stem.with_suffix(".documents").open("wb")
        self.dtype = token_type(vocab_size)

    def write(self, document: TokenDocument) -> None:
        self.tokens.write(np.asarray(document.tokens, dtype=self.dtype).tobytes())
        row = (len(document.tokens), document.paradigm, document.time, document.memory,
               document.labelled, document.joined)  # fmt: skip
        self.rows.write(np.asarray(row, dtype=np.int64).tobytes())

    def close(self) -> None:
        self.tokens.close()
        self.rows.close()


@dataclass(frozen=True)
class Stream:
    """One task's documents: `tokens` (n,), `rows` (d, 6) as `PER_DOCUMENT` names them."""

    tokens: np.ndarray
    rows: np.ndarray


def read_stream(stem: Path, vocab_size: int) -> Stream:
    rows = np.fromfile(stem.with_suffix(".documents"), dtype=np.int64)
    path = stem.with_suffix(".tokens")
    dtype = token_type(vocab_size)
    tokens = np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.empty(0, dtype)
    return Stream(tokens, rows.reshape(-1, len(PER_DOCUMENT)))


def pack(streams: Iterable[Stream], folder: Path, vocab_size: int, seed: int) -> int:
    """Write one shard: the streams' documents in an order shuffled by the seed. Returns its tokens.

    Every array is written beside its place and moved there: an interrupted run leaves none half.
    """
    streams = list(streams)
    empty = np.empty((0, len(PER_DOCUMENT)), np.int64)
    rows = np.concatenate([empty, *(s.rows for s in streams)])
    owner = np.repeat(np.arange(len(streams)), [len(s.rows) for s in streams])
    starts = [np.cumsum(s.rows[:, 0]) - s.rows[:, 0] for s in streams]
    begin = np.concatenate([empty[:, 0], *starts])
    group = np.cumsum(rows[:, 5] == 0) - 1
    place = np.random.Generator(np.random.Philox(key=[seed, 0])).permutation(len(np.unique(group)))
    order = np.argsort(place[group], kind="stable")
    rows, owner, begin = rows[order], owner[order], begin[order]
    total = int(rows[:, 0].sum())
    folder.mkdir(parents=True, exist_ok=True)
    dtype = token_type(vocab_size)
    part = folder / "tokens.part"
    tokens = np.lib.format.open_memmap(part, mode="w+", dtype=dtype, shape=(max(total, 1),))
    at = 0
    for which, start, length in zip(owner, begin, rows[:, 0], strict=True):
        tokens[at : at + length] = streams[which].tokens[start : start + length]
        at += int(length)
    tokens.flush()
    if total:
        part.replace(folder / "tokens.npy")
    else:  # an empty file cannot be mapped
        part.unlink()
        _save(folder / "tokens.npy", np.empty(0, dtype))
    ends = np.concatenate([[0], np.cumsum(rows[:, 0])])
    for column, name in ((1, "paradigm"), (2, "time"), (3, "memory")):
        values = np.repeat(rows[:, column].astype(np.int8), rows[:, 0])
        if name != "paradigm":
            inside = np.arange(total) - np.repeat(ends[:-1], rows[:, 0])
            values[inside < np.repeat(rows[:, 4], rows[:, 0])] = -1
        _save(folder / f"{name}.npy", values)
    firsts = ends[:-1][rows[:, 5] == 0]
    _save(folder / "documents.npy", np.append(firsts, total).astype(np.int64))
    return total


def _save(path: Path, values: np.ndarray) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, values)
    part.replace(path)


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def describe(folder: Path) -> dict[str, Any]:
    """Counts and checksums of a shard, for the manifest."""
    tokens = np.load(folder / "tokens.npy", mmap_mode="r")
    documents = np.load(folder / "documents.npy")
    files = sorted(p for p in folder.iterdir() if p.suffix == ".npy")
    return {
        "name": folder.name,
        "tokens": len(tokens),
        "documents": len(documents) - 1,
        "dtype": str(tokens.dtype),
        "files": {p.name: {"sha256": sha256(p), "bytes": p.stat().st_size} for p in files},
    }


def write_json(path: Path, value: object) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    part.replace(path)
