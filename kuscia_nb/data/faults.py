"""What is wrong with a CSV file that cannot be read: the line and the cell that are to blame, and what to try.

A file comes here only after it has failed, so clarity goes before speed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Sequence
from itertools import pairwise

import numpy as np

from ..errors import DataError
from ..lookalike import named
from .files import Folder
from .header import MISSING, NUMBER, cells_of, width_of
from .names import is_id

_LARGEST = float(np.finfo(np.float32).max)
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}(\.[0-9]+)?")  # 2,500, 1,234,567.8 and 12,34,567
_EUROPEAN = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})*(,[0-9]+)?")  # 1.234.567 and 1.234,5
_UNITS = "$€£¥￥%"
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}([ '_\u00a0\u202f][0-9]{3})+(\.[0-9]+)?")  # 1'234'567 and 1 234


def missing(path: Folder, shown_as: str) -> DataError:
    folder = path.parent
    if not folder.exists():
        return DataError("there is no such file", where=shown_as, hint=f"the folder {folder.name} does not exist")
    files = sorted(entry.name for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    guess = difflib.get_close_matches(path.name, files, 1)
    listed = ", ".join(files[:20]) + (f" and {len(files) - 20} more" if len(files) > 20 else "")
    place = f"the folder {folder.name}" if folder.name else "this folder"
    there = f"{place} has: {listed}" if files else f"{place} has no files"
    return DataError(
        "there is no such file", where=shown_as, hint=f"did you mean {guess[0]!r}? {there}" if guess else there
    )


def no_rows(lines: int, skip_rows: int, shown_as: str) -> DataError:
    hint = "a file with one header line takes skip_rows = 1, a file without one takes 0"
    if skip_rows == 1:
        hint = "put rows behind the header; a file without a header takes skip_rows = 0"
    what = f"the file has no rows: skip_rows = {skip_rows} leaves out all of its {lines} line{'s' * (lines != 1)}"
    return DataError(what, where=shown_as, hint=hint)


def first_fault(
    rows: bytes,
    names: Sequence[str],
    skip_rows: int,
    shown_as: str,
    texts: Container[int],
    before: int = 0,
    width: int = 0,
) -> DataError | None:
    """The first thing that is wrong with these lines; in the columns `texts`, by their positions, no cell is.

    `before`: how many rows are in front of them. `width`: how many cells a row has; 0: as most of these lines have.
    """
    try:
        lines = rows.decode().split("\n")
    except UnicodeDecodeError as error:
        line = skip_rows + before + 1 + rows.count(b"\n", 0, error.start)
        return DataError(
            f"byte {rows[error.start]:#04x} is not UTF-8 text",
            where=f"{shown_as}, line {line}",
            hint="save the file as CSV in UTF-8",
        )
    width = width or width_of(lines)
    for index, line in enumerate(lines):
        where = f"{shown_as}, line {skip_rows + before + 1 + index}"
        cells = cells_of(line)
        if len(cells) != width:
            count = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
            what = f"the row has {count} instead of {width}" if cells else "the line is blank"
            hint = _header_hint(lines, index, skip_rows, before) or _width_hint(cells, width)
            return DataError(what, where=where, hint=hint)
        for column, cell in enumerate(cells):
            if column not in texts and (what := _complaint(cell)):
                name = names[column] if names else ""
                hint = _header_hint(lines, index, skip_rows, before) or _cell_hint(cell, name, alone=width == 1)
                return DataError(what, where=f"{where}, column {column + 1} ({name})", hint=hint)
    for index, line in enumerate(lines):  # beside a number, where it is taken for a blank
        if found := named(line):
            column = line.count(",", 0, found.at)
            name = names[column] if names else ""
            where = f"{shown_as}, line {skip_rows + before + 1 + index}, column {column + 1} ({name})"
            return DataError(str(found), where=where, hint=found.hint)
    return None


def cell_fault(cell: str, name: str) -> tuple[str, str] | None:
    """What is wrong with a cell of a column, and what to try; None if it is a finite number."""
    what = _complaint(cell)
    return (what, _cell_hint(cell, name, alone=False)) if what else None


def _complaint(cell: str) -> str:
    """What is wrong with a cell; nothing if it is a finite number."""
    if not cell:
        return "the cell is empty"
    shown = repr(cell if len(cell) <= 40 else cell[:40] + "...")
    if not NUMBER.fullmatch(cell):
        missing = cell.lower().lstrip("+-") in MISSING
        if missing:
            return f"the cell is {shown}, and must be a finite number"
        found = named(cell)
        return f"the cell is not a number: {shown}" + (f": {found}" if found else "")
    return "" if abs(float(cell)) <= _LARGEST else f"the number is too large for float32: {shown}"


def _header_hint(lines: list[str], index: int, skip_rows: int, before: int) -> str:
    """If the line is before the first one with something like a number: how to leave it out."""
    if before:
        return ""
    first = next((i for i, line in enumerate(lines) if any(map(_looks_like_data, cells_of(line)))), 0)
    if index >= first:
        return ""
    header = "the first line looks" if skip_rows == 0 and first == 1 else f"the lines up to {skip_rows + first} look"
    return f"{header} like a header: set skip_rows to {skip_rows + first}"


def _looks_like_data(cell: str) -> bool:
    return bool(NUMBER.match(cell)) or cell.lower().lstrip("+-") in MISSING


def _width_hint(cells: Sequence[str], width: int) -> str:
    """Of a row with more cells than others."""
    split = any(re.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}(\..*)?", ",".join(pair)) for pair in pairwise(cells))
    return "write numbers without thousands separators" if len(cells) > width and split else ""


def _cell_hint(cell: str, name: str, *, alone: bool) -> str:
    """What to try; `alone`: the line has no other cell."""
    if not cell or cell.lower().lstrip("+-") in MISSING:
        return "fill it in, or take this row out of the files of both parties"
    if NUMBER.fullmatch(cell):
        return "scale the column"
    if found := named(cell):
        return found.hint
    if separator := next((mark for mark in ";\t|" if mark in cell), None):
        return f"separate the cells by commas, not by {separator!r}"
    if alone and all(map(NUMBER.fullmatch, cell.split())):
        return "separate the cells by commas, not by blanks"
    if hint := _separator_hint(cell):
        return hint
    bare = cell.strip(_UNITS + " ")
    if NUMBER.fullmatch(bare):
        return f"write the number alone: {bare}"
    if hint := _separator_hint(bare):
        return hint
    if cell.lower() in ("true", "false"):
        return "write 1 and 0 for true and false"
    if name and is_id(name):
        return "name the column in id_column if it has ids, or leave it out"
    return "code texts as numbers, or leave the column out; a column of ids is named with id_column"


def _separator_hint(cell: str) -> str:
    """Of a number with separators of thousands, or with a decimal comma."""
    if _THOUSANDS.fullmatch(cell) and not re.match(r"[+-]?0", cell):
        plain = cell.replace(",", "")
        if cell.count(",") > 1 or "." in cell:
            return f"write numbers without thousands separators: {plain}"
        return f"write {plain} if the comma separates thousands, or {cell.replace(',', '.')} if it is a decimal comma"
    if _GROUPED.fullmatch(cell):
        return f"write numbers without thousands separators: {re.sub(r'[^0-9.+-]', '', cell)}"
    if _EUROPEAN.fullmatch(cell) and "." in cell:
        return f"write decimals with a point, and no thousands separators: {cell.replace('.', '').replace(',', '.')}"
    if NUMBER.fullmatch(cell.replace(",", ".", 1)):
        return "write decimals with a point, not with a comma"
    return ""
