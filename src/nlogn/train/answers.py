"""Questions with answers for fine-tuning: texts in; out, packed tokens that say what is learnt.

    {"prompt": "Reverse a list.", "completion": "def reverse(xs): ..."}
    {"messages": [{"role": "user", "content": ...}, {"role": "assistant", "content": ...}]}

The loss counts on answers alone: label "answer" at a token says whether the next one is learnt.
"""

import ast
import gzip
import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nlogn.corpus.bank_documents import BankDocument, render_problem
from nlogn.corpus.benchmarks import MBPP_TRAINING, data_folder
from nlogn.corpus.specials import ASSISTANT, END, SYSTEM, TURN_END, USER, Parts, Special
from nlogn.corpus.tokenizer import encode
from nlogn.model.config import PARADIGMS
from nlogn.problems import Problem, ProblemError, bank, load_problems
from nlogn.train.data import Packed
from nlogn.train.state import TrainError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SHAPES = ("docstring", "comment", "chat", "explained", "optimize", "growth")
_ROLES = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}


@dataclass(frozen=True)
class Example:
    """`parts` in turn, each with whether it is learnt; `group`: examples of one group are held out
    together; `paradigm`: number in `PARADIGMS`, or -1."""

    parts: tuple[tuple[str, bool], ...]
    group: str
    paradigm: int = -1


def examples_of(named: str, variants: int = 12, seed: int = 0) -> list[Example]:
    """The examples of `bank`, of `mbpp` (its published training rows), or of a file: JSON Lines
    with `messages` or `prompt` and `completion`, or problems with solutions.

    Raises:
        TrainError: there is no such file, or nothing in it can be learnt.
    """
    if named == "bank":
        return _rendered(bank(), variants, seed)
    if named == "mbpp":
        return [replace(e, paradigm=-1) for e in _rendered(_mbpp(), variants, seed)]
    path = Path(named)
    if not path.exists():
        raise TrainError(f"{named} is no file: say bank, mbpp, or a JSON Lines file")
    rows = _rows(path)
    if rows is not None:
        return [_row(row, f"{path}:{line}") for line, row in rows]
    try:
        problems = load_problems(path)
    except ProblemError as error:
        raise TrainError(
            f"{path} has neither messages nor prompt and completion, and as problems: {error}"
        ) from None
    found = _rendered(problems, variants, seed)
    if not found:
        raise TrainError(f"{path}: no problem has a Python solution to learn from")
    return found


def _mbpp() -> list[Problem]:
    """MBPP's training rows without those that its "+" edition tests."""
    folder = data_folder() / "benchmarks"
    path, tested = folder / "mbpp.jsonl.gz", folder / "MbppPlus.jsonl.gz"
    for needed in (path, tested):
        if not needed.exists():
            raise TrainError(f"{needed} is missing: set NLOGN_DATA to the folder of benchmarks/")
    with gzip.open(tested, "rt") as file:
        kept_out = {str(json.loads(line)["task_id"]).rpartition("/")[2] for line in file}
    found = []
    for problem in load_problems(path, skipped=[]):
        number = problem.name.rpartition("/")[2]
        if int(number) in MBPP_TRAINING and number not in kept_out:
            statement = problem.statement.partition("\n\nFor example:")[0]
            found.append(replace(problem, statement=statement))
    return found


def _rendered(problems: Iterable[Problem], variants: int, seed: int) -> list[Example]:
    return [
        _of_document(document)
        for problem in problems
        for document in render_problem(problem, variants, seed, SHAPES)
    ]


def _of_document(document: BankDocument) -> Example:
    """The answer of a chat, or of a program what follows its docstring or leading comment."""
    parts: list[tuple[str, bool]] = []
    if ASSISTANT in document.parts:
        at = document.parts.index(ASSISTANT)
        parts = [(part, i > at) for i, part in enumerate(document.parts)]
    else:
        *control, text = document.parts
        cut = answer_start(text)
        parts = [*((part, False) for part in control), (text[:cut], False), (text[cut:], True)]
    label = PARADIGMS.index(document.paradigm) if document.paradigm in PARADIGMS else -1
    return Example(tuple(parts), document.name, label)


def answer_start(code: str) -> int:
    """Where the answer begins in a program that carries its task: after its first docstring, else
    after the comment that it begins with, else at its start."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return 0
    lines = code.splitlines(keepends=True)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            return sum(map(len, lines[: node.body[0].end_lineno]))
    count = 0
    while count < len(lines) and lines[count].startswith("#"):
        count += 1
    return sum(map(len, lines[:count]))


def _rows(path: Path) -> list[tuple[int, dict[str, Any]]] | None:
    """The rows of a JSON Lines file with their numbers; None where it is another kind of file."""
    if not path.is_file() or path.suffix not in (".jsonl", ".json"):
        return None
    found: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            if not found:
                return None
            raise TrainError(f"{path}:{number} is not JSON: {error}") from None
        asks = isinstance(row, dict) and ("messages" in row or {"prompt", "completion"} <= set(row))
        if not asks:
            if not found:
                return None
            raise TrainError(f"{path}:{number} has neither messages nor prompt and completion")
        found.append((number, row))
    if not found:
        raise TrainError(f"{path} is empty")
    return found


def _row(row: dict[str, Any], where: str) -> Example:
    turns = row.get("messages")
    if turns is None:
        turns = [{"role": "user", "content": row["prompt"]},
                 {"role": "assistant", "content": row["completion"]}]  # fmt: skip
    parts: list[tuple[str, bool]] = []
    try:
        for turn in turns:
            learnt = turn["role"] == "assistant"
            parts.append((Special(_ROLES[turn["role"]]), False))
            parts.append(("\n" + turn["content"].strip("\n") + "\n", learnt))
            if learnt:
                parts.append((Special(TURN_END), True))
    except (KeyError, TypeError, AttributeError) as error:
        raise TrainError(f"{where}: a message needs role (system, user or assistant) and content"
                         f" ({type(error).__name__}: {error})") from None  # fmt: skip
    if not any(learnt for _, learnt in parts):
        raise TrainError(f"{where} has no assistant message: there is nothing to learn")
    paradigm = row.get("paradigm")
    label = PARADIGMS.index(paradigm) if paradigm in PARADIGMS else -1
    return Example(tuple(parts), where, label)


# --- tokens -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prepared:
    """`too_long` examples did not fit a window and were left out."""

    train: Packed
    validation: Packed | None
    examples: int
    too_long: int


def prepare(examples: Sequence[Example], tokenizer: "Tokenizer", length: int, seed: int,
            validation: float = 0.05) -> Prepared:  # fmt: skip
    """Windows of `length` tokens that hold whole examples, in an order that follows the seed. A
    share of the groups, by hash, is kept for measuring.

    Raises:
        TrainError: no example fits.
    """
    kept: list[list[tuple[list[int], list[int], int]]] = [[], []]
    too_long = 0
    for example in examples:
        tokens, learnt = _encoded(example, tokenizer)
        if len(tokens) > length:
            too_long += 1
            continue
        digest = hashlib.sha256(example.group.encode()).digest()
        held = int.from_bytes(digest[:4], "little") / 2**32 < validation
        kept[held].append((tokens, learnt, example.paradigm))
    if not kept[0] and kept[1]:  # so few that the hash held all of them out
        kept = [kept[1], []]
    if not kept[0]:
        raise TrainError(f"no example fits {length} tokens: raise --length")
    (end,) = encode(tokenizer, [Special(END)])
    packed = [_packed(part, length, end, seed) if part else None for part in kept]
    assert packed[0] is not None
    return Prepared(packed[0], packed[1], sum(map(len, kept)), too_long)


def _encoded(example: Example, tokenizer: "Tokenizer") -> tuple[list[int], list[int]]:
    tokens: list[int] = []
    learnt: list[int] = []
    ending: Parts = [] if isinstance(example.parts[-1][0], Special) else [Special(END)]
    for part, wanted in (*example.parts, *((p, True) for p in ending)):
        found = encode(tokenizer, [part])
        tokens += found
        learnt += [int(wanted)] * len(found)
    return tokens, learnt


def _packed(rows: list[tuple[list[int], list[int], int]], length: int, end: int,
            seed: int) -> Packed:  # fmt: skip
    order = random.Random(seed).sample(range(len(rows)), len(rows))
    tokens: list[int] = []
    answer: list[int] = []
    paradigm: list[int] = []

    def pad() -> None:
        missing = -len(tokens) % length
        tokens.extend([end] * missing)
        answer.extend([0] * missing)
        paradigm.extend([-1] * missing)

    for index in order:
        row, learnt, label = rows[index]
        if len(tokens) % length + len(row) > length:
            pad()
        tokens += row
        answer += learnt
        paradigm += [label] * len(row)
    pad()
    tokens.append(end)
    shifted = [*answer[1:], 0, 0]  # at a token: whether the next one is learnt
    return Packed(
        np.array(tokens, dtype=np.uint32),
        {"answer": np.array(shifted, dtype=np.int8),
         "paradigm": np.array([*paradigm, -1], dtype=np.int8)},
    )  # fmt: skip
