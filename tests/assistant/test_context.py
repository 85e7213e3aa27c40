"""Repository context: what is related, what is left out, what it costs."""

import random
import subprocess
import time
from pathlib import Path

import pytest

from nlogn.assistant.complete import Document, Related
from nlogn.assistant.context import related
from nlogn.assistant.repository import Repository, list_files, root_of
from nlogn.assistant.symbols import definitions
from nlogn.security.files import language_of

FILES = {
    "shop/prices.py": (
        "RATE = 1.2\n\n\ndef gross_price(net: float) -> float:\n    return net * RATE\n\n\n"
        "def unrelated_helper(a, b):\n    return a - b\n"
    ),
    "shop/cart.py": "from shop.prices import gross_price\n\n\nclass Cart:\n    items: list\n",
    "shop/logs.py": "import logging\n\n\ndef write_log(text):\n    logging.info(text)\n",
    "tests/test_cart.py": "from shop.cart import Cart\n\n\ndef test_empty():\n    assert Cart()\n",
    "web/app.js": "export function drawChart(rows) { return rows.length; }\n",
    "web/old.js": "import { drawChart } from './app.js';\ndrawChart([]);\n",
    "native/list.h": "typedef struct node node;\nint list_length(node *head);\n",
}


def words(text: str) -> int:
    return len(text) // 3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        file = tmp_path / "a repository" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "a repository" / "pyproject.toml").write_text("")
    return tmp_path / "a repository"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NLOGN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def ask(root: Path, path: str, text: str, budget: int = 500) -> list[Related]:
    before, _, after = text.partition("|")
    document = Document(path, before, after, language_of(path))
    return related(document, path, Repository(root).refresh(path), root, budget, words)


def test_what_is_imported_and_used_comes_last_with_the_lines_that_are_used(root: Path) -> None:
    found = ask(root, "shop/bill.py", "from shop.prices import gross_price\n\ntotal = gross_|\n")
    assert found[-1].path == "shop/prices.py"
    assert "def gross_price(net: float) -> float:\n    return net * RATE" in found[-1].text
    tight = ask(
        root, "shop/bill.py", "from shop.prices import gross_price\n\ntotal = gross_|\n", 60
    )
    assert [r.path for r in tight] == ["shop/prices.py"]
    assert "gross_price" in tight[0].text and "a - b" not in tight[0].text


def test_imports_are_found_while_the_file_does_not_parse(root: Path) -> None:
    found = ask(
        root, "shop/bill.py", "from shop.prices import gross_price\n\ndef f(:\n    x = (|\n"
    )
    assert found[-1].path == "shop/prices.py"


def test_what_uses_the_edited_file_and_its_tests_are_related(root: Path) -> None:
    text = "from shop.prices import gross_price\n\n\nclass Cart:\n    items: list\n    |\n"
    paths = {r.path for r in ask(root, "shop/cart.py", text)}
    assert {"tests/test_cart.py", "shop/prices.py"} <= paths and "web/app.js" not in paths


def test_other_languages_and_files_of_no_grammar(root: Path) -> None:
    found = ask(root, "web/new.js", "import { drawChart } from './app.js';\n\ndrawCh|\n")
    assert found[-1].path == "web/app.js"
    found = ask(root, "native/main.c", '#include "list.h"\nint n = list_length(|);\n')
    assert found[-1].path == "native/list.h"
    (root / "schema.sql").write_text("create table customer_orders (order_total int);\n")
    found = ask(root, "report.sql", "select order_total from customer_|\n")
    assert found[-1].path == "schema.sql"


def test_the_budget_holds_and_the_answer_is_always_the_same(root: Path) -> None:
    text = "from shop.prices import gross_price\nfrom shop.logs import write_log\n|\n"
    for budget in (0, 10, 40, 80, 200):
        found = ask(root, "shop/bill.py", text, budget)
        assert sum(words(r.path) + words(r.text) for r in found) <= budget
        assert found == ask(root, "shop/bill.py", text, budget)
        for part in found:
            assert part.lines == tuple(sorted(part.lines))


@pytest.mark.parametrize("git", [True, False])
def test_ignored_large_binary_and_linked_files_are_left_out(root: Path, git: bool) -> None:
    if git:
        subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / ".gitignore").write_text("secret*.py\nbuilt/\n!secret_not.py\n")
    for name in ("secret_key.py", "secret_not.py", "built/made.py", "shop/secret2.py"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("gross_price = 1\n")
    (root / "huge.py").write_text("gross_price = 1\n" * 40_000)
    (root / "binary.py").write_bytes(b"gross_price\0\xff")
    (root / "linked.py").symlink_to("/etc/passwd")
    files = Repository(root).refresh()
    assert "secret_not.py" in files and "shop/prices.py" in files
    assert not {"secret_key.py", "built/made.py", "shop/secret2.py", "huge.py", "linked.py"} & set(
        files
    )
    assert not files["binary.py"].names


def test_a_changed_file_is_read_again_and_others_are_not(root: Path, cache: Path) -> None:
    read: list[int] = []
    repository = Repository(root)
    repository.refresh(progress=lambda done, total: read.append(total))
    assert read[0] == len(FILES)
    read.clear()
    again = Repository(root)
    assert again.refresh(progress=lambda done, total: read.append(total)) == repository.files
    assert not read
    (root / "shop/prices.py").write_text("def net_price():\n    pass\n")
    (root / "shop/logs.py").unlink()
    files = again.refresh(progress=lambda done, total: read.append(total))
    assert read == [1] and "shop/logs.py" not in files
    assert [d.name for d in files["shop/prices.py"].definitions] == ["net_price"]


def test_a_cache_that_is_broken_or_cannot_be_written_costs_only_time(
    root: Path, cache: Path
) -> None:
    whole = Repository(root).refresh()
    (store,) = (cache / "context").iterdir()
    for text in ("", "{", '{"version": 1, "files": [[1]]}', store.read_text()[:500]):
        store.write_text(text)
        assert Repository(root).refresh() == whole
    store.unlink()
    (cache / "context").rmdir()
    (cache / "context").write_text("a file in the way")
    assert Repository(root).refresh() == whole


def test_the_root_is_the_checkout_or_the_project(root: Path) -> None:
    assert root_of(root / "shop/cart.py") == root
    assert "shop/cart.py" in list_files(root)
    (root / "pyproject.toml").unlink()
    assert root_of(root / "shop/cart.py") == root / "shop"


def test_of_a_folder_that_is_no_project_only_its_own_files_are_read(root: Path) -> None:
    (root / "pyproject.toml").unlink()
    (root / "loose.py").write_text("x = 1\n")
    assert list_files(root) == ["loose.py"]


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("a.py", "X = 1\n@d\nclass A:\n    def f(self): ...\n", ["X", "A", "f"]),
        ("a.ts", "interface P { x: number }\nexport const f = () => 1;\n", ["P", "f"]),
        ("a.js", "class A { m() {} }\nfunction g() {}\n", ["A", "m", "g"]),
        ("A.java", "class A { int f() { return 1; } }\n", ["A", "f"]),
        ("a.go", "package a\ntype T struct{}\nfunc (t T) M() {}\nfunc F() {}\n", ["T", "M", "F"]),
        ("a.rs", "struct S;\nimpl S { fn m(&self) {} }\nfn f() {}\n", ["S", "m", "f"]),
        ("a.php", "<?php\nclass A { function m() {} }\nfunction f() {}\n", ["A", "m", "f"]),
        (
            "a.c",
            "#define N 3\nint *f(int x) { return 0; }\nstruct s { int a; };\n",
            ["N", "f", "s"],
        ),
        (
            "a.cpp",
            "class A { int m() { return 1; } };\nint A::n() { return 2; }\n",
            ["A", "m", "n"],
        ),
    ],
)
def test_definitions_in_every_language(path: str, text: str, names: list[str]) -> None:
    assert [d.name for d in definitions(text, language_of(path))] == names


def test_a_thousand_files_take_no_time_once_they_are_known(tmp_path: Path) -> None:
    rng = random.Random(0)
    names = [f"name_{rng.randrange(10**6)}" for _ in range(3000)]
    root = tmp_path / "large"
    for i in range(1000):
        file = root / f"package_{i % 40}" / f"module_{i}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        used = rng.sample(names, 60)
        lines = [f"from package_{i % 7}.module_{rng.randrange(1000)} import {used[0]}"]
        lines += [f"def {used[k]}(x):\n    return {used[k + 1]}(x)\n" for k in range(0, 40, 2)]
        file.write_text("\n".join(lines) + " ".join(used[40:]).replace("name", "\nname"))
    (root / "pyproject.toml").write_text("")
    repository = Repository(root)
    assert len(repository.refresh()) == 1000
    path = "package_3/module_3.py"
    text = (root / path).read_text()
    document = Document(path, text[:900], text[900:], "python")
    took = []
    for _ in range(5):
        start = time.process_time()
        found = related(document, path, repository.refresh(path), root, 700, words)
        took.append(time.process_time() - start)
    assert found and min(took) < 0.1, took
