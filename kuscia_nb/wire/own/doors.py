"""The listening side: where a node's links wait for their peers, and how a connection gets from its server to them."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from tornado.http1connection import HTTP1Connection, HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream

from ...bfia.server_thread import ServerThread
from ..sockets import Address, Closed, in_words, listen
from . import websocket
from .connection import OwnConnection
from .dial import LINK_PATH

_HEADERS = 5.0
"""Seconds for a request to arrive."""
_MOST = 64
"""Connections that have not been handed over yet."""


class Offered(Protocol):
    """Whom a peer may come to, such as the transport of a task."""

    def offer(self, connection: OwnConnection, /) -> None:
        """The peer has opened this one."""
        ...


class _Door(NamedTuple):
    transport: Offered
    certificate: bytes | None


class Doors:
    """The links of a node that may be opened, by task. From any thread."""

    def __init__(self) -> None:
        self._doors: dict[str, _Door] = {}
        self._lock = threading.Lock()

    def expect(self, task: str, transport: Offered, certificate: bytes | None = None) -> None:
        """The peer of this link may come, by its certificate (DER), if it needs one."""
        with self._lock:
            self._doors[task] = _Door(transport, certificate)

    def forget(self, task: str) -> None:
        """It need not come any more. An unknown one is fine."""
        with self._lock:
            self._doors.pop(task, None)

    def find(self, target: str, headers: Mapping[str, str], certificate: bytes | None) -> _Door | int:
        """The door that a request may go through, or the HTTP status that it is refused with."""
        path = urlsplit(target).path
        with self._lock:
            door = self._doors.get(unquote(path.removeprefix(LINK_PATH))) if path.startswith(LINK_PATH) else None
        if door is None:
            return 404
        if door.certificate is not None and certificate != door.certificate:
            return 403
        return door if websocket.asked_key(headers) else 426


def take_over(connection: HTTPConnection, target: str, headers: Mapping[str, str], doors: Doors) -> bool:
    """Answer a request for a link, on the loop of its server; whether the connection is the link's now.

    It is called when the request is there, and does all of the answer. The connection leaves the loop.
    """
    assert isinstance(connection, HTTP1Connection)
    stream = connection.stream
    assert stream is not None
    secured = stream.socket if isinstance(stream.socket, ssl.SSLSocket) else None
    door = doors.find(target, headers, secured.getpeercert(binary_form=True) if secured is not None else None)
    if headers.get("Origin"):  # a web page: no node is one
        door = 403
    if isinstance(door, int):
        _refuse(connection, door)
        return False
    stream = connection.detach()
    stream.io_loop.remove_handler(stream.fileno())
    assert stream.socket is not None
    answer = websocket.agreed(websocket.asked_key(headers))
    try:
        name = "{}:{}".format(*stream.socket.getpeername()[:2])
        door.transport.offer(OwnConnection(stream.socket, name, dialled=False, answer=answer))
    except (OSError, Closed):
        stream.socket.close()
    return True


def _refuse(connection: HTTPConnection, status: int) -> None:
    phrase = HTTPStatus(status).phrase
    headers = {"Content-Length": "0", "Date": formatdate(usegmt=True), "X-Kuscia-Nb": "link"}
    if status == 426:
        headers |= {"Upgrade": "websocket"}
    connection.write_headers(ResponseStartLine("HTTP/1.1", status, phrase), HTTPHeaders(headers))
    connection.finish()


# A server for links alone.


class LinkServer:
    """Listens for the links of `doors` on a thread of its own; for who has no server yet."""

    def __init__(
        self,
        doors: Doors,
        address: Address,
        tls: ssl.SSLContext | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`say` hears of who was not let in."""
        self._doors, self._wanted, self._tls, self._say = doors, address, tls, say
        self._thread: ServerThread | None = None

    def start(self) -> Address:
        """Listen; returns where. LinkError says why there is nothing to listen on."""
        listener = listen(self._wanted)
        self._thread = ServerThread("kuscia_nb links", listener, self._made)
        return Address(*listener.getsockname()[:2])

    def stop(self) -> None:
        """Close the port; what was handed over lives on. Again is fine."""
        if self._thread is not None:
            self._thread.stop()

    def _made(self) -> HTTPServer:
        server = _Server(_Requests(self._doors), ssl_options=self._tls, idle_connection_timeout=_HEADERS)
        server.say = self._say
        return server


class _Server(HTTPServer):
    """One that has few connections at a time, and says who was refused."""

    say: Callable[[str], None]
    _open = 0

    def handle_stream(self, stream: IOStream, address: tuple[str, ...]) -> None:
        if self._open >= _MOST:
            stream.close()
            return
        self._open += 1
        super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        self._open -= 1
        if isinstance(server_conn, HTTP1ServerConnection):
            error = server_conn.stream.error
            if isinstance(error, ssl.SSLError):
                self.say(f"somebody dialled this party, and was refused: {in_words(error)}")
        super().on_close(server_conn)


class _Requests(HTTPServerConnectionDelegate):
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return _Request(self._doors, request_conn)


class _Request(HTTPMessageDelegate):
    """One request."""

    def __init__(self, doors: Doors, connection: HTTPConnection) -> None:
        self._doors, self._connection = doors, connection

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        assert isinstance(start_line, RequestStartLine)
        self._target, self._headers = start_line.path, headers

    def finish(self) -> None:
        take_over(self._connection, self._target, self._headers, self._doors)
