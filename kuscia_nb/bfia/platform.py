"""What a node answers to its own people and programs, and about itself (spec: bfia §1.2 rows 4.1 to 5.8, §2.1, §5).

Only the standard has these paths; Kuscia has kubectl and an API of its own instead.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

from ..control.kinds import KusciaTask
from ..control.node import Node
from ..control.resources import KusciaJob
from .bodies import (
    JOB_STATES,
    CallbackRequest,
    HealthData,
    JobIdData,
    JobListData,
    JobListRequest,
    LogData,
    LogLinesData,
    LogLinesRequest,
    LogRequest,
    NodeData,
    NothingRequest,
    QueryJobStatusAllRequest,
    RegisterRequest,
    StatusData,
    StopJobRequest,
)
from .job_paths import schedule, status_all, stop
from .messages import CreateJobRequest
from .registration import register
from .routes import Call, Refused, Reply, Route
from .task_paths import made_task, told_phase

# --- jobs ------------------------------------------------------------------------------------------------------------


def create_all(call: Call[CreateJobRequest]) -> Reply:
    """Create and run a job; the node makes its name."""
    job_id = f"job-{secrets.token_hex(16)}"
    data = {key: value for key, value in call.data.items() if key not in ("job_id", "jobId")}
    schedule(call._replace(message=call.message.model_copy(update={"job_id": job_id}), data=data | {"job_id": job_id}))
    return Reply({"job_id": job_id})


def states(call: Call[QueryJobStatusAllRequest]) -> Reply:
    """The states of a job and of all its tasks that were started."""
    return status_all(call._replace(brief=False))


def job_list(call: Call[JobListRequest]) -> Reply:
    """The states of all jobs, or of those of one flow."""
    flow_id = call.message.flow_id
    jobs = (job for job in call.node.store.objects(KusciaJob) if flow_id in ("", job.spec.flow_id))
    return Reply({"job_list": {job.name: JOB_STATES[job.status.phase] for job in jobs}})


# --- tasks -----------------------------------------------------------------------------------------------------------


def callback(call: Call[CallbackRequest]) -> Reply:
    """One of the node's own programs says how far it is, which the node knows already: it runs them itself."""
    task = made_task(call.node, call.message.task_id)
    told_phase(call.message.status)
    role = call.message.role.partition(".")[0]
    if not any(party.role == role and party.domain_id == call.node.domain for party in task.spec.parties):
        raise Refused(f"role: {call.node.domain} is not {role} in task {task.name}")
    return Reply()


def log_line(call: Call[LogLinesRequest]) -> Reply:
    """How many lines of this level or above a task has logged on this node."""
    return Reply({"num": len(list(_log_lines(call.node, call.message)))})


def log(call: Call[LogRequest]) -> Reply:
    """The lines of this level or above that a task has logged on this node."""
    lines = list(_log_lines(call.node, call.message))
    start, length = call.message.start or 0, call.message.length
    return Reply({"data": "\n".join(lines[start:] if length is None else lines[start : start + length])})


_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def _log_lines(node: Node, message: LogLinesRequest) -> Iterator[str]:
    """A line without a level is INFO."""
    level = message.log_level.upper()
    if level not in _LEVELS:
        known = ", ".join(_LEVELS).lower()
        raise Refused(f'log_level: "{message.log_level}" is none of {known}')
    text = node.logs(message.task_id)
    if not text and node.store.get(KusciaTask, message.task_id) is None:
        raise Refused("failed to find the task")
    for line in text.splitlines():
        found = re.search(rf"\b({'|'.join(_LEVELS)})\b", line)
        if _LEVELS.index(found[1] if found else "INFO") >= _LEVELS.index(level):
            yield line


# --- the node --------------------------------------------------------------------------------------------------------


def health(call: Call[NothingRequest]) -> Reply:
    """Whether the node answers."""
    return Reply({"status": "ok"})


def query(call: Call[NothingRequest]) -> Reply:
    """Which node answers."""
    return Reply({"node_id": call.node.domain, "inst_id": call.node.domain})


_PLATFORM = "/v1/platform/schedule"
_LOG = ("task_id", "log_level")

ROUTES = {
    ("POST", f"{_PLATFORM}/task/callback"): Route(
        callback, CallbackRequest, ("task_id", "status", "role"), standard=True
    ),
    ("POST", f"{_PLATFORM}/job/create_all"): Route(
        create_all, CreateJobRequest, ("dag", "config"), JobIdData, standard=True
    ),
    ("POST", f"{_PLATFORM}/job/stop_all"): Route(stop, StopJobRequest, ("job_id",), standard=True),
    ("POST", f"{_PLATFORM}/job/stop_task"): Route(stop, StopJobRequest, ("job_id", "task_name"), standard=True),
    ("GET", f"{_PLATFORM}/job/status_all"): Route(
        states, QueryJobStatusAllRequest, ("job_id",), StatusData, query=True, standard=True
    ),
    ("GET", f"{_PLATFORM}/job/query_job_list"): Route(
        job_list, JobListRequest, (), JobListData, query=True, standard=True
    ),
    ("GET", f"{_PLATFORM}/task/get_log_line"): Route(
        log_line, LogLinesRequest, _LOG, LogLinesData, query=True, standard=True
    ),
    ("GET", f"{_PLATFORM}/task/get_log"): Route(log, LogRequest, (*_LOG, "start"), LogData, query=True, standard=True),
    ("POST", f"{_PLATFORM}/component/register"): Route(
        register, RegisterRequest, ("image_url", "component_info"), standard=True
    ),
    ("GET", "/v1/interconn/node/health"): Route(health, NothingRequest, (), HealthData, standard=True, bare=True),
    ("GET", "/v1/interconn/node/query"): Route(query, NothingRequest, (), NodeData, standard=True),
}
"""By method and path."""
