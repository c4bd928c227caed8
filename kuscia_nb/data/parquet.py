"""Parquet files, read by pyarrow in batches; a column has a name and a type of its own, and a cell may be missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .faults import cell_fault, missing
from .files import Folder
from .growing import Growing, Room

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_BATCH = 1 << 15
"""Rows that are read at once."""


def is_parquet(path: Folder) -> bool:
    """Whether a data file is one, by its name."""
    return path.name.endswith(".parquet")


class Parquet:
    """A file's columns and rows; a DataError, which calls the file `shown_as`, says why it cannot be read."""

    def __init__(self, path: Path, shown_as: str) -> None:
        self._file, self._shown = _opened(path, shown_as), shown_as
        self.names = [str(name) for name in self._file.schema_arrow.names]
        if not self._file.metadata.num_rows:
            raise DataError("the file has no rows", where=shown_as)

    def numbers(self, texts: int | None, room: Room) -> tuple[NDArray[np.float32], list[str] | None]:
        """All columns but `texts` as finite float32 numbers, (rows, columns), and that one as texts."""
        found: list[str] = []
        numbers = [column for column in range(len(self.names)) if column != texts]
        rows = Growing(len(numbers), self._file.metadata.num_rows, room)
        for batch in self._file.iter_batches(_BATCH):
            block = np.empty((batch.num_rows, len(numbers)), np.float32)
            for place, column in enumerate(numbers):
                block[:, place] = self._column(batch.column(column), column, len(rows))
            if texts is not None:
                found += _texts(batch.column(texts))
            rows.append(block)
        return rows.values(), None if texts is None else found

    def csv(self) -> bytes:
        """The rows as lines of a CSV file, cells as texts."""
        frame = self._file.read().to_pandas(integer_object_nulls=True)
        return frame.to_csv(index=False, header=False, lineterminator="\n").encode().rstrip(b"\n")

    def _column(self, cells: Any, column: int, before: int) -> NDArray[np.float32]:
        """A column of a batch; a DataError names the first cell that is no finite number."""
        import pyarrow.types as types

        kind = cells.type
        if not (types.is_integer(kind) or types.is_floating(kind)):
            for row, text in enumerate(_texts(cells)):  # decimals, too, and numbers that are written as texts
                self._check(text, row + before, column)
            return np.array(_texts(cells), np.float64).astype(np.float32)
        with np.errstate(over="ignore"):
            values = cells.to_numpy(zero_copy_only=False).astype(np.float32)
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            self._check(_texts(cells.slice(row, 1))[0], row + before, column)
        return values

    def _check(self, text: str, row: int, column: int) -> None:
        if fault := cell_fault(text, self.names[column]):
            where = f"{self._shown}, row {row + 1}, column {column + 1} ({self.names[column]})"
            raise DataError(fault[0], where=where, hint=fault[1])


def no_pyarrow(shown_as: str) -> DataError:
    """What there is to say where pyarrow is missing."""
    hint = '%pip install "kuscia_nb[parquet]", or a CSV file, which may be compressed: .csv.gz'
    return DataError("a Parquet file needs pyarrow", where=shown_as, hint=hint)


def _texts(cells: Any) -> list[str]:
    """Cells as a CSV file would have them; nothing for one that is missing."""
    return ["" if cell is None else str(cell) for cell in cells.to_pylist()]


def _opened(path: Path, shown_as: str) -> ParquetFile:
    try:
        import pyarrow as arrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise no_pyarrow(shown_as) from None
    if path.is_dir():
        raise DataError("this is a folder, not a file", where=shown_as)
    try:
        return ParquetFile(path)
    except FileNotFoundError:
        raise missing(path, shown_as) from None
    except (OSError, arrow.ArrowException):
        what = "this is no Parquet file, or only a part of one"
        raise DataError(what, where=shown_as, hint="frame.to_parquet(path) writes one") from None
