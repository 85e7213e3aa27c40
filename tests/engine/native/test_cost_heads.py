"""The time and memory heads in the loop: the states that they read, and what they weigh."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nlogn.complexity.bigo import parse
from nlogn.engine.native.budget import REFUSED, BudgetGuide
from nlogn.engine.native.cost_heads import CostHeads, GrowthReader, open_heads
from nlogn.engine.native.engine import NativeEngine
from nlogn.engine.native.opening import Options
from nlogn.engine.native.sequence import Request
from nlogn.engine.protocol import EngineError, Prompt, Sampling
from nlogn.model.checkpoint import load
from nlogn.model.growth_head import GrowthHead, save_growth_head
from nlogn.model.heads import Heads, HeadsConfig, save_heads
from nlogn.problems import Parameter, Problem, Signature

CLASSES = ("O(1)", "O(n)", "O(n+m)", "O(n log n)", "O(n^2)", "O(2^n)")
BYTES = [bytes([i]) for i in range(256)]
LOOP = "def f(xs):\n    for x in xs:\n        "


def made(width: int = 32, **biases: list[float]) -> Heads:
    torch.manual_seed(1)
    heads = Heads(HeadsConfig(width, CLASSES, CLASSES, 16))
    with torch.no_grad():
        for name, bias in biases.items():
            getattr(heads, name).bias.copy_(torch.tensor(bias))
        heads.time_spent.normal_()
        heads.memory_spent.normal_()
    return heads


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("lookup", [True, False])
def test_what_is_heard_is_the_last_hidden_state(
    opened: Any, model: Any, kernels: bool, lookup: bool
) -> None:
    loop = opened(kernels=kernels, chunk=16)
    heard: list[Any] = []
    request = Request((5, 6, 7) * 12, 30, lookup=lookup, listeners=(lambda h: heard.append(h),))
    plain = [t.token for c in loop.submit(Request((5, 6, 7) * 12, 30)) for t in c.tokens]
    other = loop.submit(Request((9, 8) * 20, 30, seed=3, temperature=1.0))
    tokens = [t.token for c in loop.submit(request) for t in c.tokens]
    list(other)
    assert tokens == plain and len(heard) == len(tokens)
    with torch.no_grad():
        hidden = model(torch.tensor([[*request.tokens, *tokens]])).hidden[0]
    expected = hidden[len(request.tokens) - 1 : -1].numpy()
    np.testing.assert_allclose(np.stack(heard), expected, atol=1e-4)


@pytest.mark.parametrize("spent", [("O(n)", "O(1)"), ("unknown", "O(n log n)"), ("O(n!)", "O(n)")])
@pytest.mark.parametrize("budget", ["O(1)", "O(n)", "O(n log n)", "O(n!)"])
def test_the_probability_is_that_of_the_heads(budget: str, spent: tuple[str, str]) -> None:
    heads = made()
    hidden = torch.randn(32, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        numbers = [CLASSES.index(name) if name in CLASSES else -1 for name in spent]
        read = heads(hidden, torch.tensor(numbers))
    cost = CostHeads(heads)
    over = {"O(1)": slice(1, 6), "O(n)": slice(3, 6), "O(n log n)": slice(4, 6),
            "O(n!)": slice(6, 6)}[budget]  # fmt: skip
    for found, logits in ((cost.time, read.time), (cost.memory, read.memory)):
        expected = float(logits.softmax(-1)[over].sum())
        assert found(hidden.numpy(), parse(budget), spent) == pytest.approx(expected, abs=1e-5)


def test_what_the_network_expects_weighs_a_loop_about_to_be_opened() -> None:
    calm, worried = ([20.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 20.0, 0])
    nats = {}
    for name, bias in (("calm", calm), ("worried", worried)):
        guide = BudgetGuide([*BYTES, b"for", b"while", b":"], "O(n)",
                            heads=CostHeads(made(time=bias)))  # fmt: skip
        before = guide(list(LOOP.encode()), 0, 256)
        guide.listen(np.zeros(32, dtype=np.float32))
        after = [guide(list(LOOP.encode()), 0, token) for token in (256, 257)]
        assert before is not None and None not in after
        nats[name] = [found.nats for found in after if found is not None]
        certain = guide(list(LOOP.encode() + b"for y in xs"), 0, 258)
        assert certain is not None and certain.nats == REFUSED  # whatever the network expects
    assert max(nats["calm"]) < 0.01 < 6 < min(nats["worried"])


def requests(folder: Path) -> list[Request]:
    """What the engine asks its loop for, given a problem with a budget."""
    signature = Signature("f", (Parameter("xs", "list[int]"),), "int")
    prompt = Prompt(Problem(name="f", statement="Sum.", signature=signature), time_budget="O(n)")
    with NativeEngine(folder, Options(slots=2)) as engine:
        submit, seen = engine.loop.submit, list[Request]()
        engine.loop.submit = lambda r: seen.append(r) or submit(r)  # type: ignore[method-assign]
        engine.generate([prompt], Sampling(max_tokens=20))
    return seen


def test_a_checkpoint_with_heads_listens(folder: Path, tmp_path: Path) -> None:
    assert open_heads(folder) is None
    copy = tmp_path / "with heads"
    shutil.copytree(folder, copy)
    save_heads(made(), copy)
    assert [len(r.listeners) for r in requests(copy)] == [1]


def test_heads_of_unknown_classes_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "odd heads"
    shutil.copytree(folder, copy)
    save_heads(Heads(HeadsConfig(32, ("cheap", "dear"), ("cheap", "dear"), 16)), copy)
    before = threading.active_count()
    with pytest.raises(EngineError, match="not a class"):
        NativeEngine(copy, Options(slots=2))
    assert threading.active_count() == before  # no engine is left running


def growing(classes: tuple[str, ...], dear: int) -> GrowthHead:
    """A head that fears class number `dear` once it has read a `q`."""
    count = len(classes)
    paths = np.zeros((2, 7, 1, count), dtype=np.float32)
    paths[:, :, :, dear] = 30.0
    letters = np.zeros((256, 1), dtype=np.float32)
    letters[ord("q")] = 1.0
    bias = np.zeros((2, count), dtype=np.float32)
    bias[:, 0] = 15.0
    return GrowthHead(classes, bias, np.zeros((2, 2, count + 1, count), np.float32), paths, letters)


def test_lines_tell_the_growth_head_what_to_expect() -> None:
    head = growing(CLASSES, CLASSES.index("O(n^2)"))
    nats = {}
    for line in ("    x = 1\n", "    q = 1\n"):
        guide = BudgetGuide(
            [*BYTES, b"for"], "O(n)", growth=GrowthReader(head, lambda text: [*text.encode()])
        )
        begun = [*LOOP.replace("    for", f"{line}    for").encode()]
        found = guide(begun, 0, 256)
        assert found is not None
        nats[line] = found.nats
    calm, worried = nats.values()
    assert calm < 0.01 < 6 < worried


def test_a_checkpoint_with_a_growth_head_reads_lines(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "growing"
    shutil.copytree(folder, copy)
    save_heads(made(), copy)
    network = load(copy)
    head = growing(CLASSES, 4)
    size = network.config.hidden_size
    paths = np.zeros((2, 7, size, len(CLASSES)), dtype=np.float32)
    save_growth_head(replace(head, paths=paths), copy)
    assert [(len(r.listeners), len(r.guides)) for r in requests(copy)] == [(0, 2)]
    save_growth_head(replace(head, names=("cheap", *CLASSES[1:]), paths=paths), copy)
    with pytest.raises(EngineError, match="heads of"):
        NativeEngine(copy, Options(slots=2))
