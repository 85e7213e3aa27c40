"""Python output: a network that knows nothing writes programs, one that knows is left alone."""

from typing import Any

import pytest

from nlogn.engine.chat import extract_code
from nlogn.engine.native.python_output import PythonOutput
from nlogn.engine.native.sequence import Request, Token
from nlogn.engine.python_prefix import PythonPrefix

BYTES = [bytes([i]) for i in range(256)]


def viable(text: str) -> bool:
    return PythonPrefix().feed(text)


def whole(text: str) -> bool:
    try:
        compile(text, "<answer>", "exec")
    except SyntaxError:
        return False
    return True


def forcing(wanted: list[int], strength: float = 20.0) -> Any:
    def want(tokens: list[int], prompt: int, logits: Any) -> None:
        at = len(tokens) - prompt
        logits[wanted[at] if at < len(wanted) else 0] += strength

    return want


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.5])
def test_a_random_network_writes_programs(opened: Any, temperature: float) -> None:
    loop = opened(slots=6)
    ended = 0
    streams = [
        loop.submit(Request(
            (5, 6, i), 60, temperature, seed=i, steer=(forcing([], 3.0),),
            guides=(PythonOutput(loop.vocabulary, loop.end),),
        ))
        for i in range(1, 13)
    ]  # fmt: skip
    for stream in streams:
        tokens = [t.token for chunk in stream for t in chunk.tokens]
        data = b"".join(loop.vocabulary[t] for t in tokens)
        text = data.decode("utf-8", "ignore")
        assert viable(text), text
        if stream.finished.reason == "stop":
            assert whole(text)
            ended += 1
    assert ended


@pytest.mark.parametrize("begun", ["x = )", "def f(:\n", "```python\nx = )"])
def test_what_has_begun_must_be_python(begun: str) -> None:
    with pytest.raises(ValueError, match="no Python"):
        PythonOutput(BYTES, frozenset(), begun, fenced=begun[0] == "`")


def test_in_a_fence_only_code_is_held_to_it(opened: Any) -> None:
    loop = opened()
    text = b"Sure: (\n```python\nx = )1\n"
    wanted = [loop.vocabulary.index(bytes([byte])) for byte in text]
    guide = PythonOutput(loop.vocabulary, loop.end, fenced=True)
    stream = loop.submit(Request((5, 6), len(text), steer=(forcing(wanted, 50),), guides=(guide,)))
    tokens = [t for chunk in stream for t in chunk.tokens]
    turned = [at for at, t in enumerate(tokens) if t.turned is not None]
    assert turned[0] == text.index(b")1")  # the bracket in the prose may stay open
    written = b"".join(loop.vocabulary[t.token] for t in tokens).decode("utf-8", "ignore")
    assert viable(written.partition("```python\n")[2])


@pytest.mark.parametrize("close", ["```", "```\n", "`", "  ```"])
@pytest.mark.parametrize(
    ("code", "may"),
    [
        ("x = 1\n", True),
        ("", True),
        ("def f():\n    return 1\n", True),
        ("def f():\n", False),
        ("x = (1,\n", False),
        ("try:\n    pass\n", False),
        ("x = 'a' '''b\n", False),  # in Markdown, it would end in the middle of the string
        ("@staticmethod\n", False),
    ],
)
def test_a_fence_closes_behind_a_whole_program(code: str, may: bool, close: str) -> None:
    guide = PythonOutput([*BYTES, close.encode()], frozenset(), fenced=True)
    answer = list(f"```python\n{code}".encode())
    assert (guide([9, *answer], 1, 256) is None) == may


@pytest.mark.parametrize(
    ("code", "may"),
    [("x = 1", True), ("def f():\n    return 1\n\n", True), ("", True), ("x = ", False),
     ("if x:\n", False), ("try:\n    x\n", False), ("'''a", False), ("x = 1 #", True)],
)  # fmt: skip
def test_the_end_comes_behind_a_whole_program(code: str, may: bool) -> None:
    guide = PythonOutput([*BYTES, b""], frozenset({256}))
    assert (guide(list(code.encode()), 0, 256) is None) == may


def test_the_end_of_a_turn_is_an_end_too() -> None:
    guide = PythonOutput([*BYTES, b"", b""], frozenset({256}), fenced=True)
    code = b"Here:\n```python\nx = [\n"
    assert guide(list(code), 0, 257) is not None
    assert guide(list(code + b"]\n```\n"), 0, 257) is None


def test_characters_may_come_byte_by_byte() -> None:
    for code in ("naïve = 'Ω'  # €\n", "s = '😀'\n", "π = 3\n"):
        guide = PythonOutput(BYTES, frozenset())
        data = list(code.encode())
        for at, byte in enumerate(data):
            assert guide(data[:at], 0, byte) is None, code[:at]
    guide = PythonOutput(BYTES, frozenset())
    assert guide(list(b"x = "), 0, 0xE2) is None  # some letter begins like that
    assert guide(list(b"x = '"), 0, 0xFF) is not None
    assert guide(list(b"x = '\xe2\x82"), 0, 0x41) is not None


def test_a_beginning_counts() -> None:
    guide = PythonOutput(BYTES, frozenset(), begun="def f(xs):\n")
    assert guide([], 0, ord("r")) is not None
    assert guide([], 0, ord(" ")) is None
    guide = PythonOutput(BYTES, frozenset(), begun="\n```python\n", fenced=True)
    assert guide([], 0, ord(")")) is not None


def test_a_guide_may_be_asked_about_another_answer() -> None:
    guide = PythonOutput(BYTES, frozenset())
    assert guide(list(b"x = (1, "), 0, ord(")")) is None
    assert guide(list(b"y = [1, "), 0, ord(")")) is not None


PROGRAM = '''import sys


def f(a, *b: int, c=(1, 2), **d) -> dict[str, int]:
    """Say 'it'."""
    try:
        for i, (j, k) in enumerate(a):  # each
            if i not in b and not (j or k):
                return {x: y for x, y in d.items() if x}, [*b, lambda z: z + 1]
    except (ValueError, KeyError) as error:
        raise SystemExit(f"{error!r:>{i}} {d['a']}") from error
    else:
        while (n := len(a)) > 0x1F:
            a[1:n] = a[::-1] if n else -1.5e-3
    match a:
        case {"k": 1, **rest} | [1, *rest]:
            del rest, a[0]
        case _:
            assert a is not None, "none"
'''


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_network_that_writes_python_is_left_alone(opened: Any, temperature: float) -> None:
    loop = opened(slots=2)
    wanted = [loop.vocabulary.index(bytes([byte])) for byte in PROGRAM.encode()]

    def text(*guides: Any) -> list[Token]:
        request = Request((5, 6), 240, temperature, seed=2, steer=(forcing(wanted, 40.0),),
                          guides=guides)  # fmt: skip
        return [t for chunk in loop.submit(request) for t in chunk.tokens]

    plain = text()
    assert text(PythonOutput(loop.vocabulary, loop.end)) == plain


def test_what_it_lets_through_can_be_extracted(opened: Any) -> None:
    loop = opened()
    begin = b"```python\n"
    wanted = [loop.vocabulary.index(bytes([byte])) for byte in begin]
    guide = PythonOutput(loop.vocabulary, loop.end, fenced=True)
    request = Request((5, 6), 70, 1.0, seed=4, steer=(forcing(wanted, 30),), guides=(guide,))
    text = "".join(chunk.text for chunk in loop.submit(request))
    if text.rstrip().endswith("```"):
        assert whole(extract_code(text))
    assert viable(text.removeprefix(begin.decode()).partition("\n```")[0])
