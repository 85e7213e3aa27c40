"""The HTML report: one self-contained page with growth curves, failing inputs, candidates."""

import io
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from nlogn import __version__
from nlogn.complexity import bigo
from nlogn.complexity.growth import Growth, Point
from nlogn.judge.verdict import FailingCase

MAX_SHOWN = 600


@dataclass(frozen=True, slots=True)
class Entry:
    """One program on the page."""

    code: str
    status: str
    message: str
    time: Growth
    memory: Growth
    steps: int | None = None
    failing: FailingCase | None = None
    origin: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    lead: str
    entries: tuple[Entry, ...]
    seed: int
    isolation: str


@dataclass(frozen=True, slots=True)
class _Curve:
    svg: str
    caption: str


def write_report(page: Page, path: Path) -> None:
    """Write `page` to `path`, whole or not at all.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    text = render(page)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def render(page: Page) -> str:
    """The page as HTML text. Everything a program said is escaped."""
    import jinja2

    source = resources.files("nlogn.judge").joinpath("report.html.j2").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(tone=_tone, short=_short)
    entries = [
        {**{name: getattr(entry, name) for name in Entry.__slots__}, "curves": _curves(entry)}
        for entry in page.entries
    ]
    view = {
        "title": page.title,
        "lead": page.lead,
        "entries": entries,
        "seed": page.seed,
        "isolation": page.isolation,
        "version": __version__,
    }
    return environment.from_string(source).render(page=view)


def _tone(status: str) -> str:
    return {"accepted": "good", "ok": "good", "system_error": "odd"}.get(status, "bad")


def _short(value: Any) -> str:
    text = repr(value)
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}… ({len(text):,} characters)"


def _curves(entry: Entry) -> list[_Curve]:
    curves = []
    for growth, name in ((entry.time, "time"), (entry.memory, "memory")):
        if len(growth.points) >= 3:
            curves.append(_Curve(growth_svg(growth, name), _caption(growth)))
    return curves


def _caption(growth: Growth) -> str:
    text = f"{growth.big_o}, confidence {growth.confidence:.2f}"
    if growth.runner_up:
        text += f"; runner-up {growth.runner_up}"
    return f"{text}. {growth.note}" if growth.note else f"{text}."


def growth_svg(growth: Growth, name: str) -> str:
    """A log-log plot of the measured points, the fitted class and its runner-up, as SVG text."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    figure = growth_figure(growth, name)
    FigureCanvasSVG(figure)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def growth_figure(growth: Growth, name: str) -> Any:
    """The matplotlib figure behind `growth_svg`."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "nlogn", "font.size": 10}):
        figure = Figure(figsize=(5.2, 3.4), layout="constrained")
        axes = figure.add_subplot()
        for m in sorted({p.m for p in growth.points}, key=lambda m: m or 0):
            _draw_series(axes, growth, [p for p in growth.points if p.m == m], m)
        axes.set_xscale("log")
        axes.set_yscale("log")
        costs = [p.cost for p in growth.points if p.cost > 0]
        if costs:  # the curves may leave the picture, the points may not
            axes.set_ylim(min(costs) / 2, max(costs) * 4)
        axes.set_xlabel("n")
        axes.set_ylabel(growth.unit)
        axes.set_title(f"{name}: {growth.big_o}", loc="left", fontsize=11)
        axes.grid(True, which="major", color="#e6e9ee", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        handles, labels = axes.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        axes.legend(unique.values(), unique.keys(), frameon=False, loc="upper left", fontsize=9)
    return figure


def _draw_series(axes: Any, growth: Growth, points: list[Point], m: int | None) -> None:
    points = sorted((p for p in points if p.cost > 0 and p.n > 0), key=lambda p: p.n)
    if not points:
        return
    worst = {p.n: max(q.cost for q in points if q.n == p.n) for p in points}
    sizes = list(worst)
    axes.plot(sizes, list(worst.values()), "o", color="#2456a6", markersize=5, label="measured")
    if m is not None:
        axes.annotate(f"m={m}", (sizes[-1], worst[sizes[-1]]), fontsize=8, color="#5d6878")
    fits = ((growth.big_o, "-", "#16794a"), (growth.runner_up, "--", "#b9772b"))
    for big_o, style, colour in fits:
        if big_o and big_o != "unknown":
            curve = _scaled(big_o, worst, m)
            axes.plot(sizes, curve, style, color=colour, linewidth=1.4, label=big_o, zorder=1)


def _scaled(big_o: str, worst: dict[int, float], m: int | None) -> list[float]:
    """The class's curve, with a constant beside it, as near the points as it comes (non-negative
    least squares on the relative error)."""
    import numpy as np
    from scipy.optimize import nnls

    cost = np.array(list(worst.values()))
    shape = np.array([bigo.evaluate(bigo.parse(big_o), n, m) for n in worst])
    usable = np.isfinite(shape)
    columns = np.stack([shape[usable], np.ones(usable.sum())], axis=1) / cost[usable, None]
    factor, constant = nnls(columns, np.ones(usable.sum()))[0]
    return [max(float(value), 1e-9) for value in factor * shape + constant]
