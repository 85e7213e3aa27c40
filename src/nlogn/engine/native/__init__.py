"""Our own inference engine: continuous batching over paged keys and values.

    sequence    what is asked, and one request's state        sampling   the next token
    blocks      who holds which block; prefixes shared        lookup     drafts from the text
    scheduler   who runs next                                 text       bytes to whole characters
    runner      tensors; kernel_runner: the same, compiled    loop       the thread

and what speaks against a token, or masks all of them:

    written     the code in an answer             budget          keeps to classes of growth
    lookahead   what more text would cost         python_output   keeps to Python's syntax
    cost_heads  what the network expects          constrained     keeps to JSON
                                                  schema_output   keeps to a JSON schema

Each knows those before it. `NativeEngine(folder)` puts them behind the protocols.
"""

from nlogn.engine.native.engine import NativeEngine
from nlogn.engine.native.opening import Options
from nlogn.engine.native.sequence import (
    Busy,
    Chunk,
    Finished,
    PromptTooLong,
    Request,
    Token,
)

__all__ = [
    "Busy",
    "Chunk",
    "Finished",
    "NativeEngine",
    "Options",
    "PromptTooLong",
    "Request",
    "Token",
]
