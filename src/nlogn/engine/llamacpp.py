"""`LlamaCppEngine`: a GGUF file through llama-cpp-python (the extra ``nlogn[llamacpp]``).

One context, so requests of several threads take turns; each reuses what its prompt begins with
like the one before it.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from nlogn.corpus.specials import ASSISTANT, OF_CLASSES, SPECIALS, USER, Special
from nlogn.engine.chat import Asked, extract_code, fitted, knows_turns, messages, room
from nlogn.engine.fim import FIM_TOKENS
from nlogn.engine.memory import OutOfMemory, require_memory
from nlogn.engine.protocol import (
    Cancel,
    Completion,
    EngineError,
    ModelFacts,
    Prompt,
    RawPrompt,
    Sampling,
)
from nlogn.engine.text_stream import TextStream
from nlogn.engine.turns import turn

_MAGIC = b"GGUF"
_DEFAULT_CONTEXT = 8192


class LlamaCppEngine:
    """The model in `path`, loaded at the first request.

    Args:
        context: tokens of prompt and answer together; the model's own, up to 8,192, if not given.
        threads: for computing; llama.cpp's own choice, if not given.

    Raises:
        EngineError: there is no such file, it is no GGUF file, or llama-cpp-python is missing.
    """

    name = "llamacpp"

    def __init__(self, path: str | Path, *, context: int = 0, threads: int | None = None):
        self.path = Path(path)
        self.context = context
        self.threads = threads
        self._loading = threading.Lock()
        self._turn = threading.Lock()  # one context: one request computes at a time
        self._model: Any = None
        _check(self.path)

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, cancel: Cancel | None = None
    ) -> list[list[Completion]]:
        """Up to ``sampling.n`` completions for each prompt, one after the other; those that came
        before the deadline.

        Raises:
            EngineError: the prompt is longer than the context, or memory ran out.
            Cancelled: soon after ``cancel.cancel()``.
        """
        cancel = cancel or Cancel()
        deadline = time.monotonic() + sampling.timeout_s
        out = []
        for prompt in prompts:
            signature = prompt.problem.signature
            ids, asked = self._chat_ids(prompt, sampling)
            asking = asked.until(sampling)
            made: list[Completion] = []
            for sample in range(sampling.n):
                if made and time.monotonic() > deadline:
                    break
                written = _Written()
                pieces = self._pieces(ids, asking, sample, deadline, cancel, written)
                text = asked.begun + "".join(pieces)
                code = extract_code(text, signature.entry if signature else None)
                made.append(Completion(text, code, self.path.stem, written.reason, written.tokens))
            out.append(made)
        return out

    def stream(
        self, prompt: Prompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """The answer's text as it comes. Raises as `generate` does."""
        ids, asked = self._chat_ids(prompt, sampling)
        yield from asked.led(self._now(ids, asked.until(sampling), cancel))

    def facts(self, *, cancel: Cancel | None = None) -> ModelFacts:
        """The FIM tokens and turn tokens that the vocabulary has, of those that are known here."""
        model = self._load()
        named = FIM_TOKENS | {USER, ASSISTANT}
        special = {token for token in named if self._special(token) is not None}
        return ModelFacts(self.path.stem, frozenset(special), model.n_ctx())

    def complete(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Completion:
        """What the model writes after `prompt`. Raises as `generate` does."""
        written = _Written()
        deadline = time.monotonic() + sampling.timeout_s
        pieces = self._pieces(
            self._raw_ids(prompt), sampling, 0, deadline, cancel or Cancel(), written
        )
        text = "".join(pieces)
        return Completion(text, text, self.path.stem, written.reason, written.tokens)

    def stream_text(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """What the model writes after `prompt`, as it comes. Raises as `generate` does."""
        yield from self._now(self._raw_ids(prompt), sampling, cancel)

    def count_tokens(self, text: str) -> int:
        return len(self._encode(text))

    # --- the model -----------------------------------------------------------------------------

    def _load(self) -> Any:
        with self._loading:
            if self._model is None:
                require_memory(self.path)
                self._model = _open(self.path, self.context, self.threads)
            return self._model

    def _encode(self, text: str) -> list[int]:
        """Token numbers; a special token that the text spells is text."""
        ids: list[int] = self._load().tokenize(text.encode(), add_bos=False, special=False)
        return ids

    def _special(self, token: str) -> int | None:
        """The number of a special token, None where the vocabulary has none of this name."""
        model = self._load()
        ids = model.tokenize(token.encode(), add_bos=False, special=True)
        plain = model.tokenize(token.encode(), add_bos=False, special=False)
        return ids[0] if len(ids) == 1 and ids != plain else None

    def _raw_ids(self, prompt: RawPrompt) -> list[int]:
        ids: list[int] = self._load().tokenize(b"", add_bos=True, special=False)
        for part in prompt.parts:
            if not isinstance(part, Special):
                ids += self._encode(part)
            elif (number := self._special(part)) is not None:
                ids.append(number)
            else:
                raise EngineError(f"the tokenizer of {self.path} has no token {part}")
        return ids

    def _chat_ids(self, prompt: Prompt, sampling: Sampling) -> tuple[list[int], Asked]:
        """The prompt's tokens, and how its answer begins and ends."""
        model = self._load()
        template = model.metadata.get("tokenizer.chat_template")
        known = frozenset(token for token in SPECIALS if self._special(token) is not None)
        if not template or knows_turns(known):
            return fitted(prompt, known, self._raw_ids, room(model.n_ctx(), sampling.max_tokens))

        def spelled(number: int) -> str:
            text: bytes = model.detokenize([number], special=True) if number >= 0 else b""
            return text.decode("utf-8", "replace")

        form = import_module("llama_cpp.llama_chat_format").Jinja2ChatFormatter(
            template=template,
            eos_token=spelled(model.token_eos()),
            bos_token=spelled(model.token_bos()),
        )
        text = form(messages=messages(prompt)).prompt
        return model.tokenize(text.encode(), add_bos=False, special=True), Asked(RawPrompt((text,)))

    # --- tokens out ----------------------------------------------------------------------------

    def _now(self, ids: list[int], sampling: Sampling, cancel: Cancel | None) -> Iterator[str]:
        deadline = time.monotonic() + sampling.timeout_s
        yield from self._pieces(ids, sampling, 0, deadline, cancel or Cancel(), _Written())

    def _pieces(
        self,
        ids: list[int],
        sampling: Sampling,
        sample: int,
        deadline: float,
        cancel: Cancel,
        written: "_Written",
    ) -> Iterator[str]:
        model = self._load()
        with turn(self._turn, self.path.name, deadline, cancel):
            left = model.n_ctx() - len(ids)
            if left < 1:
                raise EngineError(
                    f"the prompt has {len(ids):,} tokens, the context of {self.path.name} is "
                    f"{model.n_ctx():,}: shorten the prompt, or take a model with a longer context"
                )
            if sampling.seed is not None:
                model.set_seed(sampling.seed + sample)
            text = TextStream(sampling.stop)
            try:
                tokens = model.generate(
                    ids, top_k=0, top_p=1.0, min_p=0.0, repeat_penalty=1.0,
                    temp=sampling.temperature,
                )  # fmt: skip
                for token in tokens:
                    cancel.check()
                    piece = model.detokenize([token], prev_tokens=ids[-1:] or None)
                    ended = token == model.token_eos() or _ends(model, token)
                    if ended:
                        written.reason = "stop"
                        break
                    written.tokens += 1
                    if made := text.feed(piece):
                        yield made
                    if text.stopped is not None:
                        written.reason = "stop"
                        break
                    if written.tokens >= min(sampling.max_tokens, left):
                        break
                    if time.monotonic() > deadline:
                        break
            except (RuntimeError, MemoryError) as error:
                if isinstance(error, EngineError):
                    raise
                raise EngineError(f"llama.cpp failed: {error}") from error
            if rest := text.finish():
                yield rest


class _Written:
    """What became of one continuation."""

    def __init__(self) -> None:
        self.tokens = 0
        self.reason = "length"


def _ends(model: Any, token: int) -> bool:
    """Whether a token ends the text: an end of turn or of generation, or a control token that is
    none of a class."""
    llama_cpp = import_module("llama_cpp")
    vocabulary = llama_cpp.llama_model_get_vocab(model.model)
    if llama_cpp.llama_vocab_is_eog(vocabulary, token):
        return True
    if not llama_cpp.llama_vocab_is_control(vocabulary, token):
        return False
    return model.detokenize([token], special=True).decode("utf-8", "replace") not in OF_CLASSES


def _open(path: Path, context: int, threads: int | None) -> Any:
    try:
        llama_cpp = import_module("llama_cpp")
    except ImportError as error:
        raise EngineError(
            f"llamacpp:FILE needs llama-cpp-python ({error}): pip install 'nlogn[llamacpp]' "
            "(it compiles for about ten minutes)"
        ) from error
    except (OSError, RuntimeError) as error:
        raise EngineError(f"llama-cpp-python is installed but broken: {error}") from error
    try:
        model = llama_cpp.Llama(
            str(path), n_ctx=context or _context(llama_cpp, path), n_threads=threads, verbose=False
        )
    except MemoryError as error:
        raise OutOfMemory(f"memory ran out while {path} was loaded") from error
    except (ValueError, RuntimeError, OSError) as error:
        raise EngineError(
            f"llama.cpp cannot load {path} ({error}): the file may be cut off, or of an "
            "architecture that this version does not know; pip install -U llama-cpp-python"
        ) from error
    return model


def _context(llama_cpp: Any, path: Path) -> int:
    """The context that the model was trained with, bounded, from the file's header alone."""
    try:
        head = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
        name = head.metadata.get("general.architecture", "")
        trained = int(head.metadata.get(f"{name}.context_length", _DEFAULT_CONTEXT))
        head.close()
    except (ValueError, RuntimeError, OSError):
        return _DEFAULT_CONTEXT
    return min(trained, _DEFAULT_CONTEXT)


def _check(path: Path) -> None:
    """Raises `EngineError` where the file is plainly no GGUF file."""
    if path.is_dir():
        raise EngineError(f"{path} is a folder: write transformers:{path}, or name its .gguf file")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise EngineError(f"{path}: {error.strerror}: write llamacpp:FILE.gguf") from None
    if magic != _MAGIC:
        raise EngineError(
            f"{path} is no GGUF file (it does not begin with GGUF): export the checkpoint, or "
            "name the folder with transformers:FOLDER"
        )
