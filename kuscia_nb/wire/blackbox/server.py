"""An endpoint that listens: each connection has a thread, which reads one request after the other.

A node's own server hands such connections over (`Connections.take_over`); `EndpointServer` has a port of its own.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from ..accepting import Accepting
from ..http_channel import Bounds, Head, HttpChannel, Refused
from ..sockets import Address, in_words, listen
from ..tls import wrapped
from .desk import Call, Caller, Desk, Lines, seconds
from .outbound import CONTENT_TYPE, FULL, PATH, TOO_LARGE, Outbound

BOUNDS = Bounds(head=16 << 10, body=128 << 20, sending=300.0, idle=600.0)
"""Of a client: Kuscia's, but for the time between two requests."""
MOST = 128
"""Connections at a time."""
_LARGE, ROOM = 1 << 20, 512 << 20
"""Bytes of a message from which on it needs room, from its first byte to its answer; and the room for all of these."""


class _Served:
    """A connection, and whether nobody has asked for anything over it yet."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.stranger = True

    def hang_up(self) -> None:
        """Whoever reads from it finds it closed."""
        with suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)  # of TLS, too, without a word


class _Room:
    """For large messages that are on their way in, or wait for a place in a queue."""

    def __init__(self, size: int) -> None:
        self._left, self._lock = size, threading.Lock()

    def take(self, size: int) -> bool:
        """Whether there was room for so many bytes, which is taken then."""
        with self._lock:
            fits = size <= self._left
            self._left -= size if fits else 0
        return fits

    def give(self, size: int) -> None:
        """It is free again."""
        with self._lock:
            self._left += size


class Connections:
    """Those of one endpoint, each with its thread."""

    def __init__(
        self, desk: Desk, *, bounds: Bounds = BOUNDS, most: int = MOST, say: Callable[[str], None] = lambda line: None
    ) -> None:
        self._desk, self._bounds, self._most, self._say = desk, bounds, most, say
        self._open: dict[_Served, threading.Thread] = {}  # the oldest first
        self._lock, self._room = threading.Lock(), _Room(ROOM)
        self._closed = False

    def take(
        self,
        connection: socket.socket,
        name: str,
        caller: Callable[[socket.socket], Caller],
        tls: ssl.SSLContext | None = None,
        read: bytes = b"",
    ) -> None:
        """Serve a connection until it ends. `read`: what has come over it already; `caller`: who it turns out to be.

        If there are too many, the oldest one that has not asked for anything makes room.
        """
        served = _Served(connection)
        serve = threading.Thread(
            target=self._serve, args=(served, name, caller, tls, read), name="kuscia_nb transport", daemon=True
        )
        with self._lock:
            stranger = next((one for one in self._open if one.stranger), None)
            if len(self._open) >= self._most and stranger is not None:
                del self._open[stranger]
                stranger.hang_up()
            full = self._closed or len(self._open) >= self._most
            if not full:
                self._open[served] = serve
        if full:
            self._say(f"{name}: refused, {self._most} connections are open")
            connection.close()
        else:
            serve.start()

    def close(self) -> None:
        """End all of them; returns when nothing is left."""
        self._desk.queues.close()  # who waits there is told
        with self._lock:
            self._closed = True
            left = list(self._open.items())
        for served, _ in left:
            served.hang_up()
        for _, serving in left:
            serving.join()

    def _serve(
        self,
        served: _Served,
        name: str,
        caller: Callable[[socket.socket], Caller],
        tls: ssl.SSLContext | None,
        read: bytes,
    ) -> None:
        lines: Lines = {}
        try:
            served.socket.settimeout(self._bounds.idle)
            served.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                self._secure(served, tls)
            channel, who = HttpChannel(served.socket, self._bounds, read), caller(served.socket)
            while self._answer_next(channel, who, lines, served.socket):
                served.stranger = False
        except ssl.SSLError as error:
            self._say(f"{name}: {in_words(error)}")
        except OSError:
            pass  # it has gone away, or was too slow
        finally:
            served.socket.close()
            for line in lines.values():
                line.close()
            with self._lock:  # at the very end: `close` waits for those that are here
                self._open.pop(served, None)

    def _secure(self, served: _Served, tls: ssl.SSLContext) -> None:
        served.socket.settimeout(_SHAKING_HANDS)
        secured = wrapped(served.socket, tls, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            served.socket = secured
            if served not in self._open:  # it has made room
                raise ConnectionAbortedError
        secured.do_handshake()

    def _answer_next(self, channel: HttpChannel, who: Caller, lines: Lines, connection: socket.socket) -> bool:
        """Read a request and answer it; whether another one may follow."""
        taken = 0

        def fits(size: int) -> bool:
            nonlocal taken
            if size < _LARGE:
                return True
            taken = size if self._room.take(size) else 0
            return bool(taken)

        try:
            request = channel.next(fits)
            return request is not None and self._answer(*request, channel, who, lines, connection)
        except Refused as refused:
            code = {"413": TOO_LARGE, "503": FULL}.get(refused.status[:3])
            if code is not None:
                channel.answer("200 OK", Outbound(code).encoded(), CONTENT_TYPE, last=True)
            else:
                channel.answer(refused.status, refused.text.encode(), "text/plain", last=True)
            return False
        finally:
            self._room.give(taken)

    def _answer(
        self, head: Head, body: bytes, channel: HttpChannel, who: Caller, lines: Lines, connection: socket.socket
    ) -> bool:
        """Answer a request; whether another one may follow."""
        last = head.last
        path, _, query = head.target.partition("?")
        if path == "/status":
            said = {"node": self._desk.name, "time": time.time(), **self._desk.queues.status()}
            channel.answer("200 OK", json.dumps(said).encode(), "application/json", last=last)
        elif not path.startswith(PATH) or head.method != "POST" or _from_a_page(head):
            channel.answer("404 Not Found", b"there is a transport endpoint here", "text/plain", last=last)
        else:
            call = Call(path.removeprefix(PATH), head.headers, seconds(query), body)
            answer = self._desk.answer(call, who, lines, lambda: _gone(connection))
            channel.answer("200 OK", answer.encoded(), CONTENT_TYPE, last=last)
        return not last


_SHAKING_HANDS = 10.0


class EndpointServer:
    """A port with an endpoint behind it, from `start()` to `stop()`, or in a `with`."""

    def __init__(
        self,
        connections: Connections,
        address: Address,
        caller: Callable[[socket.socket], Caller] = lambda connection: Caller(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`caller` says who is at the other end of a connection, by its certificate."""
        self._connections, self._wanted, self._caller, self._tls = connections, address, caller, tls
        self._accepting: Accepting | None = None
        self.address = address
        """Where it listens; the port is known after `start`."""

    def start(self) -> EndpointServer:
        """Listen. LinkError, if the address cannot be had."""
        listener = listen(self._wanted)
        self.address = Address(*listener.getsockname()[:2])
        self._accepting = Accepting(listener, self._accept, "kuscia_nb transport")
        return self

    def stop(self) -> None:
        """Close the port; returns when nothing listens. Connections are closed by who has them."""
        accepting, self._accepting = self._accepting, None
        if accepting is not None:
            accepting.stop()

    def __enter__(self) -> EndpointServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._connections.close()

    def _accept(self, connection: socket.socket, address: tuple[str, int]) -> None:
        self._connections.take(connection, str(Address(*address)), self._caller, self._tls)


def _from_a_page(head: Head) -> bool:
    """Whether a browser asks for a page of the web: no program has an Origin, which a browser sends with every POST."""
    return "origin" in head.headers or head.headers.get("sec-fetch-site") == "cross-site"


def _gone(connection: socket.socket) -> bool:
    """Whether the other end has hung up."""
    if not select.select([connection], [], [], 0)[0]:
        return False
    try:
        return socket.socket.recv(connection, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
