"""Run the plain program at sizes that are known to be cheap: peak memory, CPU time, leaks.

payload: {"code", "entry", "inputs", "seed", "memory": [[n, m], ...], "cpu": [[n, m], ...],
          "leak": n or None}
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
from nlogn.complexity.inside.loading import BadInputs, BadProgram, Loaded, make_args
from nlogn.complexity.inside.meter import PROGRAM_FILE

_cpu_clock = time.process_time  # the program's threads included


def _prepared(loaded: Loaded, n: int, m: int | None, seed: int) -> Any:
    module = loaded.fresh()
    args = make_args(loaded.generator(module), n, m, seed, loaded.entry is None)
    if loaded.entry is None:
        loaded.prepare_stdin(args)
    return module, loaded.call(module, args), args


def peak_of(loaded: Loaded, n: int, m: int | None, seed: int) -> int:
    """Most bytes allocated at once above what the arguments take."""
    tracemalloc.start()
    try:
        module, call, args = _prepared(loaded, n, m, seed)
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


def cpu_of(loaded: Loaded, n: int, m: int | None, seed: int, repeats: int = 1) -> float:
    best = 1e9
    for _ in range(repeats):
        module, call, args = _prepared(loaded, n, m, seed)
        began = _cpu_clock()
        result = call()
        spent = _cpu_clock() - began
        del module, call, args, result
        best = min(best, spent)
    return best


def leak_of(loaded: Loaded, n: int, seed: int) -> tuple[int, float] | None:
    """The line of the program that keeps memory after every call, and how much it keeps."""
    module = loaded.fresh()
    function = loaded.generator(module)
    whole = loaded.entry is None
    few, many = 8, 32
    tracemalloc.start()
    try:
        snapshots = []
        for count in (few, many, many):
            for _ in range(count):
                args = make_args(function, n, None, seed, whole)
                loaded.call(module, args)()
                args = None
            gc.collect()
            snapshots.append(tracemalloc.take_snapshot())
        # The snapshots themselves are not traced memory of the program's lines.
        only = [tracemalloc.Filter(True, PROGRAM_FILE)]
        first, second, third = (s.filter_traces(only) for s in snapshots)
        early = {d.traceback[0].lineno: d.size_diff for d in second.compare_to(first, "lineno")}
        late = {d.traceback[0].lineno: d.size_diff for d in third.compare_to(second, "lineno")}
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
                    peak_of(loaded, n, m, seed)
            for n, m in payload[kind]:
                send({"at": [n, m], "doing": kind})
                try:
                    if kind == "cpu":
                        value: float = cpu_of(loaded, n, m, seed, payload["repeats"])
                    else:
                        value = peak_of(loaded, n, m, seed)
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
