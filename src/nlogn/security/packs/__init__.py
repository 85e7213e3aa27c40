"""Rule packs: data only, one or two files per language. `pack(lang)` finds one."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from ..rules import Index, index

MODULES = {
    "python": "python", "java": "java", "javascript": "javascript", "typescript": "javascript",
    "tsx": "javascript", "go": "go", "php": "php", "c": "c", "cpp": "c", "rust": "rust",
}  # fmt: skip


@lru_cache(maxsize=16)
def pack(lang: str) -> Index:
    """The rules of a language, indexed; KeyError when it has no pack."""
    return index(import_module(f".{MODULES[lang]}", __name__).PACK)
