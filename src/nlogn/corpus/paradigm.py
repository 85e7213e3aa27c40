"""Which of the four paradigms a document is about: a linear classifier over words.

Trained on the bank's own problems (statement, phrasings, code), whose paradigm is declared, and on
what imports and words say plainly (`SEEDS`): multinomial logistic regression on normalised word
counts. Accuracy is measured on problems that were left out (`held_out_accuracy`).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nlogn.corpus.shingles import words
from nlogn.problems import Problem

PARADIGMS = ("systems", "algorithms", "web", "data")  # in the order of the network's groups
SURE = 0.4  # least probability of a label; below it a document has none
_CONSTANT = 0.3  # the feature that the bias weighs
_LONGEST = 20_000  # characters of a document that are looked at

SEEDS: dict[str, str] = {
    "systems": """os sys subprocess socket threading multiprocessing asyncio signal select selectors
        mmap ctypes struct fcntl resource errno pty posix process thread lock mutex semaphore kernel
        scheduler memory allocator page cache buffer fd epoll queue concurrency daemon compiler
        bytecode linker loader ffi cuda device driver gpu inductor dispatch stream tensor pointer
        malloc free register interrupt deadlock filesystem inode pipe fork exec sandbox native cpp
        sched transaction wal journal paging""",
    "algorithms": """heapq bisect itertools functools math fractions cmath graph tree heap sort
        search dynamic programming greedy recursion memo lru permutation combination prime modular
        matrix polynomial shortest path dijkstra bfs dfs union find interval subsequence knapsack
        geometry hull string match trie complexity bound theorem algebra integral symbolic sympy
        networkx isomorphism flow cut coloring factor gcd""",
    "web": """http https html css url urllib requests request response header cookie session json
        xml api rest client server route router flask django starlette aiohttp httpx websocket
        browser javascript dom template jinja oauth token auth login cors csrf redirect cgi wsgi
        asgi email smtp imap mime encode decode base64 endpoint webhook openapi middleware proxy
        host domain uri query markdown sse""",
    "data": """csv sqlite3 pandas numpy dataframe series column row table join merge group groupby
        aggregate pivot window dataset parquet arrow schema sql database select insert statistics
        mean median variance histogram quantile percentile plot figure axis sample batch feature
        label train loss model regression cluster missing nan fill impute etl log record event
        timestamp bucket rolling datetime period categorical dtype array ndarray scipy sparse""",
}


@dataclass(frozen=True)
class Classifier:
    """`weights` (words + 1, paradigms), the last row a bias; `vocabulary` gives a word's row."""

    vocabulary: dict[str, int]
    weights: np.ndarray
    rarity: np.ndarray

    def probabilities(self, text: str) -> np.ndarray:
        """(4,) in the order of `PARADIGMS`."""
        scores = _features(text, self.vocabulary, self.rarity) @ self.weights
        scores = np.exp(scores - scores.max())
        return np.asarray(scores / scores.sum())

    def label(self, text: str) -> str:
        """The paradigm, "" where none is likely enough."""
        found = self.probabilities(text)
        return PARADIGMS[int(found.argmax())] if found.max() >= SURE else ""

    def save(self, path: Path) -> None:
        names = sorted(self.vocabulary, key=self.vocabulary.__getitem__)
        with path.open("wb") as file:
            np.savez(file, words=np.array(names), weights=self.weights, rarity=self.rarity)


def load_classifier(path: Path) -> Classifier:
    with np.load(path) as stored:
        vocabulary = {str(word): i for i, word in enumerate(stored["words"])}
        return Classifier(vocabulary, stored["weights"], stored["rarity"])


def _features(text: str, vocabulary: dict[str, int], rarity: np.ndarray) -> np.ndarray:
    """log(1 + count) times rarity, at length 1, and a constant."""
    counts = Counter(words(text[:_LONGEST]))
    out = np.zeros(len(vocabulary) + 1)
    for word, count in counts.items():
        row = vocabulary.get(word)
        if row is not None:
            out[row] = (1 + math.log(count)) * rarity[row]
    norm = float(np.linalg.norm(out))
    if norm:
        out /= norm
    out[-1] = _CONSTANT
    return out


def examples(problems: Sequence[Problem]) -> list[tuple[str, str, str]]:
    """(problem, paradigm, text): each problem as its statement, its phrasings and its code."""
    out: list[tuple[str, str, str]] = []
    for problem in problems:
        code = [s.code for s in problem.solutions]
        texts = [f"{problem.title}\n{problem.statement}", "\n".join(problem.phrasings), *code,
                 f"{problem.statement}\n{code[-1] if code else ''}"]  # fmt: skip
        out += [(problem.name, problem.paradigm, text) for text in texts if text.strip()]
    return out


def train_classifier(
    rows: Sequence[tuple[str, str, str]], *, seeds: bool = True, decay: float = 5e-4
) -> Classifier:
    """Fit to (name, paradigm, text). Paradigms weigh the same, however many rows they have."""
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix

    documents = [(paradigm, text) for _, paradigm, text in rows]
    if seeds:
        for paradigm, listed in SEEDS.items():
            terms = listed.split()
            documents += [(paradigm, " ".join(terms[i::4])) for i in range(4)]
            documents += [(paradigm, f"import {term}") for term in terms]
    seen = Counter(word for _, text in documents for word in set(words(text[:_LONGEST])))
    vocabulary = {word: i for i, word in enumerate(sorted(w for w, c in seen.items() if c >= 2))}
    rarity = np.array([math.log(len(documents) / seen[w]) for w in vocabulary])
    x = csr_matrix(np.array([_features(text, vocabulary, rarity) for _, text in documents]))
    y = np.array([PARADIGMS.index(paradigm) for paradigm, _ in documents])
    classes = len(PARADIGMS)
    share = (1 / np.maximum(np.bincount(y, minlength=classes), 1))[y] / classes
    truth = np.eye(len(PARADIGMS))[y]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(x.shape[1], -1)
        scores = x @ weights
        scores -= scores.max(axis=1, keepdims=True)
        log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        value = -(share[:, None] * truth * log_p).sum() + decay * (weights**2).sum() / 2
        slope = x.T @ (share[:, None] * (np.exp(log_p) - truth)) + decay * weights
        return float(value), slope.ravel()

    start = np.zeros(x.shape[1] * len(PARADIGMS))
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return Classifier(vocabulary, fitted.x.reshape(x.shape[1], -1), rarity)


def calibrated(model: Classifier, texts: Sequence[str]) -> Classifier:
    """The classifier with biases under which `texts`, on average, lean towards no paradigm.

    Natural files are longer than the bank's problems, and their commonest words would all point to
    one paradigm.
    """
    scores = [_features(text, model.vocabulary, model.rarity) @ model.weights for text in texts]
    mean = np.mean(scores, axis=0)
    weights = model.weights.copy()
    weights[-1] -= (mean - mean.mean()) / _CONSTANT
    return replace(model, weights=weights)


def held_out_accuracy(problems: Sequence[Problem], folds: int = 5) -> dict[str, float]:
    """Share of texts of left-out problems that get their paradigm, overall and per paradigm;
    every text counts, sure or not."""
    rows = examples(problems)
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    names = sorted({name for name, _, _ in rows})
    fold_of = {name: i % folds for i, name in enumerate(names)}
    for fold in range(folds):
        model = train_classifier([r for r in rows if fold_of[r[0]] != fold])
        for _, paradigm, text in (r for r in rows if fold_of[r[0]] == fold):
            total[paradigm] += 1
            right[paradigm] += PARADIGMS[int(model.probabilities(text).argmax())] == paradigm
    out = {p: right[p] / total[p] for p in PARADIGMS if total[p]}
    return {"all": sum(right.values()) / sum(total.values()), **out}
