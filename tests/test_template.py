"""Jobs to begin with: what a template writes is a job that runs, and suggested parameters make a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

import kuscia_nb as kn
from kuscia_nb.control.manifest import read_manifest
from kuscia_nb.errors import KusciaError
from kuscia_nb.operators.ss_lr.suggest import suggest

WAIT = 60


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path) as cluster:
        yield cluster


TASKS = {
    "psi-lr": ("psi_1", "ss_lr_1", "ss_lr_predict_1", "ss_lr_evaluate_1"),
    "lr": ("ss_lr_1", "ss_lr_predict_1", "ss_lr_evaluate_1"),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_template_is_a_manifest(name: str) -> None:
    job = read_manifest(kn.template(name, alice="它.csv", id_column='a "b"'))
    assert tuple(task.alias for task in job.spec.tasks) == TASKS[name]
    assert job.metadata.name == name


@pytest.mark.parametrize("arguments", [{"name": "psi"}, {"label_owner": "carol"}])
def test_what_there_is_not_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(KusciaError, match=r"psi-lr|alice"):
        kn.template(**arguments)


@pytest.mark.parametrize("label_owner", ["alice", "bob"])
def test_two_files_become_a_model_that_is_worth_something(cluster: kn.Cluster, label_owner: str) -> None:
    """scikit-learn's breast cancer data, unscaled, with the label on either side."""
    found: Any = load_breast_cancer()
    names = [name.replace(" ", "_") for name in found.feature_names]
    frames = {
        "alice": pd.DataFrame(found.data[:, :15], columns=names[:15]),
        "bob": pd.DataFrame(found.data[:, 15:], columns=names[15:]),
    }
    for node, frame in frames.items():
        frame.insert(0, "id", [f"p{i}" for i in range(len(frame))])
        cluster.put(node, f"{node}.csv", frame.assign(y=found.target) if node == label_owner else frame)
    training = kn.suggest(cluster)
    done = cluster.apply(kn.template("lr", label_owner=label_owner, **training)).wait(WAIT)
    evaluation: Any = done.evaluation().set_index("metric")["value"]
    assert evaluation["auc"] > 0.98
    assert done.report()["owner"] == label_owner


def test_shuffled_files_with_some_ids_in_common_are_aligned_first(cluster: kn.Cluster) -> None:
    """500 of 569 rows at alice, 450 at bob, each in an order of its own: 381 or more in common."""
    random = np.random.default_rng(2)
    found: Any = load_breast_cancer()
    ids, names = np.array([f"p{i}" for i in range(569)]), [name.replace(" ", "_") for name in found.feature_names]
    both = {}
    for node, columns, count in (("alice", slice(15), 500), ("bob", slice(15, 30), 450)):
        some = random.permutation(569)[:count]
        frame = pd.DataFrame(found.data[some, columns], columns=names[columns])
        frame.insert(0, "id", ids[some])
        both[node] = set(ids[some])
        cluster.put(node, f"{node}.csv", frame.assign(y=found.target[some]) if node == "alice" else frame)
    done = cluster.apply(kn.template("psi-lr", **kn.suggest(cluster))).wait(WAIT)
    scores: Any = done.predictions("alice")
    assert set(scores["id"]) == both["alice"] & both["bob"]
    truth = pd.Series(found.target, index=ids).reindex(scores["id"]).to_numpy()
    assert np.mean(scores["predicted"].to_numpy() == truth) > 0.93
    evaluation: Any = done.evaluation().set_index("metric")["value"]
    assert evaluation["auc"] > 0.98
    assert evaluation["rows"] == round(0.2 * len(scores))


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (40, 3), (569, 30), (10_000, 20), (10_000_000, 3000)])
def test_suggested_parameters_are_safe(rows: int, columns: int) -> None:
    found = suggest(rows, columns)
    assert 1 <= found["batch_size"] <= rows
    assert found["learning_rate"] / 8 * (columns + 1) <= 0.75  # far from 2, where training diverges for certain
    assert 1 <= found["num_epoch"] <= 50


def test_suggestions_count_no_ids_and_no_label(cluster: kn.Cluster) -> None:
    random = np.random.default_rng(1)
    cluster.put("alice", "a.csv", pd.DataFrame(random.normal(size=(500, 3)), columns=["customer", "x", "y"]))
    cluster.put("bob", "b.csv", pd.DataFrame(random.normal(size=(400, 2)), columns=["customer", "z"]))
    assert kn.suggest(cluster, "a.csv", "b.csv", id_column="customer") == suggest(400, 2)
