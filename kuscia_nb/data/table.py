"""A party's CSV file as a float32 matrix; and where it is not one, the line and the cell that are to blame.

Numbers become float32 because that is what the reference operator reads (spec: ss_lr §1): pandas reads a decimal as
float64, which is then rounded to the nearest float32. The reference reads float32 at once; the two can differ (by the
last bit) only for a decimal within a float64 unit or two of the middle between two float32 numbers.

One column may hold ids: texts that say whose row it is, and that nobody computes with.

A good file is read once, at the speed of pandas' C reader. Only a file that fails is looked at again, line by line.
"""

from __future__ import annotations

import csv
import difflib
import os
import re
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..control.problems import choice
from ..errors import DataError

_BOM = b"\xef\xbb\xbf"
_NUMBERS = b'0123456789+-.eE, \t\n"'  # all that a table of numbers is written with
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TRUTH = re.compile(rb"true|false", re.IGNORECASE)
_LARGEST = float(np.finfo(np.float32).max)
_MISSING = {"nan", "na", "n/a", "null", "none", "inf", "infinity"}


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

    def number(self, column: int) -> int:
        """The number that one of `names` has in the file, from 1."""
        column %= len(self.names)
        return column + 1 + (self.id_position is not None and self.id_position <= column)


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
    return Table(tuple(others), values, path, ids, position)


def read_lines(path: Path, skip_rows: int, shown_as: str) -> tuple[list[bytes], bytes]:
    """The first `skip_rows` lines of a file, and the bytes of all the others, of which there is at least one.

    Lines end in LF; a byte order mark and blank lines at the end are left out.
    """
    lines = BytesIO(_content(path, shown_as))
    skipped = list(islice(lines, skip_rows))
    rows = lines.read()
    if not rows.strip():
        raise _no_rows(len(skipped), skip_rows, shown_as)
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
        raise _missing(path, shown_as) from None
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


def column_names(skipped: list[bytes], rows: bytes, where: str) -> list[str]:
    """The cells of the header line if there is one for each cell of the first row, else x0, x1, ..."""
    columns = len(_cells(rows[: rows.find(b"\n") % (len(rows) + 1)].decode("utf-8", "replace")))
    try:
        cells = _cells(skipped[-1].decode() if skipped else "")
    except UnicodeDecodeError:
        raise DataError("the header is not UTF-8 text", where=where, hint="save the file as CSV in UTF-8") from None
    if len(cells) != columns:
        cells = [""] * columns
    return [cell or f"x{number}" for number, cell in enumerate(cells)]


def _cells(line: str) -> list[str]:
    """The cells of one line, without quotes and blanks around them."""
    try:
        return [cell.strip() for cell in next(csv.reader([line.strip()], skipinitialspace=True), [])]
    except csv.Error:  # a cell too long to be one
        return [line]


# What is wrong: a file comes here only after it has failed, so clarity goes before speed.


def _missing(path: Path, shown_as: str) -> DataError:
    folder = path.parent
    if not folder.is_dir():
        return DataError("there is no such file", where=shown_as, hint=f"the folder {folder.name} does not exist")
    files = sorted(entry.name for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    guess = difflib.get_close_matches(path.name, files, 1)
    listed = ", ".join(files[:20]) + (f" and {len(files) - 20} more" if len(files) > 20 else "")
    there = f"the folder {folder.name} has: {listed}" if files else f"the folder {folder.name} has no files"
    return DataError(
        "there is no such file", where=shown_as, hint=f"did you mean {guess[0]!r}? {there}" if guess else there
    )


def _no_rows(lines: int, skip_rows: int, shown_as: str) -> DataError:
    hint = "a file with one header line takes skip_rows = 1, a file without one takes 0"
    if skip_rows == 1:
        hint = "put rows behind the header; a file without a header takes skip_rows = 0"
    what = f"the file has no rows: skip_rows = {skip_rows} leaves out all of its {lines} line{'s' * (lines != 1)}"
    return DataError(what, where=shown_as, hint=hint)


def first_fault(
    rows: bytes, names: Sequence[str], skip_rows: int, shown_as: str, texts: Container[int]
) -> DataError | None:
    """The first thing that is wrong with these lines; in the columns `texts`, by their positions, no cell is."""
    try:
        lines = rows.decode().split("\n")
    except UnicodeDecodeError as error:
        line = skip_rows + 1 + rows.count(b"\n", 0, error.start)
        return DataError(
            f"byte {rows[error.start]:#04x} is not UTF-8 text",
            where=f"{shown_as}, line {line}",
            hint="save the file as CSV in UTF-8",
        )
    width = Counter(len(_cells(line)) for line in lines[:1000]).most_common(1)[0][0]
    for index, line in enumerate(lines):
        where = f"{shown_as}, line {skip_rows + 1 + index}"
        cells = _cells(line)
        if len(cells) != width:
            count = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
            what = f"the row has {count} instead of {width}" if cells else "the line is blank"
            return DataError(what, where=where, hint=_header_hint(lines, index, skip_rows))
        for column, cell in enumerate(cells):
            if column not in texts and (what := _complaint(cell)):
                name = names[column] if names else ""
                hint = _header_hint(lines, index, skip_rows) or _cell_hint(cell)
                return DataError(what, where=f"{where}, column {column + 1} ({name})", hint=hint)
    return None


def _complaint(cell: str) -> str:
    """What is wrong with a cell; nothing if it is a finite number."""
    if not cell:
        return "the cell is empty"
    shown = repr(cell if len(cell) <= 40 else cell[:40] + "...")
    if not _NUMBER.fullmatch(cell):
        missing = cell.lower().lstrip("+-") in _MISSING
        return f"the cell is {shown}, and must be a finite number" if missing else f"the cell is not a number: {shown}"
    return "" if abs(float(cell)) <= _LARGEST else f"the number is too large for float32: {shown}"


def _header_hint(lines: list[str], index: int, skip_rows: int) -> str:
    """If the line is before the first one with something like a number: how to leave it out."""
    first = next((i for i, line in enumerate(lines) if any(map(_looks_like_data, _cells(line)))), 0)
    if index >= first:
        return ""
    header = "the first line looks" if skip_rows == 0 and first == 1 else f"the lines up to {skip_rows + first} look"
    return f"{header} like a header: set skip_rows to {skip_rows + first}"


def _looks_like_data(cell: str) -> bool:
    return bool(_NUMBER.match(cell)) or cell.lower().lstrip("+-") in _MISSING


def _cell_hint(cell: str) -> str:
    if not cell or cell.lower().lstrip("+-") in _MISSING:
        return "fill it in, or take this row out of the files of both parties"
    if _NUMBER.fullmatch(cell):
        return "scale the column"
    if separator := next((mark for mark in ";\t|" if mark in cell), None):
        return f"separate the cells by commas, not by {separator!r}"
    if _NUMBER.fullmatch(cell.replace(",", ".", 1)):
        return "write decimals with a point, not with a comma"
    truth = cell.lower() in ("true", "false")
    return (
        "write 1 and 0 for true and false"
        if truth
        else "code texts as numbers, or leave the column out; a column of ids is named with id_column"
    )
