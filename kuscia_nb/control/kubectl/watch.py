"""kubectl get -w: a row for every change, until nothing more can happen to what is shown."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue

from ..kinds import Kind, KusciaTask
from ..objects import Object
from ..resources import KusciaJob
from ..store import Change, watching
from .call import Call
from .output import KubectlError
from .printers import Lines
from .selectors import selector
from .targets import Target, Targets, find, say_none


def watch(call: Call, wanted: Targets, printer: Callable[[Kind], Lines]) -> None:
    """The rows there are, then one for each change, until nothing more can happen. An interrupt ends it too."""
    if len(wanted.kinds) > 1:
        raise KubectlError("error: you may only specify a single resource type", hint="a line for each kind")
    if len(wanted.items) > 1:
        what = "error: you may only watch a single resource or type of resource at a time"
        raise KubectlError(what, hint="-l with a label that they share, or none of the names")
    if not wanted.items:
        say_none(call, wanted)
        return
    (target,) = wanted.items
    try:
        Watch(call, target, printer(target.kind)).run()
    except KeyboardInterrupt:
        call.hints.append("interrupted; what goes on goes on without being watched")


class Watch:
    """The state of a watch: what was last seen of every object."""

    def __init__(self, call: Call, target: Target, lines: Lines) -> None:
        self._call, self._target, self._lines = call, target, lines
        self._matches = selector(call.flags["selector"])
        self._seen: dict[str, Object] = {}

    def run(self) -> None:
        changes: SimpleQueue[Change] = SimpleQueue()
        store = self._call.node.store
        with watching(store, changes.put):
            current = find(self._call, self._target)
            if self._call.errors:
                return
            if current:
                self._show(current)
            self._seen = {found.name: found for found in current}
            while self._goes_on():
                self._take(changes.get())
        if not self._call.text:
            say_none(self._call, Targets([self._target], [self._target.kind], single=False))

    def _goes_on(self) -> bool:
        """Whether something that is shown can still change; a job that runs can still make tasks."""
        kind, name = self._target
        if not self._call.namespace_shows(kind):
            return False
        if any(not getattr(found, "finished", True) for found in self._seen.values()):
            return True
        if kind.model is not KusciaTask or name is not None:
            return False
        return any(not job.finished for job in self._call.node.store.objects(KusciaJob))

    def _take(self, change: Change) -> None:
        """Show a change of what is watched, unless the first rows had it already."""
        found = change.object
        kind, name = self._target
        if type(found) is not kind.model or name not in (None, found.name):
            return
        seen = self._seen.get(found.name)
        stays = change.type != "DELETED" and self._matches(found.labels)
        if seen is None and not stays:
            return
        if seen is not None and change.type != "DELETED" and _version(found) <= _version(seen):
            return
        self._show([found])
        if stays:
            self._seen[found.name] = found
        else:
            del self._seen[found.name]

    def _show(self, objects: list[Object]) -> None:
        self._call.stream(self._lines(objects))
        self._call.objects += objects


def _version(found: Object) -> int:
    return int(found.metadata.resource_version)
