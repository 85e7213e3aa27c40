# mypy: disable-error-code="misc"
"""Problems as documents, as a stage of the build."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from nlogn.corpus.annotated import documents, read_annotated
from nlogn.corpus.bank_documents import BankDocument, held_out, render_problem
from nlogn.corpus.benchmarks import MBPP_TRAINING
from nlogn.corpus.compose import FINETUNE, TRAIN, VALIDATION
from nlogn.corpus.specials import plain, to_json
from nlogn.corpus.steps import generator
from nlogn.problems import ProblemError, bank, load_problems

REWRITES = 2  # texts of each solution beside its own
ASKED = 12  # questions with answers per problem, for fine-tuning
CHAT = ("chat", "explained", "optimize", "growth")
WRITTEN = ("docstring", "comment", "chat")


class RenderBank(PipelineStep):
    """Task r renders every tasks-th problem. Some renderings go to the validation split."""

    type = "📖 - READER"
    name = "bank"

    def __init__(self, variants: int, seed: int, validation: float):
        super().__init__()
        self.variants, self.seed, self.validation = variants, seed, validation

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        for problem in bank()[rank::world_size]:
            if held_out(problem.name):
                self.stat_update("held_out_problems")
                continue
            self.stat_update("problems")
            made = render_problem(problem, self.variants, self.seed, rewrites=REWRITES)
            for number, document in enumerate(made):
                name = f"bank/{problem.name}/{number}"
                drawn = generator(self.seed, "split", name).random()
                self.stat_update("total", f"shape_{document.shape}")
                yield _document(name, document, VALIDATION if drawn < self.validation else TRAIN)
            asked = render_problem(problem, ASKED, self.seed + 1, CHAT)
            for number, document in enumerate(asked):
                self.stat_update("finetune")
                yield _document(f"ask/{problem.name}/{number}", document, FINETUNE)


class RenderAnnotated(PipelineStep):
    """Adds annotated programs with their measured labels. Task r takes every tasks-th."""

    type = "📖 - READER"
    name = "annotated programs"

    def __init__(self, tables: Sequence[str], each: int, seed: int, validation: float):
        super().__init__()
        self.tables, self.each, self.seed, self.validation = tables, each, seed, validation

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        yield from data or ()
        programs = read_annotated(*map(Path, self.tables))
        made = documents(programs, bank(), self.each, self.seed)
        for number, document in enumerate(made):
            if number % world_size != rank:
                continue
            name = f"annotated/{document.name}/{number}"
            drawn = generator(self.seed, "split", name).random()
            self.stat_update("total", *(["leaking"] if 1 in document.leak else []))
            yield _document(name, document, VALIDATION if drawn < self.validation else TRAIN)


class RenderTraining(PipelineStep):
    """Adds MBPP's published training rows (601 to 974), for fine-tuning only; the first task. Rows
    that the "+" edition tests are dropped by the decontamination that follows."""

    type = "📖 - READER"
    name = "MBPP training rows"

    def __init__(self, data: Path, seed: int):
        super().__init__()
        self.path, self.seed = data / "benchmarks" / "mbpp.jsonl.gz", seed

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        yield from data
        if rank or not self.path.exists():
            return
        skipped: list[ProblemError] = []
        for problem in load_problems(self.path, skipped=skipped):
            if int(problem.name.partition("/")[2]) not in MBPP_TRAINING:
                continue
            self.stat_update("rows")
            statement = problem.statement.partition("\n\nFor example:")[0]
            plain_problem = replace(problem, statement=statement)
            for number, made in enumerate(render_problem(plain_problem, ASKED, self.seed, WRITTEN)):
                self.stat_update("total")
                document = replace(made, paradigm="")
                yield _document(f"{problem.name}/{number}", document, FINETUNE)
        self.stat_update("unreadable_rows", value=len(skipped))


def _document(name: str, made: BankDocument, split: str) -> Document:
    return Document(
        text=plain(made.parts), id=name,
        metadata={
            "unit": name.partition("/")[0], "path": name, "language": "python", "kind": "bank",
            "split": split, "parts": to_json(made.parts), "paradigm": made.paradigm,
            "time": made.time, "memory": made.memory, "told": made.told,
            "leak": made.leak, "fim": made.shape in ("docstring", "comment", "code"),
        },
    )  # fmt: skip
