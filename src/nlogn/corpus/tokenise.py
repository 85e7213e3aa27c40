# mypy: disable-error-code="misc"
"""The last steps: learn the tokenizer, cut holes, encode documents, pack shards."""

import json
import math
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from nlogn.complexity.bigo import CLASSES
from nlogn.corpus.compose import SPLITS, TRAIN
from nlogn.corpus.fim import fim, suffix_first
from nlogn.corpus.packing import StreamWriter, TokenDocument, pack, read_stream
from nlogn.corpus.paradigm import PARADIGMS
from nlogn.corpus.specials import END, FILE, REPOSITORY, Parts, Special, from_json
from nlogn.corpus.steps import generator
from nlogn.corpus.tokenizer import (
    TOKENIZER_FILES,
    encode,
    encode_lines,
    load_tokenizer,
    save_tokenizer,
    token_bytes,
    train_tokenizer,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SHORTEST = 150  # characters of the shortest pieces that files with holes are cut into
_CLASS = {str(c): i for i, c in enumerate(CLASSES)}


class LearnTokenizer(PipelineStep):
    """BPE over training documents, at most `sample` characters of them; one task."""

    type = "🔠 - TOKENS"
    name = "tokenizer"

    def __init__(self, folders: list[Path], out: Path, vocab_size: int, sample: int, context: int):
        super().__init__()
        self.folders, self.out = folders, out
        self.vocab_size, self.sample, self.context = vocab_size, sample, context

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Any:
        with self.track_time():
            tokenizer = train_tokenizer(self.texts(), self.vocab_size)
            save_tokenizer(tokenizer, self.out, self.context)
        self.stat_update("tokens_in_vocabulary", value=tokenizer.get_vocab_size())
        return data

    def texts(self) -> Iterator[str]:
        """Documents taken evenly from all files, in a fixed order."""
        sizes = {p: p.stat().st_size for f in self.folders for p in sorted(f.glob("*.jsonl"))}
        keep = self.sample / max(sum(sizes.values()), 1)
        for path in sizes:
            with path.open("rb") as file:
                for line in file:
                    row = json.loads(line)
                    if row["metadata"].get("split", TRAIN) != TRAIN:
                        continue
                    if keep >= 1 or generator(0, "tokenizer", row["id"]).random() < keep:
                        self.stat_update("characters", value=len(row["text"]))
                        yield row["text"]


class CopyTokenizer(PipelineStep):
    """A tokenizer that was given, put where the corpus has its own."""

    type = "🔠 - TOKENS"
    name = "tokenizer"

    def __init__(self, folder: Path, out: Path):
        super().__init__()
        self.folder, self.out = folder, out

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Any:
        self.out.mkdir(parents=True, exist_ok=True)
        for name in TOKENIZER_FILES:
            if (self.folder / name).is_file():
                shutil.copyfile(self.folder / name, self.out / name)
        return data


class Tokenise(PipelineStep):
    """Documents to token streams, one per split and task; holes in a share `rate` of the files.

    A file with holes is cut into pieces of all lengths up to `piece` characters first, at the
    starts of its top-level statements where they are near: a hole and what surrounds it fit a
    window of the network, and short pieces show it many holes, of which the end is the hard part.
    """

    type = "🔠 - TOKENS"
    name = "tokenise"

    def __init__(self, tokenizer: Path, out: Path, seed: int, rate: float, piece: int):
        super().__init__()
        self.tokenizer_folder, self.out = tokenizer, out
        self.seed, self.rate, self.piece = seed, rate, piece

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Any:
        tokenizer = load_tokenizer(self.tokenizer_folder)
        size = tokenizer.get_vocab_size()
        writers = {split: StreamWriter(self.out / split / f"{rank:05d}", size) for split in SPLITS}
        try:
            for doc in data:
                with self.track_time():
                    split = doc.metadata.get("split", TRAIN)
                    for made in self.token_documents(doc, tokenizer, split):
                        writers[split].write(made)
                        self.stat_update(f"documents_{split}")
                        self.stat_update(f"tokens_{split}", value=len(made.tokens))
                        name = PARADIGMS[made.paradigm] if made.paradigm >= 0 else "none"
                        self.stat_update(f"tokens_paradigm_{name}", value=len(made.tokens))
        finally:
            for writer in writers.values():
                writer.close()
        yield from ()

    def token_documents(
        self, doc: Document, tokenizer: "Tokenizer", split: str
    ) -> Iterator[TokenDocument]:
        """A repository's plain files as one run that stays together; a file that is drawn for
        holes apart from it, piece by piece."""
        rng = generator(self.seed, "fim", doc.id)
        rate = self.rate if split == TRAIN else 0.0
        if "parts" in doc.metadata:
            yield self.rendered(doc, tokenizer, rng, rate)
            return
        at = 0
        plain: list[tuple[str, int, str]] = []
        for path, language, paradigm, length in doc.metadata["files"]:
            text = doc.text[at : at + length]
            at += length
            self.stat_update("bytes", value=len(text.encode()))
            label = PARADIGMS.index(paradigm) if paradigm else -1
            if rng.random() >= rate:
                plain.append((path, label, text))
                continue
            for piece in pieces(text, self.piece, rng):
                parts = self.with_hole(piece, language, rng)
                yield TokenDocument(encode(tokenizer, [*parts, Special(END)]), label)
        for number, (path, label, text) in enumerate(plain):
            parts = [text]
            if len(doc.metadata["files"]) > 1:
                parts = [Special(FILE), f"{path}\n{text}"]
                if number == 0:
                    parts = [Special(REPOSITORY), doc.metadata["unit"], *parts]
            if number == len(plain) - 1:
                parts.append(Special(END))
            yield TokenDocument(encode(tokenizer, parts), label, joined=number > 0)

    def with_hole(self, text: str, language: str, rng: random.Random) -> Parts:
        """The text with a hole, half of the time told suffix first; whole where it has no place."""
        made = fim(text, language, rng)
        self.stat_update(f"fim_{made[1] if made else 'none'}")
        turned = rng.random() < 0.5
        if made is None:
            return [text]
        return suffix_first(made[0]) if turned else made[0]

    def rendered(
        self, doc: Document, tokenizer: "Tokenizer", rng: random.Random, rate: float
    ) -> TokenDocument:
        """A rendering of a problem: its classes label its last text, `leak` the lines of it."""
        parts = from_json(doc.metadata["parts"])
        self.stat_update("bytes", value=len(doc.text.encode()))
        code = not isinstance(parts[-1], Special)
        if code and doc.metadata.get("fim", True) and rng.random() < rate:
            parts = [*parts[:-1], *self.with_hole(parts[-1], "python", rng)]
        label = PARADIGMS.index(doc.metadata["paradigm"]) if doc.metadata.get("paradigm") else -1
        told = doc.metadata.get("told", False)
        labelled = max((i for i, p in enumerate(parts) if not isinstance(p, Special)), default=0)
        if any(p == "<|fim_prefix|>" for p in parts):
            labelled = 0
        leak = doc.metadata.get("leak") or []
        by_token = None
        if leak:
            before, (text, *rest) = parts[:labelled], parts[labelled:]
            lines = encode_lines(tokenizer, text)[1]
            by_token = [-1] * len(encode(tokenizer, before))
            by_token += [leak[line] if line < len(leak) else -1 for line in lines]
            by_token += [-1] * len(encode(tokenizer, [*rest, Special(END)]))
        return TokenDocument(
            encode(tokenizer, [*parts, Special(END)]), label,
            time=-1 if told else _CLASS.get(doc.metadata.get("time", ""), -1),
            memory=-1 if told else _CLASS.get(doc.metadata.get("memory", ""), -1),
            labelled=len(encode(tokenizer, parts[:labelled])), leak=by_token,
        )  # fmt: skip


def pieces(text: str, longest: int, rng: random.Random) -> list[str]:
    """The text cut at the starts of unindented lines, or else of any, into pieces of at most
    `SHORTEST` to `longest` characters, drawn evenly by their logarithm, where lines allow it;
    joined they are the text. Whole where `longest` is 0."""
    if longest <= 0:
        return [text]

    def drawn() -> float:
        return math.exp(rng.uniform(math.log(min(SHORTEST, longest)), math.log(longest)))

    out: list[str] = []
    block: list[str] = []
    size = 0
    good = 0  # number of lines of the block up to its last good place to cut
    most = drawn()
    for line in text.splitlines(keepends=True):
        if block and size + len(line) > most:
            cut = good or len(block)
            out.append("".join(block[:cut]))
            block = block[cut:]
            size, good = sum(map(len, block)), 0
            most = drawn()
        if block and line[:1] not in (" ", "\t", "\n", ")", "]", "}", "#") and line.strip():
            good = len(block)
        block.append(line)
        size += len(line)
    out.append("".join(block))
    return [piece for piece in out if piece]


class Pack(PipelineStep):
    """Task r packs shard r of the training split from the streams r, r + shards, ...; the first
    task packs the other splits too, as one shard each."""

    type = "📦 - PACK"
    name = "pack"

    def __init__(self, streams: Path, tokenizer: Path, out: Path, seed: int, sequence: int):
        super().__init__()
        self.streams, self.tokenizer_folder, self.out = streams, tokenizer, out
        self.seed, self.sequence = seed, sequence

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Any:
        import numpy as np

        tokenizer = load_tokenizer(self.tokenizer_folder)
        size = tokenizer.get_vocab_size()
        wanted = [(TRAIN, f"{TRAIN}-{rank:05d}", rank, world_size)]
        if rank == 0:
            wanted += [(split, f"{split}-00000", 0, 1) for split in SPLITS if split != TRAIN]
            np.save(self.tokenizer_folder / "token_bytes.npy", token_bytes(tokenizer))
        for split, name, first, every in wanted:
            stems = sorted((self.streams / split).glob("*.documents"))[first::every]
            streams = [read_stream(stem.with_suffix(""), size) for stem in stems]
            if split != TRAIN and not sum(len(s.rows) for s in streams):
                continue
            with self.track_time():
                done = pack(streams, self.out / name, size, self.seed + rank, self.sequence)
            self.stat_update(f"tokens_{split}", value=done.tokens)
            self.stat_update(f"padding_{split}", value=done.padding)
        return data
