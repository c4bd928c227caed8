"""The exercises of notebook 09: right answers in many forms, and what is said of typical mistakes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from answers import right, said

import kuscia_nb as kn


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def trained(cluster: kn.Cluster) -> kn.Job:
    """A model whose label is a line of all columns, so that the scores are one."""
    random = np.random.default_rng(1)
    shop = pd.DataFrame({"visits": random.uniform(0, 12, 900), "age": random.uniform(18, 90, 900)})
    bank = pd.DataFrame({"income": random.uniform(1, 5, 900)})
    shop["y"] = (shop["visits"] - shop["age"] / 9 + bank["income"] > 3).astype(int)
    cluster.put("alice", "shop.csv", shop)
    cluster.put("bob", "bank.csv", bank)
    manifest = kn.template("lr", alice="shop.csv", bob="bank.csv", id_column="", job="customers")
    return cluster.apply(manifest).wait(60)


def scored(cluster: kn.Cluster, trained: kn.Job, name: str, **common: str) -> kn.Job:
    task = trained.tasks.query("alias == 'ss_lr_1'")["task"].iloc[0]
    own = {
        role: {"0": {"namespace": "data", "name": file}} for role, file in (("host", "shop.csv"), ("guest", "bank.csv"))
    }
    config = {
        "name": "score",
        "module_name": "ss_lr_predict",
        "output": [{"type": "dataset", "key": "scores"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {**own, "common": {"model_task": task, **common}},
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    one = {"alias": "score", "appImage": "ss-lr-predict", "parties": parties, "taskInputConfig": json.dumps(config)}
    head = {"apiVersion": "kuscia.secretflow/v1alpha1", "kind": "KusciaJob", "metadata": {"name": name}}
    return cluster.apply({**head, "spec": {"initiator": "alice", "tasks": [one]}}, replace=True).wait(60)


def test_bob_gets_the_scores(cluster: kn.Cluster, trained: kn.Job) -> None:
    right("9.1", scored(cluster, trained, "bank", receiver="guest.0"))
    assert "alice has learned the scores" in said("9.1", scored(cluster, trained, "shop"))
    assert "job.wait" not in said("9.1", 3)


@pytest.mark.parametrize("answer", [(0.97, 0.5), [0.97, 0.5], np.array([0.97, 0.5]), ("0.97", "0.5")])
def test_a_model_that_knows_nothing(answer: Any) -> None:
    right("9.2", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((97, 50), "numbers from 0 to 1"),
        ((0.03, 0.5), "always says 1"),
        ((0.5, 0.5), "accuracy is another one"),
        ((0.97, 0.97), "the AUC is not"),
        (0.97, "A pair is asked for"),
        ("0.97", "A pair is asked for"),
    ],
)
def test_what_is_said_of_other_pairs(answer: Any, words: str) -> None:
    assert words in said("9.2", answer)


def test_scores_tell_the_weights_of_ones_own_columns(cluster: kn.Cluster, trained: kn.Job) -> None:
    shop, scores = cluster.data("alice", "shop.csv"), trained.predictions("alice")["score"]
    own = shop[["visits", "age"]].assign(one=1.0).to_numpy()
    found = np.linalg.lstsq(own, scores.to_numpy(), rcond=None)[0]
    right("9.3", (trained, found[:2]))
    assert "another one" in said("9.3", (trained, [found[0], 5 * found[1]]))
    scaled = trained.weights().set_index("feature")["weight"]
    assert "scaled columns" in said("9.3", (trained, scaled[["visits", "age"]].tolist()))
    assert "A job is asked for" in said("9.3", (3, found[:2]))
