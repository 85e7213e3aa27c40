"""The block manager against a model that keeps what every block holds."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nlogn.engine.native.blocks import BLOCK, Blocks, Held, OutOfBlocks, blocks_for, digests

WINDOW = 40
WIDTH = 12
LETTERS = st.lists(st.integers(0, 1), min_size=1, max_size=WIDTH)  # a block's content, repeated


@dataclass
class Running:
    """A sequence that has computed all of `tokens`."""

    held: tuple[Held, ...]
    row: int
    tokens: list[int]
    known: list[bytes] = field(default_factory=list)


class BlocksMachine(RuleBasedStateMachine):
    """Sequences come, share prefixes, grow, slide and go; each must find in its blocks what it (or
    the sequence that it shares with) has written there."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = Blocks((0, WINDOW), (20, 14), 4, WIDTH)
        self.rows = [0, 1, 2, 3]
        self.running: list[Running] = []
        # (group, block, offset) -> the text up to and including the token written there
        self.written: dict[tuple[int, int, int], tuple[int, ...]] = {}

    @precondition(lambda self: self.rows)
    @rule(letters=LETTERS, tenant=st.sampled_from("ab"))
    def arrive(self, letters: list[int], tenant: str) -> None:
        tokens = [ord(tenant) * 10 + x for x in letters for _ in range(BLOCK)][:-1]
        known = digests(tokens, tenant)
        sequence = Running(self.blocks.holding(), self.rows.pop(), tokens)
        at = self.blocks.resume(sequence.held, sequence.row, known)
        assert at % BLOCK == 0 and at < len(tokens)
        sequence.known = known[: at // BLOCK]
        self.running.append(sequence)
        self._compute(sequence, at, tenant)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 3), more=st.integers(1, 40), token=st.integers(0, 1))
    def go_on(self, which: int, more: int, token: int) -> None:
        sequence = self.running[which % len(self.running)]
        tenant = chr(sequence.tokens[0] // 10)
        at = len(sequence.tokens)
        more = min(more, WIDTH * BLOCK - at)
        sequence.tokens += [ord(tenant) * 10 + token] * more
        if more:
            self._compute(sequence, at, tenant)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 3))
    def leave(self, which: int) -> None:
        sequence = self.running.pop(which % len(self.running))
        self.blocks.release(sequence.held)
        self.rows.append(sequence.row)

    def _compute(self, sequence: Running, at: int, tenant: str) -> None:
        """What a pass does: grow, write, publish, slide; a sequence without room goes."""
        end = len(sequence.tokens)
        try:
            self.blocks.grow(sequence.held, sequence.row, end)
        except OutOfBlocks:
            self.running.remove(sequence)
            self.blocks.release(sequence.held)
            self.rows.append(sequence.row)
            return
        table = self.blocks.table[:, sequence.row]
        for group in range(2):
            for position in range(at, end):
                place = (group, int(table[group, position // BLOCK]), position % BLOCK)
                self.written[place] = tuple(sequence.tokens[: position + 1])
        full = end // BLOCK
        parent = sequence.known[-1] if sequence.known else b""
        new = digests(sequence.tokens[: full * BLOCK], tenant, parent, len(sequence.known))
        self.blocks.publish(sequence.held, new, len(sequence.known))
        sequence.known += new
        self.blocks.slide(sequence.held, end)

    @invariant()
    def everyone_finds_what_the_next_token_sees(self) -> None:
        for sequence in self.running:
            end = len(sequence.tokens)
            for group, window in enumerate(self.blocks.windows):
                first = max(0, end - window + 1) if window else 0
                for position in range(first, end):
                    block = int(self.blocks.table[group, sequence.row, position // BLOCK])
                    text = self.written[group, block, position % BLOCK]
                    assert text == tuple(sequence.tokens[: position + 1])

    @invariant()
    def users_are_counted(self) -> None:
        for group, pool in enumerate(self.blocks.pools):
            users = [0] * pool.count
            for sequence in self.running:
                held = sequence.held[group]
                for block in held.blocks[held.first :]:
                    users[block] += 1
            assert users == pool.users
            assert set(pool.unused) == {b for b, n in enumerate(users) if n == 0}
            assert all(pool.digest[block] == digest for digest, block in pool.known.items())


BlocksMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestBlocks = BlocksMachine.TestCase


@given(st.integers(1, 600), st.integers(0, 100), st.integers(1, 100))
def test_as_many_blocks_as_are_promised_are_enough(tokens: int, window: int, chunk: int) -> None:
    blocks = Blocks((window,), (blocks_for(tokens, window, chunk),), 1, 40)
    held = blocks.holding()
    for at in range(0, tokens, chunk):
        blocks.grow(held, 0, min(at + chunk, tokens))
        blocks.slide(held, min(at + chunk, tokens))


def test_a_prefix_is_found_as_far_as_its_window_is_kept() -> None:
    blocks = Blocks((0, WINDOW), (20, 20), 2, WIDTH)
    tokens = list(range(160))
    held = blocks.holding()
    blocks.grow(held, 0, 160)
    blocks.publish(held, digests(tokens, ""), 0)
    blocks.slide(held, 160)
    blocks.release(held)
    again = blocks.holding()
    assert blocks.resume(again, 1, digests(tokens, "")) == 160
    blocks.release(again)
    # the block before the last is lost to the sliding layers: the windows that need it go with it
    pool = blocks.pools[1]
    lost = pool.known.pop(digests(tokens, "")[8])
    pool.digest[lost] = None
    again = blocks.holding()
    assert blocks.resume(again, 1, digests(tokens, "")) == 128
    blocks.release(again)


def test_tenants_do_not_share() -> None:
    assert digests(range(32), "a") != digests(range(32), "b")
    assert digests(range(32), "a", digests(range(32), "a")[0], 1) == digests(range(32), "a")[1:]


def test_what_is_longest_unused_is_forgotten_first() -> None:
    blocks = Blocks((0,), (4,), 2, WIDTH)
    held = [blocks.holding() for _ in range(2)]
    for row, start in enumerate((0, 100)):
        blocks.grow(held[row], row, 32)
        blocks.publish(held[row], digests(range(start, start + 32), ""), 0)
    blocks.release(held[1])
    blocks.release(held[0])
    blocks.grow(held[1], 1, 16)
    assert blocks.resume(held[0], 0, digests(range(32), "")) == 32
    blocks.release(held[0])
    blocks.release(held[1])
    with pytest.raises(OutOfBlocks):
        blocks.grow(held[0], 0, 80)
