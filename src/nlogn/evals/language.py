# mypy: disable-error-code="no-any-return"
"""What a checkpoint knows of code it has not seen: each measure a function of a network and a seed.

documents = held_out("corpus/", 200, seed=0)
bits_per_byte(model, documents), compressed(documents)["xz"]
"""

import bz2
import gzip
import lzma
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nlogn.corpus.fim import fim, suffix_first
from nlogn.corpus.paradigm import Classifier
from nlogn.corpus.specials import END, Special, never_in_files
from nlogn.corpus.tokenizer import encode, load_tokenizer
from nlogn.engine.middle import fit, scope_at
from nlogn.model.cache import Cache
from nlogn.model.experts import own_group_share
from nlogn.model.transformer import Transformer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Told = Literal["PSM", "SPM", "P"]
Predict = Callable[[list[int], int, Callable[[list[int]], bool]], list[int]]


@dataclass(frozen=True)
class Document:
    """A text of the validation split with its tokens, and of each the number of its file's
    paradigm, or -1."""

    text: str
    tokens: tuple[int, ...]
    paradigms: tuple[int, ...]


def held_out(corpus: Path, count: int, seed: int, shortest: int = 400) -> list[Document]:
    """Up to `count` natural documents of a corpus's validation split, drawn by the seed: no
    renderings of problems, which have turns, control tokens or a class, and whose siblings are in
    the training split; no file with a hole; none shorter than `shortest` characters. What was
    packed in pieces counts as so many documents."""
    folder = next(iter(sorted(corpus.glob("validation-*/tokens.npy"))), None)
    if folder is None:
        return []
    shard = folder.parent
    tokenizer = load_tokenizer(corpus / "tokenizer")
    tokens = np.load(shard / "tokens.npy", mmap_mode="r")
    paradigm = np.load(shard / "paradigm.npy", mmap_mode="r")
    known = [np.load(path, mmap_mode="r") for name in ("time", "memory", "leak")
             if (path := shard / f"{name}.npy").exists()]  # fmt: skip
    starts = np.load(shard / "documents.npy")
    end = tokenizer.token_to_id(END)
    unwanted = never_in_files(tokenizer.get_vocab())
    found = []
    for index in random.Random(seed).sample(range(len(starts) - 1), len(starts) - 1):
        inside = slice(starts[index], starts[index + 1])
        row = np.asarray(tokens[inside])
        while len(row) and row[-1] == end:
            row = row[:-1]
        rendered = np.isin(row, unwanted).any() or any((label[inside] >= 0).any()
                                                       for label in known)  # fmt: skip
        if rendered or not len(row):
            continue
        text = tokenizer.decode(row.tolist(), skip_special_tokens=True)
        if len(text) >= shortest:
            kinds = paradigm[inside][: len(row)]
            found.append(Document(text, tuple(row.tolist()), tuple(kinds.tolist())))
        if len(found) == count:
            break
    return found


# --- bits per byte ------------------------------------------------------------------------------


@torch.inference_mode()
def token_bits(model: Transformer, tokens: Sequence[int], end: int) -> Tensor:
    """(N,) bits that each token of a document costs. What does not fit the context is read in
    windows that overlap by half, so that every token but the first ones sees half a context."""
    context = model.config.context
    row = torch.tensor([end, *tokens])
    out = torch.empty(len(tokens))
    done = 0
    while done < len(tokens):
        first = max(0, done - context // 2)
        last = min(len(tokens), first + context)
        logits = model(row[None, first:last]).logits
        assert logits is not None
        nats = F.cross_entropy(logits[0].float(), row[first + 1 : last + 1], reduction="none")
        out[done:last] = nats[done - first :] / math.log(2)
        done = last
    return out


def bits_per_byte(model: Transformer, documents: Sequence[Document]) -> float:
    """Over all documents, each read from its start.

    Raises:
        ValueError: there are no documents.
    """
    size = sum(len(d.text.encode()) for d in documents)
    if not size:
        raise ValueError("no text to measure on")
    end = _end(model)
    return sum(float(token_bits(model, d.tokens, end).sum()) for d in documents) / size


def compressed(documents: Sequence[Document]) -> dict[str, float]:
    """Bits per byte of general compressors, on each document alone and ("all") on them in a row,
    which is kinder to them than what a network gets."""
    texts = [d.text.encode() for d in documents]
    size = sum(map(len, texts))
    whole = b"\n".join(texts)

    def xz(data: bytes) -> bytes:
        return lzma.compress(data, format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2,
                                                                     "preset": 9}])  # fmt: skip

    ways: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda data: gzip.compress(data, 9), "xz": xz, "bzip2": bz2.compress,
    }  # fmt: skip
    out = {}
    for name, way in ways.items():
        out[name] = 8 * sum(len(way(text)) for text in texts) / size
        out[f"{name}, all"] = 8 * len(way(whole)) / size
    return out


def _end(model: Transformer) -> int:
    return model.config.eos if model.config.eos is not None else 0


# --- experts ------------------------------------------------------------------------------------


@torch.inference_mode()
def own_group(model: Transformer, documents: Sequence[Document]) -> dict[int, tuple[float, int]]:
    """By paradigm: the share of its files' expert slots that fall into its own group, mean over
    layers and tokens, and how many tokens these are; 1 / groups by chance. Empty for a dense
    network."""
    config = model.config.experts
    if config is None:
        return {}
    sums: dict[int, list[float]] = {}
    for document in documents:
        row = torch.tensor([_end(model), *document.tokens])[None, : model.config.context]
        labels = torch.tensor([-1, *document.paradigms])[: row.shape[1]]
        kinds = sorted(set(labels.tolist()) - {-1})
        routings = model(row).routings if kinds else []
        for kind in kinds:
            mine = torch.where(labels == kind, labels, -1)
            share = float(own_group_share(routings, mine, config).mean())
            count = int((mine >= 0).sum())
            total = sums.setdefault(kind, [0.0, 0.0])
            total[0] += share * count
            total[1] += count
    return {kind: (share / count, int(count)) for kind, (share, count) in sorted(sums.items())}


def labelled_again(
    classifier: Classifier, documents: Sequence[Document]
) -> dict[int, tuple[float, int]]:
    """The same for the classifier that labelled the files, if it sent each piece of a file whole to
    the paradigm that it gives the piece: how far a file's label shows in its pieces."""
    sums: dict[int, list[int]] = {}
    for document in documents:
        found = int(classifier.probabilities(document.text).argmax())
        for kind, count in Counter(document.paradigms).items():
            if kind >= 0:
                total = sums.setdefault(kind, [0, 0])
                total[0] += count * (kind == found)
                total[1] += count
    return {kind: (right / count, count) for kind, (right, count) in sorted(sums.items())}


# --- completing ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Completed:
    """Means over `count` places: exact matches, and edit similarity (1: equal)."""

    exact: float
    similarity: float
    count: int


def similarity(a: str, b: str) -> float:
    """1 - Levenshtein distance over the longer length."""
    if a == b:
        return 1.0
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return 1 - row[-1] / max(len(a), len(b))


def greedy(model: Transformer) -> Predict:
    """The likeliest tokens after a prompt, until `done` of them or `most`."""

    @torch.inference_mode()
    def predict(prompt: list[int], most: int, done: Callable[[list[int]], bool]) -> list[int]:
        prompt = prompt[-max(1, model.config.context - most) :]
        cache = Cache(model.config, 1)
        logits = model(torch.tensor([prompt]), cache, logits="last").logits
        out: list[int] = []
        while len(out) < most:
            out.append(int(logits.argmax()))
            if done(out):
                break
            logits = model(torch.tensor([out[-1:]]), cache, logits="last").logits
        return out

    return predict


def greedily(best: Callable[[Sequence[int]], int]) -> Predict:
    """The same for a model that names the best next token, such as an n-gram's."""

    def predict(prompt: list[int], most: int, done: Callable[[list[int]], bool]) -> list[int]:
        row = list(prompt)
        while len(row) - len(prompt) < most:
            row.append(best(row))
            if done(row[len(prompt) :]):
                break
        return row[len(prompt) :]

    return predict


def next_lines(predict: Predict, tokenizer: "Tokenizer", documents: Sequence[Document], count: int,
               seed: int, most: int = 48) -> Completed:  # fmt: skip
    """Complete `count` lines of code, given all of their document before them; blank lines and
    comments are not asked for. Indentation does not count."""
    rng = random.Random(seed)
    places = []
    for d in documents:
        lines = d.text.splitlines()
        asked = [
            i
            for i, line in enumerate(lines)
            if i > 2 and len(line.strip()) > 3 and not line.lstrip().startswith("#")
        ]
        places += [(lines, i) for i in rng.sample(asked, min(4, len(asked)))]
    rng.shuffle(places)
    end = tokenizer.token_to_id(END)
    rows = []
    for lines, i in places[:count]:
        prompt = [end or 0, *encode(tokenizer, ["\n".join(lines[:i])])]

        def done(out: list[int]) -> bool:
            return out[-1] == end or "\n" in tokenizer.decode(out).lstrip()

        text = tokenizer.decode(predict(prompt, most, done)).strip()
        rows.append((text.split("\n")[0].rstrip(), lines[i].strip()))
    return _scored(rows)


@dataclass(frozen=True)
class Filled:
    """The same holes, ended in two ways: `told_length`, as many characters as the true middle has;
    `fitted`, told nothing and cut to fit as `nlogn complete` cuts."""

    told_length: Completed
    fitted: Completed


def holes(predict: Predict, tokenizer: "Tokenizer", documents: Sequence[Document], count: int,
          seed: int, longest: int = 120, told: Told = "PSM", most: int = 64) -> Filled:  # fmt: skip
    """Fill `count` holes of at most `longest` characters in held-out Python code. The model is told
    prefix and suffix (PSM; SPM: suffix first), or the prefix alone (P)."""
    rng = random.Random(seed)
    end = tokenizer.token_to_id(END)
    by_length, by_fit = [], []
    for document in rng.sample(list(documents), len(documents)) * 4:
        at = rng.randrange(max(1, len(document.text) - 1500))
        made = fim(document.text[at : at + 1500], "python", rng)
        if made is None or len(made[0][-1]) > longest:
            continue
        parts = made[0]
        prefix, suffix, middle = parts[1], parts[3], parts[5]
        asked = {"PSM": parts[:-1], "SPM": suffix_first(parts)[:-1], "P": [Special(END), prefix]}
        out = predict(encode(tokenizer, asked[told]), most, lambda out: out[-1] == end)
        text = tokenizer.decode([t for t in out if t != end], skip_special_tokens=True)
        by_length.append((text[: len(middle)].strip(), middle.strip()))
        fitted = fit(text, prefix, suffix, "python", scope=scope_at(prefix, suffix),
                     cut_short=out[-1] != end)  # fmt: skip
        by_fit.append((fitted.strip(), middle.strip()))
        if len(by_fit) == count:
            break
    return Filled(_scored(by_length), _scored(by_fit))


def _scored(rows: Sequence[tuple[str, str]]) -> Completed:
    if not rows:
        raise ValueError("no place to complete: the documents are too short")
    exact = sum(a == b for a, b in rows) / len(rows)
    return Completed(exact, sum(similarity(a, b) for a, b in rows) / len(rows), len(rows))
