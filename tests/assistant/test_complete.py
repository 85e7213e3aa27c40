"""Completion at the cursor against a real server: prompt in, fitting text out."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlogn.assistant.complete import (
    Document,
    Filled,
    PositionError,
    Related,
    complete,
    read_document,
)
from nlogn.assistant.context import related_for
from nlogn.engine import Cancel, Cancelled, EngineError, NoFim, OpenAIEngine
from tests.assistant.raw_server import serving
from tests.cli.run import nlogn

CODE = "def mean(xs):\n    total = sum(xs)\n    return total / len(xs)\n"


def says(*pieces: str) -> Any:
    def write(body: dict[str, Any]) -> Iterator[str]:
        yield from pieces

    return write


def at(text: str, path: str = "a.py") -> Document:
    before, _, after = text.partition("|")
    return Document(path, before, after, "python")


def ask(document: Document, *pieces: str, model: str = "qwen2.5-coder", **more: Any) -> Filled:
    with serving(model, says(*pieces)) as server:
        return complete(document, OpenAIEngine(server.url), **more)


def test_the_prompt_is_rendered_and_the_middle_made_to_fit() -> None:
    with serving("qwen2.5-coder:1.5b", says("sum(", "xs)", ")")) as server:
        filled = complete(at("x = max(|)\n"), OpenAIEngine(server.url))
    assert filled.text == "sum(xs)"
    assert (filled.family, filled.scope, filled.finish_reason) == ("qwen-coder", "line", "stop")
    (body,) = server.bodies
    assert body["prompt"] == "<|fim_prefix|>x = max(<|fim_suffix|>)\n<|fim_middle|>"
    assert "suffix" not in body and filled.first_s is not None


def test_a_model_that_runs_on_is_left_when_it_has_what_belongs_there() -> None:
    def endless(body: dict[str, Any]) -> Iterator[str]:
        yield "sum(xs) / len(xs)\n"
        for i in range(10_000):
            yield f"    y{i} = 1\n"
            time.sleep(0.01)

    with serving("starcoder2", endless) as server:
        filled = complete(at("def f(xs):\n    x = |\n    return x\n"), OpenAIEngine(server.url))
        assert server.left.wait(5)
    assert filled.text == "sum(xs) / len(xs)" and filled.finish_reason == "scope"
    assert server.sent < 200


def test_a_repeated_suffix_and_spelled_out_tokens_are_cut() -> None:
    document = at("def f(xs):\n    |\n    return total\n")
    middle = "total = 0\n    for x in xs:\n        total += x\n    return total\n<|endoftext|>junk"
    filled = ask(document, *middle.splitlines(keepends=True))
    assert filled.text == "total = 0\n    for x in xs:\n        total += x"


def test_what_is_cut_off_at_the_limit_ends_with_a_whole_line() -> None:
    pieces = ["total = 0\n", "    for x", " in xs:\n", "        total += x\n", "    retu"]
    filled = ask(at("def f(xs):\n    |\n"), *pieces, max_tokens=5)
    assert filled.finish_reason == "length"
    assert filled.text == "total = 0\n    for x in xs:\n        total += x"


def test_windows_line_ends_stay_windows_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"def f():\r\n    \r\n")
    document = read_document(f"{file}:2:5")
    assert document.crlf and document.prefix == "def f():\n    "
    assert ask(document, "x = 1\n    return x").text == "x = 1\r\n    return x"


def test_long_files_are_cut_to_the_lines_around_the_cursor() -> None:
    lines = "".join(f"value_{i} = {i}\n" for i in range(5000))
    with serving("qwen-coder", says("1")) as server:
        complete(at(f"{lines}x = |\n{lines}"), OpenAIEngine(server.url), prompt_tokens=600)
    prompt = server.bodies[0]["prompt"]
    assert len(prompt) < 600 * 4 and "value_4999 = 4999\nx = <|fim_suffix|>\nvalue_0" in prompt
    assert prompt.startswith("<|fim_prefix|>value_")


def test_one_endless_line_is_cut_too() -> None:
    with serving("qwen-coder", says("1")) as server:
        complete(at("x" * 100_000 + "|" + "y" * 100_000), OpenAIEngine(server.url))
    assert 1000 < len(server.bodies[0]["prompt"]) < 9000


def test_related_files_are_shown_within_the_budget() -> None:
    asked: list[int] = []

    def related(document: Document, budget: int, count: Any) -> list[Related]:
        asked.append(budget)
        return [Related("b.py", "def helper(): ...\n", 1.0)]

    with serving("qwen-coder", says("1")) as server:
        filled = complete(at("x = |\n"), OpenAIEngine(server.url), related=related)
    assert "<|file_sep|>b.py\ndef helper(): ...\n" in server.bodies[0]["prompt"]
    assert filled.context == ("b.py",) and 1000 < asked[0] < 2048


def test_a_model_without_fim_is_refused_in_words() -> None:
    with pytest.raises(NoFim, match="--fim"):
        ask(at("|"), "x", model="gpt-4o")
    assert ask(at("x = |\n"), "1", model="gpt-4o", family="starcoder").text == "1"


def test_cancelling_and_a_dead_server() -> None:
    def slow(body: dict[str, Any]) -> Iterator[str]:
        while True:
            yield "x "
            time.sleep(0.02)

    cancel = Cancel()
    with serving("qwen-coder", slow) as server:
        engine = OpenAIEngine(server.url)
        engine.facts()
        import threading

        threading.Timer(0.3, cancel.cancel).start()
        with pytest.raises(Cancelled):
            complete(at("|"), engine, cancel=cancel, max_tokens=4000)
    with pytest.raises(EngineError, match="cannot reach"):
        complete(at("|"), OpenAIEngine("http://127.0.0.1:9/v1", retries=0))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("{}:5:1", "has 4 lines: there is no line 5"),
        ("{}:0:1", "there is no line 0"),
        ("{}:2:99", "has the columns 1 to 20: there is no column 99"),
        ("{}:2", "FILE:LINE:COLUMN"),
        ("{}", "FILE:LINE:COLUMN"),
        ("{}:a:1", "FILE:LINE:COLUMN"),
    ],
)
def test_a_bad_position_says_what_the_file_has(tmp_path: Path, place: str, said: str) -> None:
    file = tmp_path / "with: colon.py"
    file.write_text(CODE)
    with pytest.raises(PositionError, match=said):
        read_document(place.format(file))


def test_columns_are_characters_and_both_ends_of_a_line_are_places(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("s = 'äö😀'\n")
    assert read_document(f"{file}:1:9").prefix == "s = 'äö😀"
    assert read_document(f"{file}:1:1").prefix == ""
    assert read_document(f"{file}:2:1").suffix == ""
    assert read_document(f"{file}:1:10", "other text").prefix == "other tex"


def test_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"\xef\xbb\xbfx = 1\n")
    on_disk = read_document(f"{file}:1:5")
    assert on_disk.prefix == "x = " and read_document(f"{file}:1:5", "\ufeffx = 1\n") == on_disk


def test_names_of_files_that_are_no_utf8(tmp_path: Path) -> None:
    """Old archives have them; the model is shown what can be shown of them."""
    (tmp_path / "pyproject.toml").touch()
    other = os.fsdecode(b"caf\xe9.py")
    (tmp_path / other).write_text("def brew_coffee(cups):\n    return cups * 2\n")
    file = tmp_path / os.fsdecode(b"men\xfc.py")
    file.write_text("total = \nprint(brew_coffee(3))\n")
    document = read_document(f"{file}:1:9")
    with serving("qwen-coder", says("1")) as server:
        filled = complete(document, OpenAIEngine(server.url), related=related_for(document.path))
    prompt = server.bodies[0]["prompt"]
    assert "<|file_sep|>caf\ufffd.py\ndef brew_coffee" in prompt and "men\ufffd.py\n" in prompt
    assert filled.text == "1" and filled.context == ("caf\ufffd.py",)


def test_the_verb(tmp_path: Path) -> None:
    file = tmp_path / "a b.py"
    file.write_text(CODE.replace("sum(xs)", ""))
    with serving("qwen-coder", says("sum(xs)\n", "    return")) as server:
        engine = f"openai:{server.url}"
        done = nlogn("complete", f"{file}:2:13", "--engine", engine)
        assert (done.returncode, done.stdout) == (0, "sum(xs)\n")
        done = nlogn("complete", f"{file}:2:13", "--engine", engine, "--format", "json")
        told = json.loads(done.stdout)
        assert (told["family"], told["scope"]) == ("qwen-coder", "block")
        done = nlogn(
            "complete", f"{file}:1:5", "--engine", engine, "--stdin", "--no-context", stdin="x = \n"
        )
        assert done.stdout == "sum(xs)\n" and done.returncode == 0
        file.write_text(CODE)
        done = nlogn("complete", f"{file}:2:13", "--engine", engine)  # it stands there already
        assert (done.returncode, done.stdout.strip()) == (1, "")
    bad = nlogn("complete", f"{file}:9:1", "--engine", engine)
    assert bad.returncode == 2 and "there is no line 9" in bad.stderr
    gone = nlogn("complete", f"{file}:1:1", "--engine", engine, "--timeout", "2")
    assert gone.returncode == 2 and "cannot reach" in gone.stderr
    assert "Traceback" not in gone.stderr
    none = nlogn("complete", f"{tmp_path}/none.py:1:1", "--engine", engine)
    assert none.returncode == 2 and "No such file" in none.stderr
