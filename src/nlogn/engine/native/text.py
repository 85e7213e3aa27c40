"""The bytes that tokens stand for."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def token_bytes(tokenizer: "Tokenizer") -> list[bytes]:
    """The bytes that each token of a byte-level or a byte-fallback BPE stands for; b"" for special
    tokens and for numbers that the tokenizer does not know.

    Raises:
        ValueError: another kind of tokenizer.
    """
    spec = json.loads(tokenizer.to_str())
    special = {t["id"] for t in spec["added_tokens"] if t["special"]}
    added = {t["id"] for t in spec["added_tokens"]}
    decoder = json.dumps(spec["decoder"] or spec["pre_tokenizer"])
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    out = [b""] * (max(vocabulary.values(), default=-1) + 1)
    letters = byte_letters()
    for text, number in vocabulary.items():
        if number in special:
            continue
        if number in added:
            out[number] = text.encode()
        elif '"ByteLevel"' in decoder:
            out[number] = b"".join(
                bytes([letters[c]]) if c in letters else c.encode() for c in text
            )
        elif '"ByteFallback"' in decoder:
            if len(text) == 6 and text.startswith("<0x"):
                out[number] = bytes([int(text[3:5], 16)])
            else:
                out[number] = text.replace("▁", " ").encode()
        else:
            raise ValueError("the tokenizer is neither a byte-level nor a byte-fallback BPE")
    return out


def byte_letters() -> dict[str, int]:
    """The letter that stands for each byte in a byte-level vocabulary (GPT-2): printable Latin-1
    characters for themselves, the others from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(others)}
