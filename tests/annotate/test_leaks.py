"""What is put into programs to leak is measured to leak, and what only looks so is not."""

import random
from dataclasses import replace
from itertools import islice

import pytest

from nlogn.annotate import leaks
from nlogn.annotate.leaks import keeping, leaking
from nlogn.complexity import measure
from nlogn.judge import judge_program, suite_for
from nlogn.problems import bank, bank_problem
from nlogn.problems.problem import Parameter
from nlogn.sandbox import Program, shared_sandbox

CODE = '''from collections import Counter


def most(words):
    """The commonest word."""
    counts = Counter()
    for word in words:
        counts[word] += 1
    return max(counts, key=counts.get)
'''
WORDS = (Parameter("words", "list[str]"),)
INPUTS = "lambda n, rng: ([str(i) for i in range(n)],)"


def programs(way, monkeypatch):
    monkeypatch.setattr(leaks, "_GROWING", (way,))
    monkeypatch.setattr(leaks, "_STEADY", (way,))
    texts = keeping(CODE, "most", WORDS, random.Random(way.name))
    return [text for _, text in islice(texts, 2)]


def leak_of(text):
    found = measure(Program(text, "most"), INPUTS, sandbox=shared_sandbox(), seed=0)
    assert found.status == "ok", (text, found.error)
    return found.leak, text.split("\n")


def check(way, grows, monkeypatch):
    for text in programs(way, monkeypatch):
        leak, lines = leak_of(text)
        assert (leak is not None) == grows, text
        assert leak is None or lines[leak.line - 1] not in CODE.split("\n"), text


@pytest.mark.parametrize("name", ["list", "default argument", "attribute of the function"])
def test_what_is_to_leak_leaks_on_the_line_that_was_put_in(name, monkeypatch):
    check(next(w for w in leaks._GROWING if w.name == name), True, monkeypatch)


@pytest.mark.parametrize("name", ["cleared", "fresh default"])
def test_what_only_looks_so_does_not(name, monkeypatch):
    check(next(w for w in leaks._STEADY if w.name == name), False, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("way", [*leaks._GROWING, *leaks._STEADY], ids=lambda way: way.name)
def test_every_way(way, monkeypatch):
    if way.name != "deque":  # it takes memory for 64 items at a time: a few calls may show none
        check(way, way in leaks._GROWING, monkeypatch)


def test_programs_follow_the_seed_and_answer_as_before():
    problem = bank_problem("two_sum")
    made = leaking(problem, 6, seed=3)
    assert made == leaking(problem, 6, seed=3) != leaking(problem, 6, seed=4)
    assert made.solutions[-1] == problem.solutions[-1] == made.reference
    assert len({s.code for s in made.solutions}) > 12 and made.wrong == ()
    suite = suite_for(Program(made.solutions[-1].code, "two_sum"), shared_sandbox(),
                      problem=problem, seed=0)  # fmt: skip
    for solution in made.solutions[:6]:
        verdict = judge_program(Program(solution.code, "two_sum"), problem=problem, suite=suite,
                                measure=False, sandbox=shared_sandbox())  # fmt: skip
        assert verdict.accepted, solution.code


def test_what_has_no_room_for_a_statement_gives_none():
    one = "def most(words): return words[0]\n"
    assert list(keeping(one, "most", WORDS, random.Random(0))) == []
    assert list(keeping(CODE, "other", WORDS, random.Random(0))) == []
    problem = replace(bank()[0], solutions=bank()[0].solutions[:1])
    bare = replace(problem, signature=replace(problem.signature, parameters=()))
    assert leaking(bare, 3, 0).solutions == problem.solutions
