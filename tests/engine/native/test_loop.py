"""Many at once: what comes out is what each would get alone, and nothing hangs or leaks."""

import random
import threading
import time
import traceback
from typing import Any

import pytest

from conftest import TINY, lively, needs_kernels
from nlogn.engine.native.sequence import Busy, PromptTooLong, Request
from nlogn.engine.protocol import Cancelled, EngineError
from nlogn.model.config import replace


def tokens(stream: Any) -> list[int]:
    return [token.token for chunk in stream for token in chunk.tokens]


def some_prompts(count: int, seed: int = 0) -> list[tuple[int, ...]]:
    """Of many lengths; every third begins like the one before."""
    rng = random.Random(seed)
    out: list[tuple[int, ...]] = []
    for i in range(count):
        fresh = tuple(rng.randrange(1, 400) for _ in range(rng.randint(1, 90)))
        out.append(out[-1][:60] + fresh[:30] if i % 3 == 2 else fresh)
    return out


def some_requests(count: int, seed: int = 0) -> list[Request]:
    rng = random.Random(seed)
    return [
        Request(
            prompt, rng.randint(1, 40), rng.choice((0.0, 0.0, 0.7, 1.3)), rng.choice((0, 20)),
            rng.choice((1.0, 0.9)), rng.choice((0.0, 0.02)), rng.choice((1.0, 1.2)),
            seed=rng.randrange(100), ignore_end=True,
        )
        for prompt in some_prompts(count, seed)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def alone(model: Any, tokenizer: Any) -> dict[Request, list[int]]:
    """What each of 60 requests gets with the engine to itself, no drafts, nothing cached."""
    needs_kernels()
    from nlogn.engine.native.opening import Options, open_loop
    from nlogn.engine.native.text import token_bytes
    from nlogn.engine.native.weights import fuse

    loop = open_loop(fuse(model), token_bytes(tokenizer), frozenset({0}), Options(slots=1))
    out = {}
    for request in some_requests(60):
        if request not in out:
            plain = replace(request, lookup=False, tenant=f"nobody {len(out)}")
            out[request] = tokens(loop.submit(plain))
    loop.close()
    return out


@pytest.mark.parametrize(
    "options",
    [
        {"slots": 16},
        {"slots": 3, "chunk": 7},
        {"slots": 8, "chunk": 64, "memory": 100_000},  # room for few: they preempt each other
        {"slots": 16, "lookup_up_to": 16},
    ],
    ids=["16 slots", "small chunks", "little memory", "drafts"],
)
def test_a_request_gets_what_it_gets_alone(
    options: dict[str, int], opened: Any, alone: dict[Request, list[int]]
) -> None:
    loop = opened(**options)
    streams = {request: loop.submit(request) for request in alone}
    for request, stream in streams.items():
        assert tokens(stream) == alone[request]
        assert len(alone[request]) == request.max_tokens
    assert loop.load.running == loop.load.waiting == 0
    assert (loop.load.preemptions > 0) == ("memory" in options)


def test_a_known_prefix_is_not_computed_again_and_changes_nothing(opened: Any) -> None:
    loop = opened(slots=2)
    (prompt,) = [tuple(random.Random(1).randrange(1, 400) for _ in range(200))]
    first = loop.submit(Request(prompt, 30, ignore_end=True))
    text = tokens(first)
    before = loop.load.computed
    again = loop.submit(Request(prompt, 30, ignore_end=True))
    assert tokens(again) == text
    assert first.finished.cached == 0 and again.finished.cached == 192
    assert loop.load.computed - before < 8 + 30 + again.finished.drafted + 1
    other = loop.submit(Request(prompt, 30, ignore_end=True, tenant="somebody else"))
    assert tokens(other) == text and other.finished.cached == 0
    # a turn further in the same conversation: the answer is known too
    turn = loop.submit(Request((*prompt, *text), 10, ignore_end=True))
    tokens(turn)
    assert turn.finished.cached == 224
    # another branch from the middle of the prompt
    branch = (*prompt[:100], 7, 8, 9)
    stream = loop.submit(Request(branch, 20, ignore_end=True))
    got = tokens(stream)
    assert stream.finished.cached == 96
    fresh = loop.submit(Request(branch, 20, ignore_end=True, tenant="a third"))
    assert tokens(fresh) == got


@pytest.mark.parametrize("length", [70, 200])
def test_many_answers_to_one_prompt_compute_it_once(opened: Any, length: int) -> None:
    loop = opened(slots=8, chunk=64)
    prompt = tuple(random.Random(2).randrange(1, 400) for _ in range(length))
    requests = [Request(prompt, 5, 1.0, seed=s, ignore_end=True, lookup=False) for s in range(8)]
    streams = [loop.submit(request) for request in requests]
    made = [tokens(stream) for stream in streams]
    assert len({tuple(m) for m in made}) > 1
    # each computes what its last block lacks, its answer, and at most one block more
    assert loop.load.computed <= length + 8 * (16 + 16 + 5)
    for request, got in zip(requests, made, strict=True):
        assert tokens(loop.submit(replace(request, tenant=f"{request.seed}"))) == got


def test_broken_weights_are_refused(opened: Any) -> None:
    model = lively(TINY)
    model.model.layers[2].self_attn.o_proj.weight.data[3, 4] = float("nan")
    with pytest.raises(EngineError, match="NaN"):
        opened(model)


def test_two_hundred_requests_some_cancelled_into_sixteen_slots(
    opened: Any, alone: dict[Request, list[int]]
) -> None:
    loop = opened(slots=16)
    rng = random.Random(5)
    requests = [rng.choice(list(alone)) for _ in range(200)]
    # whoever leaves has asked for so much that it cannot be done before
    most = [TINY.context - len(r.tokens) if i % 3 == 0 else r.max_tokens
            for i, r in enumerate(requests)]  # fmt: skip
    streams = [loop.submit(replace(r, max_tokens=n)) for r, n in zip(requests, most, strict=True)]
    outcomes: list[str] = [""] * 200

    def read(i: int) -> None:
        got: list[int] = []
        known = alone[requests[i]]
        leave_after = rng.randrange(8) if i % 3 == 0 else None
        try:
            for chunk in streams[i]:
                got += [token.token for token in chunk.tokens]
                if leave_after is not None and len(got) > leave_after:
                    streams[i].cancel()
            outcomes[i] = "done"
            assert got[: len(known)] == known
        except Cancelled:
            outcomes[i] = "cancelled"
            assert got[: len(known)] == known[: len(got)]

    readers = [threading.Thread(target=read, args=(i,)) for i in range(200)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert outcomes.count("done") + outcomes.count("cancelled") == 200
    assert outcomes.count("cancelled") > 10 and outcomes.count("done") >= 133, outcomes


def test_cancelling_frees_the_blocks_at_the_next_step(opened: Any) -> None:
    loop = opened(slots=2, lookup_up_to=0)
    long = [loop.submit(Request((i, 2, 3), 250, ignore_end=True)) for i in (5, 6)]
    waiting = loop.submit(Request((7, 8), 5, ignore_end=True))
    long[0].next()
    waiting.cancel()
    with pytest.raises(Cancelled):
        tokens(waiting)
    long[0].cancel()
    with pytest.raises(Cancelled):
        tokens(long[0])
    # it was told after its blocks were given back: what is held is the other's
    groups = loop.blocks.pools
    assert sum(pool.count - pool.free for pool in groups) <= 2 * (250 // 16 + 1)
    assert len(tokens(long[1])) == 250
    assert loop.blocks.in_use == 0


def test_a_stream_that_has_failed_stays_so(opened: Any) -> None:
    stream = opened().submit(Request((5, 6), 200, ignore_end=True))
    stream.cancel()
    for _ in range(2):
        with pytest.raises(Cancelled):
            while stream.next(timeout=2) is not None:
                pass


def test_a_slow_reader_holds_up_nobody(opened: Any) -> None:
    loop = opened(slots=4)
    slow = loop.submit(Request((5, 6), 100, ignore_end=True))
    slow.next()  # and then reads no more
    started = time.monotonic()
    for _ in range(3):
        assert len(tokens(loop.submit(Request((8, 9), 50, ignore_end=True)))) == 50
    assert time.monotonic() - started < 20
    assert len(tokens(slow)) == 99 or slow.finished.drafted  # all that it has not read is there


def test_a_full_queue_says_try_again_later(opened: Any) -> None:
    loop = opened(slots=1, queue=3)
    running = loop.submit(Request((5, 6), 250, ignore_end=True, lookup=False))
    running.next()
    others = [loop.submit(Request((7,), 2, ignore_end=True)) for _ in range(3)]
    with pytest.raises(Busy, match="try again") as caught:
        loop.submit(Request((7,), 2))
    assert caught.value.retryable and caught.value.retry_after > 0
    running.cancel()
    for stream in others:
        assert len(tokens(stream)) == 2
    assert len(tokens(loop.submit(Request((7,), 2, ignore_end=True)))) == 2


def test_free_slots_are_no_queue(opened: Any) -> None:
    """Requests that come within one step do not wait for a place that is free."""
    loop = opened(slots=4, queue=1)
    compute, go_on = loop.runner.forward, threading.Event()

    def hold(*args: Any) -> Any:
        go_on.wait(20)
        return compute(*args)

    loop.runner.forward = hold
    streams = [loop.submit(Request((i, 9), 5, ignore_end=True)) for i in range(1, 6)]
    with pytest.raises(Busy):
        loop.submit(Request((9, 9), 5))
    go_on.set()
    assert all(len(tokens(stream)) == 5 for stream in streams)


def test_a_prompt_that_does_not_fit_is_refused_with_its_length(opened: Any) -> None:
    loop = opened()
    with pytest.raises(PromptTooLong, match=r"300 tokens.*256.*shorten it by 45"):
        loop.submit(Request((5,) * 300))
    with pytest.raises(EngineError, match="405"):
        loop.submit(Request((5, 405)))
    stream = loop.submit(Request((5,) * 250, 100, ignore_end=True))
    assert len(tokens(stream)) == 6 and stream.finished.reason == "length"


def test_an_engine_that_dies_tells_everyone(opened: Any) -> None:
    loop = opened(slots=2)
    streams = [loop.submit(Request((i, 9), 200, ignore_end=True)) for i in range(1, 6)]
    streams[0].next()
    compute = loop.runner.forward

    def break_down(*args: Any) -> Any:
        loop.runner.forward = compute
        raise SystemError("the device is gone")

    loop.runner.forward = break_down
    for stream in streams:
        with pytest.raises(EngineError, match="the device is gone"):
            tokens(stream)
    depths = []
    for _ in range(3):  # a server that goes on asking keeps no frames of the times before
        with pytest.raises(EngineError, match="the device is gone") as caught:
            loop.submit(Request((1,)))
        depths.append(len(list(traceback.walk_tb(caught.value.__traceback__))))
    assert len(set(depths)) == 1
    assert not loop.alive


def test_closing_ends_what_runs(opened: Any) -> None:
    loop = opened()
    stream = loop.submit(Request((5, 6), 250, ignore_end=True))
    stream.next()
    loop.close()
    with pytest.raises(EngineError, match="closed"):
        tokens(stream)
    with pytest.raises(EngineError, match="closed"):
        loop.submit(Request((5,)))


def test_any_name_of_a_tenant_does(opened: Any) -> None:
    loop = opened()
    assert len(tokens(loop.submit(Request((5,), 3, ignore_end=True, tenant="\ud800")))) == 3


def test_one_request_that_fails_does_not_end_the_others(opened: Any) -> None:
    loop = opened()

    def refuse(seen: list[int], prompt: int, logits: Any) -> None:
        if len(seen) > prompt + 3:
            logits[:] = -float("inf")

    bad = loop.submit(Request((5, 6), 50, steer=(refuse,)))
    good = loop.submit(Request((5, 7), 50, ignore_end=True))
    with pytest.raises(EngineError, match="allows no token"):
        tokens(bad)
    assert len(tokens(good)) == 50


def test_memory_for_less_than_one_sequence_is_refused(opened: Any) -> None:
    with pytest.raises(EngineError, match=r"one sequence of 256 tokens needs .* MB"):
        opened(memory=1000)
    loop = opened(memory=400_000, context=64)
    assert len(tokens(loop.submit(Request((5,), 200, ignore_end=True)))) == 63


def test_drafts_change_nothing_but_the_number_of_steps(opened: Any) -> None:
    """A network that repeats itself, as one that edits code does."""
    needs_kernels()
    model = lively(replace(TINY, experts=None))
    model.lm_head.weight.data[:] = model.model.embed_tokens.weight.data * 5  # says what it has read
    loop = opened(model)
    for temperature in (0.0, 0.6):
        plain = Request(tuple(range(5, 40)) * 2, 150, temperature, ignore_end=True, lookup=False)
        slow = loop.submit(plain)
        want = tokens(slow)
        before = loop.load.steps
        fast = loop.submit(replace(plain, lookup=True, tenant="drafts"))
        assert tokens(fast) == want
        assert fast.finished.accepted > 0
        assert loop.load.steps - before == 150 - fast.finished.accepted
