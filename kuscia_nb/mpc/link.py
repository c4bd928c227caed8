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

import types
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

import numpy as np

from ..errors import LinkError, TimeLimit, UnexpectedMessage
from .inbox import Inbox, LockstepMailbox, OutOfTurn, Put, Slot
from .ledger import LISTED, WORD, Ledger, Stream, now
from .payload import RING, Payload, Shape, as_array, compared
from .ring import Ring, Words
from .zeros import Zeros

_HINT = "the same parameters and versions at both parties; if they are, the message was changed on its way"

W = TypeVar("W", bound=Words)
T = TypeVar("T")
L = TypeVar("L", bound="Link")


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
        self.zeros: Zeros | None = None
        """Where checks of what the TTP gives go, if there are to be any: for who makes the link to say."""
        self.deliver = deliver
        """Where its messages go; who makes the link may put something between."""
        self._inbox, self._channel = inbox, channel
        self._letters: dict[Slot, tuple[Any, int]] = inbox.letters
        page = ledger.page(self.name)
        self._record, self._same_shape, self._compact = page.record, page.same_shape, page.compact
        self._p2p, self._allgather = self._register(page, rank)
        self._collectives = self._sent = self._received = 0
        self._usual: Any = np.ndarray  # the type of what `exchange` and `swap` need not look at any closer
        self._peers_page: Ledger | None = None
        if alone:
            self._usual, self._peers_page = None, ledger.page(self.peer)
            self._peers_streams = self._register(self._peers_page, 1 - rank)

    @property
    def sent(self) -> int:
        """How many messages this party has sent over the link."""
        return self._sent + self._collectives

    def variant(self, kind: type[T]) -> type[T]:
        """The class to use for `kind` with this link: that one, unless who made the link has his own for it."""
        return kind

    async def send(self, value: bytes, op: str) -> None:
        """Send one point-to-point message. `op` is for people; it never goes over a wire."""
        value = bytes(memoryview(value))
        self._sent += 1
        self._record((self._p2p, self._sent, self.round + 1, op, (len(value),), "uint8", now()))
        self.deliver((("P2P", self._sent), (value, self.round + 1)))

    @types.coroutine
    def receive(self, op: str = "", expect: int | None = None) -> Generator[Slot, None, bytes]:
        """The peer's next point-to-point message, of `expect` bytes if that is known beforehand."""
        self._received += 1
        slot = ("P2P", self._received)
        while slot not in self._letters:
            yield from self._wait_for(slot, op)
        return self._taken(slot, op, None, _bytes(expect))

    async def receive_as(self, read: Callable[[bytes], T], op: str) -> T:
        """The peer's next point-to-point message as `read` makes it; what that refuses (ValueError) is unexpected."""
        message = await self.receive(op)
        try:
            return read(message)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            told = f"{len(message)} bytes of {self._told(('P2P', self._received), op)} from {self.peer}"
            raise UnexpectedMessage(f"{self.name} got {told}, which cannot be read: {error}", hint=_HINT) from error

    @types.coroutine
    def exchange(self, value: Ring, op: str, expect: Shape | None = None) -> Generator[Slot, None, Ring]:
        """Send mine, receive the peer's (an ALLGATHER of two), of the same shape if no other is expected."""
        if value.base is not None:
            value = value.copy()
        self._collectives = number = self._collectives + 1
        round, shape, letters = self.round + 1, value.shape, self._letters
        self._record((self._allgather, number, round, op, self._same_shape(shape, shape), "uint64", now()))
        self.deliver((number, (value, round)))
        try:
            while number not in letters:
                yield from self._inbox.wait_for(number)
        except (TimeoutError, OutOfTurn) as error:
            raise self._in_words(error, number, op) from None
        if expect is not None:
            shape = expect
        came, their_round = letters[number]
        if type(came) is not self._usual or came.dtype is not RING or came.shape != shape or their_round != round:
            return self._taken(number, op, RING, shape)
        del letters[number]
        self.round = round
        if number % LISTED == 0:
            self._compact()
        return came

    @types.coroutine
    def exchange_bytes(self, value: bytes, op: str, expect: int | None = None) -> Generator[Slot, None, bytes]:
        """The same for bytes; those of the peer may be of any number, if no number is expected."""
        value = bytes(memoryview(value))
        self._collectives = number = self._collectives + 1
        self._record((self._allgather, number, self.round + 1, op, (len(value),), "uint8", now()))
        self.deliver((number, (value, self.round + 1)))
        while number not in self._letters:
            yield from self._wait_for(number, op)
        return self._taken(number, op, None, _bytes(expect))

    @types.coroutine
    def swap(self, value: W, op: str, expect: Shape | None = None) -> Generator[Slot, None, W]:
        """Send mine, receive the peer's: point to point, one message each way."""
        if value.base is not None:
            value = value.copy()
        self._sent += 1
        self._received = number = self._received + 1
        round, shape, letters = self.round + 1, value.shape, self._letters
        self._record((self._p2p, self._sent, round, op, self._same_shape(shape, shape), WORD[value.itemsize], now()))
        self.deliver((("P2P", self._sent), (value, round)))
        slot = ("P2P", number)
        while slot not in letters:
            yield from self._wait_for(slot, op)
        if expect is not None:
            shape = expect
        came, their_round = letters[slot]
        if (
            their_round != round
            or type(came) is not self._usual
            or came.dtype is not value.dtype
            or came.shape != shape
        ):
            return self._taken(slot, op, value.dtype, shape)
        del letters[slot]
        self.round = round
        return came

    def close(self, error: BaseException) -> None:
        """End this party's waiting, now or later, with `error`."""
        self._inbox.close(error)

    @property
    def fault(self) -> UnexpectedMessage | None:
        """What has come and must not have, even if this party does not wait for anything any more."""
        return None if self._inbox.refused is None else self._out_of_turn()

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

    def _wait_for(self, slot: Slot, op: str) -> Iterable[Slot]:
        try:
            return self._inbox.wait_for(slot)
        except (TimeoutError, OutOfTurn) as error:
            raise self._in_words(error, slot, op) from None

    def _in_words(self, error: Exception, slot: Slot, op: str) -> LinkError:
        """Why a message is not waited for any longer."""
        if isinstance(error, OutOfTurn):
            return self._out_of_turn(f", and waits for {self._told(slot, op)}")
        return TimeLimit(f"{self.name} waits for {self._told(slot, op)} from {self.peer}: {error}")

    def _taken(self, slot: Slot, op: str, dtype: np.dtype[Any] | None, expect: Shape | None) -> Any:
        """What has come: an array of this type and shape, or bytes, of any number if none is expected."""
        came, round = self._letters.pop(slot)
        if dtype is not None and expect is not None:
            value = as_array(came, dtype, expect)
        else:
            value = came if isinstance(came, bytes) and expect in (None, (len(came),)) else None
        if value is None:
            got, expected = compared(came, dtype, expect)
            what = f"{self.name} got {got} of {self._told(slot, op)} from {self.peer}, expected {expected}"
            raise UnexpectedMessage(what, hint=_HINT)
        self.round = max(self.round, round or self.round + 1)
        if self._peers_page is not None:
            self._note_arrival(slot, op, round or self.round, value)
        return value

    def _note_arrival(self, slot: Slot, op: str, round: int, value: Payload) -> None:
        """Write down what the peer has sent, in its place."""
        page, (p2p, collective) = self._peers_page, self._peers_streams
        assert page is not None
        stream, number = (collective, slot) if isinstance(slot, int) else (p2p, slot[1])
        shape, dtype = ((len(value),), "uint8") if isinstance(value, bytes) else (value.shape, WORD[value.itemsize])
        page.record((stream, number, round, op, page.same_shape(shape, shape), dtype, now()))
        if number % LISTED == 0:
            page.compact()

    def _out_of_turn(self, and_waits: str = "") -> UnexpectedMessage:
        assert self._inbox.refused is not None
        told = self._told(self._inbox.refused, "")
        return UnexpectedMessage(f"{self.name} got {told} from {self.peer} twice or out of turn{and_waits}", hint=_HINT)

    def _told(self, slot: Slot, op: str) -> str:
        """A message of the peer's: its key, and what it is for."""
        key = key_of(slot, 1 - self.rank, self._channel)
        return f"{key} ({op})" if op else key


def _bytes(count: int | None) -> Shape | None:
    return None if count is None else (count,)


def connect(
    names: tuple[str, str],
    ledger: Ledger | None = None,
    mailbox: Callable[[], LockstepMailbox] = LockstepMailbox,
    end: Callable[..., L] = Link,
) -> tuple[L, L]:
    """Both ends of a fresh link in this process, rank 0 first, sharing one ledger. `end` makes one, as Link does."""
    first, second = mailbox(), mailbox()
    ledger = Ledger() if ledger is None else ledger
    return end(0, names, first, second.door(), ledger), end(1, names, second, first.door(), ledger)
