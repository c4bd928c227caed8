"""A manifest's text to a checked KusciaJob, or to one error that shows every problem in its place.

YAML is read as version 1.2 (`domainID: no` is the text "no") and JSON is YAML too. The position of every value is
kept, also of those inside the JSON of taskInputConfig (spec: kuscia §1.1, §1.9, §3.5, §7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ..errors import ManifestError
from ..problems import FieldPath, Problem, choice, nearest
from .environment import injection_problems
from .parse import MOST_PROBLEMS, JsonPlaces, Place, json_data
from .recognise import bare_config
from .resources import API_VERSION, KusciaJob, TaskInputConfig
from .rules import rule_problems
from .source import Source, dotted, form_error, json_fault, manifest_error, only_document, shown
from .values import json_like, value_problems

M = TypeVar("M", bound=BaseModel)


def read_manifest(text: str) -> KusciaJob:
    """The job that a YAML or JSON text describes; one ManifestError says everything that is wrong with it."""
    return checked_job(*only_document(text))


def from_dict(data: Mapping[str, Any]) -> KusciaJob:
    """The job that a manifest in Python's own types describes, with the same checks as `read_manifest`."""
    try:
        data = json_like(data)
        if problems := list(islice(value_problems(data), MOST_PROBLEMS)):
            raise manifest_error(problems, Source())
        return checked_job(data, Source(), [])
    except RecursionError as error:
        raise ManifestError("the manifest is nested too deeply") from error


def problems_against(job: KusciaJob, domains: Collection[str], app_images: Collection[str]) -> Iterator[Problem]:
    """The domains and appImages of a job that the cluster does not have (spec: kuscia §1.9 rows 1 and 3, §3.7)."""

    def need_domain(domain: str, what: str, path: FieldPath) -> Iterator[Problem]:
        if domain not in domains:
            text = f'can\'t find {what} namespace {domain} under cluster, namespace "{domain}" not found'
            yield Problem(path, text, choice(domain, domains))

    yield from need_domain(job.spec.initiator, "initiator", ("spec", "initiator"))
    for i, task in enumerate(job.spec.tasks):
        if task.app_image not in app_images:
            image = task.app_image
            text = f'failed to get appimage {image}, appimage.kuscia.secretflow "{image}" not found'
            yield Problem(("spec", "tasks", i, "appImage"), text, choice(image, app_images))
        for j, party in enumerate(task.parties):
            yield from need_domain(party.domain_id, "party", ("spec", "tasks", i, "parties", j, "domainID"))


# --- data to a job ---------------------------------------------------------------------------------------------------


def checked_job(data: Any, source: Source, problems: list[Problem]) -> KusciaJob:
    """The job of a text's data, or of a dict's; `problems` are what is wrong with the text as YAML."""
    if wrong := _kind_problem(data):
        raise form_error([wrong], source)
    cleaned = without_written(plain(data))
    configs: dict[int, TaskInputConfig] = {}
    for i, text in _config_texts(cleaned):
        config, found = _config(text, ("spec", "tasks", i, "taskInputConfig"), source)
        problems += found
        if config:
            configs[i] = config
    job, found = validated(KusciaJob, cleaned, ())
    problems += found
    if job:
        problems += islice(chain(rule_problems(job), injection_problems(job, configs)), MOST_PROBLEMS)
    if problems or not job:
        raise form_error(problems, source)
    job.point_into(source)
    return job


def _kind_problem(data: Any) -> Problem | None:
    """A manifest of something else (with kubectl's text)."""
    if not isinstance(data, Mapping):
        hint = "apiVersion, kind, metadata and spec of a KusciaJob"
        if isinstance(data, str) and data.endswith((".yaml", ".yml", ".json")):
            hint = f"the text of that file, or %kubectl apply -f {data}"
        return Problem((), f"a manifest is a mapping, this is {shown(data)}", hint)
    if {"job_id", "dag"} <= data.keys():
        return Problem((), "this is a BFIA create-job request, not a manifest", "%bfia_submit or cluster.submit(...)")
    if config := bare_config(data):
        return config
    for name, supported in (("apiVersion", API_VERSION), ("kind", "KusciaJob")):
        hint = f"{name}: {supported}" + (", the only kind that is supported" if name == "kind" else "")
        if data.get(name) is None:
            return Problem((name,), f"{name} not set", hint, on_key=True)
        if data[name] != supported:
            text = f'no matches for kind "{data.get("kind")}" in version "{data["apiVersion"]}"'
            return Problem((name,), text, hint)
    return None


def plain(data: Any) -> Any:
    """A copy in dicts and lists, without keys that have no value: Kubernetes takes them as not set."""
    if isinstance(data, Mapping):
        return {key: plain(value) for key, value in data.items() if value is not None}
    if isinstance(data, list | tuple):
        return [plain(item) for item in data]
    return data


_WRITTEN = (
    "creationTimestamp", "generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid",
)  # fmt: skip


def without_written(data: dict[str, Any]) -> dict[str, Any]:
    """The manifest without what the node writes, so that what `kubectl get -o yaml` prints can be applied again."""
    data.pop("status", None)
    if isinstance(metadata := data.get("metadata"), dict):
        for name in _WRITTEN:
            metadata.pop(name, None)
    return data


def _config_texts(data: Any) -> Iterator[tuple[int, str]]:
    """The taskInputConfigs that are texts, whatever else is wrong."""
    spec = data.get("spec")
    tasks = spec.get("tasks") if isinstance(spec, dict) else None
    for i, task in enumerate(tasks if isinstance(tasks, list) else []):
        if isinstance(task, dict) and isinstance(task.get("taskInputConfig"), str):
            yield i, task["taskInputConfig"]


def _config(text: str, path: FieldPath, source: Source) -> tuple[TaskInputConfig | None, list[Problem]]:
    """The content of a taskInputConfig, as far as it can be read (spec: kuscia §3.5, §4.3)."""
    twice: list[object] = []

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(data := dict(pairs)) < len(pairs):
            twice.append(pairs)
        return data

    try:
        data = json_data(text, read)
    except (ValueError, RecursionError) as error:
        return None, [_not_json(error, text, path, source)]
    problems = _read_inside(text, path, source) if twice else []
    source.inner[path] = partial(_read_inside, text, path, source)
    config, found = validated(TaskInputConfig, data, path)
    missing = [problem for problem in found if problem.text == REQUIRED and len(problem.path) == len(path) + 1]
    if missing:  # one complaint names them all
        what = f"invalid task input config, missing {', '.join(str(problem.path[-1]) for problem in missing)}"
        problems.append(Problem(path, what, "; ".join(problem.hint for problem in missing)))
    return config, problems + [problem for problem in found if problem not in missing]


def _not_json(error: ValueError | RecursionError, text: str, path: FieldPath, source: Source) -> Problem:
    characters = source.characters(path, text)
    detail, hint, position = json_fault(error, text)
    if not characters:
        detail += f" near {text[max(0, position - 20) : position + 20]!r}"
    what = f"failed to unmarsh task input config, detail-> {detail}"
    at = characters[position] if characters else None
    return Problem(path, what, hint, at=at)


def _read_inside(text: str, path: FieldPath, source: Source) -> list[Problem]:
    """Note where the values of a JSON text stand; the problems are keys that it has twice."""
    characters, found = source.characters(path, text), JsonPlaces(text)
    for inner, place in found.places.items():
        if inner and characters:
            key, start, end = (characters[index] for index in (place.key, place.value, place.end))
            source.places[path + inner] = Place(key, start, end)
    return [
        Problem(path + twice.path, twice.text, twice.hint, at=characters[twice.at] if characters and twice.at else None)
        for twice in found.problems
    ]


# --- what pydantic says, in the words of Kubernetes ------------------------------------------------------------------

REQUIRED = "Required value"
_KINDS = {
    "string_type": "a string",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
}
_TEXTS = {
    "missing": REQUIRED,
    "string_too_short": "must not be empty",
    "too_short": "should have at least {min_length} items",
    "too_long": "should have at most {max_length} items",
    "greater_than_equal": "Invalid value: {input}: should be greater than or equal to {ge}",
    "less_than_equal": "Invalid value: {input}: should be less than or equal to {le}",
}
_NO_LIMITS = "a manifest without it: no container runs here whose resources could be limited"
_KUSCIA_ONLY: dict[str, str] = dict.fromkeys(("resources", "bandwidthLimits"), _NO_LIMITS)


def validated(model: type[M], data: Any, base: FieldPath) -> tuple[M | None, list[Problem]]:
    """The model and what is wrong with its data.

    When only optional parts are wrong there still is a model without them, so that the rules can be checked too.
    """
    try:
        return model.model_validate(data, by_alias=True, by_name=False), []
    except ValidationError as error:
        # a list whose items are all wrong also counts as too short
        details = [d for d in error.errors(include_url=False) if d["type"] != "too_short" or not d["input"]]
        details = details[:MOST_PROBLEMS]
    meant = {(*detail["loc"][:-1], _meant(detail, model)) for detail in details if detail["type"] == "extra_forbidden"}
    problems = [
        _schema_problem(detail, model, base)
        for detail in details
        if detail["type"] != "missing" or detail["loc"] not in meant
    ]
    try:
        return model.model_validate(_without_faults(details, model, data), by_alias=True, by_name=False), problems
    except ValidationError:
        return None, problems


def _without_faults(details: Iterable[ErrorDetails], model: type[BaseModel], data: Any) -> Any:
    """The data without its faulty fields, misspelt ones renamed."""
    for detail in details:
        if detail["type"] == "missing" or not detail["loc"]:
            continue
        holder: Any = data
        for part in detail["loc"][:-1]:
            holder = holder[part]
        if isinstance(holder, dict):
            value = holder.pop(detail["loc"][-1], None)
            if detail["type"] == "extra_forbidden" and (name := _meant(detail, model)):
                holder.setdefault(name, value)
    return data


def _meant(detail: ErrorDetails, model: type[BaseModel]) -> str | None:
    """The field that an unknown one probably stands for."""
    name = str(detail["loc"][-1])
    return None if name in _KUSCIA_ONLY else nearest(name, _fields(model, detail["loc"][:-1]))


def _fields(model: type[BaseModel], path: Iterable[str | int]) -> dict[str, FieldInfo]:
    """The fields, by their names in a manifest, of what stands at `path`; none where names are free."""
    for part in path:
        if isinstance(part, str):
            info = _fields(model, ()).get(part)
            inner = [info.annotation, *get_args(info.annotation)] if info else []
            models = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)]
            if not models:
                return {}
            model = models[0]
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _options(annotation: Any) -> tuple[Any, ...]:
    """The values of a Literal, also of one beside None."""
    inner = get_args(annotation)
    return inner if get_origin(annotation) is Literal else tuple(value for one in inner for value in _options(one))


def _schema_problem(detail: ErrorDetails, model: type[BaseModel], base: FieldPath) -> Problem:
    """One of pydantic's errors, with a hint made of the field's description."""
    path, kind, given = base + detail["loc"], detail["type"], detail["input"]
    if not detail["loc"]:
        return Problem(path, f"must be an object, is {shown(given)}")
    name = str(detail["loc"][-1])
    fields = _fields(model, detail["loc"][:-1])
    if kind == "extra_forbidden":
        hint = _KUSCIA_ONLY.get(name) or choice(name, fields)
        return Problem(path, f'unknown field "{dotted(path)}"', hint, on_key=True)
    hint = f"{name}: {fields[name].description}" if name in fields else ""
    if kind == "literal_error":
        options = _options(fields[name].annotation)
        listed = ", ".join(f'"{option}"' for option in options)
        text = f"Unsupported value: {shown(given)}: supported values: {listed}"
        return Problem(path, text, choice(str(given), options))
    if kind in _KINDS:
        if kind == "string_type" and not isinstance(given, dict | list):
            hint = f'"{name}": "{shown(given)}"' if base else f"{name}: '{shown(given)}'"  # in JSON, in YAML
        return Problem(path, f"must be {_KINDS[kind]}, is {shown(given)}", hint)
    text = _TEXTS[kind].format(**detail.get("ctx", {}), input=given) if kind in _TEXTS else detail["msg"]
    return Problem(path, text, hint, on_key=kind == "missing")
