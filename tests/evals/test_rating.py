"""Ratings: the published figures of real contests, and what must hold for any."""

import json
import math
import random
import tarfile

import pytest

from nlogn.evals.rating import Attempt, Result, penalised, ranks, rate, scored


def test_equal_results_share_the_last_place():
    results = [Result(n, p, t, 1500) for n, p, t in
               [("a", 3, 10), ("b", 5, 0), ("c", 3, 10), ("d", 3, 9), ("e", 0, 0)]]  # fmt: skip
    assert ranks(results) == [4, 1, 4, 2, 5]


def test_real_rounds(data):
    """Six Codeforces rounds with 60,139 contestants: deltas exact, performances nearly."""
    errors, drifts, count = 0, 0.0, 0
    with tarfile.open(data / "contests" / "codeforces_rounds.tar.gz") as rounds:
        files = {m.name: json.load(rounds.extractfile(m)) for m in rounds if m.isfile()}
    for name, rows in files.items():
        if not name.endswith("-data.json"):
            continue
        published = dict(files[name.replace("-data", "-perfs")])
        rated = rate([Result(handle, *row) for handle, *row, _ in rows])
        for one, row in zip(rated, rows, strict=True):
            errors += abs(one.delta - row[-1])
            performance = float(published[one.name])  # "Infinity" for who came first
            assert math.isinf(one.performance) == math.isinf(performance)
            drifts += 0 if math.isinf(performance) else abs(one.performance - performance)
            count += 1
    assert count == 60_139
    assert errors == 0
    assert drifts / count <= 0.05


def test_what_holds_for_any_contest():
    rng = random.Random(0)
    results = [Result(str(i), rng.randrange(9), rng.randrange(3), rng.randrange(900, 2400))
               for i in range(300)]  # fmt: skip
    rated = rate(results)
    assert -300 * 2 < sum(r.delta for r in rated) <= 0  # nobody gains from nothing
    for one, result in zip(rated, results, strict=True):
        if one.performance < result.rating - 60:
            assert one.delta < 0
        if one.performance > result.rating + 60:
            assert one.delta >= 0
    better = {one.rank: one.performance for one in rated}
    assert sorted(better.values(), reverse=True) == [better[r] for r in sorted(better)]


@pytest.mark.parametrize("results", [[], [Result("a", 1, 1, 1500)]])
def test_a_contest_needs_two(results):
    with pytest.raises(ValueError, match="two contestants"):
        rate(results)


def test_a_rating_out_of_range_is_named():
    with pytest.raises(ValueError, match="b: rating 9999"):
        rate([Result("a", 1, 1, 1500), Result("b", 1, 1, 9999)])


ATTEMPTS = [
    Attempt("ann", "A", 10, False),
    Attempt("ann", "A", 20, True),
    Attempt("ann", "A", 30, False),  # after it was solved: counts for nothing
    Attempt("bob", "A", 250, True),
    Attempt("bob", "B", 5, False),
    Attempt("cid", "B", 0, True),
]


def test_points_fall_with_time_and_rejections():
    found = {r.name: (r.points, r.penalty) for r in scored(ATTEMPTS, {"A": 500, "B": 1000}, {})}
    # 500 less 2 a minute less 50 for the rejection; never under 30 %.
    assert found == {"ann": (410, 0), "bob": (150, 0), "cid": (1000, 0)}


def test_a_problem_without_a_value_is_named():
    with pytest.raises(ValueError, match="lacks the problems B, C"):
        scored([Attempt("a", p, 3, False) for p in "CAB"], {"A": 500}, {})


def test_penalty_is_minutes_and_rejections_of_what_was_solved():
    found = {r.name: (r.points, r.penalty, r.rating) for r in penalised(ATTEMPTS, {"ann": 1600})}
    assert found == {"ann": (1, 30, 1600), "bob": (1, 250, 1400), "cid": (1, 0, 1400)}


@pytest.mark.parametrize(
    "bad",
    [Result("b", math.nan, 0, 1500), Result("b", 1, math.nan, 1500), Result("b", 1, 0, 1500.5)],  # type: ignore[arg-type]
)
def test_what_cannot_be_ranked_is_refused_by_name(bad: Result) -> None:
    with pytest.raises(ValueError, match=r"^b: "):
        rate([Result("a", 1, 0, 1500), bad])
