"""What a panel may ask: each method is a function of the request's parameters, and gives the result.

What an entity is about is asked of the cluster that is up; none is started for it.
"""

from __future__ import annotations

import shlex
from base64 import b64decode
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from IPython.core.getipython import get_ipython
from pydantic import ConfigDict, ValidationError, validate_call

from ..backends import DOMAINS
from ..connection import running
from ..control.objects import CROSS_DOMAIN
from ..errors import DataError, JobError, KusciaError
from ..problems import Magic, choice
from . import protocol

if TYPE_CHECKING:
    from ..backends.base import NodeApi
    from ..cluster import Cluster
    from ..control.objects import Condition

METHODS: dict[str, Callable[..., Any]] = {}
SLOW = ("stop", "delete", "put", "form", "files", "preview")
"""Methods that may wait for a job, or for the nodes to start."""


def takes_long(request: Mapping[str, Any]) -> bool:
    """Whether others should not be kept waiting for this one."""
    return request.get("method") in SLOW


def answer(request: Mapping[str, Any]) -> protocol.Result | protocol.Refusal:
    """The reply to a request."""
    id: Any = request.get("id")
    name, parameters = request.get("method"), request.get("params", {})
    try:
        return {"type": "reply", "id": id, "result": _plain(_called(name, parameters))}
    except KusciaError as error:
        title, what, where, hint = type(error).__name__, error.what, error.where, error.hint
    except Exception as error:  # a fault of ours; who asked must not wait for ever
        title, what, where, hint = type(error).__name__, str(error), "", ""
    fault = protocol.Fault(title=title, message=what, where=where, hint=hint)
    return {"type": "reply", "id": id, "error": fault}


def method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a panel call this; its parameters are checked by their types."""
    METHODS[function.__name__] = validate_call(config=ConfigDict(strict=True))(function)
    return function


def _called(name: Any, parameters: Any) -> Any:
    if not isinstance(name, str) or name not in METHODS:
        raise KusciaError(f"there is no method {name!r}", hint=choice(str(name), METHODS))
    if not isinstance(parameters, Mapping):
        raise KusciaError(f"{name}: params must be an object")
    try:
        return METHODS[name](**parameters)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()]
        raise KusciaError(f"{name}: wrong parameters", where="\n".join(problems)) from error


def _plain(result: Any) -> Any:
    """A result as JSON has it: what has names is an object, not a list."""
    match result:
        case dict():
            return {name: _plain(value) for name, value in result.items()}
        case tuple() if hasattr(result, "_asdict"):
            return _plain(result._asdict())  # type: ignore[attr-defined]
        case list() | tuple():
            return [_plain(value) for value in result]
    return result


# --- what there is ---------------------------------------------------------------------------------------------------


@method
def snapshot() -> None:
    """Nothing; the snapshot follows the reply."""


@method
def conditions(node: str, job: str, task: str | None = None) -> list[protocol.Condition]:
    """The conditions of a job or task on a node, in the order in which they were set."""
    found = _object(node, job, task)
    return [_condition(condition) for condition in found.status.conditions]


@method
def yaml(node: str, job: str) -> protocol.Text:
    """What kubectl prints of a job on a node."""
    return {"text": str(_cluster().kubectl(_line("get", job, None, "-o yaml"), node=_node(node).domain))}


@method
def log(node: str, job: str, task: str) -> protocol.Text:
    """What a task's programs have logged on a node, as kubectl prints it."""
    return {"text": str(_cluster().kubectl(_line("logs", job, task), node=_node(node).domain))}


@method
def line(
    node: str, job: str, task: str | None = None, what: Literal["get", "describe", "logs", "delete"] = "get"
) -> protocol.Line:
    """The kubectl line that says or does something about a job or task; `%kubectl` takes it behind the name, too."""
    others = () if node == _cluster().node else ("--node", _node(node).domain)
    return {"line": "kubectl " + _line(what, job, task, *others)}


@method
def source(job: str, what: Literal["result", "trace"]) -> protocol.Source:
    """The code of a cell that shows something of a job."""
    return {"source": f"%kuscia {what} {shlex.quote(job)}"}


# --- what is done ----------------------------------------------------------------------------------------------------


@method
def stop(job: str) -> None:
    """Stop a job on both nodes, and wait until it has ended."""
    _cluster().job(job).stop()


@method
def delete(job: str) -> None:
    """Stop a job if it runs, and forget it on both nodes."""
    _cluster().delete(job)


# --- new jobs --------------------------------------------------------------------------------------------------------
# Whoever asks for the nodes' files wants to use them: this starts the nodes, as every first use does.


@method
def form() -> protocol.Form:
    """All that the form for a new job needs."""
    from ..connection import connect
    from .form import free_name, operators, templates

    cluster = connect()
    nodes = list(cluster.nodes)
    known = [*operators(), *templates(nodes)]
    return {
        "nodes": nodes,
        "names": {one["name"]: free_name(one["name"], cluster.observer.by_name) for one in known},
        "operators": known,
        "files": {node: _files(cluster, node) for node in nodes},
    }


@method
def compose(
    format: Magic,
    operator: str,
    name: str,
    initiator: str,
    common: protocol.Texts,
    own: dict[str, protocol.Texts],
    inputs: dict[str, protocol.Texts],
) -> protocol.Composed:
    """The text of the cell that a form stands for, or none and what is wrong with which field."""
    from .compose import Form
    from .compose import compose as composed

    cell, troubles = composed(Form(format, operator, name, initiator, common, own, inputs), _nodes())
    return {"cell": cell, "problems": troubles}


@method
def files(node: str) -> list[protocol.File]:
    """The data files of a node: name, bytes."""
    from ..connection import connect

    return _files(connect(), node)


@method
def preview(node: str, name: str) -> protocol.Preview:
    """The first rows of a data file of a node."""
    from ..connection import connect
    from .preview import preview as previewed

    connect().data(node)  # the nodes are up, and this is one of them
    return previewed(_node(node), name)


_parts: dict[tuple[str, str], bytes] = {}
"""What has come of files, by node and name, of which there is more to come."""


@method
def put(node: str, name: str, content: str, begin: int = 0, more: bool = False) -> protocol.PutFile | None:
    """Put a CSV file, given in base64, into a node's data folder; on that node only. It may come in parts."""
    import pandas as pd

    from ..connection import connect

    before = _parts.pop((node, name), b"")[:begin]
    if len(before) < begin:
        raise DataError(f"a part of {name} is missing", hint="upload it again")
    try:
        data = before + b64decode(content, validate=True)
        if more:
            _parts[node, name] = data
            return None
        frame = pd.read_csv(BytesIO(data))
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise DataError(f"{name} is not a CSV file: {error}") from error
    with TemporaryDirectory() as folder:
        draft = Path(folder, "draft.csv")
        draft.write_bytes(data)
        connect().put(node, name, draft)
    return {"name": name, "rows": len(frame), "columns": len(frame.columns)}


# --- the editor ------------------------------------------------------------------------------------------------------


@method
def check(magic: Magic, text: str) -> list[protocol.Diagnostic]:
    """All that is wrong with a cell."""
    from .check import check as checked

    shell = get_ipython()
    return checked(magic, text, shell.user_ns if shell else {}, _nodes())


@method
def complete(magic: Magic, text: str, line: int, column: int) -> protocol.Offer:
    """What may be written at a place of a cell; lines and columns count from 1."""
    from ..data.files import file_names
    from .complete import Known
    from .complete import complete as completed

    nodes = _nodes() or {}
    names = {domain: file_names(node.storage / "data") for domain, node in nodes.items()}
    start, items = completed(magic, text, line, column, Known(tuple(nodes) or DOMAINS, names))
    return {"from": start, "items": items}


# --- what is asked about ---------------------------------------------------------------------------------------------


def _cluster() -> Cluster:
    cluster = running()
    if cluster is None:
        raise JobError("no nodes are up", hint="%kuscia up")
    return cluster


def _nodes() -> dict[str, NodeApi] | None:
    """The nodes that are up."""
    cluster = running()
    return {domain: cluster.at(domain) for domain in cluster.nodes} if cluster else None


def _node(name: str) -> NodeApi:
    return _cluster().at(name)


def _object(node: str, job: str, task: str | None) -> Any:
    """A job on a node, or one of its tasks."""
    from ..control.kinds import KusciaTask
    from ..control.resources import KusciaJob

    store = _node(node).store
    found = store.get(KusciaJob, job) if task is None else store.get(KusciaTask, task)
    if found is None:
        what, name = ("job", job) if task is None else ("task", task)
        raise JobError(f"there is no {what} {name} on {node}")
    return found


def _condition(one: Condition) -> protocol.Condition:
    time = round(one.last_transition_time.timestamp() * 1000)
    return {"type": one.type, "status": one.status, "reason": one.reason, "message": one.message, "time": time}


def _line(what: str, job: str, task: str | None, *options: str) -> str:
    """A line for kubectl, without its name."""
    kind, name = ("kj", job) if task is None else ("kt", task)
    object = [f"{kind}/{shlex.quote(name)}"] if what == "logs" else [kind, shlex.quote(name)]
    return " ".join([what, *object, "-n", CROSS_DOMAIN, *options])


def _files(cluster: Cluster, node: str) -> list[protocol.File]:
    return [{"name": name, "bytes": size} for name, size in cluster.data(node).itertuples(index=False)]
