"""The engine's thread: takes requests in, steps, hands text out.

One thread owns the scheduler, the blocks and the runner; everybody else submits requests, reads
their streams and may cancel them. Whatever ends the thread, every reader is told.
"""

import queue
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nlogn.engine.native.blocks import Blocks
from nlogn.engine.native.lookup import learn
from nlogn.engine.native.runner import Runner
from nlogn.engine.native.sampling import choose
from nlogn.engine.native.scheduler import Scheduler, Segment
from nlogn.engine.native.sequence import (
    Busy,
    Chunk,
    Finished,
    Logits,
    PromptTooLong,
    Request,
    Sequence,
    Token,
)
from nlogn.engine.protocol import Cancelled, EngineError
from nlogn.engine.text_stream import TextStream

_ALIVE_S = 1.0  # how often a reader makes sure that somebody is still writing


class Stream:
    """One request's answer as it is made: iterate, once. A reader may be as slow as it likes.

    Raises:
        Cancelled: after `cancel`.
        EngineError: the engine has failed; the message says why.
    """

    def __init__(self, loop: "Loop", sequence: Sequence):
        self._loop = loop
        self._sequence = sequence
        self.finished: Finished | None = None
        self._failure: EngineError | None = None

    def __iter__(self) -> Iterator[Chunk]:
        while (chunk := self.next()) is not None:
            yield chunk

    def next(self, timeout: float | None = None) -> Chunk | None:
        """The next piece; None at the end.

        Raises:
            TimeoutError: nothing came within `timeout` seconds.
        """
        if self.finished is not None:
            return None
        if self._failure is not None:
            raise self._failure
        event = self._event(timeout)
        if isinstance(event, EngineError):
            self._failure = event
            raise event
        if isinstance(event, Finished):
            self.finished = event
            return None
        return event

    def _event(self, timeout: float | None) -> Chunk | Finished | EngineError:
        left = timeout
        while True:
            wait = _ALIVE_S if left is None else min(left, _ALIVE_S)
            try:
                return self._sequence.events.get(timeout=wait)
            except queue.Empty:
                if not self._loop.alive and self._sequence.events.empty():
                    raise EngineError("the engine has stopped: open it again") from None
                if left is not None and (left := left - wait) <= 0:
                    raise TimeoutError from None

    def cancel(self) -> None:
        """End the request; its blocks are free after the step under way."""
        self._sequence.cancelled = True
        self._loop.wake()


@dataclass(frozen=True, slots=True)
class Load:
    """What the engine is doing, and what it has done since it was opened."""

    running: int
    waiting: int
    blocks_in_use: int
    steps: int
    tokens: int  # generated
    computed: int  # in the network, prompts included
    preemptions: int


class Loop:
    """Continuous batching over one runner.

    `vocabulary` are the tokens' bytes, `end` the network's end tokens, `context` the most tokens
    of a sequence.
    """

    def __init__(
        self,
        runner: Runner,
        blocks: Blocks,
        scheduler: Scheduler,
        vocabulary: list[bytes],
        end: frozenset[int],
        context: int,
    ):
        self.runner = runner
        self.blocks = blocks
        self.context = context
        self._scheduler = scheduler
        self.vocabulary = vocabulary
        self.end = end
        self._inbox: deque[Sequence] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._failure: EngineError | None = None
        self._numbers = self._steps = self._tokens = self._computed = 0
        self._thread = threading.Thread(target=self._run, name="nlogn-engine", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def load(self) -> Load:
        scheduler = self._scheduler
        return Load(
            len(scheduler.running), len(scheduler.waiting) + len(self._inbox), self.blocks.in_use,
            self._steps, self._tokens, self._computed, scheduler.preemptions,
        )  # fmt: skip

    def submit(self, request: Request) -> Stream:
        """Queue a request.

        Raises:
            PromptTooLong: it leaves no room for an answer.
            Busy: too many are waiting; try again later.
            EngineError: the engine has failed or was closed.
        """
        prompt = len(request.tokens)
        if prompt >= self.context:
            raise PromptTooLong(
                f"the prompt has {prompt} tokens, and the context {self.context}: shorten it by"
                f" {prompt - self.context + 1} or more"
            )
        least, most = min(request.tokens), max(request.tokens)
        if least < 0 or most >= len(self.vocabulary):
            wrong = least if least < 0 else most
            raise EngineError(
                f"the prompt has the token {wrong}, and the network only {len(self.vocabulary)}"
            )
        with self._wake:
            if self._failure is not None:
                raise EngineError(str(self._failure)) from self._failure
            if self._closing:
                raise EngineError("the engine was closed: open it again")
            scheduler = self._scheduler
            here = len(self._inbox) + len(scheduler.waiting) + len(scheduler.running)
            if here >= scheduler.slots + scheduler.queue:
                raise Busy(f"{scheduler.queue} requests are waiting already: try again later")
            self._numbers += 1
            sequence = Sequence(
                request, self._numbers, TextStream(request.stop),
                min(self.context, prompt + request.max_tokens), self.blocks.holding(),
                list(request.tokens),
            )  # fmt: skip
            self._inbox.append(sequence)
            self._wake.notify()
        return Stream(self, sequence)

    def wake(self) -> None:
        with self._wake:
            self._wake.notify()

    def close(self) -> None:
        """End the thread after the step under way; requests that still run are told."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        failure = EngineError("the engine was closed")
        try:
            while self._wait():
                self._step()
        except BaseException as error:
            failure = EngineError(f"the engine has failed: {type(error).__name__}: {error}")
            failure.__cause__ = error
        finally:
            with self._wake:
                self._failure = failure
                scheduler = self._scheduler
                for sequence in [*scheduler.running, *scheduler.waiting, *self._inbox]:
                    scheduler.leave(sequence)
                    sequence.events.put(failure)
                self._inbox.clear()

    def _wait(self) -> bool:
        """Until there is something to do; False when it is time to end."""
        scheduler = self._scheduler
        with self._wake:
            while not (self._closing or self._inbox or scheduler.running or scheduler.waiting):
                self._wake.wait()
            while self._inbox:
                scheduler.waiting.append(self._inbox.popleft())
            return not self._closing

    def _step(self) -> None:
        scheduler = self._scheduler
        for sequence in [*scheduler.running, *scheduler.waiting]:
            if sequence.cancelled:
                scheduler.leave(sequence)
                sequence.events.put(Cancelled())
        if not (scheduler.running or scheduler.waiting):
            return
        segments = scheduler.schedule()
        if not segments:  # one sequence always fits: see `open_loop`
            raise RuntimeError("nothing can be scheduled")
        rows = sum(s.wanted for s in segments)
        heard = any(s.sequence.request.listeners for s in segments)
        hidden = np.empty((rows, self.runner.width), dtype=np.float32) if heard else None
        logits = self.runner.forward(segments, self.blocks, hidden)
        self._steps += 1
        self._computed += sum(len(s.tokens) for s in segments)
        likeliest = logits.argmax(1).tolist() if any(s.wanted for s in segments) else []
        row = 0
        for segment in segments:
            end = row + segment.wanted
            try:
                states = None if hidden is None else hidden[row:end]
                self._advance(segment, logits[row:end], likeliest[row:end], states)
            except Exception as error:  # one request's own steering, say: the others go on
                scheduler.leave(segment.sequence)
                failure = EngineError(f"the request failed: {type(error).__name__}: {error}")
                failure.__cause__ = error
                segment.sequence.events.put(failure)
            row = end

    def _advance(
        self, segment: Segment, logits: Logits, likeliest: list[int], states: Logits | None
    ) -> None:
        sequence = segment.sequence
        request = sequence.request
        greedy = (request.temperature == 0 and request.repetition_penalty == 1
                  and not request.steer and not request.guides
                  and request.logprobs is None)  # fmt: skip
        made: list[Token] = []
        text: list[str] = []
        reason: str | None = None
        for i in range(segment.wanted):
            if states is not None:
                for listener in request.listeners:
                    listener(states[i])
            token = Token(likeliest[i]) if greedy else choose(request, sequence.tokens, logits[i])
            sequence.tokens.append(token.token)
            made.append(token)
            reason = self._say(sequence, token.token, text)
            guessed = i < segment.drafted and segment.tokens[i + 1] == token.token
            if reason or not guessed:
                break
        if segment.drafted:
            learn(sequence, segment.drafted, len(made) - 1)
        self._tokens += len(made)
        self._scheduler.settle(segment)
        if reason:
            self._scheduler.leave(sequence)
            text.append(sequence.text.finish())
        if made:
            sequence.events.put(Chunk("".join(text), tuple(made)))
        if reason:
            sequence.events.put(Finished(
                "length" if reason == "length" else "stop", sequence.text.stopped,
                sequence.cached, sequence.drafted, sequence.accepted,
            ))  # fmt: skip

    def _say(self, sequence: Sequence, token: int, text: list[str]) -> str | None:
        """Add the token's text; why the answer ends with it, if it does."""
        request = sequence.request
        if token in request.stop_tokens or (token in self.end and not request.ignore_end):
            return "stop"
        text.append(sequence.text.feed(self.vocabulary[token]))
        if sequence.text.stopped is not None:
            return "stop"
        return "length" if len(sequence.tokens) >= sequence.limit else None
