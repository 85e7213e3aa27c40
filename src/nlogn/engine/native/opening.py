"""From a checkpoint folder to a running engine: how much memory for whom, which runner."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from nlogn.corpus.tokenizer import BadTokenizer, load_tokenizer
from nlogn.engine.memory import OutOfMemory, available_bytes, gigabytes
from nlogn.engine.native.blocks import BLOCK, Blocks, blocks_for
from nlogn.engine.native.kernel_runner import KernelRunner
from nlogn.engine.native.kernels import NoKernels
from nlogn.engine.native.loop import Loop
from nlogn.engine.native.runner import Runner, TorchRunner
from nlogn.engine.native.scheduler import Scheduler, Segment
from nlogn.engine.native.text import token_bytes
from nlogn.engine.native.weights import Weights, read
from nlogn.engine.protocol import EngineError
from nlogn.model.checkpoint import BadCheckpoint, read_config
from nlogn.model.config import BadConfig, count_parameters

_SHARE_OF_MEMORY = 0.25
_UNKNOWN_MEMORY = 4 << 30  # where the system does not say how much is free
_COPIES = 2.3  # of the weights while they are read and packed; one stays


@dataclass(frozen=True)
class Options:
    """How an engine runs.

    `slots` sequences at once, `queue` more waiting; `chunk` prompt tokens in one step; `context`
    tokens of a sequence at most (the network's own, if not given); `memory` bytes of keys and
    values (a quarter of what is free, if not given); `int8` weights; `lookup_up_to` sequences at
    once may draft: with more, the step is busy with real tokens. `kernels` False computes with
    torch even where there is a compiler. `threads` to compute with: measured, if not given. `steer`
    False lets a prompt's budgets bound the classes that an answer begins with, and no more.
    """

    slots: int = 16
    queue: int = 256
    chunk: int = 256
    context: int | None = None
    memory: int | None = None
    int8: bool = False
    lookup_up_to: int = 4
    kernels: bool = True
    threads: int | None = None
    device: str = "cpu"
    steer: bool = True

    def __post_init__(self) -> None:
        if min(self.slots, self.queue, self.chunk, self.threads or 1) < 1:
            raise ValueError("slots, queue, chunk and threads must be at least 1")
        if self.context is not None and self.context < 2:
            raise ValueError("context must be at least 2")
        if self.int8 and (self.device != "cpu" or not self.kernels):
            raise ValueError("int8 weights need the compiled kernels, on the CPU")


def read_tokenizer(folder: Path) -> tuple[Tokenizer, list[bytes]]:
    """The tokenizer of a checkpoint folder, and the bytes of its tokens.

    Raises:
        EngineError: what is missing or broken, and what to do about it.
    """
    if not folder.is_dir():
        raise EngineError(f"{folder} is no folder: give the folder of a checkpoint")
    try:
        tokenizer = load_tokenizer(folder)
    except BadTokenizer as error:
        raise EngineError(str(error)) from None
    try:
        return tokenizer, token_bytes(tokenizer)
    except ValueError as error:
        raise EngineError(f"{folder / 'tokenizer.json'}: {error}") from None


def open_folder(folder: Path, vocabulary: list[bytes], options: Options) -> Loop:
    """The engine for a checkpoint folder; `vocabulary` are its tokens' bytes.

    Raises:
        EngineError: what is missing, broken or too large, and what to do about it.
    """
    require_room(folder)
    dtype = torch.float32 if options.device == "cpu" else torch.bfloat16
    try:
        weights = read(folder, dtype, options.device)
        end = end_tokens(folder, weights)
        return open_loop(weights, vocabulary, end, options)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise OutOfMemory(f"{folder} does not fit in memory: {error}") from error


def require_room(folder: Path) -> None:
    """Raises `OutOfMemory` where reading the network would take more than what is free."""
    try:
        need = round(_COPIES * 4 * count_parameters(read_config(folder)).total)
    except (BadCheckpoint, BadConfig) as error:
        raise EngineError(f"{folder}: {error}") from error
    free = available_bytes()
    if free is not None and need > free:
        raise OutOfMemory(
            f"{folder} needs about {gigabytes(need)} of memory to open, {gigabytes(free)} are free:"
            " close other programs, or take a smaller network"
        )


def open_loop(
    weights: Weights, vocabulary: list[bytes], end: frozenset[int], options: Options
) -> Loop:
    """The engine for weights in memory; `vocabulary` are the tokens' bytes.

    Raises:
        EngineError: the memory does not hold one sequence.
    """
    config = weights.config
    context = options.context or config.context
    if context > len(weights.cosine):
        raise EngineError(f"the network's context is {config.context}: ask for no more")
    if len(vocabulary) > config.vocab_size:
        raise EngineError(
            f"the tokenizer has {len(vocabulary)} tokens and the network {config.vocab_size}:"
            " they do not belong together"
        )
    padding = [b""] * (config.vocab_size - len(vocabulary))
    counts = block_counts(weights, options, context)
    width = -(-context // BLOCK)
    blocks = Blocks(weights.windows, counts, options.slots, width)
    scheduler = Scheduler(
        blocks, options.slots, options.queue, options.chunk, options.lookup_up_to
    )  # fmt: skip
    runner = make_runner(weights, counts, options)
    runner.threads = options.threads or fastest_threads(runner, blocks)
    where: Any = SimpleNamespace(row=0)
    if not np.isfinite(runner.forward([Segment(where, 0, [0], 1)], blocks)).all():
        raise EngineError("the weights hold NaN or infinity: the checkpoint is broken")
    return Loop(runner, blocks, scheduler, vocabulary + padding, end, context)


def make_runner(weights: Weights, counts: list[int], options: Options) -> Runner:
    if options.device == "cpu" and options.kernels:
        try:
            return KernelRunner(weights, counts, options.int8)
        except NoKernels as error:
            if options.int8:
                raise EngineError(f"int8 weights: {error}") from error
    return TorchRunner(weights, counts)


def fastest_threads(runner: Runner, blocks: Blocks) -> int:
    """The number of threads that computes a step of 16 tokens fastest: 1, 2, 4, ... as long as
    twice as many gain a fifth. On a busy machine two may be slower than one."""
    rows = blocks.table.shape[1]
    place: Any = [SimpleNamespace(row=i % rows) for i in range(16)]
    step = [Segment(where, 0, [0], 1) for where in place]  # writes to block 0, which nobody holds
    best, threads = _time(runner, blocks, step, 1), 1
    while 2 * threads <= len(os.sched_getaffinity(0)):
        took = _time(runner, blocks, step, 2 * threads)
        if took > best / 1.2:
            break
        best, threads = took, 2 * threads
    return threads


def _time(runner: Runner, blocks: Blocks, step: list[Segment], threads: int) -> float:
    """Median seconds of three passes after one that warms up."""
    runner.threads = threads
    runner.forward(step, blocks)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        runner.forward(step, blocks)
        times.append(time.perf_counter() - began)
    return sorted(times)[1]


def block_bytes(weights: Weights) -> list[int]:
    """Bytes of one block of each group: BLOCK tokens' keys and values in all its layers."""
    config = weights.config
    one = 2 * BLOCK * config.kv_heads * config.head_dim * weights.head.itemsize
    return [one * sum(layer.window == w for layer in weights.layers) for w in weights.windows]


def block_counts(weights: Weights, options: Options, context: int) -> list[int]:
    """Blocks of each group: for all slots at full length twice over, so that prefixes stay known,
    but no more than the memory holds, and no less than one sequence needs.

    Raises:
        EngineError: one sequence does not fit.
    """
    sizes = block_bytes(weights)
    alone = [blocks_for(context, w, options.chunk) for w in weights.windows]
    least = sum(n * size for n, size in zip(alone, sizes, strict=True))
    memory = options.memory
    if memory is None:
        memory = int((available_bytes() or _UNKNOWN_MEMORY) * _SHARE_OF_MEMORY)
    if least > memory:
        raise EngineError(
            f"one sequence of {context} tokens needs {least / 1e6:.0f} MB for keys and values,"
            f" and {memory / 1e6:.0f} MB are given: use a smaller context or more memory"
        )
    share = min(2 * options.slots, memory // least)
    return [n * share for n in alone]


def end_tokens(folder: Path, weights: Weights) -> frozenset[int]:
    """What ends an answer: of the generation config, else of the config; tokens of the network."""
    found = _generation(folder).get("eos_token_id")
    if found is None:
        found = weights.config.eos
    numbers = found if isinstance(found, list) else [found]
    size = weights.config.vocab_size
    return frozenset(n for n in numbers if isinstance(n, int) and 0 <= n < size)


def recommended_temperature(folder: Path) -> float | None:
    """What the generation config recommends, if it does and the number is one."""
    found = _generation(folder).get("temperature")
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 2:
        return None
    return float(found)


def _generation(folder: Path) -> dict[str, Any]:
    try:
        data = json.loads((folder / "generation_config.json").read_text())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
