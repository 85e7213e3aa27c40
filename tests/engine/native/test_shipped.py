"""The checkpoint in the package: what a user has without naming one."""

import inspect
import json
import lzma
from collections.abc import Iterator
from curses import textpad
from pathlib import Path

import pytest

from nlogn.complexity.bigo import CLASSES
from nlogn.corpus.tokenizer import TEMPERATURE, encode, load_tokenizer
from nlogn.engine.native import NativeEngine
from nlogn.engine.open import SHIPPED, open_engine
from nlogn.engine.protocol import Prompt, RawPrompt, Sampling, usual_temperature
from nlogn.evals.language import Document, bits_per_byte
from nlogn.model.checkpoint import load
from nlogn.model.describe import trainings
from nlogn.model.growth_head import load_growth_head
from nlogn.problems import bank


@pytest.fixture(scope="module")
def shipped() -> Iterator[NativeEngine]:
    engine = open_engine("native")
    assert isinstance(engine, NativeEngine)
    yield engine
    engine.close()


def test_it_is_small_and_says_where_it_comes_from() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 45_000_000
    card = json.loads((SHIPPED / "training.json").read_text())
    stages = [*trainings(card)]
    answers = [stage for stage in stages if stage.get("on") == "bank"]
    before = [stage for stage in stages if stage.get("corpus")]
    assert answers and before and stages == answers + before
    assert min(stage["tokens"] for stage in stages) > 1_000_000
    assert not any(Path(text).is_absolute() for text in texts(card))


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def test_it_knows_code_that_it_was_not_trained_on_better_than_a_compressor() -> None:
    """A module of the corpus's validation split."""
    source = inspect.getsource(textpad)
    tokens = encode(load_tokenizer(SHIPPED), [source])
    document = Document(source, tuple(tokens), (-1,) * len(tokens))
    packed = 8 * len(lzma.compress(source.encode())) / len(source.encode())
    assert bits_per_byte(load(SHIPPED), [document]) < packed


def test_it_says_how_to_sample_it_and_reads_growth(shipped: NativeEngine) -> None:
    assert usual_temperature(shipped) == TEMPERATURE
    head = load_growth_head(SHIPPED)
    assert head is not None and head.names == tuple(map(str, CLASSES))


def test_it_answers_a_problem_of_the_bank_in_a_fence_and_stops(shipped: NativeEngine) -> None:
    (problem,) = (p for p in bank() if p.name == "two_sum")
    (answers,) = shipped.generate([Prompt(problem)], Sampling(temperature=0, max_tokens=600))
    assert answers[0].code.count("def ") >= 1
    compile(answers[0].code, "answer", "exec")


def test_a_budget_bounds_the_classes_that_an_answer_begins_with(shipped: NativeEngine) -> None:
    (problem,) = (p for p in bank() if p.name == "two_sum")
    prompt = Prompt(problem, time_budget="O(n)")
    (answers,) = shipped.generate([prompt], Sampling(n=4, max_tokens=600, seed=0))
    loops = [answer.code.count("for ") for answer in answers]
    assert loops.count(1) >= 3 and max(loops) == 1  # one sample may be no program
    assert not any("<|" in answer.text for answer in answers)


def test_transformers_answers_with_it_too() -> None:
    pytest.importorskip("transformers")
    (problem,) = (p for p in bank() if p.name == "two_sum")
    engine = open_engine(f"transformers:{SHIPPED}")
    prompt = Prompt(problem, time_budget="O(n)")
    (answers,) = engine.generate([prompt], Sampling(temperature=0, max_tokens=200))
    assert "def " in answers[0].code and "<|" not in answers[0].text


def test_it_completes_a_line(shipped: NativeEngine) -> None:
    begun = "import os\n\n\ndef size(path: str) -> int:\n    return os.path."
    done = shipped.complete(RawPrompt((begun,)), Sampling(temperature=0, max_tokens=8))
    assert done.text.split("(")[0].isidentifier()
