"""The environments are what Gymnasium, TRL and verifiers take them for."""

import json
from dataclasses import replace

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


def test_nothing_goes_on_after_the_end(env):
    from gymnasium.error import ClosedEnvironmentError, ResetNeeded

    env = gymnasium.make("nlogn/Contest-v0", problems=[bank_problem("two_sum")], attempts=1)
    with pytest.raises(ResetNeeded):
        env.unwrapped.step("")
    env.reset()
    env.step("")
    with pytest.raises(ResetNeeded):
        env.step("")
    env.close()
    env.close()
    for late in (env.reset, lambda: env.unwrapped.step("")):
        with pytest.raises(ClosedEnvironmentError):
            late()


@pytest.mark.parametrize("action", [b"pass", None, "x" * 100_001])
def test_what_is_no_program_is_refused(env, action):
    env.reset(seed=0)
    with pytest.raises(ValueError, match="a program's text of at most 100,000 characters, not"):
        env.unwrapped.step(action)


def test_any_text_is_a_program(env):
    env.reset(options={"problem": "two_sum"})
    for action in ("\0", "\ud800", "(" * 50_000, "\r\n", "\ufeff😀"):
        observation, reward, *_ = env.step(action)
        assert reward == 0 and json.loads(observation["verdict"])["status"] == "invalid"


def test_what_cannot_be_meant_is_refused(env):
    problem = bank_problem("two_sum")
    for attempts in (0, 2.5, True):
        with pytest.raises(ValueError, match="attempts is a whole number"):
            gymnasium.make("nlogn/Contest-v0", problems=[problem], attempts=attempts)
    with pytest.raises(ProblemError, match="bank_problem"):
        gymnasium.make("nlogn/Contest-v0", problems=["two_sum"])
    with pytest.raises(ProblemError, match="no problem \\['two_sum'\\]"):
        env.reset(options={"problem": ["two_sum"]})
    with pytest.raises(ValueError, match="only option is 'problem'"):
        env.reset(options={"name": "two_sum"})


def test_a_pickled_environment_is_made_anew(env):
    import pickle

    again = pickle.loads(pickle.dumps(env.unwrapped))
    assert again.reset(seed=7)[1] == env.reset(seed=7)[1]
    again.close()


def test_many_at_once_see_their_own_texts():
    problem = replace(bank_problem("two_sum"), statement="Zwölf 😀 Zahlen.")
    options = {"problems": [problem], "measure": False, "num_envs": 2}
    shared = {"vectorization_mode": "async", "vector_kwargs": {"shared_memory": True}}
    with pytest.raises(ValueError, match="shared_memory=False"):
        gymnasium.make_vec("nlogn/Contest-v0", **options, **shared)
    shared["vector_kwargs"] = {"shared_memory": False}
    for mode in ({"vectorization_mode": "sync"}, shared):
        many = gymnasium.make_vec("nlogn/Contest-v0", **options, **mode)
        observation, _ = many.reset(seed=0)
        assert all("Zwölf 😀 Zahlen." in text for text in observation["statement"])
        programs = [problem.wrong[0].code, problem.solutions[-1].code]
        observation, rewards, ended, *_ = many.step(programs)
        said = [json.loads(text)["status"] for text in observation["verdict"]]
        assert said == ["wrong_answer", "accepted"] and list(ended) == [False, True]
        assert rewards[0] < rewards[1] == 1
        many.close()


def test_the_seed_draws_the_problem(env):
    drawn = {env.reset(seed=seed)[1]["problem"] for seed in range(20)}
    assert drawn == set(NAMES)
    assert env.reset(seed=4)[1] == env.reset(seed=4)[1]
    with pytest.raises(ProblemError, match="no problem 'nope'"):
        env.reset(options={"problem": "nope"})


def test_a_failure_of_the_judge_is_no_reward(env, monkeypatch):
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
    problem = bank_problem("two_sum")
    with pytest.raises(ProblemError, match="no right solution"):
        Bench([replace(problem, solutions=())])
    with pytest.raises(ProblemError, match="name of its own"):
        Bench([problem, problem])
