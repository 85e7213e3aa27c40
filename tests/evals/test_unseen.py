from collections.abc import Iterator, Sequence

import pytest

from nlogn.corpus.bank_documents import held_out, held_out_phrasing
from nlogn.engine.protocol import Cancel, Completion, Prompt, Sampling
from nlogn.evals.unseen import Passed, on_the_same, passed, recall_without, reworded
from nlogn.problems import bank
from nlogn.sandbox import Sandbox


class Knows:
    """Answers every other try with the reference, the rest with nonsense; sees no solutions."""

    name = "knows"

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, cancel: Cancel | None = None
    ) -> list[list[Completion]]:
        out = []
        for prompt in prompts:
            assert not prompt.problem.solutions and not prompt.problem.phrasings
            known = next(p for p in bank() if p.name == prompt.problem.name)
            assert known.reference is not None
            codes = [known.reference.code if i % 2 else "def nothing(): pass"
                     for i in range(sampling.n)]  # fmt: skip
            out.append([Completion(code, code) for code in codes])
        return out

    def stream(
        self, prompt: Prompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        yield ""


def test_problems_are_asked_by_the_phrasing_that_training_never_shows() -> None:
    asked = reworded(bank(), 20, seed=0)
    by_name = {p.name: p for p in bank()}
    assert len(asked) == 20
    for problem in asked:
        assert not held_out(problem.name)
        assert problem.statement == held_out_phrasing(by_name[problem.name])
    assert all(held_out(p.name) for p in reworded(bank(), 20, seed=0, unseen=True))
    known = {p.name: p for p in recall_without(bank(), asked).problems}
    assert all(p.statement not in known[p.name].phrasings for p in asked)


def test_programs_are_judged_and_counted() -> None:
    with Sandbox(workers=1) as sandbox:
        found = passed(Knows(), reworded(bank(), 2, seed=0), sandbox, samples=4)
    assert list(found.accepted.values()) == [2, 2] and found.failed == 0
    assert found.at(1) == pytest.approx(0.5) and found.at(4) == 1


def test_pass_at_k_is_the_unbiased_estimate() -> None:
    found = Passed({"a": 0, "b": 8, "c": 2}, 8, 0)
    assert found.at(1) == pytest.approx((0 + 1 + 2 / 8) / 3)
    assert found.at(8) == pytest.approx(2 / 3)
    assert found.at(3) == pytest.approx((0 + 1 + 1 - 20 / 56) / 3)


def test_engines_are_compared_on_what_was_judged_for_all() -> None:
    first, second = on_the_same(Passed({"a": 8, "b": 0}, 8, 1), Passed({"b": 8, "c": 0}, 8, 1))
    assert first == Passed({"b": 0}, 8, 2) and second == Passed({"b": 8}, 8, 2)
