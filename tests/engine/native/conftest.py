"""A tiny network with every kind of layer of the shipped one, a real byte-level tokenizer, and an
engine that must hold no block when a test is over."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("tokenizers") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    import torch

    from nlogn.corpus.tokenizer import save_tokenizer, train_tokenizer
    from nlogn.engine.native.kernels import NoKernels, kernels
    from nlogn.engine.native.loop import Loop
    from nlogn.engine.native.opening import Options, open_loop
    from nlogn.engine.native.text import token_bytes
    from nlogn.engine.native.weights import fuse
    from nlogn.model.checkpoint import save
    from nlogn.model.config import Experts, ModelConfig, Positions
    from nlogn.model.transformer import Transformer

    torch.set_num_threads(1)

    VOCABULARY = 400
    TINY = ModelConfig(
        vocab_size=VOCABULARY + 5, hidden_size=32, layers=5, heads=4, kv_heads=2, head_dim=8,
        dense_width=48, context=256, pattern=("sliding", "sliding", "sliding", "full"), window=24,
        experts=Experts(width=16, scale=1.7, shared=2), positions=Positions(rotary_full=False),
    )  # fmt: skip
    DENSE = replace(TINY, pattern=("full",), experts=None, qk_norm=False, positions=Positions())
    SHAPES = {
        "hybrid": TINY,
        "two groups of experts": replace(
            TINY, experts=Experts(width=20, groups_per_token=2, per_token=4, normalise=False)),
        "dense": DENSE,
        "odd sizes": replace(TINY, hidden_size=40, head_dim=10, dense_width=52, window=19),
        "wide heads": replace(DENSE, head_dim=48, layers=2),
        "shared layers": replace(TINY, layers=7, share=2),
        "all sliding": replace(TINY, pattern=("sliding",)),
        "tied, yarn": replace(DENSE, tied=True, qk_norm=True, positions=Positions(
            scaling="yarn", factor=4, original=64)),
    }  # fmt: skip

    def lively(config: ModelConfig, seed: int = 3) -> Transformer:
        """Random weights whose next token depends on much: norms, gates and head away from idle."""
        model = Transformer(config, seed=seed).eval()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
            model.lm_head.weight.normal_(0, 0.5, generator=generator)
            for gate in model.gates():
                gate.weight.normal_(0, 0.3, generator=generator)
                gate.e_score_correction_bias.normal_(0, 0.05, generator=generator)
        return model

    def needs_kernels() -> None:
        try:
            kernels()
        except NoKernels as error:
            pytest.skip(str(error))

    @pytest.fixture(scope="session")
    def tokenizer() -> Any:
        folder = Path(os.__file__).parent
        return train_tokenizer(
            [(folder / n).read_text() for n in ("textwrap.py", "heapq.py", "bisect.py")], VOCABULARY
        )

    @pytest.fixture(scope="session")
    def model() -> Transformer:
        return lively(TINY)

    @pytest.fixture(scope="session")
    def folder(model: Transformer, tokenizer: Any, tmp_path_factory: Any) -> Path:
        folder: Path = tmp_path_factory.mktemp("a checkpoint")  # with a space in its path
        save(model, folder)
        save_tokenizer(tokenizer, folder, TINY.context)
        return folder

    @pytest.fixture
    def opened(model: Transformer, tokenizer: Any) -> Iterator[Callable[..., Loop]]:
        """Opens engines; when the test is over, whatever it did, no block is held."""
        loops: list[Loop] = []

        def open_one(given: Transformer | None = None, **options: Any) -> Loop:
            made = open_loop(
                fuse(given or model), token_bytes(tokenizer), frozenset({0}), Options(**options)
            )
            loops.append(made)
            return made

        yield open_one
        for loop in loops:
            loop.close()
            assert loop.blocks.in_use == 0
            for pool in loop.blocks.pools:
                assert sorted(pool.unused) == list(range(pool.count))
