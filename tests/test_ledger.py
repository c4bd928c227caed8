"""A ledger that is closed shows what it showed before, in a tenth of the memory."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from kuscia_nb import mpc
from kuscia_nb.mpc.ledger import Ledger, Stream, now


def trained(steps: int, ledger: Ledger) -> Ledger:
    """Messages of a party and the TTP, as a training sends them."""
    pages = ledger.page("bob"), ledger.page("bob ttp")
    sent = pages[0].register(Stream("bob", "alice", "ALLGATHER", "root:{}:ALLGATHER"))
    p2p = pages[0].register(Stream("bob", "alice", "P2P", "root:P2P-{}:0->1"))
    asked = pages[1].register(Stream("bob", "ttp", "REQUEST", "AdjustDot"))
    pages[0].record((p2p, 1, 1, "PRSS seed", (16,), "uint8", now()))
    for step in range(steps):
        pages[1].record((asked, 0, 2 * step + 1, "adjust", (14,), "uint64", now()))
        pages[0].record((sent, 2 * step + 1, 2 * step + 1, "open x-a", (21, 21), "uint64", now()))
        pages[0].record((sent, 2 * step + 2, 2 * step + 2, "open y-b", (21,), "uint64", now()))
    return ledger


@pytest.mark.parametrize("steps", [0, 1, 700])
@pytest.mark.parametrize("listed", [None, 1000])
def test_a_closed_ledger_shows_what_it_showed(steps: int, listed: int | None) -> None:
    ledger = trained(steps, Ledger(listed))
    before = [list(part) for part in ledger.listed()], ledger.totals(), len(ledger), ledger.unlisted
    for _ in range(2):
        ledger.close()
        assert ([list(part) for part in ledger.listed()], ledger.totals(), len(ledger), ledger.unlisted) == before
    assert len(before[0][0]) == min(1 + 3 * steps, before[2] - before[3])


CLOCKS: dict[str, Callable[[float], float]] = {
    "ns": lambda t: t,
    "up for a year": lambda t: t + 365 * 86400,
    "no count of nanoseconds": lambda t: t * np.pi,
    "more of them than a number holds": lambda t: t + 1e11,
}


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_times_are_kept_to_the_last_bit(clock: Callable[[float], float]) -> None:
    ledger = Ledger()
    stream, times = ledger.register(Stream("a", "b", "P2P", "{}")), [clock(now()) for _ in range(50)]
    for number, time in enumerate(times):
        ledger.record((stream, number, 1, "x", (1,), "uint64", time))
    before = [message.time for message in ledger.messages]
    ledger.close()
    assert [message.time for message in ledger.messages] == before


def test_what_is_sent_to_a_closed_ledger_is_not_listed() -> None:
    links = mpc.connect(("bob", "alice"))
    ledger = links[0].ledger
    ledger.close()
    page = ledger.page("bob")
    page.record((0, 1, 1, "late", page.same_shape((1,), (1,)), "uint64", now()))
    assert (len(ledger), list(ledger.messages)) == (0, [])


def test_a_closed_ledger_takes_a_few_bytes_a_message() -> None:
    messages = 3 * 20_000 + 1
    tracemalloc.start()
    try:
        ledger = trained(20_000, Ledger())
        opened = tracemalloc.get_traced_memory()[0]
        ledger.close()
        closed = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(ledger) == messages
    assert closed < 4 * messages < opened / 20
    assert sys.getsizeof(ledger) < 1000
