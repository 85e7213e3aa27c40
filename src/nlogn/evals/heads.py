"""What the time and memory heads know of programs of problems that no training text shows.

read = read_programs(model, heads, tokenizer, programs)
classified(read), classified(read, "memory"), leak_lines(read)
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from nlogn.complexity.bigo import CLASSES
from nlogn.complexity.static import path_cost
from nlogn.corpus.annotated import Labelled
from nlogn.corpus.bank_documents import held_out
from nlogn.corpus.on_paths import on_paths
from nlogn.corpus.spent import UNKNOWN, Classes, classes, spent
from nlogn.corpus.tokenizer import encode, encode_lines
from nlogn.model.growth_head import GrowthHead, SoFar
from nlogn.model.heads import Heads, line_scores
from nlogn.model.transformer import Transformer
from nlogn.problems import Problem

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_RESAMPLES = 1000
_KNOWN = frozenset(map(str, CLASSES))


@dataclass(frozen=True, slots=True)
class Read:
    """What the heads say of a program: its classes at the last token, and how likely each line
    leaks (0 for lines beyond the context)."""

    program: Labelled
    time: str
    memory: str
    leak: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Classified:
    """`accuracy` of the head with its 95 % interval over problems, `majority` of always saying the
    commonest class, over `count` programs of `problems` problems."""

    accuracy: float
    interval: tuple[float, float]
    majority: float
    count: int
    problems: int


@dataclass(frozen=True, slots=True)
class LeakLines:
    """AUROC over lines (`auroc`, its 95 % interval over problems), of the length of the line
    instead (`by_length`), and over programs by their likeliest line (`by_program`); any constant
    answer, such as the majority's, has 0.5. `leaking` of `lines` lines leak."""

    auroc: float
    interval: tuple[float, float]
    by_length: float
    by_program: float
    lines: int
    leaking: int
    programs: int


def declared(problems: Sequence[Problem], kept_out: bool = True) -> list[Labelled]:
    """The Python solutions of held-out problems, or of all others, with the classes that they
    declare."""
    return [
        Labelled(problem.name, problem.paradigm, "right", solution.name, solution.code,
                 solution.time, solution.memory, ())
        for problem in problems if held_out(problem.name) == kept_out
        for solution in problem.solutions if solution.language == "python"
    ]  # fmt: skip


def few(programs: Sequence[Labelled], each: int, seed: int, kept_out: bool = True
        ) -> list[Labelled]:  # fmt: skip
    """At most `each` programs of each held-out problem, or of each other, and as many that leak."""
    groups: dict[tuple[str, bool], list[Labelled]] = defaultdict(list)
    for program in programs:
        if held_out(program.problem) == kept_out:
            groups[program.problem, program.leaks].append(program)
    rng = random.Random(seed)
    return [p for found in groups.values() for p in rng.sample(found, min(each, len(found)))]


@torch.inference_mode()
def read_programs(model: Transformer, heads: Heads, tokenizer: "Tokenizer",
                  programs: Sequence[Labelled], growth: GrowthHead | None = None
                  ) -> list[Read]:  # fmt: skip
    """Each program by itself, after an end token; its classes by `growth`, if there is one."""
    context = model.config.context
    end = model.config.eos if model.config.eos is not None else 0
    out = []
    for program in programs:
        code = program.code.strip("\n") + "\n"
        skipped = len(program.code) - len(program.code.lstrip("\n"))
        tokens, lines = encode_lines(tokenizer, code)
        row = torch.tensor([[end, *tokens]])
        known = torch.tensor([
            [names.index(name) if name in names else -1
             for name, names in zip(so_far, (heads.config.time, heads.config.memory), strict=True)]
            for so_far in ((UNKNOWN, UNKNOWN), *spent(code, lines))
        ])  # fmt: skip
        read = heads(model(row[:, :context], logits="none").hidden[0], known[:context])
        last = read
        if row.shape[1] > context:
            last = heads(model(row[:, -context:], logits="none").hidden[0], known[-context:])
        where = torch.tensor([-1, *(line + skipped for line in lines)])[: len(read.leak)]
        scores = line_scores(read.leak, where, program.code.count("\n") + 1)
        time = heads.config.time[int(last.time[-1].argmax())]
        memory = heads.config.memory[int(last.memory[-1].argmax())]
        if growth is not None:
            so_far = SoFar(growth)
            for group, found in on_paths(program.code, lambda text: encode(tokenizer, [text])):
                so_far.line(group, found)
            time, memory = (growth.names[int(row.argmax())]
                            for row in so_far.logits(_path_cost(program.code)))  # fmt: skip
        out.append(Read(program, time, memory, tuple(scores.tolist())))
    return out


def classified(read: Sequence[Read], which: Literal["time", "memory"] = "time") -> Classified:
    """The head's classes against those of the programs.

    Raises:
        ValueError: no program has a class.
    """
    rows = [(r.program.problem, getattr(r.program, which), getattr(r, which)) for r in read]
    rows = [(problem, truth, said) for problem, truth, said in rows if truth in _KNOWN]
    if not rows:
        raise ValueError(f"no program of a held-out problem has a class of {which}")
    groups: dict[str, list[bool]] = defaultdict(list)
    for problem, truth, said in rows:
        groups[problem].append(truth == said)
    right = [sum(group) for group in groups.values()]
    sizes = [len(group) for group in groups.values()]

    def accuracy(chosen: Sequence[int]) -> float:
        return sum(right[i] for i in chosen) / sum(sizes[i] for i in chosen)

    (_, most), *_ = Counter(truth for _, truth, _ in rows).most_common(1)
    return Classified(accuracy(range(len(groups))), _interval(len(groups), accuracy),
                      most / len(rows), len(rows), len(groups))  # fmt: skip


def by_path_cost(
    read: Sequence[Read], learn: Sequence[Labelled], which: Literal["time", "memory"] = "time"
) -> Classified:
    """What the static path cost knows without the network: the commonest class of the programs of
    `learn` whose path cost is the same, or of all of them."""
    seen: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    every: Counter[str] = Counter()
    for program in learn:
        seen[_path_cost(program.code)][getattr(program, which)] += 1
        every[getattr(program, which)] += 1
    told = []
    for one in read:
        (name, _), *_ = seen.get(_path_cost(one.program.code), every).most_common(1)
        told.append(replace(one, time=name) if which == "time" else replace(one, memory=name))
    return classified(told, which)


@lru_cache(maxsize=4096)  # the same programs are asked about for time and for memory
def _path_cost(code: str) -> Classes:
    return classes(path_cost(code))


def leak_lines(read: Sequence[Read]) -> LeakLines:
    """How well the memory head ranks lines that leak before lines that do not.

    Raises:
        ValueError: no line is known to leak, or none not to.
    """
    groups: dict[str, list[tuple[bool, float, int]]] = defaultdict(list)
    programs: list[tuple[bool, float]] = []
    for one in read:
        texts = one.program.code.split("\n")
        known = [(truth == 1, one.leak[i], len(texts[i].strip()))
                 for i, truth in enumerate(one.program.leak) if truth >= 0]  # fmt: skip
        if known:
            groups[one.program.problem] += known
            programs.append((one.program.leaks, max(score for _, score, _ in known)))
    rows = [row for group in groups.values() for row in group]
    truth = [leaks for leaks, _, _ in rows]
    parts = list(groups.values())

    def ranked(chosen: Sequence[int]) -> float:
        drawn = [row for i in chosen for row in parts[i]]
        return auroc([score for _, score, _ in drawn], [leaks for leaks, _, _ in drawn])

    return LeakLines(
        ranked(range(len(parts))), _interval(len(parts), ranked),
        auroc([length for _, _, length in rows], truth),
        auroc([score for _, score in programs], [leaks for leaks, _ in programs]),
        len(rows), sum(truth), len(programs),
    )  # fmt: skip


def _interval(groups: int, measure: Callable[[Sequence[int]], float]) -> tuple[float, float]:
    """The middle 95 % over resampled groups; what cannot be measured on a resample is left out."""
    rng = random.Random(0)
    found = []
    for _ in range(_RESAMPLES):
        try:
            found.append(measure(rng.choices(range(groups), k=groups)))
        except ValueError:
            continue
    low, high = np.quantile(found, [0.025, 0.975]) if found else (np.nan, np.nan)
    return float(low), float(high)


def auroc(scores: Sequence[float], truth: Sequence[bool]) -> float:
    """The chance that a true one scores above a false one, ties counted half (Mann-Whitney).

    Raises:
        ValueError: there are none of one kind.
    """
    from scipy.stats import rankdata

    positive = np.asarray(truth, dtype=bool)
    true, false = int(positive.sum()), int((~positive).sum())
    if not true or not false:
        raise ValueError("AUROC needs some that are true and some that are not")
    ranks = rankdata(np.asarray(scores))
    return float((ranks[positive].sum() - true * (true + 1) / 2) / (true * false))
