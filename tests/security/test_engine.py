"""What the interpreter knows: branches, containers, guards, calls, loops."""

import pytest

from nlogn.security import secure

HEAD = "from flask import request\ndef f(cur, allowed):\n    p = request.args['p']\n"
TAIL = "    cur.execute('select * from t where a = ' + q)\n"


def sql(body: str) -> bool:
    code = HEAD + "".join(f"    {line}\n" for line in body.split("\n")) + TAIL
    return any(f.cwe == "CWE-89" for f in secure(code, "python").findings)


@pytest.mark.parametrize(
    "body",
    [
        "q = p",
        "q = 'a' if 1 + 1 == 3 else p",
        "q = 'x'\nif p:\n    q = p",
        "d = {'a': 'x', 'b': p}\nq = d['b']",
        "items = ['a', p, 'b']\nitems.pop(0)\nq = items[0]",
        "q = ''\nfor c in p:\n    q += c",
        "q = 'x'\ntry:\n    q = p\nexcept ValueError:\n    q = 'y'",
        "q = p.strip().lower()",
        "q = '%s!' % p",
        "q = f'{p}!'",
        "q = '{}'.format(p)",
        "q = ','.join([p, 'a'])",
        "match 'b':\n    case 'a':\n        q = 'x'\n    case _:\n        q = p",
        "g = lambda x: x\nq = g(p)",
        "q = [x for x in p.split(',')][0]",
        "if p not in allowed:\n    q = p\nelse:\n    q = 'x'",
    ],
)
def test_taint_arrives(body):
    assert sql(body)


@pytest.mark.parametrize(
    "body",
    [
        "q = 'x'",
        "q = p if 1 + 1 == 3 else 'x'",
        "d = {'a': 'x', 'b': p}\nq = d['a']",
        "items = ['a', p, 'b']\nitems.pop(0)\nq = items[1]",
        "q = str(int(p))",
        "q = p\nif q not in ('a', 'b'):\n    return",
        "if p not in allowed:\n    return\nq = p",
        "if not p.isdigit():\n    return\nq = p",
        "import re\nif not re.fullmatch(r'\\w+', p):\n    return\nq = p",
        "q = 'x'\nwhile False:\n    q = p",
        "match 'a':\n    case 'a':\n        q = 'x'\n    case _:\n        q = p",
        "q = p\nq = 'x'",
    ],
)
def test_taint_is_cut(body):
    assert not sql(body)


def test_a_flow_through_a_helper_is_followed_and_told():
    code = (
        "from flask import request\nimport os\n"
        "def run(c):\n    os.system(c)\n"
        "def view():\n    run('ping ' + request.args['h'])\n"
    )
    found = [f for f in secure(code, "python").findings if f.rule == "py.command-injection"]
    assert [f.line for f in found] == [4]
    assert found[0].action == "block"
    assert [s.line for s in found[0].flow] == [6, 4]


def test_a_parameter_is_weaker_than_a_request():
    weak = secure("import os\ndef f(a):\n    os.system('ping ' + a)\n", "python")
    assert [(f.action, f.confidence) for f in weak.findings] == [("warn", "medium")]


def test_reassignment_in_one_branch_of_a_container():
    code = (
        "from flask import request\ndef f(cur, c):\n    d = {}\n    if c:\n"
        "        d['a'] = request.args['x']\n    else:\n        d['a'] = 'y'\n"
        "    cur.execute('select * from t where a = ' + d['a'])\n"
    )
    assert secure(code, "python").blocked


def test_recursion_and_loops_end():
    body = "    while x:\n        x = f(g(x))\n    return x\n"
    code = f"def f(x):\n{body}def g(x):\n    return f(x)\neval(f(1))\n"
    assert secure(code, "python").status in ("clean", "findings")


def test_deep_nesting_is_unscanned_rather_than_clean():
    code = "import os\nos.system(" + "(" * 5000 + "x" + ")" * 5000 + ")\n"
    assert secure(code, "python").status == "unscanned"


def test_unknown_language_is_unscanned():
    report = secure("eval(input())", "brainfuck")
    assert (report.status, report.findings) == ("unscanned", ())
    assert "brainfuck" in report.reason


def test_running_out_of_budget_is_unscanned(monkeypatch):
    monkeypatch.setattr("nlogn.security.scan.fuel_for", lambda code: 3)
    assert secure("import os\nos.system(x + y + z + w)\n", "python").status == "unscanned"


def test_a_broken_pack_is_unscanned(monkeypatch):
    monkeypatch.setattr("nlogn.security.scan.healthy", lambda lang: False)
    assert secure("x = 1\n", "python").status == "unscanned"


def test_non_ascii_text_keeps_line_numbers():
    head = "# Größe: 10 µm, 日本語\nimport os\ndef f(a):\n    s = 'ü'\n"
    code = head + "    os.system('ping ' + a + s)\n"
    assert [f.line for f in secure(code, "python").findings] == [5]


def test_importing_the_room_does_not_import_torch():
    import subprocess
    import sys

    code = "import sys, nlogn.security; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
