"""What a node answers about tasks: Kuscia's paths, and the standard's callback (spec: kuscia §3.3, bfia §1.2, §1.6).

The texts are Kuscia's, and everything can be said twice (spec: bfia §9.8).
"""

from __future__ import annotations

import re
from functools import partial

from ..control.consent import REFUSED
from ..control.kinds import KusciaTask, PartyTaskStatus, TaskParty
from ..control.node import Node
from ..control.records import SCHEDULER, never_made, stopped_aliases
from ..control.resources import FAILED, PENDING, RUNNING, SUCCEEDED, KusciaJob, Phase
from ..control.scheduling import FINAL
from .bodies import (
    PHASES,
    TASK_STATES,
    CallbackRequest,
    PollData,
    PollTaskStatusRequest,
    StartTaskRequest,
    StopTaskRequest,
)
from .dialect import refusal_about, reply_about
from .job_paths import known_job, refuse_failed
from .owners import refuse_others, refuse_strangers
from .routes import Call, Refused, Reply, Route
from .stopping import named, stop_made


def start(call: Call[StartTaskRequest]) -> Reply:
    """Let a task begin, under the id that its scheduler has made."""
    task_id, alias = call.message.task_id, call.message.task_name
    job = known_job(call.node, call.message.job_id)
    refuse_others(call, job)
    refuse_failed(job)
    if alias in stopped_aliases(job):
        raise refusal_about(job, f"task {alias} was stopped")
    if named(job, alias).task_id is None:
        _refuse_id(call.node, job, task_id)
        call.node.store.change(KusciaJob, job.name, partial(_identified, alias=alias, task_id=task_id))
    return reply_about(job)


def stop(call: Call[StopTaskRequest]) -> Reply:
    """Stop a task."""
    node, task_id = call.node, call.message.task_id
    job = node.job_of(task_id)
    if job is not None:
        refuse_others(call, job)
    if node.store.get(KusciaTask, task_id) is not None:
        stop_made(node, task_id)
    elif job is not None:  # it was started, and is about to be made
        node.store.change(KusciaJob, job.name, partial(never_made, aliases=_aliases(job, task_id)))
    else:
        raise Refused("task does not exist")
    return reply_about(job)


def poll(call: Call[PollTaskStatusRequest]) -> Reply:
    """How far this node is with its part of a task."""
    node, task_id = call.node, call.message.task_id
    task, job = node.store.get(KusciaTask, task_id), node.job_of(task_id)
    if job is not None:
        refuse_strangers(call, job)
    if task is not None:
        phase = _part(task, node.domain, call.message.role)
    elif job is not None:
        if job.status.reason == REFUSED:  # a phase alone would not say who ended it
            raise refusal_about(job, job.status.message)
        phase = PENDING if set(stopped_aliases(job)).isdisjoint(_aliases(job, task_id)) else FAILED
    else:
        raise Refused("failed to find the task")
    return reply_about(job, {"status": TASK_STATES[phase]})


def callback(call: Call[CallbackRequest]) -> Reply:
    """A party tells its scheduler how far it is; after its end it has nothing more to say."""
    node, message = call.node, call.message
    task, phase = made_task(node, message.task_id), told_phase(message.status)
    scheduler = task.annotations.get(SCHEDULER, task.spec.initiator)
    if scheduler != node.domain:
        raise Refused(f"{scheduler} schedules task {task.name}, not {node.domain}")
    party = _teller(task, node.domain, message.role, call.sender)
    node.store.change(KusciaTask, task.name, partial(_told, party=party, phase=phase))
    return Reply()


def made_task(node: Node, task_id: str) -> KusciaTask:
    """The task of this id."""
    if task := node.store.get(KusciaTask, task_id):
        return task
    raise Refused("failed to find the task")


def told_phase(status: str) -> Phase:
    """What a party means by a state."""
    if status not in PHASES:
        raise Refused(f'status: "{status}" is none of {", ".join(PHASES)}')
    return PHASES[status]


def _aliases(job: KusciaJob, task_id: str) -> list[str]:
    return [task.alias for task in job.spec.tasks if task.task_id == task_id]


def _refuse_id(node: Node, job: KusciaJob, task_id: str) -> None:
    """An id is part of file names, and names one task only. Those of the standard have an underscore."""
    if not re.fullmatch(r"[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?", task_id):
        rule = "letters, digits, '-', '_' and '.', with a letter or digit at both ends, at most 63"
        raise refusal_about(job, f'task_id: Invalid value: "{task_id}": must consist of {rule}')
    left = node.consent is not None and any(node.storage.glob(f"*/{task_id}-*"))  # by a job that is gone
    if left or node.job_of(task_id) is not None or node.store.get(KusciaTask, task_id) is not None:
        text = f"Failed to create task {task_id} because a task with the same name already exists"
        raise refusal_about(job, text)


def _identified(job: KusciaJob, alias: str, task_id: str) -> KusciaJob:
    tasks = tuple(
        task.model_copy(update={"task_id": task_id}) if task.alias == alias and task.task_id is None else task
        for task in job.spec.tasks
    )
    return job.model_copy(update={"spec": job.spec.model_copy(update={"tasks": tasks})})


_WORST_FIRST: tuple[Phase, ...] = (FAILED, RUNNING, PENDING, "", SUCCEEDED)


def _part(task: KusciaTask, domain: str, role: str) -> Phase:
    """How far a node is in a role, or the worst of all its roles; Kuscia looks at the role alone."""
    if role and role not in {party.role for party in task.spec.parties}:
        return PENDING
    told = [status for status in task.status.party_task_status if role in ("", status.role)]
    own = [status for status in told if status.domain_id == domain] or told[-1:]
    phases: list[Phase] = [status.phase for status in own] or [
        task.status.phase
    ]  # without any it has not begun, or never will
    found = min(phases, key=_WORST_FIRST.index)
    if found == SUCCEEDED and SCHEDULER in task.annotations and task.status.phase not in FINAL:
        return RUNNING  # whoever schedules it stops it at its end: that must be so here, too
    return found


def _teller(task: KusciaTask, domain: str, role: str, sender: str) -> TaskParty:
    """Which party of another node speaks: by its role (host or host.0), and by its node if that was said."""
    role = role.partition(".")[0]
    found = [
        party
        for party in task.spec.parties
        if party.role == role and party.domain_id != domain and sender in ("", party.domain_id)
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(party.label for party in task.spec.parties if party.domain_id != domain)
    who = f" of {sender}" if sender else ""
    raise Refused(f"role: {'several parties are' if found else 'no party is'} {role}{who}; of other nodes: {known}")


_PROGRESS: dict[Phase, int] = {"": 0, PENDING: 1, RUNNING: 2, SUCCEEDED: 3, FAILED: 3}


def _told(task: KusciaTask, party: TaskParty, phase: Phase) -> KusciaTask:
    """The task with what a party has said of itself, if that is news."""
    known = {(status.domain_id, status.role): status for status in task.status.party_task_status}
    key = party.domain_id, party.role
    old = known.get(key, PartyTaskStatus(domain_id=party.domain_id, role=party.role))
    if task.status.phase in FINAL or _PROGRESS[phase] <= _PROGRESS[old.phase]:
        return task
    known[key] = old.model_copy(update={"phase": phase})
    status = task.status.model_copy(update={"party_task_status": tuple(known.values())})
    return task.model_copy(update={"status": status})


_TASK = "/v1/interconn/schedule/task"

ROUTES = {
    ("POST", f"{_TASK}/start"): Route(start, StartTaskRequest, ("job_id", "task_id", "task_name")),
    ("POST", f"{_TASK}/stop"): Route(stop, StopTaskRequest, ("task_id",), failure="failed to stop tsak, "),
    ("POST", f"{_TASK}/poll"): Route(poll, PollTaskStatusRequest, ("task_id",), PollData),
    ("POST", f"{_TASK}/callback"): Route(callback, CallbackRequest, ("task_id", "status", "role"), standard=True),
}
"""By method and path."""
