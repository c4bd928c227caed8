"""How far the steps of a training can take a weight: one beyond is no weight of a model.

A step changes a weight by learning_rate times the mean of x * (p - y) over a batch. In a training that converges the
residuals p - y do not grow from the 1/2 that they start with; with 1 for them there is room for batches that differ:

    |w| <= steps * (learning_rate * largest |x| + rounding)        and largest |x| = 1 for the intercept

A step rounds its gradient, times learning_rate / batch_size, and its own result, each by an ulp at most.
The penalty only draws weights to 0. A training that diverges is soon beyond that, and so is one in which a product of
secrets has wrapped around the ring, which is off by 2^(61 - fxp_bits) at least before the rate makes it smaller.

Each party has its bound in its result's description. In place of its largest feature, which may be one person's, it
takes the power of two above.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...texts.sentence import Sentence
from .parameters import Parameters

_BEYOND = "the weight of {feature} is {weight:.3g}, and this job's steps reach {reach:.3g} at most: {why}; {advice}"
_WHY = "the training has diverged, or a product has wrapped around the ring"
_ADVICE = "scale the features to [-1, 1] (scale: minmax), or lower learning_rate"


def reach(parameters: Parameters, steps: int, largest: float = 1.0) -> float:
    """The bound for the weight of a feature, or of the intercept, whose largest |value| is `largest`."""
    rounding = (1 + parameters.step_rate / 2**parameters.fxp_bits) / 2**parameters.fxp_bits
    return steps * (parameters.effective_rate * largest + rounding)


def description(parameters: Parameters, steps: int, largest: float) -> dict[str, float]:
    """What a party says of it beside its result: the bound for its own features, and for the intercept."""
    power = 2.0 ** math.ceil(math.log2(largest)) if largest > 0 else 0.0
    return {"features": reach(parameters, steps, power), "intercept": reach(parameters, steps)}


def beyond(
    weights: NDArray[np.floating[Any]], names: Sequence[str], owned: Sequence[tuple[int, Mapping[str, float]]]
) -> Sentence | None:
    """What there is to say of a model with a weight out of reach; None of any other.

    `owned` has for each party, by rank, how many features it has and its `description`; the intercept is last.
    """
    bounds = np.array([*(own["features"] for count, own in owned for _ in range(count)), owned[0][1]["intercept"]])
    times = np.abs(weights) / np.maximum(bounds, np.finfo(np.float64).tiny)
    worst = int(times.argmax())
    if times[worst] <= 1:
        return None
    numbers: dict[str, Any] = {"weight": float(weights[worst]), "reach": float(bounds[worst])}
    return Sentence(_BEYOND, feature=names[worst], **numbers, why=Sentence(_WHY), advice=Sentence(_ADVICE))
