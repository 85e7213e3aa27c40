"""A folder that `nlogn corpus` built, as training reads it.

corpus/  manifest.json  tokenizer/  train-00000/ ...  validation-00000/  finetune-00000/
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nlogn.corpus.tokenizer import load_tokenizer, token_bytes
from nlogn.train.data import Packed, read_packed
from nlogn.train.state import TrainError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "generation_config.json")


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
        TrainError: it is no corpus, or its build has not finished.
    """
    path = folder / "manifest.json"
    if not folder.is_dir():
        raise TrainError(f"{folder} is no folder: build a corpus with nlogn corpus build")
    if not path.exists():
        begun = (folder / "recipe.json").exists()
        told = ("its build is not finished: give the command that began it again" if begun
                else "build one with nlogn corpus build DIR -o CORPUS")  # fmt: skip
        raise TrainError(f"{folder} holds no corpus ({path.name} is missing): {told}")
    manifest = json.loads(path.read_text())
    tokenizer = folder / "tokenizer"
    if not (tokenizer / "tokenizer.json").exists():
        tokenizer = Path(manifest["tokenizer"]["path"]).parent
    if not (tokenizer / "tokenizer.json").exists():
        raise TrainError(f"the corpus's tokenizer is not at {tokenizer}: copy it to {folder}")
    train = _shards(folder, "train")
    if train is None:
        raise TrainError(f"{folder} has no training shard (train-00000/tokens.npy)")
    shards = json.dumps(manifest["shards"], sort_keys=True).encode()
    return Corpus(
        folder, hashlib.sha256(shards).hexdigest()[:16], tokenizer, tuple(manifest["classes"]),
        train, _shards(folder, "validation"),
    )  # fmt: skip


def _shards(folder: Path, split: str) -> Packed | None:
    found = sorted(p.parent for p in folder.glob(f"{split}-*/tokens.npy"))
    return read_packed(*found) if found else None


def has_label(data: Packed, name: str) -> bool:
    """Whether any token has this label; of leaks, whether any token leaks."""
    least = 1 if name == "leak" else 0
    return any(name in s.labels and bool((s.labels[name] >= least).any()) for s in data.shards)
