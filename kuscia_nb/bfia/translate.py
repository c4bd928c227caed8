"""A create-job request to a KusciaJob and back, as Kuscia's BFIA adapter does it (spec: kuscia §3.3, §3.5 to §3.7)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..control.datasets import dataset_id
from ..control.offers import NONE, Offers, offered
from ..control.resources import JobSpec, JobTask, KusciaJob, Metadata, Party, TaskInputConfig
from ..control.source import dotted
from ..errors import ManifestError
from ..problems import FieldPath, Problem, choice, nearest
from .dialect import is_standard
from .messages import (
    ROLES,
    Component,
    ComponentIO,
    Config,
    ConfigInitiator,
    ConfigRole,
    CreateJobRequest,
    Dag,
    JobParams,
    TaskParams,
    go_json,
)
from .told import told

PROTOCOL = ("kuscia.secretflow/interconn-protocol-type", "bfia")
"""The label of every job that came as a request."""
VERSION = "2.0.0"
MOST_COMPONENTS = 128


class Place(NamedTuple):
    """Where a party of a component stands in config.role."""

    role: str
    number: int
    node: str


def to_job(request: CreateJobRequest) -> KusciaJob:
    """The KusciaJob that Kuscia makes of a request (spec: kuscia §3.5); ManifestError if it cannot make one.

    The stage of the job is left out: Create is its default in v0.5, and a label that a controller changes later on.
    """
    for problem in request_problems(request):
        raise ManifestError(problem.text, where=dotted(problem.path), hint=problem.hint)
    dag, config = request.dag or Dag(), request.config or Config()
    dependencies = _dependencies(dag.components)
    tasks = []
    for component in dag.components:
        task = JobTask(
            alias=component.name,
            app_image=component.image,
            task_input_config=_task_input_config(component, config),
            tolerable=bool(component.tolerable),
            parties=tuple(Party(domain_id=place.node, role=place.role) for place in places(component, config)),
        )
        if names := dependencies.get(component.name):  # an empty list of them would not be valid
            task = task.model_copy(update={"dependencies": names})
        tasks.append(task)
    spec = JobSpec(
        flow_id=request.flow_id or None,
        initiator=config.initiator.node_id if config.initiator else "",
        max_parallelism=2,
        schedule_mode="Strict",
        tasks=tuple(tasks),
    )
    return KusciaJob(metadata=Metadata(name=request.job_id, labels=dict([PROTOCOL])), spec=spec)


def places(component: Component, config: Config) -> list[Place]:
    """The parties of a component: every (role, index) with parameters for it, be they empty (spec: kuscia §3.5)."""
    found = []
    for role in ROLES:
        nodes = getattr(config.role, role, ())
        indexes = [int(index) for index, own in _params(config, role).items() if component.name in own]
        found += [Place(role, index, nodes[index]) for index in sorted(indexes)]
    return found


def producer(component: Component, ref: ComponentIO, components: Iterable[Component]) -> str | None:
    """The name of the first other component with the output that an input refers to (spec: kuscia §3.6)."""
    for other in components:
        if (other.name, other.module) != (component.name, component.module):
            for output in other.output:
                if output.type == ref.type and f"{other.name}.{output.key}" == ref.key:
                    return other.name
    return None


def _dependencies(components: Iterable[Component]) -> dict[str, tuple[str, ...]]:
    """By component name, the producer of each input that has one: twice if it has two of them."""
    found: dict[str, tuple[str, ...]] = {}
    for component in components:
        for ref in component.input:
            if name := producer(component, ref, components):
                found[component.name] = (*found.get(component.name, ()), name)
    return found


def _params(config: Config, role: str) -> Mapping[str, Mapping[str, Any]]:
    """A role's task parameters, by index and component."""
    return getattr(config.task_params, role, None) or {}


def _task_input_config(component: Component, config: Config) -> str:
    """One component's share of the request as text, in the adapter's bytes (spec: kuscia §3.5)."""
    own = {
        role: {index: params[component.name] for index, params in found.items() if component.name in params}
        for role in ("host", "arbiter", "guest")
        if (found := _params(config, role))
    }
    common = config.task_params and (config.task_params.common or {}).get(component.name)
    message: dict[str, Any] = {
        "name": component.name,
        "module_name": component.module,
        "input": [ref.model_dump() for ref in component.input],
        "output": [ref.model_dump() for ref in component.output],
        "role": config.role and _roles(component, config.role, own),
        "initiator": config.initiator and config.initiator.model_dump(),
    }
    params = {key: value for key, value in [*own.items(), ("common", common)] if value}
    return go_json(
        {key: value for key, value in message.items() if value not in ("", [], None)} | {"task_params": params}
    )


def _roles(component: Component, role: ConfigRole, own: Mapping[str, object]) -> dict[str, Any]:
    """Who has which role. In the standard it may be the job's scheduler alone, which no program hears of."""
    found = role.model_dump()
    return {name: nodes for name, nodes in found.items() if own.get(name)} if component.component_name else found


# --- what the adapter refuses ----------------------------------------------------------------------------------------


def request_problems(request: CreateJobRequest) -> Iterator[Problem]:
    """What keeps a request from being translated, with Kuscia's texts where it has one (spec: kuscia §3.3, §7)."""
    for name in ("job_id", "dag", "config"):
        if not getattr(request, name):
            yield Problem((name,), f"parameter {name} can't be empty", _described(request, name), missing=(name,))
    dag, config = request.dag, request.config
    if dag:
        yield from _dag_problems(dag)
    if config:
        yield from _config_problems(config)
    if dag and config and config.role and config.task_params:
        yield from _name_problems(dag, config.task_params)
        for component in dag.components:
            if component.name:
                yield from _party_problems(component, config)


def _described(message: CreateJobRequest | Config | Component | ComponentIO | ConfigInitiator, name: str) -> str:
    return f'"{name}": {type(message).model_fields[name].description}'


def _dag_problems(dag: Dag) -> Iterator[Problem]:
    path: FieldPath = ("dag", "components")
    if not dag.components:
        yield Problem(path, "should have at least 1 items", "1 to 128 components")
    if len(dag.components) > MOST_COMPONENTS:
        yield Problem(path, f"should have at most {MOST_COMPONENTS} items", "1 to 128 components")
    first: dict[str, int] = {}
    for i, component in enumerate(dag.components):
        for name, value in (("name", component.name), ("module_name", component.module)):
            if not value:
                yield Problem((*path, i, name), "must not be empty", _described(component, name))
        if not component.image:
            text = "validate appImage failed, component code can't be empty"
            yield Problem((*path, i, "code"), text, _described(component, "code"), complete=True)
        if component.name and first.setdefault(component.name, i) != i:
            text = f'name "{component.name}" is used twice, first by dag.components[{first[component.name]}]'
            yield Problem((*path, i, "name"), text, "another name")
        for direction in ("input", "output"):
            for n, ref in enumerate(getattr(component, direction)):
                for name in ("type", "key"):
                    if not getattr(ref, name):
                        yield Problem((*path, i, direction, n, name), "must not be empty", _described(ref, name))


def _config_problems(config: Config) -> Iterator[Problem]:
    """Parts without which Kuscia answers an error or panics (spec: kuscia §3.3 rows 3 and 4, §7 row 33)."""
    initiator = config.initiator
    if initiator is None or not initiator.node_id:
        path = ("config", "initiator") if initiator is None else ("config", "initiator", "node_id")
        text = "interconn job config initiator can't be empty"
        yield Problem(path, text, _described(config, "initiator"), complete=True)
    if initiator is not None and not initiator.role:
        yield Problem(("config", "initiator", "role"), "must not be empty", _described(initiator, "role"))
    for name in ("role", "task_params"):
        if getattr(config, name) is None:
            yield Problem(("config", name), "can't be empty", _described(config, name))
    for role in ROLES:
        for index, node in enumerate(getattr(config.role, role, ())):
            if not node:
                yield Problem(("config", "role", role, index), "must not be empty", "the node's id, for example alice")


def _name_problems(dag: Dag, params: TaskParams) -> Iterator[Problem]:
    """Parameters under a name that is nearly that of a component; Kuscia would leave them out without a word."""
    names = {component.name for component in dag.components if component.name}
    holders = [((role, index), own) for role in ROLES for index, own in (getattr(params, role) or {}).items()]
    for place, holder in [*holders, (("common",), params.common or {})]:
        for key in holder.keys() - names:
            if nearest(key, names - holder.keys()):
                path: FieldPath = ("config", "task_params", *place, key)
                yield Problem(path, f'no component has the name "{key}"', choice(key, names), on_key=True)


def _party_problems(component: Component, config: Config) -> Iterator[Problem]:
    """Indexes that are none, and a component that nobody takes part in (spec: kuscia §3.3 row 3, §7 row 34)."""
    taken = False
    for role in ROLES:
        nodes = getattr(config.role, role)
        for index, own in _params(config, role).items():
            if component.name in own:
                taken = True
                if text := _index_fault(index, nodes):
                    known = ", ".join(f'"{i}"' for i in range(len(nodes)))
                    hint = f"one of: {known}" if nodes else f"node ids in config.role.{role}, which has none"
                    path: FieldPath = ("config", "task_params", role, index)
                    yield Problem(path, f"generate taskInputConfig failed, {text}", hint, on_key=True, complete=True)
    if not taken:
        text = f"component {component.name} has no parties: it is not in the parameters of any index of a role"
        yield Problem(("config", "task_params"), text, f'"host": {{"0": {{"{component.name}": {{}}}}}}')


def _index_fault(index: str, nodes: tuple[str, ...]) -> str | None:
    """Kuscia's text; for -1, at which it panics, and for +1 and 01, which nobody finds again, that of a word."""
    fault = f"role index should be number string format, strconv.Atoi: parsing {json.dumps(index, ensure_ascii=False)}"
    if not re.fullmatch(r"0|[1-9][0-9]*", index):
        return f"{fault}: invalid syntax"
    if len(index) > len(str(2**63)) or int(index) >= 2**63:
        return f"{fault}: value out of range"
    if int(index) >= len(nodes):
        return f"role index {int(index) + 1} should be less than role [{' '.join(nodes)}] length"
    return None


# --- a KusciaJob to the request for the peer -------------------------------------------------------------------------


def to_request(job: KusciaJob, versions: Mapping[str, str], offers: Offers = NONE) -> dict[str, Any]:
    """The create-job request that Kuscia sends to the peer of a job (spec: kuscia §3.7).

    `versions` has the tag of every AppImage on the initiator. Resources, dependencies and the job's aliases are not
    sent: the peer finds dependencies in the inputs, and takes the name in each taskInputConfig as alias. For a job in
    the standard's dialect its keys stand beside Kuscia's, with what is known of the components (`offers`), so that any
    peer can read it (spec: bfia §6.1, §9.1).
    """
    standard = is_standard(job)
    components, configs = [], []
    for task in job.spec.tasks:
        config = _task_config(task)
        if task.app_image not in versions:
            image = task.app_image
            text = f'failed to get appimage {image}, appimage.kuscia.secretflow "{image}" not found'
            raise ManifestError(text, hint=choice(image, versions))
        configs.append(config)
        component = Component(
            code=task.app_image,
            name=config.name,
            module_name=config.module_name,
            version=versions[task.app_image],
            input=tuple(ComponentIO(type=ref.type, key=ref.key) for ref in config.input),
            output=tuple(ComponentIO(type=ref.type, key=ref.key) for ref in config.output),
            tolerable=task.tolerable or None,
        )
        components.append(_in_both(component, offers) if standard else component)
    first = configs[0]
    role = ConfigRole(**{name: getattr(first.role, name) for name in ROLES})
    last = {name: {str(len(nodes) - 1): {}} for name in ROLES if (nodes := getattr(role, name))}
    common = {**({"sync_type": "poll"} if standard else {}), **told(job)}
    config = Config(
        role=role,
        initiator=ConfigInitiator(role=first.initiator.role, node_id=first.initiator.node_id),
        job_params=JobParams(**last, common=common or None),
        task_params=_nested(configs, with_ids=standard),
        version=VERSION,
    )
    dag = Dag(version=VERSION, components=tuple(components))
    request = CreateJobRequest(job_id=job.metadata.name, flow_id=job.spec.flow_id or "", dag=dag, config=config)
    data = request.model_dump(mode="json")
    for written in data["dag"]["components"]:
        if "component_name" in written:  # the one name that the standard has in camel case
            written["componentName"] = written.pop("component_name")
    return data


def request_bytes(job: KusciaJob, versions: Mapping[str, str], offers: Offers = NONE) -> bytes:
    """`to_request` as Kuscia puts it on the wire."""
    return go_json(to_request(job, versions, offers)).encode()


def _in_both(component: Component, offers: Offers) -> Component:
    """A component with the standard's names beside Kuscia's. Its provider must be there, and may be nobody known."""
    offer = offered(offers, component.code, component.module_name)
    names = {
        "component_name": component.module_name,
        "provider": offer.provider or "kuscia_nb",
        "version": offer.versions[0] if offer.versions else component.version,
    }
    return component.model_copy(update=names)


def _task_config(task: JobTask) -> TaskInputConfig:
    try:
        return task.config
    except json.JSONDecodeError as error:
        raise ManifestError(f"unmarshal task {task.alias} taskInputConfig failed, {error}") from error
    except ValidationError as error:
        raise ManifestError(f"invalid task input config, {task.task_input_config}") from error


def _nested(configs: Iterable[TaskInputConfig], with_ids: bool) -> TaskParams:
    """The tasks' parameters as role -> index -> component and common -> component; all four, be they empty."""
    nested: dict[str, dict[str, Any]] = {"host": {}, "arbiter": {}, "guest": {}, "common": {}}
    for config in configs:
        if "common" in config.task_params.model_fields_set:
            nested["common"][config.name] = config.task_params.common
        for role in ROLES:
            for index, own in getattr(config.task_params, role).items():
                nested[role].setdefault(index, {})[config.name] = own | (dataset_id(own) if with_ids else {})
    return TaskParams(**nested)
