# mypy: disable-error-code="misc"
"""The bank's renderings as a stage of the build."""

from collections.abc import Iterator
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from nlogn.corpus.bank_documents import held_out, render_problem
from nlogn.corpus.compose import TRAIN, VALIDATION
from nlogn.corpus.specials import plain, to_json
from nlogn.corpus.steps import generator
from nlogn.problems import bank


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
            for number, made in enumerate(render_problem(problem, self.variants, self.seed)):
                name = f"bank/{problem.name}/{number}"
                drawn = generator(self.seed, "split", name).random()
                self.stat_update("total", f"shape_{made.shape}")
                yield Document(
                    text=plain(made.parts), id=name,
                    metadata={
                        "unit": "bank", "path": name, "language": "python", "kind": "bank",
                        "split": VALIDATION if drawn < self.validation else TRAIN,
                        "parts": to_json(made.parts), "paradigm": made.paradigm,
                        "time": made.time, "memory": made.memory, "told": made.told,
                        "fim": made.shape in ("docstring", "comment", "code"),
                    },
                )  # fmt: skip
