"""How a node that is alone and its peers reach each other: by its port and theirs, or by connections that are kept."""

from __future__ import annotations

from functools import partial

from ..bfia.guard import Guard
from ..bfia.http import http_transport
from ..bfia.http_server import Upgrade
from ..bfia.server import BfiaServer
from ..bfia.wire import Transport
from ..errors import KusciaError
from ..wire.own.calls import Called, Calls, link_of
from ..wire.own.dial import LINK_PATH
from ..wire.own.doors import Doors, take_over
from ..wire.own.transport import Limits, OwnTransport
from .endpoint import NodeEndpoint, dial_of
from .settings import Peer, Settings


class Ways:
    """Of one node, from `open` to `close`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._doors, self._endpoint = Doors(), NodeEndpoint(settings)
        self._called = {peer.name: Called(peer.name) for peer in settings.peers.values() if peer.dials}
        self._calls: dict[str, Calls] = {}
        self._server: BfiaServer | None = None

    def open(self, handlers: Transport) -> None:
        """Let peers and programs in. KusciaError, if an address cannot be had."""
        settings = self._settings
        for name, called in self._called.items():
            self._doors.expect(link_of(name), called, self._certificate(name))
        if settings.listen is not None:
            upgrades = Upgrade(LINK_PATH, partial(take_over, doors=self._doors)), self._endpoint.upgrade
            host, port = settings.listen
            self._server = BfiaServer(handlers, port, host, guard=self._guard(), upgrades=upgrades)
            self._server.start()
        try:
            self._endpoint.start()
        except KusciaError:
            self.close()
            raise
        if settings.listen is None:
            dials = ((peer.name, dial_of(settings, peer)) for peer in settings.peers.values())
            self._calls = {peer: Calls(settings.name, peer, dial, handlers) for peer, dial in dials if dial is not None}
        for calls in self._calls.values():
            calls.start()

    def close(self) -> None:
        """Nobody reaches this node any more; again is fine."""
        if self._server is not None:
            self._server.stop()
        for calls in self._calls.values():
            calls.stop()
        for called in self._called.values():
            called.close()
        self._endpoint.stop()

    @property
    def url(self) -> str:
        """Of the node's one port; empty, if it listens nowhere, or no more."""
        return self._server.url if self._server is not None and self._server.port is not None else ""

    @property
    def port(self) -> int | None:
        """The same."""
        return self._server.port if self._server is not None else None

    def to(self, peer: Peer) -> Transport:
        """Carries requests to a peer."""
        if called := self._called.get(peer.name):
            return called
        return http_transport(peer.url, tls=self._settings.client_tls(peer), headers=peer.headers)

    def kept(self, peer: Peer) -> str:
        """How requests come from a peer or to it, if one of the two sides listens nowhere."""
        if peer.dials:
            return "requests to it go through the connection that it keeps open"
        if (calls := self._calls.get(peer.name)) is None:
            return ""
        what = f"do not come: {calls.broken}" if calls.broken else "come through a connection that is kept open"
        return f"this node listens nowhere, and {peer.name}'s requests {what}"

    def wire(self, task_id: str, rank: int, names: tuple[str, str], limits: Limits) -> OwnTransport:
        """The way to the peer's program: whoever can dials."""
        peer = self._settings.peers[names[1 - rank]]
        wire = OwnTransport(rank, names, task_id, dial=dial_of(self._settings, peer), limits=limits)
        self._endpoint.expect(task_id)
        self._doors.expect(task_id, wire, self._certificate(peer.name))
        return wire

    def forget(self, task_id: str) -> None:
        """The task has ended."""
        self._doors.forget(task_id)
        self._endpoint.forget(task_id)

    def _certificate(self, peer: str) -> bytes | None:
        """Who alone may come as this peer (DER), if anything is encrypted."""
        known = self._settings.peers[peer].certificate
        return known.der if known else None

    def _guard(self) -> Guard | None:
        """Who may ask this node for anything; None, where nothing is encrypted."""
        identity, peers = self._settings.identity, self._settings.peers.values()
        if identity is None:
            return None
        from ..wire.identity import server_tls

        known = {peer.certificate.der: peer.name for peer in peers if peer.certificate}
        context = server_tls(identity, [peer.certificate for peer in peers if peer.certificate])
        return Guard(context, known.get)
