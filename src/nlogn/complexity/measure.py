"""Measured growth: climb the sizes in the sandbox, fit, cross-check, report."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from nlogn.cases import SizedInputs, sized_inputs
from nlogn.complexity import bigo
from nlogn.complexity.fit import fit
from nlogn.complexity.growth import (
    Complexity,
    Growth,
    Leak,
    LineMemory,
    MemoryProfile,
)
from nlogn.complexity.harness import harness
from nlogn.complexity.shapes import Shape, envelope, memory_growth, time_growth, worst
from nlogn.sandbox import Limits, Program, Report, Sandbox, shared_sandbox

TICKS = 60_000  # counted iterations of the largest size
WORK = 2_000_000  # charged work of C code in the largest size
GRID_SHARE = 0.2  # of the budgets, for one point of a two-size grid
MEMORY_STEPS = 2_500_000  # sizes up to this many steps, and inputs of up to this many items,
MEMORY_MADE = 12_000  # are run again to see their memory, but none beyond
MEMORY_SIZE = 4_200  # where `ENOUGH_SIZES` are below: larger ones have changed no class
ENOUGH_SIZES = 8
# Where memory of up to so many items names no class surely, larger sizes are run, uncounted.
ENOUGH_MEMORY_SIZE, LARGER_STEPS, SURE = 500, 1_000_000, 0.6
PROFILE_STEPS, PROFILE_SIZE = 8_000, 2_100  # of the call whose memory is told by line
LEAK_STEPS = 3000  # a call may take to be repeated in search of a leak
# CPU time per step may grow a few times where data outgrow a cache or a branch predictor, so the
# objection needs a wide range of sizes and a whole power of n, nearly.
CPU_FLOOR_S, CPU_TOP_S = 0.0005, 0.005  # times below the one say nothing; one must reach the other
CPU_SUSPECT, CPU_SUSPECT_RANGE = 0.5, 2.0  # one run: what is worth a second look
CPU_EXCESS, CPU_RANGE = 0.7, 6.0  # the fastest of three: what is believed
CLOCK = 4.0  # wall-clock seconds allowed for a second of CPU time
_CUT_OFF = ("wall_limit", "cpu_limit")
MEMORY_DEPTH = 3e7  # tracemalloc walks the stack at every allocation: frames times steps


def measure(
    program: Program,
    inputs: str | Sequence[SizedInputs] | None = None,
    *,
    sandbox: Sandbox | None = None,
    seed: int = 0,
    memory: bool = True,
    profile: bool = False,
    wall_s: float = 40.0,
) -> Complexity:
    """How the program's time and memory grow with the size of its input.

    Args:
        program: Python; with an entry, or a whole program that reads stdin.
        inputs: Python source ``lambda n, rng: args``: a tuple of arguments (anything else is the
            single argument), for a whole program its stdin text; ``lambda n, m, rng: args`` where
            there are two sizes. Several shapes: a sequence of `SizedInputs`, of which the worst
            counts. None: made from the program by `nlogn.cases.sized_inputs`.
        memory: measure memory and leaks too.
        profile: also tell memory by line, at the largest size that is cheap enough to watch.
        wall_s: the wall-clock backstop of one run of one shape, with a quarter of it in CPU time;
            sizes end long before it by counted steps.

    Returns:
        `Complexity`; its `status` says what went wrong, if anything did. A program or a
        generator at fault never raises here.
    """
    sandbox = sandbox or shared_sandbox()
    shapes, source, problem = _shapes(program, inputs)
    if problem:
        return _failed(*problem, source, seed, sandbox)
    measured = [Shape(s) for s in shapes]
    for shape in measured:
        _climb(program, shape, sandbox, seed, wall_s)
    good = [s for s in measured if s.fault is None]
    if not good:
        assert measured[0].fault is not None
        return _failed(*measured[0].fault, source, seed, sandbox)
    for shape in good:
        _run_plain(program, shape, sandbox, seed, memory, wall_s)
        shape.doubt = _doubt(program, shape, sandbox, seed, wall_s)
    worst_time = worst([(s, *time_growth(s)) for s in good])
    if memory:
        space = worst([(s, *memory_growth(s)) for s in good])
    else:
        space = Growth("unknown", 0.0, None, (), "bytes", "not asked for")
    leak = next((s.leak for s in good if s.leak), None)
    lines = _profile(program, good, space, sandbox, seed, wall_s) if profile else None
    return Complexity("ok", worst_time, space, leak, source, seed, sandbox.isolation, None, lines)


def _shapes(
    program: Program, inputs: str | Sequence[SizedInputs] | None
) -> tuple[list[SizedInputs], str, tuple[str, str] | None]:
    if program.language != "python":
        return [], "", ("invalid", f"growth is measured on Python programs, not {program.language}")
    if isinstance(inputs, str):
        return [SizedInputs("given", inputs, "given")], "given", None
    if inputs is None:
        try:
            inputs = sized_inputs(program)
        except (ValueError, SyntaxError) as error:
            return [], "", ("invalid", str(error))
    if not inputs:
        return (
            [],
            "",
            (
                "bad_inputs",
                "no inputs could be made for this program: give them as `lambda n, rng: args`",
            ),
        )
    return list(inputs), "; ".join(dict.fromkeys(s.provenance for s in inputs)), None


def _failed(status: str, message: str, source: str, seed: int, sandbox: Sandbox) -> Complexity:
    return Complexity(
        status,
        Growth("unknown", 0.0, None, (), "steps", message),
        Growth("unknown", 0.0, None, (), "bytes", message),
        None,
        source,
        seed,
        sandbox.isolation,
        message,
    )


# --- running -----------------------------------------------------------------------------------


def _payload(program: Program, shape: Shape, seed: int, do: str) -> dict[str, Any]:
    return {"do": do, "code": program.code, "entry": program.entry,
            "inputs": shape.inputs.source, "seed": seed, "made": shape.inputs.made}  # fmt: skip


def _limits(wall_s: float) -> Limits:
    # A loaded machine must not change an answer: the processor's time decides, not the clock.
    return Limits(wall_s=wall_s, cpu_s=wall_s / CLOCK, memory_bytes=2 << 30)


def _climb(program: Program, shape: Shape, sandbox: Sandbox, seed: int, wall_s: float) -> None:
    payload = _payload(program, shape, seed, "ladder")
    payload |= {"ticks": TICKS, "work": WORK, "two": GRID_SHARE}
    report = sandbox.execute(harness(), payload, _limits(wall_s))
    shape.report = report
    end = running = None
    for message in report.messages:
        if not _well_formed(message):
            shape.spoilt = True
            continue
        if "run" in message:
            running = message["run"]
            continue
        if "ticks" in message or "error" in message:
            running = None
        if "ticks" in message:
            key = _key(message)
            shape.nominal[message["n"]] = message["at"]
            shape.steps[key] = max(message["ticks"] + message["work"], 1)
            shape.frames[key], shape.made[key] = message["frames"], message["made"]
        elif "error" in message:
            shape.errors.append(message)
        elif "sizes" in message:
            shape.two, shape.scalar = message["sizes"] == 2, message["scalar"]
        elif "bad_inputs" in message:
            shape.fault = ("bad_inputs", message["bad_inputs"])
        elif "invalid" in message:
            said = message["invalid"]
            text = said if isinstance(said, str) else f"{said['type']}: {said['message']}"
            shape.fault = ("invalid", text)
        elif "end" in message:
            end, shape.flags = message["end"], tuple(message["flags"])
    if running and report.status in _CUT_OFF:
        shape.hung = (running[0], running[1])
    if running and end == "steps":
        shape.overran = running[0]
    if end == "failures" and max((k[0] for k in shape.steps), default=0) < 32:
        shape.steps.clear()
    if shape.fault is None and len(shape.steps) < 4:
        shape.fault = _why_too_few(shape, report, end)


def _well_formed(message: Any) -> bool:
    """Whether a message is as our harness sends it. The program shares the harness's process, so
    one that changes what it finds there can send anything."""
    if type(message) is not dict:
        return False
    numbers = [message[k] for k in ("n", "ticks", "work", "frames", "made", "at", "peak", "cpu")
               if k in message and not (k == "at" and "doing" in message)]  # fmt: skip
    least = -math.inf if "peak" in message else 0  # a call may free more than it takes
    second = message.get("m")
    return (second is None or type(second) is int) and all(
        type(v) in (int, float) and v >= least for v in numbers
    )


def _key(message: dict[str, Any]) -> tuple[int, int | None]:
    return message["n"], message["m"]


def _why_too_few(shape: Shape, report: Report, end: str | None) -> tuple[str, str]:
    if shape.errors:
        error = shape.errors[0]
        where = f"at n={error['n']}" + (f", m={error['m']}" if error["m"] is not None else "")
        said = f"{error['error']['type']}: {error['error']['message']}"
        if error["whose"] == "inputs":
            return "bad_inputs", f"the inputs fail {where}: {said}"
        return "exception", f"the program fails {where}: {said}"
    if end == "inputs":
        return "bad_inputs", "the inputs take too long to make, or never end"
    if end == "load":
        return "step_limit", "loading the program does not end"
    if report.status == "wall_limit":
        return "wall_limit", "too slow to be measured at four sizes"
    if report.status == "ok" or end is not None:
        return "step_limit", "too slow to be measured at four sizes"
    message = report.error.message if report.error else ""
    return report.status, message or f"the program ended as {report.status}"


def _plan(shape: Shape) -> tuple[list[list[Any]], list[list[Any]]]:
    """Which sizes to run plainly: for memory, and for CPU time."""
    keys = sorted(shape.steps, key=lambda k: (k[0], k[1] or 0))
    cheap = [
        k for k in keys
        if shape.steps[k] <= MEMORY_STEPS
        and shape.made[k] <= MEMORY_MADE
        and shape.steps[k] * shape.frames[k] / 152 <= MEMORY_DEPTH
    ]  # fmt: skip
    if shape.two:
        some = [k for k in cheap if min(k[0], k[1] or 0) >= 8]
        return [list(k) for k in (some if len(some) >= 16 else cheap)], []
    if shape.scalar:  # of each neighbourhood, one
        cheap = [k for k in cheap if k[0] < 15 or k[0] == shape.nominal[k[0]] - 1
                 or shape.nominal[k[0]] - 1 not in shape.nominal]  # fmt: skip
    else:
        enough = [k for k in cheap if k[0] <= MEMORY_SIZE]
        cheap = enough if len(enough) >= ENOUGH_SIZES else cheap
    if len(cheap) > 12:
        head = [k for k in cheap[:-6] if k[0] >= 4]
        cheap = head[:: max(1, math.ceil(len(head) / 6))] + cheap[-6:]
    last = {shape.nominal[k[0]]: k for k in keys}
    return [list(k) for k in cheap], [list(k) for k in list(last.values())[-3:]]


def _run_plain(
    program: Program, shape: Shape, sandbox: Sandbox, seed: int, memory: bool, wall_s: float
) -> None:
    sizes, cpu = _plan(shape)
    small = [k for k, v in shape.steps.items() if k[0] >= 8 and v < LEAK_STEPS]
    leak = small[0][0] if memory and small and not shape.two else None
    do = {"memory": sizes if memory else [], "cpu": cpu, "leak": leak}
    _footprint(program, shape, sandbox, seed, wall_s, do)
    more = _larger(shape) if memory else []
    if more:
        _footprint(program, shape, sandbox, seed, wall_s, {"memory": more, "cpu": [], "leak": None})


def _footprint(
    program: Program, shape: Shape, sandbox: Sandbox, seed: int, wall_s: float, do: dict[str, Any]
) -> None:
    """Run the plain program; what is told of other sizes than were asked for is no news."""
    asked = {(n, m) for n, m in [*do["memory"], *do["cpu"], (do["leak"], None)]}
    payload = _payload(program, shape, seed, "footprint") | do | {"repeats": 1}
    report = sandbox.execute(harness(), payload, _limits(wall_s))
    at, doing = None, ""
    for message in report.messages:
        if not _well_formed(message) or ("n" in message and _key(message) not in asked):
            shape.spoilt = True
        elif "at" in message:
            at, doing = message["at"], message["doing"]
        elif "peak" in message:
            shape.peaks[message["n"], message["m"]] = message["peak"]
        elif "cpu" in message:
            shape.cpu[message["n"], message["m"]] = message["cpu"]
        elif message.get("leak"):
            line, size = message["leak"]
            shape.leak = Leak(line, size)
        elif "end" in message:
            at = None
    if report.status in _CUT_OFF and at:
        if doing == "cpu":
            shape.hung = (at[0], at[1])
        elif doing == "memory":
            shape.cut_off = True


def _larger(shape: Shape) -> list[list[Any]]:
    """Sizes beyond those that were counted, where these leave the class of the memory open: the
    plain program is faster than the counted one, and the counted steps say how much longer it
    takes. Only where the depth of the calls no longer grows, since only the counted run sees it."""
    if shape.two or shape.scalar or shape.spoilt or shape.cut_off or len(shape.peaks) < 4:
        return []
    top = max(shape.peaks)[0]
    frames = {shape.frames[k] for k in sorted(shape.peaks)[-3:]}
    if top >= ENOUGH_MEMORY_SIZE or len(frames) > 1 or memory_growth(shape)[0].confidence >= SURE:
        return []
    found = fit(envelope(shape, {k: float(v) for k, v in shape.steps.items()}))
    if found.name in ("unknown", "2^n", "n!"):
        return []
    grown, more = bigo.BigO(found.name), []
    for n in ((top + 1) * k // 2 - 1 for k in (3, 4, 6, 8, 12, 16)):
        factor = math.exp(bigo.log_value(grown, n) - bigo.log_value(grown, top))
        steps, made = shape.steps[top, None] * factor, shape.made[top, None] * (n / top) ** 2
        if steps <= LARGER_STEPS and made <= MEMORY_MADE and n < 2 * ENOUGH_MEMORY_SIZE:
            more.append([n, None])
            shape.frames[n, None], shape.nominal[n] = max(frames), n
    return more


def _profile(
    program: Program, shapes: list[Shape], space: Growth, sandbox: Sandbox, seed: int,
    wall_s: float,
) -> MemoryProfile | None:  # fmt: skip
    """Memory by line, on the shape that the memory's class was found on."""
    worst = {p.shape for p in space.points}
    shape = next((s for s in shapes if s.inputs.shape in worst), shapes[0])
    fitting = [k for k, v in shape.steps.items() if v <= PROFILE_STEPS and k[0] <= PROFILE_SIZE]
    if not fitting:
        return None
    n, m = max(fitting, key=lambda k: (k[0] * (k[1] or 1), k[0]))
    payload = _payload(program, shape, seed, "lines") | {"n": n, "m": m}
    report = sandbox.execute(harness(), payload, _limits(wall_s))
    for told in report.messages:
        lines = told.get("lines") if type(told) is dict else None
        if isinstance(lines, list) and all(_is_line(row) for row in lines):
            rows = tuple(LineMemory(*row) for row in lines)
            peak = told.get("peak")
            if type(peak) is int and not shape.spoilt:
                return MemoryProfile(n, m, shape.inputs.shape, peak, rows)
    return None


def _is_line(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 4 and all(type(v) is int and v >= 0 for v in row)


# --- the CPU clock's objection -----------------------------------------------------------------


def _doubt(program: Program, shape: Shape, sandbox: Sandbox, seed: int, wall_s: float) -> str:
    """Why the counted steps cannot be the whole cost, or ""."""
    if shape.spoilt:
        return "uncertain: the program interferes with its own measurement"
    if shape.hung:
        n, m = shape.hung
        where = f"n={n}" + (f", m={m}" if m is not None else "")
        return (f"uncertain: the run at {where} did not end, though the counted steps say that it "
                "should be short")  # fmt: skip
    if shape.overran and not shape.two:
        found = fit(envelope(shape, {k: float(v) for k, v in shape.steps.items()}))
        if found.name != "unknown":
            g, n, top = bigo.BigO(found.name), shape.overran, max(k[0] for k in shape.steps)
            more = bigo.log_value(g, n) - bigo.log_value(g, top)
            if shape.steps[top, None] * math.exp(min(more, 60)) < TICKS:
                return (f"uncertain: at n={n} it takes many times the steps that the smaller sizes "
                        "promise")  # fmt: skip
    if shape.two or not _steeper(shape, shape.cpu, CPU_SUSPECT_RANGE, CPU_SUSPECT):
        return ""
    # Once more, over a wider range and the fastest of three: clocks are noisy, counts are not.
    last = {shape.nominal[k[0]]: k for k in sorted(shape.steps, key=lambda k: k[0])}
    payload = _payload(program, shape, seed, "footprint")
    payload |= {"memory": [], "leak": None, "repeats": 3,
                "cpu": [list(k) for k in list(last.values())[-5:]]}  # fmt: skip
    report = sandbox.execute(harness(), payload, _limits(wall_s))
    again = {(m["n"], m["m"]): m["cpu"] for m in report.messages if "cpu" in m}
    if not _steeper(shape, again, CPU_RANGE, CPU_EXCESS):
        return ""
    (a, _), (b, _) = _ends(again)
    return (f"uncertain: from n={a} to n={b} the CPU time grows "
            f"{again[b, None] / again[a, None]:.1f} times, the counted steps "
            f"{shape.steps[b, None] / shape.steps[a, None]:.1f} times")  # fmt: skip


def _ends(cpu: dict[tuple[int, int | None], float]) -> list[tuple[int, int | None]]:
    keys = sorted((k for k, v in cpu.items() if v >= CPU_FLOOR_S), key=lambda k: k[0])
    return [keys[0], keys[-1]]


def _steeper(
    shape: Shape, cpu: dict[tuple[int, int | None], float], width: float, excess: float
) -> bool:
    """Whether CPU time, where it is well above the clock's noise, outgrows the steps by a power
    of n of at least `excess`, all along a range of sizes at least `width` times wide."""
    keys = sorted((k for k, v in cpu.items() if v >= CPU_FLOOR_S and k in shape.steps),
                  key=lambda k: k[0])  # fmt: skip
    if len(keys) < 2 or keys[-1][0] < width * keys[0][0] or cpu[keys[-1]] < CPU_TOP_S:
        return False

    def over(a: tuple[int, int | None], b: tuple[int, int | None]) -> float:
        grown = math.log(cpu[b] / cpu[a]) - math.log(shape.steps[b] / shape.steps[a])
        return grown / math.log(b[0] / a[0])

    return over(keys[0], keys[-1]) >= excess and all(
        over(a, b) >= excess / 2 for a, b in itertools.pairwise(keys)
    )


def count_steps(
    program: Program, calls: Sequence[Any], limits: Limits = Limits(),  # noqa: B008 (frozen)
    *, sandbox: Sandbox | None = None, stop: bool = False,
) -> list[int | None]:  # fmt: skip
    """Deterministic step counts of given calls: argument tuples, or stdin texts for a whole
    program. None where the call fails or is cut off by a limit, and with `stop` for all calls
    after the first that is cut off; A against A is always equal."""
    from nlogn import values

    sandbox = sandbox or shared_sandbox()
    out: list[int | None] = []
    encoded = [values.encode(c if isinstance(c, str) else tuple(c)) for c in calls]
    while len(out) < len(encoded):
        payload = {"do": "count", "code": program.code, "entry": program.entry,
                   "calls": encoded[len(out):], "limit": limits.steps}  # fmt: skip
        report = sandbox.execute(harness(), payload, limits)
        counts = [m for m in report.messages if not isinstance(m, dict)]
        out.extend(counts)
        if stop or report.status == "ok" or len(counts) < len(report.messages):
            break
        out.append(None)
    return (out + [None] * len(encoded))[: len(encoded)]
