"""The growth head: what it reads, and its place in a checkpoint."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")

from variants import DENSE  # noqa: E402

from nlogn.model.checkpoint import BadCheckpoint, load, save  # noqa: E402
from nlogn.model.convert import convert  # noqa: E402
from nlogn.model.growth_head import (  # noqa: E402
    GrowthHead,
    SoFar,
    load_growth_head,
    save_growth_head,
)
from nlogn.model.transformer import Transformer  # noqa: E402

NAMES = ("O(1)", "O(n)", "O(n^2)")


def made(embeddings: np.ndarray) -> GrowthHead:
    rng = np.random.default_rng(1)
    k = len(NAMES)
    shapes = (2, k), (2, 2, k + 1, k), (2, 7, embeddings.shape[1], k)
    return GrowthHead(NAMES, *(rng.normal(size=s).astype(np.float32) for s in shapes), embeddings)


def test_each_token_counts_once_on_each_kind_of_path() -> None:
    embeddings = np.random.default_rng(2).normal(size=(9, 4)).astype(np.float32)
    head = made(embeddings)
    so_far = SoFar(head)
    so_far.line(0, (3, 5, 3))
    so_far.line(2, (3,))
    so_far.line(0, (5, 7))
    found = so_far.logits(("O(n)", "unknown"))
    sums = np.zeros((7, 4))
    sums[0], sums[2] = embeddings[3] + embeddings[5] + embeddings[7], embeddings[3]
    for which in (0, 1):
        expected = head.bias[which] + np.einsum("gc,gck->k", sums, head.paths[which])
        expected = expected + head.spent[which, 0, 2] + head.spent[which, 1, 0]
        np.testing.assert_allclose(found[which], expected, atol=1e-5)


def test_the_head_travels_with_its_checkpoint(tmp_path: Path) -> None:
    model = Transformer(DENSE, seed=1)
    save(model, tmp_path / "a")
    assert load_growth_head(tmp_path / "a") is None
    embeddings = model.model.embed_tokens.weight.detach().numpy()
    head = made(embeddings)
    save_growth_head(head, tmp_path / "a")
    back = load_growth_head(tmp_path / "a")
    assert back is not None and back.names == NAMES
    np.testing.assert_array_equal(back.paths, head.paths)
    np.testing.assert_array_equal(back.embeddings, embeddings)
    assert load(tmp_path / "a").config == DENSE  # a network beside it
    convert(tmp_path / "a", tmp_path / "b", "bfloat16")
    assert load_growth_head(tmp_path / "b") is not None


def test_a_head_of_another_network_is_refused(tmp_path: Path) -> None:
    model = Transformer(DENSE, seed=1)
    save(model, tmp_path)
    save_growth_head(made(np.zeros((9, 5), dtype=np.float32)), tmp_path)
    with pytest.raises(BadCheckpoint, match="not one of 3 classes for this network"):
        load_growth_head(tmp_path)
    head = made(model.model.embed_tokens.weight.detach().numpy())
    save_growth_head(replace(head, bias=head.bias[:, :2]), tmp_path)
    with pytest.raises(BadCheckpoint, match="not one of 3 classes"):
        load_growth_head(tmp_path)
