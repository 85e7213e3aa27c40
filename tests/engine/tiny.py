"""A checkpoint folder of random weights with a tokenizer that has our special tokens."""

from pathlib import Path

from nlogn.corpus.tokenizer import save_tokenizer, train_tokenizer
from nlogn.model.checkpoint import save
from nlogn.model.config import Experts, ModelConfig, Positions
from nlogn.model.transformer import Transformer

CONTEXT = 512


def checkpoint(folder: Path) -> Path:
    import torch

    torch.set_num_threads(1)
    text = Path(__file__).read_text()
    tokenizer = train_tokenizer([text * 3], 420)
    config = ModelConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=64, layers=5, heads=4, kv_heads=2,
        head_dim=16, dense_width=96, context=CONTEXT,
        pattern=("sliding", "sliding", "sliding", "full"), window=32,
        experts=Experts(width=32), positions=Positions(rotary_full=False), eos=0,
    )  # fmt: skip
    model = Transformer(config, seed=3).eval()
    with torch.no_grad():
        model.lm_head.weight.normal_(0, 0.5, generator=torch.Generator().manual_seed(4))
    save(model, folder)
    save_tokenizer(tokenizer, folder, CONTEXT)
    return folder
