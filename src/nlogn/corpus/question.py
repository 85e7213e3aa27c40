"""How a problem is asked: the one layout that networks are trained on and asked in.

<|user|>
Return twice the number.

```python
def twice(n: int) -> int:
```

- `twice(2)` -> `4`
<|assistant|><|time:O(1)|><|memory:O(1)|>
(the answer, which <|turn_end|> ends)

An answer begins with the classes of its program's time and memory. The network writes them itself,
so that a budget can bound them; who decodes leaves them out of the text.
"""

import re
import textwrap
from collections.abc import Sequence
from itertools import islice

from nlogn.complexity import bigo
from nlogn.corpus.specials import ASSISTANT, USER, Parts, Special, memory_token, time_token
from nlogn.problems import Problem
from nlogn.problems.problem import Case

SHOWN = 3  # examples
LONGEST = 160  # characters of an example
_WIDTH = 96
_PROGRAM = "Write a whole program that reads standard input and writes standard output."

Shown = tuple[str, str]  # a call and its answer, or a whole program's input and output


def question(problem: Problem, *, task: str | None = None, name: str | None = None,
             shown: Sequence[Shown] | None = None, lead: str = "") -> str:  # fmt: skip
    """The text of a user's turn.

    Args:
        task: the words of the task; the problem's statement.
        name: what the function is called; the signature's own entry.
        shown: examples; the first short ones.
        lead: a paragraph before the task.
    """
    task = wrapped(problem.statement) if task is None else task
    shown = examples(problem, name) if shown is None else shown
    if problem.signature is None:
        told = "".join(
            f"\nInput:\n```\n{given}```\nOutput:\n```\n{answer}```\n" for given, answer in shown
        )
        return f"{lead}{task}\n\n{_PROGRAM}\n{told}"
    told = "".join(f"- `{call}` -> `{answer}`\n" for call, answer in shown)
    fenced = f"\n```python\n{renamed(header(problem), problem, name)}\n```\n"
    return f"{lead}{task}\n{fenced}" + (f"\n{told}" if told else "")


def asking(text: str) -> Parts:
    """The document whose continuation is the answer to the question `text`, classes first."""
    return [Special(USER), "\n" + text, Special(ASSISTANT)]


def turns(text: str, classes: Parts) -> Parts:
    """The same, gone on with the classes that the answer has, up to its text."""
    return [*asking(text), *classes, "\n"]


def control_tokens(time: str | None, memory: str | None) -> Parts:
    """The tokens that say how a program's time and memory grow; none for what is no class."""
    out: Parts = []
    for growth, token in ((time, time_token), (memory, memory_token)):
        try:
            out += [token(str(bigo.parse(growth)))] if growth else []
        except ValueError:
            continue
    return out


def showable(problem: Problem) -> list[Case]:
    """The examples that have one right answer."""
    kept = [c for c in problem.examples if c.has_expected and not c.check]
    if problem.signature is None:
        return [c for c in kept if c.stdin is not None]
    return [c for c in kept if c.args is not None]


def examples(problem: Problem, name: str | None = None, count: int = SHOWN,
             longest: int = LONGEST) -> list[Shown]:  # fmt: skip
    """The first `count` examples of at most `longest` characters."""
    made = (example(problem, case, name) for case in showable(problem))
    short = ((given, answer) for given, answer in made if len(given) + len(answer) <= longest)
    return list(islice(short, count))


def example(problem: Problem, case: Case, name: str | None = None) -> Shown:
    if problem.signature is None:
        return _line_ended(case.stdin or ""), _line_ended(str(case.expected))
    call = f"{name or problem.signature.entry}({', '.join(map(repr, case.args or ()))})"
    return call, repr(case.expected)


def commented(task: str, shown: Sequence[Shown]) -> str:
    """The task as the comment that a program begins with: for networks that know no turns."""
    return comment("\n".join([task, *(f"{call} -> {answer}" for call, answer in shown)]))


def comment(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n"))


def renamed(text: str, problem: Problem, name: str | None) -> str:
    """`text` with the entry called `name`."""
    entry = problem.signature.entry if problem.signature else ""
    return re.sub(rf"\b{re.escape(entry)}\b", name, text) if name and name != entry else text


def wrapped(text: str) -> str:
    """Paragraphs wrapped anew; what is indented, listed or fenced stays as it is."""
    out = []
    for block in re.split(r"\n\s*\n", text.strip()):
        literal = re.search(r"^(?:\s{2,}|[-*|>]|\d+\.|```)", block, re.M)
        out.append(block if literal else textwrap.fill(" ".join(block.split()), _WIDTH))
    return "\n\n".join(out)


def header(problem: Problem) -> str:
    """The signature; a method's within its class."""
    assert problem.signature is not None
    cls, _, method = problem.signature.entry.rpartition(".")
    if not cls:
        return str(problem.signature)
    inner = str(problem.signature).replace(problem.signature.entry, method, 1)
    inner = inner.replace("(", "(self, " if problem.signature.parameters else "(self", 1)
    return f"class {cls}:\n    {inner}"


def _line_ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
