"""A reward function with the signature that TRL's `GRPOTrainer` calls, and its data set.

>>> from nlogn.gym.trl import JudgeReward, rows
>>> with JudgeReward() as reward:
...     GRPOTrainer(model, reward_funcs=reward, train_dataset=Dataset.from_list(rows()), …)
"""

from collections.abc import Sequence
from typing import Any

from nlogn.engine.chat import messages
from nlogn.engine.protocol import Prompt
from nlogn.gym.bench import Bench
from nlogn.problems import Problem, bank


def rows(problems: Sequence[Problem] | None = None) -> list[dict[str, Any]]:
    """One row per problem: ``prompt`` (chat messages) and ``problem`` (its name)."""
    chosen = bank() if problems is None else problems
    return [{"prompt": messages(Prompt(p)), "problem": p.name} for p in chosen]


class JudgeReward:
    """``reward(prompts, completions, problem=…)``: the judge's score of each completion.

    TRL passes the data set's other columns as keywords, so `problem` comes from `rows`. Where the
    judge itself fails the reward is None, which TRL leaves out of the mean rather than take for 0.
    """

    __name__ = "nlogn_judge"  # TRL logs rewards under it

    def __init__(
        self,
        problems: Sequence[Problem] | None = None,
        *,
        workers: int = 2,
        measure: bool = True,
        seed: int = 0,
    ) -> None:
        self._bench = Bench(problems, workers=workers, measure=measure, seed=seed)

    def __enter__(self) -> "JudgeReward":
        return self

    def __exit__(self, *_: object) -> None:
        self._bench.close()

    def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        *,
        problem: Sequence[str],
        **_: Any,
    ) -> list[float | None]:
        scored = self._bench.score_answers(problem, [_text(c) for c in completions])
        return [s.reward for s in scored]


def _text(completion: Any) -> str:
    """A completion is text, or the assistant's messages."""
    if isinstance(completion, str):
        return completion
    return str(completion[-1]["content"]) if completion else ""
