"""What a node answers about jobs: Kuscia's paths, and the standard's for a scheduler (spec: kuscia §3.3, bfia §1.2).

The texts are Kuscia's, and everything can be said twice (spec: bfia §9.8).
"""

from __future__ import annotations

from functools import partial

from ..control.node import Node
from ..control.records import STOPPED_BY
from ..control.resources import FAILED, KusciaJob
from ..control.store import AlreadyExists
from .bodies import (
    JOB_STATES,
    TASK_STATES,
    CreatedData,
    QueryJobStatusAllRequest,
    StartJobRequest,
    StatusData,
    StopJobRequest,
)
from .dialect import is_standard, refusal_about, reply_about, speaks_standard
from .messages import Config, ConfigInitiator, ConfigRole, CreateJobRequest
from .owners import refuse_orders, refuse_others, refuse_strangers
from .routes import Call, Refused, Reply, Route
from .stopping import over, stop_from
from .submission import keep, same_job, translated


def create(call: Call[CreateJobRequest]) -> Reply:
    """Create a job: at its initiator, or a party's copy of it.

    In the standard's dialect it is the scheduler that sends this to every party; one that is neither this node nor the
    job's initiator leaves nothing to this node but its part (spec: bfia §1.2 row 3.2, §1.4).
    """
    kept = call.node.store.get(KusciaJob, call.message.job_id)
    if kept is not None and is_standard(kept) and same_job(call.node, kept, call.message):
        return reply_about(kept)
    if kept is not None and call.node.consent is None:  # else a peer may replace its own job
        raise Refused("Job already exists")
    job = translated(call, _scheduler(call))
    refuse_others(call, job)
    try:
        keep(call.node, job)
    except AlreadyExists as error:
        if kept is not None:
            raise Refused("Job already exists") from error
        return reply_about(job, {"status": ""})  # another request was quicker
    return reply_about(job, None if is_standard(job) else {"status": "PENDING"})


def _scheduler(call: Call[CreateJobRequest]) -> str:
    """The other node that schedules a job for its parties; empty, if its initiator does, which is one of them."""
    config = call.message.config or Config()
    role, initiator = config.role or ConfigRole(), config.initiator or ConfigInitiator()
    leads = call.sender == initiator.node_id and call.sender in (*role.host, *role.guest)
    outside = call.sender not in ("", call.node.domain) and not leads
    return call.sender if outside and speaks_standard(call.message) else ""


def create_all(call: Call[CreateJobRequest]) -> Reply:
    """Create a job at its scheduler, which creates it at every party and runs it."""
    kept = call.node.store.get(KusciaJob, call.message.job_id)
    if kept is None:
        schedule(call)
    elif not same_job(call.node, kept, call.message):
        raise Refused("Job already exists")
    return Reply()


def schedule(call: Call[CreateJobRequest]) -> None:
    """Keep a job whose scheduler is this node. That is the initiator; another node would send job/create."""
    refuse_orders(call)
    job = translated(call)
    if job.spec.initiator != call.node.domain:
        what = f"config.initiator.node_id: {job.spec.initiator} schedules this job, not {call.node.domain}"
        raise Refused(what)
    try:
        keep(call.node, job)
    except AlreadyExists as error:
        raise Refused("Job already exists") from error


def start(call: Call[StartJobRequest]) -> Reply:
    """Let a job begin."""
    job = known_job(call.node, call.message.job_id)
    refuse_others(call, job)
    if job.spec.stage != "Start":
        refuse_failed(job)
        call.node.store.change(KusciaJob, job.name, lambda current: current.in_stage("Start"))
    return reply_about(job)


def stop(call: Call[StopJobRequest]) -> Reply:
    """Stop a job; with a task_name, that task and what follows it."""
    job = known_job(call.node, call.message.job_id)
    refuse_others(call, job)
    if call.message.task_name:
        stop_from(call.node, job, call.message.task_name)
    elif not job.finished and not over(call.node, job):
        call.node.store.change(KusciaJob, job.name, partial(_to_stop, sender=call.sender if call.node.consent else ""))
    return reply_about(job)


def _to_stop(job: KusciaJob, sender: str) -> KusciaJob:
    return (job.annotated(STOPPED_BY, sender) if sender else job).in_stage("Stop")


def status_all(call: Call[QueryJobStatusAllRequest]) -> Reply:
    """The states of all tasks of a job that were started."""
    job = call.node.store.get(KusciaJob, call.message.job_id)
    if job is None:
        raise Refused("failed to find the job")
    refuse_strangers(call, job)
    states = {task_id: TASK_STATES[phase] for task_id, phase in job.status.task_status.items()}
    if call.brief and not is_standard(job):  # Kuscia stops at the first member that is no object
        return reply_about(job, {"status": states})
    return reply_about(job, {"job_status": JOB_STATES[job.status.phase], "status": states})


def known_job(node: Node, job_id: str) -> KusciaJob:
    """The job of this name."""
    if job := node.store.get(KusciaJob, job_id):
        return job
    raise Refused("job does not exist")


def refuse_failed(job: KusciaJob) -> None:
    """A job that has failed, or shall stop, starts nothing any more."""
    status = job.status
    if status.phase == FAILED or job.spec.stage == "Stop":
        reasons = (found.message for found in status.conditions if found.status == "False" and found.message)
        text = status.message or "".join(f"{reason};" for reason in reasons) or "Job status is failed"
        if status.reason == "KusciaJobFailed":  # a program has, and what it says may quote its party's data
            text = "Job status is failed"
        raise refusal_about(job, text)


_ALL = "/v1/interconn/schedule/job/status_all"
_STATUS_ALL = Route(status_all, QueryJobStatusAllRequest, ("job_id",), StatusData, query=True)
_CREATE = ("job_id", "dag", "config")

ROUTES = {
    ("POST", "/v1/interconn/schedule/job/create"): Route(create, CreateJobRequest, _CREATE, CreatedData),
    ("POST", "/v1/interconn/schedule/job/start"): Route(start, StartJobRequest, ("job_id",)),
    ("POST", "/v1/interconn/schedule/job/stop"): Route(
        stop, StopJobRequest, ("job_id",), failure="failed to stop job, "
    ),
    ("GET", _ALL): _STATUS_ALL,
    ("POST", _ALL): _STATUS_ALL,
    ("POST", "/v1/interconn/schedule/job/create_all"): Route(create_all, CreateJobRequest, _CREATE, standard=True),
    ("POST", "/v1/interconn/schedule/job/stop_all"): Route(stop, StopJobRequest, ("job_id",), standard=True),
}
"""By method and path."""
