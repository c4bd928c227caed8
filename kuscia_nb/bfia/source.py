"""The text of a request: errors that point into it, with the names that it uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from pydantic.alias_generators import to_camel

from ..control.parse import MOST_PROBLEMS
from ..control.source import Source, manifest_error
from ..errors import ManifestError
from ..problems import FieldPath, Problem, nearest
from . import messages
from .messages import Config, CreateJobRequest, Dag, Message
from .translate import places


class RequestSource(Source):
    """A request's text and data; problems are placed by the names that the text has."""

    def __init__(self, text: str = "", data: Any = None) -> None:
        super().__init__(text)
        self.data = data

    def spelled(self, path: FieldPath) -> FieldPath:
        """The path with jobId or componentName for job_id or module_name, where the request has those."""
        found, holder = [], self.data
        for part in path:
            if isinstance(holder, Mapping):
                spellings = (part, to_camel(part), *_OTHER_NAMES.get(part, ())) if isinstance(part, str) else ()
                part = next((name for name in spellings if holder.get(name) is not None), part)
                holder = holder.get(part)
            else:
                holder = holder[part] if isinstance(holder, list) and isinstance(part, int) else None
            found.append(part)
        return tuple(found)

    def keys(self, path: FieldPath) -> list[str]:
        """The keys of the object at a path."""
        holder = self.data
        for part in self.spelled(path):
            try:
                holder = holder[part]
            except (KeyError, IndexError, TypeError):
                return []
        return [str(key) for key in holder] if isinstance(holder, Mapping) else []


def source_of(request: CreateJobRequest) -> RequestSource:
    """What a request was read from; one without a text and data, if it was not read from any."""
    return request.source if isinstance(request.source, RequestSource) else RequestSource()


_OTHER_NAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("module_name", "code"), ("componentName", "component_name")),
    **dict.fromkeys(("namespace", "name"), ("dataset_id",)),
}


def in_request(problem: Problem, request: CreateJobRequest) -> Problem:
    """A problem of the job where it stands in its request."""
    return problem._replace(path=_request_path(problem.path, request.dag or Dag(), request.config or Config()))


def _request_path(path: FieldPath, dag: Dag, config: Config) -> FieldPath:
    match path:
        case ("metadata", *_):
            return ("job_id",)
        case ("spec", "initiator"):
            return ("config", "initiator", "node_id")
        case ("spec", "tasks", int(i), "parties", int(j), *_):
            role, index, _ = places(dag.components[i], config)[j]
            return ("config", "role", role, index)
        case ("spec", "tasks", int(i), "taskInputConfig", "role" | "initiator" as part, *rest):
            return ("config", part, *rest)
        case ("spec", "tasks", int(i), "taskInputConfig", "task_params", "common", *rest):
            return ("config", "task_params", "common", dag.components[i].name, *rest)
        case ("spec", "tasks", int(i), "taskInputConfig", "task_params", role, index, *rest):
            return ("config", "task_params", role, index, dag.components[i].name, *rest)
        case ("spec", "tasks", int(i), "taskInputConfig", *rest):
            return ("dag", "components", i, *rest)
        case ("spec", "tasks", int(i), field, *_):
            names = {"alias": "name", "appImage": "code", "dependencies": "input"}
            return ("dag", "components", i, names.get(str(field), str(field)))
    return ()


# --- printing --------------------------------------------------------------------------------------------------------

_KNOWN = {
    spelling
    for message in vars(messages).values()
    if isinstance(message, type) and issubclass(message, Message)
    for name in message.model_fields
    for spelling in (name, to_camel(name))
}


def request_error(problems: Iterable[Problem], source: RequestSource) -> ManifestError:
    """One error for all problems; the parameters that are missing are one of them, as Kuscia has it."""
    problems = once(_with_meant(problem, source) for problem in islice(problems, MOST_PROBLEMS))
    absent = [problem for problem in problems if problem.missing]
    placed = [problem._replace(path=source.spelled(problem.path)) for problem in problems if problem not in absent]
    if absent:
        text, hint = ";".join(p.text for p in absent), "; ".join(p.hint for p in absent)
        placed.insert(0, Problem((), text, hint, missing=tuple(name for p in absent for name in p.missing)))
    error = manifest_error(placed, source)
    if len(placed) > 1:
        what = error.what.replace("in the manifest", "in the request")
        several = ManifestError(what, where=error.where, hint=error.hint)
        several.faults = error.faults
        return several
    return error


def once(problems: Iterable[Problem]) -> list[Problem]:
    """The problems, each of them said once: a node that is not known is so in every component."""
    return list({(problem.path, problem.text, problem.at): problem for problem in problems}.values())


def _with_meant(problem: Problem, source: RequestSource) -> Problem:
    """For a field that is not there, the misspelt one that is."""
    *holder, name = problem.path or ("",)
    keys = set(source.keys(tuple(holder)))
    absent = not keys.intersection(source.spelled(problem.path)[-1:])
    if absent and (meant := nearest(str(name), keys - _KNOWN)):
        return problem._replace(hint=f'"{name}" instead of "{meant}"')
    return problem
