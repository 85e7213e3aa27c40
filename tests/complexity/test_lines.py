"""Memory by line: who holds it at the peak, on return, and afterwards."""

import pytest

from nlogn.complexity import measure
from nlogn.sandbox import Program

LIST = "lambda n, rng: ([rng.randrange(10**6) for _ in range(n)],)"
CODE = """
kept = []
def f(xs):
    copies = [x + 1 for x in xs]
    count = len(copies)
    out = list(range(0, count, 2))
    kept.append([0] * 100)
    copies = None
    big = sum(sorted(xs))
    return out
"""


@pytest.fixture(scope="module")
def profile(sandbox):
    found = measure(Program(CODE, "f"), LIST, sandbox=sandbox, profile=True)
    assert found.status == "ok" and found.profile is not None
    return found.profile


def test_each_line_has_its_share(profile):
    by_line = {one.line: one for one in profile.lines}
    n = profile.n
    assert n >= 100
    copies, out, kept = by_line[4], by_line[6], by_line[7]
    assert copies.peak_bytes > 8 * n and copies.returned_bytes < 200
    assert out.returned_bytes > 4 * n and out.retained_bytes < 200
    assert kept.returned_bytes >= 800 and kept.retained_bytes >= 800
    assert profile.peak_bytes == sum(one.peak_bytes for one in profile.lines)


def test_what_a_line_gives_back_before_it_ends_is_its_peak(sandbox):
    code = "def f(xs):\n    a = 1\n    total = sum(sorted(xs))\n    return total + a\n"
    found = measure(Program(code, "f"), LIST, sandbox=sandbox, profile=True).profile
    (top,) = [one for one in found.lines if one.peak_bytes > 4 * found.n]
    assert top.line == 3 and top.returned_bytes == 0


def test_recursion_is_watched_too(sandbox):
    code = "def f(xs):\n    if not xs:\n        return []\n    rest = f(xs[1:])\n    return rest\n"
    found = measure(Program(code, "f"), LIST, sandbox=sandbox, profile=True).profile
    by_line = {one.line: one.peak_bytes for one in found.lines}
    assert by_line[4] > 4 * found.n * found.n / 2


def test_a_program_that_forges_the_messages_has_no_profile(sandbox):
    code = "import sys\ndef f(xs):\n    sys.settrace(None)\n    return len(xs)\n"
    found = measure(Program(code, "f"), LIST, sandbox=sandbox, profile=True)
    assert found.time.big_o == "O(1)"  # the rest of the measurement stands
