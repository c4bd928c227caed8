"""The sample data has the shape that the tutorial describes (spec: tutorial, row 5)."""

from pathlib import Path

import numpy as np
import pytest

from kuscia_nb.data.sample import TRUE_INTERCEPT, TRUE_WEIGHTS, write_sample
from kuscia_nb.data.table import DataTable, read_table


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[DataTable, DataTable]:
    folder = tmp_path_factory.mktemp("sample")
    alice, bob = folder / "alice" / "data" / "perfect_logit_a.csv", folder / "bob" / "data" / "perfect_logit_b.csv"
    write_sample(alice, bob)
    return read_table(alice, 1, "alice"), read_table(bob, 1, "bob")


def test_columns_and_rows(tables: tuple[DataTable, DataTable]) -> None:
    alice, bob = tables
    assert alice.names == (*(f"x{i}" for i in range(1, 11)), "y")
    assert bob.names == tuple(f"x{i}" for i in range(11, 21))
    assert alice.values.shape == (10_000, 11)
    assert bob.values.shape == (10_000, 10)


def test_features_are_uniform_in_minus_one_to_one(tables: tuple[DataTable, DataTable]) -> None:
    features = np.hstack([tables[0].values[:, :10], tables[1].values]).astype(np.float64)
    assert features.min() >= -1
    assert features.max() < 1
    # Mean 0, variance 1/3, uncorrelated: within five standard errors of 10,000 rows.
    assert np.abs(features.mean(axis=0)).max() < 5 * np.sqrt(1 / 3 / 10_000)
    assert np.abs(features.var(axis=0) - 1 / 3).max() < 5 * np.sqrt(4 / 45 / 10_000)
    correlations = np.corrcoef(features.T) - np.eye(20)
    assert np.abs(correlations).max() < 5 / np.sqrt(10_000)


def test_labels_follow_the_logistic_model(tables: tuple[DataTable, DataTable]) -> None:
    features = np.hstack([tables[0].values[:, :10], tables[1].values, np.ones((10_000, 1))]).astype(np.float64)
    labels = tables[0].values[:, 10].astype(np.float64)
    assert set(labels) == {0, 1}
    weights, hessian = np.zeros(21), np.eye(21)
    for _ in range(10):  # Newton's method finds the most likely weights
        p = 1 / (1 + np.exp(-features @ weights))
        hessian = (features.T * (p * (1 - p))) @ features
        weights += np.linalg.solve(hessian, features.T @ (labels - p))
    errors = np.sqrt(np.diag(np.linalg.inv(hessian)))
    assert np.abs((weights - [*TRUE_WEIGHTS, TRUE_INTERCEPT]) / errors).max() < 4


def test_made_twice_it_is_the_same(tables: tuple[DataTable, DataTable], tmp_path: Path) -> None:
    write_sample(tmp_path / "a.csv", tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == tables[0].path.read_bytes()
    assert (tmp_path / "b.csv").read_bytes() == tables[1].path.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_files_that_exist_stay(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    write_sample(tmp_path / "a.csv", tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_text() == "mine"
    assert (tmp_path / "b.csv").read_text().startswith("x11,x12,")
