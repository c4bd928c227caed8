"""A party's CSV file as rows of texts that nobody computes with: they are handed on as they are, in another order."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .faults import first_fault
from .header import column_names
from .lines import read_lines
from .parquet import Parquet, is_parquet
from .table import position_of


@dataclass(frozen=True, eq=False)
class Records:
    """A file's rows, and the ids of one column. The rows are kept as the file has them: a line each."""

    names: list[str]
    """Of the columns, that of the ids first."""
    ids: list[str] = field(repr=False)
    """Of each row, as the file has them."""
    position: int
    """Where the file has the ids."""
    rows: bytes = field(repr=False)
    skip_rows: int | None
    """Lines before the first row; None if the file has no lines (`place`)."""

    def write(self, order: NDArray[np.integer], ids: Sequence[str]) -> bytes:
        """A CSV file of some rows in this order, with a header; `ids`, of all rows, are its first column."""
        content = io.BytesIO()
        text = io.TextIOWrapper(content, "utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.names)
        chosen = [ids[row] for row in order.tolist()]
        for own, cells in zip(chosen, csv.reader(self._lines(order), skipinitialspace=True), strict=True):
            del cells[self.position]
            writer.writerow([own, *cells])
        return content.getvalue()

    def _lines(self, order: NDArray[np.integer]) -> Iterator[str]:
        """The lines of some rows, in this order."""
        ends = np.flatnonzero(np.frombuffer(self.rows, np.uint8) == ord("\n"))
        starts = np.concatenate([[0], ends + 1])
        ends = np.append(ends, len(self.rows))
        for start, end in zip(starts[order].tolist(), ends[order].tolist(), strict=True):
            yield self.rows[start:end].decode()


def read_records(path: Path, skip_rows: int, shown_as: str, id_column: str) -> Records:
    """Read a CSV file, leaving out its first `skip_rows` lines, of which the last may name the columns (`read_table`).

    Cells are any texts, but none goes over several lines. A DataError says what else is wrong, and where.
    """
    if is_parquet(path):
        file = Parquet(path, shown_as)
        return _records(file.names, file.csv(), None, shown_as, id_column)
    skipped, rows = read_lines(path, skip_rows, shown_as)
    names = column_names(skipped, rows, f"{shown_as}, line {skip_rows}")
    return _records(names, rows, skip_rows, shown_as, id_column)


def _records(names: list[str], rows: bytes, skip_rows: int | None, shown_as: str, id_column: str) -> Records:
    position = position_of(id_column, names, shown_as)
    try:
        ids = list(_column(rows, position, len(names)))
    except (csv.Error, ValueError):  # also UnicodeDecodeError
        several = DataError(
            "a cell goes over several lines, or a quote has no end", where=shown_as, hint="one line for each row"
        )
        raise first_fault(rows, names, skip_rows or 0, shown_as, range(len(names))) or several from None
    others = [name for number, name in enumerate(names) if number != position]
    return Records([id_column, *others], ids, position, rows, skip_rows)


def _column(rows: bytes, position: int, width: int) -> Iterator[str]:
    """One cell of each line; a ValueError, if a row has another number of cells, or of lines."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(rows), "utf-8", newline=""), skipinitialspace=True)
    for number, cells in enumerate(reader, start=1):
        if len(cells) != width or reader.line_num != number:
            raise ValueError
        yield cells[position]
