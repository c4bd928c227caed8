"""Messages between two parties: one party's end of their link.

A `Link` is one party's end. It names messages as the interconnection transport does (spec: ss_lr §6a), so that a
ledger reads like a capture between real peers:

    root:P2P-1:0->1      first point-to-point message of channel "root" from rank 0 to rank 1
    root:3:ALLGATHER     third collective of the channel; each party sends its part under the same key

It sends through a function, and takes what has come from an `Inbox`. Here these are a mailbox per party, and a door of
the peer's; elsewhere a socket may be behind both. Party programs cannot tell what they have.

Nothing leads from one end to the other. A party writes what it has sent on a page of its own; who has the ledger has
all pages.
"""

from __future__ import annotations

import math
import types
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import TimeLimit, UnexpectedMessage
from .inbox import Inbox, LockstepMailbox, Payload, Put, Slot
from .ledger import LISTED, WORD, Ledger, Shape, Stream, now
from .ring import Ring, Words

if TYPE_CHECKING:
    from .recorder import Recorder

W = TypeVar("W", bound=Words)


def keys(sender: int, channel: str = "root") -> tuple[str, str]:
    """Keys of what a rank of two sends, with a {} for the number: from point to point, and its parts of collectives."""
    return f"{channel}:P2P-{{}}:{sender}->{1 - sender}", f"{channel}:{{}}:ALLGATHER"


def key_of(slot: Slot, sender: int, channel: str = "root") -> str:
    """The key of one message."""
    p2p, collective = keys(sender, channel)
    return collective.format(slot) if isinstance(slot, int) else p2p.format(slot[1])


class Link:
    """One party's end of the link to its peer.

    What is sent is given away: who wants to keep an array sends a copy of it. A part of an array is copied here, for it
    would lead to the whole. Every message is checked against what its receiver expects: UnexpectedMessage, if another
    one has come. TimeLimit, if none has come in time, where time is limited.
    """

    recorder: Recorder | None = None
    """Where this party's steps are written down, if they are."""

    def __init__(
        self,
        rank: int,
        names: tuple[str, str],
        inbox: Inbox,
        deliver: Put,
        ledger: Ledger,
        channel: str = "root",
        *,
        alone: bool = False,
    ) -> None:
        """`alone`: nobody else writes into this ledger what the peer sends, so it is noted here as it is received."""
        self.rank = rank
        self.name, self.peer = names[rank], names[1 - rank]
        self.ledger = ledger
        """Of who made the link; a party's program gets its end without."""
        self.round = 0
        """The highest round received so far."""
        self._inbox, self._letters, self._deliver, self._channel = inbox, inbox.letters, deliver, channel
        page = ledger.page(self.name)
        self._record, self._same_shape, self._compact = page.record, page.same_shape, page.compact
        self._p2p, self._allgather = self._register(page, rank)
        self._collectives = self._sent = self._received = 0
        self._peers_page = ledger.page(self.peer) if alone else None
        if self._peers_page is not None:
            self._peers_streams = self._register(self._peers_page, 1 - rank)

    @property
    def sent(self) -> int:
        """How many messages this party has sent over the link."""
        return self._sent + self._collectives

    async def send(self, value: bytes, op: str) -> None:
        """Send one point-to-point message. `op` is for people; it never goes over a wire."""
        value = bytes(memoryview(value))
        self._sent += 1
        self._record((self._p2p, self._sent, self.round + 1, op, (len(value),), "uint8", now()))
        self._deliver((("P2P", self._sent), (value, self.round + 1)))

    @types.coroutine
    def receive(self, op: str = "", expect: int | None = None) -> Generator[Slot, None, bytes]:
        """The peer's next point-to-point message, of `expect` bytes if that is known beforehand."""
        self._received += 1
        slot = ("P2P", self._received)
        if slot not in self._letters:
            yield from self._wait_for(slot, op)
        return self._take_bytes(slot, op, expect)  # type: ignore[return-value]

    @types.coroutine
    def exchange(self, value: Ring, op: str, expect: Shape | None = None) -> Generator[Slot, None, Ring]:
        """Send mine, receive the peer's (an ALLGATHER of two), of the same shape if no other is expected."""
        if value.base is not None:
            value = value.copy()
        self._collectives = number = self._collectives + 1
        round, shape = self.round + 1, value.shape
        self._record((self._allgather, number, round, op, self._same_shape(shape, shape), "uint64", now()))
        self._deliver((number, (value, round)))
        if number not in self._letters:
            yield from self._wait_for(number, op)
        if number % LISTED == 0:
            self._compact()
        return self._take(number, op, value, expect)

    @types.coroutine
    def exchange_bytes(self, value: bytes, op: str, expect: int | None = None) -> Generator[Slot, None, bytes]:
        """The same for bytes; those of the peer may be of any number, if no number is expected."""
        value = bytes(memoryview(value))
        self._collectives = number = self._collectives + 1
        self._record((self._allgather, number, self.round + 1, op, (len(value),), "uint8", now()))
        self._deliver((number, (value, self.round + 1)))
        if number not in self._letters:
            yield from self._wait_for(number, op)
        return self._take_bytes(number, op, expect)

    @types.coroutine
    def swap(self, value: W, op: str, expect: Shape | None = None) -> Generator[Slot, None, W]:
        """Send mine, receive the peer's: point to point, one message each way."""
        if value.base is not None:
            value = value.copy()
        self._sent += 1
        self._received = number = self._received + 1
        round, shape = self.round + 1, value.shape
        self._record((self._p2p, self._sent, round, op, self._same_shape(shape, shape), WORD[value.itemsize], now()))
        self._deliver((("P2P", self._sent), (value, round)))
        slot = ("P2P", number)
        if slot not in self._letters:
            yield from self._wait_for(slot, op)
        return self._take(slot, op, value, expect)

    def close(self, error: BaseException) -> None:
        """End this party's waiting, now or later, with `error`."""
        self._inbox.close(error)

    def describe(self, slot: Slot) -> str:
        """The key of a message that this party waits for, for people."""
        if isinstance(slot, int):
            return key_of(slot, 1 - self.rank, self._channel)
        return f"point-to-point message {slot[1]}"

    def _register(self, page: Ledger, sender: int) -> tuple[int, int]:
        """The numbers of what a rank sends on its page: from point to point, and its parts of collectives."""
        names = (self.name, self.peer) if sender == self.rank else (self.peer, self.name)
        p2p, collective = keys(sender, self._channel)
        return page.register(Stream(*names, "P2P", p2p)), page.register(Stream(*names, "ALLGATHER", collective))

    def _wait_for(self, slot: Slot, op: str) -> Generator[Slot, None, None]:
        try:
            yield from self._inbox.wait_for(slot)
        except TimeoutError as error:
            raise TimeLimit(f"{self.name} waits for {self._told(slot, op)} from {self.peer}: {error}") from None

    def _take(self, slot: Slot, op: str, mine: W, expect: Shape | None) -> W:
        """The peer's array, which has the type of mine, and its shape if no other is expected."""
        came, round = self._letters.pop(slot)
        if round > self.round:
            self.round = round
        if expect is None:
            expect = mine.shape
        if type(came) is not np.ndarray or came.dtype is not mine.dtype or came.shape != expect:
            came = self._as_array(came, mine.dtype, expect, slot, op)
        if self._peers_page is not None:
            self._note_arrival(slot, op, round, came.shape, WORD[came.itemsize])
        return came  # type: ignore[return-value]

    def _as_array(self, came: Payload, dtype: np.dtype[Any], shape: Shape, slot: Slot, op: str) -> Words:
        """Bytes from a wire as an array, whose type and shape their receiver knows."""
        if isinstance(came, bytes) and len(came) == math.prod(shape) * dtype.itemsize:
            return np.frombuffer(came, dtype).reshape(shape)
        if isinstance(came, np.ndarray) and (came.dtype, came.shape) == (dtype, shape):
            return came
        raise self._unexpected(slot, op, came, f"{_size(shape)}{_of_type(came, dtype, dtype)}", dtype)

    def _take_bytes(self, slot: Slot, op: str, expect: int | None) -> bytes:
        """The peer's bytes."""
        came, round = self._letters.pop(slot)
        if round > self.round:
            self.round = round
        if not isinstance(came, bytes) or expect not in (None, len(came)):
            raise self._unexpected(slot, op, came, "bytes" if expect is None else f"{expect} bytes")
        if self._peers_page is not None:
            self._note_arrival(slot, op, round, (len(came),), "uint8")
        return came

    def _note_arrival(self, slot: Slot, op: str, round: int, shape: Shape, dtype: str) -> None:
        """Write down what the peer has sent, in its place. A round that nobody knows counts as one more."""
        page, (p2p, collective) = self._peers_page, self._peers_streams
        assert page is not None
        if not round:
            round = self.round = self.round + 1
        stream, number = (collective, slot) if isinstance(slot, int) else (p2p, slot[1])
        page.record((stream, number, round, op, shape, dtype, now()))
        if number % LISTED == 0:
            page.compact()

    def _told(self, slot: Slot, op: str) -> str:
        """A message of the peer's: its key, and what it is for."""
        key = key_of(slot, 1 - self.rank, self._channel)
        return f"{key} ({op})" if op else key

    def _unexpected(
        self, slot: Slot, op: str, came: Payload, expected: str, dtype: np.dtype[Any] | None = None
    ) -> UnexpectedMessage:
        """`dtype` is that of the array that was expected."""
        got = f"{len(came)} bytes"
        if isinstance(came, np.ndarray):
            got = f"{_size(came.shape)} numbers{_of_type(came, dtype, came.dtype)}"
        what = f"{self.name} got {got} of {self._told(slot, op)} from {self.peer}, expected {expected}"
        hint = "the same parameters and versions at both parties; if they are, the message was changed on its way"
        return UnexpectedMessage(what, hint=hint)


def _size(shape: Shape) -> str:
    return " x ".join(map(str, shape)) or "1"


def _of_type(came: Payload, expected: np.dtype[Any] | None, dtype: np.dtype[Any]) -> str:
    """The type of an array, for people, if another one was expected."""
    return f" of {dtype}" if isinstance(came, np.ndarray) and came.dtype != expected else ""


def connect(
    names: tuple[str, str], ledger: Ledger | None = None, mailbox: type[LockstepMailbox] = LockstepMailbox
) -> tuple[Link, Link]:
    """Both ends of a fresh link in this process, rank 0 first, sharing one ledger."""
    first, second = mailbox(), mailbox()
    ledger = Ledger() if ledger is None else ledger
    return Link(0, names, first, second.door(), ledger), Link(1, names, second, first.door(), ledger)
