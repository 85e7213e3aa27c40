"""Recursion made iteration answers as recursion did, or is left alone."""

import ast
import itertools
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlogn.annotate import frames, memo, trampoline, variants
from nlogn.annotate.program import Parsed
from nlogn.sandbox import Limits, Program

LIMITS = Limits(wall_s=10)
WAYS = {"frames": frames.recursion_to_frames, "generators": trampoline.recursion_to_generators}
NUMBERS = [(n,) for n in range(8)]
TREE = [1, [2, [4, None, None], [5, None, None]], [3, None, [6, [7, None, None], None]]]
TREES = [(None,), ([1, None, None],), (TREE,)]
GRAPHS = [({0: [1, 2], 1: [2, 0], 2: [3], 3: []}, 0), ({0: []}, 0), ({0: [0, 1], 1: []}, 1)]
LISTS = [([],), ([3],), ([2, 1],), ([4, 1, 3, 3, 2],)]
REWRITES = {**WAYS, "dict": memo.cache_to_dict}
both, by_generators, neither = {"frames", "generators"}, {"generators"}, set()

# name: (code, calls, the ways that serve it)
PROGRAMS = {
    "two calls": ("""
        def f(n):
            '''The definition.'''
            if n < 2:
                return n
            return f(n - 1) + f(n - 2)
        """, NUMBERS, both),
    "a tail call": ("""
        def f(n, m=12):
            return f(m % n, n) if n else m
        """, NUMBERS, both),
    "a call in a condition": ("""
        def f(n):
            if n > 1 and f(n - 2) > 2 or n == 5:
                return 3 if f(n - 1) % 2 else 4
            elif not n or f(n - 1) == 1:
                return n
            else:
                return 2
        """, NUMBERS, both),
    "a call in the head of a while": ("""
        def f(n):
            total = 0
            while n > 0 and f(n - 2) < 9:
                if n == 3:
                    n -= 2
                    continue
                total += n
                n -= 1
                if total > 20:
                    break
            return total
        """, NUMBERS, both),
    "moves recorded outside": ("""
        def f(n):
            count = 0
            moves = []
            def move(n, a, b, c):
                nonlocal count
                if n == 0:
                    return
                move(n - 1, a, c, b)
                count += 1
                moves.append((n, a, c, count))
                move(n - 1, b, a, c)
            move(n, 'a', 'b', 'c')
            return count, moves
        """, [(n,) for n in range(5)], both),
    "what is read before a call stays read before it": ("""
        def f(n):
            total = 1
            box = [1]
            def go(n):
                nonlocal total
                if n == 0:
                    return 1
                total += n
                box[0] += n
                return total + box[0] + go(n - 1) * total - box[0]
            return go(n), total, box
        """, NUMBERS, both),
    "in the order of the text": ("""
        def f(n):
            told = []
            def say(x):
                told.append(x)
                return x
            def go(n):
                if n == 0:
                    return 0
                return say(n) + max(say(-n), go(n - 1), say(10 * n)) + say(100 * n)
            return go(n), told
        """, NUMBERS, both),
    "backtracking": ("""
        def f(xs):
            found, path = [], []
            def go(left):
                if not left:
                    found.append(path[:])
                    return
                for i in range(len(left)):
                    if i and left[i] == left[i - 1]:
                        continue
                    path.append(left[i])
                    go(left[:i] + left[i + 1:])
                    path.pop()
            go(sorted(xs))
            return found
        """, LISTS, both),
    "a tree": ("""
        def f(tree):
            if tree is None:
                return 0, []
            value, left, right = tree
            depth, values = f(left)
            other, more = f(right)
            return 1 + max(depth, other), [*values, value, *more]
        """, TREES, both),
    "depth first with a set": ("""
        def f(graph, start):
            seen, order = set(), []
            def visit(node):
                seen.add(node)
                for other in graph[node]:
                    if other not in seen:
                        visit(other)
                order.append(node)
            visit(start)
            return order
        """, GRAPHS, both),
    "a return from within the loop": ("""
        def f(xs, want=6):
            def reach(i, left):
                if left == 0:
                    return [i]
                for j in range(i, len(xs)):
                    way = reach(j + 1, left - xs[j])
                    if way:
                        return [xs[j], *way]
                return None
            return reach(0, want)
        """, LISTS, both),
    "loops in loops, left early": ("""
        def f(n):
            total = last = 0
            for a in range(n):
                for b in range(a):
                    if b == 3:
                        break
                    if (a + b) % 3 == 1:
                        continue
                    total += f(b)
                last = a
                if a > 4:
                    break
            return total + n + last
        """, NUMBERS, both),
    "the loop's name read after it": ("""
        def f(n):
            i = -1
            for i in range(n):
                if f(i) > 3:
                    break
            return i + n
        """, NUMBERS, both),
    "a memo handed on": ("""
        def f(n, memo=None):
            if memo is None:
                memo = {}
            if n in memo:
                return memo[n]
            if n < 2:
                return n
            memo[n] = f(n - 1, memo) + f(n - 2, memo)
            return memo[n]
        """, [(n,) for n in (0, 1, 7, 40)], both),
    "a memo that all calls share": ("""
        def f(n, memo={}):
            if n in memo:
                return memo[n]
            memo[n] = n if n < 2 else f(n - 1) + f(n - 2)
            return len(memo)
        """, NUMBERS, neither),
    "a shared memo handed on": ("""
        def f(n, memo={}):
            if n in memo:
                return memo[n]
            memo[n] = n if n < 2 else f(n - 1, memo) + f(n - 2, memo=memo)
            return len(memo)
        """, NUMBERS, both),
    "keywords": ("""
        def f(n, *, low=0, high=9):
            if n == 0:
                return low * 10 + high
            return f(n - 1, low=high, high=low + 1)
        """, NUMBERS, both),
    "keywords out of order": ("""
        def f(n, a=1, b=2):
            return a - b if n == 0 else f(n - 1, b=a, a=b)
        """, NUMBERS, by_generators),
    "the items of a loop": ("""
        def f(n):
            if n == 0:
                return ['']
            out = []
            for word in f(n - 1):
                out += [word + 'a', word + 'b']
            return out
        """, [(n,) for n in range(4)], both),
    "unpacked": ("""
        def f(n):
            if n == 0:
                return [0, 0, 0]
            a, *b = f(n - 1)
            table = {}
            table['x'] = table['y'] = f(n // 2)
            return [a + n, *b, len(table['x'] + table['y'])]
        """, [(n,) for n in range(5)], both),
    "a place that grows by a call": ("""
        def f(n, box=None):
            box = box or [n]
            if n > 0:
                box[0] += f(n - 1, box)
            return box[0]
        """, NUMBERS, by_generators),
    "text with a call in it": ("""
        def f(n):
            return f'<{f(n - 1)}{n:03d}>' if n else ''
        """, NUMBERS, by_generators),
    "a closure that lives on": ("""
        def f(n):
            if n == 0:
                return []
            get = lambda: n
            rest = f(n - 1)
            return [get() + len(rest), *rest]
        """, NUMBERS, by_generators),
    "generators read at once": ("""
        def f(n):
            if n == 0:
                return 1
            base = sum(n * i for i in range(3))
            return base + f(n - 1) + max((n - i for i in range(2)), key=lambda x: -x)
        """, NUMBERS, both),
    "a name that may not be bound": ("""
        def f(n):
            if n % 2:
                x = n
            y = f(n - 1) if n > 0 else 0
            return y + (x if n % 2 else 0)
        """, NUMBERS, by_generators),
    "a search among the items first": ("""
        def f(xs):
            for x in xs:
                if x > 3:
                    return x
            if not xs:
                return 0
            return 10 * f(xs[1:]) + 1
        """, LISTS, both),
    "an exception from below": ("""
        def f(n):
            def go(i):
                if i > 4:
                    raise ValueError(i)
                return i + go(i + 1 if n < 4 else i - 1) if i > 0 else 0
            try:
                return go(n)
            except ValueError as error:
                return str(error)
        """, NUMBERS, both),
    "a try without a call": ("""
        def f(xs):
            try:
                first = 6 // (xs[0] - 3)
            except ZeroDivisionError:
                first = -1
            except IndexError:
                return 0
            return first + f(xs[1:])
        """, LISTS, by_generators),
    "a call under try": ("""
        def f(n):
            try:
                return 1 // n + f(n - 1)
            except ZeroDivisionError:
                return 0
        """, NUMBERS, neither),
    "finally": ("""
        def f(n, told=None):
            told = [] if told is None else told
            try:
                if n:
                    f(n - 1, told)
            finally:
                told.append(n)
            return told
        """, NUMBERS, neither),
    "in a comprehension": ("""
        def f(tree):
            return 0 if tree is None else 1 + max([f(t) for t in tree[1:]])
        """, TREES, neither),
    "each other": ("""
        def f(n):
            return True if n == 0 else g(n - 1)

        def g(n):
            return False if n == 0 else f(n - 1)
        """, NUMBERS, neither),
    "each other and themselves": ("""
        def f(n):
            return 1 if n <= 0 else f(n - 2) + g(n - 1)

        def g(n):
            return 2 if n <= 0 else f(n - 1) + g(n - 3)
        """, NUMBERS, neither),
    "a method": ("""
        class Tree:
            def __init__(self, n):
                self.n = n
            def size(self, i):
                return 1 if i >= self.n else self.size(2 * i) + self.size(2 * i + 1)

        def f(n):
            return Tree(n).size(1)
        """, NUMBERS, neither),
    "within a method": ("""
        class Tree:
            def __init__(self, n):
                self.n = n
            def total(self):
                def size(i):
                    return 1 if i >= self.n else size(2 * i) + size(2 * i + 1)
                return size(1)

        def f(n):
            return Tree(n).total()
        """, NUMBERS, both),
    "as a value": ("""
        def f(n):
            return [n] if n < 1 else list(map(f, [n - 1, n - 2]))
        """, NUMBERS, neither),
    "decorated": ("""
        import functools

        @functools.lru_cache
        def g(n):
            return n if n < 2 else g(n - 1) + g(n - 2)

        def f(n):
            return g(n), g.cache_info().misses
        """, NUMBERS, neither),
    "bound anew": ("""
        def g(n):
            return 1 if n == 0 else g(n - 1)

        old = g

        def g(n):
            return old(n) + 1

        def f(n):
            return g(n)
        """, NUMBERS, neither),
    "a generator": ("""
        def g(n):
            if n:
                yield n
                yield from g(n - 1)

        def f(n):
            return list(g(n))
        """, NUMBERS, neither),
    "counting on the limit": ("""
        def f(n):
            def go(i):
                return go(i + 1)
            try:
                return go(n)
            except RecursionError:
                return 'deep'
        """, [(1,)], neither),
    "starred": ("""
        def f(n, *rest):
            return rest if n == 0 else f(n - 1, n, *rest)
        """, NUMBERS, neither),
    "a global counter": ("""
        count = 0

        def f(n):
            global count
            count += 1
            if n < 2:
                return n
            return count + f(n - 1) + f(n - 2) + count
        """, NUMBERS, both),
    "assigned in an expression": ("""
        def f(n):
            if n > 0 and (half := n // 2) >= 0:
                return half + f(half)
            return 0
        """, NUMBERS, by_generators),
    "nothing is returned": ("""
        def f(n, out=None):
            out = [] if out is None else out
            def go(i):
                if i < n:
                    go(i + 1)
                    out.append(i)
            return go(0), out
        """, NUMBERS, both),
}  # fmt: skip


def rewritten(way, code: str) -> list[str]:
    out = []
    for i in range(len(list(REWRITES[way](Parsed(ast.parse(code), "f"))))):
        program = Parsed(ast.parse(code), "f")
        list(REWRITES[way](program))[i]()
        out.append(ast.unparse(ast.fix_missing_locations(program.tree)))
    return out


def answers(code: str, calls: list[tuple], sandbox) -> list:
    return [(o.status, o.value) for o in sandbox.call(Program(code, "f"), calls, LIMITS)]


def calls_itself(code: str) -> bool:
    return any(
        isinstance(inner, ast.Name) and inner.id == node.name
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_stack_answers_as_recursion_did(name, sandbox):
    text, calls, ways = PROGRAMS[name]
    code = textwrap.dedent(text).strip() + "\n"
    want = answers(code, calls, sandbox)
    assert {status for status, _ in want} == {"ok"}
    assert {way for way in WAYS if rewritten(way, code)} == ways
    for way in ways:
        (made,) = rewritten(way, code)
        assert not calls_itself(made) or way == "generators", made
        assert answers(made, calls, sandbox) == want, made


CACHED = {
    "two arguments": ("""
        from functools import cache, reduce

        def f(n):
            told = []
            @cache
            def ways(i, left):
                told.append((i, left))
                if left == 0:
                    return 1
                if left < 0 or i > 4:
                    return
                return (ways(i, left - i) or 0) + (ways(i + 1, left) or 0)
            return ways(1, n), told, reduce(max, [1, n])
        """, True),
    "one argument, an integer": ("""
        import functools

        @functools.lru_cache(maxsize=None)
        def g(n):
            for k in range(n):
                if k * k == n:
                    return 1
            return 1 + g(n - 1) if n > 0 else 0

        def f(n: int):
            return g(n) + g(len(str(n)))
        """, True),
    "one argument, who knows what": ("""
        from functools import cache

        @cache
        def g(n):
            return n if n < 2 else g(n - 1) + g(n / 1)

        def f(n):
            return g(min(n, 1))
        """, False),
    "it forgets": ("""
        from functools import lru_cache

        @lru_cache
        def g(a, b):
            return 1 if a == 0 else g(a - 1, b)

        def f(n):
            return g(n, 1)
        """, False),
    "asked what it did": ("""
        from functools import cache

        @cache
        def g(a, b):
            return 1 if a == 0 else g(a - 1, b)

        def f(n):
            return g(n, 1), g.cache_info().hits
        """, False),
    "given by name": ("""
        from functools import cache

        @cache
        def g(a, b):
            return 1 if a == 0 else g(a - 1, b=b)

        def f(n):
            return g(n, 1)
        """, False),
    "a cache of its own": ("""
        def cache(g):
            return lambda a, b: 7

        @cache
        def g(a, b):
            return g(a, b)

        def f(n):
            return g(n, 1)
        """, False),
}  # fmt: skip


@pytest.mark.parametrize("name", CACHED)
def test_a_dictionary_remembers_what_a_cache_did(name, sandbox):
    text, serves = CACHED[name]
    code = textwrap.dedent(text).strip() + "\n"
    want = answers(code, NUMBERS, sandbox)
    made = rewritten("dict", code)
    assert len(made) == serves
    for plain in made:
        assert "cache" not in plain
        assert answers(plain, NUMBERS, sandbox) == want, plain
        for way in ("frames", "generators"):
            (iterative,) = rewritten(way, plain)
            assert answers(iterative, NUMBERS, sandbox) == want, iterative


def test_a_stack_is_deeper_than_the_interpreter_s(sandbox):
    code = "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\n"
    assert answers(code, [(50_000,)], sandbox)[0][0] == "exception"
    for way in WAYS:
        (made,) = rewritten(way, code)
        assert answers(made, [(50_000,)], sandbox) == [("ok", 50_000)]


def test_variants_of_recursive_programs_answer_as_these(sandbox):
    """Other transformations before and after: names changed, branches turned, helpers taken out."""
    for name in ("backtracking", "a tree"):
        text, calls, _ = PROGRAMS[name]
        code = textwrap.dedent(text).strip() + "\n"
        want = answers(code, calls, sandbox)
        steps = set()
        for made in itertools.islice(variants(code, "f", seed=2), 20):
            assert answers(made.code, calls, sandbox) == want, (made.steps, made.code)
            steps.update(made.steps)
        assert steps & {"recursion_to_frames", "recursion_to_generators"}


# --- programs made at random ---------------------------------------------------------------------

_ATOMS = st.sampled_from(["n", "k", "total", "2", "box[0]", "-1"])
_EXPRESSIONS = st.recursive(
    _ATOMS | st.just("f(n - 1, k)") | st.just("f(n - 2, k + 1)"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} > 1 else {t[2]})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda e: f"say({e})"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"[{t[0]}, {t[1]}][0]"),
    ),
    max_leaves=5,
)


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


_SIMPLE = st.one_of(
    _EXPRESSIONS.map(lambda e: [f"total = {e}"]),
    _EXPRESSIONS.map(lambda e: [f"total += {e}"]),
    _EXPRESSIONS.map(lambda e: [f"k = {e}"]),
    _EXPRESSIONS.map(lambda e: [f"box[0] = {e}"]),
    _EXPRESSIONS.map(lambda e: [f"return {e}"]),
    _EXPRESSIONS.map(lambda e: [f"say({e})"]),
    st.just(["if total > 5:", "    continue"]),
    st.just(["if k > 2:", "    break"]),
)
_BLOCKS = st.recursive(
    st.lists(_SIMPLE, min_size=1, max_size=3).map(lambda parts: list(itertools.chain(*parts))),
    lambda inner: st.one_of(
        st.tuples(_EXPRESSIONS, inner).map(lambda t: [f"if {t[0]} > 1:", *_indented(t[1])]),
        st.tuples(_EXPRESSIONS, inner, inner).map(
            lambda t: [f"if {t[0]}:", *_indented(t[1]), "else:", *_indented(t[2])]
        ),
        inner.map(lambda b: ["for k in range(2):", *_indented(b)]),
        inner.map(lambda b: ["while total < 3:", "    total += 1", *_indented(b)]),
        st.tuples(inner, inner).map(lambda t: t[0] + t[1]),
    ),
    max_leaves=5,
)
_AROUND = """def f(n):
    told, box = [], [0]
    def say(x):
        told.append(x)
        return x
    def f(n, k):
        total = 0
        if n <= 0 or len(told) > 60:
            return n + k
{body}
        return total + k
    return f(n, 1), told[:99], box
"""


@settings(max_examples=25, deadline=None)
@given(st.lists(_BLOCKS, min_size=1, max_size=2))
def test_whatever_the_program_the_trace_is_the_same(sandbox, parts):
    body = [line for part in parts for line in ["for _ in range(1):", *_indented(part)]]
    code = _AROUND.replace("def f(n, k)", "def g(n, k)").replace("return f(n, 1)", "return g(n, 1)")
    code = code.format(body="\n".join("        " + line for line in body)).replace("f(n -", "g(n -")
    limits = Limits(wall_s=5, steps=20_000)
    calls = [(0,), (1,), (3,)]
    want = sandbox.call(Program(code, "f"), calls, limits)
    for way in WAYS:
        for made in rewritten(way, code):
            for was, is_ in zip(want, sandbox.call(Program(made, "f"), calls, limits), strict=True):
                if was.status == "ok":
                    assert (is_.status, is_.value) == ("ok", was.value), made
