"""Checkpoint folders: safetensors and a config.json that other programs load.

    save(model, "out/")           ->  config.json, model.safetensors[, time_and_memory.safetensors]
    model = load("out/")              ours, or any folder of a family in `families`

On disk each expert's matrices stand alone (`experts.3.gate_proj.weight`), as published checkpoints,
vLLM and llama.cpp have them; in memory they are stacked. What no published architecture has (the
time-aware attention bias, the heads) lies in the side-car file, so the folder itself is standard.
"""

import errno
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError

import torch
import torch.distributed as dist
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.distributed.tensor import DTensor

from nlogn.model.config import BadConfig, ModelConfig
from nlogn.model.families import BadCheckpoint, family, read_config, to_hf
from nlogn.model.transformer import Transformer

SIDE_CAR = "time_and_memory.safetensors"
SHARD_BYTES = 5 * 1000**3


# --- writing -----------------------------------------------------------------------------------


def save(model: Transformer, folder: str | Path, dtype: torch.dtype | None = None) -> None:
    """Write the network to a folder, in its own precision or in `dtype`.

    The balancing bias of the gates stays float32. Tied embeddings are written once. A sharded
    network (FSDP2) is gathered: every rank calls this, the first one writes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    dtype = dtype or model.lm_head.weight.dtype
    config = to_hf(model.config, str(dtype).removeprefix("torch."))
    standard = family(model.config) != "nlogn"
    weights: dict[str, Tensor] = {}
    extra: dict[str, Tensor] = {}
    for name, tensor in published(model):
        kept = tensor if name.endswith("e_score_correction_bias") else tensor.to(dtype)
        aside = standard and name.endswith("time_bias")
        (extra if aside else weights)[name] = (
            kept.detach().cpu().clone(memory_format=torch.contiguous_format)
        )
    if dist.is_initialized() and dist.get_rank() > 0:
        return
    _write_shards(weights, folder)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    generation = {"bos_token_id": config.get("bos_token_id"),
                  "eos_token_id": config.get("eos_token_id"),
                  "pad_token_id": config.get("pad_token_id")}  # fmt: skip
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")
    if extra:
        update_side_car(folder, extra)


def published(model: Transformer) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors as published checkpoints have them: experts apart, shared layers copied,
    a tied head left out."""
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tied:
            continue
        if isinstance(tensor, DTensor):
            tensor = tensor.full_tensor()
        prefix, _, last = name.rpartition(".")
        if last == "gate_up_proj" and prefix.endswith("experts"):
            for i, expert in enumerate(tensor):
                gate, up = expert.chunk(2)
                yield f"{prefix}.{i}.gate_proj.weight", gate
                yield f"{prefix}.{i}.up_proj.weight", up
        elif last == "down_proj" and prefix.endswith("experts"):
            for i, expert in enumerate(tensor):
                yield f"{prefix}.{i}.down_proj.weight", expert
        else:
            yield name, tensor


def _write_shards(weights: dict[str, Tensor], folder: Path) -> None:
    for old in folder.glob("model*.safetensors*"):
        old.unlink()
    shards: list[dict[str, Tensor]] = [{}]
    size = total = 0
    for name, tensor in weights.items():
        if size + tensor.nbytes > SHARD_BYTES and shards[-1]:
            shards.append({})
            size = 0
        shards[-1][name] = tensor
        size += tensor.nbytes
        total += tensor.nbytes
    if len(shards) == 1:
        write_tensors(shards[0], folder / "model.safetensors", {"format": "pt"})
        return
    where: dict[str, str] = {}
    for i, shard in enumerate(shards, 1):
        file = f"model-{i:05}-of-{len(shards):05}.safetensors"
        write_tensors(shard, folder / file, {"format": "pt"})
        where |= dict.fromkeys(shard, file)
    index = {"metadata": {"total_size": total}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def update_side_car(folder: str | Path, tensors: dict[str, Tensor],
                    metadata: dict[str, str] | None = None) -> None:  # fmt: skip
    """Add tensors (and metadata) to the side-car file, keeping what else it holds.

    Raises:
        BadCheckpoint: what it holds cannot be read.
    """
    path = Path(folder) / SIDE_CAR
    kept: dict[str, Tensor] = {}
    notes: dict[str, str] = {"format": "pt"}
    if path.exists():
        try:
            with safe_open(path, "pt") as file:
                notes |= file.metadata() or {}
                kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise BadCheckpoint(f"{path} is damaged ({error}): copy it again") from None
    write_tensors(kept | tensors, path, notes | (metadata or {}))


def write_tensors(tensors: dict[str, Tensor], path: Path, notes: dict[str, str]) -> None:
    """As safetensors, readable to whom the folder is (the library's own are for their owner).

    Raises:
        OSError: it cannot be written; the library tells a full disk in words of its own.
    """
    try:
        save_file(tensors, path, metadata=notes)
        path.chmod(path.parent.stat().st_mode & 0o666)
    except SafetensorError as error:
        found = re.search(r"os error (\d+)", str(error))
        number = int(found[1]) if found else errno.EIO
        raise OSError(number, os.strerror(number) if found else str(error), str(path)) from error


# --- reading -----------------------------------------------------------------------------------


def load(
    folder: str | Path,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
) -> Transformer:
    """The network of a checkpoint folder, one tensor at a time, in evaluation mode.

    Reads `model.safetensors`, sharded ones, or `pytorch_model*.bin` (weights only: nothing in the
    file is executed).

    Raises:
        BadCheckpoint: weights missing, unexpected, or of another shape.
        BadConfig: a network that this code does not have.
    """
    folder = Path(folder)
    model = empty(read_config(folder), dtype, device)
    places = _places(model)
    missing = set(places)
    for name, tensor in _tensors(folder):
        if name.endswith("rotary_emb.inv_freq"):  # old Llama folders keep a computed table
            continue
        if name == "lm_head.weight" and model.config.tied:
            continue
        if name not in places:
            raise BadCheckpoint(f"{folder}: unexpected weight {name} {tuple(tensor.shape)}")
        target = places[name]
        if target.shape != tensor.shape:
            raise BadCheckpoint(
                f"{folder}: {name} is {tuple(tensor.shape)}, its config says {tuple(target.shape)}"
            )
        with torch.no_grad():
            target.copy_(tensor)
        missing.discard(name)
    for name in [n for n in missing if n.endswith(("time_bias", "e_score_correction_bias"))]:
        places[name].zero_()  # absent means never trained
        missing.discard(name)
    if missing:
        some = ", ".join(sorted(missing)[:3])
        raise BadCheckpoint(f"{folder}: {len(missing)} weights are missing: {some}, ...")
    return model.eval()


def read_tensor(folder: str | Path, name: str) -> Tensor:
    """One tensor of a checkpoint folder, by its published name.

    Raises:
        BadCheckpoint: the folder has no such tensor, or no weights.
    """
    for path in sorted(Path(folder).glob("model*.safetensors")):
        try:
            with safe_open(path, "pt") as file:
                if name in file.keys():  # noqa: SIM118
                    found: Tensor = file.get_tensor(name)
                    return found
        except SafetensorError as error:
            raise BadCheckpoint(f"{path} is damaged: {error}") from error
    for other, tensor in _tensors(Path(folder)):
        if other == name:
            return tensor
    raise BadCheckpoint(f"{folder} has no {name}")


def empty(config: ModelConfig, dtype: torch.dtype, device: str | torch.device) -> Transformer:
    """A network whose weights are allocated but not set."""
    with torch.device("meta"):
        model = Transformer(config)
    model.to(dtype)
    for gate in model.gates():
        gate.e_score_correction_bias = gate.e_score_correction_bias.float()
    model.to_empty(device=device)
    if config.tied:
        model.lm_head.weight = model.model.embed_tokens.weight
    return model


def _places(model: Transformer) -> dict[str, Tensor]:
    """Where each published tensor goes: views into the network's own."""
    return {name: tensor.detach() for name, tensor in published(model)}


def _tensors(folder: Path) -> Iterator[tuple[str, Tensor]]:
    files = sorted(folder.glob("model*.safetensors"))
    pickles = sorted(folder.glob("pytorch_model*.bin"))
    if not files and not pickles:
        raise BadCheckpoint(f"{folder} has no model.safetensors and no pytorch_model.bin")
    side = folder / SIDE_CAR
    for path in [*files, *([side] if side.exists() else [])]:
        try:
            with safe_open(path, "pt") as file:
                for name in file.keys():  # noqa: SIM118
                    if not name.startswith(("heads.", "growth.")):
                        yield name, file.get_tensor(name)
        except SafetensorError as error:
            raise BadCheckpoint(f"{path} is damaged: {error}") from error
    for path in pickles if not files else []:
        try:
            stored = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except (RuntimeError, UnpicklingError, EOFError) as error:
            raise BadCheckpoint(f"{path} holds no weights: {error}") from error
        named = isinstance(stored, dict) and all(
            isinstance(name, str) and isinstance(weight, Tensor) for name, weight in stored.items()
        )
        if not named:
            raise BadCheckpoint(f"{path} holds no weights by name, or more than weights")
        yield from stored.items()


__all__ = ["SIDE_CAR", "BadCheckpoint", "BadConfig", "empty", "load", "published", "read_config",
           "read_tensor", "save", "update_side_car"]  # fmt: skip
