"""The bodies of BFIA's other requests, the data of replies, and the words for states (spec: bfia §1.2, §1.3, §2.1).

Kuscia's own requests bear the names of its protobuf messages, which are part of its error texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ..control.resources import Phase
from .messages import Message

TaskState = Literal["PENDING", "READY", "RUNNING", "SUCCESS", "FAILED"]
JobState = Literal["PENDING", "READY", "REJECTED", "RUNNING", "FINISHED"]

TASK_STATES: Mapping[Phase, TaskState] = {
    "": "PENDING",  # Kuscia has no word for it (spec: kuscia §3.4); the standard demands one
    "Pending": "PENDING",
    "Running": "RUNNING",
    "Succeeded": "SUCCESS",
    "Failed": "FAILED",
}
PHASES: Mapping[str, Phase] = {
    "PENDING": "Pending",
    "READY": "Pending",  # Kuscia has no such phase
    "RUNNING": "Running",
    "SUCCESS": "Succeeded",
    "FAILED": "Failed",
}
JOB_STATES: Mapping[Phase, JobState] = {
    "": "PENDING",
    "Pending": "READY",  # a node that asks nobody's approval is ready as soon as it has taken the job up
    "Running": "RUNNING",
    "Succeeded": "FINISHED",
    "Failed": "FINISHED",
}

# --- requests --------------------------------------------------------------------------------------------------------

JobId = Annotated[str, Field(description="the job's name, for example job-ss-lr")]
TaskId = Annotated[str, Field(description="the task's id, for example job-ss-lr-26e3489ac66e")]


class StartJobRequest(Message):
    """Which job begins."""

    job_id: JobId = ""


class StopJobRequest(Message):
    """Which job ends, or which task of it with all that follow it."""

    job_id: JobId = ""
    task_name: str = Field(default="", description="the name of a component; all of them if it is empty")


class QueryJobStatusAllRequest(Message):
    """Whose states are asked for."""

    job_id: JobId = ""


class StartTaskRequest(Message):
    """Which task begins, and under which id."""

    task_id: TaskId = ""
    job_id: JobId = ""
    task_name: str = Field(default="", description="the name of the component, which is the task's alias")


class StopTaskRequest(Message):
    """Which task ends."""

    task_id: TaskId = ""


class PollTaskStatusRequest(Message):
    """Whose state is asked for."""

    task_id: TaskId = ""
    role: str = Field(default="", description="host, guest or arbiter; all roles of the node if it is empty")


class CallbackRequest(Message):
    """How far a party is, from the party itself."""

    task_id: TaskId = ""
    status: str = Field(default="", description="PENDING, READY, RUNNING, SUCCESS or FAILED")
    role: str = Field(default="", description="the party's role: host, guest or arbiter")


class LogLinesRequest(Message):
    """Which lines of a log are counted."""

    task_id: TaskId = ""
    log_level: str = Field(default="", description="the lowest that counts: debug, info, warning or error")


class LogRequest(LogLinesRequest):
    """Which lines of a log are asked for."""

    start: int | None = Field(default=None, strict=False, ge=0, description="lines to leave out at the beginning")
    length: int | None = Field(default=None, strict=False, ge=0, description="how many lines; all if it is not set")


class JobListRequest(Message):
    """Which jobs are listed."""

    flow_id: str = Field(default="", description="the id of a flow; the jobs of all flows if it is empty")


class NothingRequest(Message):
    """A request that says all in its path."""


class ArtefactInfo(Message):
    """A data set that a component reads or writes."""

    name: str = Field(default="", description="its name within the component, for example train_data")
    description: str = Field(default="", description="what it is, for people")
    category: str = Field(default="", description="dataset, training_set, test_set, model, report or metric")


class ComponentInfo(Message):
    """A component's description of itself, as far as a node needs it."""

    component_name: str = Field(default="", description="which algorithm, for example ss_lr")
    title: str = Field(default="", description="its name for people")
    provider: str = Field(default="", description="who made it")
    version: str = Field(default="", description="its version, for example v1.0.0")
    description: str = Field(default="", description="what it does, for people")
    role_list: tuple[str, ...] = Field(
        default=(), strict=False, description="who takes part: guest, host, arbiter; guest and host, if it is empty"
    )
    input_data: tuple[ArtefactInfo, ...] = Field(default=(), strict=False, description="what it reads, in order")
    output_data: tuple[ArtefactInfo, ...] = Field(default=(), strict=False, description="what it writes, in order")


class RegisterRequest(Message):
    """An image with a component that tasks can then use."""

    image_url: str = Field(default="", description="the image's name and tag: registry/name:tag")
    component_info: ComponentInfo | None = Field(default=None, description="what is in the image")


# --- the data of replies ---------------------------------------------------------------------------------------------


class Nothing(BaseModel):
    """A reply without data: null in Kuscia's dialect, an empty object in the standard's."""


class CreatedData(BaseModel):
    """Kuscia's reply to a new job: PENDING, or nothing if another request was quicker."""

    status: Literal["PENDING", ""] = "PENDING"


class StatusData(BaseModel):
    """The states of a job's tasks by their ids. The job's own is left out for Kuscia, which cannot read on after it."""

    status: dict[str, TaskState]
    job_status: JobState | None = None


class PollData(BaseModel):
    """How far a party is."""

    status: TaskState


class JobIdData(BaseModel):
    """The name that a new job was given."""

    job_id: str


class LogLinesData(BaseModel):
    """How many lines there are."""

    num: int


class LogData(BaseModel):
    """The lines."""

    data: str


class JobListData(BaseModel):
    """Jobs and their states."""

    job_list: dict[str, JobState]


class NodeData(BaseModel):
    """Who answers."""

    node_id: str
    inst_id: str


class HealthData(BaseModel):
    """The node answers, so it is well."""

    status: Literal["ok"]
