"""Score the security filter on labelled sets: one line for each row of the published table.

    python -m benchmarks.security [DATA] [--only NAME …] [--half odd|even] [--show]

DATA is a folder of `*.jsonl.gz` with rows {id, lang, cwe, label, code}; the default is
../shared/data/security or $NLOGN_DATA/security. A row is flagged when a finding asks for
attention (block or warn); on the OWASP sets the finding's CWE must also be the row's category,
as their own score card does. `even` and `odd` are by a hash of the id (of the pair where rows
come in pairs): each pack was first written looking at even rows only, so odd ones show the
over-fit. Rows whose label is wrong are in `security_disputed.py`, and scored both ways.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any

from benchmarks.security_disputed import DISPUTED
from nlogn.security import Report, secure

Row = dict[str, Any]
CWE_MATCHED = {"owasp_py", "owasp_java"}
CLEAN = ["clean_humaneval", "clean_py_stdlib", "clean_py_site", "clean_multi"]
# What counts as the same weakness where a set's label names a near relative.
SAME = {
    328: {328, 327, 916}, 327: {327, 328, 326, 329}, 330: {330, 338}, 22: {22, 23, 36, 73},
    78: {78, 88}, 94: {94, 95}, 643: {643, 91}, 611: {611, 776}, 614: {614, 1004},
}  # fmt: skip


def default_data() -> Path:
    root = os.environ.get("NLOGN_DATA")
    return Path(root) / "security" if root else Path(__file__).parents[2] / "shared/data/security"


def load(folder: Path, name: str) -> list[Row]:
    path = folder / f"{name}.jsonl.gz"
    if not path.exists():
        return []
    with gzip.open(path, "rt") as f:
        return [json.loads(line) for line in f]


def even(row: Row) -> bool:
    return zlib.crc32(str(row.get("pair") or row["id"]).encode()) % 2 == 0


def flagged(report: Report, row: Row, name: str) -> bool:
    acts = [f for f in report.findings if f.action not in ("info", "allow")]
    if name not in CWE_MATCHED:
        return bool(acts)
    wanted: set[int] = set().union(*(SAME.get(c, {c}) for c in row["cwe"]))
    return any(int(f.cwe.removeprefix("CWE-")) in wanted for f in acts)


def wilson(k: int, n: int) -> str:
    """The 95 % interval of a proportion (Wilson 1927), in percent."""
    if n == 0:
        return "–"
    p, z = k / n, 1.96
    mid = (p + z * z / 2 / n) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / 4 / n / n) / (1 + z * z / n)
    return f"{100 * (mid - half):.0f}–{100 * (mid + half):.0f}"


def rates(results: list[tuple[Row, bool]]) -> tuple[str, str]:
    bad = [f for r, f in results if r["label"] == 1]
    good = [f for r, f in results if r["label"] == 0]
    tpr = 100 * sum(bad) / len(bad) if bad else 0.0
    fpr = 100 * sum(good) / len(good) if good else 0.0
    text = f"TPR {tpr:5.1f} [{wilson(sum(bad), len(bad))}]"
    if good:
        text += f"  FPR {fpr:5.1f} [{wilson(sum(good), len(good))}]  J {tpr - fpr:+6.1f}"
    return text, f"{len(bad)}/{len(good)}"


def score(
    title: str, rows: list[Row], name: str, show: bool, keep: Callable[[Row], bool]
) -> list[float]:
    """Print a line for all rows, then one for each half; return the seconds that each took."""
    results: list[tuple[Row, bool]] = []
    took: list[float] = []
    by_cat: dict[str, list[tuple[Row, bool]]] = defaultdict(list)
    for row in rows:
        if not keep(row):
            continue
        start = time.thread_time()
        report = secure(row["code"], row["lang"])
        took.append((time.thread_time() - start) * 200 / max(20, row["code"].count("\n") + 1))
        hit = flagged(report, row, name)
        results.append((row, hit))
        by_cat[str(row.get("cat") or row.get("rule") or row.get("kind") or row.get("cwe"))].append(
            (row, hit)
        )
        if show and hit != bool(row["label"]):
            acts = [(f.rule, f.line, f.action) for f in report.findings]
            print(
                "   ",
                "MISS " if row["label"] else "FALSE",
                row["id"],
                row["cwe"],
                report.status,
                acts,
            )
    if not results:
        print(f"{title:32} no rows")
        return took
    text, count = rates(results)
    print(f"{title:32} {text}  n={count}")
    for half, parity in (("even", True), ("odd", False)):
        part = [x for x in results if even(x[0]) == parity]
        if part:
            print(f"{'':24}{half:>8} {rates(part)[0]}")
    sound = [x for x in results if not {x[0]["id"], f"{name}/{x[0]['id']}"} & DISPUTED.keys()]
    if len(sound) < len(results):
        left_out = len(results) - len(sound)
        print(f"{'without disputed':>32} {rates(sound)[0]}  ({left_out} left out)")
    if show:
        for cat, part in sorted(by_cat.items()):
            print(f"      {cat:28} {rates(part)[0]}  {rates(part)[1]}")
    return took


def clean(
    rows: list[Row], name: str, show: bool, keep: Callable[[Row], bool]
) -> tuple[int, int, int]:
    warn = block = n = 0
    for row in rows:
        if not keep(row):
            continue
        report = secure(row["code"], row["lang"])
        n += 1
        acts = {f.action for f in report.findings}
        warn += bool(acts - {"info", "allow"})
        block += "block" in acts
        if show and acts - {"info", "allow"}:
            print(
                "   ", row["id"], row["lang"], [(f.rule, f.line, f.action) for f in report.findings]
            )
        if show and report.status == "unscanned":
            print("   ", row["id"], row["lang"], report.reason)
    if n:
        print(
            f"{'clean: ' + name:32} warn {100 * warn / n:.2f} % ({warn})"
            f"  block {100 * block / n:.2f} % ({block})  n={n}"
        )
    return warn, block, n


TABLE: list[tuple[str, str, str]] = [
    ("OWASP Python", "owasp_py", ""),
    ("OWASP Java", "owasp_java", ""),
    ("DeVAIC", "devaic", ""),
    ("SecurityEval", "securityeval", ""),
    ("SALLM", "sallm", ""),
    ("SVEN Python", "sven", "python"),
    ("SVEN C/C++", "sven", "c cpp"),
    ("CWEval Python", "cweval", "python"),
    ("CWEval JavaScript", "cweval", "javascript"),
    ("CWEval Go", "cweval", "go"),
    ("CWEval C", "cweval", "c"),
    ("CWEval C++", "cweval", "cpp"),
    ("gosec", "gosec", ""),
    ("Psalm", "psalm_taint", ""),
    ("njsscan", "njsscan_assets", ""),
    ("CASTLE", "castle", ""),
    ("Juliet", "juliet_sample", ""),
]


def main() -> None:
    cli = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    cli.add_argument("data", nargs="?", type=Path, default=default_data())
    cli.add_argument("--only", nargs="*", default=[])
    cli.add_argument("--show", action="store_true", help="list the rows that were judged wrongly")
    cli.add_argument("--half", choices=["odd", "even"])
    cli.add_argument("--skip", type=Path, help="a file of row ids to leave out, one a line")
    args = cli.parse_args()
    skip = set(args.skip.read_text().split()) if args.skip else set()

    def keep(row: Row) -> bool:
        if row["id"] in skip:
            return False
        return args.half is None or even(row) == (args.half == "even")

    took: list[float] = []
    for title, name, langs in TABLE:
        if args.only and name not in args.only and title not in args.only:
            continue
        rows = [r for r in load(args.data, name) if not langs or r["lang"] in langs.split()]
        took += score(title, rows, name, args.show, keep)
    total = [0, 0, 0]
    for name in CLEAN:
        if args.only and name not in args.only and "clean" not in args.only:
            continue
        rows = load(args.data, name)
        for lang in sorted({r["lang"] for r in rows}):
            got = clean([r for r in rows if r["lang"] == lang], f"{name} {lang}", args.show, keep)
            total = [a + b for a, b in zip(total, got, strict=True)]
    if total[2]:
        w, b, n = total
        print(
            f"{'clean functions':32} warn {100 * w / n:.2f} % ({w})"
            f"  block {100 * b / n:.2f} % ({b})  n={n}"
        )
    if took:
        took.sort()
        p50, p95 = took[len(took) // 2], took[int(len(took) * 0.95)]
        print(f"latency per 200 lines, warm, CPU: p50 {p50 * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
