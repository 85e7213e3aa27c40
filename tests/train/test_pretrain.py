import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from variants import HYBRID

torch = pytest.importorskip("torch", reason="training needs torch (extra `model`)")

from full_disk import full_disk  # noqa: E402
from packed_noise import made_up  # noqa: E402

from nlogn.model.checkpoint import load  # noqa: E402
from nlogn.model.experts import own_group_share  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402
from nlogn.train.curves import plot, read_metrics, to_tensorboard  # noqa: E402
from nlogn.train.data import Packed, read_packed  # noqa: E402
from nlogn.train.evaluate import bits_per_byte  # noqa: E402
from nlogn.train.losses import Weights  # noqa: E402
from nlogn.train.optimizer import Rates  # noqa: E402
from nlogn.train.pretrain import Progress, Run, train  # noqa: E402
from nlogn.train.state import TrainError, alone  # noqa: E402

Trained = tuple[Transformer, list[Progress], Path, Run]
SCRIPT = Path(__file__).with_name("run_training.py")
HERE = Path(__file__).parent
PATHS = (HERE.parents[1] / "src", HERE.parent / "model", HERE)
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(map(str, PATHS))}


def start(*args: object, launcher: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    command = [sys.executable, *launcher, str(SCRIPT), *map(str, args)]
    return subprocess.Popen(command, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)  # fmt: skip


def finish(process: subprocess.Popen[str]) -> list[tuple[int, float]]:
    out, err = process.communicate(timeout=110)
    assert process.returncode == 0, err
    return [(int(a), float(b)) for a, b in map(str.split, out.splitlines())]


def test_a_killed_run_ends_bit_for_bit_where_it_would_have(tmp_path: Path) -> None:
    whole = finish(start(tmp_path / "whole", 11))
    process = start(tmp_path / "killed", 11)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("7 "):  # a checkpoint at 6, more steps after it
            os.kill(process.pid, signal.SIGKILL)
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    rest = finish(start(tmp_path / "killed", 11))
    assert rest == whole[rest[0][0] :] and 0 < rest[0][0] <= 7
    ends = [torch.load(tmp_path / name / "final.pt") for name in ("whole", "killed")]
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


def small_run(folder: Path, stop_after: int | None = None) -> bool:
    run = Run(steps=4, rows=2, length=16, rates=Rates(lr=1e-3), warmup=1, save_every=2)
    return train(Transformer(HYBRID, seed=1), made_up(800), run, folder, stop_after=stop_after)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("latest", b""),
        ("latest", b"step-00000099"),
        ("step-00000002/rest.json", b""),
        ("step-00000002/__0_0.distcp", b"PK"),
        ("step-00000002/.metadata", b""),
    ],
)
def test_a_damaged_state_is_said_to_be_one(tmp_path: Path, file: str, damage: bytes) -> None:
    assert not small_run(tmp_path, stop_after=2)
    (tmp_path / file).write_bytes(damage)
    with pytest.raises(TrainError, match=r"is damaged: .*delete .*latest to begin anew"):
        small_run(tmp_path)
    (tmp_path / "latest").unlink()
    assert small_run(tmp_path)


def test_a_damaged_record_of_a_run_is_said_to_be_one(tmp_path: Path) -> None:
    assert not small_run(tmp_path, stop_after=2)
    for text in ("", "[]", '{"steps"'):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(TrainError, match=r"run\.json is damaged: give .*another --name"):
            small_run(tmp_path)


def test_beginning_anew_drops_the_states_of_the_run_before(tmp_path: Path) -> None:
    assert not small_run(tmp_path, stop_after=2)
    abandoned = tmp_path / "step-00000009"
    (tmp_path / "step-00000002").rename(abandoned)
    (tmp_path / "latest").unlink()
    assert not small_run(tmp_path, stop_after=2)
    assert (tmp_path / "latest").read_text() == "step-00000002"
    assert [p.name for p in tmp_path.glob("step-*")] == ["step-00000002"]
    assert small_run(tmp_path)


def test_steps_that_are_done_again_are_told_once(tmp_path: Path) -> None:
    assert not small_run(tmp_path, stop_after=3)  # saved after two
    metrics = tmp_path / "metrics.jsonl"
    with metrics.open("ab") as file:
        file.write(b'{"step": 7, "losses": {}}\n\xff\n{"step": "a"}\n[]\n{"st')
    assert small_run(tmp_path)
    assert [json.loads(line)["step"] for line in metrics.read_text().splitlines()] == [0, 1, 2, 3]


def test_a_run_that_was_begun_before_a_setting_goes_on(tmp_path: Path) -> None:
    assert not small_run(tmp_path, stop_after=2)
    path = tmp_path / "run.json"
    before = json.loads(path.read_text())
    del before["rates"]["pooled"], before["replay"]
    path.write_text(json.dumps(before))
    assert small_run(tmp_path)
    path.write_text(json.dumps(before | {"rates": before["rates"] | {"lr": 0.5}}))
    with pytest.raises(TrainError, match=r"other settings: rates.lr \(0.5, not 0.001\)$"):
        small_run(tmp_path)


def test_other_terms_of_the_loss_are_another_run(tmp_path: Path) -> None:
    assert not small_run(tmp_path, stop_after=2)
    path = tmp_path / "run.json"
    before = json.loads(path.read_text())
    for shares in ({}, {"router": 1e-3}, before["shares"] | {"time": 0.1}):
        path.write_text(json.dumps(before | {"shares": shares}))
        with pytest.raises(TrainError, match="other settings: shares"):
            small_run(tmp_path)


def test_two_do_not_train_one_folder(tmp_path: Path) -> None:
    refused = pytest.raises(TrainError, match="another process trains")
    with alone(tmp_path), refused, alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_a_disk_that_fills_up_leaves_no_half_state(tmp_path: Path) -> None:
    assert not small_run(tmp_path, stop_after=2)
    before = sorted(p.name for p in tmp_path.iterdir())
    with full_disk(20_000), pytest.raises(TrainError, match=r"cannot write to .*make room"):
        small_run(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert small_run(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 2, 3, 4, 6, 9])
def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path, after: int) -> None:
    import time

    process = start(tmp_path, 11)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"{after} "):
            time.sleep(0.02 * after)
            os.kill(process.pid, signal.SIGKILL)
            break
    process.communicate()
    assert finish(start(tmp_path, 11))[-1][0] == 10


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--shard", "--plain"])
def test_two_processes_train_as_one(tmp_path: Path, way: str) -> None:
    one = finish(start(tmp_path / "one", 5, way, launcher=torchrun(1)))
    two = finish(start(tmp_path / "two", 5, way, launcher=torchrun(2)))
    plain = {step: loss for step, loss in two}
    assert len(two) == 10 and len(plain) == 5  # both ranks tell the same
    for step, loss in one:
        assert plain[step] == pytest.approx(loss, abs=2e-5)
    ends = [torch.load(tmp_path / name / "final.pt") for name in ("one", "two")]
    for key in ends[0]:
        torch.testing.assert_close(ends[0][key], ends[1][key], atol=2e-4, rtol=1e-3)
    exported = load(tmp_path / "two" / "exported").state_dict()
    assert all(torch.equal(exported[key], ends[1][key]) for key in ends[1])
    again = finish(start(tmp_path / "two", 5, way, launcher=torchrun(2)))
    assert again == []  # it resumed at its end


def torchrun(processes: int) -> tuple[str, ...]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return ("-m", "torch.distributed.run", f"--nproc-per-node={processes}",
            "--master-addr=127.0.0.1", f"--master-port={port}")  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("run")
    model, seen = Transformer(HYBRID, seed=1), []
    run = Run(steps=120, rows=8, length=48, rates=Rates(lr=5e-3), warmup=10, save_every=1000,
              balance_rate=5e-3,
              shares={"paradigm": 0.2, "router": 1e-3}, adapt_every=10)  # fmt: skip
    train(model, made_up(), run, folder, on_step=seen.append)
    return model.eval(), seen, folder, run


def test_it_learns_and_the_groups_come_to_mean_their_paradigm(
    trained: Trained,
) -> None:
    model, seen, _, _ = trained
    assert seen[0].losses["tokens"] == pytest.approx(4.57, abs=0.1)  # ln 97
    assert seen[-1].losses["tokens"] < 1.2  # two words follow each: ln 2 = 0.69
    batch = made_up(8000, seed=5).batch(0, 16, 48, 0)
    with torch.no_grad():
        routings = model(batch.tokens[:, :-1]).routings
    share = own_group_share(routings, batch.labels["paradigm"].flatten(), HYBRID.experts)
    assert share.mean() > 0.8  # chance is 0.25


def test_no_expert_starves(trained: Trained) -> None:
    model, _, _, _ = trained
    batch = made_up(20_000, seed=6).batch(0, 64, 48, 0)
    with torch.no_grad():
        for routing in model(batch.tokens[:, :-1]).routings:
            load = torch.bincount(routing.chosen.flatten(), minlength=16) / routing.chosen.numel()
            assert load.min() > 0.2 / 16 and load.max() < 4 / 16


def test_weights_of_the_terms_follow_their_gradients_and_are_logged(
    trained: Trained,
) -> None:
    _, seen, folder, _ = trained
    assert set(seen[-1].weights) == {"paradigm", "router"}
    assert seen[0].weights != seen[-1].weights
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(120))
    assert lines[-1]["weights"] == seen[-1].weights
    weights = Weights({"time": 0.5, "leak": 0.1})
    weights.adapt({"tokens": 2.0, "time": 4.0, "leak": 0.0})
    assert weights.of("time") == pytest.approx(0.25) and weights.of("leak") == 0.1
    for _ in range(60):
        weights.adapt({"tokens": 2.0, "time": 40.0})
    assert weights.of("time") == pytest.approx(0.025, rel=1e-3)


def test_bits_per_byte_are_the_loss_in_bits_over_the_bytes(trained: Trained) -> None:
    import numpy as np

    model = trained[0]
    held_out = made_up(4000, seed=8)
    sizes = np.full(97, 3)
    bits = bits_per_byte(model, held_out, sizes, 48)
    assert bits.tokens == (len(held_out.tokens) - 1) // 48 * 48 and bits.bytes == 3 * bits.tokens
    assert 0.6 / 0.693 / 3 < bits.total < 1.3 / 0.693 / 3  # ln 2 a token at best
    assert set(bits.by_paradigm) == {0, 1, 2, 3}
    weighed = sum(bits.by_paradigm.values()) / 4
    assert weighed == pytest.approx(bits.total, rel=0.1)
    blank = Transformer(HYBRID)
    with torch.no_grad():
        blank.lm_head.weight.zero_()
    uniform = bits_per_byte(blank, held_out, sizes, 48, windows=4)
    assert uniform.total == pytest.approx(np.log2(97) / 3) and uniform.tokens == 4 * 48


def test_a_run_can_be_seen(trained: Trained, tmp_path: Path) -> None:
    import shutil

    shutil.copy(trained[2] / "metrics.jsonl", tmp_path)
    again = {"step": 7, "losses": {"tokens": 9.0}, "weights": {}, "lr": 1.0, "gradient_norm": 1.0,
             "tokens_per_second": 1.0}  # fmt: skip
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(again) + '\n{"step": 120, "lo')  # a kill cut this line
    steps = read_metrics(tmp_path)
    assert len(steps) == 120 and steps[7]["losses"]["tokens"] == 9.0
    assert plot(tmp_path).read_bytes().startswith(b"\x89PNG")
    pytest.importorskip("tensorboard", reason="TensorBoard files need the tensorboard package")
    assert list(to_tensorboard(tmp_path).glob("events.*"))


def test_another_run_s_folder_is_refused(
    trained: Trained,
) -> None:
    with pytest.raises(TrainError, match=r"other settings: length \(48, not 32\), steps"):
        other = replace(trained[3], steps=5, length=32)
        train(Transformer(HYBRID), made_up(), other, trained[2])
    with pytest.raises(ValueError, match="colour"):
        Run(steps=1, rows=1, length=1, shares={"colour": 1.0})


def test_half_precision_learns(tmp_path: Path) -> None:
    model, seen = Transformer(HYBRID, seed=1), []
    run = Run(steps=12, rows=4, length=48, rates=Rates(lr=5e-3), warmup=2, precision="bfloat16")
    train(model, made_up(), run, tmp_path, on_step=seen.append)
    assert seen[-1].losses["tokens"] < 4.0
    assert next(model.parameters()).dtype == torch.float32


def test_an_epoch_visits_every_window_once(tmp_path: Path) -> None:
    import numpy as np

    tokens = np.arange(1001, dtype=np.uint16)
    np.save(tmp_path / "tokens.npy", tokens)
    np.save(tmp_path / "paradigm.npy", (tokens % 3).astype(np.int8))
    packed = read_packed(tmp_path)
    firsts = [int(packed.batch(i, 1, 10, seed=4).tokens[0, 0]) for i in range(200)]
    assert sorted(firsts[:100]) == list(range(0, 1000, 10)) == sorted(firsts[100:])
    assert firsts[:100] != firsts[100:]
    both = packed.batch(37, 2, 10, seed=4)
    assert both.tokens[:, 0].tolist() == firsts[37:39]
    assert torch.equal(both.labels["paradigm"], both.tokens[:, :-1] % 3)
    with pytest.raises(ValueError, match="no window"):
        Packed(tokens[:5], {}).batch(0, 1, 10, 0)


def test_replay_takes_its_share_from_the_unmeasured_windows_of_later_shards():
    time = np.full(1001, -1, dtype=np.int8)
    time[:200] = 3
    packed = Packed(np.arange(101), {}, (Packed(np.arange(1000, 2001), {"time": time}),))
    mix = packed.replay(10, 0.25)
    firsts = [int(packed.batch(i, 1, 10, 4, mix).tokens[0, 0]) for i in range(320)]
    replayed = [f for f in firsts if f >= 1000]
    assert sorted(replayed) == list(range(1200, 2000, 10))
    assert set(firsts) - set(replayed) == set(range(0, 100, 10))
    with pytest.raises(ValueError, match="nothing to mix"):
        Packed(np.arange(101), {}).replay(10, 0.5)


def test_a_mix_holds_its_share_and_visits_every_window_of_each_kind():
    tokens = np.arange(1001)
    time = np.full(1001, -1, dtype=np.int8)
    time[:200] = 3  # 20 of 100 windows hold measured code
    packed = Packed(tokens, {"time": time})
    mix = packed.mix(10, 0.75)
    firsts = [int(packed.batch(i, 1, 10, 4, mix).tokens[0, 0]) for i in range(80)]
    measured = [f for f in firsts if f < 200]
    assert len(measured) == 60
    assert sorted(measured[:20]) == sorted(measured[20:40]) == list(range(0, 200, 10))
    others = [f for f in firsts if f >= 200]
    assert len(set(others)) == 20
    at_once = packed.batch(0, 80, 10, 4, mix).tokens[:, 0].tolist()
    assert at_once == firsts
    with pytest.raises(ValueError, match="nothing to mix"):
        Packed(tokens, {}).mix(10, 0.5)
