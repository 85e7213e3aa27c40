"""Fitting the growth head."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch (extra `model`)")
pytest.importorskip("tokenizers", reason="training needs tokenizers (extra `model`)")

from small_corpus import small_corpus  # noqa: E402
from variants import HYBRID  # noqa: E402

from nlogn.complexity.static import path_cost  # noqa: E402
from nlogn.corpus.annotated import Labelled  # noqa: E402
from nlogn.corpus.on_paths import on_paths  # noqa: E402
from nlogn.corpus.spent import Classes, classes  # noqa: E402
from nlogn.model.checkpoint import save  # noqa: E402
from nlogn.model.growth_head import GrowthHead, SoFar, load_growth_head  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402
from nlogn.train.growth_head import fit, fit_checkpoint  # noqa: E402
from nlogn.train.pretrain import Run  # noqa: E402
from nlogn.train.runs import finetune  # noqa: E402
from nlogn.train.state import TrainError  # noqa: E402


def letters(text: str) -> list[int]:
    return [*text.encode()]


def program(code: str, time: str, memory: str = "O(1)") -> Labelled:
    return Labelled("p", "algorithms", "right", "", code, time, memory, ())


def said(head: GrowthHead, code: str) -> Classes:
    so_far = SoFar(head)
    for group, tokens in on_paths(code, letters):
        so_far.line(group, tokens)
    time, memory = so_far.logits(classes(path_cost(code)))
    return head.names[int(time.argmax())], head.names[int(memory.argmax())]


CALL = "def f(xs):\n    for x in xs:\n        {inside}(x)\n    {after}(xs)\n"


def test_what_stands_in_a_loop_is_told_from_what_stands_behind_it() -> None:
    embeddings = np.eye(256, dtype=np.float32)
    learn = [
        program(CALL.format(inside="q" * i + "g", after="h" + "u" * j), "O(n log n)", "O(n)")
        for i in range(4) for j in range(4)
    ] + [
        program(CALL.format(inside="q" * i + "h", after="g" + "u" * j), "O(n)")
        for i in range(4) for j in range(4)
    ]  # fmt: skip
    head = fit(learn, letters, embeddings)
    assert said(head, CALL.format(inside="gv", after="hv")) == ("O(n log n)", "O(n)")
    assert said(head, CALL.format(inside="hv", after="gv")) == ("O(n)", "O(1)")
    again = fit(learn, letters, embeddings)
    np.testing.assert_array_equal(head.paths, again.paths)


def test_nothing_to_learn_is_told() -> None:
    with pytest.raises(TrainError, match="class of memory"):
        fit([program("x = 1\n", "O(1)", "")], letters, np.eye(256, dtype=np.float32))


def test_a_checkpoint_is_fitted_and_training_leaves_its_head_out(tmp_path: Path) -> None:
    corpus = small_corpus(tmp_path / "corpus")
    folder = tmp_path / "checkpoint"
    save(Transformer(replace(HYBRID, vocab_size=512, context=128), seed=1), folder)
    with pytest.raises(TrainError, match=r"no tokenizer\.json"):
        fit_checkpoint(folder)
    for path in (corpus / "tokenizer").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    _, count = fit_checkpoint(folder)
    head = load_growth_head(folder)
    assert count > 500 and head is not None and head.embeddings.shape == (512, 32)
    with pytest.raises(TrainError, match="there is no table"):
        fit_checkpoint(folder, [tmp_path / "none.parquet"])
    rows = [json.dumps({"prompt": f"{i}", "completion": "x"}) for i in range(30)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    run = Run(steps=1, rows=2, length=64)
    ended = finetune(tmp_path / "on", str(tmp_path / "rows.jsonl"), folder, run, threads=1)
    assert load_growth_head(ended.checkpoint) is None
