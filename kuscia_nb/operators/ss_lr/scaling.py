"""Each party scales its own columns, from its own numbers alone: nothing is sent, and nothing is learned by it.

    standard    (x - mean) / std         minmax    (x - min) / (max - min)         none    x

Both are linear, so a model of scaled columns is one of the original columns, too (`original_units`). A column of equal
numbers has no spread to divide by: it becomes 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.blocks import blocks
from ...texts.sentence import Sentence

Floats = NDArray[np.float64]

_CONSTANT = "{domain}: the same number in every row, so that scaling makes it 0 and nothing is learned of it: {names}"

SCALES = {"none": (), "standard": ("mean", "std"), "minmax": ("min", "max")}
"""What is kept of each column, by the kind of scaling."""


class Scaling(NamedTuple):
    """How a party's columns are scaled; `first` and `second` have a number for each column (mean and std, or ...)."""

    scale: str
    first: Floats
    second: Floats

    @classmethod
    def of(cls, scale: str, features: NDArray[np.float32]) -> Scaling:
        """That of these features, (rows, columns), at least one row; computed in float64."""
        rows, columns = features.shape
        if scale == "none":
            return cls(scale, np.zeros(columns), np.ones(columns))
        low = np.min([block.min(axis=0) for block in blocks(features)], axis=0).astype(np.float64)
        high = np.max([block.max(axis=0) for block in blocks(features)], axis=0).astype(np.float64)
        if scale == "minmax":
            return cls(scale, low, high)
        equal = low == high  # their mean may be rounded, and must not make a spread
        mean = _sum(block.astype(np.float64) for block in blocks(features)) / rows
        std = np.sqrt(_sum((block - mean) ** 2 for block in blocks(features)) / rows)
        return cls(scale, np.where(equal, low, mean), np.where(equal, 0.0, std))

    @classmethod
    def read(cls, description: Mapping[str, Any]) -> Scaling:
        """From a result's JSON: `as_json` under "scaling", and the names of the columns."""
        found, columns = description["scaling"], len(description["columns"])
        if found["scale"] == "none":
            return cls("none", np.zeros(columns), np.ones(columns))
        first, second = (np.array(found[name], np.float64) for name in SCALES[found["scale"]])
        return cls(found["scale"], first, second)

    def as_json(self) -> dict[str, Any]:
        """{"scale": "standard", "mean": [...], "std": [...]}, with every bit of the numbers."""
        numbers = (self.first.tolist(), self.second.tolist())
        return {"scale": self.scale, **dict(zip(SCALES[self.scale], numbers, strict=False))}

    @property
    def spread(self) -> Floats:
        """What a column is divided by; 0 for one of equal numbers."""
        return self.second - self.first if self.scale == "minmax" else self.second

    def warnings(self, domain: str, names: Sequence[str]) -> Iterator[Sentence]:
        """What a person should know of the scaling of a node's columns: which of them are 0 now."""
        if constant := [name for name, spread in zip(names, self.spread, strict=True) if spread == 0]:
            yield Sentence(_CONSTANT, domain=domain, names=", ".join(constant))

    def apply(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features in the units of the model, (rows, columns)."""
        if self.scale == "none":
            return features
        return _divide(features.astype(np.float64) - self.first, self.spread).astype(np.float32)


def original_units(weights: NDArray[np.floating[Any]], scalings: Sequence[Scaling]) -> Floats:
    """The weights of a model for columns in their original units; `scalings` by rank, the intercept is last.

    w (x - a) / s = (w / s) x - w a / s. Whoever does this has the whole model and both parties' scaling: an observer,
    no party.
    """
    first = np.concatenate([scaling.first for scaling in scalings])
    original = _divide(weights[:-1], np.concatenate([scaling.spread for scaling in scalings]))
    return np.append(original, weights[-1] - original @ first)


def _sum(parts: Iterable[Floats]) -> Floats:
    """The sum of all rows, one after the other, as numpy adds the rows of a whole matrix."""
    total: Floats | float = 0.0
    for part in parts:
        part[0] += total
        total = part.sum(axis=0)
    return np.asarray(total)


def _divide(x: NDArray[np.floating[Any]], spread: Floats) -> Floats:
    """x / spread, and 0 where the spread is 0."""
    return np.divide(x, spread, out=np.zeros_like(x), where=spread > 0)
