"""kubectl logs: what a task's program has logged on this node."""

from __future__ import annotations

from queue import SimpleQueue

from ...problems import choice
from ..kinds import KusciaTask
from ..node import Node
from ..objects import CROSS_DOMAIN
from ..resources import KusciaJob
from ..store import Change, watching
from .call import Call
from .flags import Flag
from .output import KubectlError
from .targets import kind_named, not_found

FLAGS = (
    Flag("follow", "go on until the task has come to its end", "f", "bool"),
    Flag("tail", "only so many of the last lines", kind="int", default=-1),
)

_USAGE = (
    "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
    "POD or TYPE/NAME is a required argument for the logs command\n"
    "See 'kubectl logs -h' for help and examples"
)


def logs(call: Call) -> None:
    """Print the log of a pod, of a task, or of all tasks of a job."""
    if len(call.args) != 1:
        raise KubectlError(_USAGE, hint="kubectl logs kt/NAME, or kubectl logs kj/NAME")
    tasks = _tasks(call, call.args[0])
    for task in tasks:
        if call.flags["follow"]:
            _follow(call, task)
        else:
            call.print(_last_lines(_log(call, task), call.flags["tail"]))
    if not call.text:
        call.hints.append(f"nothing was logged on {call.node.domain}")


def _tasks(call: Call, arg: str) -> list[str]:
    """The tasks of pod/NAME, kt/NAME, kj/NAME, or of the bare name of a pod or task."""
    head, slash, name = arg.partition("/")
    store = call.node.store
    if not slash or head in ("pod", "pods", "po"):
        return [_task_of_pod(call, name or head)]
    kind = kind_named(head)
    if kind.model not in (KusciaJob, KusciaTask):
        what = f"error: cannot get the logs from {kind.model.__name__}"
        raise KubectlError(what, hint="kubectl logs kt/NAME, or kubectl logs kj/NAME")
    if store.get(kind.model, name) is None:
        call.flags["namespace"] = CROSS_DOMAIN  # without it, logs are found too
        raise not_found(call, kind, name)
    if kind.model is KusciaTask:
        return [name]
    return [task.name for task in store.objects(KusciaTask) if name in _owners(task)]


def _owners(task: KusciaTask) -> list[str]:
    return [owner.name for owner in task.metadata.owner_references]


def _names(node: Node) -> dict[str, str]:
    """The tasks of a node by their own names and by those of their pods."""
    tasks = node.store.objects(KusciaTask)
    pods = {pod.pod_name: task.name for task in tasks for pod in task.status.pod_statuses.values()}
    return {task.name: task.name for task in tasks} | pods


def _task_of_pod(call: Call, name: str) -> str:
    names = _names(call.node)
    if name in names:
        return names[name]
    elsewhere = [domain for domain, node in call.nodes.items() if name in _names(node)]
    if elsewhere:
        hint = f"--node {elsewhere[0]}: it runs on {elsewhere[0]}"
    elif call.node.store.get(KusciaJob, name):
        hint = f"kj/{name}, for all tasks of this job"
    else:
        hint = choice(name, names) if names else f"there are no tasks on {call.node.domain}"
    raise KubectlError(f'Error from server (NotFound): pods "{name}" not found', hint=hint)


def _log(call: Call, task: str) -> str:
    text = call.node.logs(task)
    return text + "\n" if text and not text.endswith("\n") else text


def _last_lines(text: str, count: int) -> str:
    """So many lines of the end; all of them, if the count is less than zero."""
    lines = text.splitlines(keepends=True)
    return text if count < 0 else "".join(lines[max(len(lines) - count, 0) :])


def _follow(call: Call, task: str) -> None:
    """What there is, and then what comes, until the task has ended. An interrupt ends it too."""
    changes: SimpleQueue[Change] = SimpleQueue()
    store = call.node.store
    with watching(store, changes.put):
        text = _log(call, task)
        call.stream(_last_lines(text, call.flags["tail"]))
        try:
            while (found := store.get(KusciaTask, task)) and not found.finished:
                changes.get()
                text = _more(call, task, text)
        except KeyboardInterrupt:
            call.hints.append("interrupted; the task goes on without being followed")
        _more(call, task, text)


def _more(call: Call, task: str, seen: str) -> str:
    """Stream what was logged since; returns all."""
    text = _log(call, task)
    if text != seen:
        call.stream(text[len(seen) :])
    return text
