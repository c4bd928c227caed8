"""FATE-Flow itself orders jobs on two nodes: `make test-fate FATE_FLOW=<a checkout of FATE-Flow 2.2.0>`.

It runs from its source tree, with Python 3.9 and what `make` installs for it, on ports of this machine. It is a third
node: it schedules, and has no part in the jobs. So its docker module can be one that does nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from ports import free_port
from test_scheduler import assert_right, case, until

import kuscia_nb as kn
from kuscia_nb.errors import JobStopped, KusciaError

CHECKOUT = os.environ.get("FATE_FLOW", "")

SS_LR = {
    "componentName": "ss_lr",
    "title": "SS-LR",
    "provider": "secretflow",
    "version": "2.0.0",
    "description": "logistic regression on shares",
    "roleList": ["guest", "host"],
    "desVersion": "2.0.0",
    "storageEngine": ["s3"],
    "inputData": [{"name": "train_data", "description": "", "category": "dataset", "dataFormat": ["csv"]}],
    "outputData": [{"name": "train_data", "description": "", "category": "dataset", "dataFormat": ["csv"]}],
}


class Fate:
    """A running FATE-Flow."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        return requests.request(method, self.url + path, json=body, timeout=30).json()

    def create_all(self, body: dict[str, Any]) -> str:
        answer = self("POST", "/v1/interconn/schedule/job/create_all", **body)
        assert answer["code"] == 0, answer
        return body["job_id"]

    def states(self, job_id: str) -> dict[str, Any]:
        return self("GET", "/v1/interconn/schedule/job/status_all", job_id=job_id)["data"]

    def ended(self, job_id: str) -> dict[str, str]:
        """The states of a job's tasks, once it is over."""
        until(lambda: self.states(job_id)["job_status"] == "FINISHED")
        return self.states(job_id)["status"]


def configured(folder: Path, http: int, nodes: dict[str, str]) -> Path:
    """A copy of the checkout, which has to be called fate_flow, that knows the nodes; its server."""
    root = folder / "fate_flow"
    for part in ("python", "conf", "fateflow.env"):
        copy = shutil.copytree if (Path(CHECKOUT) / part).is_dir() else shutil.copyfile
        root.mkdir(exist_ok=True)
        copy(Path(CHECKOUT) / part, root / part)
    conf = root / "conf" / "service_conf.yaml"
    text = conf.read_text()
    for old, new in (("9999", "fate"), ("9380", str(http)), ("9360", str(free_port()))):
        assert old in text
        text = text.replace(old, new)
    conf.write_text(text)
    ports = {name: int(url.rpartition(":")[2]) for name, url in nodes.items()} | {"fate": http}
    routes = {name: {"host": "127.0.0.1", "port": port} for name, port in ports.items()}
    package = root / "python" / "fate_flow"
    (package / "adapter" / "bfia" / "conf" / "route_table.yaml").write_text(json.dumps(routes))
    (root / "python" / "docker.py").write_text("class DockerClient:\n    pass\n")
    return package / "fate_flow_server.py"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        cluster.up_http(0)
        yield cluster


@pytest.fixture(scope="module")
def fate(cluster: kn.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fate]:
    folder, http = tmp_path_factory.mktemp("fate"), free_port()
    server = configured(folder, http, cluster.http)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(server.parent.parent)}
    line = [os.environ["FATE_PYTHON"], str(server)]
    found = Fate(f"http://127.0.0.1:{http}")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(line, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            until(lambda: process.poll() is not None or answers(http))
            assert process.poll() is None, (folder / "log").read_text()
            registered = found(
                "POST",
                "/v2/provider/register",
                name="secretflow",
                device="docker",
                version="2.0.0",
                protocol="bfia",
                metadata={"base_url": "", "image": "ss-lr:latest"},
                components_description={"ss_lr": SS_LR},
            )
            assert registered["code"] == 0, registered
            yield found
        finally:
            process.terminate()


def answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_a_job_of_its_pipeline(fate: Fate, cluster: kn.Cluster) -> None:
    """As fate-client's pipeline submits it; bob is the guest and its initiator."""
    body = case("fate_pipeline_create")
    parties = {role: [{"role": role, "party_id": nodes}] for role, nodes in body["config"]["role"].items()}
    files = {role: own["0"]["ss_lr_1"] for role, own in body["config"]["task_params"].items() if role in parties}
    data = [{**files[role], "parties": parties[role]} for role in parties]
    alias = {"output_artifact_key_alias": "train_data", "output_artifact_type_alias": "data"}
    task = {
        "component_ref": "ss_lr",
        "parameters": body["config"]["task_params"]["common"]["ss_lr_1"],
        "inputs": {"data": {"train_data": {"data_warehouse": data}}},
        "outputs": {"data": {"train_data": alias}},
        "conf": {"provider": "secretflow", "version": "2.0.0"},
        "stage": "default",
    }
    unlimited = {"resources": {"cpu": -1, "disk": -1, "memory": -1}}
    dag = {
        "parties": [party for found in parties.values() for party in found],
        "conf": {"extra": {"initiator": {"role": "guest", "party_id": "bob"}}},
        "stage": "train",
        "tasks": {"ss_lr_1": task},
        "party_tasks": {role: {"parties": parties[role], "conf": unlimited} for role in parties},
    }
    answer = fate("POST", "/v2/job/submit", dag_schema={"kind": "bfia", "schema_version": "2.2.0", "dag": dag})
    assert answer["code"] == 0, answer
    assert fate.ended(answer["job_id"]) == {"ss_lr_1": "SUCCESS"}
    succeeded(cluster, answer["job_id"])


def succeeded(cluster: kn.Cluster, job_id: str) -> None:
    found = cluster.job(job_id).wait(30)
    assert (found.phase, len(found.exchanges)) == ("Succeeded", 0)
    for task in found.tasks["task"].unique():
        assert_right(cluster, found, task)


def test_two_independent_tasks(fate: Fate, cluster: kn.Cluster) -> None:
    body = case("dataset_id_alone", job_id="two")
    (first,) = body["dag"]["components"]
    body["dag"]["components"].append(first | {"name": "second"})
    for held in (params.get("0", params) for params in body["config"]["task_params"].values()):
        held["second"] = held["ss_lr_1"]
    assert fate.ended(fate.create_all(body)) == {"ss_lr_1": "SUCCESS", "second": "SUCCESS"}
    succeeded(cluster, "two")


def test_a_job_that_fails(fate: Fate, cluster: kn.Cluster) -> None:
    assert fate.ended(fate.create_all(case("list_and_null_parameters", job_id="fails"))) == {"ss_lr_1": "FAILED"}
    with pytest.raises(KusciaError, match="parameter metrics is unknown"):
        cluster.job("fails").wait(30)
    assert len(cluster.job("fails").exchanges) == 0


def test_a_job_that_is_stopped_in_mid_run(fate: Fate, cluster: kn.Cluster) -> None:
    body = case("dataset_id_alone", job_id="stopped")
    body["config"]["task_params"]["common"]["ss_lr_1"]["num_epoch"] = 100_000
    fate.create_all(body)
    until(lambda: "ALLGATHER" in set(cluster.job("stopped").trace.messages["kind"]))
    assert fate("POST", "/v1/interconn/schedule/job/stop_all", job_id="stopped")["code"] == 0
    with pytest.raises(JobStopped):
        cluster.job("stopped").wait(30)
    assert cluster.job("stopped").tasks["phase"].tolist() == ["Failed", "Failed"]
    assert fate.ended("stopped") == {"ss_lr_1": "FAILED"}
