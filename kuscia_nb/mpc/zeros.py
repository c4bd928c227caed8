"""What has to be zero, if the TTP was right: what checks of triples come to (see `sacrifice`)."""

from __future__ import annotations

import hashlib

from .ring import Ring

SIZE = 16
"""Bytes of a hash."""


class Zeros:
    """A hash of this rank's shares of what has to be 0: those of the ranks are the negatives of each other then."""

    def __init__(self, rank: int) -> None:
        self._rank, self._hash = rank, hashlib.blake2b(digest_size=SIZE)
        self.count = 0
        """How many checks that were."""

    def add(self, share: Ring) -> None:
        """One more check."""
        self.count += 1
        self._hash.update((-share if self._rank else share).tobytes())

    def now(self) -> bytes:
        """For comparing: the same at both parties, if all was 0."""
        return self._hash.digest()
