"""Questions with answers for fine-tuning: texts in; out, packed tokens that say what is learnt.

    {"prompt": "Reverse a list.", "completion": "def reverse(xs): ..."}
    {"messages": [{"role": "user", "content": ...}, {"role": "assistant", "content": ...}]}

The loss counts on answers alone: label "answer" at a token says whether the next one is learnt.
Programs of a known class label their tokens for the heads.
"""

import ast
import gzip
import hashlib
import json
import random
import zlib
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nlogn.complexity.bigo import CLASSES
from nlogn.corpus.annotated import SHAPE as ANNOTATED
from nlogn.corpus.annotated import AnnotatedError, documents, read_annotated
from nlogn.corpus.bank_documents import BankDocument, held_out, render_problem
from nlogn.corpus.benchmarks import MBPP_TRAINING, data_folder
from nlogn.corpus.specials import ASSISTANT, END, SYSTEM, TURN_END, USER, Parts, Special
from nlogn.corpus.spent import UNKNOWN, spent
from nlogn.corpus.tokenizer import encode, encode_lines
from nlogn.model.config import PARADIGMS
from nlogn.problems import Problem, ProblemError, bank, load_problems
from nlogn.train.data import HEADS, SPENT, Packed
from nlogn.train.state import TrainError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CLASS = {str(c): i for i, c in enumerate(CLASSES)}
SHAPES = ("docstring", "comment", "chat", "explained", "optimize", "growth")
_ROLES = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}


@dataclass(frozen=True)
class Example:
    """`parts` in turn, each with whether it is learnt; `group`: examples of one group are held out
    together; `paradigm`: number in `PARADIGMS`, or -1; `validation`: whether it is held out, None:
    as the hash of its group says.

    `time`, `memory`: numbers in `CLASSES`, or -1, label the texts from part number `labelled` on;
    `leak`: 1, 0 or -1 for each line of the one text there.
    """

    parts: tuple[tuple[str, bool], ...]
    group: str
    paradigm: int = -1
    time: int = -1
    memory: int = -1
    leak: tuple[int, ...] = ()
    labelled: int = 0
    validation: bool | None = None


def examples_of(named: str, variants: int = 12, seed: int = 0) -> list[Example]:
    """The examples of `bank`, of `mbpp` (its published training rows), or of a file, which may be
    gzipped: JSON Lines or a JSON array with `messages` or `prompt` and `completion`, or problems
    with solutions, which are asked in `variants` ways. Of the bank, the problems that are kept from
    all training are the validation.

    Raises:
        TrainError: there is no such file, or nothing in it can be learnt.
    """
    if named == "bank":
        kept = [p for p in bank() if held_out(p.name)]
        return [
            *(replace(e, validation=False) for e in _rendered(bank(), variants, seed)),
            *(replace(e, validation=True) for e in _rendered(kept, variants, seed, ours=())),
        ]
    if named == "mbpp":
        return [replace(e, paradigm=-1) for e in _rendered(_mbpp(), variants, seed)]
    path = Path(named)
    if not path.exists():
        raise TrainError(f"{named} is no file: say bank, mbpp, or a JSON Lines file")
    rows = _rows(path)
    if rows is not None:
        return [_row(row, where) for where, row in rows]
    try:
        problems = load_problems(path)
    except ProblemError as error:
        raise TrainError(
            f"{path} has neither messages nor prompt and completion, and as problems: {error}"
        ) from None
    found = _rendered(problems, variants, seed, {problem.name for problem in bank()})
    if not found:
        raise TrainError(f"{path}: no problem has a Python solution to learn from")
    return found


def _mbpp() -> list[Problem]:
    """MBPP's training rows without those that its "+" edition tests."""
    folder = data_folder() / "benchmarks"
    path, tested = folder / "mbpp.jsonl.gz", folder / "MbppPlus.jsonl.gz"
    for needed in (path, tested):
        if not needed.exists():
            raise TrainError(
                f"{needed} is missing: set NLOGN_DATA to the folder that has "
                "benchmarks/, as docs/corpus.md describes it"
            )
    with gzip.open(tested, "rt") as file:
        kept_out = {str(json.loads(line)["task_id"]).rpartition("/")[2] for line in file}
    found = []
    for problem in load_problems(path, skipped=[]):
        number = problem.name.rpartition("/")[2]
        if int(number) in MBPP_TRAINING and number not in kept_out:
            statement = problem.statement.partition("\n\nFor example:")[0]
            found.append(replace(problem, statement=statement))
    return found


def _rendered(
    problems: Iterable[Problem], variants: int, seed: int, ours: Container[str] | None = None
) -> list[Example]:
    """Of `ours`, else of all, what is held out is never learnt."""
    return [
        _of_document(document)
        for problem in problems
        for document in render_problem(
            problem, variants, seed, SHAPES, keep_out=ours is None or problem.name in ours
        )
    ]


def _of_document(document: BankDocument) -> Example:
    """The answer of a chat is learnt, or of a program what follows its docstring or leading
    comment; of annotated code nothing but the labels."""
    parts: list[tuple[str, bool]] = []
    labelled = 0
    if ASSISTANT in document.parts:
        at = document.parts.index(ASSISTANT)
        parts = [(part, i > at) for i, part in enumerate(document.parts)]
        labelled = max(i for i, p in enumerate(document.parts) if not isinstance(p, Special))
    else:
        *control, text = document.parts
        cut = len(text) if document.shape == ANNOTATED else answer_start(text)
        parts = [*((part, False) for part in control), (text[:cut], False), (text[cut:], True)]
        parts = [part for part in parts if part[0]]
    label = PARADIGMS.index(document.paradigm) if document.paradigm in PARADIGMS else -1
    known = not document.told and document.shape != "growth"
    time, memory = (_CLASS.get(growth, -1) if known else -1
                    for growth in (document.time, document.memory))  # fmt: skip
    return Example(tuple(parts), document.name, label, time, memory, document.leak, labelled)


def annotated_examples(paths: Sequence[Path], each: int, seed: int = 0) -> list[Example]:
    """Examples of the programs in tables of `nlogn bank annotate`, at most `each` of a problem and
    as many that leak; none of held-out problems.

    Raises:
        TrainError: a table cannot be used, or has no program of a problem that may be learnt.
    """
    try:
        programs = read_annotated(*paths)
    except AnnotatedError as error:
        raise TrainError(str(error)) from None
    found = [replace(_of_document(d), validation=False)
             for d in documents(programs, bank(), each, seed)]  # fmt: skip
    if not found:
        raise TrainError(
            f"{' and '.join(map(str, paths))}: no program of a bank problem that is not held out"
        )
    return found


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


def _rows(path: Path) -> list[tuple[str, dict[str, Any]]] | None:
    """The rows of a file of conversations and where each is; None where it is another kind."""
    if not path.is_file():
        return None
    text = _text(path)
    if text is None:
        return None
    if not text.strip():
        raise TrainError(f"{path} is empty")
    found: list[tuple[str, dict[str, Any]]] = []
    try:
        for where, row in _json_rows(text, path):
            asks = isinstance(row, dict) and (
                row.get("messages") is not None or {"prompt", "completion"} <= set(row)
            )
            if not asks and not found:
                return None
            if not asks:
                raise TrainError(f"{where} has neither messages nor prompt and completion")
            found.append((where, row))
    except _NotJSON:
        if not found:
            return None
        raise
    return found or None


class _NotJSON(TrainError):
    pass


def _text(path: Path) -> str | None:
    """A file's text, unpacked if it is gzipped; None if it is none by its name, as an archive."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if Path(path.name.removesuffix(".gz")).suffix not in (".json", ".jsonl"):
            return None
        raise TrainError(f"{path} is no UTF-8 (byte {error.start}): save it as UTF-8") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TrainError(f"{path} is damaged: {error}") from None
    except OSError as error:
        raise TrainError(f"{path} cannot be read: {error.strerror}") from None


def _json_rows(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    """The rows of JSON Lines, or of a JSON array, and where each is."""
    where = str(path)
    try:
        if text.lstrip()[:1] == "[":
            for number, row in enumerate(json.loads(text), 1):
                yield f"{path}, row {number}", row
            return
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                where = f"{path}:{number}"
                yield where, json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _NotJSON(f"{where} is not JSON: {error}") from None


def _row(row: dict[str, Any], where: str) -> Example:
    turns = row.get("messages")
    if turns is None:
        turns = [{"role": "user", "content": row["prompt"]},
                 {"role": "assistant", "content": row["completion"]}]  # fmt: skip
    parts: list[tuple[str, bool]] = []
    answered = False
    try:
        for turn in turns:
            learnt = turn["role"] == "assistant"
            parts.append((Special(_ROLES[turn["role"]]), False))
            parts.append(("\n" + turn["content"].strip("\n") + "\n", learnt))
            if learnt:
                parts.append((Special(TURN_END), True))
                answered = answered or bool(turn["content"].strip())
            turn["content"].encode()
    except (KeyError, TypeError, AttributeError) as error:
        raise TrainError(f"{where}: a message needs role (system, user or assistant) and content"
                         f" ({type(error).__name__}: {error})") from None  # fmt: skip
    except UnicodeEncodeError as error:
        raise TrainError(f"{where} is no text: {error.reason}") from None
    if not answered:
        raise TrainError(
            f"{where} has no assistant message, or an empty one: there is nothing to learn"
        )
    paradigm = row.get("paradigm")
    label = PARADIGMS.index(paradigm) if paradigm in PARADIGMS else -1
    asked = "".join(text for text, learnt in parts if not learnt)
    return Example(tuple(parts), asked, label)


# --- tokens -------------------------------------------------------------------------------------


_Row = dict[str, list[int]]  # tokens, and labels of each by name


@dataclass(frozen=True)
class Prepared:
    """`too_long` examples did not fit a window and were left out; `labels`: how many tokens of the
    training part have a label of each head, and "leaking" how many of them leak."""

    train: Packed
    validation: Packed | None
    examples: int
    too_long: int
    labels: dict[str, int]


def prepare(examples: Sequence[Example], tokenizer: "Tokenizer", length: int, seed: int,
            validation: float = 0.05) -> Prepared:  # fmt: skip
    """Windows of `length` tokens that hold whole examples, in an order that follows the seed. What
    says so, and of the rest a share of the groups, by hash, is kept for measuring.

    Raises:
        TrainError: no example fits.
    """
    kept: list[list[_Row]] = [[], []]
    too_long = 0
    for example in examples:
        row = _encoded(example, tokenizer)
        if len(row["tokens"]) > length:
            too_long += 1
            continue
        digest = hashlib.sha256(example.group.encode()).digest()
        held = example.validation
        if held is None:
            held = int.from_bytes(digest[:4], "little") / 2**32 < validation
        kept[held].append(row)
    if not kept[0] and kept[1]:  # so few that the hash held all of them out
        kept = [kept[1], []]
    if not kept[0]:
        raise TrainError(f"no example fits {length} tokens: raise --length")
    (end,) = encode(tokenizer, [Special(END)])
    packed = [_packed(part, length, end, seed) if part else None for part in kept]
    assert packed[0] is not None
    counts = {name: int((packed[0].labels[name] >= 0).sum()) for name in HEADS}
    counts["leaking"] = int((packed[0].labels["leak"] == 1).sum())
    return Prepared(packed[0], packed[1], sum(map(len, kept)), too_long, counts)


def _encoded(example: Example, tokenizer: "Tokenizer") -> _Row:
    row: _Row = {name: [] for name in ("tokens", "answer", "paradigm", *HEADS, *SPENT)}
    ending: Parts = [] if isinstance(example.parts[-1][0], Special) else [Special(END)]
    parts = [*example.parts, *((part, True) for part in ending)]
    for number, (part, wanted) in enumerate(parts):
        inside = number >= example.labelled and not isinstance(part, Special)
        if isinstance(part, Special):
            found, lines = encode(tokenizer, [part]), [0]
        else:
            found, lines = encode_lines(tokenizer, part)
        leak = example.leak if inside else ()
        row["tokens"] += found
        row["answer"] += [int(wanted)] * len(found)
        row["paradigm"] += [example.paradigm] * len(found)
        row["time"] += [example.time if inside else -1] * len(found)
        row["memory"] += [example.memory if inside else -1] * len(found)
        known = inside and max(example.time, example.memory) >= 0
        so_far = spent(part, lines) if known else [(UNKNOWN, UNKNOWN)] * len(found)
        for column, name in enumerate(SPENT):
            row[name] += [_CLASS.get(classes[column], -1) for classes in so_far]
        row["leak"] += [leak[line] if line < len(leak) else -1 for line in lines]
    return row


def _packed(rows: Sequence[_Row], length: int, end: int, seed: int) -> Packed:
    order = random.Random(seed).sample(range(len(rows)), len(rows))
    whole: _Row = {name: [] for name in rows[0]}
    blank = {name: -1 for name in rows[0]} | {"tokens": end, "answer": 0}

    def pad(missing: int) -> None:
        for name, column in whole.items():
            column.extend([blank[name]] * missing)

    for index in order:
        size = len(rows[index]["tokens"])
        filled = len(whole["tokens"]) % length
        if filled + size > length:
            pad(length - filled)
        for name, column in whole.items():
            column += rows[index][name]
    pad(-len(whole["tokens"]) % length + 1)
    tokens = np.array(whole.pop("tokens"), dtype=np.uint32)
    whole["answer"] = [*whole["answer"][1:], 0]  # at a token: whether the next one is learnt
    return Packed(tokens, {name: np.array(c, dtype=np.int8) for name, c in whole.items()})
