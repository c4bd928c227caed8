"""What the standard says otherwise than Kuscia, put in Kuscia's words before anything else reads a request.

Where a party's data is; who takes part in a component that has parameters for everybody only; lists, objects and
nothing as parameters, which Kuscia has no text for; an initiator that only schedules (spec: bfia §1.4, §1.5, §2.3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ..control.datasets import KEY, split_dataset
from ..control.environment import value_text
from ..control.offers import NONE, Offers, offered, same_version
from ..problems import FieldPath, Problem
from .messages import ROLES, Component, Config, CreateJobRequest, Dag, TaskParams

SYNC_TYPES = ("poll",)


class Circumstances(NamedTuple):
    """Where a request is read: what the node offers, if it is one; whether another node schedules the job."""

    offers: Offers | None = None
    scheduled: bool = False


def in_kuscias_words(request: CreateJobRequest, where: Circumstances) -> tuple[CreateJobRequest, list[Problem]]:
    """The request as Kuscia would be sent it, and what is wrong with the standard's words in it."""
    dag, config = request.dag or Dag(), request.config
    if config is None:
        return request, []
    problems = [*_sync_problems(config), *_offer_problems(dag, where.offers)]
    if config.role is None or config.task_params is None:
        return request, problems
    own = {role: _filled(role, dag, config, where.offers or NONE) for role in ROLES}
    params: dict[str, Any] = {
        role: {index: _texts(held, dag, (role, index), problems) for index, held in indexes.items()}
        for role, indexes in own.items()
    }
    params["common"] = _texts(config.task_params.common or {}, dag, ("common",), problems)
    given = {name: value for name, value in params.items() if value or getattr(config.task_params, name) is not None}
    changed: dict[str, Any] = {"task_params": TaskParams(**given)}
    if where.scheduled:
        changed["initiator"] = _taking_part(dag, config, own)
    return request.model_copy(update={"config": config.model_copy(update=changed)}), problems


# --- parties and parameters ------------------------------------------------------------------------------------------


def _standard(dag: Dag) -> list[Component]:
    """The components that have the standard's names."""
    return [component for component in dag.components if component.name and component.component_name]


def _filled(role: str, dag: Dag, config: Config, offers: Offers) -> dict[str, dict[str, Any]]:
    """The parameters of a role's parties, be they none: it takes part where the component's description has it."""
    params = getattr(config.task_params, role) or {}
    found = {index: dict(held) for index, held in params.items()}
    for component in _standard(dag):
        offer = offered(offers, component.image, component.module)
        if role in offer.roles:
            for index in range(len(getattr(config.role, role))):
                found.setdefault(str(index), {}).setdefault(component.name, {})
    return found


def _texts(
    held: Mapping[str, Mapping[str, Any]], dag: Dag, place: FieldPath, problems: list[Problem]
) -> dict[str, dict[str, Any]]:
    """The parameters of each component, as an operator can be given them."""
    standard = {component.name for component in _standard(dag)}
    found: dict[str, Any] = {}
    for name, params in held.items():
        if not isinstance(params, Mapping):  # which is refused elsewhere
            found[name] = params
            continue
        try:
            split = split_dataset(params)
        except ValueError as error:
            path: FieldPath = ("config", "task_params", *place, name, KEY)
            problems.append(Problem(path, str(error), "dataset_id alone, or namespace and name alone"))
            split = {key: value for key, value in params.items() if key != KEY} | {"namespace": "", "name": ""}
        found[name] = {key: _text(value) for key, value in split.items()} if name in standard else split
    return found


def _text(value: Any) -> Any:
    """What has no text in Kuscia as JSON text (spec: bfia §2.3)."""
    return value_text(value) if value is None or isinstance(value, list | dict) else value


def _taking_part(dag: Dag, config: Config, own: Mapping[str, Mapping[str, Collection[str]]]) -> Any:
    """The initiator, or the first party if that one only schedules: a KusciaJob's is one of its parties."""
    names = {component.name for component in dag.components}
    parties = [
        (role, node)
        for role in ("host", "guest", "arbiter")
        for index, node in enumerate(getattr(config.role, role))
        if not names.isdisjoint(own[role].get(str(index), ()))
    ]
    initiator = config.initiator
    if not initiator or not parties or initiator.node_id in ("", *(node for _, node in parties)):
        return initiator
    role, node = parties[0]
    return initiator.model_copy(update={"role": role, "node_id": node})


# --- what is refused -------------------------------------------------------------------------------------------------


def _sync_problems(config: Config) -> Iterator[Problem]:
    """Ways to hear how far a task is that are none of these nodes' (spec: bfia §1.4)."""
    said = ((config.job_params and config.job_params.common) or {}).get("sync_type")
    if said is not None and said not in SYNC_TYPES:
        text = "these nodes do not call back: they poll, and are polled" if said == "callback" else "is no sync_type"
        path = ("config", "job_params", "common", "sync_type")
        yield Problem(path, f"{value_text(said)}: {text}", '"sync_type": "poll"')


def _offer_problems(dag: Dag, offers: Offers | None) -> Iterator[Problem]:
    """Components of another provider, or of another version, than those that the node has under their names.

    Kuscia compares neither: who names an AppImage (`code`) has chosen.
    """
    for i, component in enumerate(dag.components if offers is not None else ()):
        if component.code:
            continue
        offer = offered(offers or NONE, component.image, component.component_name)
        name, path = component.component_name, ("dag", "components", i)
        if component.provider and offer.provider and component.provider != offer.provider:
            text = f'{name} is of the provider "{offer.provider}" here, not of "{component.provider}"'
            yield Problem((*path, "provider"), text, f'"{offer.provider}", or register the other one by another name')
        elif (
            component.version
            and offer.versions
            and not any(same_version(component.version, version) for version in offer.versions)
        ):
            text = f"{name} is here in version {' or '.join(offer.versions)}, not {component.version}"
            yield Problem((*path, "version"), text, f'"{offer.versions[0]}"')
