"""HTTP requests to BFIA requests, on tornado. Only a server that is started imports this module."""

from __future__ import annotations

import errno
import json
import ssl
import string
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

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
from tornado.iostream import IOStream, SSLIOStream

from .guard import Guard
from .wire import Request, Response, Transport

MOST_BYTES = 10 * 2**20
"""Of a body. A job of 128 tasks has some hundred thousand."""
MOST_WASTED = 100 * 2**20
"""Of a body that is too long, so many bytes are read for an answer to arrive; beyond them the connection is closed."""
BODY = 30.0
"""Seconds for a body to arrive (spec: kuscia §3.1)."""
HEADERS = 5.0
"""Seconds for a request's headers to arrive, and for a connection to wait for the next one."""


MOST, MOST_OF_ONE = 512, 128
"""Connections at a time, and those of one address; more are closed at once."""


class Upgrade(NamedTuple):
    """Answers what is asked for below a path, and may take the connection away: all from a request's body on."""

    path: str
    take: Callable[[HTTP1Connection, str, HTTPHeaders], object]
    """Given the connection, what its request asks for, and its headers."""


def http_server(answer: Transport, guard: Guard | None = None, upgrades: Sequence[Upgrade] = ()) -> HTTPServer:
    """A server that lets `answer` answer every request, on the thread of the event loop."""
    return BoundedServer(
        _Exchanges(answer, guard, upgrades),
        ssl_options=guard and guard.context,
        idle_connection_timeout=HEADERS,
        body_timeout=BODY,
        max_body_size=sys.maxsize,  # an exchange sees to that itself, and says so
    )


class BoundedServer(HTTPServer):
    """One that ends a connection on which no HTTP is spoken, and has only so many at a time."""

    _open: Counter[str]

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """As of every server of tornado."""
        super().initialize(*args, **kwargs)
        self._open = Counter()

    def handle_stream(self, stream: IOStream, address: tuple[str, ...]) -> None:
        if self._open.total() >= MOST or self._open[address[0]] >= MOST_OF_ONE:
            return stream.close()
        self._open[address[0]] += 1
        if isinstance(stream, SSLIOStream):
            return super().handle_stream(stream, address)
        chosen = {"max_buffer_size": self.max_buffer_size, "read_chunk_size": self.read_chunk_size}
        assert stream.socket is not None
        super().handle_stream(_Stream(stream.socket, **chosen), address)
        return None

    def on_close(self, server_conn: object) -> None:
        """A connection is over, or was taken away."""
        assert isinstance(server_conn, HTTP1ServerConnection)
        self._open -= Counter([_address(server_conn)])
        super().on_close(server_conn)


def _address(connection: HTTP1ServerConnection) -> str:
    context: Any = connection.context
    return context.address[0]


class _Stream(IOStream):
    """One that is closed at a first byte with which no method begins, as with that of TLS."""

    _begun = False

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """What the socket has, as for every stream."""
        size = super().read_from_fd(buf)
        if size and not self._begun:
            self._begun = True
            if bytes(buf[:1]) not in _FIRST:
                raise ConnectionResetError(errno.ECONNRESET, "no HTTP")
        return size


_FIRST = (string.ascii_letters + "\r\n").encode()
"""What a method begins with; an empty line may stand before it (RFC 9112, 2.2)."""


class _Exchanges(HTTPServerConnectionDelegate):
    def __init__(self, answer: Transport, guard: Guard | None, upgrades: Sequence[Upgrade]) -> None:
        self._answer, self._guard, self._upgrades = answer, guard, upgrades

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return _Exchange(self._answer, self._guard, self._upgrades, request_conn)


class _Exchange(HTTPMessageDelegate):
    """One request and its answer."""

    def __init__(
        self, answer: Transport, guard: Guard | None, upgrades: Sequence[Upgrade], connection: HTTPConnection
    ) -> None:
        self._answer, self._guard, self._upgrades, self._connection = answer, guard, upgrades, connection
        self._body, self._size = bytearray(), 0

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        assert isinstance(start_line, RequestStartLine)
        self._method, self._target, self._headers = start_line.method, start_line.path, headers
        if start_line.version == "HTTP/1.1" and len(headers.get_list("Host")) != 1:
            return self._write(_NO_HOST)
        upgrade = next((one for one in self._upgrades if self._target.startswith(one.path)), None)
        if upgrade is not None and self._admitted(Request(self._method, self._target, self._headers))[1] is None:
            assert isinstance(self._connection, HTTP1Connection)
            upgrade.take(self._connection, self._target, self._headers)
            return None  # who is not admitted is told so when all of the request is read
        length = headers.get("Content-Length", "0")
        if length.isdecimal() and (len(length) > 12 or int(length) > MOST_WASTED):
            return self._write(_TOO_LONG)
        return None

    def data_received(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size <= MOST_BYTES:
            self._body += chunk
        elif self._size > MOST_WASTED:
            self._write(_TOO_LONG)

    def finish(self) -> None:
        if self._size > MOST_BYTES:
            return self._write(_TOO_LONG)
        headers: Mapping[str, str] = self._headers
        request = Request(self._method, self._target, headers, bytes(self._body))
        request, refusal = self._admitted(request)
        return self._write(refusal or self._answer(request))

    def _admitted(self, request: Request) -> tuple[Request, Response | None]:
        """The request with its sender, or why it is refused."""
        if self._guard is None:
            return request, None
        assert isinstance(self._connection, HTTP1Connection)
        request, refusal = self._guard.admitted(_certificate(self._connection), request)
        return request, Response(403, json.dumps({"code": 403, "message": refusal}).encode()) if refusal else None

    def _write(self, response: Response) -> None:
        headers = HTTPHeaders(
            {
                "Content-Type": response.content_type,
                "Content-Length": str(len(response.body)),
                "X-Content-Type-Options": "nosniff",
            }
        )
        if response.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        line = ResponseStartLine("HTTP/1.1", response.status, HTTPStatus(response.status).phrase)
        self._connection.write_headers(line, headers, b"" if self._method == "HEAD" else response.body)
        self._connection.finish()


def _certificate(connection: HTTP1Connection) -> bytes | None:
    """That of who is there (DER)."""
    sock = connection.stream and connection.stream.socket
    return sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None


_TOO_LONG = Response(413, b'{"code":413,"message":"the body of a request must not be longer than 10 MB"}')
_NO_HOST = Response(400, b"400 Bad Request: one Host header is required", "text/plain; charset=utf-8")
"""As HTTP has it (RFC 9112, section 3.2), and Go's server."""
