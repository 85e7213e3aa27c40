# ruff: noqa: E501
"""Variants do what their origin does: on the bank, and where a careless transformation would not."""

import ast
import itertools

import pytest

from nlogn.annotate import (
    assignments,
    branches,
    calls,
    comprehensions,
    expressions,
    layout,
    loops,
    recursion,
    variants,
)
from nlogn.annotate.candidates import candidates
from nlogn.annotate.names import STYLES, rename, renameable
from nlogn.annotate.program import Parsed
from nlogn.annotate.variants import fingerprint, skeleton
from nlogn.cases import same
from nlogn.cases.slips import slips
from nlogn.problems import bank_problem
from nlogn.sandbox import Limits, Program

LIMITS = Limits(wall_s=5)


def rewritten(transformation, code: str, entry: str = "f") -> list[str]:
    """The program after each single edit of the transformation."""
    out = []
    for i in range(len(list(transformation(Parsed(ast.parse(code), entry))))):
        program = Parsed(ast.parse(code), entry)
        list(transformation(program))[i]()
        out.append(ast.unparse(ast.fix_missing_locations(program.tree)))
    return out


def answers(code: str, calls: list[tuple], sandbox) -> list:
    return [(o.status, o.value) for o in sandbox.call(Program(code, "f"), calls, LIMITS)]


LISTS = [([],), ([3],), ([1, 2, 3],), ([5, -1, 5, 0, 2],), ([2, 2],)]
NUMBERS = [(n,) for n in (0, 1, 2, 5, 17)]
APPLIES = [
    (loops.for_to_while, "def f(n):\n    t = 0\n    for i in range(1, n, 2):\n        t += i\n    return t",
     "while i < n", NUMBERS),
    (loops.for_to_while, "def f(n):\n    t = []\n    for i in range(n - 1, -1, -1):\n        t.append(i)\n    return t",
     "while i > ", NUMBERS),
    (loops.while_to_for, "def f(n: int):\n    t = 0\n    i = 0\n    while i < n:\n        t += i\n        i += 1\n    return t",
     "for i in range(n)", NUMBERS),
    (loops.each_to_index, "def f(xs: list[int]):\n    t = 0\n    for x in xs:\n        t += x\n    return t",
     "range(len(xs))", LISTS),
    (loops.index_to_each, "def f(xs: list[int]):\n    t = 0\n    for i in range(len(xs)):\n        t += xs[i] * i\n    return t",
     "enumerate(xs)", LISTS),
    (loops.enumerate_to_counter, "def f(xs):\n    t = []\n    for i, x in enumerate(xs):\n        if x < 0:\n            continue\n        t.append(i * x)\n    return t",
     "i += 1", LISTS),
    (comprehensions.comprehension_to_loop, "def f(xs):\n    ys = [x * 2 for x in xs if x > 1]\n    return ys",
     "ys.append(x * 2)", LISTS),
    (comprehensions.loop_to_comprehension, "def f(xs):\n    ys = []\n    for x in xs:\n        if x > 1:\n            ys.append(x * 2)\n    return ys",
     "[x * 2 for x in xs if x > 1]", LISTS),
    (comprehensions.sum_to_loop, "def f(n):\n    return sum(len(str(i)) for i in range(n))", "total +=", NUMBERS),
    (loops.while_true, "def f(n):\n    while n > 3:\n        n -= 2\n    return n", "while True", NUMBERS),
    (branches.invert_if, "def f(n: int):\n    if n < 3:\n        return 1\n    else:\n        return 2", "n >= 3", NUMBERS),
    (branches.single_exit, "def f(n):\n    if n > 3:\n        return 1\n    if n > 1:\n        return 2\n    return 3",
     "result = 2", NUMBERS),
    (branches.de_morgan, "def f(n):\n    if n > 1 and n < 9:\n        return 1\n    return 0", "not (", NUMBERS),
    (expressions.swap_operands, "def f(n: int):\n    return n * 3 + 1", "1 + n * 3", NUMBERS),
    (expressions.split_chain, "def f(n):\n    return 1 < n < 9", "1 < n and n < 9", NUMBERS),
    (expressions.f_string_to_format, "def f(n):\n    return f'{n:03d}-{{}}{n!r}'", ".format(n, n)", NUMBERS),
    (branches.if_to_extremum, "def f(xs):\n    best = 0\n    for i in range(len(xs)):\n        if i > best:\n            best = i\n    return best",
     "max(best, i)", LISTS),
    (expressions.parity, "def f(n: int):\n    return n // 2 + n % 2", "n >> 1", NUMBERS),
    (calls.extract_expression, "def f(xs):\n    t = 0\n    for x in xs:\n        t += x * x + 3 * x - 1\n    return t",
     "(x)", LISTS),
    (calls.extract_entry, "def f(n):\n    return 1 if n < 2 else n * f(n - 1)", "return solve(n)", NUMBERS),
    (calls.inline_function, "def g(a, b):\n    return a - b\n\ndef f(n):\n    return g(n, 2)", "n - 2", NUMBERS),
    (recursion.tail_call_to_loop, "def f(n, t=None):\n    return g(n, 0)\n\ndef g(n, t):\n    if n == 0:\n        return t\n    return g(n - 1, t + n)",
     "while True", NUMBERS),
    (recursion.recursion_to_sum, "def f(n: int):\n    if n == 0:\n        return 0\n    return n + f(n - 1)", "while", NUMBERS),
]  # fmt: skip


@pytest.mark.parametrize(
    ("transformation", "code", "shows", "calls_"), APPLIES, ids=[a[0].__name__ for a in APPLIES]
)
def test_a_transformation_changes_the_text_and_not_the_answers(
    transformation, code, shows, calls_, sandbox
):
    made = rewritten(transformation, code)
    assert any(shows in text for text in made), made
    want = answers(code, calls_, sandbox)
    for text in made:
        assert text != ast.unparse(ast.parse(code))
        assert answers(text, calls_, sandbox) == want, text


# Each would change what the program does, or cannot be proven not to.
REFUSED = [
    (loops.for_to_while, "def f(n):\n    for i in range(n):\n        pass\n    return i"),  # read after
    (loops.for_to_while, "def f(n):\n    for i in range(n):\n        if i: continue\n        g(i)"),
    (loops.for_to_while, "def f(n):\n    return [g for i in [1] for g in [lambda: i]]"),
    (loops.for_to_while, "def f(n):\n    gs = []\n    for i in range(n):\n        gs.append(lambda: i)\n    return gs"),
    (loops.each_to_index, "def f(xs: list):\n    for x in xs:\n        xs.append(x)"),
    (loops.each_to_index, "def f(xs: list):\n    ys = xs\n    for x in xs:\n        ys.pop()"),
    (loops.each_to_index, "def f(xs):\n    for x in xs:\n        print(x)"),  # it may be a set
    (loops.index_to_each, "def f(xs: list):\n    for i in range(len(xs)):\n        xs[i] += xs[i - 1] + xs[i]"),
    (loops.while_to_for, "def f(n: int):\n    i = 0\n    while i < n:\n        n -= 1\n        i += 1"),
    (loops.while_to_for, "def f(n: int):\n    i = 0\n    while i < n:\n        g(n)\n        i += 1\n    return i"),
    (comprehensions.comprehension_to_loop, "def f(xs):\n    x = 1\n    ys = [x for x in xs]\n    return x, ys"),
    (comprehensions.comprehension_to_loop, "def f(xs):\n    xs = [x for x in xs]\n    return xs"),
    (comprehensions.loop_to_comprehension, "def f(xs):\n    ys = []\n    for x in xs:\n        ys.append(x + len(ys))\n    return ys"),
    (comprehensions.loop_to_comprehension, "def f(xs):\n    ys = []\n    for x in xs:\n        ys.append(x)\n    return ys, x"),
    (comprehensions.sum_to_loop, "def f(xs):\n    return sum(x for x in xs)"),  # may be floats, or not numbers
    (expressions.swap_operands, "def f(a, b):\n    return a + b"),  # may be text
    (assignments.augmented_to_plain, "def f(xs, ys):\n    xs += ys\n    return xs"),  # changes the list itself
    (expressions.parity, "def f(x):\n    return x // 2"),  # may be a float
    (assignments.reorder, "def f(n):\n    a = n\n    b = a\n    return b"),
    (assignments.reorder, "def f(xs):\n    a = xs.pop()\n    b = xs.pop()\n    return a - b"),
    (assignments.split_assignment, "def f(a, b):\n    a, b = b, a\n    return a"),
    (calls.extract_expression, "def f(n):\n    if n:\n        x = 1\n    return n > 3 and x * x + 3 * x - 1 > 0"),
    (calls.inline_function, "def g(a):\n    return a * a\n\ndef f(xs):\n    return g(xs.pop())"),
    (recursion.tail_call_to_loop, "def f(n):\n    return [lambda: n, f(n - 1)]"),
    (recursion.recursion_to_sum, "def f(s):\n    if not s:\n        return ''\n    return s[0] + f(s[1:])"),
    (branches.single_exit, "def f(xs):\n    for x in xs:\n        if x:\n            return x\n    return 0"),
]  # fmt: skip


@pytest.mark.parametrize(("transformation", "code"), REFUSED)
def test_a_transformation_keeps_away_from_what_it_cannot_prove(transformation, code):
    made = rewritten(transformation, code)
    if transformation is calls.extract_expression:  # the whole may go, the unbound part may not
        assert not any("x)" in text.split("def f")[0] for text in made), made
    else:
        assert made == []


def test_names_change_everywhere_or_not_at_all():
    code = (
        "import heapq\n\ndef helper(count):\n    return count + 1\n\n"
        "def f(nums, *, key=None):\n    total = 0\n    for count in nums:\n"
        "        total += helper(count)\n    return {'total': total}\n"
    )
    free = renameable(Parsed(ast.parse(code), "f"))
    assert free == {"helper", "count"}  # "total" is asked for by its text, the rest is the entry's
    for style, seed in itertools.product(STYLES, range(5)):
        program = Parsed(ast.parse(code), "f")
        assert rename(program, style, seed) == 2
        text = ast.unparse(program.tree)
        assert "count" not in text.replace("count_", "") or "helper" not in text
        assert skeleton(text) == skeleton(ast.unparse(ast.parse(code)))
        assert fingerprint(text) != fingerprint(code)


def test_a_program_that_looks_at_its_own_names_keeps_them():
    assert not renameable(Parsed(ast.parse("def f(n):\n    x = n\n    return locals()['x']"), "f"))


def test_comments_and_docstrings_leave_the_program_as_it_was():
    code = (
        "def f(n):\n    t = '''a\n  b'''\n    for i in range(n):\n        t += 'x'\n    return t\n"
    )
    for seed in range(30):
        assert fingerprint(layout.comment(code, seed)) == fingerprint(code)
    for text in rewritten(layout.add_docstring, code):
        assert fingerprint(text) == fingerprint(code)


def test_a_skeleton_is_what_is_left_without_names_layout_and_words():
    code = "def f(xs):\n    return f'{len(xs)}: {xs[0]!r}' if xs else 'no'\n"
    same_ = [
        "def g(rows):\n    # none?\n    return f'{len(rows)}: {rows[0]!r}' if rows else 'no'\n",
        "def f(xs):\n    'Says.'\n    return (f'{len(xs)}: {xs[0]!r}'\n            if (xs) else \"no\")",
    ]
    other = [code.replace("0", "1"), code.replace("'no'", "'none'"), code.replace("[0]", "")]
    other += [code.replace("xs else", "len else"), "def f(xs:\n"]
    assert {skeleton(c) for c in same_} == {skeleton(code)}
    assert len({skeleton(c) for c in [code, *other]}) == 6


def test_variants_follow_their_seed_and_differ_from_each_other():
    code = bank_problem("two_sum").solutions[-1].code
    one, two = (list(itertools.islice(variants(code, "two_sum", seed=3), 25)) for _ in range(2))
    assert one == two
    assert len({fingerprint(v.code) for v in one}) == 25
    assert one != list(itertools.islice(variants(code, "two_sum", seed=4), 25))


@pytest.mark.parametrize("name", ["two_sum", "page_links", "edit_distance", "lru_cache_hits"])
def test_variants_of_the_bank_answer_as_their_origin(name, sandbox):
    from nlogn.judge import suite_for
    from nlogn.judge.running import run_suite
    from nlogn.problems import ProblemError

    try:
        problem = bank_problem(name)
    except ProblemError:
        pytest.skip(f"the bank has no {name}")
    entry = problem.signature.entry
    suite = suite_for(Program(problem.reference.code, entry), sandbox, problem=problem)
    for solution in problem.solutions:
        for variant in itertools.islice(variants(solution.code, entry, seed=1), 6):
            judged = run_suite(Program(variant.code, entry), suite, sandbox)
            assert {j.status for j in judged} == {"accepted"}, (variant.steps, variant.code)


def test_the_candidates_of_a_problem_are_distinct_and_of_every_kind():
    problem = bank_problem("two_sum")
    drawn = list(itertools.islice(candidates(problem, 0), 60))
    assert drawn == list(itertools.islice(candidates(problem, 0), 60))
    assert len({fingerprint(c.code) for c in drawn}) == 60
    assert {c.kind for c in drawn} == {"right", "wrong", "variant", "wrong_variant", "bug"}
    right = [s.code for s in problem.solutions]
    assert [c.code for c in drawn[: len(right)]] == right


def test_a_problem_runs_out_of_programs_and_says_so():
    from dataclasses import replace

    from nlogn.problems.problem import Solution

    small = Solution("one", "def two_sum(nums, target):\n    return None\n", "O(1)", "O(1)")
    problem = replace(bank_problem("two_sum"), solutions=(small,), wrong=())
    assert 1 <= len(list(itertools.islice(candidates(problem, 0), 5000))) < 5000


SLIPPED = [
    ("def f(n):\n    if n == 0:\n        return 1\n    return n * f(n - 1)", "dropped a base case", (3,)),
    ("def f(n):\n    rows = [[0] * n for _ in range(n)]\n    rows[0][0] = 1\n    return rows",
     "made all rows the same list", (2,)),
    ("def f(xs):\n    n = 0\n    for x in xs:\n        n += 1\n    return n",
     "returned from inside the loop", ([1, 1],)),
    ("def f(xs):\n    return sorted(xs, key=lambda x: (-len(x), x))", "forgot how ties are broken",
     (["b", "a"],)),
    ("def f(d):\n    return d.get('k', 0)", "took a key for granted", ({},)),
    ("def f(s):\n    return s.lower() == 'a'", "left out .lower()", ("A",)),
    ("def f(xs):\n    return max(xs, default=0)", "forgot the empty input", ([],)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "what", "args"), SLIPPED, ids=[s[1] for s in SLIPPED])
def test_a_slip_is_a_bug_that_an_input_shows(code, what, args, sandbox):
    slipped = [m.code for m in slips(code) if m.what == what]
    assert slipped, [m.what for m in slips(code)]
    (right,) = sandbox.call(Program(code, "f"), [args], LIMITS)
    assert right.status == "ok"
    (got,) = sandbox.call(Program(slipped[0], "f"), [args], Limits(wall_s=5, steps=100_000))
    assert got.status != "ok" or not same(right.value, got.value)


def test_a_shared_default_remembers_the_last_call(sandbox):
    code = "def f(x):\n    seen = []\n    seen.append(x)\n    return seen"
    (slip,) = [m for m in slips(code) if m.what.startswith("made a container")]
    outcomes = sandbox.call(Program(slip.code, "f"), [(1,), (2,)], LIMITS)
    assert [o.value for o in outcomes] == [[1], [1, 2]]
