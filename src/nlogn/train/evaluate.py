# mypy: disable-error-code="no-any-return,no-untyped-call"
"""How well a network predicts held-out code: bits per byte, over all and per paradigm.

Bits per byte do not depend on the vocabulary, so networks with other tokenisers, and gzip, can be
compared.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from nlogn.model.transformer import Transformer
from nlogn.train.data import Packed


@dataclass(frozen=True)
class Bits:
    """Bits per byte over all predicted tokens, and by paradigm number where there are labels."""

    total: float
    by_paradigm: dict[int, float]
    tokens: int
    bytes: int


@torch.no_grad()
def bits_per_byte(
    model: Transformer, data: Packed, token_bytes: np.ndarray, length: int, rows: int = 8,
    windows: int | None = None,
) -> Bits:  # fmt: skip
    """Measure on `windows` windows of `length` tokens (all of them, if None), each read afresh.

    `token_bytes` (V,): the length in bytes of each token's text; 0 for special tokens, whose cost
    still counts. Where there is a label "answer", only what is learnt counts.

    Raises:
        ValueError: the corpus holds no such window.
    """
    device = model.lm_head.weight.device
    lengths = torch.as_tensor(np.asarray(token_bytes), dtype=torch.long, device=device)
    available = data.windows(length)
    count = available if windows is None else min(windows, available)
    nats: dict[int, float] = {}
    sizes: dict[int, int] = {}
    tokens = 0
    was_training = model.training
    model.eval()
    for first in range(0, max(count, 1), rows):
        batch = data.batch(first, min(rows, count - first) if count else rows, length, seed=0)
        text = batch.tokens.to(device)
        classes = batch.labels.get("classes")
        logits = model(text[:, :-1], classes=None if classes is None else classes.to(device)).logits
        assert logits is not None
        each = F.cross_entropy(logits.transpose(1, 2).float(), text[:, 1:], reduction="none")
        weight = lengths[text[:, 1:]]
        kinds = batch.labels.get("paradigm", torch.full_like(batch.tokens[:, 1:], -1)).to(device)
        answer = batch.labels.get("answer", torch.ones_like(kinds)).to(device) != 0
        for kind in kinds.unique().tolist():
            chosen = (kinds == kind) & answer
            nats[kind] = nats.get(kind, 0.0) + float(each[chosen].double().sum())
            sizes[kind] = sizes.get(kind, 0) + int(weight[chosen].sum())
        tokens += int(answer.sum())
    model.train(was_training)
    total = sum(sizes.values())
    return Bits(
        total=sum(nats.values()) / math.log(2) / max(total, 1),
        by_paradigm={
            kind: nats[kind] / math.log(2) / sizes[kind]
            for kind in sorted(nats)
            if kind >= 0 and sizes[kind]
        },
        tokens=tokens,
        bytes=total,
    )
