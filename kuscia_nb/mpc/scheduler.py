"""Running the parties' programs: both in lockstep on one thread, or one of them alone.

A party's program is a coroutine that awaits its link (and what its link carries). *Lockstep* runs each program until
it needs a message that is not there, then the other: with the same seeds every run gives the same messages in the
same order, and nothing but this module decides who runs. *Alone*, a program runs on a thread, in a process or on a
host of its own, and blocks while a message is missing; the programs, the messages of each direction and the shares
are the same.

No asyncio, no sockets, no threads: an event loop would decide who runs, and differently each time.
"""

from __future__ import annotations

from collections.abc import Coroutine
from traceback import clear_frames
from typing import Any, NamedTuple

from ..errors import Deadlock, PeerFailed
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


Pair = tuple[Program, Program]

_TURNS = 16
"""Turns between two looks at whether anything was sent; a turn of a party that still waits costs nothing."""


def run_lockstep(programs: Pair, links: tuple[Link, Link]) -> tuple[Outcome, Outcome]:
    """Drive both programs on this thread until each has ended; the outcomes by rank.

    When one fails, the other is woken with `PeerFailed`. When neither can go on, both get `Deadlock`. Any thread may
    end a program at its next message: `link.close(error)`.
    """
    outcomes: list[Outcome | None] = [None, None]
    waiting: list[Any] = [None, None]
    while None in outcomes:
        running = [rank for rank in (0, 1) if outcomes[rank] is None]
        rank, sent = running[0], -1
        try:
            while (now := links[0].sent + links[1].sent) != sent:
                sent = now
                for _ in range(_TURNS):
                    for rank in running:
                        waiting[rank] = programs[rank].send(None)
        except StopIteration as end:
            outcomes[rank] = Outcome(end.value, place=2 - len(running))
        except BaseException as error:
            outcomes[rank] = Outcome(error=_without_data(error), place=2 - len(running))
            links[1 - rank].close(left(links[rank].name, links[1 - rank].name, failed=True))
        else:
            _close(links, _deadlock(links, waiting, outcomes))
    first, second = (_judged(outcome or Outcome(), link) for outcome, link in zip(outcomes, links, strict=True))
    return first, second


def run_alone(program: Program, link: Link) -> Outcome:
    """Drive one party's program on this thread; the peer's runs elsewhere, and the link's inbox blocks.

    The peer does not learn of the end by this: that is up to what carries the messages.
    """
    try:
        while (waits_for := program.send(None)) is None:  # it left a turn to its peer, which has its own here
            pass
    except StopIteration as end:
        return _judged(Outcome(end.value), link)
    except BaseException as error:
        return Outcome(error=_without_data(error))
    program.close()
    return Outcome(error=Deadlock(f"{link.name} waits for {link.describe(waits_for)}, and its inbox does not block"))


def left(name: str, peer: str, *, failed: bool) -> PeerFailed:
    """What a peer is told of a party that has ended, in case it waits: that it failed, but not why.

    An error may quote the party's data.
    """
    return PeerFailed(f"{name} {'failed' if failed else 'ended'} before it sent what {peer} waits for")


def _without_data(error: BaseException) -> BaseException:
    """An error is kept for as long as somebody may look at it; what its program had in its hands is let go."""
    linked: list[BaseException | None] = [error]
    for one in linked:
        if one is not None:
            clear_frames(one.__traceback__)
            linked += [other for other in (one.__cause__, one.__context__) if other not in linked]
    return error


def _judged(outcome: Outcome, link: Link) -> Outcome:
    """A program that has returned has failed all the same, if its link has got what must not come."""
    return Outcome(error=link.fault, place=outcome.place) if outcome.error is None and link.fault else outcome


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
