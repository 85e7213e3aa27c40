"""Token streams of documents, packed into shards that training reads.

A shard is a folder in the form of `nlogn.train.data.read_packed`:

    tokens.npy      (N,) uint16 or uint32: documents in a row, each ended by <|endoftext|>
    paradigm.npy    (N,) int8: number in `nlogn.model.config.PARADIGMS`, -1 where none is known
    time.npy, memory.npy  (N,) int8: number in `nlogn.complexity.bigo.CLASSES`, -1 where unknown
    leak.npy        (N,) int8: 1 on lines that leak, 0 on others, -1 where unknown; if any do
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
    """`time` and `memory` label the tokens from number `labelled` on; -1: no label. `leak`: a
    label for each token. `joined`: it continues the one before and stays behind it."""

    tokens: list[int]
    paradigm: int = -1
    time: int = -1
    memory: int = -1
    labelled: int = 0
    joined: bool = False
    leak: list[int] | None = None


def token_type(vocab_size: int) -> np.dtype:
    return np.dtype(np.uint16 if vocab_size <= 1 << 16 else np.uint32)


class StreamWriter:
    """Writes one task's documents: raw tokens in one file, a row of numbers each in another, labels
    of leaks in a third."""

    def __init__(self, stem: Path, vocab_size: int):
        stem.parent.mkdir(parents=True, exist_ok=True)
        self.tokens = stem.with_suffix(".tokens").open("wb")
        self.rows = stem.with_suffix(".documents").open("wb")
        self.leak = stem.with_suffix(".leak").open("wb")
        self.dtype = token_type(vocab_size)

    def write(self, document: TokenDocument) -> None:
        self.tokens.write(np.asarray(document.tokens, dtype=self.dtype).tobytes())
        row = (len(document.tokens), document.paradigm, document.time, document.memory,
               document.labelled, document.joined)  # fmt: skip
        self.rows.write(np.asarray(row, dtype=np.int64).tobytes())
        leak = [-1] * len(document.tokens) if document.leak is None else document.leak
        self.leak.write(np.asarray(leak, dtype=np.int8).tobytes())

    def close(self) -> None:
        self.tokens.close()
        self.rows.close()
        self.leak.close()


@dataclass(frozen=True)
class Stream:
    """One task's documents: `tokens` (n,), `rows` (d, 6) as `PER_DOCUMENT` names them, `leak` (n,)
    int8."""

    tokens: np.ndarray
    rows: np.ndarray
    leak: np.ndarray


def read_stream(stem: Path, vocab_size: int) -> Stream:
    rows = np.fromfile(stem.with_suffix(".documents"), dtype=np.int64)
    path = stem.with_suffix(".tokens")
    dtype = token_type(vocab_size)
    tokens = np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.empty(0, dtype)
    leak = np.fromfile(stem.with_suffix(".leak"), dtype=np.int8)
    return Stream(tokens, rows.reshape(-1, len(PER_DOCUMENT)), leak)


@dataclass(frozen=True)
class Packed:
    """How many tokens a shard has, and how many of them are padding (<|endoftext|>)."""

    tokens: int
    padding: int


def pack(
    streams: Iterable[Stream], folder: Path, vocab_size: int, seed: int, sequence: int = 0
) -> Packed:
    """Write one shard: the streams' documents in an order shuffled by the seed.

    With `sequence`, windows of that many tokens hold whole documents where they fit: what is longer
    is cut into full windows, and the rests are fitted together, best fit in decreasing order
    (arXiv:2404.10830); what then stays free is padding. Every array is written beside its place and
    moved there: an interrupted run leaves none half.
    """
    streams = list(streams)
    rng = np.random.Generator(np.random.Philox(key=[seed, 0]))
    owner, begin, length = _documents(streams)
    if sequence:
        order, owner, begin, length = _fitted(owner, begin, length, sequence, rng)
    else:
        order = rng.permutation(len(length))
    owner, begin, length = owner[order], begin[order], length[order]
    total = int(length.sum())
    folder.mkdir(parents=True, exist_ok=True)
    pieces = list(zip(owner.tolist(), begin.tolist(), length.tolist(), strict=True))
    columns = [("tokens", [s.tokens for s in streams], token_type(vocab_size), 0)]
    columns += [
        (name, [_labels(s, column) for s in streams], np.dtype(np.int8), -1)
        for column, name in ((1, "paradigm"), (2, "time"), (3, "memory"))
    ]
    if any((s.leak == 1).any() for s in streams):
        columns.append(("leak", [s.leak for s in streams], np.dtype(np.int8), -1))
    for name, values, dtype, fill in columns:
        packed = np.full(total, fill, dtype)
        at = 0
        for which, start, size in pieces:
            if which >= 0:
                packed[at : at + size] = values[which][start : start + size]
            at += size
        _save(folder / f"{name}.npy", packed)
    firsts = (np.cumsum(length) - length)[owner >= 0]
    _save(folder / "documents.npy", np.append(firsts, total).astype(np.int64))
    return Packed(total, int(length[owner < 0].sum()))


def _documents(streams: list[Stream]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stream, first token and length of each document; what is joined is one document."""
    owners, begins, lengths = [], [], []
    for number, stream in enumerate(streams):
        sizes, alone = stream.rows[:, 0], stream.rows[:, 5] == 0
        if not len(sizes):
            continue
        first = np.flatnonzero(alone)
        begins.append((np.cumsum(sizes) - sizes)[first])
        lengths.append(np.add.reduceat(sizes, first))
        owners.append(np.full(len(first), number))
    if not owners:
        return (np.empty(0, np.int64),) * 3
    return np.concatenate(owners), np.concatenate(begins), np.concatenate(lengths)


def _labels(stream: Stream, column: int) -> np.ndarray:
    """(n,) int8: a document's label on its tokens, for classes from `labelled` on."""
    sizes = stream.rows[:, 0]
    out = np.repeat(stream.rows[:, column].astype(np.int8), sizes)
    if column > 1:
        inside = np.arange(len(out)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        out[inside < np.repeat(stream.rows[:, 4], sizes)] = -1
    return out


def _fitted(
    owner: np.ndarray,
    begin: np.ndarray,
    length: np.ndarray,
    sequence: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pieces in windows: their order, stream (-1: padding), first token and length."""
    pieces: list[tuple[int, int, int]] = []
    windows: list[list[int]] = []
    rests: list[int] = []
    for which, start, size in zip(owner.tolist(), begin.tolist(), length.tolist(), strict=True):
        for cut in range(0, size, sequence):
            piece = min(sequence, size - cut)
            (windows.append([len(pieces)]) if piece == sequence else rests.append(len(pieces)))
            pieces.append((which, start + cut, piece))
    open_windows: list[list[int]] = [[] for _ in range(sequence + 1)]  # by room left
    has_room = 0  # bit r: a window with r tokens of room is open
    for index in sorted(rests, key=lambda i: (-pieces[i][2], i)):
        size = pieces[index][2]
        fitting = has_room >> size
        if fitting:
            room = size + (fitting & -fitting).bit_length() - 1
            window = open_windows[room].pop()
            if not open_windows[room]:
                has_room ^= 1 << room
        else:
            room, window = sequence, len(windows)
            windows.append([])
        windows[window].append(index)
        if room > size:
            open_windows[room - size].append(window)
            has_room |= 1 << (room - size)
    order: list[int] = []
    for number in rng.permutation(len(windows)).tolist():
        held = windows[number]
        order += [held[i] for i in rng.permutation(len(held))]
        if free := sequence - sum(pieces[i][2] for i in held):
            order.append(len(pieces))
            pieces.append((-1, 0, free))
    table = np.array(pieces, dtype=np.int64).reshape(-1, 3)
    return np.array(order, dtype=np.int64), table[:, 0], table[:, 1], table[:, 2]


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


def damaged(corpus: Path, manifest: dict[str, Any]) -> list[str]:
    """The files of a corpus's shards that are missing, or not as long as its manifest says."""
    out = []
    for shard in manifest["shards"]:
        for name, facts in shard.get("files", {}).items():
            path = corpus / shard["name"] / name
            if not path.is_file() or path.stat().st_size != facts["bytes"]:
                out.append(f"{shard['name']}/{name}")
    return out
