"""What a party's own file and the job's parameters say of the model, before anything runs.

A job that cannot give one is refused; what is only likely to be wrong is a warning, what is as it should be a note.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.names import is_id, is_label
from ...data.table import Column
from ...errors import DataError
from ...lookalike import named
from ...texts.sentence import Sentence
from .parameters import Parameters
from .rows import Rows
from .scaling import Scaling
from .stability import HALF, LIMIT, Stability

_UNUSED_PERCENT = 5
"""Rows in no batch, from which on there is a warning."""
_RARE_PERCENT = 1
"""Labels of one class, below which there is a warning."""
_LOOK = 64
"""Rows by which most columns are known not to be an index."""

_DROP = "leave it out (to_csv(index=False), drop), or name it in id_column"
_INDEX = "{domain}, {column} is a feature, and looks like a row index or an id: {advice}"
_CALLED_LABEL = "{domain}, {column} is a feature, and is called like a label: {label}"
_INVISIBLE = "{domain}, {column}: its name has a character that cannot be seen: U+{code:04X}"
_NO_BLANK = "{domain}, {column}: its name has a character that looks like a blank: U+{code:04X}"
_ONE_CLASS = "{domain}: every label is {value} ({column}): there is nothing to learn"
_RARE = "{domain}: only {count:,} of {rows:,} labels are {value} ({column})"
_LABEL = "{domain}: the label is {column}: {zeros:.4g} % are 0, {ones:.4g} % are 1"
_UNUSED = "{unused:,} of {rows:,} rows ({percent:.2g} %) fill no batch and are not used"
_BETTER = "{unused}; batch_size = {better} leaves out {left}"
_USES_ALL = "{unused}; batch_size = {better} uses all"
_MAY = "{place}: training may diverge: {terms} = {value:.4g} is above 1, and above 2 it surely does; {advice}"
_MAY_SHORT = "{place}: training may diverge; {advice}"
_PLACE = "{domain}, {column}"
_SURELY = "training would diverge: {terms} = {value:.4g} is above 2"
_SQUARE = "learning_rate / 8 * {factor:.4g} (the column's mean square)"
_EIGENVALUE = "learning_rate / 8 * {factor:.4g} (the largest eigenvalue of this party's X^T X / n)"
_IN_BATCHES = "learning_rate / 8 * {factor:.4g} (this party's X^T X / n, in batches of {rows})"
_PENALTY = "{terms} + learning_rate / batch_size * l2_norm"
_OR = "{first}, or {second}"
_RATE = "set learning_rate to {rate:g}"
_SCALE = "scale the features to [-1, 1] (scale: minmax)"
_DIVIDE = "divide the features by {factor:g}"
_BOTH = "scale the features to [-1, 1] (scale: minmax) and lower learning_rate"


@dataclass(frozen=True, eq=False)
class Sanity:
    """One party's own look at its file and at what it trains on."""

    domain: str
    shown: str
    """The file, for people."""
    file: Rows
    """All of its rows, as they are."""
    rows: Rows
    """Those that are trained on, scaled."""
    parameters: Parameters

    @property
    def features(self) -> NDArray[np.float32]:
        return self.rows.features

    @property
    def columns(self) -> Sequence[Column]:
        """Of the features."""
        return self.rows.columns[: self.features.shape[1]]

    @property
    def label(self) -> Column | None:
        """The label's column, at its party."""
        return None if self.rows.labels is None else self.rows.columns[-1]

    def warnings(self) -> list[Sentence]:
        """What a person should know before the job runs; a DataError says that it would give no model."""
        ids = [number for number, column in enumerate(self.columns) if self._is_id(number, column)]
        divergence = list(self._divergence(ids))
        self._check_room()
        return [
            *divergence,
            *(self._say(_INDEX, self.columns[number], advice=Sentence(_DROP)) for number in ids),
            *self._label_warnings(),
            *self._names(),
            *([] if self._unused_percent < _UNUSED_PERCENT else [self._unused(advice=True)]),
        ]

    def notes(self) -> list[Sentence]:
        """What belongs into a report without being wrong."""
        notes = []
        if self.label is not None:
            ones = 100 * self._ones / len(self.rows)
            notes.append(self._say(_LABEL, self.label, zeros=100 - ones, ones=ones))
        if 0 < self._unused_percent < _UNUSED_PERCENT:
            notes.append(self._unused(advice=False))
        return notes

    @property
    def _ones(self) -> int:
        return 0 if self.rows.labels is None else int(np.count_nonzero(self.rows.labels))

    def _say(self, template: str, column: Column, **values: Any) -> Sentence:
        return Sentence(template, domain=self.domain, column=column.shown, **values)

    def _is_id(self, number: int, column: Column) -> bool:
        return is_id(column.name) or counts_rows(self.file.features[:, number], float(self.file.peaks[number]))

    def _names(self) -> Iterator[Sentence]:
        """Names that are not what they seem: with a character that cannot be seen, or a blank that is none."""
        for column in self.rows.columns:
            found = named(column.name)
            if found and not found.ascii.strip():
                yield self._say(_NO_BLANK if found.ascii else _INVISIBLE, column, code=ord(found.character))

    # Labels and batches.

    def _label_warnings(self) -> Iterator[Sentence]:
        last = "has_label is false here" if self.label is None else "the label is the last column"
        for column in self.columns:
            if is_label(column.name):
                yield self._say(_CALLED_LABEL, column, label=Sentence(last))
        if self.label is None:
            return
        rows, ones = len(self.rows), self._ones
        for value, count in ((0, rows - ones), (1, ones)):
            if count == rows:
                yield self._say(_ONE_CLASS, self.label, value=value)
            elif 0 < count < rows * _RARE_PERCENT / 100:
                yield self._say(_RARE, self.label, value=value, count=count, rows=rows)

    @property
    def _unused_percent(self) -> float:
        rows = len(self.rows)
        return 100 * (rows % self.parameters.batch_size) / rows

    def _unused(self, *, advice: bool) -> Sentence:
        rows, size = len(self.rows), self.parameters.batch_size
        unused = Sentence(_UNUSED, unused=rows % size, rows=rows, percent=self._unused_percent)
        better = rows // math.ceil(rows / size)
        template = _BETTER if rows % better else _USES_ALL
        return Sentence(template, unused=unused, better=better, left=rows % better) if advice else unused

    # Numbers that are too large.

    def _largest(self, column: int) -> str:
        """Where a column is, and the value that is its largest, for people."""
        values = self.features[:, column]
        return f"{self.shown}, {self.columns[column].shown}, largest value {values[np.abs(values).argmax()]:.7g}"

    def _check_room(self) -> None:
        """A DataError, if it is a column's numbers that make products too large for the ring."""
        room, product = self.parameters.room, self.parameters.largest_product(self.rows.largest)
        if product >= room > self.parameters.largest_product(1.0):
            column = int(self.rows.peaks.argmax())
            what = f"products with this column can be as large as {product:.3g}, but fxp_bits="
            what += f"{self.parameters.fxp_bits} has room below {room:.3g}"
            raise DataError(what, where=self._largest(column), hint=_SCALE)

    # Divergence: see stability.

    def _divergence(self, ids: Sequence[int]) -> Iterator[Sentence]:
        stability = Stability.of(self.features, self.parameters)
        if not (stability.diverges or stability.doubtful):
            return
        squares = stability.squares[:-1]
        column = int(squares.argmax())
        matters = squares[column] > stability.squares[-1]  # and not the constant column, which is every party's
        if stability.diverges and column in ids:
            shown = self.columns[column].shown
            what = f"{shown} looks like a row index or an id, and as a feature it makes training diverge"
            raise DataError(what, where=f"{self.shown}, {shown}", hint=_DROP)
        terms, value = self._terms(stability, float(squares[column]))
        advice = self._advice(stability)
        if stability.diverges:
            where = self._largest(column) if matters else self.shown
            raise DataError(Sentence(_SURELY, terms=terms, value=value), where=where, hint=advice)
        if column not in ids:  # which is said already
            place = Sentence(_PLACE, domain=self.domain, column=self.columns[column].shown) if matters else self.domain
            short = Sentence(_MAY_SHORT, place=place, advice=advice)
            yield Sentence(_MAY, short=short, place=place, terms=terms, value=value, advice=advice)

    def _terms(self, stability: Stability, square: float) -> tuple[Sentence, float]:
        """What is too large, and its value: the mean square of a column if that is enough on its own."""
        over = LIMIT if stability.diverges else HALF
        rate, batch_size = self.parameters.effective_rate / 8, self.parameters.batch_size
        if square + stability.penalty > over:
            value, template = square + stability.penalty, _SQUARE
        elif stability.size > over:
            value, template = stability.size, _EIGENVALUE
        else:
            value, template = stability.swing, _IN_BATCHES
        terms = Sentence(template, factor=(value - stability.penalty) / rate, rows=batch_size)
        return (Sentence(_PENALTY, terms=terms) if stability.penalty > value / 20 else terms), value

    def _advice(self, stability: Stability) -> Sentence:
        """A scale and a learning rate, either of which would do."""
        ways = []
        if (scale := self._scale(stability)) is not None:
            ways.append(scale)
        rate = _round_down(self.parameters.learning_rate * HALF / stability.swing)
        lower = replace(self.parameters, learning_rate=rate)
        if rate > 0 and 0 < lower.effective_rate <= self.parameters.effective_rate * HALF / stability.swing:
            ways.append(Sentence(_RATE, rate=rate))
        if len(ways) == 2:
            return Sentence(_OR, first=ways[0], second=ways[1])
        return ways[0] if ways else Sentence(_BOTH)

    def _scale(self, stability: Stability) -> Sentence | None:
        minmax = Scaling.of("minmax", self.features).apply
        if self.rows.largest > 1 and not Stability.of(self.features, self.parameters, minmax).doubtful:
            return Sentence(_SCALE)
        if not math.isfinite(stability.swing):
            return None
        factor = _round_up(math.sqrt(stability.swing / HALF))
        if Stability.of(self.features, self.parameters, lambda some: some / np.float32(factor)).doubtful:
            return None
        return Sentence(_DIVIDE, factor=factor)


def counts_rows(column: NDArray[np.float32], peak: float) -> bool:
    """Whether whole numbers, all different, grow by one from row to row, or do so in another order of the rows.

    `peak` is the largest |value|. Beyond 2^24 float32 has not every whole number: those that it has follow each other,
    and span as many as there are.
    """
    start = column[:_LOOK]
    if (start != np.rint(start)).any():  # nearly every column that is none
        return False
    gap = max(1.0, float(np.spacing(np.float32(peak))))
    if len(column) < 3 * gap or (gap == 1 and len(np.unique(start)) < len(start)):
        return False
    ordered = np.sort(column).astype(np.float64)
    steps, missing = np.diff(ordered), ordered[-1] - ordered[0] - (len(column) - 1)
    return bool((steps == 1).all() if gap == 1 else steps.max() <= gap and abs(missing) <= 2 * gap)


def _round_down(number: float) -> float:
    """To one digit."""
    if not 0 < number < math.inf:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(number))
    return float(f"{math.floor(number / unit) * unit:.1g}")


def _round_up(number: float) -> float:
    """To two digits."""
    unit = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{math.ceil(number / unit) * unit:.2g}")
