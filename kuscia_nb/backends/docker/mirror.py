"""What a node keeps, copied from what its kubectl prints: to read and to hear of, as our own nodes' stores are.

A list says what there is, a watch what changes. Both may tell the same thing, or what is older than what is known
already: an object's resourceVersion says which is news. A task is told of after its job, and goes with it.
"""

from __future__ import annotations

import codecs
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from ...control.kinds import KusciaTask
from ...control.objects import LABEL, Object
from ...control.observed import observed
from ...control.resources import KusciaJob
from ...control.store import Change, Listener, subscribed
from ...errors import KusciaError

O = TypeVar("O", bound=Object)  # noqa: E741


class WatchEvent(NamedTuple):
    """What a watch says: ADDED, MODIFIED or DELETED, and the object."""

    type: str
    object: Mapping[str, Any]


class WatchEvents:
    """The JSON documents that a watch prints, one behind the other."""

    def __init__(self) -> None:
        self._kept, self._decode = "", codecs.getincrementaldecoder("utf-8")("replace").decode

    def feed(self, printed: bytes) -> Iterator[WatchEvent]:
        """The events that are complete with these bytes."""
        self._kept += self._decode(printed)
        while text := self._kept.lstrip():
            try:
                event, end = json.JSONDecoder().raw_decode(text)
            except ValueError:
                return
            self._kept = text[end:]
            if event.get("type") in ("ADDED", "MODIFIED", "DELETED"):  # a BOOKMARK or an ERROR has no job
                yield WatchEvent(event["type"], event["object"])


class Mirror:
    """One node's objects. Whoever hears of a change does so within it, in order. Any thread may use it."""

    def __init__(self, domain: str, before_end: Callable[[KusciaJob], None] = lambda job: None) -> None:
        self.domain = domain
        self._before_end = before_end
        self._kept: dict[type[Object], dict[str, Object]] = {}
        self._waiting: dict[str, list[KusciaTask]] = {}
        """Tasks whose job was not told of yet, by its uid."""
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()

    def get(self, kind: type[O], name: str) -> O | None:
        """The object of this name, if there is one."""
        return self._of(kind).get(name)

    def objects(self, kind: type[O]) -> list[O]:
        """All objects of a kind, by name. Read without the lock: who hears of a change on one node may ask another."""
        kept = self._of(kind).copy()
        return [kept[name] for name in sorted(kept)]

    def owned(self, kind: type[O], owner: Object) -> list[O]:
        """The objects of a kind that go with `owner`, by name."""
        return [one for one in self.objects(kind) if _owner(one) == owner.metadata.uid]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change, in order, within the change; returns what ends that."""
        return subscribed(self._listeners, self._lock, listener)

    def replace(self, kind: type[Object], listed: Iterable[Mapping[str, Any]]) -> list[KusciaError]:
        """Take over a fresh list of all objects of a kind; the errors are those of objects that cannot be read."""
        errors, there = [], set()
        with self._lock:
            for data in listed:
                there.add(data["metadata"]["name"])
                try:
                    self.take(WatchEvent("MODIFIED", data))
                except KusciaError as error:
                    errors.append(error)
            for name in [name for name in self._of(kind) if name not in there]:
                self._drop(kind, name)
        return errors

    def take(self, event: WatchEvent) -> None:
        """Take over one object, if it is news. A KusciaError, if it cannot be read."""
        found = observed(event.object, self.domain)
        with self._lock:
            if event.type == "DELETED":
                self._drop(type(found), found.name, found.metadata.uid)
            elif isinstance(found, KusciaTask):
                self._put_task(found)
            elif self._is_news(found):
                if isinstance(found, KusciaJob) and found.finished and self._running(found):
                    self._before_end(found)
                self._put(found)
                for task in self._waiting.pop(found.metadata.uid, ()):
                    self._put_task(task)

    def _put_task(self, task: KusciaTask) -> None:
        """A task that no job has made is not ours to show."""
        owner = next(iter(task.metadata.owner_references), None)
        if owner is None or f"{LABEL}task-alias" not in task.labels:
            return
        job = self._of(KusciaJob).get(owner.name)
        if job is None or job.metadata.uid != owner.uid:
            waiting = self._waiting.setdefault(owner.uid, [])
            waiting[:] = [*(one for one in waiting if one.name != task.name), task]
        elif self._is_news(task):
            self._put(task)

    def _put(self, new: Object) -> None:
        kept = self._of(type(new))
        old = kept.get(new.name)
        if old is not None and old.metadata.uid != new.metadata.uid:  # another one of that name
            self._drop(type(new), new.name)
            old = None
        kept[new.name] = new
        self._tell(Change("MODIFIED" if old else "ADDED", old, new))

    def _drop(self, kind: type[Object], name: str, uid: str | None = None) -> None:
        """Forget an object with what it owns, if it still is that one."""
        old = self._of(kind).get(name)
        if old is None or uid not in (None, old.metadata.uid):
            return
        del self._of(kind)[name]
        self._tell(Change("DELETED", old, None))
        for task in self.owned(KusciaTask, old):
            self._drop(KusciaTask, task.name)

    def _running(self, job: KusciaJob) -> bool:
        """Whether it is known as one that has not ended."""
        known = self._of(KusciaJob).get(job.name)
        return known is not None and known.metadata.uid == job.metadata.uid and not known.finished

    def _is_news(self, new: Object) -> bool:
        old = self._of(type(new)).get(new.name)
        if old is None or old.metadata.uid != new.metadata.uid:
            return True
        before, after = old.metadata.resource_version, new.metadata.resource_version
        if before.isdecimal() and after.isdecimal():
            return int(after) > int(before)
        return before != after

    def _of(self, kind: type[O]) -> dict[str, O]:
        return self._kept.setdefault(kind, {})  # type: ignore[return-value]

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)


def _owner(object: Object) -> str:
    return next((owner.uid for owner in object.metadata.owner_references), "")
