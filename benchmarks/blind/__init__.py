"""Labelled functions that nobody looked at while building the measure (see README.md)."""

import importlib

from benchmarks.blind.rows import Row

FILES = (
    "constant",
    "logarithmic",
    "linear",
    "linearithmic",
    "quadratic",
    "cubic",
    "exponential",
    "two_sizes",
)


def load() -> list[Row]:
    """All rows, in a fixed order; the ids are unique."""
    return [
        found
        for name in FILES
        for found in importlib.import_module(f"benchmarks.blind.{name}").ROWS
    ]
