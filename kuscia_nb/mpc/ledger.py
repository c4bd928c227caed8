"""The ledger of messages: what was sent, counted once, where it is sent.

A sender has a page of its own, to which it writes a plain row for each message; whoever has the ledger has all pages,
and sees `Message`s. Rows of links and of the TTP's requests stand in the same ledger.
"""

from __future__ import annotations

import math
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .lazy import Lazy
from .payload import Shape

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


Row = tuple[int, int, int, str, Shape, str, float]
"""A message as a ledger keeps it: number of its stream, number in it, round, op, shape, dtype, time."""

_FIELDS = 7

_NANO = 1e9

_ITEM = {"uint64": 8, "uint32": 4, "uint8": 1}
"""Bytes of an element."""

WORD = {4: "uint32", 8: "uint64"}
"""Bytes of an element -> its type; numpy's own way to the name takes longer than a small product."""

LISTED = 500_000
"""How many messages a ledger lists (about 70 MB); the ones behind are only counted."""


class Total(NamedTuple):
    """Of the messages in one direction."""

    messages: int = 0
    bytes: int = 0
    rounds: int = 0
    last_round: int = 0


class Columns:
    """Rows to which nothing is added any more, in two or three bytes each: compressed, until somebody looks."""

    def __init__(self, fields: list[Any]) -> None:
        """`fields` of all rows, one behind the other."""
        streams, numbers, rounds, ops, shapes, dtypes, times = (fields[i::_FIELDS] for i in range(_FIELDS))
        kinds: dict[tuple[int, str, Shape, str], int] = {}
        codes = [kinds.setdefault(kind, len(kinds)) for kind in zip(streams, ops, shapes, dtypes, strict=True)]
        self._kinds = list(kinds)
        self._rows = _packed(codes, numbers, rounds)
        self._times = _Times(np.array(times, float))
        self._length = len(codes)

    def __len__(self) -> int:
        return self._length

    def row(self, place: int) -> Row:
        """One of them, as it was written."""
        codes, numbers, rounds = _unpacked(self._rows, 3)
        stream, op, shape, dtype = self._kinds[codes[place]]
        return stream, int(numbers[place]), int(rounds[place]), op, shape, dtype, float(self._times[place])

    @property
    def times(self) -> NDArray[np.float64]:
        """Of all rows."""
        return self._times[:]


class _Times:
    """Times of a clock that counts nanoseconds, as it counts them."""

    def __init__(self, times: NDArray[np.float64]) -> None:
        nanoseconds = np.rint(times * _NANO)
        counted = bool((np.abs(nanoseconds) < 1 << 62).all())
        counts = nanoseconds.astype(np.int64) if counted else np.zeros(0, np.int64)
        self._other = None if counted and (counts / _NANO == times).all() else times  # of another kind of clock
        self._counts = b"" if self._other is not None else _packed(counts)

    def __getitem__(self, place: Any) -> Any:
        return _unpacked(self._counts, 1)[0][place] / _NANO if self._other is None else self._other[place]


def _packed(*columns: Sequence[int] | NDArray[np.int64]) -> bytes:
    """Whole numbers of which most differ from the one before as those before did.

    First the lowest byte of all differences, then the next one: those of times are noise below, and zero above.
    """
    differences = np.diff(np.array(columns, np.int64), prepend=0)
    return zlib.compress(differences.view(np.uint8).reshape(-1, 8).T.tobytes())


@lru_cache(8)
def _unpacked(packed: bytes, columns: int) -> NDArray[np.int64]:
    """(columns, numbers); the same for the next look, as long as nobody looks at many others."""
    planes = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(8, -1)
    return np.ascontiguousarray(planes.T).view(np.int64).reshape(columns, -1).cumsum(axis=1)


@lru_cache(1024)
def _shared(stream: Stream) -> Stream:
    """The one for all ledgers of what is over: every job's have the same. No party holds those any more."""
    return stream


class Ledger:
    """Every message of a run in the order in which it was sent.

    It has a page for each sender, a ledger in itself, and puts them together when somebody looks. Rows lie flat in one
    list, and equal shapes are one tuple: a tuple for each message would keep Python's garbage collector busy for up to
    7 % of an interconnection job. When the run is over, they become `Columns`.
    """

    def __init__(self, listed: int | None = None) -> None:
        self._fields: list[Any] = []  # of all rows, one behind the other
        self._columns: Columns | None = None  # in their place, when all is over
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
        times = [page._times() for page in pages]
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
            return page._streams[page._row(rows[place])[0]]

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

    def close(self) -> None:
        """The run is over: what stands here is kept in a fraction of the memory, and what is sent now is not listed."""
        for page in self._parts():
            page.compact()
            with page._counting:
                if page._columns is None:
                    page.record, page.same_shape = _nowhere, _same
                    page._columns, page._fields = Columns(page._fields) if page._fields else _NOTHING, []
                    page._streams = [_shared(stream) for stream in page._streams]

    def _parts(self) -> list[Ledger]:
        return [self, *self._pages.values()]

    @property
    def _end(self) -> int:
        fields, columns = self._fields, self._columns  # in this order: `close` may come in between
        return len(fields) // _FIELDS if columns is None else len(columns)

    def _row(self, place: int) -> Row:
        fields, columns = self._fields, self._columns
        if columns is not None:
            return columns.row(place)
        return tuple(fields[place * _FIELDS : (place + 1) * _FIELDS])  # type: ignore[return-value]

    def _times(self) -> NDArray[np.float64]:
        """Of the rows that are listed."""
        fields, columns = self._fields, self._columns
        if columns is not None:
            return columns.times[: self._listed]
        return np.array(fields[_FIELDS - 1 : self._listed * _FIELDS : _FIELDS], float)

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
        stream, number, round, op, shape, dtype, time = self._row(row)
        size = math.prod(shape) * _ITEM[dtype]
        sender, receiver, kind, key = self._streams[stream]
        return Message(round, op, sender, receiver, kind, key.format(number), dtype, shape, size, time - opened)


_NOTHING = Columns([])
"""Of a page on which nothing was written."""


def _nowhere(row: Row) -> None:
    """Nothing is written down any more."""


def _same(shape: Shape, also: Shape) -> Shape:
    return shape


class NoLedger(Ledger):
    """Where nothing is written down, and nothing counted."""

    def __init__(self, listed: int | None = None) -> None:
        super().__init__(listed)
        self.record = deque(maxlen=0).append
