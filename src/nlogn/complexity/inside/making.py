"""Make the inputs of a generator once, for all programs that are measured on it.

payload: {"inputs", "entry", "seed", "most": bytes}
messages: {"seed", "n", "m", "ticks", "work", "data": text}, where "data" is the arguments in
          marshal's form and base64, and "ticks" and "work" what making them took
"""

import base64
import marshal
from typing import Any

from nlogn.complexity.inside.ladder import _MADE, _MOVED, _next_size, install, quiet
from nlogn.complexity.inside.loading import Loaded, make_args, sizes_of
from nlogn.complexity.inside.meter import SCALARS, meter_read, meter_start

_LEAST = 31  # smaller ones are made as fast as they are read
_MOST_SIZE = 40_000
_AGAIN_SIZE = 10_000  # up to which the ladder may ask for other inputs of the same size


def main_making(payload: Any, send: Any) -> None:
    install()
    quiet()
    left = payload["most"]
    loaded = Loaded("", payload["entry"], payload["inputs"], True)
    function = loaded.generator(loaded.fresh())
    for n, m in _wanted(sizes_of(function)):
        for again in range(4 if m is None and n <= _AGAIN_SIZE else 1):
            meter_start(1 << 50, 1 << 60, None)
            generator = loaded.generator(loaded.fresh())
            meter_start(_MADE * 40, _MOVED * 40, _end)
            seed = payload["seed"] + 7919 * again
            args = make_args(generator, n, m, seed, loaded.entry is None)
            ticks, work, _ = meter_read()
            if all(type(a) in SCALARS for a in args):
                return
            data = marshal.dumps(args)
            left -= len(data)
            if left < 0 or max(ticks / _MADE, work / _MOVED) > 4:
                return
            send({"seed": seed, "n": n, "m": m, "ticks": ticks, "work": work,
                  "data": base64.b64encode(data).decode()})  # fmt: skip


def _wanted(sizes: int) -> Any:
    if sizes == 2:
        axis = [2 << k for k in range(12)]
        pairs = sorted(((n, m) for n in axis for m in axis), key=lambda p: (p[0] * p[1], p))
        yield from (p for p in pairs if p[0] + p[1] >= _LEAST)
        return
    n = _LEAST
    while n <= _MOST_SIZE:
        yield n, None
        n = _next_size(n)


def _end(why: str) -> None:
    raise OverflowError(why)
