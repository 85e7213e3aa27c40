"""FIM prompts: each family's layout, and how the family is found."""

import pytest

from nlogn.corpus.specials import SPECIALS, Special
from nlogn.engine.fim import FAMILIES, FIM_TOKENS, FimFamily, family_of, render, without_specials
from nlogn.engine.protocol import EngineError, ModelFacts, NoFim, RawPrompt

QWEN = frozenset(f"<|{n}|>" for n in ("fim_prefix", "fim_suffix", "fim_middle", "file_sep"))
DEEPSEEK = frozenset(["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"])


def named(name: str) -> str:
    return family_of(ModelFacts(name)).name


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("Qwen/Qwen2.5-Coder-1.5B", "qwen-coder"),
        ("qwen3-coder:30b", "qwen-coder"),
        ("deepseek-ai/deepseek-coder-1.3b-base", "deepseek-coder"),
        ("DeepSeek-Coder-V2-Lite-Base", "deepseek-coder"),
        ("bigcode/starcoder2-3b", "starcoder2"),
        ("bigcode/starcoderbase-1b", "starcoder"),
        ("codestral-latest", "codestral"),
        ("nlogn-60m", "nlogn"),
    ],
)
def test_a_family_is_known_by_name(model: str, family: str) -> None:
    assert named(model) == family


def test_the_tokens_say_more_than_the_name() -> None:
    assert family_of(ModelFacts("my-model", QWEN)).name == "qwen-coder"
    assert family_of(ModelFacts("qwen-coder", DEEPSEEK)).name == "deepseek-coder"
    assert family_of(ModelFacts("x", frozenset(SPECIALS))).name == "nlogn"
    assert family_of(ModelFacts("x", QWEN), "starcoder").name == "starcoder"


def test_a_model_without_fim_is_refused_in_words() -> None:
    with pytest.raises(NoFim, match="tiny has no FIM tokens") as caught:
        family_of(ModelFacts("tiny", frozenset({"</s>"})))
    assert isinstance(caught.value, EngineError)
    with pytest.raises(NoFim, match="--fim"):
        family_of(ModelFacts("gpt-4"))
    with pytest.raises(NoFim, match="there are nlogn"):
        family_of(ModelFacts("x"), "cobol")


def text(family: str, **more: object) -> str:
    found = next(f for f in FAMILIES if f.name == family)
    return render(found, "P", "S", path="a.py", **more).text  # type: ignore[arg-type]


def test_the_layouts_are_those_that_the_models_were_trained_with() -> None:
    psm = "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"
    assert text("qwen-coder") == psm
    assert text("nlogn") == "<|fim_prefix|><|fim_suffix|>S<|fim_middle|>P"
    assert text("deepseek-coder") == "<｜fim▁begin｜>P<｜fim▁hole｜>S<｜fim▁end｜>"
    assert text("starcoder2") == "<fim_prefix>P<fim_suffix>S<fim_middle>"
    assert text("codestral") == "[SUFFIX]S[PREFIX]P"


def test_other_files_are_told_as_each_family_reads_them() -> None:
    more = {"related": [("b.py", "B")], "repository": "R"}
    assert text("qwen-coder", **more) == (
        "<|repo_name|>R\n<|file_sep|>b.py\nB\n<|file_sep|>a.py\n"
        "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"
    )
    assert text("starcoder2", **more) == (
        "<repo_name>R<file_sep>b.py\nB\n<file_sep><fim_prefix>a.py\nP<fim_suffix>S<fim_middle>"
    )
    assert text("deepseek-coder", **more).startswith("<｜fim▁begin｜># b.py\nB\n\n# a.py\nP")
    assert text("codestral", **more) == "[SUFFIX]S[PREFIX]+++++ b.py\nB\n\n+++++ a.py\nP"


def test_code_that_spells_a_special_token_stays_code() -> None:
    family = family_of(ModelFacts("x", QWEN))
    prompt = render(family, 'MIDDLE = "<|fim_middle|>"', "")
    assert [str(p) for p in prompt.parts if isinstance(p, Special)] == list(family.tokens)
    assert prompt.text.count("<|fim_middle|>") == 1
    assert prompt.text.endswith("<|fim_middle|>")
    assert RawPrompt(("a", "b")).text == "ab"


def test_a_token_that_a_server_spells_out_ends_the_middle() -> None:
    family = family_of(ModelFacts("x", QWEN))
    assert without_specials(family, "a<|endoftext|>b", "") == "a"
    assert without_specials(family, "a<|endoftext|>b", "END = '<|endoftext|>'") != "a"
    assert {"[SUFFIX]", "<fim_prefix>", "<|file_sep|>"} <= FIM_TOKENS


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_code_that_spells_any_token_of_the_family_stays_code_for_a_server(
    family: FimFamily,
) -> None:
    """A server reads the prompt as one text: what ends a text there would end the file."""
    for name in filter(None, (*family.tokens, *family.end, family.file, family.repository)):
        asked = render(family, f"x = '{name}'\n", f"'{name}'").text
        assert asked.count(name) == (name in family.tokens)
