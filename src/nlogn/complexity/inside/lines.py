"""Which lines of the program hold memory: at its peak, when it returns, and afterwards.

payload: {"code", "entry", "inputs", "seed", "made" (see `ladder`), "n", "m"}
messages: {"n", "m", "peak": bytes, "lines": [[line, at the peak, on return, afterwards], ...]},
          or {"error": {...}}

The call is made twice. The first time the memory in use is read at every line, to find the moment
of the peak; the second time the owners of all blocks are listed at that moment. What a single
line takes and gives back before it ends (the copy that `sorted` makes) is that line's.
"""

import gc
import sys
import tracemalloc
from typing import Any

import nlogn_limits

from nlogn.complexity.inside.footprint import _leave_room, _prepared, held
from nlogn.complexity.inside.ladder import quiet
from nlogn.complexity.inside.loading import Loaded
from nlogn.complexity.inside.meter import PROGRAM_FILE

_MOST_LINES = 1000


class _Watch:
    """Reads the memory at every event of the program's own lines."""

    def __init__(self, until: int) -> None:
        self.until = until  # the event at which to list the blocks; -1: only look for the peak
        self.event = self.line = self.before = 0
        self.best = self.best_event = self.best_line = self.best_held = 0
        self.held: dict[int, int] = {}

    def start(self) -> None:
        self.before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        sys.settrace(self.trace if self.until < 0 else self.count)

    def count(self, frame: Any, event: str, arg: Any) -> Any:
        """The second time: no more than finding the event again."""
        if frame.f_code.co_filename != PROGRAM_FILE:
            return None
        self.reached()
        return self.count

    def reached(self) -> None:
        if self.event == self.until:
            self.held = held()
            sys.settrace(None)
        self.event += 1

    def trace(self, frame: Any, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != PROGRAM_FILE:
            return None
        self.look()
        if event == "return":
            caller = frame.f_back
            inside = caller is not None and caller.f_code.co_filename == PROGRAM_FILE
            self.line = caller.f_lineno if inside else self.line
        else:
            self.line = frame.f_lineno
        return self.trace

    def look(self) -> None:
        """The line that has just run: did it pass the peak?"""
        now, peak = tracemalloc.get_traced_memory()
        if peak > self.best:
            # Of the two ends of the line, the one where more of the peak is still held.
            later = now >= self.before
            self.best, self.best_line = peak, self.line
            self.best_event = self.event if later else self.event - 1
            self.best_held = now if later else self.before
        self.event += 1
        self.before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()


def _watched(payload: Any, until: int) -> Any:
    """(watch, bytes by line before the call, on return, and afterwards)."""
    loaded = Loaded(payload["code"], payload["entry"], payload["inputs"], False)
    tracemalloc.start()
    try:
        module, call, args = _prepared(loaded, payload, payload["n"], payload["m"])
        _leave_room(args)
        gc.collect()
        before = held() if until >= 0 else {}
        watch = _Watch(until)
        watch.start()
        try:
            result = call()
        finally:
            sys.settrace(None)
        if until < 0:
            watch.look()
        elif watch.event <= until:  # the peak is where the call ends
            watch.reached()
        returned = held() if until >= 0 else {}
        del result, call, args
        gc.collect()
        retained = held() if until >= 0 else {}
        del module
        return watch, before, returned, retained
    finally:
        tracemalloc.stop()


def main_lines(payload: Any, send: Any) -> None:
    quiet()
    gc.disable()
    try:
        first = _watched(payload, -1)[0]
        gc.collect()
        watch, before, returned, retained = _watched(payload, max(first.best_event, 0))
        at_peak = dict(watch.held)
        spare = first.best - first.best_held
        if spare > 0:
            at_peak[first.best_line] = at_peak.get(first.best_line, 0) + spare
        lines = []
        for line in sorted({*at_peak, *returned, *retained}):
            sizes = [max(d.get(line, 0) - before.get(line, 0), 0)
                     for d in (at_peak, returned, retained)]  # fmt: skip
            if any(sizes):
                lines.append([line, *sizes])
        lines = sorted(sorted(lines, key=lambda row: -max(row[1:]))[:_MOST_LINES])
        # Not the watch's own peak: that holds what watching takes.
        peak = sum(row[1] for row in lines)
        send({"n": payload["n"], "m": payload["m"], "peak": peak, "lines": lines})
    except BaseException as error:
        sys.settrace(None)
        send({"error": nlogn_limits.describe(error)})
