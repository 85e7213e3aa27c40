"""Which blocks of the key-value memory belong to whom.

A block holds `BLOCK` tokens of every layer of one group: the full-attention layers, which keep
every token, or the sliding ones, which need the last window. A full block is known by a digest of
all tokens up to its end, so a later prompt with the same beginning shares it. A block that nobody
uses stays known until it is needed for something else, the longest unused first.

A prefix of L tokens can be resumed when the full group has all its blocks and the sliding group
those of the last `window - 1` tokens: the blocks that slid out of the window are kept like any
other unused block, so nothing is copied or computed again, and nothing is approximate.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence as Items
from dataclasses import dataclass, field

import numpy as np

BLOCK = 16  # tokens


class OutOfBlocks(Exception):
    """Nothing is free; the scheduler makes room."""


class Pool:
    """The blocks of one group: `count` of them, numbered from 0."""

    def __init__(self, count: int):
        self.count = count
        self.users = [0] * count
        self.digest: list[bytes | None] = [None] * count
        self.known: dict[bytes, int] = {}
        self.unused: OrderedDict[int, None] = OrderedDict.fromkeys(range(count))

    @property
    def free(self) -> int:
        return len(self.unused)

    def take(self) -> int:
        """A block for one user; what it held is forgotten.

        Raises:
            OutOfBlocks: all are in use.
        """
        if not self.unused:
            raise OutOfBlocks
        block, _ = self.unused.popitem(last=False)
        digest = self.digest[block]
        if digest is not None:
            del self.known[digest]
            self.digest[block] = None
        self.users[block] = 1
        return block

    def share(self, block: int) -> None:
        if self.users[block] == 0:
            del self.unused[block]
        self.users[block] += 1

    def give_back(self, block: int) -> None:
        self.users[block] -= 1
        if self.users[block] == 0:
            self.unused[block] = None
            if self.digest[block] is None:  # nobody can ask for it: use it first
                self.unused.move_to_end(block, last=False)

    def publish(self, block: int, digest: bytes) -> None:
        """Let others find a full block. Of two with the same content the first is found."""
        if self.digest[block] is None and digest not in self.known:
            self.digest[block] = digest
            self.known[digest] = block


@dataclass(slots=True)
class Held:
    """What one sequence holds of one pool: block numbers by index, those before `first` gone."""

    blocks: list[int] = field(default_factory=list)
    first: int = 0


class Blocks:
    """The pools of a network and a table of who sits where.

    `windows`: per group 0 for full attention, else the window. `table` (groups, rows, width): for
    the sequence in a row, the block of each run of BLOCK positions; what lies before a sequence's
    window or after its end is stale and never read.
    """

    def __init__(self, windows: Items[int], counts: Items[int], rows: int, width: int):
        self.windows = tuple(windows)
        self.pools = tuple(Pool(count) for count in counts)
        self.table = np.zeros((len(self.windows), rows, width), dtype=np.int32)

    def holding(self) -> tuple[Held, ...]:
        return tuple(Held() for _ in self.pools)

    @property
    def in_use(self) -> int:
        return sum(pool.count - pool.free for pool in self.pools)

    def room_for(self, tokens: int, chunk: int) -> bool:
        """Whether that many tokens of a new sequence could be held now, `chunk` at a time."""
        for window, pool in zip(self.windows, self.pools, strict=True):
            if blocks_for(tokens, window, chunk) > pool.free:
                return False
        return True

    def grow(self, held: Items[Held], row: int, end: int) -> None:
        """Hold blocks for all positions before `end`.

        Raises:
            OutOfBlocks: as many as there were are held; release or try again later.
        """
        wanted = -(-end // BLOCK)
        for group, (pool, mine) in enumerate(zip(self.pools, held, strict=True)):
            while len(mine.blocks) < wanted:
                block = pool.take()
                self.table[group, row, len(mine.blocks)] = block
                mine.blocks.append(block)

    def slide(self, held: Items[Held], at: int) -> None:
        """Give back blocks that no token from position `at` on will see."""
        for window, pool, mine in zip(self.windows, self.pools, held, strict=True):
            if window:
                first = max(0, at - window + 1) // BLOCK
                for index in range(mine.first, min(first, len(mine.blocks))):
                    pool.give_back(mine.blocks[index])
                mine.first = max(mine.first, min(first, len(mine.blocks)))

    def shrink(self, held: Items[Held], end: int) -> None:
        """Give back the blocks after position `end` (drafted tokens that were refused)."""
        kept = -(-end // BLOCK)
        for pool, mine in zip(self.pools, held, strict=True):
            while len(mine.blocks) > max(kept, mine.first):
                pool.give_back(mine.blocks.pop())

    def release(self, held: Items[Held]) -> None:
        """Give everything back, the end first: a prefix is worth more than what follows it."""
        for pool, mine in zip(self.pools, held, strict=True):
            while len(mine.blocks) > mine.first:
                pool.give_back(mine.blocks.pop())
            mine.blocks.clear()
            mine.first = 0

    def publish(self, held: Items[Held], digests: Items[bytes], start: int) -> None:
        """Make blocks from index `start` on findable; `digests[i]` belongs to index `start + i`."""
        for pool, mine in zip(self.pools, held, strict=True):
            for index, digest in enumerate(digests, start):
                if mine.first <= index < len(mine.blocks):
                    pool.publish(mine.blocks[index], digest)

    def resume(self, held: Items[Held], row: int, digests: Items[bytes]) -> int:
        """Share the blocks of the longest known prefix with a sequence that holds nothing.

        Returns:
            Its number of tokens, a multiple of BLOCK.
        """
        blocks = len(digests)
        while blocks:
            missing = self._missing(digests, blocks)
            if missing is None:
                break
            blocks = missing
        for group, (window, pool, mine) in enumerate(
            zip(self.windows, self.pools, held, strict=True)
        ):
            mine.first = self._needed_from(window, blocks)
            mine.blocks = [-1] * mine.first
            for index in range(mine.first, blocks):
                block = pool.known[digests[index]]
                pool.share(block)
                self.table[group, row, index] = block
                mine.blocks.append(block)
        return blocks * BLOCK

    def _needed_from(self, window: int, blocks: int) -> int:
        return max(0, blocks * BLOCK - window + 1) // BLOCK if window else 0

    def _missing(self, digests: Items[bytes], blocks: int) -> int | None:
        """Of the blocks needed to resume after `blocks`, the index of one that is not known: the
        first of a full group; the last of a sliding one, since no prefix whose window holds it
        can be resumed."""
        for window, pool in zip(self.windows, self.pools, strict=True):
            needed = range(self._needed_from(window, blocks), blocks)
            for index in reversed(needed) if window else needed:
                if digests[index] not in pool.known:
                    return index
        return None


def blocks_for(tokens: int, window: int, chunk: int) -> int:
    """Blocks that a sequence of `tokens` needs at most, when computed `chunk` tokens at a time."""
    whole = -(-tokens // BLOCK)
    return min(whole, (window + chunk) // BLOCK + 2) if window else whole


def digests(tokens: Items[int], tenant: str, parent: bytes = b"", start: int = 0) -> list[bytes]:
    """One digest for each full block of `tokens` from block `start` on, each over the tenant and
    all tokens up to the block's end; `parent` is the digest before `start`. Tenants never share:
    a hit would tell one what another has asked."""
    if not parent:
        parent = hashlib.blake2b(tenant.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    out = []
    array = np.asarray(tokens[start * BLOCK :], dtype=np.int32)
    for at in range(0, len(array) - BLOCK + 1, BLOCK):
        parent = hashlib.blake2b(parent + array[at : at + BLOCK].tobytes(), digest_size=16).digest()
        out.append(parent)
    return out
