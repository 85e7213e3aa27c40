"""Inputs by size, made once for all programs that are measured on them."""

import base64
import binascii
from dataclasses import replace

from nlogn.cases import SizedInputs
from nlogn.complexity.harness import harness
from nlogn.sandbox import Limits, Sandbox

MOST_BYTES = 4 << 20
_WALL_S, _CPU_S = 20.0, 5.0


def make_inputs(
    inputs: SizedInputs, sandbox: Sandbox, *, entry: str | None, seed: int = 0
) -> SizedInputs:
    """`inputs` with the arguments that a climb with this `seed` will ask for, as far as they have
    marshal's form and take `MOST_BYTES` together; the others are made when they are asked for.

    The program is not there when these are made: a generator that uses its names gives none.
    """
    payload = {"do": "making", "inputs": inputs.source, "entry": entry, "seed": seed,
               "most": MOST_BYTES}  # fmt: skip
    report = sandbox.execute(harness(), payload, Limits(wall_s=_WALL_S, cpu_s=_CPU_S))
    made = {}
    for told in report.messages:
        try:
            numbers = [told[k] for k in ("seed", "n", "ticks", "work")]
            m, data = told["m"], base64.b64decode(told["data"], validate=True)
        except (TypeError, KeyError, binascii.Error):
            break
        if all(type(v) is int for v in numbers) and type(m) in (int, type(None)):
            its_seed, n, ticks, work = numbers
            made[its_seed, n, m] = (ticks, work, data)
    return replace(inputs, made=made)
