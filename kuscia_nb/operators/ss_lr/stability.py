"""Whether a training can converge: what one party can tell from its own columns, before anything runs.

With X_b for a batch's rows (both parties' features, and the constant column of the intercept) a step is

    w <- w - A_b w + c_b        A_b = learning_rate / (8 * batch_size) * X_b^T X_b + learning_rate / batch_size * l2 * P

(spec: ss_lr §2). P is 1 for each feature and 0 for the intercept; l2_norm is not a batch's mean, so it is divided by
batch_size along with the learning rate. An error e of the weights becomes e - A_b e. On average over the rows,

    A = learning_rate / 8 * X^T X / n + learning_rate / batch_size * l2 * P

and a step with all rows makes an error along an eigenvector of A larger if its eigenvalue is above 2.

*Certain.* One party's columns with the constant one are a principal submatrix of A, and A's largest eigenvalue is not
below that of any of these (Cauchy's interlacing theorem). For whatever direction v, v^T A v / v^T v is not above it.
So a party that finds one with more than 2 knows that the training diverges, whatever the peer has.

*Doubtful.* A's largest eigenvalue is at most the sum of both parties', so one that has less than 1 is safe for its
half. And batches differ from their average: an error grows in the mean square if E |A_b e|^2 > 2 e^T A e, which small
batches reach long before A does. `swing` is the quotient E |A_b e|^2 / e^T A e; above 1 the peer's columns decide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.blocks import Matrix, blocks
from .parameters import Parameters

Floats = NDArray[np.float64]

LIMIT = 2.0
"""Of the largest eigenvalue of A, and of the swing."""
HALF = LIMIT / 2
"""What one of two parties may have of it."""
_TURNS = 8
"""Of the power iteration. Fewer than it takes to converge only give a lower bound that is less sharp."""
_SAMPLE = (2**14, 2**17)
"""The least and the greatest number of cells in which a direction is looked for; between them, a part of all cells."""
_PART = 16
_BATCHES = 8
"""The least number of batches that are compared, of which fewer rows are taken if they are large."""


class Stability(NamedTuple):
    """What steps do to errors of the weights, in a direction that is bad for one party's columns.

    Everything is proportional to the learning rate, and but for the penalty's part to the squares of the features.
    """

    size: float
    """A lower bound of A's largest eigenvalue."""
    swing: float
    """E |A_b e|^2 / e^T A e, not below `size`."""
    squares: Floats
    """Each column's part of `size` on its own, (columns + 1,): learning_rate / 8 times its mean square; then 1's."""
    penalty: float
    """learning_rate / batch_size * l2_norm."""

    @property
    def diverges(self) -> bool:
        return self.size > LIMIT

    @property
    def doubtful(self) -> bool:
        return self.swing > HALF

    @classmethod
    def of(
        cls, features: Matrix, parameters: Parameters, change: Callable[[Matrix], Matrix] | None = None
    ) -> Stability:
        """Of one party's features, (rows, columns), at least one row, or of what `change` makes of some of them.

        It takes about a pass over them.
        """
        rate = parameters.effective_rate
        penalty = np.append(np.full(features.shape[1], rate / parameters.batch_size * parameters.l2_norm), 0.0)
        with np.errstate(over="ignore", invalid="ignore"):  # a size beyond all bounds is one, too
            change = change or _as_it_is
            batches, per = _sample(features, parameters.batch_size, change)
            direction = _direction(batches.reshape(-1, batches.shape[2]), rate / 8, penalty)
            squares, along = _mean_squares(features, direction, change)
            size = rate / 8 * along + direction @ (penalty * direction)
            size = max(size, float((rate / 8 * squares + penalty).max()))
            swing = size + _variation(batches, direction, rate / 8, penalty) * per / parameters.batch_size
        size, swing = (float(value) if np.isfinite(value) else np.inf for value in (size, swing))
        return cls(size, swing, rate / 8 * squares, float(penalty[0]))


def _as_it_is(features: Matrix) -> Matrix:
    return features


def _sample(features: Matrix, batch_size: int, change: Callable[[Matrix], Matrix]) -> tuple[Floats, int]:
    """Some batches spread over the file, with the constant column, (batches, rows, columns + 1); and rows in each."""
    rows, columns = features.shape
    cells = min(max(_SAMPLE[0], features.size // _PART), _SAMPLE[1])
    whole = max(1, rows // batch_size)
    per = max(1, min(batch_size, rows, cells // min(_BATCHES, whole) // (columns + 1)))
    count = max(1, min(whole, cells // (per * (columns + 1))))
    starts = np.arange(count) * whole // count * batch_size
    found = change(features[(starts[:, None] + np.arange(per)).ravel()]).reshape(count, per, columns).astype(np.float64)
    return np.concatenate([found, np.ones((count, per, 1))], axis=2), per


def _direction(rows: Floats, rate: float, penalty: Floats) -> Floats:
    """A vector of length 1 near the eigenvector of the sample's largest eigenvalue: power iteration."""
    v = np.sqrt(np.einsum("ij,ij->j", rows, rows))
    gram = rows.T @ rows if len(rows) > rows.shape[1] else None
    for _ in range(_TURNS):
        v = v / np.abs(v).max()
        v = rate / len(rows) * (rows.T @ (rows @ v) if gram is None else gram @ v) + penalty * v
    return v / np.linalg.norm(v)


def _variation(batches: Floats, e: Floats, rate: float, penalty: Floats) -> float:
    """(E |A_b e|^2 - |A e|^2) / e^T A e of these batches: what is added because they differ."""
    along = batches @ e
    changed = rate / batches.shape[1] * (along[:, None] @ batches)[:, 0] + penalty * e
    energy = rate * (along**2).mean() + e @ (penalty * e)
    return float(((changed - changed.mean(0)) ** 2).sum(1).mean() / energy)


def _mean_squares(features: Matrix, direction: Floats, change: Callable[[Matrix], Matrix]) -> tuple[Floats, float]:
    """Over all rows, the mean square of each column and of the constant one, (columns + 1,), and along a direction."""
    squares, along = np.zeros(features.shape[1]), 0.0
    single = direction.astype(np.float32)
    for block in map(change, blocks(features)):
        squares += np.einsum("ij,ij->j", block, block)
        products = block @ single[:-1] + single[-1]
        along += float(products @ products)
    return np.append(squares / len(features), 1.0), along / len(features)
