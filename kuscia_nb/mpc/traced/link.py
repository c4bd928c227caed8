"""A link that tells its party's notes what passes over it, and has the classes that tell them the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..inbox import Inbox, LockstepMailbox, Put
from ..interconnection import InterconnectionData
from ..ledger import Ledger
from ..link import Link, W
from ..payload import Shape
from ..preprocessed import PreprocessedData
from ..ring import Ring
from ..semi2k import Semi2k
from ..truncation import Truncation
from ..ttp_line import TtpClient
from .interconnection import TracedInterconnectionData
from .notes import Notes, Window
from .preprocessed import TracedPreprocessedData
from .semi2k import TracedSemi2k, TracedTruncation, TracedTtpClient

T = TypeVar("T")

_VARIANTS: dict[type[Any], type[Any]] = {
    Semi2k: TracedSemi2k,
    TtpClient: TracedTtpClient,
    Truncation: TracedTruncation,
    InterconnectionData: TracedInterconnectionData,
    PreprocessedData: TracedPreprocessedData,
}


class TracedLink(Link):
    """The end of a link of a party whose steps are written down."""

    def __init__(self, notes: Notes, inbox: Inbox, deliver: Put, ledger: Ledger) -> None:
        super().__init__(notes.rank, notes.names, inbox, deliver, ledger)
        self.notes = notes

    def variant(self, kind: type[T]) -> type[T]:
        return _VARIANTS.get(kind, kind)

    async def send(self, value: bytes, op: str) -> None:
        await super().send(value, op)
        self.notes.sent(self._sent, op)

    async def receive(self, op: str = "", expect: int | None = None) -> bytes:  # type: ignore[override]  # awaited alike
        value = await super().receive(op, expect)
        self.notes.segment += 1
        return value

    async def exchange(self, value: Ring, op: str, expect: Shape | None = None) -> Ring:  # type: ignore[override]
        number = self._collectives + 1
        received = await super().exchange(value.copy(), op, expect)
        self.notes.exchanged(number, op, value, received)
        return received

    async def swap(self, value: W, op: str, expect: Shape | None = None) -> W:  # type: ignore[override]
        received = await super().swap(value.copy(), op, expect)
        self.notes.swapped(self._sent, value, received)
        return received


def connect_traced(
    names: tuple[str, str], window: Window | None = None, mailbox: Callable[[], LockstepMailbox] = LockstepMailbox
) -> tuple[TracedLink, TracedLink]:
    """`connect`, with notes of each party's."""
    first, second = (Notes(names[rank], names[1 - rank], rank, window) for rank in (0, 1))
    boxes, ledger = (mailbox(), mailbox()), Ledger()
    return TracedLink(first, boxes[0], boxes[1].door(), ledger), TracedLink(second, boxes[1], boxes[0].door(), ledger)
