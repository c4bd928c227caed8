"""A manifest's text to a checked KusciaJob, or to one error that shows every problem in its place.

YAML is read as version 1.2 (`domainID: no` is the text "no") and JSON is YAML too. The position of every value is
kept, also of those inside the JSON of taskInputConfig (spec: kuscia §1.1, §1.9, §3.5, §7).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from ..errors import ManifestError
from .environment import injection_problems
from .resources import API_VERSION, FieldPath, KusciaJob, Problem, TaskInputConfig, choice, nearest, rule_problems

WIDTH = 100  # characters of a long line that are shown around a caret
MOST_VALUES = 100_000  # a few lines of nested YAML aliases can stand for billions of values

M = TypeVar("M", bound=BaseModel)


def read_manifest(text: str) -> KusciaJob:
    """The job that a YAML or JSON text describes; one ManifestError says everything that is wrong with it."""
    source = Source(text.removeprefix("\ufeff"))
    yaml = YAML(typ="safe", pure=True)
    reader = _Reader(yaml)
    try:
        data = reader.read(_only_document(list(yaml.compose_all(source.text)), source))
    except (YAMLError, RecursionError) as error:
        raise _syntax_error(error, source) from error
    source.places = reader.places
    return _checked_job(data, source, reader.problems)


def from_dict(data: Mapping[str, Any]) -> KusciaJob:
    """The job that a manifest in Python's own types describes, with the same checks as `read_manifest`."""
    return _checked_job(data, Source(), [])


def check_against(job: KusciaJob, domains: Collection[str], app_images: Collection[str]) -> None:
    """Refuse a job with domains or appImages that the cluster does not have (spec: kuscia §1.9 rows 1 and 3, §3.7)."""
    problems: list[Problem] = []

    def need_domain(domain: str, what: str, path: FieldPath) -> None:
        if domain not in domains:
            text = f'can\'t find {what} namespace {domain} under cluster, namespace "{domain}" not found'
            problems.append(Problem(path, text, choice(domain, domains)))

    need_domain(job.spec.initiator, "initiator", ("spec", "initiator"))
    for i, task in enumerate(job.spec.tasks):
        if task.app_image not in app_images:
            image = task.app_image
            text = f'failed to get appimage {image}, appimage.kuscia.secretflow "{image}" not found'
            problems.append(Problem(("spec", "tasks", i, "appImage"), text, choice(image, app_images)))
        for j, party in enumerate(task.parties):
            need_domain(party.domain_id, "party", ("spec", "tasks", i, "parties", j, "domainID"))
    if problems:
        raise _manifest_error(problems, job._source if isinstance(job._source, Source) else Source())


# --- where things stand ----------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """The indexes of a value and of its key in the text; for a string also how it is written."""

    key: int
    value: int
    end: int
    style: str | None = None


class Source:
    """A manifest's text, and the place of each of its values; without a text there are no places."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.places: dict[FieldPath, Place] = {}

    def index(self, problem: Problem) -> int | None:
        """Where to point: at the value, at its key, or at what contains it if it is not there at all."""
        if problem.at is not None:
            return problem.at
        for length in range(len(problem.path), -1, -1):
            if place := self.places.get(problem.path[:length]):
                return place.value if length == len(problem.path) and not problem.on_key else place.key
        return None

    def characters(self, path: FieldPath, value: str) -> list[int]:
        """The index in the text of every character of a string and of its end; empty if they cannot be told."""
        if path not in self.places:
            return []
        _, start, end, style = self.places[path]
        raw = self.text[start:end]
        if style == "|":
            characters = _block_characters(raw, start, value)
        else:
            quoted = style in _QUOTED
            start += len(raw) - len(re.sub(r"^(?:[&!]\S*\s+)*", "", raw)) + quoted  # an anchor or a tag, the quote
            tokens = re.finditer(_QUOTED.get(style, "."), self.text[start:end])
            characters = [start + token.start() for token in tokens] + ([] if quoted else [end])
        return characters if len(characters) == len(value) + 1 else []  # not so for folded lines


_QUOTED: dict[str | None, str] = {  # one character as it is written in quotes
    "'": r"''|.",
    '"': r"\\u[dD][89abAB]..\\u[dD].{3}|\\x..|\\u.{4}|\\U.{8}|\\.|.",
}


def _block_characters(raw: str, start: int, value: str) -> list[int]:
    """`Source.characters` of a block that starts with "|": every line without its indentation."""
    header, *lines = raw.split("\n")
    start += len(header) + 1
    wanted = value.split("\n")
    indent = next((len(a.rstrip("\r")) - len(b) for a, b in zip(lines, wanted, strict=False) if b), 0)
    characters: list[int] = []
    for line, text in zip(lines, wanted, strict=False):
        characters += [start + min(indent + column, len(line)) for column in range(len(text) + 1)]
        start += len(line) + 1
    return characters


def _excerpt(text: str, index: int) -> tuple[str, str]:
    """("line 4, column 3", that line with a caret below); of a long line the part around the caret."""
    begin = text.rfind("\n", 0, index) + 1
    line, column = text[begin:].partition("\n")[0].rstrip("\r"), index - begin
    head = f"line {text.count(chr(10), 0, index) + 1}, column {column + 1}"
    first = max(0, min(column - WIDTH // 2, len(line) - WIDTH))
    before = ("..." if first else "") + line[first:column]
    after = line[column : first + WIDTH] + ("..." if first + WIDTH < len(line) else "")
    before, after = (re.sub(r"[^\t\x20-\x7e]", _printable, part) for part in (before, after))
    padding = "".join(c if c == "\t" else "  " if unicodedata.east_asian_width(c) in "WF" else " " for c in before)
    return head, f"{before}{after}\n{padding}^"


def _printable(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else "\ufffd"


# --- text to data ----------------------------------------------------------------------------------------------------


class _Reader:
    """Makes plain data of YAML nodes, and notes the place of everything."""

    def __init__(self, yaml: YAML) -> None:
        self.yaml = yaml
        self.places: dict[FieldPath, Place] = {}
        self.problems: list[Problem] = []

    def read(self, node: Node, path: FieldPath = (), key: Node | None = None) -> Any:
        start = node.start_mark.index
        style = node.style if isinstance(node, ScalarNode) else None
        self.places[path] = Place(key.start_mark.index if key else start, start, node.end_mark.index, style)
        if len(self.places) > MOST_VALUES:
            raise YAMLError(f"more than {MOST_VALUES} values")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: FieldPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise MarkedYAMLError(problem="a key must be a string", problem_mark=key.start_mark)
            name = _text(key)
            if name in data:
                text = f'key "{name}" already set in map'
                self.problems.append(Problem((*path, name), text, "only one of the two", at=key.start_mark.index))
            else:
                data[name] = self.read(value, (*path, name), key)
        return data

    def _scalar(self, node: Node, path: FieldPath) -> Any:
        tag = node.tag.rpartition(":")[2]
        if tag in ("null", "bool", "int", "float"):
            try:
                return self.yaml.constructor.construct_object(node)
            except ValueError:
                tag = f"value for !!{tag}"
        if tag not in ("str", "timestamp", "merge", "value"):  # the last three are strings to JSON
            self.problems.append(Problem(path, f"cannot read {tag}", "a plain value without a tag"))
        return _text(node)


def _text(node: Node) -> str:
    """A scalar as it is; JSON may have a character beyond the basic plane as two escapes, which belong together."""
    return node.value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _only_document(documents: Sequence[Node | None], source: Source) -> Node:
    """The one document of a text; a document without content does not count, as for kubectl."""
    filled = [node for node in documents if node is not None and (node.value or not isinstance(node, ScalarNode))]
    if not filled:
        raise ManifestError("the manifest is empty", hint="apiVersion, kind, metadata and spec of a KusciaJob")
    if len(filled) > 1:
        where = "\n".join(_excerpt(source.text, filled[1].start_mark.index))
        raise ManifestError(f"{len(filled)} documents in one text", where=where, hint="one manifest at a time")
    return filled[0]


_SYNTAX_HINTS = {
    "mapping values are not allowed": 'quotes around a value that contains ": ", or another indentation',
    "'\\t' that cannot start": "spaces instead of tabs",
    "could not find expected ':'": 'a colon and a space after the key, as in "name: job-ss-lr"',
    "unexpected end of stream": "the missing quote or bracket",
    "but got '<stream end>'": "the missing quote or bracket",
    "undefined alias": 'quotes around a value that starts with "*"',
}


def _syntax_error(error: YAMLError | RecursionError, source: Source) -> ManifestError:
    """ruamel.yaml's complaint, with the place where the mistake is likelier than at the end of the text."""
    text = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    index: int | None = None
    if isinstance(error, ReaderError):
        text, index = f"unacceptable character #x{error.character:04x}", error.position
    elif isinstance(error, MarkedYAMLError):
        text = ", ".join(filter(None, (error.context, error.problem)))
        mark = error.problem_mark or error.context_mark
        if mark and mark.index >= len(source.text.rstrip()) and error.context_mark:
            mark = error.context_mark
        index = mark.index if mark else None
    hint = next((hint for part, hint in _SYNTAX_HINTS.items() if part in text), "")
    where = "" if index is None else "\n".join(_excerpt(source.text, index))
    return ManifestError(f"not YAML: {text}", where=where, hint=hint)


# --- data to a job ---------------------------------------------------------------------------------------------------


def _checked_job(data: Any, source: Source, problems: list[Problem]) -> KusciaJob:
    if wrong := _kind_problem(data):
        raise _manifest_error([wrong], source)
    plain = _plain(data)
    configs: dict[int, TaskInputConfig] = {}
    for i, text in _config_texts(plain):
        config, found = _config(text, ("spec", "tasks", i, "taskInputConfig"), source)
        problems += found
        if config:
            configs[i] = config
    job, found = _validated(KusciaJob, plain, ())
    problems += found
    if job:
        problems += [*rule_problems(job), *injection_problems(job, configs)]
    if problems or not job:
        raise _manifest_error(problems, source)
    job._source = source
    return job


def _kind_problem(data: Any) -> Problem | None:
    """A manifest of something else (with kubectl's text)."""
    if not isinstance(data, Mapping):
        hint = "apiVersion, kind, metadata and spec of a KusciaJob"
        return Problem((), f"a manifest is a mapping, this is {_shown(data)}", hint)
    if {"job_id", "dag"} <= data.keys():
        return Problem((), "this is a BFIA create-job request, not a manifest", "%bfia_submit or cluster.submit(...)")
    for name, supported in (("apiVersion", API_VERSION), ("kind", "KusciaJob")):
        hint = f"{name}: {supported}" + (", the only kind that is supported" if name == "kind" else "")
        if data.get(name) is None:
            return Problem((name,), f"{name} not set", hint, on_key=True)
        if data[name] != supported:
            text = f'no matches for kind "{data.get("kind")}" in version "{data["apiVersion"]}"'
            return Problem((name,), text, hint)
    return None


def _plain(data: Any) -> Any:
    """A copy in dicts and lists, without keys that have no value: Kubernetes takes them as not set."""
    if isinstance(data, Mapping):
        return {key: _plain(value) for key, value in data.items() if value is not None}
    if isinstance(data, list | tuple):
        return [_plain(item) for item in data]
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
    characters = source.characters(path, text)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        position = getattr(error, "pos", 0)
        detail = getattr(error, "msg", str(error))
        if not characters:
            detail += f" near {text[max(0, position - 20) : position + 20]!r}"
        what = f"failed to unmarsh task input config, detail-> {detail}"
        at = characters[position] if characters else None
        return None, [Problem(path, what, "valid JSON: names and texts in double quotes, no comma at the end", at=at)]
    problems = _read_inside(text, path, source, characters)
    config, found = _validated(TaskInputConfig, data, path)
    missing = [problem for problem in found if problem.text == REQUIRED and len(problem.path) == len(path) + 1]
    if missing:  # one complaint names them all
        what = f"invalid task input config, missing {', '.join(str(problem.path[-1]) for problem in missing)}"
        problems.append(Problem(path, what, "; ".join(problem.hint for problem in missing)))
    return config, problems + [problem for problem in found if problem not in missing]


def _read_inside(text: str, path: FieldPath, source: Source, characters: list[int]) -> list[Problem]:
    """Note where the values of a JSON text stand; the problems are keys that it has twice."""
    yaml = YAML(typ="safe", pure=True)
    reader = _Reader(yaml)
    try:
        reader.read(yaml.compose(text))
    except (YAMLError, RecursionError):
        return []  # JSON that is not YAML (a very long key, for example): errors point at the whole text
    for inner, place in reader.places.items():
        if inner and characters:
            key, start, end = (characters[index] for index in (place.key, place.value, place.end))
            source.places[path + inner] = Place(key, start, end)
    return [
        Problem(path + twice.path, twice.text, twice.hint, at=characters[twice.at] if characters and twice.at else None)
        for twice in reader.problems
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
_NODE_WRITES = "a manifest without it: the node writes it"
_NO_LIMITS = "a manifest without it: no container runs here whose resources could be limited"
_KUSCIA_ONLY = {
    **dict.fromkeys(("status", "stage", "creationTimestamp", "generation", "resourceVersion", "uid"), _NODE_WRITES),
    **dict.fromkeys(("managedFields", "ownerReferences"), _NODE_WRITES),
    **dict.fromkeys(("resources", "bandwidthLimits"), _NO_LIMITS),
}


def _validated(model: type[M], data: Any, base: FieldPath) -> tuple[M | None, list[Problem]]:
    """The model and what is wrong with its data.

    When only optional parts are wrong there still is a model without them, so that the rules can be checked too.
    """
    try:
        return model.model_validate(data, by_alias=True, by_name=False), []
    except ValidationError as error:
        # a list whose items are all wrong also counts as too short
        details = [d for d in error.errors(include_url=False) if d["type"] != "too_short" or not d["input"]]
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


def _schema_problem(detail: ErrorDetails, model: type[BaseModel], base: FieldPath) -> Problem:
    """One of pydantic's errors, with a hint made of the field's description."""
    path, kind, given = base + detail["loc"], detail["type"], detail["input"]
    if not detail["loc"]:
        return Problem(path, f"must be an object, is {_shown(given)}")
    name = str(detail["loc"][-1])
    fields = _fields(model, detail["loc"][:-1])
    if kind == "extra_forbidden":
        hint = _KUSCIA_ONLY.get(name) or choice(name, fields)
        return Problem(path, f'unknown field "{_dotted(path)}"', hint, on_key=True)
    hint = f"{name}: {fields[name].description}" if name in fields else ""
    if kind == "literal_error":
        options = get_args(fields[name].annotation)
        listed = ", ".join(f'"{option}"' for option in options)
        text = f"Unsupported value: {_shown(given)}: supported values: {listed}"
        return Problem(path, text, choice(str(given), options))
    if kind in _KINDS:
        if kind == "string_type" and not isinstance(given, dict | list):
            hint = f"{name}: '{_shown(given)}'"
        return Problem(path, f"must be {_KINDS[kind]}, is {_shown(given)}", hint)
    text = _TEXTS[kind].format(**detail.get("ctx", {}), input=given) if kind in _TEXTS else detail["msg"]
    return Problem(path, text, hint, on_key=kind == "missing")


# --- printing --------------------------------------------------------------------------------------------------------


def _manifest_error(problems: Sequence[Problem], source: Source) -> ManifestError:
    """One error for all problems, in the order of the text."""
    placed = [(source.index(problem), problem) for problem in problems]
    placed.sort(key=lambda pair: -1 if pair[0] is None else pair[0])
    if len(placed) == 1:
        index, problem = placed[0]
        where = "" if index is None else "\n".join(_excerpt(source.text, index))
        return ManifestError(_sentence(problem), where=where, hint=problem.hint)
    blocks: list[str] = []
    for index, problem in placed:
        head, excerpt = ("", "") if index is None else _excerpt(source.text, index)
        blocks.append(f"{head}  {_sentence(problem)}".lstrip())
        blocks += [f"    {line}" for line in excerpt.splitlines()]
        if problem.hint:
            blocks.append(f"    try: {problem.hint}")
    return ManifestError(f"{len(problems)} problems in the manifest", where="\n".join(blocks))


def _sentence(problem: Problem) -> str:
    """The text after its path, unless it already names that."""
    path = _dotted(problem.path)
    return f"{path}: {problem.text}" if path and f'"{path}"' not in problem.text else problem.text


def _dotted(path: FieldPath) -> str:
    """spec.tasks[0].alias"""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _shown(value: Any) -> str:
    """A value as a manifest has it, lists and objects without what is in them."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return json.dumps(value, ensure_ascii=False, default=repr)
