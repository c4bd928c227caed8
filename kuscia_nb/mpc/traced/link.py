"""A link that tells its party's notes what passes over it, and has the classes that tell them the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ..inbox import LockstepMailbox
from ..interconnection import InterconnectionData
from ..link import Link, W, connect
from ..payload import Shape
from ..preprocessed import PreprocessedData
from ..ring import Ring
from ..sacrifice import SacrificeTtp
from ..semi2k import Semi2k
from ..truncation import Truncation
from ..ttp_line import TtpClient
from .notes import Notes, Window
from .semi2k import TracedSacrificeTtp, TracedSemi2k, TracedTruncation, TracedTtpClient
from .training import TracedInterconnectionData, TracedPreprocessedData

T = TypeVar("T")

_VARIANTS: dict[type[Any], type[Any]] = {
    Semi2k: TracedSemi2k,
    TtpClient: TracedTtpClient,
    SacrificeTtp: TracedSacrificeTtp,
    Truncation: TracedTruncation,
    InterconnectionData: TracedInterconnectionData,
    PreprocessedData: TracedPreprocessedData,
}


class TracedLink(Link):
    """The end of a link of a party whose steps are written down."""

    def __init__(self, *end: Any, window: Window | None = None, alone: bool = False) -> None:
        super().__init__(*end, alone=alone)
        self.notes = Notes(self.name, self.peer, self.rank, window)

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
    return connect(names, mailbox=mailbox, end=partial(TracedLink, window=window))
