"""The network: config, transformer, experts, positions, heads, checkpoints in and out.

`nlogn.model.config` and `nlogn.model.plan` work without torch; everything else imports it, so this
package loads its names when they are first used.
"""

from typing import Any

from nlogn.model.config import (
    PARADIGMS,
    PRESETS,
    BadConfig,
    Experts,
    Linear,
    ModelConfig,
    Positions,
    Sparse,
    count_parameters,
    preset,
)

_LAZY = {
    "Transformer": "transformer",
    "Cache": "cache",
    "load": "checkpoint",
    "save": "checkpoint",
    "upcycle": "upcycle",
    "export_gguf": "gguf_export",
    "Plan": "plan",
    "make_plan": "plan",
}

__all__ = [
    "PARADIGMS",
    "PRESETS",
    "BadConfig",
    "Experts",
    "Linear",
    "ModelConfig",
    "Positions",
    "Sparse",
    "count_parameters",
    "preset",
    *_LAZY,
]


def __getattr__(name: str) -> Any:
    import importlib

    if name in _LAZY:
        return getattr(importlib.import_module(f"nlogn.model.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
