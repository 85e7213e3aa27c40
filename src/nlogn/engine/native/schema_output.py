"""Output that is JSON of a given schema, by llguidance: its masks cost some microseconds a token.

    Request(..., steer=(engine.schema_output({"type": "object", ...}),))

Where a part of the text is forced by the schema, the tokens are those that the tokenizer itself
would spell it with.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlogn.engine.native.sequence import Logits
from nlogn.engine.protocol import EngineError

if TYPE_CHECKING:
    from llguidance import LLTokenizer

Schema = dict[str, Any]
# one space after a comma and a colon: a network that may write any number of them may not stop
_LAYOUT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def schema_tokenizer(
    vocabulary: list[bytes], end: frozenset[int], encode: Callable[[str], list[int]]
) -> "LLTokenizer":
    """What `SchemaOutput` needs to know of a tokenizer; made once for a network.

    Raises:
        EngineError: llguidance is not installed.
    """
    try:
        from llguidance import LLTokenizer, TokenizerWrapper
    except ImportError:
        raise EngineError("JSON of a schema needs llguidance: pip install llguidance") from None
    return LLTokenizer(TokenizerWrapper(_Known(
        min(end), [data or f"<{number}>".encode() for number, data in enumerate(vocabulary)],
        [number for number, data in enumerate(vocabulary) if not data], encode,
    )))  # fmt: skip


@dataclass(frozen=True)
class _Known:
    """A tokenizer with the names that llguidance asks for."""

    eos_token_id: int
    tokens: list[bytes]
    special_token_ids: list[int]
    encode: Callable[[str], list[int]]
    bos_token_id: None = None

    def __call__(self, text: str) -> list[int]:
        return self.encode(text)


class SchemaOutput:
    """A `Steer` for one request.

    Raises:
        EngineError: the schema is none, or says what the library does not enforce.
    """

    def __init__(self, tokenizer: "LLTokenizer", end: frozenset[int], schema: Schema):
        from llguidance import LLMatcher

        grammar = LLMatcher.grammar_from_json_schema(json.dumps({"x-guidance": _LAYOUT, **schema}))
        self._fresh = LLMatcher(tokenizer, grammar)
        if self._fresh.is_error():
            raise EngineError(f"the JSON schema: {self._fresh.get_error()}")
        self._end = end
        self._matcher = self._fresh.deep_copy()
        self._taken: list[int] = []

    def __call__(self, tokens: list[int], prompt: int, logits: Logits) -> None:
        answer = tokens[prompt:]
        if answer[: len(self._taken)] != self._taken:
            self._matcher, self._taken = self._fresh.deep_copy(), []
        for token in answer[len(self._taken) :]:
            if not self._matcher.consume_token(token):
                raise ValueError("the answer so far does not fit its schema: another steering "
                                 "overruled this one")  # fmt: skip
            self._taken.append(token)
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.unpackbits(bits, bitorder="little")[: len(logits)].astype(np.bool_)
        allowed[list(self._end)] = self._matcher.is_accepting()
        logits[~allowed] = -np.inf
