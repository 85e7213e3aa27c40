"""A problem as the tokens that a network was trained to answer.

Ours reads the turns that it was trained on; others their own chat template; a network without
either continues a comment and a signature.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlogn.corpus.tokenizer import encode
from nlogn.engine.chat import fitted, knows_turns, messages
from nlogn.engine.protocol import EngineError, Prompt

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Rendered:
    """Tokens to continue, the text that the answer begins with, and texts that end it."""

    tokens: tuple[int, ...]
    begun: str = ""
    stop: tuple[str, ...] = ()


def render(prompt: Prompt, tokenizer: "Tokenizer", template: str | None, room: float) -> Rendered:
    """The prompt in at most `room` tokens, with as many of its examples as fit; where none does,
    it is longer, and the engine refuses it."""
    vocabulary = tokenizer.get_vocab()
    if template is not None and not knows_turns(vocabulary):
        return Rendered(_by_template(prompt, tokenizer, template))
    tokens, asked = fitted(prompt, vocabulary, lambda raw: encode(tokenizer, [*raw.parts]), room)
    return Rendered(tuple(tokens), asked.begun, asked.stop)


def _by_template(prompt: Prompt, tokenizer: "Tokenizer", template: str) -> tuple[int, ...]:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    names = {t.content for t in tokenizer.get_added_tokens_decoder().values() if t.special}
    said = [{"role": m["role"], "content": _harmless(m["content"], names)}
            for m in messages(prompt)]  # fmt: skip
    joined = [{"role": "user", "content": "\n\n".join(m["content"] for m in said)}]
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refuse

    def filled(turns: list[dict[str, str]]) -> str:
        return environment.from_string(template).render(
            messages=turns, add_generation_prompt=True, bos_token="", eos_token=""
        )

    try:
        try:
            text = filled(said)
        except EngineError:  # templates of some models refuse a system message
            text = filled(joined)
    except EngineError:
        raise
    except Exception as error:  # of any kind: the template is somebody else's
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
