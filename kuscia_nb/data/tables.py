"""A node's tables that were read: the same file is not parsed again for the next job, unless it has changed."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from pathlib import Path

from .blocks import is_mapped
from .table import DataTable, read_table

KEPT = 1 << 29
"""Bytes of numbers that a node keeps at most."""

_SETTLED = 100_000_000
"""Nanoseconds. A file written just now may change once more without a sign: clocks of file systems are coarse."""

_Key = tuple[Path, int, str | None]
_Stamp = tuple[int, int, int, int]


class Tables:
    """What was read of a node's files, the latest ones first to stay; any thread may read."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[_Stamp, DataTable]] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self, path: Path, skip_rows: int, shown_as: str, id_column: str | None = None, memory: float = math.inf
    ) -> DataTable:
        """A file as `read_table` gives it; nobody can write into its numbers."""
        key, stamp = (path, skip_rows, id_column), _stamp(path)
        with self._lock:
            before, table = self._kept.get(key, (None, None))
            if table is not None and stamp == before and table.values.nbytes <= memory:
                self._kept.move_to_end(key)
                return table
            self._kept.pop(key, None)
            del table  # what nobody takes has left the memory before its like comes
        table = read_table(path, skip_rows, shown_as, id_column, memory)
        table.values.flags.writeable = False
        if is_mapped(table.values):
            return table  # its file goes with the job
        if stamp is not None and stamp == _stamp(path) and time.time_ns() - max(stamp[:2]) > _SETTLED:
            self._keep(key, stamp, table)
        return table

    def _keep(self, key: _Key, stamp: _Stamp, table: DataTable) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = stamp, table
            while sum(kept.values.nbytes for _, kept in self._kept.values()) > KEPT:
                self._kept.popitem(last=False)


def _stamp(path: Path) -> _Stamp | None:
    """What changes when a file is written; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
