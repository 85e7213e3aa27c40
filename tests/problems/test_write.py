"""What is written loads again equal."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlogn.problems import ProblemError, bank, load_problem, load_problems
from nlogn.problems.literals import evaluate
from nlogn.problems.markdown import parse_markdown
from nlogn.problems.problem import Case, Parameter, Problem, Signature, Solution, WrongSolution
from nlogn.problems.write import as_loaded, literal, markdown_of, write_problem

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.integers() | TEXT, inner, max_size=3)
        | st.sets(st.integers() | TEXT, max_size=3)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("problem", bank(), ids=lambda p: p.name)
def test_every_problem_of_the_bank_is_read_back_equal(problem: Problem) -> None:
    assert parse_markdown(markdown_of(problem), problem.name, complete=True) == problem


@given(VALUES)
def test_a_literal_is_its_value(value: object) -> None:
    read = evaluate(literal(value))
    assert (read, type(read)) == (value, type(value))


@settings(max_examples=150, deadline=None)
@given(
    statement=TEXT,
    note=TEXT,
    args=st.tuples(VALUES, VALUES),
    expected=VALUES,
    answered=st.booleans(),
    code=st.sampled_from(["def f(a, b):\n    return 1", "def f(x, y):\n    '''```'''\n\n\n"]),
    title=TEXT,
)
def test_any_problem_is_read_back_from_its_file(  # type: ignore[no-untyped-def]
    tmp_path_factory, statement, note, args, expected, answered, code, title
) -> None:
    problem = Problem(
        name="p",
        title=title,
        statement="Do " + statement,
        signature=Signature("f", (Parameter("a"), Parameter("b", "list[int]")), "int"),
        examples=(Case(args=args, expected=expected, note=note),),
        tests=(Case(args=args, expected=expected if answered else None, has_expected=answered),),
        solutions=(Solution("one", code, "O(n)", "O(1)"),),
        wrong=(WrongSolution("two", code, "it is - not\nright", args),),
    )
    path = write_problem(problem, tmp_path_factory.mktemp("w"))
    read = load_problem(path)
    assert read == (as_loaded(problem) if path.suffix == ".md" else problem)


def test_what_markdown_cannot_say_is_json(tmp_path: Path) -> None:
    case = Case(args=(1,), has_expected=False, check="got > 1")
    signature = Signature("f", (Parameter("n"),))
    problem = Problem("a b", "Do it.", signature=signature, tests=(case,))
    path = write_problem(problem, tmp_path)
    assert path.name == "a_b.json" and load_problem(path) == problem


@pytest.mark.parametrize(
    "statement",
    ["# A title of its own", "Say\n\n## Examples\n\nnone", "```\nopen", "Do\n\n## Limit\n\n- x",
     "Do\n\n```python\ndef f(n): ...\n```"],
)  # fmt: skip
def test_a_statement_that_markdown_misreads_is_kept(statement: str, tmp_path: Path) -> None:
    problem = Problem("p", statement, "T")
    read = load_problem(write_problem(problem, tmp_path))
    assert statement in read.statement and read.signature is None and read.title == "T"


def test_a_long_name_in_any_script_is_a_file(tmp_path: Path) -> None:
    path = write_problem(Problem("漢" * 300, "Do it."), tmp_path)
    assert load_problem(path).name == path.stem and len(path.stem) > 50


def test_nothing_is_overwritten_and_no_draft_is_left(tmp_path: Path) -> None:
    problem = Problem("p", "Do it.")
    write_problem(problem, tmp_path)
    with pytest.raises(ProblemError, match="already there"):
        write_problem(Problem("p", "Something else."), tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["p.md"]
    assert load_problem(tmp_path / "p.md").statement == "Do it."


@pytest.mark.parametrize("name", ["HumanEval", "mbpp", "leetcode_contest_180"])
def test_benchmark_rows_survive(name: str, data: Path, tmp_path: Path) -> None:
    file = data / "benchmarks" / f"{name}.jsonl.gz"
    if not file.exists():
        pytest.skip(f"no {file.name} among the benchmark data")
    for problem in load_problems(file)[:20]:
        path = write_problem(problem, tmp_path)
        assert load_problem(path) == (as_loaded(problem) if path.suffix == ".md" else problem)
