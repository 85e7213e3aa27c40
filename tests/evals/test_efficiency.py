"""The efficiency score: what it gives to programs whose growth is known."""

import pytest

from nlogn.complexity.growth import Growth, Point
from nlogn.evals.efficiency import efficiency, mean_score
from nlogn.judge import judge_program
from nlogn.judge.verdict import CaseReport, Verdict
from nlogn.problems import bank_problem
from nlogn.sandbox import Program

SIZES = (1000, 10_000, 100_000)


def growth(big_o, cost, sizes=SIZES):
    return Growth(big_o, 1.0, None, tuple(Point(n, None, cost(n)) for n in sizes), "steps")


def verdict(time, status="accepted"):
    memory = Growth("O(1)", 1.0, None, (), "bytes")
    return Verdict(status, "", CaseReport(1, 0, None, "problem"), time, memory)


BEST = growth("O(n)", lambda n: 3 * n)


def score(big_o, cost, sizes=SIZES):
    return efficiency(verdict(growth(big_o, cost, sizes)), BEST).score


def test_it_falls_by_five_for_each_power_of_n():
    assert score("O(n)", lambda n: 3 * n) == 10
    assert score("O(log n)", lambda n: 17) == 10
    assert score("O(n^2)", lambda n: 3 * n * n, SIZES[:1]) == pytest.approx(5)
    assert score("O(n^3)", lambda n: 3 * n**3, SIZES[:1]) == pytest.approx(0, abs=1e-9)
    assert score("O(2^n)", lambda n: 2.0**n, (20,)) == 0
    assert 8 < score("O(n log n)", lambda n: 3 * n * 17) < 9
    assert 9.5 < score("O(n)", lambda n: 6 * n) < 9.8


def test_a_wrong_program_scores_nothing_and_ours_is_no_score():
    assert efficiency(verdict(BEST, "wrong_answer"), BEST).score == 0
    assert efficiency(verdict(BEST, "system_error"), BEST) is None
    unknown = growth("unknown", lambda n: n, (10,))
    assert efficiency(verdict(unknown), BEST) is None
    with pytest.raises(ValueError, match="not measured"):
        efficiency(verdict(BEST), Growth("unknown", 0.0, None, (), "steps"))


def test_two_sizes_are_compared_where_most_work_was_done():
    def two(cost):
        points = tuple(Point(n, m, cost(n, m)) for n in (2, 64) for m in (2, 64))
        return Growth("O(n*m)", 1.0, None, points, "steps")

    found = efficiency(verdict(two(lambda n, m: 4 * n * m)), two(lambda n, m: n * m))
    assert (found.n, found.m, found.ratio) == (64, 64, pytest.approx(4))


def test_solutions_of_the_bank_score_in_their_order(sandbox):
    problem = bank_problem("longest_increasing_subsequence")

    def judged(code):
        return judge_program(Program(code, problem.signature.entry), problem=problem,
                             sandbox=sandbox)  # fmt: skip

    best = judged(problem.reference.code).time
    scores = [efficiency(judged(s.code), best).score for s in problem.solutions]
    assert scores == sorted(scores) and scores[-1] == 10 and scores[0] < 7


def test_the_interval_narrows_with_more_problems():
    few = mean_score([2.0, 9.0, 5.0, 7.0, 10.0])
    many = mean_score([2.0, 9.0, 5.0, 7.0, 10.0] * 20)
    assert few.low < few.mean < few.high
    assert many.high - many.low < (few.high - few.low) / 2
    assert mean_score([10.0, 10.0]).low == 10
    assert mean_score([1.0, 2.0]) == mean_score([1.0, 2.0])
    with pytest.raises(ValueError, match="no scores"):
        mean_score([])
