"""The link of `mpc` over a transport of messages with keys: the party's own thread fetches what it waits for."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..mpc.inbox import Letter, Slot
from ..mpc.link import key_of
from .protobuf import Buffer


class Keyed(Protocol):
    """What carries messages by their keys, `SpuTransport` for one."""

    def send(self, key: str, value: Buffer) -> None:
        """Send one; its value is given away."""

    def receive(self, key: str) -> bytes:
        """Wait for one. A LinkError says why it does not come."""
        ...

    def stop(self, error: BaseException) -> None:
        """From any thread: whoever waits, now or later, gets `error`."""


class KeyedInbox:
    """One party's inbox, and `put` for what it sends."""

    def __init__(self, transport: Keyed, rank: int) -> None:
        self.letters: dict[Slot, Letter] = {}
        self.refused: Slot | None = None  # the transport drops what comes twice
        self._transport, self._rank = transport, rank

    def put(self, posted: tuple[Slot, Letter]) -> None:
        """The round stays here: no key tells it."""
        slot, (payload, _) = posted
        value = payload if isinstance(payload, bytes) else np.ascontiguousarray(payload).data.cast("B")
        self._transport.send(key_of(slot, self._rank), value)

    def wait_for(self, slot: Slot) -> tuple[()]:
        """Until the message is here, or will not come."""
        self.letters[slot] = self._transport.receive(key_of(slot, 1 - self._rank)), 0
        return ()

    def close(self, error: BaseException) -> None:
        """End the party's waiting."""
        self._transport.stop(error)
