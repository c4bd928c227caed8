"""Running both parties' programs: in lockstep on one thread, or on a thread each.

A party's program is a coroutine that awaits its link (and what its link carries). *Lockstep* runs each program until
it needs a message that is not there, then the other: with the same seeds every run gives the same messages in the
same order, and nothing but this module decides who runs. *Threads* lets both compute at once, which pays when a
single step works on megabytes; the programs, the messages of each direction and the shares are the same.

No asyncio, no sockets; lockstep needs no threads either.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, NamedTuple

from ..errors import Deadlock, JobStopped, PeerFailed
from .link import Link

Program = Coroutine[Any, Any, Any]


class Outcome(NamedTuple):
    """How one party's program ended: its result, or the error that ended it."""

    result: Any = None
    """What the program returned; None if it failed."""
    error: BaseException | None = None
    """None if it returned."""
    place: int = 0
    """How many programs had ended before: who fails second may fail for that reason."""


class Stop:
    """A request to stop, made from any thread; both schedulers honour it at the next message."""

    def __init__(self) -> None:
        self.requested = False
        self._listeners: list[Callable[[], None]] = []

    def request(self) -> None:
        """Ask for the end. It may be called again."""
        self.requested = True
        for listener in self._listeners:
            listener()

    def on_request(self, listener: Callable[[], None]) -> None:
        """Call `listener` at the request, at once if it was already made."""
        self._listeners.append(listener)
        if self.requested:
            listener()


Pair = tuple[Program, Program]

_TURNS = 16
"""Turns between two looks at whether anything was sent; a turn of a party that still waits costs nothing."""


def run_lockstep(programs: Pair, links: tuple[Link, Link], stop: Stop | None = None) -> tuple[Outcome, Outcome]:
    """Drive both programs on this thread until each has ended; the outcomes by rank.

    When one fails, the other is woken with `PeerFailed`. When neither can go on, both get `Deadlock`.
    """
    stop = stop or Stop()
    outcomes: list[Outcome | None] = [None, None]
    waiting: list[Any] = [None, None]
    while None in outcomes:
        running = [rank for rank in (0, 1) if outcomes[rank] is None]
        rank, sent = running[0], -1
        try:
            while (now := links[0].sent + links[1].sent) != sent:
                sent = now
                if stop.requested:
                    _close(links, JobStopped("the job was stopped"))
                for _ in range(_TURNS):
                    for rank in running:
                        waiting[rank] = programs[rank].send(None)
        except StopIteration as end:
            outcomes[rank] = Outcome(end.value, place=2 - len(running))
        except BaseException as error:
            outcomes[rank] = Outcome(error=error, place=2 - len(running))
            _tell_peer(links, rank, error)
        else:
            _close(links, _deadlock(links, waiting, outcomes))
    return outcomes[0] or Outcome(), outcomes[1] or Outcome()


def run_threads(programs: Pair, links: tuple[Link, Link], stop: Stop | None = None) -> tuple[Outcome, Outcome]:
    """Drive each program on a thread of its own until each has ended; the outcomes by rank.

    The links must have been made with `threads=True`: a missing message then blocks the thread.
    """
    outcomes = [Outcome(), Outcome()]
    places = count()  # of which two threads never get the same

    def drive(rank: int) -> None:
        try:
            programs[rank].send(None)
        except StopIteration as end:
            outcomes[rank] = Outcome(end.value, place=next(places))
            _tell_peer(links, rank, None)
        except BaseException as error:
            outcomes[rank] = Outcome(error=error, place=next(places))
            _tell_peer(links, rank, error)

    if stop is not None:
        stop.on_request(lambda: _close(links, JobStopped("the job was stopped")))
    peer = threading.Thread(target=drive, args=(1,), name=f"kuscia_nb {links[1].name}", daemon=True)
    peer.start()
    drive(0)
    peer.join()
    return outcomes[0], outcomes[1]


def _tell_peer(links: tuple[Link, Link], rank: int, error: BaseException | None) -> None:
    """Wake the peer of a party that has ended; it can only be waiting for what will never come.

    It learns that the party failed, but not why: an error may quote the party's data.
    """
    name, peer = links[rank].name, links[1 - rank]
    peer.close(PeerFailed(f"{name} {'failed' if error else 'ended'} before it sent what {peer.name} waits for"))


def _close(links: tuple[Link, Link], error: BaseException) -> None:
    for link in links:
        link.close(error)


def _deadlock(links: tuple[Link, Link], waiting: list[Any], outcomes: list[Outcome | None]) -> Deadlock:
    states = [
        f"{link.name} waits for {link.describe(waiting[link.rank])}"
        if outcomes[link.rank] is None
        else f"{link.name} has ended"
        for link in links
    ]
    return Deadlock("no party can go on: " + ", ".join(states))
