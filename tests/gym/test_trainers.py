"""The reward under TRL's own trainer, and the taskset under verifiers' own validation."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nlogn.gym.trl import JudgeReward, rows
from nlogn.problems import bank_problem


def test_the_reward_reads_text_and_chat_and_masks_what_the_judge_could_not_say(monkeypatch):
    problem = bank_problem("two_sum")
    right = f"Here:\n```python\n{problem.solutions[-1].code}\n```"
    chat = [{"role": "assistant", "content": right}]
    with JudgeReward([problem], workers=1) as reward:
        names = ["two_sum"] * 4
        got = reward(["p"] * 4, [right, chat, "no idea", []], problem=names, ids=[1, 2, 3, 4])
        assert got == [1.0, 1.0, 0.0, 0.0]

        from nlogn.gym import bench

        monkeypatch.setattr(bench, "score", lambda *_: None)
        assert reward(["p"], [right], problem=["two_sum"]) == [None]


@pytest.mark.slow
def test_grpo_trains_on_it(tmp_path):
    """Two steps of the real trainer with a network of random weights made here."""
    pytest.importorskip("trl")
    from datasets import Dataset
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
    from trl import GRPOConfig, GRPOTrainer

    letters = {chr(i): i for i in range(32, 127)} | {"<pad>": 0, "<eos>": 1, "\n": 2}
    raw = Tokenizer(models.WordLevel(letters, unk_token="<pad>"))
    raw.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="<eos>")
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    config = LlamaConfig(
        vocab_size=128, hidden_size=32, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    problems = [bank_problem("two_sum"), bank_problem("balanced_brackets")]
    seen = []
    with JudgeReward(problems, workers=1) as reward:

        def recorded(prompts, completions, **columns):
            got = reward(prompts, completions, **columns)
            seen.extend(zip(columns["problem"], got, strict=True))
            return got

        trainer = GRPOTrainer(
            LlamaForCausalLM(config),
            reward_funcs=recorded,
            train_dataset=Dataset.from_list(rows(problems)),
            processing_class=tokenizer,
            args=GRPOConfig(
                output_dir=str(tmp_path), max_steps=2, per_device_train_batch_size=4,
                num_generations=4, max_completion_length=16, use_cpu=True, bf16=False,
                report_to=[], save_strategy="no", logging_steps=1,
            ),
        )  # fmt: skip
        trainer.train()
    assert len(seen) == 8 and all(r == 0 for _, r in seen)
    assert {name for name, _ in seen} <= {"two_sum", "balanced_brackets"}
    logged = [row for row in trainer.state.log_history if "rewards/recorded/mean" in row]
    assert len(logged) == 2


@pytest.mark.slow
def test_verifiers_validates_the_taskset(tmp_path):
    """Its own command finds every gold answer valid, and an untouched task not solved."""
    pytest.importorskip("verifiers")
    command = Path(sys.executable).with_name("vf-validate")
    done = subprocess.run(
        [command, "nlogn-contest", "--select.limit", "3", "-o", tmp_path / "out",
         "--runtime.type", "subprocess"],
        capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False,
    )  # fmt: skip
    (summary,) = (tmp_path / "out").rglob("summary.json")
    told = json.loads(summary.read_text())
    assert told["outcomes"]["valid"] == 3, (told, done.stdout[-2000:], done.stderr[-2000:])
    assert told["checks"]["gold"]["valid"] == told["checks"]["noop"]["valid"] == 3
