"""A problem of the bank rendered as training documents, in as many ways as people write it.

Which variant is drawn follows from the seed, the problem's name and the variant's number alone.
Two things are never rendered: a tenth of the problems (`held_out`), and one phrasing of each other
(`held_out_phrasing`), so that both kinds of generalisation can be measured.
"""

import ast
import hashlib
import random
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nlogn.complexity.bigo import CLASSES
from nlogn.corpus.question import (
    LONGEST,
    Shown,
    comment,
    commented,
    control_tokens,
    example,
    examples,
    question,
    renamed,
    showable,
    turns,
    wrapped,
)
from nlogn.corpus.specials import TURN_END, Parts, Special
from nlogn.problems import Problem, Solution

if TYPE_CHECKING:
    from nlogn.annotate.variants import Variant

SHAPES = ("docstring", "comment", "chat", "explained", "optimize", "growth", "code")
_WEIGHTS = (4, 1, 8, 2, 2, 1, 1)
_ANSWERS = ("chat", "explained", "optimize")  # with a program
_ASKED = ("chat", "explained")  # half of these are asked in the words that an engine asks in
# which of time and memory the tokens before a program tell, and how often
_TOLD = {(True, True): 3, (True, False): 3, (False, True): 1}
_MEMORY_FIRST = 0.25  # of answers, so that a budget of memory alone can be given, too
_LEADS = ("", "", "Write a Python function.\n\n", "Solve this in Python.\n\n")
DOCSTRINGS = ("plain", "google", "numpy", "sphinx", "doctest")
_RANK = {str(c): i for i, c in enumerate(CLASSES)}
_TYPING = {"list": "List", "dict": "Dict", "tuple": "Tuple", "set": "Set", "frozenset": "FrozenSet"}


@dataclass(frozen=True)
class BankDocument:
    """One rendering. `time` and `memory` are the classes of the code that the document ends with,
    "" where none is known; `told` says whether tokens before the code give them away. `leak` has a
    label for each line of the last text: 1 it leaks, 0 it does not, -1 nobody knows."""

    name: str
    shape: str
    parts: Parts
    paradigm: str
    time: str
    memory: str
    told: bool
    leak: tuple[int, ...] = ()


def held_out(name: str) -> bool:
    """Whether the problem of this name is kept from all training (one in ten, by hash)."""
    return _digest(name) % 10 == 0


def held_out_phrasing(problem: Problem) -> str | None:
    """The phrasing that is kept from training, where the problem has more than one."""
    known = problem.phrasings
    return known[_digest(problem.name + "/phrasing") % len(known)] if len(known) > 1 else None


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def render_problem(
    problem: Problem, count: int, seed: int, shapes: Sequence[str] = SHAPES, rewrites: int = 0,
    keep_out: bool = True,
) -> Iterator[BankDocument]:  # fmt: skip
    """`count` renderings of a problem in these shapes; none where it is held out, and never its
    held-out phrasing, unless `keep_out` is false: for problems that are no benchmark of ours.
    Repeats are left out. Half of them show a solution rewritten in one of `rewrites` ways that keep
    what it does."""
    if keep_out and held_out(problem.name):
        return
    seen = set()
    rewriter = _Rewriter(problem, rewrites, seed)
    for number in range(count):
        rng = random.Random(f"{seed}/{problem.name}/{number}")
        document = _render(problem, rng, shapes, rewriter, keep_out)
        if document is not None and (key := tuple(document.parts)) not in seen:
            seen.add(key)
            yield document


def _python(problem: Problem) -> list[Solution]:
    return [s for s in problem.solutions if s.language == "python"]


class _Rewriter:
    """Other texts of a problem's solutions, made when they are asked for: each takes a while."""

    def __init__(self, problem: Problem, count: int, seed: int):
        self.problem, self.count, self.seed = problem, count, seed
        self.made: dict[str, list[str]] = {}
        self.more: dict[str, Iterator[Variant]] = {}

    def text(self, solution: Solution, number: int) -> str:
        """Rewriting `number` of a solution; its own text where there are not so many."""
        from nlogn.annotate.variants import variants

        signature = self.problem.signature
        if signature is None or "." in signature.entry:
            return solution.code
        known = self.made.setdefault(solution.name, [])
        if solution.name not in self.more:
            self.more[solution.name] = variants(solution.code, signature.entry, seed=self.seed)
        while len(known) <= number:
            found = next(self.more[solution.name], None)
            if found is None:
                return solution.code
            known.append(found.code)
        return known[number]


def _render(
    problem: Problem, rng: random.Random, shapes: Sequence[str], rewriter: _Rewriter, keep_out: bool
) -> BankDocument | None:
    solutions = _python(problem)
    if not solutions:
        return None
    shape = rng.choices(shapes, [_WEIGHTS[SHAPES.index(s)] for s in shapes])[0]
    solution = rng.choice(solutions)
    if shape == "explained":  # the rationale is that of the best
        solution = min(solutions, key=lambda s: _RANK.get(s.time, len(_RANK)))
    if shape == "optimize":
        pairs = [(a, b) for a in solutions for b in solutions if _cheaper(b, a)]
        if pairs:
            slow, solution = rng.choice(pairs)
        else:
            shape = "docstring"
    if rewriter.count and rng.random() < 0.5:
        text = rewriter.text(solution, rng.randrange(rewriter.count))
        solution = replace(solution, code=text)
    answers = shape in _ANSWERS
    told = answers or (shape != "growth" and rng.random() < 0.5)
    control: Parts = []
    if told:
        classes = answer_classes if answers else some_classes
        control = classes(rng, solution.time, solution.memory)
    as_engines_ask = shape in _ASKED and rng.random() < 0.5
    name = _entry(problem) if as_engines_ask else _entry_name(problem, solution, rng)
    signature = rng.choice(("annotated", "annotated", "bare", "typing"))
    code = _code(problem, solution, name, signature)
    task = _task(problem, rng, keep_out)
    shown = examples(problem) if as_engines_ask else _examples(problem, name, rng)
    calls = shown if problem.signature is not None else []
    if shape == "docstring":
        style = rng.choice(DOCSTRINGS)
        text = with_docstring(code, name, _docstring(problem, task, calls, style, signature))
        parts = [*control, text]
    elif shape == "comment":
        parts = [*control, commented(task, calls) + code]
    elif shape == "code":
        parts = [*control, code]
    else:
        lead = "" if as_engines_ask else rng.choice(_LEADS)
        text = question(problem, task=task, name=name, shown=shown, lead=lead)
        answer = f"```python\n{code}```\n"
        if shape == "explained" and problem.rationale:
            answer = f"{wrapped(problem.rationale)}\n\n{answer}"
        if shape == "optimize":
            before = _code(problem, slow, name, signature)
            text = f"This takes {slow.time} time. Make it faster.\n\n```python\n{before}```\n"
        if shape == "growth":
            text = f"How do time and memory of this program grow?\n\n```python\n{code}```\n"
            answer = f"Time: {solution.time}. Memory: {solution.memory}.\n"
        parts = [*turns(text, control), answer, Special(TURN_END)]
    return BankDocument(
        problem.name, shape, parts, problem.paradigm, solution.time, solution.memory, told
    )


def answer_classes(rng: random.Random, time: str, memory: str) -> Parts:
    """What an answer with a program of these classes begins with."""
    of_time, of_memory = control_tokens(time, None), control_tokens(None, memory)
    first = rng.random() < _MEMORY_FIRST
    return [*of_memory, *of_time] if first else [*of_time, *of_memory]


def some_classes(rng: random.Random, time: str, memory: str) -> Parts:
    """Control tokens of the class of time, of memory, or of both."""
    of_time, of_memory = rng.choices([*_TOLD], [*_TOLD.values()])[0]
    return control_tokens(time if of_time else None, memory if of_memory else None)


def _cheaper(a: Solution, b: Solution) -> bool:
    return a.time in _RANK and b.time in _RANK and _RANK[a.time] < _RANK[b.time]


def _task(problem: Problem, rng: random.Random, keep_out: bool) -> str:
    kept = held_out_phrasing(problem) if keep_out else None
    known = [p for p in problem.phrasings if p != kept]
    if known and rng.random() < 0.6:
        return wrapped(rng.choice(known))
    return wrapped(problem.statement)


def _examples(problem: Problem, name: str, rng: random.Random) -> list[Shown]:
    """Up to three examples, short ones."""
    cases = showable(problem)
    count = min(len(cases), rng.choice((0, 1, 2, 2, 3)))
    made = [example(problem, cases[i], name) for i in sorted(rng.sample(range(len(cases)), count))]
    return [(given, answer) for given, answer in made if len(given) + len(answer) <= LONGEST]


# --- the code -----------------------------------------------------------------------------------


def _entry(problem: Problem) -> str:
    """The name of the function that is asked for; "" for a method or a whole program."""
    entry = problem.signature.entry if problem.signature is not None else ""
    return "" if "." in entry else entry


def _entry_name(problem: Problem, solution: Solution, rng: random.Random) -> str:
    """The entry's own name, or another that people would give it and the code does not use."""
    entry = _entry(problem)
    if not entry or rng.random() < 0.5:
        return entry
    head, *rest = entry.split("_")
    candidates = [
        "solve", "solution", "f", "answer", "run",
        "".join([head, *(w.capitalize() for w in rest)]),
        f"compute_{entry}", f"get_{entry}", f"find_{entry}", f"{entry}_of", f"my_{entry}",
        "_".join([*rest, head]) if rest else f"do_{entry}",
    ]  # fmt: skip
    name = rng.choice(candidates)
    used = set(re.findall(r"\w+", solution.code + problem.statement))
    attributes = re.search(rf"\.\s*{re.escape(entry)}\b", solution.code)
    return entry if name in used or attributes or not name.isidentifier() else name


def _code(problem: Problem, solution: Solution, name: str, signature: str) -> str:
    """The solution under its new name, its header annotated as asked."""
    code = renamed(solution.code.strip("\n") + "\n", problem, name)
    declared = problem.signature
    if signature == "bare" or declared is None or not name:
        return code
    function = _function(code, name)
    if function is None or function.returns is not None:
        return code
    arguments = function.args
    plain = not (arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg
                 or arguments.kwarg or arguments.defaults)  # fmt: skip
    if not plain or len(arguments.args) != len(declared.parameters):
        return code
    typed = [p.annotation for p in declared.parameters]
    returns = declared.returns
    imports = ""
    if signature == "typing":
        typed, returns, imports = _with_typing(typed, returns)
    inner = ", ".join(
        f"{a.arg}: {t}" if t else a.arg for a, t in zip(arguments.args, typed, strict=True)
    )
    header = f"def {name}({inner})" + (f" -> {returns}" if returns else "") + ":"
    lines = code.splitlines(keepends=True)
    first, body = function.lineno - 1, function.body[0].lineno - 1
    if body == first:
        return code
    return imports + "".join([*lines[:first], header + "\n", *lines[body:]])


def _with_typing(typed: Sequence[str], returns: str) -> tuple[list[str], str, str]:
    """Annotations as before Python 3.9, with the import that they need."""
    used: set[str] = set()

    def old(text: str) -> str:
        if match := re.fullmatch(r"([^|]+?)\s*\|\s*None", text):
            used.add("Optional")
            return f"Optional[{old(match[1])}]"

        def swap(match: re.Match[str]) -> str:
            used.add(_TYPING[match[1]])
            return _TYPING[match[1]] + "["

        return re.sub(r"\b(list|dict|tuple|set|frozenset)\[", swap, text)

    changed = [old(t) for t in typed]
    back = old(returns)
    line = f"from typing import {', '.join(sorted(used))}\n\n\n" if used else ""
    return changed, back, line


def _function(code: str, name: str) -> ast.FunctionDef | None:
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return next((n for n in body if isinstance(n, ast.FunctionDef) and n.name == name), None)


# --- what is said about it ----------------------------------------------------------------------


def _docstring(
    problem: Problem, task: str, examples: list[Shown], style: str, signature: str
) -> str:
    declared = problem.signature
    lines = [task]
    parameters = declared.parameters if declared is not None else ()
    returns = declared.returns if declared is not None else ""
    if style == "google" and parameters:
        lines += ["", "Args:", *(f"    {p.name}: {p.annotation}" for p in parameters)]
        lines += ["", "Returns:", f"    {returns}"] if returns else []
    if style == "numpy" and parameters:
        lines += ["", "Parameters", "----------"]
        lines += [f"{p.name} : {p.annotation}" for p in parameters]
        lines += ["", "Returns", "-------", returns] if returns else []
    if style == "sphinx" and parameters:
        lines += ["", *(f":param {p.name}: {p.annotation}" for p in parameters)]
        lines += [f":return: {returns}"] if returns else []
    if examples:
        lines += [""]
        for call, answer in examples:
            lines += [f">>> {call}", *([answer] if answer != "None" else [])]
    return "\n".join(lines)


def with_docstring(code: str, name: str, docstring: str) -> str:
    """`code` with this docstring in function `name`; above it as a comment where there is none."""
    function = _function(code, name)
    if function is None or function.body[0].lineno == function.lineno:
        return comment(docstring) + code
    text = docstring.replace("\\", "\\\\").replace('"""', "'''")
    if text.endswith('"'):
        text += " "
    many = "\n" in text
    inside = textwrap.indent(f'"""{text}' + ("\n" if many else "") + '"""', "    ")
    lines = code.splitlines(keepends=True)
    at = function.body[0].lineno - 1
    while at > function.lineno and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return "".join([*lines[:at], inside + "\n", *lines[at:]])
