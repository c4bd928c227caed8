"""Keys, counts and rounds of messages; who runs when, and what happens when somebody does not."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from protocol import mailbox, run_parties

from kuscia_nb import mpc
from kuscia_nb.errors import Deadlock, JobStopped, PeerFailed
from kuscia_nb.mpc.lazy import Lazy

WORDS = np.arange(3, dtype=np.uint64)


async def chatter(link: mpc.Link) -> tuple[bytes, list[int]]:
    """One message each way, two collectives."""
    await link.send(b"seed" * 4, "greet")
    greeting = await link.receive()
    first = await link.exchange(WORDS + np.uint64(link.rank), "open a")
    second = await link.exchange(WORDS[:2], "open b")
    return greeting, [*first.tolist(), *second.tolist()]


@pytest.mark.parametrize("threads", [False, True])
def test_both_ways_of_running_carry_the_same_messages(threads: bool) -> None:
    links = mpc.connect(("bob", "alice"), mailbox=mailbox(threads))
    outcomes = run_parties((chatter(links[0]), chatter(links[1])), links)
    assert [outcome.result for outcome in outcomes] == [(b"seed" * 4, [1, 2, 3, 0, 1]), (b"seed" * 4, [0, 1, 2, 0, 1])]
    messages = links[0].ledger.messages
    keys = {(m.sender, m.receiver, m.kind, m.key, m.dtype, m.shape, m.bytes) for m in messages}
    assert len(messages) == len(keys) == 6  # every message once, not once on each side
    assert keys == {
        ("bob", "alice", "P2P", "root:P2P-1:0->1", "uint8", (16,), 16),
        ("alice", "bob", "P2P", "root:P2P-1:1->0", "uint8", (16,), 16),
        ("bob", "alice", "ALLGATHER", "root:1:ALLGATHER", "uint64", (3,), 24),
        ("alice", "bob", "ALLGATHER", "root:1:ALLGATHER", "uint64", (3,), 24),
        ("bob", "alice", "ALLGATHER", "root:2:ALLGATHER", "uint64", (2,), 16),
        ("alice", "bob", "ALLGATHER", "root:2:ALLGATHER", "uint64", (2,), 16),
    }
    totals = {direction: total[:3] for direction, total in links[0].ledger.totals().items()}
    assert totals == {("bob", "alice"): (3, 56, 3), ("alice", "bob"): (3, 56, 3)}  # messages, bytes, rounds


def test_a_lazy_sequence_makes_what_is_looked_at_and_nothing_else() -> None:
    made: list[int] = []
    squares = Lazy(1000, lambda place: (made.append(place), place**2)[1])
    assert (len(squares), squares[3], squares[-1], squares[10:16:2]) == (1000, 9, 999**2, [100, 144, 196])
    assert made == [3, 999, 10, 12, 14]
    with pytest.raises(IndexError):
        squares[1000]
    assert Lazy(3, str) == ["0", "1", "2"] == list(Lazy(3, str))
    assert Lazy(3, str) != ["0", "1"]


def test_a_long_run_is_counted_in_full_and_listed_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    async def exchanges(link: mpc.Link) -> None:
        for _ in range(25):
            await link.exchange(WORDS, "open")

    for module in ("ledger", "link"):
        monkeypatch.setattr(f"kuscia_nb.mpc.{module}.LISTED", 10)
    links = mpc.connect(("bob", "alice"))
    mpc.run_lockstep((exchanges(links[0]), exchanges(links[1])), links)
    ledger = links[0].ledger
    assert len(ledger) == 50
    assert [message.key for message in ledger.messages[::2]] == [f"root:{n}:ALLGATHER" for n in range(1, 6)]
    assert ledger.unlisted >= 20
    totals = {direction: total[:3] for direction, total in ledger.totals().items()}
    assert totals == {("bob", "alice"): (25, 600, 25), ("alice", "bob"): (25, 600, 25)}


def test_rounds_are_chains_of_messages() -> None:
    """Two messages in a row are one round; an answer is the next one."""

    async def ask(link: mpc.Link) -> None:
        await link.send(b"1", "ask")
        await link.send(b"2", "ask")
        await link.receive()

    async def answer(link: mpc.Link) -> None:
        await link.receive()
        await link.send(b"3", "answer")
        await link.receive()

    links = mpc.connect(("bob", "alice"))
    mpc.run_lockstep((ask(links[0]), answer(links[1])), links)
    assert [(m.op, m.round) for m in links[0].ledger.messages] == [("ask", 1), ("ask", 1), ("answer", 2)]


async def fails(link: mpc.Link) -> None:
    await link.exchange(WORDS, "open a")
    raise OSError("disk full")


async def waits(link: mpc.Link) -> None:
    await link.exchange(WORDS, "open a")
    await link.exchange(WORDS, "open b")


async def ends(link: mpc.Link) -> None:
    await link.exchange(WORDS, "open a")


@pytest.mark.parametrize("threads", [False, True])
def test_a_failure_wakes_the_peer(threads: bool) -> None:
    links = mpc.connect(("bob", "alice"), mailbox=mailbox(threads))
    first, second = run_parties((fails(links[0]), waits(links[1])), links)
    assert isinstance(first.error, OSError)
    assert isinstance(second.error, PeerFailed)
    assert "bob failed" in str(second.error)
    assert "disk full" not in str(second.error)  # what went wrong may say something about bob's data


@pytest.mark.parametrize("threads", [False, True])
def test_a_peer_that_ends_early_leaves_nobody_waiting(threads: bool) -> None:
    links = mpc.connect(("bob", "alice"), mailbox=mailbox(threads))
    first, second = run_parties((ends(links[0]), waits(links[1])), links)
    assert first.error is None
    assert isinstance(second.error, PeerFailed if threads else Deadlock)
    assert "bob" in str(second.error)


def test_a_deadlock_says_who_waits_for_what() -> None:
    async def only_receives(link: mpc.Link) -> None:
        await link.exchange(WORDS, "open a")
        await link.receive()

    links = mpc.connect(("bob", "alice"))
    outcomes = mpc.run_lockstep((only_receives(links[0]), waits(links[1])), links)
    assert all(isinstance(outcome.error, Deadlock) for outcome in outcomes)
    text = str(outcomes[0].error)
    assert "bob waits for point-to-point message 1" in text
    assert "alice waits for root:2:ALLGATHER" in text


@pytest.mark.parametrize("threads", [False, True])
def test_a_stop_from_another_thread_ends_both(threads: bool) -> None:
    running = threading.Event()

    async def forever(link: mpc.Link) -> None:
        while True:
            await link.exchange(WORDS, "again")
            running.set()

    def stop_when_running() -> None:
        running.wait()
        for link in links:
            link.close(JobStopped("the job was stopped"))

    links = mpc.connect(("bob", "alice"), mailbox=mailbox(threads))
    stopper = threading.Thread(target=stop_when_running)
    stopper.start()
    outcomes = run_parties((forever(links[0]), forever(links[1])), links)
    stopper.join()
    assert all(isinstance(outcome.error, JobStopped) for outcome in outcomes)


def test_a_part_of_an_array_does_not_lead_to_the_whole() -> None:
    """Nor is it what the sender goes on to work with."""
    secret = np.arange(100, 110, dtype=np.uint64)

    async def program(link: mpc.Link) -> mpc.Ring:
        theirs = await link.exchange(secret[:1] if link.rank else WORDS, "open", (3 if link.rank else 1,))
        secret[0] = 0
        return theirs

    links = mpc.connect(("bob", "alice"))
    first, _ = mpc.run_lockstep((program(links[0]), program(links[1])), links)
    assert first.result.base is None
    assert first.result.tolist() == [100]


def test_a_link_has_its_own_page_of_the_ledger() -> None:
    async def program(link: mpc.Link) -> None:
        for _ in range(2 - link.rank):
            await link.send(b"x", "greet")

    links = mpc.connect(("bob", "alice"))
    mpc.run_lockstep((program(links[0]), program(links[1])), links)
    ledger = links[0].ledger
    assert [len(ledger.page(name)) for name in ("bob", "alice", "nobody")] == [2, 1, 0]
    assert [message.sender for message in ledger.page("alice").messages] == ["alice"]
    assert [message.key for message in ledger.messages] == ["root:P2P-1:0->1", "root:P2P-2:0->1", "root:P2P-1:1->0"]
