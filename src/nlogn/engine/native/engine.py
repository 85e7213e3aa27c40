"""`NativeEngine`: our own network, or any checkpoint that it can load, behind the protocols."""

import functools
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nlogn.corpus.tokenizer import encode
from nlogn.engine.chat import extract_code, room
from nlogn.engine.native.answer_classes import ClassBound, class_tokens
from nlogn.engine.native.budget import REFUSED, BudgetGuide
from nlogn.engine.native.constrained import JsonOutput
from nlogn.engine.native.cost_heads import CostHeads, GrowthReader, open_heads
from nlogn.engine.native.loop import Stream
from nlogn.engine.native.opening import (
    Options,
    open_folder,
    read_tokenizer,
    recommended_temperature,
)
from nlogn.engine.native.prompting import Rendered, framing, render
from nlogn.engine.native.python_output import PythonOutput
from nlogn.engine.native.rewind import (
    IMPLAUSIBLE,
    REWINDS,
    SEEN,
    fork,
    likelihood,
    overrun,
    strayed,
)
from nlogn.engine.native.schema_output import Schema, SchemaOutput, schema_tokenizer
from nlogn.engine.native.sequence import Busy, Chunk, Guide, Request, Token, Turned
from nlogn.engine.native.written import CodeLines
from nlogn.engine.protocol import (
    Cancel,
    Completion,
    EngineError,
    ModelFacts,
    Prompt,
    RawPrompt,
    Sampling,
    Steered,
)
from nlogn.engine.text_stream import TextStream
from nlogn.model.growth_head import GrowthHead

if TYPE_CHECKING:
    from llguidance import LLTokenizer

_POLL_S = 0.05  # how soon a cancel is seen
_REWOUND = 1 << 20  # between the seeds of a sample and of what replaces it


@dataclass(frozen=True, slots=True)
class _Sample:
    tokens: list[Token]
    text: str
    reason: Literal["stop", "length"]


class NativeEngine:
    """Opens a checkpoint folder; `close` (or leaving a `with` block) ends its thread.

    Raises:
        EngineError: the folder, the network or the memory does not do; see `opening`.
    """

    name = "native"

    def __init__(self, folder: str | Path, options: Options | None = None):
        self.folder = Path(folder)
        options = options or Options()
        self._steers = options.steer
        self.tokenizer, vocabulary = read_tokenizer(self.folder)
        added = self.tokenizer.get_added_tokens_decoder().items()
        self._classes = class_tokens(self.tokenizer)
        # networks go on to a next file after a middle, or to a next question
        self._special = tuple(number for number, token in added if token.special)
        try:
            self._frame = framing(self.folder, self.tokenizer)
        except (OSError, ValueError) as error:
            raise EngineError(f"the chat template of {self.folder}: {error}") from error
        self._heads = open_heads(self.folder)
        self.temperature = recommended_temperature(self.folder)
        self._tokenizing = threading.Lock()  # whether special tokens are text is the tokenizer's
        self.loop = open_folder(self.folder, vocabulary, options)

    @property
    def runner(self) -> str:
        """What computes: "kernels", "kernels, int8" or "torch"."""
        return self.loop.runner.name

    def close(self) -> None:
        self.loop.close()

    def __enter__(self) -> "NativeEngine":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def encode(self, prompt: RawPrompt) -> tuple[int, ...]:
        try:
            return (*self._frame.begins, *self._encode(*prompt.parts))
        except ValueError as error:
            raise EngineError(f"{self.folder.name}: {error}") from error

    def _encode(self, *parts: str) -> list[int]:
        with self._tokenizing:
            return encode(self.tokenizer, [*parts])

    def submit(self, request: Request) -> Stream:
        """For those who want tokens, log probabilities, penalties, steering: see `Request`."""
        return self.loop.submit(request)

    def json_output(self, objects: bool = False) -> JsonOutput:
        """For `Request.steer`: the answer is JSON, an object if `objects`."""
        return JsonOutput(self.loop.vocabulary, self.loop.end, objects)

    def schema_output(self, schema: Schema) -> SchemaOutput:
        """For `Request.steer` of one request: the answer is JSON of a schema.

        Raises:
            EngineError: llguidance is not installed, or does not take the schema.
        """
        return SchemaOutput(self._schema_tokenizer, self.loop.end, schema)

    @functools.cached_property
    def _schema_tokenizer(self) -> "LLTokenizer":
        return schema_tokenizer(self.loop.vocabulary, self.loop.end, self._encode)

    def python_output(self, begun: str = "", fenced: bool = False) -> PythonOutput:
        """For `Request.guides` of one request: the code of the answer is Python source, whole
        unless `max_tokens` cuts it off.

        Args:
            begun: the code, or the text with a fence, that the answer goes on from.
            fenced: only fenced Python blocks of the answer are code.

        Raises:
            ValueError: what has begun is no beginning of a program.
        """
        return PythonOutput(self.loop.vocabulary, self.loop.end, begun, fenced)

    def budget(
        self, time: str | None = None, memory: str | None = None, begun: str = "",
        fenced: bool = False,
    ) -> BudgetGuide:  # fmt: skip
        """For `Request.guides` of one request: the program keeps within classes of growth. Its
        `listen` is for `Request.listeners`, to weigh in the checkpoint's heads, if it has them.

        Args:
            begun: the code, or the text with a fence, that the answer goes on from.
            fenced: only fenced Python blocks of the answer are code.

        Raises:
            ValueError: a budget is no class of growth.
        """
        heads = self._heads if isinstance(self._heads, CostHeads) else None
        growth = None
        if isinstance(self._heads, GrowthHead):
            growth = GrowthReader(self._heads, self._encode)
        return BudgetGuide(self.loop.vocabulary, time, memory, begun, fenced, heads, growth)

    def facts(self, *, cancel: Cancel | None = None) -> ModelFacts:
        added = self.tokenizer.get_added_tokens_decoder().values()
        known = frozenset(token.content for token in added)
        return ModelFacts(self.folder.name, known, self.loop.context)

    def count_tokens(self, text: str) -> int:
        return len(self._encode(text))

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, cancel: Cancel | None = None
    ) -> list[list[Completion]]:
        """Up to ``sampling.n`` completions for each prompt: those that ended before the deadline.
        Sample i has the seed ``sampling.seed + i``. The budgets of a prompt steer: see `budget`;
        what goes over them all the same is written anew from an earlier place: see `rewind`.

        Raises:
            EngineError: not one ended in time, a prompt does not fit, or a budget is no class.
            Cancelled: soon after ``cancel.cancel()``.
        """
        deadline = time.monotonic() + sampling.timeout_s
        busy: Busy | None = None
        answers: list[list[Completion]] = []
        under_way: list[tuple[Rendered, list[Stream]]] = []
        try:
            for prompt in prompts:
                rendered = self._render(prompt, sampling)
                streams: list[Stream] = []
                under_way.append((rendered, streams))
                for sample in range(sampling.n):
                    try:
                        streams.append(
                            self._submit(rendered, sampling, sample, deadline, cancel, prompt)
                        )
                    except Busy as error:  # until the deadline
                        busy = error
                        break
            for prompt, (rendered, streams) in zip(prompts, under_way, strict=True):
                signature = prompt.problem.signature
                entry = signature.entry if signature else None
                ended = []
                for sample, stream in enumerate(streams):
                    try:
                        made = self._collect(stream, deadline, cancel)
                    except TimeoutError:
                        stream.cancel()
                        continue
                    ended.append(
                        self._within(made, sample, rendered, sampling, deadline, cancel, prompt)
                    )
                answers.append([replace(c, code=extract_code(c.text, entry)) for c in ended])
        except BaseException:
            for _, streams in under_way:
                for stream in streams:
                    stream.cancel()
            raise
        if prompts and not any(answers):
            raise busy or self._late(sampling)
        return answers

    def stream(
        self, prompt: Prompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """The answer's text as it comes."""
        rendered = self._render(prompt, sampling)
        if rendered.begun:
            yield rendered.begun
        yield from self._stream(rendered, sampling, cancel, prompt)

    def complete(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Completion:
        """What the network writes after `prompt`. Raises as `generate` does."""
        deadline = time.monotonic() + sampling.timeout_s
        stream = self._submit(Rendered(self.encode(prompt)), sampling, 0, deadline, cancel)
        try:
            done = self._completion(self._collect(stream, deadline, cancel), Rendered(()))
        except TimeoutError:
            raise self._late(sampling) from None
        finally:
            stream.cancel()
        return replace(done, code=done.text)

    def stream_text(
        self, prompt: RawPrompt, sampling: Sampling, *, cancel: Cancel | None = None
    ) -> Iterator[str]:
        """The same as it comes."""
        yield from self._stream(Rendered(self.encode(prompt)), sampling, cancel)

    def _render(self, prompt: Prompt, sampling: Sampling) -> Rendered:
        fits = room(self.loop.context, sampling.max_tokens)
        with self._tokenizing:
            return render(prompt, self.tokenizer, self._frame, fits)

    def _submit(
        self, rendered: Rendered, sampling: Sampling, sample: int, deadline: float,
        cancel: Cancel | None, prompt: Prompt | None = None, kept: Sequence[Token] = (),
        steers: bool = True,
    ) -> Stream:  # fmt: skip
        """Queue one sample, to go on from `kept`; while the queue is full, wait for a place. Where
        it is not to steer, budgets bound the classes that it begins with, and no more."""
        seed = time.time_ns() if sampling.seed is None else sampling.seed
        guides = self._guides(rendered, prompt, kept, steers and self._steers)
        request = Request(
            (*rendered.tokens, *(token.token for token in kept)), sampling.max_tokens - len(kept),
            sampling.temperature, seed=seed + sample, stop=(*sampling.stop, *rendered.stop),
            stop_tokens=self._ends(prompt), logprobs=SEEN if guides else 0, guides=guides,
            listeners=tuple(
                g.listen for g in guides
                if isinstance(g, BudgetGuide) and isinstance(self._heads, CostHeads)
            ),
        )  # fmt: skip
        while True:
            try:
                return self.loop.submit(request)
            except EngineError as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise
                (cancel or Cancel()).wait(_POLL_S)

    def _ends(self, prompt: Prompt | None) -> tuple[int, ...]:
        """The special tokens that end a text: all, but an answer begins with its classes."""
        known = self._classes if prompt is not None else {}
        return tuple(number for number in self._special if number not in known)

    def _guides(
        self, rendered: Rendered, prompt: Prompt | None, kept: Sequence[Token], steers: bool
    ) -> tuple[Guide, ...]:
        if prompt is None or not (prompt.time_budget or prompt.memory_budget):
            return ()
        budgets = prompt.time_budget, prompt.memory_budget
        begun, fenced = self._begun(rendered)
        begun += self._text(kept)
        try:
            bound = ClassBound(self._classes, *budgets)
            return (bound, self.budget(*budgets, begun, fenced)) if steers else (bound,)
        except ValueError as error:
            raise EngineError(str(error)) from error

    def _begun(self, rendered: Rendered) -> tuple[str, bool]:
        """The text that the answer goes on from, and whether its code stands in fences: what
        follows the prompt's last special token may have opened one."""
        if rendered.begun:
            return rendered.begun, False
        tail: list[bytes] = []
        for token in reversed(rendered.tokens):
            if not self.loop.vocabulary[token]:
                break
            tail.append(self.loop.vocabulary[token])
        return b"".join(reversed(tail)).decode("utf-8", "replace"), True

    def _collect(self, stream: Stream, deadline: float, cancel: Cancel | None) -> "_Sample":
        text, tokens = list[str](), list[Token]()
        for chunk in _chunks(stream, deadline, cancel):
            text.append(chunk.text)
            tokens += chunk.tokens
        assert stream.finished is not None
        return _Sample(tokens, "".join(text), stream.finished.reason)

    def _within(
        self, made: "_Sample", sample: int, rendered: Rendered, sampling: Sampling, deadline: float,
        cancel: Cancel | None, prompt: Prompt,
    ) -> Completion:  # fmt: skip
        """The sample, if its budget changed nothing in it; else it, or what goes another way, where
        that keeps within the budget and the network holds it for not much less likely than what it
        writes unsteered; else the latter."""
        given = self._classes
        where = strayed(made.tokens, REFUSED, given)
        if where is None:
            return self._completion(made, rendered)
        plain = self._again(rendered, sampling, sample, deadline, cancel, prompt, steers=False)
        if plain is None:
            return self._completion(made, rendered)
        least = likelihood(plain.tokens, given) - IMPLAUSIBLE
        never = {*self.loop.end, *self._special}
        first = tokens = made.tokens
        chance = 0.0  # of the other token that was gone on with: it is not held against its way
        written = tuple(token.token for token in first)
        tried: set[tuple[int, ...]] = set()
        left = min(self.loop.context - len(rendered.tokens), sampling.max_tokens)
        for number in range(REWINDS + 1):
            if (
                overrun(tokens, REFUSED, given) is None
                and likelihood(tokens, given) - chance >= least
            ):
                # a character or a stop text may lie on both sides of the place
                said = TextStream((*sampling.stop, *rendered.stop))
                text = said.feed(self._bytes(t for t in tokens if t.token not in never))
                text += said.finish()
                reason = "stop" if said.stopped is not None else made.reason
                return self._completion(_Sample(tokens, text, reason), rendered)
            seed = sample + _REWOUND * (number + 1)
            place = fork(first, where[0], tried, never, (sampling.seed or 0) + seed)
            if place is None or number == REWINDS or place[0] + 1 >= left:
                break
            at, other = place
            tried.add((*written[:at], other))
            turned = Turned(written[at], f"{where[1]} further on")
            source = first[at]
            chance = dict(source.top)[other]
            kept = [*first[:at], Token(other, chance, source.top, turned)]
            more = self._again(rendered, sampling, seed, deadline, cancel, prompt, kept)
            if more is None:
                break
            tokens, made = [*kept, *more.tokens], more
        return self._completion(plain, rendered)

    def _again(
        self, rendered: Rendered, sampling: Sampling, sample: int, deadline: float,
        cancel: Cancel | None, prompt: Prompt, kept: Sequence[Token] = (), steers: bool = True,
    ) -> "_Sample | None":  # fmt: skip
        """One more sample, None where there is no place or time for it."""
        try:
            stream = self._submit(
                rendered, sampling, sample, deadline, cancel, prompt, kept, steers
            )
        except Busy:
            return None
        try:
            return self._collect(stream, deadline, cancel)
        except TimeoutError:
            return None
        finally:
            stream.cancel()

    def _completion(self, made: "_Sample", rendered: Rendered) -> Completion:
        return Completion(
            rendered.begun + made.text, "", self.folder.name, made.reason, len(made.tokens),
            sum(token.logprob or 0.0 for token in made.tokens),
            steered=self._steered(made.tokens, rendered),
        )  # fmt: skip

    def _bytes(self, tokens: Iterable[Token]) -> bytes:
        return b"".join(self.loop.vocabulary[token.token] for token in tokens)

    def _text(self, tokens: Iterable[Token]) -> str:
        return self._bytes(tokens).decode("utf-8", "replace")

    def _steered(self, tokens: list[Token], rendered: Rendered) -> tuple[Steered, ...]:
        if not any(token.turned for token in tokens):
            return ()
        begun, fenced = self._begun(rendered)
        out = []
        for at, token in enumerate(tokens):
            if token.turned is not None:
                text = begun + self._text(tokens[:at])
                line = 1
                for kind, _ in CodeLines(fenced).feed(text):
                    line = line + 1 if kind == "line" else 1
                out.append(Steered(
                    line, self._spelled(token.turned.wanted), self._spelled(token.token),
                    token.turned.reason,
                ))  # fmt: skip
        return tuple(out)

    def _spelled(self, token: int) -> str:
        data = self.loop.vocabulary[token]
        return data.decode("utf-8", "replace") or str(self.tokenizer.id_to_token(token))

    def _stream(
        self, rendered: Rendered, sampling: Sampling, cancel: Cancel | None,
        prompt: Prompt | None = None,
    ) -> Iterator[str]:  # fmt: skip
        deadline = time.monotonic() + sampling.timeout_s
        stream = self._submit(rendered, sampling, 0, deadline, cancel, prompt)
        try:
            for chunk in _chunks(stream, deadline, cancel):
                if chunk.text:
                    yield chunk.text
        except TimeoutError:
            raise self._late(sampling) from None
        finally:  # also when the reader goes away
            stream.cancel()

    def _late(self, sampling: Sampling) -> EngineError:
        return EngineError(
            f"no answer within {sampling.timeout_s:g} s: allow more time or fewer tokens"
        )


def _chunks(stream: Stream, deadline: float, cancel: Cancel | None) -> Iterator[Chunk]:
    """The stream's pieces; gives up when cancelled, and after the deadline (TimeoutError) where no
    further one is there already."""
    while True:
        if cancel is not None and cancel.cancelled:
            stream.cancel()
            cancel.check()
        left = deadline - time.monotonic()
        try:
            chunk = stream.next(max(min(left, _POLL_S), 0.0))
        except TimeoutError:
            if left <= 0:
                raise
            continue
        if chunk is None:
            return
        yield chunk
