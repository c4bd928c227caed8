"""Connections that a node's own server hands over: from the first request on, they are the endpoint's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping

from tornado.http1connection import HTTP1Connection
from tornado.iostream import IOStream

from .desk import Caller
from .server import Connections

_READ = 1 << 20


def take_over(
    connection: HTTP1Connection,
    target: str,
    headers: Mapping[str, str],
    connections: Connections,
    caller: Callable[[socket.socket], Caller],
) -> None:
    """Called on the loop of the server, when a request's headers are there and nothing else was read."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace")
    stream = connection.detach()
    read = head + _behind(stream)
    stream.io_loop.remove_handler(stream.fileno())
    taken = stream.socket
    assert taken is not None
    try:
        name = "{}:{}".format(*taken.getpeername()[:2])
    except OSError:  # it is gone already
        taken.close()
        return
    connections.take(taken, name, caller, read=read)


def _behind(stream: IOStream) -> bytes:
    """What the stream has read beyond the headers."""
    read = b""
    while True:
        piece = stream.read_bytes(_READ, partial=True)
        assert isinstance(piece, asyncio.Future)
        if not piece.done() or piece.exception() is not None:
            return read
        read += piece.result()
