"""Both parties' points, blinded by both: what is equal then was equal before (spec: bfia §4).

    alice, with a                                           bob, with b
    a * H(x) for her ids x, in a random order      ->       b * (a * H(x)), sent back
    a * (b * H(y)), sent back                      <-       b * H(y) for his ids y, in a random order

Each party's points go out in batches, and memory holds 32 bytes for each of them at most twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...mpc import Link, TracedLink
from .batches import ONCE, TWICE, Batch
from .curve import Scalar
from .worker import BYTES

BATCH = 4096
"""Points in a message."""

Blinded = NDArray[np.bytes_]
"""Points of 32 bytes each, which compare as bytes."""


class Terms(NamedTuple):
    """Who has how many points, and who gets the result."""

    own: int
    peers: int
    i_learn: bool
    peer_learns: bool


async def blind_twice(
    link: Link, scalar: Scalar, points: bytes, terms: Terms, progress: Callable[[int, int], None]
) -> tuple[Blinded, Blinded]:
    """This party's points and the peer's, each multiplied by both scalars; empty at a party that gets no result.

    The own ones are in the order of `points`, the peer's in the order in which it has sent them.
    """
    own, peers, done = bytearray(), bytearray(), 0
    mine, theirs = (-(-count // BATCH) for count in (terms.own, terms.peers))
    for index in range(max(mine, theirs)):
        if index < mine:
            hashes = points[index * BATCH * BYTES : (index + 1) * BATCH * BYTES]
            blinded = scalar.times(hashes)
            note(link, "blind", f"batch {index + 1}", hashes, blinded)
            await link.send(Batch(ONCE, index, index == mine - 1, blinded).encode(), f"points, batch {index + 1}")
            done += len(hashes)
        if index < theirs:
            blinded = await _receive(link, ONCE, index, terms.peers)
            twice = scalar.times(blinded)
            note(link, "blind again", f"batch {index + 1}", blinded, twice)
            done += len(twice)
            if terms.i_learn:
                peers += twice
            if terms.peer_learns:
                message = Batch(TWICE, index, index == theirs - 1, twice).encode()
                await link.send(message, f"points blinded twice, batch {index + 1}")
        if index < mine and terms.i_learn:
            own += await _receive(link, TWICE, index, terms.own)
        progress(done // BYTES, terms.own + terms.peers)
    return np.frombuffer(own, f"S{BYTES}"), np.frombuffer(peers, f"S{BYTES}")


async def _receive(link: Link, type: str, index: int, total: int) -> bytes:
    """The points of the peer's next message, which has to be this batch of so many points in all."""
    count = min(BATCH, total - index * BATCH)

    def read(message: bytes) -> bytes:
        batch = Batch.decode(message)
        if batch[:3] != (type, index, (index + 1) * BATCH >= total):
            raise ValueError(f"it is batch {batch.number} of type {batch.type!r} instead of {index} of {type!r}")
        if len(batch.points) != count * BYTES:
            raise ValueError(f"it has {len(batch.points) // BYTES} points instead of {count}")
        return batch.points

    return await link.receive_as(read, f"{'points' if type == ONCE else 'points blinded twice'}, batch {index + 1}")


def note(link: Link, kind: str, op: str, *points: bytes | Blinded) -> None:
    """Write a step down, if somebody wants to look at it: of each point the first 8 of its 32 bytes."""
    if isinstance(link, TracedLink):
        words = BYTES // 8
        link.notes.write(kind, op, tuple(np.frombuffer(part, "<u8")[::words] for part in points))
