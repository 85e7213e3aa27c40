"""A folder that `nlogn corpus` built, as training reads it.

corpus/  manifest.json  tokenizer/  train-00000/ ...  validation-00000/  finetune-00000/
"""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nlogn.complexity import bigo
from nlogn.corpus.packing import damaged
from nlogn.corpus.specials import never_in_files
from nlogn.corpus.tokenizer import load_tokenizer, token_bytes
from nlogn.train.data import HEADS, Packed, read_packed
from nlogn.train.state import TrainError

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class Corpus:
    """`digest` says which build it is; `classes` names the numbers of time and memory labels."""

    folder: Path
    digest: str
    tokenizer: Path
    classes: tuple[str, ...]
    train: Packed
    validation: Packed | None

    def load_tokenizer(self) -> "Tokenizer":
        return load_tokenizer(self.tokenizer)

    def token_bytes(self) -> np.ndarray:
        """(V,) bytes of each token's text."""
        return token_bytes(self.load_tokenizer())


def read_corpus(folder: Path) -> Corpus:
    """The corpus in `folder`, its shards memory-mapped.

    Raises:
        TrainError: it is no corpus, or a damaged one, or its build has not finished.
    """
    path = folder / "manifest.json"
    if not folder.is_dir():
        raise TrainError(f"{folder} is no folder: build a corpus with nlogn corpus build")
    if not path.exists():
        begun = (folder / "recipe.json").exists()
        told = ("its build is not finished: give the command that began it again" if begun
                else "build one with nlogn corpus build DIR -o CORPUS")  # fmt: skip
        raise TrainError(f"{folder} holds no corpus ({path.name} is missing): {told}")
    try:
        manifest = json.loads(path.read_text())
        classes = tuple(manifest["classes"])
        for name in classes:
            bigo.parse(name)
        wrong = damaged(folder, manifest)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise TrainError(f"{path} is damaged: copy the corpus again, or build it anew") from None
    if wrong:
        raise TrainError(f"{folder / wrong[0]} is missing, or not what {path.name} says it is: "
                         "copy the corpus again, or build it anew")  # fmt: skip
    tokenizer = folder / "tokenizer"
    if not (tokenizer / "tokenizer.json").exists():
        raise TrainError(f"{tokenizer} has no tokenizer.json: copy the corpus's there")
    train = _shards(folder, "train")
    if train is None:
        raise TrainError(f"{folder} has no training shard (train-00000/tokens.npy)")
    shards = json.dumps(manifest["shards"], sort_keys=True).encode()
    return Corpus(
        folder, hashlib.sha256(shards).hexdigest()[:16], tokenizer, classes,
        train, _shards(folder, "validation"),
    )  # fmt: skip


def _shards(folder: Path, split: str) -> Packed | None:
    found = _folders(folder, split)
    return read_packed(*found) if found else None


def _folders(folder: Path, split: str) -> list[Path]:
    return sorted(p.parent for p in folder.glob(f"{split}-*/tokens.npy"))


def measured(corpus: Corpus) -> Packed | None:
    """The validation split with a label "answer" that is 1 in files and 0 in renderings of
    problems, which have turns, control tokens or classes, and whose siblings are in the training
    split: what is measured on files alone. Unchanged where there is nothing else."""
    if corpus.validation is None:
        return None
    marks = never_in_files(corpus.load_tokenizer().get_vocab())
    starts = [np.load(folder / "documents.npy") for folder in _folders(corpus.folder, "validation")]
    shards = zip(corpus.validation.shards, starts, strict=True)
    out = [_files_alone(shard, begin, marks) for shard, begin in shards]
    if not any(shard.labels["answer"].any() for shard in out):
        return corpus.validation
    return replace(out[0], more=tuple(out[1:]))


def _files_alone(shard: Packed, starts: np.ndarray, marks: list[int]) -> Packed:
    tokens = np.asarray(shard.tokens)
    marked = np.isin(tokens, marks)
    for name in HEADS:
        if name in shard.labels:
            marked |= np.asarray(shard.labels[name]) >= 0
    document = np.searchsorted(starts, np.arange(len(tokens)), "right")
    rendered = np.bincount(document, marked) > 0
    answer = np.append(~rendered[document][1:], False).astype(np.int8)  # says it of the next token
    return Packed(shard.tokens, {**shard.labels, "answer": answer})


def has_label(data: Packed, name: str) -> bool:
    """Whether any token has this label; of leaks, whether any token leaks."""
    least = 1 if name == "leak" else 0
    return any(name in s.labels and bool((s.labels[name] >= least).any()) for s in data.shards)
