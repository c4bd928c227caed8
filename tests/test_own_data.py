"""Small files of people's own, end to end: what is good, what is warned of, what is refused, and in which words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kuscia_nb as kn
from kuscia_nb.errors import DataError, JobError, KusciaError, ModelWarning
from kuscia_nb.views import texts
from kuscia_nb.views.job import Report
from kuscia_nb.views.result import result

ROWS = 420
RANDOM = np.random.default_rng(7)
U, V, W = RANDOM.uniform(-1, 1, (3, ROWS))
Y = (U - V + W + RANDOM.normal(0, 0.3, ROWS) > 0).astype(int)
AGE = np.round(49 + 31 * U)

File = pd.DataFrame | str | bytes


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


def run(cluster: kn.Cluster, alice: File, bob: File, *, own: Any = (), shadow: bool = False, **terms: Any) -> kn.Job:
    """A job on these files; `own` are parameters of alice's alone. It has ended."""
    for node, content in (("alice", alice), ("bob", bob)):
        if isinstance(content, pd.DataFrame):
            cluster.put(node, "own.csv", content)
        else:
            path = cluster.nodes[node] / "data" / "own.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    parameters = {"batch_size": 21, "learning_rate": 0.05, "l2_norm": 0.01, "num_epoch": 2} | terms
    place = {"name": "own.csv", "namespace": "data"}
    config = {
        "name": "ss_lr_1",
        "module_name": "ss_lr",
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {
            "host": {"0": place | {"has_label": True} | dict(own)},
            "guest": {"0": place | {"has_label": False}},
            "common": parameters,
        },
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    task = {"alias": "ss_lr_1", "appImage": "ss-lr", "parties": parties, "taskInputConfig": json.dumps(config)}
    manifest = {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": "own"},
        "spec": {"initiator": "alice", "tasks": [task]},
    }
    job = cluster.apply(manifest, shadow=shadow, replace=True)
    try:
        job.wait(60)
    except KusciaError:
        assert job.phase == "Failed"
    return job


def shown(job: kn.Job) -> str:
    """The report as one line."""
    return re.sub(r"\s+", " ", Report.of(job).text())


# A job that each party takes for possible, and that diverges: what puts the shares together says so.


@pytest.fixture(scope="module")
def diverged(cluster: kn.Cluster) -> kn.Job:
    """Each party has 1.6 of 2, of the same column: together 3.2, and a step makes an error 2.2 times as large."""
    scale = (1.6 * 8 / 0.05 / np.mean(U**2)) ** 0.5
    alice, bob = pd.DataFrame({"u": U * scale, "y": Y}), pd.DataFrame({"v": U * scale})
    return run(cluster, alice, bob, shadow=True)


def test_a_model_out_of_reach_is_told_wherever_it_is_shown(
    cluster: kn.Cluster, diverged: kn.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert diverged.phase == "Succeeded"
    assert sum("training may diverge" in warning for warning in diverged.warnings) == 2
    with pytest.warns(ModelWarning) as caught:
        weights = diverged.weights()
    [said] = [str(warning.message) for warning in caught]
    assert re.match(
        r"the weight of (u|v|intercept) is \S+, and this job's steps reach \S+ at most: the training has", said
    )
    assert said.endswith("scale the features to [-1, 1] (scale: minmax), or lower learning_rate")
    assert np.abs(weights["weight"].to_numpy()).max() > 1e4
    assert f"Warning: {said}" in shown(diverged)
    html = escape(f"Warning: {said}")
    assert html in diverged._repr_mimebundle_()["text/html"]
    found = result(diverged, cluster.nodes)
    assert f"Warning: {said}" in re.sub(r"\s+", " ", repr(found))
    assert html in found._repr_mimebundle_()["text/html"]
    assert "Warning" not in repr(result(diverged, cluster.nodes, "alice")), "one share says nothing"
    monkeypatch.setattr(texts, "_chosen", "zh")
    assert "而本作业的训练步最多只能达到" in Report.of(diverged).text()


def test_a_shadow_that_diverges_says_so_instead_of_digits(diverged: kn.Job) -> None:
    said = "Teacher's shadow: the plaintext run diverges as well"
    assert repr(diverged.shadow) == said
    assert diverged.shadow._repr_html_() == f"<p><strong>{said}</strong></p>"
    assert said in shown(diverged)
    assert not re.search(r"\d{30}", shown(diverged).partition("Teacher's shadow")[2])
    for picture in (diverged.pictures.weights, diverged.pictures.truncation):
        with pytest.raises(JobError, match="the plaintext run diverges as well"):
            picture()


def test_a_wrapped_product_is_told(cluster: kn.Cluster) -> None:
    """A share that is off by 2^43, as after a truncation of a prediction that wrapped, times the rate of a step."""
    job = run(cluster, pd.DataFrame({"u": U, "y": Y}), pd.DataFrame({"v": V}))
    assert job.warnings == []
    path = max(cluster.nodes["bob"].glob("own-*/*result"), key=lambda path: path.stat().st_mtime_ns)
    *lines, last = path.read_text().splitlines()
    off = round((float(last) + 2**25 * 0.05 / 21) * 2**18) / 2**18
    path.write_text("\n".join([*lines, f"{off:.18f}"]) + "\n")
    with pytest.warns(ModelWarning, match="the weight of intercept is .* a product has wrapped around the ring"):
        job.weights()


def test_a_good_model_gets_no_such_warning(cluster: kn.Cluster) -> None:
    job = run(cluster, pd.DataFrame({"u": U, "y": Y}), pd.DataFrame({"v": V}), shadow=True)
    assert np.abs(job.weights()["weight"].to_numpy()).max() < 1
    assert not job.shadow.diverges
    assert "Warning" not in shown(job)


def test_the_peer_of_a_party_that_refuses_hears_of_it(cluster: kn.Cluster) -> None:
    job = run(cluster, pd.DataFrame({"age": AGE, "y": Y}), pd.DataFrame({"v": V}), num_epoch=3)
    with pytest.raises(DataError, match="training would diverge") as caught:
        job.wait()
    assert caught.value.where.startswith("alice: data/own.csv, column 1 (age)")
    assert job.tasks["phase"].tolist() == ["Failed", "Failed"]
    assert not set(job.trace.messages["op"]) - {"handshake"}, "before anything runs"
    assert "training would diverge" in job.logs("alice")
    assert "alice" in job.logs("bob")
