"""The environments are what Gymnasium, TRL and verifiers take them for."""

import json

import pytest

gymnasium = pytest.importorskip("gymnasium")

import nlogn.gym  # noqa: E402, F401  (registers the environment)
from nlogn.gym.bench import Bench  # noqa: E402
from nlogn.gym.contest import observed  # noqa: E402
from nlogn.problems import ProblemError, bank_problem  # noqa: E402

LIS = "longest_increasing_subsequence"
NAMES = (LIS, "two_sum", "balanced_brackets")


@pytest.fixture
def env():
    made = gymnasium.make("nlogn/Contest-v0", problems=[bank_problem(n) for n in NAMES])
    yield made
    made.close()


def test_gymnasium_checks_the_environment(env):
    from gymnasium.utils.env_checker import check_env

    check_env(env.unwrapped, skip_close_check=True)


def test_rewards_of_an_episode_sum_to_the_best_score(env):
    problem = bank_problem(LIS)
    observation, info = env.reset(seed=3, options={"problem": LIS})
    assert problem.statement[:40] in observation["statement"]
    assert observation["verdict"] == "" and info["problem"] == LIS
    total = 0.0
    for code in ("no program (", problem.wrong[0].code, problem.solutions[0].code):
        observation, reward, terminated, truncated, info = env.step(code)
        assert observation in env.observation_space
        total += reward
        assert not terminated and not truncated
    assert json.loads(observation["verdict"])["time"] == "O(n^2)"
    assert total == info["score"] < 1
    _, reward, terminated, _, info = env.step(problem.solutions[-1].code)
    assert terminated and total + reward == info["score"] == 1


def test_an_episode_ends_after_its_attempts():
    env = gymnasium.make("nlogn/Contest-v0", problems=[bank_problem("two_sum")], attempts=2)
    env.reset(seed=0)
    assert env.step("")[2:4] == (False, False)
    observation, reward, terminated, truncated, _ = env.step("def two_sum(a, b): return ()")
    assert (reward >= 0, terminated, truncated) == (True, False, True)
    failing = json.loads(observation["verdict"])["failing"]
    assert failing["args"] and failing["expected"] != failing["got"]
    env.close()


def test_the_seed_draws_the_problem(env):
    drawn = {env.reset(seed=seed)[1]["problem"] for seed in range(20)}
    assert drawn == set(NAMES)
    assert env.reset(seed=4)[1] == env.reset(seed=4)[1]
    with pytest.raises(ProblemError, match="no problem 'nope'"):
        env.reset(options={"problem": "nope"})


def test_a_failure_of_the_judge_is_no_reward(env, monkeypatch):
    from dataclasses import replace

    from nlogn.gym import bench

    honest = bench.judge_program

    def broken(*args, **kwargs):
        return replace(honest(*args, **kwargs), status="system_error", message="out of disk")

    monkeypatch.setattr(bench, "judge_program", broken)
    env.reset(options={"problem": "two_sum"})
    with pytest.raises(bench.JudgeFailure, match="out of disk"):
        env.step("def two_sum(numbers, target): return None")


def test_what_is_observed_stays_short_and_plain():
    problem = bank_problem("two_sum")
    with Bench([problem], measure=False) as bench:
        code = "def two_sum(a, b):\n    return 'x' * 10 ** 6"
        said = observed(bench.score("two_sum", code).verdict)
    assert len(said) < 10_000 and said.isascii()


def test_problems_without_a_reference_are_refused():
    from dataclasses import replace

    problem = bank_problem("two_sum")
    with pytest.raises(ProblemError, match="no right solution"):
        Bench([replace(problem, solutions=())])
    with pytest.raises(ProblemError, match="name of its own"):
        Bench([problem, problem])
