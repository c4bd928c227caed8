"""How controllers write into a node's store what they have found out about its jobs and tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from .kinds import KusciaTask, TaskParty, TaskSpec, TaskStatus
from .objects import LABEL, Condition, Metadata, condition, now, with_condition
from .resources import FAILED, PENDING, RUNNING, SUCCEEDED, JobStatus, JobTask, KusciaJob, Phase, ScheduleConfig
from .scheduling import FINAL, Phases
from .store import AlreadyExists, Store, owned_by

S = TypeVar("S", JobStatus, TaskStatus)

STOPPED_TASKS = "kuscia-nb/stopped-tasks"
"""Annotation of a job with the aliases of tasks that were stopped before they began."""
OVERDUE = "kuscia-nb/overdue"
"""Annotation of a job that takes longer than its time limit: what there is to say of that. It fails when it stops."""
STOPPED_BY = "kuscia-nb/stopped-by"
"""Annotation of a job with the domain of another people's node that has stopped it."""
INJECTED = "kuscia-nb/injected-faults"
"""Annotation of a job with the faults that are injected into it on purpose."""
OPTIONS = "kuscia-nb/options"
"""Annotation of a job with how it is run beyond its manifest, as JSON: what both parties' programs have to be told."""
SCHEDULER = "kuscia-nb/bfia-scheduler"
"""Annotation of a job that another node schedules, which is its value, and of the job's tasks."""


class JobRecords:
    """The jobs of one node, and which tasks they have made."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def leads(self, job: KusciaJob) -> bool:
        """Whether this node schedules the job: it is the initiator, and no other node does."""
        return job.spec.initiator == self.store.domain and SCHEDULER not in job.annotations

    def set(self, name: str, *conditions: Condition, **status: object) -> None:
        """Set conditions and fields of a job's status."""

        def written(job: KusciaJob) -> KusciaJob:
            return job.model_copy(update={"status": _updated(job.status, conditions, status)})

        self.store.change(KusciaJob, name, written)

    def report(self, job: KusciaJob, phases: Phases, *conditions: Condition) -> None:
        """Write down how far the tasks are, if that is news."""
        news = [new for new in conditions if not _known(job.status.conditions, new)]
        status = {"phase": RUNNING if self.made(job) else PENDING, "task_status": by_task_id(job, phases)}
        if news or any(getattr(job.status, name) != value for name, value in status.items()):
            self.set(job.name, *news, **status)

    def judge(self, job: KusciaJob, outcome: Phase, phases: Phases, *conditions: Condition, message: str = "") -> None:
        """Write down how the job has come out; a failed one is not over before its tasks are."""
        if outcome == SUCCEEDED:
            ended: dict[str, object] = {"phase": SUCCEEDED, "completion_time": now()}
        else:
            ended = {"phase": FAILED, "reason": "KusciaJobFailed", "message": message}
        news = [new for new in conditions if not _known(job.status.conditions, new)]
        self.set(job.name, *news, task_status=by_task_id(job, phases), **ended)

    def task(self, job: KusciaJob, task: JobTask) -> KusciaTask | None:
        """The job's own KusciaTask of a task, if it was made."""
        made = self.store.get(KusciaTask, task.task_id) if task.task_id else None
        return made if made and made.metadata.owner_references[0].uid == job.metadata.uid else None

    def made(self, job: KusciaJob) -> list[KusciaTask]:
        """All KusciaTasks of a job."""
        return [made for task in job.spec.tasks if (made := self.task(job, task))]

    def phases(self, job: KusciaJob) -> dict[str, Phase]:
        """By alias, the phase of every task that was made here, or stopped before; final only when it has ended."""
        phases: dict[str, Phase] = dict.fromkeys(stopped_aliases(job), FAILED)
        for task in job.spec.tasks:
            if made := self.task(job, task):
                phases[task.alias] = made.status.phase if made.finished or made.status.phase == RUNNING else PENDING
        return phases

    def make_task(self, job: KusciaJob, task: JobTask) -> None:
        """The KusciaTask of a task, not to be scheduled before it has its environment (spec: kuscia §2.4)."""
        labels = {
            f"{LABEL}controller": "kuscia-job",
            f"{LABEL}interconn-protocol-type": "bfia",
            f"{LABEL}job-id": job.name,
            f"{LABEL}task-alias": task.alias,
            f"{LABEL}task-unschedulable": "true",
        }
        if self.leads(job):
            labels[f"{LABEL}self-cluster-as-initiator"] = "true"
        parties = (TaskParty(app_image_ref=task.app_image, domain_id=p.domain_id, role=p.role) for p in task.parties)
        spec = TaskSpec(
            initiator=job.spec.initiator,
            parties=tuple(parties),
            schedule_config=task.schedule_config or ScheduleConfig(),
            task_input_config=task.task_input_config,
        )
        metadata = Metadata(
            name=task.task_id or "",
            labels=labels,
            annotations={SCHEDULER: job.annotations[SCHEDULER]} if SCHEDULER in job.annotations else {},
            owner_references=(owned_by(job),),
        )
        try:
            self.store.create(KusciaTask(metadata=metadata, spec=spec))
        except AlreadyExists:
            text = f"Failed to create task {task.task_id} because a task with the same name already exists"
            self.set(job.name, phase=FAILED, reason="CreateTaskFailed", message=text)

    def stop_tasks(self, job: KusciaJob, reason: str, message: str) -> None:
        """Fail all tasks of a job that have not ended; their controller ends what runs."""
        for made in self.made(job):
            if made.status.phase not in FINAL:
                self.store.change(KusciaTask, made.name, lambda task: stopped(task, reason, message))


class TaskRecords:
    """The tasks of one node."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def leads(self, task: KusciaTask) -> bool:
        """Whether this node schedules the task's job."""
        return task.spec.initiator == self.store.domain and SCHEDULER not in task.annotations

    def set(self, name: str, *conditions: Condition, **status: object) -> None:
        """Set conditions and fields of a task's status."""
        self.store.change(KusciaTask, name, lambda task: _with_status(task, *conditions, **status))

    def set_pod(self, name: str, **fields: object) -> None:
        """Write down how far this node's pod is, which is also how far its party is."""

        def written(task: KusciaTask) -> KusciaTask:
            status = task.status
            pods = {key: pod.model_copy(update=fields) for key, pod in status.pod_statuses.items()}
            own = {"phase": fields.get("pod_phase", PENDING), "message": fields.get("message", "")}
            parties = tuple(
                party.model_copy(update=own) if party.domain_id == self.store.domain else party
                for party in status.party_task_status
            )
            update = {"pod_statuses": pods, "party_task_status": parties}
            return task.model_copy(update={"status": status.model_copy(update=update)})

        self.store.change(KusciaTask, name, written)

    def set_parties(self, name: str, answers: Mapping[str, tuple[str, str]], *conditions: Condition) -> None:
        """Write down the phase and message that peers have answered, by party, if that is news."""

        def written(task: KusciaTask) -> KusciaTask:
            parties = []
            for status in task.status.party_task_status:
                label = f"{status.domain_id}-{status.role}"
                if label in answers and status.phase not in FINAL:
                    phase, message = answers[label]
                    status = status.model_copy(update={"phase": phase, "message": message})
                parties.append(status)
            news = [new for new in conditions if not _known(task.status.conditions, new)]
            if tuple(parties) == task.status.party_task_status and not news:
                return task
            return _with_status(task, *news, party_task_status=tuple(parties))

        self.store.change(KusciaTask, name, written)


def stopped_aliases(job: KusciaJob) -> list[str]:
    """The tasks that were stopped before they began."""
    return [alias for alias in job.annotations.get(STOPPED_TASKS, "").split(",") if alias]


def never_made(job: KusciaJob, aliases: Collection[str]) -> KusciaJob:
    """The job with a mark on tasks that were not made, and never shall be."""
    marked = {*stopped_aliases(job), *aliases}
    if marked == {*stopped_aliases(job)}:
        return job
    text = ",".join(task.alias for task in job.spec.tasks if task.alias in marked)
    annotations = {**job.annotations, STOPPED_TASKS: text}
    return job.model_copy(update={"metadata": job.metadata.model_copy(update={"annotations": annotations})})


def why_failed(job: KusciaJob, made: Iterable[KusciaTask]) -> str:
    """What this node knows about the failure of a task."""
    aliases = {task.task_id: task.alias for task in job.spec.tasks}
    for task in made:
        if task.status.phase == FAILED:
            success = condition(task.status.conditions, "Success")
            return f"task {aliases[task.name]} failed: {(success and success.message) or task.status.message}"
    return "a task was stopped before it began"


def by_task_id(job: KusciaJob, phases: Phases) -> dict[str, Phase]:
    """Phases by taskID, as a status has them."""
    return {task.task_id: phases[task.alias] for task in job.spec.tasks if task.task_id and task.alias in phases}


def stopped(task: KusciaTask, reason: str, message: str) -> KusciaTask:
    """The task, failed because it was stopped; its controller ends what still runs (spec: kuscia §2.3)."""
    if task.status.phase in FINAL:
        return task
    success = Condition(type="Success", status="False", reason="TaskIsStopped", message=message)
    return _with_status(task, success, phase=FAILED, reason=reason, message=message)


def _with_status(task: KusciaTask, *conditions: Condition, **status: object) -> KusciaTask:
    return task.model_copy(update={"status": _updated(task.status, conditions, status)})


def _updated(status: S, conditions: tuple[Condition, ...], fields: dict[str, object]) -> S:
    kept = status.conditions
    for new in conditions:
        kept = with_condition(kept, new)
    return status.model_copy(update={"conditions": kept, "last_reconcile_time": now(), **fields})


def _known(conditions: tuple[Condition, ...], new: Condition) -> bool:
    """Whether a condition says nothing new; polls would otherwise write all the time."""
    old = condition(conditions, new.type)
    return old is not None and (old.status, old.message) == (new.status, new.message)
