"""Policy, suppression, audit, formats, files and fixes."""

import ast
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest

from nlogn.security import (
    PolicyError,
    Scanned,
    exit_code,
    fix,
    parse_policy,
    redact_secrets,
    secure,
    secure_diff,
    secure_file,
    secure_paths,
    secure_rows,
    secure_text,
    to_github,
    to_sarif,
    to_text,
)
from nlogn.security.fixes import TITLES, offers
from nlogn.security.present import apply_fixes

BAD = "import os\nfrom flask import request\ndef f():\n    os.system('ping ' + request.args['h'])\n"
FIELDS = {"rule", "cwe", "severity", "confidence", "evidence", "action", "line", "message", "flow"}
SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-subset.json").read_text())


def test_json_has_the_promised_fields_and_no_other():
    out = secure(BAD, "python").to_json()
    assert set(out) == {"status", "findings"}
    assert set(out["findings"][0]) == FIELDS
    assert json.loads(json.dumps(out)) == out


def test_policy_first_match_wins():
    policy = parse_policy(
        '[[when]]\nrule = "py.command-*"\npath = "tools/*"\naction = "info"\n'
        '[[when]]\nseverity = ["critical"]\naction = "regenerate"\n'
    )
    assert secure(BAD, "python", policy=policy, path="tools/a.py").findings[0].action == "info"
    assert secure(BAD, "python", policy=policy, path="src/a.py").findings[0].action == "regenerate"


def test_policy_by_tier():
    text = '[[when]]\ntier = "free"\naction = "warn"\n'
    assert not secure(BAD, "python", policy=parse_policy(text, "free")).blocked
    assert secure(BAD, "python", policy=parse_policy(text, "team")).blocked


def test_a_heuristic_finding_is_never_blocked():
    policy = parse_policy('[[when]]\nrule = "*"\naction = "block"\n')
    code = "const password = 'k3Jx9QpZ81mWq7Lr';\n"
    report = secure(code, "javascript", policy=policy)
    assert [(f.evidence, f.action) for f in report.findings] == [("heuristic", "warn")]


@pytest.mark.parametrize(
    "text, message",
    [
        ('[[when]]\naction = "explode"\n', "action must be one of"),
        ('[[when]]\ncolour = "red"\naction = "warn"\n', "unknown field 'colour'"),
        ('[[suppress]]\nrule = "py.eval-param"\n', "say why"),
        ("[unknown]\n", "unknown table"),
        ("= 1", "not TOML"),
        ("when = 3", "write ..when.."),
        ('[[when]]\nrule = ["py.*", 3]\naction = "warn"\n', "rule must be a text"),
        ('[[when]]\nseverity = "awful"\naction = "warn"\n', "never 'awful'"),
        ('[[suppress]]\nrules = "py.x"\nreason = "because it is so"\n', "unknown field 'rules'"),
        ('[[suppress]]\nreason = "because it is so"\n', "suppress everything"),
        ("[audit]\nlog = 3\n", "audit: write"),
    ],
)
def test_policy_errors_say_what_is_wrong(text, message):
    with pytest.raises(PolicyError, match=message):
        parse_policy(text)


def test_suppression_needs_a_reason():
    line = "    os.system('ping ' + request.args['h'])"
    reasoned = BAD.replace(
        line,
        line + "  # nlogn: allow py.command-injection because the host list is checked upstream",
    )
    bare = BAD.replace(line, line + "  # nlogn: allow py.command-injection")
    kept = secure(reasoned, "python")
    assert kept.status == "clean"
    assert [s.reason for s in kept.suppressed] == ["the host list is checked upstream"]
    assert secure(bare, "python").status == "findings"


def test_audit_log(tmp_path):
    log = tmp_path / "audit.jsonl"
    policy = parse_policy(f'[audit]\nlog = "{log}"\n')
    (tmp_path / "a.py").write_text(BAD)
    secure_file(tmp_path / "a.py", policy)
    line = json.loads(log.read_text())
    assert line["status"] == "findings"
    assert line["findings"] == [{"rule": "py.command-injection", "line": 4, "action": "block"}]
    assert "os.system" not in log.read_text()


def test_sarif_is_valid_and_carries_flow_taxa_fingerprint_fix_and_suppression():
    waived = (
        BAD
        + "def g(a):\n"
        + "    # nlogn: allow py.command-injection because only operators call this\n"
        + "    os.system(a)\n"
    )
    s = Scanned("src/a.py", waived, secure(waived, "python"))
    doc = to_sarif([s], fixes={"src/a.py": offers(waived, "python")})
    jsonschema.validate(doc, SCHEMA)
    run = doc["runs"][0]
    first, second = run["results"]
    assert first["codeFlows"][0]["threadFlows"][0]["locations"]
    assert first["taxa"][0]["id"] == "78" and run["taxonomies"][0]["taxa"] == [{"id": "78"}]
    assert first["fixes"][0]["artifactChanges"][0]["replacements"]
    assert second["suppressions"][0]["justification"] == "only operators call this"
    assert run["invocations"][0]["executionSuccessful"]


def test_the_schema_rejects_a_wrong_document():
    doc = to_sarif([Scanned("a.py", BAD, secure(BAD, "python"))])
    doc["runs"][0]["results"][0]["level"] = "dreadful"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(doc, SCHEMA)


def test_fingerprints_survive_moving_the_line():
    def prints(code: str) -> list[str]:
        run = to_sarif([Scanned("a.py", code, secure(code, "python"))])["runs"][0]
        return [r["partialFingerprints"]["nlognLine/v1"] for r in run["results"]]

    assert prints(BAD) == prints("# moved\n\n" + BAD)


def test_unscanned_is_an_error_in_sarif_text_and_exit_code(tmp_path):
    (tmp_path / "a.zig").write_text("x")
    s = secure_file(tmp_path / "a.zig")
    assert not to_sarif([s])["runs"][0]["invocations"][0]["executionSuccessful"]
    assert "unscanned" in to_text([s]) and "unscanned" in to_github([s])
    assert exit_code([s.report]) == 2
    assert exit_code([secure("x = 1\n", "python")]) == 0
    assert exit_code([secure(BAD, "python")]) == 1


def test_github_annotations_escape_their_text():
    s = Scanned("a,b.py", BAD, secure(BAD, "python"))
    assert to_github([s]).startswith("::error file=a%2Cb.py,line=4,title=")


def test_rows():
    good = json.dumps({"id": "a", "lang": "python", "code": BAD})
    bad = [
        "not json",
        '{"id": "b"}',
        '{"id": "c", "lang": "python", "code": null}',
        b"\xff\xfe",
        "[1]",
    ]
    out = list(secure_rows([good, "", *bad, good.encode()]))
    assert [r["id"] for r in out] == ["a", 3, "b", "c", 6, 7, "a"]
    assert [r["status"] for r in out] == ["findings", *["unscanned"] * len(bad), "findings"]


def test_every_way_in_is_audited(tmp_path):
    log = tmp_path / "audit.jsonl"
    policy = parse_policy(f'[audit]\nlog = "{log}"\n')
    list(secure_rows([json.dumps({"id": "row", "lang": "python", "code": BAD})], policy))
    secure_text("-", BAD, "python", policy)
    secure_file(tmp_path / "none.py", policy)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [x["file"] for x in lines] == ["row", "-", str(tmp_path / "none.py")]
    assert [x["status"] for x in lines] == ["findings", "findings", "unscanned"]


def test_folders_skip_what_is_not_ours(tmp_path):
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.js").write_text("eval(1)")
    (tmp_path / "a.py").write_text(BAD)
    (tmp_path / "b.txt").write_text("hello")
    assert [Path(s.path).name for s in secure_paths([tmp_path])] == ["a.py"]
    inside = tmp_path / "build" / "project"  # what lies above the folder asked for does not matter
    inside.mkdir(parents=True)
    (inside / "b.py").write_text(BAD)
    assert [Path(s.path).name for s in secure_paths([inside])] == ["b.py"]


def test_a_folder_that_cannot_be_opened_is_told(tmp_path, monkeypatch):
    (tmp_path / "shut").mkdir()
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("shut"):  # the tests may run as a user who may open everything
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = {Path(s.path).name: s.report.status for s in secure_paths([tmp_path])}
    assert found == {"a.py": "clean", "shut": "unscanned"}


def repository(folder: Path) -> Callable[..., None]:
    """An empty repository in `folder`; what runs git in it."""

    def git(*args: str) -> None:
        done = subprocess.run(["git", "-C", str(folder), *args], capture_output=True)
        assert done.returncode == 0, done.stderr

    git("init", "-q", "-b", "main")
    git("config", "user.email", "a@b.c")
    git("config", "user.name", "a")
    return git


def test_diff_reports_only_introduced_lines(tmp_path):
    git = repository(tmp_path)
    (tmp_path / "a.py").write_text(BAD)
    git("add", "a.py")
    git("commit", "-q", "-m", "one")
    (tmp_path / "a.py").write_text(BAD + "def g(x):\n    eval(x)\n")
    git("commit", "-q", "-a", "-m", "two")
    (found,) = secure_diff("HEAD~1..HEAD", tmp_path)
    assert [f.rule for f in found.report.findings] == ["py.eval-param"]
    with pytest.raises(RuntimeError, match="git"):
        secure_diff("nowhere..HEAD", tmp_path)


def test_diff_follows_names_and_branches(tmp_path):
    git = repository(tmp_path)
    (tmp_path / "a.py").write_text(BAD)
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("checkout", "-q", "-b", "side")
    git("mv", "a.py", "naïve name.py")
    (tmp_path / "naïve name.py").write_text(BAD + "def g(x):\n    eval(x)\n")
    git("add", ".")
    git("commit", "-q", "-m", "two")
    git("checkout", "-q", "main")
    (tmp_path / "c.py").write_text("def h(x):\n    exec(x)\n")
    git("add", ".")
    git("commit", "-q", "-m", "three")
    for range_ in ("main...side", "main~1..side"):
        (found,) = secure_diff(range_, tmp_path)
        assert found.path == "naïve name.py"
        assert [f.rule for f in found.report.findings] == ["py.eval-param"]
    (tmp_path / "c.py").write_text("def h(x):\n    exec(x)\n\ndef k(x):\n    eval(x)\n")
    (found,) = secure_diff("main", tmp_path)
    assert [(f.rule, f.line) for f in found.report.findings] == [("py.eval-param", 5)]
    with pytest.raises(RuntimeError, match="git"):
        secure_diff("--output=/tmp/x", tmp_path)


def test_diff_starts_no_program_that_the_repository_names(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    git = repository(folder)
    (folder / "a.py").write_text(BAD)
    (folder / ".gitattributes").write_text("*.py diff=own\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    hook, mark = tmp_path / "hook.sh", tmp_path / "started"
    hook.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    hook.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "diff.own.command", "diff.own.textconv"):
        git("config", name, str(hook))
    (folder / "a.py").write_text(BAD + "def g(x):\n    eval(x)\n")
    (found,) = secure_diff("HEAD", folder)
    assert [f.rule for f in found.report.findings] == ["py.eval-param"]
    assert not mark.exists()


def test_a_fix_keeps_bytes_it_does_not_mean_to_change(tmp_path):
    code = "import yaml\r\n# größe\r\ndef f(x):\r\n    return yaml.load(x)\r\n"
    for encoding in ("utf-8", "utf-8-sig", "latin-1", "utf-16"):
        file = tmp_path / f"{encoding}.py"
        file.write_bytes(code.encode(encoding))
        (after,) = apply_fixes([secure_file(file)])
        assert after.report.status == "clean"
        assert file.read_bytes() == code.replace("yaml.load", "yaml.safe_load").encode(encoding)


def test_a_file_that_changed_since_its_scan_is_not_rewritten(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("import yaml\ndef f(x):\n    return yaml.load(x)\n")
    scanned = secure_file(file)
    file.write_text("mine = 1\n")
    with pytest.raises(OSError, match="no longer what was scanned"):
        apply_fixes([scanned])
    assert file.read_text() == "mine = 1\n"


@pytest.mark.parametrize(
    "name, reason",
    [("pipe.py", "not a regular file"), ("none.py", "no such file"), ("zeros.py", "NUL"),
     ("large.py", "too large"), ("a.txt", "no rules")],
)  # fmt: skip
def test_what_is_no_source_is_unscanned_at_once(tmp_path, name, reason):
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "zeros.py").write_bytes(BAD.encode() + b"\0" + BAD.encode())
    with open(tmp_path / "large.py", "wb") as file:
        file.truncate(50_000_000)
    report = secure_file(tmp_path / name).report
    assert report.status == "unscanned" and reason in report.reason


@pytest.mark.parametrize(
    "before, after",
    [
        (
            "import os\ndef f(h):\n    os.system('ping -c 1 ' + h)\n",
            "subprocess.run(['ping', '-c', '1', h])",
        ),
        (
            "import subprocess\ndef f(h):\n    subprocess.run(f'ls -l {h}', shell=True)\n",
            "subprocess.run(['ls', '-l', h])",
        ),
        (
            "def f(c, n):\n    c.execute(\"select * from t where a='%s'\" % n)\n",
            'c.execute("select * from t where a=?", (n,))',
        ),
        (
            "def f(c, n):\n    q = f\"select * from t where a='{n}'\"\n    c.execute(q)\n",
            "c.execute(q, (n,))",
        ),
        (
            "import yaml\ndef f(t):\n    return yaml.load(t, Loader=yaml.Loader)\n",
            "yaml.safe_load(t)",
        ),
        (
            "import random\ndef f():\n    token = random.choice('ab')\n    return token\n",
            "secrets.choice('ab')",
        ),
        (
            "import xml.etree.ElementTree as ET\ndef f(s):\n    return ET.fromstring(s)\n",
            "import defusedxml.ElementTree as ET",
        ),
        (
            "import requests\nr = requests.get('https://a.example', verify=False)\n",
            "requests.get('https://a.example')",
        ),
        (
            "from flask import request\ndef f():\n    return open('d/' + request.args['n'])\n",
            "os.path.basename(request.args['n'])",
        ),
        (
            "import hmac\ndef f(k, m, signature):\n"
            "    return hmac.new(k, m, 'sha256').hexdigest() == signature\n",
            "hmac.compare_digest(",
        ),
        ("import tarfile\ndef f(p):\n    tarfile.open(p).extractall('d')\n", "filter='data'"),
    ],
)
def test_fixes_remove_the_finding(before, after):
    new, done = fix(before, "python")
    assert after in new and done
    assert not secure(new, "python").flagged
    compile(new, "fixed", "exec")


def test_a_fix_that_cannot_be_proven_is_not_offered():
    code = 'def f(c, t, n):\n    c.execute("select * from " + t + " where a=\'" + n + "\'")\n'
    assert offers(code, "python") == []


def test_every_title_has_a_rewrite():
    from nlogn.security.fixes import REWRITES
    from nlogn.security.packs import pack

    assert set(TITLES) == set(REWRITES)
    assert {r.fix for r in pack("python").pack.rules} - {""} <= set(REWRITES)


KEYS = [
    "AKIA" + "Z7QHW3N5RTYU2PLM",
    "ghp_" + "k3Jx9QpZ81mWq7LrT5vB2nYc8HdG4sEaUo6i",
    "xoxb-" + "2938475610-9182736450-Kq8ZtRw2LmXv",
    "sk_live_" + "9fK2mQx7ZrT4vLp8Wn3B",
    "AIza" + "Sy9fK2mQx7ZrT4vLp8Wn3BdHcGjE5sUoYiA",
]


@pytest.mark.parametrize("key", KEYS)
def test_typed_secrets_are_found_and_never_printed_whole(key):
    code = f"client = connect({key!r})\n"
    report = secure(code, "python")
    assert any(f.rule.startswith("secret.") and f.action == "redact" for f in report.findings)
    assert key not in json.dumps(report.to_json())
    assert key not in redact_secrets(code)


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "sk-your-key-goes-here-xxxxxxxxxxxxxxxx",
        "https://user:password@host/x",
    ],
)
def test_placeholders_are_not_secrets(text):
    assert not any(
        f.rule.startswith("secret.") for f in secure(f"k = {text!r}\n", "python").findings
    )


def test_bidirectional_text_is_reported_in_every_language():
    report = secure("access = 'user\u202e \u2066// admin\u2069 \u2066'\n", "python")
    assert "text.bidi" in [f.rule for f in report.findings]


SECRETS = {
    "secret.aws-access-key": "AKIA" + "QZ7P2M4WX6TLNB3R",
    "secret.github-token": "ghp_" + "k3Jx9QpZ81mWq7LrT5uV2yB6nH0dF4gS8aC1",
    "secret.gitlab-token": "glpat-" + "k3Jx9QpZ81-mWq7LrT5u",
    "secret.slack-token": "xoxb-" + "8302-9174-k3Jx9QpZ81",
    "secret.stripe-key": "sk_live_" + "k3Jx9QpZ81mWq7Lr",
    "secret.google-key": "AIza" + "-k3Jx9QpZ81mWq7LrT5uV2yB6nH0dF4gS8a",
    "secret.openai-key": "sk-" + "k3Jx9QpZ81mWq7LrT5uV2yB6nH0dF4gS8",
    "secret.sendgrid-key": "SG." + "k3Jx9QpZ81mWq7Lr" + "." + "T5uV2yB6nH0dF4gS8",
    "secret.npm-token": "npm_" + "k3Jx9QpZ81mWq7LrT5uV2yB6nH0dF4gS8aC1",
    "secret.huggingface-token": "hf_" + "kJxQpZmWqLrTuVyBnHdFgSaCkJxQpZmWqL",
    "secret.shopify-token": "shpat_" + "9f3c27ab5e81d604" * 2,
    "secret.bearer-token": "Authorization: Bearer " + "k3Jx9QpZ81mWq7LrT5uV2yB",
    "secret.url-password": "postgres://app:" + "k3Jx9QpZ@db.internal/x",
}


@pytest.mark.parametrize("rule", SECRETS)
@pytest.mark.parametrize("frame", ["x = '{}'\n", "# {}\n", "größe = '{}'\n"])
def test_every_kind_of_key_is_seen_wherever_it_stands(rule, frame):
    found = secure(frame.format(SECRETS[rule]), "python").findings
    assert rule in [f.rule for f in found]


@pytest.mark.parametrize(
    "head",
    [
        '"""Doc\nimport this text\n"""\n',
        "x = '''\nimport os\n'''\n",
        "def g():\n    import os\n    return os\n",
        "import os.path as os_path\n",
        "from __future__ import annotations\n",
        "#!/usr/bin/python\n# -*- coding: utf-8 -*-\n",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_fix_imports_what_it_needs_where_all_see_it(head, end):
    code = head + "from flask import request\ndef f():\n    return open('d/' + request.args['n'])\n"
    new, done = fix(code.replace("\n", end), "python")
    assert done and new.count(end) == new.count("\n")
    tree = ast.parse(new)
    assert ast.get_docstring(tree) == ast.get_docstring(ast.parse(code))
    assert "os" in {a.name for n in tree.body if isinstance(n, ast.Import) for a in n.names}


@pytest.mark.parametrize(
    "query",
    [
        "f\"select 1 from t where a like '%{n}%'\"",
        '"select 1 from t where a=\'" + n + "x\'"',
    ],
)
def test_no_placeholder_is_put_inside_a_text(query):
    assert offers(f"def f(c, n):\n    c.execute({query})\n", "python") == []


def test_diff_passes_over_submodules_and_says_what_is_binary(tmp_path):
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    inner.mkdir()
    outer.mkdir()
    git = repository(inner)
    (inner / "a.txt").write_text("a")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git = repository(outer)
    (outer / "a.py").write_text("x = 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "chart.js")
    (outer / "a.py").write_text(BAD)
    (outer / "b.py").write_bytes(b"\0\1\2")
    git("add", ".")
    git("commit", "-q", "-m", "two")
    found = {s.path: s.report.status for s in secure_diff("HEAD~1..HEAD", outer)}
    assert found == {"a.py": "findings", "b.py": "unscanned"}


def test_paths_cannot_forge_lines(tmp_path):
    s = Scanned("a\nb.py:1: clean\x1b[2K\r.py", BAD, secure(BAD, "python"))
    for line in to_text([s]).splitlines():
        assert "\x1b" not in line and not line.startswith("b.py")


@pytest.mark.parametrize("name", ["a b#c?d%41.py", "a\nb.py", "é.py", "\udcff.py"])
def test_sarif_writes_any_path_as_a_uri(name):
    (result,) = to_sarif([Scanned(name, BAD, secure(BAD, "python"))])["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii() and unquote(uri, errors="surrogateescape") == name
    assert not set(uri) & set(" #?\n")
