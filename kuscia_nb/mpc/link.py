"""Messages between two parties: keys of the interconnection transport, mailboxes, and the ledger.

A `Link` is one party's end. It names messages as the interconnection transport does (spec: ss_lr §6a), so that a
ledger reads like a capture between real peers:

    root:P2P-1:0->1      first point-to-point message of channel "root" from rank 0 to rank 1
    root:3:ALLGATHER     third collective of the channel; each party sends its part under the same key

What carries the messages is a mailbox per party: `LockstepMailbox` hands control back to the scheduler while a
message is missing, `ThreadMailbox` blocks its thread. Party programs cannot tell which one they have.

Nothing leads from one end to the other. A party writes what it has sent on a page of its own; who has the ledger has
all pages. It puts its messages through a door of the peer's mailbox.
"""

from __future__ import annotations

import math
import threading
import time
import types
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .door import opened
from .lazy import Lazy
from .ring import Ring, Words

if TYPE_CHECKING:
    from .recorder import Recorder

Payload = Words | bytes

now = time.perf_counter


class Message(NamedTuple):
    """One message, counted once, where it is sent. `bytes` is the payload without any transport's framing."""

    round: int
    """1 + the highest round that its sender had received: messages of one round do not wait for each other."""
    op: str
    """What it is for, such as send w-v: for people, it never goes over a wire."""
    sender: str
    """A party's name, or ttp."""
    receiver: str
    """A party's name, or ttp."""
    kind: str
    """P2P or ALLGATHER between the parties, REQUEST or REPLY with the TTP."""
    key: str
    """The interconnection transport's, by which it is received."""
    dtype: str
    """uint64 for ring elements, uint32 for those of the small ring, uint8 for seeds and texts."""
    shape: tuple[int, ...]
    """Of the array that it carries."""
    bytes: int
    """Of that array."""
    time: float
    """Seconds since the ledger was opened."""


class Stream(NamedTuple):
    """What all messages of one kind from one sender have in common."""

    sender: str
    receiver: str
    kind: str
    key: str
    """With a `{}` for the number of the message."""


Shape = tuple[int, ...]

Row = tuple[int, int, int, str, Shape, str, float]
"""A message as a ledger keeps it: number of its stream, number in it, round, op, shape, dtype, time."""

_FIELDS = 7

_ITEM = {"uint64": 8, "uint32": 4, "uint8": 1}
"""Bytes of an element."""

WORD = {4: "uint32", 8: "uint64"}
"""Bytes of an element -> its type; numpy's own way to the name takes longer than a small product."""

LISTED = 500_000
"""How many messages a ledger lists (about 70 MB); the ones behind are only counted."""


class Ledger:
    """Every message of a run in the order in which it was sent.

    It has a page for each sender, a ledger in itself, and puts them together when somebody looks. Rows lie flat in one
    list, and equal shapes are one tuple: a tuple for each message would keep Python's garbage collector busy for up to
    7 % of an interconnection job.
    """

    def __init__(self, listed: int | None = None) -> None:
        self._fields: list[Any] = []  # of all rows, one behind the other
        self._streams: list[Stream] = []
        self._pages: dict[str, Ledger] = {}
        self._listed = LISTED if listed is None else listed
        self._opened = now()
        self._counted = 0  # so many of the rows are in the totals already
        self._totals: dict[tuple[str, str], list[int]] = {}
        self._counting = threading.Lock()
        self._forgotten = 0  # so many were counted, and are not in the rows any more
        self.record: Callable[[Row], None] = self._fields.extend
        """Write one message down, as it is sent: (number of its stream, number, round, op, shape, dtype, now()).

        A plain tuple, because this is called more often than anything else; a `Message` is made when somebody looks.
        """
        self.same_shape: Callable[[Shape, Shape], Shape] = {}.setdefault
        """The one tuple to record for a shape (given twice)."""

    def register(self, stream: Stream) -> int:
        """The number of a stream whose messages are going to be recorded."""
        self._streams.append(stream)
        return len(self._streams) - 1

    def page(self, writer: str) -> Ledger:
        """That of a writer, from which nothing leads to the others'."""
        return self._pages.setdefault(writer, type(self)(self._listed // 2))

    def __len__(self) -> int:
        """How many messages were sent."""
        return sum(page._forgotten + page._end for page in self._parts())

    @property
    def messages(self) -> Sequence[Message]:
        """All messages so far, at most the first `LISTED`: as far as every page lists them."""
        return self.listed()[0]

    def listed(self) -> tuple[Sequence[Message], Sequence[Stream]]:
        """The messages, and the stream of each one; only what is looked at is made."""
        pages = self._parts()
        times = [np.array(page._fields[_FIELDS - 1 : page._listed * _FIELDS : _FIELDS], float) for page in pages]
        end = min((own[-1] for own in times if len(own) >= self._listed // 2), default=math.inf)
        lengths = [int(np.searchsorted(own, end, "right")) for own in times]
        order = np.argsort(
            np.concatenate([own[:length] for own, length in zip(times, lengths, strict=True)]), kind="stable"
        )
        numbers = np.repeat(np.arange(len(pages)), lengths)[order].tolist()
        rows = np.concatenate([np.arange(length) for length in lengths])[order].tolist()

        def message(place: int) -> Message:
            return pages[numbers[place]]._message(rows[place], self._opened)

        def stream(place: int) -> Stream:
            page = pages[numbers[place]]
            return page._streams[page._fields[rows[place] * _FIELDS]]

        return Lazy(len(rows), message), Lazy(len(rows), stream)

    @property
    def unlisted(self) -> int:
        """How many messages were only counted."""
        return len(self) - len(self.messages)

    def totals(self) -> dict[tuple[str, str], Total]:
        """What all messages so far come to, by (sender, receiver). Any thread may ask; each message is counted once."""
        return {direction: total for page in self._parts() for direction, total in page._count().items() if any(total)}

    def compact(self) -> None:
        """Keep memory bounded in a long run: count the messages behind the first ones, and forget them."""
        self._count()
        with self._counting:
            end, self._counted = self._counted, min(self._counted, self._listed)
            self._forgotten += end - self._counted
            del self._fields[self._counted * _FIELDS : end * _FIELDS]

    def _parts(self) -> list[Ledger]:
        return [self, *self._pages.values()]

    @property
    def _end(self) -> int:
        return len(self._fields) // _FIELDS

    def _count(self) -> dict[tuple[str, str], Total]:
        """The totals of what stands on this page."""
        with self._counting:
            end = self._end
            self._add(self._rows(self._counted, end))
            self._counted = end
            return {direction: Total(*sums) for direction, sums in self._totals.items()}

    def _rows(self, begin: int, end: int) -> Iterator[Row]:
        fields = iter(self._fields[begin * _FIELDS : end * _FIELDS])
        return zip(*[fields] * _FIELDS, strict=True)  # type: ignore[return-value]

    def _add(self, rows: Iterable[Row]) -> None:
        """Add messages to the totals, which are the fields of a `Total`; a sender's rounds never go back."""
        by_stream = [self._totals.setdefault(stream[:2], [0, 0, 0, 0]) for stream in self._streams]
        for stream, _, round, _, shape, dtype, _ in rows:
            total = by_stream[stream]
            size = _ITEM[dtype]
            for length in shape:
                size *= length
            total[0] += 1
            total[1] += size
            if round > total[3]:
                total[2] += 1
            total[3] = round

    def _message(self, row: int, opened: float) -> Message:
        stream, number, round, op, shape, dtype, time = self._fields[row * _FIELDS : (row + 1) * _FIELDS]
        size = math.prod(shape) * _ITEM[dtype]
        sender, receiver, kind, key = self._streams[stream]
        return Message(round, op, sender, receiver, kind, key.format(number), dtype, shape, size, time - opened)


class NoLedger(Ledger):
    """Where nothing is written down, and nothing counted."""

    def __init__(self, listed: int | None = None) -> None:
        super().__init__(listed)
        self.record = deque(maxlen=0).append


class Total(NamedTuple):
    """Of the messages in one direction."""

    messages: int = 0
    bytes: int = 0
    rounds: int = 0
    last_round: int = 0


Slot = tuple[str, int] | int
"""Where a message lies in its mailbox: the number of a collective, or ("P2P", number)."""

Letter = tuple[Payload, int]
"""What lies there: the payload and its round."""

Put = Callable[[tuple[Slot, Letter]], None]
"""Lays a letter into a mailbox."""


class LockstepMailbox:
    """For one thread: a party that misses a message hands control back to the scheduler."""

    def __init__(self) -> None:
        self.letters: dict[Slot, Letter] = {}
        self._error: BaseException | None = None

    def door(self) -> Put:
        """For who sends: what lies in the box cannot be reached from it."""
        return opened(self._filling())

    def _filling(self) -> Generator[None, tuple[Slot, Letter], None]:
        letters = self.letters
        while True:
            slot, letter = yield
            letters[slot] = letter

    def wait_for(self, slot: Slot) -> Generator[Slot, None, None]:
        """Return when the message is there; meanwhile yield its slot to whoever drives this party."""
        while slot not in self.letters:
            if self._error is not None:
                raise self._error
            yield slot

    def close(self, error: BaseException) -> None:
        """Whoever waits here, now or later, gets `error`; the first one counts."""
        if self._error is None:
            self._error = error


class ThreadMailbox(LockstepMailbox):
    """For a thread per party: a party that misses a message sleeps until it is there."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def _filling(self) -> Generator[None, tuple[Slot, Letter], None]:
        while True:
            slot, letter = yield
            with self._changed:
                self.letters[slot] = letter
                self._changed.notify()

    def wait_for(self, slot: Slot) -> Generator[Slot, None, None]:
        with self._changed:
            for _ in super().wait_for(slot):
                self._changed.wait()
        return
        yield slot  # a generator that never hands control back

    def close(self, error: BaseException) -> None:
        with self._changed:
            super().close(error)
            self._changed.notify()


class Link:
    """One party's end of the link to its peer.

    What is sent is given away: who wants to keep an array sends a copy of it. A part of an array is copied here, for it
    would lead to the whole.
    """

    recorder: Recorder | None = None
    """Where this party's steps are written down, if they are."""

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
        """Of both ends, for who made them; a party's program gets its end without."""
        self.round = 0
        """The highest round received so far."""
        self._inbox = mailboxes[rank]
        self._letters = self._inbox.letters
        self._deliver = mailboxes[1 - rank].door()
        page = ledger.page(self.name)
        self._record, self._same_shape, self._compact = page.record, page.same_shape, page.compact
        self._p2p = page.register(Stream(self.name, self.peer, "P2P", f"{channel}:P2P-{{}}:{rank}->{1 - rank}"))
        self._collective_key = f"{channel}:{{}}:ALLGATHER"
        self._allgather = page.register(Stream(self.name, self.peer, "ALLGATHER", self._collective_key))
        self._collectives = self._sent = self._received = 0

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
    def receive(self) -> Generator[Slot, None, bytes]:
        """The peer's next point-to-point message."""
        self._received += 1
        slot = ("P2P", self._received)
        yield from self._inbox.wait_for(slot)
        value, round = self._letters.pop(slot)
        self.round = max(self.round, round)
        return value  # type: ignore[return-value]

    @types.coroutine
    def exchange(self, value: Ring, op: str) -> Generator[Slot, None, Ring]:
        """Send mine, receive the peer's (an ALLGATHER of two)."""
        if value.base is not None:
            value = value.copy()
        self._collectives = number = self._collectives + 1
        round, shape = self.round + 1, value.shape
        self._record((self._allgather, number, round, op, self._same_shape(shape, shape), "uint64", now()))
        self._deliver((number, (value, round)))
        if number not in self._letters:
            yield from self._inbox.wait_for(number)
        received, round = self._letters.pop(number)
        if round > self.round:
            self.round = round
        if number % LISTED == 0:
            self._compact()
        return received  # type: ignore[return-value]

    @types.coroutine
    def swap(self, value: Words, op: str) -> Generator[Slot, None, Words]:
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
            yield from self._inbox.wait_for(slot)
        received, round = self._letters.pop(slot)
        if round > self.round:
            self.round = round
        return received  # type: ignore[return-value]

    def close(self, error: BaseException) -> None:
        """End this party's waiting, now or later, with `error`."""
        self._inbox.close(error)

    def describe(self, slot: Slot) -> str:
        """The key of a message that this party waits for, for people."""
        if isinstance(slot, int):
            return self._collective_key.format(slot)
        return f"point-to-point message {slot[1]}"


def connect(names: tuple[str, str], threads: bool = False, ledger: Ledger | None = None) -> tuple[Link, Link]:
    """Both ends of a fresh link in this process, rank 0 first, sharing one ledger."""
    kind = ThreadMailbox if threads else LockstepMailbox
    mailboxes = (kind(), kind())
    ledger = Ledger() if ledger is None else ledger
    return Link(0, names, mailboxes, ledger), Link(1, names, mailboxes, ledger)
