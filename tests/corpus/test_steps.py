"""Order, packing, balance, decontamination, labels and renderings, each by itself."""

import ast
import itertools
import sysconfig
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from datatrove.data import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from nlogn.complexity.bigo import CLASSES
from nlogn.corpus.bank_documents import held_out, held_out_phrasing, render_problem
from nlogn.corpus.benchmarks import MBPP_TRAINING, benchmark_texts
from nlogn.corpus.compose import Compose, temperature_shares
from nlogn.corpus.decontaminate import Index, build_index
from nlogn.corpus.label import reference_texts
from nlogn.corpus.order import dependencies, topological
from nlogn.corpus.packing import StreamWriter, TokenDocument, pack, read_stream
from nlogn.corpus.paradigm import (
    PARADIGMS,
    calibrated,
    examples,
    held_out_accuracy,
    load_classifier,
    train_classifier,
)
from nlogn.corpus.shingles import ngram_hashes, word_hashes, words
from nlogn.corpus.specials import ASSISTANT, Special, plain
from nlogn.problems import bank, bank_problem

# --- import order -------------------------------------------------------------------------------

NAMES = [f"m{i}" for i in range(8)]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES)), min_size=1))
def test_everything_comes_once_and_after_what_it_needs(needs: dict[str, set[str]]) -> None:
    needs = {path: wanted - {path} for path, wanted in needs.items()}
    order = topological(needs)
    assert sorted(order) == sorted(needs)
    place = {path: i for i, path in enumerate(order)}

    def reaches(start: str, goal: str) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            for near in needs.get(waiting.pop(), ()):
                if near == goal:
                    return True
                if near not in seen and near in needs:
                    seen.add(near)
                    waiting.append(near)
        return False

    for path, wanted in needs.items():
        for need in wanted & needs.keys():
            if not reaches(need, path):  # on a cycle either may come first
                assert place[need] < place[path]
    assert topological(dict(reversed(needs.items()))) == order


def test_imports_of_five_languages_are_found() -> None:
    files = {
        "pkg/__init__.py": ("from .core import run\n", "python"),
        "pkg/core.py": ("from . import util\nimport os\nfrom pkg.deep.leaf import x\n", "python"),
        "pkg/util.py": ("", "python"),
        "pkg/deep/leaf.py": ("from ..util import y\nfrom ...nowhere import z\n", "python"),
        "js/a.ts": ("import {b} from './b'\nconst c = require('../js/c.js')\n", "typescript"),
        "js/b.ts": ("", "typescript"),
        "js/c.js": ("", "javascript"),
        "c/main.c": ('#include "part.h"\n#include <stdio.h>\n', "c"),
        "c/part.h": ("", "c"),
        "com/x/A.java": ("import com.x.B;\n", "java"),
        "com/x/B.java": ("", "java"),
        "src/lib.rs": ("use crate::parts::wheel;\n", "rust"),
    }
    assert dependencies(files) == {
        "pkg/__init__.py": {"pkg/core.py"},
        "pkg/core.py": {"pkg/util.py", "pkg/deep/leaf.py", "pkg/__init__.py"},
        "pkg/util.py": set(), "pkg/deep/leaf.py": {"pkg/util.py"},
        "js/a.ts": {"js/b.ts", "js/c.js"}, "js/b.ts": set(), "js/c.js": set(),
        "c/main.c": {"c/part.h"}, "c/part.h": set(),
        "com/x/A.java": {"com/x/B.java"}, "com/x/B.java": set(), "src/lib.rs": set(),
    }  # fmt: skip


def test_temperature_lifts_what_is_rare() -> None:
    sizes = {"python": 900, "go": 90, "php": 10}
    assert temperature_shares(sizes, 1.0) == {"go": 1.0, "php": 1.0, "python": 1.0}
    shares = temperature_shares(sizes, 2.0)
    assert shares["php"] == 1.0
    taken = {k: sizes[k] * shares[k] for k in sizes}
    assert taken["python"] / taken["php"] == pytest.approx((900 / 10) ** 0.5)
    assert temperature_shares({}, 2.0) == {}


def test_documents_of_one_path_are_all_composed() -> None:
    about = {"unit": "u", "path": "main.py", "language": "python"}
    documents = [Document(f"x = {i}\n", f"{i}", metadata=dict(about)) for i in range(5)]
    step = Compose(seed=0, validation=0.0, longest=40_000, whole_units=True)
    (made,) = step.run(documents)
    assert sorted(made.text.splitlines()) == [f"x = {i}" for i in range(5)]
    assert [name for name, *_ in made.metadata["files"]] == ["main.py"] * 5


# --- packing ------------------------------------------------------------------------------------

DOCUMENTS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(-1, 3), st.integers(-1, 5), st.booleans()),
    max_size=30,
)


def written(folder: Path, documents: list[tuple[int, int, int, bool]]) -> list[list[int]]:
    """Two streams on disk; returns the tokens of what stays together."""
    whole: list[list[int]] = []
    number = 1
    writers = [StreamWriter(folder / f"{i:05d}", 1000) for i in range(2)]
    for i, (length, paradigm, time, joined) in enumerate(documents):
        first = i in (0, len(documents) // 2)
        tokens = [number + j for j in range(length)]
        number += length
        writers[i >= len(documents) // 2].write(
            TokenDocument(tokens, paradigm, time, -1, length // 2, joined and not first)
        )
        if joined and not first:
            whole[-1] += tokens
        else:
            whole.append(tokens)
    for writer in writers:
        writer.close()
    return whole


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, st.integers(0, 3))
def test_a_shard_holds_every_document_whole(documents: list, seed: int) -> None:
    import tempfile

    from nlogn.train.data import read_packed

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = written(folder / "in", documents)
        streams = [read_stream(folder / "in" / f"{i:05d}", 1000) for i in range(2)]
        done = pack(streams, folder / "out", 1000, seed)
        packed = read_packed(folder / "out")
        begins = np.load(folder / "out" / "documents.npy")
        found = [packed.tokens[a:b].tolist() for a, b in itertools.pairwise(begins)]
        assert sorted(found) == sorted(whole)
        assert (done.tokens, done.padding) == (sum(map(len, whole)), 0)
        label: dict[int, tuple[int, int]] = {}
        number = 1
        for length, paradigm, time, _ in documents:
            for j in range(length):
                label[number + j] = (paradigm, time if j >= length // 2 else -1)
            number += length
        for token, paradigm, time in zip(
            packed.tokens, packed.labels["paradigm"], packed.labels["time"], strict=True
        ):
            assert label[int(token)] == (paradigm, time)


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, st.integers(8, 32))
def test_windows_hold_what_fits_whole(documents: list, sequence: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = written(folder / "in", documents)
        streams = [read_stream(folder / "in" / f"{i:05d}", 1000) for i in range(2)]
        done = pack(streams, folder / "out", 1000, 0, sequence)
        tokens = np.load(folder / "out" / "tokens.npy")
        assert len(tokens) == done.tokens and done.tokens % sequence == 0
        assert sorted(t for t in tokens.tolist() if t) == sorted(t for d in whole for t in d)
        assert int((tokens == 0).sum()) == done.padding
        window_of = {int(t): i // sequence for i, t in enumerate(tokens) if t}
        for document in whole:
            if len(document) <= sequence:
                assert len({window_of[t] for t in document}) == 1
        assert np.all(np.load(folder / "out" / "paradigm.npy")[tokens == 0] == -1)


# --- contamination ------------------------------------------------------------------------------

TASK = '''def closest_pair_of_lighthouses(lamps, threshold):
    """Check whether any two lighthouses on the coast stand nearer to each other than threshold."""
    for i, first in enumerate(lamps):
        for second in lamps[i + 1:]:
            if abs(first - second) < threshold:
                return True
    return False
'''


def test_a_planted_row_is_found_wherever_it_stands(tmp_path: Path) -> None:
    counts = build_index([("Set", "7", TASK)], tmp_path)
    index = Index(tmp_path)
    assert counts["Set"] > 5
    other = "def unrelated(a):\n    return a * 2\n" * 20
    renamed = TASK.replace("    ", "\t").replace("closest_pair", "has")
    assert index.find(other) is None
    for text in (TASK, other + renamed + other):
        hit = index.find(text)
        assert hit is not None and hit[0] == "Set/7"
        assert hit[1] in " ".join(words(text))


def test_common_loops_are_no_contamination(tmp_path: Path) -> None:
    loop = "for i in range(len(arr)):\n    for j in range(i + 1, len(arr)):\n        x = arr[i]\n"
    build_index([("Set", "1", loop), ("Set", "2", TASK)], tmp_path)
    assert Index(tmp_path).find(loop * 2) is None
    assert build_index([("Set", "1", "too short")], tmp_path) == {}
    assert Index(tmp_path).find(TASK) is None


def test_window_hashes_are_those_of_their_words() -> None:
    text = "One two_three four five one two three four"
    long, short = ngram_hashes(word_hashes(text), 3), ngram_hashes(word_hashes("two three four"), 3)
    assert words(text)[1:4] == ["two", "three", "four"]
    assert [i for i, h in enumerate(long) if h == short[0]] == [1, 6]
    assert len(ngram_hashes(word_hashes("a b"), 3)) == 0


def test_every_benchmark_is_indexed_but_mbpps_training_rows(data: Path) -> None:
    rows: dict[str, set[str]] = {}
    for benchmark, row, _ in benchmark_texts(data):
        rows.setdefault(benchmark, set()).add(row)
    files = {p.name.split(".")[0] for p in (data / "benchmarks").rglob("*") if p.is_file()}
    assert files <= rows.keys()
    assert len(rows["HumanEval"]) == 164
    assert {int(r) for r in rows["mbpp"]} == set(range(1, 975)) - set(MBPP_TRAINING)


# --- the bank -----------------------------------------------------------------------------------


def test_renderings_parse_and_keep_what_is_held_out_out() -> None:
    texts: list[str] = []
    shapes = set()
    for problem in bank()[:40]:
        made = list(render_problem(problem, 12, seed=0))
        assert bool(made) != held_out(problem.name)
        assert made == list(render_problem(problem, 12, seed=0))
        kept = held_out_phrasing(problem)
        for document in made:
            text = plain(document.parts)
            texts.append("".join(document.parts))
            shapes.add(document.shape)
            if kept:
                assert " ".join(kept.split()) not in " ".join(text.split()).replace("# ", "")
            if document.shape in ("docstring", "comment", "code"):
                ast.parse(text)
            specials = [str(p) for p in document.parts if isinstance(p, Special)]
            told = {s for s in specials if s.startswith(("<|time:", "<|memory:"))}
            assert told <= {f"<|time:{document.time}|>", f"<|memory:{document.memory}|>"}
            assert bool(told) == document.told
    assert len(set(texts)) > 0.95 * len(texts)
    assert shapes == {"docstring", "comment", "chat", "explained", "optimize", "growth", "code"}
    assert 0.05 < sum(held_out(p.name) for p in bank()) / len(bank()) < 0.16


def test_an_answer_begins_with_the_classes_of_its_program() -> None:
    begun: Counter[tuple[str, ...]] = Counter()
    problem = bank_problem("two_sum")
    for document in render_problem(problem, 400, seed=0, shapes=("chat", "explained")):
        answer = document.parts[document.parts.index(ASSISTANT) + 1 :]
        classes = answer[: answer.index("\n")]
        assert {*classes} == {f"<|time:{document.time}|>", f"<|memory:{document.memory}|>"}
        begun[tuple(str(token)[2:].partition(":")[0] for token in classes)] += 1
    assert set(begun) == {("time", "memory"), ("memory", "time")}
    assert 0.65 < begun["time", "memory"] / begun.total() < 0.85


def test_only_the_best_solution_is_explained() -> None:
    shown = render_problem(bank_problem("two_sum"), 40, seed=0, shapes=("explained",))
    assert {document.time for document in shown} == {"O(n)"}


def test_renderings_still_solve_the_problem(sandbox) -> None:  # type: ignore[no-untyped-def]
    from nlogn.judge import judge

    for problem in [p for p in bank() if not held_out(p.name)][:3]:
        for document in list(render_problem(problem, 6, seed=1, shapes=("docstring",), rewrites=2)):
            code = plain(document.parts)
            names = [n.name for n in ast.parse(code).body if isinstance(n, ast.FunctionDef)]
            example = next(c for c in problem.examples if c.has_expected and not c.check)
            assert example.args is not None
            verdicts = [
                judge(code, name, cases=[(example.args, example.expected)], measure=False,
                      sandbox=sandbox).status
                for name in names
            ]  # fmt: skip
            assert "accepted" in verdicts


def test_paradigms_are_in_the_networks_order_and_above_chance() -> None:
    from nlogn.model.config import PARADIGMS as NETWORK

    assert PARADIGMS == NETWORK
    few = [p for i, p in enumerate(bank()) if i % 3 == 0]
    accuracy = held_out_accuracy(few, folds=2)
    assert accuracy["all"] > 0.45  # chance: 0.25
    assert min(accuracy[p] for p in PARADIGMS) > 0.25


def test_modules_of_the_standard_library_get_their_paradigm() -> None:
    model = calibrated(train_classifier(examples(bank())), reference_texts())
    folder = Path(sysconfig.get_paths()["stdlib"])
    known = {"socket": "systems", "threading": "systems", "subprocess": "systems",
             "selectors": "systems", "fractions": "algorithms", "bisect": "algorithms",
             "difflib": "algorithms", "http/client": "web", "urllib/parse": "web",
             "html/parser": "web", "sqlite3/dump": "data", "csv": "data"}  # fmt: skip
    right = [m for m, p in known.items() if model.label((folder / f"{m}.py").read_text()) == p]
    assert len(right) >= 9, sorted(known.keys() - set(right))


def test_a_stored_classifier_says_the_same(tmp_path: Path) -> None:
    model = train_classifier(examples(bank()[::6]))
    model.save(tmp_path / "c.npz")
    again = load_classifier(tmp_path / "c.npz")
    web = "import http.server\n\ndef do_GET(request):\n    return response(cookie, headers, url)\n"
    assert model.label(web) == again.label(web) == "web"
    assert np.array_equal(model.probabilities(web), again.probabilities(web))
    assert model.label("") in ("", *PARADIGMS)
    assert str(CLASSES[0]) == "O(1)"
