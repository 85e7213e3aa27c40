"""The Markdown format: what it understands, and what it says when it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlogn.problems import ProblemError, load_problem
from nlogn.problems.markdown import parse_markdown

BARE = "Return twice the number."
SIGNATURE = "\n## Signature\n\n```python\ndef double(x: int) -> int:\n```\n"


def parse(text, **more):
    return parse_markdown(text, "double", "double.md", **more)


def test_a_plain_sentence_is_a_statement():
    problem = parse(BARE)
    assert (problem.name, problem.statement, problem.title) == ("double", BARE, "")
    assert problem.signature is None and not problem.examples


def test_title_prose_and_unknown_headings_stay_together():
    problem = parse("# Twice\n\nDouble it.\n\n## Input\n\nOne number.\n\n## Notes\n\nEasy.\n")
    assert problem.title == "Twice"
    assert problem.statement == "Double it.\n\n## Input\n\nOne number.\n\n## Notes\n\nEasy."


def test_prose_behind_a_known_section_still_belongs_to_the_statement():
    problem = parse(f"{BARE}\n{SIGNATURE}\n## Hints\n\nAdd it to itself.\n")
    assert problem.statement == f"{BARE}\n\n## Hints\n\nAdd it to itself."


@pytest.mark.parametrize(
    "source",
    [
        "def double(x: int) -> int",
        "def double(x: int) -> int:",
        "def double(x: int) -> int: ...",
        'def double(x: int) -> int:\n    """Twice."""',
        "from typing import List\n\ndef double(x: int) -> int:\n    pass",
    ],
)
def test_a_signature_may_lack_its_body(source):
    problem = parse(f"{BARE}\n\n## Signature\n\n```python\n{source}\n```\n")
    assert str(problem.signature) == "def double(x: int) -> int:"


def test_a_method_is_asked_for_by_its_class():
    source = "class Solution:\n    def double(self, x: int) -> int:"
    signature = parse(f"{BARE}\n\n## Signature\n\n```\n{source}\n```\n").signature
    assert signature.entry == "Solution.double"
    assert [p.name for p in signature.parameters] == ["x"]


def test_a_stub_in_the_prose_is_the_signature():
    problem = parse(f"{BARE}\n\n```python\ndef double(x: int) -> int:\n    ...\n```\n")
    assert problem.signature.entry == "double"


@pytest.mark.parametrize(
    "written",
    [
        "- `double(3)` -> `6`",
        "- `double(3)` → 6",
        "* `double(x=3)` => `6`.",
        "1. Input: `3` -> Output: `6`",
        "- double(3) == 6",
        "- `double(3)` ->\n  `6`",
        "```python\n>>> double(3)\n6\n```",
        "```\nassert double(3) == 6\n```",
        "```\ndouble(3) -> 6\n```",
        "`double(3)` gives `6`",
        "Example 1:\n\nInput: x = 3\nOutput: 6\nExplanation: 3 + 3 = 6.",
        "**Input:** x = 3\n**Output:** 6",
        "```\nInput: x = 3\nOutput: 6\n```",
    ],
)
def test_examples_can_be_written_in_many_ways(written):
    problem = parse(f"{BARE}\n{SIGNATURE}\n## Examples\n\n{written}\n")
    (case,) = problem.examples
    assert (case.args, case.expected) == ((3,), 6)


def test_arrows_within_text_do_not_part_an_example():
    source = "def f(a: str, b: str) -> str:"
    problem = parse(
        f"Join.\n\n## Signature\n\n```\n{source}\n```\n\n## Examples\n\n"
        '- `f("a -> b", "->")` -> `"a -> b->"`\n- "x", "=>" -> "x=>"\n'
    )
    assert [(c.args, c.expected) for c in problem.examples] == [
        (("a -> b", "->"), "a -> b->"),
        (("x", "=>"), "x=>"),
    ]


def test_one_parameter_takes_a_tuple_whole():
    source = "def f(pair: tuple[int, int]) -> int:"
    text = f"Add.\n\n## Signature\n\n```\n{source}\n```\n\n## Examples\n\n- (1, 2) -> 3\n"
    assert parse(text).examples[0].args == ((1, 2),)


def test_json_words_are_understood():
    source = "def f(flags: list[bool], default: int | None) -> bool:"
    text = f"Any.\n\n## Signature\n\n```\n{source}\n```\n\n## Examples\n\n"
    text += "Input: flags = [true, false], default = null\nOutput: true\n"
    (case,) = parse(text).examples
    assert (case.args, case.expected) == (([True, False], None), True)


def test_a_signature_is_inferred_from_calls():
    problem = parse(f"{BARE}\n\n## Examples\n\n- `double(3)` -> `6`\n")
    assert problem.signature.entry == "double" and len(problem.signature.parameters) == 1


@pytest.mark.parametrize(
    "written",
    [
        "```input\n3\n```\n\n```output\n6\n```",
        "Input:\n\n```\n3\n```\n\nOutput:\n\n```\n6\n```",
        "### Sample input 1\n\n```text\n3\n```\n\n### Sample output 1\n\n```text\n6\n```",
        "**Input**\n```\n3\n```\n**Expected output**\n```\n6\n```",
    ],
)
def test_a_whole_program_has_inputs_and_outputs(written):
    problem = parse(f"{BARE}\n\n## Examples\n\n{written}\n")
    assert problem.signature is None
    assert [(c.stdin, c.expected) for c in problem.examples] == [("3\n", "6\n")]


def test_limits():
    problem = parse(
        f"{BARE}\n\n## Limits\n\n- time: 500 ms\n- memory: 64MiB\n- tolerance: 1e-6\n- 0 <= x\n"
    )
    assert problem.time_limit_s == 0.5
    assert problem.memory_limit_bytes == 64 << 20
    assert problem.tolerance == 1e-6
    assert problem.statement.endswith("Limits:\n\n- 0 <= x")


WRONG = [
    ("", 1, "statement is empty"),
    ("# Only a title\n", 1, "statement is empty"),
    (f"{BARE}\n\n```python\ndef f():\n", 3, "never closed"),
    (f"{BARE}\n\n~~~\nx\n```\n", 3, "never closed"),
    (f"{BARE}{SIGNATURE}{SIGNATURE}", 8, "a second section"),
    (f"{BARE}\n\n## Signature\n\nfoo\n", 3, "no code block"),
    (f"{BARE}\n\n## Signature\n\n```\ndouble(x)\n```\n", 6, "must start with `def`"),
    (f"{BARE}\n\n## Signature\n\n```\ndef f(*a):\n```\n", 6, "by position"),
    (f"{BARE}\n\n## Signature\n\n```\nasync def f(a):\n```\n", 6, "async"),
    (f"{BARE}\n\n## Signature\n\n```\ndef f(a):\ndef g(a):\n```\n", 6, "signature"),
    (f"{BARE}\n\n## Exampels\n\n- 3 -> 6\n", 3, "did you mean `## Examples`"),
    (f"{BARE}\n\n## Examples\n\nnone\n", 3, "no example could be read"),
    (f"{BARE}{SIGNATURE}\n## Examples\n\n- `triple(3)` -> `9`\n", 10, "calls `triple`"),
    (f"{BARE}{SIGNATURE}\n## Examples\n\n- `double(3, 4)` -> `9`\n", 10, "2 arguments"),
    (f"{BARE}{SIGNATURE}\n## Examples\n\n- `double(y)` -> `9`\n", 10, "`y` is a name"),
    (f"{BARE}{SIGNATURE}\n## Examples\n\n- `double(3)` -> `six`\n", 10, "`six` is a name"),
    (f"{BARE}{SIGNATURE}\n## Examples\n\n```\n>>> double(3)\n```\n", 11, "shows no answer"),
    (f"{BARE}\n\n## Examples\n\n```input\n3\n```\n", 6, "no output"),
    (f"{BARE}\n\n## Examples\n\n```output\n3\n```\n", 6, "no input"),
    (f"{BARE}{SIGNATURE}\n## Examples\n\n```input\n3\n```\n```output\n6\n```\n", 8, "whole prog"),
    (f"{BARE}\n\n## Paradigm\n\ncooking\n", 3, "algorithms, systems, web or data"),
    (f"{BARE}\n\n## Limits\n\n- time: soon\n", 5, "no limit"),
    (f"{BARE}\n\n## Limits\n\n- time: 0 s\n", 5, "no limit"),
    (f"{BARE}\n\n## Limits\n\n- memory: 0 B\n", 5, "no limit"),
    (f"{BARE}\n\n## Limits\n\n- tme: 2 s\n", 5, "no limit"),
    (f"{BARE}\n\n## Generators\n\n```python\nlambda n, rng: (n,)\n```\n", 6, "no shape"),
    (f"{BARE}\n\n## Generators\n\n```python random\nn * 2\n```\n", 6, "a generator is one"),
    (f"{BARE}\n\n## Generators\n\n```python random\nlambda n rng\n```\n", 6, "does not parse"),
    (f"{BARE}\n\n## Checker\n\n```python\ndef ok(a):\n    pass\n```\n", 6, "def check(args"),
    (f"{BARE}{SIGNATURE}\n## Right: it\n\nTime: O(n. Memory: O(1).\n\n```\ndef double(x): ...\n```",
     8, "time class"),
    (f"{BARE}{SIGNATURE}\n## Right: it\n\n```\ndef twice(x): ...\n```\n", 11, "define `double`"),
    (f"{BARE}{SIGNATURE}\n## Right: it\n\n```\ndef double(x):\nreturn 1\n```\n", 12, "not parse"),
    (f"{BARE}{SIGNATURE}\n## Right\n\n```\ndef double(x): ...\n```\n", 8, "has no name"),
    (f"{BARE}{SIGNATURE}\n## Wrong: it\n\nExposed by: double(3)\n\n```\ndef double(x): ...\n```",
     10, "in backticks"),
    (f"{BARE}\n\n## Phrasings\n\nOnly prose.\n", 3, "begin each entry"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "said"), WRONG)
def test_an_error_names_the_line_and_what_to_write(text, line, said):
    with pytest.raises(ProblemError, match=r"double\.md") as caught:
        parse(text)
    assert said in str(caught.value)
    assert caught.value.line == line


def test_a_bank_problem_lists_all_that_is_missing():
    with pytest.raises(ProblemError) as caught:
        parse(f"# Twice\n\n{BARE}{SIGNATURE}", complete=True)
    for wanted in (
        "Examples",
        "Paradigm",
        "Phrasings",
        "Generators",
        "Right",
        "Wrong",
        "Rationale",
    ):
        assert wanted in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x7fELF\x02\x01\x01\0\0\0\0", "binary"),
        (b"Return \xff\xfe twice.\n", "not UTF-8"),
        ("Gib das Doppelte zurück.".encode("utf-16"), "binary"),
        (b"", "empty"),
        (b" \n\t\n", "empty"),
    ],
)
def test_files_that_are_no_text(tmp_path, content, said):
    file = tmp_path / "double.md"
    file.write_bytes(content)
    with pytest.raises(ProblemError, match=said):
        load_problem(file)


def test_line_ends_and_byte_order_mark_do_not_matter(tmp_path):
    file = tmp_path / "double.md"
    file.write_bytes(b"\xef\xbb\xbf# Twice\r\n\r\n" + BARE.encode() + b"\r\n")
    problem = load_problem(file)
    assert (problem.title, problem.statement) == ("Twice", BARE)


@pytest.mark.parametrize("path", ["nowhere.md", ".", "/dev/zero"])
def test_paths_that_hold_no_problem(tmp_path, path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProblemError):
        load_problem(path)


@given(st.text(st.sampled_from("#`~->\n 1ax()[]Right:WrongExamples"), max_size=300))
def test_any_text_is_a_problem_or_a_clear_error(text):
    try:
        assert parse(text).statement
    except ProblemError as error:
        assert error.message
