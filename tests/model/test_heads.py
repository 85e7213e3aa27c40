from pathlib import Path

import pytest
from variants import DENSE, VARIANTS

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")

from nlogn.model.calibration import calibrate, candidates, loss_by_position, set_positions  # noqa: E402
from nlogn.model.checkpoint import load, save  # noqa: E402
from nlogn.model.config import BadConfig, Positions  # noqa: E402
from nlogn.model.heads import (  # noqa: E402
    IGNORE,
    Heads,
    HeadsConfig,
    Readings,
    head_losses,
    line_scores,
    load_heads,
    save_heads,
)
from nlogn.model.transformer import Transformer, cross_entropy  # noqa: E402

CLASSES = ("1", "log n", "n", "n log n", "n^2")


def test_the_heads_learn_from_every_position_and_count_labels_alone() -> None:
    torch.manual_seed(0)
    heads = Heads(HeadsConfig(16, CLASSES, ("1", "n"), width=32))
    hidden = torch.randn(4, 12, 16)
    time = (hidden[..., 0] > 0).long() * 3
    leak = (hidden[..., 1] > 0.5).long()
    memory = torch.full((4, 12), IGNORE)
    time[:, :2] = IGNORE
    optimizer = torch.optim.Adam(heads.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        losses = head_losses(heads(hidden), time, memory, leak)
        sum(losses).backward()
        optimizer.step()
    assert losses.time < 0.1 and losses.leak < 0.1 and losses.memory == 0
    readings = heads(hidden)
    assert (readings.time.argmax(-1) == time)[:, 2:].float().mean() > 0.95
    changed = readings.time.clone()
    changed[:, :2] += 100 * torch.randn_like(changed[:, :2])  # unlabelled positions
    same = head_losses(Readings(changed, readings.memory, readings.leak), time, memory, leak)
    torch.testing.assert_close(same.time, head_losses(readings, time, memory, leak).time)


def test_the_heads_read_what_the_code_has_spent() -> None:
    """Where the hidden state says nothing, the classes so far decide; no tensor is "unknown"."""
    torch.manual_seed(0)
    heads = Heads(HeadsConfig(16, CLASSES, ("1", "n"), width=32))
    hidden = torch.zeros(4, 12, 16)
    spent = torch.stack([torch.randint(-1, 5, (4, 12)), torch.randint(-1, 2, (4, 12))], dim=-1)
    time, memory = (spent[..., 0] + 2) % 5, (spent[..., 1] == 1).long()
    none = torch.full((4, 12), IGNORE)
    optimizer = torch.optim.Adam(heads.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        sum(head_losses(heads(hidden, spent), time, memory, none)).backward()
        optimizer.step()
    read = heads(hidden, spent)
    assert torch.equal(read.time.argmax(-1), time) and torch.equal(read.memory.argmax(-1), memory)
    unknown = heads(hidden, torch.full_like(spent, -1))
    torch.testing.assert_close(heads(hidden).time, unknown.time)


def test_a_line_is_as_suspicious_as_its_worst_token() -> None:
    leak = torch.tensor([-3.0, 2.0, 0.0, 5.0, 9.0])
    scores = line_scores(leak, torch.tensor([0, 0, 2, 2, -1]), 4)
    want = torch.tensor([2.0, -torch.inf, 5.0, -torch.inf]).sigmoid()
    torch.testing.assert_close(scores, want)


def test_heads_and_bias_share_the_side_car(tmp_path: Path) -> None:
    model = Transformer(VARIANTS["time bias"])
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.time_bias.normal_()
    heads = Heads(HeadsConfig(32, CLASSES, ("1", "n")))
    torch.nn.init.normal_(heads.time_spent)
    save(model, tmp_path)
    assert load_heads(tmp_path) is None
    save_heads(heads, tmp_path)
    again, back = load(tmp_path), load_heads(tmp_path)
    assert back is not None and back.config == heads.config
    x = torch.randint(0, 97, (1, 20))
    classes = torch.randint(0, 5, (1, 20))
    hidden = model(x, classes=classes).hidden
    torch.testing.assert_close(again(x, classes=classes).hidden, hidden)
    spent = torch.randint(-1, 2, (1, 20, 2))
    torch.testing.assert_close(back(hidden, spent).time, heads(hidden, spent).time)


def trained_on_short_copies() -> Transformer:
    """A network that has learned, on 24 tokens, to repeat what it saw 6 tokens ago."""
    torch.manual_seed(1)
    model = Transformer(DENSE, seed=1)
    set_positions(model, Positions(theta=100.0), context=24)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(250):
        x = copies(16, 24)
        optimizer.zero_grad()
        cross_entropy(model(x[:, :-1]).logits, x[:, 1:]).backward()
        optimizer.step()
    return model


def copies(rows: int, length: int) -> torch.Tensor:
    return torch.randint(0, 30, (rows, 6)).repeat(1, length // 6)


def test_calibration_picks_the_scaling_that_reads_long_documents(tmp_path: Path) -> None:
    model = trained_on_short_copies()
    assert loss_by_position(model, copies(8, 24))[12:].mean() < 0.6
    found = calibrate(model, copies(8, 96))
    assert set(found.losses) == set(candidates(Positions(theta=100.0), 24, 96))
    assert found.mean(found.best) == min(map(found.mean, found.losses))
    assert found.mean(found.best) < found.mean(Positions(theta=100.0))  # plain positions fail
    assert found.best.scaling != "none"
    assert model.config.positions == found.best and model.config.context == 96
    save(model, tmp_path)
    assert load(tmp_path).config.positions == found.best


def test_calibration_within_the_context_changes_nothing() -> None:
    model = Transformer(DENSE)
    assert calibrate(model, copies(2, 30)).best == DENSE.positions
    assert model.config == DENSE


def test_positions_of_another_kind_need_another_network() -> None:
    with pytest.raises(BadConfig, match="kind"):
        set_positions(Transformer(DENSE), Positions(rotary=False))
