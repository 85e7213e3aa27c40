import gzip
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch (extra `model`)")
pytest.importorskip("tokenizers", reason="training needs tokenizers (extra `model`)")

from small_corpus import as_it_is, small_corpus  # noqa: E402
from variants import HYBRID  # noqa: E402

from nlogn.corpus.tokenizer import load_tokenizer  # noqa: E402
from nlogn.model.checkpoint import SIDE_CAR, load, save  # noqa: E402
from nlogn.model.config import PARADIGMS  # noqa: E402
from nlogn.model.heads import Heads, HeadsConfig, load_heads, save_heads  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402
from nlogn.problems import bank  # noqa: E402
from nlogn.train.answers import answer_start, examples_of, prepare  # noqa: E402
from nlogn.train.corpus import measured, read_corpus  # noqa: E402
from nlogn.train.data import Packed  # noqa: E402
from nlogn.train.evaluate import bits_per_byte  # noqa: E402
from nlogn.train.optimizer import Rates  # noqa: E402
from nlogn.train.pretrain import Progress, Run  # noqa: E402
from nlogn.train.runs import finetune  # noqa: E402
from nlogn.train.state import TrainError  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def start(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start")
    save(Transformer(replace(HYBRID, vocab_size=512, context=128), seed=1), folder)
    torch.manual_seed(1)
    save_heads(Heads(HeadsConfig(32, ("1", "n"), ("1",), width=8)), folder)
    (folder / "training.json").write_text(json.dumps({"tokens": 9, "before": None}))
    for path in (corpus / "tokenizer").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def learnt(packed: Packed, length: int, start: Path) -> str:
    """The targets that count, over one epoch."""
    tokenizer = load_tokenizer(start)
    batch = packed.batch(0, packed.windows(length), length, seed=0)
    chosen = batch.labels["answer"] > 0
    return tokenizer.decode(batch.tokens[:, 1:][chosen].tolist(), skip_special_tokens=False)


def test_what_is_learnt_is_the_answers_and_their_ends(start: Path, tmp_path: Path) -> None:
    rows = [{"prompt": f"ask {i}", "completion": f"tell {i}" * (1 + i % 5)} for i in range(60)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    prepared = prepare(examples_of(str(path)), load_tokenizer(start), 96, seed=0)
    parts = [p for p in (prepared.train, prepared.validation) if p is not None]
    told = "".join(learnt(part, 96, start) for part in parts)
    assert "ask" not in told and "<|user|>" not in told
    answers = sorted(told.removesuffix("<|turn_end|>").split("<|turn_end|>"))
    assert answers == sorted(f"\n{row['completion']}\n" for row in rows)
    assert len(parts) == 2 and prepared.examples == 60


def test_turns_of_a_conversation_are_learnt_by_role(start: Path, tmp_path: Path) -> None:
    turns = [("system", "s"), ("user", "u1"), ("assistant", "a1"), ("user", "u2"),
             ("assistant", "a2")]  # fmt: skip
    row = {"messages": [{"role": r, "content": c} for r, c in turns], "paradigm": "web"}
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps(row) + "\n")
    (example,) = examples_of(str(path))
    assert "".join(p for p, wanted in example.parts if wanted) == (
        "\na1\n<|turn_end|>\na2\n<|turn_end|>"
    )
    assert PARADIGMS[example.paradigm] == "web"


def test_an_answer_begins_after_its_docstring_or_comment() -> None:
    code = 'def f(x):\n    """Add.\n\n    >>> f(1)\n    2\n    """\n    return x + 1\n'
    assert code[answer_start(code) :] == "    return x + 1\n"
    assert "# task\n# more\n"[answer_start("# task\n# more\n") :] == ""
    assert answer_start("x = 1\n") == 0 and answer_start("def broken(:\n") == 0


def test_the_bank_is_asked_and_never_what_is_held_out() -> None:
    from nlogn.corpus.bank_documents import held_out

    examples = examples_of("bank", variants=2)
    groups = {e.group for e in examples if not e.validation}
    assert len(groups) > 100 and not any(held_out(g) for g in groups)
    measured_on = {e.group for e in examples if e.validation}
    assert len(measured_on) > 10 and all(held_out(g) for g in measured_on)
    assert all(any(wanted for _, wanted in e.parts) for e in examples)
    assert {e.paradigm for e in examples} == set(range(4))


def test_fine_tuning_learns_the_answers_and_keeps_the_heads(start: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"prompt": f"{i} to the {i % 3}", "completion": "xyz"[i % 3] * 12} for i in range(90)]
    path.write_text("\n".join(map(json.dumps, rows)))
    seen: list[Progress] = []
    run = Run(steps=40, rows=4, length=64, rates=Rates(lr=3e-3), warmup=5)
    ended = finetune(tmp_path / "run", str(path), start, run, threads=1, on_step=seen.append)
    assert ended.finished and seen[-1].losses["tokens"] < seen[0].losses["tokens"] / 2
    assert load_heads(ended.checkpoint) is not None and ended.bits is not None
    assert (ended.checkpoint / "tokenizer.json").exists()
    card = json.loads((ended.checkpoint / "training.json").read_text())
    assert (card["on"], card["tokens"]) == ("rows.jsonl", 40 * 4 * 64)
    assert card["before"] == json.loads((start / "training.json").read_text())


def test_files_learnt_again_among_the_answers_are_not_forgotten(
    start: Path, corpus: Path, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"prompt": f"{i}", "completion": "xyz"[i % 3] * 12} for i in range(90)]
    path.write_text("\n".join(map(json.dumps, rows)))
    read = read_corpus(corpus)
    validation = measured(read)
    assert validation is not None

    files = tmp_path / "files"
    shutil.copytree(corpus, files)
    (files / "train-00000" / "time.npy").unlink()
    as_it_is(files)

    def bits(name: str, replay: Path | None) -> float:
        run = Run(steps=40, rows=4, length=64, rates=Rates(lr=3e-3), warmup=5,
                  replay=0.5 if replay else None)  # fmt: skip
        ended = finetune(tmp_path / name, str(path), start, run, replay=replay, threads=1)
        return bits_per_byte(load(ended.checkpoint), validation, read.token_bytes(), 64).total

    assert bits("with", files) < bits("without", None) - 0.5
    with pytest.raises(TrainError, match="is not the tokenizer of"):
        bits("refused", small_corpus(tmp_path / "other", documents=200, seed=7))
    with pytest.raises(TrainError, match=r"replay.* nothing to mix"):
        bits("renderings alone", corpus)


def test_measured_labels_teach_the_heads_that_have_their_classes(
    start: Path, tmp_path: Path
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    from nlogn.annotate.table import schema

    empty = {name: None for name in schema().names}
    points = [{"n": 8, "m": None, "cost": 9.0, "shape": "random"}]
    rows = [
        empty | {"problem": problem.name, "code": f"KEPT = []\n\n\ndef f{i}(x):\n    {body}\n",
                 "status": "accepted", "time_class": "O(n)", "memory_class": "O(1)", "lines": [],
                 "time_points": points, "leak_line": line, "paradigm": "web", "kind": "variant",
                 "origin": "best"}
        for i, problem in enumerate(bank()[:40])
        for body, line in (("KEPT.append(x)", 5), ("return [y for y in range(x)]", None))
    ]  # fmt: skip
    table = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema()), table)
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    told: list[tuple[dict[str, int], tuple[str, ...]]] = []
    seen: list[Progress] = []
    run = Run(steps=60, rows=4, length=64, rates=Rates(lr=3e-3), warmup=5)

    def go(name: str, start: Path, **more: Any) -> Any:
        return finetune(
            tmp_path / name, str(tmp_path / "rows.jsonl"), start, run, threads=1,
            on_begin=lambda found, steps, heads: told.append((found.labels, heads)),
            on_step=seen.append, **more,
        )  # fmt: skip

    with pytest.raises(TrainError, match="nowhere"):
        go("bad", start, annotated=[tmp_path / "nowhere.parquet"])
    go("plain", start)
    assert told.pop() == (dict.fromkeys(("time", "memory", "leak", "leaking"), 0), ())
    ended = go("run", start, annotated=[table])  # its heads name other classes
    labels, heads = told.pop()
    assert heads == ("leak",) and labels["time"] > labels["leak"] > labels["leaking"] > 100
    losses = [progress.losses["leak"] for progress in seen[-60:]]
    assert mean(losses[-10:]) < mean(losses[:10]) / 3
    heads_of = load_heads(ended.checkpoint)
    assert heads_of is not None and heads_of.config.time == ("1", "n")
    bare = tmp_path / "bare"
    shutil.copytree(start, bare)
    (bare / SIDE_CAR).unlink()
    ended = go("fresh", bare, annotated=[table])
    assert (
        told.pop()[1] == ("time", "memory", "leak")
        and "O(n)" in load_heads(ended.checkpoint).config.time
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"prompt": "a", "completion": "b"}\n{"prompt": "a"}', ":2 has neither"),
        ('{"messages": [{"role": "user", "content": "a"}]}', "no assistant message"),
        ('{"prompt": "a", "completion": " "}', "or an empty one"),
        ('{"messages": [{"role": "bot", "content": "a"}]}', "system, user or assistant"),
        ('{"prompt": "a", "completion": "b"}\n{"pro', ":2 is not JSON"),
        ("", "is empty"),
        ('{"some": "thing"}', "neither messages nor prompt and completion"),
        ('{"prompt": "a", "completion": "b"}\n' + "[" * 9999, ":2 is not JSON"),
        ('{"prompt": "a", "completion": "\\ud800"}', ":1 is no text"),
    ],
)
def test_a_bad_file_is_told_by_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    with pytest.raises(TrainError, match=told):
        examples_of(str(path))


ASKED = {"prompt": "a", "completion": "b"}


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.txt", "rows"])
@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_what_its_content_says(
    tmp_path: Path, name: str, array: bool, packed: bool
) -> None:
    text = json.dumps([ASKED, ASKED]) if array else f"{json.dumps(ASKED)}\n" * 2
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert len(examples_of(str(path))) == 2


def test_an_archive_of_problems_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some.bin", bytes(range(256)))
    with pytest.raises(TrainError, match="and as problems"):
        examples_of(str(path))


def test_a_bad_row_of_an_array_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([ASKED, {"prompt": "a"}]))
    with pytest.raises(TrainError, match=r"rows\.json, row 2 has neither"):
        examples_of(str(path))


def test_a_packed_file_that_is_cut_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ASKED).encode())[:-12])
    with pytest.raises(TrainError, match="damaged"):
        examples_of(str(path))


def test_every_problem_of_a_file_is_learnt_but_the_bank_s_own_benchmark(tmp_path: Path) -> None:
    from nlogn.corpus.bank_documents import held_out

    ours = next(p.name for p in bank() if held_out(p.name))
    names = [*(f"task/{i}" for i in range(40)), ours]
    assert sum(map(held_out, names)) > 1
    code = "def add(a: int, b: int) -> int:\n"
    row = {"prompt": code + '    """Add."""\n', "canonical_solution": "    return a + b\n",
           "entry_point": "add", "test": "def check(f):\n    assert f(1, 2) == 3\n"}  # fmt: skip
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps({"task_id": name} | row) + "\n" for name in names))
    assert {e.group for e in examples_of(str(path), variants=1)} == set(names) - {ours}


def test_a_row_ends_at_a_line_feed_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"prompt": "a\u2028b\x85c", "completion": "d"}] * 2
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    assert [e.parts[1][0] for e in examples_of(str(path))] == ["\na\u2028b\x85c\n"] * 2


def test_what_does_not_fit_is_counted(start: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"prompt": "a", "completion": "b"}, {"prompt": "a", "completion": "word " * 500}]
    path.write_text("\n".join(map(json.dumps, rows)))
    prepared = prepare(examples_of(str(path)), load_tokenizer(start), 64, seed=0)
    assert prepared.too_long == 1 and prepared.examples == 1
    with pytest.raises(TrainError, match="raise --length"):
        prepare(examples_of(str(path)), load_tokenizer(start), 4, seed=0)
