"""A party's file as rows to train on: features, label, ids; which rows are held out; columns scaled."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.blocks import Matrix, blocks, column_of, some
from ...data.description import id_column
from ...data.growing import MEMORY, Room, matrix_of
from ...data.lines import place
from ...data.table import Column, DataTable, ReadTable, read_table
from ...errors import DataError, ParameterError
from ..ids import checked_ids
from .parameters import Parameters
from .scaling import Scaling

_HOLDOUT_SEED = 20
"""Public: which rows are held out is no secret, and both parties have to find the same ones."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What a party has of each row."""

    names: tuple[str, ...]
    """Of the features."""
    features: NDArray[np.float32] = field(repr=False)
    """(rows, columns)."""
    labels: NDArray[np.float32] | None = field(repr=False)
    """(rows,), 0 or 1; None at the party without them."""
    label: str | None
    """The name of the label's column."""
    ids: list[str] | None
    id_column: str | None
    columns: tuple[Column, ...] = field(default=(), repr=False)
    """Where `names` and then the label are in the file."""
    room: Room = field(default=MEMORY, repr=False)
    """For features that are made of these."""

    @classmethod
    def read(
        cls,
        path: Path,
        parameters: Parameters,
        shown: str,
        read: ReadTable = read_table,
        memory: float = math.inf,
    ) -> Rows:
        """All rows of a file, unscaled; in another file, if they take more bytes than `memory`.

        A file that ecdh_psi has written says itself which column has the ids.
        """
        column = parameters.id_column or id_column(path)
        table = read(path, parameters.skip_rows, shown, column, memory)
        ids = None if table.ids is None else checked_ids(table.ids, shown, table.skip_rows)
        names, features, labels = split_label(table, parameters.has_label, shown)
        label, columns = None if labels is None else table.names[-1], map(table.column, range(len(table.names)))
        return cls(names, features, labels, label, ids, column, tuple(columns), Room(memory, path.parent, shown))

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def peaks(self) -> Matrix:
        """The largest |value| of each feature, (columns,)."""
        return np.max([np.maximum(block.max(axis=0), -block.min(axis=0)) for block in blocks(self.features)], axis=0)

    @property
    def largest(self) -> float:
        """|value| of the features."""
        return float(self.peaks.max())

    def chosen(self, which: NDArray[np.bool_]) -> Rows:
        """Some of the rows, in their order."""
        labels = None if self.labels is None else self.labels[which]
        ids = None if self.ids is None else [self.ids[i] for i in np.flatnonzero(which)]
        features = some(self.features, which)
        return self._with(features, int(np.count_nonzero(which)), labels=labels, ids=ids)

    def scaled(self, scaling: Scaling) -> Rows:
        """The same rows in the units of a model."""
        if scaling.scale == "none":
            return self
        return self._with(map(scaling.apply, blocks(self.features)), len(self))

    def _with(self, features: Iterable[Matrix], rows: int, **others: Any) -> Rows:
        """The same with other features, blocks of rows that go where there is room for them."""
        return replace(self, features=matrix_of(features, rows, self.features.shape[1], self.room), **others)

    def to_train_on(self, parameters: Parameters) -> tuple[Rows, Scaling]:
        """The rows that are not held out, scaled; and their scaling, which knows nothing of the rows held out."""
        rows = self.chosen(~held_out(len(self), parameters.holdout)) if parameters.holdout else self
        scaling = Scaling.of(parameters.scale, rows.features)
        return rows.scaled(scaling), scaling


def held_out(rows: int, holdout: float) -> NDArray[np.bool_]:
    """Which rows are kept out of training, (rows,): the nearest whole number of them, spread over the file.

    The rule is public and knows nothing but the number of rows, so that both parties hold out the same ones.
    """
    count = round(rows * holdout)
    if holdout and not 0 < count < rows:
        text = f"parameter holdout = {holdout:g} keeps {count} of {rows} rows"
        raise ParameterError(text, hint="a part that leaves rows on both sides, such as 0.2")
    result = np.zeros(rows, bool)
    # numpy promises never to change what this old generator draws from a seed; the new ones may change.
    result[np.random.RandomState(_HOLDOUT_SEED).permutation(rows)[:count]] = True
    return result


def split_label(
    table: DataTable, has_label: bool, shown: str
) -> tuple[tuple[str, ...], NDArray[np.float32], NDArray[np.float32] | None]:
    """Feature names, features (rows, features) and labels (rows,) of a file; the label is its last column."""
    if not table.names:
        raise DataError("the ids are the only column", where=shown, hint="a party needs at least one feature column")
    if not has_label:
        return table.names, table.values, None
    if len(table.names) < 2:
        hint = "a party with a label needs at least one feature column before it"
        raise DataError("the label is the only column", where=shown, hint=hint)
    hint = "the label is the last column of the party with has_label; code its classes as 0 and 1"
    labels = checked_labels(table, len(table.names) - 1, shown, hint)
    return table.names[:-1], table.values[:, :-1], labels


def checked_labels(table: DataTable, column: int, shown: str, hint: str) -> NDArray[np.float32]:
    """A column of labels, (rows,); a DataError names the first that is not 0 or 1, and counts such rows."""
    labels = column_of(table.values, column)
    wrong = np.flatnonzero((labels != 0) & (labels != 1))
    if len(wrong):
        row = int(wrong[0])
        where = f"{shown}, {place(row, table.skip_rows)}, {table.column(column).shown}"
        raise DataError(f"label {labels[row]:g} is not 0 or 1 ({len(wrong)} such rows)", where=where, hint=hint)
    return labels
