"""Where candidate programs come from: `recall` (the bank) and `openai` (any endpoint)."""

from nlogn.engine.open import open_engine
from nlogn.engine.openai import OpenAIEngine
from nlogn.engine.protocol import (
    Cancel,
    Cancelled,
    Completion,
    Engine,
    EngineError,
    ModelFacts,
    NoFim,
    Prompt,
    RawPrompt,
    Sampling,
    TextEngine,
)
from nlogn.engine.recall import RecallEngine

__all__ = [
    "Cancel",
    "Cancelled",
    "Completion",
    "Engine",
    "EngineError",
    "ModelFacts",
    "NoFim",
    "OpenAIEngine",
    "Prompt",
    "RawPrompt",
    "RecallEngine",
    "Sampling",
    "TextEngine",
    "open_engine",
]
