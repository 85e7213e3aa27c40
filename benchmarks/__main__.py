"""`python -m benchmarks [NAME…]`: run benchmarks and write their tables to docs/benchmarks.md.

Each benchmark is a module here that prints Markdown; its output replaces its own section.
"""

import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
COMMANDS = {
    "sandbox": ("sandbox",),
    "canonical": ("canonical",),
    "blind": ("complexity", "blind", "--no-peer"),
    "labelled": ("complexity",),
    "faster": ("faster",),
    "cases": ("cases", "--per-problem", "2", "--seeds", "0,1,2"),
    "stdin": ("cases_stdin",),
    "static": ("static",),
    "security": ("security",),
    "annotate": ("annotate", "--programs", "200"),
    "recall": ("recall", "--problems", "73"),
    "efficiency": ("efficiency", "--problems", "88"),
    "rating": ("rating",),
    "model": ("model",),
    "ablation": ("ablation",),
    "engine": ("engine",),
    "guided": ("guided",),
    "accepted": ("accepted",),
    "complete": ("complete",),
}
NAMES = tuple(COMMANDS)
LONG = ("model", "ablation", "accepted")  # hours, and a trained checkpoint: by name alone

HEAD = """# Benchmarks

Every figure here was printed by the command above its table (`make bench` runs them all and
writes this page). Peers run in the same process run on the same machine, interleaved with ours.
The machines are small and noisy: read ratios, medians and spread, not single times.
"""


def main() -> int:
    names = sys.argv[1:] or [name for name in NAMES if name not in LONG]
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
        return 2
    failed = []
    for name in names:
        module, *options = COMMANDS[name]
        command = [sys.executable, "-m", f"benchmarks.{module}", *options]
        print(f"== {' '.join(command[1:])}", flush=True)
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, flush=True)
        if done.returncode:
            failed.append(name)
        else:
            write_section(name, done.stdout)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def write_section(name: str, text: str) -> None:
    """Put `text` under the mark of `name` in the page, in the order of `NAMES`."""
    old = PAGE.read_text("utf-8") if PAGE.exists() else ""
    parts = dict(re.findall(r"<!-- (\w+) -->\n(.*?)(?=<!-- \w+ -->|\Z)", old, re.S))
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    command = " ".join((f"benchmarks.{COMMANDS[name][0]}", *COMMANDS[name][1:]))
    stamp = f"`python -m {command}`, {datetime.date.today()}, {machine}"
    body = text.strip()
    if not body.startswith("## "):
        body = f"## {name.capitalize()}\n\n```\n{body}\n```"
    parts[name] = f"{body}\n\n{stamp}\n\n"
    body = "".join(f"<!-- {n} -->\n{parts[n]}" for n in NAMES if n in parts)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(f"{HEAD}\n{body}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
