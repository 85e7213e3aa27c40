"""How many annotated programs a second, and what they are: a smaller run of docs/annotate.md's.

`--programs N` (default 200), `--seed N`, `--workers N`.
"""

import argparse
import collections
import tempfile
from pathlib import Path

from nlogn.annotate import bank_tasks, run
from nlogn.annotate.show import FAR
from nlogn.problems import bank


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "programs.parquet"
        summary = run(bank_tasks(bank()), out, programs=given.programs, seed=given.seed,
                      workers=given.workers)  # fmt: skip
        kinds = _kinds(out)
    print("## Annotated programs\n")
    print(
        f"{summary.programs} programs, {summary.distinct} distinct by text and {summary.skeletons} "
        f"by syntax without names; seed {given.seed}, {given.workers} workers, "
        f"{summary.seconds:.0f} s. {summary.defects} variants were wrong.\n"
    )
    statuses = sorted({status for _, status in kinds})
    print("| kind | " + " | ".join(statuses) + " |")
    print("|---|" + "---|" * len(statuses))
    for kind in dict.fromkeys(kind for kind, _ in kinds):
        print(f"| {kind} | " + " | ".join(str(kinds[kind, s]) for s in statuses) + " |")
    hours = summary.hours_for(FAR)
    if summary.rate and hours:
        print(
            f"\n{summary.rate:.2f} programs per second; {FAR:,} would take {hours:.0f} hours of "
            "this machine (extrapolated)."
        )


def _kinds(out: Path) -> collections.Counter[tuple[str, str]]:
    import pyarrow.parquet as pq

    table = pq.read_table(out, columns=["kind", "status"]).to_pylist()
    return collections.Counter((row["kind"], row["status"]) for row in table)


if __name__ == "__main__":
    main()
