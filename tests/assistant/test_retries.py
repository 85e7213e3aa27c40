"""`solve` asks again with what went wrong, within its budget, against a real chat endpoint."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nlogn.assistant import solve
from nlogn.assistant.prompting import same, similar_problems
from nlogn.engine import Cancel, Cancelled, EngineError, OpenAIEngine, Sampling
from nlogn.engine.chat import messages
from nlogn.engine.protocol import Completion, Prompt
from nlogn.engine.recall import RecallEngine
from nlogn.problems import Case, Parameter, Problem, Signature, bank
from nlogn.sandbox import Sandbox
from tests.assistant.raw_server import Server, serving
from tests.cli.run import nlogn

TOTAL = Problem(
    name="total",
    statement="Return the sum of the numbers.",
    signature=Signature("total", (Parameter("xs", "list[int]"),), "int"),
    examples=(Case(args=([1, 2],), expected=3), Case(args=([],), expected=0)),
)
RIGHT = "def total(xs):\n    return sum(xs)\n"
SLOW = "def total(xs):\n    return sum(x for i, x in enumerate(xs) if xs[:i] is not None)\n"
WRONG = "def total(xs):\n    return len(xs)\n"
WORSE = "def total(xs):\n    return xs[0] + xs[1]\n"


def fenced(code: str) -> Iterator[str]:
    yield f"Here:\n\n```python\n{code}```\n"


def told_wrong(body: dict[str, Any]) -> bool:
    return any(m["content"].startswith("That is wrong") for m in body["messages"])


def learner(body: dict[str, Any]) -> Iterator[str]:
    """Wrong until it is shown where; `seed` makes two kinds of wrong."""
    wrong = WRONG if body["seed"] % 2 else WORSE
    yield from fenced(RIGHT if told_wrong(body) else wrong)


def ask(server: Server, sandbox: Sandbox, **more: Any) -> Any:
    more = {"examples": 0, "sandbox": sandbox, "workers": 1} | more
    return solve(TOTAL, OpenAIEngine(server.url, retries=0), **more)


def test_the_smallest_failing_input_leads_to_the_answer(sandbox: Sandbox) -> None:
    with serving("m", learner) as server:
        answer = ask(server, sandbox, samples=8)
    assert answer.code == RIGHT and answer.verdict is not None
    assert len(server.bodies) == 8
    asked = [b for b in server.bodies if told_wrong(b)]
    assert len(asked) == 2  # of the four that were left, half; one is right, so the rest is fresh
    told = asked[0]["messages"][-1]["content"]
    assert "on the arguments ([1, 2]) it gives 2, and 3 is right" in told or "[]" in told
    assert asked[0]["messages"][-2]["role"] == "assistant"
    assert len({b["seed"] for b in server.bodies}) == 8
    assert {c.code for c in answer.candidates} == {RIGHT, WRONG, WORSE}


@pytest.mark.parametrize("given", [None, 1.5])
def test_the_temperature_is_the_given_one_or_the_models(
    sandbox: Sandbox, given: float | None
) -> None:
    with serving("m", lambda body: fenced(RIGHT)) as server:
        engine = OpenAIEngine(server.url, retries=0)
        engine.temperature = 0.3  # type: ignore[attr-defined]  # as a checkpoint says it
        sampling = None if given is None else Sampling(temperature=given)
        solve(TOTAL, engine, sampling=sampling, examples=0, samples=1, sandbox=sandbox, workers=1)
        assert [body["temperature"] for body in server.bodies] == [given or 0.3]
        ask(server, sandbox, samples=1)
        assert server.bodies[-1]["temperature"] == 0.8


def test_without_any_right_answer_the_budget_of_samples_holds(sandbox: Sandbox) -> None:
    with serving("m", lambda body: fenced(WRONG)) as server:
        answer = ask(server, sandbox, samples=7)
    assert answer.code is None and len(server.bodies) == 7
    with serving("m", learner) as server:
        assert ask(server, sandbox, samples=1).code is None
        assert len(server.bodies) == 1


def test_once_one_is_right_the_rest_may_be_cheaper(sandbox: Sandbox) -> None:
    def write(body: dict[str, Any]) -> Iterator[str]:
        assert not told_wrong(body)
        yield from fenced(SLOW if body["seed"] < 2 else RIGHT)

    with serving("m", write) as server:
        answer = ask(server, sandbox, samples=4)
    assert answer.code == RIGHT and len(answer.candidates) == 2


def test_another_engine_is_asked_where_nothing_is_right(sandbox: Sandbox) -> None:
    opened: list[str] = []

    def engines(*servers: Server) -> Iterator[OpenAIEngine]:
        for server in servers:
            opened.append(server.url)
            yield OpenAIEngine(server.url, retries=0)

    def write(code: str) -> Any:
        return lambda body: fenced(code)

    with serving("a", write(WRONG)) as a, serving("b", write(RIGHT)) as b:
        answer = ask(a, sandbox, samples=4, fallback=engines(b, a))
        assert answer.code == RIGHT and answer.engine == "openai, openai" and opened == [b.url]
        assert len(a.bodies) == len(b.bodies) == 4 and not told_wrong(b.bodies[0])
        assert {c.code for c in answer.candidates} == {RIGHT, WRONG}
        assert ask(b, sandbox, samples=1, fallback=engines(a)).code == RIGHT
        assert opened == [b.url]
    nobody = OpenAIEngine("http://127.0.0.1:9/v1", retries=0)
    with serving("b", write(RIGHT)) as b:
        answer = solve(TOTAL, nobody, fallback=engines(b), samples=1, examples=0, sandbox=sandbox)
    assert answer.code == RIGHT and "the engine then failed" in answer.message
    with pytest.raises(EngineError):
        solve(TOTAL, nobody, fallback=[nobody], samples=1, examples=0, sandbox=sandbox)


def test_being_over_the_budget_is_feedback_too(sandbox: Sandbox) -> None:
    def write(body: dict[str, Any]) -> Iterator[str]:
        yield from fenced(RIGHT if told_wrong(body) else SLOW)

    with serving("m", write) as server:
        answer = ask(server, sandbox, samples=2, time_budget="O(n)")
    assert answer.code == RIGHT
    assert "over the budget of O(n)" in server.bodies[-1]["messages"][-1]["content"]
    assert "time must not grow faster than O(n)" in server.bodies[0]["messages"][-1]["content"]


def test_more_samples_never_take_an_answer_away(sandbox: Sandbox) -> None:
    """The right program first, then junk that the judge has to see through."""

    def write(body: dict[str, Any]) -> Iterator[str]:
        yield from fenced([RIGHT, WRONG, WORSE, "def total(xs:\n", "import os\n"][body["seed"] % 5])

    problem = replace(TOTAL, tests=(Case(args=([5, 6],), expected=11),))
    with serving("m", write) as server:
        engine = OpenAIEngine(server.url, retries=0)
        for samples in (1, 5, 10):
            answer = solve(problem, engine, samples=samples, examples=0, sandbox=sandbox)
            assert answer.code == RIGHT, samples


def test_the_time_limit_ends_it(sandbox: Sandbox) -> None:
    def slow(body: dict[str, Any]) -> Iterator[str]:
        time.sleep(0.5)
        yield from fenced(WRONG)

    with serving("m", slow) as server:
        started = time.monotonic()
        answer = ask(server, sandbox, samples=1000, time_limit_s=4.0,
                     sampling=Sampling(timeout_s=1.5))  # fmt: skip
        took = time.monotonic() - started
    assert answer.code is None and answer.candidates
    assert took < 20 and len(server.bodies) < 100


def test_an_engine_that_dies_later_leaves_what_there_was(sandbox: Sandbox) -> None:
    def once(body: dict[str, Any]) -> Iterator[str]:
        if told_wrong(body):
            raise OSError("gone")
        yield from fenced(WRONG)

    with serving("m", once) as server:
        answer = ask(server, sandbox, samples=4)
    assert answer.code is None and len(answer.candidates) == 1
    assert "the engine then failed" in answer.message
    with pytest.raises(EngineError):
        solve(TOTAL, OpenAIEngine("http://127.0.0.1:9/v1", "m", retries=0), sandbox=sandbox)


def test_it_can_be_cancelled(sandbox: Sandbox) -> None:
    def hang(body: dict[str, Any]) -> Iterator[str]:
        time.sleep(3)
        yield ""

    cancel = Cancel()
    threading.Timer(0.3, cancel.cancel).start()
    with serving("m", hang) as server, pytest.raises(Cancelled):
        ask(server, sandbox, cancel=cancel)


class Rounds:
    """An engine that gives these programs, round by round; `then` is called before the last."""

    name = "rounds"

    def __init__(self, *rounds: list[str], then: Any = None):
        self.rounds, self.then = list(rounds), then

    def generate(self, prompts: Any, sampling: Any, *, cancel: Any = None) -> Any:
        codes = self.rounds.pop(0)
        if not self.rounds and self.then is not None:
            self.then()
        return [[Completion(code, code) for code in codes]]

    def stream(self, prompt: Any, sampling: Any, *, cancel: Any = None) -> Iterator[str]:
        yield ""


def test_a_cancel_ends_the_judging_too(sandbox: Sandbox) -> None:
    cancel, done = Cancel(), list[int]()

    def progress(judged: int, total: int) -> None:
        done.append(judged)
        cancel.cancel()

    engine = Rounds([RIGHT, WRONG, WORSE, SLOW])
    with pytest.raises(Cancelled):
        solve(TOTAL, engine, samples=8, examples=0, sandbox=sandbox, workers=1,
              progress=progress, cancel=cancel)  # fmt: skip
    assert done == [1]


@pytest.mark.parametrize("late", ["before judging", "while judging"])
def test_the_time_limit_takes_no_answer_away(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """A second right program brings new cases, on which there is no time to judge all again."""
    clock = {"now": 0.0}
    module = sys.modules["nlogn.assistant.solve"]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock["now"]))
    second = []

    def then() -> None:
        second.append(True)
        clock["now"] = 0.0 if late == "while judging" else 11.0

    def progress(judged: int, total: int) -> None:
        if second:
            clock["now"] = 11.0

    engine = Rounds([WRONG, RIGHT], ["def total(xs):\n    return 0 + sum(xs)\n"], then=then)
    answer = solve(TOTAL, engine, samples=3, examples=0, sandbox=sandbox, workers=1,
                   time_limit_s=10, progress=progress)  # fmt: skip
    assert answer.code == RIGHT and "1 candidate" in answer.message


def test_solved_problems_of_the_bank_are_shown_but_never_the_same_one(sandbox: Sandbox) -> None:
    asked = next(p for p in bank() if p.signature and p.solutions)
    with serving("m", learner) as server:
        engine = OpenAIEngine(server.url)
        shown = similar_problems(asked, engine, 3)
    assert len(shown) == 3 and asked.name not in {p.name for p in shown}
    assert not any(same(p, asked) for p in shown) and same(asked, asked)
    assert similar_problems(asked, RecallEngine(), 3) == ()
    roles = [m["role"] for m in messages(Prompt(asked, examples=shown))]
    assert roles == ["system", *["user", "assistant"] * 3, "user"]


def test_the_verb_tells_how_it_went(tmp_path: Path) -> None:
    statement = tmp_path / "total.md"
    statement.write_text(
        "# Total\n\nReturn the sum of the numbers.\n\n## Signature\n\n```python\n"
        "def total(xs: list[int]) -> int:\n```\n\n## Examples\n\n"
        "- `total([1, 2])` -> `3`\n- `total([])` -> `0`\n"
    )
    with serving("m", learner) as server:
        done = nlogn(
            "solve", str(statement), "--engine", f"openai:{server.url}", "--samples", "4",
            "--time-limit", "60", "--examples", "0", "--format", "json",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["code"] == RIGHT and told["verdict"]["status"] == "accepted"
    assert len(told["candidates"]) >= 2 and any(map(told_wrong, server.bodies))


def test_an_engine_that_cannot_be_opened_does_not_end_the_row(tmp_path: Path) -> None:
    statement = tmp_path / "total.md"
    statement.write_text(
        "# Total\n\nReturn the sum of the numbers.\n\n## Signature\n\n```python\n"
        "def total(xs: list[int]) -> int:\n```\n\n## Examples\n\n- `total([1, 2])` -> `3`\n"
    )
    wrong, right = (serving("m", lambda body, c=c: fenced(c)) for c in (WRONG, RIGHT))
    with wrong as one, right as other:
        row = (f"openai:{one.url}", f"native:{tmp_path / 'nowhere'}", f"openai:{other.url}")
        done = nlogn(
            "solve", str(statement), *(a for name in row for a in ("--engine", name)),
            "--samples", "1", "--examples", "0", "--format", "json",
        )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["code"] == RIGHT and "is no folder" in told["message"], told
