"""BFIA over HTTP: requests to a node that listens on a port."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from ..errors import KusciaError
from .wire import Request, Response, Transport

CONNECT, TOTAL = 10.0, 30.0
"""Seconds to connect, and for all of a call (spec: kuscia §3.8)."""
MOST_BYTES = 10 * 2**20
"""A longer answer is none."""


def http_transport(
    url: str,
    *,
    token: str = "",
    connect: float = CONNECT,
    total: float = TOTAL,
    tls: ssl.SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
) -> Transport:
    """Calls of the node at http://host:port. Each has a connection of its own, and goes past any proxy.

    `tls` says to whom https:// may lead, and who asks; `token` is shown to a server that asks for one, and `headers` to
    what stands before it.
    """
    parts = urlsplit(url)
    kinds = {"http": HTTPConnection, "https": partial(HTTPSConnection, context=tls)}
    try:
        kind, host, port = kinds[parts.scheme], parts.hostname, parts.port
    except (KeyError, ValueError):
        kind, host, port = HTTPConnection, None, None
    if not host:
        raise KusciaError(f"{url!r} is not the address of a node", hint="http://127.0.0.1:8084")
    base = parts.path.rstrip("/")
    shown = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}

    def call(request: Request) -> Response:
        deadline = time.monotonic() + total
        connection = kind(host, port, timeout=min(connect, total))
        try:
            connection.connect()
            connection.sock.settimeout(_left(deadline))
            connection.request(request.method, base + request.path, request.body or None, {**request.headers, **shown})
            return _answer(connection, deadline)
        except HTTPException as error:
            raise ConnectionError(f"no HTTP: {type(error).__name__} {error}".rstrip()) from error
        finally:
            connection.close()

    return call


def _answer(connection: HTTPConnection, deadline: float) -> Response:
    sock: socket.socket = connection.sock
    response = connection.getresponse()
    body = bytearray()
    while not response.isclosed():
        sock.settimeout(_left(deadline))
        chunk = response.read1()
        if not chunk:
            break
        body += chunk
        if len(body) > MOST_BYTES:
            raise ConnectionError(f"an answer of more than {MOST_BYTES} bytes")
    if response.length:
        raise ConnectionError(f"an answer that breaks off {response.length} bytes before its end")
    return Response(response.status, bytes(body), response.headers.get("Content-Type", ""))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
