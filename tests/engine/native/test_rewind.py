"""Going back: what a network that is sure of a slow program writes instead."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlogn.engine.native.budget import REFUSED
from nlogn.engine.native.engine import NativeEngine
from nlogn.engine.native.rewind import fork, likelihood, overrun, strayed
from nlogn.engine.native.sequence import Objection, Token, Turned
from nlogn.engine.protocol import Cancel, Cancelled, Prompt, Sampling
from nlogn.problems import Parameter, Problem, Signature

sys.path.insert(0, str(Path(__file__).parents[3]))
from benchmarks.guided import recite, small_engine

SIGNATURE = Signature("twice", (Parameter("xs", "list[int]"),), "bool")
TWICE = Problem(name="twice", statement="Does a number come twice?", signature=SIGNATURE)
SLOW = """def twice(xs):
    for i in range(len(xs)):
        for j in range(i):
            if xs[i] == xs[j]:
                return True
    return False
"""
FAST = "def twice(xs):\n    return len(set(xs)) < len(xs)\n"
ANSWERS = [f"```python\n{code}```" for code in (SLOW, FAST)]
SAMPLING = Sampling(n=8, temperature=1.0, max_tokens=200, seed=5)


@pytest.fixture
def engine(tokenizer: Any, tmp_path: Path) -> Iterator[NativeEngine]:
    with small_engine(tokenizer, tmp_path) as opened:
        yield opened
    assert opened.loop.load.blocks_in_use == 0


def codes(engine: NativeEngine, budget: str, *answers: str) -> list[str]:
    prompt = Prompt(TWICE, time_budget=budget)
    recite(engine, prompt, answers)
    return [c.code for c in engine.generate([prompt], SAMPLING)[0]]


def test_a_slow_program_is_left_for_a_fast_one(engine: NativeEngine) -> None:
    assert set(codes(engine, "", *ANSWERS)) == {SLOW, FAST}
    assert set(codes(engine, "O(n^2)", *ANSWERS)) == {SLOW, FAST}
    assert set(codes(engine, "O(n)", *ANSWERS)) == {FAST}


def test_what_was_left_is_told(engine: NativeEngine) -> None:
    prompt = Prompt(TWICE, time_budget="O(n)")
    recite(engine, prompt, ANSWERS)
    (found,) = engine.generate([prompt], SAMPLING)
    told = [c.steered for c in found if c.steered]
    assert told and all(len(s) == 1 for s in told)
    assert {s[0].line for s in told} == {2}
    assert all(s[0].reason == "O(n^2) is over O(n) further on" for s in told)
    assert all(c.tokens and c.logprob is not None and c.finish_reason == "stop" for c in found)


def test_where_there_is_no_other_way_the_slow_one_stays(engine: NativeEngine) -> None:
    assert set(codes(engine, "O(n)", ANSWERS[0])) == {SLOW}


def test_a_character_may_lie_on_both_sides_of_the_place(engine: NativeEngine) -> None:
    """The two answers part at the second byte of three."""
    slow, fast = f"# \u2013\n{SLOW}", f"# \u2211\n{FAST}"
    assert set(codes(engine, "O(n)", *(f"```python\n{c}```" for c in (slow, fast)))) == {fast}


def test_a_cancel_ends_it(engine: NativeEngine) -> None:
    prompt, cancel = Prompt(TWICE, time_budget="O(n)"), Cancel()
    recite(engine, prompt, ANSWERS)
    forward = engine.loop.runner.forward

    def counted(*args: Any) -> Any:
        if engine.loop.load.steps > 40:
            cancel.cancel()
        return forward(*args)

    engine.loop.runner.forward = counted  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        engine.generate([prompt], SAMPLING, cancel=cancel)


def test_what_counts_as_over() -> None:
    fine = Token(1, -0.1, objected=Objection(REFUSED - 1, "dear"))
    over = Token(2, -0.1, objected=Objection(REFUSED, "too dear"))
    lost = Token(3, math.log(0.001), turned=Turned(9, "too dear"))
    turned = Token(4, math.log(0.2), turned=Turned(9, "too dear"))
    assert overrun([fine, turned, fine], REFUSED) is None
    assert overrun([fine, over, lost], REFUSED) == (1, "too dear")
    assert overrun([fine, lost], REFUSED) == (1, "too dear")


def test_what_steering_touched_is_found_and_weighed() -> None:
    fine = Token(1, -0.5)
    over = Token(2, -0.25, objected=Objection(REFUSED, "too dear"))
    turned = Token(4, -2.0, turned=Turned(9, "dear"))
    assert strayed([fine, fine], REFUSED) is None
    assert strayed([fine, turned, over], REFUSED) == (1, "dear")
    assert strayed([over, turned], REFUSED) == (0, "too dear")
    assert likelihood([fine, over, turned]) == -2.75


def test_a_fork_is_drawn_by_how_likely_the_other_way_is() -> None:
    likely, rare, hardly = math.log(0.3), math.log(0.1), math.log(0.001)
    tokens = [Token(1, -0.1, ((1, -0.1), (7, likely))), Token(2, -0.1, ((2, -0.1), (8, hardly))),
              Token(3, -0.1, ((3, -0.1), (9, rare))), Token(4, -0.1, ((5, likely),))]  # fmt: skip
    drawn = [fork(tokens, 3, set(), set(), seed) for seed in range(400)]
    assert set(drawn) == {(0, 7), (2, 9)}
    assert 260 < drawn.count((0, 7)) < 340
    assert {fork(tokens, 3, {(7,)}, set(), seed) for seed in range(20)} == {(2, 9)}
    assert {fork(tokens, 3, set(), {7, 9}, seed) for seed in range(5)} == {None}
    assert fork(tokens, 0, set(), set(), 1) is None
