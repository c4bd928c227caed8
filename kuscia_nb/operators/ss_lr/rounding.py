"""Which truncation a job has: by each party alone as long as that hardly ever fails, else with the TTP's help.

Cutting the two shares of a product v by themselves fails with probability |v| 2^(2f) / 2^64, f being fxp_bits
[Mohassel, Zhang: SecureML, 2017, theorem 1]; failures are rare, so they add, over all products that a job truncates.
How large these are is a matter of both parties' data. A party estimates it from its own, and takes the peer's columns
to be like them:

    gradient of a column    at random, every row adding x_j times an error of about 1/2: sqrt(B) rms_j / 2. Beside it
                            what there is to learn, B rms_j / 2 times the correlation of x_j and y. It fades in
                            8 / (rate (B m + 8 l2)) steps, m being the mean square of a column.
    X w of a row            grows to 4 R in that time, R being the multiple correlation of all columns with y.

R is 0.6 here: real models have 0.3 to 0.9. The estimate is meant to be right within a factor of four.

With `auto` each party tells the other one bit: whether by its own estimate local truncation fails too often. If either
says so, the TTP helps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...data.blocks import Matrix, blocks
from ...options import variable
from ...texts.sentence import Sentence
from .parameters import Parameters

TRUNCATION = variable("truncation")
"""The variable that says how products are truncated, which is so with every operator of this package."""
TOO_MANY = 1e-3
"""Expected failures in a job, from which on `auto` takes the TTP."""

_CORRELATION = 0.6
_SLOPE = 8
_NORMAL = math.sqrt(2 / math.pi)
"""Mean |value| of a normal distribution with deviation 1."""

_ASKED = "Truncation: {rule}, as the job says."
_LOCAL = "Truncation: local, as {node} expects it to fail {failures:.1g} times in this job (auto: below {most:g})."
_TTP = "Truncation: ttp, as {node} expects local to fail {failures:.1g} times in this job (auto: from {most:g} on)."
_FAILS = (
    "local truncation is expected to fail {failures:.1g} times in this job, and once can spoil the model; "
    "with truncation auto or ttp it does not fail"
)


class Choice(NamedTuple):
    """How one party wants products to be truncated."""

    asked: str
    """auto, local or ttp, for both parties."""
    failures: float
    """How many local truncations this party expects to fail. That is its own matter: it follows from its data."""

    @classmethod
    def of(cls, environment: Mapping[str, str], parameters: Parameters, features: Matrix) -> Choice:
        """Of a party that trains on these columns. Without feature_nums the peer's are taken to be as many."""
        counts = parameters.feature_nums
        columns = sum(counts.values()) if counts else 2 * features.shape[1]
        return cls(environment.get(TRUNCATION, "auto"), expected_failures(parameters, features, columns))

    @property
    def assisted(self) -> bool:
        """Whether the TTP has to help: the bit that the peer is told."""
        return self.asked == "ttp" or (self.asked == "auto" and self.failures >= TOO_MANY)

    def note(self, node: str) -> Sentence:
        """What the report says, from the party that decided."""
        if self.asked != "auto":
            return Sentence(_ASKED, rule=self.asked)
        return Sentence(_TTP if self.assisted else _LOCAL, node=node, failures=self.failures, most=TOO_MANY)

    def warnings(self) -> Iterable[Sentence]:
        """What is said of a truncation that was asked for although it may fail."""
        if self.asked == "local" and self.failures >= TOO_MANY:
            yield Sentence(_FAILS, failures=self.failures)


def agreed(bits: Sequence[bool]) -> tuple[bool, int]:
    """From what both parties have said, by rank: whether the TTP helps, and the rank that the report hears it from."""
    return any(bits), bits.index(True) if any(bits) else 0


def expected_failures(parameters: Parameters, features: Matrix, columns: int) -> float:
    """Of a job's local truncations, from one party's (rows, own columns) and how many columns both have."""
    size, rate = parameters.batch_size, parameters.step_rate / 2**parameters.fxp_bits
    steps = parameters.num_epoch * (len(features) // size)
    squares = np.zeros(features.shape[1])
    for block in blocks(features):
        squares += np.einsum("ij,ij->j", block, block)
    squares /= len(features)
    mean = float(squares.mean())
    pull = mean + _SLOPE * parameters.l2_norm / size
    done = steps * rate * size * pull / _SLOPE  # in times in which what there is to learn fades
    left = -math.expm1(-done) / done if done else 1.0  # of it, on average over all steps
    each = columns / len(squares)
    random, learned = 0.5 * math.sqrt(size), 0.5 * size * _CORRELATION / math.sqrt(columns) * left
    per_unit = math.hypot(_NORMAL * random, learned)
    gradient = per_unit * (each * float(np.sqrt(squares).sum()) + 1)
    score = 4 * _CORRELATION * (1 - left) * mean / pull
    penalty = parameters.l2_norm * math.sqrt(columns) * score / math.sqrt(mean) if mean else 0.0
    products = size * score + (1 + rate) * gradient + penalty
    return steps * products * 2.0 ** (2 * parameters.fxp_bits - 64)
