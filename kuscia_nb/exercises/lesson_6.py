"""The exercises of notebook 06, training on shares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.sample import tutorial_manifest
from ..texts.sentence import Sentence
from .checking import Unanswered, Wrong, called, exercise, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..job import Job

BYTES = 8
"""Of a ring element."""
COLUMNS, BATCH_SIZE = 5, 50
"""Columns of both parties without the constant one; rows of a batch."""
SIZES = ((1_000, 1), (1_030, 1), (5_000, 3))
"""Rows and epochs with which the function is tried."""

ULP = 2.0**-18
CELLS, HALF, NEAR = 8, 2.0**45, 0.02
"""Rows of exercise 6.2's job, of which a trace keeps all; half of the ring; how a float of that size rounds."""

BATCHES, EPOCHS, LATENCY = 200, 10, 0.05
ROUNDS = {"preprocessed": 2, "interconnection": 4}
"""Of a batch."""
FREE_ROUNDS = 2
"""What the first batch of all saves with `interconnection`: its weights are public."""


def opened(rows: int, epochs: int, weights: int = COLUMNS + 1) -> tuple[int, int]:
    """Numbers that one party opens, by product: all X w but the first, and all X^T r."""
    steps = epochs * (rows // BATCH_SIZE)
    matrix = BATCH_SIZE * weights
    return (steps - 1) * (matrix + weights), steps * (matrix + BATCH_SIZE)


@exercise(
    "6.1",
    "A product of an m x k matrix with a vector opens m * k + k numbers, and each party sends its share of every one.",
    "A batch has two products: X w with 50 x 6 numbers and 6, and X^T r with 6 x 50 numbers and 50.",
    "The very first X w of the job opens nothing, because its weights are public zeros. Rows that are left over are not"
    " used.",
    why="The whole batch travels twice, masked anew, in both directions. With preprocessed a batch sends only weights "
    "and errors, less than a tenth of that; the columns go over once.",
)
def bytes_opened(answer: Any) -> None:
    for rows, epochs in SIZES:
        value = number(called(answer, rows, epochs))
        first, second = (2 * BYTES * count for count in opened(rows, epochs))
        if value == first + second:
            continue
        of_a_product = 2 * BYTES * (BATCH_SIZE + 1) * (COLUMNS + 1)
        mistakes = {
            (first + second) / 2: Sentence("This is one direction; both parties send."),
            (first + second) / BYTES: Sentence("This is how many numbers are sent; each has 8 bytes."),
            first + second + of_a_product: Sentence(
                "The very first product is with weights that both know: it opens nothing."
            ),
            first: Sentence("A batch has two products, and this has only X w."),
            second: Sentence("A batch has two products, and this has only X^T r."),
            2 * BYTES * sum(opened(rows, epochs, COLUMNS)): Sentence("The constant column is a column, too."),
            2 * BYTES * sum(opened(rows, 1)): Sentence("The second epoch opens everything again, with new triples."),
        }
        asked = Sentence("For {rows:,} rows and num_epoch = {epochs}: ", rows=rows, epochs=epochs)
        if (found := mistakes.get(value)) is not None:
            raise Wrong("{asked}{mistake}", asked=asked, mistake=found)
        if rows % BATCH_SIZE:
            raise Wrong("{asked}the rows behind the last whole batch are not used.", asked=asked)
        raise Wrong(
            "{asked}this gives {value:,.0f}, and it is less."
            if value > first + second
            else "{asked}this gives {value:,.0f}, and it is more.",
            asked=asked,
            value=value,
        )


@exercise(
    "6.2",
    "Alice sees F of bob, and the TTP sees A of bob. F = X - A.",
    "rows(7) of a view is a list; each row has a name, whose it is (of), and its elements (ring).",
    "Add the elements of F and A modulo 2**64. What is 2**63 or more stands for a negative number; divide by 2**18.",
    why="One addition for each cell, and a whole column of bob's is open to them. This is why the TTP must not collude "
    "with a party, and why it never gets to see the messages between them.",
)
def column_of_bob(answer: Any) -> None:
    with _small_job() as (job, columns):
        found = _column(called(answer, job.trace.view("alice"), job.trace.view("ttp")))
    if np.abs(found - columns["bob"]).max() < 2 * ULP:
        return
    if np.abs(found - columns["alice"]).max() < 2 * ULP:
        raise Wrong("This is alice's own column.")
    for scaled in (found, found * ULP):
        if np.abs((scaled + HALF) % (2 * HALF) - HALF - columns["bob"]).max() < NEAR:
            if scaled is not found:
                raise Wrong("These are integers in the ring; a cell is that many units of 2^-18.")
            raise Wrong("What is 2^63 or more stands for a negative number, and sums are taken modulo 2^64.")
    if np.abs(found).max() > 1:
        raise Wrong("All cells are between -1 and 1. These numbers still have a mask, or not the right one.")
    raise Wrong("Bob's column is another one.")


@contextmanager
def _small_job() -> Iterator[tuple[Job, dict[str, NDArray[np.float64]]]]:
    """A job of one batch on a column of each party's that nobody has seen before, and the two columns."""
    import pandas as pd

    from ..connection import connect

    random = np.random.default_rng()
    columns = {node: random.uniform(-1, 1, CELLS) for node in ("alice", "bob")}
    manifest = tutorial_manifest().replace('"batch_size":21', f'"batch_size":{CELLS}').replace(":0.0001", ":0.1")
    with TemporaryDirectory() as folder, connect(storage=folder) as cluster:
        labels = np.arange(CELLS) % 2
        cluster.put("alice", "perfect_logit_a.csv", pd.DataFrame({"own": columns["alice"], "y": labels}))
        cluster.put("bob", "perfect_logit_b.csv", pd.DataFrame({"hidden": columns["bob"]}))
        yield cluster.apply(manifest, trace="full").wait(), columns


def _column(answer: Any) -> NDArray[np.float64]:
    """The answer as numbers."""
    try:
        found = np.asarray(answer, float)
    except (TypeError, ValueError):
        raise Wrong("A list of numbers is asked for, and this is of type {kind}.", kind=type(answer).__name__) from None
    if found.shape != (CELLS,):
        raise Wrong(
            "A column of {count} numbers is asked for, and this has the shape {shape}.", count=CELLS, shape=found.shape
        )
    return found


@exercise(
    "6.3",
    "Two messages that cross each other are one round, and take 50 ms together.",
    "There are 200 * 10 batches, with two rounds each, or four.",
    why="200 and 400 seconds, whatever the bandwidth (the first batch of interconnection saves a tenth of a second). "
    "Batches of twice the size would halve both.",
)
def seconds_of_waiting(answer: Any) -> None:
    parts = list(answer) if isinstance(answer, Iterable) and not isinstance(answer, str) else [answer]
    if any(part is ... or part is None for part in parts):
        raise Unanswered
    if len(parts) != len(ROUNDS):
        raise Wrong("Two numbers are asked for: with preprocessed, and with interconnection.")
    given = dict(zip(ROUNDS, map(number, parts), strict=True))
    right = {strategy: rounds * BATCHES * EPOCHS * LATENCY for strategy, rounds in ROUNDS.items()}
    if list(given.values()) == list(right.values())[::-1]:
        raise Wrong("These are the right numbers in the wrong order.")
    for strategy, value in given.items():
        if abs(value - right[strategy]) > FREE_ROUNDS * LATENCY + 1e-9:
            raise Wrong("With {strategy}: {mistake}", strategy=strategy, mistake=_mistake(value, right[strategy]))


def _mistake(value: float, right: float) -> Sentence:
    """What is wrong with a number of seconds."""
    factors = {
        2: Sentence("this is twice the time; messages that cross each other are on their way at the same time."),
        1 / EPOCHS: Sentence("this is one epoch."),
        1000: Sentence("these are milliseconds."),
        1 / LATENCY: Sentence("this is the number of rounds, and each takes 50 ms."),
        1 / BATCHES: Sentence("this is one batch of each epoch."),
        1 / 2: Sentence("a batch has twice as many rounds."),
    }
    near = (text for factor, text in factors.items() if math.isclose(value, factor * right, rel_tol=1e-3))
    return next(near, Sentence("it is less." if value > right else "it is more."))
