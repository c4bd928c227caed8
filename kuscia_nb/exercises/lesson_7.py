"""The exercises of notebook 07, fixed point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..job import Job
from ..operators.ss_lr.observed import Material
from .checking import Wrong, exercise, number, sample

if TYPE_CHECKING:
    import pandas as pd

RATE, ROWS, NEAR = 0.0003, 50, 0.02
"""learning_rate, batch_size, and how much the used rate may differ."""

PRODUCTS, SIZE, WRAPS = 2_000_000, 40, 0.01

LEARNED, GOAL, BATCH = 8000, 0.89, 21
"""Rows that may be learned from, the accuracy on the others, and the rows of a batch."""


def off(bits: int) -> float:
    """How much the rate of exercise 7.1 is off with so many bits, as a part of 1 (spec: ss_lr §2)."""
    units = 2**bits
    used = math.floor(int(RATE * units) * int(units / ROWS) / units + 0.5)
    return used / units / (RATE / ROWS) - 1


def wraps(bits: int) -> float:
    """How many products of exercise 7.2 are expected to wrap around (share.py)."""
    return PRODUCTS * SIZE * 2.0 ** (2 * bits - 64)


@exercise(
    "7.1",
    "How many ulp is 0.0003 / 50? With 18 bits, for example: 0.000006 * 2**18 = 1.57, which is used as 2.",
    "Try one number of bits after the other, and compare the rounded number of ulp with the exact one.",
    "More bits do not always help: what counts is how near to a whole number the rate comes.",
    why="6e-06 is 25.2 ulp with 22 bits and used as 25. It is nearly 5 % low with 19 or 20 bits, 3 % high with 21.",
)
def smallest_bits(answer: Any) -> None:
    value = number(answer)
    if value != int(value) or not 1 <= value <= 30:
        raise Wrong("fxp_bits is a whole number from 1 to 30.")
    bits, right = int(value), next(bits for bits in range(1, 31) if abs(off(bits)) < NEAR)
    if bits == right:
        return
    if bits > right:
        raise Wrong("There is a smaller one that will do.")
    if off(bits) == -1:
        raise Wrong("With {bits} bits the rate becomes 0, and the job is refused.", bits=bits)
    raise Wrong(
        "With {bits} bits the rate is {off:.1f} % too low."
        if off(bits) < 0
        else "With {bits} bits the rate is {off:.1f} % too high.",
        bits=bits,
        off=100 * abs(off(bits)),
    )


@exercise(
    "7.2",
    "Each product wraps with the chance |v| * 2^(2f) / 2^64, and the chances of all of them add up.",
    "2,000,000 * 40 * 2^(2f - 64) has to stay below 0.01. Try some f.",
    why="Two million products of size 40 leave room for 15 bits. With columns scaled so that products are at most 1, "
    "it would be 18. Scaling is better than giving up bits.",
)
def largest_bits(answer: Any) -> None:
    value = number(answer)
    if value != int(value) or not 1 <= value <= 30:
        raise Wrong("fxp_bits is a whole number from 1 to 30.")
    bits, right = int(value), max(bits for bits in range(1, 31) if wraps(bits) < WRAPS)
    if bits == right:
        return
    if bits < right:
        raise Wrong("It is safe, but there is a larger one that is safe too.")
    if bits == max(bits for bits in range(1, 31) if wraps(bits) < PRODUCTS * WRAPS):
        raise Wrong("For one product that is so. There are two million.")
    if bits == max(bits for bits in range(1, 31) if wraps(bits) < SIZE * WRAPS):
        raise Wrong("That is for products as large as 1.")
    expected = f"{wraps(bits):.2g}"
    raise Wrong("With {bits} bits, {expected} wraps are to be expected.", bits=bits, expected=expected)


@exercise(
    "7.3",
    "8,000 rows are 380 batches of 21. Which learning rate needs 380 steps to get within 5 %?",
    "72 / 380 is 0.19; something above that. And l2_norm pulls all weights but the intercept towards 0.",
    "Leave out the penalty, l2_norm = 0, and take a learning_rate between 0.2 and 0.5.",
    why="380 steps are enough if the learning rate is right. The tutorial's 0.0001 would have needed 720,000.",
)
def one_epoch(answer: Any) -> None:
    if not isinstance(answer, Job):
        raise Wrong("A job is asked for, and this is of type {kind}.", kind=type(answer).__name__)
    answer.wait()
    material = Material.read([answer.env(node) for node in answer.nodes], since=math.inf)
    parameters = material.parameters
    if parameters.batch_size != BATCH:
        raise Wrong("The batches have to stay at {size} rows.", size=BATCH)
    if parameters.num_epoch != 1:
        raise Wrong("One epoch is allowed, and these are {epochs}.", epochs=parameters.num_epoch)
    if len(material.labels) != LEARNED:
        rows = len(material.labels)
        raise Wrong(
            "The job has to learn from the first 8,000 rows, as run(...) does; it has seen {rows:,}.", rows=rows
        )
    if not np.array_equal(material.labels, sample()[0]["y"][:LEARNED]):
        raise Wrong("The job has to learn from the first 8,000 rows, as run(...) does; it has seen others.")
    accuracy = _accuracy(answer.weights())
    if accuracy >= GOAL:
        return
    left = math.exp(-material.layout.batches * parameters.learning_rate / 24)
    if left > 0.15:
        raise Wrong(
            "{accuracy:.1%} are right. The weights are still on their way: {left:.0%} of it is left.",
            accuracy=accuracy,
            left=left,
        )
    if parameters.l2_norm > 0.1:
        raise Wrong(
            "{accuracy:.1%} are right. The penalty holds the columns' weights down, and not the intercept.",
            accuracy=accuracy,
        )
    raise Wrong("{accuracy:.1%} are right. Does every small batch throw the weights about?", accuracy=accuracy)


def _accuracy(weights: pd.DataFrame) -> float:
    """On the sample's rows that were put aside."""
    alice, bob = (frame[LEARNED:] for frame in sample())
    model = weights.set_index("feature")["weight"]
    rows = alice.join(bob).assign(intercept=1.0)
    return float(np.mean((rows[model.index] @ model > 0) == alice["y"]))
