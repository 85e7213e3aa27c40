import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
pytest.importorskip("tokenizers", reason="needs tokenizers (extra `model`)")
sys.path[:0] = [str(Path(__file__).parents[1] / room) for room in ("train", "model")]

from small_corpus import small_corpus  # noqa: E402
from variants import HYBRID  # noqa: E402

from nlogn.corpus.annotated import Labelled  # noqa: E402
from nlogn.corpus.bank_documents import held_out  # noqa: E402
from nlogn.corpus.tokenizer import load_tokenizer  # noqa: E402
from nlogn.evals import heads as measured  # noqa: E402
from nlogn.model.heads import Heads, HeadsConfig, Readings  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402
from nlogn.problems import bank  # noqa: E402

NAMES = ("O(n)", "O(n log n)", "O(n^2)")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return load_tokenizer(small_corpus(tmp_path_factory.mktemp("corpus")) / "tokenizer")


def model(context=256):
    return Transformer(replace(HYBRID, vocab_size=512, context=context), seed=1).eval()


def program(code, leak=(), name="p", time="O(n)"):
    return Labelled(name, "web", "right", "s", code, time, "O(1)", leak)


def test_a_head_that_says_one_class_is_right_as_often_as_it_is_declared(tokenizer):
    heads = Heads(HeadsConfig(32, NAMES, NAMES, width=8))
    with torch.no_grad():
        heads.time.weight.zero_()
        heads.time.bias.copy_(torch.tensor([9.0, 0, 0]))
    programs = measured.declared(bank())
    found = measured.classified(measured.read_programs(model(64), heads, tokenizer, programs))
    classes = [s.time for p in bank() if held_out(p.name)
               for s in p.solutions if s.language == "python" and s.time != "unknown"]  # fmt: skip
    assert found.count == len(classes) > 20
    assert found.accuracy == pytest.approx(classes.count("O(n)") / len(classes))
    assert found.majority == max(map(classes.count, classes)) / len(classes)
    assert found.interval[0] < found.accuracy < found.interval[1]
    assert found.problems == sum(held_out(p.name) for p in bank())


def test_the_path_cost_alone_says_what_such_programs_mostly_were():
    """One loop was mostly called O(n log n) where it learnt; what it never saw is the commonest."""
    once, twice = (f"def f(xs: list[int]):\n    return sum(xs){more}\n" for more in ("", " + 1"))
    square = "def f(xs: list[int]):\n    for x in xs:\n        for y in xs:\n            print(1)\n"
    learn = [program(once, time=t) for t in ("O(n)", "O(n log n)", "O(n log n)")]
    learn += [program("def f(x: int):\n    return 1\n", time="O(1)") for _ in range(9)]
    asked = [program(twice, time="O(n log n)"), program(square, name="q", time="O(n^2)")]
    read = [measured.Read(one, "", "", ()) for one in asked]
    found = measured.by_path_cost(read, learn)
    assert (found.accuracy, found.count) == (0.5, 2)
    asked[1] = replace(asked[1], time="O(1)")
    read = [measured.Read(one, "", "", ()) for one in asked]
    assert measured.by_path_cost(read, learn).accuracy == 1


class Oracle(torch.nn.Module):
    """Knows the tokens of one word: leaks exactly there."""

    config = HeadsConfig(32, NAMES, NAMES)

    def __init__(self, network, tokenizer, word):
        super().__init__()
        (self.token,) = tokenizer.encode(word).ids
        network.register_forward_pre_hook(lambda module, args: setattr(self, "seen", args[0]))

    def forward(self, hidden, spent):
        leak = torch.where(self.seen[0] == self.token, 5.0, -5.0)
        return Readings(torch.zeros(len(hidden), 3), torch.zeros(len(hidden), 3), leak)


def test_leaking_lines_are_found_by_their_own_tokens(tokenizer):
    network = model()
    oracle = Oracle(network, tokenizer, "X")
    leaky = (
        "\n\ndef f(a):\n    # a long line that says nothing of all this\n    X = 1\n    return a\n"
    )
    programs = [
        program(leaky, (-1, -1, 0, 0, 1, 0), name=f"p{i}", time="O(n^2)") for i in range(3)
    ] + [program("def g(a):\n    return a\n", (0, 0), name=f"q{i}") for i in range(3)]
    read = measured.read_programs(network, oracle, tokenizer, programs)
    assert [round(s) for s in read[0].leak] == [0, 0, 0, 0, 1, 0, 0]
    found = measured.leak_lines(read)
    assert found.auroc == 1 and found.by_program == 1 and found.by_length < 0.5
    assert (found.lines, found.leaking, found.programs) == (18, 3, 6)
    assert found.interval == (1, 1)
    flat = [replace(one, leak=(0.3,) * len(one.leak)) for one in read]
    assert measured.leak_lines(flat).auroc == 0.5
    assert measured.classified(read).accuracy == 0.5  # all are called O(n)
    with pytest.raises(ValueError, match="AUROC needs"):
        measured.leak_lines(read[3:])
    assert measured.auroc([0.9, 0.8, 0.1, 0.8], [True, True, False, False]) == pytest.approx(0.875)


def test_what_lies_beyond_the_context_is_no_leak(tokenizer):
    network = model(32)
    oracle = Oracle(network, tokenizer, "X")
    (read,) = measured.read_programs(network, oracle, tokenizer, [program("a = 1\n" * 30 + "X\n")])
    assert len(read.leak) == 32 and max(read.leak) < 0.1


def test_only_held_out_problems_are_measured_on():
    kept = next(p.name for p in bank() if held_out(p.name))
    taught = next(p.name for p in bank() if not held_out(p.name))
    programs = [
        program(f"x = {i}\n", (int(i < 3),), name) for i in range(9) for name in (kept, taught)
    ]
    found = measured.few(programs, 2, seed=0)
    assert {p.problem for p in found} == {kept} and sorted(p.leaks for p in found) == [0, 0, 1, 1]
