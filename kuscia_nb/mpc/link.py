"""Messages between two parties: keys of the interconnection transport, mailboxes, and the ledger.

A `Link` is one party's end. It names messages as the interconnection transport does (spec: ss_lr §6a), so that a
ledger reads like a capture between real peers:

    root:P2P-1:0->1      first point-to-point message of channel "root" from rank 0 to rank 1
    root:3:ALLGATHER     third collective of the channel; each party sends its part under the same key

What carries the messages is a mailbox per party: `LockstepMailbox` hands control back to the scheduler while a
message is missing, `ThreadMailbox` blocks its thread. Party programs cannot tell which one they have.
"""

from __future__ import annotations

import threading
import time
import types
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np

from .ring import Ring

Payload = Ring | bytes

now = time.perf_counter


class Message(NamedTuple):
    """One message, counted once, where it is sent. `bytes` is the payload without any transport's framing."""

    round: int
    """1 + the highest round that its sender had received: messages of one round do not wait for each other."""
    op: str
    sender: str
    receiver: str
    kind: str
    """P2P or ALLGATHER between the parties, REQUEST or REPLY with the TTP."""
    key: str
    shape: tuple[int, ...]
    """Of the ring elements; of a seed or a text, its length in bytes."""
    bytes: int
    time: float
    """Seconds since the ledger was opened."""


class Ledger:
    """Every message of a run in the order in which it was sent."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []
        self._opened = now()
        self.record = self._rows.append
        """Write one message down, as it is sent: the fields of `Message` as a tuple, the time from `now()`.

        A plain tuple, because this is called more often than anything else; a `Message` is made when somebody looks.
        """

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def messages(self) -> list[Message]:
        """All messages so far."""
        return [Message(*row[:-1], time=row[-1] - self._opened) for row in self._rows]

    def totals(self) -> dict[tuple[str, str], dict[str, int]]:
        """(sender, receiver) -> messages, bytes and rounds (distinct round numbers) in that direction."""
        result: dict[tuple[str, str], dict[str, int]] = {}
        rounds: dict[tuple[str, str], set[int]] = {}
        for message in self.messages:
            direction = (message.sender, message.receiver)
            total = result.setdefault(direction, {"messages": 0, "bytes": 0, "rounds": 0})
            total["messages"] += 1
            total["bytes"] += message.bytes
            rounds.setdefault(direction, set()).add(message.round)
        for direction, numbers in rounds.items():
            result[direction]["rounds"] = len(numbers)
        return result


Letter = tuple[Payload, int]
"""What lies in a mailbox: the payload and its round."""


class LockstepMailbox:
    """For one thread: a party that misses a message hands control back to the scheduler."""

    def __init__(self) -> None:
        self.letters: dict[str, Letter] = {}
        self.put: Callable[[str, Letter], None] = self.letters.__setitem__
        self._error: BaseException | None = None

    def wait_for(self, key: str) -> Generator[str, None, None]:
        """Return when the message is there; meanwhile yield its key to whoever drives this party."""
        while key not in self.letters:
            if self._error is not None:
                raise self._error
            yield key

    def close(self, error: BaseException) -> None:
        """Whoever waits here, now or later, gets `error`."""
        self._error = error


class ThreadMailbox(LockstepMailbox):
    """For a thread per party: a party that misses a message sleeps until it is there."""

    def __init__(self) -> None:
        super().__init__()
        self.put = self._put
        self._changed = threading.Condition()

    def _put(self, key: str, letter: Letter) -> None:
        with self._changed:
            self.letters[key] = letter
            self._changed.notify()

    def wait_for(self, key: str) -> Generator[str, None, None]:
        with self._changed:
            for _ in super().wait_for(key):
                self._changed.wait()
        return
        yield key  # a generator that never hands control back

    def close(self, error: BaseException) -> None:
        with self._changed:
            super().close(error)
            self._changed.notify()


class Link:
    """One party's end of the link to its peer."""

    def __init__(
        self,
        rank: int,
        names: tuple[str, str],
        mailboxes: tuple[LockstepMailbox, LockstepMailbox],
        ledger: Ledger,
        channel: str = "root",
    ) -> None:
        self.rank = rank
        self.name, self.peer = names[rank], names[1 - rank]
        self.ledger = ledger
        self.round = 0
        """The highest round received so far."""
        self._inbox = mailboxes[rank]
        self._letters = self._inbox.letters
        self._deliver = mailboxes[1 - rank].put
        self._record = ledger.record
        self._channel = channel
        self._collectives = 0
        self._sent = self._received = 0

    async def send(self, value: Payload, op: str) -> None:
        """Send one point-to-point message. `op` is for people; it never goes over a wire."""
        self._sent += 1
        self._post(f"{self._channel}:P2P-{self._sent}:{self.rank}->{1 - self.rank}", "P2P", value, op)

    @types.coroutine
    def receive(self) -> Generator[str, None, Any]:
        """The peer's next point-to-point message."""
        self._received += 1
        key = f"{self._channel}:P2P-{self._received}:{1 - self.rank}->{self.rank}"
        return (yield from self._take(key))

    @types.coroutine
    def exchange(self, value: Ring, op: str) -> Generator[str, None, Ring]:
        """Send mine, receive the peer's (an ALLGATHER of two)."""
        self._collectives = number = self._collectives + 1
        key = f"{self._channel}:{number}:ALLGATHER"
        round = self.round + 1
        self._record((round, op, self.name, self.peer, "ALLGATHER", key, value.shape, value.nbytes, now()))
        self._deliver(key, (value, round))
        letters = self._letters
        if key not in letters:
            yield from self._inbox.wait_for(key)
        received, round = letters.pop(key)
        if round > self.round:
            self.round = round
        return received  # type: ignore[return-value]

    def close(self, error: BaseException) -> None:
        """End this party's waiting, now or later, with `error`."""
        self._inbox.close(error)

    def _post(self, key: str, kind: str, value: Payload, op: str) -> None:
        shape = value.shape if isinstance(value, np.ndarray) else (len(value),)
        size = len(memoryview(value).cast("B"))
        self._record((self.round + 1, op, self.name, self.peer, kind, key, shape, size, now()))
        self._deliver(key, (value, self.round + 1))

    def _take(self, key: str) -> Generator[str, None, Payload]:
        yield from self._inbox.wait_for(key)
        value, round = self._inbox.letters.pop(key)
        if round > self.round:
            self.round = round
        return value


def connect(names: tuple[str, str], threads: bool = False) -> tuple[Link, Link]:
    """Both ends of a fresh link in this process, rank 0 first, sharing one ledger."""
    kind = ThreadMailbox if threads else LockstepMailbox
    mailboxes = (kind(), kind())
    ledger = Ledger()
    return Link(0, names, mailboxes, ledger), Link(1, names, mailboxes, ledger)
