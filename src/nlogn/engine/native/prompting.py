"""A problem as the tokens that a network was trained to answer.

Ours reads what `corpus.bank_documents` renders; others their own chat template; a network without
either continues a comment and a signature.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlogn.corpus.specials import ASSISTANT, TURN_END, USER, Parts, Special
from nlogn.corpus.tokenizer import encode
from nlogn.engine.chat import messages
from nlogn.engine.protocol import EngineError, Prompt
from nlogn.problems import Problem

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_EXAMPLES = 3
_LONGEST_EXAMPLE = 160  # characters
_BASE_STOPS = ("\ndef ", "\nclass ", "\nif __name__", "\nprint(", "\n# ", "\n```")


@dataclass(frozen=True, slots=True)
class Rendered:
    """Tokens to continue, the text that the answer begins with, and what ends it."""

    tokens: tuple[int, ...]
    begun: str = ""
    stop: tuple[str, ...] = ()
    stop_tokens: tuple[int, ...] = ()


def render(prompt: Prompt, tokenizer: "Tokenizer", template: str | None, room: int) -> Rendered:
    """The prompt in at most `room` tokens, with as many of its examples as fit; where none does,
    it is longer, and the engine refuses it."""
    for examples in range(_EXAMPLES, -1, -1):
        rendered = _render(prompt, tokenizer, template, examples)
        if len(rendered.tokens) <= room:
            break
    return rendered


def _render(
    prompt: Prompt, tokenizer: "Tokenizer", template: str | None, examples: int
) -> Rendered:
    if tokenizer.token_to_id(USER) is not None and tokenizer.token_to_id(ASSISTANT) is not None:
        question = _question(prompt, examples)
        parts: Parts = [Special(USER), "\n" + question, Special(ASSISTANT), "\n"]
        end = tokenizer.token_to_id(TURN_END)
        stop_tokens = () if end is None else (end,)
        return Rendered(tuple(encode(tokenizer, parts)), stop_tokens=stop_tokens)
    if template is not None:
        return Rendered(_by_template(prompt, tokenizer, template))
    text, begun = _base(prompt, examples)
    return Rendered(tuple(encode(tokenizer, [text])), begun, _BASE_STOPS)


def _question(prompt: Prompt, examples: int) -> str:
    problem = prompt.problem
    header = f"\n```python\n{problem.signature}\n```\n" if problem.signature is not None else ""
    shown = "".join(f"- `{call}` -> `{answer}`\n" for call, answer in _calls(problem, examples))
    question = f"{problem.statement.strip()}\n{header}" + (f"\n{shown}" if shown else "")
    if prompt.feedback:
        question += f"\nAn earlier try was wrong: {prompt.feedback}\n"
    return f"{prompt.system.strip()}\n\n{question}" if prompt.system else question


def _calls(problem: Problem, count: int) -> list[tuple[str, str]]:
    if problem.signature is None:
        return []
    shown = [c for c in problem.examples if c.args is not None and c.has_expected and not c.check]
    calls = [
        (f"{problem.signature.entry}({', '.join(map(repr, c.args or ()))})", repr(c.expected))
        for c in shown
    ]
    return [(c, a) for c, a in calls if len(c) + len(a) <= _LONGEST_EXAMPLE][:count]


def _base(prompt: Prompt, examples: int) -> tuple[str, str]:
    problem = prompt.problem
    lines = problem.statement.strip().splitlines()
    lines += [f"{call} -> {answer}" for call, answer in _calls(problem, examples)]
    lines += [f"An earlier try was wrong: {prompt.feedback}"] if prompt.feedback else []
    comment = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    begun = f"{problem.signature}\n" if problem.signature is not None else "import sys\n"
    return comment + begun, begun


def _by_template(prompt: Prompt, tokenizer: "Tokenizer", template: str) -> tuple[int, ...]:
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    names = {t.content for t in tokenizer.get_added_tokens_decoder().values() if t.special}
    said = [{"role": m["role"], "content": _harmless(m["content"], names)}
            for m in messages(prompt)]  # fmt: skip
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refuse
    try:
        text = environment.from_string(template).render(
            messages=said, add_generation_prompt=True, bos_token="", eos_token=""
        )
    except TemplateError as error:
        raise EngineError(f"the network's chat template fails: {error}") from error
    tokenizer.encode_special_tokens = False
    return tuple(tokenizer.encode(text).ids)


def _harmless(text: str, names: set[str]) -> str:
    """The text with no special token spelled out in it."""
    for name in names:
        text = text.replace(name, f"{name[:1]} {name[1:]}")
    return text


def _refuse(message: str) -> None:
    raise EngineError(f"the network's chat template refuses: {message}")


def chat_template(folder: Path) -> str | None:
    """The template of a checkpoint folder, where it has one."""
    aside = folder / "chat_template.jinja"
    if aside.exists():
        return aside.read_text()
    try:
        data: dict[str, Any] = json.loads((folder / "tokenizer_config.json").read_text())
    except (OSError, ValueError):
        return None
    template = data.get("chat_template")
    return template if isinstance(template, str) else None
