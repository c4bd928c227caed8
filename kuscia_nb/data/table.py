"""A party's CSV file as a float32 matrix; and where it is not one, the line and the cell that are to blame.

Numbers become float32 because that is what the reference operator reads (spec: ss_lr §1): pandas reads a decimal as
float64, which is then rounded to the nearest float32. The reference reads float32 at once; the two can differ (by the
last bit) only for a decimal within a float64 unit or two of the middle between two float32 numbers.

One column may hold ids: texts that say whose row it is, and that nobody computes with.

A good file is read once, block by block, at the speed of pandas' C reader. Only a block that fails is looked at again,
line by line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..problems import choice
from ..texts.sentence import Sentence
from .faults import first_fault
from .growing import Growing, Room
from .header import MANY, column_names, header, width_of
from .lines import read_blocks
from .parquet import Parquet, is_parquet

_NUMBERS = b'0123456789+-.eE, \t\n"'  # all that a table of numbers is written with
_WIDE = 10_000
"""Cells of a row, beyond which a frame with a column for each takes longer than its numbers."""
_TRUTH = re.compile(rb"true|false", re.IGNORECASE)
_NAMED = "column {number} ({name})"
_UNNAMED = "column {number} (without a name)"


@dataclass(frozen=True)
class Column:
    """One column of a file, for people."""

    number: int
    """From 1."""
    name: str
    """Empty if the header leaves it out."""

    @property
    def shown(self) -> Sentence:
        return Sentence(_NAMED if self.name else _UNNAMED, number=self.number, name=self.name)


@dataclass(frozen=True, eq=False)
class DataTable:
    """A file's columns and its numbers."""

    names: tuple[str, ...]
    values: NDArray[np.float32] = field(repr=False)
    """Shape (rows, columns), C order."""
    path: Path
    skip_rows: int | None
    """Lines before the first row; None if the file has no lines (`place`)."""
    ids: list[str] | None = field(default=None, repr=False)
    """The cells of the id column, as they are; it is not among `names` and `values`. None without one."""
    id_position: int | None = None
    """Where the id column is in the file, from 0."""
    blank: frozenset[int] = frozenset()
    """Numbers of columns, from 1, that have no name in a header that has names."""

    def column(self, index: int) -> Column:
        """One of `names` as a column of the file."""
        index %= len(self.names)
        number = index + 1 + (self.id_position is not None and self.id_position <= index)
        return Column(number, "" if number in self.blank else self.names[index])


class ReadTable(Protocol):
    """`read_table`, or what does the same."""

    def __call__(
        self, path: Path, skip_rows: int, shown_as: str, id_column: str | None = None, memory: float = math.inf
    ) -> DataTable: ...


def read_table(
    path: Path, skip_rows: int, shown_as: str, id_column: str | None = None, memory: float = math.inf
) -> DataTable:
    """Read a CSV file, which may be compressed (.gz), leaving out its first `skip_rows` lines; or a Parquet file.

    The last of these names the columns if it has one name for each; otherwise they are x0, x1, ... A byte order mark,
    quotes around cells, any kind of line end and blank lines at the end are accepted. Everything else that is not a
    finite number in a rectangle, but for the column `id_column`, is a DataError, which calls the file `shown_as`
    ("alice: data/my.csv"). Numbers that take more bytes than `memory` are in a file beside this one.
    """
    room = Room(memory, path.parent, shown_as)
    if is_parquet(path):
        return _from_parquet(path, shown_as, id_column, room)
    skipped, blocks = read_blocks(path, skip_rows, shown_as)
    first = next(blocks)
    names = column_names(skipped, first, f"{shown_as}, line {skip_rows}")
    position = None if id_column is None else position_of(id_column, names, shown_as)
    ids: list[str] | None = None if position is None else []
    expected = 1.05 * path.stat().st_size / len(first) * (first.count(b"\n") + 1)
    rows = Growing(len(names) - (ids is not None), expected, room)
    for block in chain([first], blocks):
        found = _parse(block, len(names), position)
        if found is None:
            width = width_of(first.split(b"\n", MANY))
            fault = first_fault(block, names, skip_rows, shown_as, _only(position), before=len(rows), width=width)
            raise fault or DataError("the file is not a table of numbers", where=shown_as)
        rows.append(found[0])
        if ids is not None:
            ids += found[1]
    others = (name for number, name in enumerate(names) if number != position)
    blank = frozenset(number for number, cell in enumerate(header(skipped, len(names)), 1) if not cell)
    return DataTable(tuple(others), rows.values(), path, skip_rows, ids, position, blank)


def _from_parquet(path: Path, shown_as: str, id_column: str | None, room: Room) -> DataTable:
    file = Parquet(path, shown_as)
    position = None if id_column is None else position_of(id_column, file.names, shown_as)
    values, ids = file.numbers(position, room)
    others = (name for number, name in enumerate(file.names) if number != position)
    return DataTable(tuple(others), values, path, None, ids, position)


def position_of(column: str, names: Sequence[str], where: str) -> int:
    """Where the column with the ids is; a DataError says that none has this name, or two have it."""
    if names.count(column) == 1:
        return names.index(column)
    what = f"two columns are called {column}" if column in names else f"there is no column {column}"
    hint = "a name of its own for each" if column in names else f"name it with id_column: {choice(column, names)}"
    raise DataError(what, where=where, hint=hint)


def _parse(block: bytes, columns: int, ids: int | None) -> tuple[NDArray[np.float32], list[str]] | None:
    """All cells of some lines as finite float32 numbers, and the column of ids as texts; or None if that cannot be."""
    words = _words(block) if ids is None else _TRUTH.search(block)
    if words and (ids is None or first_fault(block, (), 0, "", _only(ids))):  # pandas would take the word True for 1
        return None
    if columns > _WIDE and b'"' not in block:
        return _parse_wide(block, columns, ids)
    import pandas as pd

    types: Any = np.float32 if ids is None else {i: str if i == ids else np.float32 for i in range(columns)}
    try:
        with np.errstate(over="ignore"):  # a number beyond float32 becomes infinite here, and is found below
            frame = pd.read_csv(
                BytesIO(block),
                header=None,
                dtype=types,
                na_filter=False,
                skip_blank_lines=False,  # a blank line in one party's file would shift its rows against the other's
                skipinitialspace=True,
                low_memory=False,
            )
    except ValueError:  # also pandas' ParserError and UnicodeDecodeError
        return None
    if frame.shape[1] != columns or (b'"' in block and block.count(b"\n") + 1 != len(frame)):
        return None
    texts = [] if ids is None else frame.pop(ids).tolist()
    values = frame.to_numpy(np.float32)
    return (values, texts) if np.isfinite(values).all() else None


def _parse_wide(block: bytes, columns: int, ids: int | None) -> tuple[NDArray[np.float32], list[str]] | None:
    """The same for rows of very many cells without quotes: one cell below the other, for columns cost pandas most."""
    rows = [line.split(b",") for line in block.split(b"\n")]
    if any(len(row) != columns for row in rows):
        return None
    try:
        texts = [] if ids is None else [row.pop(ids).decode().lstrip(" ") for row in rows]
    except UnicodeDecodeError:
        return None
    cells = [cell for row in rows for cell in row]
    found = _parse(b"\n".join(cells), 1, None)
    if found is None or len(found[0]) != len(cells):  # an empty cell at the end is no line
        return None
    return found[0].reshape(len(rows), -1), texts


def _words(block: bytes) -> bytes:
    """What is no part of a number in some lines of numbers. Most have nothing behind 9, which is seen at once."""
    return block.translate(None, _NUMBERS) if np.frombuffer(block, np.uint8).max(initial=0) > ord("9") else b""


def _only(column: int | None) -> tuple[int, ...]:
    return () if column is None else (column,)
