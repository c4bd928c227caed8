"""Which task of a job comes next, and when the job is over (spec: kuscia §1.8).

These are functions of a job and its tasks' phases, by alias; a task that was not made yet has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from .resources import FAILED, SUCCEEDED, JobTask, KusciaJob, Phase

Phases = Mapping[str, Phase]

FINAL = (SUCCEEDED, FAILED)
COUNTED = "The remaining no-failed party task counts"
"""How a task begins that only says how many of its parties are left; its status has no other sign of it."""


def startable(job: KusciaJob, phases: Phases) -> list[JobTask]:
    """The tasks to start now: ready, the larger priority first, and not more than maxParallelism allows."""
    running = sum(phase not in FINAL for phase in phases.values())
    ready = sorted(_ready(job, phases), key=lambda task: -task.priority)
    return ready[: max(0, job.spec.max_parallelism - running)]


def verdict(job: KusciaJob, phases: Phases) -> Phase | None:
    """Succeeded or Failed once that is certain, None before.

    A job succeeds when all tasks have ended and every one that is not tolerable has succeeded. Strict fails with the
    first other failure; BestEffort when no task can run any more.
    """
    critical = any(phases.get(task.alias) == FAILED for task in job.spec.tasks if not task.tolerable)
    if not critical and all(phases.get(task.alias) in FINAL for task in job.spec.tasks):
        return SUCCEEDED
    if critical and job.spec.schedule_mode == "Strict":
        return FAILED
    idle = all(phase in FINAL for phase in phases.values()) and not _ready(job, phases)
    return FAILED if idle else None


def _ready(job: KusciaJob, phases: Phases) -> list[JobTask]:
    """Tasks that were not made yet, and whose dependencies have all succeeded."""
    return [
        task
        for task in job.spec.tasks
        if task.alias not in phases and all(phases.get(alias) == SUCCEEDED for alias in task.dependencies)
    ]
