"""Two nodes with their control plane, without threads and with a clock of their own: the test says what happens next.

The nodes, stores, controllers, handlers and clients are the real ones. The test decides when time passes, when the
programs of a task run, and which BFIA messages get lost or come twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from kuscia_nb.backends import DOMAINS
from kuscia_nb.backends.lockstep import LockstepAgent
from kuscia_nb.backends.pods import Join
from kuscia_nb.bfia.client import Client
from kuscia_nb.bfia.handlers import Handlers
from kuscia_nb.bfia.wire import Request, Response
from kuscia_nb.control.app_images import app_image
from kuscia_nb.control.kinds import Domain, KusciaTask
from kuscia_nb.control.manifest import from_dict
from kuscia_nb.control.node import Node
from kuscia_nb.control.objects import Metadata
from kuscia_nb.control.plane import ControlPlane
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import DataError
from kuscia_nb.mpc import TrustedThirdParty
from kuscia_nb.observer.observer import Observer
from kuscia_nb.operators import Component, Operator, Party

Fault = Literal["lose request", "lose reply", "twice"]


async def toy(party: Party) -> None:
    """Says hello to its peer; fails where its parameter `fails` says so."""
    fails = party.environment.get("runtime.component.parameter.fails", "")
    if party.domain in fails.split(","):
        raise DataError(f"the data of {party.domain} is not good")
    await party.link.send(b"hello", "greet")
    await party.link.receive()


TOY = Operator(Component("toy", "says hello", inputs=("data",), outputs=("result",)), toy, image="toy")


class World:
    """alice, bob, and everything that runs them. `faults` are for the next messages, in their order."""

    def __init__(self, storage: Path) -> None:
        self.now = 0.0
        self.faults: list[Fault | None] = []
        self.messages: list[str] = []
        self.programs: list[Callable[[], None]] = []
        self.observer = Observer()
        self.nodes = {domain: Node(domain, storage / domain, self.observer.logs) for domain in DOMAINS}
        self._handlers = {domain: Handlers(node) for domain, node in self.nodes.items()}
        peers = {
            domain: {
                other: Client(domain, other, partial(self._carry, other), sleep=lambda seconds: None)
                for other in DOMAINS
                if other != domain
            }
            for domain in DOMAINS
        }
        self.agent = LockstepAgent(TrustedThirdParty(), self.observer, self._spawn, {"toy": TOY})
        for node in self.nodes.values():
            self.observer.watch(node.store)
            for other in DOMAINS:
                node.store.create(Domain(metadata=Metadata(name=other, namespace="")))
            node.store.create(app_image(TOY))
        self.plane = ControlPlane(self.nodes, peers, self.agent, lambda: self.now)

    def apply(self, job: KusciaJob) -> None:
        self.nodes[job.spec.initiator].apply(job)
        self.settle()

    def settle(self) -> None:
        """Do all that is due now."""
        self.plane.loop.run_until(self.now)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and do all that becomes due meanwhile."""
        end = self.now + seconds
        while (due := self.plane.loop.run_until(self.now)) is not None and due <= end:
            self.now = max(self.now, due)
        self.now = end
        self.settle()

    def run_programs(self) -> None:
        """Let the programs run that are ready to."""
        while self.programs:
            self.programs.pop(0)()
        self.settle()

    def finish(self) -> None:
        """Time and programs until nothing more happens."""
        for _ in range(200):
            self.run_programs()
            self.pass_time(10.0)

    def job(self, domain: str, name: str = "job") -> KusciaJob | None:
        return self.nodes[domain].store.get(KusciaJob, name)

    def tasks(self, domain: str) -> list[KusciaTask]:
        return self.nodes[domain].store.objects(KusciaTask)

    def _spawn(self, name: str, target: Callable[[], None]) -> Join:
        self.programs.append(target)
        return lambda seconds: True

    def _carry(self, domain: str, request: Request) -> Response:
        fault = self.faults.pop(0) if self.faults else None
        self.messages.append(request.path.partition("?")[0].rpartition("schedule/")[2])
        if fault == "lose request":
            raise ConnectionResetError("the message was lost")
        response = self._handlers[domain](request)
        if fault == "twice":
            response = self._handlers[domain](request)
        if fault == "lose reply":
            raise ConnectionResetError("the reply was lost")
        return response


def job(*tasks: Mapping[str, Any], name: str = "job", initiator: str = "alice", **spec: Any) -> KusciaJob:
    """A job of toy tasks: alias, and what else is given of dependencies, tolerable, priority, taskID, fails, input."""
    return from_dict(
        {
            "apiVersion": "kuscia.secretflow/v1alpha1",
            "kind": "KusciaJob",
            "metadata": {"name": name},
            "spec": {"initiator": initiator, **spec, "tasks": [_task(initiator, **task) for task in tasks or ({},)]},
        }
    )


def _task(initiator: str, alias: str = "a", fails: str = "", **fields: Any) -> dict[str, Any]:
    inputs = fields.pop("input", [])
    own = {} if inputs else {"name": "data.csv", "namespace": "data"}
    config = {
        "name": alias,
        "module_name": "toy",
        "input": inputs,
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": {"alice": "host", "bob": "guest"}[initiator], "node_id": initiator},
        "task_params": {"host": {"0": own}, "guest": {"0": own}, "common": {"fails": fails}},
    }
    return {
        "alias": alias,
        "appImage": "toy",
        "parties": [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}],
        "taskInputConfig": json.dumps(config),
        **fields,
    }
