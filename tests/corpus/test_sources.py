"""Where code is found, and under which licence."""

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from nlogn.corpus import licences
from nlogn.corpus.sources import SourceError, plan, read_unit

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this"
GPL = "GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007"
CODE = "def f(x):\n    return x + 1\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def found(source: Path, **how: str) -> dict[str, str]:
    """Path to licence of every document of the source."""
    units = plan([source], **how)
    return {r.path: r.licence for u in units for r in read_unit(u) if not r.problem}


@pytest.mark.parametrize(
    ("expression", "fine"),
    [
        ("MIT", True), ("mit", True), ("Apache-2.0 OR GPL-3.0-only", True), ("", False),
        ("MIT AND MPL-2.0", False), ("(GPL-2.0 OR MIT) AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True), ("Proprietary", False), ("MIT AND", False),
        ("(MIT", False), ("MIT) OR (GPL", False), ("GPL-3.0-only", False),
    ],
)  # fmt: skip
def test_expressions(expression: str, fine: bool) -> None:
    assert licences.permissive(expression) is fine


@pytest.mark.parametrize(
    ("metadata", "expression"),
    [
        ("License-Expression: MIT AND MPL-2.0\n", "MIT AND MPL-2.0"),
        ("License: Apache 2.0\n", "Apache-2.0"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: BSD License\n", "BSD-3-Clause"),
        ("Classifier: License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)\n",
         "Mozilla-Public-License-2.0-(MPL-2.0)"),
        ("Name: x\n", ""),
    ],
)  # fmt: skip
def test_metadata(metadata: str, expression: str) -> None:
    assert licences.from_metadata(metadata) == expression


def test_nearest_licence_and_own_header_win(tmp_path: Path) -> None:
    write(tmp_path, {
        "LICENSE": MIT, "a.py": CODE, "copied/COPYING": GPL, "copied/b.py": CODE,
        "copied/deep/c.py": CODE, "d.py": "# SPDX-License-Identifier: BSD-3-Clause\n" + CODE,
        "copied/e.py": "# SPDX-License-Identifier: ISC\n" + CODE,
    })  # fmt: skip
    assert found(tmp_path) == {
        "a.py": "MIT", "copied/b.py": "GPL", "copied/deep/c.py": "GPL", "d.py": "BSD-3-Clause",
        "copied/e.py": "ISC",
    }  # fmt: skip


def test_two_licence_files_are_a_choice_and_one_text_with_two_is_not(tmp_path: Path) -> None:
    apache = "Apache License Version 2.0, January 2004"
    write(tmp_path, {"LICENSE-MIT": MIT, "LICENSE-GPL": GPL, "a.py": CODE,
                     "both/LICENSE": f"{MIT}\n\n{GPL}", "both/b.py": CODE,
                     "fine/LICENSE": f"{MIT}\n\n{apache}", "fine/c.py": CODE})  # fmt: skip
    stated = found(tmp_path)
    assert licences.permissive(stated["a.py"])
    assert not licences.permissive(stated["both/b.py"])
    assert licences.permissive(stated["fine/c.py"])


def test_a_manifest_states_the_licence(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nlicense = {text = "MIT"}\n', "a.py": CODE,
                     "js/package.json": '{"license": "ISC"}', "js/x.js": "f(1)\n",
                     "bad/Cargo.toml": "not = [toml", "bad/y.rs": "fn f() {}\n"})  # fmt: skip
    assert found(tmp_path) == {"a.py": "MIT", "js/x.js": "ISC", "bad/y.rs": "MIT"}


def test_of_a_checkout_only_what_is_tracked(tmp_path: Path) -> None:
    files = {"LICENSE": MIT, "kept.py": CODE, "left.py": CODE, "ignored.py": CODE}
    folder = write(tmp_path / "my project", {**files, ".gitignore": "ignored.py\n"})
    for command in (["init", "-q"], ["add", "LICENSE", "kept.py"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    (folder / "link.py").symlink_to("/etc/passwd")
    subprocess.run(["git", "-C", str(folder), "add", "link.py"], check=True)
    assert found(folder) == {"kept.py": "MIT"}
    assert [u.name for u in plan([tmp_path])] == ["my project"]  # found below a folder, too


def test_installed_packages_by_their_metadata(tmp_path: Path) -> None:
    write(tmp_path, {
        "good-1.0.dist-info/METADATA": "Name: good\nLicense-Expression: MIT\n",
        "good-1.0.dist-info/RECORD": "good/__init__.py,,\n../bin/x.py,,\n",
        "good/__init__.py": CODE, "LICENSE": GPL,
        "bad-1.0.dist-info/METADATA": "Name: bad\nLicense: GPL\n",
        "bad-1.0.dist-info/RECORD": "bad.py,,\n", "bad.py": CODE, "nobody.py": CODE,
    })  # fmt: skip
    stated = found(tmp_path)
    assert stated.keys() == {"good/__init__.py", "bad.py"}
    assert stated["good/__init__.py"] == "MIT"
    assert not licences.permissive(stated["bad.py"])
    assert [u.name for u in plan([tmp_path], skip=["bad"])] == ["good"]


def test_rows_of_json_lines_and_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    rows = [{"content": CODE, "path": "a/b.py", "license": "mit", "repo": "x/y"},
            {"text": "int f() { return 1; }\n", "lang": "C", "licenses": ["MIT", "GPL-3.0"]},
            {"nothing": 1}]  # fmt: skip
    lines = [json.dumps(r) for r in rows]
    with gzip.open(tmp_path / "rows.jsonl.gz", "wt") as file:
        file.write("\n".join([*lines, "{broken", "7"]) + "\n")
    parquet.write_table(pa.Table.from_pylist(rows[:1]), tmp_path / "rows.parquet")
    found = {u.files[0]: list(read_unit(u)) for u in plan([tmp_path])}
    raw = found["rows.jsonl.gz"]
    assert [r.problem for r in raw] == ["", "", "bad_row", "bad_row", "bad_row"]
    assert (raw[0].unit, raw[0].path, raw[0].language, raw[0].licence) == \
        ("x/y", "a/b.py", "python", "mit")  # fmt: skip
    assert raw[1].language == "c" and not licences.permissive(raw[1].licence)
    assert found["rows.parquet"] == [raw[0]]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": CODE, "notes.txt": "x"})
    (tmp_path / "b.py").write_bytes(b"x = '\xff\xfe'\n")
    (tmp_path / "c.py").write_text("x = 1\n" * 400_000)
    (unit,) = plan([tmp_path], licence="MIT")
    problems = {r.path: r.problem for r in read_unit(unit)}
    assert problems == {"a.py": "", "b.py": "not_text", "c.py": "too_large",
                        "notes.txt": "not_source"}  # fmt: skip
    (tmp_path / "a.py").unlink()  # after the plan
    assert {r.path: r.problem for r in read_unit(unit)}["a.py"] == "unreadable"
    for wrong in (tmp_path / "missing", tmp_path / "notes.txt"):
        with pytest.raises(SourceError, match=str(wrong)):
            plan([wrong])
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no source files"):
        plan([tmp_path / "empty"])
