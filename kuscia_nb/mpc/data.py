"""Training data as shares, read in batches of rows: two strategies, one interface.

Training multiplies the rows of a batch from both sides, X_b . w and X_b^T . r, over and over. A `TrainingData` holds
one party's part of X and its share of y, and gives a `Batch` for the rows of each step. How a product comes about is
its strategy:

`InterconnectionData`  a fresh triple for every product, message by message what interconnection peers send
                       (spec: ss_lr §8): X_b - A is opened anew each time, by both parties.
`PreprocessedData`     every party masks its own columns once, and the triples of all steps are made in bulk; a product
                       then sends one masked vector, and costs each party one pass over its own columns.

A batch is good for one use of each of its products: their masks and triples are used up then, and a mask that is sent
twice gives away the difference of what it hides.

Truncation is the one that the parties have agreed on (see `share`). With the TTP's help it takes messages: those of
SPU in SPU's order, up to five in a step, in `InterconnectionData`; two in `PreprocessedData`, whose pairs come in bulk.

In both, X has the columns of rank 0, those of rank 1, and a column of the constant one. A party's share of X is its own
columns, and zero elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple, Protocol

from ..errors import LinkError
from .ring import Ring
from .share import Share

SIGMOID_SHIFT = 3
"""The sigmoid's slope 1/8 as a truncation by three more bits: rounding z first and z/8 then gives the same number."""


class Layout(NamedTuple):
    """Which party has which columns, and how the rows are cut into batches. Both parties have the same one."""

    columns: tuple[int, int]
    """Feature columns of rank 0 and of rank 1."""
    batch_size: int
    """Rows in a batch."""
    batches: int
    """Batches in an epoch; rows behind the last one are not used."""
    epochs: int
    """How often all batches are used."""
    penalised: bool = True
    """Whether the weights carry a penalty (it has a part in the reference operator's PRSS draws)."""

    @property
    def width(self) -> int:
        """Columns of the matrix: all features and the constant."""
        return sum(self.columns) + 1

    def per_block(self, elements: int) -> int:
        """Batches that make up about so many elements of the matrix, at least one."""
        return max(1, elements // (self.batch_size * self.width))

    def owned(self, rank: int) -> slice:
        """The feature columns of a rank."""
        return slice(0, self.columns[0]) if rank == 0 else slice(self.columns[0], sum(self.columns))


class Batch(Protocol):
    """The rows of one step. All that it gives is truncated by `bits`."""

    async def dot(self, weights: Share | Ring, bits: int) -> Share:
        """X_b . w / 2^bits, shape (batch_size,)."""
        ...

    async def residual_dot(self, predictions: Share, bits: int) -> Share:
        """X_b^T . (p - y_b) / 2^bits, shape (width,)."""
        ...


class AssistedBatch(Batch, Protocol):
    """Where truncations take messages, or their order matters to the peer: all that is left of a step."""

    async def change(self, predictions: Share, weights: Share, rate: Ring, l2: Ring | None) -> Share:
        """rate * (X_b^T . (p - y_b) + l2 * w), shape (width,), in place of `residual_dot`.

        The result is this party's until it asks the next batch for its own.
        """
        ...


def used_up() -> LinkError:
    """Said of a product that a batch was asked for twice."""
    return LinkError(
        "the masks of this batch are used up", hint="each product once per batch; `batches` makes new ones"
    )


class TrainingData(Protocol):
    """One party's share of the rows X and of the targets y."""

    changes: bool
    """Whether its batches give `AssistedBatch.change`, in place of `residual_dot`."""

    def zero_weights(self) -> Share | Ring:
        """What training starts from, shape (width,): public, or a share."""
        ...

    def as_share(self, weights: Ring) -> Share:
        """Public weights as a share, at their first update."""
        ...

    def batches(self, epoch: int) -> AsyncIterator[Any]:
        """The batches of an epoch in order, a `Batch` or `AssistedBatch` each; epochs must be asked for in order."""
        ...
