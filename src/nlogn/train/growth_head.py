# mypy: disable-error-code="no-untyped-call"
"""Fitting the growth head: penalised multinomial regression on programs of known class.

The network stays as it is, and only its input embeddings are read. The objective is convex and is
minimised to the end (L-BFGS), so nothing of it depends on a seed, an order or a learning rate.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nlogn.complexity.bigo import CLASSES
from nlogn.complexity.static import path_cost
from nlogn.corpus.annotated import AnnotatedError, Labelled, read_annotated
from nlogn.corpus.on_paths import GROUPS, Encode, on_paths
from nlogn.corpus.spent import Classes, classes
from nlogn.corpus.tokenizer import encode, load_tokenizer
from nlogn.evals.heads import declared, few
from nlogn.model.checkpoint import read_tensor
from nlogn.model.growth_head import EMBEDDING, GrowthHead, save_growth_head
from nlogn.problems import bank
from nlogn.train.runs import EACH
from nlogn.train.state import TrainError

_NAMES = tuple(map(str, CLASSES))
# how strongly each kind of feature may speak: the penalty is the same for all
SPENT_SCALE, PATH_SCALE = 3.0, 0.1
PENALTY = 0.5  # times the squared weights, against the sum of losses
_STEPS = 200


def fit(programs: Sequence[Labelled], encoded: Encode, embeddings: np.ndarray) -> GrowthHead:
    """The head of a network with these input embeddings (V, C).

    Raises:
        TrainError: no program has a class of time, or none of memory.
    """
    size = np.float32(np.linalg.norm(embeddings, axis=1).mean())
    read = [_read(program.code, encoded, embeddings / size) for program in programs]
    spent = torch.tensor([[_number(name) + 1 for name in known] for known, _ in read])
    sums = torch.from_numpy(np.stack([paths for _, paths in read])).flatten(1)
    fitted = []
    for which in ("time", "memory"):
        labels = torch.tensor([_number(getattr(program, which)) for program in programs])
        if not (labels >= 0).any():
            raise TrainError(f"no program has a class of {which}")
        known = labels >= 0
        fitted.append(_one(spent[known], sums[known], labels[known]))
    bias, from_spent, from_sums = (torch.stack(p).numpy() for p in zip(*fitted, strict=True))
    paths = (from_sums / size).astype(np.float32)
    paths = paths.reshape(2, GROUPS, embeddings.shape[1], len(_NAMES))
    return GrowthHead(_NAMES, bias, from_spent, paths, embeddings)


def fit_checkpoint(
    folder: Path, annotated: Sequence[Path] = (), each: int = EACH, seed: int = 0
) -> tuple[GrowthHead, int]:
    """Fit the head of a checkpoint folder, and save it there: to the bank's solutions with the
    classes that they declare, and to at most `each` programs of each problem of tables of
    `nlogn bank annotate`. Held-out problems are left out. (The head, how many programs.)

    Raises:
        TrainError: a table cannot be used; the folder has no tokenizer.
        BadCheckpoint: the folder is no checkpoint.
    """
    embeddings = read_tensor(folder, EMBEDDING).float().numpy()
    if not (folder / "tokenizer.json").exists():
        raise TrainError(f"{folder} has no tokenizer.json: is it a folder that training left?")
    tokenizer = load_tokenizer(folder)
    programs = declared(bank(), kept_out=False)
    try:
        if annotated:
            programs += few(read_annotated(*annotated), each, seed, kept_out=False)
    except AnnotatedError as error:
        raise TrainError(str(error)) from None
    head = fit(programs, lambda text: encode(tokenizer, [text]), embeddings)
    save_growth_head(head, folder)
    return head, len(programs)


def _number(name: str) -> int:
    return _NAMES.index(name) if name in _NAMES else -1


def _read(code: str, encoded: Encode, embeddings: np.ndarray) -> tuple[Classes, np.ndarray]:
    """The classes spent, and the sums (GROUPS, C) of the embeddings."""
    found = {(group, token) for group, tokens in on_paths(code, encoded) for token in tokens}
    sums = [embeddings[sorted(t for g, t in found if g == group)].sum(0) for group in range(GROUPS)]
    return classes(path_cost(code)), np.stack(sums)


def _one(spent: Tensor, sums: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`bias` (K,), `spent` (2, K + 1, K), `paths` (GROUPS C, K)."""
    sums = PATH_SCALE * sums
    count = len(_NAMES)
    bias = torch.zeros(count, requires_grad=True)
    from_spent = torch.zeros(2, count + 1, count, requires_grad=True)
    from_sums = torch.zeros(sums.shape[1], count, requires_grad=True)
    optimizer = torch.optim.LBFGS([bias, from_spent, from_sums], max_iter=_STEPS,
                                  line_search_fn="strong_wolfe")  # fmt: skip

    def loss() -> float:
        optimizer.zero_grad()
        logits = bias + sums @ from_sums
        logits = logits + SPENT_SCALE * (from_spent[0, spent[:, 0]] + from_spent[1, spent[:, 1]])
        value = F.cross_entropy(logits, labels, reduction="sum")
        value = value + PENALTY * (from_spent.square().sum() + from_sums.square().sum())
        value.backward()
        return value.item()

    optimizer.step(loss)
    return bias.detach(), SPENT_SCALE * from_spent.detach(), PATH_SCALE * from_sums.detach()
