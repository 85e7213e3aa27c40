"""`solve` with engines that the test scripts: what it answers, and what it refuses to."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from nlogn.assistant import solve
from nlogn.assistant.show import answer_text
from nlogn.engine.protocol import Cancel, Completion, Prompt, Sampling, Steered
from nlogn.jsonable import dump
from nlogn.problems import Case, Parameter, Problem, Signature
from nlogn.sandbox import Sandbox

TOTAL = Problem(
    name="total",
    statement="Return the sum of the numbers.",
    signature=Signature("total", (Parameter("xs", "list[int]"),), "int"),
    examples=(Case(args=([1, 2],), expected=3), Case(args=([],), expected=0)),
)
LINEAR = "def total(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s\n"
SQUARE = "def total(xs):\n    return sum(x for i, x in enumerate(xs) if xs[:i] is not None)\n"
FITS_EXAMPLES_ONLY = "def total(xs):\n    return 3 if xs else 0\n"
WRONG = "def total(xs):\n    return len(xs)\n"


class Scripted:
    """An engine that offers these programs, each once."""

    name = "scripted"

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.prompts: list[Prompt] = []

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, cancel: Cancel | None = None
    ) -> list[list[Completion]]:
        self.prompts += prompts
        offered, self.codes = self.codes[: sampling.n], self.codes[sampling.n :]
        return [[Completion(code, code, "scripted") for code in offered] for _ in prompts]

    def stream(
        self, prompt: Prompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        yield from self.codes


def test_the_cheaper_class_wins_and_copies_are_judged_once(sandbox: Sandbox) -> None:
    answer = solve(TOTAL, Scripted(SQUARE, LINEAR, LINEAR, WRONG), sandbox=sandbox, workers=1)
    assert answer.code == LINEAR
    assert [c.copies for c in answer.candidates] == [2, 1, 1]
    assert "O(n^2)" in answer.candidates[1].why
    assert answer.candidates[2].verdict.status == "wrong_answer"


def test_the_majority_exposes_what_only_fits_the_examples(sandbox: Sandbox) -> None:
    engine = Scripted(FITS_EXAMPLES_ONLY, SQUARE, LINEAR)
    answer = solve(TOTAL, engine, sandbox=sandbox, workers=1)
    assert answer.code == LINEAR and answer.verdict is not None
    assert answer.verdict.cases.oracle == "majority"
    last = answer.candidates[-1]
    assert last.code == FITS_EXAMPLES_ONLY and last.verdict.status == "wrong_answer"


def test_nothing_right_is_said_with_the_failing_input(sandbox: Sandbox) -> None:
    answer = solve(TOTAL, Scripted(WRONG), sandbox=sandbox, workers=1)
    assert answer.code is None and answer.verdict is None
    assert answer.candidates[0].verdict.cases.smallest_failing is not None
    assert solve(TOTAL, Scripted(""), sandbox=sandbox).code is None


def test_a_budget_turns_a_slow_answer_away(sandbox: Sandbox) -> None:
    answer = solve(TOTAL, Scripted(SQUARE), time_budget="O(n)", sandbox=sandbox, workers=1)
    assert answer.code is None and "over the budget" in answer.candidates[0].verdict.message


def test_an_unsafe_answer_is_not_given(sandbox: Sandbox) -> None:
    unsafe = (
        "import sqlite3\nfrom flask import request\n\n"
        "def total(xs):\n    return sum(xs)\n\n"
        "def page():\n    db = sqlite3.connect('x')\n"
        "    return db.execute(\"select * from t where a = '\" + request.args['a'] + \"'\")\n"
    ).replace("from flask import request\n", "try:\n    from flask import request\n"
              "except ImportError:\n    pass\n")  # fmt: skip
    answer = solve(TOTAL, Scripted(unsafe), sandbox=sandbox, workers=1)
    assert answer.code is None
    assert answer.candidates[0].verdict.status == "security"


def test_without_examples_nothing_is_proven(sandbox: Sandbox) -> None:
    bare = Problem(name="bare", statement=TOTAL.statement, signature=TOTAL.signature)
    answer = solve(bare, Scripted(LINEAR, SQUARE), sandbox=sandbox, workers=1)
    assert answer.code is None and "add examples" in answer.message


def test_what_was_steered_is_told(sandbox: Sandbox) -> None:
    steered = (Steered(3, "for", "if", "O(n^2) is over O(n)"), Steered(4, "\n\t", "x", "x"))

    class Guided(Scripted):
        def generate(self, *args: Any, **options: Any) -> list[list[Completion]]:
            (made,) = super().generate(*args, **options)
            return [[replace(c, steered=steered) for c in made]]

    engine = Guided(LINEAR)
    answer = solve(TOTAL, engine, time_budget="O(n)", sandbox=sandbox, workers=1)
    assert engine.prompts[0].time_budget == "O(n)"
    text = answer_text(answer)
    assert "steered 2 tokens: line 3 `for` → `if` (O(n^2) is over O(n)), line 4 `\\n\\t`" in text
    assert json.loads(json.dumps(dump(answer)))["candidates"][0]["steered"][0]["chosen"] == "if"
    assert "steered" not in answer_text(solve(TOTAL, Scripted(LINEAR), sandbox=sandbox, workers=1))


def test_programs_without_the_function_are_invalid_and_no_end(sandbox: Sandbox) -> None:
    """Of a problem without examples, inputs are made from the first program that can be called."""
    asked = replace(TOTAL, examples=())
    other = LINEAR.replace("total", "another")
    answer = solve(asked, Scripted(other, "def total(:\n"), samples=2, sandbox=sandbox, workers=1)
    assert answer.code is None
    assert [c.verdict.status for c in answer.candidates] == ["invalid", "invalid"]
    answer = solve(asked, Scripted(other, LINEAR), samples=2, sandbox=sandbox, workers=1)
    assert {c.verdict.status for c in answer.candidates} >= {"invalid"}
    assert next(c for c in answer.candidates if c.code == LINEAR).verdict.status != "invalid"
