from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch (extra `model`)")
pytest.importorskip("tokenizers", reason="needs tokenizers (extra `model`)")

from small_corpus import small_corpus

from nlogn.corpus.on_paths import group_of
from nlogn.corpus.tokenizer import load_tokenizer
from nlogn.train.data import read_packed
from nlogn.train.path_classes import line_classes, with_classes

CODE = """def f(xs):
    total = 0
    for x in xs:
        for y in xs:
            total += y
    return total
"""


def test_a_line_has_the_class_of_the_path_that_leads_to_it() -> None:
    assert line_classes(CODE)[:5] == [0, 0, 0, 2, 4]
    cut = CODE.splitlines(keepends=True)
    for lines in range(1, len(cut)):  # what comes later changes nothing: no peeking
        assert line_classes("".join(cut[:lines])) == line_classes(CODE)[:lines]


def test_a_form_feed_ends_no_line() -> None:
    cut = CODE.replace("def f", "\x0c\ndef f")
    assert line_classes(cut) == [0, *line_classes(CODE)] and line_classes("") == []
    assert len(line_classes("x = '\x0c\u2028'\ny = 2")) == 2


def test_classes_rise_with_their_cost() -> None:
    names = ["O(1)", "O(log n)", "O(n)", "O(n log n)", "O(n^2)", "O(2^n)"]
    assert [group_of(n) for n in names] == list(range(6)) and group_of("unknown") == 6


def test_tokens_get_the_class_of_their_line(tmp_path: Path) -> None:
    corpus = small_corpus(tmp_path, documents=40)
    tokenizer = load_tokenizer(corpus / "tokenizer")
    packed = with_classes(read_packed(corpus / "train-00000"), tokenizer)
    classes = packed.labels["classes"]
    assert len(classes) == len(packed.tokens) and {0, 2, 4} <= set(np.unique(classes).tolist())
    inner = [i for i, t in enumerate(packed.tokens[: packed.tokens.size - 2].tolist())
             if "+=" in tokenizer.decode([t])]  # fmt: skip
    assert {int(classes[i]) for i in inner} == {0, 2, 4}
