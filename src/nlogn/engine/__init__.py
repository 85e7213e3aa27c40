"""Where candidate programs come from: `recall` (the bank) and `openai` (any endpoint)."""

from nlogn.engine.open import open_engine
from nlogn.engine.openai import OpenAIEngine
from nlogn.engine.protocol import (
    Cancel,
    Cancelled,
    Completion,
    Engine,
    EngineError,
    Prompt,
    Sampling,
)
from nlogn.engine.recall import RecallEngine

__all__ = [
    "Cancel",
    "Cancelled",
    "Completion",
    "Engine",
    "EngineError",
    "OpenAIEngine",
    "Prompt",
    "RecallEngine",
    "Sampling",
    "open_engine",
]
