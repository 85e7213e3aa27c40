"""The passes compute what `Transformer` computes, and what transformers does with the folder."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from conftest import SHAPES, TINY, lively, needs_kernels
from nlogn.engine.native.blocks import BLOCK, Blocks
from nlogn.engine.native.kernel_runner import KernelRunner, shared_out
from nlogn.engine.native.kernels import NoKernels
from nlogn.engine.native.opening import Options, open_folder
from nlogn.engine.native.runner import Runner, TorchRunner
from nlogn.engine.native.scheduler import Segment
from nlogn.engine.native.sequence import Request
from nlogn.engine.native.text import token_bytes
from nlogn.engine.native.weights import fuse
from nlogn.engine.protocol import EngineError
from nlogn.model.config import Linear, Positions, replace

RUNNERS = {"torch": TorchRunner, "kernels": KernelRunner}
CUTS = {"whole": [120], "token by token": [40, *[1] * 80], "pieces": [7, 1, 33, 1, 1, 15, 3, 59]}


class Rows:
    """Sequences by hand: each in a row of the table, computed piece by piece."""

    def __init__(self, runner: Runner, windows: tuple[int, ...], rows: int):
        self.runner = runner
        self.blocks = Blocks(windows, [64] * len(windows), rows, 16)
        self.held = [self.blocks.holding() for _ in range(rows)]
        self.at = [0] * rows

    def compute(self, *pieces: tuple[int, list[int]]) -> Any:
        """Logits of all tokens of the pieces (row, tokens), computed in one pass."""
        segments = []
        for row, tokens in pieces:
            self.blocks.grow(self.held[row], row, self.at[row] + len(tokens))
            where: Any = SimpleNamespace(row=row)
            segments.append(Segment(where, self.at[row], tokens, len(tokens)))
            self.at[row] += len(tokens)
        logits = self.runner.forward(segments, self.blocks)
        for row, _ in pieces:
            self.blocks.slide(self.held[row], self.at[row])
        return logits


def rows(name: str, model: Any, count: int = 4) -> Rows:
    if name == "kernels":
        needs_kernels()
    weights = fuse(model)
    return Rows(RUNNERS[name](weights, [64] * len(weights.windows)), weights.windows, count)


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_logits_are_those_of_the_network(shape: str, runner: str) -> None:
    model = lively(SHAPES[shape])
    tokens = torch.randint(0, 400, (1, 120), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        want = model(tokens).logits[0].numpy()
    for cuts in CUTS.values():
        sequence, at = rows(runner, model), 0
        for n in cuts:
            got = sequence.compute((2, tokens[0, at : at + n].tolist()))
            np.testing.assert_allclose(got, want[at : at + n], atol=1e-4, rtol=1e-4)
            at += n


@pytest.mark.parametrize("shape", SHAPES)
def test_the_compiled_pass_is_the_same_to_the_bit_however_it_is_cut(shape: str) -> None:
    """Alone, in pieces, and beside others: what drafts, prefixes and preemption rely on."""
    model = lively(SHAPES[shape])
    generator = torch.Generator().manual_seed(2)
    texts = torch.randint(0, 400, (4, 120), generator=generator).tolist()
    alone = []
    for text in texts:
        alone.append(rows("kernels", model).compute((0, text)))
    for cuts in ([1] * 120, [50, 3, 8, 59]):
        together, at = rows("kernels", model), 0
        for n in cuts:
            got = together.compute(*((r, texts[r][at : at + n]) for r in range(4)))
            for r in range(4):
                assert (got[r * n : (r + 1) * n] == alone[r][at : at + n]).all()
            at += n


def test_threads_change_no_bit_and_share_the_tokens() -> None:
    needs_kernels()
    model, generator = lively(TINY), torch.Generator().manual_seed(7)
    texts = torch.randint(0, 400, (4, 60), generator=generator).tolist()
    out = []
    for threads in (1, 2, 4):
        sequences = rows("kernels", model)
        sequences.runner.threads = threads
        made = [sequences.compute(*enumerate(texts))]
        made += [sequences.compute(*((r, [5, 6]) for r in range(4))) for _ in range(5)]
        out.append(made)
    for other in out[1:]:
        assert all((a == b).all() for a, b in zip(out[0], other, strict=True))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20), st.integers(1, 6))
def test_segments_are_shared_out_whole_and_in_order(lengths: list[int], parts: int) -> None:
    segments: Any = [SimpleNamespace(tokens=[0] * n, number=i) for i, n in enumerate(lengths)]
    made = shared_out(segments, parts)
    assert [s for part in made for s in part] == segments
    assert 1 <= len(made) <= parts and all(made)
    if len(made) > 1:
        sizes = [sum(len(s.tokens) for s in part) for part in made]
        assert max(sizes) <= sum(lengths) / len(made) + max(lengths)


def test_int8_weights_are_close() -> None:
    needs_kernels()
    model = lively(SHAPES["dense"])
    tokens = torch.randint(0, 400, (1, 100), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        want = model(tokens).logits[0].numpy()
    weights = fuse(model)
    got = Rows(KernelRunner(weights, [64], int8=True), weights.windows, 1).compute(
        (0, tokens[0].tolist())
    )
    error = np.abs(got - want).max(1) / np.abs(want).max(1)
    assert error.mean() < 0.03 and error.max() > 0  # rounded indeed


def test_greedy_text_is_that_of_transformer_and_of_transformers(
    folder: Any, model: Any, tokenizer: Any
) -> None:
    transformers = pytest.importorskip("transformers", reason="compares with transformers")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    assert type(theirs).__name__ == "ExaoneMoeForCausalLM"
    tokens = tuple(tokenizer.encode("def heapify(x):\n    n = len(x)\n").ids)
    prompt = torch.tensor([tokens])
    with torch.inference_mode():
        want = model.generate(prompt, 80)[0, len(tokens) :].tolist()
        same = theirs.generate(prompt, max_new_tokens=80, min_new_tokens=80, do_sample=False)
        logits = theirs(torch.tensor([[*tokens, *want]])).logits[0].numpy()
    loop = open_folder(folder, token_bytes(tokenizer), Options(slots=2, memory=1 << 26))
    stream = loop.submit(Request(tokens, 80, ignore_end=True, logprobs=0))
    got = [token for chunk in stream for token in chunk.tokens]
    loop.close()
    assert [t.token for t in got] == want == same[0, len(tokens) :].tolist()
    scores = torch.tensor(logits[len(tokens) - 1 : -1]).log_softmax(-1)
    expected = scores[range(80), want].tolist()
    np.testing.assert_allclose([t.logprob for t in got], expected, atol=1e-4)


def test_without_a_compiler_torch_computes(
    monkeypatch: pytest.MonkeyPatch, opened: Any, model: Any
) -> None:
    def none() -> None:
        raise NoKernels("no compiler")

    monkeypatch.setattr("nlogn.engine.native.kernels.kernels", none)
    loop = opened()
    assert loop.runner.name == "torch"
    tokens = (5, 6, 7, 8)
    made = [t.token for c in loop.submit(Request(tokens, 40, ignore_end=True)) for t in c.tokens]
    assert made == model.generate(torch.tensor([tokens]), 40)[0, 4:].tolist()
    with pytest.raises(EngineError, match="int8"):
        opened(int8=True)


@pytest.mark.gpu
def test_cuda_computes_the_same() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model = lively(TINY)
    tokens = torch.randint(0, 400, (1, 120), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        want = model(tokens).logits[0].numpy()
    weights = fuse(model.cuda())
    got = Rows(TorchRunner(weights, [64, 64]), weights.windows, 1).compute((0, tokens[0].tolist()))
    np.testing.assert_allclose(got, want, atol=2e-3, rtol=1e-2)


def test_networks_that_it_does_not_run_are_refused_by_name() -> None:
    linear = replace(TINY, pattern=("linear", "full"), linear=Linear(2, 4, 8, 8))
    with pytest.raises(EngineError, match="linear attention"):
        fuse(lively(linear))
    for positions in (Positions(rotary=False, relative_bias=True),
                      Positions(scaling="dynamic", factor=2, original=16)):  # fmt: skip
        with pytest.raises(EngineError, match="positions"):
            fuse(lively(replace(SHAPES["dense"], positions=positions)))


def test_the_memory_of_a_long_text_is_the_windows_and_the_full_layers() -> None:
    """At 8K tokens of the shipped pattern: at most 35 % of full attention everywhere."""
    from nlogn.engine.native.blocks import blocks_for
    from nlogn.model.config import preset

    config = preset("nano", context=8192)
    sliding = config.kinds.count("sliding")
    full = config.layers - sliding
    needed = full * blocks_for(8192, 0, 256) + sliding * blocks_for(8192, config.window, 256)
    assert needed <= 0.35 * config.layers * 8192 / BLOCK
