"""Whether a training can converge, as one party tells it: against the eigenvalues, and against trainings that ran."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_ss_lr_parameters import complaint, parameters

from kuscia_nb.operators.ss_lr.parameters import Parameters
from kuscia_nb.operators.ss_lr.plaintext import Plaintext
from kuscia_nb.operators.ss_lr.stability import Stability

Floats = Any


def terms(rate: float, batch_size: int = 21, l2: float = 0.0) -> Parameters:
    """With so many fraction bits that the rate is as given."""
    return replace(parameters(), learning_rate=rate, batch_size=batch_size, l2_norm=l2, fxp_bits=28)


def largest_eigenvalue(features: Floats, rate: float, batch_size: int, l2: float) -> float:
    """Of learning_rate / 8 X^T X / n + learning_rate / batch_size * l2, with the constant column, which has no l2."""
    x = np.column_stack([features.astype(np.float64), np.ones(len(features))])
    penalty = np.append(np.full(features.shape[1], rate / batch_size * l2), 0)
    return float(np.linalg.eigvalsh(rate / 8 * x.T @ x / len(x) + np.diag(penalty))[-1])


DATA = {
    "uniform": lambda random, shape: random.uniform(-1, 1, shape),
    "normal": lambda random, shape: random.normal(0, 3, shape),
    "ages": lambda random, shape: random.uniform(18, 80, shape),
    "lognormal": lambda random, shape: random.lognormal(0, 1, shape),
    "correlated": lambda random, shape: random.normal(0, 1, (shape[0], 1)) + random.normal(0, 0.5, shape),
    "opposite": lambda random, shape: random.normal(0, 1, (shape[0], 1)) * np.resize([1, -1], shape[1]),
}


@pytest.mark.parametrize("shape", [(500, 1), (500, 4), (3000, 30)])
@pytest.mark.parametrize("kind", DATA)
def test_the_size_is_a_lower_bound_of_the_largest_eigenvalue_and_near_it(kind: str, shape: tuple[int, int]) -> None:
    features = DATA[kind](np.random.default_rng(1), shape).astype(np.float32)
    for l2 in (0.0, 5.0):
        exact = largest_eigenvalue(features, 0.05, 21, l2)
        found = Stability.of(features, terms(0.05, 21, l2))
        assert 0.75 * exact < found.size <= exact * 1.0001, "never above: what is certain is certain"
        assert found.swing >= found.size
        np.testing.assert_allclose(found.squares[:-1], 0.05 / 8 * (features**2).mean(0), rtol=1e-3)
        assert found.penalty == pytest.approx(0.05 / 21 * l2, rel=1e-4)


def test_a_sample_does_not_make_it_larger() -> None:
    """1,000 columns of 2,000 rows: of a few rows alone, the largest eigenvalue would be several times too large."""
    features = np.random.default_rng(2).normal(size=(2000, 1000)).astype(np.float32)
    exact = largest_eigenvalue(features, 0.1, 64, 0)
    assert 0.5 * exact < Stability.of(features, terms(0.1, 64)).size <= exact


def test_an_outlier_in_a_large_file_counts() -> None:
    features = np.zeros((200_000, 3), np.float32)
    features[123_457, 1] = 1e4
    found = Stability.of(features, terms(0.1))
    assert found.size == pytest.approx(0.1 / 8 * 1e8 / 200_000, rel=1e-3)


@pytest.mark.parametrize("value", [1e19, 1e30, 3e38])
def test_squares_beyond_float32_diverge(value: float) -> None:
    features = np.full((50, 2), value, np.float32)
    found = Stability.of(features, terms(0.01))
    assert found.diverges
    assert found.size > 1e30


def test_it_is_the_same_every_time() -> None:
    features = DATA["correlated"](np.random.default_rng(3), (5000, 8)).astype(np.float32)
    first, second = (Stability.of(features, terms(0.3)) for _ in range(2))
    assert (first.size, first.swing) == (second.size, second.swing)


# Against trainings.


def residual(features: Floats, rate: float, batch_size: int, epochs: int = 6) -> float:
    """Root mean square of p - y after a training in plaintext; it begins with 1/2."""
    random = np.random.default_rng(9)
    y = (features @ random.normal(size=features.shape[1]) + random.normal(size=len(features)) > 0) - 0.5
    x = np.column_stack([features.astype(np.float64), np.ones(len(features))])
    batches = len(x) // batch_size
    used = x[: batches * batch_size].reshape(batches, batch_size, -1)
    trained = Plaintext(used, y[: batches * batch_size].reshape(batches, -1), epochs, rate / batch_size, 0.0)
    with np.errstate(all="ignore"):
        error = x @ trained.weights()[-1] / 8 - y
        return float(np.sqrt((error**2).mean()))


SETTINGS = [
    (kind, batch_size, size)
    for kind in ("uniform", "ages", "correlated")
    for batch_size in (8, 32, 128)
    for size in (0.5, 0.9, 2.6)
]


@pytest.mark.parametrize(("kind", "batch_size", "size"), SETTINGS)
def test_what_is_certain_diverges_and_what_is_not_doubtful_does_not(kind: str, batch_size: int, size: float) -> None:
    """27 settings, all columns at one party: above 2 every run is wild, and no run is that nobody has a doubt of."""
    features = DATA[kind](np.random.default_rng(4), (1280, 6)).astype(np.float32)
    rate = size / largest_eigenvalue(features, 1.0, batch_size, 0)
    found = Stability.of(features, terms(rate, batch_size))
    wild = not residual(features, rate, batch_size) < 1
    if size > 2:
        assert found.diverges
        assert wild
    else:
        assert not found.diverges
        assert not wild


@pytest.mark.parametrize("batch_size", [1, 4, 21, 128])
@pytest.mark.parametrize("kind", ["uniform", "normal", "ages", "correlated"])
def test_no_training_without_a_doubt_at_either_party_is_wild(kind: str, batch_size: int) -> None:
    """Twelve columns, six at each party, and the rate at which the first doubt is just not there yet."""
    features = DATA[kind](np.random.default_rng(5), (1280, 12)).astype(np.float32)
    alice, bob = features[:, :6], features[:, 6:]
    swing = max(Stability.of(own, terms(0.01, batch_size)).swing for own in (alice, bob))
    rate = 0.9 * 0.01 / swing
    assert not any(Stability.of(own, terms(rate, batch_size)).doubtful for own in (alice, bob))
    assert residual(features, rate, batch_size) < 1
    assert not residual(features, 4 * rate, batch_size) < 1, "and a few times that is wild"


def test_small_batches_swing_more() -> None:
    """An error of x in N(0, 1) grows in the mean square above 2 / (1 + 2 / batch_size): E x^4 is 3."""
    features = np.random.default_rng(6).normal(size=(20_000, 1)).astype(np.float32)
    swings = {size: Stability.of(features, terms(0.1, size)).swing for size in (1, 4, 1000)}
    mean = Stability.of(features, terms(0.1, 1000)).size
    assert swings[1] / mean == pytest.approx(3, rel=0.15)
    assert swings[4] / mean == pytest.approx(1.5, rel=0.15)
    assert swings[1000] / mean == pytest.approx(1, rel=0.05)


# What no data can make right.


def test_a_rate_with_which_the_intercept_alone_diverges() -> None:
    """1 in every row: learning_rate / 8 * 1 is above 2."""
    assert "training diverges above 16" in complaint(learning_rate="20")
    assert parameters(learning_rate="15.9").learning_rate == 15.9


def test_a_penalty_that_diverges() -> None:
    """w - learning_rate / batch_size * l2_norm * w: batch_size divides the penalty as well."""
    text = complaint(learning_rate="0.05", l2_norm="1000")  # 0.05 / 21 * 1000 = 2.38
    assert "learning_rate / batch_size * l2_norm = 2.38" in text
    assert "at most 840" in text
    assert parameters(learning_rate="0.05", l2_norm="830").l2_norm == 830
    assert "l2_norm" in complaint(learning_rate="2.5", l2_norm="20")  # 2.38
    assert parameters(learning_rate="0.0001", l2_norm="1000").l2_norm == 1000
