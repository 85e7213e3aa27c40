"""How many wrong programs the inputs made from a prompt alone expose.

    python benchmarks/cases.py [--per-problem 5] [--seeds 0,1,2] [--problems 164] [--json out.json]

Mutants of the canonical HumanEval+ solutions are kept if HumanEval+'s own inputs reject them.
Then inputs are made from the signature and docstring (the prompt, nothing else); the canonical
solution only says what is right and which inputs count. Two mutants that both time out count as
exposed by a time-out. Prints the share exposed per seed and the seconds per mutant.
"""

import argparse
import gzip
import json
import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from nlogn.cases.differential import find_failure, run_calls
from nlogn.cases.equal import same
from nlogn.cases.infer import infer_signature
from nlogn.cases.mutate_code import Mutant, mutants
from nlogn.sandbox import Limits, Program, Sandbox

DATA = Path(os.environ.get("NLOGN_DATA", "../shared/data"))


def rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path) as file:
        return [json.loads(line) for line in file]


def rejected_mutants(row: dict[str, Any], sandbox: Sandbox, wanted: int, seed: int) -> list[Mutant]:
    """`wanted` mutants of the canonical solution that HumanEval+'s inputs reject."""
    right = row["prompt"] + row["canonical_solution"]
    entry = row["entry_point"]
    reference = Program(right, entry)
    inputs = [tuple(i) for i in (*row["base_input"], *row["plus_input"])]
    step = max(1, len(inputs) // 250)
    inputs = inputs[: len(row["base_input"])] + inputs[len(row["base_input"]) :: step]
    tolerance = float(row["atol"]) or 1e-6
    truth = run_calls(reference, inputs, sandbox, Limits(wall_s=2, cpu_s=1), False, max_slow=3)
    known = [(i, t) for i, t in zip(inputs, truth, strict=True) if t and t.status == "ok"]
    slowest = max((t.wall_s for _, t in known), default=0.0)
    limits = Limits(wall_s=2 + 20 * slowest, cpu_s=0.3 + 10 * slowest)
    kept: list[Mutant] = []
    for mutant in mutants(right, limit=4 * wanted, seed=seed):
        program = Program(mutant.code, row["entry_point"])
        found = run_calls(program, [i for i, _ in known], sandbox, limits, False, max_slow=1,
                          max_bad=1)  # fmt: skip
        rejected = any(
            o is not None and (o.status != "ok" or not same(t.value, o.value, tolerance=tolerance))
            for (_, t), o in zip(known, found, strict=True)
        )
        if rejected and found[0] is not None and found[0].status != "invalid":
            kept.append(mutant)
        if len(kept) == wanted:
            break
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-problem", type=int, default=5)
    parser.add_argument("--problems", type=int, default=164)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--missed", action="store_true", help="print the mutants not exposed")
    args = parser.parse_args()
    source = DATA / "benchmarks" / "HumanEvalPlus.jsonl.gz"
    if not source.exists():
        sys.exit(f"{source} is not there: set NLOGN_DATA")
    seeds = [int(s) for s in args.seeds.split(",")]
    step = max(1, 164 // args.problems)
    exposed: Counter[int] = Counter()
    seconds: dict[int, list[float]] = {s: [] for s in seeds}
    total = 0
    missed: list[str] = []
    with Sandbox() as sandbox:
        for row in rows(source)[::step][: args.problems]:
            tolerance = float(row["atol"]) or 1e-6
            right = Program(row["prompt"] + row["canonical_solution"], row["entry_point"])
            signature = infer_signature(row["prompt"], row["entry_point"])
            for mutant in rejected_mutants(row, sandbox, args.per_problem, seed=0):
                total += 1
                for seed in seeds:
                    start = time.perf_counter()
                    found = find_failure(
                        Program(mutant.code, row["entry_point"]), right, signature,
                        sandbox=sandbox, count=args.count, seed=seed, tolerance=tolerance,
                    )  # fmt: skip
                    seconds[seed].append(time.perf_counter() - start)
                    exposed[seed] += bool(found.mismatches)
                    if not found.mismatches:
                        missed.append(f"{row['task_id']} seed {seed} line {mutant.line}: "
                                      f"{mutant.what} (checked {found.checked}, outside "
                                      f"{found.outside})")  # fmt: skip
    shares = [exposed[s] / total for s in seeds]
    taken = sorted(t for s in seeds for t in seconds[s])
    result = {
        "mutants": total,
        "seeds": seeds,
        "exposed": [round(s, 4) for s in shares],
        "mean": round(statistics.mean(shares), 4),
        "spread": round(max(shares) - min(shares), 4),
        "seconds": {"median": round(statistics.median(taken), 3),
                    "p95": round(taken[int(0.95 * len(taken))], 3),
                    "max": round(taken[-1], 3),
                    "under_1": round(sum(t < 1 for t in taken) / len(taken), 4)},
    }  # fmt: skip
    if args.missed:
        print("\n".join(missed))
    print(_markdown(result))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")


def _markdown(result: dict[str, Any]) -> str:
    seconds = result["seconds"]
    row = (
        str(result["mutants"]), ", ".join(map(str, result["seeds"])), f"{result['mean']:.1%}",
        f"{result['spread']:.1%}", f"{seconds['median']:.2f}", f"{seconds['p95']:.2f}",
        f"{seconds['under_1']:.1%}",
    )  # fmt: skip
    return f"""## Mutants found from the prompt alone

Mutants of HumanEval+ solutions that HumanEval+'s own inputs reject; ours are exposed by inputs made
from signature and docstring, with the canonical solution as oracle only.

| mutants | seeds | exposed | spread | median s | 95th percentile s | under 1 s |
|---|---|---|---|---|---|---|
| {" | ".join(row)} |"""


if __name__ == "__main__":
    main()
