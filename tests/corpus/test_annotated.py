"""Measured labels reach the tokens that they are about, and held-out problems stay out."""

from collections import Counter
from dataclasses import replace

import pytest

pytest.importorskip("tokenizers")
pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq

from nlogn.annotate.table import schema
from nlogn.corpus.annotated import AnnotatedError, Labelled, documents, read_annotated
from nlogn.corpus.bank_documents import held_out
from nlogn.corpus.specials import Special
from nlogn.corpus.tokenizer import encode, encode_lines, train_tokenizer
from nlogn.problems import bank

CODE = "_LOG = []\n\n\ndef f(xs):\n    _LOG.append(xs)\n    return len(xs)\n"
ONE_SIZE = [{"n": 8, "m": None, "cost": 40.0, "shape": "random"}]
TWO_SIZES = [{"n": 8, "m": 8, "cost": 40.0, "shape": "random"}]
KEEPS = [{"line": 5, "peak_bytes": 90, "returned_bytes": 90, "retained_bytes": 88}]


def row(**given):
    empty = {name: None for name in schema().names}
    lists = {name: [] for name in ("time_points", "memory_points", "lines", "transformations")}
    return empty | lists | {
        "problem": "p", "paradigm": "web", "kind": "variant", "origin": "best", "code": CODE,
        "status": "accepted", "time_class": "O(n)", "memory_class": "O(1)", "seed": 0,
        "time_points": ONE_SIZE,
    } | given  # fmt: skip


def table(path, *rows):
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema()), path)
    return path


def labels(tmp_path, **given):
    (found,) = read_annotated(table(tmp_path / "t.parquet", row(**given)))
    return found.leak


def test_a_line_leaks_where_calls_leave_more_and_more(tmp_path):
    assert labels(tmp_path, leak_line=5, lines=KEEPS) == (0, -1, -1, 0, 1, 0)
    # what is kept once, and does not grow, is no leak
    assert labels(tmp_path, lines=KEEPS) == (0, -1, -1, 0, 0, 0)
    # beside the line that leaks most, another one may leak too
    other = [{"line": 6, "peak_bytes": 9, "returned_bytes": 9, "retained_bytes": 8}]
    assert labels(tmp_path, leak_line=5, lines=KEEPS + other) == (0, -1, -1, 0, 1, -1)
    # where nothing called it twice, nobody knows
    assert set(labels(tmp_path, lines=KEEPS, time_points=TWO_SIZES)) == {-1}
    slow = [{**ONE_SIZE[0], "cost": 1e6}]
    assert set(labels(tmp_path, time_points=slow)) == {-1}


def test_only_measured_programs_are_read_and_each_once(tmp_path):
    rows = [row(), row(status="wrong_answer", code="x = 1\n"),
            row(time_class=None, code="x = 2\n"),
            row(time_class="unknown", code="x = 3\n")]  # fmt: skip
    first = table(tmp_path / "a.parquet", *rows)
    second = table(tmp_path / "b.parquet", row(), row(problem="q"))
    found = read_annotated(first, second)
    assert [(p.problem, p.code[:5], p.time) for p in found] == [
        ("p", "_LOG ", "O(n)"), ("p", "x = 3", ""), ("q", "_LOG ", "O(n)")]  # fmt: skip


def test_what_is_no_table_is_told(tmp_path):
    with pytest.raises(AnnotatedError, match=r"no table .*nowhere"):
        read_annotated(tmp_path / "nowhere.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(AnnotatedError, match="cannot read"):
        read_annotated(tmp_path / "text.parquet")
    pq.write_table(pa.table({"code": ["x"]}), tmp_path / "other.parquet")
    with pytest.raises(AnnotatedError, match="no column kind, leak_line"):
        read_annotated(tmp_path / "other.parquet")
    with pytest.raises(AnnotatedError, match="no program in"):
        read_annotated(table(tmp_path / "e.parquet", row(status="wrong_answer")))


def test_documents_are_answers_or_labels_and_never_of_held_out_problems():
    programs = []
    for problem in bank():
        for i in range(6):
            leak = (0, -1, -1, 0, int(i < 2), 0)
            programs.append(Labelled(problem.name, "web", "variant", "best", f"{CODE}# {i}\n",
                                     "O(n)", "O(1)", leak))  # fmt: skip
    made = list(documents(programs, bank(), 3, seed=0))
    taught = {p.name for p in bank() if not held_out(p.name)}
    assert {d.name for d in made} == taught and len(made) == 5 * len(taught)  # 3, and 2 that leak
    assert made == list(documents(programs, bank(), 3, seed=0))
    told = [d for d in made if d.told]
    assert 0.4 < len(told) / (3 * len(taught)) < 0.6
    both = ("<|time:O(n)|>", "<|memory:O(1)|>")
    begun = Counter(tuple(d.parts[3 : d.parts.index("\n")]) for d in told)
    assert set(begun) == {both, both[::-1]} and len(told) / 10 < begun[both[::-1]] < begun[both]
    assert not any(1 in d.leak for d in told)
    assert all(len(d.parts) == 1 and not isinstance(d.parts[0], Special)
               for d in made if 1 in d.leak)  # fmt: skip
    wrong = [replace(p, kind="wrong_variant") for p in programs]
    assert not any(d.told for d in documents(wrong, bank(), 3, seed=0))


def test_lines_of_tokens():
    tokenizer = train_tokenizer([CODE * 3], 400)
    text = "def f(é):\n\n    x = '日本'\n    return x\n"
    tokens, lines = encode_lines(tokenizer, text)
    assert tokens == encode(tokenizer, [text]) and lines == sorted(lines)
    by_line = [tokenizer.decode([t for t, at in zip(tokens, lines, strict=True) if at == i])
               for i in range(4)]  # fmt: skip
    assert [line.strip() for line in by_line] == [line.strip() for line in text.splitlines()]


def test_fine_tuning_s_tokens_have_the_labels_of_their_lines():
    pytest.importorskip("torch")
    from nlogn.train.answers import _of_document, prepare

    tokenizer = train_tokenizer([CODE * 3, bank()[0].statement], 600)
    problem = next(p for p in bank() if not held_out(p.name))
    program = Labelled(problem.name, "web", "variant", "best", CODE, "O(n)", "O(1)",
                       (0, -1, -1, 0, 1, 0))  # fmt: skip
    steady = replace(program, leak=(0, -1, -1, 0, 0, 0), code=CODE + "# steady\n")
    found = list(documents([program, steady], bank(), 9, seed=1))
    prepared = prepare([_of_document(d) for d in found], tokenizer, 512, seed=0)
    packed = prepared.train
    leaking = packed.tokens[packed.labels["leak"] == 1].tolist()
    assert tokenizer.decode(leaking).strip() == "_LOG.append(xs)"
    assert prepared.labels["leaking"] == len(leaking)
    alone = next(d for d in found if 1 in d.leak)
    assert not alone.told
    timed = packed.labels["time"] >= 0
    assert tokenizer.decode(packed.tokens[timed].tolist()).count("def f") == sum(
        not d.told for d in found
    )
    answers = packed.tokens[1:][packed.labels["answer"][:-1] == 1].tolist()
    assert tokenizer.decode(answers, skip_special_tokens=False).count("def f") == sum(
        d.told for d in found
    )
