"""The control plane of several nodes in one process: their controllers, and the loop that they share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from .agent import Agent
from .jobs import JobController
from .kinds import KusciaTask
from .loop import Key, Loop
from .node import Node
from .objects import Object
from .peer import Peer
from .resources import KusciaJob
from .store import Change
from .tasks import TaskController


class ControlPlane:
    """Works on whatever is in the nodes' stores, or changes there.

    `peers` has, by domain, the other nodes as it sees them.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node],
        peers: Mapping[str, Mapping[str, Peer]],
        agent: Agent,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.loop = Loop(self._work, clock)
        self._controllers: dict[tuple[str, str], JobController | TaskController] = {}
        for domain, node in nodes.items():
            self._controllers[domain, "KusciaJob"] = JobController(node, peers[domain], clock)
            self._controllers[domain, "KusciaTask"] = TaskController(node, peers[domain], agent, clock)
            node.store.subscribe(lambda change, domain=domain: self._changed(domain, change))
            for found in (*node.store.objects(KusciaTask), *node.store.objects(KusciaJob)):
                if not found.finished:
                    self.loop.add((domain, found.kind, found.name))

    def _changed(self, domain: str, change: Change) -> None:
        object: Object = change.object
        if isinstance(object, KusciaJob | KusciaTask):
            self.loop.add((domain, object.kind, object.name))
        if isinstance(object, KusciaTask):
            self.loop.add((domain, "KusciaJob", object.metadata.owner_references[0].name))

    def _work(self, key: Key) -> float | None:
        domain, kind, name = key
        controller = self._controllers[domain, kind]
        try:
            return controller.reconcile(name)
        except Exception as error:  # whatever it is, it must not end the loop, nor leave the object without an end
            controller.fail(name, error)
            return None
