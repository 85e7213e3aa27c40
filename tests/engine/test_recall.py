"""The recall engine: it finds, fits and never invents. Its programs run in the sandbox."""

from dataclasses import replace
from pathlib import Path

import pytest

from nlogn.engine import Cancel, Cancelled, EngineError, Prompt, RecallEngine, Sampling
from nlogn.problems import (
    Case,
    Parameter,
    Problem,
    Signature,
    Solution,
    bank,
    bank_problem,
    load_problem,
)
from nlogn.problems.markdown import parse_markdown
from nlogn.sandbox import Limits, Program

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.md"))
LIMITS = Limits(wall_s=5)


@pytest.fixture(scope="module")
def engine():
    return RecallEngine()


def ask(engine, problem, n=8):
    return engine.generate([Prompt(problem)], Sampling(n=n))[0]


def passes(problem, code, sandbox):
    """Whether a program answers all the examples of a problem."""
    if problem.signature is None:
        outcomes = sandbox.run_many(Program(code), [c.stdin for c in problem.examples], LIMITS)
        return all(o.status == "ok" and o.stdout.split() == str(c.expected).split()
                   for c, o in zip(problem.examples, outcomes, strict=True))  # fmt: skip
    program = Program(code, problem.signature.entry)
    outcomes = sandbox.call(program, [c.args for c in problem.examples], LIMITS)
    return all(o.status == "ok" and o.value == c.expected
               for c, o in zip(problem.examples, outcomes, strict=True))  # fmt: skip


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda f: f.stem)
def test_every_example_statement_is_solved_by_recall(engine, sandbox, file):
    problem = load_problem(file)
    assert any(passes(problem, c.code, sandbox) for c in ask(engine, problem))


def test_a_phrasing_finds_its_problem_though_it_is_not_in_the_index():
    """Every eighth problem, asked by its first or last phrasing, which is taken out."""
    ranks = []
    problems = bank()
    for i, problem in list(enumerate(problems))[::8]:
        for asked in (problem.phrasings[0], problem.phrasings[-1]):
            others = list(problems)
            others[i] = replace(
                problem, phrasings=tuple(p for p in problem.phrasings if p != asked)
            )
            found = RecallEngine(others).nearest(Problem(name="", statement=asked), 8)
            nearest = [p.name for p, _ in found]
            ranks.append(nearest.index(problem.name) if problem.name in nearest else 99)
    assert sum(rank < 8 for rank in ranks) / len(ranks) > 0.5
    assert sum(rank < 1 for rank in ranks) / len(ranks) > 0.2


def test_the_same_question_gets_the_same_answers(engine):
    prompt = Prompt(bank_problem("two_sum"))
    assert engine.generate([prompt], Sampling(n=8)) == RecallEngine().generate(
        [prompt], Sampling(n=8, temperature=0.0, seed=7)
    )


def test_samples_differ_and_come_from_several_problems(engine):
    completions = ask(engine, load_problem(EXAMPLES[-1]), 8)
    assert len({c.code for c in completions}) == len(completions) == 8
    assert len({c.notes["problem"] for c in completions}) >= 3
    assert all(c.model == "recall" and c.notes["solution"] for c in completions)


def test_a_held_out_problem_is_answered_from_others_only():
    rest = [p for p in bank() if p.name != "two_sum"]
    completions = ask(RecallEngine(rest), bank_problem("two_sum"))
    assert "two_sum" not in {c.notes["problem"] for c in completions}


def known(code, signature, **more):
    return Problem(
        name="known",
        statement="Scale all the weights by a factor.",
        signature=signature,
        solutions=(Solution("it", code, "O(n)", "O(n)"),),
        **more,
    )


SCALE = "def scale(weights, factor):\n    return [w * factor for w in weights]\n"
SCALED = Signature(
    "scale", (Parameter("weights", "list[int]"), Parameter("factor", "int")), "list[int]"
)


def fitted(asked, code=SCALE, signature=SCALED, n=1):
    return [c.code for c in ask(RecallEngine([known(code, signature)]), asked, n)]


def statement(source, text="Scale all the weights by a factor."):
    return parse_markdown(f"{text}\n\n## Signature\n\n```python\n{source}\n```\n", "asked")


def value(code, entry, args, sandbox):
    (outcome,) = sandbox.call(Program(code, entry), [args], LIMITS)
    assert outcome.status == "ok", (code, outcome.error)
    return outcome.value


@pytest.mark.parametrize(
    ("source", "entry", "args"),
    [
        ("def stretch(ws: list[int], k: int) -> list[int]:", "stretch", ([1, 2], 3)),
        ("def stretch(k: int, ws: list[int]) -> list[int]:", "stretch", (3, [1, 2])),
        ("def stretch(factor, weights):", "stretch", (3, [1, 2])),
        ("def w(w: list[int], factor: int) -> list[int]:", "w", ([1, 2], 3)),
        ("def scale(factor: int, weights: list[int]) -> list[int]:", "scale", (3, [1, 2])),
        ("def stretch(name: str, ws: List[int], k: int) -> List[int]:", "stretch",
         ("x", [1, 2], 3)),
        ("class Solution:\n    def stretch(self, k: int, ws: List[int]) -> List[int]:",
         "Solution.stretch", (3, [1, 2])),
    ],
)  # fmt: skip
def test_names_and_order_of_parameters_are_fitted(source, entry, args, sandbox):
    (code,) = fitted(statement(source))
    assert value(code, entry, args, sandbox) == [3, 6]


def test_a_plain_renaming_keeps_the_text_and_shows_the_asked_signature():
    (code,) = fitted(statement("def stretch(ws: list[int], k: int) -> list[int]:"))
    assert code == (
        "def stretch(ws: list[int], k: int) -> list[int]:\n    return [w * k for w in ws]\n"
    )


def test_strings_attributes_and_keywords_are_not_renamed(sandbox):
    code = (
        "def scale(weights, factor):\n    table = dict(factor=factor, note='weights')\n"
        "    return [w * table['factor'] for w in weights] + [len(table['note'])]\n"
    )
    (fit,) = fitted(statement("def stretch(ws: list[int], k: int) -> list[int]:"), code)
    assert value(fit, "stretch", ([1], 3), sandbox) == [3, 7]


def test_recursion_follows_the_new_name(sandbox):
    code = "def scale(weights, factor):\n    return [weights[0] * factor] + scale(weights[1:], factor) if weights else []\n"  # noqa: E501
    (fit,) = fitted(statement("def stretch(ws: list[int], k: int) -> list[int]:"), code)
    assert value(fit, "stretch", ([1, 2], 3), sandbox) == [3, 6]


def test_a_tuple_becomes_the_list_that_is_asked(sandbox):
    code = "def scale(weights, factor):\n    return tuple(w * factor for w in weights)\n"
    signature = replace(SCALED, returns="tuple[int, ...] | None")
    (fit,) = fitted(statement("def stretch(ws: list[int], k: int) -> list[int]:"), code, signature)
    assert value(fit, "stretch", ([1, 2], 3), sandbox) == [3, 6]


@pytest.mark.parametrize(
    ("stdin", "stdout"),
    [
        ("2 3\n1 2\n", "3 6"),  # count and factor, then the values
        ("2\n1 2\n3\n", "3 6"),  # count, values, factor
        ("1 2\n3\n", "3 6"),  # a line of values, then the factor
        ("3\n2\n1 2\n", "3 6"),  # factor, count, values
    ],
)
def test_a_function_becomes_a_program_for_the_layout_of_the_samples(stdin, stdout, sandbox):
    asked = Problem(
        name="asked",
        statement="Scale all the weights by a factor.",
        examples=(Case(stdin=stdin, expected=stdout + "\n"),),
    )
    codes = fitted(asked, n=8)
    assert any(passes(asked, code, sandbox) for code in codes)


def test_words_for_truth_are_those_of_the_samples(sandbox):
    code = "def even(n):\n    return n % 2 == 0\n"
    signature = Signature("even", (Parameter("n", "int"),), "bool")
    cases = (Case(stdin="3\n", expected="NO\n"), Case(stdin="4\n", expected="YES\n"))
    asked = Problem(name="a", statement="Scale the weights by a factor.", examples=cases)
    assert any(passes(asked, fit, sandbox) for fit in fitted(asked, code, signature, 4))


def test_what_does_not_fit_is_not_offered():
    assert fitted(statement("def stretch(ws: list[int]) -> list[int]:")) == []
    assert fitted(statement("def stretch(ws: list[int], k: int) -> int:")) == []
    assert fitted(statement("def stretch(ws: list[str], k: int) -> list[int]:")) == []
    no_samples = Problem(name="a", statement="Scale the weights by a factor.")
    assert fitted(no_samples) == []
    other = statement("def f(x: int, y: int) -> int:", "Nothing in common whatsoever.")
    assert fitted(other) == []


@pytest.mark.parametrize(
    ("known", "asked", "fits"),
    [
        ("list[int]", "List[int]", True),
        ("list[int]", "tuple[int, ...]", True),
        ("int", "float", True),
        ("list[int]", "Optional[List[float]]", True),
        ("list[int]", "", True),
        ("list[int]", "list", True),
        ("dict[str, list[int]]", "Dict[str, Any]", True),
        ("list[int]", "list[str]", False),
        ("list[tuple[str, int]]", "list[int]", False),
        ("list[list[int]]", "list[int]", False),
        ("str", "list[str]", False),
        ("dict[str, int]", "dict[str, list[int]]", False),
        ("int", "list[int]", False),
    ],
)
def test_types_that_can_stand_for_each_other(known, asked, fits):
    from nlogn.engine.adapt import _compatible, normal

    assert _compatible(normal(known), normal(asked)) is fits


def test_an_empty_bank_is_an_error():
    with pytest.raises(EngineError, match="empty"):
        ask(RecallEngine([]), bank_problem("two_sum"))


def test_cancelling(engine):
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        engine.generate([Prompt(bank_problem("two_sum"))], Sampling(n=4), cancel=cancel)


def test_streaming_gives_the_first_candidate(engine):
    prompt = Prompt(bank_problem("two_sum"))
    (first,) = engine.generate([prompt], Sampling(n=1))[0]
    assert "".join(engine.stream(prompt, Sampling())) == first.text


def test_every_fitted_program_parses_and_has_the_entry(engine):
    """Pairs of problems of the bank, many of them unlike: adapting never makes broken code."""
    import ast

    from nlogn.engine.adapt import adapt
    from nlogn.problems.signatures import declared

    problems = bank()
    for i, asked in enumerate(problems):
        for other in problems[i % 10 :: 10]:
            for code in adapt(other.solutions[-1], other, asked):
                assert asked.signature.entry in declared(ast.parse(code)), (asked.name, other.name)
