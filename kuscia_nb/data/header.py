"""The line of a CSV file that names its columns; and where it does not, what is wrong with it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from ..errors import DataError

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
MISSING = {"nan", "na", "n/a", "null", "none", "inf", "infinity"}
MANY = 1000
"""Lines that show how many cells a line has."""


def column_names(skipped: list[bytes], rows: bytes, where: str) -> list[str]:
    """The cells of the header line if there is one for each cell of the first row, else x0, x1, ...

    A DataError, if the header is a row of numbers itself, or has names for all columns but some.
    """
    columns = len(cells_of(rows[: rows.find(b"\n") % (len(rows) + 1)].decode("utf-8", "replace")))
    try:
        cells = cells_of(skipped[-1].decode()) if skipped else []
    except UnicodeDecodeError:
        raise DataError("the header is not UTF-8 text", where=where, hint="save the file as CSV in UTF-8") from None
    if _is_row(cells):
        raise _lost_row(skipped, cells, where)
    if _misses_names(cells, columns) and _misses_names(cells, width := width_of(rows.split(b"\n", MANY))):
        raise _short_header(cells, width, where)
    return [cell or f"x{number}" for number, cell in enumerate(header(skipped, columns) or [""] * columns)]


def header(skipped: list[bytes], columns: int) -> list[str]:
    """The cells of the header line, one for each column; none if it is no header. A comma may be behind the last."""
    cells = cells_of(skipped[-1].decode()) if skipped else []
    if len(cells) == columns + 1 and not cells[-1]:
        cells.pop()
    return cells if len(cells) == columns else []


def _is_row(cells: Sequence[str]) -> bool:
    """Whether a header is one of the rows: numbers only, and not counted through as the columns of a frame are."""
    given = [cell for cell in cells if cell]
    if not given or not all(NUMBER.fullmatch(cell) or cell.lower() in MISSING for cell in given):
        return False
    if not all(cell.isdecimal() for cell in given):
        return True
    numbers = [int(cell) for cell in given]
    return any(later - former != 1 for former, later in pairwise(numbers)) or (len(numbers) == 1 and numbers[0] > 1)


def width_of(lines: Sequence[str | bytes]) -> int:
    """How many cells most lines have."""
    texts = (line if isinstance(line, str) else line.decode("utf-8", "replace") for line in lines[:MANY])
    return Counter(len(cells_of(text)) for text in texts).most_common(1)[0][0]


def _misses_names(cells: Sequence[str], columns: int) -> bool:
    """Whether a line of names, and no title or comment, has too few or too many of them."""
    if len(cells) in (0, columns) or cells[0].startswith("#") or (len(cells) == columns + 1 and not cells[-1]):
        return False
    return len(cells) == columns - 1 > 1 or not any(" " in cell for cell in cells)


def cells_of(line: str) -> list[str]:
    """The cells of one line, without quotes and blanks around them."""
    try:
        return [cell.strip() for cell in next(csv.reader([line.strip()], skipinitialspace=True), [])]
    except csv.Error:  # a cell too long to be one
        return [line]


def _lost_row(skipped: list[bytes], cells: Sequence[str], where: str) -> DataError:
    first = next(
        n
        for n in range(len(skipped))
        if all(_is_row(cells_of(line.decode("utf-8", "replace"))) for line in skipped[n:])
    )
    shown = ", ".join(cells[:3]) + (", ..." if len(cells) > 3 else "")
    what = f"the line that names the columns looks like a row: {shown}"
    return DataError(what, where=where, hint=f"set skip_rows to {first}, so that it counts as one")


def _short_header(cells: Sequence[str], columns: int, where: str) -> DataError:
    names = len(cells)
    what = f"the header has {names} name{'s' * (names != 1)}, and the rows have {columns} cells"
    separator = next((mark for mark in ";\t|" if names == 1 and mark in cells[0]), None)
    if separator:  # and the commas are those of decimals
        hint = f"separate the cells by commas, not by {separator!r}, and write decimals with a point"
    else:
        hint = "a name for each column, and quotes around a cell that has a comma"
        hint += "; R: write.csv(data, file, row.names = FALSE)" * (names == columns - 1)
    return DataError(what, where=where, hint=hint)
