"""A corpus folder as `nlogn corpus` leaves it, made of generated functions in a second.

Every tenth validation document has a class, as renderings of problems have; the others are
natural, as files are."""

import json
import random
from dataclasses import replace
from pathlib import Path

from variants import HYBRID

from nlogn.complexity.bigo import CLASSES
from nlogn.corpus.packing import StreamWriter, TokenDocument, describe, pack, read_stream
from nlogn.corpus.specials import END, Special
from nlogn.corpus.tokenizer import encode, save_tokenizer, token_bytes, train_tokenizer
from nlogn.model.config import ModelConfig, to_json

VERBS = {0: ("lock", "page", "flush"), 1: ("sort", "search", "merge"),
         2: ("route", "render", "redirect"), 3: ("join", "group", "filter")}  # fmt: skip


def text(rng: random.Random, paradigm: int, loops: int) -> str:
    verb = rng.choice(VERBS[paradigm])
    lines = [f"def {verb}_{rng.choice('abcdef')}(items):", "    total = 0"]
    for depth in range(loops):
        lines.append("    " * (depth + 1) + f"for {'xyz'[depth]} in items:")
    lines += ["    " * (loops + 1) + "total += 1", "    return total", ""]
    return "\n".join(lines)


def small_corpus(folder: Path, documents: int = 400, seed: int = 0) -> Path:
    rng = random.Random(seed)
    made = [(text(rng, i % 4, i % 3), i % 4, i % 3) for i in range(documents)]
    tokenizer = train_tokenizer((t for t, _, _ in made), 512)
    save_tokenizer(tokenizer, folder / "tokenizer", 64)
    names = [str(c) for c in CLASSES]
    classes = [names.index(c) for c in ("O(1)", "O(n)", "O(n^2)")]
    for split, chosen in (("train", made[: documents * 9 // 10]),
                          ("validation", made[documents * 9 // 10 :])):  # fmt: skip
        stem = folder / "streams" / split
        writer = StreamWriter(stem, tokenizer.get_vocab_size())
        for number, (code, paradigm, loops) in enumerate(chosen):
            tokens = encode(tokenizer, [code, Special(END)])
            known = split == "train" or number % 10 == 0
            writer.write(TokenDocument(tokens, paradigm, time=classes[loops] if known else -1))
        writer.close()
        stream = read_stream(stem, tokenizer.get_vocab_size())
        pack([stream], folder / f"{split}-00000", tokenizer.get_vocab_size(), seed)
    manifest = {"classes": names,
                "tokenizer": {"path": str(folder / "tokenizer" / "tokenizer.json")}}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    as_it_is(folder)
    assert token_bytes(tokenizer).sum() > 0
    return folder


def tiny_config(path: Path) -> Path:
    config: ModelConfig = replace(HYBRID, context=64)
    path.write_text(json.dumps(to_json(config)))
    return path


def as_it_is(folder: Path) -> None:
    """The manifest made to tell of the shards that are there."""
    path = folder / "manifest.json"
    shards = [describe(shard) for shard in sorted(folder.glob("*-00000"))]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"shards": shards}))
