"""Work beside the peer's: both parties' at once, and everything else as if it had been done in turn."""

from __future__ import annotations

import threading

import pytest

from kuscia_nb.mpc import Link, connect, run_lockstep
from kuscia_nb.mpc.beside import beside
from kuscia_nb.mpc.inbox import BlockingMailbox
from kuscia_nb.mpc.ledger import Ledger
from kuscia_nb.mpc.scheduler import run_alone


async def working(link: Link, work: object, said: list[str]) -> bytes:
    found = await beside(work)  # type: ignore[arg-type]
    said.append(link.name)
    await link.send(found, "found")
    return await link.receive("found")


def test_both_parties_work_at_once_and_then_in_turn() -> None:
    links, said = connect(("bob", "alice")), []
    both = threading.Barrier(2)  # which nobody passes alone

    def work() -> bytes:
        both.wait(60)
        return b"done"

    outcomes = run_lockstep((working(links[0], work, said), working(links[1], work, said)), links)
    assert [outcome.result for outcome in outcomes] == [b"done", b"done"]
    assert said == ["bob", "alice"]
    assert [message.sender for message in links[0].ledger.messages] == ["bob", "alice"]


def test_what_fails_beside_fails_its_own_party() -> None:
    links, said = connect(("bob", "alice")), []

    def fails() -> bytes:
        raise ValueError("no such file")

    first, second = run_lockstep((working(links[0], fails, said), working(links[1], lambda: b"", said)), links)
    assert isinstance(first.error, ValueError)
    assert first.place < second.place
    assert said == ["alice"]


def test_where_no_thread_can_be_started_the_work_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_threads(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_threads)
    links, said = connect(("bob", "alice")), []
    programs = working(links[0], lambda: b"b", said), working(links[1], lambda: b"a", said)
    assert [outcome.result for outcome in run_lockstep(programs, links)] == [b"a", b"b"]


def test_a_party_alone_leaves_its_turn_to_nobody() -> None:
    async def program() -> bytes:
        return await beside(lambda: b"done")

    link = Link(0, ("bob", "alice"), BlockingMailbox(1.0), lambda letter: None, Ledger())
    assert run_alone(program(), link).result == b"done"
