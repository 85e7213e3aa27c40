"""The two benchmarks of trained networks, run whole on tiny ones."""

import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
pytest.importorskip("tokenizers", reason="needs tokenizers (extra `model`)")
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / room) for room in ("train", "model"))]

from benchmarks import ablation, model  # noqa: E402
from small_corpus import small_corpus  # noqa: E402
from variants import HYBRID  # noqa: E402

from nlogn.model.checkpoint import save  # noqa: E402
from nlogn.model.config import dense_twin  # noqa: E402
from nlogn.model.heads import Heads, HeadsConfig, save_heads  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_corpus(tmp_path_factory.mktemp("corpus"))


def test_rows_of_arms_that_changed_and_lines_cut_short_are_done_again(tmp_path: Path) -> None:
    key: dict[str, object] = {"steps": 2}
    base = {"arm": "base", "seed": 0, **key, "settings": asdict(ablation.ARMS["base"])}
    rows = [base, base | {"settings": {**asdict(ablation.ARMS["base"]), "lr": 9.0}},
            base | {"arm": "no such"}, base | {"steps": 3}]  # fmt: skip
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"arm": "ba')
    assert ablation.finished(path, key) == [base]
    assert ablation.finished(tmp_path / "none", key) == []


@pytest.mark.slow
def test_every_arm_is_trained_once_and_told(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    words = ["ablation", "--corpus", str(corpus), "--out", str(tmp_path), "--steps", "2",
             "--length", "48", "--seeds", "0", "--tokens", "4000"]  # fmt: skip
    monkeypatch.setattr(ablation, "SHAPE", replace(HYBRID, layers=4))
    monkeypatch.setattr(sys, "argv", words)
    ablation.main()
    rows = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [row["arm"] for row in rows] == list(ablation.ARMS)
    assert all(0 < row["bits"] < 9 for row in rows)
    assert len({row["bits"] for row in rows}) == len(rows) - 1  # no control tokens to drop here
    told = capsys.readouterr().out
    assert all(f"| {name} | 1 |" in told for name in ablation.ARMS)
    ablation.main()
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == len(rows)


@pytest.mark.slow
def test_a_checkpoint_s_rows_are_measured(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    config = replace(HYBRID, vocab_size=512, context=64)
    for name, network in (
        ("nano", Transformer(config)),
        ("dense", Transformer(dense_twin(config))),
    ):
        save(network, tmp_path / name)
        shutil.copytree(corpus / "tokenizer", tmp_path / name, dirs_exist_ok=True)
    save_heads(Heads(HeadsConfig(32, ("O(n)",), ("O(n)",), width=8)), tmp_path / "nano")
    held_out = model.lm.held_out
    monkeypatch.setattr(model.lm, "held_out", lambda c, n, s: [
        replace(d, text=d.text * 4) for d in held_out(c, n, s, shortest=20)])  # fmt: skip
    words = ["model", "--checkpoint", str(tmp_path / "nano"), "--corpus", str(corpus), "--dense",
             str(tmp_path / "dense"), "--places", "4", "--documents", "8", "--forget-steps", "2",
             "--only", "bits", "groups", "lines", "growth", "leaks", "forgetting"]  # fmt: skip
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(model, "bank", lambda: model_bank())
    assert model.main() == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + 9
    assert (
        "xz" in rows[1] and "dense twin" in rows[1] and "dense twin +" in rows[-1].replace("-", "+")
    )
    monkeypatch.setattr(sys, "argv", ["model", "--checkpoint", str(tmp_path / "nowhere")])
    assert model.main() == 2


def model_bank() -> list[object]:
    from nlogn.corpus.bank_documents import held_out
    from nlogn.problems import bank

    return [p for p in bank() if held_out(p.name)][:6]
