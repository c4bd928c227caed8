"""A node as a transport endpoint: other nodes' endpoints come to its port, and programs of this machine to a second.

Programs that are not of this package, such as a SecretFlow SPU, exchange their messages through it. A task's session
is known from the start of the task to its end, by the name and the token that its environment has.
"""

from __future__ import annotations

import socket
import ssl
from functools import partial
from typing import TypeGuard

from ..bfia.http_server import Upgrade
from ..wire.blackbox.desk import Caller, Desk
from ..wire.blackbox.outbound import PATH
from ..wire.blackbox.server import Connections, EndpointServer
from ..wire.blackbox.taken import take_over
from ..wire.own.dial import Dial
from .settings import Peer, Settings


class NodeEndpoint:
    """Of one node. It serves from `start` to `stop`."""

    def __init__(self, settings: Settings) -> None:
        peers: dict[str, Dial | None] = {peer.name: dial_of(settings, peer) for peer in settings.peers.values()}
        self._known = {peer.certificate.der: peer.name for peer in settings.peers.values() if peer.certificate}
        self._secured = settings.identity is not None
        self._desk = Desk(settings.name, peers)
        self._connections, self._of_programs = Connections(self._desk), Connections(self._desk)
        self._programs = None
        if settings.transport is not None:
            self._programs = EndpointServer(self._of_programs, settings.transport, lambda _: Caller(outside=False))
        self.upgrade = Upgrade(PATH, partial(take_over, connections=self._connections, caller=self._caller))
        """For the node's own server."""

    def start(self) -> None:
        """Listen for programs, if there is an address for them. LinkError, if it cannot be had."""
        if self._programs is not None:
            self._programs.start()

    def stop(self) -> None:
        """End all connections; returns when nothing is left."""
        if self._programs is not None:
            self._programs.stop()
        for connections in (self._connections, self._of_programs):
            connections.close()

    def expect(self, task_id: str) -> None:
        """A task's programs may come, with its token."""
        self._desk.expect(f"session_{task_id}", f"token_{task_id}")

    def forget(self, task_id: str) -> None:
        """The task has ended."""
        self._desk.release(f"session_{task_id}")

    def _caller(self, connection: socket.socket) -> Caller:
        """Another node; which one, its certificate says."""
        if not self._secured:
            return Caller(inside=False)
        node = self._known.get(connection.getpeercert(binary_form=True) or b"") if _is_tls(connection) else None
        if node is None:
            raise ConnectionError("a certificate that is not known")
        return Caller(node, inside=False)


def dial_of(settings: Settings, peer: Peer) -> Dial | None:
    """The way to a peer's node; None, if there is none, so that the peer dials."""
    if peer.dials:
        return None
    encrypts = settings.encrypts(peer)
    own, theirs = (settings.identity, peer.certificate) if encrypts else (None, None)
    return Dial(peer.url, own, theirs, peer.headers)


def _is_tls(connection: socket.socket) -> TypeGuard[ssl.SSLSocket]:
    return isinstance(connection, ssl.SSLSocket)
