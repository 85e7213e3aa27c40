# mypy: disable-error-code="misc"
"""Paradigm labels for natural files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from nlogn.corpus.bank_documents import held_out
from nlogn.corpus.paradigm import (
    Classifier,
    examples,
    held_out_accuracy,
    load_classifier,
    train_classifier,
)
from nlogn.problems import bank


class LearnParadigms(PipelineStep):
    """Fits the classifier to the bank's problems that may be trained on; one task."""

    type = "🏷 - LABEL"
    name = "paradigm classifier"

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Any:
        problems = [p for p in bank() if not held_out(p.name)]
        with self.track_time():
            for name, share in held_out_accuracy(problems).items():
                self.stat_update(f"accuracy_{name}", value=round(share, 4))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            train_classifier(examples(problems)).save(self.path)
        return data


class LabelParadigm(PipelineStep):
    type = "🏷 - LABEL"
    name = "paradigm"

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.classifier: Classifier | None = None

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        self.classifier = self.classifier or load_classifier(self.path)
        for doc in data:
            with self.track_time():
                found = self.classifier.label(doc.text)
                doc.metadata["paradigm"] = found
                self.stat_update("total", f"paradigm_{found or 'none'}")
            yield doc
