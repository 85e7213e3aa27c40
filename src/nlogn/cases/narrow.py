"""Lets the sandbox decide between readings of a signature, and drop inputs that do not run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nlogn.cases.differential import Caller
from nlogn.cases.generate import generate
from nlogn.cases.infer import infer_signature
from nlogn.cases.objects import adapt
from nlogn.cases.sized import SizedInputs, alternatives, signature_inputs, sized_inputs
from nlogn.cases.types import Choice, Signature
from nlogn.sandbox.types import Limits, Outcome, Program

_WRONG_TYPE = ("TypeError", "AttributeError")
_QUICK = Limits(wall_s=0.5, cpu_s=0.5)


def narrow(signature: Signature, program: Program, sandbox: Caller, *, seed: int = 0) -> Signature:
    """`signature` without the readings on which the program always raises a TypeError or
    AttributeError; the one that works most often comes first."""
    if not any(isinstance(t, Choice) for t in signature.types):
        return signature
    program = adapt(program, signature)
    readings = alternatives(signature, 12)
    score: list[tuple[float, int]] = []
    for i, types in enumerate(readings):
        inputs = generate(_with(signature, types), count=12, seed=seed, hypothesis_share=0.0)
        outcomes = sandbox.call(program, inputs, _QUICK)
        score.append((_fitness(outcomes), -i))
    if max(score)[0] <= 0:
        return signature
    kept = [readings[-i] for value, i in sorted(score, reverse=True) if value > 0]
    from nlogn.cases.types import choice

    columns = [choice([types[i] for types in kept]) for i in range(len(signature.params))]
    params = tuple(replace(p, type=t) for p, t in zip(signature.params, columns, strict=True))
    return replace(signature, params=params)


def _with(signature: Signature, types: Sequence[Any]) -> Signature:
    params = tuple(replace(p, type=t) for p, t in zip(signature.params, types, strict=True))
    return replace(signature, params=params)


def _fitness(outcomes: Sequence[Outcome]) -> float:
    """The share of calls that did not show a wrong type; a value is better than an error."""
    if not outcomes:
        return 0.0
    good = sum(o.status == "ok" for o in outcomes)
    other = sum(o.status not in ("ok", "invalid") and not (
        o.error is not None and o.error.type in _WRONG_TYPE) for o in outcomes)  # fmt: skip
    return (good + 0.3 * other) / len(outcomes) if good + other else 0.0


# Evaluates the generator beside the program, as the measuring does, and tells what happened.
_TRIAL = """

def nlogn_trial(sources, n, m):
    import random
    told = []
    for source in sources:
        try:
            make = eval(source, globals())
            sizes = (n, m) if source.startswith("lambda n, m,") else (n,)
            args = make(*sizes, random.Random(0))
            %s
            told.append("ok")
        except RecursionError:
            told.append("deep")
        except BaseException as error:
            told.append(type(error).__name__)
    return told
"""


def validated_sized_inputs(
    program: Program,
    sandbox: Caller,
    *,
    statement: str = "",
    examples: Sequence[tuple[Any, ...]] = (),
    size: int = 9,
) -> tuple[SizedInputs, ...]:
    """`sized_inputs`, each source tried on the program; those on which it raises are dropped,
    and other readings of the signature or of the input's grammar are tried instead. When none
    runs, the first reading comes back unchanged.

    Raises:
        ValueError: the program does not parse or has no such entry.
    """
    if program.entry is None:
        from nlogn.cases.stdin import validated_stdin_inputs

        return validated_stdin_inputs(program, sandbox, statement=statement)
    signature = infer_signature(program.code, program.entry, statement=statement, examples=examples)
    first: tuple[SizedInputs, ...] = ()
    best: tuple[SizedInputs, ...] = ()
    for types in alternatives(signature, 12):
        inputs = signature_inputs(signature, types)
        first = first or inputs
        works = _that_run(program, inputs, sandbox, size)
        if len(works) > len(best):
            best = works
        if len(works) == len(inputs):
            break
        if works and len(works) * 2 >= len(inputs):
            break
    return best or first


def _that_run(
    program: Program, inputs: Sequence[SizedInputs], sandbox: Caller, size: int
) -> tuple[SizedInputs, ...]:
    owner, _, name = (program.entry or "").rpartition(".")
    target = f"{owner}().{name}" if owner else name
    call = f"{target}(*(args if isinstance(args, tuple) else (args,)))"
    trial = Program(program.code + _TRIAL % call, "nlogn_trial")
    calls = [([s.source for s in inputs], n, m) for n, m in ((size, max(2, size - 3)), (2, 3))]
    outcomes = sandbox.call(trial, calls, Limits(wall_s=1.5, cpu_s=1.5))
    large, little = (list(o.value) if o.status == "ok" else [] for o in outcomes)
    if not large:  # one of them does not end: one by one, then
        large = []
        for s in inputs:
            one = sandbox.call(trial, [([s.source], size, max(2, size - 3))], _QUICK)[0]
            slow = one.status in ("wall_limit", "cpu_limit")
            large.append(one.value[0] if one.status == "ok" else "ok" if slow else one.status)
    del little
    return tuple(s for s, told in zip(inputs, large, strict=False) if told in ("ok", "deep"))


__all__ = ["narrow", "sized_inputs", "validated_sized_inputs"]
