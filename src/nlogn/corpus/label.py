# mypy: disable-error-code="misc"
"""What natural files are judged by beyond their own text: alignment, and paradigm labels."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter

from nlogn.corpus.alignment import FEWEST, alignment
from nlogn.corpus.bank_documents import held_out
from nlogn.corpus.paradigm import (
    Classifier,
    calibrated,
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
            for name, share in held_out_accuracy(problems, folds=3).items():
                self.stat_update(f"accuracy_{name}", value=round(share, 4))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            calibrated(train_classifier(examples(problems)), reference_texts()).save(self.path)
        return data


def reference_texts() -> list[str]:
    """Natural code of every kind: the top-level modules of the standard library."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    return [path.read_text(errors="replace") for path in sorted(folder.glob("*.py"))]


class AlignmentFilter(BaseFilter):
    """Drops files whose docstrings and comments have nothing to do with their code."""

    name = "alignment"

    def __init__(self, least: float, exclusion_writer: Any = None):
        super().__init__(exclusion_writer)
        self.least = least

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        found = alignment(doc.text, doc.metadata["language"])
        doc.metadata["alignment"] = round(found.score, 4)
        if found.comments < FEWEST:
            self.stat_update("few_comments")
        elif found.score < self.least:
            return False, "misaligned"
        return True


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
