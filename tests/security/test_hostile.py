"""Input made to stall, to break or to blind the scan."""

import time

import pytest

from nlogn.security import secure

BAD = "import os\nfrom flask import request\ndef f():\n    os.system('ping ' + request.args['h'])\n"


def alternating(n: int) -> str:
    test = "a > 1"
    for k in range(n):
        test = f"(({test}) || b{k} > 1) && c{k} > 2"
    return f"package p\nfunc f(a int) {{\n if {test} {{\n  x := int8(a)\n  use(x)\n }}\n}}\n"


def many(head: str, line: str, n: int, tail: str = "") -> str:
    return head + "".join(line.replace("#", str(k)) for k in range(n)) + tail


# Each took minutes, or would have at a few times the size.
HOSTILE = {
    "go: conditions nested in turn": ("go", alternating(40)),
    "go: very many variables": (
        "go",
        many(
            "package p\nfunc f(a int) {\n",
            " x# := make([]int, 3)\n if a > # {\n  x#[0] = 1\n }\n",
            900,
            "}\n",
        ),
    ),
    "c: one long declaration": ("c", many("void f(void) { ", "static int ", 4000, "}\n")),
    "c: very many allocations": (
        "c",
        many("void f(int a) {\n", "char *x# = malloc(a); if (x#) { free(x#); }\n", 1500, "}\n"),
    ),
    "python: very many loops": (
        "python",
        many("def f(a):\n", " while x# <= len(a#):\n  b\n", 3000),
    ),
    "python: very many keys": (
        "python",
        many("import os\ndef f(a):\n d = {}\n", " d['k#'] = a\n if a: os.system(d['k#'])\n", 1500),
    ),
    "python: an unclosed text": ("python", "import os\nos.system('" + "\\" * 100_000),
    "javascript: brackets": ("javascript", "eval(" * 30_000),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_no_input_stalls_the_scan(case):
    lang, code = HOSTILE[case]
    secure("", lang)
    start = time.thread_time()
    secure(code, lang)
    assert time.thread_time() - start < 2


@pytest.mark.parametrize(
    "code",
    [BAD.replace("\n", "\r\n"), "\ufeff" + BAD, "\x0c" + BAD, "x = '\ud800'\n" + BAD, BAD + "é = (",
     "# 😀\n" + BAD, BAD.replace("    ", "\t")],
)  # fmt: skip
def test_odd_text_hides_nothing(code):
    assert [f.rule for f in secure(code, "python").findings] == ["py.command-injection"]


def test_what_follows_a_nul_byte_is_not_called_clean():
    assert secure("x = 1\0\n" + BAD, "python").status == "unscanned"


@pytest.mark.parametrize(
    "test, flagged",
    [
        ("i >= n", True),
        ("i < 0", True),
        ("i < 0 || i >= n", False),
        ("!(i >= 0 && i < n)", False),
        ("(unsigned)i >= n", False),
        ("i == 7", False),
    ],
)
def test_an_index_needs_both_its_bounds(test, flagged):
    code = (
        f"int f(int *a, int n, char *s) {{ int i = atoi(s); if ({test}) return 0; return a[i]; }}\n"
    )
    rules = {f.rule for f in secure(code, "c").findings}
    assert ("c.index-unchecked" in rules) is flagged
