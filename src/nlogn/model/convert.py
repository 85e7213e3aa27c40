"""Folders in, folders out: what belongs to a checkpoint beside the network travels with it."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from nlogn.model.checkpoint import SIDE_CAR, BadCheckpoint, load, save
from nlogn.model.config import AttentionKind, Experts, ModelConfig
from nlogn.model.describe import CARD
from nlogn.model.families import parsed, read_json
from nlogn.model.growth_head import load_growth_head, save_growth_head
from nlogn.model.heads import load_heads, save_heads
from nlogn.model.transformer import Transformer
from nlogn.model.upcycle import upcycle

BESIDE = (
    "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja",
    "generation_config.json", CARD,
)  # fmt: skip
_OURS = re.compile(
    "|".join(map(re.escape, (*BESIDE, "config.json", SIDE_CAR)))
    + r"|model(?:-\d+-of-\d+)?\.safetensors(?:\.index\.json)?"
)
DTYPES = ("float32", "bfloat16", "float16")


def convert(folder: Path, out: Path, dtype: str | None = None) -> ModelConfig:
    """Any folder that `load` reads, written as this project writes them, in `dtype` or its own.

    Raises:
        BadCheckpoint: it cannot be read, or `out` holds something else.
        BadConfig: a network that this code does not have.
    """
    return _rewritten(folder, out, dtype, lambda model: model)


def upcycled(
    folder: Path, out: Path, experts: Experts, window: int = 0, dtype: str | None = None,
    seed: int = 0, fine_grained: bool = False,
) -> ModelConfig:  # fmt: skip
    """A dense folder as one with experts; with `window`, three layers of four become sliding.

    Raises:
        BadCheckpoint, BadConfig: as `convert`; the network has experts already.
    """
    pattern: tuple[AttentionKind, ...] = ("sliding", "sliding", "sliding", "full")
    return _rewritten(
        folder, out, dtype,
        lambda model: upcycle(model, experts, pattern if window else None, window, seed,
                              fine_grained),
    )  # fmt: skip


def _rewritten(folder: Path, out: Path, dtype: str | None,
               change: Callable[[Transformer], Transformer]) -> ModelConfig:  # fmt: skip
    out = out.resolve()
    if out == folder.resolve():
        raise BadCheckpoint("the result would replace its source: give another folder with -o")
    names = sorted(path.name for path in out.iterdir()) if out.exists() else []
    if names and "config.json" not in names:
        raise BadCheckpoint(f"{out} is not empty and holds no checkpoint: give another folder")
    foreign = [name for name in names if not _OURS.fullmatch(name)]
    if foreign:
        raise BadCheckpoint(
            f"{out} would be replaced, and holds {', '.join(foreign[:3])}, no part of a checkpoint:"
            " give another folder"
        )
    for name in BESIDE:
        if name.endswith(".json") and (folder / name).exists():
            parsed(folder / name)
    kind = getattr(torch, dtype or _stored(folder))
    model = change(load(folder, kind))
    fresh = out.with_name(f".{out.name}.{os.getpid()}")
    fresh.mkdir(parents=True)
    try:
        save(model, fresh)
        heads = load_heads(folder)
        if heads is not None:
            save_heads(heads, fresh)
        growth = load_growth_head(folder)
        if growth is not None:
            save_growth_head(growth, fresh)
        for name in BESIDE:
            if (folder / name).exists():
                shutil.copy(folder / name, fresh / name)
        shutil.rmtree(out, ignore_errors=True)
        fresh.rename(out)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return model.config


def _stored(folder: Path) -> str:
    """The precision that the folder's config states."""
    data = read_json(folder)
    stated = str(data.get("dtype") or data.get("torch_dtype") or "float32")
    return stated if stated in DTYPES else "float32"
