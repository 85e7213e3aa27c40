"""The engine behind the protocols, opened from a checkpoint folder as users do."""

import json
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, processors

from conftest import TINY
from nlogn.corpus.specials import ASSISTANT, USER, Special
from nlogn.engine import fim, open_engine
from nlogn.engine.memory import OutOfMemory
from nlogn.engine.native import NativeEngine, Options, PromptTooLong, Request
from nlogn.engine.protocol import (
    Cancel,
    Cancelled,
    Completion,
    EngineError,
    Prompt,
    RawPrompt,
    Sampling,
    usual_temperature,
)
from nlogn.problems import Problem, load_problems

SMALL = Options(slots=4, memory=1 << 24)
GREEDY = Sampling(temperature=0.0, max_tokens=40)
STATEMENT = """# Double it

Return twice the number.

## Signature

```python
def twice(n: int) -> int:
```

## Examples

- `twice(2)` -> `4`
- `twice(0)` -> `0`
"""


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[NativeEngine]:
    with NativeEngine(folder, SMALL) as engine:
        yield engine
        deadline = time.monotonic() + 5
        while engine.loop.blocks.in_use and time.monotonic() < deadline:
            time.sleep(0.01)
        assert engine.loop.blocks.in_use == 0


@pytest.fixture(scope="module")
def problem(tmp_path_factory: Any) -> Problem:
    path = tmp_path_factory.mktemp("problem") / "twice.md"
    path.write_text(STATEMENT)
    return next(iter(load_problems(path)))


def test_text_is_what_transformer_writes(engine: NativeEngine, model: Any) -> None:
    prompt = RawPrompt(("def twice(n):\n", Special("<|file_sep|>"), "<|file_sep|> is text here"))
    ids = engine.encode(prompt)
    assert ids.count(engine.tokenizer.token_to_id("<|file_sep|>")) == 1
    made = model.generate(torch.tensor([ids]), 40, stop=0)[0, len(ids) :].tolist()
    special = {engine.tokenizer.token_to_id(name) for name in engine.facts().special_tokens or ()}
    made = made[: next((i for i, token in enumerate(made) if token in special), len(made))]
    want = engine.tokenizer.decode(made)
    done = engine.complete(prompt, GREEDY)
    assert done.text == done.code == want
    assert done.tokens in (len(made), len(made) + 1) and done.logprob < 0
    assert "".join(engine.stream_text(prompt, GREEDY)) == want
    assert done.finish_reason == ("length" if len(made) == 40 else "stop")


def test_a_special_token_ends_the_text(
    engine: NativeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that goes on to the next file after a middle."""
    asked = engine.encode(RawPrompt(("x = ",)))
    wanted = engine.encode(RawPrompt(("1", Special("<|file_sep|>"), "b.py\n")))

    def forward(segments: Any, blocks: Any, hidden: Any = None) -> Any:
        logits = np.zeros((sum(s.wanted for s in segments), TINY.vocab_size), dtype=np.float32)
        row = 0
        for segment in segments:
            first = segment.start + len(segment.tokens) - segment.wanted + 1 - len(asked)
            for i in range(segment.wanted):
                logits[row + i, wanted[min(first + i, len(wanted) - 1)]] = 30
            row += segment.wanted
        return logits

    monkeypatch.setattr(engine.loop.runner, "forward", forward)
    done = engine.complete(RawPrompt(("x = ",)), GREEDY)
    assert (done.text, done.finish_reason) == ("1", "stop")
    assert "".join(engine.stream_text(RawPrompt(("x = ",)), GREEDY)) == "1"


def test_facts(engine: NativeEngine, folder: Path) -> None:
    facts = engine.facts()
    assert facts.name == folder.name and facts.context == 256
    assert facts.special_tokens is not None and "<|fim_prefix|>" in facts.special_tokens
    assert engine.count_tokens("return 1") == len(engine.encode(RawPrompt(("return 1",))))


def test_fim_tokens_need_not_be_special(folder: Path, tmp_path: Path) -> None:
    """Those of DeepSeek-Coder and Qwen are added tokens like any other."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    data = json.loads((copy / "tokenizer.json").read_text())
    for token in data["added_tokens"]:
        token["special"] = token["special"] and "fim" not in token["content"]
    (copy / "tokenizer.json").write_text(json.dumps(data))
    with NativeEngine(copy, SMALL) as engine:
        prompt = fim.render(fim.family_of(engine.facts()), "x = ", "\n")
        assert len(engine.encode(prompt)) == len(engine.encode(RawPrompt(("x = ", "\n")))) + 3


def test_samples_differ_by_seed_and_repeat(engine: NativeEngine, problem: Problem) -> None:
    sampling = Sampling(n=3, temperature=1.0, max_tokens=20, seed=5)
    (first,) = engine.generate([Prompt(problem)], sampling)
    assert len({c.text for c in first}) == 3
    again = engine.generate([Prompt(problem), Prompt(problem)], sampling)
    texts = [c.text for c in first]
    assert [[c.text for c in made] for made in again] == [texts, texts]
    # beside others, torch's sums may round differently
    assert [c.logprob for c in again[1]] == pytest.approx([c.logprob for c in first], abs=1e-3)
    moved = engine.generate([Prompt(problem)], Sampling(1, 1.0, 20, seed=6))
    assert [c.text for c in moved[0]] == texts[1:2]
    assert all(isinstance(c, Completion) and c.tokens for c in first)


def test_more_samples_than_the_queue_holds(folder: Path, problem: Problem) -> None:
    with NativeEngine(folder, Options(slots=2, queue=2, memory=1 << 24)) as engine:
        (made,) = engine.generate([Prompt(problem)], Sampling(n=12, max_tokens=5))
        assert len(made) == 12


def test_a_queue_that_stays_full_takes_no_finished_sample_away(
    folder: Path, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NativeEngine(folder, Options(slots=1, queue=1, memory=1 << 24)) as engine:
        compute = engine.loop.runner.forward

        def slowly(*args: Any) -> Any:
            time.sleep(0.02)
            return compute(*args)

        monkeypatch.setattr(engine.loop.runner, "forward", slowly)
        (made,) = engine.generate([Prompt(problem)], Sampling(n=50, max_tokens=4, timeout_s=0.8))
        assert 0 < len(made) < 50


def test_the_question_is_what_the_network_was_trained_with(
    engine: NativeEngine, problem: Problem
) -> None:
    rendered = engine._render(Prompt(problem, feedback="twice(1) gave 3"), GREEDY)
    text = engine.tokenizer.decode(list(rendered.tokens), skip_special_tokens=False)
    assert text.startswith(f"{USER}\nReturn twice the number.\n\n```python\ndef twice(n: int)")
    assert text.endswith(f"An earlier try was wrong: twice(1) gave 3\n{ASSISTANT}")
    assert "- `twice(2)` -> `4`" in text


def test_other_networks_get_their_own_template(
    folder: Path, problem: Problem, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    tokenizer = json.loads((other / "tokenizer.json").read_text())
    names = {USER: "<|im_start|>", ASSISTANT: "<|im_end|>"}
    text = json.dumps(tokenizer)
    for name, instead in names.items():
        text = text.replace(json.dumps(name), json.dumps(instead))
    (other / "tokenizer.json").write_text(text)
    (other / "tokenizer_config.json").unlink()
    with NativeEngine(other, SMALL) as base:  # no template: a comment and a signature
        rendered = base._render(Prompt(problem), GREEDY)
        asked = base.tokenizer.decode(list(rendered.tokens))
        assert asked.endswith("# twice(0) -> 0\ndef twice(n: int) -> int:\n")
        answer = base.generate([Prompt(problem)], GREEDY)[0][0].text
        assert answer.startswith("def twice(n: int) -> int:\n")
    template = (
        "{% for m in messages %}<|im_start|>{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}"
    )
    (other / "chat_template.jinja").write_text(template)
    with NativeEngine(other, SMALL) as chat:
        rendered = chat._render(Prompt(problem, system="<|im_end|> spelled out"), GREEDY)
        ends = chat.tokenizer.token_to_id("<|im_end|>")
        assert rendered.tokens.count(ends) == 2
    (other / "chat_template.jinja").write_text("{{ raise_exception('no system role') }}")
    with NativeEngine(other, SMALL) as chat, pytest.raises(EngineError, match="no system role"):
        chat.generate([Prompt(problem)], GREEDY)


def test_a_prompt_begins_as_the_tokenizer_says(
    folder: Path, problem: Problem, tmp_path: Path
) -> None:
    """The tokens are those of the transformers engine, for raw text and by a template."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    text = (copy / "tokenizer.json").read_text()
    text = text.replace(json.dumps(USER), '"<s>"').replace(json.dumps(ASSISTANT), '"</s>"')
    (copy / "tokenizer.json").write_text(text)
    tokenizer = Tokenizer.from_file(str(copy / "tokenizer.json"))
    first = tokenizer.token_to_id("<s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", first)]
    )
    tokenizer.save(str(copy / "tokenizer.json"))
    path = copy / "tokenizer_config.json"
    config = json.loads(path.read_text())
    added = {"__type": "AddedToken", "content": "<s>", "special": True}
    config |= {"bos_token": added, "eos_token": "</s>", "additional_special_tokens": []}
    config["chat_template"] = (
        "{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"
    )
    path.write_text(json.dumps(config))
    raw = RawPrompt(("x = ", Special("<|fim_suffix|>"), "y"))
    peer: Any = open_engine(f"transformers:{copy}")
    with NativeEngine(copy, SMALL) as engine:
        assert list(engine.encode(raw)) == [first, *engine.encode(raw)[1:]] == peer._raw_ids(raw)
        assert engine.count_tokens("y") == peer.count_tokens("y") == 1
        asked = list(engine._render(Prompt(problem), GREEDY).tokens)
        assert asked == peer._chat_ids(Prompt(problem), GREEDY)[0] and asked.count(first) == 1

    config["chat_template"] = None
    path.write_text(json.dumps(config))
    with NativeEngine(copy, SMALL) as engine:
        assert engine._render(Prompt(problem), GREEDY).tokens[0] == first


def test_templates_that_refuse_or_fail(folder: Path, problem: Problem, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    text = (other / "tokenizer.json").read_text()
    (other / "tokenizer.json").write_text(text.replace(json.dumps(USER), '"<|im_start|>"'))
    template = other / "chat_template.jinja"
    template.write_text(
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}"
        "{% endif %}<|im_start|>{{ m.role }}: {{ m.content }}{% endfor %}"
    )
    with NativeEngine(other, SMALL) as chat:  # the instruction goes into the user's turn
        asked = chat.tokenizer.decode(list(chat._render(Prompt(problem), GREEDY).tokens))
        assert asked.startswith("user: You solve") and "Return twice the number." in asked
    for broken in ("{{ 1 / 0 }}", "{{ messages + 1 }}", "{% if %}"):
        template.write_text(broken)
        with NativeEngine(other, SMALL) as chat, pytest.raises(EngineError, match="template"):
            chat.generate([Prompt(problem)], GREEDY)


def test_threads_do_not_change_each_others_tokens(
    folder: Path, problem: Problem, tmp_path: Path
) -> None:
    """A template's special tokens are tokens, those that code spells are text."""
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    text = (other / "tokenizer.json").read_text()
    (other / "tokenizer.json").write_text(text.replace(json.dumps(USER), '"<|im_start|>"'))
    (other / "chat_template.jinja").write_text("<|im_start|>" * 50)
    code = RawPrompt(("<|im_start|>",) * 50)
    with NativeEngine(other, SMALL) as chat:
        spelled = len(chat.encode(code))
        odd: list[object] = []

        def encode() -> None:
            try:
                odd.extend(n for _ in range(150) if (n := len(chat.encode(code))) != spelled)
            except Exception as error:
                odd.append(error)

        def fill() -> None:
            try:
                tokens = (chat._render(Prompt(problem), GREEDY).tokens for _ in range(150))
                odd.extend(len(t) for t in tokens if len(t) != 50)
            except Exception as error:
                odd.append(error)

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            threads = [threading.Thread(target=work) for work in (encode, fill) * 2]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        assert not odd


def test_cancel_and_deadline(engine: NativeEngine, problem: Problem) -> None:
    cancel = Cancel()
    threading.Timer(0.05, cancel.cancel).start()
    with pytest.raises(Cancelled):
        while True:
            engine.generate([Prompt(problem)], Sampling(n=8, max_tokens=200), cancel=cancel)
    with pytest.raises(EngineError, match="no answer within"):
        engine.complete(RawPrompt(("x",)), Sampling(max_tokens=200, timeout_s=1e-6))
    with pytest.raises(EngineError, match="no answer within"):
        engine.generate([Prompt(problem)], Sampling(n=2, max_tokens=200, timeout_s=1e-6))


def test_what_ended_before_the_deadline_is_kept(
    engine: NativeEngine, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of two prompts never ends, the second at once."""
    long, short = Prompt(problem), Prompt(problem, feedback="twice(1) gave 3")
    sampling = Sampling(max_tokens=200, timeout_s=0.5)
    at_once = len(engine._render(short, sampling).tokens)
    compute, end = engine.loop.runner.forward, sorted(engine.loop.end)
    special = [engine.tokenizer.token_to_id(name) for name in engine.facts().special_tokens or ()]

    def forward(segments: Any, *rest: Any) -> Any:
        time.sleep(0.02)
        logits, row = compute(segments, *rest), 0
        for segment in segments:
            ends = len(segment.sequence.request.tokens) == at_once
            logits[row : row + segment.wanted, special] = -1e6
            logits[row : row + segment.wanted, end] = 1e6 if ends else -1e6
            row += segment.wanted
        return logits

    monkeypatch.setattr(engine.loop.runner, "forward", forward)
    made = engine.generate([long, short], sampling)
    assert [len(found) for found in made] == [0, 1]


def test_a_reader_that_goes_away_frees_its_blocks(engine: NativeEngine) -> None:
    stream = engine.stream_text(RawPrompt(("x = ",)), Sampling(max_tokens=200))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    while engine.loop.blocks.in_use and time.monotonic() < deadline:
        time.sleep(0.01)
    assert engine.loop.blocks.in_use == 0


def test_a_long_statement_is_refused_with_its_length(
    engine: NativeEngine, problem: Problem
) -> None:
    with pytest.raises(PromptTooLong, match="shorten it"):
        engine.complete(RawPrompt(("word " * 2000,)), GREEDY)
    with pytest.raises(EngineError, match="no token"):
        engine.complete(RawPrompt((Special("<|nope|>"),)), GREEDY)


def test_what_is_wrong_with_a_folder_is_said(folder: Path, tmp_path: Path) -> None:
    def broken(name: str, change: Any) -> str:
        copy = tmp_path / name
        shutil.copytree(folder, copy)
        change(copy)
        with pytest.raises(EngineError) as caught:
            open_engine(f"native:{copy}")
        return str(caught.value)

    with pytest.raises(EngineError, match="is no folder"):
        open_engine(f"native:{tmp_path / 'nowhere'}")
    assert "tokenizer.json" in broken("a", lambda c: (c / "tokenizer.json").unlink())
    assert "no tokenizer" in broken("b", lambda c: (c / "tokenizer.json").write_text("{}"))
    assert "config.json" in broken("c", lambda c: (c / "config.json").unlink())
    assert "model.safetensors" in broken("d", lambda c: (c / "model.safetensors").unlink())
    assert "safetensors" in broken(
        "e", lambda c: (c / "model.safetensors").write_bytes(b"\0" * 100)
    )

    def half(copy: Path) -> None:
        weights = copy / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-5000])

    assert "model.safetensors" in broken("f", half)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlogn.engine.native.opening.available_bytes", lambda: 300_000)
        with pytest.raises(OutOfMemory, match="are free"):
            NativeEngine(folder)
    with pytest.raises(EngineError, match="context is 256"):
        NativeEngine(folder, Options(context=512))
    with pytest.raises(ValueError, match="slots"):
        Options(slots=0)


@pytest.mark.parametrize(
    ("name", "spoiled", "said"),
    [
        ("time_and_memory.safetensors", b"\0" * 100, "time_and_memory"),
        ("chat_template.jinja", b"\xff\xfe", "chat template"),
        ("config.json", b"\xff\xfe", "config.json"),
        ("config.json", b"[]", "config.json"),
    ],
)
def test_a_spoiled_file_is_named_and_nothing_is_left_running(
    folder: Path, tmp_path: Path, name: str, spoiled: bytes, said: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / name).write_bytes(spoiled)
    before = threading.active_count()
    with pytest.raises(EngineError, match=said):
        NativeEngine(copy, SMALL)
    assert threading.active_count() == before


@pytest.mark.parametrize("written", ["[1]", "{", '{"eos_token_id": [0, 99999, "x"]}'])
def test_end_tokens_that_there_are_not_are_left_out(
    folder: Path, tmp_path: Path, written: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "generation_config.json").write_text(written)
    with NativeEngine(copy, SMALL) as engine:
        assert engine.loop.end == {0}
        request = Request((5, 6), 20, steer=(engine.json_output(),))
        assert list(engine.submit(request))


@pytest.mark.parametrize(
    ("written", "usual"),
    [('{"temperature": 0.2}', 0.2), ('{"temperature": 0}', 0), ("{}", 0.8),
     ('{"temperature": "hot"}', 0.8), ('{"temperature": 9}', 0.8), ("no JSON", 0.8)],
)  # fmt: skip
def test_the_temperature_is_what_the_checkpoint_recommends(
    folder: Path, tmp_path: Path, written: str, usual: float
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "generation_config.json").write_text(written)
    with NativeEngine(copy, SMALL) as engine:
        assert usual_temperature(engine) == usual


@pytest.mark.slow
def test_the_cache_of_compiled_kernels(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled once; made anew when broken; not kept where others may write; no compiler, none."""
    from nlogn.engine.native.kernels import NoKernels, kernels

    fresh = kernels.__wrapped__
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    try:
        fresh()
    except NoKernels as error:
        pytest.skip(str(error))
    (made,) = (tmp_path / "nlogn").iterdir()
    before = made.stat().st_mtime_ns
    fresh()
    assert made.stat().st_mtime_ns == before
    broken = tmp_path / "again" / "nlogn"
    broken.mkdir(parents=True, mode=0o700)
    (broken / made.name).write_bytes(b"cut off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "again"))
    fresh()
    assert (broken / made.name).stat().st_size > 10_000
    shared = tmp_path / "shared" / "nlogn"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    fresh()
    assert not list(shared.iterdir())
    monkeypatch.setenv("CXX", "/bin/false")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none"))
    with pytest.raises(NoKernels, match="/bin/false"):
        fresh()
