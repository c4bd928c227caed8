"""A party's CSV file as a float32 matrix; and where it is not one, the line and the cell that are to blame.

Numbers become float32 because that is what the reference operator reads (spec: ss_lr §1): pandas reads a decimal as
float64, which is then rounded to the nearest float32. The reference reads float32 at once; the two can differ (by the
last bit) only for a decimal within a float64 unit or two of the middle between two float32 numbers.

One column may hold ids: texts that say whose row it is, and that nobody computes with.

A good file is read once, at the speed of pandas' C reader. Only a file that fails is looked at again, line by line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..problems import choice
from ..sentence import Sentence
from .faults import first_fault, missing, no_rows
from .header import column_names, header

_BOM = b"\xef\xbb\xbf"
_NUMBERS = b'0123456789+-.eE, \t\n"'  # all that a table of numbers is written with
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
class Table:
    """A file's columns and its numbers."""

    names: tuple[str, ...]
    values: NDArray[np.float32] = field(repr=False)
    """Shape (rows, columns), C order."""
    path: Path
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


def read_table(path: Path, skip_rows: int, shown_as: str, id_column: str | None = None) -> Table:
    """Read a CSV file, leaving out its first `skip_rows` lines.

    The last of these names the columns if it has one name for each; otherwise they are x0, x1, ... A byte order mark,
    quotes around cells, any kind of line end and blank lines at the end are accepted. Everything else that is not a
    finite number in a rectangle, but for the column `id_column`, is a DataError, which calls the file `shown_as`
    ("alice: data/my.csv").
    """
    skipped, rows = read_lines(path, skip_rows, shown_as)
    names = column_names(skipped, rows, f"{shown_as}, line {skip_rows}")
    position = None if id_column is None else position_of(id_column, names, shown_as)
    found = _parse(rows, len(names), position)
    if found is None:
        raise first_fault(rows, names, skip_rows, shown_as, _only(position)) or DataError(
            "the file is not a table of numbers", where=shown_as
        )
    values, ids = found
    others = (name for number, name in enumerate(names) if number != position)
    blank = frozenset(number for number, cell in enumerate(header(skipped, len(names)), 1) if not cell)
    return Table(tuple(others), values, path, ids, position, blank)


def read_lines(path: Path, skip_rows: int, shown_as: str) -> tuple[list[bytes], bytes]:
    """The first `skip_rows` lines of a file, and the bytes of all the others, of which there is at least one.

    Lines end in LF; a byte order mark and blank lines at the end are left out.
    """
    lines = BytesIO(_content(path, shown_as))
    skipped = list(islice(lines, skip_rows))
    rows = lines.read()
    if not rows.strip():
        raise no_rows(len(skipped), skip_rows, shown_as)
    return skipped, rows


def position_of(column: str, names: Sequence[str], where: str) -> int:
    """Where the column with the ids is; a DataError says that none has this name, or two have it."""
    if names.count(column) == 1:
        return names.index(column)
    what = f"two columns are called {column}" if column in names else f"there is no column {column}"
    hint = "a name of its own for each" if column in names else f"name it with id_column: {choice(column, names)}"
    raise DataError(what, where=where, hint=hint)


def _content(path: Path, shown_as: str) -> bytes:
    """The file's bytes with lines that end in LF, without a byte order mark and blank lines at the end."""
    try:
        if path.is_fifo() or path.is_char_device():
            raise DataError("this is a pipe or a device, not a file", where=shown_as)  # reading might never end
        content = path.read_bytes()
    except FileNotFoundError:
        raise missing(path, shown_as) from None
    except OSError as error:
        if os.path.isdir(path):  # of any name, also one that is too long
            raise DataError("this is a folder, not a file", where=shown_as) from None
        raise DataError(f"the file cannot be read: {error.strerror}", where=shown_as) from error
    if b"\0" in content:  # UTF-16, or a spreadsheet, an archive, ...; the C reader would stop at it silently
        raise DataError("the file is not text", where=shown_as, hint="save it as CSV in UTF-8")
    content = content.removeprefix(_BOM).rstrip()
    if not content:
        raise DataError("the file is empty", where=shown_as)
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content


def _parse(rows: bytes, columns: int, ids: int | None) -> tuple[NDArray[np.float32], list[str] | None] | None:
    """All cells as finite float32 numbers, and the column of ids as texts; or None if that cannot be."""
    words = rows.translate(None, _NUMBERS) if ids is None else _TRUTH.search(rows)
    if words and (ids is None or first_fault(rows, (), 0, "", _only(ids))):  # pandas would take the word True for 1
        return None
    import pandas as pd

    types: Any = np.float32 if ids is None else {i: str if i == ids else np.float32 for i in range(columns)}
    try:
        with np.errstate(over="ignore"):  # a number beyond float32 becomes infinite here, and is found below
            frame = pd.read_csv(
                BytesIO(rows),
                header=None,
                dtype=types,
                na_filter=False,
                skip_blank_lines=False,  # a blank line in one party's file would shift its rows against the other's
                skipinitialspace=True,
            )
    except ValueError:  # also pandas' ParserError and UnicodeDecodeError
        return None
    texts = None if ids is None else frame.pop(ids).tolist()
    values = np.ascontiguousarray(frame.to_numpy(np.float32))
    return (values, texts) if np.isfinite(values).all() else None


def _only(column: int | None) -> tuple[int, ...]:
    return () if column is None else (column,)
