# mypy: disable-error-code="misc"
"""The stages of a build, in order, each with its steps and its number of tasks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datatrove.pipeline.base import PipelineStep

from nlogn.corpus.bank_documents import held_out, held_out_phrasing
from nlogn.corpus.build import Recipe
from nlogn.corpus.compose import Balance, Compose, CountLanguages
from nlogn.corpus.decontaminate import BuildIndex, Decontaminate
from nlogn.corpus.duplicates import BUCKETS, exact_stages, near_filter, near_stages
from nlogn.corpus.execute import Stage
from nlogn.corpus.label import AlignmentFilter, LabelParadigm, LearnParadigms
from nlogn.corpus.render import RenderAnnotated, RenderBank, RenderTraining
from nlogn.corpus.report import summarise
from nlogn.corpus.sources import Unit
from nlogn.corpus.steps import (
    Examples,
    LicenceFilter,
    QualityFilter,
    ReadSources,
    Redact,
    reader,
    writer,
)
from nlogn.corpus.tokenise import CopyTokenizer, LearnTokenizer, Pack, Tokenise
from nlogn.problems import bank


def stages(recipe: Recipe, units: Sequence[Unit], out: Path, data: Path) -> list[Stage]:
    """All stages of a build into `out`; `data` holds the benchmarks to keep out."""
    out = out.resolve()
    work = out / "work"
    dropped = out / "dropped"
    tasks = recipe.tasks
    collected, distinct, kept = work / "collected", work / "distinct", work / "kept"
    composed, rendered = work / "composed", work / "rendered"
    tokenizer = out / "tokenizer"

    collect = [
        ReadSources(list(units)),
        LicenceFilter(Examples(dropped / "licence")),
        QualityFilter(recipe.quality, Examples(dropped / "quality")),
        Redact(),
        writer(collected),
    ]
    sign, find, part = exact_stages(
        reader(collected), work / "exact", Examples(dropped / "exact"), writer(distinct)
    )
    result = [
        Stage("collect", collect, tasks),
        Stage("exact-sign", sign, tasks),
        Stage("exact-find", find, 1),
        Stage("exact-filter", part, tasks),
    ]
    label = [reader(distinct)]
    if recipe.near_duplicates:
        sign, find, group = near_stages(reader(distinct), work / "near", recipe.seed)
        result += [
            Stage("near-sign", sign, tasks),
            Stage("near-find", find, BUCKETS),
            Stage("near-group", group, 1),
        ]
        label.append(near_filter(work / "near", Examples(dropped / "near")))
    index = work / "benchmarks"
    if recipe.decontaminate:
        result.append(Stage("benchmarks", [BuildIndex(data, index, _held_out_texts())], 1))
        label.append(Decontaminate(index, Examples(dropped / "benchmarks")))
    if recipe.alignment:
        label.append(AlignmentFilter(recipe.alignment, Examples(dropped / "alignment")))
    classifier = work / "paradigms.npz"
    result.append(Stage("paradigms", [LearnParadigms(classifier)], 1))
    label += [LabelParadigm(classifier), writer(kept)]
    result += [
        Stage("label", label, tasks),
        Stage("balance", [CountLanguages(kept, work / "balance.json", recipe.temperature)], 1),
        Stage(
            "compose",
            [
                reader(kept),
                Balance(work / "balance.json", recipe.seed),
                Compose(recipe.seed, recipe.validation, recipe.longest, recipe.whole_units),
                writer(composed),
            ],
            tasks,
        ),
    ]
    if recipe.variants or recipe.annotated:
        render: list[PipelineStep] = []
        if recipe.variants:
            render += [RenderBank(recipe.variants, recipe.seed, recipe.validation),
                       RenderTraining(data, recipe.seed)]  # fmt: skip
        if recipe.annotated:
            render.append(RenderAnnotated(recipe.annotated, recipe.each, recipe.seed,
                                          recipe.validation))  # fmt: skip
        if recipe.decontaminate:
            render.append(Decontaminate(index, Examples(dropped / "bank")))
        result.append(Stage("render", [*render, writer(rendered)], tasks))
    learn = CopyTokenizer(Path(recipe.tokenizer), tokenizer) if recipe.tokenizer else \
        LearnTokenizer([composed, rendered], tokenizer, recipe.vocab_size, recipe.sample,
                       recipe.context)  # fmt: skip
    result.append(Stage("tokenizer", [learn], 1))
    tokens = work / "tokens"
    result.append(
        Stage(
            "tokenise",
            [
                reader(composed),
                reader(rendered),
                Tokenise(tokenizer, tokens, recipe.seed, recipe.fim, recipe.piece),
            ],
            tasks,
        )
    )
    result.append(
        Stage("pack", [Pack(tokens, tokenizer, out, recipe.seed, recipe.sequence)], recipe.shards)
    )
    names = [stage.name for stage in result]
    result.append(Stage("report", [Report(out, names)], 1))
    return result


class Report(PipelineStep):
    """Writes the manifest and the report; one task, after all others."""

    type = "📝 - REPORT"
    name = "report"

    def __init__(self, out: Path, names: list[str]):
        super().__init__()
        self.out, self.names = out, names

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Any:
        summarise(self.out, self.names)
        return data


def _held_out_texts() -> list[tuple[str, str, str]]:
    """The bank's own held-out problems and phrasings, kept out as benchmarks are."""
    out = []
    for problem in bank():
        if held_out(problem.name):
            texts = [problem.statement, *problem.phrasings, *(s.code for s in problem.solutions)]
            out += [("bank_held_out", problem.name, text) for text in texts]
        elif phrasing := held_out_phrasing(problem):
            out.append(("bank_phrasing", problem.name, phrasing))
    return out
