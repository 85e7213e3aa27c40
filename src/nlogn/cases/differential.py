"""Finds inputs on which a program differs from one that is right.

The oracle decides what is right and what counts: an input on which it raises lies outside the
problem's domain. It is a reference, or several candidates of which most agree.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from nlogn.cases.corpus import FailureCorpus, key_of
from nlogn.cases.domain import conforms
from nlogn.cases.equal import same
from nlogn.cases.generate import generate
from nlogn.cases.infer import infer_signature
from nlogn.cases.objects import adapt
from nlogn.cases.shrink import cost, shrink
from nlogn.cases.types import Signature
from nlogn.sandbox.types import Limits, Outcome, Program

Why = Literal["value", "exception", "time", "memory", "output", "mutation", "crash", "invalid"]


class Caller(Protocol):
    """What is needed of a `Sandbox`."""

    def call(
        self, program: Program, calls: Sequence[tuple[Any, ...]], limits: Limits = ...,
        *, args_after: bool = ..., stop_on_failure: bool = ...,
    ) -> list[Outcome]: ...  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One input on which the candidate is wrong."""

    args: tuple[Any, ...]
    expected: Any
    got: Outcome
    why: Why


@dataclass(frozen=True, slots=True)
class Comparison:
    """`checked` inputs of the domain were compared; on `outside` others the oracle raised or
    took too long."""

    mismatches: tuple[Mismatch, ...]
    checked: int
    outside: int
    valid: tuple[tuple[Any, ...], ...] = ()  # the inputs of the domain


Equal = Callable[..., bool]
LIMITS = Limits(wall_s=2.0, cpu_s=2.0)
_REFERENCE_LIMITS = Limits(wall_s=1.5, cpu_s=0.3)


def differential(
    candidate: Program,
    oracle: Program | Sequence[Program],
    inputs: Sequence[tuple[Any, ...]],
    *,
    sandbox: Caller,
    equal: Equal = same,
    tolerance: float = 0.0,
    limits: Limits = LIMITS,
    mutation: bool = False,
    stop_after: int | None = None,
) -> list[Mismatch]:
    """The inputs on which `candidate` differs from the oracle, simplest first."""
    found = compare(candidate, oracle, inputs, sandbox=sandbox, equal=equal, tolerance=tolerance,
                    limits=limits, mutation=mutation, stop_after=stop_after)  # fmt: skip
    return list(found.mismatches)


def compare(
    candidate: Program,
    oracle: Program | Sequence[Program],
    inputs: Sequence[tuple[Any, ...]],
    *,
    sandbox: Caller,
    equal: Equal = same,
    tolerance: float = 0.0,
    limits: Limits = LIMITS,
    mutation: bool = False,
    stop_after: int | None = None,
    calm: set[Program] | None = None,
) -> Comparison:
    """Runs both on `inputs` and compares values, exceptions and, with `mutation`, what is left
    of the arguments. The candidate may take ten times as long as the oracle, and 0.3 s of CPU
    time; after a batch with an input on which it took longer, no more are tried.

    `limits` bound the candidate's call; the oracle has at most a second for each. `calm` keeps
    what `run_calls` learns of the programs from one comparison to the next.
    """
    calm = set() if calm is None else calm
    truth = _expected(oracle, inputs, sandbox, equal, tolerance, mutation, calm)
    known = [(args, outcome) for args, outcome in zip(inputs, truth, strict=True)
             if outcome is not None]  # fmt: skip
    slowest = max((o.wall_s for _, o in known), default=0.0)
    # CPU time is what counts: on a busy machine the wall clock runs on without the program.
    cpu = min(limits.cpu_s, max(0.3, 10 * slowest))
    limits = replace(limits, cpu_s=cpu, wall_s=min(limits.wall_s, 0.7 + 2 * cpu))
    calls = [a for a, _ in known]
    outcomes = run_calls(candidate, calls, sandbox, limits, mutation, max_slow=1,
                         max_bad=stop_after, calm=calm)  # fmt: skip
    mismatches: list[Mismatch] = []
    checked = 0
    for (args, right), got in zip(known, outcomes, strict=True):
        if got is None:
            continue
        checked += 1
        why = _differs(right, got, equal, tolerance, mutation)
        if why is not None:
            mismatches.append(Mismatch(args, right.value, got, why))
    mismatches.sort(key=lambda m: cost(m.args))
    outside = len(inputs) - len(known)
    return Comparison(tuple(mismatches), checked, outside, tuple(calls))


def _differs(
    right: Outcome, got: Outcome, equal: Equal, tolerance: float, mutation: bool
) -> Why | None:
    match got.status:
        case "ok":
            if not equal(right.value, got.value, tolerance=tolerance):
                return "value"
            if mutation and not equal(right.args_after, got.args_after, tolerance=tolerance):
                return "mutation"
            return None
        case "system_error":
            return None  # ours: never a wrong answer
        case "wall_limit" | "cpu_limit" | "step_limit":
            return "time"
        case "memory_limit":
            return "memory"
        case "output_limit":
            return "output"
        case "invalid":
            return "invalid"
        case "crashed" | "forbidden":
            return "crash"
    return "exception"


def _expected(
    oracle: Program | Sequence[Program], inputs: Sequence[tuple[Any, ...]], sandbox: Caller,
    equal: Equal, tolerance: float, mutation: bool, calm: set[Program],
) -> list[Outcome | None]:  # fmt: skip
    """What is right on each input; None where it is not known or outside the domain."""
    programs = [oracle] if isinstance(oracle, Program) else list(oracle)
    if not programs:
        raise ValueError("an oracle needs at least one program")
    runs = [_run_oracle(p, inputs, sandbox, mutation, calm) for p in programs]
    if len(programs) == 1:
        return [o if o is not None and o.status == "ok" else None for o in runs[0]]
    return [_majority([r[i] for r in runs], equal, tolerance) for i in range(len(inputs))]


def _run_oracle(
    program: Program, inputs: Sequence[tuple[Any, ...]], sandbox: Caller, mutation: bool,
    calm: set[Program],
) -> list[Outcome | None]:  # fmt: skip
    """Outcomes in input order. A few light inputs go first and the rest by weight, so that a
    slow reference has done what it can before it is given up."""
    heavy = [weight(args) for args in inputs]
    order = sorted(range(len(inputs)), key=heavy.__getitem__)
    light = sum(w <= _LIGHT for w in heavy)
    order = order[:light:12] + [i for k, i in enumerate(order) if k % 12 or k >= light]
    calls = [inputs[i] for i in order]
    found = _run_light(program, calls[:light], sandbox, mutation, calm)
    # The heavy ones a few at a time, up to the first that is too slow.
    ends = time.monotonic() + _HEAVY_S
    while len(found) < len(calls) and time.monotonic() < ends:
        some = calls[len(found) :][:6]
        found += run_calls(program, some, sandbox, _REFERENCE_LIMITS, mutation, max_slow=1,
                           calm=calm)  # fmt: skip
        if found[-1] is None or found[-1].status in _SLOW:
            break
    found += [None] * (len(calls) - len(found))
    outcomes: list[Outcome | None] = [None] * len(inputs)
    for i, outcome in zip(order, found, strict=True):
        outcomes[i] = outcome
    return outcomes


def _run_light(
    program: Program, calls: Sequence[tuple[Any, ...]], sandbox: Caller, mutation: bool,
    calm: set[Program],
) -> list[Outcome | None]:  # fmt: skip
    """Inputs that cost little unless the oracle hangs on them, as one does that counts down
    from a negative number. What two hanging inputs have in common is avoided from then on;
    after the fourth the rest is given up."""
    outcomes: list[Outcome | None] = [None] * len(calls)
    pending = list(range(len(calls)))
    hung: Counter[tuple[int, str]] = Counter()
    for _ in range(_HANGS):
        found = run_calls(program, [calls[i] for i in pending], sandbox, _LIGHT_LIMITS, mutation,
                          max_slow=1, calm=calm)  # fmt: skip
        done = 0
        for i, outcome in zip(pending, found, strict=True):
            outcomes[i] = outcome
            done += outcome is not None
        last = found[done - 1] if done else None
        if done == len(pending) or last is None or last.status not in _SLOW:
            break
        hung.update(_features(calls[pending[done - 1]]))
        fine = {f for i, o in enumerate(outcomes) if o is not None and o.status not in _SLOW
                for f in _features(calls[i])}  # fmt: skip
        bad = {f for f, times in hung.items() if times > 1 and f not in fine}
        pending = [i for i in pending[done:] if not bad & set(_features(calls[i]))]
    return outcomes


def _features(args: tuple[Any, ...]) -> list[tuple[int, str]]:
    """What may make a program hang: small values, signs, emptiness, by position."""
    found = []
    for i, value in enumerate(args):
        if isinstance(value, (int, float)):
            found.append((i, "negative" if value < 0 else "not negative"))
            if -3 <= value <= 3:
                found.append((i, repr(value)))
        elif hasattr(value, "__len__"):
            found.append((i, "empty" if not len(value) else "not empty"))
    return found


def run_calls(
    program: Program, calls: Sequence[tuple[Any, ...]], sandbox: Caller, limits: Limits,
    mutation: bool, *, max_slow: int, max_bad: int | None = None,
    calm: set[Program] | None = None,
) -> list[Outcome | None]:  # fmt: skip
    """One outcome per call, None for those not tried any more.

    Gives up after `max_slow` calls that ran into a limit: a program that hangs on one input
    mostly hangs on many. While hangs are to be feared the batch ends at each call that fails,
    which costs a fresh process; once ten calls only raised, all go on together. `calm` keeps
    the programs of which that is known.
    """
    outcomes: list[Outcome | None] = []
    slow = bad = raised = 0
    calm = set() if calm is None else calm
    while len(outcomes) < len(calls):
        if raised >= 10 and not slow:
            calm.add(program)
        trusted = program in calm
        rest = calls[len(outcomes) :][: 40 if trusted else None]
        found = sandbox.call(
            program, rest, limits, args_after=mutation, stop_on_failure=not trusted
        )
        outcomes += found
        if not found or found[0].status == "invalid":
            break
        failed = [o for o in found if o.status != "ok"]
        hung = sum(o.status in _SLOW for o in failed)
        slow, bad, raised = slow + hung, bad + len(failed), raised + len(failed) - hung
        if hung:
            calm.discard(program)
        if slow >= max_slow or (max_bad is not None and bad >= max_bad):
            break
    return [*outcomes, *[None] * (len(calls) - len(outcomes))]


_ENOUGH = 20  # mismatches to choose the simplest from
_LIGHT = 3000  # the weight up to which an input costs next to nothing, for most programs
_HEAVY_S = 0.4
_HANGS = 4
_LIGHT_LIMITS = Limits(wall_s=1.0, cpu_s=0.12)
_SLOW = ("wall_limit", "cpu_limit", "memory_limit", "output_limit")


def weight(value: Any) -> int:
    """How much work an input may ask for: its numbers' sizes and its length."""
    if isinstance(value, bool) or value is None:
        return 1
    if isinstance(value, int):
        return min(abs(value), 10**18) + 1
    if isinstance(value, float):
        return int(min(abs(value), 1e15)) + 1 if value == value else 1
    if isinstance(value, (str, bytes)):
        return len(value) + 1
    if isinstance(value, dict):
        return 1 + sum(weight(k) + weight(v) for k, v in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return 1 + sum(weight(v) for v in value)
    return 1


def _majority(outcomes: list[Outcome | None], equal: Equal, tolerance: float) -> Outcome | None:
    """The outcome that more than half agree on, counting those that came to a value."""
    ok = [o for o in outcomes if o is not None and o.status == "ok"]
    best, votes = None, 0
    for one in ok:
        agree = sum(equal(one.value, other.value, tolerance=tolerance) for other in ok)
        if agree > votes:
            best, votes = one, agree
    ran = sum(o is not None and o.status != "system_error" for o in outcomes)
    return best if votes >= 2 and 2 * votes > ran else None


def find_failure(
    candidate: Program,
    oracle: Program | Sequence[Program],
    signature: Signature,
    *,
    sandbox: Caller,
    seeds: Sequence[tuple[Any, ...]] = (),
    count: int = 300,
    seed: int = 0,
    equal: Equal = same,
    tolerance: float = 0.0,
    mutation: bool = False,
    corpus: FailureCorpus | None = None,
    problem: str = "",
    shrink_s: float = 0.6,
) -> Comparison:
    """Generates inputs, compares, and shrinks the simplest mismatch, which comes first.

    Kept failing inputs are tried before new ones. When the oracle refuses many of the inputs,
    more are made by changing those that it takes. A new failing input is kept in `corpus`.
    """
    right = adapt(oracle, signature) if isinstance(oracle, Program) else [
        adapt(p, signature) for p in oracle]  # fmt: skip
    program = adapt(candidate, signature)
    key = key_of(signature, problem)
    given = [*(corpus.failures(key) if corpus is not None else ()), *seeds]

    calm: set[Program] = set()

    def run(inputs: Sequence[tuple[Any, ...]]) -> Comparison:
        return compare(program, right, inputs, sandbox=sandbox, equal=equal, tolerance=tolerance,
                       mutation=mutation, stop_after=_ENOUGH, calm=calm)  # fmt: skip

    total = Comparison((), 0, 0)
    fresh = generate(signature, seeds=seeds, count=count, seed=seed)
    light = [args for args in fresh if weight(args) <= _LIGHT]
    heavy = [args for args in fresh if weight(args) > _LIGHT]
    for some in (given, light[:100], light[100:], heavy):
        if some and not total.mismatches:
            total = _add(total, run(some))
    for extra in (1, 2):
        if total.mismatches or not total.outside:
            break
        if total.checked >= 0.7 * (total.checked + total.outside) and extra > 1:
            break
        if not total.valid:
            break
        # Steer: what the oracle took is the best guide to what it takes.
        more = generate(signature, seeds=_spread(total.valid, 30), count=count,
                        seed=seed + extra, hypothesis_share=0.0)  # fmt: skip
        old = {repr(v) for v in total.valid}
        total = _add(total, run([m for m in more if repr(m) not in old]))
    rare = 10 * total.checked < total.outside
    if not total.mismatches and rare and isinstance(oracle, Program):
        # The types were read from a program that misuses its arguments: the oracle does not.
        better = _reading_of(oracle, signature)
        if better is not None and better.types != signature.types:
            return find_failure(candidate, oracle, better, sandbox=sandbox, seeds=seeds,
                                count=count, seed=seed, equal=equal, tolerance=tolerance,
                                mutation=mutation, corpus=corpus, problem=problem or key,
                                shrink_s=shrink_s)  # fmt: skip
    if not total.mismatches:
        return total
    first = total.mismatches[0]
    inside = conforms(first.args, signature)

    def still_fails(rows: list[tuple[Any, ...]]) -> list[bool]:
        fine = [r for r in rows if not inside or conforms(r, signature)]
        bad = {repr(m.args) for m in run(fine).mismatches} if fine else set()
        return [repr(row) in bad for row in rows]

    small = shrink(first.args, still_fails, budget_s=shrink_s)
    if repr(small) != repr(first.args):
        again = run([small])
        if again.mismatches:
            rest = tuple(m for m in total.mismatches if repr(m.args) != repr(small))
            total = replace(total, mismatches=(*again.mismatches, *rest))
    if corpus is not None:
        corpus.add(key, total.mismatches[0].args)
    return total


def _reading_of(oracle: Program, signature: Signature) -> Signature | None:
    try:
        return infer_signature(oracle.code, oracle.entry, examples=signature.examples)
    except ValueError:
        return None


def _add(a: Comparison, b: Comparison) -> Comparison:
    mismatches = sorted((*a.mismatches, *b.mismatches), key=lambda m: cost(m.args))
    return Comparison(tuple(mismatches), a.checked + b.checked, a.outside + b.outside,
                      (*a.valid, *b.valid))  # fmt: skip


def _spread(rows: Sequence[tuple[Any, ...]], count: int) -> list[tuple[Any, ...]]:
    step = max(1, len(rows) // count)
    return list(rows[::step][:count])
