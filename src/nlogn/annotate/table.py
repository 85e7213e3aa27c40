"""The Parquet table: its columns, parts that appear whole or not at all, and their joining."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nlogn.annotate.record import Row

TIMING = ("seconds",)  # the only columns that differ between two runs of one recipe
_PART = ".part"


class TableError(ValueError):
    """The table cannot be written or continued; the message says what to do."""


def schema() -> Any:
    """The columns, in order, as a `pyarrow.Schema`."""
    import pyarrow as pa

    text, count, number = pa.string(), pa.int64(), pa.float64()
    points = pa.list_(pa.struct([("n", count), ("m", count), ("cost", number), ("shape", text)]))
    lines = pa.list_(pa.struct([("line", pa.int32()), ("peak_bytes", count),
                                ("returned_bytes", count), ("retained_bytes", count)]))  # fmt: skip
    return pa.schema(
        [
            ("problem", text), ("paradigm", text), ("statement_sha256", text), ("kind", text),
            ("origin", text), ("transformations", pa.list_(text)), ("seed", count),
            ("code", text), ("code_sha256", text), ("skeleton_sha256", text),
            ("status", text), ("message", text), ("oracle", text), ("cases_passed", count),
            ("cases_failed", count), ("cases_skipped", count), ("failing_input", text),
            ("time_class", text), ("time_confidence", number), ("memory_class", text),
            ("memory_confidence", number), ("unmeasured", text), ("steps", count),
            ("reference_steps", count), ("largest_n", count), ("peak_bytes", count),
            ("time_points", points), ("memory_points", points), ("leak_line", count),
            ("leak_bytes_per_call", number), ("profile_n", count), ("profile_m", count),
            ("profile_peak_bytes", count), ("lines", lines), ("isolation", text),
            ("versions", text), ("seconds", number),
        ]
    )  # fmt: skip


def write_part(path: Path, rows: list[Row], notes: dict[str, Any]) -> None:
    """Write `rows` so that `path` appears at once, or not at all.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    import pyarrow as pa

    told = schema().with_metadata({"nlogn": json.dumps(notes)})
    _whole(path, [pa.Table.from_pylist(rows, schema=told)])


def _whole(path: Path, tables: Iterable[Any]) -> None:
    import pyarrow.parquet as pq

    new = path.with_name(path.name + _PART)
    writer = None
    try:
        with new.open("wb") as file:
            for table in tables:
                writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
                writer.write_table(table)
            if writer is not None:
                writer.close()
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def notes_of(path: Path) -> dict[str, Any] | None:
    """What was written beside the rows; None where `path` is no table of ours."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        told = pq.read_schema(path).metadata or {}
        return dict(json.loads(told[b"nlogn"]))
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None


def defects(parts: Iterable[Path]) -> list[Row]:
    """Variants of an accepted solution that were not accepted: a transformation of ours changed
    what the program does. Rows with problem, origin, transformations, seed, code, status and
    message."""
    import pyarrow.parquet as pq

    columns = ["problem", "kind", "origin", "transformations", "seed", "code", "status", "message"]
    accepted: set[tuple[str, str]] = set()
    found = []
    for part in parts:  # a problem's solutions come before their variants
        for row in pq.read_table(part, columns=columns).to_pylist():
            if row["kind"] == "right" and row["status"] == "accepted":
                accepted.add((row["problem"], row["origin"]))
            elif (
                row["kind"] == "variant"
                and row["status"] != "accepted"
                and (row["problem"], row["origin"]) in accepted
            ):
                found.append(row)
    return found


def join(
    parts: Iterable[Path], out: Path, notes: dict[str, Any], *, without: set[tuple[str, str]]
) -> int:
    """Write the rows of `parts`, in order, as one file, but those whose (problem, code) is in
    `without`. Returns the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    total = 0
    told = schema().with_metadata({"nlogn": json.dumps(notes)})

    def tables() -> Iterator[Any]:
        nonlocal total
        yield told.empty_table()
        for part in parts:
            table = pq.read_table(part)
            pairs = zip(table["problem"].to_pylist(), table["code"].to_pylist(), strict=True)
            table = table.filter(pa.array([p not in without for p in pairs], pa.bool_()))
            total += table.num_rows
            yield table.replace_schema_metadata(told.metadata)

    _whole(out, tables())
    return total
