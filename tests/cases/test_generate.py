"""What comes out of `generate`, `shrink` and `mutants`."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nlogn.cases import conforms, generate, infer_signature, mutants, shrink
from nlogn.cases.types import Int, Param, Relation, Seq, Signature, Str


def signature(source: str, statement: str = "") -> Signature:
    return infer_signature(f"def f({source}): ...", "f", statement=statement)


def test_the_same_in_every_process() -> None:
    code = ("from nlogn.cases import *; s = infer_signature('def f(a: list[int], s: str, "
            "d: dict[str, int], q: set[int]): ...', 'f')\n"
            "print(generate(s, count=200, seed=3))")  # fmt: skip
    outs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": h, "PYTHONPATH": p},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for h in ("1", "2")
        for p in [":".join(sys.path)]
    }
    assert len(outs) == 1


def test_many_different_inputs_quickly() -> None:
    found = signature("nums: list[int], k: int")
    generate(found, count=60)  # hypothesis is imported once
    start = time.process_time()
    inputs = generate(found, count=300)
    assert time.process_time() - start < 0.3
    assert len({repr(i) for i in inputs}) == 300


def test_boundaries_are_there() -> None:
    lists = [a for (a,) in generate(signature("a: list[int]"))]
    assert [] in lists and any(len(x) == 1 for x in lists)
    assert any(len(set(x)) == 1 and len(x) > 2 for x in lists)
    assert any(v < 0 for x in lists for v in x) and any(abs(v) > 10**6 for x in lists for v in x)
    assert any(x == sorted(x) and len(set(x)) > 3 for x in lists)
    texts = [s for (s,) in generate(signature("s: str"))]
    assert "" in texts and any(s != s.lower() for s in texts) and any(" " in s for s in texts)
    assert any(len(s) > 2 and s == s[::-1] for s in texts)
    assert any(not s.isascii() for s in texts)


def test_bounds_and_relations_hold() -> None:
    text = """a is a sorted list of distinct integers. 1 <= a.length <= 10. 0 <= a[i] <= 50.
    0 <= i < a.length"""
    found = signature("a, i", text)
    for a, i in generate(found, count=200):
        assert 1 <= len(a) <= 10 and a == sorted(set(a)) and all(0 <= x <= 50 for x in a)
        assert isinstance(i, int)
    equal = Signature("f", (Param("a", Seq(Int())), Param("b", Seq(Int()))),
                      (Relation("same_length", 0, 1, sure=True),))  # fmt: skip
    assert all(conforms(args, equal) for args in generate(equal))


def test_square_matrices_are_square() -> None:
    found = signature("m: list[list[int]]", "m is an n x n matrix")
    assert all(len(row) == len(m) for (m,) in generate(found, count=100) for row in m)


def test_likely_targets_are_hit() -> None:
    found = infer_signature(
        "def f(nums, target):\n    return [x for x in nums if x == target]\n", "f"
    )
    inputs = generate(found)
    assert sum(t in xs for xs, t in inputs if isinstance(xs, list)) > 40


def test_few_values_end() -> None:
    assert len(generate(signature("a: bool, b: bool"))) == 4
    assert generate(signature("")) == [()]


def test_strings_are_made_of_the_examples() -> None:
    found = infer_signature('def f(s):\n    """\n    >>> f("12:45")\n    True\n    """\n', "f")
    texts = [s for (s,) in generate(found)]
    assert sum(":" in s for s in texts) > 60


@pytest.mark.parametrize(
    ("args", "fails", "smallest"),
    [
        (([5, 3, 9, 1, 7, 7],), lambda a: len(a) != len(set(a)), ([0, 0],)),
        (("hello world",), lambda s: "o" in s, ("o",)),
        ((12345,), lambda n: n > 99, (100,)),
        ((-7.25,), lambda x: x < 0, (-1.0,)),
        (({"a": [1, 2], "b": [3]},), lambda d: any(len(v) > 1 for v in d.values()), None),
        (([[1, 2], [3, 4]],), lambda m: len(m) > 1, ([[], []],)),
    ],
)  # fmt: skip
def test_shrink_reaches_the_smallest(args: tuple, fails, smallest: tuple | None) -> None:  # type: ignore[type-arg, no-untyped-def]
    small = shrink(args, lambda rows: [fails(*row) for row in rows])
    assert fails(*small)
    if smallest is not None:
        assert small == smallest


def test_shrink_keeps_what_belongs_together() -> None:
    def fails(rows: list[tuple[object, ...]]) -> list[bool]:
        return [len(a) == len(b) and 3 in a for a, b in rows]  # type: ignore[arg-type, operator]

    small = shrink(([9, 3, 4, 5, 6], [1, 2, 3, 4, 5]), fails)
    assert small == ([3], [0])


def test_shrink_ends_in_time() -> None:
    def slow(rows: list[tuple[object, ...]]) -> list[bool]:
        time.sleep(0.05)
        return [True] * len(rows)

    start = time.monotonic()
    shrink((list(range(3000)),), slow, budget_s=0.3)
    assert time.monotonic() - start < 1.5


def test_mutants_differ_and_parse() -> None:
    code = '''
def f(xs, k):
    """Doc with 1 < 2."""
    best = 0
    for i in range(len(xs)):
        if xs[i] > k and i % 2 == 0:
            best = max(best, xs[i] + 1)
        else:
            continue
    return best
'''
    found = mutants(code)
    texts = [m.code for m in found]
    assert len(found) > 25 and len(set(texts)) == len(texts)
    plain = ast.unparse(ast.parse(code))
    for text in texts:
        ast.parse(text)
        assert text.strip() != plain and "Doc with 1 < 2." in text
    what = " ".join(m.what for m in found)
    for expected in ("replaced Gt", "and / or", "else branch", "negated", "range", "removed"):
        assert expected in what
    assert mutants(code, limit=5, seed=1) == mutants(code, limit=5, seed=1)


def test_words_of_a_type_stay_inside_its_alphabet() -> None:
    found = Signature("f", (Param("s", Str(alphabet="ab", min_size=1, max_size=4)),))
    assert all(set(s) <= {"a", "b"} and 1 <= len(s) <= 4 for (s,) in generate(found))


def test_nothing_is_written_and_other_modules_do_not_matter(tmp_path: Path) -> None:
    code = (
        "from nlogn.cases import *; s = infer_signature('def f(a: list[float], s: str): ...', 'f');"
        "first = generate(s, count=200); import numpy, click, json.tool, nlogn.cases.narrow;"
        "assert generate(s, count=200) == first"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True,
                   env={"PYTHONPATH": ":".join(sys.path)})  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_keys_of_unknown_type_are_hashable() -> None:
    code = "def f(patch):\n    return {k: v for k, v in patch.items()}\n"
    signature = infer_signature(code, "f", examples=[(({"a": [1], "b": {"c": None}},), {})])
    for seed in range(20):
        made = generate(signature, seeds=[({"a": [1]},)], count=100, seed=seed)
        assert sum(isinstance(patch, dict) for (patch,) in made) > 50
