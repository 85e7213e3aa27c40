"""What of a corpus is measured, and which checkpoints go on on it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch (extra `model`)")
pytest.importorskip("tokenizers", reason="training needs tokenizers (extra `model`)")

from small_corpus import as_it_is, small_corpus  # noqa: E402
from variants import HYBRID  # noqa: E402

from nlogn.corpus.specials import END, FIM_PREFIX, USER  # noqa: E402
from nlogn.model.checkpoint import save  # noqa: E402
from nlogn.model.heads import Heads, HeadsConfig, save_heads  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402
from nlogn.train.corpus import Corpus, measured, read_corpus  # noqa: E402
from nlogn.train.evaluate import bits_per_byte  # noqa: E402
from nlogn.train.pretrain import Run  # noqa: E402
from nlogn.train.runs import pretrain  # noqa: E402
from nlogn.train.state import TrainError  # noqa: E402

CONFIG = replace(HYBRID, vocab_size=512, context=64)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_corpus(tmp_path_factory.mktemp("corpus"))


def with_validation(corpus: Path, place: Path, documents: list[list[int]], known: int) -> Corpus:
    """The corpus with these validation documents, the token `known` of which has a class."""
    shutil.copytree(corpus, place)
    shutil.rmtree(place / "validation-00000")
    tokens = np.array([token for document in documents for token in document], np.uint16)
    time = np.where(tokens == known, 3, -1).astype(np.int8)
    starts = np.cumsum([0, *map(len, documents)])
    (place / "validation-00000").mkdir()
    for name, values in (("tokens", tokens), ("time", time), ("documents", starts)):
        np.save(place / "validation-00000" / f"{name}.npy", values)
    as_it_is(place)
    return read_corpus(place)


def test_files_are_measured_and_renderings_are_not(corpus: Path, tmp_path: Path) -> None:
    tokenizer = read_corpus(corpus).load_tokenizer()
    end, user, hole = map(tokenizer.token_to_id, (END, USER, FIM_PREFIX))
    # the third is a piece that was cut from a longer file: nothing ends it
    rows = [[400, 401, end], [user, 402, end], [403], [404, 405, end], [hole, 406, end]]
    found = measured(with_validation(corpus, tmp_path / "mixed", rows, known=405))
    assert found is not None
    targets = found.tokens[1:][found.labels["answer"][:-1] > 0]
    assert targets.tolist() == [401, end, 403]  # the very first token is nobody's target
    alone = measured(with_validation(corpus, tmp_path / "alone", rows[1:2], known=405))
    assert alone is not None and "answer" not in alone.labels  # there is nothing else to measure


def test_a_damaged_corpus_is_refused_by_the_file(corpus: Path, tmp_path: Path) -> None:
    for name in ("train-00000/tokens.npy", "train-00000/paradigm.npy", "validation-00000"):
        copy = tmp_path / name.replace("/", "-")
        shutil.copytree(corpus, copy)
        hurt = copy / name
        if hurt.is_dir():
            shutil.rmtree(hurt)
        elif "tokens" in name:
            hurt.write_bytes(hurt.read_bytes()[:100])
        else:
            hurt.unlink()
        with pytest.raises(TrainError, match=rf"{name}.*copy the corpus again"):
            read_corpus(copy)
    whole = json.loads((corpus / "manifest.json").read_text())
    odd = [whole | {"classes": 5}, whole | {"classes": [1, 2]}, whole | {"shards": None},
           whole | {"shards": ["a"]}]  # fmt: skip
    for text in ("", "{}", "[1]", "[" * 99_999, *map(json.dumps, odd)):
        (copy / "manifest.json").write_text(text)
        with pytest.raises(TrainError, match=r"manifest.json is damaged"):
            read_corpus(copy)


def test_bits_per_byte_are_those_of_files(corpus: Path) -> None:
    found = read_corpus(corpus)
    files = measured(found)
    assert found.validation is not None and files is not None
    model = Transformer(CONFIG, seed=1)
    every, mine = (
        bits_per_byte(model, data, found.token_bytes(), 48) for data in (found.validation, files)
    )
    assert 0.8 * every.tokens < mine.tokens < every.tokens and mine.bytes < every.bytes


def test_a_checkpoint_of_other_tokens_or_classes_is_refused(corpus: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    save(Transformer(CONFIG, seed=1), start)
    other = small_corpus(tmp_path / "other", documents=200, seed=7)
    shutil.copy(other / "tokenizer" / "tokenizer.json", start)
    run = Run(steps=1, rows=2, length=48, precision="float32")

    def go_on() -> None:
        pretrain(tmp_path / "run", corpus, CONFIG, run, start=str(start), threads=1)

    with pytest.raises(TrainError, match=r"is not the tokenizer of .*--tokenizer"):
        go_on()
    shutil.copy(corpus / "tokenizer" / "tokenizer.json", start)
    save_heads(Heads(HeadsConfig(CONFIG.hidden_size, ("1", "n"), ("1", "n"), width=8)), start)
    with pytest.raises(TrainError, match=r"name other classes than .* away to begin new ones"):
        go_on()
    (start / "time_and_memory.safetensors").unlink()
    go_on()
    assert (tmp_path / "run" / "checkpoint" / "training.json").exists()


def test_a_corpus_of_one_kind_of_windows_cannot_be_mixed(corpus: Path, tmp_path: Path) -> None:
    run = Run(steps=1, rows=2, length=48, measured=0.5)
    with pytest.raises(TrainError, match=r"measured code .* nothing to mix"):
        pretrain(tmp_path / "run", corpus, CONFIG, run, threads=1)
