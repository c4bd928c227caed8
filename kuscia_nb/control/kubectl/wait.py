"""kubectl wait: until something is so, or the time is over."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from ..kinds import Kind, KusciaTask
from ..objects import CROSS_DOMAIN, Object
from ..resources import KusciaJob
from ..store import Change, watching
from .call import Call
from .delete import ALL, NOTHING_NAMED
from .encode import to_text
from .flags import Flag
from .get import ALL_NAMESPACES, OUTPUT, SELECTOR
from .jsonpath import first, relaxed
from .output import KubectlError
from .printers import answering
from .steps import JsonPathError
from .targets import not_found, on_node, selected

FLAGS = (
    Flag("for", "jsonpath='{.status.phase}'=Succeeded, condition=JobValidated, create or delete"),
    Flag("timeout", "how long: 30s, 2m; 0s looks once, less than zero waits a week", kind="duration", default=30.0),
    ALL,
    SELECTOR,
    ALL_NAMESPACES,
    OUTPUT,
)

Met = Callable[[Object | None], bool]
"""Whether it is so, with an object or without."""

_WEEK = 7 * 86400.0
_EXAMPLE = "--for=jsonpath='{.status.phase}'=Succeeded"


def wait(call: Call) -> None:
    """Wait for every object that the line names, within one timeout for all."""
    goal = call.flags["for"]
    met = _condition(goal)
    answer = answering(call.flags["output"])
    if not call.args:
        raise KubectlError(NOTHING_NAMED, hint=f"kubectl wait kj/NAME -n {CROSS_DOMAIN} {_EXAMPLE}")
    timeout = call.flags["timeout"]
    deadline = time.monotonic() + (timeout if timeout >= 0 else _WEEK)
    for kind, name in _single(call):
        shown = call.namespace_shows(kind) and call.node.store.get(kind.model, name) is not None
        if not shown and goal == "delete":
            continue
        if not shown and not (goal == "create" and call.namespace_shows(kind)):
            call.fail(not_found(call, kind, name))
        elif found := _waited(call, kind, name, met, deadline):
            call.print(answer(kind, found, "condition met"))
            call.objects.append(found)


def _single(call: Call) -> list[tuple[Kind, str]]:
    """Every object that the arguments mean."""
    singles: list[tuple[Kind, str]] = []
    for target in selected(call).items:
        names = [found.name for found in on_node(call, call.node, target)] if target.name is None else [target.name]
        singles += [(target.kind, name) for name in names]
    return singles


def _waited(call: Call, kind: Kind, name: str, met: Met, deadline: float) -> Object | None:
    """The object once it is so; None, after noting why, if that did not or cannot happen."""
    changes: SimpleQueue[Change] = SimpleQueue()
    late = f"timed out waiting for the condition on {kind.plural}/{name}"
    last: Object | None = None
    with watching(call.node.store, changes.put):
        while True:
            found = call.node.store.get(kind.model, name)
            last = found or last
            if met(found):
                return last
            if found is None and last is not None:
                return call.fail(not_found(call, kind, name))
            if isinstance(found, KusciaJob | KusciaTask) and found.finished and call.flags["for"] != "delete":
                where = f" -n {CROSS_DOMAIN}" if kind.namespaced else ""
                where += f" --node {call.flags['node']}" if call.flags["node"] else ""
                hint = f"kubectl describe {kind.names[0]} {name}{where}: it is {found.status.phase}, which is its end"
                return call.fail(KubectlError(f"error: {late}", hint=hint))
            try:
                changes.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                return call.fail(KubectlError(f"error: {late}", hint="a longer --timeout"))
            except KeyboardInterrupt:
                return call.fail(KubectlError(f"error: interrupted while waiting for {kind.plural}/{name}"))


def _condition(goal: str) -> Met:
    """What --for asks for."""
    if goal in ("delete", "create"):
        return lambda found: (found is None) == (goal == "delete")
    if match := re.fullmatch(r"condition=([^=]+)(?:=(.*))?", goal):
        return _has_condition(match[1], match[2] or "true")
    if goal.startswith("jsonpath="):
        return _has_value(goal.removeprefix("jsonpath="))
    raise KubectlError(f'error: unrecognized condition: "{goal}"', hint=_EXAMPLE)


def _has_condition(kind: str, status: str) -> Met:
    """A condition of this type, whatever the case, has this status."""

    def met(found: Object | None) -> bool:
        conditions = getattr(getattr(found, "status", None), "conditions", ())
        return any((one.type.lower(), one.status.lower()) == (kind.lower(), status.lower()) for one in conditions)

    return met


def _has_value(text: str) -> Met:
    """'{.status.phase}'=Succeeded: the value at the path; without one, any."""
    match = re.fullmatch(r"(\{.*\}|[^{}=]+)(?:=(.*))?", text)
    expression, wanted = (match[1], match[2]) if match else (text, None)
    try:
        path = relaxed(expression)
    except JsonPathError as error:
        raise KubectlError(f"error: error parsing jsonpath {text}, {error}", hint=_EXAMPLE) from None
    value = None if wanted is None else wanted.strip("\"'")

    def met(found: Object | None) -> bool:
        try:
            values = first(path, found.manifest()) if found else []
        except JsonPathError:
            return False  # a list may not yet be long enough
        return bool(values) and (value is None or to_text(values[0]) == value)

    return met
