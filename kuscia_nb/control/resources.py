"""KusciaJob as a typed value (spec: kuscia §1.1, §3.5).

Attributes are snake_case, manifests keep the names of the CRD (`domain_id` is `domainID`). A model refuses unknown
fields and never changes; dumping one gives manifest names and leaves out what is empty, as Kubernetes does.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

API_VERSION = "kuscia.secretflow/v1alpha1"
CROSS_DOMAIN = "cross-domain"
ROLES = ("host", "guest", "arbiter")
JOB_NAME_LENGTH = 50  # a taskID is the name and 13 more characters, and has to fit a label of 63
TASK_ID_LENGTH = 63


class Model(BaseModel):
    """Strict and frozen, dumped without what is empty (Go's omitempty)."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    @model_serializer(mode="wrap")
    def _omit_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        empty = (None, "", 0, (), [], {})
        return {name: value for name, value in handler(self).items() if value is False or value not in empty}


def _crd_name(attribute: str) -> str:
    """The CRD's spelling of an attribute: task_input_config -> taskInputConfig, domain_id -> domainID."""
    return re.sub(r"Id$", "ID", to_camel(attribute))


class CrdModel(Model):
    """A model with the names of the CRD."""

    model_config = ConfigDict(alias_generator=_crd_name)


class Metadata(CrdModel):
    """What Kubernetes keeps about every object."""

    name: str = Field(min_length=1, description="the job's name, an RFC 1123 name of at most 50 characters")
    namespace: str = Field(default=CROSS_DOMAIN, description="always cross-domain, where Kuscia looks for jobs")
    labels: dict[str, str] = Field(default_factory=dict, description="short texts to select objects by")
    annotations: dict[str, str] = Field(default_factory=dict, description="longer texts about the object")


class Party(CrdModel):
    """One taker-part of a task."""

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
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("parameter", "a number must be finite, is {shown}", {"shown": str(value)})
    return value


def _party_parameters(value: Any) -> Any:
    if not isinstance(value, dict):
        raise PydanticCustomError("party_parameters", "can not convert party private params to struct")
    return value


ParameterValue = str | bool | int | float | dict[str, Any]
Parameters = dict[str, Annotated[ParameterValue, BeforeValidator(_parameter)]]
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
    tolerable: bool = Field(default=False, description="whether the job may succeed although this task fails")
    app_image: str = Field(min_length=1, description="name of the AppImage that contains the operator")
    task_input_config: str = Field(description="the task's parameters: a JSON text, kept as it is written")
    priority: int = Field(default=0, description="of several tasks that are ready the larger starts first")
    schedule_config: ScheduleConfig | None = Field(default=None, description="how long to wait for the parties")
    parties: tuple[Party, ...] = Field(strict=False, description="who takes part")

    @cached_property
    def config(self) -> TaskInputConfig:
        """The typed content of `task_input_config`."""
        return TaskInputConfig.from_json(self.task_input_config)


class JobSpec(CrdModel):
    """What a job shall do."""

    flow_id: str | None = Field(
        default=None, description="the id of the flow this job is part of, passed on to the parties"
    )
    initiator: str = Field(min_length=1, description="the domain (node) that schedules the job")
    schedule_mode: Literal["Strict", "BestEffort"] = Field(
        default="Strict", description="after a failure Strict stops at once, BestEffort runs what still can"
    )
    max_parallelism: int = Field(default=1, ge=1, le=128, description="how many tasks may run at once, 1 to 128")
    tasks: tuple[JobTask, ...] = Field(strict=False, min_length=1, max_length=128, description="1 to 128 tasks")


class KusciaJob(CrdModel):
    """Tasks that several domains run together."""

    api_version: Literal["kuscia.secretflow/v1alpha1"] = Field(
        default=API_VERSION, description="the version of Kuscia's API"
    )
    kind: Literal["KusciaJob"] = Field(default="KusciaJob", description="what this manifest describes")
    metadata: Metadata = Field(description="name and namespace")
    spec: JobSpec = Field(description="what the job shall do")

    _source: object | None = PrivateAttr(None)  # the text it was read from, so that later errors can point there

    def __eq__(self, other: object) -> bool:
        """Equal content, wherever it was read from."""
        return isinstance(other, KusciaJob) and self.model_dump() == other.model_dump()
