"""`nlogn secure` as a script meets it."""

import json
from pathlib import Path

import pytest

from tests.cli.run import nlogn

UNSAFE = "import yaml\n\n\ndef load(request):\n    return yaml.load(request.args['q'])\n"
CLEAN = "def add(a, b):\n    return a + b\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "unsafe one.py").write_text(UNSAFE)
    (tmp_path / "clean.py").write_text(CLEAN)
    return tmp_path


def test_exit_codes_and_json(files: Path) -> None:
    bad = nlogn("secure", "unsafe one.py", "--format", "json", cwd=files)
    told = json.loads(bad.stdout)
    assert bad.returncode == 1 and told["status"] == "findings"
    assert {"rule", "cwe", "severity", "confidence", "evidence", "action", "line", "message",
            "flow"} <= told["findings"][0].keys()  # fmt: skip
    good = nlogn("secure", "clean.py", "--format", "json", cwd=files)
    assert (good.returncode, json.loads(good.stdout)["status"]) == (0, "clean")
    odd = nlogn("secure", "nowhere.py", "--format", "json", cwd=files)
    assert (odd.returncode, json.loads(odd.stdout)["status"]) == (2, "unscanned")
    assert nlogn("secure").returncode == 2
    assert nlogn("secure", "--diff", "HEAD", "--fix").returncode == 2


def test_folder_stdin_rows_sarif_and_github(files: Path) -> None:
    folder = json.loads(nlogn("secure", ".", "--format", "json", cwd=files).stdout)
    assert folder["status"] == "findings" and len(folder["files"]) == 2
    piped = nlogn("secure", "-", stdin=UNSAFE)
    assert piped.returncode == 1 and "CWE-502" in piped.stdout
    sarif = json.loads(nlogn("secure", ".", "--format", "sarif", cwd=files).stdout)
    assert sarif["version"] == "2.1.0" and sarif["runs"][0]["results"]
    assert "::" in nlogn("secure", ".", "--format", "github", cwd=files).stdout
    rows = "\n".join(
        json.dumps({"id": i, "lang": lang, "code": code})
        for i, (lang, code) in enumerate([("python", UNSAFE), ("python", CLEAN), ("cobol", "X")])
    )
    done = nlogn("secure", "--jsonl", "-", stdin=rows)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["status"] for r in told] == ["findings", "clean", "unscanned"]
    assert done.returncode == 2


def test_fix_mends_the_file_in_place(files: Path) -> None:
    done = nlogn("secure", "unsafe one.py", "--fix", cwd=files)
    assert done.returncode == 0, done.stdout
    assert "safe_load" in (files / "unsafe one.py").read_text()
    assert sorted(p.name for p in files.iterdir()) == ["clean.py", "unsafe one.py"]
