"""A summary as a person reads it."""

from nlogn.annotate.run import Summary

FAR = 500_000


def summary_text(summary: Summary) -> str:
    """What was made, how fast, and what half a million programs would take."""
    statuses = ", ".join(f"{count} {status}" for status, count in summary.statuses.items())
    lines = [
        f"{summary.out}: {summary.programs} programs ({statuses or 'none'})",
        f"{summary.distinct} distinct programs (by their text), {summary.skeletons} distinct "
        "skeletons (names, layout, comments and docstrings apart)",
    ]
    if summary.defects:
        lines.append(
            f"{summary.defects} variants changed what their program does, a defect of nlogn: left "
            f"out, and listed in {summary.out}.defects.jsonl"
        )
    lines += [f"skipped {name}: {why}" for name, why in summary.skipped]
    hours = summary.hours_for(FAR)
    if hours is None or summary.rate is None:
        lines.append("all of it was there already")
    else:
        lines.append(
            f"{summary.rate:.2f} programs per second with {summary.workers} workers "
            f"({summary.seconds:.0f} s); at this rate {FAR:,} programs take {hours:.1f} hours of "
            "this machine (extrapolated, not run)"
        )
    return "\n".join(lines)
