"""Two parties in two processes, each with its own end of the link alone: the engine cannot tell."""

from __future__ import annotations

import multiprocessing
import socket
import threading
from collections.abc import Iterator
from functools import cache, partial
from multiprocessing.managers import BaseManager
from multiprocessing.pool import Pool
from typing import Any

import numpy as np
import pytest
from socket_wire import Program, run_over

from kuscia_nb import mpc
from kuscia_nb.errors import PeerFailed, TimeLimit, UnexpectedMessage
from kuscia_nb.mpc.link import key_of
from kuscia_nb.operators.ss_lr.training import Plan, targets, train

NAMES = ("bob", "alice")
LAYOUT = mpc.Layout(columns=(3, 2), batch_size=8, batches=6, epochs=2)
KINDS = [("preprocessed", "asymmetric"), ("interconnection", "symmetric"), ("preprocessed", "ttp")]


@cache
def the_ttp() -> mpc.TrustedThirdParty:
    """That of this process."""
    return mpc.TrustedThirdParty()


class TtpProcess(BaseManager):
    """A process with a TTP in it."""


TtpProcess.register("ttp", the_ttp)


async def training(link: mpc.Link, ttp: Any, strategy: str, truncation: str) -> tuple[list[int], list[mpc.Message]]:
    """This party's share of the weights, and the messages in its ledger."""
    rows = np.random.default_rng(4 + link.rank).uniform(-1, 1, (48, LAYOUT.columns[link.rank]))
    labels = (rows[:, 0] > 0).astype(np.float32) if link.rank else None
    terms = mpc.Terms(f"{strategy} {truncation}", truncation=truncation)
    semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(7, link.name), terms)
    plan = Plan(LAYOUT, np.array(2000, np.uint64), semi2k.encode(np.float32(0.5)), strategy)
    weights = await train(semi2k, semi2k.encode(rows), targets(semi2k, labels, len(rows)), plan)
    semi2k.ttp.leave()
    return weights.ring.tolist(), list(link.ledger.messages)


@cache
def ttp_at(address: Any) -> Any:
    """The one in another process. Kept: a proxy that is collected closes the connection of the next one."""
    server = TtpProcess(address, b"ttp")
    server.connect()
    return server.ttp()  # type: ignore[attr-defined]


def party(rank: int, listener: socket.socket, ttp_address: Any, strategy: str, truncation: str) -> Any:
    """The work of one party's process."""
    program = partial(training, ttp=ttp_at(ttp_address), strategy=strategy, truncation=truncation)
    with socket.create_connection(listener.getsockname()) if rank else listener.accept()[0] as connection:
        outcome = run_over(connection, NAMES, rank, program)
    if outcome.error is not None:
        raise outcome.error
    return outcome.result


@pytest.fixture(scope="module")
def processes() -> Iterator[tuple[Pool, Any]]:
    """Two, and the address of a third with the TTP."""
    context = multiprocessing.get_context("spawn")
    with TtpProcess(authkey=b"ttp", ctx=context) as ttp, context.Pool(2) as pool:
        yield pool, ttp.address


@pytest.mark.parametrize(("strategy", "truncation"), KINDS)
def test_two_processes_over_tcp_have_the_shares_of_lockstep(
    processes: tuple[Pool, Any], strategy: str, truncation: str
) -> None:
    links = mpc.connect(NAMES)
    program = partial(training, ttp=mpc.TrustedThirdParty(), strategy=strategy, truncation=truncation)
    expected = mpc.run_lockstep((program(links[0]), program(links[1])), links)
    pool, ttp_address = processes
    with socket.create_server(("127.0.0.1", 0)) as listener:
        waiting = [pool.apply_async(party, (rank, listener, ttp_address, strategy, truncation)) for rank in (0, 1)]
        results = [each.get(120) for each in waiting]
    assert [shares for shares, _ in results] == [outcome.result[0] for outcome in expected]

    def told(messages: list[mpc.Message]) -> list[tuple[Any, ...]]:
        return sorted(message[1:9] for message in messages)  # all but round and time

    both = list(links[0].ledger.messages)
    for rank, (_, messages) in enumerate(results):  # each party has noted what it has sent and received
        of_party = [message for message in both if NAMES[rank] in message[2:4]]
        assert told(messages) == told(of_party)
        assert max(message.round for message in messages) == max(message.round for message in of_party)


# --- one process, two ends of a socket -------------------------------------------------------------------------------


def run_both(first: Program, second: Program, limit: float = 30.0) -> list[mpc.Outcome]:
    """Two programs on a thread each, over a socket."""
    outcomes: list[mpc.Outcome] = [mpc.Outcome()] * 2

    def drive(rank: int, program: Program) -> None:
        outcomes[rank] = run_over(ends[rank], NAMES, rank, program, limit)

    ends = socket.socketpair()
    with ends[0], ends[1]:
        threads = [threading.Thread(target=drive, args=each) for each in enumerate((first, second))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    return outcomes


def test_every_kind_of_message_passes() -> None:
    async def program(link: mpc.Link) -> Any:
        rank = link.rank
        await link.send(b"hello", "greet")
        words = np.arange(6, dtype=np.uint64).reshape(2, 3)
        small = np.arange(4, dtype=np.uint32) + np.uint32(rank)
        return (
            await link.receive("greet", 5),
            await link.exchange_bytes(bytes([rank]) * (2 + rank), "num_cores", 3 - rank),
            (await link.exchange(words.T if rank else words, "open", (2, 3) if rank else (3, 2))).tolist(),
            (await link.swap(small, "send t")).tolist(),
            [(m.key, m.sender, m.op, m.dtype, m.shape) for m in link.ledger.messages],
        )

    first, second = [outcome.result for outcome in run_both(program, program)]
    assert first[:4] == (b"hello", b"\1\1\1", [[0, 3], [1, 4], [2, 5]], [1, 2, 3, 4])
    assert second[:4] == (b"hello", b"\0\0", [[0, 1, 2], [3, 4, 5]], [0, 1, 2, 3])
    assert sorted(first[4]) == sorted(second[4])  # both have written down all of it
    assert sorted(first[4]) == [
        ("root:1:ALLGATHER", "alice", "num_cores", "uint8", (3,)),
        ("root:1:ALLGATHER", "bob", "num_cores", "uint8", (2,)),
        ("root:2:ALLGATHER", "alice", "open", "uint64", (3, 2)),
        ("root:2:ALLGATHER", "bob", "open", "uint64", (2, 3)),
        ("root:P2P-1:0->1", "bob", "greet", "uint8", (5,)),
        ("root:P2P-1:1->0", "alice", "greet", "uint8", (5,)),
        ("root:P2P-2:0->1", "bob", "send t", "uint32", (4,)),
        ("root:P2P-2:1->0", "alice", "send t", "uint32", (4,)),
    ]


def test_keys_are_the_interconnection_transports() -> None:
    assert key_of(("P2P", 3), 1) == "root:P2P-3:1->0"  # spec: ss_lr §3 and §6a
    assert key_of(4, 0, "root-0") == "root-0:4:ALLGATHER"


async def says_something_else(link: mpc.Link) -> None:
    await link.exchange(np.zeros(7, np.uint64), "open", (7,))


async def opens(link: mpc.Link) -> None:
    await link.exchange(np.zeros((4, 6), np.uint64), "open x-a")


def test_bytes_of_another_length_are_refused() -> None:
    _, outcome = run_both(says_something_else, opens)
    assert isinstance(outcome.error, UnexpectedMessage)
    assert outcome.error.what == "alice got 56 bytes of root:1:ALLGATHER (open x-a) from bob, expected 4 x 6"


def test_a_peer_that_fails_is_told_of() -> None:
    async def fails(link: mpc.Link) -> None:
        raise OSError("disk full")

    first, second = run_both(fails, opens)
    assert isinstance(first.error, OSError)
    assert isinstance(second.error, PeerFailed)
    assert second.error.what == "bob failed before it sent what alice waits for"


def test_a_silent_peer_is_not_waited_for_beyond_the_limit() -> None:
    first, second = socket.socketpair()
    with first, second:
        outcome = run_over(second, NAMES, 1, opens, limit=0.05)
    assert isinstance(outcome.error, TimeLimit)
    expected = "alice waits for root:1:ALLGATHER (open x-a) from bob: nothing was heard for 0.05 s"
    assert outcome.error.what == expected
