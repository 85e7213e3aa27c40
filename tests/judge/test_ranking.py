"""Ranking: correct first, then class, steps, memory, length; our own failures never score."""

import threading
import time
from dataclasses import replace

import pytest

from nlogn.complexity.growth import Growth
from nlogn.judge import Verdict, rank, score
from nlogn.judge.pool import map_ordered
from nlogn.judge.verdict import CaseReport


def verdict(time_class: str = "O(n)", memory: str = "O(1)", steps: int | None = 10) -> Verdict:
    return Verdict(
        status="accepted",
        message="",
        cases=CaseReport(10, 0, None, "reference"),
        time=Growth(time_class, 1.0, None, (), "steps"),
        memory=Growth(memory, 1.0, None, (), "bytes"),
        steps=steps,
    )


def test_rank_order() -> None:
    wrong = replace(verdict(), status="wrong_answer", cases=CaseReport(9, 1, None, "reference"))
    worse = replace(wrong, cases=CaseReport(1, 9, None, "reference"))
    pairs = [
        ("x", worse),
        ("x", wrong),
        ("x", verdict("unknown")),
        ("x", verdict("O(n^2)", steps=1)),
        ("x", verdict("O(n)", "O(n)")),
        ("xyz", verdict("O(n)")),
        ("x", verdict("O(n)")),
        ("x", verdict("O(n)", steps=9)),
    ]
    assert rank(pairs) == [7, 6, 5, 4, 3, 2, 1, 0]


def test_score_bounds_and_masking() -> None:
    wrong = replace(verdict(), status="wrong_answer", cases=CaseReport(9, 1, None, "reference"))
    slow, fast = score(verdict("O(n^2)"), "O(n)"), score(verdict("O(n)"), "O(n)")
    bad = score(wrong)
    assert bad is not None and slow is not None and fast == 1.0
    assert 0 < bad < 0.5 <= slow < fast
    assert score(replace(verdict(), status="system_error")) is None


def test_map_ordered_keeps_order_and_reads_little_ahead() -> None:
    read = 0

    def items() -> object:
        nonlocal read
        while read < 10_000:
            read += 1
            yield read - 1

    def slow_first(i: int) -> int:
        time.sleep(0.05 if i == 0 else 0)
        return i

    stream = map_ordered(slow_first, items(), workers=2)  # type: ignore[arg-type,var-annotated]
    assert [next(stream) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert read < 100
    stream.close()  # type: ignore[attr-defined]


def test_map_ordered_raises_in_place_and_leaves_no_threads() -> None:
    before = threading.active_count()

    def odd(i: int) -> float:
        return 1 / (i - 3)

    got = []
    with pytest.raises(ZeroDivisionError):
        for value in map_ordered(odd, range(100), workers=2):
            got.append(value)
    assert len(got) == 3
    assert threading.active_count() == before
