"""Two ends of a link in two threads, and one end whose other side is not what it should be."""

from __future__ import annotations

import gc
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from certificates import certificate
from ports import free_port

from kuscia_nb.errors import JobStopped, LinkError, NotReached, ParameterError, PeerFailed, TimeLimit
from kuscia_nb.wire import baidu_std, push, spu_endpoint
from kuscia_nb.wire.sockets import Address, Tls, connect
from kuscia_nb.wire.spu_transport import SpuTransport, Terms
from kuscia_nb.wire.tls import client_context, server_context, wrapped

ANY = Address("127.0.0.1", 0)


def free() -> Address:
    """Where nobody listens."""
    return Address("127.0.0.1", free_port())


def terms(**changes: Any) -> Terms:
    given: dict[str, Any] = {"connect_seconds": 10, "message_seconds": 10} | changes
    return Terms(**given)


def pair(tls: tuple[Tls | None, Tls | None] = (None, None), **changes: Any) -> tuple[SpuTransport, SpuTransport]:
    addresses = free(), free()
    ends = tuple(
        SpuTransport(rank, addresses[1 - rank], addresses[rank], terms(**changes), tls[rank]) for rank in (0, 1)
    )
    both(ends, lambda end: end.connect())
    return ends  # type: ignore[return-value]


def both(ends: Any, act: Callable[[SpuTransport], Any]) -> list[Any]:
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(act, ends))


def talk(end: SpuTransport, rounds: int = 5, size: int = 100) -> list[bytes]:
    """An exchange of a message under one key, and one of two messages each way, a few times."""
    rank, received = end._rank, []
    for i in range(rounds):
        end.send(f"root:{i}:ALLGATHER", bytes([rank, i]) * size)
        received.append(end.receive(f"root:{i}:ALLGATHER"))
        for j in (0, 1):
            end.send(f"root:P2P-{2 * i + j}:{rank}->{1 - rank}", bytes([rank, i, j]))
        late = [1, 0] if end._terms.window != 1 else [0, 1]  # with a window of one the second waits for the first
        found = {j: end.receive(f"root:P2P-{2 * i + j}:{1 - rank}->{rank}") for j in late}
        received += [found[1], found[0]]
    end.close()
    return received


def expected(rank: int, rounds: int = 5, size: int = 100) -> list[bytes]:
    return [m for i in range(rounds) for m in (bytes([rank, i]) * size, bytes([rank, i, 1]), bytes([rank, i, 0]))]


@pytest.mark.parametrize(
    "changes",
    [{}, {"window": 1}, {"window": 0}, {"numbered": False}, {"part": 7}, {"numbered": False, "part": 7}],
    ids=str,
)
def test_messages_arrive_both_ways(changes: dict[str, Any]) -> None:
    assert both(pair(**changes), talk) == [expected(1), expected(0)]


def test_both_send_more_than_the_system_holds() -> None:
    """Neither reads before it has sent: 24 MB each way."""
    assert both(pair(), lambda end: talk(end, 1, 12_000_000)) == [
        expected(1, 1, 12_000_000),
        expected(0, 1, 12_000_000),
    ]


def test_the_second_party_may_come_later() -> None:
    addresses = free(), free()
    reports: list[str] = []
    first = SpuTransport(0, addresses[1], addresses[0], terms(), report=reports.append)
    with ThreadPoolExecutor() as threads:
        meeting = threads.submit(first.connect)
        with socket.create_connection(addresses[0]):  # once it serves, it has tried
            second = SpuTransport(1, addresses[0], addresses[1], terms())
            second.connect()
        meeting.result()
    assert both((first, second), talk) == [expected(1), expected(0)]


# --- the other side is not what it should be -------------------------------------------------------------------------


def test_nobody_listens() -> None:
    peer = free()
    end = SpuTransport(0, peer, ANY, terms(connect_seconds=1.2))
    with pytest.raises(NotReached, match=f"rank 1 at {peer} was not reached in 1 s: nobody listens there"):
        end.connect()
    assert end._end._selector.get_map() is None  # nothing is left open


def itself(address: Address) -> socket.socket:
    """A connection whose both ends are the port that was dialled, as a system gives one now and then."""
    dialled = socket.create_connection(address, source_address=address)
    assert dialled.getsockname() == dialled.getpeername()
    dialled.setblocking(False)
    return dialled


def test_a_connection_with_itself_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spu_endpoint, "dial", itself)
    with pytest.raises(NotReached, match="nobody listens there"):
        SpuTransport(0, free(), ANY, terms(connect_seconds=0.5)).connect()
    create = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda to, seconds: create(to, seconds, source_address=to))
    with pytest.raises(ConnectionRefusedError):
        connect(free(), 10)


def test_the_name_is_unknown() -> None:
    end = SpuTransport(0, Address("nowhere.invalid", 80), ANY, terms(connect_seconds=0.5))
    with pytest.raises(NotReached, match="the name is unknown"):
        end.connect()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("192.0.2.1:0", "no address 192.0.2.1"),
        ("taken", "listens on .* already"),
        ("nowhere.invalid:1", "name is unknown"),
    ],
)
def test_its_own_address_cannot_be_bound(address: str, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = Address(*taken.getsockname()[:2]) if address == "taken" else Address.read(address)
        with pytest.raises(LinkError, match=said):
            SpuTransport(0, free(), own)


@contextmanager
def page() -> Iterator[Address]:
    class Page(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Address("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_page_is_no_peer() -> None:
    """It answers what it does not understand with HTML, without a header."""
    with page() as address, pytest.raises(NotReached, match="HTTP server") as caught:
        SpuTransport(0, address, ANY, terms()).connect()
    assert str(address) in str(caught.value)


def test_who_listens_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        end = SpuTransport(0, Address(*silent.getsockname()[:2]), ANY, terms(connect_seconds=1.2))
        with pytest.raises(NotReached, match="it listens, and has not answered yet"):
            end.connect()


def test_the_peer_cannot_dial_back() -> None:
    """It has another address for this party."""
    addresses = free(), free()
    ends = (
        SpuTransport(0, addresses[1], addresses[0], terms(connect_seconds=1.5)),
        SpuTransport(1, free(), addresses[1], terms(connect_seconds=3)),
    )
    errors = both(ends, caught_by(lambda end: end.connect()))
    assert "answers, but has not dialled this party" in str(errors[0])
    assert "nobody listens" in str(errors[1])


def test_two_of_one_rank() -> None:
    addresses = free(), free()
    ends = [SpuTransport(0, addresses[1 - i], addresses[i], terms(connect_seconds=1.5)) for i in (0, 1)]
    for error in both(ends, caught_by(lambda end: end.connect())):
        assert isinstance(error, NotReached)
        assert "rank 0 as this party is" in str(error)


def caught_by(act: Callable[[SpuTransport], Any]) -> Callable[[SpuTransport], BaseException | None]:
    def run(end: SpuTransport) -> BaseException | None:
        try:
            act(end)
        except BaseException as error:
            return error
        return None

    return run


def test_a_peer_that_says_nothing_more() -> None:
    ends = pair(message_seconds=0.5)
    ends[1].send("root:2:ALLGATHER", b"x")
    with pytest.raises(TimeLimit, match=r"waited 0.5 s for root:1:ALLGATHER.* it has sent root:2:ALLGATHER"):
        ends[0].receive("root:1:ALLGATHER")
    for end in ends:
        end.abort()


def test_a_peer_that_is_gone() -> None:
    ends = pair()
    ends[1].abort()
    with pytest.raises(PeerFailed, match="the peer is gone while this party waited for root:1:ALLGATHER"):
        ends[0].receive("root:1:ALLGATHER")
    with pytest.raises(PeerFailed, match="gone"):
        both([ends[0]], lambda end: [end.send("k", bytes(100)), end.receive("k")])
    ends[0].abort()
    ends[0].abort()


def test_a_peer_that_does_not_end() -> None:
    ends = pair(end_seconds=0.3)
    with pytest.raises(TimeLimit, match="did not end the link within"):
        ends[0].close()
    ends[1].abort()


def test_stopped_from_another_thread() -> None:
    ends = pair()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(ends[0].receive, "k")
        ends[0].stop(JobStopped("the job was stopped"))
        with pytest.raises(JobStopped):
            waiting.result(5)
    for end in ends:
        end.abort()


def test_more_than_may_connect() -> None:
    """Before the peer does: who has said nothing makes room."""
    addresses = free(), free()
    first = SpuTransport(0, addresses[1], addresses[0], terms())
    with ThreadPoolExecutor() as threads:
        meeting = threads.submit(first.connect)
        strangers = [socket.create_connection(addresses[0]) for _ in range(40)]
        second = SpuTransport(1, addresses[0], addresses[1], terms())
        second.connect()
        meeting.result()
    assert len(first._end._incoming) <= 16
    assert both((first, second), talk) == [expected(1), expected(0)]
    for stranger in strangers:
        stranger.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRPC\x7f\xff\xff\xff\x00\x00\x00\x34",
        b"PRPC\x00\x00\x00\x40\x00\x00\x00\x34half",
        baidu_std.push(1, 3) + b"\x0a\xff\xff",
        baidu_std.push(1, 4) + push.head(7, "k\x01\x021", 0)[:4],
        baidu_std.push(1, len(push.head(7, "k\x01\x021", 0))) + push.head(7, "k\x01\x021", 0),
        bytes(100_000),
    ],
    ids=["http", "huge", "half", "no protobuf", "cut", "rank 7", "zeros"],
)
def test_strangers_are_turned_away(sent: bytes) -> None:
    """They cost the parties nothing, and their connections are closed."""
    ends = pair()
    strangers = [socket.create_connection(ends[0].address) for _ in range(10)]
    for stranger in strangers:
        stranger.settimeout(5)
        try:
            stranger.sendall(sent)
            stranger.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was quick
    assert both(ends, talk) == [expected(1), expected(0)]
    for stranger in strangers:
        with stranger:
            try:
                while stranger.recv(1000):
                    pass
            except ConnectionError:
                pass


# --- TLS -------------------------------------------------------------------------------------------------------------


def contexts(own: tuple[Path, Path], trusted: Path) -> Tls:
    return Tls(client_context(*own, trusted), server_context(*own, trusted))


def test_tls_with_certificates_of_both(tmp_path: Path) -> None:
    alice, bob = certificate(tmp_path, "alice"), certificate(tmp_path, "bob")
    ends = pair((contexts(bob, alice[0]), contexts(alice, bob[0])))
    assert both(ends, lambda end: talk(end, 2, 3_000_000)) == [expected(1, 2, 3_000_000), expected(0, 2, 3_000_000)]


def knock_and_go(at: Address) -> None:
    """A connection that was cut at this end before the other one has taken it."""
    knocking = socket.create_connection(at)
    knocking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    knocking.close()


def test_who_knocks_and_goes_changes_nothing(tmp_path: Path) -> None:
    alice, bob = certificate(tmp_path, "alice"), certificate(tmp_path, "bob")
    ends = pair((contexts(bob, alice[0]), contexts(alice, bob[0])))
    for end in ends:
        knock_and_go(end.address)
    assert both(ends, lambda end: talk(end, 2, 3_000)) == [expected(1, 2, 3_000), expected(0, 2, 3_000)]


def test_tls_over_a_connection_that_was_cut_leaves_nothing(tmp_path: Path) -> None:
    alice = certificate(tmp_path, "alice")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        knock_and_go(Address(*listener.getsockname()))
        accepted, _ = listener.accept()
        with accepted, pytest.raises(ConnectionResetError):
            wrapped(accepted, server_context(*alice, alice[0]), server_side=True)
    gc.collect()  # what was not closed complains now


@pytest.mark.parametrize("trusts", ["nobody else", "plain"])
def test_tls_with_somebody_else(tmp_path: Path, trusts: str) -> None:
    alice, bob, eve = (certificate(tmp_path, name) for name in ("alice", "bob", "eve"))
    addresses = free(), free()
    peers = contexts(eve, bob[0]) if trusts == "nobody else" else None
    ends = (
        SpuTransport(0, addresses[1], addresses[0], terms(connect_seconds=1.5), contexts(bob, alice[0])),
        SpuTransport(1, addresses[0], addresses[1], terms(connect_seconds=1.5), peers),
    )
    errors = both(ends, caught_by(lambda end: end.connect()))
    said = "certificate" if peers else "TLS"
    assert all(isinstance(error, NotReached) for error in errors)
    assert said in str(errors[0])


@pytest.mark.parametrize("text", ["", "host", "host:", ":1", "host:70000", "host:x", "a:-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ParameterError, match="is no address"):
        Address.read(text)


def test_an_address_of_ipv6_has_brackets() -> None:
    assert Address.read("[::1]:80") == Address("::1", 80)
    assert str(Address("::1", 80)) == "[::1]:80"
