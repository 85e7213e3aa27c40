"""``nlogn/Contest-v0``: read a statement, hand in programs, learn from their verdicts."""

import json
import string
from collections.abc import Iterable
from typing import Any

import gymnasium
from gymnasium import spaces
from gymnasium.error import ClosedEnvironmentError, CustomSpaceError, ResetNeeded
from gymnasium.utils import EzPickle
from gymnasium.vector.utils import create_shared_memory

from nlogn.gym.bench import Bench, JudgeFailure
from nlogn.judge import Verdict
from nlogn.judge.show import verdict_text
from nlogn.problems import Problem, ProblemError, bank
from nlogn.values import encode

PROGRAM_CHARACTERS = 100_000
VERDICT_CHARACTERS = 10_000
_VALUE_CHARACTERS = 2_000


class _AnyText(spaces.Text):
    """Text of any characters up to a length; samples are printable ASCII."""

    def __init__(self, max_length: int) -> None:
        super().__init__(max_length, min_length=0, charset=string.printable)

    def contains(self, x: Any) -> bool:
        return isinstance(x, str) and len(x) <= self.max_length


@create_shared_memory.register(_AnyText)
def _no_shared_memory(space: _AnyText, n: int = 1, ctx: Any = None) -> Any:
    """Gymnasium (1.4) reads shared memory once, when it holds no text yet."""
    raise CustomSpaceError(
        "texts do not travel by shared memory: give "
        "make_vec(…, vector_kwargs={'shared_memory': False})"
    )


class Contest(gymnasium.Env[dict[str, Any], str], EzPickle):
    """One episode is one problem, with up to `attempts` programs handed in.

    The observation holds the ``statement`` (with signature and examples, Markdown) and the
    last ``verdict`` (JSON as `observed` makes it, "" before the first). The action is the source
    text of a Python program. A reward is what the program adds to the best score of the episode,
    so the rewards of an episode sum to the score of its best program, in [0, 1]. The episode
    terminates with a program that cannot be bettered (score 1) and is truncated after `attempts`.
    ``info`` holds the problem's name and, after a step, the whole `Verdict` and its score.

    ``reset(options={"problem": NAME})`` chooses the problem; otherwise it is drawn.

    A copy made by pickling is an environment of its own that must be reset first.

    Raises (in `step`):
        JudgeFailure: the judge itself failed twice; no reward can be said.
        ResetNeeded: the episode is over, or has not begun.
        ClosedEnvironmentError: after `close`.
        ValueError: the action is no text, or too long.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012 (as in the base)

    def __init__(
        self,
        problems: Iterable[Problem] | None = None,
        *,
        attempts: int = 5,
        measure: bool = True,
        render_mode: str | None = None,
    ) -> None:
        if type(attempts) is not int or attempts < 1:
            raise ValueError(f"attempts is a whole number from 1, not {attempts!r:.40}")
        if render_mode not in (None, "ansi"):
            raise ValueError(f"render_mode is None or 'ansi', not {render_mode!r}")
        problems = bank() if problems is None else tuple(problems)
        EzPickle.__init__(
            self, problems, attempts=attempts, measure=measure, render_mode=render_mode
        )
        self.render_mode = render_mode
        self.attempts = attempts
        self._closed = False
        self._over = True
        self._bench = Bench(problems, workers=1, measure=measure)
        self._names = sorted(self._bench.problems)
        longest = max(len(statement(p)) for p in self._bench.problems.values())
        self.observation_space = spaces.Dict(
            {"statement": _AnyText(longest), "verdict": _AnyText(VERDICT_CHARACTERS)}
        )
        self.action_space = _AnyText(PROGRAM_CHARACTERS)
        self._problem: Problem | None = None
        self._verdict: Verdict | None = None
        self._tried = 0
        self._best = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        self._must_be_open()
        super().reset(seed=seed)
        if unknown := set(options or {}) - {"problem"}:
            raise ValueError(f"the only option is 'problem', not {', '.join(map(repr, unknown))}")
        name = (options or {}).get("problem")
        if name is None:
            name = self._names[int(self.np_random.integers(len(self._names)))]
        if name not in self._names:
            raise ProblemError(f"there is no problem {name!r} in this contest")
        self._problem, self._verdict = self._bench.problems[name], None
        self._over = False
        self._tried, self._best = 0, 0.0
        return self._observation(), {"problem": name}

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        self._must_be_open()
        if self._problem is None or self._over:
            raise ResetNeeded("call reset() before step(): there is no episode to go on with")
        if not self.action_space.contains(action):
            got = f"{len(action):,}" if isinstance(action, str) else type(action).__name__
            raise ValueError(
                f"an action is a program's text of at most {PROGRAM_CHARACTERS:,} characters, "
                f"not {got}"
            )
        scored = self._bench.score(self._problem.name, action)
        if scored.reward is None:
            scored = self._bench.score(self._problem.name, action)
        if scored.reward is None:
            raise JudgeFailure(f"the judge failed: {scored.verdict.message}")
        gained = max(scored.reward - self._best, 0.0)
        self._best += gained
        self._tried += 1
        self._verdict = scored.verdict
        info = {
            "problem": self._problem.name,
            "verdict": scored.verdict,
            "score": scored.reward,
        }
        solved = scored.reward >= 1
        given_up = not solved and self._tried >= self.attempts
        self._over = solved or given_up
        return self._observation(), gained, solved, given_up, info

    def render(self) -> str | None:
        if self.render_mode is None or self._problem is None:
            return None
        told = "" if self._verdict is None else verdict_text(self._verdict)
        return f"{statement(self._problem)}\n{told}"

    def close(self) -> None:
        self._closed = True
        self._bench.close()

    def _must_be_open(self) -> None:
        if self._closed:
            raise ClosedEnvironmentError("this environment is closed: make another")

    def _observation(self) -> dict[str, str]:
        assert self._problem is not None
        said = "" if self._verdict is None else observed(self._verdict)
        return {"statement": statement(self._problem), "verdict": said}


def statement(problem: Problem) -> str:
    """What a contestant reads: title, text, signature, examples."""
    from nlogn.engine.chat import messages
    from nlogn.engine.protocol import Prompt

    return messages(Prompt(problem))[1]["content"]


def observed(verdict: Verdict) -> str:
    """A verdict as a contestant may see it, as JSON: what failed, and how the program grows.

    It says nothing that differs between two runs, such as processor time.
    """
    failing = verdict.cases.smallest_failing
    told: dict[str, Any] = {
        "status": verdict.status,
        "message": verdict.message[:_VALUE_CHARACTERS],
        "passed": verdict.cases.passed,
        "failed": verdict.cases.failed,
    }
    if failing is not None:
        told["failing"] = {
            "args": _short(failing.args),
            "expected": _short(failing.expected) if failing.has_expected else None,
            "got": _short(failing.got),
            "error": failing.error[:_VALUE_CHARACTERS],
        }
    if verdict.accepted:
        told |= {"time": verdict.time.big_o, "memory": verdict.memory.big_o}
        told |= {"steps": verdict.steps, "reference_steps": verdict.reference_steps}
    return json.dumps(told)[:VERDICT_CHARACTERS]


def _short(value: Any) -> str:
    return json.dumps(encode(value))[:_VALUE_CHARACTERS]
