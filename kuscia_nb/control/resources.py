"""KusciaJob as a typed value (spec: kuscia §1.1, §1.2, §3.5)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from .datasets import split_dataset
from .objects import API_VERSION, CROSS_DOMAIN, Condition, CrdModel, Metadata, Model, Object, Time
from .source import Written

__all__ = ["API_VERSION", "CROSS_DOMAIN", "CrdModel", "Metadata", "Model"]

ROLES = ("host", "guest", "arbiter")
JOB_NAME_LENGTH = 50  # a taskID is the name and 13 more characters, and has to fit a label of 63
TASK_ID_LENGTH = 63


class Party(CrdModel):
    """One party of a task."""

    domain_id: str = Field(min_length=1, description="the domain (node) that takes part")
    role: str = Field(default="", description="what it takes part as: host, guest or arbiter")


class ScheduleConfig(CrdModel):
    """How long a task may wait for its parties (spec: kuscia §2.1)."""

    min_reserved_members: int | None = Field(
        default=None, ge=1, description="parties that must be ready, all if not set"
    )
    resource_reserved_seconds: int | None = Field(
        default=None, description="seconds a party's place is kept, 30 if not set"
    )
    lifecycle_seconds: int | None = Field(default=None, description="seconds until scheduling fails, 300 if not set")
    retry_interval_seconds: int | None = Field(default=None, description="seconds between two attempts, 30 if not set")


# --- inside taskInputConfig: JSON with the names of BFIA -------------------------------------------------------------


def _parameter(value: Any) -> Any:
    """Kuscia makes a string of every parameter and has none for these (spec: kuscia §4.1)."""
    if value is None or isinstance(value, list):
        shown = "null" if value is None else "list"
        raise PydanticCustomError("parameter", "unsupported type of value {shown}", {"shown": shown})
    try:
        finite = not isinstance(value, int | float) or math.isfinite(value)
    except OverflowError:  # a whole number beyond all doubles
        finite = False
    if not finite:
        shown = str(value) if isinstance(value, float) else f"{str(value)[:12]}..."
        raise PydanticCustomError("parameter", "a number must be finite, is {shown}", {"shown": shown})
    return as_double(value)


def as_double(value: Any) -> Any:
    """The whole number that Kuscia makes of a larger one than a double can hold (spec: kuscia §3.5, §7 row 50)."""
    if isinstance(value, dict):
        return {key: as_double(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_double(item) for item in value]
    if isinstance(value, int) and abs(value) > 2**53:
        with suppress(OverflowError):  # larger than all doubles: refused elsewhere
            return int(Decimal(repr(float(value))))  # the shortest digits, as Kuscia writes them
    return value


def changed_numbers(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, int]]:
    """The whole numbers in JSON data that `as_double` changes, with the names that lead to them."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from changed_numbers(item, (*path, str(key)))
    elif as_double(value) != value:
        yield ".".join(path), value


def _party_parameters(value: Any) -> Any:
    if not isinstance(value, dict):
        raise PydanticCustomError("party_parameters", "can not convert party private params to struct")
    return value


def _in_two_words(value: Any) -> Any:
    """Parameters with namespace and name for a dataset_id, which no program knows."""
    try:
        return split_dataset(value) if isinstance(value, dict) else value
    except ValueError as error:
        raise PydanticCustomError("dataset_id", "{text}", {"text": str(error)}) from error


ParameterValue = str | bool | int | float | dict[str, Any]
Parameters = Annotated[
    dict[str, Annotated[ParameterValue, BeforeValidator(_parameter)]], BeforeValidator(_in_two_words)
]
PartyParameters = dict[str, Annotated[Parameters, BeforeValidator(_party_parameters)]]


class DataRef(Model):
    """A data set that a task reads or writes."""

    type: str = Field(min_length=1, description="the kind of data, for example dataset")
    key: str = Field(min_length=1, description='an output\'s own name; for an input "<alias>.<output key>"')


class RoleLists(Model):
    """Which domain has which role; a party's index is its position in its role's list."""

    host: tuple[str, ...] = Field(default=(), strict=False, description="domain ids of the hosts")
    guest: tuple[str, ...] = Field(default=(), strict=False, description="domain ids of the guests")
    arbiter: tuple[str, ...] = Field(default=(), strict=False, description="domain ids of the arbiters")

    def members(self) -> Iterator[tuple[str, int, str]]:
        """(role, index, domain id) of every party, in Kuscia's order."""
        for role in ROLES:
            for index, domain in enumerate(getattr(self, role)):
                yield role, index, domain

    def index(self, party: Party) -> int | None:
        """The position of a party in its role's list, None if it is not there."""
        return next((i for role, i, domain in self.members() if (role, domain) == (party.role, party.domain_id)), None)


class TaskInitiator(Model):
    """Who started the task."""

    role: str = Field(description="the initiator's role")
    node_id: str = Field(description="the initiator's domain id")


class TaskParams(Model):
    """An operator's parameters: for everybody, and by role and index for one party."""

    host: PartyParameters = Field(default_factory=dict, description='of each host, by its index: {"0": {...}}')
    guest: PartyParameters = Field(default_factory=dict, description='of each guest, by its index: {"0": {...}}')
    arbiter: PartyParameters = Field(default_factory=dict, description='of each arbiter, by its index: {"0": {...}}')
    common: Parameters = Field(default_factory=dict, description="of all parties")

    def of(self, role: str, index: int) -> Mapping[str, ParameterValue]:
        """One party's own parameters, empty if it has none."""
        return getattr(self, role).get(str(index), {})


class TaskInputConfig(Model):
    """What a task computes, on which data, with which parties."""

    name: str = Field(min_length=1, description="the task's alias")
    module_name: str = Field(min_length=1, description="the operator, for example ss_lr")
    input: tuple[DataRef, ...] = Field(
        default=(), strict=False, description="outputs of earlier tasks; none: own files"
    )
    output: tuple[DataRef, ...] = Field(default=(), strict=False, description="what the task writes")
    role: RoleLists = Field(description="which domain has which role")
    initiator: TaskInitiator = Field(description="who started the task")
    task_params: TaskParams = Field(description="the operator's parameters")

    @classmethod
    def from_json(cls, text: str) -> TaskInputConfig:
        """Read the JSON text; raises json.JSONDecodeError or pydantic.ValidationError."""
        return cls.model_validate(json.loads(text))


# --- the job ---------------------------------------------------------------------------------------------------------


class JobTask(CrdModel):
    """One task of a job: an operator, run by several parties."""

    alias: str = Field(min_length=1, description="the task's name within the job, used in dependencies")
    task_id: str | None = Field(default=None, min_length=1, description="the KusciaTask's name, generated if not set")
    dependencies: tuple[str, ...] = Field(
        default=(),
        strict=False,
        min_length=1,
        max_length=128,
        description="aliases of the tasks that must succeed before",
    )
    tolerable: bool = Field(
        default=False,
        description="whether the job may succeed although this task fails; from v0.15 on Kuscia fails a BestEffort job "
        "all the same: a job for there too is Strict",
    )
    app_image: str = Field(min_length=1, description="name of the AppImage that contains the operator")
    task_input_config: str = Field(description="the task's parameters: a JSON text, kept as it is written")
    priority: int = Field(default=0, description="of several tasks that are ready the larger starts first")
    schedule_config: ScheduleConfig | None = Field(default=None, description="how long to wait for the parties")
    parties: tuple[Party, ...] = Field(strict=False, description="who takes part")

    @property
    def config(self) -> TaskInputConfig:
        """The typed content of `task_input_config`."""
        return _config(self.task_input_config)


@lru_cache(256)
def _config(text: str) -> TaskInputConfig:
    """A job has several copies, and all of its controllers look at it."""
    return TaskInputConfig.from_json(text)


Stage = Literal["Create", "Start", "Stop"]


class JobSpec(CrdModel):
    """What a job shall do."""

    flow_id: str | None = Field(
        default=None, description="the id of the flow this job is part of, passed on to the parties"
    )
    initiator: str = Field(min_length=1, description="the domain (node) that schedules the job")
    schedule_mode: Literal["Strict", "BestEffort"] = Field(
        default="Strict", description="after a failure Strict stops at once, BestEffort runs what still can"
    )
    stage: Stage | None = Field(
        default=None, description="how far it has come: Create, Start or Stop; writing Stop stops the job"
    )
    max_parallelism: int = Field(default=1, ge=1, le=128, description="how many tasks may run at once, 1 to 128")
    tasks: tuple[JobTask, ...] = Field(strict=False, min_length=1, max_length=128, description="1 to 128 tasks")

    def named(self, ids: Mapping[str, str | None]) -> Self:
        """With the taskIDs of tasks that have none yet, by their aliases; the same one, if that changes nothing."""
        tasks = tuple(
            task if task.task_id else task.model_copy(update={"task_id": ids.get(task.alias)}) for task in self.tasks
        )
        return self if tasks == self.tasks else self.model_copy(update={"tasks": tasks})


_Phase = Literal[
    "", "Pending", "Running", "Succeeded", "Failed",
    "initialized", "AwaitingApproval", "Suspended", "Cancelled", "ApprovalReject",
]  # fmt: skip
Phase = Annotated[_Phase, WithJsonSchema({"type": "string", "enum": get_args(_Phase)[:5]})]
"""Kuscia's own words; those of the second line are said by nodes that are not ours (spec: kuscia §1.3)."""
PENDING, RUNNING, SUCCEEDED, FAILED = "Pending", "Running", "Succeeded", "Failed"
CANCELLED, REFUSED = "Cancelled", "ApprovalReject"
OVER = (SUCCEEDED, FAILED, CANCELLED, REFUSED)
"""The phases that a job ends with."""
STOPPED = "KusciaJobStopped"
"""The reason of what failed because somebody wanted its end."""


class JobStatus(CrdModel):
    """What has become of a job on a node; the node writes it (spec: kuscia §1.2)."""

    phase: Phase = Field(default="", description="Pending, Running, Succeeded or Failed")
    conditions: tuple[Condition, ...] = Field(default=(), description="the stages it has passed, in order")
    reason: str = Field(default="", description="one word for why it failed")
    message: str = Field(default="", description="why it failed, for people")
    task_status: dict[str, Phase] = Field(default_factory=dict, description="the phase of each task, by taskID")
    start_time: Time | None = Field(default=None, description="when the node first took it up")
    completion_time: Time | None = Field(default=None, description="when it ended")
    last_reconcile_time: Time | None = Field(default=None, description="when the node last worked on it")


class KusciaJob(Object, Written):
    """Tasks that several domains run together."""

    kind: Literal["KusciaJob"] = Field(default="KusciaJob", description="what this manifest describes")
    spec: JobSpec = Field(description="what the job shall do")
    status: JobStatus = Field(default_factory=JobStatus, description="what has become of it; the node writes it")

    @property
    def finished(self) -> bool:
        """Whether it has come to its end on this node; one that failed has when its tasks have."""
        return self.status.completion_time is not None or self.status.phase in (CANCELLED, REFUSED)

    def in_stage(self, stage: Stage) -> KusciaJob:
        """The job with another stage; itself, if it is in that one."""
        if self.spec.stage == stage:
            return self
        return self.model_copy(update={"spec": self.spec.model_copy(update={"stage": stage})})


def wanted(phase: str, reason: str) -> bool:
    """Whether a job is in this phase because somebody wanted its end (spec: kuscia §1.7)."""
    return phase == CANCELLED or (phase == FAILED and (reason == STOPPED or "execute the cmd: Stop." in reason))
