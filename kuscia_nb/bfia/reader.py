"""A request's text to a checked CreateJobRequest, or to one error that shows every problem in its place.

Kuscia refuses a request with a few short texts and panics at others (spec: kuscia §3.2, §3.3, §7 rows 29 to 35). Here
the texts are the same, each with its place in the text; and what makes a KusciaJob invalid is found at once, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..control.environment import injection_problems
from ..control.offers import Offers
from ..control.parse import MOST_PROBLEMS, JsonPlaces, json_data
from ..control.recognise import bare_config, recognised
from ..control.resources import KusciaJob, TaskInputConfig
from ..control.rules import rule_problems
from ..control.source import Source, json_fault, manifest_error, shown
from ..control.values import json_like, strange_values, value_problems
from ..errors import ManifestError
from ..problems import FieldPath, Problem, choice
from .messages import CreateJobRequest, Dag
from .source import RequestSource, in_request, request_error, source_of
from .standard import Circumstances, in_kuscias_words
from .translate import producer, request_problems, to_job


def read_request(text: str, offers: Offers | None = None) -> CreateJobRequest:
    """The request that a JSON text describes; one ManifestError says everything that is wrong with it.

    With the `offers` of a node, by AppImage and component, those it asks for have to be of the same provider.
    """
    source = RequestSource(text.removeprefix("\ufeff"))
    if not source.text.strip():
        raise ManifestError("the request is empty", hint="a JSON object with job_id, dag and config")
    try:
        source.data = _parsed(source)
        return _checked(source, _locate(source), Circumstances(offers))
    except RecursionError as error:
        raise ManifestError("the request is nested too deeply") from error


def from_dict(data: Mapping[str, Any], offers: Offers | None = None) -> CreateJobRequest:
    """The request that Python's own types describe, with the same checks as `read_request`."""
    try:
        source = RequestSource(data=json_like(data))
        if strange := list(islice(strange_values(source.data), MOST_PROBLEMS)):
            raise request_error(strange, source)
        return _checked(source, [], Circumstances(offers))
    except RecursionError as error:
        raise ManifestError("the request is nested too deeply") from error


def written(request: CreateJobRequest) -> Any:
    """The data of a request as it was written, numbers and all."""
    return source_of(request).data


@contextmanager
def pointing_into(request: CreateJobRequest, job: KusciaJob) -> Iterator[None]:
    """Within it, what is found wrong with the job of a request is said in the words of the request."""
    listener = _Listener()
    job.point_into(listener)
    try:
        yield
    except ManifestError as error:
        if not listener.heard:
            raise
        problems = [in_request(problem, request) for problem in listener.heard]
        raise request_error(problems, source_of(request)) from error
    finally:
        job.point_into(None)


class _Listener(Source):
    """Hears which problems an error is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Problem] = []

    def index(self, problem: Problem) -> int | None:
        self.heard.append(problem)
        return None


# --- text to data ----------------------------------------------------------------------------------------------------


def _parsed(source: Source) -> Any:
    try:
        return json_data(source.text)
    except ValueError as error:  # also for a number of thousands of digits
        raise _not_json(error, source) from error


def _locate(source: Source) -> list[Problem]:
    """Note where everything stands; the problems are keys that are there twice."""
    found = JsonPlaces(source.text)
    source.places = found.places
    return found.problems


def _not_json(error: ValueError, source: Source) -> ManifestError:
    if problem := recognised(source.text):
        return manifest_error([problem], source)
    if match := re.search(r"^(apiVersion|kind|job_id|jobId|dag)\s*:", source.text, re.MULTILINE):
        return manifest_error([_MANIFEST if match[1] in ("apiVersion", "kind") else _YAML], source)
    name = source.text.strip()
    if "\n" not in name and name.endswith(".json"):
        return ManifestError("this is a file's name, not a request", hint=f"%bfia_submit {name}, or the file's text")
    text, hint, at = json_fault(error, source.text)
    return manifest_error([Problem((), f"not JSON: {text}", hint, at=at)], source)


# --- data to a request -----------------------------------------------------------------------------------------------

_MANIFEST = Problem(
    (), "this is a KusciaJob manifest, not a BFIA create-job request", "%%kusciajob or cluster.apply(...)"
)
_YAML = Problem((), "this is a request in YAML, and BFIA takes JSON", '{"job_id": ..., "dag": {...}, "config": {...}}')


def _checked(source: RequestSource, problems: list[Problem], where: Circumstances) -> CreateJobRequest:
    request, found, _ = examined(source, where)
    if problems := problems + found:
        raise request_error(problems, source)
    return request


def examined(source: RequestSource, where: Circumstances) -> tuple[CreateJobRequest, list[Problem], KusciaJob | None]:
    """A request in Kuscia's words, all that is wrong with it, and its job if there can be one.

    What no operator could be given is something else in that job, so that the rest can be asked about.
    """
    data = source.data
    if not isinstance(data, Mapping):
        text = f"a request is an object, this is {shown(data)}"
        raise manifest_error([Problem((), text, "job_id, dag and config")], source)
    if {"apiVersion", "kind"} & data.keys() and not {"job_id", "jobId", "dag"} & data.keys():
        raise manifest_error([_MANIFEST], source)
    if config := bare_config(data):
        raise manifest_error([config], source)
    problems = list(islice(value_problems(data), MOST_PROBLEMS))
    request, found = _decoded(data)
    problems += found
    wrong = {problem.path for problem in problems}  # what is in there is not missing as well
    if any(problem.path[:2] in (("config", "role"), ("config", "task_params")) for problem in found):
        wrong.add(("config", "task_params"))  # and nobody knows which indexes there are
    request, in_other_words = in_kuscias_words(request, where)
    problems += [
        problem
        for problem in request_problems(request)
        if wrong.isdisjoint(problem.path[:length] for length in range(len(problem.path) + 1))
    ]
    job = None
    if all(problem.path[0] not in ("dag", "config") for problem in problems if problem.path):
        # without a name, or with one that is no text, there is still much to say
        named = request if request.job_id and ("job_id",) not in wrong else request.model_copy(update={"job_id": "job"})
        if named.dag and named.config:
            job, found = _job_problems(named)
            problems += found
    request.point_into(source)
    return request, problems + in_other_words, job


def _decoded(data: Mapping[str, Any]) -> tuple[CreateJobRequest, list[Problem]]:
    """The request without its faulty fields, and what is wrong with them."""
    problems: list[Problem] = []
    plain = json_like(data)
    while True:
        try:
            return CreateJobRequest.model_validate(plain), problems
        except ValidationError as error:
            details = error.errors(include_url=False)
        problems += [_schema_problem(detail) for detail in details[:MOST_PROBLEMS]]
        if len(details) > MOST_PROBLEMS:  # then this is no request with faults, but something else
            raise request_error(problems, RequestSource(data=data))
        for detail in details:
            _remove(plain, detail)


_KINDS = {
    "string_type": "a string",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
}


def _schema_problem(detail: ErrorDetails) -> Problem:
    path, kind, given = detail["loc"], detail["type"], detail["input"]
    if kind not in _KINDS:
        return Problem(path, detail["msg"], "only one of the two" if kind == "twice" else "")
    hint = f'"{shown(given)}"' if kind == "string_type" and isinstance(given, int | float) else ""
    return Problem(path, f"must be {_KINDS[kind]}, is {shown(given)}", hint)


def _remove(data: Any, detail: ErrorDetails) -> None:
    """Make a faulty value one that is not set; in a list, an empty one."""
    path = RequestSource(data=data).spelled(detail["loc"])
    if not path:
        data.clear()
        return
    holder: Any = data
    for part in path[:-1]:
        holder = holder[part]
    if isinstance(path[-1], int):
        holder[path[-1]] = "" if detail["type"] == "string_type" else {}
    else:
        holder.pop(path[-1], None)


# --- the job of a request --------------------------------------------------------------------------------------------


def _job_problems(request: CreateJobRequest) -> tuple[KusciaJob, list[Problem]]:
    """The KusciaJob of a translatable request, what is wrong with it, and what gets lost on the way."""
    job = to_job(request)
    problems, configs, tasks = list(rule_problems(job)), {}, []
    for i, task in enumerate(job.spec.tasks):
        configs[i], found = _task_config(task.task_input_config)
        base: FieldPath = ("spec", "tasks", i, "taskInputConfig")
        problems += [problem._replace(path=base + problem.path) for problem in found]
        text = configs[i].model_dump_json() if found else task.task_input_config
        tasks.append(task.model_copy(update={"task_input_config": text}))
    problems += injection_problems(job, configs)
    found = [in_request(problem, request) for problem in problems]
    said = {problem.path for problem in found}
    found += [problem for problem in _input_problems(request.dag or Dag()) if problem.path not in said]
    sound = job.model_copy(update={"spec": job.spec.model_copy(update={"tasks": tuple(tasks)})})
    return sound, found


def _task_config(text: str) -> tuple[TaskInputConfig, list[Problem]]:
    """The taskInputConfig of a sound request, and which parameters in it an operator cannot be given."""
    data = json.loads(text)
    try:
        return TaskInputConfig.model_validate(data), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    for detail in details:  # something without a fault in its place, so that the rest can be checked too
        *path, last = detail["loc"]
        holder = data
        for part in path:
            holder = holder[part]
        holder[last] = "" if detail["type"] == "parameter" else {"namespace": "", "name": ""}
    return TaskInputConfig.model_validate(data), [Problem(detail["loc"], detail["msg"]) for detail in details]


def _input_problems(dag: Dag) -> Iterator[Problem]:
    """Inputs that no other component makes; Kuscia finds out when the task starts (spec: kuscia §3.6, §7 row 29)."""
    for i, component in enumerate(dag.components):
        others = [other for other in dag.components if other.name != component.name]
        for n, ref in enumerate(component.input):
            if producer(component, ref, dag.components) is None:
                keys = [f"{o.name}.{output.key}" for o in others for output in o.output if output.type == ref.type]
                text = f'no other component has the output "{ref.key}" of type {ref.type}'
                hint = choice(ref.key, keys) if keys else "no input: the component reads the parties' own files then"
                yield Problem(("dag", "components", i, "input", n, "key"), text, hint)
