"""Wrong programs are found, right ones are not accused, and failing inputs are kept."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nlogn.cases import (
    FailureCorpus,
    differential,
    find_failure,
    infer_signature,
    key_of,
    mutants,
    narrow,
)
from nlogn.cases.types import Str, options
from nlogn.sandbox import Program, Sandbox

from .programs import PROGRAMS, entry_of


def program(code: str) -> Program:
    return Program(code, "f")


# right, wrong: bugs of the usual kinds, none of the functions annotated
BUGGY = {
    "ties": ("def f(xs):\n    return sorted(xs, key=lambda p: (-p[1], p[0]))\n",
             "def f(xs):\n    return sorted(xs, key=lambda p: -p[1])\n"),
    "empty": ("def f(xs):\n    return max(xs, default=None)\n",
              "def f(xs):\n    return max(xs)\n"),
    "negative": ("def f(xs):\n    b = c = 0\n    for i, x in enumerate(xs):\n"
                 "        c = max(x, c + x) if i else x\n        b = max(b, c) if i else x\n"
                 "    return b\n",
                 "def f(xs):\n    b = c = 0\n    for x in xs:\n        c = max(0, c + x)\n"
                 "        b = max(b, c)\n    return b\n"),
    "duplicates": ("def f(a, b):\n    from collections import Counter\n"
                   "    return sorted((Counter(a) & Counter(b)).elements())\n",
                   "def f(a, b):\n    return sorted(set(a) & set(b))\n"),
    "last window": ("def f(arr, k):\n    return max(sum(arr[i:i + k]) "
                    "for i in range(len(arr) - k + 1))\n",
                    "def f(arr, k):\n    return max(sum(arr[i:i + k]) "
                    "for i in range(len(arr) - k))\n"),
    "upper case": ("def f(s):\n    return sum(c in 'aeiouAEIOU' for c in s)\n",
                   "def f(s):\n    return sum(c in 'aeiou' for c in s)\n"),
    "unequal rest": ("def f(a, b):\n    i = j = 0\n    out = []\n"
                     "    while i < len(a) and j < len(b):\n        if a[i] <= b[j]:\n"
                     "            out.append(a[i]); i += 1\n        else:\n"
                     "            out.append(b[j]); j += 1\n    return out + a[i:] + b[j:]\n",
                     "def f(a, b):\n    i = j = 0\n    out = []\n"
                     "    while i < len(a) and j < len(b):\n        if a[i] <= b[j]:\n"
                     "            out.append(a[i]); i += 1\n        else:\n"
                     "            out.append(b[j]); j += 1\n    return out + a[i:]\n"),
    "closing bracket": ("def f(s):\n    d = 0\n    for c in s:\n"
                        "        d += 1 if c == '(' else -1 if c == ')' else 0\n"
                        "        if d < 0:\n            return False\n    return d == 0\n",
                        "def f(s):\n    return s.count('(') == s.count(')')\n"),
    "leap year": ("def f(year):\n    return year % 4 == 0 and (year % 100 != 0 or "
                  "year % 400 == 0)\n",
                  "def f(year):\n    return year % 4 == 0 and year % 100 != 0\n"),
    "big integers": ("def f(n):\n    return n // 2\n", "def f(n):\n    return int(n / 2)\n"),
    "same element twice": ("def f(nums, target):\n    return any(nums[i] + nums[j] == target "
                           "for i in range(len(nums)) for j in range(i))\n",
                           "def f(nums, target):\n    s = set(nums)\n"
                           "    return any(target - x in s for x in nums)\n"),
    "ragged tree": ("def f(root):\n    if root is None:\n        return 0\n"
                    "    if root.left is None:\n        return 1 + f(root.right)\n"
                    "    if root.right is None:\n        return 1 + f(root.left)\n"
                    "    return 1 + min(f(root.left), f(root.right))\n",
                    "def f(root):\n    if root is None:\n        return 0\n"
                    "    return 1 + min(f(root.left), f(root.right))\n"),
    "last node": ("def f(head):\n    n = 0\n    while head:\n        n += head.val\n"
                  "        head = head.next\n    return n\n",
                  "def f(head):\n    n = 0\n    while head and head.next:\n"
                  "        n += head.val\n        head = head.next\n    return n\n"),
    "nested": ("def f(x):\n    return [v for e in x for v in (f(e) if isinstance(e, list) else "
               "[e])]\n", "def f(x):\n    return [v for e in x for v in (e if isinstance(e, list)"
               " else [e])]\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", BUGGY)
def test_bugs_in_unannotated_functions_are_found(name: str, sandbox: Sandbox) -> None:
    right, wrong = BUGGY[name]
    signature = infer_signature(wrong, "f")
    found = find_failure(program(wrong), program(right), signature, sandbox=sandbox)
    assert found.mismatches, (signature, found.checked, found.outside)
    again = find_failure(program(right), program(right), signature, sandbox=sandbox)
    assert not again.mismatches and again.checked > 20


def test_the_shown_input_is_small(sandbox: Sandbox) -> None:
    right, wrong = BUGGY["last window"]
    found = find_failure(program(wrong), program(right), infer_signature(wrong, "f"),
                         sandbox=sandbox)  # fmt: skip
    arr, k = found.mismatches[0].args
    assert len(arr) <= 2 and 0 <= k <= 2


def test_what_the_reference_refuses_does_not_count(sandbox: Sandbox) -> None:
    right = "def f(n):\n    assert n >= 0\n    return n * 2\n"
    careless = "def f(n):\n    return n * 2 if n >= 0 else 'nonsense'\n"
    inputs = [(n,) for n in range(-50, 50)]
    assert differential(program(careless), program(right), inputs, sandbox=sandbox) == []


def test_inputs_are_steered_to_where_the_reference_runs(sandbox: Sandbox) -> None:
    right = (
        "def f(s):\n    h, m = s.split(':')\n    assert len(h) == len(m) == 2\n"
        "    return int(h) * 60 + int(m)\n"
    )
    wrong = right.replace("* 60 + int(m)", "* 60 + int(m) % 50")
    prompt = 'def f(s):\n    """Minutes.\n    >>> f("12:34")\n    754\n    """\n'
    found = find_failure(program(wrong), program(right), infer_signature(prompt, "f"),
                         sandbox=sandbox)  # fmt: skip
    assert found.mismatches and found.outside


def test_a_majority_serves_as_oracle(sandbox: Sandbox) -> None:
    good = ["def f(x):\n    return x * x\n", "def f(x):\n    return x ** 2\n",
            "def f(x):\n    return abs(x) * abs(x)\n"]  # fmt: skip
    bad = "def f(x):\n    return x + x\n"
    inputs = [(n,) for n in range(-5, 6)]
    oracle = [program(c) for c in (*good, bad)]
    found = differential(program(bad), oracle, inputs, sandbox=sandbox)
    assert {m.args[0] for m in found} == {n for n in range(-5, 6) if n not in (0, 2)}
    # Where nobody agrees nothing is known.
    split = [program(good[0]), program(bad)]
    assert all(m.args[0] in (0, 2) for m in differential(
        program("def f(x):\n    return -1\n"), split, inputs, sandbox=sandbox))  # fmt: skip


def test_mutation_of_arguments_is_compared_when_asked(sandbox: Sandbox) -> None:
    right = program("def f(a):\n    return sorted(a)\n")
    sly = program("def f(a):\n    a.sort()\n    return a\n")
    assert differential(sly, right, [([2, 1],)], sandbox=sandbox) == []
    (found,) = differential(sly, right, [([2, 1],)], sandbox=sandbox, mutation=True)
    assert found.why == "mutation"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def f(n):\n    return 1 // (n - 3)\n", "exception"),
        ("def f(n):\n    while n == 3:\n        pass\n    return n\n", "time"),
        ("def f(n):\n    import os\n    if n == 3:\n        os._exit(0)\n    return n\n", "crash"),
        ("def f(n:\n", "invalid"),
    ],
)
def test_every_way_to_fail_is_named(code: str, why: str, sandbox: Sandbox) -> None:
    right = program("def f(n):\n    return n\n")
    found = differential(program(code), right, [(3,)], sandbox=sandbox)
    assert [m.why for m in found] == [why]


def test_hangs_cost_little(sandbox: Sandbox) -> None:
    right = program("def f(n):\n    while n != 0:\n        n -= 1\n    return 0\n")  # n >= 0 only
    wrong = program("def f(n):\n    return 1 if n == 7 else 0\n")
    start = time.process_time(), time.monotonic()
    found = find_failure(wrong, right, infer_signature("def f(n: int): ...", "f"), sandbox=sandbox)
    assert found.mismatches[0].args == (7,)
    assert time.monotonic() - start[1] < 8


def test_linked_lists_and_trees_are_passed(sandbox: Sandbox) -> None:
    right = PROGRAMS["linked_list_reverse"][1]
    wrong = right.replace("while head:", "while head and head.next:")
    signature = infer_signature(right, "f")
    found = find_failure(program(wrong), program(right), signature, sandbox=sandbox)
    assert found.mismatches[0].args == ([0],)


def test_readings_are_narrowed_by_running(sandbox: Sandbox) -> None:
    code = "def f(qqq):\n    return qqq + '!' if qqq * 2 != qqq + 'x' else 0\n"
    signature = infer_signature("def f(qqq): ...", "f")
    assert len(options(signature.types[0])) > 2
    narrowed = narrow(signature, program(code), sandbox)
    assert options(narrowed.types[0]) == (Str(),)


def test_most_mutants_of_unannotated_programs_are_found(sandbox: Sandbox) -> None:
    names = ["two_sum", "merge_intervals", "bfs_dict",
             "tree_depth"]  # fmt: skip
    found = total = 0
    for name in names:
        right = PROGRAMS[name][1]
        for mutant in mutants(right, limit=3, seed=2):
            signature = infer_signature(mutant.code, entry_of(name))
            result = find_failure(Program(mutant.code, entry_of(name)),
                                  Program(right, entry_of(name)), signature,
                                  sandbox=sandbox, shrink_s=0.0)  # fmt: skip
            total += 1
            found += bool(result.mismatches)
    assert found >= 0.75 * total  # some mutants are equivalent


# The corpus


def test_kept_failures_come_first(sandbox: Sandbox, tmp_path: Path) -> None:
    corpus = FailureCorpus(tmp_path / "deep" / "failures.jsonl")
    right, wrong = BUGGY["empty"]
    signature = infer_signature(right, "f")
    find_failure(program(wrong), program(right), signature, sandbox=sandbox, corpus=corpus)
    assert corpus.failures(key_of(signature)) in ([([],)], [("",)])
    find_failure(program(wrong), program(right), signature, sandbox=sandbox, corpus=corpus)
    assert len(corpus.path.read_text().splitlines()) == 1
    again = find_failure(program(wrong), program(right), signature, sandbox=sandbox,
                         corpus=corpus, count=0)  # fmt: skip
    assert again.mismatches and again.checked == 1


def test_corpus_values_come_back_and_broken_lines_are_noted(tmp_path: Path) -> None:
    corpus = FailureCorpus(tmp_path / "c.jsonl")
    rows = [((1, [2.5, "ä"]), {3: {4}}), (b"x", None), (float("inf"),)]
    for row in rows:
        corpus.add("k", row)
    with corpus.path.open("ab") as file:
        file.write(b'{"key": "k", "args": {"$tup')  # cut short
    corpus.add("k", (7,))
    with corpus.path.open("ab") as file:
        file.write(b"\xff\xfe garbage\n[]\n")
    assert corpus.failures("k") == [(7,), *rows[::-1]]
    assert len(corpus.notes) == 3
    assert corpus.failures("other") == []


def test_a_killed_writer_loses_at_most_its_line(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    code = ("import itertools, sys; from nlogn.cases.corpus import FailureCorpus\n"
            f"c = FailureCorpus({str(path)!r})\n"
            "for i in itertools.count():\n"
            "    c.add('k', (i, 'x' * 2000)); print(i, flush=True)\n")  # fmt: skip
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                             env={"PYTHONPATH": ":".join(sys.path)})  # fmt: skip
    assert child.stdout is not None
    last = 0
    while last < 8:
        last = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    corpus = FailureCorpus(path)
    kept = {args[0] for args in corpus.failures("k", limit=10**6)}
    assert set(range(last + 1)) <= kept
    corpus.add("k", ("after",))
    assert corpus.failures("k")[0] == ("after",)
