"""What one node keeps: objects by kind and name, as the API server of a Kuscia node does.

Every change is one step: a function of the object as it is, under the store's lock. Nobody can write on top of what
they have not seen, so there are no conflicts to resolve. Objects never change; a change puts a new one in place.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Literal, NamedTuple, Protocol, TypeVar

from ..errors import JobError
from .interrupts import undisturbed
from .objects import Object, OwnerReference, now

O = TypeVar("O", bound=Object)  # noqa: E741


class AlreadyExists(JobError):
    """There is an object of this kind and name."""


class Change(NamedTuple):
    """What happened to an object. `old` is None when it was made, `new` when it was deleted."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    old: Object | None
    new: Object | None

    @property
    def object(self) -> Object:
        """The object as it is, or as it was before it was deleted."""
        found = self.new or self.old
        assert found is not None
        return found


Listener = Callable[[Change], None]


class Objects(Protocol):
    """The read half of a store, which all may have."""

    @property
    def domain(self) -> str:
        """Whose objects they are."""
        ...

    def get(self, kind: type[O], name: str) -> O | None:
        """The object of this name, if there is one."""
        ...

    def objects(self, kind: type[O]) -> list[O]:
        """All objects of a kind, by name, as kubectl lists them."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change, in order, within the change; returns what ends that."""
        ...


def subscribed(
    listeners: list[Listener], lock: AbstractContextManager[object], listener: Listener
) -> Callable[[], None]:
    """Add a listener; returns what takes it away again, which may be done twice."""
    with lock:
        listeners.append(listener)

    def unsubscribe() -> None:
        with lock, suppress(ValueError):
            listeners.remove(listener)

    return unsubscribe


class Store:
    """The objects of one domain's node. Any thread may read and write."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self._objects: dict[type[Object], dict[str, Object]] = {}
        self._owned: dict[str, dict[tuple[type[Object], str], None]] = {}  # by the owner's uid, in order
        self._listeners: list[Listener] = []
        self.version = 0
        """Grows with every change, also with a deletion."""
        self._lock = threading.RLock()

    def get(self, kind: type[O], name: str) -> O | None:
        """The object of this name, if there is one."""
        return self._kept(kind).get(name)

    def objects(self, kind: type[O]) -> list[O]:
        """All objects of a kind, by name, as kubectl lists them."""
        kept = self._kept(kind)
        with self._lock:
            found = dict(kept)
        return [found[name] for name in sorted(found)]

    def restore(self, objects: Sequence[Object]) -> None:
        """Take over what an earlier process has kept, as it was: before anybody listens, and nobody is told."""
        for object in objects:
            self._kept(type(object))[object.name] = object
            for owner in object.metadata.owner_references:
                self._owned.setdefault(owner.uid, {})[type(object), object.name] = None
        self.version = max((int(one.metadata.resource_version) for one in objects), default=0)

    @undisturbed()
    def create(self, object: O) -> O:
        """Keep a new object; the node writes its uid, times and versions. AlreadyExists, if the name is taken."""
        with self._lock:
            kept = self._kept(type(object))
            if object.name in kept:
                raise AlreadyExists(f"{type(object).__name__} {object.name} already exists on {self.domain}")
            written = {
                "uid": str(uuid.uuid4()),
                "creation_timestamp": now(),
                "generation": 1,
                "resource_version": self._next_version(),
            }
            new = object.model_copy(update={"metadata": object.metadata.model_copy(update=written)})
            kept[object.name] = new
            for owner in new.metadata.owner_references:
                self._owned.setdefault(owner.uid, {})[type(new), new.name] = None
            self._tell(Change("ADDED", None, new))
        return new

    @undisturbed()
    def change(self, kind: type[O], name: str, how: Callable[[O], O]) -> O | None:
        """Put `how(object)` in the object's place, and return it; None if there is no such object.

        `how` returns its argument to leave all as it is. The generation grows when the spec differs.
        """
        with self._lock:
            kept = self._kept(kind)
            old = kept.get(name)
            if old is None:
                return None
            new = how(old)
            if new is old:
                return old
            grown = getattr(new, "spec", None) is not getattr(old, "spec", None)
            written = {
                "resource_version": self._next_version(),
                "generation": old.metadata.generation + grown,
            }
            new = new.model_copy(update={"metadata": new.metadata.model_copy(update=written)})
            kept[name] = new
            self._tell(Change("MODIFIED", old, new))
        return new

    @undisturbed()
    def delete(self, kind: type[Object], name: str) -> Object | None:
        """Remove an object and what it owns; what it was, or None if there was none (spec: kuscia §2.4)."""
        with self._lock:
            old = self._kept(kind).pop(name, None)
            if old is None:
                return None
            for owner in old.metadata.owner_references:
                self._owned.get(owner.uid, {}).pop((kind, name), None)
            self._next_version()
            self._tell(Change("DELETED", old, None))
            for owned in self._owned.pop(old.metadata.uid, ()):
                self.delete(*owned)
        return old

    def owned(self, kind: type[O], owner: Object) -> list[O]:
        """The objects of a kind that are deleted with `owner`, in the order in which they were made."""
        with self._lock:
            names = [name for other, name in self._owned.get(owner.metadata.uid, ()) if other is kind]
            return [self._kept(kind)[name] for name in names]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change, in order, within the change; returns what ends that."""
        return subscribed(self._listeners, self._lock, listener)

    def _next_version(self) -> str:
        self.version += 1
        return str(self.version)

    def _kept(self, kind: type[O]) -> dict[str, O]:
        return self._objects.setdefault(kind, {})  # type: ignore[return-value]

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)


@contextmanager
def watching(store: Store, listener: Listener) -> Iterator[None]:
    """Hear of every change within it."""
    stop = store.subscribe(listener)
    try:
        yield
    finally:
        stop()


def owned_by(owner: Object) -> OwnerReference:
    """The reference of what is deleted with `owner`."""
    return OwnerReference(kind=type(owner).__name__, name=owner.name, uid=owner.metadata.uid)
