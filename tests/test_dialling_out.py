"""A node that listens nowhere: it keeps a connection to its peer open, and the peer's requests come through that."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from nodes_apart import PATIENCE, Apart, apart, tutorial, until
from own_wire import Forwarder

from kuscia_nb.backends.settings import Settings
from kuscia_nb.bfia.wire import Request, Response, Transport
from kuscia_nb.cluster import Cluster
from kuscia_nb.errors import KusciaError
from kuscia_nb.views.status import peers
from kuscia_nb.wire.identity import make, server_tls
from kuscia_nb.wire.own import frames
from kuscia_nb.wire.own.calls import Called, Calls, link_of
from kuscia_nb.wire.own.connection import Frame, OwnConnection
from kuscia_nb.wire.own.dial import Dial, Unreached
from kuscia_nb.wire.own.doors import Doors, LinkServer
from kuscia_nb.wire.sockets import Address


@pytest.fixture(scope="module")
def ttp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    with apart(tmp_path_factory.mktemp("apart")) as places:
        yield places


@pytest.fixture
def places(tmp_path: Path, ttp: Apart) -> Apart:
    """Alice's node listens nowhere. Both know each other by certificates."""
    fresh = Apart(tmp_path, ttp.ttp)
    fresh.key = ttp.key
    fresh.certify()
    fresh.hidden = "alice"
    return fresh


def came(cluster: Cluster) -> bool:
    (peer,) = cluster.peers().to_dict("records")
    return not peer["error"] and "do not come" not in peer["way"]


@pytest.mark.parametrize("here", ["alice", "bob"])
def test_jobs_run_both_ways_round(places: Apart, here: str) -> None:
    (there,) = {"alice", "bob"} - {here}
    with places.there(there, "--accept", "always"), places.here(here, accept="always") as cluster:
        until(lambda: came(cluster))
        (peer,) = cluster.peers().to_dict("records")
        kept = "requests come through a connection" if here == "alice" else "through the connection that it keeps open"
        assert kept in peer["way"]
        assert peer["way"].split()[-1] in repr(peers(cluster)), "nothing is cut"
        assert peer["fingerprint"] == places.identities[there].fingerprint
        job = cluster.apply(tutorial(f"from-{here}", initiator=here, reveal="both")).wait(PATIENCE)
        assert len(job.weights()) == 21
    assert not [one.name for one in threading.enumerate() if "calls" in one.name], "nothing is left of it"


def test_a_connection_that_breaks_is_taken_up_again_also_within_a_job(places: Apart) -> None:
    with closing(Forwarder(Address("127.0.0.1", places.ports["bob"]))) as between:
        places.by_way_of["bob"] = between.address.port
        with places.there("alice", "--accept", "always"), places.here("bob", accept="always") as bob:
            until(lambda: came(bob))
            between.cut()
            job = bob.apply(tutorial("cut", initiator="bob", num_epoch=5))
            until(lambda: not job.trace.messages.empty)
            between.cut()
            assert job.wait(PATIENCE).phase == "Succeeded"


def test_two_that_only_dial_are_told_so_and_a_peer_that_does_not_know_it_too(places: Apart) -> None:
    told = places.told("alice")
    with pytest.raises(KusciaError, match="alice and bob both listen nowhere") as refused:
        Settings.read(**{**told, "peers": {"bob": "none"}})
    assert "the URL of bob" in refused.value.hint
    places.hidden = ""
    with places.there("bob"), places.here("alice", listen="none") as alice:
        (peer,) = alice.peers().to_dict("records")
        until(lambda: "--peer alice=none" in alice.peers()["way"].iloc[0])
        assert not peer["error"], "it is reached all the same"
        with pytest.raises(KusciaError, match="alice listens nowhere, as it was told"):
            alice.up_http()


# --- the connection alone --------------------------------------------------------------------------------------------


def answers(request: Request) -> Response:
    return Response(200, f"{request.sender}: {request.path} {len(request.body)}".encode())


def asked(path: str = "/v1/interconn/schedule/job/stop", sender: str = "bob", body: bytes = b"{}") -> Request:
    return Request("POST", path, {"X-Node-Id": sender}, body)


@contextmanager
def kept(answer: Transport = answers) -> Iterator[Called]:
    """Bob's end of alice's connection."""
    doors, called = Doors(), Called("alice")
    doors.expect(link_of("alice"), called)
    server = LinkServer(doors, Address("127.0.0.1", 0))
    calls = Calls("alice", "bob", Dial(f"http://{server.start()}"), answer)
    calls.start()
    try:
        yield called
    finally:
        calls.stop()
        called.close()
        server.stop()


def test_requests_of_all_sizes_and_many_threads_get_their_own_answers() -> None:
    sizes = [0, 1, 1000, 100_000, 5 << 20]
    with kept() as called, ThreadPoolExecutor(5) as pool:
        found = pool.map(lambda size: called(asked(f"/v1/interconn/{size}", body=bytes(size))).body, sizes * 5)
        assert [text.decode() for text in found] == [f"bob: /v1/interconn/{size} {size}" for size in sizes * 5]


def test_who_asks_is_who_was_dialled() -> None:
    with kept() as called:
        assert called(asked(sender="bob")).status == 200
        refused = called(asked(sender="carol"))
        assert refused.status == 403
        assert b"X-Node-Id is carol, but the connection leads to bob" in refused.body


@pytest.mark.parametrize("path", ["/v1/platform/schedule/task/get_log", "//v1/interconn/x", "http://x/v1/interconn/"])
def test_what_is_no_peers_to_ask_ends_the_connection_and_the_next_one_serves(path: str) -> None:
    served: list[str] = []

    def answer(request: Request) -> Response:
        served.append(request.path)
        return answers(request)

    with kept(answer) as called:
        with pytest.raises(ConnectionError, match="it listens nowhere, and dials this node"):
            called(asked(path))
        assert called(asked()).status == 200
        assert served == [asked().path]


def test_another_trusted_peer_does_not_get_this_ones_requests(tmp_path: Path) -> None:
    alice, bob, carol = (make(name, tmp_path) for name in ("alice", "bob", "carol"))
    doors, called = Doors(), Called("alice")
    doors.expect(link_of("alice"), called, alice.certificate.der)
    server = LinkServer(doors, Address("127.0.0.1", 0), server_tls(bob, [alice.certificate, carol.certificate]))
    url = f"https://{server.start()}"
    try:
        with pytest.raises(Unreached, match="expects somebody else"):
            Dial(url, carol, bob.certificate).open(link_of("alice"), PATIENCE)
        calls = Calls("alice", "bob", Dial(url, alice, bob.certificate), answers)
        calls.start()
        assert called(asked()).body == b"bob: /v1/interconn/schedule/job/stop 2"
        calls.stop()
        assert calls.broken
    finally:
        called.close()
        server.stop()


def test_frames_that_are_no_answers_end_the_connection() -> None:
    doors, called = Doors(), Called("alice")
    doors.expect(link_of("alice"), called)
    server = LinkServer(doors, Address("127.0.0.1", 0))
    dial = Dial(f"http://{server.start()}")
    try:
        for content in (
            b"",
            b"[]\n",
            b"{}\n",
            b'{"status": true, "content_type": ""}\n',
            b"[" * 50_000,
            bytes(1 << 17),
        ):
            connection = dial.open(link_of("alice"), PATIENCE)
            with ThreadPoolExecutor(1) as pool:
                answer = pool.submit(called, asked())
                connection.largest = 1 << 20
                number = read(connection).head.number
                connection.send(frames.data_head(0, content, 0, number, 0), content)
                with pytest.raises(ConnectionError, match="no request and no answer"):
                    answer.result(PATIENCE)
            connection.close()
    finally:
        called.close()
        server.stop()


def read(connection: OwnConnection) -> Frame:
    """The next message."""
    while (frame := connection.receive()) is None or frame.head.kind != frames.DATA:
        assert connection.wait(PATIENCE)
    return frame
