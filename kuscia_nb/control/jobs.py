"""The job controller of a node: takes a KusciaJob from Create to its end (spec: kuscia §1.4, §1.6).

Each `reconcile` takes one step, which is a change in the store, which calls for the next one. What an initiator does
and what a partner does differ; what is the same for both is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import ManifestError
from . import accepting
from .consent import CONDITION, is_waiting, waiting
from .initiator import Initiator
from .node import Node
from .objects import LABEL, Condition, condition, now
from .partner import Partner
from .peer import Peer
from .records import OVERDUE, SCHEDULER, STOPPED_BY, JobRecords
from .resources import FAILED, PENDING, STOPPED, SUCCEEDED, KusciaJob
from .scheduled import Scheduled


class JobController:
    """Reconciles the jobs of one node; `peers` are the other nodes by domain."""

    def __init__(self, node: Node, peers: Mapping[str, Peer], clock: Callable[[], float]) -> None:
        self._node, self._store = node, node.store
        self._jobs = JobRecords(node.store)
        self._initiator = Initiator(self._jobs, peers)
        self._scheduled = Scheduled(self._jobs)
        self._partner = Partner(self._jobs, peers, clock, hears=node.consent is not None)

    def reconcile(self, name: str) -> float | None:
        """Take the next step; returns after how many seconds to look again, None if a change will tell."""
        job = self._store.get(KusciaJob, name)
        if job is None or job.finished:
            return self._partner.forget(name)
        if job.status.phase == "":
            return self._accept(job)
        if job.status.phase == FAILED:
            return self._end(job)
        if job.spec.stage == "Stop" or job.labels.get(f"{LABEL}job-stage") == "Stop":
            return self._stop(job)
        if condition(job.status.conditions, "JobValidated") is None:
            return self._validate(job)
        if self._node.consent and self._node.consent.waits(self._store.domain, job):
            return self._wait(job)
        if is_waiting(job):  # no more: it was approved
            return self._jobs.set(job.name, Condition(type=CONDITION, status="True"))
        if SCHEDULER in job.annotations:
            return self._scheduled.step(job)
        return self._initiator.step(job) if self._jobs.leads(job) else self._partner.step(job)

    def fail(self, name: str, error: BaseException) -> None:
        """A fault in reconciling must not leave the job without an end."""
        self._jobs.set(name, phase=FAILED, reason="KusciaJobFailed", message=f"{type(error).__name__}: {error}")

    def _accept(self, job: KusciaJob) -> None:
        labels = {**job.labels, f"{LABEL}interconn-protocol-type": "bfia"}
        if self._jobs.leads(job):
            labels[f"{LABEL}self-cluster-as-initiator"] = "true"

        def labelled(current: KusciaJob) -> KusciaJob:
            return current.model_copy(
                update={"metadata": current.metadata.model_copy(update={"labels": {**current.labels, **labels}})}
            )

        self._store.change(KusciaJob, job.name, labelled)
        self._jobs.set(job.name, phase=PENDING, start_time=now())

    def _validate(self, job: KusciaJob) -> None:
        """What was there when the job was put into the store may be gone by now."""
        try:
            accepting.check(self._node.store, job)
        except ManifestError as error:
            message = f"Validate job failed, {error.what}"
            failure = Condition(type="JobValidated", status="False", reason="ValidateFailed", message=message)
            return self._jobs.set(job.name, failure, phase=FAILED, reason="KusciaJobValidateFailed")
        return self._jobs.set(job.name, Condition(type="JobValidated", status="True"))

    def _wait(self, job: KusciaJob) -> None:
        """Nothing of it is made before somebody approves it."""
        if not is_waiting(job):
            self._jobs.set(job.name, waiting(self._store.domain, job))

    def _stop(self, job: KusciaJob) -> None:
        """Somebody wants the job to end: its tasks here, and the job at the peers."""
        self._store.change(KusciaJob, job.name, lambda current: current.in_stage("Stop"))
        if self._jobs.leads(job):
            self._jobs.set(job.name, Condition(type="JobStopInitialized", status="True"))
            self._initiator.stop_peers(job)
        else:  # it tells nobody: whoever schedules the job polls it
            self._jobs.set(job.name, Condition(type="JobStopSucceeded", status="True"))
        overdue = job.annotations.get(OVERDUE)
        why, reason = (overdue, "TimeLimitExceeded") if overdue else (self._why_stopped(job), STOPPED)
        self._jobs.stop_tasks(job, STOPPED, why)
        done = Condition(type="TaskStopped", status="True")
        self._jobs.set(job.name, done, phase=FAILED, reason=reason, message=why)

    def _why_stopped(self, job: KusciaJob) -> str:
        """Who has stopped it, where that may be somebody else."""
        by_peer = job.annotations.get(STOPPED_BY) == job.spec.initiator and not self._jobs.leads(job)
        return self._partner.why_stopped(job) if by_peer else "Job was stopped"

    def _end(self, job: KusciaJob) -> None:
        """A failed job has ended when all its tasks have, and the peers know (spec: kuscia §1.6, §2.4)."""
        if self._jobs.leads(job) and condition(job.status.conditions, "JobStopSucceeded") is None:
            return self._initiator.stop_peers(job)
        self._jobs.stop_tasks(job, STOPPED, "Job was stopped")
        made = self._jobs.made(job)
        if all(task.finished for task in made):
            known = job.status.task_status | {task.name: task.status.phase for task in made}
            final = {task_id: phase if phase == SUCCEEDED else FAILED for task_id, phase in known.items()}
            self._jobs.set(job.name, task_status=final, completion_time=now())
        return None
