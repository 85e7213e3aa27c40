"""Tiny configs: one per option of the network, all in one table."""

from dataclasses import replace

from nlogn.model.config import Experts, Linear, ModelConfig, Positions, Sparse

DENSE = ModelConfig(
    vocab_size=97, hidden_size=32, layers=2, heads=4, kv_heads=2, head_dim=8, dense_width=48,
    context=64, qk_norm=False,
)  # fmt: skip
HYBRID = ModelConfig(
    vocab_size=97, hidden_size=32, layers=5, heads=4, kv_heads=2, head_dim=8, dense_width=48,
    context=64, pattern=("sliding", "sliding", "sliding", "full"), window=8,
    experts=Experts(width=16, scale=1.7), positions=Positions(rotary_full=False),
)  # fmt: skip
LINEAR = Linear(key_heads=2, value_heads=4, key_dim=8, value_dim=8)

VARIANTS = {
    "dense": DENSE,
    "hybrid": HYBRID,
    "two groups": replace(HYBRID, experts=Experts(width=16, groups_per_token=2, per_token=4)),
    "tied": replace(DENSE, tied=True),
    "shared layers": replace(HYBRID, layers=7, share=2),
    "linear rope": replace(DENSE, positions=Positions(scaling="linear", factor=4)),
    "dynamic rope": replace(DENSE, positions=Positions(scaling="dynamic", factor=2, original=16)),
    "yarn": replace(DENSE, positions=Positions(scaling="yarn", factor=4, original=16)),
    "no positions": replace(DENSE, positions=Positions(rotary=False)),
    "relative bias": replace(HYBRID, positions=Positions(rotary=False, relative_bias=True)),
    "time bias": replace(HYBRID, time_classes=5),
    "linear attention": replace(HYBRID, pattern=("linear", "linear", "linear", "full"),
                                linear=LINEAR),
    "sparse attention": replace(HYBRID, pattern=("sliding", "sparse"), sparse=Sparse(keep=6)),
    "sparse dynamic": replace(DENSE, pattern=("sparse",), sparse=Sparse(keep=6, dim=8),
                              positions=Positions(scaling="dynamic", factor=2, original=16)),
}  # fmt: skip
