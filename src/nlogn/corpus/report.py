"""What a build did: `manifest.json` for programs, `report.md` for people.

Counts come from the statistics that each task left in its stage's folder, seconds from its log, so
the report of a build that was interrupted, or ran on many machines, is that of the whole.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from nlogn.complexity.bigo import CLASSES
from nlogn.corpus.packing import describe, sha256, write_json
from nlogn.corpus.paradigm import PARADIGMS

TARGET = 2.3e12  # tokens that the projection is for
FIXED = {"benchmarks", "paradigms", "tokenizer", "balance"}  # stages that do not grow with the text
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})", re.M)
_KNOWN = ("total", "forwarded", "dropped", "doc_len")


def step_counts(logs: Path, stage: str) -> list[dict[str, Any]]:
    """The steps of a stage with the sums of what their tasks counted."""
    merged: list[dict[str, Any]] = []
    for path in sorted((logs / stage / "stats").glob("*.json")):
        for number, step in enumerate(json.loads(path.read_text())):
            if number == len(merged):
                name = re.sub(r"^\W+", "", step["name"].split(": ", 1)[-1])
                merged.append({"stage": stage, "step": name, "counts": {}})
            counts = merged[number]["counts"]
            for key, value in step["stats"].items():
                amount = value["total"] if isinstance(value, dict) else value
                counts[key] = counts.get(key, 0) + amount
    return merged


def task_seconds(logs: Path, stage: str) -> float:
    """Wall seconds of all the stage's tasks together, by their logs."""
    total = 0.0
    for path in (logs / stage / "logs").glob("task_*.log"):
        stamps = _STAMP.findall(path.read_text(errors="replace"))
        if len(stamps) > 1:
            first, last = (datetime.fromisoformat(s) for s in (stamps[0], stamps[-1]))
            total += (last - first).total_seconds()
    return total


def examples(dropped: Path, most: int = 2) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """step -> reason -> a few documents that were dropped for it."""
    out: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for path in sorted(dropped.glob("*/*.jsonl")):
        with path.open("rb") as file:  # a text may hold what str.splitlines takes for a line's end
            rows = list(map(json.loads, file))
        for row in rows:
            about = row["metadata"]
            shown = out.setdefault(path.parent.name, {}).setdefault(about["filter_reason"], [])
            if len(shown) < most:
                shown.append({"text": row.get("text", ""), **about})  # none for an empty file
    return out


def summarise(out: Path, stages: Sequence[str]) -> dict[str, Any]:
    """Write `manifest.json` and `report.md` of a finished build; returns the manifest."""
    logs = out / "logs"
    record = json.loads((out / "recipe.json").read_text())
    steps = [step for stage in stages for step in step_counts(logs, stage)]
    seconds = {stage: round(task_seconds(logs, stage), 3) for stage in stages}
    shards = [describe(p) for p in sorted(out.iterdir()) if (p / "tokens.npy").exists()]
    read = _total(steps, "collect", "bytes")
    trained = sum(s["tokens"] for s in shards)
    encoded = _total(steps, "tokenise", "bytes")
    grows = sum(s for stage, s in seconds.items() if stage not in FIXED)
    manifest = {
        "format": 1,
        "recipe": record["recipe"],
        "versions": record["versions"],
        "sources": [
            {k: u[k] for k in ("name", "kind", "licence", "size")} | {"files": len(u["files"])}
            for u in record["units"]
        ],
        "tokenizer": {"sha256": sha256(out / "tokenizer" / "tokenizer.json")},
        "paradigms": list(PARADIGMS),
        "classes": [str(c) for c in CLASSES],
        "shards": shards,
        "tokens": trained,
        "bytes_per_token": round(encoded / trained, 4) if trained else None,
        "steps": steps,
        "seconds": seconds,
        "bytes_read": read,
        "bytes_per_core_second": round(read / grows) if grows else None,
        "tokens_per_core_second": round(trained / grows) if grows else None,
        "core_hours_for_2.3T_tokens": round(TARGET / (trained / grows) / 3600)
        if trained and grows else None,
    }  # fmt: skip
    write_json(out / "manifest.json", manifest)
    text = _page(manifest, examples(out / "dropped"))
    part = out / "report.part"
    part.write_text(text)
    part.replace(out / "report.md")
    return manifest


def _total(steps: Sequence[dict[str, Any]], stage: str, key: str) -> int:
    return sum(int(s["counts"].get(key, 0)) for s in steps if s["stage"] == stage)


def _page(manifest: dict[str, Any], shown: dict[str, Any]) -> str:
    lines = ["# Corpus report", ""]
    lines += ["| split and shard | tokens | documents |", "|---|---|---|"]
    lines += [f"| {s['name']} | {s['tokens']:,} | {s['documents']:,} |" for s in manifest["shards"]]
    lines += [
        "",
        f"{manifest['bytes_per_token']} bytes per token; {manifest['bytes_read']:,} bytes of source"
        f" read; {manifest['bytes_per_core_second'] or 0:,} bytes read and "
        f"{manifest['tokens_per_core_second'] or 0:,} tokens made per core and second; "
        f"2.3 T tokens at this rate take {manifest['core_hours_for_2.3T_tokens'] or 0:,} core"
        " hours.",
        "",
        "## What each step let through",
        "",
        "| stage | step | in | out | dropped | seconds of the stage |",
        "|---|---|---|---|---|---|",
    ]
    last = ""
    for step in manifest["steps"]:
        counts = step["counts"]
        if "total" not in counts:
            continue
        seconds = f"{manifest['seconds'][step['stage']]:.1f}" if step["stage"] != last else ""
        last = step["stage"]
        lines.append(
            f"| {step['stage']} | {step['step']} | {counts['total']:,} | "
            f"{counts.get('forwarded', counts['total'] - counts.get('dropped', 0)):,} | "
            f"{counts.get('dropped', 0):,} | {seconds} |"
        )
    lines += ["", "## Counts by step", ""]
    for step in manifest["steps"]:
        extra = {k: v for k, v in step["counts"].items() if k not in _KNOWN and v}
        if extra:
            told = ", ".join(f"{k} {v:,}" for k, v in sorted(extra.items()))
            lines.append(f"- {step['stage']} / {step['step']}: {told}")
    lines += ["", "## Examples of what was dropped", ""]
    for step_name, reasons in shown.items():
        for reason, rows in sorted(reasons.items()):
            for row in rows:
                lines.append(f"### {step_name}: {reason}")
                where = f"{row.get('unit', '')}: {row.get('path', '')}"
                stated = row.get("licence")
                lines.append(f"`{where}`" + (f" (licence: {stated})" if stated else ""))
                if "shared_words" in row:
                    lines.append(f"shares with {row['benchmark_row']}: “{row['shared_words']}”")
                text = row["text"].rstrip()
                fence = "`" * max(4, max(map(len, re.findall(r"`+", text)), default=0) + 1)
                lines += ["", fence, text, fence, ""]
    return "\n".join(lines) + "\n"
