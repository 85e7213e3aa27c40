"""`nlogn model`: verbs over tiny checkpoints, in this process."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
sys.path[:0] = [str(Path(__file__).parents[1] / room) for room in ("train", "model")]

from variants import HYBRID  # noqa: E402

from nlogn.model.checkpoint import load, save  # noqa: E402
from nlogn.model.config import Experts, ModelConfig  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402

DENSE = ModelConfig(vocab_size=97, hidden_size=32, layers=2, heads=4, kv_heads=2, head_dim=8,
                    dense_width=48, context=64, qk_norm=False)  # fmt: skip
TOKENS = torch.arange(40)[None] % 97


def nlogn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[int, str, str]:
    from nlogn.cli import main

    monkeypatch.setattr(sys, "argv", ["nlogn", "model", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return int(ended.value.code or 0), out, err


def logits(folder: Path) -> torch.Tensor:
    with torch.inference_mode():
        return load(folder)(TOKENS).logits


def test_info_of_a_preset_and_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = nlogn(monkeypatch, capsys, "info", "nano")
    assert code == 0 and "18.8M" in out and "16 experts in 4 groups" in out
    save(Transformer(HYBRID), tmp_path)
    code, out, _ = nlogn(monkeypatch, capsys, "info", tmp_path, "--format", "json")
    facts = json.loads(out)
    assert facts["parameters"] == sum(p.numel() for p in Transformer(HYBRID).parameters())
    code, _, err = nlogn(monkeypatch, capsys, "info", tmp_path / "none")
    assert code == 2 and "one of nano" in err


def test_a_plan_adds_up_or_says_what_would_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("plan", "--preset", "70b", "--gpus", 64, "--format", "json")
    code, out, _ = nlogn(monkeypatch, capsys, *words)
    made = json.loads(out)
    assert code == 0 and made["tensor"] * made["shards"] * made["replicas"] == 64
    assert made["memory_total"] < 80 * 2**30
    assert made["days"] * 86400 * made["tokens_per_second"] == pytest.approx(2.3e12)
    code, _, err = nlogn(monkeypatch, capsys, "plan", "--preset", "70b", "--gpus", 2)
    assert code == 2 and "take at least" in err


def test_a_dense_folder_is_imported_upcycled_and_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    transformers = pytest.importorskip("transformers", reason="writes the foreign folder")
    source = tmp_path / "a llama"
    config = transformers.LlamaConfig(
        vocab_size=97, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, intermediate_size=48, max_position_embeddings=64,
    )  # fmt: skip
    theirs = transformers.LlamaForCausalLM(config).eval()
    theirs.save_pretrained(source)
    mine, many = tmp_path / "mine", tmp_path / "many"
    assert nlogn(monkeypatch, capsys, "import", source, "-o", mine)[0] == 0
    with torch.inference_mode():
        expected = theirs(TOKENS).logits
    torch.testing.assert_close(logits(mine), expected, atol=1e-4, rtol=1e-4)
    code, out, _ = nlogn(monkeypatch, capsys, "upcycle", mine, "-o", many, "--window", 64)
    assert code == 0 and "active" in out
    torch.testing.assert_close(logits(many), expected, atol=1e-4, rtol=1e-4)
    assert load(many).config.experts is not None
    code, out, _ = nlogn(monkeypatch, capsys, "upcycle", mine, "-o", tmp_path / "fine",
                         "--fine-grained", "--shared", "2")  # fmt: skip
    fine = Experts(width=12, shared=2, scale=2.0, together=2)
    assert code == 0 and load(tmp_path / "fine").config.experts == fine
    torch.testing.assert_close(logits(tmp_path / "fine"), expected, atol=1e-4, rtol=1e-4)
    code, _, _ = nlogn(monkeypatch, capsys, "export", mine, "--to", "hf", "-o", tmp_path / "hf")
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "hf").eval()
    with torch.inference_mode():
        torch.testing.assert_close(again(TOKENS).logits, expected, atol=1e-4, rtol=1e-4)


def test_what_cannot_be_converted_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(Transformer(DENSE), tmp_path / "dense")
    save(Transformer(replace(HYBRID, share=1)), tmp_path / "hybrid")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.txt").write_text("years of work")
    cases = [
        (("upcycle", tmp_path / "hybrid", "-o", tmp_path / "x"), "only a dense network"),
        (("export", tmp_path / "dense", "--to", "hf", "--precision", "f16"), "goes with --to gguf"),
        (("export", tmp_path / "dense", "--to", "gguf", "--dtype", "float16"), "goes with --to hf"),
        (("export", tmp_path / "dense", "--to", "gguf"), "tokenizer.json"),
        (("import", tmp_path / "papers", "-o", tmp_path / "x"), "no config.json"),
        (("import", tmp_path / "dense", "-o", tmp_path / "papers"), "give another folder"),
        (("import", tmp_path / "dense", "-o", tmp_path / "dense"), "replace its source"),
        (("import", tmp_path / "dense", "-o", tmp_path / "site"), "no part of a checkpoint"),
        (("info", tmp_path / "site"), "not JSON"),
    ]
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "config.json").write_text("{")
    (tmp_path / "site" / "index.html").write_text("years of work")
    for words, told in cases:
        code, _, err = nlogn(monkeypatch, capsys, *words)
        assert code == 2 and told in err, err
    assert (tmp_path / "papers" / "thesis.txt").exists()
    assert (tmp_path / "site" / "index.html").exists()
    assert not (tmp_path / "x").exists()
