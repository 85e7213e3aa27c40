"""What one generator's measurements say, and the worst of several generators'."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from nlogn.cases import SizedInputs
from nlogn.complexity import bigo
from nlogn.complexity.fit import Fit, fit, misfit
from nlogn.complexity.fit2 import fit_two
from nlogn.complexity.fit_bytes import BYTES_OFFSET, fit_bytes
from nlogn.complexity.growth import Growth, Leak, Point
from nlogn.sandbox import Report

FEW_SIZE, GUESS, GUESS_TWO = 256, 0.35, 0.2  # up to this size and confidence, a class is a guess
SCATTER = 0.03  # rms relative error beyond which a class may be noise's
COSTLIER = 1.1  # times the cost, from which a shape of no class may be the worst


@dataclass
class Shape:
    """One generator's measurements on their way to a `Growth`."""

    inputs: SizedInputs
    report: Report | None = None
    two: bool = False
    scalar: bool = False
    steps: dict[tuple[int, int | None], int] = field(default_factory=dict)
    frames: dict[tuple[int, int | None], int] = field(default_factory=dict)
    made: dict[tuple[int, int | None], int] = field(default_factory=dict)
    nominal: dict[int, int] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    flags: tuple[str, ...] = ()
    fault: tuple[str, str] | None = None
    peaks: dict[tuple[int, int | None], int] = field(default_factory=dict)
    cpu: dict[tuple[int, int | None], float] = field(default_factory=dict)
    hung: tuple[int, int | None] | None = None  # where a run did not end within the wall clock
    cut_off: bool = False  # the memory runs did not all end within the wall clock
    overran: int | None = None  # where a run took many times the steps that were expected
    leak: Leak | None = None
    doubt: str = ""
    spoilt: bool = False  # the program sent what only our harness should


def envelope(shape: Shape, cost: dict[tuple[int, int | None], float]) -> list[tuple[int, float]]:
    """(n, cost) ascending. Where the size is a number, the worst of each neighbourhood."""
    out: dict[int, float] = {}
    for (n, _), value in cost.items():
        at = shape.nominal[n]
        out[at] = max(out.get(at, 0.0), value)
    return sorted(out.items())


def _grid(cost: dict[tuple[int, int | None], float]) -> list[tuple[int, int, float]]:
    return [(n, m, value) for (n, m), value in sorted(cost.items()) if m is not None]


def _points(shape: Shape, cost: dict[tuple[int, int | None], float]) -> tuple[Point, ...]:
    return tuple(
        Point(n, m, float(value), shape.cpu.get((n, m)), shape.inputs.shape)
        for (n, m), value in sorted(cost.items(), key=lambda i: (i[0][0], i[0][1] or 0))
    )


def _growth(shape: Shape, found: Fit, cost: Any, unit: Any, note: str) -> Growth:
    name = found.name if found.name == "unknown" else f"O({found.name})"
    runner = f"O({found.runner_up})" if found.runner_up else None
    flags = shape.flags if unit == "steps" else ()
    return Growth(name, found.confidence, runner, _points(shape, cost), unit, note, flags)


def time_growth(shape: Shape) -> tuple[Fit, Growth]:
    cost = {k: float(v) for k, v in shape.steps.items()}
    found = fit_two(_grid(cost)) if shape.two else fit(envelope(shape, cost))
    if shape.doubt:
        found = Fit("unknown", 0.0, found.name, found.residual)
    return found, _growth(shape, found, cost, "steps", shape.doubt)


def memory_growth(shape: Shape) -> tuple[Fit, Growth]:
    cost = {k: float(max(v, 0) + shape.frames.get(k, 0)) for k, v in shape.peaks.items()}
    if shape.spoilt or shape.cut_off:
        found, note = Fit("unknown", 0.0, None, math.inf), shape.doubt
        if shape.cut_off:
            note = "uncertain: the runs that watch the memory did not end in time"
        return found, _growth(shape, found, {} if shape.spoilt else cost, "bytes", note)
    if shape.two:
        found = fit_two(_grid(cost), offset=BYTES_OFFSET)
        guess = found.confidence < GUESS_TWO
    else:
        found = fit_bytes(envelope(shape, cost))
        few = max(cost, default=(0, None))[0] < FEW_SIZE
        guess = few and found.confidence < GUESS
    if guess and found.name != "unknown":
        note = f"too few sizes to tell: O({found.name}) fits best"
        found = Fit("unknown", 0.0, found.name, found.residual)
        return found, _growth(shape, found, cost, "bytes", note)
    return found, _growth(shape, found, cost, "bytes", "")


def worst(candidates: list[tuple[Shape, Fit, Growth]]) -> Growth:
    """The growth of the worst shape; unknown where a shape of no class may be worse than it."""
    doubted = next((g for s, _, g in candidates if s.doubt and g.unit == "steps"), None)
    known = [c for c in candidates if c[1].name != "unknown"]
    if not known or doubted:
        return doubted or candidates[0][2]
    known.sort(key=lambda c: (bigo.rank(bigo.BigO(c[1].name)), c[1].confidence), reverse=True)
    top = next((c for c in known if not _scatters(c, known)), known[0])
    if len(candidates) == 1:
        return top[2]
    shape, _, growth = top
    note = f"worst of {len(candidates)} shapes: {shape.inputs.shape}"
    for other, fitted, its in candidates:
        guess = bigo.BigO(fitted.runner_up) if fitted.runner_up else None
        harmless = guess and bigo.rank(guess) <= bigo.rank(bigo.BigO(top[1].name))
        costlier = _times_as_much(its, growth) > COSTLIER
        if fitted.name == "unknown" and costlier and not harmless:
            note = (f"{other.inputs.shape} costs more than {shape.inputs.shape} "
                    f"({growth.big_o}) and its growth fits no class")  # fmt: skip
            return replace(its, runner_up=growth.big_o, note=note)
    return replace(growth, note="; ".join(filter(None, (growth.note, note))))


def _scatters(found: tuple[Shape, Fit, Growth], known: list[tuple[Shape, Fit, Growth]]) -> bool:
    """Whether a shape has its class only from the noise in its costs: another shape's is clear,
    explains this one's costs nearly as well, and costs no less but for the noise."""
    shape, fitted, growth = found
    if shape.two or fitted.residual < SCATTER:
        return False
    costs = envelope(shape, {(p.n, p.m): p.cost for p in growth.points})
    return any(
        clear.residual < fitted.residual / 2
        and bigo.rank(bigo.BigO(clear.name)) < bigo.rank(bigo.BigO(fitted.name))
        and _times_as_much(growth, its) <= 2
        and misfit(costs, clear.name) <= 2 * fitted.residual
        for _, clear, its in known
    )


def _times_as_much(one: Growth, other: Growth) -> float:
    """The ratio of two shapes' costs at the largest size that both were measured at; 1 where
    there is none."""
    costs = {(p.n, p.m): p.cost for p in other.points}
    both = [p for p in one.points if (p.n, p.m) in costs]
    if not both:
        return 1.0
    largest = max(both, key=lambda p: p.n * (p.m or 1))
    return largest.cost / max(costs[largest.n, largest.m], 1.0)
