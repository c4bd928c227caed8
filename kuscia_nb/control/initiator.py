"""What a job's initiator does: invite the peers, start the tasks in order, judge the job (spec: kuscia §1.6, §3.8)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping

from ..errors import KusciaError
from .kinds import AppImage, KusciaTask
from .objects import Condition, condition
from .offers import offers_of
from .peer import Peer
from .records import JobRecords, why_failed
from .resources import FAILED, PENDING, RUNNING, KusciaJob
from .scheduling import startable, verdict


class Initiator:
    """Takes a validated job on, a step at a time. `peers` are the other nodes by domain."""

    def __init__(self, jobs: JobRecords, peers: Mapping[str, Peer]) -> None:
        self._jobs, self._store, self._peers = jobs, jobs.store, peers

    def step(self, job: KusciaJob) -> None:
        """Do the first thing that has not been done."""
        stages = {
            "JobCreateInitialized": self._mark_create,
            "JobCreateSucceeded": self._create_at_peers,
            "JobStartInitialized": self._mark_start,
            "JobStartSucceeded": self._start_at_peers,
        }
        for kind, stage in stages.items():
            if condition(job.status.conditions, kind) is None:
                return stage(job)
        return self._schedule(job)

    def stop_peers(self, job: KusciaJob) -> None:
        """job/stop and task/stop to the peers, if they ever got the job, and JobStopSucceeded."""
        created = condition(job.status.conditions, "JobCreateSucceeded")
        errors = []
        for domain, peer in self._outer(job) if created and created.status == "True" else ():
            try:
                peer.stop_job(job.name)
                for made in self._jobs.made(job):
                    if _runs_at(domain, made):
                        peer.stop_task(made.name)
            except KusciaError as error:
                errors.append(error.what)
        self._jobs.set(job.name, _answer(job, "Stop", errors))

    def _mark_create(self, job: KusciaJob) -> None:
        self._jobs.set(job.name, Condition(type="JobCreateInitialized", status="True"))

    def _create_at_peers(self, job: KusciaJob) -> None:
        images = self._store.objects(AppImage)
        versions = {image.name: image.spec.image.tag for image in images}
        offers = {image.name: offers_of(image) for image in images}
        self._ask_peers(job, "Create", lambda peer: peer.create_job(job, versions, offers))

    def _mark_start(self, job: KusciaJob) -> None:
        """The stage, the taskIDs, and the condition: the spec is written twice, as Kuscia does."""

        def identified(current: KusciaJob) -> KusciaJob:
            ids = {task.alias: new_task_id(job.name) for task in current.spec.tasks}
            return current.model_copy(update={"spec": current.spec.named(ids)})

        self._store.change(KusciaJob, job.name, lambda current: current.in_stage("Start"))
        self._store.change(KusciaJob, job.name, identified)
        self._jobs.set(job.name, Condition(type="JobStartInitialized", status="True"))

    def _start_at_peers(self, job: KusciaJob) -> None:
        self._ask_peers(job, "Start", lambda peer: peer.start_job(job.name))

    def _ask_peers(self, job: KusciaJob, what: str, question: Callable[[Peer], None]) -> None:
        """Ask every peer, and set Job<what>Succeeded; the job fails if one refuses."""
        errors = {}
        for domain, peer in self._outer(job):
            try:
                question(peer)
            except KusciaError as error:
                errors[domain] = error
        failed = {}
        if errors:
            message = "; ".join(_refusal(domain, job.name, error) for domain, error in errors.items())
            failed = {"phase": FAILED, "reason": f"KusciaJob{what}Failed", "message": message}
        self._jobs.set(job.name, _answer(job, what, [error.what for error in errors.values()]), **failed)

    def _schedule(self, job: KusciaJob) -> None:
        phases = self._jobs.phases(job)
        if outcome := verdict(job, phases):
            message = why_failed(job, self._jobs.made(job)) if outcome == FAILED else ""
            return self._jobs.judge(job, outcome, phases, message=message)
        self._jobs.report(job, phases)
        for task in startable(job, phases):
            self._jobs.make_task(job, task)
        return None

    def _outer(self, job: KusciaJob) -> Iterable[tuple[str, Peer]]:
        """The other parties of all its tasks (Kuscia: of the first one only)."""
        domains = dict.fromkeys(party.domain_id for task in job.spec.tasks for party in task.parties)
        return [(domain, self._peers[domain]) for domain in domains if domain != self._store.domain]


def new_task_id(job: str) -> str:
    """`<job>-` and 12 random hexadecimal digits (spec: kuscia §1.8)."""
    return f"{job}-{uuid.uuid4().hex[-12:]}"


def _refusal(domain: str, name: str, error: KusciaError) -> str:
    """Who has refused a job, and what to do about the one reason that everybody meets (spec: kuscia §3.8)."""
    if isinstance(error.__cause__, OSError):
        return error.what  # it was not reached, and has refused nothing
    way_out = (
        f"; delete job {name} there too, or give this one another name" if "Job already exists" in error.what else ""
    )
    return f"{domain} has refused the job: {error.what}{way_out}"


def _answer(job: KusciaJob, what: str, errors: list[str]) -> Condition:
    """Job<what>Succeeded, True or with what the peers have answered (spec: kuscia §1.4)."""
    kind = f"Job{what}Succeeded"
    if not errors:
        return Condition(type=kind, status="True")
    message = f"{what.lower()} interconn job {job.name} request failed, {';'.join(errors)}"
    return Condition(type=kind, status="False", reason=f"Error{what}JobRequest", message=message)


def _runs_at(domain: str, task: KusciaTask) -> bool:
    """Whether a peer was told to start its part of a task, and has not ended it."""
    return any(
        party.domain_id == domain and party.phase in (PENDING, RUNNING) for party in task.status.party_task_status
    )
