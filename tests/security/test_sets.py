"""A slice of each labelled set, held to a floor. The full table: benchmarks/security.py."""

import gzip
import json
import os
from pathlib import Path

import pytest

from nlogn.security import secure

ROOT = Path(os.environ.get("NLOGN_DATA") or Path(__file__).parents[3] / "shared" / "data")
DATA = ROOT / "security"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the labelled sets are not here; set NLOGN_DATA to their folder"
)


def rows(name: str, lang: str = "") -> list[dict]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt") as f:
        found = [json.loads(line) for line in f]
    return [r for r in found if not lang or r["lang"] == lang]


def rates(part: list[dict]) -> tuple[float, float]:
    """True and false positives in percent."""
    hits = [(r["label"], secure(r["code"], r["lang"]).flagged) for r in part]
    bad, good = [h for y, h in hits if y], [h for y, h in hits if not y]
    return 100 * sum(bad) / len(bad), 100 * sum(good) / max(1, len(good))


@pytest.mark.parametrize(
    "name, lang, every, floor",
    [
        ("sven", "python", 2, 60),
        ("cweval", "python", 1, 60),
        ("cweval", "javascript", 1, 60),
        ("cweval", "go", 1, 60),
        ("cweval", "c", 1, 40),
        ("psalm_taint", "", 1, 70),
        ("njsscan_assets", "", 1, 75),
        ("devaic", "", 2, 50),
    ],
)
def test_true_minus_false_positives(name, lang, every, floor):
    part = rows(name, lang)
    pairs = {}
    for r in part:
        pairs.setdefault(r.get("pair") or r["id"], []).append(r)
    chosen = [r for k in sorted(pairs)[::every] for r in pairs[k]]
    true, false = rates(chosen)
    assert true - false >= floor


@pytest.mark.parametrize("name, cwe", [("owasp_py", 89), ("owasp_py", 22), ("owasp_java", 78)])
def test_owasp_categories(name, cwe):
    """Matched by weakness, as the benchmark's own score card does."""
    part = [r for r in rows(name) if r["cwe"] == [cwe]][:60]
    hits = {0: [], 1: []}
    for r in part:
        found = secure(r["code"], r["lang"]).findings
        hits[r["label"]].append(any(f.cwe == f"CWE-{cwe}" for f in found))
    assert sum(hits[1]) >= 0.8 * len(hits[1])
    assert sum(hits[0]) <= 0.05 * len(hits[0]) + 1


@pytest.mark.parametrize(
    "name, step", [("clean_py_stdlib", 3), ("clean_py_site", 2), ("clean_multi", 3)]
)
def test_clean_functions_are_left_alone(name, step):
    reports = [secure(r["code"], r["lang"]) for r in rows(name)[::step]]
    assert sum(r.flagged for r in reports) <= 0.015 * len(reports)
    assert not any(r.blocked for r in reports)
    assert not any(r.status == "unscanned" for r in reports)


def test_whole_files_are_scanned_within_their_budget():
    part = sorted(rows("clean_py_stdlib_files"), key=lambda r: -len(r["code"]))[5:60:6]
    reports = [secure(r["code"], "python") for r in part]
    assert [r.reason for r in reports if r.status == "unscanned"] == []
