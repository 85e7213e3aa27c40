"""Codeforces rounds re-rated: published deltas and performances against ours."""

import json
import math
import tarfile
import time

from benchmarks.data import folder
from nlogn.evals.rating import Result, rate


def main() -> None:
    with tarfile.open(folder() / "contests" / "codeforces_rounds.tar.gz") as rounds:
        files = {m.name: json.load(rounds.extractfile(m)) for m in rounds if m.isfile()}  # type: ignore[arg-type]
    print("## Contest ratings\n")
    print("Real Codeforces rounds; mean absolute error in rating points.\n")
    print("| round | contestants | deltas | performances | largest | seconds |")
    print("|---|---|---|---|---|---|")
    for name, rows in sorted(files.items()):
        if not name.endswith("-data.json"):
            continue
        published = dict(files[name.replace("-data", "-perfs")])
        begun = time.perf_counter()
        rated = rate([Result(handle, *row) for handle, *row, _ in rows])
        took = time.perf_counter() - begun
        deltas = [abs(one.delta - row[-1]) for one, row in zip(rated, rows, strict=True)]
        pairs = [(one.performance, float(published[one.name])) for one in rated]
        drifts = [abs(a - b) for a, b in pairs if not (math.isinf(a) and math.isinf(b))]
        title = name.removesuffix("-data.json").removeprefix("round-")
        print(
            f"| {title} | {len(rows):,} | {sum(deltas) / len(deltas):.3f} | "
            f"{sum(drifts) / len(drifts):.3f} | {max(deltas + drifts):.0f} | {took:.2f} |"
        )


if __name__ == "__main__":
    main()
