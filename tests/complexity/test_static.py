"""The static path cost on whole and half-written code."""

import doctest
import itertools
import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlogn.complexity.bigo import parse
from nlogn.complexity.static import PathTracker, path_cost

CODES = {
    "two_loops": (
        "def f(xs, ys):\n    c = 0\n    for x in xs:\n        for y in ys:\n"
        "            c += x == y\n    return c\n",
        "O(n*m)",
    ),
    "in_a_list": (
        "def f(a, b):\n    out = []\n    for x in a:\n        if x not in out:\n"
        "            out.append(x)\n    return out\n",
        "O(n^2)",
    ),
    "in_a_set": (
        "def f(a):\n    seen = set()\n    for x in a:\n        if x in seen:\n"
        "            return True\n        seen.add(x)\n    return False\n",
        "O(n)",
    ),
    "told_to_be_a_set": ("def f(a: set[int], x: int) -> bool:\n    return x in a\n", "O(1)"),
    "dict_by_its_methods": (
        "def f(d, k):\n    if k in d:\n        return d.setdefault(k, 0)\n    return None\n",
        "O(1)",
    ),
    "pop_front": (
        "def f(xs):\n    q = list(xs)\n    s = 0\n    while q:\n        s += q.pop(0)\n"
        "    return s\n",
        "O(n^2)",
    ),
    "pop_front_of_deque": (
        "from collections import deque\ndef f(xs):\n    q = deque(xs)\n    s = 0\n    while q:\n"
        "        s += q.popleft()\n    return s\n",
        "O(n)",
    ),
    "binary_search": (
        "def f(xs, t):\n    lo, hi = 0, len(xs)\n    while lo < hi:\n        mid = (lo + hi) // 2\n"
        "        if xs[mid] < t:\n            lo = mid + 1\n        else:\n            hi = mid\n"
        "    return lo\n",
        "O(log n)",
    ),
    "trial_division": (
        "def f(n):\n    i = 2\n    while i * i <= n:\n        if n % i == 0:\n"
        "            return False\n        i += 1\n    return True\n",
        "O(sqrt n)",
    ),
    "two_pointers_in_a_loop": (
        "def f(xs, k):\n    left = s = 0\n    for right in range(len(xs)):\n"
        "        s += xs[right]\n"
        "        while s > k:\n            s -= xs[left]\n            left += 1\n    return left\n",
        "O(n)",
    ),
    "pointer_that_is_reset": (
        "def f(xs, k):\n    s = 0\n    for right in range(len(xs)):\n        left = 0\n"
        "        while left < right:\n            s += xs[left]\n            left += 1\n"
        "    return s\n",
        "O(n^2)",
    ),
    "stack_of_pending": (
        "def f(xs):\n    stack = []\n    out = [0] * len(xs)\n    for i, x in enumerate(xs):\n"
        "        while stack and xs[stack[-1]] < x:\n            out[stack.pop()] = x\n"
        "        stack.append(i)\n    return out\n",
        "O(n)",
    ),
    "harmonic": (
        "def f(n):\n    d = [0] * (n + 1)\n    for i in range(1, n + 1):\n"
        "        for j in range(i, n + 1, i):\n            d[j] += 1\n    return d\n",
        "O(n log n)",
    ),
    "halving_around_a_loop": (
        "def f(n):\n    c = 0\n    while n > 0:\n        for _ in range(n):\n            c += 1\n"
        "        n //= 2\n    return c\n",
        "O(n)",
    ),
    "merge_sort": (
        "def f(xs):\n    if len(xs) < 2:\n        return xs\n    m = len(xs) // 2\n"
        "    a, b = f(xs[:m]), f(xs[m:])\n    out = []\n    i = j = 0\n"
        "    while i < len(a) and j < len(b):\n        if a[i] <= b[j]:\n"
        "            out.append(a[i])\n            i += 1\n        else:\n"
        "            out.append(b[j])\n            j += 1\n    return out + a[i:] + b[j:]\n",
        "O(n log n)",
    ),
    "fibonacci": ("def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\n", "O(2^n)"),
    "fibonacci_kept": (
        "from functools import cache\n@cache\ndef f(n):\n"
        "    return n if n < 2 else f(n - 1) + f(n - 2)\n",
        "O(n)",
    ),
    "one_call_per_branch": (
        "def f(x, n):\n    if n == 0:\n        return 1\n    if n % 2:\n"
        "        return x * f(x, n - 1)\n    return f(x * x, n - 1)\n",
        "O(n)",
    ),
    "power": (
        "def f(x, n):\n    if n == 0:\n        return 1\n    h = f(x, n // 2)\n    return h * h\n",
        "O(log n)",
    ),
    "orders": (
        "def f(xs):\n    if not xs:\n        return 1\n    c = 0\n    for i in range(len(xs)):\n"
        "        c += f(xs[:i] + xs[i + 1:])\n    return c\n",
        "O(n!)",
    ),
    "helper": (
        "def total(ys):\n    return sum(ys)\n\n\ndef f(xs):\n    return [total(xs) for _ in xs]\n",
        "O(n^2)",
    ),
    "key_that_counts": ("def f(xs):\n    return max(set(xs), key=xs.count)\n", "O(n^2)"),
    "prepending": (
        "def f(xs: list[int]) -> str:\n    out = ''\n    for x in xs:\n        out = str(x) + out\n"
        "    return out\n",
        "O(n^2)",
    ),
    "floyd": (
        "def f(d):\n    n = len(d)\n    for k in range(n):\n        for i in range(n):\n"
        "            for j in range(n):\n"
        "                d[i][j] = min(d[i][j], d[i][k] + d[k][j])\n"
        "    return d\n",
        "O(n^3)",
    ),
    "search_in_a_graph": (
        "from collections import deque\ndef f(n, edges):\n    g = [[] for _ in range(n)]\n"
        "    for a, b in edges:\n        g[a].append(b)\n        g[b].append(a)\n"
        "    seen = [False] * n\n    q = deque([0])\n    seen[0] = True\n    while q:\n"
        "        u = q.popleft()\n        for v in g[u]:\n            if not seen[v]:\n"
        "                seen[v] = True\n                q.append(v)\n    return seen\n",
        "O(n+m)",
    ),
    "first_pass_is_the_last": (
        "def f(xs):\n    for x in xs:\n        return x\n    return None\n", "O(1)",
    ),
    "signature_over_lines": (
        "def f(\n    xs: list[int],  # (not this one\n    k: int,\n) -> list[int]:\n"
        "    return sorted(\n        xs\n    )[:k]\n",
        "O(n log n)",
    ),
    "brackets_in_texts": (
        "def f(xs):\n    s = '([{' + \"#\"\n    return [s for _ in xs]\n", "O(n)",
    ),
    "flood_of_a_grid": (
        "def f(grid):\n    rows, cols = len(grid), len(grid[0])\n\n    def fill(r, c):\n"
        "        if r < 0 or r >= rows or c < 0 or c >= cols or grid[r][c] != 1:\n"
        "            return\n        grid[r][c] = 2\n        fill(r + 1, c)\n"
        "        fill(r - 1, c)\n        fill(r, c + 1)\n        fill(r, c - 1)\n\n"
        "    for r in range(rows):\n        for c in range(cols):\n            fill(r, c)\n",
        "O(n*m)",
    ),
    "search_that_goes_on": (
        "def f(text: str):\n    found = []\n    at = text.find('x', 0)\n    while at >= 0:\n"
        "        found.append(at)\n        at = text.find('x', at + 1)\n    return found\n",
        "O(n)",
    ),
    "halved_afresh_for_each": (
        "def f(n, k):\n    c = 0\n    for i in range(k):\n        node = (n + i) // 2\n"
        "        while node:\n            node //= 2\n            c += 1\n    return c\n",
        "O((n+m) log(n+m))",
    ),
    "sieve": (
        "def f(n):\n    prime = [True] * (n + 1)\n    i = 2\n    while i * i <= n:\n"
        "        if prime[i]:\n            for j in range(i * i, n + 1, i):\n"
        "                prime[j] = False\n        i += 1\n    return prime\n",
        "O(n log n)",
    ),
    "whole_program": ("n = int(input())\nfor i in range(n):\n    for j in range(i):\n"
                      "        print(i, j)\n", "O(n^2)"),
}  # fmt: skip

HALF = [
    ("def f(xs):\n    for x in xs:\n        if x in xs", "O(n^2)"),
    ("def f(xs):\n    for x in xs:\n", "O(n)"),
    ("def f(xs):\n    for x in xs:\n        pass\n    ", "O(1)"),
    ("def f(xs):\n    for x in xs:\n        y = sorted(xs[1:", "O(n^2 log n)"),
    ("def f(xs):\n    for i in range(len(xs)):\n        for j in range(i, len(xs)):\n            ",
     "O(n^2)"),
    ("def f(n):\n    while n > 1:\n        n //= 2\n        ", "O(log n)"),
    ("def f(n):\n    if n < 2:\n        return n\n    return f(n - 1) + f(n - 2)", "O(2^n)"),
    ("def f(xs):\n    return [x for x in xs if xs.count(x", "O(n^2)"),
    ("def f(xs):\n    out = []\n    for x in xs:\n        out.insert(0, x)", "O(n^2)"),
]  # fmt: skip


@pytest.mark.parametrize("name", CODES)
def test_class_of_whole_functions(name: str) -> None:
    code, expected = CODES[name]
    assert path_cost(code).big_o == expected


@pytest.mark.parametrize(("code", "expected"), HALF)
def test_class_of_the_place_being_written(code: str, expected: str) -> None:
    assert path_cost(code).path == expected


def test_the_loop_costs_only_once_the_cursor_is_in_it() -> None:
    before = path_cost("def f(xs):\n    for x in xs")
    inside = path_cost("def f(xs):\n    for x in xs:\n        ")
    after = path_cost("def f(xs):\n    for x in xs:\n        pass\n    ")
    assert (before.path, inside.path, after.path) == ("O(1)", "O(n)", "O(1)")
    assert after.big_o == "O(n)"


@pytest.mark.parametrize(
    "code",
    [
        "def f(n):\n    c = 0\n    while n != 1:\n        n = n // 2 if n % 2 == 0 else 3 * n + 1\n"
        "        c += 1\n    return c\n",
        "def f(xs):\n    return mystery(xs)\n",
        "def f(xs, y):\n    while y.advance():\n        pass\n",
        "def f(a, b):\n    return f(b - a, f(a, b))\n",
    ],
)
def test_what_it_cannot_know_is_unknown(code: str) -> None:
    assert path_cost(code).big_o == "unknown"


@pytest.mark.parametrize(
    "code",
    [
        "def f(xs, n):\n    i = n\n    while i >= 0:\n        i += 1\n",  # away from its bound
        "def f(text, k):\n    i = 0\n    while (i := text.find('x', i)) >= 0:\n"
        "        text = text[:i] + k + text[i:]\n",  # what it searches grows
        "def f(p, path):\n    j = mark = 0\n    while j < len(path):\n        j += 1\n"
        "        if p[j] == path[j]:\n            mark += 1\n            j = mark\n",  # goes back
    ],
)
def test_a_loop_that_may_not_progress_is_not_given_a_bound(code: str) -> None:
    assert path_cost(code).big_o == "unknown"


def test_flags_say_what_was_assumed() -> None:
    told = path_cost("def f(xs, k):\n    return k in xs\n")
    assert told.big_o == "O(n)" and any("in xs" in flag for flag in told.flags)
    assert any("mystery" in f for f in path_cost("def f(x):\n    return mystery(x)\n").flags)
    assert any("line 2" in f for f in path_cost("def f(x):\n    return ) x\n").flags)


def test_lines_and_sizes() -> None:
    cost = path_cost("def f(rows, k):\n    for r in rows:\n        for i in range(k):\n"
                     "            print(i)\n    return sorted(rows)\n")  # fmt: skip
    assert [(line.line, line.total) for line in cost.lines][2:] == [
        (3, "O(n)"), (4, "O(n*m)"), (5, "O(n log n)"),
    ]  # fmt: skip
    assert cost.sizes == {"n": "rows", "m": "k"}
    assert cost.one_size == "O(n^2)"


def test_entry_names_the_function() -> None:
    slow = "def slow(xs):\n    return [x in xs for x in xs]\n"
    code = slow + "\n\ndef fast(xs):\n    return len(xs)\n"
    assert path_cost(code).big_o == "O(1)"
    assert path_cost(code, "slow").one_size == "O(n^2)"
    missing = path_cost(code, "none")
    assert missing.big_o == "unknown" and any("none" in flag for flag in missing.flags)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(xs):\n    return sum(x for x in xs)\n", "O(1)"),
        ("def f(xs):\n    return [x for x in xs]\n", "O(n)"),
        ("def f(n):\n    return [[0] * n for _ in range(n)]\n", "O(n^2)"),
        ("def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\n", "O(n)"),
        ("def f(xs):\n    out = []\n    for x in xs:\n        for y in xs:\n"
         "            out.append(x)\n    return out\n", "O(n^2)"),
    ],
)  # fmt: skip
def test_memory(code: str, expected: str) -> None:
    assert path_cost(code).memory == expected


def _in_pieces(code: str, cuts: list[int]) -> list[str]:
    marks = [0, *sorted(c % (len(code) + 1) for c in cuts), len(code)]
    return [code[a:b] for a, b in itertools.pairwise(marks)]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(CODES)), st.lists(st.integers(0, 10_000), max_size=8))
def test_chunks_of_any_size_agree_with_the_whole(name: str, cuts: list[int]) -> None:
    tracker, so_far = PathTracker(), ""
    for piece in _in_pieces(CODES[name][0], cuts):
        tracker.feed(piece)
        so_far += piece
        looked = tracker.result()
        assert looked == path_cost(so_far)
        assert tracker.path() == looked.path


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(CODES)), st.integers(0, 10_000), st.integers(1, 80))
def test_weighing_what_comes_next_changes_nothing(name: str, cut: int, length: int) -> None:
    code = CODES[name][0]
    at = cut % len(code)
    tracker = PathTracker()
    tracker.feed(code[:at])
    before = tracker.result()
    assert tracker.path_if(code[at : at + length]) == path_cost(code[: at + length]).path
    assert tracker.path_if("  # no\n    y = [") is not None
    assert tracker.result() == before


def test_every_line_agrees_with_the_whole() -> None:
    text = "\n\n".join(code for code, _ in CODES.values())
    tracker, so_far = PathTracker(), ""
    for line in text.splitlines(keepends=True)[:120]:
        tracker.feed(line)
        so_far += line
        assert tracker.result() == path_cost(so_far)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_text_breaks_it(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from([code for code, _ in CODES.values()]))
    at = data.draw(st.integers(0, len(code)))
    junk = data.draw(st.text(alphabet="()[]{}:\"'\n #\\=+*.,;\x00é\tdefor inwhl", max_size=12))
    kept = data.draw(st.integers(0, len(code) - at))
    cost = path_cost(code[:at] + junk + code[at + kept :])
    for spelled in (cost.big_o, cost.path, cost.one_size, cost.memory):
        assert spelled == "unknown" or str(parse(spelled)) == spelled


def _many_functions() -> list[str]:
    rng = random.Random(5)
    parts = [re.sub(r"\bf\(", f"g{i}(", CODES[rng.choice(sorted(CODES))][0]) for i in range(400)]
    return "\n\n".join(parts).splitlines(keepends=True)


def _one_block(head: str, indent: str) -> list[str]:
    unit = (
        "a# = []\nfor x# in range(n):\n    a#.append(x#)\n    if x# in known:\n        i -= 1\n"
        "while i < n:\n    i += 1\nif n in a#:\n    s = sorted(a#)\n"
    )
    body = "".join(unit.replace("#", str(k)) for k in range(300))
    return [head, *(indent + line for line in body.splitlines(keepends=True))]


@pytest.mark.parametrize("shape", ["functions", "script", "function"])
def test_a_line_costs_the_same_at_the_end_of_a_long_text(shape: str) -> None:
    if shape == "functions":
        lines = _many_functions()
    elif shape == "script":
        lines = _one_block("n, i, known = int(input()), 0, {1}\n", "")
    else:
        lines = _one_block("def f(n, known, i=0):\n", "    ")

    def per_line(tracker: PathTracker, some: list[str]) -> float:
        start = time.thread_time()
        for line in some:
            tracker.feed(line)
            tracker.path()
        return (time.thread_time() - start) / len(some)

    tracker = PathTracker()
    early = per_line(tracker, lines[:400])
    for line in lines[400:-400]:
        tracker.feed(line)
    late = per_line(tracker, lines[-400:])
    assert len(lines) > 2500
    assert late < 4 * early
    assert tracker.path() != "unknown"


def test_what_the_page_shows() -> None:
    page = Path(__file__).parents[2] / "docs" / "static.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert failed == 0 and tried >= 6
