"""What has happened on a node, so that a watch goes on where a list, or an earlier watch, has ended."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ..control.store import Change, Store

_KEPT = 1000


class Noted(NamedTuple):
    """A change, and the store's version after it."""

    version: int
    change: Change


Hear = Callable[[Noted], object]


class History:
    """The last changes of a store, and who wants to hear of the next ones."""

    def __init__(self, store: Store) -> None:
        self._store, self._listeners = store, list[Hear]()
        self._noted: deque[Noted] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()
        self._begin = store.version
        self.close = store.subscribe(self._note)

    def since(self, version: int, hear: Hear) -> list[Noted] | None:
        """Everything after a version, and from now on `hear`; None, if it is not known any more. See `forget`."""
        with self._lock:
            if version < self._begin:
                return None
            self._listeners.append(hear)
            return [noted for noted in self._noted if noted.version > version]

    def forget(self, hear: Hear) -> None:
        """Tell it nothing more."""
        with self._lock:
            self._listeners.remove(hear)

    def _note(self, change: Change) -> None:
        with self._lock:  # within the store's: whoever holds this one must not ask the store
            if len(self._noted) == _KEPT:
                self._begin = self._noted[0].version
            noted = Noted(self._store.version, change)
            self._noted.append(noted)
            for hear in self._listeners:
                hear(noted)
