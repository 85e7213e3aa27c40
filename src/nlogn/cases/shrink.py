"""Makes a failing input as small as it goes while it still fails."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Fails = Callable[[list[tuple[Any, ...]]], list[bool]]


def shrink(
    args: tuple[Any, ...], still_fails: Fails, *, budget_s: float = 1.0, batch: int = 40
) -> tuple[Any, ...]:
    """The simplest argument tuple found from `args` for which `still_fails` is true.

    `still_fails` judges many candidates at once (one sandbox process) and must be false for
    inputs outside the domain. Greedy: each round tries all one-step simplifications, biggest
    cuts first, and goes on from the simplest that still fails. Ends at a local minimum or after
    `budget_s`; the result never is less simple than `args`.
    """
    deadline = time.monotonic() + budget_s
    best, best_cost = args, cost(args)
    tried = {repr(args)}
    while time.monotonic() < deadline:
        found = None
        for group in _batches(_steps(best, best_cost, tried), batch):
            verdicts = still_fails(group)
            failing = [g for g, bad in zip(group, verdicts, strict=True) if bad]
            if failing:
                found = min(failing, key=cost)
                break
            if time.monotonic() > deadline:
                break
        if found is None:
            break
        best, best_cost = found, cost(found)
    return best


def cost(value: Any) -> tuple[int, int, str]:
    """How complex a value is: elements, then magnitude, then spelling."""
    size, weight = _cost(value)
    return size, weight, repr(value) if size < 50 else ""


def _cost(value: Any) -> tuple[int, int]:
    if value is None or isinstance(value, bool):
        return 1, int(bool(value))
    if isinstance(value, int):
        return 1, min(abs(value), 10**18) * 2 + (value < 0)
    if isinstance(value, float):
        whole = value == value and abs(value) < 1e15 and value == int(value)
        plain = min(abs(value), 1e15) if value == value else 1e15
        return 1, int(plain) * 2 + (value < 0) + (1 if whole else 5 + min(len(repr(value)), 20))
    if isinstance(value, (str, bytes)):
        text = value if isinstance(value, str) else value.decode("latin-1")
        return 1 + len(text), sum(_letter(c) for c in text)
    if isinstance(value, dict):
        parts = [_cost(x) for pair in value.items() for x in pair]
    elif isinstance(value, (list, tuple, set, frozenset)) or hasattr(value, "__iter__"):
        parts = [_cost(x) for x in value]
    else:
        return 1, len(repr(value))
    return 1 + sum(p[0] for p in parts), sum(p[1] for p in parts)


def _letter(char: str) -> int:
    order = "a0bA1 cB"
    place = order.find(char)
    return place if place >= 0 else 10 + min(ord(char), 5000)


def _steps(
    args: tuple[Any, ...], limit: tuple[int, int, str], tried: set[str]
) -> Iterator[tuple[Any, ...]]:
    for made in _simpler(args, top=True):
        key = repr(made)
        if key in tried or cost(made) >= limit:
            continue
        tried.add(key)
        yield made


def _batches(source: Iterator[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    group: list[tuple[Any, ...]] = []
    for one in source:
        group.append(one)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _simpler(value: Any, top: bool = False) -> Iterator[Any]:
    """One-step simplifications, the boldest first."""
    if isinstance(value, bool):
        if value:
            yield False
    elif isinstance(value, int):
        yield from _simpler_int(value)
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            yield 0.0
            return
        yield from (0.0, 1.0, -1.0, 0.5, float(int(value)), float(round(value, 1)), -value,
                    value / 2)  # fmt: skip
    elif isinstance(value, str):
        yield from _simpler_text(value)
    elif isinstance(value, bytes):
        yield from (v.encode("latin-1", "replace") for v in _simpler_text(value.decode("latin-1")))
    elif isinstance(value, dict):
        yield from _simpler_dict(value)
    elif isinstance(value, (list, tuple)):
        yield from _simpler_sequence(value, top)
    elif isinstance(value, (set, frozenset)):
        elements = sorted(value, key=repr)
        for made in _simpler_sequence(elements, False):
            try:
                yield type(value)(made)
            except TypeError:
                continue


def _simpler_int(value: int) -> Iterator[int]:
    yield from (0, 1, 2, -1)
    if value < 0:
        yield -value
    for divisor in (1000, 100, 10, 4, 2):
        if abs(value) >= divisor:
            yield int(value / divisor) if abs(value) < 2**53 else value // divisor
    sign = 1 if value > 0 else -1
    for step in (100, 10, 5, 3, 2, 1):
        if abs(value) > step:
            yield value - sign * step


def _simpler_text(text: str) -> Iterator[str]:
    yield ""
    yield from _cuts(text)
    for letter in ("a", "0", " "):
        if any(c != letter for c in text):
            yield letter * len(text)
    for char in dict.fromkeys(text):
        for letter in "ab0A":
            if _letter(letter) < _letter(char):
                yield text.replace(char, letter)
    for i, char in enumerate(text[:40]):
        for letter in "ab0A1":
            if _letter(letter) < _letter(char):
                yield text[:i] + letter + text[i + 1 :]


def _cuts(value: Any) -> Iterator[Any]:
    """Without a half, a quarter, … one element, anywhere; then without two at once."""
    size = len(value)
    width = size
    while width > 1:
        width = (width + 1) // 2
        starts = range(0, size, width) if size > 40 else range(0, size - width + 1)
        for start in starts:
            yield value[:start] + value[start + width :]
    if size == 1:
        yield value[:0]
    if size <= 12:
        for i in range(size):
            for j in range(i + 1, size):
                yield value[:i] + value[i + 1 : j] + value[j + 1 :]


def _simpler_sequence(value: Sequence[Any], top: bool) -> Iterator[Any]:
    made: Any = value
    if not top and value:
        yield made[:0]
        yield from _cuts(made)
        if len(value) > 1:
            with contextlib.suppress(TypeError):
                yield type(made)(sorted(made))
    if top:  # the same cut on two arguments that hold together
        yield from _together(tuple(value))
    for i in range(min(len(value), 60)):
        for element in _simpler(value[i]):
            yield made[:i] + type(made)([element]) + made[i + 1 :]
    if not top and 1 < len(value) <= 30:
        numbers = [v for v in value if isinstance(v, int) and not isinstance(v, bool)]
        if len(numbers) == len(value):
            low = min(numbers)
            if low > 1:
                yield type(made)(v - low + 1 for v in numbers)
            for old in dict.fromkeys(numbers):
                for new in (0, 1, 2, old // 2, old - 1):
                    if 0 <= new < abs(old):
                        yield type(made)(new if v == old else v for v in numbers)


def _together(args: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    sized = [i for i, a in enumerate(args) if isinstance(a, (list, str)) and a]
    numbers = [i for i, a in enumerate(args) if type(a) is int and a > 0]
    for x, i in enumerate(sized):
        for j in sized[x + 1 :]:
            if len(args[i]) == len(args[j]):
                for k in range(len(args[i])):
                    row = list(args)
                    row[i], row[j] = (args[t][:k] + args[t][k + 1 :] for t in (i, j))
                    yield tuple(row)
        for j in numbers:
            for k in range(min(len(args[i]), 20)):
                row = list(args)
                row[i], row[j] = args[i][:k] + args[i][k + 1 :], args[j] - 1
                yield tuple(row)
    if len(numbers) > 1:
        for i in numbers:
            for j in numbers:
                if i < j:
                    row = list(args)
                    row[i], row[j] = args[i] - 1, args[j] - 1
                    yield tuple(row)


def _simpler_dict(value: dict[Any, Any]) -> Iterator[dict[Any, Any]]:
    yield {}
    keys = list(value)
    for key in keys:
        yield {k: v for k, v in value.items() if k != key}
    for key in keys[:20]:
        for element in _simpler(value[key]):
            yield {**value, key: element}
        for new in _simpler(key):
            try:
                if new not in value:
                    yield {new if k == key else k: v for k, v in value.items()}
            except TypeError:
                continue
