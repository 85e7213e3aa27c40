"""A training run as a process of its own: `python run_training.py FOLDER STEPS [--shard|--plain]`.

With one of the two every term is a mean over all rows, so that processes can be compared with one.
"""

import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from packed_noise import made_up
from variants import HYBRID

from nlogn.model.checkpoint import save
from nlogn.model.heads import Heads, HeadsConfig
from nlogn.model.transformer import Transformer
from nlogn.train.optimizer import Rates
from nlogn.train.pretrain import Run, shard, train


def write(line: str) -> None:
    os.write(1, line.encode())  # one call: lines of two processes do not mix


def main(folder: str, steps: int, sharded: bool, plain: bool) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    model = Transformer(HYBRID, seed=1)
    heads = None if plain else Heads(HeadsConfig(32, ("1", "n", "n^2"), ("1", "n"), width=16))
    if sharded:
        shard(model)
    run = Run(
        steps=steps,
        rows=8,
        length=32,
        rates=Rates(pooled=0.5),
        accumulate=2,
        save_every=3,
        adapt_every=0 if plain else 4,
        shares={"paradigm": 0.2, "router": 1e-3} | ({} if plain else {"time": 0.1}),
    )
    train(
        model,
        made_up(),
        run,
        folder,
        heads=heads,
        on_step=lambda p: write(f"{p.step} {p.losses['tokens']!r}\n"),
    )
    state = model.state_dict()
    save(model, Path(folder) / "exported")
    if sharded:
        state = {k: v.full_tensor() if hasattr(v, "full_tensor") else v for k, v in state.items()}
    if not dist.is_initialized() or dist.get_rank() == 0:
        torch.save(state, Path(folder) / "final.pt")
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    sharded = "--shard" in sys.argv
    main(sys.argv[1], int(sys.argv[2]), sharded, sharded or "--plain" in sys.argv)
