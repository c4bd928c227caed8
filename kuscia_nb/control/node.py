"""One node: a domain with a store, a storage folder, and what may be put into the store.

Requests come from three sides, and all end here: from people through kubectl or Python, and from a peer through its
BFIA messages. The controllers see what changed in the store, and do the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import JobError, KusciaError
from .kinds import AppImage, Domain, DomainSpec, KusciaTask
from .manifest import check_against
from .meta import Metadata, Object
from .problems import FieldPath, Problem, choice
from .resources import KusciaJob
from .source import Source, manifest_error
from .store import AlreadyExists, Store

if TYPE_CHECKING:
    from ..operators.component import Component

Applied = Literal["created", "configured", "unchanged"]


class Node:
    """One domain's node."""

    def __init__(self, domain: str, storage: Path, logs: Callable[[str, str], str] = lambda domain, task_id: "") -> None:
        self.domain = domain
        self.storage = storage
        self.store = Store(domain)
        self._logs = logs

    def create(self, job: KusciaJob) -> KusciaJob:
        """Check a job against what this node has, and keep it.

        ManifestError says everything that keeps this node from running it; AlreadyExists, if its name is taken.
        """
        raise NotImplementedError

    def apply(self, object: Object) -> tuple[Object, Applied]:
        """Keep an object that a person has written, or put what is new in it into the one that is there."""
        raise NotImplementedError

    def delete(self, kind: type[Object], name: str) -> Object | None:
        """Remove an object with what it owns; None if there is none. What runs for it is stopped."""
        return self.store.delete(kind, name)

    def logs(self, task_id: str) -> str:
        """What this node's program of a task has logged, a line each; empty if it has not run here."""
        return self._logs(self.domain, task_id)
