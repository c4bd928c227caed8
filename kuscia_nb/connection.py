"""The cluster that a person works with: `connect` starts it at its first use. Light to import."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .backends.base import Backend
    from .cluster import Cluster

_default: Cluster | None = None
_open: weakref.WeakSet[Backend] = weakref.WeakSet()
_stored: dict[Path, Cluster] = {}
_connecting = threading.Lock()


def connect(to: str = "local", *, storage: str | Path | None = None) -> Cluster:
    """The cluster to work with.

    "local" is alice, bob and a TTP in this process; they start at the first call and are the same ever after. With
    `storage`, a cluster of its own; it is the same one until it is closed. Its files and jobs stay in that folder, and
    are there again at the next `connect`, also after a crash.
    """
    global _default
    from .backends.local import LocalBackend
    from .errors import KusciaError

    if to != "local":
        what = f"cannot connect to {to!r}: so far there are only nodes in this process"
        raise KusciaError(what, hint='connect("local"): alice, bob and a TTP')
    if storage is not None:
        try:
            with _connecting:
                place = Path(storage).resolve()
                if place not in _stored or _stored[place].closed:  # a cell may run twice
                    _stored[place] = _opened(LocalBackend(Path(storage)))
                return _stored[place]
        except (OSError, ValueError) as error:
            what = f"{storage} cannot be the storage: {getattr(error, 'strerror', None) or error}"
            raise KusciaError(what, hint="a folder that you may write to; it is made if need be") from error
    with _connecting:
        if _default is None or _default.closed:
            _default = _opened(LocalBackend())
        return _default


def running() -> Cluster | None:
    """The cluster that `connect()` gives, if it is up already."""
    return _default if _default is not None and not _default.closed else None


def disconnect() -> None:
    """Close every cluster that `connect` gave out and that is still in use."""
    for backend in list(_open):
        backend.close()
    _stored.clear()


def _opened(backend: Backend) -> Cluster:
    from .cluster import Cluster

    _open.add(backend)
    return Cluster(backend)
