"""What a partner of a job does: make started tasks, and ask the initiator how it goes (spec: kuscia §3.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..errors import KusciaError
from .hearing import bereft
from .loop import Polls
from .objects import Condition, condition
from .peer import Peer
from .records import JobRecords, stopped_aliases, why_failed
from .resources import FAILED, SUCCEEDED, KusciaJob, Phase
from .scheduling import verdict
from .standing import Standing

POLL = (0.001, 15.0)
"""Seconds between two questions: the first pause, and the longest (Kuscia's only one)."""
UNANSWERED = 300.0
"""Seconds after which an initiator that does not answer is given up,"""
LOST = 10.0
"""and if a task of the job has failed here, so that nothing can save it."""


class Partner:
    """Follows a validated job, a step at a time. `peers` are the other nodes by domain."""

    def __init__(
        self, jobs: JobRecords, peers: Mapping[str, Peer], clock: Callable[[], float], *, hears: bool = False
    ) -> None:
        """`hears`: the initiator's node is other people's, and is asked why its programs have failed."""
        self._hears = hears
        self._jobs, self._store, self._peers, self._clock = jobs, jobs.store, peers, clock
        self._polls = Polls(*POLL, clock)
        self._silent: dict[str, float] = {}  # since when an initiator has not answered

    def step(self, job: KusciaJob) -> float | None:
        """Make what was started, and ask when it is time to; seconds until it is again."""
        for task in job.spec.tasks:
            wanted = job.spec.stage == "Start" and task.task_id and task.alias not in stopped_aliases(job)
            if wanted and self._jobs.task(job, task) is None:
                self._jobs.make_task(job, task)
        ended = [made.name for made in self._jobs.made(job) if made.finished]
        poll = self._polls.of(job.name, ended)
        if poll.left() == 0:
            poll.asked()
            self._ask(job)
        return poll.left()

    def forget(self, name: str) -> None:
        """The job is over."""
        self._polls.forget(name)
        self._silent.pop(name, None)

    def _ask(self, job: KusciaJob) -> None:
        """Take over what the initiator says of the tasks (spec: kuscia §3.8 row 8)."""
        try:
            reported, state = self._peers[job.spec.initiator].status_all(job.name)
        except KusciaError as error:
            return self._unanswered(job, error.what)
        self._silent.pop(job.name, None)
        aliases = {task.task_id: task.alias for task in job.spec.tasks if task.task_id}
        phases: dict[str, Phase] = {
            aliases[task_id]: phase for task_id, phase in reported.items() if task_id in aliases
        }
        outcome = verdict(job, phases) or (FAILED if state in ("FINISHED", "REJECTED") else None)
        synced = Condition(type="JobStatusSynced", status="True")
        if outcome and all(made.finished for made in self._jobs.made(job)):
            message = "" if outcome == SUCCEEDED else self._why(job, [id for id in reported if reported[id] == FAILED])
            return self._jobs.judge(job, outcome, phases, synced, message=message)
        return self._jobs.report(job, phases, synced)

    def _why(self, job: KusciaJob, failed: list[str]) -> str:
        """Why a job has failed: what has failed here, or that the initiator has ended it, with why if it says that."""
        own = [made for made in self._jobs.made(job) if made.status.phase == FAILED and not bereft(made)]
        if own and self._hears and job.spec.stage != "Stop":
            return why_failed(job, own)
        said = self._said(job, failed) if self._hears else ""
        return ": ".join(filter(None, (f"{job.spec.initiator} has ended the job", said)))

    def why_stopped(self, job: KusciaJob) -> str:
        """Why a job ends that its initiator's node has stopped: somebody has, or its part of a task has failed."""
        said = self._said(job, [task.task_id for task in job.spec.tasks if task.task_id])
        return said or f"{job.spec.initiator} has stopped the job"

    def _said(self, job: KusciaJob, tasks: Iterable[str]) -> str:
        """What the initiator says of the first of these tasks of which it says anything."""
        peer, initiator = self._peers[job.spec.initiator], job.spec.initiator
        said = (Standing(initiator, peer.standing(task_id)).sentence for task_id in tasks)
        return next(filter(None, said), "")

    def _unanswered(self, job: KusciaJob, error: str) -> None:
        """Kuscia asks for ever; here the job fails when its initiator has forgotten it, or is silent for too long.

        Before the start it may not know the job yet: whoever creates it at both nodes reaches one of them first.
        """
        silent = self._clock() - self._silent.setdefault(job.name, self._clock())
        failure = Condition(type="JobStatusSynced", status="False", reason="ErrorQueryJobStatus", message=error)
        last = condition(job.status.conditions, "JobStatusSynced")
        forgotten = job.spec.stage == "Start" and "failed to find the job" in error
        lost = any(made.finished and made.status.phase == FAILED for made in self._jobs.made(job))
        if forgotten or silent >= (LOST if lost else UNANSWERED):
            message = f"{job.spec.initiator} does not answer for this job: {error}"
            self._jobs.set(job.name, failure, phase=FAILED, reason="ErrorQueryJobStatus", message=message)
        elif last is None or last.message != error:
            self._jobs.set(job.name, failure)
