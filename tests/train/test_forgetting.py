from pathlib import Path

import pytest
from variants import HYBRID

torch = pytest.importorskip("torch", reason="training needs torch (extra `model`)")

from packed_noise import made_up  # noqa: E402

from nlogn.model.config import dense_twin  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402
from nlogn.train import forgetting  # noqa: E402
from nlogn.train.forgetting import forget, only  # noqa: E402
from nlogn.train.optimizer import Rates  # noqa: E402
from nlogn.train.pretrain import Run, train  # noqa: E402
from nlogn.train.state import TrainError  # noqa: E402

BYTES = torch.full((97,), 3).numpy()


def test_one_paradigm_s_documents_are_all_that_is_taught() -> None:
    data = only(made_up(8000), 2)
    assert set(data.tokens.tolist()) <= set(range(40, 60)) and len(data.tokens) > 1000
    with pytest.raises(TrainError, match="no document"):
        only(made_up(8000), 7)


def test_teaching_a_group_alone_changes_its_experts_and_no_other() -> None:
    model = Transformer(HYBRID, seed=1)
    start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    seen: dict[str, torch.Tensor] = {}

    real = forgetting.train

    def spy(network: Transformer, *rest: object, **more: object) -> bool:
        done = real(network, *rest, **more)  # type: ignore[arg-type]
        seen.update(network.state_dict())
        return done

    forgetting.train = spy  # type: ignore[assignment]
    try:
        found = forget(model, made_up(8000), made_up(4000, seed=3), BYTES, 1, steps=6, rows=4,
                       length=48, own_group=True, windows=20)  # fmt: skip
    finally:
        forgetting.train = real
    changed = {name for name in start if not torch.equal(start[name], seen[name])}
    assert changed and all(name.endswith(("gate_up_proj", "down_proj")) for name in changed)
    for name in changed:
        assert torch.equal(start[name][:4], seen[name][:4])
        assert torch.equal(start[name][8:], seen[name][8:])
    assert all(torch.equal(a, b) for a, b in zip(start.values(), model.state_dict().values(),
                                                 strict=True))  # fmt: skip
    assert set(found.before) == set(range(4)) and found.gain > -0.1


def test_a_dense_network_forgets_what_it_is_not_shown(tmp_path: Path) -> None:
    model = Transformer(dense_twin(HYBRID), seed=1)
    run = Run(steps=60, rows=8, length=48, rates=Rates(lr=5e-3), warmup=5, shares={})
    train(model, made_up(), run, tmp_path)
    found = forget(model, made_up(8000, seed=2), made_up(4000, seed=3), BYTES, 0, steps=40, rows=8,
                   length=48, lr=5e-3, windows=20)  # fmt: skip
    assert found.rise > 0.05 and found.gain > 0
    with pytest.raises(TrainError, match="dense"):
        forget(model, made_up(8000), made_up(4000), BYTES, 0, steps=1, rows=4, length=48,
               own_group=True)  # fmt: skip
