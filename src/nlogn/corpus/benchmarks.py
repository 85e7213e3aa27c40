"""The texts of the public benchmarks, to keep them out of training data.

Every string of every row of every file counts as part of the benchmark, prompts, solutions and
tests alike; nothing is executed. MBPP is the exception: its published training rows (601 to 974)
may be trained on, so only the others are listed.
"""

import csv
import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDERS = ("benchmarks", "complexity")
_NOT_TEXT = {"url", "html_url", "diff_url", "patch_url", "node_id", "id", "task_id", "source",
             "name", "Source", "original", "language", "type"}  # fmt: skip
MBPP_TRAINING = range(601, 975)


def data_folder() -> Path:
    """$NLOGN_DATA, or ../shared/data beside the project."""
    given = os.environ.get("NLOGN_DATA")
    return Path(given) if given else Path(__file__).parents[4] / "shared" / "data"


def benchmark_texts(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(benchmark, row, text) of all files under the data folder's benchmark folders.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    found = [folder / name for name in FOLDERS if (folder / name).is_dir()]
    if not found:
        raise FileNotFoundError(2, "no benchmarks to keep out; set NLOGN_DATA", str(folder))
    for place in found:
        for path in sorted(place.rglob("*")):
            if path.is_file():
                yield from _file(path)


def _file(path: Path) -> Iterator[tuple[str, str, str]]:
    name = path.name.split(".")[0]
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None and member.name.endswith(".csv"):
                    text = file.read().decode(errors="replace")
                    for number, row in enumerate(csv.reader(io.StringIO(text))):
                        yield name, f"{member.name}:{number}", "\n".join(row)
        return
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode(errors="replace")
    if ".csv" in path.name:
        csv.field_size_limit(1 << 24)
        for number, cells in enumerate(csv.DictReader(io.StringIO(text))):
            for part in _strings(cells):
                yield name, str(cells.get("task_id") or number), part
    elif path.suffix == ".py":
        yield name, name, text
    else:
        for number, row in enumerate(_json(text)):
            where = _row_name(row, number)
            if name == "mbpp" and where.isdigit() and int(where) in MBPP_TRAINING:
                continue
            for part in _strings(row):
                yield name, where, part


def _json(text: str) -> list[Any]:
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except ValueError:
        return [json.loads(line) for line in text.split("\n") if line.strip()]


def _row_name(row: Any, number: int) -> str:
    if isinstance(row, dict):
        for key in ("task_id", "name", "id"):
            if row.get(key) is not None:
                return str(row[key])
    return str(number)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _NOT_TEXT:
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value[:200]:  # inputs of the "+" editions are long lists of numbers
            yield from _strings(inner)
