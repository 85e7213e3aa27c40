"""What docs/sandbox.md shows is what happens."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def test_the_example_prints_what_its_comments_say(capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    assert found
    exec(found[1], {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] in ("full", "light")
    assert lines[1:] == ["[42, 'abab']", "nidts"]
