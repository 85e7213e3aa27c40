# mypy: disable-error-code="misc"
"""The steps that documents pass through, as datatrove's pipeline steps.

A document's `metadata` has `unit`, `path`, `language`, `licence`; later `paradigm`, and for
documents that are more than one text `parts` (see `specials`).
"""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from nlogn.corpus import licences
from nlogn.corpus.quality import Quality
from nlogn.corpus.redact import redact
from nlogn.corpus.sources import Unit, read_unit

Documents = Iterator[Document]
EXAMPLES = 3  # of what was dropped, kept per reason and task
SHOWN = 400  # characters of an example


class Examples(JsonlWriter):
    """Keeps the first few dropped documents of each reason, shortened."""

    name = "examples of what is dropped"

    def __init__(self, folder: Path):
        super().__init__(str(folder), compression=None)
        self.kept: dict[str, int] = {}

    def write(self, document: Document, rank: int = 0, **kwargs: Any) -> None:
        reason = str(document.metadata.get("filter_reason", "duplicate"))
        self.kept[reason] = self.kept.get(reason, 0) + 1
        if self.kept[reason] <= EXAMPLES:
            short = Document(
                text=document.text[:SHOWN], id=document.id,
                metadata={**_without_parts(document.metadata), "filter_reason": reason},
            )  # fmt: skip
            super().write(short, rank, **kwargs)


def _without_parts(metadata: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in metadata.items() if k != "parts"}


def reader(folder: Path) -> PipelineStep:
    """Reads what the same task of an earlier stage wrote to `folder`."""
    return SameRank(str(folder), compression=None)


def writer(folder: Path) -> PipelineStep:
    return JsonlWriter(str(folder), compression=None)


class SameRank(JsonlReader):
    """Task r reads the file of task r, whatever files there are: a unit stays in its task."""

    name = "📒 same task's documents"

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Documents:
        if data:
            yield from data
        name = f"{rank:05d}.jsonl"
        if self.data_folder.isfile(name):
            yield from self.read_files_shard([name])


def assign(units: list[Unit], tasks: int) -> list[list[Unit]]:
    """The units of each task: the largest first, each to the task with the least so far."""
    loads = [0] * tasks
    out: list[list[Unit]] = [[] for _ in range(tasks)]
    for unit in sorted(units, key=lambda u: (-u.size, u.name)):
        task = loads.index(min(loads))
        loads[task] += max(unit.size, 1)
        out[task].append(unit)
    return out


class ReadSources(PipelineStep):
    """Documents of the units of this task; what is no document is counted by reason."""

    type = "📖 - READER"
    name = "sources"

    def __init__(self, units: list[Unit]):
        super().__init__()
        self.units = units

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Documents:
        for unit in assign(self.units, world_size)[rank]:
            for raw in read_unit(unit):
                self.stat_update("total")
                if raw.problem:
                    self.stat_update("dropped", f"dropped_{raw.problem}")
                    continue
                self.stat_update("forwarded")
                self.stat_update("bytes", value=len(raw.text.encode(errors="replace")))
                yield Document(
                    text=raw.text,
                    id=hashlib.sha256(f"{raw.unit}\0{raw.path}".encode()).hexdigest()[:16],
                    metadata={
                        "unit": raw.unit, "path": raw.path, "language": raw.language,
                        "licence": raw.licence, "kind": unit.kind,
                    },
                )  # fmt: skip


class LicenceFilter(BaseFilter):
    """Keeps what a permissive licence covers; unknown is not permissive."""

    name = "licence"

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        stated = doc.metadata["licence"]
        if licences.permissive(stated):
            return True
        return False, "licence_not_permissive" if stated else "licence_unknown"


class QualityFilter(BaseFilter):
    name = "quality"

    def __init__(self, quality: Quality, exclusion_writer: Any = None):
        super().__init__(exclusion_writer)
        self.quality = quality

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        reason = self.quality.problem(doc.text, doc.metadata["path"], doc.metadata["language"])
        return (False, reason) if reason else True


class Redact(PipelineStep):
    """Replaces secrets and personal data; counts the replacements by kind."""

    type = "✂️ - FORMAT"
    name = "redact"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Documents:
        for doc in data:
            with self.track_time():
                doc.text, found = redact(doc.text)
                self.stat_update("total")
                for kind, count in found.items():
                    self.stat_update(f"redacted_{kind}", value=count)
                if found:
                    self.stat_update("changed")
                    doc.metadata["redacted"] = dict(found)
            yield doc


def generator(seed: int, *names: object) -> random.Random:
    """Random numbers that follow the seed and the names alone, whatever ran before."""
    return random.Random("/".join(map(str, (seed, *names))))
