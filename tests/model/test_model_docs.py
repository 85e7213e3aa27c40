"""The page runs as it is written."""

import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")

PAGE = Path(__file__).parents[2] / "docs" / "model.md"


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    assert len(blocks) >= 4
    scope: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), scope)
    x = torch.randint(0, 512, (1, 40))
    with torch.no_grad():
        same = scope["model"](x).logits, scope["again"](x).logits  # type: ignore[operator]
        assert torch.equal(*same)
        upcycled = scope["dense"](x).logits, scope["hybrid"](x).logits  # type: ignore[operator]
    torch.testing.assert_close(*upcycled, atol=1e-4, rtol=1e-4)


def test_the_table_of_presets_is_true() -> None:
    from nlogn.model.config import count_parameters, preset, size_label

    text = PAGE.read_text("utf-8")
    for name in ("nano", "7b", "70b"):
        count = count_parameters(preset(name))
        assert re.search(rf"\| `{name}` .*\| {size_label(count.total)} \|", text), name
        assert size_label(count.active) in text
