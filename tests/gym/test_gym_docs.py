"""The first example of docs/gym.md does what the page says."""

import re
from pathlib import Path

import pytest


def test_the_gymnasium_example_runs(capsys):
    pytest.importorskip("gymnasium")
    text = (Path(__file__).parents[2] / "docs" / "gym.md").read_text()
    example = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    exec(example, {})
    said = capsys.readouterr().out.splitlines()
    assert said[-2].split()[2] == "False" and said[-1].split()[0] == "1.0"
    assert said[-1].split()[2] == "True"
