"""A problem as the tokens that a network was trained to answer.

Ours reads the turns that it was trained on; others their own chat template; a network without
either continues a comment and a signature.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nlogn.corpus.tokenizer import chat_template, encode
from nlogn.engine.chat import fitted, harmless, knows_turns, messages, put_before
from nlogn.engine.protocol import EngineError, Prompt, RawPrompt

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Rendered:
    """Tokens to continue, the text that the answer begins with, and texts that end it."""

    tokens: tuple[int, ...]
    begun: str = ""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Framing:
    """What a folder's tokenizer puts around texts: `begins` before each, and for its chat template
    the names of its first and last token."""

    template: str | None = None
    begins: tuple[int, ...] = ()
    first: str = ""
    last: str = ""


def framing(folder: Path, tokenizer: "Tokenizer") -> Framing:
    """Raises OSError or ValueError where the template is no text."""
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text())
    except (OSError, ValueError):
        config = None
    config = config if isinstance(config, dict) else {}
    first, last = (_name(config.get(key)) for key in ("bos_token", "eos_token"))
    plain = tokenizer.encode("x", add_special_tokens=False)
    begins = tuple(put_before(tokenizer.encode("x").ids, plain.ids))
    return Framing(chat_template(folder), begins, first, last)


def _name(token: object) -> str:
    name = token.get("content") if isinstance(token, dict) else token
    return name if isinstance(name, str) else ""


def render(prompt: Prompt, tokenizer: "Tokenizer", frame: Framing, room: float) -> Rendered:
    """The prompt in at most `room` tokens, with as many of its examples as fit; where none does,
    it is longer, and the engine refuses it. Budgets are not in it: see `answer_classes`."""
    vocabulary = tokenizer.get_vocab()
    if frame.template is not None and not knows_turns(vocabulary):
        return Rendered(_by_template(prompt, tokenizer, frame, frame.template))

    def encoded(raw: RawPrompt) -> list[int]:
        return [*frame.begins, *encode(tokenizer, [*raw.parts])]

    tokens, asked = fitted(prompt, vocabulary, encoded, room, bound=False)
    return Rendered(tuple(tokens), asked.begun, asked.stop)


def _by_template(
    prompt: Prompt, tokenizer: "Tokenizer", frame: Framing, template: str
) -> tuple[int, ...]:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    names = {t.content for t in tokenizer.get_added_tokens_decoder().values() if t.special}
    said = harmless(messages(prompt), names)
    joined = [{"role": "user", "content": "\n\n".join(m["content"] for m in said)}]
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refuse

    def filled(turns: list[dict[str, str]]) -> str:
        return environment.from_string(template).render(
            messages=turns,
            add_generation_prompt=True,
            bos_token=frame.first,
            eos_token=frame.last,
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
    return tuple(tokenizer.encode(text, add_special_tokens=False).ids)


def _refuse(message: str) -> None:
    raise EngineError(f"the network's chat template refuses: {message}")
