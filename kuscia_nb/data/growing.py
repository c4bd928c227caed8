"""A float32 matrix whose number of rows is not known before all are there; its memory grows in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Growing:
    """Rows are copied behind the others as they come."""

    def __init__(self, columns: int, times: float) -> None:
        """`times`: how many times the rows of the first append there may be."""
        self._columns, self._times = columns, times
        self._flat = np.empty(0, np.float32)
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: NDArray[np.float32]) -> None:
        """Copy more rows, (n, columns), behind the others."""
        end = self._rows + len(rows)
        if end * self._columns > len(self._flat):
            expected = len(rows) * self._times if not self._rows else end
            self._resize(max(int(expected * 1.05), end))
        self._flat[self._rows * self._columns : end * self._columns].reshape(rows.shape)[...] = rows
        self._rows = end

    def values(self) -> NDArray[np.float32]:
        """All rows, (rows, columns). Nothing is appended after it."""
        self._resize(self._rows)
        return self._flat.reshape(self._rows, self._columns)

    def _resize(self, rows: int) -> None:
        self._flat.resize(rows * self._columns, refcheck=False)  # realloc: large memory is moved without a copy
