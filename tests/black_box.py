"""Endpoints of black-box transport for tests: those of two nodes, or one to which the programs of both come."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from kuscia_nb.wire import push
from kuscia_nb.wire.blackbox.desk import Call, Caller, Desk, Lines
from kuscia_nb.wire.blackbox.outbound import Outbound
from kuscia_nb.wire.blackbox.queues import BOUNDS, Bounds, Queues
from kuscia_nb.wire.blackbox.server import Connections, EndpointServer
from kuscia_nb.wire.own.dial import Dial
from kuscia_nb.wire.sockets import Address

NODES = ("bob", "alice")
"""By rank."""


class Listening(Desk):
    """One that keeps what programs push, by their node."""

    def __init__(self, name: str, peers: dict[str, Dial | None], bounds: Bounds) -> None:
        super().__init__(name, peers, Queues(bounds))
        self.heard: dict[str, list[bytes]] = {node: [] for node in NODES}

    def answer(self, call: Call, caller: Caller, lines: Lines, gone: Callable[[], bool] = lambda: False) -> Outbound:
        if call.name == "push":
            self.heard[call.headers["x-ptp-source-node-id"]].append(call.body)
        return super().answer(call, caller, lines, gone)


class Endpoints:
    """Of two nodes that know each other; or, `shared`, one of a third that has both as guests."""

    def __init__(
        self,
        *,
        shared: bool = False,
        tls: ssl.SSLContext | None = None,
        caller: Callable[..., Caller] = lambda _: Caller(),
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._stack = ExitStack()
        self._shared, self._tls, self._caller, self._bounds = shared, tls, caller, bounds
        self.desks: list[Listening] = []
        self.addresses: list[str] = []
        self.servers: list[EndpointServer] = []

    def __enter__(self) -> Self:
        if self._shared:
            self._listen(Listening("carol", dict.fromkeys(NODES), self._bounds))
            self.desks *= 2
            self.addresses *= 2
            return self
        peers: list[dict[str, Dial | None]] = [{}, {}]
        for rank in (0, 1):
            self._listen(Listening(NODES[rank], peers[rank], self._bounds))
        for rank in (0, 1):  # each knows the other's port only now
            self.desks[rank]._peers[NODES[1 - rank]] = Dial(f"http://{self.addresses[1 - rank]}")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _listen(self, desk: Listening) -> None:
        server = EndpointServer(Connections(desk), Address("127.0.0.1", 0), self._caller, self._tls)
        self._stack.enter_context(server)
        self.servers.append(server)
        self.desks.append(desk)
        self.addresses.append(str(server.address))

    def values(self, rank: int) -> dict[str, bytes]:
        """What a rank has sent, by key without the number."""
        read = [push.read(memoryview(message)) for message in self.desks[rank].heard[NODES[rank]]]
        return {one.key.partition("\x01")[0]: bytes(one.value) for one in read}
