"""The bank as a `verifiers` taskset: `vf-eval nlogn-contest`, `vf-validate nlogn-contest`.

`verifiers` finds tasksets by the name of a top-level package, which is `nlogn_contest`.
"""

import asyncio
import threading
from collections.abc import Iterable
from functools import cache

import verifiers.v1 as vf

from nlogn.engine.chat import messages
from nlogn.engine.protocol import Prompt
from nlogn.gym.bench import Bench, JudgeFailure, Scored
from nlogn.problems import Paradigm, bank


class ContestData(vf.TaskData):
    """One problem of the bank; `name` is its name there."""

    gold: str
    """The best known solution, which `vf-validate` must find accepted."""


class ContestTask(vf.Task[ContestData]):
    @vf.reward(weight=1.0)
    async def judged(self, trace: vf.Trace) -> float:
        """The judge's score of the last reply: 1 is right and of the best known class."""
        (scored,) = await asyncio.to_thread(_score, self.data.name or "", trace.last_reply)
        if scored.reward is None:  # an error of ours must not look like a wrong answer
            raise JudgeFailure(scored.verdict.message)
        trace.info["status"] = scored.verdict.status
        return scored.reward

    async def validate(self, runtime: vf.Runtime) -> bool | None:
        (scored,) = await asyncio.to_thread(
            _score, self.data.name or "", f"```python\n{self.data.gold}\n```"
        )
        return scored.verdict.accepted


class ContestConfig(vf.TasksetConfig):
    paradigm: Paradigm | None = None
    """Only problems of this paradigm."""


class ContestTaskset(vf.Taskset[ContestTask, ContestConfig]):
    def load(self) -> Iterable[ContestTask]:
        for problem in bank():
            if self.config.paradigm in (None, problem.paradigm) and problem.reference:
                system, user = messages(Prompt(problem))
                data = ContestData(
                    id=problem.name,
                    name=problem.name,
                    system_prompt=system["content"],
                    prompt=user["content"],
                    gold=problem.reference.code,
                )
                yield ContestTask(data, self.config.task)


_opening = threading.Lock()


@cache
def _bench() -> Bench:
    return Bench(workers=2)


def _score(name: str, answer: str) -> list[Scored]:
    with _opening:  # `cache` alone would let two threads open one each
        bench = _bench()
    return bench.score_answers([name], [answer])
