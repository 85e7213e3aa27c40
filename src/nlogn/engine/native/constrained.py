"""Output that is JSON (RFC 8259), whatever the network would rather write.

The bytes so far are a state of a pushdown automaton; a token may come next if its bytes lead from
there to another state, and the end if what stands there is whole. The tokens allowed in a state
are found once and kept. An answer that `max_tokens` cuts off is the beginning of JSON.

    Request(..., steer=(engine.json_output(),))
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlogn.engine.native.sequence import Logits

_SPACE = b" \t\n\r"
_DIGITS = b"0123456789"
_DEEPEST = 64  # arrays and objects in each other
_CLOSE = {"[": ord("]"), "{": ord("}")}
_KEPT_STATES = 4096


class State(NamedTuple):
    """`mode`: what may come next; `stack`: open brackets; `rest`: the bytes that a literal still
    needs, or how many hexadecimal digits; `low`, `high`: the range of a UTF-8 continuation byte
    and `more`: how many follow it."""

    mode: str
    stack: str = ""
    rest: bytes = b""
    low: int = 0
    high: int = 0
    more: int = 0


_NUMBER_ENDS = ("zero", "digits", "fraction", "exponent")
_NUMBER = {
    ("minus", "0"): "zero", ("minus", "1-9"): "digits", ("digits", "0"): "digits",
    ("digits", "1-9"): "digits", ("zero", "."): "point", ("digits", "."): "point",
    ("point", "0"): "fraction", ("point", "1-9"): "fraction", ("fraction", "0"): "fraction",
    ("fraction", "1-9"): "fraction", ("zero", "e"): "e", ("digits", "e"): "e",
    ("fraction", "e"): "e", ("e", "0"): "exponent", ("e", "1-9"): "exponent", ("e", "-"): "sign",
    ("e", "+"): "sign", ("sign", "0"): "exponent", ("sign", "1-9"): "exponent",
    ("exponent", "0"): "exponent", ("exponent", "1-9"): "exponent",
}  # fmt: skip


def advance(state: State, data: bytes) -> State | None:
    """The state after these bytes; None if no JSON goes on like that."""
    for byte in data:
        after = _step(state, byte)
        if after is None:
            return None
        state = after
    return state


def complete(state: State) -> bool:
    """Whether what stands there is a whole JSON text."""
    return not state.stack and (state.mode == "after" or state.mode in _NUMBER_ENDS)


def _step(state: State, byte: int) -> State | None:
    mode, stack = state.mode, state.stack
    if mode in ("string", "key"):
        return _in_string(state, byte)
    if mode in ("minus", "zero", "digits", "point", "fraction", "e", "sign", "exponent"):
        kind = "1-9" if byte in _DIGITS[1:] else "e" if byte in b"eE" else chr(byte)
        if (then := _NUMBER.get((mode, kind))) is not None:
            return State(then, stack)
        if mode not in _NUMBER_ENDS:
            return None
        mode = "after"
    if mode == "literal":
        if byte != state.rest[0]:
            return None
        rest = state.rest[1:]
        return State("literal", stack, rest) if rest else State("after", stack)
    if byte in _SPACE:
        return State(mode, stack)
    if mode in ("value", "first item", "object"):
        if mode == "first item" and byte == ord("]"):
            return State("after", stack[:-1])
        return _value(stack, byte) if mode != "object" or byte == ord("{") else None
    if mode in ("first key", "next key"):
        if byte == ord('"'):
            return State("key", stack)
        closed = mode == "first key" and byte == ord("}")
        return State("after", stack[:-1]) if closed else None
    if mode == "colon":
        return State("value", stack) if byte == ord(":") else None
    if not stack:
        return None
    if byte == _CLOSE[stack[-1]]:
        return State("after", stack[:-1])
    if byte == ord(","):
        return State("value" if stack[-1] == "[" else "next key", stack)
    return None


def _value(stack: str, byte: int) -> State | None:
    if byte == ord('"'):
        return State("string", stack)
    if byte in b"[{":
        if len(stack) == _DEEPEST:
            return None
        return State("first item" if byte == ord("[") else "first key", stack + chr(byte))
    if byte in b"-0":
        return State("minus" if byte == ord("-") else "zero", stack)
    if byte in _DIGITS:
        return State("digits", stack)
    literal = {ord("t"): b"rue", ord("f"): b"alse", ord("n"): b"ull"}.get(byte)
    return State("literal", stack, literal) if literal else None


def _in_string(state: State, byte: int) -> State | None:
    mode, stack = state.mode, state.stack
    plain = State(mode, stack)
    if state.high:  # inside a character of several bytes
        if not state.low <= byte <= state.high:
            return None
        return state._replace(low=0x80, high=0xBF, more=state.more - 1) if state.more else plain
    if state.rest == b"\\":
        if byte == ord("u"):
            return state._replace(rest=b"uuuu")
        return plain if byte in b'"\\/bfnrt' else None
    if state.rest:
        return state._replace(rest=state.rest[1:]) if byte in b"0123456789abcdefABCDEF" else None
    if byte == ord('"'):
        return State("after" if mode == "string" else "colon", stack)
    if byte == ord("\\"):
        return state._replace(rest=b"\\")
    if byte < 0x20:
        return None
    if byte < 0x80:
        return plain
    # the well-formed sequences of the Unicode standard, table 3-7
    for first, last, low, high, more in (
        (0xC2, 0xDF, 0x80, 0xBF, 0), (0xE0, 0xE0, 0xA0, 0xBF, 1), (0xE1, 0xEC, 0x80, 0xBF, 1),
        (0xED, 0xED, 0x80, 0x9F, 1), (0xEE, 0xEF, 0x80, 0xBF, 1), (0xF0, 0xF0, 0x90, 0xBF, 2),
        (0xF1, 0xF3, 0x80, 0xBF, 2), (0xF4, 0xF4, 0x80, 0x8F, 2),
    ):  # fmt: skip
        if first <= byte <= last:
            return state._replace(low=low, high=high, more=more)
    return None


class JsonOutput:
    """A `Steer` for one request or several, one after the other or side by side.

    `vocabulary`: the bytes of each token; `end`: the end tokens; `objects`: the outermost value is
    an object.
    """

    def __init__(self, vocabulary: list[bytes], end: frozenset[int], objects: bool = False):
        self.vocabulary = vocabulary
        self.end = end
        self._start = State("object" if objects else "value")
        self._allowed: dict[State, NDArray[np.bool_]] = {}
        self._states: dict[bytes, State] = {}

    def __call__(self, tokens: list[int], prompt: int, logits: Logits) -> None:
        text = b"".join(self.vocabulary[t] for t in tokens[prompt:])
        last = self.vocabulary[tokens[-1]] if len(tokens) > prompt else b""
        before = self._states.pop(text[: len(text) - len(last)], None)
        state = advance(self._start, text) if before is None else advance(before, last)
        if state is None:
            raise ValueError("the answer so far is no JSON: another steering overruled this one")
        if len(self._states) >= _KEPT_STATES:
            self._states.clear()
        self._states[text] = state
        logits[~self._mask(state)] = -np.inf

    def _mask(self, state: State) -> NDArray[np.bool_]:
        mask = self._allowed.get(state)
        if mask is None:
            if len(self._allowed) >= _KEPT_STATES:
                self._allowed.clear()
            only_end = complete(state) and state.mode == "after"
            mask = np.array([
                bool(data) and not only_end and advance(state, data) is not None
                for data in self.vocabulary
            ])  # fmt: skip
            for token in self.end:
                mask[token] = complete(state)
            self._allowed[state] = mask
        return mask
