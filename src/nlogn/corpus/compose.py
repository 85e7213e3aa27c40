# mypy: disable-error-code="misc"
"""From kept files to training documents: balance, order, repositories, the validation split."""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from nlogn.corpus.order import dependencies, topological
from nlogn.corpus.packing import write_json
from nlogn.corpus.steps import generator

Documents = Iterator[Document]
TRAIN, VALIDATION, FINETUNE = SPLITS = ("train", "validation", "finetune")


def temperature_shares(sizes: dict[str, int], temperature: float) -> dict[str, float]:
    """What share of each language's text is taken: shares proportional to size^(1/temperature)
    (arXiv:1907.05019), scaled so that none is taken more than once. 1: everything is taken."""
    total = sum(sizes.values())
    if not total:
        return {}
    wanted = {k: (v / total) ** (1 / temperature) for k, v in sizes.items() if v}
    norm = sum(wanted.values())
    ratio = {k: w / norm / (sizes[k] / total) for k, w in wanted.items()}
    top = max(ratio.values())
    return {k: r / top for k, r in sorted(ratio.items())}


class CountLanguages(PipelineStep):
    """Bytes of each language over all tasks' documents; one task writes the shares to take."""

    type = "⚖️ - BALANCE"
    name = "language shares"

    def __init__(self, folder: Path, out: Path, temperature: float):
        super().__init__()
        self.folder, self.out, self.temperature = folder, out, temperature

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Any:
        import json

        sizes: dict[str, int] = {}
        for path in sorted(self.folder.glob("*.jsonl")):
            with path.open("rb") as file:
                for line in file:
                    row = json.loads(line)
                    language = row["metadata"]["language"]
                    sizes[language] = sizes.get(language, 0) + len(row["text"].encode())
        shares = temperature_shares(sizes, self.temperature)
        for language, size in sizes.items():
            self.stat_update(f"bytes_{language}", value=size)
        write_json(self.out, {"bytes": sizes, "share": shares, "temperature": self.temperature})
        return data


class Balance(PipelineStep):
    """Takes each language's share, by a number that follows from seed and document."""

    type = "⚖️ - BALANCE"
    name = "balance"

    def __init__(self, shares: Path, seed: int):
        super().__init__()
        self.shares, self.seed = shares, seed

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Documents:
        import json

        share = json.loads(self.shares.read_text())["share"]
        for doc in data:
            self.stat_update("total")
            if generator(self.seed, "balance", doc.id).random() < share[doc.metadata["language"]]:
                self.stat_update("forwarded")
                yield doc
            else:
                self.stat_update("dropped", f"dropped_balance_{doc.metadata['language']}")


class Compose(PipelineStep):
    """Repository documents: a unit's files in import order, up to `longest` characters together.

    `metadata["files"]` lists each file's (path, language, paradigm, length) in the document's text.
    With `whole_units` a unit is in the validation set as a whole, so that nothing of a repository
    is in both; with one unit or few, single documents are drawn instead.
    """

    type = "🧩 - COMPOSE"
    name = "repositories"

    def __init__(self, seed: int, validation: float, longest: int, whole_units: bool):
        super().__init__()
        self.seed, self.validation, self.longest = seed, validation, longest
        self.whole_units = whole_units

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Documents:
        for unit, docs in groupby(data, key=lambda doc: doc.metadata["unit"]):
            found: dict[str, Document] = {}
            for doc in docs:  # rows may share a path, or be of several versions of a file
                path, number = doc.metadata["path"], 1
                while path in found:
                    number += 1
                    path = f"{doc.metadata['path']}#{number}"
                found[path] = doc
            texts = {p: (d.text, d.metadata["language"]) for p, d in found.items()}
            needs = dependencies(texts)
            self.stat_update("units")
            self.stat_update("imports", value=sum(map(len, needs.values())))
            ordered = [found[path] for path in topological(needs)]
            for split in (TRAIN, VALIDATION):
                chosen = [doc for doc in ordered if self.split(unit, doc) == split]
                yield from self.documents(unit, chosen, split)

    def split(self, unit: str, doc: Document) -> str:
        key = unit if self.whole_units else doc.id
        digest = hashlib.sha256(f"{self.seed}/split/{key}".encode()).digest()
        drawn = int.from_bytes(digest[:8], "big") / 2**64
        return VALIDATION if drawn < self.validation else TRAIN

    def documents(self, unit: str, docs: list[Document], split: str) -> Documents:
        group: list[Document] = []
        size = 0
        for doc in docs:
            if group and size + len(doc.text) > self.longest:
                yield self.join(unit, group, split)
                group, size = [], 0
            group.append(doc)
            size += len(doc.text)
        if group:
            yield self.join(unit, group, split)

    def join(self, unit: str, group: list[Document], split: str) -> Document:
        self.stat_update(f"documents_{split}")
        self.stat_update("files", value=len(group))
        files = [
            [d.metadata["path"], d.metadata["language"], d.metadata.get("paradigm", ""),
             len(d.text)] for d in group
        ]  # fmt: skip
        return Document(
            text="".join(d.text for d in group), id=group[0].id,
            metadata={"unit": unit, "split": split, "files": files},
        )  # fmt: skip
