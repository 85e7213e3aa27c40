"""Ways to make vulnerable code read as clean."""

import pytest

from nlogn.security import secure

BAD = "import os\nfrom flask import request\ndef f():\n    os.system('ping ' + request.args['h'])\n"
WAIVER = "nlogn: allow py.command-injection because only operators get here"


def rules(code: str, language: str = "python") -> list[str]:
    return [f.rule for f in secure(code, language).findings]


@pytest.mark.parametrize(
    "line",
    [f"    x = '{WAIVER}'\n", f"    x = '# {WAIVER}'\n", f'    """\n    # {WAIVER}\n    """;\\\n'],
)
def test_a_text_suppresses_nothing(line):
    assert "py.command-injection" in rules(BAD.replace("    os.", line + "    os."))


@pytest.mark.parametrize(
    "language, code",
    [
        ("python", BAD.replace("    os.", f"    x = 'a#b'  # {WAIVER}\n    os.")),
        ("python", BAD[:-1] + f"  # {WAIVER}\n"),
        ("php", f"<?php\n# {WAIVER.replace('py.', 'php.')}\nsystem($_GET['a']);\n"),
        ("c", '#include "a.h"\nint main(int c, char **v) {\n'
         f"  /* {WAIVER.replace('py.', 'c.')} */\n  system(v[1]);\n}}\n"),
    ],
)  # fmt: skip
def test_a_comment_does(language, code):
    report = secure(code, language)
    assert report.status == "clean" and len(report.suppressed) == 1


@pytest.mark.parametrize(
    "before, after",
    [
        ('"""How to call it:\n\n```\nf()\n```\n"""\n', ""),
        ("\n```py\nx = 1\n```\n", ""),
        ("Do this:\n```python\nx = 1\n```\nand then\n```python\n", "```\n"),
        ("Do this:\n```bash\nls\n```\nand then\n```python\n", "```\n"),
    ],
)
def test_a_fence_hides_nothing(before, after):
    report = secure(before + BAD + after, "python")
    assert [(f.rule, f.line) for f in report.findings] == [
        ("py.command-injection", before.count("\n") + 4)
    ]


def test_prose_around_a_fence_is_left_out():
    reply = "Use this = it works; really:\n```python\n" + BAD + "```\nThen restart; x = done.\n"
    assert [f.line for f in secure(reply, "python").findings] == [6]


JS = (
    "const cp = require('child_process');\n"
    "app.get('/', (req, res) => { cp.exec('ping ' + req.query.h) });\n"
)


@pytest.mark.parametrize(
    "language, broken, code",
    [
        ("python", "def (:\n\n", BAD),
        ("python", "x = (\n", BAD),
        ("python", "class A\n", BAD),
        ("python", "x = 'abc\n", BAD),
        ("javascript", "if (a {\n x()\n}\n", JS),
    ],
)
def test_what_cannot_be_read_does_not_hide_what_follows(language, broken, code):
    assert any(r.endswith("command-injection") for r in rules(broken + code, language))


@pytest.mark.parametrize(
    "language, code",
    [("javascript", "function a( {\n" + JS), ("python", "} } exec ] ( ) eval { ;" * 9)],
)
def test_what_cannot_be_read_is_not_called_clean(language, code):
    assert secure(code, language).status == "unscanned"


@pytest.mark.parametrize("name, quiet", [
    ("getLatest", False), ("contest", False), ("attest_it", False), ("test_it", True),
    ("runTests", True), ("testIt", True), ("TESTING", True),
])  # fmt: skip
def test_only_the_word_test_in_a_name_makes_a_test(name, quiet):
    code = f"const cp = require('child_process');\nfunction {name}(a) {{ cp.exec('ls ' + a); }}\n"
    assert (rules(code, "javascript") == []) is quiet


C = "#include <stdlib.h>\nint main(int c, char **v) {{ {} }}\n"


@pytest.mark.parametrize(
    "language, code",
    [
        ("python", BAD.replace("os.system", "os.\uff53ystem")),
        ("javascript", JS.replace(".exec", r".e\u0078ec")),
        ("javascript", JS.replace(".exec", r".e\u{78}ec")),
        ("javascript", JS.replace("\napp", " // note \u2028app")),
        ("java", "class A { void f(HttpServletRequest request) throws Exception {\n"
         r"/* \u002a\u002f Runtime.getRuntime().e\uu0078ec(request.getParameter("
         '"a")); /* */ } }'),
        ("c", C.format("sys\\\ntem(v[1]);")),
        ("c", C.format("sys\\\r\ntem(v[1]);")),
    ],
)  # fmt: skip
def test_other_spellings_hide_nothing(language, code):
    (finding,) = secure(code, language).findings
    assert finding.rule.endswith("command-injection") and finding.line in (1, 2, 4)


@pytest.mark.parametrize(
    "encoding, status",
    [("utf-7", "unscanned"), ("raw_unicode_escape", "unscanned"), ("hz", "unscanned"),
     ("utf-8", "clean"), ("latin-1", "clean"), ("none-such", "clean"), ("shift_jis", "clean")],
)  # fmt: skip
def test_a_text_in_another_encoding_is_not_called_clean(encoding, status):
    for head in ("", "#!/usr/bin/python\n"):
        assert secure(f"{head}# -*- coding: {encoding} -*-\nx = 1\n", "python").status == status


@pytest.mark.parametrize(
    "way",
    ["getattr(os, 'system')", "getattr(os, 'sys' + 'tem')", "__import__('os').system",
     "importlib.import_module('os').system"],
)  # fmt: skip
def test_reflection_by_constant_names_hides_nothing(way):
    code = BAD.replace("os.system", way).replace("import os", "import os, importlib")
    assert rules(code + "# system\n") == ["py.command-injection"]
