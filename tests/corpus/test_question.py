"""What an engine asks is what the network was trained to answer, token for token."""

from dataclasses import replace
from itertools import count, islice

import pytest

pytest.importorskip("tokenizers")

from nlogn.corpus.bank_documents import held_out, render_problem
from nlogn.corpus.question import asking, control_tokens, question, renamed, turns
from nlogn.corpus.specials import (
    ASSISTANT,
    SPECIALS,
    SYSTEM,
    TURN_END,
    Special,
    plain,
)
from nlogn.corpus.tokenizer import encode, train_tokenizer
from nlogn.engine.chat import asked, fitted
from nlogn.engine.protocol import Prompt
from nlogn.problems import Case, Problem, bank, bank_problem
from nlogn.problems.problem import Parameter, Signature

OURS = frozenset(SPECIALS)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([p.statement for p in bank()], 800)


def trained(problem: Problem, shapes=("chat",)):
    """Documents of a problem as training renders them; one that is kept from it under a name that
    is not."""
    names = (f"{problem.name}{'x' * n}" for n in count())
    name = next(n for n in names if not held_out(n))
    return render_problem(replace(problem, name=name), 400, seed=0, shapes=shapes)


@pytest.mark.parametrize("budgets", [False, True])
def test_each_bank_problem_is_asked_as_a_training_document_asks_it(tokenizer, budgets):
    for problem in bank()[:: 3 if budgets else 1]:
        answer = next(s for s in problem.solutions if s.language == "python")
        prompt = Prompt(problem)
        if budgets:
            prompt = Prompt(problem, time_budget=answer.time, memory_budget=answer.memory)
        tokens, made = fitted(prompt, OURS, lambda raw: encode(tokenizer, [*raw.parts]), 10**6)
        assert made.begun == "" and made.stop == ()
        same = (d for d in trained(problem) if encode(tokenizer, d.parts)[: len(tokens)] == tokens)
        document = next(same, None)
        assert document is not None, problem.name
        classes = document.parts[3 : document.parts.index("\n")]
        assert document.told and {c[2:6] for c in classes} == {"time", "memo"}
        rest = encode(tokenizer, document.parts)[len(tokens) :]
        assert tokenizer.decode(rest).startswith("\n```python\n")


def test_half_of_the_questions_are_asked_so():
    problem = bank_problem("two_sum")
    documents = list(islice(trained(problem), 400))
    words = {question(problem), *(question(problem, task=t) for t in problem.phrasings)}
    share = sum(plain(d.parts).startswith(tuple(f"\n{w}" for w in words)) for d in documents)
    assert share > 30  # after repeats are gone


def test_budgets_are_the_tokens_that_answers_begin_with():
    assert control_tokens("n log n", "O(n)") == ["<|time:O(n log n)|>", "<|memory:O(n)|>"]
    assert control_tokens("", None) == control_tokens("nonsense", "") == []
    prompt = Prompt(bank_problem("two_sum"), time_budget="n*log(n)")
    parts = asked(prompt, OURS).prompt.parts
    assert parts[2:] == (ASSISTANT, "<|time:O(n log n)|>") and isinstance(parts[-1], Special)
    few = asked(prompt, OURS - {"<|time:O(n log n)|>"}).prompt.parts
    assert few == parts[:3] == asked(prompt, OURS, bound=False).prompt.parts
    assert "log" not in plain([*few])  # what the tokens say, the text does not


def test_solved_problems_come_as_turns_and_go_first_where_room_is_short(tokenizer):
    problem, other = bank_problem("two_sum"), bank_problem("longest_increasing_subsequence")
    prompt = Prompt(problem, feedback="it gave 3", examples=(other,), system="Be brief.")
    parts = asked(prompt, OURS).prompt.parts
    assert parts[:2] == (SYSTEM, "\nBe brief.\n")
    assert parts.count(ASSISTANT) == 2 and parts.count(TURN_END) == 1
    best = other.solutions[-1]
    assert parts[5:8] == (*control_tokens(best.time, best.memory), "\n")
    assert parts[-2].endswith("\nAn earlier try was wrong: it gave 3\n")

    def tokens(raw):
        return encode(tokenizer, [*raw.parts])

    whole = tokens(asked(prompt, OURS).prompt)
    for room in range(len(whole), 60, -7):
        found, made = fitted(prompt, OURS, tokens, room)
        assert len(found) <= room or "- `" not in plain([*made.prompt.parts])
    assert fitted(prompt, OURS, tokens, len(whole))[0] == whole
    assert ASSISTANT in made.prompt.parts and plain([*made.prompt.parts]).count("def ") == 1


def test_networks_without_turns_go_on_from_a_comment_and_a_signature():
    problem = bank_problem("two_sum")
    made = asked(Prompt(problem, feedback="no\nno"), frozenset({ASSISTANT}))
    (text,) = made.prompt.parts
    assert text.endswith(made.begun) and made.begun == f"{problem.signature}\n"
    told = text.removesuffix(made.begun)
    assert all(line.startswith("#") for line in told.splitlines())
    assert "# two_sum([3, 3], 6) -> (0, 1)\n" in told and told.endswith(": no\n# no\n")


def test_whole_programs_and_methods():
    case = Case(stdin="3", expected="6\n", has_expected=True)
    text = question(Problem("double", "Double the number.", examples=(case,)))
    assert text == (
        "Double the number.\n\nWrite a whole program that reads standard input and writes "
        "standard output.\n\nInput:\n```\n3\n```\nOutput:\n```\n6\n```\n"
    )
    signature = Signature("Solution.twice", (Parameter("x", "int"),), "int")
    case = Case(args=(2,), expected=4, has_expected=True)
    text = question(Problem("twice", "Double.", signature=signature, examples=(case,)))
    assert "```python\nclass Solution:\n    def twice(self, x: int) -> int:\n```" in text
    assert "- `Solution.twice(2)` -> `4`\n" in text
    assert renamed("solve(solver)", bank_problem("two_sum"), "f") == "solve(solver)"
    assert turns("Q\n", []) == [*asking("Q\n"), "\n"]
