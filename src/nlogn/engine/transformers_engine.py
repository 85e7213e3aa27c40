"""`TransformersEngine`: a checkpoint folder in Hugging Face's layout, our own or any causal LM.

Nothing is fetched and nothing in the folder is executed (no ``trust_remote_code``, no pickles
beyond plain weights). Requests of several threads take turns.
"""

import contextlib
import json
import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nlogn.corpus.specials import OF_CLASSES, Special
from nlogn.engine.chat import (
    Asked,
    extract_code,
    fitted,
    harmless,
    knows_turns,
    messages,
    put_before,
    room,
)
from nlogn.engine.memory import OutOfMemory, require_memory
from nlogn.engine.protocol import (
    Cancel,
    Cancelled,
    Completion,
    EngineError,
    ModelFacts,
    Prompt,
    RawPrompt,
    Sampling,
)
from nlogn.engine.text_stream import TextStream
from nlogn.engine.turns import turn

_BATCH = 8  # samples of one prompt that are drawn together
_POLL_S = 0.05
_LEFT = 4  # tokens before those that are decoded: the first of a text may lose its space


class TransformersEngine:
    """The network and the tokenizer of `folder`, loaded at the first request.

    Args:
        device: ``cpu``, ``cuda``, ...; a GPU where there is one, if not given.

    Raises:
        EngineError: `folder` is no checkpoint of a causal LM, has no tokenizer, or transformers
            is not installed; the message says which.
    """

    name = "transformers"

    def __init__(self, folder: str | Path, *, device: str | None = None):
        self.folder = Path(folder)
        self.device = device
        self._loading = threading.Lock()
        self._tokenizing = threading.Lock()  # whether special tokens are text is its state
        self._turn = threading.Lock()  # one request computes at a time
        self._loaded: tuple[Any, Any] | None = None
        _check(self.folder)

    # --- what the protocol asks for ------------------------------------------------------------

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, cancel: Cancel | None = None
    ) -> list[list[Completion]]:
        """Up to ``sampling.n`` completions for each prompt, drawn in batches; those that were
        complete, or cut at the deadline.

        Raises:
            EngineError: the prompt is longer than the context, or memory ran out.
            Cancelled: soon after ``cancel.cancel()``.
        """
        cancel = cancel or Cancel()
        deadline = time.monotonic() + sampling.timeout_s
        out: list[list[Completion]] = []
        for prompt in prompts:
            signature = prompt.problem.signature
            entry = signature.entry if signature else None
            made: list[Completion] = []
            ids, asked = self._chat_ids(prompt, sampling)
            asking = asked.until(sampling)
            while len(made) < sampling.n and (not made or time.monotonic() < deadline):
                count = min(_BATCH, sampling.n - len(made))
                if sampling.temperature == 0:
                    count = 1  # all would be the same
                for text, reason, size in self._draw(
                    ids, asking, count, len(made), deadline, cancel
                ):
                    text = asked.begun + text
                    code = extract_code(text, entry)
                    made.append(Completion(text, code, self.folder.name, reason, size))
                if sampling.temperature == 0:
                    made = made * sampling.n
            out.append(made)
        return out

    def stream(
        self, prompt: Prompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """The answer's text as it comes. Raises as `generate` does."""
        ids, asked = self._chat_ids(prompt, sampling)
        yield from asked.led(self._stream(ids, asked.until(sampling), cancel or Cancel()))

    def facts(self, *, cancel: Cancel | None = None) -> ModelFacts:
        _, tokenizer = self._load()
        special = {str(t) for t in tokenizer.added_tokens_decoder.values()}
        return ModelFacts(self.folder.name, frozenset(special), self._context())

    def complete(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Completion:
        """What the model writes after `prompt`. Raises as `generate` does."""
        deadline = time.monotonic() + sampling.timeout_s
        ids = self._raw_ids(prompt)
        ((text, reason, size),) = self._draw(ids, sampling, 1, 0, deadline, cancel or Cancel())
        return Completion(text, text, self.folder.name, reason, size)

    def stream_text(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """What the model writes after `prompt`, as it comes. Raises as `generate` does."""
        yield from self._stream(self._raw_ids(prompt), sampling, cancel or Cancel())

    def count_tokens(self, text: str) -> int:
        return len(self._encode(text))

    # --- loading -------------------------------------------------------------------------------

    def _load(self) -> tuple[Any, Any]:
        with self._loading:
            if self._loaded is None:
                require_memory(self.folder)
                self._loaded = self._load_now()
            return self._loaded

    def _load_now(self) -> tuple[Any, Any]:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            import torch
            import transformers
        except ImportError as error:
            raise EngineError(
                f"transformers:FOLDER needs torch and transformers ({error}): "
                "pip install 'nlogn[model]'"
            ) from error
        told: Any = transformers.logging
        told.set_verbosity_error()
        told.disable_progress_bar()
        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                self.folder, local_files_only=True
            )
            with _memory_in_words(self.folder):
                model: Any = transformers.AutoModelForCausalLM.from_pretrained(
                    self.folder, dtype="auto", local_files_only=True
                )
                model = model.to(device)
        except EngineError:
            raise
        except Exception as error:  # of any kind: the folder is somebody else's
            raise EngineError(
                f"{self.folder} cannot be loaded as a causal LM: {_first_line(error)}"
            ) from error
        return model.eval(), tokenizer

    def _context(self) -> int | None:
        model, _ = self._load()
        found = getattr(model.config, "max_position_embeddings", None)
        return found if isinstance(found, int) else None

    # --- text to tokens ------------------------------------------------------------------------

    def _encode(self, text: str) -> list[int]:
        """Token numbers; a special token that the text spells is text."""
        _, tokenizer = self._load()
        with self._tokenizing:
            ids: list[int] = tokenizer.encode(
                text, add_special_tokens=False, split_special_tokens=True
            )
        return ids

    def _raw_ids(self, prompt: RawPrompt) -> list[int]:
        _, tokenizer = self._load()
        with self._tokenizing:
            ids = put_before(tokenizer.encode("x"), tokenizer.encode("x", add_special_tokens=False))
        vocabulary = tokenizer.get_vocab()
        for part in prompt.parts:
            if not isinstance(part, Special):
                ids += self._encode(part)
            elif part in vocabulary:
                ids.append(vocabulary[part])
            else:
                raise EngineError(f"the tokenizer of {self.folder} has no token {part}")
        return ids

    def _chat_ids(self, prompt: Prompt, sampling: Sampling) -> tuple[list[int], Asked]:
        """The prompt's tokens, and how its answer begins and ends."""
        _, tokenizer = self._load()
        vocabulary = tokenizer.get_vocab()
        if tokenizer.chat_template and not knows_turns(vocabulary):
            added = tokenizer.added_tokens_decoder.values()
            asked = harmless(messages(prompt), {str(t) for t in added if t.special})
            try:
                text = tokenizer.apply_chat_template(
                    asked, tokenize=False, add_generation_prompt=True
                )
            except Exception:  # templates of some models refuse a system message
                joined = [{"role": "user", "content": "\n\n".join(m["content"] for m in asked)}]
                text = tokenizer.apply_chat_template(
                    joined, tokenize=False, add_generation_prompt=True
                )
            with self._tokenizing:
                ids = tokenizer.encode(text, add_special_tokens=False)
            return ids, Asked(RawPrompt((text,)))
        most = room(self._context(), sampling.max_tokens)
        return fitted(prompt, vocabulary, self._raw_ids, most)

    # --- tokens out ----------------------------------------------------------------------------

    def _draw(
        self,
        ids: list[int],
        sampling: Sampling,
        count: int,
        first: int,
        deadline: float,
        cancel: Cancel,
    ) -> list[tuple[str, str, int]]:
        """`count` continuations: (text, finish reason, tokens)."""
        _, tokenizer = self._load()
        with turn(self._turn, self.folder.name, deadline, cancel), _memory_in_words(self.folder):
            rows, ends = self._run(ids, sampling, count, first, deadline, cancel, None)
        out = []
        for row in rows:
            length = next((i for i, t in enumerate(row) if t in ends), None)
            kept = row if length is None else row[:length]
            said = TextStream(sampling.stop)
            text = said.feed(tokenizer.decode(kept, skip_special_tokens=True).encode())
            text += said.finish()
            ended = length is not None or said.stopped is not None
            out.append((text, "stop" if ended else "length", len(kept)))
        return out

    def _run(
        self,
        ids: list[int],
        sampling: Sampling,
        count: int,
        first: int,
        deadline: float,
        cancel: Cancel,
        streamer: Any,
    ) -> tuple[list[list[int]], set[int]]:
        """Token rows of `count` continuations, ended where one of the tokens in the set stands."""
        import torch

        model, tokenizer = self._load()
        context = self._context()
        left = sampling.max_tokens if context is None else context - len(ids)
        if left < 1:
            raise EngineError(
                f"the prompt has {len(ids):,} tokens, the context of {self.folder.name} is "
                f"{context:,}: shorten the prompt, or take a model with a longer context"
            )
        ends = self._ends(model, tokenizer)
        options: dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            options = {"do_sample": True, "temperature": sampling.temperature, "top_k": 0}
        tensor = torch.tensor([ids], device=model.device)
        stop = _stopper(deadline, cancel, sampling.stop, tokenizer, len(ids))
        with torch.inference_mode(), torch.random.fork_rng():
            if sampling.seed is not None:
                torch.manual_seed(sampling.seed + first)
            made = model.generate(
                tensor,
                attention_mask=torch.ones_like(tensor),
                max_new_tokens=min(sampling.max_tokens, left),
                num_return_sequences=count,
                eos_token_id=sorted(ends) or None,
                pad_token_id=min(ends, default=0),
                stopping_criteria=stop,
                streamer=streamer,
                **options,
            )
        cancel.check()
        rows: list[list[int]] = made[:, len(ids) :].tolist()
        return rows, ends

    @staticmethod
    def _ends(model: Any, tokenizer: Any) -> set[int]:
        """Every special token ends the text, but those of classes: models go on to a next file
        after FIM."""
        configured = model.generation_config.eos_token_id
        ends = set(configured if isinstance(configured, list) else [configured])
        special = tokenizer.added_tokens_decoder.items()
        ends |= {n for n, token in special if token.special and str(token) not in OF_CLASSES}
        ends |= {tokenizer.eos_token_id}
        return {number for number in ends if isinstance(number, int)}

    def _stream(self, ids: list[int], sampling: Sampling, cancel: Cancel) -> Iterator[str]:
        """Runs the network in a thread; leaving the iterator stops it at the next token."""
        deadline = time.monotonic() + sampling.timeout_s
        box: queue.Queue[tuple[str, Any]] = queue.Queue()
        inner = Cancel()

        def work() -> None:
            try:
                ends = self._ends(*self._load())
                waiting = turn(self._turn, self.folder.name, deadline, inner)
                with waiting, _memory_in_words(self.folder):
                    box.put(("ends", ends))
                    sink = _Sink(box)
                    self._run(ids, sampling, 1, 0, deadline, inner, sink)
                box.put(("end", None))
            except Exception as error:  # the thread's last word: it is raised again by the caller
                box.put(("error", error))

        # Not a daemon: a process that ends while torch still computes is aborted.
        threading.Thread(target=work, name="nlogn-transformers").start()
        try:
            yield from self._pieces(box, sampling, cancel)
        finally:
            inner.cancel()

    def _pieces(
        self, box: "queue.Queue[tuple[str, Any]]", sampling: Sampling, cancel: Cancel
    ) -> Iterator[str]:
        _, tokenizer = self._load()
        text = TextStream(sampling.stop)
        ends: set[int] = set()
        row: list[int] = []
        told = ""
        while text.stopped is None:
            cancel.check()
            try:
                kind, value = box.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if kind == "error":
                raise value
            if kind == "ends":
                ends = value
            elif kind == "tokens":
                row += value
                if set(value) & ends:
                    row = row[: next(i for i, t in enumerate(row) if t in ends)]
                    kind = "end"
            if kind in ("tokens", "end"):
                now = tokenizer.decode(row, skip_special_tokens=True)
                if not now.endswith("�") or kind == "end":
                    if piece := text.feed(now[len(told) :].encode()):
                        yield piece
                    told = now
                    if "\n" in told[-2:] and len(row) > 16:  # what is whole need not be read again
                        row = row[-_LEFT:]
                        told = tokenizer.decode(row, skip_special_tokens=True)
            if kind == "end":
                break
        if rest := text.finish():
            yield rest


class _Sink:
    """What `generate` calls with new tokens; the first call brings the prompt."""

    def __init__(self, box: "queue.Queue[tuple[str, Any]]"):
        self.box = box
        self.prompt = True

    def put(self, value: Any) -> None:
        if not self.prompt:
            self.box.put(("tokens", value.reshape(-1).tolist()))
        self.prompt = False

    def end(self) -> None:
        pass


def _stopper(
    deadline: float, cancel: Cancel, stops: tuple[str, ...], tokenizer: Any, start: int
) -> Any:
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Stop(StoppingCriteria):  # type: ignore[misc,unused-ignore]
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            import torch

            over = cancel.cancelled or time.monotonic() > deadline
            rows = input_ids.shape[0]
            done = torch.full((rows,), over, device=input_ids.device, dtype=torch.bool)
            if stops and not over:
                tails = input_ids[:, start:].tolist()
                for row, tail in enumerate(tails):
                    text = tokenizer.decode(tail[-48:], skip_special_tokens=True)
                    done[row] = any(stop in text for stop in stops)
            return done

    return StoppingCriteriaList([Stop()])


@contextlib.contextmanager
def _memory_in_words(folder: Path) -> Iterator[None]:
    """Torch's ways to say that memory ran out, as `OutOfMemory`."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, (EngineError, Cancelled)):
            raise
        said = str(error)
        out = type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError)
        if not out and "not enough memory" not in said and "DefaultCPUAllocator" not in said:
            raise
        raise OutOfMemory(
            f"memory ran out while {folder.name} was computing: ask for fewer samples or tokens, "
            "or take a smaller model"
        ) from error


def _check(folder: Path) -> None:
    """Raises `EngineError` where the folder is plainly no checkpoint."""
    if not folder.is_dir():
        kind = "is a file, not a folder" if folder.exists() else "does not exist"
        hint = f"; for a GGUF file write llamacpp:{folder}" if folder.suffix == ".gguf" else ""
        raise EngineError(f"{folder} {kind}: write transformers:FOLDER of a checkpoint{hint}")
    config = folder / "config.json"
    try:
        kind = json.loads(config.read_text()).get("model_type", "")
    except FileNotFoundError:
        raise EngineError(f"{folder} has no config.json: is it a checkpoint folder?") from None
    except (OSError, ValueError, AttributeError) as error:
        raise EngineError(f"{config} cannot be read: {_first_line(error)}") from None
    if kind == "nlogn":
        raise EngineError(f"{folder} has parts that only nlogn computes: write native:{folder}")
    names = ("tokenizer.json", "tokenizer.model", "vocab.json", "tokenizer_config.json")
    if not any((folder / name).exists() for name in names):
        raise EngineError(
            f"{folder} has no tokenizer ({', '.join(names[:3])}): copy the one that the model was "
            "trained with into it"
        )
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("pytorch_model*.bin")):
        raise EngineError(f"{folder} has no weights (model.safetensors): was it fetched whole?")


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
