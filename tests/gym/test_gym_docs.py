"""The first two examples of docs/gym.md do what the page says."""

import re
from pathlib import Path

import pytest


def test_the_gymnasium_examples_run(capsys):
    pytest.importorskip("gymnasium")
    text = (Path(__file__).parents[2] / "docs" / "gym.md").read_text()
    names = {}
    for example in re.findall(r"```python\n(.*?)```", text, re.S)[:2]:
        exec(example, names)
    said = capsys.readouterr().out.splitlines()
    assert said[-2].split()[2] == "False" and said[-1].split()[0] == "1.0"
    assert said[-1].split()[2] == "True"
