"""A problem as chat messages, and the program out of a chat answer."""

import ast
import math
import re
from collections.abc import Callable, Collection, Container, Iterator
from dataclasses import dataclass, replace

from nlogn.corpus.question import (
    SHOWN,
    asking,
    comment,
    commented,
    control_tokens,
    examples,
    header,
    question,
    turns,
)
from nlogn.corpus.specials import ASSISTANT, SYSTEM, TURN_END, USER, Parts, Special
from nlogn.engine.protocol import Prompt, RawPrompt, Sampling, unspelled
from nlogn.problems import Problem
from nlogn.problems.literals import shorten
from nlogn.problems.sections import blocks
from nlogn.problems.syntax import parse, parses

_SYSTEM = (
    "You solve programming problems in Python 3.11 with the standard library. Think about edge "
    "cases and about how time and memory grow with the size of the input. Answer with one "
    "complete program in one ```python code block."
)
_SHOWN = 6
_LONGEST = 2000  # characters of an example
_COMMENTED_STOPS = ("\ndef ", "\nclass ", "\nif __name__", "\nprint(", "\n# ", "\n```")
_PARSE_TRIES = 400
_CODE_START = re.compile(r"(from\s+\S+\s+import\b|import\s|def\s|class\s|@\w|async\s+def\s)")


def messages(prompt: Prompt) -> list[dict[str, str]]:
    """The system and user message that ask for a solution; before it, each example as a question
    and its answer; after it, an earlier try and what was wrong with it."""
    out = [{"role": "system", "content": prompt.system or _SYSTEM}]
    for solved in prompt.examples:
        out.append({"role": "user", "content": _question(prompt, solved)})
        out.append({"role": "assistant", "content": _fenced(solved.solutions[-1].code)})
    out.append({"role": "user", "content": _question(prompt, prompt.problem)})
    if prompt.feedback:
        told = (
            f"That is wrong: {prompt.feedback}\n\nThink again, and answer with the whole program."
        )
        if prompt.attempt:
            out.append({"role": "assistant", "content": _fenced(prompt.attempt)})
        else:
            told = f"{out.pop()['content']}\n\nAn earlier try was wrong: {prompt.feedback}"
        out.append({"role": "user", "content": told})
    return out


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model without a chat template is to continue, the text that its answer begins with,
    and texts that end it."""

    prompt: RawPrompt
    begun: str = ""
    stop: tuple[str, ...] = ()

    def until(self, sampling: Sampling) -> Sampling:
        """The sampling, ended by these texts too."""
        return replace(sampling, stop=(*sampling.stop, *self.stop))

    def led(self, pieces: Iterator[str]) -> Iterator[str]:
        """The pieces of an answer behind what it begins with."""
        if self.begun:
            yield self.begun
        yield from pieces


def knows_turns(vocabulary: Container[str]) -> bool:
    """Whether a network was trained on our turns."""
    return USER in vocabulary and ASSISTANT in vocabulary


def asked(prompt: Prompt, vocabulary: Container[str], shown: int = SHOWN, solved: bool = True,
          bound: bool = True) -> Asked:  # fmt: skip
    """The turns that our networks are trained on, where the vocabulary has their tokens; else a
    comment and a signature, which any network that has read code goes on from.

    Args:
        shown: examples of the problem.
        solved: whether other problems are shown with their solutions.
        bound: whether the answer is begun with the classes of the budgets; where not, the engine
            holds the classes that the network writes to them.
    """
    if not knows_turns(vocabulary):
        return _commented(prompt, shown)
    parts: Parts = []
    if prompt.system and SYSTEM in vocabulary:
        parts += [Special(SYSTEM), f"\n{prompt.system.strip()}\n"]
    for other in prompt.examples if solved else ():
        best = other.solutions[-1]
        classes = [c for c in control_tokens(best.time, best.memory) if c in vocabulary]
        parts += [*turns(question(other), classes), f"```python\n{best.code.strip()}\n```\n"]
        parts += [Special(TURN_END)] if TURN_END in vocabulary else []
    text = question(prompt.problem, shown=examples(prompt.problem, count=shown))
    if prompt.feedback:
        text += f"\nAn earlier try was wrong: {prompt.feedback}\n"
    control = control_tokens(prompt.time_budget, prompt.memory_budget) if bound else []
    begun = [token for token in control if token in vocabulary]
    return Asked(RawPrompt((*parts, *asking(text), *begun)))


def _commented(prompt: Prompt, shown: int) -> Asked:
    problem = prompt.problem
    calls = examples(problem, count=shown) if problem.signature is not None else []
    text = commented(problem.statement.strip(), calls)
    if prompt.feedback:
        text += comment(f"An earlier try was wrong: {prompt.feedback}")
    begun = f"{header(problem)}\n" if problem.signature is not None else "import sys\n"
    return Asked(RawPrompt((text + begun,)), begun, _COMMENTED_STOPS)


def fitted(
    prompt: Prompt, vocabulary: Container[str], encode: Callable[[RawPrompt], list[int]],
    room: float, bound: bool = True,
) -> tuple[list[int], Asked]:  # fmt: skip
    """The prompt's tokens, at most `room` of them: other problems go first, then examples. Where
    that is not enough it is longer, and the engine refuses it."""
    ways = [(SHOWN, True)] if prompt.examples else []
    for shown, solved in [*ways, *((count, False) for count in range(SHOWN, -1, -1))]:
        made = asked(prompt, vocabulary, shown, solved, bound)
        tokens = encode(made.prompt)
        if len(tokens) <= room:
            break
    return tokens, made


def room(context: int | None, answer: int) -> float:
    """Tokens that a prompt may have so that an answer of `answer` tokens fits; half the context at
    least."""
    return math.inf if context is None else max(context - answer, context // 2)


def harmless(said: list[dict[str, str]], names: Collection[str]) -> list[dict[str, str]]:
    """The messages with no special token spelled out in them."""
    return [message | {"content": unspelled(message["content"], names)} for message in said]


def put_before(whole: list[int], plain: list[int]) -> list[int]:
    """What a tokenizer puts before each text, such as ``<s>``: by one text's tokens with that and
    without."""
    starts = (i for i in range(len(whole)) if whole[i : i + len(plain)] == plain)
    return whole[: next(starts, 0)]


def _fenced(code: str) -> str:
    return f"```python\n{code.rstrip()}\n```"


def _question(prompt: Prompt, problem: Problem) -> str:
    text = question(problem, shown=examples(problem, count=_SHOWN, longest=_LONGEST)).rstrip()
    if problem is not prompt.problem:
        return text
    limits = (("time", prompt.time_budget), ("memory", prompt.memory_budget))
    budgets = [f"{what} must not grow faster than {most}" for what, most in limits if most]
    return f"{text}\n\nIts {' and its '.join(budgets)}." if budgets else text


def extract_code(text: str, entry: str | None = None) -> str:
    """The program in a chat answer, "" if there is none.

    Of several code blocks the last one that defines `entry` is taken; if none does, all that
    parse together, else the longest one. Without code blocks, the longest run of lines that
    parses as Python.
    """
    text = re.sub(r"<think(ing)?>.*?(</think(ing)?>|\Z)", "", text, flags=re.S)
    found = _blocks(text)
    if not found:
        return _bare(text)
    right = [b for b in found if entry is None or _defines(b, entry)]
    parsed = [b for b in right if parses(b)]
    if entry is not None and (parsed or right):
        return (parsed or right)[-1]
    together = "\n\n".join(b for b in found if parses(b))
    if entry is not None and _defines(together, entry):
        return together
    return max((b for b in found if parses(b)), key=len, default=max(found, key=len))


def _blocks(text: str) -> list[str]:
    found = []
    for token in blocks(text):
        if token.type == "fence" and token.content.strip():
            word = token.info.strip().split()[0].lower() if token.info.strip() else ""
            if word in ("", "python", "py", "python3", "python3.11"):
                found.append(token.content)
    return found


def _defines(code: str, entry: str) -> bool:
    *cls, name = entry.split(".")
    patterns = [rf"^\s*(async\s+)?def\s+{re.escape(name)}\b" if cls else
                rf"^((async\s+)?def\s+{re.escape(name)}\b|{re.escape(name)}\s*=)"]  # fmt: skip
    patterns += [rf"^class\s+{re.escape(c)}\b" for c in cls]
    return all(re.search(p, code, re.M) for p in patterns)


def _bare(text: str) -> str:
    if parses(text) and _is_program(text):
        return text
    lines = text.splitlines()
    tries = 0
    for start in (i for i, line in enumerate(lines) if _CODE_START.match(line)):
        for end in range(len(lines), start, -1):
            tries += 1
            if tries > _PARSE_TRIES:
                return ""
            code = "\n".join(lines[start:end])
            if parses(code):
                return code + "\n"
    return ""


def _is_program(text: str) -> bool:
    """Whether the text does something: prose of single words also parses."""
    body = parse(text).body
    return any(not isinstance(n, ast.Expr) or isinstance(n.value, ast.Call) for n in body)


def summary(text: str) -> str:
    """The start of what an endpoint sent, for an error message."""
    return shorten(text, 160)
