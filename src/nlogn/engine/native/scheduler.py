"""Who runs next: every decoding sequence one token (or a draft), then prompts piece by piece.

A step computes at most `chunk` prompt tokens, so that a long prompt does not stop those who are
reading. When blocks run out, the newest sequence gives its own back and starts over later; what it
has generated is kept, and recomputed like a prompt.
"""

from collections import deque
from dataclasses import dataclass

from nlogn.engine.native.blocks import BLOCK, Blocks, OutOfBlocks, digests
from nlogn.engine.native.lookup import draft
from nlogn.engine.native.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens of one sequence to compute, from position `start` on. The logits of the last `wanted`
    of them choose tokens; the last `drafted` are guesses."""

    sequence: Sequence
    start: int
    tokens: list[int]
    wanted: int
    drafted: int = 0


class Scheduler:
    def __init__(self, blocks: Blocks, slots: int, queue: int, chunk: int, lookup_up_to: int):
        self.blocks = blocks
        self.slots = slots
        self.queue = queue
        self.chunk = chunk
        self.lookup_up_to = lookup_up_to
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []
        self.rows = list(range(slots - 1, -1, -1))
        self.preemptions = 0

    def schedule(self) -> list[Segment]:
        """What to compute next; empty when there is nothing to do."""
        segments: list[Segment] = []
        drafting = len(self.running) <= self.lookup_up_to
        budget = self.chunk
        preemptions = self.preemptions
        for sequence in [s for s in self.running if s.pending == 1]:
            if sequence.row >= 0 and (made := self._decode(sequence, drafting)) is not None:
                segments.append(made)
        for sequence in [s for s in self.running if s.pending > 1]:
            if budget and sequence.row >= 0:
                budget -= self._prefill(sequence, budget, segments)
        # who was just preempted does not come back in the same step
        while budget and self.preemptions == preemptions and self._admit(segments):
            budget -= self._prefill(self.running[-1], budget, segments)
        # a later sequence may have been preempted after its segment was made
        return [s for s in segments if s.sequence.row >= 0]

    def settle(self, segment: Segment) -> None:
        """The segment is computed and its sequence has the tokens that follow: let others find
        the full blocks, give back those that are no longer needed."""
        sequence = segment.sequence
        if segment.wanted:
            sequence.computed = len(sequence.tokens) - 1
        else:
            sequence.computed = segment.start + len(segment.tokens)
        full = sequence.computed // BLOCK
        known = len(sequence.digests)
        if full > known:
            parent = sequence.digests[-1] if known else b""
            sequence.digests += digests(
                sequence.tokens[: full * BLOCK], sequence.request.tenant, parent, known
            )
            self.blocks.publish(sequence.held, sequence.digests[known:], known)
        self.blocks.shrink(sequence.held, sequence.computed)
        self.blocks.slide(sequence.held, sequence.computed)

    def leave(self, sequence: Sequence) -> None:
        """Finished, cancelled or failed: its blocks and its place are free."""
        if sequence.row >= 0:
            self.running.remove(sequence)
            self._vacate(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)

    def _decode(self, sequence: Sequence, drafting: bool) -> Segment | None:
        guess: list[int] = []
        if drafting and sequence.request.lookup:
            left = sequence.limit - len(sequence.tokens) - 1
            guess = draft(sequence)[: max(left, 0)]
        start = sequence.computed
        if guess and not self._grow(sequence, start + 1 + len(guess), preempt=False):
            guess = []
        if not self._grow(sequence, start + 1):
            return None
        tokens = [sequence.tokens[start], *guess]
        return Segment(sequence, start, tokens, len(tokens), len(guess))

    def _prefill(self, sequence: Sequence, budget: int, segments: list[Segment]) -> int:
        start = sequence.computed
        count = min(sequence.pending, budget)
        if not self._grow(sequence, start + count):
            return 0
        whole = count == sequence.pending
        tokens = sequence.tokens[start : start + count]
        segments.append(Segment(sequence, start, tokens, int(whole)))
        return count

    def _admit(self, segments: list[Segment]) -> bool:
        """Let the first who waits begin, if there is room, unless half of its prompt is just being
        computed for another, as it is when several answers to one prompt are asked for."""
        if not self.waiting or not self.rows:
            return False
        sequence = self.waiting[0]
        if not self.blocks.room_for(len(sequence.tokens) + 1, self.chunk):
            return False
        # at least one token is computed: its logits are needed
        whole = (len(sequence.tokens) - 1) // BLOCK * BLOCK
        planned = digests(sequence.tokens[:whole], sequence.request.tenant)
        for other in segments:
            if len(other.tokens) - other.drafted > 1:
                ahead = _common(planned, other.sequence.planned) - other.start // BLOCK
                if 2 * ahead * BLOCK >= len(sequence.tokens):
                    return False
        self.waiting.popleft()
        sequence.row = self.rows.pop()
        self.running.append(sequence)
        sequence.planned = planned
        sequence.computed = self.blocks.resume(sequence.held, sequence.row, planned)
        sequence.digests = planned[: sequence.computed // BLOCK]
        sequence.cached = max(sequence.cached, min(sequence.computed, sequence.prompt))
        return True

    def _grow(self, sequence: Sequence, end: int, preempt: bool = True) -> bool:
        """Hold blocks up to `end`, preempting newer sequences (at last this one) if need be."""
        while True:
            try:
                self.blocks.grow(sequence.held, sequence.row, end)
                return True
            except OutOfBlocks:
                if not preempt:
                    return False
                newest = self.running[-1]
                self._preempt(newest)
                if newest is sequence:
                    return False

    def _preempt(self, sequence: Sequence) -> None:
        self.running.remove(sequence)
        self._vacate(sequence)
        sequence.computed = 0
        sequence.digests = []
        self.waiting.appendleft(sequence)
        self.preemptions += 1

    def _vacate(self, sequence: Sequence) -> None:
        self.blocks.release(sequence.held)
        self.rows.append(sequence.row)
        sequence.row = -1


def _common(a: list[bytes], b: list[bytes]) -> int:
    """How many digests the two begin with alike; equal ones say that all before is equal too."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y),
                min(len(a), len(b)))  # fmt: skip
