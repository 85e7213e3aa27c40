"""JSON output: the automaton accepts what the standard library's parser does, and beginnings."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlogn.engine.native.constrained import JsonOutput, State, advance, complete
from nlogn.engine.native.sequence import Request

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner,
                                                                max_size=3),
    max_leaves=8,
)  # fmt: skip
START = State("value")


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_and_its_beginnings_are_accepted(value: Any, indent: Any, ascii_only: bool) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    for cut in range(len(data) + 1):
        assert advance(START, data[:cut]) is not None
    state = advance(START, data)
    assert state is not None and complete(state)
    if isinstance(value, dict):
        assert advance(State("object"), data) is not None


@given(st.text('[]{}",:0123-.eEtrufalsn\\ \n', max_size=12) | st.text(max_size=8))
def test_what_is_complete_is_what_the_parser_reads(text: str) -> None:
    state = advance(START, text.encode("utf-8", "surrogatepass"))

    def refuse(name: str) -> None:
        raise ValueError(name)  # NaN and Infinity are an extension of Python's

    try:
        json.loads(text, parse_constant=refuse)
        reads = not any("\ud800" <= c <= "\udfff" for c in text)
    except ValueError:
        reads = False
    assert (state is not None and complete(state)) == reads


@pytest.mark.parametrize(
    "data",
    [b"01", b"[1,]", b'{"a":1,}', b"{1", b'"\x01', b'"\xff', b'"\xc0\xaf"', b'"\xed\xa0', b'"\\x',
     b'"\\u12g', b"1d", b"[}", b"1 2", b"+1", b".5", b"1.e", b"tru e", b"nul\n"],
)  # fmt: skip
def test_what_cannot_become_json_is_refused(data: bytes) -> None:
    assert advance(START, data) is None


def test_nesting_has_an_end() -> None:
    assert advance(START, b"[" * 64) is not None
    assert advance(START, b"[" * 65) is None


@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_a_random_network_writes_json(opened: Any, temperature: float) -> None:
    loop = opened(slots=8)
    steer = JsonOutput(loop.vocabulary, loop.end, objects=True)
    requests = [Request((5, 6, i), 200, temperature, seed=i, steer=(steer,)) for i in range(1, 25)]
    ended = 0
    for stream in [loop.submit(request) for request in requests]:
        text = "".join(chunk.text for chunk in stream)
        state = advance(State("object"), text.removesuffix("\ufffd").encode())
        assert state is not None
        if stream.finished.reason == "stop":
            assert isinstance(json.loads(text), dict)
            ended += 1
    assert ended or temperature == 0


def test_where_the_network_agrees_nothing_changes(opened: Any) -> None:
    """Forced to write a JSON text, then the end: the constraint lets all of it through."""
    loop = opened()
    text = b'{"a": [1, -2.5e3, true, null, "\\u00e9\xc3\xa9"], "b": {}}'
    wanted = [loop.vocabulary.index(bytes([byte])) for byte in text] + [0]

    def want(tokens: list[int], prompt: int, logits: Any) -> None:
        logits[wanted[len(tokens) - prompt]] = 1e6

    steer = JsonOutput(loop.vocabulary, loop.end, objects=True)
    stream = loop.submit(Request((5, 6), 100, steer=(want, steer)))
    assert "".join(chunk.text for chunk in stream).encode() == text
    assert stream.finished.reason == "stop"
