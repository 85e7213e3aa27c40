"""Guided decoding: which tokens a budget speaks against, and that it changes nothing else."""

from typing import Any

import pytest

from nlogn.engine.native.budget import REFUSED, BudgetGuide
from nlogn.engine.native.engine import NativeEngine
from nlogn.engine.native.opening import Options
from nlogn.engine.native.sequence import Objection, Request
from nlogn.engine.protocol import EngineError, Prompt, Sampling
from nlogn.problems import Parameter, Problem, Signature

BYTES = [bytes([i]) for i in range(256)]
LOOP = "def f(xs):\n    for x in xs:\n        "
SEEN = "def f(xs):\n    seen = []\n    for x in xs:\n        "
COUNT = "def f(n: int):\n    for i in range(n):\n        "


def objection(
    code: str, token: str, time: str | None = "O(n)", memory: str | None = None
) -> Objection | None:
    guide = BudgetGuide([*BYTES, token.encode()], time, memory)
    return guide(list(b"prompt" + code.encode()), 6, 256)


@pytest.mark.parametrize(
    ("code", "token"),
    [
        (LOOP + "for y in xs", ":"),
        (LOOP + "for y in xs", ":\n            "),
        (COUNT + "for j in range(i, n)", ":"),
        (LOOP + "ys = sorted(xs", ")"),
        (LOOP + "xs.sort", "()"),
        (LOOP + "t += sum(xs", ")"),
        (LOOP + "ys = [y for y in xs", "]"),
        (LOOP + "if 3 in xs", ":"),
        ("def f(xs):\n    ys = sorted(xs", ")"),
    ],
)
def test_what_is_certainly_too_dear_is_refused(code: str, token: str) -> None:
    found = objection(code, token)
    assert found is not None and found.nats == REFUSED and "is over O(n)" in found.reason


@pytest.mark.parametrize(
    ("code", "token"),
    [
        (LOOP, "for"),
        (LOOP + "ys = [y ", "for"),
        (LOOP + "for y in ", "xs"),
        (COUNT + "for j in range(i, ", "n"),  # a step may follow
        (LOOP + "sorted(", "xs"),
        (LOOP + "xs", ".sort"),
        (SEEN + "if x in ", "seen"),
        (SEEN + "if x in ", "se"),
        (SEEN + "if x not in seen:\n            seen.append(x", ")"),
    ],
)
def test_what_may_become_too_dear_is_priced(code: str, token: str) -> None:
    found = objection(code, token)
    assert found is not None and 1 < found.nats < REFUSED


@pytest.mark.parametrize(
    ("code", "token"),
    [
        (LOOP, "while"),
        (LOOP + "for y in xs[:2]", ":"),
        (COUNT + "for j in range(3)", ":"),
        (LOOP + "t += max(x, 3", ")"),
        (SEEN.replace("[]", "set()") + "if x in ", "seen"),
        (LOOP + "# for y in xs", ":"),
        (LOOP + 's = "for y in xs', ":"),
        ("def f(xs):\n    ", "for"),
        ("def f(xs):\n    for x in xs", ":"),
        ("def f(xs):\n    for x in xs:\n        t += x\n    for x in xs", ":"),  # one after another
        ("for x in xs: for y in (((", "))"),  # no Python
        (LOOP + "é", "é"),
    ],
)
def test_what_fits_is_let_through(code: str, token: str) -> None:
    assert objection(code, token) is None


def test_the_budget_is_the_measure() -> None:
    code = LOOP + "for y in xs"
    assert objection(code, ":", "O(n^2)") is None
    assert objection(code, ":", "O(n log n)") is not None
    assert objection(code + ":\n            for z in xs", ":", "O(n^2)") is not None


def test_a_program_over_its_budget_may_go_on_but_not_get_dearer() -> None:
    code = LOOP + "for y in xs:\n            "
    assert objection(code + "t += max(x, y", ")") is None
    found = objection(code + "t += sum(xs", ")")
    assert found is not None and "over O(n) already" in found.reason


def test_memory_has_its_own_budget() -> None:
    code = "def f(n: int):\n    table = [[0] * n for _ in range(n)"
    assert objection(code, "]", None, "O(n)") == Objection(REFUSED, "O(n^2) is over O(n)")
    assert objection(code, "]", None, "O(n^2)") is None


def test_only_fenced_code_counts() -> None:
    guide = BudgetGuide([*BYTES, b":"], "O(1)", fenced=True)
    prose = b"Walk it: for x in xs"
    assert guide(list(prose), 0, 256) is None
    code = prose + b"\n```python\ndef f(xs):\n    for x in xs"
    assert guide(list(code), 0, 256) is not None
    assert guide(list(code + b":\n        pass\n```\nfor x in xs"), 0, 256) is None
    other = prose + b"\n```text\ndef f(xs):\n    for x in xs"
    assert guide(list(other), 0, 256) is None


def test_a_budget_that_is_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="not a class"):
        BudgetGuide(BYTES, "fast")


def spelled(loop: Any, text: str) -> list[int]:
    return [loop.vocabulary.index(bytes([byte])) for byte in text.encode()]


def wanting(wanted: list[int], instead: dict[int, int]) -> Any:
    """A network that wants these tokens, and at some places nearly as much another one."""

    def want(tokens: list[int], prompt: int, logits: Any) -> None:
        logits[:] -= logits.max()
        at = len(tokens) - prompt
        if at in instead:
            logits[instead[at]] = 7.0
        if at < len(wanted):
            logits[wanted[at]] = 9.0
        else:
            logits[0] = 9.0

    return want


@pytest.mark.parametrize("temperature", [0.0, 0.2])
def test_the_decision_is_turned_and_told(opened: Any, temperature: float) -> None:
    loop = opened()
    code = LOOP + "for y in xs:\n"
    guide = BudgetGuide(loop.vocabulary, "O(n)")
    (bracket,) = spelled(loop, "[")
    want = wanting(spelled(loop, code), {code.rindex(":"): bracket})
    request = Request((5, 6), len(code), temperature, seed=3, steer=(want,), guides=(guide,))
    tokens = [t for chunk in loop.submit(request) for t in chunk.tokens]
    turned = [(at, t.turned) for at, t in enumerate(tokens) if t.turned is not None]
    at, first = turned[-1]
    assert at == code.rindex(":") and loop.vocabulary[first.wanted] == b":"
    assert first.reason == "O(n^2) is over O(n)"
    assert tokens[at].token == bracket


def test_where_everything_is_too_dear_the_text_goes_on(opened: Any) -> None:
    loop = opened()

    def never(tokens: list[int], prompt: int, token: int) -> Objection:
        return Objection(REFUSED, "never")

    plain, guided = (
        [t.token for c in loop.submit(Request((5, 6), 20, guides=g)) for t in c.tokens]
        for g in ((), (never,))
    )
    assert plain == guided


@pytest.mark.parametrize("doubt", [REFUSED + 1, 4.0])
def test_a_network_that_is_sure_beyond_doubt_is_let_go(opened: Any, doubt: float) -> None:
    """Another token than the one that it insists on would end in no program."""
    loop = opened()
    code = LOOP + "for y in xs:\n"

    def insist(tokens: list[int], prompt: int, logits: Any) -> None:
        logits[spelled(loop, code)[len(tokens) - prompt]] = logits.max() + doubt

    request = Request((5, 6), len(code), steer=(insist,),
                      guides=(BudgetGuide(loop.vocabulary, "O(n)"),))  # fmt: skip
    assert "".join(chunk.text for chunk in loop.submit(request)) == code


@pytest.mark.parametrize("temperature", [0.0, 0.9])
@pytest.mark.parametrize("lookup", [True, False])
def test_within_its_budget_the_text_is_the_unguided_one(
    opened: Any, temperature: float, lookup: bool
) -> None:
    loop = opened(slots=4, chunk=16)
    prompts = [(5, 6, 7, i) * 6 for i in range(1, 8)]

    def texts(guided: bool) -> list[list[int]]:
        streams = [
            loop.submit(Request(
                p, 40, temperature, seed=i, lookup=lookup,
                guides=(BudgetGuide(loop.vocabulary, "O(n!)"),) if guided else (),
            ))
            for i, p in enumerate(prompts)
        ]  # fmt: skip
        return [[t.token for c in s for t in c.tokens] for s in streams]

    assert texts(True) == texts(False)


def test_guided_drafts_change_nothing(opened: Any) -> None:
    """Steered at the same places to the same tokens, with prompt lookup and without."""
    loop = opened()
    code = LOOP + "for y in xs:\n            pass\n"
    (bracket,) = spelled(loop, "[")
    instead = {code.rindex(":"): bracket}
    made = []
    for lookup in (True, False):
        request = Request(
            tuple(spelled(loop, code * 2)), 120, lookup=lookup,
            steer=(wanting(spelled(loop, code), instead),),
            guides=(BudgetGuide(loop.vocabulary, "O(n)"),),
        )  # fmt: skip
        stream = loop.submit(request)
        made.append([(t.token, t.turned) for chunk in stream for t in chunk.tokens])
        assert lookup == (stream.finished.drafted > 0)
    assert made[0] == made[1]
    assert any(turned for _, turned in made[0])


def test_sampling_with_objections_has_the_lowered_distribution(opened: Any) -> None:
    """The share of each token over many seeds is that of the lowered logits."""
    import numpy as np

    from nlogn.engine.native.sampling import choose

    logits = np.log(np.array([0.5, 0.25, 0.15, 0.1], dtype=np.float32))
    lost = {0: 1.5, 1: 60.0, 2: 0.3}

    def guide(tokens: list[int], prompt: int, token: int) -> Objection | None:
        return Objection(lost[token], "") if token in lost else None

    counts = np.zeros(4)
    for seed in range(4000):
        request = Request((1,), temperature=0.8, seed=seed, guides=(guide,))
        counts[choose(request, [1], logits.copy()).token] += 1
    expected = np.exp((logits - [1.5, 60.0, 0.3, 0.0]) / 0.8)
    expected *= counts.sum() / expected.sum()
    assert counts[1] == 0
    chi = ((counts - expected) ** 2 / expected)[[0, 2, 3]].sum()
    assert chi < 13.8  # p = 0.001 with two degrees of freedom


def test_cancelled_while_guided_nothing_is_held(opened: Any) -> None:
    loop = opened(slots=2)
    streams = [
        loop.submit(Request((5, i), 200, guides=(BudgetGuide(loop.vocabulary, "O(1)"),)))
        for i in range(1, 9)
    ]
    for stream in streams:
        stream.next()
        stream.cancel()
    with pytest.raises(EngineError):
        for stream in streams:
            list(stream)


def test_a_prompt_with_a_budget_is_steered(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = Signature("f", (Parameter("xs", "list[int]"),), "int")
    problem = Problem(name="f", statement="Sum.", signature=signature)
    sampling = Sampling(n=2, temperature=0.9, max_tokens=40)
    with NativeEngine(folder, Options(slots=2)) as engine:
        seen: list[Request] = []
        submit = engine.loop.submit
        monkeypatch.setattr(engine.loop, "submit", lambda r: seen.append(r) or submit(r))
        for budget in ("", "O(n)"):
            (found,) = engine.generate([Prompt(problem, time_budget=budget)], sampling)
            assert len(found) == 2
        assert [len(r.guides) for r in seen][:4] == [0, 0, 2, 2]  # of classes, of code
        with pytest.raises(EngineError, match="not a class"):
            engine.generate([Prompt(problem, time_budget="fast")], sampling)
