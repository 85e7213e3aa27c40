"""Our own inference engine: continuous batching over paged keys and values.

    sequence    what is asked, and one request's state        sampling   the next token
    blocks      who holds which block; prefixes shared        lookup     drafts from the text
    scheduler   who runs next                                 text       bytes to whole characters
    runner      tensors; kernel_runner: the same, compiled    loop       the thread

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
