"""The seam between what a person holds and where the nodes are: all of it works with a backend that is not ours."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from backend_double import Stage
from test_notebook import TUTORIAL

from kuscia_nb import connection
from kuscia_nb.backends.base import Backend, NodeApi
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.cluster import Cluster
from kuscia_nb.errors import DataError, JobError
from kuscia_nb.magics.completion import _kubectl, _kuscia
from kuscia_nb.magics.kubectl import kubectl
from kuscia_nb.panel import requests
from kuscia_nb.panel.entities import Tree
from kuscia_nb.views.result import result
from kuscia_nb.views.status import status


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The one that is up, in which nothing of ours runs."""
    cluster = Cluster(Stage(tmp_path))
    monkeypatch.setattr(connection, "_default", cluster)
    return cluster


def test_both_are_backends(tmp_path: Path) -> None:
    stage, local = Stage(tmp_path / "double"), LocalBackend(tmp_path / "local")
    backends: list[Backend] = [stage, local]  # as the type checker sees it, too
    nodes: list[NodeApi] = [node for backend in backends for node in backend.nodes.values()]
    assert [node.domain for node in nodes] == ["alice", "bob"] * 2
    local.close()


def test_a_cluster_keeps_files_and_jobs(cluster: Cluster) -> None:
    cluster.put("bob", "own.csv", pd.DataFrame({"a": [1, 2]}))
    assert cluster.data("bob", "own.csv")["a"].tolist() == [1, 2]
    assert cluster.data("alice").empty
    job = cluster.apply(TUTORIAL).wait(0)
    assert cluster.jobs()[["name", "phase"]].to_numpy().tolist() == [["job-ss-lr", "Succeeded"]]
    with pytest.raises(DataError, match="no node carol"):
        cluster.at("carol")
    assert repr(cluster) == "<Cluster double: alice, bob; 1 jobs>"
    job.delete()
    assert cluster.jobs().empty
    cluster.close()
    assert cluster.closed


def test_a_job_can_be_read_and_shown(cluster: Cluster) -> None:
    job = cluster.apply(TUTORIAL, seed=1).wait(0)
    assert job.weights()["weight"].tolist() == [2.0, 6 / 2**18, 9 / 2**18]
    assert job.shares("bob")["share"].tolist() == [3.0, 5 / 2**18, 7 / 2**18]
    assert job.tasks["progress"].tolist() == [1.0, 1.0]
    assert (job.phase, job.nodes, job.operators) == ("Succeeded", ["alice", "bob"], ["ss_lr"])
    for what in ("trace", "exchanges"):
        with pytest.raises(JobError, match=f"job job-ss-lr has no {what}: "):
            getattr(job, what)
    shown = job._repr_mimebundle_()
    for text in shown.values():
        assert "Repeatable run with seed 1" in text
        assert "Traffic" in text
        assert "nobody counts messages here" in text
    assert "results/job-ss-lr-ss_lr_1" in repr(result(job, cluster.nodes))
    assert "Succeeded" in repr(status(cluster))


def test_magics_and_the_panel_ask_it(cluster: Cluster) -> None:
    job = cluster.apply(TUTORIAL)
    assert str(kubectl("get kj")) == "alice: job-ss-lr\n"
    assert str(cluster.kubectl("get kj", node="bob")) == "bob: job-ss-lr\n"
    assert list(_kubectl(["get", "kj"], "")) == ["job-ss-lr"]
    assert list(_kuscia(["result"], "")) == ["job-ss-lr"]
    tree = Tree(lambda: None)
    entities = tree.look(cluster).entities
    assert {"alice", "bob", "alice/job-ss-lr", "bob/job-ss-lr", "ttp"} <= set(entities)
    assert entities["alice/job-ss-lr"]["phase"] == "Succeeded"  # type: ignore[typeddict-item]
    assert requests.METHODS["yaml"](node="bob", job=job.name) == {"text": "bob: job-ss-lr\n"}
    assert requests.METHODS["files"](node="bob") == []
    found = requests.METHODS["check"](magic="kusciajob", text=f"%%kusciajob\n{TUTORIAL}")
    assert any("alice" in one.message for one in found), "it has no domains, and says so"
    requests.METHODS["delete"](job=job.name)
    assert set(tree.look(cluster).removed) >= {"alice/job-ss-lr", "bob/job-ss-lr"}
    tree.close()
