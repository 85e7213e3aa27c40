"""Text as it is made: whole characters, and never a piece of a stop text."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlogn.engine.native.sequence import Request
from nlogn.engine.native.text import token_bytes
from nlogn.engine.text_stream import TextStream

CUTS = st.lists(st.integers(0, 40), max_size=12)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(c, len(data)) for c in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.text(max_size=20), CUTS)
def test_text_comes_out_whole_however_its_bytes_are_cut(text: str, cuts: list[int]) -> None:
    stream = TextStream()
    out = [stream.feed(piece) for piece in pieces(text.encode(), cuts)]
    for part in out:
        part.encode()  # no half of a character
    assert "".join(out) + stream.finish() == text


@given(st.binary(max_size=30), CUTS)
def test_bytes_that_are_no_text_are_replaced(data: bytes, cuts: list[int]) -> None:
    stream = TextStream()
    out = "".join(stream.feed(piece) for piece in pieces(data, cuts)) + stream.finish()
    assert out == data.decode("utf-8", "replace")


@given(
    st.text("ab\n", max_size=30), CUTS,
    st.lists(st.text("ab\n", min_size=1, max_size=4), min_size=1, max_size=3),
)  # fmt: skip
def test_text_ends_before_the_first_stop(text: str, cuts: list[int], stops: list[str]) -> None:
    stream = TextStream(stops)
    out = ""
    met = [(text.find(s) + len(s), text.find(s)) for s in stops if s in text]
    want = text[: min(met, default=(0, len(text)))[1]]  # the stop that is whole first
    for piece in pieces(text.encode(), cuts):
        out += stream.feed(piece)
        assert want.startswith(out)  # nothing that would have to be taken back
        if stream.stopped:
            break
    assert out + stream.finish() == want
    assert (stream.stopped is not None) == any(s in text for s in stops)


@pytest.mark.parametrize("cuts", [[], [1], [2], [1, 2]])
def test_of_stops_within_each_other_the_one_that_is_whole_first_counts(cuts: list[int]) -> None:
    stream = TextStream(("abc", "b"))
    assert "".join(map(stream.feed, pieces(b"abc", cuts))) + stream.finish() == "a"
    assert stream.stopped == "b"
    stream = TextStream(("b", "ab"))
    assert "".join(map(stream.feed, pieces(b"abc", cuts))) + stream.finish() == ""
    assert stream.stopped == "ab"


def test_tokens_stand_for_their_bytes(tokenizer: Any) -> None:
    table = token_bytes(tokenizer)
    text = "def naïve(x):\n\treturn '😀' * x  # … done\n"
    ids = tokenizer.encode(text).ids
    assert b"".join(table[i] for i in ids).decode() == text
    assert table[tokenizer.token_to_id("<|endoftext|>")] == b""


def test_byte_fallback_and_unknown_tokenizers() -> None:
    from tokenizers import Tokenizer, decoders, models

    pieces = {"<unk>": 0, "<0x0A>": 1, "▁def": 2, "é": 3}
    llama = Tokenizer(models.BPE(pieces, [], byte_fallback=True, unk_token="<unk>"))
    llama.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback()])
    assert token_bytes(llama)[1:] == [b"\n", b" def", "é".encode()]
    words = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    with pytest.raises(ValueError, match="byte-level"):
        token_bytes(words)


def test_a_stop_text_over_token_borders_ends_the_answer(opened: Any, tokenizer: Any) -> None:
    """Whatever the random network writes: cut it at a piece of its own text."""
    loop = opened()
    request = Request((40, 50, 60), 60, ignore_end=True)
    chunks = list(loop.submit(request))
    whole = "".join(chunk.text for chunk in chunks)
    for start in range(5, len(whole) - 4, 7):
        stop = whole[start : start + 4]
        if "\ufffd" in stop:
            continue
        again = Request((40, 50, 60), 60, ignore_end=True, stop=("never met", stop))
        stream = loop.submit(again)
        out = ""
        for chunk in stream:
            out += chunk.text
            assert whole.startswith(out)
        assert out == whole[: whole.find(stop)]
        assert stream.finished.reason == "stop" and stream.finished.stop == stop
