"""A float32 matrix whose number of rows is not known before all are there; too large for memory, it is a file's."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

import numpy as np

from ..errors import DataError
from .blocks import Matrix


class Room(NamedTuple):
    """How much memory a matrix may take, and where it goes if it takes more."""

    bytes: float = math.inf
    folder: Path | None = None
    """That of the data file."""
    shown_as: str = ""
    """The data file, for people."""


MEMORY = Room()
"""As much as there is."""


class Growing:
    """Rows are copied behind the others as they come; memory grows in place.

    A file has no name and is its owner's alone, so that it is gone with the matrix, or with the process, however that
    ends.
    """

    def __init__(self, columns: int, rows: float, room: Room = MEMORY) -> None:
        """`rows`: how many there may be, about."""
        self._columns, self._expected, self._room = columns, math.ceil(rows), room
        self._flat = np.empty(0, np.float32)
        self._rows = 0
        self._file: BinaryIO | None = self._opened() if 4 * columns * rows > room.bytes else None

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: Matrix) -> None:
        """Copy more rows, (n, columns), behind the others."""
        begin, end = self._rows * self._columns, (self._rows + len(rows)) * self._columns
        if self._file is None and 4 * end > self._room.bytes:
            self._file = self._opened()
            self._write(self._flat[:begin])
            self._flat = np.empty(0, np.float32)
        if self._file is not None:
            self._write(rows)
        else:
            if end > len(self._flat):
                self._resize(max(self._expected, self._rows + len(rows)))
            self._flat[begin:end].reshape(rows.shape)[...] = rows
        self._rows += len(rows)

    def values(self) -> Matrix:
        """All rows, (rows, columns); nobody can write into those of a file. Nothing is appended after it."""
        if self._file is None:
            self._resize(self._rows)
            return self._flat.reshape(self._rows, self._columns)
        with self._file as file:
            file.flush()
            mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(mapping, np.float32).reshape(self._rows, self._columns)

    def _resize(self, rows: int) -> None:
        if not len(self._flat):  # `resize` would write zeros
            self._flat = np.empty(rows * self._columns, np.float32)
            return
        self._flat.resize(rows * self._columns, refcheck=False)  # realloc: large memory is moved without a copy

    def _opened(self) -> BinaryIO:
        try:
            return TemporaryFile(dir=self._room.folder)
        except OSError as error:
            raise self._no_room(error) from error

    def _write(self, rows: Matrix) -> None:
        assert self._file is not None
        try:
            self._file.write(np.ascontiguousarray(rows).data)
        except OSError as error:
            raise self._no_room(error) from error

    def _no_room(self, error: OSError) -> DataError:
        what = f"its columns take more than memory_limit, and cannot be written beside it: {error.strerror or error}"
        hint = "look whether there is room, and who may write there; or a larger memory_limit"
        return DataError(what, where=self._room.shown_as, hint=hint)


def matrix_of(blocks: Iterable[Matrix], rows: int, columns: int, room: Room = MEMORY) -> Matrix:
    """Blocks of rows as one matrix, (rows, columns)."""
    growing = Growing(columns, rows, room)
    for block in blocks:
        growing.append(block)
    return growing.values()
