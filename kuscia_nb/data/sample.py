"""Two CSV files like the tutorial's, made when they are first needed instead of shipped.

They have the names and the shape of Kuscia's perfect_logit_a.csv and perfect_logit_b.csv (spec: tutorial, row 5):
10,000 rows, 20 features uniform in [-1, 1), ten for each party, and with alice a label from a logistic model over all
of them. The numbers are the same on every machine. They are sample data and no secret, so a plain seeded generator
makes them.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .files import write_atomically

ROWS = 10_000
SEED = 20
TRUE_WEIGHTS = (
    *(-0.7, 1.8, 1.9, 2.6, -1.9, -1.0, 1.7, -1.4, 0.3, -0.1),
    *(0.8, -0.9, 0.1, 2.9, 2.6, 0.9, 1.4, -2.3, 0.7, -3.1),
)
"""What a model has to find, x1 to x20, up to a common factor; about those of Kuscia's files."""
TRUE_INTERCEPT = 2.2

_UNIT = 10**6  # features have six decimals


def tutorial_manifest() -> str:
    """The tutorial's job-ss-lr.yaml."""
    return resources.files("kuscia_nb.data").joinpath("job-ss-lr.yaml").read_text("utf-8")


def write_sample(alice: Path | None, bob: Path | None) -> None:
    """Write perfect_logit_a.csv (x1..x10 and y) and perfect_logit_b.csv (x11..x20), unless they exist, or are None."""
    if not any(path and not path.exists() for path in (alice, bob)):
        return
    features, labels = _draw()
    if alice and not alice.exists():
        names = [f"x{i}" for i in range(1, 11)] + ["y"]
        write_atomically(alice, _csv(names, _decimals(features[:, :10]), _digits(labels)))
    if bob and not bob.exists():
        names = [f"x{i}" for i in range(11, 21)]
        write_atomically(bob, _csv(names, _decimals(features[:, 10:])))


def _draw() -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Features in millionths, shape (rows, 20), and labels 0 or 1."""
    # numpy promises never to change what this old generator draws from a seed; the new ones may change.
    generator = np.random.RandomState(SEED)
    features = generator.randint(-_UNIT, _UNIT, size=(ROWS, len(TRUE_WEIGHTS)), dtype=np.int32)
    score = features @ (np.array(TRUE_WEIGHTS) / _UNIT) + TRUE_INTERCEPT
    labels = generator.random_sample(ROWS) < 1 / (1 + np.exp(-score))
    return features, labels.astype(np.uint8)


# Cells are written as characters in a matrix, one row for each line: twenty times as fast as number by number.


def _decimals(millionths: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Each number as the ten characters of '-0.123456,', a 0 byte standing for a sign that is not there."""
    cells = np.zeros((*millionths.shape, len("-0.123456,")), np.uint8)
    cells[..., 0] = np.where(millionths < 0, ord("-"), 0)
    cells[..., 2] = ord(".")
    cells[..., 9] = ord(",")
    rest = np.abs(millionths)
    for position in (8, 7, 6, 5, 4, 3, 1):
        rest, digit = np.divmod(rest, 10)
        cells[..., position] = digit + ord("0")
    return cells.reshape(len(millionths), -1)


def _digits(numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each number from 0 to 9 as the two characters of '1,'."""
    return np.column_stack([numbers + ord("0"), np.full_like(numbers, ord(","))])


def _csv(names: list[str], *columns: NDArray[np.uint8]) -> bytes:
    """A header line and a line for each row of characters, without 0 bytes and with a line end as the last comma."""
    characters = np.hstack(columns)
    characters[:, -1] = ord("\n")
    return (",".join(names) + "\n").encode() + characters[characters != 0].tobytes()
