"""Climb the sizes and count: the harness that measures steps.

payload: {"code", "entry", "inputs", "seed", "made": {(seed, n, m): (ticks, work, marshalled
          arguments)}, "ticks", "work", "two": the two-size grid's limits}
messages: {"sizes": 1|2, "scalar": bool}, then per size {"run": [n, m]} when the program is
          called, and {"n", "m", "at", "ticks", "work", "frames",
          "made"}, where "at" is the nominal size and "made" what building the inputs took,
          or {"n", "m", "error": {...}, "whose": "program"|"inputs"}; last {"end": why, "flags"}
"""

import builtins
import gc
import math
import sys
from typing import Any

import nlogn_limits

from nlogn.complexity.inside.charges import HOOKS, hook_call, hook_callk
from nlogn.complexity.inside.loading import (
    BadInputs,
    BadProgram,
    Loaded,
    Null,
    check_arguments,
    kept_args,
    make_args,
    sizes_of,
)
from nlogn.complexity.inside.meter import SCALARS, flagged, meter_read, meter_start

_MAX_N = 1 << 46
_HARD = 12  # a size may cost at most so many times the budget before it is cut off
_MADE = 50_000  # ticks and work that building the inputs of the largest size may take
_MOVED = 500_000


def install() -> None:
    """Make the hooks builtins: seen everywhere, in no namespace of the program."""
    for name, hook in HOOKS.items():
        setattr(builtins, "_nl_" + name, hook)
    builtins._nl_call = hook_call  # type: ignore[attr-defined]
    builtins._nl_callk = hook_callk  # type: ignore[attr-defined]


def quiet() -> None:
    import io

    sys.setrecursionlimit(90_000)
    sys.set_int_max_str_digits(0)
    sys.stdout = io.TextIOWrapper(Null(), write_through=True)
    sys.stderr = sys.stdout
    sys.argv = ["program.py"]


def is_prime(n: int) -> bool:
    if n < 4:
        return n > 1
    if n % 2 == 0 or n % 3 == 0:
        return False
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        if a % n == 0:
            continue
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def near_prime(n: int) -> int:
    while not is_prime(n):
        n += 1
    return n


class Climb:
    def __init__(self, payload: Any, send: Any):
        self.payload, self.send = payload, send
        self.seed = payload["seed"]
        self.ticks, self.work = payload["ticks"], payload["work"]
        self.failures = 0
        self.why = "budget"
        self.sizes = 0
        self.varies = False
        self.loaded = Loaded(payload["code"], payload["entry"], payload["inputs"], True)

    # -- one size ---------------------------------------------------------------------------

    def stopper(self, why: str) -> Any:
        def stop(kind: str) -> None:
            self.send({"end": why, "flags": sorted(flagged)})
            nlogn_limits.stop("step_limit")

        return stop

    def build(self, n: int, m: int | None, again: int = 0) -> Any:
        meter_start(self.ticks * 40, self.work * 40, self.stopper("load"))
        module = self.loaded.fresh()
        meter_start(_MADE * 40, _MOVED * 40, self.stopper("inputs"))
        function = self.loaded.generator(module)
        if not self.sizes:
            self.sizes = sizes_of(function)
            if self.sizes == 0:
                raise BadInputs("the inputs take no size: write `lambda n, rng: (args,)`")
        if self.sizes == 2 and m is None:
            m = n
        seed = self.seed + 7919 * again
        kept = kept_args(self.payload, n, m, seed)
        if kept is not None:
            return module, *kept
        args = make_args(function, n, m, seed, self.loaded.entry is None)
        return module, args, *meter_read()[:2]

    def run(self, n: int, m: int | None = None, size: int = 0) -> Any:
        """(share of the budget, of that for building, steps) at one size, or None where it
        failed; `size` is the nominal size that `n` stands for. Where random inputs of one size
        differ in cost, the mean of several."""
        first = self.once(n, m, 0)
        if first is None:
            return None
        runs = [first]
        share = max(first[0] / self.ticks, first[1] / self.work)
        if share < 0.25 and not self.scalar and (self.varies or n in (15, 31, 63)):
            # Other inputs may fail where the first did not; then the first stands alone.
            for again in range(1, 4 if self.varies else 2):
                other = self.once(n, m, again, quietly=True)
                if other is not None:
                    runs.append(other)
            costs = [r[0] + r[1] for r in runs]
            self.varies = self.varies or max(costs) > 1.02 * min(costs) + 1
        ticks, work = (round(sum(r[k] for r in runs) / len(runs)) for k in (0, 1))
        made = first[3] + first[4] // 8
        self.send(
            {"n": n, "m": m, "at": size or n, "ticks": ticks, "work": work,
             "frames": max(r[2] for r in runs), "made": made}
        )  # fmt: skip
        return share, max(first[3] / _MADE, first[4] / _MOVED), ticks + work

    def once(self, n: int, m: int | None, again: int, quietly: bool = False) -> Any:
        """(ticks, work, frame bytes, ticks and work of building the inputs), or None."""
        whose = "inputs"
        try:
            module, args, made, moved = self.build(n, m, again)
            if not hasattr(self, "scalar"):
                whole = self.loaded.entry is None
                if not whole:
                    whose = "program"
                    target = self.loaded.target(module)
                    whose = "inputs"
                    check_arguments(target, args)
                self.scalar = not whole and all(type(a) in SCALARS for a in args)
                self.send({"sizes": self.sizes, "scalar": self.scalar})
            whose = "program"
            if self.loaded.entry is None:
                self.loaded.prepare_stdin(args)
            call = self.loaded.call(module, args)
            if not again:
                self.send({"run": [n, m]})
            meter_start(self.ticks * _HARD, self.work * _HARD, self.stopper("steps"))
            call()
            ticks, work, frames = meter_read()
        except (BadInputs, BadProgram):
            raise
        except BaseException as error:
            meter_start(1 << 40, 1 << 50, None)
            if quietly:
                return None
            self.failures += 1
            described = nlogn_limits.describe(error)
            self.send({"n": n, "m": m, "error": described, "whose": whose})
            if isinstance(error, (RecursionError, MemoryError)):
                self.failures += 100
            return None
        self.failures = 0
        return ticks, work, frames, made, moved

    # -- one size variable ------------------------------------------------------------------

    def climb(self) -> None:
        n, before = 1, None
        while n <= _MAX_N:
            if self.scalar_known() and n >= 63:
                self.climb_numbers()
                return
            now = self.run(n)
            if now is None:
                if self.failures > 12:
                    self.why = "failures"
                    return
                n = _next_size(n)
                continue
            step = self.next_n(n, now, before)
            if step is None:
                return
            before, n = (n, now), step

    def scalar_known(self) -> bool:
        return getattr(self, "scalar", False)

    def next_n(self, n: int, now: Any, before: Any) -> int | None:
        share, made, steps = now
        share = max(share, made)
        if share >= 1:
            return None
        if before is None:
            return _next_size(n)
        last, (share0, made0, steps0) = before
        share0 = max(share0, made0)
        rate = max(steps / max(steps0, 1), 1.0) ** (1 / (n - last))
        slope = math.log(max(share / max(share0, 1e-9), 1.0)) / math.log(n / last)
        wanted = _next_size(n)
        if n >= 8 and rate >= 1.3:
            wanted = n + 1
        for nxt in (wanted, n + max((wanted - n) // 2, 1), n + max((wanted - n) // 4, 1)):
            if share * (nxt / n) ** slope <= 1.0 and share * rate ** (nxt - n) <= _HARD:
                return nxt
        if wanted == n + 1 and share * rate <= 2.0:
            return wanted
        return None

    def climb_numbers(self) -> None:
        """The size is a number: take 2^k, 2^k - 1 and a prime, since cost may hang on n's
        digits and divisors, and go far, since only a wide range tells log n from sqrt n."""
        n, before = 64, None
        while n <= _MAX_N:
            # Where a run is dear, the prime alone: it is the worst case of most such programs.
            dear = before is not None and before[1][0] > 0.1
            near = [near_prime(n + 1)] if dear else sorted({n - 1, n, near_prime(n + 1)})
            tried = [r for r in (self.run(k, None, n) for k in near) if r]
            if not tried:
                if self.failures > 12:
                    self.why = "failures"
                    return
                n *= 2
                continue
            now = max(tried)
            step = self.next_n(n, now, before)
            if step is None:
                return
            before, n = (n, now), step

    # -- two size variables -----------------------------------------------------------------

    def climb_two(self) -> None:
        axis = [2 << k for k in range(12)]
        limit = self.payload["two"]
        cost: dict[tuple[int, int], float] = {}
        pairs = sorted(((n, m) for n in axis for m in axis), key=lambda p: (p[0] * p[1], p))
        for n, m in pairs:
            smaller = [
                cost[q] * (4 if max(n // q[0], m // q[1]) > 1 else 2)
                for q in cost
                if q in ((n // 2, m), (n, m // 2), (n // 2, m // 2))
            ]
            if not smaller and (n > 8 or m > 8) and cost:
                inner = [c for q, c in cost.items() if q[0] <= n and q[1] <= m]
                smaller = [max(inner, default=9.0) * 4]
            if smaller and max(smaller) > limit:
                cost[n, m] = max(smaller)
                continue
            now = self.run(n, m)
            if now is not None:
                cost[n, m] = max(now[0], now[1])
            elif self.failures > 12:
                self.why = "failures"
                return


def _next_size(n: int) -> int:
    """2^k - 1 and, up to 128, 3 2^k - 1 between them. All their low bits are ones: programs that
    walk the bits of n do all their work, and balanced trees and paddings keep in step."""
    if n < 8:
        return n + 1
    if n == 8:
        return 11
    k = (n + 1).bit_length() - 1
    if n + 1 == 1 << k:
        return 3 * (1 << k - 1) - 1 if n < 127 else 2 * n + 1
    return (2 << k) - 1


def main_ladder(payload: Any, send: Any) -> None:
    install()
    quiet()
    flagged.clear()
    try:
        climb = Climb(payload, send)
        gc.collect()
        gc.disable()
        first = 1
        while not climb.sizes and first <= 64:
            try:
                climb.build(first, None)
            except (BadInputs, BadProgram):
                raise
            except BaseException:
                if climb.sizes:
                    break
                if first == 64:
                    raise
            first *= 2
        if climb.sizes == 2:
            climb.climb_two()
        else:
            climb.climb()
        send({"end": climb.why, "flags": sorted(flagged)})
    except BadInputs as error:
        send({"bad_inputs": str(error)})
    except BadProgram as error:
        send({"invalid": str(error)})
    except (SyntaxError, ValueError, RecursionError, OverflowError) as error:
        send({"invalid": nlogn_limits.describe(error)})


def main_count(payload: Any, send: Any) -> None:
    """Steps of each given call: payload {"code", "entry", "calls", "limit"}; one message per
    call: the number of steps, or None where it failed."""
    import nlogn_values

    install()
    quiet()
    loaded = Loaded(payload["code"], payload["entry"], None, True)
    whole = loaded.entry is None

    def stop(kind: str) -> None:
        nlogn_limits.stop("step_limit")

    for encoded in payload["calls"]:
        limit = payload["limit"] or 1 << 50
        try:
            meter_start(1 << 50, 1 << 60, stop)
            module = loaded.fresh()
            args = nlogn_values.decode(encoded)
            if whole:
                loaded.prepare_stdin(args)
            call = loaded.call(module, args)
            meter_start(limit, limit, stop)
            call()
            ticks, work, _ = meter_read()
            send(ticks + work)
        except BadProgram as error:
            send({"invalid": str(error)})
            return
        except BaseException:
            meter_start(1 << 50, 1 << 60, stop)
            send(None)
