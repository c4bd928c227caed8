"""KusciaJob as a typed value, and the rules that a schema cannot express (spec: kuscia §1.1, §1.9, §3.5, §7).

Attributes are snake_case, manifests keep the names of the CRD (`domain_id` is `domainID`). A model refuses unknown
fields and never changes; dumping one gives manifest names and leaves out what is empty, as Kubernetes does.
"""

from __future__ import annotations

import difflib
import graphlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple

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

FieldPath = tuple[str | int, ...]


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


# --- rules -----------------------------------------------------------------------------------------------------------


class Problem(NamedTuple):
    """Something wrong in a manifest: the path of the value, what is wrong with it, and what to try."""

    path: FieldPath
    text: str
    hint: str = ""
    on_key: bool = False  # the fault is in the key, not in the value
    at: int | None = None  # its index in the text, where the path alone would not lead there


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option that `word` was probably meant to be."""
    folded = {option.lower(): option for option in options}
    matches = difflib.get_close_matches(word.lower(), folded, n=1)
    return folded[matches[0]] if matches else None


def choice(word: str, options: Iterable[str]) -> str:
    """A hint with the nearest option and all there are."""
    options = sorted(set(options))
    known = ", ".join(options)
    match = nearest(word, options)
    return f'"{match}" (known: {known})' if match else f"one of: {known}" if known else "none is known"


def rule_problems(job: KusciaJob) -> Iterator[Problem]:
    """Every rule that the job breaks, whatever its tasks compute."""
    yield from _name_problems(job)
    yield from _party_problems(job)
    yield from _dependency_problems(job)


_RFC1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_RFC1123_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)


def _name_problem(path: FieldPath, name: str, longest: int, why: str) -> Iterator[Problem]:
    if not _RFC1123.fullmatch(name):
        better = re.sub(r"[^a-z0-9]+", "-", name.lower())[:longest].strip("-")
        yield Problem(path, f'Invalid value: "{name}": {_RFC1123_TEXT}', f'"{better or "job-1"}"')
    if len(name) > longest:
        yield Problem(path, f"must be no more than {longest} characters, has {len(name)}", why)


def _name_problems(job: KusciaJob) -> Iterator[Problem]:
    """Names that Kubernetes refuses, or that Kuscia takes and never serves (spec: kuscia §7 rows 6, 7, 15, 35)."""
    why = "a shorter name: a taskID is the job's name and 13 more characters, and must fit a label of 63"
    yield from _name_problem(("metadata", "name"), job.metadata.name, JOB_NAME_LENGTH, why)
    if job.metadata.namespace != CROSS_DOMAIN:
        text = f'a job in namespace "{job.metadata.namespace}" never runs: Kuscia looks for jobs in {CROSS_DOMAIN} only'
        yield Problem(("metadata", "namespace"), text, f"namespace: {CROSS_DOMAIN}, or no namespace at all")
    first: dict[tuple[str, str], int] = {}
    for i, task in enumerate(job.spec.tasks):
        path: FieldPath = ("spec", "tasks", i)
        if task.task_id is not None:
            yield from _name_problem((*path, "taskID"), task.task_id, TASK_ID_LENGTH, "a shorter taskID")
        for field, value in (("alias", task.alias), ("taskID", task.task_id)):
            if value is not None and first.setdefault((field, value), i) != i:
                text = f'{field} "{value}" is used twice, first by spec.tasks[{first[field, value]}]'
                yield Problem((*path, field), text, f"another {field}")


def _party_problems(job: KusciaJob) -> Iterator[Problem]:
    """Who takes part, as far as the manifest alone can tell (spec: kuscia §1.9 row 4, §4.3, §7 rows 13, 14, 20)."""
    first = job.spec.tasks[0]
    invited = {party.domain_id for party in first.parties}
    if job.spec.initiator not in invited:
        hint = choice(job.spec.initiator, invited) if invited else f"parties of {first.alias}"
        yield Problem(("spec", "initiator"), "initiator should be one of task parties", hint)
    for i, task in enumerate(job.spec.tasks):
        for j, party in enumerate(task.parties):
            path: FieldPath = ("spec", "tasks", i, "parties", j)
            if party.role not in ROLES:
                text = f"unsupported role type {party.role}".rstrip()
                yield Problem((*path, "role"), text, choice(party.role, ROLES))
            if party in task.parties[:j]:
                yield Problem(path, f"party {party.domain_id}/{party.role} is listed twice", "one entry for each party")
            if invited and party.domain_id not in invited:
                text = f"{party.domain_id} is not a party of the first task, so nobody would send it the job"
                hint = f"{party.domain_id} among the parties of {first.alias} too, or a job of its own for {task.alias}"
                yield Problem((*path, "domainID"), text, hint)


def _dependency_problems(job: KusciaJob) -> Iterator[Problem]:
    """Dependencies that are missing, circular or may never end (spec: kuscia §1.8, §1.9 rows 5, 6, §7 rows 8-10)."""
    tasks = {task.alias: task for task in job.spec.tasks}
    for i, task in enumerate(job.spec.tasks):
        for j, alias in enumerate(task.dependencies):
            path: FieldPath = ("spec", "tasks", i, "dependencies", j)
            if alias not in tasks:
                text = f"validate failed: task {task.alias} has not exist dependency task {alias}"
                yield Problem(path, text, choice(alias, tasks.keys() - {task.alias}))
            elif tasks[alias].tolerable and alias != task.alias:
                text = f"task {task.alias} depends on the tolerable task {alias}: if that fails, the job never ends"
                yield Problem(path, text, f"tolerable: false for {alias}, or no task that depends on it")
    graph = {alias: task.dependencies for alias, task in tasks.items()}
    while cycle := _cycle(graph):
        at = next(i for i, task in enumerate(job.spec.tasks) if task.alias == cycle[0])
        text = f"validate failed: cycled dependencies: {' -> '.join(cycle)}"
        yield Problem(("spec", "tasks", at, "dependencies"), text, "leave out one of these dependencies")
        graph = {alias: dependencies for alias, dependencies in graph.items() if alias not in cycle}


def _cycle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Aliases that depend on each other, the first one again at the end; empty if there are none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1][::-1]
    return []
