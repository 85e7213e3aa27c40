# mypy: disable-error-code="misc"
"""Equal and nearly equal documents: datatrove's exact and MinHash steps, with words of code.

Of several copies one is kept. Near: the Jaccard similarity of 5-grams of words at which a pair is
found with even odds is (1/14)^(1/8), about 0.72 (14 buckets of 8 hashes).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import (
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.exact_dedup import ExactDedupConfig
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.word_tokenizers import WordTokenizer

from nlogn.corpus.shingles import ngram_hashes, word_hashes, words

CHUNK = 4096  # shingles at a time: 112 products of 64 bits each


class CodeWords(WordTokenizer):
    """What datatrove asks for in place of a natural language."""

    def word_tokenize(self, text: str) -> list[str]:
        return words(text)

    def sent_tokenize(self, text: str) -> list[str]:
        return text.splitlines()

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        raise NotImplementedError


class CodeSignature(MinhashDedupSignature):
    """Signatures over words of code, hashed and minimised by whole arrays."""

    def get_shingles(self, text: str) -> np.ndarray:
        return np.unique(ngram_hashes(word_hashes(text), self.config.n_grams)).reshape(-1, 1)

    def get_signature(self, shingles: np.ndarray) -> list[list[int]]:
        a, b = self.parameters
        least = np.full(self.num_hashes, np.iinfo(np.uint64).max, dtype=np.uint64)
        for start in range(0, len(shingles), CHUNK):
            permuted = (shingles[start : start + CHUNK] * a + b) % _PRIME
            np.minimum(least, permuted.min(axis=0), out=least)
        return [part.tolist() for part in np.split(least, self.config.num_buckets)]


_PRIME = np.uint64((1 << 61) - 1)


def _text(doc: Document) -> bytes:  # datatrove reads this annotation
    return str(doc.text).encode()


def exact_config() -> ExactDedupConfig:
    return ExactDedupConfig(content_getter=_text)


def exact_stages(
    read: PipelineStep, work: Path, examples: Any, write: PipelineStep
) -> tuple[Sequence[PipelineStep], Sequence[PipelineStep], Sequence[PipelineStep]]:
    """The steps of three stages: signatures (any tasks), the search (one), the filter (as many
    tasks as the signatures)."""
    signatures, found = str(work / "signatures"), str(work / "duplicates")
    config = exact_config()
    return (
        [read, ExactDedupSignature(signatures, config)],
        [ExactFindDedups(signatures, found, config=config)],
        [read, ExactDedupFilter(found, config=config, exclusion_writer=examples), write],
    )


def near_stages(
    read: PipelineStep, work: Path, seed: int
) -> tuple[Sequence[PipelineStep], Sequence[PipelineStep], Sequence[PipelineStep]]:
    """The steps of three stages: signatures, buckets (`BUCKETS` tasks), clusters (one)."""
    config = MinhashConfig(seed=seed + 1)
    signatures, buckets = str(work / "signatures"), str(work / "buckets")
    return (
        [read, CodeSignature(signatures, config=config, language=CodeWords())],
        [MinhashDedupBuckets(signatures, buckets, config=config)],
        [MinhashDedupCluster(buckets, str(work / "clusters"), config=config)],
    )


def near_filter(work: Path, examples: Any) -> PipelineStep:
    return MinhashDedupFilter(str(work / "clusters"), exclusion_writer=examples)


BUCKETS = MinhashConfig().num_buckets
