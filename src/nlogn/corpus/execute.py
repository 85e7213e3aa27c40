# mypy: disable-error-code="misc"
"""Stages run one after the other: here, on Ray, or queued on Slurm, by datatrove's executors.

A stage's tasks that are done have a file each in `completions/`; they are skipped when the same
command runs again, so that an interrupted build goes on where it was.
"""

import io
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager, redirect_stderr
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.utils.logging import logger

ExecutorKind = Literal["local", "ray", "slurm"]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Stage:
    """`steps` of one pipeline, run by `tasks` tasks that do not know of each other."""

    name: str
    steps: Sequence[PipelineStep]
    tasks: int


@dataclass(frozen=True)
class Slurm:
    """What Slurm wants to know of a job; `setup` is a shell line that makes the package importable
    (such as ``source /venv/bin/activate``)."""

    partition: str = "cpu"
    time: str = "24:00:00"
    memory_gb: int = 4
    setup: str = ""
    more: dict[str, str] = field(default_factory=dict)


class _Quiet(LocalPipelineExecutor):
    """Logs go to files. An error ends the build: who called tells it. One worker runs in this
    process."""

    def _run_for_rank(self, rank: int, local_rank: int = 0, node_rank: int = -1) -> Any:
        try:
            with redirect_stderr(io.StringIO()):  # where an error is logged before it is raised
                return super()._run_for_rank(rank, local_rank + 1, node_rank)
        finally:
            _quiet()

    def run_here(self, tell: Callable[[], None]) -> None:
        self._launched = True
        pipeline: list[Any] = self.__dict__["pipeline"]
        for rank in self.get_incomplete_ranks():
            self.pipeline = deepcopy(pipeline)
            self._run_for_rank(rank)
            tell()
        self.pipeline = pipeline


def run_stages(
    stages: Sequence[Stage],
    logs: Path,
    *,
    executor: ExecutorKind = "local",
    workers: int = 1,
    slurm: Slurm | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> list[str]:
    """Run what is not done yet. On Slurm, queue it, each stage waiting for the one before, and
    return the job numbers; elsewhere return nothing when all is done. `progress` hears the stage,
    and how many tasks of all stages are done.

    Raises:
        Exception: whatever a step raised; what was finished before stays finished.
    """
    if executor == "slurm":
        return _queue(stages, logs, workers, slurm or Slurm())
    total = sum(stage.tasks for stage in stages)
    _quiet()
    for number, stage in enumerate(stages):
        folder = logs / stage.name
        before = sum(earlier.tasks for earlier in stages[:number])

        def tell(stage: Stage = stage, folder: Path = folder, before: int = before) -> None:
            progress(stage.name, before + done_tasks(folder), total)

        tell()
        if done_tasks(folder) == stage.tasks:
            continue
        if executor == "ray":
            _on_ray(stage, folder, workers)
        else:
            local = _Quiet(
                list(stage.steps), tasks=stage.tasks, workers=min(workers, stage.tasks),
                logging_dir=str(folder),
            )  # fmt: skip
            if workers == 1 or stage.tasks == 1:
                local.run_here(tell)
            else:
                with _ticking(tell):
                    local.run()
        tell()
        if done_tasks(folder) < stage.tasks:
            raise RuntimeError(
                f"stage {stage.name}: {stage.tasks - done_tasks(folder)} of {stage.tasks} tasks"
                f" did not finish; see {folder / 'logs'}"
            )
    return []


def done_tasks(folder: Path) -> int:
    place = folder / "completions"
    return len(list(place.iterdir())) if place.is_dir() else 0


def _quiet() -> None:
    """What datatrove logs goes to the files of the task; an error ends the build, and is told."""
    logger.remove()


@contextmanager
def _ticking(tell: Callable[[], None]) -> Any:
    done = threading.Event()

    def run() -> None:
        while not done.wait(1.0):
            tell()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _on_ray(stage: Stage, folder: Path, workers: int) -> None:
    import ray
    from datatrove.executor.ray import RayPipelineExecutor

    if not ray.is_initialized():
        ray.init(
            num_cpus=None if "RAY_ADDRESS" in os.environ else workers,
            include_dashboard=False, log_to_driver=False, configure_logging=False,
        )  # fmt: skip
    RayPipelineExecutor(
        list(stage.steps), tasks=stage.tasks, workers=min(workers, stage.tasks),
        logging_dir=str(folder),
    ).run()  # fmt: skip


def _queue(stages: Sequence[Stage], logs: Path, workers: int, slurm: Slurm) -> list[str]:
    from datatrove.executor.slurm import SlurmPipelineExecutor

    jobs: list[str] = []
    before: Any = None
    for stage in stages:
        if done_tasks(logs / stage.name) == stage.tasks:
            continue
        job = SlurmPipelineExecutor(
            list(stage.steps),
            tasks=stage.tasks,
            time=slurm.time,
            partition=slurm.partition,
            mem_per_cpu_gb=slurm.memory_gb,
            workers=workers if workers > 0 else -1,
            job_name=f"corpus-{stage.name}",
            logging_dir=str((logs / stage.name).resolve()),
            env_command=slurm.setup or None,
            sbatch_args=dict(slurm.more),
            qos="",
            depends=before,
        )
        job.launch_job()
        jobs.append(str(job.job_id))
        before = job
    return jobs
