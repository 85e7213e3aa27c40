"""The same units on a Ray cluster: Ray places and repeats them, this process alone writes."""

import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from nlogn.annotate.run import Doer
from nlogn.annotate.table import TableError
from nlogn.annotate.units import Done, Unit, Worker

_AHEAD = 2  # units waiting per core, so that no node idles
_RETRIES = 10  # of a unit whose node or process dies


def on_cluster(address: str, isolation: str) -> Doer:
    """Units done by the Ray cluster at `address`, one per core at a time.

    A unit whose node dies is done again elsewhere; since its rows are written here when it has
    ended, none is lost or doubled.

    Raises:
        TableError: Ray is not installed, or no cluster answers there.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise TableError("--ray needs Ray: pip install 'nlogn[ray]'") from error

    def do(units: Sequence[Unit]) -> Iterator[tuple[Unit, Done]]:
        started = not ray.is_initialized()
        if started:
            _must_answer(address)
            try:
                ray.init(address=address, log_to_driver=False, configure_logging=False)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise TableError(
                    f"no Ray cluster answers at {address}: start one with "
                    f"`ray start --head` ({error})"
                ) from error
        try:
            yield from _do(ray, units, isolation)
        finally:
            if started:
                ray.shutdown()

    return do


def _must_answer(address: str) -> None:
    """Ray itself waits for minutes for a cluster that is not there."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise TableError(
            f"no Ray cluster answers at {address}: start one with `ray start --head` ({error})"
        ) from error


def _do(ray: Any, units: Sequence[Unit], isolation: str) -> Iterator[tuple[Unit, Done]]:
    remote = ray.remote(num_cpus=1, max_retries=_RETRIES)(_unit)
    waiting = iter(units)
    running: dict[Any, Unit] = {}

    def fill() -> None:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        while len(running) < _AHEAD * cores:
            following = next(waiting, None)
            if following is None:
                return
            running[remote.remote(following, isolation)] = following

    fill()
    while running:
        finished, _ = ray.wait(list(running), num_returns=1)
        for reference in finished:
            unit = running.pop(reference)
            try:
                done = ray.get(reference)
            except (
                ray.exceptions.WorkerCrashedError,
                ray.exceptions.NodeDiedError,
                ray.exceptions.ObjectLostError,
                ray.exceptions.OutOfMemoryError,
            ) as error:
                raise TableError(
                    f"the cluster lost {unit.task.name} {_RETRIES} times: {type(error).__name__}"
                ) from error
            except ray.exceptions.RayTaskError as error:
                raise TableError(
                    f"{unit.task.name} failed on the cluster: {error.cause}"
                ) from error
            yield unit, done
        fill()


_here: Worker | None = None


def _unit(unit: Unit, isolation: str) -> Done:
    global _here
    if _here is None:
        _here = Worker(isolation)
    return _here.do(unit)
