"""What `fuzz.py` knows of bytes that come over a wire: frames, handshakes, requests to a TTP, and HTTP connections."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from test_bfia import TUTORIAL

from kuscia_nb.bfia.handlers import ROUTES, Handlers
from kuscia_nb.bfia.server import BfiaServer
from kuscia_nb.control.app_images import furnish
from kuscia_nb.control.node import Node
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import KusciaError
from kuscia_nb.wire import baidu_std, handshake, http_channel, msgpack, push, sm2, ttp_requests
from kuscia_nb.wire.own import frames, websocket
from kuscia_nb.wire.own.connection import OwnConnection
from kuscia_nb.wire.sockets import Closed

LIMIT = 2.0
"""Seconds of processor time for one input."""


class Reader(NamedTuple):
    """What reads, and what is right for it."""

    seeds: list[Any]
    """str, bytes or a tree of JSON."""
    read: Callable[[Any], object]
    errors: tuple[type[Exception], ...] = (KusciaError,)
    """What it raises for what is wrong."""


# --- frames and messages ---------------------------------------------------------------------------------------------


def of_the_wire() -> dict[str, Reader]:
    """The readers of frames and messages."""
    message = push.head(1, "root:3:ALLGATHER", 16) + b"\1" * 16
    frame = baidu_std.push(7, len(message)) + message
    draw = {"prg_count": 4, "size": 64, "encrypted_seeds": ["YQ=="]}
    call = json.dumps({"prg_inputs": [draw] * 3, "field_size": 8}).encode()

    def spu(content: bytes) -> object:
        reader = baidu_std.FrameReader(1 << 20)
        return [found for at in range(0, len(content), 13) for found in reader.feed(memoryview(content[at : at + 13]))]

    own = handshake.Own(100, 3, True, 10, 2, 0.5, 0.0, 18, 0, "127.0.0.1:9449")
    agreed = handshake.Agreed((3, 3), 0)
    asked = handshake.request(own._replace(has_label=False)) + handshake._ours(own)
    answered = handshake.response(own, agreed) + handshake._ours(own)
    refused = (handshake._Refusal, KusciaError)
    key = sm2.new_key()
    keys = sm2.public_pem(sm2.public_key(key)), sm2.private_pem(key)
    upgraded = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    return {
        "frames": Reader([frame * 3, baidu_std.answer(7, push.done())], spu, (baidu_std.NotAFrame,)),
        "push": Reader([message], lambda content: push.read(memoryview(content)), (ValueError,)),
        "own frames": Reader(_own_streams(), _own_frames, (websocket.Malformed, Closed)),
        "own upgrade": Reader([upgraded], websocket.read_answer, (websocket.Malformed,)),
        "handshake asked": Reader([asked], lambda content: handshake._asked(content, own), refused),
        "handshake answered": Reader([answered], lambda content: handshake._accepted(content, own), refused),
        "seeds": Reader([msgpack.pack_uint128(bytes(range(16)))], msgpack.unpack_uint128, (ValueError,)),
        "public key": Reader([keys[0]], sm2.read_public_pem, (ValueError,)),
        "private key": Reader([keys[1]], sm2.read_private_pem, (ValueError,)),
        "http channel": Reader(
            [_request("POST", "/adjust_mul", call) * 2, _request("GET", "/status", b"")],
            _channel,
            (http_channel.Refused, OSError),
        ),
        **{
            f"ttp {method}": Reader([call], lambda body, method=method: ttp_requests.read_json(method, body))
            for method in ttp_requests.METHODS
        },
        **{
            f"ttp protobuf {method}": Reader(
                [b"\x0a\x08\x08\x04\x10\x40\x1a\x02ab" * 3 + b"\x10\x08"],
                lambda body, method=method: ttp_requests.read_protobuf(method, body),
            )
            for method in ttp_requests.METHODS
        },
    }


def _own_streams() -> list[Any]:
    words, small = np.arange(6, dtype=np.uint64).reshape(2, 3), np.arange(5, dtype=np.uint32)
    whole = [
        frames.opening(frames.HELLO, b'{"link": 1}'),
        frames.data_head(3, words, 4, 1, 0) + words.tobytes(),
        frames.data_head(("P2P", 1), small, 1, 2, 9) + small.tobytes(),
        frames.data_head(("P2P", 2), b"seed", 1, 3, 1 << 40) + b"seed",
        frames.beat(7),
        frames.end_head(frames.FAILED, 4, 7),
    ]
    ping = websocket.head(2, b"\0\0\0\0", websocket.PING) + b"hi"
    enveloped = [websocket.head(len(one), b"\0\0\0\0") + one for one in whole]  # masked with zeros: as it is
    return [b"".join(enveloped), ping.join(enveloped), enveloped[1] * 3]


def _own_frames(content: bytes) -> object:
    near, far = socket.socketpair()
    with near, far:
        connection = OwnConnection(near, "peer", dialled=False)
        connection.largest = 1 << 16
        far.sendall(content)
        far.shutdown(socket.SHUT_WR)
        found = []
        while connection.wait(0) and len(found) < 1000:
            while (frame := connection.receive()) is not None:
                found.append(frame)
        return found


def _channel(content: bytes) -> object:
    near, far = socket.socketpair()
    with near, far:
        far.sendall(content)
        far.shutdown(socket.SHUT_WR)
        channel = http_channel.HttpChannel(near, http_channel.Bounds())
        return [*iter(channel.next, None)]


# --- HTTP connections ------------------------------------------------------------------------------------------------


def _request(method: str, path: str, body: bytes, *headers: str) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def _streams() -> list[Any]:
    """Whole connections, as bytes."""
    named, schedule = b'{"job_id":"fuzz","task_id":"t"}', "/v1/interconn/schedule"
    create = _request("POST", f"{schedule}/job/create", TUTORIAL.encode())
    chunked = _request("POST", f"{schedule}/task/poll", b"", "Content-Type: application/json")
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (named[:7], named[7:], b""))
    return [
        create,
        create * 2 + _request("GET", f"{schedule}/job/status_all?job_id=job-ss-lr", b""),
        chunked.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + pieces,
        _request("HEAD", "/", b"") + _request("GET", "/openapi.json", b"", "Connection: close"),
        _request("POST", f"{schedule}/job/stop", named, "Expect: 100-continue", "X-Node-Id: bob"),
        _request("GET", "http://127.0.0.1/v1/interconn/node/health", b"", "Origin: http://127.0.0.1:8888"),
        b"GET /v1/interconn/node/health HTTP/1.0\r\n\r\n",
    ]


def _trees() -> list[Any]:
    """Connections, by their parts: what a mutation of bytes breaks too early."""
    body = json.dumps({"job_id": "fuzz", "task_id": "t", "role": "host"})
    headers = [["Host", "127.0.0.1"], ["Content-Type", "application/json"], ["Content-Length", "@"]]
    return [
        {"line": [method, path, "HTTP/1.1"], "headers": headers, "body": body, "chunks": [], "times": 1}
        for method, path in ROUTES
    ] + [
        {
            "line": ["POST", "/v1/interconn/schedule/job/start", "HTTP/1.1"],
            "headers": [*headers[:2], ["Transfer-Encoding", "chunked"], ["Connection", "keep-alive"]],
            "body": "",
            "chunks": [body[:10], body[10:], ""],
            "times": 3,
        }
    ]


def _spelled(tree: Any) -> bytes:
    """The bytes of a connection's parts; "@" is the length that the body has."""

    def text(value: Any) -> bytes:
        return str(value).encode("utf-8", "surrogatepass")

    def listed(value: Any) -> list[Any]:
        return value if isinstance(value, list) else [value]

    if not isinstance(tree, dict):
        return text(tree)
    body = text(tree.get("body", ""))
    body += b"".join(b"%x\r\n%s\r\n" % (len(text(one)), text(one)) for one in listed(tree.get("chunks", [])))
    lines = [b" ".join(map(text, listed(tree.get("line", ""))))]
    lines += [b": ".join(map(text, listed(header))) for header in listed(tree.get("headers", []))]
    head = b"\r\n".join(lines).replace(b": @", b": %d" % len(body))
    times = tree.get("times", 1)
    return (head + b"\r\n\r\n" + body) * (min(max(times, 1), 30) if isinstance(times, int) else 1)


class _Errors(logging.Handler):
    """What a server has logged as an error of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@contextmanager
def of_connections(folder: Path) -> Iterator[dict[str, Reader]]:
    """Readers of whole connections: a node's server on a port, with a token and without."""
    node = Node("alice", folder / "connected")
    furnish(node, ("alice", "bob"))
    open_server, closed_server = BfiaServer(Handlers(node), 0), BfiaServer(Handlers(node), 0, token="t0ken")
    logged = _Errors()
    logging.getLogger().addHandler(logged)
    for server in (open_server, closed_server):
        server.start()

    def spoken(server: BfiaServer, stream: bytes) -> object:
        begin, logged.texts[:] = time.process_time(), []
        answers = _exchanged(server.port or 0, stream)
        took = time.process_time() - begin
        for job in node.store.objects(KusciaJob):
            node.delete(KusciaJob, job.name)
        if logged.texts or took > LIMIT or re.search(rb'HTTP/1\.1 5\d\d|"code":5\d\d', answers):
            raise AssertionError(f"{took:.1f} s; {logged.texts[:1]}; {answers[:300]!r}")
        return answers

    shown = [one.replace(b"Host:", b"Authorization: Bearer t0ken\r\nHost:", 1) for one in _streams()]
    try:
        yield {
            "connections": Reader(_streams(), lambda stream: spoken(open_server, stream)),
            "connections by part": Reader(_trees(), lambda tree: spoken(open_server, _spelled(tree))),
            "connections with a token": Reader(shown, lambda stream: spoken(closed_server, stream)),
        }
    finally:
        for server in (open_server, closed_server):
            server.stop()
        logging.getLogger().removeHandler(logged)


def _exchanged(port: int, stream: bytes) -> bytes:
    """All that a server answers to a connection that ends; it gets the bytes in some pieces."""
    answers, draw = bytearray(), zlib.crc32(stream)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection, suppress(ConnectionError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        cuts = sorted({0, len(stream), *(draw * n % (len(stream) + 1) for n in range(1, draw % 4 + 1))})
        for begin, end in pairwise(cuts):
            connection.sendall(stream[begin:end])
        with suppress(OSError):  # it may be closed at the other end already
            connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(1 << 16):
            answers += chunk
    return bytes(answers)
