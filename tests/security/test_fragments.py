"""Half-written, fenced, indented and surrounded code."""

import pytest

from nlogn.security import secure
from nlogn.security.fragments import close, dedent, introduced, unfence

CALL = "import os\ndef f(x):\n    os.system('ping ' + x)\n"


def lines(code: str, **kw: str) -> list[int]:
    report = secure(code, "python", **kw)  # type: ignore[arg-type]
    assert report.status != "unscanned"
    return [f.line for f in report.findings]


@pytest.mark.parametrize(
    "cut", range(len("    os.system('ping ' + x"), len("    os.system('ping ' + x)") + 1)
)
def test_half_written(cut):
    body = "    os.system('ping ' + x)"[:cut]
    assert lines("import os\ndef f(x):\n" + body) == [3]


def test_fenced_answers_keep_the_lines_of_the_answer():
    text = "Here is the code you asked for.\n\n```python\n" + CALL + "```\nIt pings.\n"
    assert lines(text) == [6]
    assert lines(text.rsplit("```", 1)[0]) == [6]  # the fence is not closed yet


def test_a_fence_in_a_docstring_is_not_an_answer():
    head = 'import os\ndef f(x):\n    """Use:\n    ```\n    f(1)\n    ```\n    """\n'
    code = head + '    os.system("ping " + x)\n'
    assert lines(code) == [8]


def test_indented_snippet():
    assert lines("".join("        " + line + "\n" for line in CALL.splitlines())) == [3]


def test_surrounding_buffer_gives_meaning_but_no_findings():
    before = "import os\nfrom flask import request\ndef old(a):\n    os.system('rm ' + a)\n"
    code = "def new():\n    os.system('ping ' + request.args['h'])\n"
    assert lines(code, before=before, after="def later(b):\n    eval(b)\n") == [2]


def test_a_completion_in_the_middle_of_a_line():
    before = "import os\nfrom flask import request\ndef ping():\n    os.system('ping ' + "
    assert lines("request.args['h']", before=before, after=")\n") == [1]
    assert lines("'localhost'", before=before, after=")\n") == []


def test_only_introduced_lines():
    assert lines(CALL + "def g(y):\n    eval(y)\n", was=CALL) == [5]
    assert lines(CALL, was=CALL) == []


def test_introduced():
    assert introduced("a\nb\nc\n", "a\nx\nc\nd\n") == {2, 4}
    assert introduced("", "a\n") == {1}
    assert introduced("a\n", "a\n") == set()


@pytest.mark.parametrize(
    "text, lang, want",
    [
        ("f(x", "python", "f(x)"),
        ("f('a", "python", "f('a')"),
        ("f(x)  # don't", "python", "f(x)  # don't"),
        ('f("(")', "python", 'f("(")'),
        ("function f() { g(`a", "javascript", "function f() { g(`a`)}"),
        ("f(x) // (", "java", "f(x) // ("),
    ],
)
def test_close(text, lang, want):
    assert close(text, lang).replace("\n", "") == want


def test_dedent_keeps_relative_indentation():
    assert dedent("    a\n      b\n\n    c") == "a\n  b\n\nc"
    assert dedent("a\n  b") == "a\n  b"


def test_unfence_without_fence():
    assert unfence("x = 1\n", {"python"}) == "x = 1\n"
