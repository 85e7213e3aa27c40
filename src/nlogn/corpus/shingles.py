"""Hashes of word n-grams, for near-duplicates and for contamination: one array operation each."""

import functools
import re

import numpy as np
import xxhash

_WORD = re.compile(r"[^\W_]+")
_BASE = 0x9E3779B97F4A7C15


def listed(text: str) -> frozenset[str]:
    """The words of a list that is written as text."""
    return frozenset(text.split())


def words(text: str) -> list[str]:
    """Letters and digits in lower case; names in snake_case count as several words."""
    return _WORD.findall(text.lower())


@functools.lru_cache(maxsize=1 << 18)
def _hash(word: str) -> int:
    return int(xxhash.xxh64_intdigest(word.encode()))


def word_hashes(text: str) -> np.ndarray:
    """(w,) uint64."""
    return np.fromiter(map(_hash, words(text)), dtype=np.uint64)


def ngram_hashes(hashes: np.ndarray, n: int) -> np.ndarray:
    """(max(w - n + 1, 0),) uint64: a polynomial over each window modulo 2^64, then mixed
    (splitmix64's last steps), so that near values do not stay near."""
    count = len(hashes) - n + 1
    if count < 1:
        return np.empty(0, dtype=np.uint64)
    out = np.zeros(count, dtype=np.uint64)
    base = np.uint64(_BASE)
    for j in range(n):
        out = out * base + hashes[j : j + count]
    out ^= out >> np.uint64(30)
    out *= np.uint64(0xBF58476D1CE4E5B9)
    out ^= out >> np.uint64(27)
    out *= np.uint64(0x94D049BB133111EB)
    return out ^ (out >> np.uint64(31))
