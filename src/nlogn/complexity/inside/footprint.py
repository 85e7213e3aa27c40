"""Run the plain program at sizes that are known to be cheap: peak memory, CPU time, leaks.

payload: {"code", "entry", "inputs", "seed", "made" (see `ladder`), "memory": [[n, m], ...],
          "cpu": [[n, m], ...], "leak": n or None}
messages: {"n", "m", "peak": bytes}, {"n", "m", "cpu": seconds}, {"leak": [line, bytes per call]},
          {"n", "m", "error": {...}}; before each size {"at": [n, m]}, last {"end": "done"}
"""

import contextlib
import gc
import time
import tracemalloc
from typing import Any

import nlogn_limits

from nlogn.complexity.inside.ladder import quiet
from nlogn.complexity.inside.loading import (
    BadInputs,
    BadProgram,
    Loaded,
    kept_args,
    make_args,
)
from nlogn.complexity.inside.meter import PROGRAM_FILE

_cpu_clock = time.process_time  # the program's threads included


def _prepared(loaded: Loaded, payload: Any, n: int, m: int | None) -> Any:
    module = loaded.fresh()
    kept = kept_args(payload, n, m, payload["seed"])
    whole = loaded.entry is None
    args = kept[0] if kept else make_args(loaded.generator(module), n, m, payload["seed"], whole)
    del kept
    if loaded.entry is None:
        loaded.prepare_stdin(args)
    return module, loaded.call(module, args), args


def peak_of(loaded: Loaded, payload: Any, n: int, m: int | None) -> int:
    """Most bytes allocated at once above what the arguments take."""
    tracemalloc.start()
    try:
        module, call, args = _prepared(loaded, payload, n, m)
        _leave_room(args)
        gc.collect()  # all of it: empties the free lists too, from which allocations are not seen
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = call()
        peak = tracemalloc.get_traced_memory()[1]
        del result, call, module, args
        return int(peak - before)
    finally:
        tracemalloc.stop()


def _leave_room(args: Any) -> None:
    """Lists grow by an eighth now and then: one more item is not to be the one that pays."""
    for arg in args if type(args) is tuple else ():
        if type(arg) is list:
            arg.append(None)
            arg.pop()


def cpu_of(loaded: Loaded, payload: Any, n: int, m: int | None) -> float:
    best = 1e9
    for _ in range(payload["repeats"]):
        module, call, args = _prepared(loaded, payload, n, m)
        began = _cpu_clock()
        result = call()
        spent = _cpu_clock() - began
        del module, call, args, result
        best = min(best, spent)
    return best


def held() -> dict[int, int]:
    """Bytes now held by what each line of the program allocated."""
    found: dict[int, int] = {}
    # The rows themselves, not `Snapshot.filter_traces`, which takes 20 times as long.
    for _, size, frames, *_ in tracemalloc.take_snapshot().traces._traces:  # type: ignore[attr-defined]
        name, line = frames[0]
        if name == PROGRAM_FILE:
            found[line] = found.get(line, 0) + size
    return found


def leak_of(loaded: Loaded, n: int, seed: int) -> tuple[int, float] | None:
    """The line of the program that keeps memory after every call, and how much it keeps."""
    module = loaded.fresh()
    function = loaded.generator(module)
    whole = loaded.entry is None
    few, many = 8, 32
    tracemalloc.start()
    try:
        seen = []
        for count in (few, many, many):
            for _ in range(count):
                args = make_args(function, n, None, seed, whole)
                loaded.call(module, args)()
                args = None
            gc.collect()
            seen.append(held())
        first, second, third = seen
        early = {line: size - first.get(line, 0) for line, size in second.items()}
        late = {line: size - second.get(line, 0) for line, size in third.items()}
        growing = {
            line: (early[line] + late[line]) / (2 * many)
            for line in late
            if late[line] > 4 * many and early.get(line, 0) > 4 * many
        }
        if not growing:
            return None
        line = max(growing, key=lambda key: growing[key])
        return line, sum(growing.values())
    finally:
        tracemalloc.stop()


def main_footprint(payload: Any, send: Any) -> None:
    quiet()
    seed = payload["seed"]
    try:
        loaded = Loaded(payload["code"], payload["entry"], payload["inputs"], False)
        for kind in ("cpu", "memory"):
            if kind == "memory" and payload[kind]:
                # The first call fills caches of the interpreter itself.
                n, m = payload[kind][0]
                with contextlib.suppress(Exception):
                    peak_of(loaded, payload, n, m)
            for n, m in payload[kind]:
                send({"at": [n, m], "doing": kind})
                try:
                    if kind == "cpu":
                        value: float = cpu_of(loaded, payload, n, m)
                    else:
                        value = peak_of(loaded, payload, n, m)
                except (BadInputs, BadProgram):
                    raise
                except BaseException as error:
                    send({"n": n, "m": m, "error": nlogn_limits.describe(error)})
                    continue
                send({"n": n, "m": m, "peak" if kind == "memory" else "cpu": value})
        if payload["leak"] is not None:
            send({"at": [payload["leak"], None], "doing": "leak"})
            try:
                send({"leak": leak_of(loaded, payload["leak"], seed)})
            except Exception as error:
                send({"n": payload["leak"], "m": None, "error": nlogn_limits.describe(error)})
        send({"end": "done"})
    except (BadInputs, BadProgram) as error:
        send({"bad_inputs": str(error)})
