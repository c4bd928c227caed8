"""What one party writes down of its own steps, for people who want to look at them afterwards.

`Notes` belong to one party. A `Note` is one operation: a product, an opening, a truncation.

While a training runs, its notes are drafts that hold on to arrays as they are; what is kept of them is worked out when
somebody looks, or when they become too many. Seeds are not written down.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from ..data import Layout
from ..ring import Ring, Words
from ..share import Share
from ..truncation import Pairs
from ..ttp_session import PrgBuffer
from .numbers import Arrays, Note, Value, values_of

ZERO = np.uint64(0)
_NOTHING = np.empty(0, np.uint64)


class Window(NamedTuple):
    """How much is kept. A *chapter* is a training batch, or one operation outside of batches."""

    first: int = 1_000
    """So many chapters from the beginning,"""
    last: int = 200
    """and so many from the end."""
    whole: int = 32
    """Arrays are whole in so many of the first chapters,"""
    whole_last: int = 3
    """and in so many of the last batches of a training;"""
    largest: int = 2**12
    """unless they have more elements than this."""
    preview: int = 8
    """Of other arrays, so many elements are kept."""
    draft_bytes: int = 2**25
    """What drafts may hold on to, about."""


Draft = tuple[str, str, Arrays, int, int, int, int, bool, tuple[int, ...], tuple[int, ...]]
"""A note to be: kind, op, arrays that nobody changes, segment, batch, epoch, bits, whether its values are whole, its
messages as numbers (point-to-point, TTP calls, exchanges, and how many of them), and its draws.

Plain tuples of arrays and numbers: Python's garbage collector looks at them once and never again.
"""


class Notes:
    """What one party has written down. `name` and `peer` are the parties' names."""

    def __init__(self, name: str, peer: str, rank: int, window: Window | None = None) -> None:
        self.name, self.peer, self.rank = name, peer, rank
        self.names = (peer, name) if rank else (name, peer)
        self.fxp_bits, self.mirrored = 0, False
        """As the party has agreed on for its session."""
        self.window = window or Window()
        self.segment = 0
        self.left_out = 0
        """Operations from the middle of a long run that were not kept."""
        self._head: list[Note | Draft] = []
        self._tail: deque[list[Note | Draft]] = deque()
        self._chapters = self._drafts = self._most_drafts = self._compacted = 0
        self._chapter: list[Note | Draft] | None = None  # where the notes of this batch go; None outside of batches
        self._batch = self._epoch = 0
        self._batches = self._begun = 0
        self._whole = True
        self._exchanges: list[tuple[int, str, Ring, Ring]] = []  # that no operation has claimed: number, op, both parts
        self._p2p = self._call = self._calls = 0  # of the next note: its point-to-point message, its call to the TTP
        self._correction: Words | None = None
        self.last_swap: tuple[Words, Words] = (_NOTHING, _NOTHING)
        """What was sent and received last from point to point, for the operation that claims it."""
        self._weights: tuple[Share, Ring] | None = None
        self._gradient: Ring | None = None
        self._change = "update"
        self.terms: tuple[Ring | None, Ring | None] = None, None
        """Of the training: the rate, and the penalty of each weight."""

    def read(self) -> list[Note]:
        """What was kept, in order."""
        self._compact()
        return [note for chapter in (self._head, *self._tail) for note in list(chapter) if isinstance(note, Note)]

    # Batches.

    def expect(self, own: Ring, layout: Layout) -> None:
        """A training begins, with these columns of this party; the peer's are zero in its share."""
        self._batches += layout.batches * layout.epochs
        self._most_drafts = self.window.draft_bytes // (64 * layout.batch_size * layout.width)
        for rank, name in enumerate(self.names):
            x = own if rank == self.rank else np.broadcast_to(ZERO, (len(own), layout.columns[rank]))
            self.write("share", f"columns of {name}", (x,))

    def begin(self, epoch: int, batch: int) -> None:
        """The notes from here on belong to this batch. Programs count from 0, notes from 1, as people do."""
        self._note_update()
        self._epoch, self._batch = epoch + 1, batch + 1
        self._begun += 1
        self._drafts += 1
        if self._drafts > self._most_drafts:
            self._compact()
        self._chapter = self._open_chapter()
        if not self._whole:
            self._whole = self._begun > self._batches - self.window.whole_last

    def leave_batch(self) -> None:
        """The notes from here on belong to no batch."""
        self._note_update()
        self._epoch = self._batch = 0
        self._chapter = None

    def weights(self, share: Share) -> Ring:
        """What a batch begins with, a copy of the operand: the program changes this very share at the batch's end."""
        self._weights = share, share.operand.copy()
        return self._weights[1]

    def gradient(self, share: Share, kind: str = "update") -> None:
        """What the batch has come to, and what becomes of it: an "update", or a "step" if it is the change itself."""
        self._gradient, self._change = share.operand, kind

    def _note_update(self) -> None:
        """What the program has made of weights and gradient since."""
        if self._weights is not None and self._gradient is not None:
            share, before = self._weights
            arrays = before, self._gradient, share.operand.copy()
            if self._change == "update":
                self.write("update", "update", (*arrays, *self.terms), bits=self.fxp_bits)
            else:
                self.write(self._change, "update", arrays)
        self._weights = self._gradient = None

    def _open_chapter(self) -> list[Note | Draft]:
        self._chapters += 1
        self._whole = self._chapters <= self.window.whole
        if self._chapters <= self.window.first:
            return self._head
        if len(self._tail) == self.window.last:
            self.left_out += len(self._tail.popleft())
        self._tail.append([])
        return self._tail[-1]

    # Notes.

    def write(
        self,
        kind: str,
        op: str,
        arrays: Arrays = (),
        *,
        exchanges: int = 0,
        bits: int = 0,
        draws: Sequence[PrgBuffer] = (),
    ) -> None:
        """Write an operation down, and that the last `exchanges` are its own; `numbers` has the arrays' names."""
        number, pending = 0, self._exchanges
        if pending:
            if len(pending) > exchanges:
                self._settle(exchanges)
            if exchanges:
                number = pending[-1][0]
                pending.clear()
        messages, places = (self._p2p, self._call, number, exchanges), tuple(chain.from_iterable(draws))
        self._p2p = self._call = 0
        chapter = self._chapter
        if chapter is None:
            chapter = self._open_chapter()
        batch = self.segment, self._batch, self._epoch
        draft = kind, op, arrays, *batch, bits, self._whole, messages, places
        chapter.append(draft if self._chapter is not None else self._finished(draft))

    def _finished(self, draft: Draft) -> Note:
        """A note with what is kept of its values: copies."""
        kind, op, arrays, segment, batch, epoch, bits, whole, (p2p, call, number, exchanges), draws = draft
        window, values = self.window, {}
        for name, x in values_of(kind, arrays, self.rank, bits, mirrored=self.mirrored).items():
            if x is not None:
                all_of_it = whole and x.size <= window.largest
                values[name] = Value(x.shape, x.flatten() if all_of_it else x.flat[: window.preview])
        messages = [("ALLGATHER", number - back) for back in reversed(range(exchanges))]
        if call:
            messages = [("REQUEST", call), ("REPLY", call), *messages]
        if p2p:
            messages = [("P2P", p2p), *messages]
        return Note(kind, op, values, segment, batch, epoch, bits, tuple(messages), draws)

    def _compact(self) -> None:
        """Turn drafts into notes. Whoever looks at a running job may do so at the same time."""
        self._drafts, end = 0, len(self._head)
        for chapter, start in [(self._head, self._compacted), *((chapter, 0) for chapter in list(self._tail))]:
            for i in range(start, len(chapter)):
                if not isinstance(draft := chapter[i], Note):
                    chapter[i] = self._finished(draft)
        self._compacted = end

    # Messages.

    def sent(self, number: int, op: str) -> None:
        """A point-to-point message: its bytes may be a seed, and are not looked at."""
        self.segment += 1
        self._settle(0)
        self._p2p = number
        self.write("send", op)

    def exchanged(self, number: int, op: str, sent: Ring, received: Ring) -> None:
        """Both parties' parts of an ALLGATHER, as this party has them."""
        self.segment += 1
        self._exchanges.append((number, op, sent, received))

    def swapped(self, number: int, sent: Words, received: Words) -> None:
        """Both parties' messages from point to point; the next operation claims them."""
        self.segment += 1
        self._settle(0)
        self._p2p, self.last_swap = number, (sent, received)

    def last_exchange(self) -> tuple[Ring, Ring]:
        """What was sent and received last; for an operation that will claim it."""
        return self._exchanges[-1][2:]

    def opened(self) -> tuple[Ring, Ring]:
        """What the last two exchanges have opened."""
        (*_, mine, theirs), (*_, my_last, their_last) = self._exchanges[-2:]
        return mine + theirs, my_last + their_last

    def called_ttp(self, correction: Words | None) -> None:
        """A call to the TTP; `correction` is what it gave, if it was asked for one."""
        self._calls += 1
        self._call, self._correction = self._calls, correction
        if correction is None:
            self.write("join", "create session")

    def called_beside(self) -> None:
        """A call to the TTP that no operation will claim."""
        self._calls += 1

    def corrected(self) -> Words | None:
        """The correction that has come since the last time somebody asked; None at the party that gets none."""
        correction, self._correction = self._correction, None
        return correction

    def pair(self, pairs: Pairs, bits: int, draws: Sequence[PrgBuffer]) -> None:
        """Pairs for truncations by `bits`, corrected, and where they were drawn."""
        a, c, _, _ = pairs
        self.write("pair", "pair", (a, c, self.corrected()), bits=bits, draws=draws)

    def _settle(self, count: int) -> None:
        """Write down the exchanges that a program made by itself, all but the last `count`."""
        end = len(self._exchanges) - count
        loose, claimed = self._exchanges[:end], self._exchanges[end:]
        call, self._call = self._call, 0
        for exchange in loose:
            _, op, *parts = exchange
            self._exchanges[:] = [exchange]
            self.write("exchange", op, tuple(parts), exchanges=1)
        self._exchanges[:] = claimed
        self._call = call

    def finish(self) -> None:
        """The program has left its computation."""
        self.leave_batch()
        self._settle(0)
