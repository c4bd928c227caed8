"""A party's own columns, of which a part is made ring elements when its batches are due: they need not all be there."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .ring import Ring


class Columns(Protocol):
    """A party's columns, wherever they are."""

    shape: tuple[int, int]
    """(rows, columns)"""
    kept: bool
    """Whether there is room for all of them as ring elements, so that the next epoch need not make them again."""

    def into(self, room: Ring, start: int) -> None:
        """Put the rows from `start` on into `room`, (rows, columns), in fixed point."""
        ...

    def ring(self, start: int, end: int) -> Ring:
        """Some rows in fixed point."""
        room = np.empty((end - start, self.shape[1]), np.uint64)
        self.into(room, start)
        return room


class InRing(Columns):
    """Columns that are ring elements already."""

    kept = True

    def __init__(self, own: Ring) -> None:
        self._own, self.shape = own, (own.shape[0], own.shape[1])

    def into(self, room: Ring, start: int) -> None:
        room[...] = self._own[start : start + len(room)]


def as_columns(own: Ring | Columns) -> Columns:
    return InRing(own) if isinstance(own, np.ndarray) else own


class ColumnBlocks:
    """They and, at one party, a column of a constant behind them, in blocks of batches: (batches, batch_size, columns).

    Blocks that are not `kept` are in the same memory one after the other, unless somebody holds on to them (`held`).
    """

    held = False

    def __init__(self, own: Columns, batch_size: int, constant: Ring | None, *, kept: bool) -> None:
        self._own, self._size, self._constant = own, batch_size, constant
        self._kept: dict[int, Ring] | None = {} if kept else None  # first batch -> block
        self._room = np.empty((0, 0, 0), np.uint64)

    def block(self, first: int, count: int) -> Ring:
        """That of `count` batches from the batch `first` on; no other one begins there."""
        if self._kept is not None:
            if first not in self._kept:
                self._kept[first] = self.made(first, count)
            return self._kept[first]
        if self.held:
            return self.made(first, count)
        if count > len(self._room):
            self._room = self._empty(count)
        return self._put(first, self._room[:count])

    def made(self, first: int, count: int) -> Ring:
        """Any block, in memory of its own."""
        return self._put(first, self._empty(count))

    def _empty(self, count: int) -> Ring:
        return np.empty((count, self._size, self._own.shape[1] + (self._constant is not None)), np.uint64)

    def _put(self, first: int, room: Ring) -> Ring:
        rows, columns = room.reshape(-1, room.shape[2]), self._own.shape[1]
        self._own.into(rows[:, :columns], first * self._size)
        if self._constant is not None:
            rows[:, columns] = self._constant
        return room
