"""Frames of our own link: what they look like, and that no peer gets further than its first wrong byte."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator

import numpy as np
import pytest

from kuscia_nb.wire.own import frames, websocket
from kuscia_nb.wire.own.connection import Frame, OwnConnection
from kuscia_nb.wire.own.frames import HEAD, data_head, opening, read_head
from kuscia_nb.wire.own.websocket import Malformed
from kuscia_nb.wire.sockets import Closed

LARGEST = 1 << 16


@pytest.fixture
def pair() -> Iterator[tuple[OwnConnection, socket.socket]]:
    """The end that was dialled, and the bare socket of its peer."""
    near, far = socket.socketpair()
    with near, far:
        far.settimeout(20)
        connection = OwnConnection(near, "peer", dialled=False)
        connection.largest = LARGEST
        yield connection, far


def enveloped(data: bytes, mask: bytes = b"\1\2\3\4") -> bytes:
    content = np.frombuffer(data, np.uint8).copy()
    websocket.unmask(content, mask)
    return websocket.head(len(data), mask) + content.tobytes()


def valid() -> list[bytes]:
    """One of each kind of frame."""
    words, small = np.arange(6, dtype=np.uint64).reshape(2, 3), np.arange(5, dtype=np.uint32)
    return [
        opening(frames.HELLO, b'{"link": 1}'),
        data_head(3, words, 4, 1, 0) + words.tobytes(),
        data_head(("P2P", 1), small, 1, 2, 9) + small.tobytes(),
        data_head(("P2P", 2), b"seed", 1, 3, 1 << 40) + b"seed",
        data_head(("P2P", 3), b"", 1, 4, 0),
        frames.beat(7),
        frames.end_head(frames.FAILED, 5, 7),
    ]


def arrived(connection: OwnConnection) -> list[Frame]:
    found = []
    connection.wait(0)
    while (frame := connection.receive()) is not None:
        found.append(frame)
        connection.wait(0)
    return found


def test_the_head_of_a_frame_to_the_byte() -> None:
    head = data_head(3, np.zeros((2, 3), np.uint64), 4, 5, 6)
    assert head.hex() == "01010201" + "04000000" + "05" + "00" * 7 + "06" + "00" * 7 + "03" + "00" * 7 + "30" + (
        "00" * 7 + "02000000" + "03000000" + "00" * 8
    )


@pytest.mark.parametrize("cut", [1, 7, 57, 1000], ids="in pieces of {}".format)
def test_messages_may_be_cut_anew_on_the_way(pair: tuple[OwnConnection, socket.socket], cut: int) -> None:
    """As a proxy does it, with pings of its own in between; the stream is the same."""
    connection, far = pair
    stream = b"".join(valid())
    ping = websocket.head(2, b"\0\0\0\0", websocket.PING) + b"hi"
    pieces = [enveloped(stream[at : at + cut], bytes([at & 255, 1, 2, 3])) for at in range(0, len(stream), cut)]
    far.sendall(ping.join(pieces) + ping)
    found = arrived(connection)
    assert [frame.head.kind for frame in found] == [3, 1, 1, 1, 1, 2, 6]
    assert [frame.head.slot for frame in found[1:5]] == [3, ("P2P", 1), ("P2P", 2), ("P2P", 3)]
    assert isinstance(found[1].payload, np.ndarray)
    assert (found[1].payload.tolist(), found[1].payload.dtype) == ([[0, 1, 2], [3, 4, 5]], np.uint64)
    assert isinstance(found[2].payload, np.ndarray)
    assert (found[2].payload.tolist(), found[2].payload.dtype) == ([0, 1, 2, 3, 4], np.uint32)
    assert (found[3].payload, found[4].payload) == (b"seed", b"")
    assert far.recv(4) == websocket.head(2, b"", websocket.PONG) + b"hi"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": 0}, "kind 0"),
        ({"kind": 9}, "kind 9"),
        ({"code": 3}, "type 3"),
        ({"dimensions": 5}, "5 dimensions"),
        ({"collective": 2}, "key 2"),
        ({"dimensions": 1}, "1 dimensions"),  # and a shape of two
        ({"number": 0}, "the number 0"),
        ({"kind": frames.BEAT}, "the number 1"),
        ({"length": (1 << 64) - 1}, "18,446,744,073,709,551,615 bytes; allowed: 65,536"),  # -1
        ({"length": LARGEST + 1}, "65,537 bytes; allowed: 65,536"),
        ({"length": 47}, "47 bytes for an array of 2x3"),
        ({"first": (1 << 32) - 1, "second": (1 << 32) - 1}, "48 bytes for an array of 4294967295x4294967295"),
        ({"code": 0, "length": 6}, "bytes that have a shape"),
        ({"kind": frames.HELLO, "number": 0, "length": 4097}, "4,097 bytes; allowed: 4,096"),
        ({"kind": frames.END}, "48 bytes; allowed: 0"),
    ],
)
def test_a_wrong_head_is_refused_before_its_body_is_read(changes: dict[str, int], why: str) -> None:
    right = {"kind": 1, "code": 1, "dimensions": 2, "collective": 1, "round": 4, "number": 1, "acknowledged": 0}
    right |= {"slot": 3, "length": 48, "first": 2, "second": 3, "third": 0, "fourth": 0}
    assert read_head(HEAD.pack(*right.values()), LARGEST).shape == (2, 3)
    with pytest.raises(Malformed, match=why):
        read_head(HEAD.pack(*(right | changes).values()), LARGEST)


@pytest.mark.parametrize(
    "wrong",
    [
        struct.pack(">BBQ", 0x82, 0x80 | 127, (1 << 64) - 1) + bytes(4),  # a negative length
        b"\x82\x05hello",  # no mask
        b"\x81\x85\0\0\0\0hello",  # a text
        b"\xc2\x85\0\0\0\0hello",  # compressed
        b"\x89\xfe\x01\x00" + bytes(260),  # a ping of 256 bytes
        b"\x83\x80\0\0\0\0",  # a kind that nobody has
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",  # TLS
        b"PRPC" + bytes(20),  # SPU
    ],
)
def test_a_wrong_envelope_is_refused(pair: tuple[OwnConnection, socket.socket], wrong: bytes) -> None:
    connection, far = pair
    far.sendall(wrong)
    with pytest.raises(Malformed):
        arrived(connection)


def test_thousands_of_changed_streams_end_in_words_and_take_no_memory() -> None:
    """Bytes changed, cut out, doubled, put in, and lengths of all sizes, inside the envelope and in it."""
    generator = random.Random(20261127)
    streams = valid()
    refused = 0
    for _ in range(4000):
        chosen = [generator.choice(streams) for _ in range(generator.randint(1, 4))]
        inside = generator.random() < 0.7
        data = bytearray(b"".join(chosen if inside else map(enveloped, chosen)))
        for _ in range(generator.randint(1, 3)):
            at, length = generator.randrange(len(data)), generator.choice([1, 1, 2, 8])
            kind = generator.randrange(4)
            if kind == 0:
                data[at : at + length] = generator.randbytes(min(length, len(data) - at))
            elif kind == 1:
                data[at : at + length] = struct.pack("<Q", generator.choice([0, 1, 2**63, 2**64 - 1, 2**20]))[:length]
            elif kind == 2:
                del data[at : at + generator.choice([1, 56])]
            else:
                data[at:at] = data[: generator.choice([1, 56])]
            data = data or bytearray(1)
        near, far = socket.socketpair()
        with near, far:
            connection = OwnConnection(near, "peer", dialled=False)
            connection.largest = LARGEST
            far.sendall(enveloped(bytes(data)) if inside else bytes(data))
            far.shutdown(socket.SHUT_WR)
            try:
                arrived(connection)
            except Malformed:
                refused += 1
            except Closed:
                pass
            assert connection.waits_for <= LARGEST
    assert refused > 2000
