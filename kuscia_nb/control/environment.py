"""The environment in which an operator's program starts, and what would keep it from starting (spec: kuscia §4).

Kuscia builds the environment when a task starts, so that a fault in taskInputConfig shows late, as a job that hangs.
`injection_problems` finds those faults when the job is read, with Kuscia's texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ManifestError
from ..problems import FieldPath, Problem, choice
from .kinds import KusciaTask
from .resources import (
    ROLES,
    DataRef,
    JobTask,
    KusciaJob,
    ParameterValue,
    Party,
    TaskInputConfig,
)

if TYPE_CHECKING:  # the package of the operators needs numpy, which reading a manifest does not
    from ..operators.component import Component


def operator_environment(
    job: KusciaJob, task: JobTask, task_id: str, party: Party, component: Component, task_ids: Mapping[str, str]
) -> dict[str, str]:
    """What Kuscia's BFIA controller gives to one party's program of a task, in Kuscia's order (spec: kuscia §4.1).

    `task_ids` has the taskID of every task by its alias, for inputs that earlier tasks have made.
    """
    config = task.config
    index = _role_index(config, party)
    own = config.task_params.of(party.role, index)
    environment = {
        "config.task_id": task_id,
        "config.session_id": f"session_{task_id}",
        "config.trace_id": f"trace_{task_id}",
        "config.token": f"token_{task_id}",
        "runtime.component.name": config.module_name,
    }
    for role, i, domain in config.role.members():
        environment[f"config.inst_id.{role}.{i}"] = domain
        environment[f"config.node_id.{role}.{i}"] = domain
    environment["config.self_role"] = f"{party.role}.{index}"
    for key, value in {**config.task_params.common, **own}.items():
        environment[f"runtime.component.parameter.{key}"] = value_text(value)

    folder = f"{job.metadata.name}-{party.role}-{index}"
    if config.input:
        inputs = [_location(folder, _produced(ref, task_ids)) for ref in config.input]
    else:
        namespace, name = (_own_name(own, key, f"{party.role}.{index}", party) for key in ("namespace", "name"))
        inputs = [_location(namespace, name)]
    outputs = [_location(folder, f"{task_id}-{ref.key}") for ref in config.output]
    for direction, names, locations in (("input", component.inputs, inputs), ("output", component.outputs, outputs)):
        for number, location in enumerate(locations, start=1):
            name = _declared(task, component, direction, names, number)
            environment[f"runtime.component.{direction}.{name}"] = location
    return environment


def agent_environment(domain: str, storage: Path) -> dict[str, str]:
    """What the node's agent adds: the party's end of the link, and where its files are (spec: kuscia §4.2)."""
    return {
        "system.transport": f"transport.{domain}.svc",
        "system.storage": f"file://{storage.absolute().as_posix()}",
    }


def task_environment(task: KusciaTask, domain: str) -> dict[str, str]:
    """What v0.5 passes to every container besides: the task as the node has it (spec: kuscia §4.2).

    The parties have no services and no ports: their programs talk over the link.
    """
    parties = [{"name": party.domain_id, "role": party.role, "services": []} for party in task.spec.parties]
    own = [party.domain_id for party in task.spec.parties].index(domain)
    cluster = {"parties": parties, "selfPartyIdx": own, "selfEndpointIdx": 0}
    return {
        "TASK_ID": task.name,
        "TASK_CLUSTER_DEFINE": json.dumps(cluster, separators=(",", ":")),
        "ALLOCATED_PORTS": '{"ports":[]}',
        "TASK_INPUT_CONFIG": task.spec.task_input_config,
    }


def value_text(value: ParameterValue | list[Any] | None) -> str:
    """A parameter as text: strings as they are, plain decimals, compact JSON with sorted keys (spec: kuscia §4.1)."""
    return value if isinstance(value, str) else _compact(value)


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_compact(key)}:{_compact(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_compact(item) for item in value) + "]"
    if isinstance(value, float):  # the shortest decimal that reads back as this number, never with an exponent
        digits = format(Decimal(repr(value)), "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return json.dumps(value, ensure_ascii=False)


def _location(namespace: str, name: str) -> str:
    return json.dumps({"namespace": namespace, "name": name}, separators=(",", ":"), ensure_ascii=False)


# --- steps that can fail, with the texts of spec: kuscia §4.3 --------------------------------------------------------


def _role_index(config: TaskInputConfig, party: Party) -> int:
    if party.role not in ROLES:
        raise ManifestError(f"unsupported role type {party.role}".rstrip(), hint=choice(party.role, ROLES))
    index = config.role.index(party)
    if index is None:
        hint = f'"{party.domain_id}" in the list "{party.role}" of "role" in taskInputConfig'
        raise ManifestError(f"not found party {party.domain_id}/{party.role} in role config", hint=hint)
    return index


def _own_name(own: Mapping[str, ParameterValue], key: str, place: str, party: Party) -> str:
    if key not in own:
        text = f"not found {key} in party task params of {party.domain_id} ({place})"
        raise ManifestError(text, hint=f'"{key}" for {place}: namespace and name say which file it reads')
    return value_text(own[key])


def _produced(ref: DataRef, task_ids: Mapping[str, str]) -> str:
    """The name under which an earlier task has left its output."""
    alias, *rest = ref.key.split(".")
    if not rest:
        raise ManifestError(f'invalid input key "{ref.key}"', hint='"<alias of a task>.<key of its output>"')
    if alias not in task_ids:
        raise ManifestError(f"not found task by name {alias}", hint=choice(alias, task_ids))
    return f"{task_ids[alias]}-{rest[0]}"


def _declared(task: JobTask, component: Component, direction: str, names: tuple[str, ...], number: int) -> str:
    """What the AppImage's component spec calls the n-th input or output."""
    image = f"in component spec of AppImage {task.app_image}"
    if task.config.module_name != component.name:
        hint = choice(task.config.module_name, [component.name])
        raise ManifestError(f"not found expected component {task.config.module_name} {image}", hint=hint)
    if number > len(names):
        text = f"not found expected {direction} name component.1.{direction}.{number}.name {image}"
        raise ManifestError(text, hint=f"at most {len(names)} {direction}s for {component.name}")
    return names[number - 1]


# --- the same, before anything starts --------------------------------------------------------------------------------


def injection_problems(job: KusciaJob, configs: Mapping[int, TaskInputConfig]) -> Iterator[Problem]:
    """What in the taskInputConfigs (by the position of their task) does not fit the job (spec: kuscia §4.3, §7)."""
    for position, config in configs.items():
        path: FieldPath = ("spec", "tasks", position, "taskInputConfig")
        yield from _task_problems(job.spec.tasks[position], config, path)
        invited = {party.domain_id for task in job.spec.tasks for party in task.parties}
        if job.spec.initiator in invited - {config.initiator.node_id}:  # or else it is told that it must be
            text = f'initiator is {job.spec.initiator}, but node_id of "initiator" here is {config.initiator.node_id}'
            yield Problem((*path, "initiator", "node_id"), text, f'"node_id":"{job.spec.initiator}"')
        yield from _party_problems(job.spec.tasks[position], config, path)
        yield from _input_problems(job, configs, config, path)
        yield from _storage_problems(config, path)


def _would_fail(path: FieldPath, step: Callable[..., Any], *arguments: Any) -> Iterator[Problem]:
    try:
        step(*arguments)
    except ManifestError as error:
        yield Problem(path, error.what, error.hint)


def _task_problems(task: JobTask, config: TaskInputConfig, path: FieldPath) -> Iterator[Problem]:
    """Names that do not match and domains with two roles (spec: kuscia §3.7, §7 rows 18, 21)."""
    if config.name != task.alias:
        text = f'failed to find the task by task name: alias is "{task.alias}", name in taskInputConfig "{config.name}"'
        yield Problem((*path, "name"), text, f'"name":"{task.alias}"')
    places: dict[str, str] = {}
    for role, index, domain in config.role.members():
        place = f"{role}.{index}"
        if places.setdefault(domain, place) != place:
            text = f"{domain} is both {places[domain]} and {place}, but its program can have one config.self_role only"
            yield Problem((*path, "role", role, index), text, "every domain in one role")


def _party_problems(task: JobTask, config: TaskInputConfig, path: FieldPath) -> Iterator[Problem]:
    """Parties without a role or without data (spec: kuscia §7 rows 19, 23)."""
    for j, party in enumerate(task.parties):
        if party.role not in ROLES:
            continue  # a problem of the job itself
        index = config.role.index(party)
        if index is None:
            yield from _would_fail((*path[:-1], "parties", j), _role_index, config, party)
        elif not config.input:
            own = config.task_params.of(party.role, index)
            for key in ("namespace", "name"):
                at = (*path, "task_params", party.role, str(index))
                yield from _would_fail(at, _own_name, own, key, f"{party.role}.{index}", party)


def _input_problems(
    job: KusciaJob, configs: Mapping[int, TaskInputConfig], config: TaskInputConfig, path: FieldPath
) -> Iterator[Problem]:
    """Inputs that no task of the job makes (spec: kuscia §3.6, §7 row 29)."""
    aliases = {task.alias: task.alias for task in job.spec.tasks}
    outputs = {job.spec.tasks[i].alias: other.output for i, other in configs.items()}
    for n, ref in enumerate(config.input):
        at = (*path, "input", n, "key")
        yield from _would_fail(at, _produced, ref, aliases)
        alias, _, key = ref.key.partition(".")
        keys = [output.key for output in outputs.get(alias, ()) if output.type == ref.type]
        if key in keys and alias not in {config.name, *_before(job, config.name)}:
            text = f"task {config.name} reads what task {alias} writes, but does not depend on it"
            yield Problem(at, text, f"dependencies: [{alias}]")
        if key and alias in outputs and key.split(".")[0] not in keys:
            yield Problem(at, f'task {alias} has no output "{key}" of type {ref.type}', choice(key, keys))


def _before(job: KusciaJob, alias: str) -> set[str]:
    """The tasks that have ended when a task starts: its dependencies, theirs, and so on."""
    dependencies = {task.alias: task.dependencies for task in job.spec.tasks}
    found: set[str] = set()
    more = set(dependencies.get(alias, ()))
    while more := more - found:
        found |= more
        more = {other for name in more for other in dependencies.get(name, ())}
    return found


def _storage_problems(config: TaskInputConfig, path: FieldPath) -> Iterator[Problem]:
    """Names that would lead out of a node's storage (spec: kuscia §4.4, §7 row 25)."""
    names: list[tuple[FieldPath, object]] = [
        (("task_params", role, index, key), own[key])
        for role in ROLES
        for index, own in getattr(config.task_params, role).items()
        for key in own.keys() & {"namespace", "name"}
    ]
    common = config.task_params.common
    names += [(("task_params", "common", key), common[key]) for key in common.keys() & {"namespace", "name"}]
    names += [(("input", n, "key"), ref.key) for n, ref in enumerate(config.input)]
    names += [(("output", n, "key"), ref.key) for n, ref in enumerate(config.output)]
    for place, name in names:
        if re.search(r"\.\.|[/\\]", str(name)):
            text = f'"{name}" could lead out of the storage: a name must not contain ".." or "/"'
            yield Problem((*path, *place), text, "a plain name; the folder is the namespace")
