"""A link of our own: what goes over it, and how it is opened."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_wire import NAMES, PATIENT, TASK, Forwarder, ends, identities, proxied, run_over, seeded
from ports import free_port

from kuscia_nb import mpc
from kuscia_nb.errors import JobStopped, LinkError, NotReached, PeerFailed, UnexpectedMessage
from kuscia_nb.operators.ss_lr.training import Plan, targets, train
from kuscia_nb.wire.own import websocket
from kuscia_nb.wire.own.dial import Dial
from kuscia_nb.wire.own.frames import DATA, Bounds
from kuscia_nb.wire.own.transport import Limits, OwnTransport
from kuscia_nb.wire.sockets import Address

LAYOUT = mpc.Layout(columns=(3, 2), batch_size=8, batches=6, epochs=8)


async def every_kind(link: mpc.Link) -> Any:
    rank = link.rank
    await link.send(b"hello", "greet")
    words = np.arange(6, dtype=np.uint64).reshape(2, 3)
    small = np.arange(4, dtype=np.uint32) + np.uint32(rank)
    empty = np.zeros((0, 3), np.uint64)
    return (
        await link.receive("greet", 5),
        await link.exchange_bytes(b"" if rank else b"\0\0", "cores", 2 if rank else 0),
        (await link.exchange(words.T if rank else words, "open", (2, 3) if rank else (3, 2))).tolist(),
        (await link.swap(small, "send t")).tolist(),
        (await link.exchange(empty, "nothing")).shape,
        (await link.exchange(np.array(7 + rank, np.uint64), "one number")).tolist(),
    )


@pytest.mark.parametrize("dials", [(0,), (1,), (0, 1)], ids=["rank 0 dials", "rank 1 dials", "both dial"])
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_every_kind_of_message_passes(tmp_path: Path, dials: tuple[int, ...], secured: bool) -> None:
    with ends(dials, identities(tmp_path) if secured else None) as both:
        first, second = both.run(every_kind, every_kind)
        assert [first.error, second.error] == [None, None]
        assert first.result == (b"hello", b"", [[0, 3], [1, 4], [2, 5]], [1, 2, 3, 4], (0, 3), 8)
        assert second.result == (b"hello", b"\0\0", [[0, 1, 2], [3, 4, 5]], [0, 1, 2, 3], (0, 3), 7)
        assert both.said == []


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_both_may_send_megabytes_at_once(tmp_path: Path, secured: bool) -> None:
    """More than the system's buffers and what is kept take: who waits for room has to read."""

    async def program(link: mpc.Link) -> list[int]:
        found = []
        for turn in range(3):
            came = await link.exchange(np.full((3, 1 << 20), 10 * turn + link.rank, np.uint64), "many")
            found.append(int(came[0, 0]) if (came == came[0, 0]).all() else -1)
        for turn in range(4):
            await link.send(bytes([turn + 4 * link.rank]) * (1 << 22), "much")
        return found + [sum(await link.receive("much")) >> 22 for _ in range(4)]

    limits = Limits(connect=60, message=60, end=30, kept=1 << 22)
    with ends((0,), identities(tmp_path) if secured else None, limits) as both:
        first, second = both.run(program, program)
    assert (first.error, second.error) == (None, None)
    assert first.result == [1, 11, 21, 4, 5, 6, 7]
    assert second.result == [0, 10, 20, 0, 1, 2, 3]


def test_it_passes_a_hubs_proxy_that_speaks_websocket_at_both_sides() -> None:
    """At a path of its own; messages are cut anew, and pings come in between."""

    async def program(link: mpc.Link) -> Any:
        for turn in range(200):
            await link.exchange(np.full(21, turn, np.uint64), "small")
        large = await link.exchange(np.arange(3 << 17, dtype=np.uint64), "large")
        return await every_kind(link), int(large[-1])

    path = "/user/alice/proxy/8084"
    with ends(()) as both, proxied(both.addresses[0], path) as url:
        end = OwnTransport(1, NAMES, TASK, dial=Dial(url), limits=PATIENT)
        both.ends[1] = end
        first, second = both.run(program, program)
    assert [first.error, second.error] == [None, None]
    assert (first.result[0][3], second.result[0][3]) == ([1, 2, 3, 4], [0, 1, 2, 3])
    assert first.result[1] == second.result[1] == (3 << 17) - 1


# --- connections that break ------------------------------------------------------------------------------------------


async def training(link: mpc.Link, ttp: mpc.TrustedThirdParty, strategy: str) -> list[int]:
    rows = np.random.default_rng(4 + link.rank).uniform(-1, 1, (48, LAYOUT.columns[link.rank]))
    labels = (rows[:, 0] > 0).astype(np.float32) if link.rank else None
    semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(7, link.name), mpc.Terms(strategy))
    plan = Plan(LAYOUT, np.array(2000, np.uint64), semi2k.encode(np.float32(0.5)), strategy)
    weights = await train(semi2k, semi2k.encode(rows), targets(semi2k, labels, len(rows)), plan)
    return weights.ring.tolist()


@pytest.mark.parametrize(("strategy", "seed"), [("preprocessed", 1), ("interconnection", 2)])
def test_a_training_whose_connection_breaks_again_and_again_has_the_shares_of_lockstep(
    strategy: str, seed: int
) -> None:
    """Cut after 2,200 to 3,500 bytes, wherever that is: in the opening, in a head, in a body."""
    links = mpc.connect(NAMES)
    ttp = mpc.TrustedThirdParty()
    expected = mpc.run_lockstep(tuple(training(link, ttp, strategy) for link in links), links)  # type: ignore[arg-type]
    ttp = mpc.TrustedThirdParty()
    budgets = seeded(seed, 2200, 3500)
    with ends((0, 1), between=lambda address: Forwarder(address, budgets)) as both:
        outcomes = both.run(*[lambda link: training(link, ttp, strategy)] * 2)
        assert [outcome.error for outcome in outcomes] == [None, None]
        assert [outcome.result for outcome in outcomes] == [outcome.result for outcome in expected]
        assert sum(forwarder.cuts for forwarder in both.forwarders) > 5
        assert both.ends[0].status().connections > 5


def test_a_connection_that_is_cut_while_both_compute_is_taken_up_again() -> None:
    """Neither party looks at its socket meanwhile; the keepers do, when they show that they are there."""
    cut, taken_up = threading.Event(), threading.Event()

    async def program(link: mpc.Link) -> int:
        await link.exchange_bytes(b"before", "before")
        if link.rank:
            both.forwarders[0].cut()
            both.forwarders[1].cut()
            cut.set()
        assert cut.wait(60)
        while min(end.status().connections for end in both.ends) < 2 and not taken_up.wait(0.01):
            pass
        return len(await link.exchange_bytes(b"after it", "after", 8))

    limits = Limits(connect=60, message=3, end=30)
    with ends((1,), None, limits, Forwarder) as both:
        outcomes = both.run(program, program)
    assert [(outcome.result, outcome.error) for outcome in outcomes] == [(8, None)] * 2


# --- peers that fail -------------------------------------------------------------------------------------------------

SHORT = Limits(connect=2, message=2, end=2)


async def opens(link: mpc.Link) -> None:
    await link.exchange(np.zeros((4, 6), np.uint64), "open x-a")


def test_a_peer_that_fails_is_told_of() -> None:
    async def fails(link: mpc.Link) -> None:
        raise OSError("disk full")

    with ends((0,)) as both:
        first, second = both.run(fails, opens)
    assert isinstance(first.error, OSError)
    assert isinstance(second.error, PeerFailed)
    assert second.error.what == "bob failed before it sent what alice waits for"


def test_a_party_that_is_stopped_ends_and_its_peer_is_told() -> None:
    async def waits(link: mpc.Link) -> None:
        both.ends[0].stop(JobStopped("alice has stopped the job"))
        await link.receive("nothing")

    with ends((0,)) as both:
        first, second = both.run(waits, opens)
    assert isinstance(first.error, JobStopped)
    assert isinstance(second.error, PeerFailed)
    assert second.error.what == "bob's part was stopped at its own side before it sent what alice waits for"


def test_what_has_another_size_is_refused_with_both_sizes() -> None:
    async def other(link: mpc.Link) -> None:
        await link.exchange(np.zeros(7, np.uint64), "open")

    with ends((0,)) as both:
        second = both.run(other, opens)[1]
    assert isinstance(second.error, UnexpectedMessage)
    assert second.error.what == "alice got 7 numbers of root:1:ALLGATHER (open x-a) from bob, expected 4 x 6"


def test_a_peer_that_computes_for_long_is_waited_for() -> None:
    """Four times the limit for a message: its signs of life tell."""
    waited = threading.Event()

    async def computes(link: mpc.Link) -> None:
        waited.wait(4 * SHORT.message)
        await opens(link)

    with ends((0,), limits=SHORT) as both:
        assert [outcome.error for outcome in both.run(computes, opens)] == [None, None]


def test_a_peer_that_is_silent_is_not_waited_for_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process stands still, say: its connections stand, and nothing comes over them."""
    ended = threading.Event()

    async def sleeps(link: mpc.Link) -> None:
        ended.wait(60)

    async def waits(link: mpc.Link) -> None:
        both.doors[0].forget(TASK)
        monkeypatch.setattr(both.ends[0], "beat", lambda: None)
        try:
            await opens(link)
        finally:
            ended.set()

    with ends((1,), limits=SHORT) as both:
        error = both.run(sleeps, waits)[1].error
    assert isinstance(error, PeerFailed)
    assert (
        "bob is gone while alice waited for root:1:ALLGATHER: the connection broke (nothing was heard on it for 1 s)"
        in error.what
    )
    assert "the node is there, and does not expect" in error.what


def test_a_peer_whose_process_is_gone() -> None:
    async def dies(link: mpc.Link) -> None:
        both.doors[0].forget(TASK)
        both.ends[0].abort()  # as the system does for a process that was killed: sockets are closed, nothing is said

    with ends((0, 1), limits=SHORT) as both:
        error = both.run(dies, opens)[1].error
    assert isinstance(error, PeerFailed)
    assert "bob is gone while alice waited for root:1:ALLGATHER: the connection broke (" in error.what
    assert "was not taken up again in 2 s" in error.what


def test_a_peer_that_was_started_anew_is_not_taken_for_the_old_one() -> None:
    async def starts_anew(link: mpc.Link) -> None:
        old = both.ends[0]
        old.abort()
        new = OwnTransport(0, NAMES, TASK, dial=old._keeper._dial, limits=SHORT)
        both.doors[0].expect(TASK, new)
        both.ends.append(new)
        try:
            new.connect()
        finally:
            new.abort()

    with ends((0, 1), limits=SHORT) as both:
        first, second = both.run(starts_anew, opens)
    assert isinstance(first.error, LinkError)
    assert isinstance(second.error, PeerFailed)
    assert second.error.what == "bob was started anew: what was sent before is lost"


def test_who_sends_what_the_link_does_not_know_is_refused_at_once() -> None:
    async def odd(link: mpc.Link) -> None:
        connection = both.ends[0].connection
        assert connection is not None
        connection._stream.write(websocket.head(56), bytes([DATA, 1, 1, 1] + [255] * 52))
        await opens(link)

    with ends((1,)) as both:
        error = both.run(odd, opens)[1].error
    assert isinstance(error, LinkError)
    assert "bob has sent what this link does not know: a frame of" in error.what


def test_what_nobody_asks_for_is_bounded() -> None:
    async def pours(link: mpc.Link) -> None:
        for _ in range(100):
            await link.send(bytes(1 << 12), "much")

    with ends((0,)) as both:
        both.ends[1].arrivals.bounds = Bounds(ahead=1 << 18)
        error = both.run(pours, opens)[1].error
    assert isinstance(error, LinkError)
    assert "65 messages that alice has not asked for" in error.what


def test_nobody_is_there() -> None:
    address = Address("127.0.0.1", free_port())
    outcome = run_over(OwnTransport(1, NAMES, TASK, dial=Dial(f"http://{address}"), limits=SHORT), opens)
    assert isinstance(outcome.error, NotReached)
    assert outcome.error.what.startswith("bob was not reached in 2 s: nobody listens there (http://127.0.0.1:")


def test_a_party_that_is_stopped_while_it_waits_for_its_peer() -> None:
    transport = OwnTransport(0, NAMES, TASK)
    transport.stop(JobStopped("alice has stopped the job"))
    assert isinstance(run_over(transport, opens).error, JobStopped)


def test_nobody_dials() -> None:
    outcome = run_over(OwnTransport(0, NAMES, TASK, limits=SHORT), opens)
    assert isinstance(outcome.error, NotReached)
    assert outcome.error.what == "alice was not reached in 2 s: alice has not dialled this party"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"\x15\x03\x03\x00\x02\x02\x46", "it speaks TLS"),
        (b"PRPC\0\0\0\0\0\0\0\0", "it speaks SPU's protocol"),
        (b"\0\0\x0c\x04\0\0\0\0\0\0\x05", "it speaks HTTP/2, as a gRPC server does"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "what is there speaks no HTTP: b'SSH-2.0-OpenSSH"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "HTTP 502: a gateway is there, and does not reach the node behind it"),
        (b"HTTP/1.1 302 Found\r\nLocation: /hub/login\r\n\r\n", "HTTP 302: it sends this party to /hub/login"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "HTTP 200 (a page): something else is there"),
        (b"HTTP/1.1 101 Ok\r\nSec-WebSocket-Accept: x\r\n\r\n", "its answer is not that of this request"),
        (b"", "has closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 4000, "its answer has no end"),
    ],
    ids=lambda value: value[:9].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_something_else_is_there(answer: bytes, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    with connection, suppress(OSError):
                        connection.recv(4096)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        dial = Dial("http://{}:{}".format(*listener.getsockname()))
        error = run_over(OwnTransport(1, NAMES, TASK, dial=dial, limits=SHORT), opens).error
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(20)
    assert isinstance(error, NotReached)
    assert why in error.what


def test_a_mass_of_connections_and_slow_senders_do_not_keep_the_peer_out() -> None:
    with ExitStack() as stack, ends((1,)) as both:
        dial = both.ends[1]._keeper._dial
        assert dial is not None
        for number in range(300):
            each = stack.enter_context(socket.create_connection(dial.address, 20))
            if number % 3:
                each.sendall(b"GET /v1/kuscia-nb/link/x HTTP/1.1\r\nHos")
        assert [outcome.error for outcome in both.run(opens, opens)] == [None, None]
