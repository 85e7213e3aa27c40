"""What training does to the gate."""

import pytest

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")

from nlogn.model.config import Experts  # noqa: E402
from nlogn.model.experts import Gate, balance, expert_counts, group_loss  # noqa: E402


def test_the_scores_that_route_are_the_ones_that_are_trained() -> None:
    gate = Gate(8, Experts())
    gate.e_score_correction_bias[:4] = 0.3  # balancing favours the first group
    x = torch.randn(200, 8, generator=torch.Generator().manual_seed(0)).abs()
    paradigms = torch.ones(200, dtype=torch.long)
    optimizer = torch.optim.Adam(gate.parameters(), lr=1e-2)
    for _ in range(500):
        loss = group_loss([gate(x)[0]], [gate], paradigms)
        if loss < 0.1:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
    assert float((gate(x)[0].chosen // 4 == 1).float().mean()) > 0.95


def test_unlabelled_tokens_do_not_count() -> None:
    gate = Gate(8, Experts())
    torch.nn.init.normal_(gate.weight)
    routing = gate(torch.randn(6, 8))[0]
    labels = torch.tensor([0, -1, 2, -1, 3, 1])
    known = labels >= 0
    alone = routing._replace(logits=routing.logits[known], chosen=routing.chosen[known])
    torch.testing.assert_close(
        group_loss([routing, routing], [gate, gate], labels),
        group_loss([alone], [gate], labels[known]),
    )
    assert group_loss([routing], [gate], torch.full((6,), -1)) == 0


def test_balance_moves_inside_groups_alone() -> None:
    gate = Gate(8, Experts())
    torch.nn.init.normal_(gate.weight)
    x = torch.randn(400, 8)
    for _ in range(300):
        balance([gate], expert_counts([gate(x)[0]], 16), rate=1e-3)
    bias = gate.e_score_correction_bias.view(4, 4)
    torch.testing.assert_close(bias.mean(1), torch.zeros(4), atol=1e-6, rtol=0)
    assert float(bias.abs().max()) > 0.01
