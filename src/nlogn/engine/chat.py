"""A problem as chat messages, and the program out of a chat answer."""

import ast
import re

from nlogn.corpus.specials import ASSISTANT, USER, Special
from nlogn.engine.protocol import Prompt, RawPrompt
from nlogn.problems import Problem
from nlogn.problems.literals import shorten
from nlogn.problems.sections import blocks
from nlogn.problems.syntax import parse, parses

_SYSTEM = (
    "You solve programming problems in Python 3.11 with the standard library. Think about edge "
    "cases and about how time and memory grow with the size of the input. Answer with one "
    "complete program in one ```python code block."
)
RAW_ANSWER = "```python\n"  # how an answer to `raw_chat` begins: the prompt ends with it
_SHOWN_EXAMPLES = 6
_PARSE_TRIES = 400
_CODE_START = re.compile(r"(from\s+\S+\s+import\b|import\s|def\s|class\s|@\w|async\s+def\s)")


def messages(prompt: Prompt) -> list[dict[str, str]]:
    """The system and user message that ask for a solution; before it, each example as a question
    and its answer; after it, an earlier try and what was wrong with it."""
    out = [{"role": "system", "content": prompt.system or _SYSTEM}]
    for solved in prompt.examples:
        out.append({"role": "user", "content": _question(solved)})
        out.append({"role": "assistant", "content": _fenced(solved.solutions[-1].code)})
    out.append({"role": "user", "content": _question(prompt.problem)})
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


def raw_chat(prompt: Prompt, vocabulary: frozenset[str]) -> RawPrompt:
    """The question for a model without a chat template: with the turns that our networks are
    trained on, where the vocabulary has their tokens, else as a text that a program follows. It
    ends with `RAW_ANSWER`."""
    turns = [m for m in messages(prompt) if m["role"] != "system"]
    if {USER, ASSISTANT} <= vocabulary:
        parts: list[str] = []
        for turn in turns:
            parts += [Special(USER if turn["role"] == "user" else ASSISTANT)]
            parts += ["\n" + turn["content"].rstrip("\n") + "\n"]
        return RawPrompt((*parts, Special(ASSISTANT), "\n" + RAW_ANSWER))
    text = "\n\n".join(turn["content"].rstrip("\n") for turn in turns)
    return RawPrompt((f"{text}\n\n{RAW_ANSWER}",))


def _fenced(code: str) -> str:
    return f"```python\n{code.rstrip()}\n```"


def _question(problem: Problem) -> str:
    parts = [f"# {problem.title}" if problem.title else "", problem.statement]
    if problem.signature:
        kind = "method" if "." in problem.signature.entry else "function"
        entry = problem.signature.entry.replace(".", " with the method ")
        where = f"Write `{entry}`" if kind == "function" else f"Write the class `{entry}`"
        parts.append(f"{where}:\n\n```python\n{problem.signature}\n```")
    else:
        parts.append("Write a whole program that reads standard input and writes standard output.")
    parts.append(_examples(problem))
    return "\n\n".join(filter(None, parts))


def _examples(problem: Problem) -> str:
    shown = []
    for case in problem.examples[:_SHOWN_EXAMPLES]:
        if case.stdin is not None:
            shown.append(f"Input:\n```\n{case.stdin}```\nOutput:\n```\n{case.expected}```")
        elif case.args is not None and case.has_expected and problem.signature:
            call = ", ".join(map(repr, case.args))
            shown.append(f">>> {problem.signature.entry}({call})\n{case.expected!r}")
    return "Examples:\n\n" + "\n\n".join(shown) if shown else ""


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
