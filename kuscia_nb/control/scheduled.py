"""What a node does of a job that another node schedules: run what was started, and judge by its own (spec: bfia §1.4).

Such a scheduler may be a third node. It starts, polls and stops; the node tells it nothing, and asks nobody.
"""

from __future__ import annotations

from .records import JobRecords, stopped_aliases, why_failed
from .resources import FAILED, KusciaJob
from .scheduling import verdict


class Scheduled:
    """Takes its part in a validated job, a step at a time."""

    def __init__(self, jobs: JobRecords) -> None:
        self._jobs = jobs

    def step(self, job: KusciaJob) -> None:
        """Make what was started, and see how it goes."""
        for task in job.spec.tasks:
            wanted = task.task_id and task.alias not in stopped_aliases(job)
            if wanted and self._jobs.task(job, task) is None:
                self._jobs.make_task(job, task)
        phases = self._jobs.phases(job)
        if outcome := verdict(job, phases):
            message = why_failed(job, self._jobs.made(job)) if outcome == FAILED else ""
            return self._jobs.judge(job, outcome, phases, message=message)
        return self._jobs.report(job, phases)
