"""Fill in the middle: the prompt as each family of models was trained to read it.

    family = family_of(engine.facts())          # by the special tokens, else by the model's name
    prompt = render(family, "def add(a, b):\\n    return ", "\\n")

Servers refuse `suffix` (vLLM, llama.cpp), so the prompt is rendered here. Layouts:
arXiv:2207.14255 (PSM; its SPM, which a small network reads better, is ours), arXiv:2401.14196
(DeepSeek-Coder), arXiv:2409.12186 (Qwen-Coder), arXiv:2305.06161 and arXiv:2402.19173 (StarCoder),
and mistral-common's instruct tokenizer (Codestral: suffix first).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlogn.corpus.specials import (
    END,
    FILE,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPOSITORY,
    Special,
)
from nlogn.engine.protocol import ModelFacts, NoFim, RawPrompt
from nlogn.security.files import language_of

_DEEPSEEK = ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>")
_DEEPSEEK_END = "<｜end▁of▁sentence｜>"
_STARCODER = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
_COMMENTS = {"python": "#", "": "#", "sql": "--"}  # all others: //


@dataclass(frozen=True, slots=True)
class FimFamily:
    """A layout. `order` is written with P and S for the texts and 0, 1, 2 for `tokens`."""

    name: str
    tokens: tuple[str, ...]
    order: str
    named: str  # what such a model's name matches, where its tokens are not known
    end: tuple[str, ...]  # what may follow the middle; servers leave most of them out of the text
    also: tuple[str, ...] = ()  # further tokens that tell it from a family with the same ones
    file: str = ""  # the token before a file of the repository
    repository: str = ""


FAMILIES: tuple[FimFamily, ...] = (
    FimFamily(
        "nlogn", (FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE), "01S2P", r"nlogn", (END,),
        also=("<|time:O(n)|>",), file=FILE, repository=REPOSITORY,
    ),
    FimFamily(
        "qwen-coder", (FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE), "0P1S2",
        r"code-?qwen|qwen[\w.-]*coder", (END, FILE, "<|fim_pad|>"),
        also=(FILE,), file=FILE, repository=REPOSITORY,
    ),
    FimFamily(
        "codegemma", (FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE), "0P1S2",
        r"codegemma|granite-4", ("<|file_separator|>", END),
    ),
    FimFamily(
        "deepseek-coder", _DEEPSEEK, "0P1S2", r"deepseek[\w.-]*coder", (_DEEPSEEK_END,),
    ),
    FimFamily(
        "starcoder2", _STARCODER, "0P1S2", r"starcoder-?2", (END, "<file_sep>"),
        also=("<file_sep>",), file="<file_sep>", repository="<repo_name>",
    ),
    FimFamily(
        "starcoder", _STARCODER, "0P1S2", r"starcoder|stable-?code|granite[\w.-]*code|refact",
        (END,),
    ),
    FimFamily(
        "codestral", ("[SUFFIX]", "[PREFIX]"), "0S1P", r"codestral", ("[SUFFIX]",),
    ),
)  # fmt: skip
NAMES = tuple(f.name for f in FAMILIES)
FIM_TOKENS = frozenset(t for f in FAMILIES for t in (*f.tokens, *f.also, f.file, f.repository) if t)


def family_of(facts: ModelFacts, named: str = "") -> FimFamily:
    """The family of a model: as `named`, else by its special tokens, else by its name.

    Raises:
        NoFim: the model has no such tokens, or nothing says which.
    """
    if named:
        found = next((f for f in FAMILIES if f.name == named), None)
        if found is None:
            raise NoFim(f"no FIM family '{named}': there are {', '.join(NAMES)}")
        return found
    known = facts.special_tokens
    if known is not None:
        for family in FAMILIES:
            if known.issuperset((*family.tokens, *family.also)):
                return family
        raise NoFim(
            f"the model {facts.name} has no FIM tokens: its tokenizer has none of "
            f"{', '.join(dict.fromkeys(f.tokens[0] for f in FAMILIES))}. Take a model that was "
            "trained to fill in the middle, such as Qwen2.5-Coder, DeepSeek-Coder, StarCoder2 or "
            "Codestral"
        )
    for family in FAMILIES:
        if re.search(family.named, facts.name, re.IGNORECASE):
            return family
    raise NoFim(
        f"nothing says whether the model {facts.name} can fill in the middle: if it can, name its "
        f"family with --fim ({', '.join(NAMES)}); if not, take one that can, such as Qwen2.5-Coder"
    )


def render(
    family: FimFamily,
    prefix: str,
    suffix: str,
    *,
    path: str = "",
    related: Sequence[tuple[str, str]] = (),
    repository: str = "",
) -> RawPrompt:
    """The prompt whose continuation is the middle.

    Args:
        path: of the file, told where other files are told too.
        related: (path, text) of other files, or parts of them; the most related last.
    """
    head: list[str] = []
    if related and family.file:
        if family.repository and repository:
            after = "" if family.name in ("starcoder2", "nlogn") else "\n"
            head += [Special(family.repository), repository + after]
        for other, text in related:
            head += [Special(family.file), f"{other}\n{_ended(text)}"]
        head.append(Special(family.file))
        if family.name == "starcoder2":  # it reads the path inside the prefix
            prefix = f"{path}\n{prefix}"
        else:
            head.append(f"{path}\n")
    elif related:
        told = [f"{_title(family, other)}\n{_ended(text)}\n" for other, text in related]
        prefix = "".join(told) + (f"{_title(family, path)}\n" if path else "") + prefix
    texts = {"P": prefix, "S": suffix}
    body = [Special(family.tokens[int(c)]) if c.isdigit() else texts[c] for c in family.order]
    others = filter(None, (*family.end, family.file, family.repository))
    return RawPrompt(tuple(part for part in (*head, *body) if part), tuple(others))


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _title(family: FimFamily, path: str) -> str:
    """How the start of another file is told where there is no token for it."""
    if family.name == "codestral":
        return f"+++++ {path}"
    return f"{_COMMENTS.get(language_of(path), '//')} {path}"


def without_specials(family: FimFamily, text: str, given: str) -> str:
    """The text up to the first special token that a server has spelled out in it; one that the
    code `given` spells, too, is taken for code."""
    names = (*family.tokens, *family.end, family.file)
    ends = [text.find(name) for name in names if name and name in text and name not in given]
    return text[: min(ends)] if ends else text
