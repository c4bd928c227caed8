"""alice, bob and a TTP in this process.

One process means that this shows and checks the protocol: the parties' programs cannot reach each other's data, but
whoever runs the process can reach both. It does not keep two people's data apart.

Each node has a storage folder of its own, laid out as on a Kuscia node: `data/` with its files, and a folder for each
job's results. By default they live in a temporary folder that goes when the cluster is closed or Python ends; what a
killed process could not remove, the next one does.
"""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..bfia.client import Client
from ..bfia.handlers import Handlers
from ..bfia.http import http_transport
from ..bfia.server import BfiaServer
from ..bfia.wire import Request, Response
from ..control.node import Node
from ..data.files import Folder
from ..data.sample import write_sample
from ..errors import KusciaError
from ..mpc import TrustedThirdParty
from ..observer.observer import Observer
from ..observer.runs import Matter, Run
from . import DOMAINS
from .claim import claim, temporary
from .controlled import ControlledNodes
from .lockstep import LockstepAgent

if TYPE_CHECKING:
    pass


class LocalBackend(ControlledNodes):
    """The nodes, their storage, their TTP and their jobs."""

    kind = "local"
    unknown: Mapping[Matter, str] = {}
    token = ""

    def __init__(self, storage: Path | None = None) -> None:
        place, release = temporary() if storage is None else (storage, claim(storage))
        self._clean = weakref.finalize(self, release)
        try:
            self._begin(place, keep=storage is not None)
        except BaseException:
            self._clean()  # who mends what was wrong can try again
            raise

    def _begin(self, storage: Path, keep: bool) -> None:
        self.ttp, observer = TrustedThirdParty(), Observer()
        nodes = {domain: Node(domain, storage / domain, observer.logs) for domain in DOMAINS}
        self.servers: dict[str, BfiaServer] = {}
        self._handlers = {domain: Handlers(node) for domain, node in nodes.items()}
        peers = {domain: self._peers(domain) for domain in DOMAINS}
        self._control(nodes, DOMAINS, observer, LockstepAgent(self.ttp, observer), peers, keep=keep)
        write_sample(*(nodes[d].storage / "data" / f"perfect_logit_{d[0]}.csv" for d in DOMAINS))
        self._begin_work()

    @property
    def urls(self) -> dict[str, str]:
        """Of each node's BFIA API, while it is open."""
        return {domain: server.url for domain, server in dict(self.servers).items()}

    def open_http(self, port: int | None = None, *, token: bool = False) -> dict[str, str]:
        """Serve each node's BFIA API on a port of this machine; the nodes then talk over these, too. URLs by domain.

        With `token`, there is a fresh one that every call has to show.
        """
        first = self.servers.get(DOMAINS[0])
        if first and port and first.port != port:
            hint = "kn.connect().down_http() closes them"
            raise KusciaError(f"the ports are open already, {DOMAINS[0]}'s at {first.port}", hint=hint)
        if first and token and not self.token:
            hint = "kn.connect().down_http() closes them"
            raise KusciaError("the ports are open already, and ask for no token", hint=hint)
        if not first:
            self.token = secrets.token_urlsafe(32) if token else ""
        for domain, handlers in self._handlers.items():
            if domain not in self.servers:
                server = BfiaServer(handlers, port if domain == DOMAINS[0] else None, token=self.token)
                server.start()
                self.servers[domain] = server
        return self.urls

    def close_http(self) -> None:
        """Close the ports; the nodes then talk within the process again."""
        while self.servers:
            self.servers.popitem()[1].stop()
        self.token = ""

    def elsewhere(self, run: Run, task_id: str) -> Mapping[str, Folder | str]:
        """Both parties' nodes are here."""
        return {}

    def reveal(self, run: Run, task_id: str) -> None:
        """Both results are here already: the observer's."""

    def _peers(self, domain: str) -> dict[str, Client]:
        return {
            other: Client(domain, other, partial(self._carry, other), self._exchanged)
            for other in DOMAINS
            if other != domain
        }

    def _carry(self, domain: str, request: Request) -> Response:
        """A message to a node: by its port if that is open, else straight to its handlers."""
        server = self.servers.get(domain)
        return http_transport(server.url, token=self.token)(request) if server else self._handlers[domain](request)
