"""Many programs at once: a bounded window of threads over the sandbox's workers."""

import collections
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_ordered(function: Callable[[T], R], items: Iterable[T], *, workers: int) -> Iterator[R]:
    """`function` of each item, in order, `workers` at a time.

    Reads at most four times `workers` items ahead, so an endless stream is fine. An exception
    of `function` is raised where its result would have come; what has not begun is dropped.
    """
    if workers == 1:
        yield from map(function, items)
        return
    pending: collections.deque[Future[R]] = collections.deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= 4 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
