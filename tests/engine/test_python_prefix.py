"""Beginnings of Python: none of a real program is refused, nothing is let through in vain."""

import inspect
import json.decoder
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlogn.engine.python_prefix import PythonPrefix
from nlogn.problems import bank


def viable(text: str) -> bool:
    return PythonPrefix().feed(text)


def compiles(text: str) -> bool:
    try:
        compile(text, "<text>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


SOURCE = """
@decorate
@other(1)
class A(B, metaclass=C):
    x: int = 3

    async def f(self, /, *, key=None):
        async with a as b, c:
            await d
            async for x in y:
                yield x, [z async for z in x]
        return

def g(arg, *args, **kwargs):
    global counter
    counter, *rest = {**kwargs, "b": lambda q=1: q}, [*args]
    def h():
        nonlocal rest
        rest = not a < b <= c != d
    with open(a) as f, b: print(r"\\d", "\\x41\\u00e9\\N{LATIN SMALL LETTER A}", b"\\xff", end="")
    return (yield from h()) if x else [i for i in y if i if not j]
match = x[1:2, ::3]
match match:
    case [1, 2, *_] | A(x=-1): pass
    case "a" if match: pass
    case {"k": None, **rest}: pass
    case _: pass
print(match, x \\
    + 1_000j); x @= y
from .. import (w, q as e,)
import os.path as p, sys
x = "a" 'b' \'\'\'c
d\'\'\' f"{x:{y}.{z}} {{}} {d['a']!r} {y=}" rf"\\d{x}"
try:
    pass
except* (A, B) as e: pass
finally:
    assert x, "y"
"""


def test_every_beginning_of_a_program_is_one() -> None:
    for cut in range(0, len(SOURCE) + 1, 7):
        assert viable(SOURCE[:cut]), SOURCE[:cut][-60:]


@pytest.mark.parametrize("size", [1, 4])
def test_in_pieces_it_is_the_same(size: int) -> None:
    prefix = PythonPrefix()
    for at in range(0, len(SOURCE), size):
        assert prefix.feed(SOURCE[at : at + size]), SOURCE[: at + size][-60:]
    assert prefix.whole()


@pytest.mark.parametrize(
    "text",
    ["f() = ", "x y", "x = = ", "  x", "def f():\nx", "if x = 1", "for x y", "1x", "(]", ")",
     "'a\n", "f'{'", "f'{x y'", "f(a=1, b)", "def f(a=1, b)", "def f(a, a)", "x = *a\n",
     "try:\n  pass\nx", "match x:\n  y", "if a:\n  b\n c", "x = 5 if y\n", "{1: 2, 3}", "\tx",
     "import a.b as c.d", "@a\nx", "await x", "return 1", "class A:\n  return 1",
     "while x:\n  pass\nbreak ",
     "else:", "for x in y:\n  pass\nelif ", "def f():\n  nonlocal x", "a b'", "f(**a, *b)",
     "x = 1\r", "if a:\n\tb\n        c", "del f()\n", "a not b", "lambda x y", "\ufffd", "0777\n",
     "def f(x):\n  global x\n", "'\\x4g'", "'\\N{NO SUCH LETTER", "b'\u00e9'",
     "match x:\n  case _: pass\n  case 1:", "async def f():\n  yield 1\n  return 1\n"],
)  # fmt: skip
def test_what_nothing_can_mend_is_refused(text: str) -> None:
    assert not viable(text)


@pytest.mark.parametrize(
    "text", ["x = 1\n  ", "", "  \n\n", "return", "# (", "if x:\n\n# y\n", "x\\\n"]
)
def test_what_can_be_mended_is_let_through(text: str) -> None:
    assert viable(text)


@given(st.text("abif x=():[]{},.\n \"'f1+*:#@\\", max_size=25))
@settings(max_examples=300, deadline=None)
def test_a_program_is_never_refused(text: str) -> None:
    if compiles(text) and "\r" not in text:
        prefix = PythonPrefix()
        assert prefix.feed(text) and prefix.whole()


PLAIN = """def f(xs, *, k=1):
    try:
        for x in xs[1:]:
            if x not in k and (x := f(x, k=2)): yield [y for y in x if y]
    except A as e:
        print(f"{x!r}", {1: lambda q: q}) if e else None
"""


@given(st.integers(0, len(PLAIN)), st.text(" =)]}:'x(,\n", max_size=3))
@settings(max_examples=40, deadline=None)
def test_refused_at_once_or_never(cut: int, spoil: str) -> None:
    """Character by character: what reaches the end compiles, if it is brought to an end."""
    text = PLAIN[:cut] + spoil + PLAIN[cut:]
    prefix = PythonPrefix()
    reached = all(prefix.feed(character) for character in text)
    assert reached or not compiles(text)
    assert not reached or prefix.whole() == compiles(text)


@pytest.mark.slow
def test_no_solution_of_the_bank_is_refused() -> None:
    codes = [s.code for p in bank() for s in p.solutions if s.language == "python"]
    codes += [Path(inspect.getfile(module)).read_text() for module in (textwrap, json.decoder)]
    for code in codes:
        prefix = PythonPrefix()
        for at in range(0, len(code), 3):
            assert prefix.feed(code[at : at + 3]), code[: at + 3][-70:]
        assert prefix.whole()
